"""A file of the first format, left by a process that was killed: its work is found, sent once and done with."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

from estafeta.clock import TestClock
from estafeta.kernel.codec import encode
from estafeta.kernel.model import Conversation, OutboundMessage, OutboxId, OutboxItem, Text, ToCustomer
from flows.model import Workspace
from storage.sqlite.file import APPLICATION_ID
from storage.sqlite.migrations import MIGRATIONS
from tests.engine.team import C, One, Team
from tests.world import HOME


def old_body(clock: TestClock) -> bytes:
    """As the first format had it: items had a time at which anybody might take them, and no holder."""
    items = []
    for number in (1, 2):
        id_ = OutboxId(f"s0.{number}")
        message = OutboundMessage(id=id_, to=HOME, parts=(Text(text=f"answer {number}"),))
        items.append(OutboxItem(id=id_, body=ToCustomer(message=message)))
    plain: dict[str, Any] = encode(Conversation(id=C, address=HOME, version=3, seq=0, outbox=tuple(items)))
    for item in plain["outbox"]:
        item["due_at"] = clock.now().isoformat()
    return json.dumps(plain).encode()


def first_format(path: Path, clock: TestClock) -> None:
    with sqlite3.connect(path) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        due = int(clock.now().timestamp() * 1_000_000)
        connection.execute(
            "INSERT INTO conversations (id, version, stage, due_at, has_outbox, updated_at, body) "
            "VALUES (?, 3, 'bot', ?, 1, ?, ?)",
            (C, due, due, old_body(clock)),
        )
        connection.execute("INSERT INTO addresses (key, conversation) VALUES (?, ?)", (HOME.key, C))
    connection.close()


async def test_what_the_first_format_left_is_sent_once_in_order(
    tmp_path: Path, small: Workspace, clock: TestClock
) -> None:
    first_format(tmp_path / "team.db", clock)
    team = Team(tmp_path / "team.db", small, clock)
    await team.store.open()
    try:
        assert await team.store.orphaned(10) == [C]
        one = One(team, "one")
        await one.begin()
        async with asyncio.timeout(10):
            await one.work()
            await one.quiet()
        assert team.seen == ["answer 1", "answer 2"]
        assert (await team.conversation()).outbox == ()
        assert await team.store.orphaned(10) == []
        assert await team.store.due(clock.now(), 10) == []
        await one.lanes.aclose()
    finally:
        await team.store.close()
