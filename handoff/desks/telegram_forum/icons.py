"""The icons of topics that tell how things stand: custom emoji that Telegram lets everybody use, asked for once.

Where Telegram does not tell them, the topic's name begins with a sign instead
(https://core.telegram.org/bots/api#getforumtopiciconstickers).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from aiogram.methods import GetForumTopicIconStickers

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.ports import Clock
from handoff.desks.telegram_forum.client import Telegram

ICONS: Mapping[str, tuple[str, ...]] = {
    "queued": ("‼️", "🔥"),
    "needs": ("❗️", "❓"),
    "answered": ("💬", "🗣"),
    "held": ("📆", "📁"),
    "bot": ("🤖", "⚡️"),
    "closed": ("✅", "🏁"),
}
"""By how things stand, the one that is liked best first."""

_AGAIN = 600.0
_log = structlog.get_logger(__name__)


class Icons:
    def __init__(self, client: Telegram, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: Mapping[str, str] = {}
        self._ask_at = float("-inf")

    async def known(self) -> Mapping[str, str]:
        """The ids by how things stand: one for each and all different, or none at all."""
        now = self._clock.monotonic()
        if not self._known and now >= self._ask_at:
            self._ask_at = now + _AGAIN
            try:
                answer = await self._client.call(GetForumTopicIconStickers(), priority=-1, patience=3.0, timeout=5.0)
                self._known = _chosen(answer)
            except SendFailed as failed:
                _log.info("topic_icons_not_known", code=failed.code)
        return self._known


def _chosen(answer: Any) -> Mapping[str, str]:
    stickers = [one for one in answer if isinstance(one, dict)] if isinstance(answer, list) else []
    ids = {_bare(one.get("emoji")): str(one.get("custom_emoji_id") or "") for one in stickers}
    found = {
        state: next((ids[_bare(emoji)] for emoji in liked if ids.get(_bare(emoji))), "")
        for state, liked in ICONS.items()
    }
    return found if all(found.values()) and len(set(found.values())) == len(found) else {}


def _bare(emoji: Any) -> str:
    """Some write the sign that asks for the colourful form behind it, some do not."""
    return str(emoji).removesuffix("\ufe0f")
