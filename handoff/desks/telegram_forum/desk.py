"""The forum group as the engine sees it: a `Desk`. `show` writes into topics, `handle` reads them.

All topics of a group share one small budget (about 20 posts and edits a minute), so nothing is posted
that can be folded, skipped or drawn once (https://core.telegram.org/bots/faq).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, tzinfo
from typing import Any
from weakref import WeakValueDictionary

import structlog
from aiogram.methods import AnswerCallbackQuery, GetChat, GetChatMember, SetMessageReaction
from aiogram.types import ReactionTypeEmoji

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    ConversationId,
    Event,
    Notice,
    OperatorNoted,
    OperatorSaid,
    OutboxId,
    Signal,
    SignalId,
    Text,
    TicketMoved,
)
from estafeta.kernel.ports import Accept, Accepted, Clock, DeskView, Receipt, Store
from handoff.desks.telegram_forum.read import Moved, Refused, Typed, read, update_id
from handoff.desks.telegram_forum.records import Remembered, Topic
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topic import Pen, draw, said, waited_minutes
from handoff.desks.telegram_forum.topics import STATUS, Telegram, Topics

After = Callable[[Accepted | None], Awaitable[None]]

SENT, FAILED, NOTED = "👌", "👎", "✍"
"""Reactions on operators' messages, out of those Telegram allows
(https://core.telegram.org/bots/api#reactiontypeemoji)."""

_MEMBER_SECONDS = 600.0
_MEMBERS = ("creator", "administrator", "member")
_log = structlog.get_logger(__name__)


class TelegramForumDesk:
    """`client` is the bot's; `group_id` as configured: it stays the account of the topics' addresses even
    if the group moves. `zone` is the one that times on cards are told in. `skills` are their titles.

    `store` holds what is known of topics, so that any worker may show the next notice. What this object
    remembers besides only spares repetition in its own process: which items were shown and how far (after a
    crash a notice may be posted twice), who is a member, who was told no.
    """

    name = "telegram_forum"

    def __init__(
        self,
        client: Telegram,
        group_id: int,
        *,
        clock: Clock,
        store: Store,
        language: Language = "ru",
        zone: tzinfo = UTC,
        skills: Mapping[str, str] | None = None,
    ) -> None:
        self.group_id = group_id
        self._client = client
        self._clock = clock
        self._language: Language = language
        self._pen = Pen(language, zone, client.shorten, skills or {})
        self._topics = Topics(client, desk=self.name, group_id=group_id, language=language, store=store)
        self._locks: WeakValueDictionary[ConversationId, asyncio.Lock] = WeakValueDictionary()
        self._newest: Remembered[ConversationId, int] = Remembered()
        self._begun: Remembered[OutboxId, int] = Remembered()
        self._shown: Remembered[OutboxId, Receipt] = Remembered()
        self._members: Remembered[int, float] = Remembered()
        self._told: Remembered[int, bool] = Remembered()

    # --- what operators see ----------------------------------------------------------------------

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Shown again in this process, an item is not posted again. Raises `SendFailed`."""
        conversation = view.conversation
        if conversation.version >= (self._newest.get(conversation.id) or 0):
            self._newest.put(conversation.id, conversation.version)
        lock = self._locks.setdefault(conversation.id, asyncio.Lock())
        async with lock:
            done = self._shown.get(item)
            if done is None:
                done = await self._show(item, notice, view)
                self._shown.put(item, done)
            return done

    async def _show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        match notice.kind:
            case "card":
                topic = await self._topics.card(view, self._draw(view))
                return self._receipt(topic, topic.card)
            case "state":
                return await self._state(view)
            case "receipt":
                return await self._receive(notice, view)
            case "said":
                words = self._words(notice, view)
                return await self._say(item, view, words) if words else Receipt()
            case "reminder":
                words = text("reminder", self._language, minutes=waited_minutes(view))
                return await self._say(item, view, words, take=True)
        known = notice.text in ("reachable", "unreachable")
        return await self._say(item, view, text(notice.text, self._language) if known else notice.text)

    async def _state(self, view: DeskView) -> Receipt:
        def superseded() -> bool:
            return (self._newest.get(view.conversation.id) or 0) > view.conversation.version

        if superseded():
            return Receipt()
        topic = await self._topics.redraw(view, self._draw(view), superseded)
        return self._receipt(topic, topic.card) if topic else Receipt()

    async def _say(self, item: OutboxId, view: DeskView, words: str, *, take: bool = False) -> Receipt:
        """Tried again after a failure, it goes on with the piece that failed."""
        pieces = self._client.pieces(words)
        begun = self._begun.pop(item) or 0
        receipt = Receipt()
        for number, piece in enumerate(pieces[begun:], begun):
            try:
                topic, external = await self._topics.say(
                    view, self._draw(view), piece, take=take and number == len(pieces) - 1
                )
            except SendFailed:
                self._begun.put(item, number)
                raise
            receipt = self._receipt(topic, external)
        return receipt

    def _words(self, notice: Notice, view: DeskView) -> str:
        wanted = set(notice.entries)
        entries = [entry for entry in view.entries if entry.id in wanted]
        return said(entries, self._language, view.entries) if entries else text("entries_gone", self._language)

    async def _receive(self, notice: Notice, view: DeskView) -> Receipt:
        if not notice.message.isdecimal():
            return Receipt()
        message = int(notice.message)
        status, _, sentence = notice.text.partition(": ")
        failed = status == "failed"
        try:
            await self._react(message, FAILED if failed else SENT)
        except SendFailed as error:
            if error.code not in ("message_missing", "reaction_refused", "refused"):
                raise
        topic = await self._topics.of(view) if failed else None
        if topic is not None:
            words = text("not_delivered", self._language, sentence=sentence or _why(notice, view))
            await self._topics.reply(topic.thread, message, self._client.shorten(words, 1000))
        return Receipt(external=notice.message)

    async def _react(self, message: int, emoji: str) -> None:
        await self._client.call(
            SetMessageReaction(chat_id=self.group_id, message_id=message, reaction=[ReactionTypeEmoji(emoji=emoji)]),
            priority=STATUS,
        )

    def _draw(self, view: DeskView) -> Any:
        return draw(view, self._pen)

    def _receipt(self, topic: Topic, external: str) -> Receipt:
        return Receipt(external=external, thread=self._topics.address(topic), card=topic.card)

    # --- what operators do -----------------------------------------------------------------------

    async def listen(self, accept: Accept) -> None:
        """Says in the log what is wrong with the group, then waits: updates come through `handle`."""
        try:
            for sentence in await self.check():
                _log.warning("operators_group_not_ready", group=self.group_id, sentence=sentence)
        except SendFailed as failed:
            _log.warning("operators_group_not_checked", group=self.group_id, sentence=failed.sentence)
        await asyncio.Event().wait()

    async def check(self) -> list[str]:
        """What keeps the desk from working, as sentences; none: nothing. Raises `SendFailed`."""
        group = await self._client.call(GetChat(chat_id=self.group_id))
        if not (isinstance(group, dict) and group.get("is_forum") is True):
            return [text("check_forum", self._language, group=self.group_id)]
        own = await self._client.call(GetChatMember(chat_id=self.group_id, user_id=self._client.bot_id))
        if not (isinstance(own, dict) and (own.get("can_manage_topics") is True or own.get("status") == "creator")):
            return [text("check_rights", self._language, group=self.group_id)]
        return []

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of the group: what to accept, and what to do towards Telegram afterwards."""
        reading, number = read(raw, self.name, self._client.bot_id), update_id(raw)
        if reading is None or number is None:
            return None, None
        if isinstance(reading, Refused):
            return None, self._refusal(reading)
        why = await self._stranger(reading.user)
        if why:
            return None, self._refusal(_refused(reading, why))
        signal = Signal(
            id=SignalId(f"forum.{self.group_id}.{number}"),
            at=(reading.at if isinstance(reading, Typed) else None) or self._clock.now(),
            event=_event(reading),
            address=Address(channel=self.name, account=str(self.group_id), chat=str(reading.thread)),
        )
        return signal, self._aftermath(reading)

    def _aftermath(self, reading: Typed | Moved) -> After:
        async def after(accepted: Accepted | None) -> None:
            why = "not_stored" if accepted is None else "nobodys" if accepted.conversation is None else ""
            if why:
                await self._refuse(_refused(reading, why))
            elif isinstance(reading, Moved) and reading.query:
                await self._client.call(AnswerCallbackQuery(callback_query_id=reading.query))
            elif isinstance(reading, Typed) and reading.note and accepted and accepted.fresh:
                await self._react(reading.message, NOTED)

        return after

    def _refusal(self, refused: Refused) -> After:
        async def after(_: Accepted | None) -> None:
            await self._refuse(refused)

        return after

    async def _refuse(self, refused: Refused) -> None:
        """In words, once for each message."""
        words = text(refused.why, self._language)
        if refused.query:
            await self._client.call(AnswerCallbackQuery(callback_query_id=refused.query, text=words, show_alert=True))
        elif self._told.get(refused.message) is None:
            self._told.put(refused.message, True)
            await self._topics.reply(refused.thread, refused.message, words)

    async def _stranger(self, user: int) -> str:
        """Why this person may not answer customers, or "". Asked of Telegram once in ten minutes."""
        now = self._clock.monotonic()
        seen = self._members.get(user)
        if seen is not None and now - seen < _MEMBER_SECONDS:
            return ""
        try:
            member = await self._client.call(
                GetChatMember(chat_id=self.group_id, user_id=user), priority=-1, patience=3.0, timeout=5.0
            )
        except SendFailed as failed:
            _log.warning("operator_not_checked", code=failed.code)
            return "stranger" if failed.fault in ("content", "customer") else "unsure"
        status = member.get("status") if isinstance(member, dict) else None
        if status in _MEMBERS or (status == "restricted" and member.get("is_member") is True):
            self._members.put(user, now)
            return ""
        return "stranger"


def _event(reading: Typed | Moved) -> Event:
    if isinstance(reading, Moved):
        return TicketMoved(operator=reading.operator, move=reading.move)
    if reading.note:
        return OperatorNoted(operator=reading.operator, text=reading.text, message=str(reading.message))
    return OperatorSaid(operator=reading.operator, parts=(Text(text=reading.text),), message=str(reading.message))


def _refused(reading: Typed | Moved, why: str) -> Refused:
    query = reading.query if isinstance(reading, Moved) else ""
    return Refused(why=why, thread=reading.thread, message=reading.message, query=query)


def _why(notice: Notice, view: DeskView) -> str:
    """The sentence of the failed delivery that the notice is about, or of the latest one."""
    failed = [entry for entry in view.entries if entry.kind == "delivery" and entry.data.get("status") == "failed"]
    named = [entry for entry in failed if entry.id in notice.entries or entry.data.get("of") in notice.entries]
    chosen = (named or failed)[-1:]
    return str(chosen[0].data.get("sentence") or "") if chosen else ""
