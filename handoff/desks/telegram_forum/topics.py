"""The group's topics: made, written into, renamed, and made again when somebody deleted them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import structlog
from aiogram.methods import (
    CreateForumTopic,
    EditForumTopic,
    EditMessageText,
    ReopenForumTopic,
    SendMessage,
    TelegramMethod,
)
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, ReplyParameters

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Json
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.read import PRESS
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topic import Drawing, colour

REMEMBERED = 10_000
CARD, WORDS, STATUS = 0, 1, 3
"""Priorities within the group's budget: a new card, a customer's words, how things stand."""

_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_K = TypeVar("_K")
_V = TypeVar("_V")
_T = TypeVar("_T")
_log = structlog.get_logger(__name__)

Link = Callable[[Address, ConversationId], Awaitable[None]]
"""Makes what is typed at an address belong to a conversation, durably. Raises `StoreUnavailable`."""


class Telegram(Protocol):
    """What the desk needs of the Bot API's client: paced calls that raise `SendFailed` and nothing else,
    and Telegram's way to count text."""

    @property
    def bot_id(self) -> int: ...

    async def call(
        self,
        method: TelegramMethod[Any],
        *,
        priority: int = 0,
        patience: float = 20.0,
        timeout: float | None = None,
        unless: Callable[[], bool] | None = None,
    ) -> Json: ...

    def pieces(self, text: str, *, room: int = 0) -> list[str]: ...

    def shorten(self, text: str, limit: int) -> str: ...


