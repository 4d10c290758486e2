"""What lies in the rows: what is dropped, and what happens to rows that cannot be read."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Stage
from estafeta.kernel.ports import Accepted, Mailbox
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import ANNA, BORIS, NOW, decided, said

C = ANNA.conversation
SECRET = b'{"at": "my secret words"}'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "estafeta.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(path, clock=TestClock(NOW))
    await store.open()
    yield store
    await store.close()


def sql(path: Path, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
    """What another program does to the file."""
    with sqlite3.connect(path) as other:
        rows = other.execute(statement, parameters).fetchall()
    other.close()
    return rows


async def test_an_applied_signal_keeps_its_id_and_drops_its_body(store: SqliteStore, path: Path) -> None:
    await store.accept([said(1), said(2)])
    await store.commit(decided(await store.load(C)))
    await store.accept([said(3)])
    rows = sql(path, "SELECT id, applied, body IS NULL FROM signals ORDER BY seq")
    assert rows == [(said(1).id, 1, 1), (said(2).id, 1, 1), (said(3).id, 0, 0)]


@pytest.mark.parametrize("body", [SECRET, b"\xff\xfe", b"", b"5", b'{"t": "NoSuchEvent"}'])
async def test_a_signal_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    store: SqliteStore, path: Path, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    await store.accept([said(1), said(2), said(3)])
    sql(path, "UPDATE signals SET body = ? WHERE id = ?", body, said(2).id)
    with caplog.at_level(logging.DEBUG):
        assert (await store.load(C)).signals == (said(1), said(3))
    assert said(2).id in caplog.text
    assert "secret" not in caplog.text
    [(id_, conversation, kept, reason)] = sql(path, "SELECT id, conversation, body, reason FROM dead_signals")
    assert (id_, conversation, kept) == (said(2).id, C, body)
    assert reason
    assert (await store.load(C)).signals == (said(1), said(3))
    assert await store.accept([said(2)]) == [Accepted(conversation=C, fresh=False)]


async def test_a_conversation_that_cannot_be_read_stops_only_itself(
    store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty = Mailbox(conversation=None, signals=())
    for chat in (ANNA, BORIS):
        await store.commit(decided(empty, chat))
    sql(path, "UPDATE conversations SET body = ? WHERE id = ?", SECRET, C)
    with pytest.raises(StoreUnavailable, match=C):
        await store.load(C)
    assert [c.address for c in await store.conversations(stages=[Stage.BOT])] == [BORIS]
    assert "secret" not in caplog.text


async def test_an_entry_that_cannot_be_read_is_left_out(
    store: SqliteStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await store.accept([said(1), said(2)])
    await store.commit(decided(await store.load(C)))
    sql(path, "UPDATE entries SET body = ? WHERE seq = 1", SECRET)
    assert [entry.seq for entry in await store.entries(C)] == [2]
    assert "secret" not in caplog.text


async def test_an_entry_in_the_place_of_another_is_refused_with_all_of_its_change(store: SqliteStore) -> None:
    await store.accept([said(1)])
    first = decided(await store.load(C))
    await store.commit(first)
    await store.accept([said(2)])
    mailbox = await store.load(C)
    change = decided(mailbox)
    wrong = replace(change, entries=tuple(replace(entry, seq=1) for entry in change.entries))
    with pytest.raises(ValueError, match="entry 1"):
        await store.commit(wrong)
    assert await store.load(C) == mailbox
    assert await store.entries(C) == list(first.entries)


async def test_a_change_that_skips_a_version_is_refused(store: SqliteStore) -> None:
    change = decided(Mailbox(conversation=None, signals=()))
    with pytest.raises(ValueError, match="does not follow"):
        await store.commit(replace(change, expected_version=4))


async def test_numbers_json_cannot_hold_are_kept_as_near_as_it_can(store: SqliteStore) -> None:
    await store.put("key", {"big": 2**70, "half\ud800": "\udc00", "ok": (1, True)})
    assert await store.get("key") == {"big": 2.0**70, "half\ufffd": "\ufffd", "ok": [1, True]}
