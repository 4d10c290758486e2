"""One desk over several groups: each has its skills, its people and its budget of posts.

A new topic is made in a group of its ticket's skill: the first of them, or the next whose budget is not behind. It
stays there, whoever takes the ticket, until the ticket is passed on to a skill that other groups have, or the bot
cannot work in the group any more and can in another one of the skill. Where a conversation lives stands in the store,
so that every worker finds it and a second topic is not made.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import structlog
from aiogram.methods import AnswerCallbackQuery, SendMessage
from aiogram.types import ReplyParameters

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, ConversationId, Json, Notice, OutboxId, Signal, Stage
from estafeta.kernel.ports import Accept, Accepted, DeskView, Receipt, Store
from handoff.desks.telegram_forum.client import WORDS, Telegram
from handoff.desks.telegram_forum.load import Budgets
from handoff.desks.telegram_forum.rights import Trouble
from handoff.desks.telegram_forum.texts import Language

After = Callable[[Accepted | None], Awaitable[None]]

NAME = "telegram_forum"
OVERFLOW_SECONDS = 20.0
_POSTS_OF_A_CARD = 2
"""The topic and what stands in it."""
_MOVING = ("card", "state", "offer")
_log = structlog.get_logger(__name__)


class OneGroup(Protocol):
    """A desk of one group."""

    @property
    def group_id(self) -> int: ...

    @property
    def trouble(self) -> Trouble | None: ...

    async def listen(self, accept: Accept) -> None: ...

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt: ...

    async def check(self) -> list[str]: ...

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]: ...


class Followed(Telegram, Protocol):
    """A client that follows groups which get another id."""

    def known_as(self, chat: int) -> int:
        """The id that a group had before, by the one it has now."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`skills` () is all of them; a group that names a skill comes before one that does not."""

    desk: OneGroup
    skills: tuple[str, ...] = ()

    @property
    def id(self) -> int:
        return self.desk.group_id


