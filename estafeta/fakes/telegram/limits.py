"""How fast a bot may talk: the published limits as token buckets on a clock of the caller's choice.

Sources: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this (30 messages a second in all,
1 a second in a chat with short bursts, 20 a minute in a group); tdlib/td#2592 and tginfo/Telegram-Limits#192 (edits
and the creation of a topic share the group's budget).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

COUNTED = frozenset(
    {
        "sendMessage",
        "sendPhoto",
        "sendDocument",
        "sendVoice",
        "sendVideo",
        "sendAudio",
        "sendAnimation",
        "sendSticker",
        "sendLocation",
        "sendContact",
        "sendVenue",
        "sendVideoNote",
        "sendMediaGroup",
        "copyMessage",
        "forwardMessage",
        "editMessageText",
        "editMessageCaption",
        "editMessageReplyMarkup",
        "createForumTopic",
        "editForumTopic",
        "closeForumTopic",
        "reopenForumTopic",
        "pinChatMessage",
    }
)
"""Whatever posts a message into a chat (service messages too) or edits one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    bot_per_second: float = 30
    private_per_second: float = 1
    private_burst: int = 5
    group_per_minute: int = 20


@dataclass(slots=True)
class _Bucket:
    rate: float
    size: float
    level: float
    at: float

    def wait(self, now: float, cost: float) -> float:
        """Seconds until `cost` fits; 0: now."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (min(cost, self.size) - self.level) / self.rate)


@dataclass(slots=True, kw_only=True)
class Pace:
    """What was sent lately, against the limits. `clock` gives seconds that only grow."""

    limits: Limits
    clock: Callable[[], float]
    _bot: _Bucket | None = None
    _private: dict[int, _Bucket] = field(default_factory=dict)
    _groups: dict[int, deque[float]] = field(default_factory=dict)

    def take(self, chat: int, *, private: bool, cost: int = 1) -> int:
        """0 and the budget is spent, or the seconds of `retry_after` and nothing is."""
        now = self.clock()
        limits = self.limits
        if self._bot is None:
            self._bot = _Bucket(limits.bot_per_second, limits.bot_per_second, limits.bot_per_second, now)
        waits = [self._bot.wait(now, cost)]
        bucket: _Bucket | None = None
        window: deque[float] | None = None
        if private:
            bucket = self._private.get(chat)
            if bucket is None:
                bucket = _Bucket(limits.private_per_second, limits.private_burst, limits.private_burst, now)
                self._private[chat] = bucket
            waits.append(bucket.wait(now, cost))
        else:
            window = self._groups.setdefault(chat, deque())
            while window and window[0] <= now - 60:
                window.popleft()
            over = len(window) + min(cost, limits.group_per_minute) - limits.group_per_minute
            waits.append(window[over - 1] + 60 - now if over > 0 else 0.0)
        wait = max(waits)
        if wait > 0:
            return max(1, math.ceil(wait - 1e-9))
        self._bot.level -= cost
        if bucket is not None:
            bucket.level -= cost
        if window is not None:
            window.extend([now] * cost)
        return 0
