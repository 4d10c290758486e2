"""Plays one dialog again and again, killing the process at each point where the store is written.

A program of its own: it loads everything once and forks for each run, so that a kill is a real
SIGKILL of a real process and still costs little. Prints one JSON object: how many kills there were
and what differed afterwards. Run by test_crash.py.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp.test_utils import TestServer

from estafeta.clock import TestClock
from estafeta.fakes import shop
from estafeta.kernel.model import CustomerSaid, Notice, OutboundMessage, OutboxId, Signal, Text
from estafeta.kernel.ports import Accepted, Change, DeskView, Receipt
from flows import loader
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.words import Words
from tests.world import RecordingChannel, RecordingDesk, World

HERE = Path(__file__).parent
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
DIALOG = [
    ("customer", "how do I pay"),
    ("customer", "where is my order"),
    ("customer", "100234"),
    ("customer", "a person please"),
    ("operator", "take"),
    ("operator", "// looks fine"),
    ("operator", "Hello, how can I help?"),
    ("customer", "just saying hello"),
    ("operator", "return"),
    ("customer", "pay"),
]


class Dying(SqliteStore):
    """Kills its process before or after the n-th write: 2n is before, 2n + 1 after."""

    kill_at = -1
    points = 0

    def point(self) -> None:
        if self.points == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        self.points += 1

    async def accept(self, signals: Sequence[Signal]) -> list[Accepted]:
        self.point()
        accepted = await super().accept(signals)
        self.point()
        return accepted

    async def commit(self, change: Change) -> None:
        self.point()
        await super().commit(change)
        self.point()


class FiledChannel(RecordingChannel):
    """A messenger with an idempotency key, whose memory outlives our process: a file."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def send(self, message: OutboundMessage) -> str:
        _remember(self._path, message.id, message.parts[0].text if isinstance(message.parts[0], Text) else "?")
        return await super().send(message)


class FiledDesk(RecordingDesk):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        _remember(self._path, item, notice.kind)
        return await super().show(item, notice, view)


def _remember(path: Path, key: str, value: str) -> None:
    lines = path.read_text().splitlines() if path.exists() else []
    if all(json.loads(line)[0] != key for line in lines):
        with path.open("a") as file:
            file.write(json.dumps([key, value]) + "\n")


async def play(folder: Path, workspace: Workspace, kill_at: int) -> None:
    """All acts from the first: those that were stored already are duplicates, as from a messenger
    that repeats what was not acknowledged."""
    server = TestServer(shop.make_app("http://127.0.0.1:1", HERE.parents[1] / "demo" / "shop"))
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    clock = TestClock(NOON)
    store = Dying(folder / "store.db", clock=clock)
    store.kill_at = kill_at
    world = World(
        folder / "store.db", workspace, Words(), clock, channel=FiledChannel(folder / "sent"),
        desk=FiledDesk(folder / "shown"), variables={"SHOP_URL": url}, store=store,
    )  # fmt: skip
    async with world.running():
        for who, text in DIALOG:
            if who == "customer":
                await world.tell(CustomerSaid(message=text, parts=(Text(text=text),)))
                await world.settled()
            else:
                await world.operator(text)
        result = {
            "transcript": await world.transcript(),
            "sent": told(folder / "sent"),
            "shown": told(folder / "shown"),
        }
    (folder / "result").write_text(json.dumps(result))
    await server.close()


def told(path: Path) -> list[Any]:
    return [json.loads(line)[1] for line in path.read_text().splitlines()]


def _forked(folder: Path, workspace: Workspace, kill_at: int) -> int:
    """Plays in a fork; the wait status."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(play(folder, workspace, kill_at))
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def main() -> None:
    workspace = loader.load(HERE / "workspace")
    kills = 0
    differences = []
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        if _forked(whole, workspace, -1):
            sys.exit("the dialog does not even play undisturbed")
        reference = json.loads((whole / "result").read_text())
        point = 0
        while True:
            folder = Path(temporary) / f"run-{point}"
            folder.mkdir()
            status = _forked(folder, workspace, point)
            if not os.WIFSIGNALED(status):
                break
            kills += 1
            if _forked(folder, workspace, -1):
                differences.append(f"point {point}: the process did not come back")
            else:
                result = json.loads((folder / "result").read_text())
                differences += [
                    f"point {point}: {key} differs: {result[key]}" for key in reference if result[key] != reference[key]
                ]
            point += 1
    print(json.dumps({"kills": kills, "differences": differences, "reference": reference}))


if __name__ == "__main__":
    main()