class TelegramGroups:
    """`groups` in the order in which they overflow into each other: a topic goes to the next one of its skill when the
    one before would show it more than `overflow_after` seconds late. `budgets` tells how they stand.

    Telegram numbers the messages of each group from 1, so what is about an operator's message in a group that the
    conversation left is not shown in the one where it is now.
    """

    name = NAME

    def __init__(
        self,
        client: Followed,
        groups: Sequence[Group],
        *,
        store: Store,
        budgets: Budgets,
        overflow_after: float = OVERFLOW_SECONDS,
        language: Language = "ru",
    ) -> None:
        if not groups:
            raise ValueError("a desk in Telegram needs a group")
        self._client = client
        self._groups: Mapping[int, Group] = {group.id: group for group in groups}
        self._first = groups[0]
        self._store = store
        self._budgets = budgets
        self._overflow = overflow_after
        self._language: Language = language
        self._opening: Counter[int] = Counter()

    @property
    def ids(self) -> tuple[int, ...]:
        return tuple(self._groups)

    # --- what operators see ----------------------------------------------------------------------

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Raises `SendFailed`, and `StoreUnavailable` while nobody can tell where the conversation lives."""
        if len(self._groups) == 1:
            return await self._first.desk.show(item, notice, view)
        kept = await self._kept(view)
        home, skill = self._groups.get(kept.group), view.conversation.ticket.skill if view.conversation.ticket else ""
        named = [group for group in self._groups.values() if skill and skill in group.skills]
        open_to_all = [group for group in self._groups.values() if not group.skills]
        fitting = [*named, *open_to_all] or [self._first]
        if home is None:
            if notice.kind in ("state", "receipt"):
                return Receipt()  # nothing stands anywhere that they could be about
            home = self._chosen(fitting)
            return await self._opened(home, item, notice, view, keep=skill)
        if self._is_shut(home, view):
            others = [group for group in fitting if group.desk.trouble is None]
            if others and view.conversation.ticket is not None:
                new = self._chosen(others)
                await self._keep(view, new, skill)
                return await self._moved(home, new, item, notice, view)
            if others and notice.kind in ("state", "receipt"):
                return Receipt()  # nobody can look there, and what comes next must not wait for it
        if skill != kept.skill and notice.kind in _MOVING and view.conversation.stage is Stage.QUEUED:
            new = home if home in (named or fitting) else self._chosen(fitting)
            await self._keep(view, new, skill)
            if new is not home:
                return await self._moved(home, new, item, notice, view)
        if notice.kind == "receipt" and not _stands_in(home, notice, view):
            return Receipt(external=notice.message)
        if notice.kind == "card":
            return await self._opened(home, item, notice, view)
        if notice.kind == "info" and notice.message and not _stands_in(home, notice, view):
            notice = replace(notice, message="")
        return await home.desk.show(item, notice, view)

    async def _opened(
        self, home: Group, item: OutboxId, notice: Notice, view: DeskView, *, keep: str | None = None
    ) -> Receipt:
        """Counted from the moment of the choice, for others choose meanwhile. `keep`: for this skill."""
        self._opening[home.id] += 1
        try:
            if keep is not None:
                await self._keep(view, home, keep)
            return await home.desk.show(item, notice, view)
        finally:
            self._opening[home.id] -= 1

    async def _moved(self, old: Group, new: Group, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """The ticket is shown to the people of its skill; those it leaves are told, if that can be done."""
        _log.info("topic_moves", conversation=view.conversation.id, old=old.id, new=new.id)
        receipt = await self._opened(new, OutboxId(f"{item}.card"), Notice(kind="card"), view)
        if notice.kind not in ("card", "state", "receipt", "conflict"):
            shown = await new.desk.show(item, replace(notice, message=""), view)
            receipt = shown if shown.thread is not None else receipt
        if self._is_shut(old, view):
            return receipt
        try:
            words = _MOVED[self._language]
            await old.desk.show(OutboxId(f"{item}.moved"), Notice(kind="info", text=words), view)
        except SendFailed as failed:
            _log.info("move_not_told", group=old.id, code=failed.code)
        return receipt

    async def _kept(self, view: DeskView) -> _Kept:
        """Where the conversation's topic is, or is being made."""
        kept = _read(await self._store.get(_key(view.conversation.id)))
        thread = view.conversation.threads.get(self.name)
        if not kept.group and thread is not None:
            skill = view.conversation.ticket.skill if view.conversation.ticket else ""
            return _Kept(group=_number(thread.address.account) or 0, skill=skill)
        return kept

    async def _keep(self, view: DeskView, group: Group, skill: str) -> None:
        await self._store.put(_key(view.conversation.id), {"group": group.id, "skill": skill})

    def _is_shut(self, group: Group, view: DeskView) -> bool:
        """Whether the bot cannot show the conversation there: at all, or for want of a topic."""
        trouble, thread = group.desk.trouble, view.conversation.threads.get(self.name)
        return trouble is not None and (trouble.whole or thread is None or thread.address.account != str(group.id))

    def _chosen(self, fitting: Sequence[Group]) -> Group:
        fitting = [group for group in fitting if group.desk.trouble is None] or fitting
        late = [self._late(group) for group in fitting]
        in_time = (group for group, seconds in zip(fitting, late, strict=True) if seconds <= self._overflow)
        return next(in_time, fitting[late.index(min(late))])

    def _late(self, group: Group) -> float:
        """Seconds until a topic and its card that are asked for now would about be there."""
        standing = self._budgets.own(group.id)
        return standing.late((self._opening[group.id] + 1) * _POSTS_OF_A_CARD) if standing else 0.0

    # --- what operators do -----------------------------------------------------------------------

    async def listen(self, accept: Accept) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._budgets.tell())
            for group in self._groups.values():
                tasks.create_task(group.desk.listen(accept))

    async def check(self) -> list[str]:
        """What keeps the groups from working, as sentences; none: nothing. Raises `SendFailed`."""
        return [wrong for group in self._groups.values() for wrong in await group.desk.check()]

    async def handle(self, raw: Any) -> tuple[Signal | None, After | None]:
        """One raw update of one of the groups, or of a private chat with the bot, which is the first group's
        business. Raises `StoreUnavailable`: the update must come again."""
        place = _place_of(raw)
        group = self._groups.get(self._known(place.chat)) or self._first
        if len(self._groups) > 1 and place.thread and group.id == self._known(place.chat):
            elsewhere = await self._elsewhere(group, place.thread)
            if elsewhere:
                return None, self._refusal(group, place)
        return await group.desk.handle(raw)

    def _known(self, chat: int) -> int:
        """The id that a group which moved is configured by."""
        return chat if chat in self._groups else self._client.known_as(chat)

    async def _elsewhere(self, group: Group, thread: int) -> bool:
        """Whether the topic's conversation left this group."""
        address = Address(channel=self.name, account=str(group.id), chat=str(thread))
        conversation = await self._store.resolve(address)
        if conversation is None:
            return False
        home = _read(await self._store.get(_key(conversation))).group
        return home != group.id and home in self._groups

    def _refusal(self, group: Group, place: _Place) -> After:
        async def after(_: Accepted | None) -> None:
            words = _MOVED[self._language]
            if place.query:
                await self._client.call(AnswerCallbackQuery(callback_query_id=place.query, text=words, show_alert=True))
            elif place.typed:
                await self._client.call(
                    SendMessage(
                        chat_id=group.id, message_thread_id=place.thread, text=words,
                        reply_parameters=ReplyParameters(message_id=place.typed, allow_sending_without_reply=True),
                    ),
                    priority=WORDS,
                )  # fmt: skip

        return after


