"""VK's reactions by their numbers.

messages.sendReaction takes a number, and VK documents the emoji of none: those are the sixteen of
messages.getReactionsAssets (https://dev.vk.com/ru/method/messages.getReactionsAssets), as read from there in
https://github.com/pfrankov/openclaw-vk/pull/6.
"""

from __future__ import annotations

EMOJI = {
    1: "❤️",
    2: "🔥",
    3: "😂",
    4: "👍",
    5: "💩",
    6: "⁉️",
    7: "😭",
    8: "😡",
    9: "👎",
    10: "👌",
    11: "😄",
    12: "🤔",
    13: "🙏",
    14: "😘",
    15: "😍",
    16: "🎉",
}

_SELECTOR = "\ufe0f"
_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_NUMBERS = {emoji.replace(_SELECTOR, ""): number for number, emoji in EMOJI.items()}
_NEAREST = {
    "🧡": 1, "💛": 1, "💚": 1, "💙": 1, "💜": 1, "🤍": 1, "🖤": 1, "♥": 1, "💯": 2, "⚡": 2, "🤣": 3, "😆": 3, "😁": 3,
    "✅": 4, "🤝": 4, "🫡": 4, "❓": 6, "❗": 6, "😢": 7, "😥": 7, "💔": 7, "😠": 8, "🤬": 8, "🆗": 10, "😊": 11,
    "🙂": 11, "😃": 11, "😀": 11, "🤨": 12, "😐": 12, "🥰": 15, "🤩": 15, "👏": 16, "🥳": 16, "🎊": 16, "🏆": 16,
}  # fmt: skip


def number_of(emoji: str) -> int | None:
    """The reaction that says the same, or None."""
    plain = emoji.replace(_SELECTOR, "").rstrip(_TONES)
    return _NUMBERS.get(plain) or _NEAREST.get(plain)


def emoji_of(number: int) -> str:
    """One that VK has added since is shown by its number."""
    return EMOJI.get(number, f"#{number}")
