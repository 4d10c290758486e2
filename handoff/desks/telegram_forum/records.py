"""What is known of a conversation's topic, where every worker finds it: under a key of the store.

A notice is shown by whichever worker has it, so what another one made, posted or drew meanwhile must be
known to it: a second topic would tear the conversation apart, and a card that is taken for drawn would
stay wrong. How a topic looks is kept as a digest, so no word of a customer is stored here.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar
from zlib import crc32

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Json
from estafeta.kernel.ports import Store
from handoff.desks.telegram_forum.texts import Language, text

REMEMBERED = 10_000
_K = TypeVar("_K")
_V = TypeVar("_V")


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
    """`linked`: the store knows whose it is. `name` and `drawn` are marks of how topic and card are known to
    look, "" when that is not known. `until` (seconds since 1970) is the time until which the card says that one may
    write, 0 for none. `making`: one is being made, and has no `thread` yet."""

    thread: int
    linked: bool = True
    card: str = ""
    name: str = ""
    drawn: str = ""
    until: float = 0.0
    making: bool = False


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
            kept = _read(await self._store.get(self._key(conversation)))
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
        except StoreUnavailable as error:
            raise self._away() from error

    async def link(self, address: Address, conversation: ConversationId) -> None:
        """From now on what is typed in the topic belongs to the conversation."""
        try:
            await self._store.link(address, conversation)
        except StoreUnavailable as error:
            raise self._away() from error

    def _key(self, conversation: ConversationId) -> str:
        return f"forum.{self._group}.{conversation}"

    def _away(self) -> SendFailed:
        words = text("not_linked", self._language)
        return SendFailed("store_unavailable", words, fault="settings", retry_after=1.0)


def _read(kept: Json) -> Topic | None:
    """None also for what a later version may have written."""
    try:
        return Topic(**kept) if isinstance(kept, dict) else None
    except TypeError:
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
        kept = await self._store.get(self._key(number))
        return kept[1] if isinstance(kept, list) and len(kept) == 2 and kept[0] == number else None

    def _key(self, number: str) -> str:
        place = int(number) if number.isdecimal() and len(number) < 20 else crc32(number.encode("utf-8", "replace"))
        return f"{self._name}.{place % self._size}"
