"""`estafeta outbox`: what could not be delivered is listed without its words, sent again or forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from estafeta.app import start, undelivered
from estafeta.app.cli import main
from estafeta.app.faults.servers import free_port
from estafeta.clock import SystemClock
from estafeta.kernel.model import (
    Author,
    Conversation,
    Entry,
    EntryId,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Signal,
    Text,
    ToCustomer,
    UndeliveredMoved,
)
from estafeta.kernel.ports import Accepted, Change
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import ANNA, NOW

LEFT = OutboxItem(
    id=OutboxId("tg.1.2"),
    body=ToCustomer(message=OutboundMessage(id=OutboxId("tg.1.2"), to=ANNA, parts=(Text(text="Private words"),))),
)
FAILED = Entry(
    id=EntryId("e1"), conversation=ANNA.conversation, seq=1, at=NOW, author=Author(kind="system"), kind="delivery",
    data={"of": "tg.1.2", "status": "failed", "sentence": "The customer has blocked the bot."},
)  # fmt: skip


class Running:
    """A platform's way in for the command line, with one message that could not be delivered."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.folder = folder
        self.accepted: list[Signal] = []

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        self.accepted += signals
        return [Accepted(conversation=ANNA.conversation, fresh=True) for _ in signals]

    async def run(self, *arguments: str) -> Result:
        environment = {"ESTAFETA_DATA": str(self.folder), "ESTAFETA_PORT": str(self.port)}
        return await asyncio.to_thread(CliRunner(env=environment).invoke, main, ["outbox", *arguments])


@pytest.fixture
async def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.chdir(tmp_path)
    running = Running(tmp_path)
    store = SqliteStore(tmp_path / "estafeta.db", clock=SystemClock())
    await store.open()
    conversation = Conversation(
        id=ANNA.conversation, address=ANNA, version=1, seq=1, undelivered=(LEFT,), updated_at=NOW
    )
    await store.commit(Change(conversation=conversation, expected_version=0, applied=(), entries=(FAILED,)))
    app = web.Application()
    token = start.new_control_token(tmp_path, running.port)
    undelivered.mount(app, store, running.accept, SystemClock(), token)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", running.port).start()
    yield running
    await runner.cleanup()
    await store.close()


async def test_the_list_says_why_and_keeps_the_words_to_itself(platform: Running) -> None:
    told = await platform.run("list")
    assert told.exit_code == 0
    assert "tg.1.2" in told.output
    assert "telegram" in told.output
    assert "The customer has blocked the bot." in told.output
    assert "Private words" not in told.output


async def test_a_program_reads_the_list(platform: Running) -> None:
    (one,) = json.loads((await platform.run("list", "--json")).stdout)
    assert (one["item"], one["conversation"], one["author"]) == ("tg.1.2", ANNA.conversation, "bot")


@pytest.mark.parametrize("move", ["resend", "drop"])
@pytest.mark.parametrize("which", ["tg.1.2", "--all"])
async def test_a_message_is_sent_again_or_forgotten(platform: Running, move: str, which: str) -> None:
    told = await platform.run(move, which)
    assert told.exit_code == 0
    (signal,) = platform.accepted
    assert signal.conversation == ANNA.conversation
    assert isinstance(signal.event, UndeliveredMoved)
    assert (signal.event.item, signal.event.move) == ("tg.1.2", move)


async def test_an_unknown_message_is_told_and_nothing_happens(platform: Running) -> None:
    told = await platform.run("resend", "nobody")
    assert told.exit_code == 1
    assert "Not among what is undelivered: nobody" in told.output
    assert platform.accepted == []


async def test_saying_neither_which_nor_all_is_a_misuse(platform: Running) -> None:
    assert (await platform.run("drop")).exit_code == 2
    assert (await platform.run("drop", "tg.1.2", "--all")).exit_code == 2


async def test_without_the_proof_of_this_machine_nothing_is_told(platform: Running) -> None:
    (platform.folder / f"control-token-{platform.port}").write_text("another")
    told = await platform.run("list")
    assert told.exit_code == 1
    assert "refused (403)" in told.output