class Remembered(Generic[_K, _V]):
    """The latest `REMEMBERED` values by key: forgetting one costs a request, not a message."""

    def __init__(self) -> None:
        self._values: OrderedDict[_K, _V] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        return self._values.get(key)

    def put(self, key: _K, value: _V) -> None:
        self._values[key] = value
        self._values.move_to_end(key)
        if len(self._values) > REMEMBERED:
            self._values.popitem(last=False)

    def pop(self, key: _K) -> _V | None:
        return self._values.pop(key, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """`instead_of` is the deleted topic it replaces. `shown` is what it is known to look like. `linked`: the store
    knows whose it is."""

    thread: int
    linked: bool = True
    card: str = ""
    instead_of: int = 0
    shown: Drawing | None = None


class Topics:
    """All of one group. Calls about one conversation must come one after another."""

    def __init__(self, client: Telegram, *, desk: str, group_id: int, language: Language, link: Link) -> None:
        self._client = client
        self._desk = desk
        self._group = group_id
        self._link = link
        self._language: Language = language
        self._topics: Remembered[ConversationId, Topic] = Remembered()

    def address(self, topic: Topic) -> Address:
        return Address(channel=self._desk, account=str(self._group), chat=str(topic.thread))

    def of(self, view: DeskView) -> Topic | None:
        """The conversation's topic. What was made here counts before it is committed; what another
        process made counts unless it is the one that was found deleted here."""
        made = self._topics.get(view.conversation.id)
        stored = view.conversation.threads.get(self._desk)
        if stored is None or stored.address.account != str(self._group) or not stored.address.chat.isdecimal():
            return made
        thread = int(stored.address.chat)
        if made is not None and thread in (made.thread, made.instead_of):
            return made
        return Topic(thread=thread, card=stored.card)

    async def create(self, view: DeskView, drawing: Drawing, *, instead_of: int = 0) -> Topic:
        """A new topic that opens with its card. Interrupted between the two, it goes on from there.

        It is linked before anything stands in it: posting may take long, and operators answer meanwhile.
        """
        answer = await self._client.call(
            CreateForumTopic(chat_id=self._group, name=drawing.name, icon_color=colour(view)), priority=CARD
        )
        topic = Topic(thread=_number(answer, "message_thread_id"), instead_of=instead_of, linked=False)
        self._remember(view, topic)
        return await self._post_card(view, topic, drawing)

    async def card(self, view: DeskView, drawing: Drawing) -> Topic:
        """A fresh card at the end of the topic, which is made if there is none."""
        old = self.of(view)
        if old is None:
            return await self.create(view, drawing)
        try:
            topic = await self._reopening(old, lambda: self._post_card(view, old, drawing))
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            return await self.create(view, drawing, instead_of=old.thread)
        return await self._rename(view, topic, drawing, priority=WORDS)

    async def say(self, view: DeskView, drawing: Drawing, words: str, *, take: bool = False) -> tuple[Topic, str]:
        """Plain text into the topic, which is made if need be, and its message's id."""
        topic = await self._complete(view, drawing)
        method = self._message(topic, words)
        if take:
            method = method.model_copy(update={"reply_markup": self._buttons(("take",))})
        try:
            number = await self._reopening(topic, lambda: self._send(topic, method, WORDS))
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            topic = await self.create(view, drawing, instead_of=topic.thread)
            number = await self._send(topic, method.model_copy(update={"message_thread_id": topic.thread}), WORDS)
        return topic, number

    async def redraw(self, view: DeskView, drawing: Drawing, superseded: Callable[[], bool]) -> Topic | None:
        """Makes the card and the name look like `drawing`, unless they do. None: nothing to redraw."""
        topic = self.of(view)
        if topic is None:
            return None
        shown = topic.shown
        try:
            if shown is None or (shown.card, shown.moves) != (drawing.card, drawing.moves):
                topic = await self._edit_card(view, topic, drawing, superseded)
            if not superseded():
                topic = await self._rename(view, topic, drawing, priority=STATUS)
        except SendFailed as failed:
            if failed.code != "topic_missing":
                raise
            if view.conversation.ticket is None:
                return None  # a deleted topic of a closed ticket stays deleted
            return await self.create(view, drawing, instead_of=topic.thread)
        return topic

    async def reply(self, thread: int, message: int, words: str) -> None:
        """A sentence of ours to what an operator typed."""
        answer = ReplyParameters(message_id=message, allow_sending_without_reply=True) if message else None
        await self._client.call(
            SendMessage(chat_id=self._group, message_thread_id=thread, text=words, reply_parameters=answer),
            priority=WORDS,
        )

    async def _complete(self, view: DeskView, drawing: Drawing) -> Topic:
        topic = self.of(view)
        if topic is None:
            return await self.create(view, drawing)
        return topic if topic.card else await self._post_card(view, topic, drawing)

    async def _linked(self, view: DeskView, topic: Topic) -> Topic:
        if topic.linked:
            return topic
        try:
            await self._link(self.address(topic), view.conversation.id)
        except StoreUnavailable as error:
            words = text("not_linked", self._language)
            raise SendFailed("store_unavailable", words, fault="settings", retry_after=1.0) from error
        return self._remember(view, replace(topic, linked=True))

    async def _post_card(self, view: DeskView, topic: Topic, drawing: Drawing) -> Topic:
        topic = await self._linked(view, topic)
        method = SendMessage(
            chat_id=self._group,
            message_thread_id=topic.thread,
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self._buttons(drawing.moves),
        )
        number = await self._send(topic, method, CARD)
        name = topic.shown.name if topic.shown else ("" if view.conversation.threads else drawing.name)
        return self._remember(view, replace(topic, card=number, shown=replace(drawing, name=name)))

    async def _edit_card(self, view: DeskView, topic: Topic, drawing: Drawing, superseded: Callable[[], bool]) -> Topic:
        if not topic.card.isdecimal():
            return await self._reopening(topic, lambda: self._post_card(view, topic, drawing))
        method = EditMessageText(
            chat_id=self._group,
            message_id=int(topic.card),
            text=drawing.card,
            parse_mode="HTML",
            link_preview_options=_NO_PREVIEW,
            reply_markup=self._buttons(drawing.moves),
        )
        try:
            done = await self._client.call(method, priority=STATUS, unless=superseded)
        except SendFailed as failed:
            if failed.code != "message_missing":
                raise
            return await self._reopening(topic, lambda: self._post_card(view, topic, drawing))
        if done is None:
            return topic
        name = topic.shown.name if topic.shown else ""
        return self._remember(view, replace(topic, shown=replace(drawing, name=name)))

    async def _rename(self, view: DeskView, topic: Topic, drawing: Drawing, *, priority: int) -> Topic:
        if topic.shown is not None and topic.shown.name == drawing.name:
            return topic
        await self._client.call(
            EditForumTopic(chat_id=self._group, message_thread_id=topic.thread, name=drawing.name), priority=priority
        )
        return self._remember(view, replace(topic, shown=drawing))

    async def _send(self, topic: Topic, method: SendMessage, priority: int) -> str:
        """A message that came out elsewhere was for a topic that is gone: Telegram does not always say so
        (https://github.com/tdlib/telegram-bot-api/issues/854)."""
        answer = await self._client.call(method, priority=priority)
        if _number(answer, "message_thread_id") != method.message_thread_id:
            raise SendFailed(
                "topic_missing", text("topic_gone", self._language), fault="messenger", retry_after=0.0, maybe_sent=True
            )
        return str(_number(answer, "message_id"))

    async def _reopening(self, topic: Topic, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Runs `attempt`, once more after opening the topic if somebody closed it."""
        try:
            return await attempt()
        except SendFailed as failed:
            if failed.code != "topic_closed":
                raise
        await self._client.call(ReopenForumTopic(chat_id=self._group, message_thread_id=topic.thread), priority=WORDS)
        return await attempt()

    def _message(self, topic: Topic, words: str) -> SendMessage:
        return SendMessage(
            chat_id=self._group, message_thread_id=topic.thread, text=words, link_preview_options=_NO_PREVIEW
        )

    def _buttons(self, moves: tuple[str, ...]) -> InlineKeyboardMarkup:
        row = [InlineKeyboardButton(text=text(move, self._language), callback_data=PRESS + move) for move in moves]
        return InlineKeyboardMarkup(inline_keyboard=[row])

    def _remember(self, view: DeskView, topic: Topic) -> Topic:
        self._topics.put(view.conversation.id, topic)
        return topic


def _number(answer: Json, field: str) -> int:
    value = answer.get(field) if isinstance(answer, dict) else None
    return value if isinstance(value, int) else 0
