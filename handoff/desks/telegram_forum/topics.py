"""The group's topics: made, written into, renamed, and made again when somebody deleted them.

What is known of a topic (records.py) is kept in the store, so that whoever shows the next notice goes on
where the one before stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import structlog
from aiogram.methods import (
    CreateForumTopic,
    EditForumTopic,
    EditMessageText,
    ReopenForumTopic,
    SendMessage,
)
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, DeskThread, Json
from estafeta.kernel.ports import DeskView, Store
from handoff.desks.telegram_forum.client import CARD, STATUS, WORDS, Telegram
from handoff.desks.telegram_forum.read import PRESS
from handoff.desks.telegram_forum.records import Records, Topic, mark
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topic import Drawing, colour

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)


class Topics:
    """All of one group. Calls about one conversation must come one after another, in this process and
    in others."""

    def __init__(self, client: Telegram, *, desk: str, group_id: int, language: Language, store: Store) -> None:
        self._client = client
        self._desk = desk
        self._group = group_id
        self._language: Language = language
        self._records = Records(store, group_id=group_id, language=language)

    def address(self, topic: Topic) -> Address:
        return Address(channel=self._desk, account=str(self._group), chat=str(topic.thread))

    async def of(self, view: DeskView) -> Topic | None:
        """The conversation's topic: what was done last counts before it is committed."""
        kept = await self._records.get(view.conversation.id)
        if kept is not None:
            return None if kept.making else kept
        stored = view.conversation.threads.get(self._desk)
        if stored is None or stored.address.account != str(self._group) or not stored.address.chat.isdecimal():
            return None
        return Topic(thread=int(stored.address.chat), card=stored.card)

    async def create(self, view: DeskView, drawing: Drawing) -> Topic:
        """A new topic that opens with its card. Interrupted between the two, it goes on from there.

        It is linked before anything stands in it: posting may take long, and operators answer meanwhile.
        Telegram tells nobody which topics there are, so one whose making ended without an answer (a crash, a
        broken connection) is made again, and the log says that an empty one may be left.
        """
        await self._begin(view)
        try:
            answer = await self._client.call(
                CreateForumTopic(chat_id=self._group, name=drawing.name, icon_color=colour(view)), priority=CARD
            )
        except SendFailed as failed:
            if not failed.maybe_sent:
                await self._records.forget(view.conversation.id)
            raise
        topic = Topic(thread=_number(answer, "message_thread_id"), linked=False, name=mark(drawing.name))
        # Both at once: an operator may be quick, and what is typed before the link is nobody's.
        done = await asyncio.gather(
            self._remember(view, topic),
            self._records.link(self.address(topic), view.conversation.id),
            return_exceptions=True,
        )
        for outcome in done:
            if isinstance(outcome, BaseException):
                raise outcome
        return await self._post_card(view, replace(topic, linked=True), drawing)

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
            topic = await self._reopening(old, lambda: self._post_card(view, old, drawing))
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            return await self.create(view, drawing)
        return await self._rename(view, topic, drawing, priority=WORDS)

    async def post(
        self, view: DeskView, drawing: Drawing, send: Callable[[int], Awaitable[list[Json]]]
    ) -> tuple[Topic, list[str]]:
        """Has `send` post into the topic, which is made if need be; the ids of the messages that came of it."""
        topic = await self._complete(view, drawing)
        try:
            numbers = await self._reopening(topic, lambda: self._came_out(topic, send))
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            topic = await self.create(view, drawing)
            numbers = await self._came_out(topic, send)
        return topic, numbers

    async def redraw(self, view: DeskView, drawing: Drawing, superseded: Callable[[], bool]) -> Topic | None:
        """Makes the card and the name look like `drawing`, unless they do. None: nothing to redraw."""
        topic = await self.of(view)
        if topic is None:
            return None
        try:
            if topic.drawn != mark(drawing.card, *drawing.moves):
                topic = await self._edit_card(view, topic, drawing, superseded)
            if not superseded():
                topic = await self._rename(view, topic, drawing, priority=STATUS)
                await self._let_go(view, topic)
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            if view.conversation.ticket is None:
                await self._records.forget(view.conversation.id)
                return None  # a deleted topic of a closed ticket stays deleted
            return await self.create(view, drawing)
        return topic

    async def reply(self, thread: int, message: int, words: str) -> None:
        """A sentence of ours to what an operator typed."""
        answer = ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None
        await self._client.call(
            SendMessage(chat_id=self._group, message_thread_id=thread, text=words, reply_parameters=answer),
            priority=WORDS,
        )

    async def _complete(self, view: DeskView, drawing: Drawing) -> Topic:
        topic = await self.of(view)
        if topic is None:
            return await self.create(view, drawing)
        return topic if topic.card else await self._post_card(view, topic, drawing)

    async def _linked(self, view: DeskView, topic: Topic) -> Topic:
        if topic.linked:
            return topic
        await self._records.link(self.address(topic), view.conversation.id)
        return await self._remember(view, replace(topic, linked=True))

    async def _post_card(self, view: DeskView, topic: Topic, drawing: Drawing) -> Topic:
        topic = await self._linked(view, topic)
        method = SendMessage(
            chat_id=self._group,
            message_thread_id=topic.thread,
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self.buttons(drawing.moves),
        )
        number = await self._send(topic, method, CARD)
        return await self._remember(view, replace(_drawn(topic, drawing), card=number))

    async def _edit_card(self, view: DeskView, topic: Topic, drawing: Drawing, superseded: Callable[[], bool]) -> Topic:
        if not topic.card.isdecimal():
            return await self._reopening(topic, lambda: self._post_card(view, topic, drawing))
        method = EditMessageText(
            chat_id=self._group,
            message_id=int(topic.card),
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self.buttons(drawing.moves),
        )
        try:
            done = await self._client.call(method, priority=STATUS, unless=superseded)
        except SendFailed as failed:
            if failed.code != "message_missing":
                raise
            return await self._reopening(topic, lambda: self._post_card(view, topic, drawing))
        if done is None:
            return topic
        return await self._remember(view, _drawn(topic, drawing))

    async def _rename(self, view: DeskView, topic: Topic, drawing: Drawing, *, priority: int) -> Topic:
        if topic.name == mark(drawing.name):
            return topic
        await self._client.call(
            EditForumTopic(chat_id=self._group, message_thread_id=topic.thread, name=drawing.name), priority=priority
        )
        return await self._remember(view, replace(topic, name=mark(drawing.name)))

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
        return [str(_number(answer, "message_id")) for answer in answers]

    async def _reopening(self, topic: Topic, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Runs `attempt`, once more after opening the topic if somebody closed it."""
        try:
            return await attempt()
        except SendFailed as failed:
            if failed.code != "topic_closed":
                raise
        await self._client.call(ReopenForumTopic(chat_id=self._group, message_thread_id=topic.thread), priority=WORDS)
        return await attempt()

    def buttons(self, moves: tuple[str, ...]) -> InlineKeyboardMarkup:
        row = [InlineKeyboardButton(text=text(move, self._language), callback_data=PRESS + move) for move in moves]
        return InlineKeyboardMarkup(inline_keyboard=[row])

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


def _drawn(topic: Topic, drawing: Drawing) -> Topic:
    until = drawing.until.timestamp() if drawing.until else 0.0
    return replace(topic, drawn=mark(drawing.card, *drawing.moves), until=until)


def _number(answer: Json, field: str) -> int:
    value = answer.get(field) if isinstance(answer, dict) else None
    return value if isinstance(value, int) else 0
