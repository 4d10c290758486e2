"""The group's topics: made, written into, renamed, and made again when somebody deleted them.

What is known of a topic (records.py) is kept in the store, so that whoever shows the next notice goes on
where the one before stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import structlog
from aiogram.methods import (
    CreateForumTopic,
    EditForumTopic,
    EditMessageReplyMarkup,
    EditMessageText,
    ReopenForumTopic,
    SendMessage,
)
from aiogram.types import InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, Conversation, DeskThread, Json
from estafeta.kernel.ports import DeskView, Store
from handoff.desks.telegram_forum.client import CARD, STATUS, WORDS, Telegram
from handoff.desks.telegram_forum.keyboard import buttons
from handoff.desks.telegram_forum.records import Look, Records, Topic, mark
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topic import Drawing, colour

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


async def _nothing(_view: DeskView, _thread: int) -> None:
    """There is nothing to be shown again."""


class Topics:
    """All of one group. Calls about one conversation must come one after another, in this process and
    in others.

    `again` shows in a topic that was made in the place of a deleted one what stood there and nobody answered."""

    def __init__(
        self, client: Telegram, *, desk: str, group_id: int, language: Language, store: Store,
        again: Callable[[DeskView, int], Awaitable[None]] = _nothing,
    ) -> None:  # fmt: skip
        self._again = again
        self._client = client
        self._desk = desk
        self._group = group_id
        self._language: Language = language
        self._records = Records(store, group_id=group_id, language=language)

    def address(self, topic: Topic) -> Address:
        return Address(channel=self._desk, account=str(self._group), chat=str(topic.thread))

    async def of(self, view: DeskView) -> Topic | None:
        return await self.topic_of(view.conversation)

    async def topic_of(self, conversation: Conversation) -> Topic | None:
        """The conversation's topic: what was done last counts before it is committed."""
        kept = await self._records.get(conversation.id)
        if kept is not None:
            return None if kept.making else kept
        stored = conversation.threads.get(self._desk)
        if stored is None or stored.address.account != str(self._group) or not stored.address.chat.isdecimal():
            return None
        return Topic(thread=int(stored.address.chat), card=stored.card)

    async def shut(self, thread: int, closed: bool, message: int) -> None:
        """Somebody closed the topic or opened it; `message` is the line that told. Raises `StoreUnavailable`."""
        await self._records.set_shut(thread, closed, message)

    async def create(self, view: DeskView, drawing: Drawing, *, again: bool = False) -> Topic:
        """A new topic that opens with its card. Interrupted between the two, it goes on from there. `again`: the one
        before is gone, with what was said in it; so is, for those here, one in another group.

        It is linked before anything stands in it: posting may take long, and operators answer meanwhile.
        Telegram tells nobody which topics there are, so one whose making ended without an answer (a crash, a
        broken connection) is made again, and the log says that an empty one may be left.
        """
        before = view.conversation.threads.get(self._desk)
        again = again or (before is not None and before.address.account != str(self._group))
        await self._begin(view)
        looks = {"icon_custom_emoji_id": drawing.icon} if drawing.icon else {"icon_color": colour(view)}
        try:
            answer = await self._client.call(
                CreateForumTopic(chat_id=self._group, name=drawing.name, **looks), priority=CARD
            )
        except SendFailed as failed:
            if not failed.maybe_sent:
                await self._records.forget(view.conversation.id)
            raise
        topic = Topic(thread=_number(answer, "message_thread_id"), linked=False, again=again)
        look = Look(thread=topic.thread, name=_named(drawing))
        # Both at once: an operator may be quick, and what is typed before the link is nobody's.
        done = await asyncio.gather(
            self._remember(view, topic),
            self._records.link(self.address(topic), view.conversation.id),
            return_exceptions=True,
        )
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return await self._whole(view, await self._post_card(view, replace(topic, linked=True), drawing, look))

    async def _whole(self, view: DeskView, topic: Topic) -> Topic:
        """The topic, with all that belongs into it."""
        if not topic.again:
            return topic
        await self._again(view, topic.thread)
        return await self._remember(view, replace(topic, again=False))

    async def _begin(self, view: DeskView) -> None:
        kept = await self._records.get(view.conversation.id)
        if kept is not None and kept.making:
            _log.warning("topic_may_be_left_over", group=self._group, conversation=view.conversation.id)
        await self._remember(view, Topic(thread=0, making=True))

    async def card(self, view: DeskView, drawing: Drawing) -> Topic:
        """A fresh card at the end of the topic, which is made if there is none."""
        old = await self.of(view)
        if old is None:
            return await self.create(view, drawing)
        try:
            topic = await self._open(view, old, lambda: self._post_card(view, old, drawing))
            await self._rename(view, topic, drawing, await self.look(view, topic), priority=WORDS)
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            return await self.create(view, drawing, again=True)
        return await self._whole(view, topic)

    async def post(
        self, view: DeskView, drawing: Drawing, send: Callable[[int], Awaitable[list[Json]]]
    ) -> tuple[Topic, list[str]]:
        """Has `send` post into the topic, which is made if need be; the ids of the messages that came of it."""
        topic = await self._complete(view, drawing)
        try:
            numbers = await self._open(view, topic, lambda: self._came_out(topic, send))
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            topic = await self.create(view, drawing, again=True)
            numbers = await self._came_out(topic, send)
        return topic, numbers

    async def look(self, view: DeskView, topic: Topic) -> Look:
        return await self._records.look(view.conversation.id, topic)

    async def looks(self, view: DeskView, look: Look) -> None:
        await self._records.looks(view.conversation.id, look)

    def drawn(self, look: Look, drawing: Drawing) -> bool:
        """Whether nothing of the card is worth a drawing."""
        return look.drawn == mark(drawing.gist)

    def named(self, look: Look, drawing: Drawing) -> bool:
        return look.name == _named(drawing)

    async def redraw(
        self, view: DeskView, drawing: Drawing, superseded: Callable[[], bool], *, patience: float, rename: bool = True
    ) -> Topic | None:
        """Makes the card and the name look like `drawing`, unless they do. None: nothing to redraw. Raises `paced`
        when the group's budget has no room within `patience` seconds: nothing waits for how things stand."""
        topic = await self.of(view)
        if topic is None:
            return None
        try:
            look = await self.look(view, topic)
            if not self.drawn(look, drawing):
                topic, look = await self._edit_card(view, topic, drawing, look, superseded, patience)
            if rename and not superseded():
                await self._rename(view, topic, drawing, look, priority=STATUS, patience=patience)
                await self._let_go(view, topic)
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            if view.conversation.ticket is None:
                await self._records.forget(view.conversation.id)
                return None  # a deleted topic of a closed ticket stays deleted
            return await self.create(view, drawing, again=True)
        return topic

    async def reply(
        self, thread: int, message: int, words: str, *, markup: InlineKeyboardMarkup | None = None, html: bool = False
    ) -> int:
        """A sentence of ours to what an operator typed, in the General topic with the thread 0; its number."""
        answer = ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None
        method = SendMessage(
            chat_id=self._group, message_thread_id=thread or None, text=words, reply_parameters=answer,
            reply_markup=markup, parse_mode="HTML" if html else None, link_preview_options=_NO_PREVIEW,
        )  # fmt: skip
        return _number(await self._client.call(method, priority=WORDS), "message_id")

    async def keyboard(self, message: int, markup: InlineKeyboardMarkup | None) -> None:
        """Changes nothing but the buttons."""
        await self._client.call(
            EditMessageReplyMarkup(chat_id=self._group, message_id=message, reply_markup=markup), priority=WORDS
        )

    async def _complete(self, view: DeskView, drawing: Drawing) -> Topic:
        topic = await self.of(view)
        if topic is None:
            return await self.create(view, drawing)
        return await self._whole(view, topic if topic.card else await self._post_card(view, topic, drawing))

    async def forget_card(self, conversation: Conversation) -> None:
        """The card is no longer what was drawn last: the next drawing draws it."""
        topic = await self.topic_of(conversation)
        if topic is not None:
            look = await self._records.look(conversation.id, topic)
            await self._records.looks(conversation.id, replace(look, drawn=""))

    async def _linked(self, view: DeskView, topic: Topic) -> Topic:
        if topic.linked:
            return topic
        await self._records.link(self.address(topic), view.conversation.id)
        return await self._remember(view, replace(topic, linked=True))

    async def _post_card(self, view: DeskView, topic: Topic, drawing: Drawing, look: Look | None = None) -> Topic:
        topic = await self._linked(view, topic)
        look = look or await self.look(view, topic)
        method = SendMessage(
            chat_id=self._group,
            message_thread_id=topic.thread,
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=buttons(drawing.moves, self._language),
        )
        topic = replace(topic, card=await self._send(topic, method, CARD))
        await self._remember(view, topic)
        await self.looks(
            view, replace(_drawn(look, drawing), card=topic.card, called=offer_mark(view) if drawing.calls else "")
        )
        return topic

    async def _edit_card(
        self, view: DeskView, topic: Topic, drawing: Drawing, look: Look, superseded: Callable[[], bool],
        patience: float,
    ) -> tuple[Topic, Look]:  # fmt: skip
        if not topic.card.isdecimal():
            return await self._another_card(view, topic, drawing)
        method = EditMessageText(
            chat_id=self._group,
            message_id=int(topic.card),
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=buttons(drawing.moves, self._language),
        )
        try:
            done = await self._client.call(method, priority=STATUS, unless=superseded, patience=patience)
        except SendFailed as failed:
            if failed.code not in ("message_missing", "not_possible"):  # gone, or another bot's: we are a new one
                raise
            return await self._another_card(view, topic, drawing)
        if done is None:
            return topic, look
        look = _drawn(look, drawing)
        await self.looks(view, look)
        return topic, look

    async def _another_card(self, view: DeskView, topic: Topic, drawing: Drawing) -> tuple[Topic, Look]:
        topic = await self._open(view, topic, lambda: self._post_card(view, topic, drawing))
        return topic, await self.look(view, topic)

    async def _rename(
        self, view: DeskView, topic: Topic, drawing: Drawing, look: Look, *, priority: int, patience: float = 20.0
    ) -> None:
        """The name and the icon, in one call."""
        if self.named(look, drawing):
            return
        icon = {"icon_custom_emoji_id": drawing.icon} if drawing.icon else {}
        await self._client.call(
            EditForumTopic(chat_id=self._group, message_thread_id=topic.thread, name=drawing.name, **icon),
            priority=priority, patience=patience,
        )  # fmt: skip
        await self.looks(view, replace(look, name=_named(drawing)))

    async def _send(self, topic: Topic, method: SendMessage, priority: int) -> str:
        async def send(_: int) -> list[Json]:
            return [await self._client.call(method, priority=priority)]

        return (await self._came_out(topic, send))[0]

    async def _came_out(self, topic: Topic, send: Callable[[int], Awaitable[list[Json]]]) -> list[str]:
        """A message that came out elsewhere was for a topic that is gone: Telegram does not always say so
        (https://github.com/tdlib/telegram-bot-api/issues/854)."""
        answers = await send(topic.thread)
        if any(_number(answer, "message_thread_id") != topic.thread for answer in answers):
            raise SendFailed(
                "topic_missing", text("topic_gone", self._language), fault="messenger", retry_after=0.0, maybe_sent=True
            )
        return numbers(answers)

    async def _open(self, view: DeskView, topic: Topic, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Runs `attempt` in the topic, which is opened if somebody closed it and a person is needed there. Who made a
        topic, or manages topics, writes into a closed one: operators who do not could not answer. When we were not
        told and the attempt is refused, it is opened then."""
        shut = view.conversation.ticket is not None and await self._records.shut(topic.thread)
        if shut:
            try:
                await self._reopen(topic)
            except SendFailed as failed:
                if failed.code not in ("no_rights", "refused"):
                    raise
                _log.warning("topic_not_reopened", group=self._group, topic=topic.thread, code=failed.code)
        try:
            return await attempt()
        except SendFailed as failed:
            if failed.code != "topic_closed" or shut:
                raise
        await self._reopen(topic)
        return await attempt()

    async def _reopen(self, topic: Topic) -> None:
        await self._client.call(ReopenForumTopic(chat_id=self._group, message_thread_id=topic.thread), priority=WORDS)
        try:
            await self._records.set_shut(topic.thread, closed=False, message=0)
        except StoreUnavailable as error:
            _log.info("reopening_not_kept", group=self._group, error=str(error))

    async def _remember(self, view: DeskView, topic: Topic) -> Topic:
        await self._records.put(view.conversation.id, topic)
        return topic

    async def _let_go(self, view: DeskView, topic: Topic) -> None:
        """When the ticket is closed and the conversation knows its topic, nothing need be kept of it."""
        stored = view.conversation.threads.get(self._desk)
        if view.conversation.ticket is None and stored is not None and stored == self._thread(topic):
            await self._records.forget(view.conversation.id)

    def _thread(self, topic: Topic) -> DeskThread:
        return DeskThread(address=self.address(topic), card=topic.card)


def offer_mark(view: DeskView) -> str:
    """Which offer stands, if there is one."""
    ticket = view.conversation.ticket
    offer = ticket.offer if ticket is not None else None
    return mark(offer.at.isoformat(), *offer.to) if offer is not None else ""


def _drawn(look: Look, drawing: Drawing) -> Look:
    until = drawing.until.timestamp() if drawing.until else 0.0
    return replace(look, drawn=mark(drawing.gist), until=until)


def _named(drawing: Drawing) -> str:
    return mark(drawing.name, drawing.icon)


def numbers(answers: Sequence[Json]) -> list[str]:
    """Those of the messages."""
    return [str(_number(answer, "message_id")) for answer in answers]


def _number(answer: Json, field: str) -> int:
    value = answer.get(field) if isinstance(answer, dict) else None
    return value if isinstance(value, int) else 0
