"""The `Store` port on MongoDB: opens, asks, and says in a sentence why not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial, wraps
from operator import attrgetter
from typing import Any, Concatenate, ParamSpec, TypeVar

from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.errors import DuplicateKeyError, InvalidURI, PyMongoError

from estafeta.kernel.codec import DecodingError
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, Conversation, ConversationId, Entry, Json, Signal, Stage
from estafeta.kernel.ports import Accepted, Change, Clock, Mailbox
from storage.documents import between
from storage.mongo import arrivals, conversations, due, leases, timeline
from storage.mongo.collections import Collections, together
from storage.mongo.config import MongoConfig
from storage.mongo.documents import Document, read_small_value, small_value, text
from storage.mongo.errors import sentence
from storage.mongo.findings import findings
from storage.mongo.groups import Grouped
from storage.mongo.migrations import migrate

_ANSWERED_WITHIN = 5000
"""Milliseconds for one command, with finding a primary and all repetitions: an election is over by
then, and a messenger still waits for our acknowledgement."""


_Given = ParamSpec("_Given")
_Answer = TypeVar("_Answer")


def _to_the_end(
    method: Callable[Concatenate[MongoStore, _Given], Coroutine[Any, Any, _Answer]],
) -> Callable[Concatenate[MongoStore, _Given], Coroutine[Any, Any, _Answer]]:
    """Whoever asks may be cancelled, and goes; what was asked is done all the same.

    The driver is not to be cancelled. It waits for a connection by `asyncio.wait_for` on a condition, which before
    Python 3.12 is a task of its own (https://github.com/python/cpython/issues/96764): cancelled twice, whoever
    waits is gone before that task has the pool's lock back, and nobody gives it free. From then on no call is
    answered, whatever its deadline. `Grouped` asks in its own task already.
    """

    @wraps(method)
    async def asked(store: MongoStore, /, *args: _Given.args, **kwargs: _Given.kwargs) -> _Answer:
        task = asyncio.create_task(method(store, *args, **kwargs))
        store.under_way.add(task)
        task.add_done_callback(store.under_way.discard)
        return await asyncio.shield(task)

    return asked


class _Grouped(Collections):
    """The collections, and the calls that go together."""

    def __init__(self, client: AsyncMongoClient[Document], name: str) -> None:
        super().__init__(client, name)
        self.accepting = Grouped(partial(arrivals.accept, self), size=arrivals.size_of)
        self.reading = Grouped(partial(conversations.read_all, self))
        self.committing = Grouped(
            partial(conversations.commit, self), size=attrgetter("size"), key=attrgetter("conversation")
        )

    async def finished(self) -> None:
        await together(self.accepting.finished(), self.reading.finished(), self.committing.finished())


class MongoStore:
    """A `Store` in one database, which any number of processes share.

    A stored signal that cannot be decoded is moved to `dead_signals` with the reason, and its
    conversation goes on; an entry that cannot be decoded is left out of what is read.
    """

    def __init__(self, config: MongoConfig, *, clock: Clock) -> None:
        self._config = config
        self._clock = clock
        self._client: AsyncMongoClient[Document] | None = None
        self._collections: _Grouped | None = None
        self.under_way: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        if self._client is not None:
            return
        with _told(self._config.place):
            client = self._client = _client(self._config)
            collections = _Grouped(client, self._config.database)
            try:
                await migrate(collections.database, self._config.place)
            except BaseException:
                self._client = None
                await client.close()
                raise
            self._collections = collections

    async def close(self) -> None:
        """What was asked for before is done first."""
        client, self._client = self._client, None
        if self.under_way:
            await asyncio.wait(self.under_way)
        stored, self._collections = self._collections, None
        if stored is not None:
            await stored.finished()
        if client is not None:
            await client.close()

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        with self._asked() as stored:
            return await stored.accepting(arrivals.arrivals(signals)) if signals else []

    @_to_the_end
    async def load(self, conversation: ConversationId) -> Mailbox:
        """Raises `StoreUnavailable` when the conversation itself cannot be decoded."""
        with self._asked() as stored:
            return await conversations.load(stored, stored.reading, conversation, self._clock.now())

    async def commit(self, change: Change) -> None:
        """After `StoreUnavailable` the change may be stored in part; whoever loads the conversation
        completes it. Raises ValueError for a change that does not follow `expected_version`, or whose
        entries' places are taken by other entries."""
        with self._asked() as stored:
            await stored.committing(conversations.write(change, self._clock.now()))

    @_to_the_end
    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        with self._asked() as stored:
            return await timeline.entries(stored, conversation, after, limit, newest) if limit > 0 else []

    @_to_the_end
    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        with self._asked() as stored:
            return await timeline.events(stored, names, since, until, limit) if limit > 0 else []

    @_to_the_end
    async def resolve(self, address: Address) -> ConversationId | None:
        with self._asked() as stored:
            return await arrivals.resolve(stored, address.key)

    @_to_the_end
    async def link(self, address: Address, conversation: ConversationId) -> None:
        with self._asked() as stored:
            await arrivals.link(stored, address.key, conversation)

    @_to_the_end
    async def due(self, now: datetime, limit: int, *, grace: float = 0.0) -> list[ConversationId]:
        """Those that wait longest come first."""
        with self._asked() as stored:
            return await due.due(stored, now, limit, grace) if limit > 0 else []

    @_to_the_end
    async def orphaned(self, limit: int) -> list[ConversationId]:
        """Those that wait longest come first."""
        with self._asked() as stored:
            return await due.orphaned(stored, limit) if limit > 0 else []

    @_to_the_end
    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        with self._asked() as stored:
            return await leases.lease(stored, name, holder, seconds)

    @_to_the_end
    async def release(self, name: str, holder: str) -> None:
        with self._asked() as stored:
            await leases.release(stored, name, holder)

    @_to_the_end
    async def leases(self) -> Mapping[str, str]:
        with self._asked() as stored:
            return await leases.leases(stored)

    @_to_the_end
    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        with self._asked() as stored:
            return await conversations.latest(stored, stages, limit) if limit > 0 else []

    @_to_the_end
    async def undelivered(self, limit: int) -> list[Conversation]:
        with self._asked() as stored:
            return await conversations.undelivered(stored, limit) if limit > 0 else []

    @_to_the_end
    async def tagged(self, tag: str, *, after: str = "", limit: int = 500) -> list[ConversationId]:
        with self._asked() as stored:
            return await conversations.tagged(stored, tag, after, limit) if limit > 0 else []

    @_to_the_end
    async def put(self, key: str, value: Json) -> None:
        with self._asked() as stored:
            own = {"_id": text(key)}
            if value is None:
                await stored.small_values.delete_one(own)
                return
            try:
                await stored.small_values.replace_one(own, small_value(value), upsert=True)
            except DuplicateKeyError:  # another process inserted it first
                await stored.small_values.replace_one(own, small_value(value))

    @_to_the_end
    async def get(self, key: str) -> Json:
        with self._asked() as stored:
            return _value(await stored.small_values.find_one({"_id": text(key)}))

    @_to_the_end
    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        first, beyond = between(prefix, after)
        keys = {"$gte": first, "$lt": beyond} if beyond else {"$gte": first}
        with self._asked() as stored:
            if limit <= 0:
                return []
            found = stored.small_values.find({"_id": keys}).sort("_id", 1).limit(limit)
            return [(each["_id"], _value(each)) async for each in found]

    @_to_the_end
    async def take(self, key: str) -> Json:
        with self._asked() as stored:
            return _value(await stored.small_values.find_one_and_delete({"_id": text(key)}))

    async def findings(self) -> list[str]:
        """What an administrator should change about the database, as sentences; none when all is well.

        For a store that is not open: opening makes what is missing, and this changes nothing.
        """
        with _told(self._config.place):
            client = _client(self._config)
            try:
                stored = Collections(client, self._config.database)
                return await findings(stored, self._config.place, self._clock)
            finally:
                await client.close()

    @contextmanager
    def _asked(self) -> Iterator[_Grouped]:
        with _told(self._config.place):
            if self._collections is None:
                raise StoreUnavailable("the store is not open")
            yield self._collections


def _client(config: MongoConfig) -> AsyncMongoClient[Document]:
    try:
        return AsyncMongoClient(config.url.get_secret_value(), appname="estafeta", timeoutMS=_ANSWERED_WITHIN)
    except ValueError:  # a port that is none, say
        raise StoreUnavailable(sentence(config.place, InvalidURI())) from None


@contextmanager
def _told(place: str) -> Iterator[None]:
    """What the driver raises is told once, here, and without the driver's words: see `errors`."""
    try:
        yield
    except (PyMongoError, BSONError) as error:
        raise StoreUnavailable(sentence(place, error)) from None


def _value(document: Document | None) -> Json:
    if document is None:
        return None
    try:
        return read_small_value(document)
    except DecodingError:
        raise StoreUnavailable(
            f"the small value {document['_id']} in MongoDB cannot be decoded: remove it or restore it from a backup"
        ) from None
