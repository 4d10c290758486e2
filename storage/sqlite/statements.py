"""What the store does, in SQL: functions that the writer runs on its cursor.

A function that raises an `EstafetaError` has written nothing yet: the writer relies on that, and so
needs no savepoint around each. All SQL is constant, so that SQLite prepares each statement once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from estafeta.kernel.errors import Conflict
from estafeta.kernel.model import Address, ConversationId
from estafeta.kernel.ports import MAILBOX, Accepted


class IncomingSignal(NamedTuple):
    """`conversation` is "" when the address must tell it; `opens` is set when it may open one."""

    id: str
    body: bytes
    at: int
    key: str
    opens: Address | None
    conversation: str


class StoredEntry(NamedTuple):
    """`event` is the name of what happened, and `at` when; None for entries of other kinds."""

    conversation: str
    seq: int
    id: str
    body: bytes
    event: str | None
    at: int | None


class StoredChange(NamedTuple):
    id: str
    expected: int
    version: int
    stage: str
    due_at: int | None
    holders: str
    undelivered: int
    tags: str
    updated_at: int
    body: bytes
    applied: Sequence[tuple[str]]
    entries: Sequence[StoredEntry]


_ACCEPT = "INSERT INTO signals (id, conversation, body, accepted_at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"
_ACCEPTED_BEFORE = "SELECT conversation FROM signals WHERE id = ?"
_RESOLVE = "SELECT conversation FROM addresses WHERE key = ?"
_LINK = """INSERT INTO addresses (key, conversation) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET conversation = excluded.conversation"""
_KNOWN = """SELECT id FROM conversations WHERE id = ?1
    UNION ALL SELECT conversation FROM signals WHERE conversation = ?1 AND applied = 0 LIMIT 1"""

_LOAD_CONVERSATION = "SELECT body FROM conversations WHERE id = ?"
_LOAD_SIGNALS = "SELECT id, body FROM signals WHERE conversation = ? AND applied = 0 ORDER BY seq LIMIT ?"

_INSERT_CONVERSATION = """INSERT INTO conversations
    (version, stage, due_at, holders, undelivered, tags, updated_at, body, id)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING"""
_UPDATE_CONVERSATION = """UPDATE conversations
    SET version = ?, stage = ?, due_at = ?, holders = ?, undelivered = ?, tags = ?, updated_at = ?, body = ?
    WHERE id = ? AND version = ?"""
_APPLY = "UPDATE signals SET applied = 1, body = NULL WHERE id = ?"
_APPEND = """INSERT INTO entries (conversation, seq, id, body, event, at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT (conversation, seq) DO NOTHING"""
_OTHERS = "SELECT id FROM entries WHERE conversation = ? AND seq = ? AND id <> ?"

_BURY = """INSERT INTO dead_signals (id, conversation, body, reason, set_aside_at)
    SELECT id, conversation, body, ?, ? FROM signals WHERE id = ? ON CONFLICT (id) DO NOTHING"""

_FIRST_ENTRIES = "SELECT id, body FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq LIMIT ?"
_LAST_ENTRIES = "SELECT id, body FROM entries WHERE conversation = ? AND seq > ? ORDER BY seq DESC LIMIT ?"

# Names come as a JSON array. Events of one moment stand as they were committed.
_EVENTS = """SELECT id, body FROM entries
    WHERE event IS NOT NULL AND event IN (SELECT value FROM json_each(?)) AND at >= ? AND at < ?
    ORDER BY at, rowid LIMIT ?"""

_WAITING = """SELECT MIN(accepted_at), conversation FROM signals WHERE applied = 0 AND accepted_at <= ?
    GROUP BY conversation ORDER BY 1 LIMIT ?"""
_DUE = "SELECT due_at, id FROM conversations WHERE due_at <= ? ORDER BY due_at LIMIT ?"
_ORPHANED = """SELECT updated_at, id FROM conversations WHERE holders <> '' AND EXISTS (
        SELECT 1 FROM json_each(holders) WHERE value NOT IN (SELECT value FROM json_each(?))
    ) ORDER BY updated_at LIMIT ?"""

_UNDELIVERED = "SELECT updated_at, id, body FROM conversations WHERE undelivered ORDER BY updated_at DESC LIMIT ?"
_LATEST = "SELECT updated_at, id, body FROM conversations WHERE stage = ? ORDER BY updated_at DESC LIMIT ?"

_TAGGED = "SELECT conversation FROM tagged WHERE tag = ? AND conversation > ? ORDER BY conversation LIMIT ?"

_PUT = """INSERT INTO small_values (key, value) VALUES (?, ?)
    ON CONFLICT (key) DO UPDATE SET value = excluded.value"""
_REMOVE = "DELETE FROM small_values WHERE key = ?"
_GET = "SELECT value FROM small_values WHERE key = ?"
_ITEMS = "SELECT key, value FROM small_values WHERE key >= ? AND key < ? ORDER BY key LIMIT ?"
_TAKE = "DELETE FROM small_values WHERE key = ? RETURNING value"

# https://www.sqlite.org/datatype3.html#sort_order: "an INTEGER or REAL value is less than any TEXT or BLOB value"
# and "a TEXT value is less than a BLOB value".
_BEYOND_ALL_TEXT = b""


def accept(cursor: sqlite3.Cursor, signals: Sequence[IncomingSignal]) -> list[Accepted]:
    return [_accept_one(cursor, signal) for signal in signals]


def _accept_one(cursor: sqlite3.Cursor, signal: IncomingSignal) -> Accepted:
    if signal.conversation:
        row = cursor.execute(_KNOWN, (signal.conversation,)).fetchone()
    else:
        row = cursor.execute(_RESOLVE, (signal.key,)).fetchone()
    if row is not None:
        return _insert_signal(cursor, signal, row[0])
    before = _accepted_before(cursor, signal.id)
    if before.conversation is not None or signal.opens is None:
        return before
    conversation = signal.opens.conversation
    cursor.execute(_LINK, (signal.key, conversation))
    return _insert_signal(cursor, signal, conversation)


def _insert_signal(cursor: sqlite3.Cursor, signal: IncomingSignal, conversation: str) -> Accepted:
    cursor.execute(_ACCEPT, (signal.id, conversation, signal.body, signal.at))
    if cursor.rowcount == 1:
        return Accepted(conversation=ConversationId(conversation), fresh=True)
    return _accepted_before(cursor, signal.id)


def _accepted_before(cursor: sqlite3.Cursor, signal: str) -> Accepted:
    row = cursor.execute(_ACCEPTED_BEFORE, (signal,)).fetchone()
    return Accepted(conversation=row[0] if row else None, fresh=False)


def load(cursor: sqlite3.Cursor, conversation: str) -> tuple[bytes | None, list[tuple[str, bytes]]]:
    """The conversation's body, and (id, body) of its first waiting signals in order."""
    row = cursor.execute(_LOAD_CONVERSATION, (conversation,)).fetchone()
    return row[0] if row else None, cursor.execute(_LOAD_SIGNALS, (conversation, MAILBOX)).fetchall()


def commit(cursor: sqlite3.Cursor, change: StoredChange) -> None:
    head = change[2:10]
    if change.expected:
        cursor.execute(_UPDATE_CONVERSATION, (*head, change.id, change.expected))
    else:
        cursor.execute(_INSERT_CONVERSATION, (*head, change.id))
    if cursor.rowcount != 1:
        raise Conflict(f"conversation {change.id} is not at version {change.expected} any more")
    cursor.executemany(_APPLY, change.applied)
    cursor.executemany(_APPEND, change.entries)
    if cursor.rowcount < len(change.entries):
        _check_same(cursor, change.entries)


def _check_same(cursor: sqlite3.Cursor, wanted: Sequence[StoredEntry]) -> None:
    """What was not appended must have been there before: the same entry, not another in its place."""
    for entry in wanted:
        if cursor.execute(_OTHERS, (entry.conversation, entry.seq, entry.id)).fetchone() is not None:
            raise ValueError(f"entry {entry.seq} of conversation {entry.conversation} is another one than {entry.id}")


def set_aside(cursor: sqlite3.Cursor, signals: Sequence[tuple[str, str]], now: int) -> None:
    """`signals` are (id, reason)."""
    for signal, reason in signals:
        cursor.execute(_BURY, (reason, now, signal))
        cursor.execute(_APPLY, (signal,))


def entries(cursor: sqlite3.Cursor, conversation: str, after: int, limit: int, newest: bool) -> list[tuple[str, bytes]]:
    """(id, body), ascending."""
    if newest:
        return cursor.execute(_LAST_ENTRIES, (conversation, after, limit)).fetchall()[::-1]
    return cursor.execute(_FIRST_ENTRIES, (conversation, after, limit)).fetchall()


def events(cursor: sqlite3.Cursor, names: str, since: int, until: int, limit: int) -> list[tuple[str, bytes]]:
    """(id, body) of those whose name is in the JSON array `names`, the oldest first."""
    return cursor.execute(_EVENTS, (names, since, until, limit)).fetchall()


def resolve(cursor: sqlite3.Cursor, key: str) -> ConversationId | None:
    row = cursor.execute(_RESOLVE, (key,)).fetchone()
    return row[0] if row else None


def link(cursor: sqlite3.Cursor, key: str, conversation: str) -> None:
    cursor.execute(_LINK, (key, conversation))


def orphaned(cursor: sqlite3.Cursor, at_work: str, limit: int) -> list[ConversationId]:
    """With something that no worker of the JSON array `at_work` holds; those that wait longest first."""
    return [ConversationId(row[1]) for row in cursor.execute(_ORPHANED, (at_work, limit)).fetchall()]


def due(cursor: sqlite3.Cursor, now: int, before: int, limit: int) -> list[ConversationId]:
    """Timers due `now`, signals accepted up to `before`; those that wait longest first."""
    rows = cursor.execute(_WAITING, (before, limit)).fetchall()
    rows += cursor.execute(_DUE, (now, limit)).fetchall()
    return list(dict.fromkeys(ConversationId(conversation) for _, conversation in sorted(rows)))[:limit]


def conversations(cursor: sqlite3.Cursor, stages: Sequence[str], limit: int) -> list[tuple[int, str, bytes]]:
    """(updated_at, id, body), the latest first. Each stage is asked for itself, so that the index gives the order."""
    rows = [row for stage in stages for row in cursor.execute(_LATEST, (stage, limit))]
    rows.sort(key=lambda row: row[0], reverse=True)
    return rows[:limit]


def undelivered(cursor: sqlite3.Cursor, limit: int) -> list[tuple[int, str, bytes]]:
    """(updated_at, id, body), the latest first."""
    return cursor.execute(_UNDELIVERED, (limit,)).fetchall()


def tagged(cursor: sqlite3.Cursor, tag: str, after: str, limit: int) -> list[ConversationId]:
    return [ConversationId(row[0]) for row in cursor.execute(_TAGGED, (tag, after, limit)).fetchall()]


def put(cursor: sqlite3.Cursor, key: str, value: bytes | None) -> None:
    if value is None:
        cursor.execute(_REMOVE, (key,))
    else:
        cursor.execute(_PUT, (key, value))


def take(cursor: sqlite3.Cursor, key: str) -> bytes | None:
    rows = cursor.execute(_TAKE, (key,)).fetchall()
    return rows[0][0] if rows else None


def get(cursor: sqlite3.Cursor, key: str) -> bytes | None:
    row = cursor.execute(_GET, (key,)).fetchone()
    return row[0] if row else None


def items(cursor: sqlite3.Cursor, first: str, beyond: str, limit: int) -> list[tuple[str, bytes]]:
    """(key, value) from `first` up to and without `beyond`, "" for no end, by code points of the keys."""
    return cursor.execute(_ITEMS, (first, beyond or _BEYOND_ALL_TEXT, limit)).fetchall()
