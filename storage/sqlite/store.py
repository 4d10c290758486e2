"""The `Store` port on one SQLite file: documents in and out, everything else is the writer's."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from estafeta.kernel.codec import DecodingError
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, Conversation, ConversationId, Entry, Json, Signal, Stage
from estafeta.kernel.ports import Accepted, Change, Clock, Mailbox
from storage.documents import between, event_name, whole
from storage.sqlite import statements
from storage.sqlite.documents import Documents, dumps
from storage.sqlite.statements import IncomingSignal, StoredChange, StoredEntry
from storage.sqlite.writer import Writer

log = logging.getLogger(__name__)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_REMEMBERED = 2000


class SqliteStore:
    """A `Store` in the file `path`, which this process has for itself while the store is open.

    A stored signal that cannot be decoded is moved to the table `dead_signals` with the reason, and
    its conversation goes on; an entry that cannot be decoded is left out of what is read.

    With `only_read` the file may be another process's, and nothing in it is changed: what writes raises
    `StoreUnavailable`, and leases, which are in that process's memory, are not seen.
    """

    def __init__(self, path: Path, *, clock: Clock, only_read: bool = False) -> None:
        self._path = path
        self._clock = clock
        self._writer = Writer(path, only_read=only_read)
        self._signals = Documents(Signal, remembered=_REMEMBERED)
        self._conversations = Documents(Conversation, remembered=_REMEMBERED)
        self._entries = Documents(Entry)
        self._leases = Leases()

    async def open(self) -> None:
        await self._writer.start()

    async def close(self) -> None:
        await self._writer.stop()
        self._leases = Leases()

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        if not signals:
            return []
        now = _micros(self._clock.now())
        return await self._writer.write(statements.accept, [self._incoming(signal, now) for signal in signals])

    async def load(self, conversation: ConversationId) -> Mailbox:
        """Raises `StoreUnavailable` when the conversation itself cannot be decoded."""
        stored, waiting = await self._writer.read(statements.load, conversation)
        signals: list[Signal] = []
        dead: list[tuple[str, str]] = []
        for id_, body in waiting:
            signal = self._signals.loads(id_, body)
            if isinstance(signal, DecodingError):
                dead.append((id_, str(signal)))
            else:
                signals.append(signal)
        if dead:
            await self._set_aside(conversation, dead)
        return Mailbox(
            conversation=None if stored is None else self._conversation(conversation, stored), signals=tuple(signals)
        )

    async def commit(self, change: Change) -> None:
        """Raises ValueError for a change that does not follow `expected_version`, or whose entries'
        places are taken by other entries."""
        await self._writer.write(statements.commit, self._stored(change))
        for signal in change.applied:
            self._signals.forget(signal)

    async def entries(
        self, conversation: ConversationId, *, after: int = 0, limit: int = 200, newest: bool = False
    ) -> list[Entry]:
        return self._told(await self._writer.read(statements.entries, conversation, after, limit, newest))

    async def events(
        self, names: Sequence[str], *, since: datetime, until: datetime, limit: int = 10_000
    ) -> list[Entry]:
        wanted = dumps(list(names)).decode()
        bounds = _micros(since), _micros(until)
        return self._told(await self._writer.read(statements.events, wanted, *bounds, max(limit, 0)))

    def _told(self, rows: Sequence[tuple[str, bytes]]) -> list[Entry]:
        found: list[Entry] = []
        for id_, body in rows:
            entry = self._entries.loads(id_, body)
            if isinstance(entry, DecodingError):
                log.error("entry %s cannot be decoded, left out", id_)
            else:
                found.append(entry)
        return found

    async def resolve(self, address: Address) -> ConversationId | None:
        return await self._writer.read(statements.resolve, address.key)

    async def link(self, address: Address, conversation: ConversationId) -> None:
        await self._writer.write(statements.link, address.key, conversation)

    async def due(self, now: datetime, limit: int, *, grace: float = 0.0) -> list[ConversationId]:
        """Those that wait longest come first. A signal's age is by this store's clock."""
        before = _micros(self._clock.now()) - int(grace * 1_000_000)
        return await self._writer.read(statements.due, _micros(now), before, limit)

    async def orphaned(self, limit: int) -> list[ConversationId]:
        """Those that wait longest come first."""
        at_work = dumps([name for name, holder in self._leases.held().items() if name and name == holder]).decode()
        return await self._writer.read(statements.orphaned, at_work, limit)

    async def lease(self, name: str, holder: str, seconds: float) -> bool:
        """In memory: whoever worked on this file before is gone, or it could not be opened."""
        return self._leases.take(name, holder, seconds)

    async def release(self, name: str, holder: str) -> None:
        self._leases.release(name, holder)

    async def leases(self) -> dict[str, str]:
        return self._leases.held()

    async def conversations(self, *, stages: Sequence[Stage], limit: int = 100) -> list[Conversation]:
        wanted = [stage.value for stage in dict.fromkeys(stages)]
        return self._read(await self._writer.read(statements.conversations, wanted, limit))

    async def undelivered(self, limit: int) -> list[Conversation]:
        return self._read(await self._writer.read(statements.undelivered, limit))

    async def tagged(self, tag: str, *, after: str = "", limit: int = 500) -> list[ConversationId]:
        return await self._writer.read(statements.tagged, whole(tag), whole(after), max(limit, 0))

    def _read(self, rows: Sequence[tuple[int, str, bytes]]) -> list[Conversation]:
        found: list[Conversation] = []
        for _, id_, body in rows:
            conversation = self._conversations.loads(id_, body)
            if isinstance(conversation, DecodingError):
                log.error("conversation %s cannot be decoded, left out", id_)
            else:
                found.append(conversation)
        return found

    async def put(self, key: str, value: Json) -> None:
        await self._writer.write(statements.put, key, None if value is None else dumps(value))

    async def get(self, key: str) -> Json:
        value = await self._writer.read(statements.get, key)
        return None if value is None else orjson.loads(value)

    async def items(self, prefix: str, *, after: str = "", limit: int = 1000) -> list[tuple[str, Json]]:
        rows = await self._writer.read(statements.items, *between(prefix, after), max(limit, 0))
        return [(key, orjson.loads(value)) for key, value in rows]

    async def take(self, key: str) -> Json:
        value = await self._writer.write(statements.take, key)
        return None if value is None else orjson.loads(value)

    def _conversation(self, id_: ConversationId, body: bytes) -> Conversation:
        conversation = self._conversations.loads(id_, body)
        if isinstance(conversation, DecodingError):
            raise StoreUnavailable(
                f"conversation {id_} in {self._path} cannot be decoded: restore it from a backup"
            ) from conversation
        return conversation

    async def _set_aside(self, conversation: ConversationId, dead: list[tuple[str, str]]) -> None:
        log.error(
            "%d signals of conversation %s cannot be decoded, moved to dead_signals: %s",
            len(dead),
            conversation,
            ", ".join(id_ for id_, _ in dead),
        )
        await self._writer.write(statements.set_aside, dead, _micros(self._clock.now()))

    def _incoming(self, signal: Signal, now: int) -> IncomingSignal:
        address = signal.address
        return IncomingSignal(
            id=signal.id,
            body=self._signals.dumps(signal.id, signal),
            at=now,
            key=address.key if address is not None else "",
            opens=address if signal.opens else None,
            conversation=signal.conversation or "",
        )

    def _stored(self, change: Change) -> StoredChange:
        conversation = change.conversation
        if conversation.version != change.expected_version + 1:
            raise ValueError(
                f"conversation {conversation.id} is to be stored as version {conversation.version}, "
                f"which does not follow {change.expected_version}"
            )
        due_at = conversation.due_at
        return StoredChange(
            id=conversation.id,
            expected=change.expected_version,
            version=conversation.version,
            stage=conversation.stage.value,
            due_at=None if due_at is None else _micros(due_at),
            holders=dumps(list(conversation.holders)).decode() if conversation.outbox else "",
            undelivered=bool(conversation.undelivered),
            tags=dumps(list(conversation.customer.tags)).decode() if conversation.customer.tags else "",
            updated_at=_micros(conversation.updated_at or self._clock.now()),
            body=self._conversations.dumps(conversation.id, conversation),
            applied=[(signal,) for signal in change.applied],
            entries=[self._appended(entry) for entry in change.entries],
        )

    def _appended(self, entry: Entry) -> StoredEntry:
        event = event_name(entry)
        return StoredEntry(
            conversation=entry.conversation,
            seq=entry.seq,
            id=entry.id,
            body=self._entries.dumps(entry.id, entry),
            event=event,
            at=None if event is None else _micros(entry.at),
        )


class Leases:
    """By this process's monotonic clock."""

    def __init__(self) -> None:
        self._leases: dict[str, tuple[str, float]] = {}

    def held(self) -> dict[str, str]:
        now = time.monotonic()
        return {name: holder for name, (holder, until) in self._leases.items() if until > now}

    def take(self, name: str, holder: str, seconds: float) -> bool:
        if self.held().get(name, holder) != holder:
            return False
        self._leases[name] = (holder, time.monotonic() + seconds)
        return True

    def release(self, name: str, holder: str) -> None:
        if self.held().get(name) == holder:
            del self._leases[name]


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
