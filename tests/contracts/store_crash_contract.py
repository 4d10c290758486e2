"""What every `Store` promises about a process that is killed: what it acknowledged is there, once."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from tests.contracts.store_child import CHATS
from tests.contracts.store_contract import StoreFixtures
from tests.contracts.store_examples import opened

ROOT = Path(__file__).parents[2]


async def killed_after(opener: str, place: str, lines: int) -> list[list[str]]:
    """What a child told until it was killed with SIGKILL in the middle of its work."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.contracts.store_child",
        opener,
        place,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert child.stdout is not None
    told = [await child.stdout.readline() for _ in range(lines)]
    child.kill()
    rest = await child.stdout.read()
    assert await child.wait() == -signal.SIGKILL
    whole = (b"".join(told) + rest).decode()
    return [line.split() for line in whole[: whole.rfind("\n")].splitlines()]


class StoreCrashContract(StoreFixtures):
    @pytest.mark.parametrize("lines", [1, 60, 400])
    async def test_what_was_acknowledged_before_a_kill_is_there_once(
        self, place: str, clock: TestClock, lines: int
    ) -> None:
        told = await killed_after(self.opener, place, lines)
        assert len(told) >= lines
        store = opened(self.opener, place, clock)
        await store.open()
        for chat in CHATS:
            accepted = [line[2] for line in told if line[:2] == ["accepted", chat.chat]]
            versions = [int(line[2]) for line in told if line[:2] == ["committed", chat.chat]]
            mailbox = await store.load(chat.conversation)
            entries = await store.entries(chat.conversation, limit=100_000)
            conversation = mailbox.conversation
            assert (conversation.version if conversation else 0) >= max(versions, default=0)
            assert [entry.seq for entry in entries] == list(range(1, (conversation.seq if conversation else 0) + 1))
            stored = [entry.id.removesuffix(".e") for entry in entries] + [waiting.id for waiting in mailbox.signals]
            assert stored[: len(accepted)] == accepted, "lost, doubled or out of order"
            assert len(stored) <= len(accepted) + 1, "more than the one that was under way"
        await store.close()
