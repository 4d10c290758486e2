"""What is known of a conversation's topic, where every worker finds it: under a key of the store.

A notice is shown by whichever worker has it, so what another one made, posted or drew meanwhile must be
known to it: a second topic would tear the conversation apart, and a card that is taken for drawn would
stay wrong. How a topic looks is kept as a digest, so no word of a customer is stored here.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import asdict, dataclass, fields, replace
from typing import Generic, TypeVar
from zlib import crc32

import structlog

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Json
from estafeta.kernel.ports import Store
from handoff.desks.telegram_forum.texts import Language, text

REMEMBERED = 10_000
_K = TypeVar("_K")
_V = TypeVar("_V")
_log = structlog.get_logger(__name__)


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
    """`linked`: the store knows whose it is. `making`: one is being made, and has no `thread` yet. `again`: it is made
    in the place of one that is gone, and what stood there unanswered is yet to be shown again."""

    thread: int
    linked: bool = True
    card: str = ""
    making: bool = False
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How the topic `thread` with its card `card` is known to look: `name` (with the icon) and `drawn` are marks, ""
    when that is not known. `until` (seconds since 1970) is the time until which the card says that one may write, 0
    for none. `called` marks the offer whose people were called by name.

    Kept apart from the topic, for it is written by whoever draws, and where the topic is must not be by them."""

    thread: int
    card: str = ""
    name: str = ""
    drawn: str = ""
    until: float = 0.0
    called: str = ""


_R = TypeVar("_R", Topic, Look)


def mark(*looks: str) -> str:
    return hashlib.sha256("\0".join(looks).encode("utf-8", "replace")).hexdigest()[:16]


class Records:
    """Every method raises `SendFailed` (try again) while the store is away. What could not be written is
    remembered until it can, so that the next try in this process goes on from it."""

    def __init__(self, store: Store, *, group_id: int, language: Language) -> None:
        self._store = store
        self._group = group_id
        self._language: Language = language
        self._unwritten: Remembered[ConversationId, Topic] = Remembered()

    async def get(self, conversation: ConversationId) -> Topic | None:
        try:
            kept = _read(Topic, await self._store.get(self._key(conversation)))
        except StoreUnavailable as error:
            raise self._away() from error
        unwritten = self._unwritten.pop(conversation)
        if unwritten is None or (kept is not None and kept.thread not in (0, unwritten.thread)):
            return kept  # another worker went on meanwhile, in a topic of its own
        await self.put(conversation, unwritten)
        return unwritten

    async def put(self, conversation: ConversationId, topic: Topic) -> None:
        try:
            await self._store.put(self._key(conversation), asdict(topic))
        except StoreUnavailable as error:
            self._unwritten.put(conversation, topic)
            raise self._away() from error
        self._unwritten.pop(conversation)

    async def forget(self, conversation: ConversationId) -> None:
        try:
            await self._store.put(self._key(conversation), None)
            await self._store.put(self._key(conversation, "look."), None)
        except StoreUnavailable as error:
            raise self._away() from error

    async def look(self, conversation: ConversationId, topic: Topic) -> Look:
        """What is known of how this very topic looks."""
        try:
            kept = _read(Look, await self._store.get(self._key(conversation, "look.")))
        except StoreUnavailable as error:
            raise self._away() from error
        fresh = Look(thread=topic.thread, card=topic.card)
        if kept is None or kept.thread != topic.thread:
            return fresh
        return kept if kept.card == topic.card else replace(fresh, name=kept.name, called=kept.called)

    async def looks(self, conversation: ConversationId, look: Look) -> None:
        """Not to have written it costs a drawing more, so a store that is away is no failure."""
        try:
            await self._store.put(self._key(conversation, "look."), asdict(look))
        except StoreUnavailable as error:
            _log.warning("look_not_kept", group=self._group, error=str(error))

    async def shut(self, thread: int) -> bool:
        """Whether somebody closed the topic, as far as we were told."""
        try:
            kept = await self._store.get(f"forum.{self._group}.shut.{thread}")
        except StoreUnavailable as error:
            raise self._away() from error
        return bool(kept[1]) if isinstance(kept, list) and len(kept) == 2 else False

    async def set_shut(self, thread: int, closed: bool, message: int) -> None:
        """`message` is the number of the line that told of it: what an earlier one said is out of date. 0: we did it
        ourselves. Raises `StoreUnavailable`."""
        key = f"forum.{self._group}.shut.{thread}"
        kept = await self._store.get(key)
        told = kept[0] if isinstance(kept, list) and len(kept) == 2 and isinstance(kept[0], int) else 0
        if not message or message > told:
            await self._store.put(key, [max(message, told), closed])

    async def link(self, address: Address, conversation: ConversationId) -> None:
        """From now on what is typed in the topic belongs to the conversation."""
        try:
            await self._store.link(address, conversation)
        except StoreUnavailable as error:
            raise self._away() from error

    def _key(self, conversation: ConversationId, of: str = "") -> str:
        return f"forum.{self._group}.{of}{conversation}"

    def _away(self) -> SendFailed:
        words = text("not_linked", self._language)
        return SendFailed("store_unavailable", words, fault="settings", retry_after=1.0)


def _read(kind: type[_R], kept: Json) -> _R | None:
    """What another version wrote besides is left out; None for what is none of it."""
    known = {field.name for field in fields(kind)}
    try:
        return kind(**{name: value for name, value in kept.items() if name in known})
    except (TypeError, AttributeError):
        return None


class Ring:
    """Small facts of the latest messages, by number, where every worker finds them: the newest `size` or so, for a
    newer one takes the place of an old one. Raises `StoreUnavailable`."""

    def __init__(self, store: Store, name: str, size: int) -> None:
        self._store = store
        self._name = name
        self._size = size

    async def put(self, number: str, fact: Json) -> None:
        await self._store.put(self._key(number), [number, fact])

    async def get(self, number: str) -> Json:
        return _fact(await self._store.get(self._key(number)), number)

    async def take(self, number: str) -> Json:
        """What `get` returns, removed: of many who ask, one gets it."""
        if await self.get(number) is None:
            return None
        return _fact(await self._store.take(self._key(number)), number)

    def _key(self, number: str) -> str:
        place = int(number) if number.isdecimal() and len(number) < 20 else crc32(number.encode("utf-8", "replace"))
        return f"{self._name}.{place % self._size}"


def _fact(kept: Json, number: str) -> Json:
    return kept[1] if isinstance(kept, list) and len(kept) == 2 and kept[0] == number else None
