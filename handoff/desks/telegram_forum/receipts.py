"""What became of operators' messages, shown by a reaction on them: sent, read, failed and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Entry, Notice
from estafeta.kernel.ports import DeskView, Receipt
from handoff.desks.telegram_forum.client import RECEIPT, Telegram
from handoff.desks.telegram_forum.records import Remembered
from handoff.desks.telegram_forum.texts import Language, sentence, text
from handoff.desks.telegram_forum.topics import Topics

SENT, READ, FAILED, UNDONE = "👌", "👀", "👎", "🕊"
"""Reactions out of those Telegram allows (https://core.telegram.org/bots/api#reactiontypeemoji)."""

_EMOJI = {"sent": SENT, "read": READ, "failed": FAILED}
_GONE = ("message_missing", "reaction_refused", "refused")


class React(Protocol):
    async def __call__(self, message: int, emoji: str, *, priority: int) -> None: ...


class Receipts:
    def __init__(self, client: Telegram, topics: Topics, react: React, *, language: Language) -> None:
        self._client = client
        self._topics = topics
        self._react = react
        self._language: Language = language
        self._latest: Remembered[int, str] = Remembered()

    async def undone(self, message: int) -> None:
        """The operator took it back. Raises `SendFailed`."""
        self._latest.put(message, "undone")
        try:
            await self._react(message, UNDONE, priority=RECEIPT)
        except SendFailed as error:
            if error.code not in _GONE:
                raise

    async def show(self, notice: Notice, view: DeskView) -> Receipt:
        """It only goes forward: what is out of date is not shown any more. Raises `SendFailed`."""
        status, _, why = notice.text.partition(": ")
        if not notice.message.isdecimal() or status not in _EMOJI:
            return Receipt()
        message = int(notice.message)
        if not self._overtaken(message, status, notice, view.entries):
            try:
                await self._react(message, _EMOJI[status], priority=RECEIPT)
            except SendFailed as error:
                if error.code not in _GONE:
                    raise
            self._latest.put(message, status)
        topic = await self._topics.of(view) if status == "failed" else None
        if topic is not None:
            reason = sentence(self._named(why or _why(notice, view), view), self._language)
            words = text("not_delivered", self._language, sentence=reason)
            await self._topics.reply(topic.thread, message, self._client.shorten(words, 1000))
        return Receipt(external=notice.message)

    def _overtaken(self, message: int, status: str, notice: Notice, entries: Sequence[Entry]) -> bool:
        latest = self._latest.get(message)
        if (status == "sent" and latest == "read") or latest == "undone":
            return True
        own = next((entry for entry in entries if entry.id in notice.entries and entry.kind == "delivery"), None)
        return own is not None and any(
            entry.kind == "delivery"
            and entry.seq > own.seq
            and entry.data.get("of") == own.data.get("of")
            and entry.data.get("status") in _EMOJI
            for entry in entries
        )

    def _named(self, why: str, view: DeskView) -> str:
        can = view.capabilities
        return "window_closed_templates" if why == "window_closed" and can is not None and can.templates else why


def _why(notice: Notice, view: DeskView) -> str:
    """The sentence of the failed delivery that the notice is about, or of the latest one."""
    failed = [entry for entry in view.entries if entry.kind == "delivery" and entry.data.get("status") == "failed"]
    named = [entry for entry in failed if entry.id in notice.entries or entry.data.get("of") in notice.entries]
    chosen = (named or failed)[-1:]
    return str(chosen[0].data.get("sentence") or "") if chosen else ""