_MOVED: Mapping[Language, str] = {
    "ru": "↗️ Обращение передано в другую группу: отвечают теперь там. Отсюда клиенту ничего не уходит.",
    "en": "↗️ This ticket was passed on to another group and is answered there. Nothing goes to the customer from here.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where an update is from: the chat (0: none that is known), the topic (0: none), the message that a person typed
    there and the pressed button that waits for an answer."""

    chat: int = 0
    thread: int = 0
    typed: int = 0
    query: str = ""


def _place_of(raw: Any) -> _Place:
    """Tolerant: no JSON value makes it raise."""
    update = raw if isinstance(raw, dict) else {}
    query = _mapping(update.get("callback_query"))
    known = next((_mapping(update[kind]) for kind in _KINDS if kind in update), {})
    message = _mapping(query.get("message")) if query else known
    in_topic = message.get("is_topic_message") is True
    own = "forum_topic_created" in message or _mapping(message.get("from")).get("is_bot") is True
    return _Place(
        chat=_whole(_mapping(message.get("chat")).get("id")),
        thread=_whole(message.get("message_thread_id")) if in_topic else 0,
        typed=_whole(message.get("message_id")) if in_topic and not query and not own else 0,
        query=str(query.get("id") or ""),
    )


_KINDS = ("message", "edited_message", "message_reaction", "chat_member", "my_chat_member")


def _stands_in(home: Group, notice: Notice, view: DeskView) -> bool:
    """Whether the message that a receipt is about may stand in this group's topic: all there have higher numbers than
    the topic itself."""
    thread = view.conversation.threads.get(NAME)
    if thread is None or thread.address.account != str(home.id):
        return False
    number, topic = _number(notice.message), _number(thread.address.chat)
    return number is not None and topic is not None and number > topic


def _key(conversation: ConversationId) -> str:
    return f"forum.of.{conversation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What the store knows: the group (0: none), and the skill that it was chosen for."""

    group: int = 0
    skill: str = ""


def _read(kept: Json) -> _Kept:
    known = _mapping(kept)
    return _Kept(group=_whole(known.get("group")), skill=str(known.get("skill") or ""))


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
