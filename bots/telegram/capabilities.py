"""What Telegram can show, and where each number comes from."""

from __future__ import annotations

from collections.abc import Mapping

from estafeta.kernel.model import Capabilities, MediaKind

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
"""Both in UTF-16 code units, after the entities are parsed."""

DOWNLOAD_BYTES = 20_000_000
UPLOAD_BYTES = 50_000_000
PHOTO_BYTES = 10_000_000

_MEDIA: Mapping[MediaKind, int] = {
    "photo": PHOTO_BYTES,
    "document": UPLOAD_BYTES,
    "voice": UPLOAD_BYTES,
    "audio": UPLOAD_BYTES,
    "video": UPLOAD_BYTES,
    "sticker": UPLOAD_BYTES,
}

CAPABILITIES = Capabilities(
    text=TEXT_LIMIT,
    unit="utf16",
    caption=CAPTION_LIMIT,
    buttons=100,
    label=64,
    url_buttons=True,
    asks_contact=True,
    marks=frozenset(("bold", "italic", "strike", "code", "link")),
    media=_MEDIA,
    album=10,
    location=True,
    contact=True,
    replies=True,
    edits=True,
    deletes=True,
    reactions="some",
    typing=True,
    typing_lasts=5.0,
)

_API = "https://core.telegram.org/bots/api"

SOURCES: Mapping[str, str] = {
    "text": f"{_API}#sendmessage",
    "unit": f"{_API}#messageentity",
    "caption": f"{_API}#sendphoto",
    "buttons": "https://limits.tginfo.me",
    "label": "https://limits.tginfo.me",  # longer ones are taken, and cut on a phone's screen
    "url_buttons": f"{_API}#inlinekeyboardbutton",
    "asks_contact": f"{_API}#keyboardbutton",
    "marks": f"{_API}#messageentity",
    "media": f"{_API}#sending-files",
    "album": f"{_API}#sendmediagroup",
    "location": f"{_API}#sendlocation",
    "contact": f"{_API}#sendcontact",
    "replies": f"{_API}#replyparameters",
    "edits": f"{_API}#editmessagetext",
    "deletes": f"{_API}#deletemessage",
    "reactions": f"{_API}#setmessagereaction",
    "typing": f"{_API}#sendchataction",
    "typing_lasts": f"{_API}#sendchataction",
}

REACTIONS = frozenset(
    """
    ❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 🖕
    😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡
    """.split()  # noqa: SIM905  a table, not code
)
"""What a message can be reacted to with: https://core.telegram.org/bots/api#reactiontypeemoji"""

_NEAREST = {
    "❤": "♥ 💖 💗 💓 💞 💕 💙 💚 💛 🧡 💜 🤎 🖤 🤍 💝 💟 🩷 🩵 ❣ 🫶",
    "👍": "✅ ☑ ✔ 🆗 💪 ➕",
    "👎": "❌ ✖ 🚫 ➖",
    "😁": "😀 😃 😄 😆 😅 🙂 😊 ☺ 😉 😺 😸",
    "🤣": "😂 😹",
    "😢": "🙁 ☹ 😞 😔 😟 😥 😿 🥺 😓",
    "😡": "😠 😤 👿",
    "😱": "😮 😲 😯 🙀 😧",
    "🎉": "🥳 🎊 🎈 🎁",
    "🤩": "🌟 ✨ ⭐",
    "😍": "😻",
    "😘": "😗 😙 😚 😽",
    "🤔": "❓ ❔ 🧐",
    "🔥": "🚀 💥",
    "🙏": "🙇",
    "😐": "😑 😶 🙄",
    "🤮": "🤢",
    "😴": "💤 😪",
}
_BY_EMOJI = {emoji: known for known, others in _NEAREST.items() for emoji in others.split()}
_NOT_OF_THE_LIST = dict.fromkeys(map(ord, "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"))
"""Variation selectors and skin tones: Telegram's list has none."""


def reaction(emoji: str) -> str:
    """The reaction of Telegram's that comes nearest, "" where none does."""
    plain = emoji.translate(_NOT_OF_THE_LIST)
    return plain if plain in REACTIONS else _BY_EMOJI.get(plain, "")
