"""Customers write while one language model after the other comes into service, is tried, promoted and rolled back; the
process is killed at each point where the store is written or a model is loaded, and started again.

A program of its own, like `tests.engine.crash_runner`: each run is a fork, a kill a real SIGKILL. Prints one JSON
object: how many kills there were, what was wrong afterwards, and which models answered when nothing was killed. Run by
test_swap_killed.py.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import tempfile
from collections.abc import Awaitable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from estafeta.clock import TestClock
from estafeta.kernel.model import Address, CustomerSaid, Entry, Intent, Json, Text, Understanding
from estafeta.model_watch import ModelWatch
from estafeta.publications import NotPublished
from flows import loader
from flows.model import Workspace
from tests.engine.crash_runner import NOON, Dying, FiledChannel, FiledDesk, told
from tests.engine.models.world import WHO, model
from tests.world import World

SMALL = Path(__file__).parents[1] / "workspace"
CUSTOMERS = ("masha", "petya")
MESSAGES = 5
ANSWER = "By card or cash"
MODELS = {"own", "one", "two"}
SLOW = "slow"


class DyingAnywhere(Dying):
    """Dies also where a model is brought into the store or into service, or is loaded."""

    async def put(self, key: str, value: Json) -> None:
        self.point()
        await super().put(key, value)
        self.point()


class Slow:
    """Tells when a slow text was asked about, and holds it until it is let go."""

    def __init__(self) -> None:
        self.asked, self.let_go = asyncio.Event(), asyncio.Event()


class Paying:
    """Takes everything for a question about payment, and says which model it is."""

    def __init__(self, name: str, slow: Slow) -> None:
        self.name = name
        self._slow = slow

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        if text == SLOW:
            self._slow.asked.set()
            await self._slow.let_go.wait()
        ranking = (Intent(name="payment", confidence=0.9),)
        return Understanding(intent="payment", confidence=0.9, ranking=ranking, model=self.name)


async def play(folder: Path, workspace: Workspace, kill_at: int, at: datetime) -> None:
    """All of it from the first: what was stored already are duplicates, what was published already is refused."""
    clock = TestClock(at)
    store = DyingAnywhere(folder / "store.db", clock=clock)
    store.kill_at = kill_at
    slow = Slow()

    def load(path: Path) -> Paying:
        store.point()
        return Paying((path / "model.json").read_text(), slow)

    watch = ModelWatch(store=store, clock=clock, own=("own", Paying("own", slow)), load=load)
    world = World(
        folder / "store.db", workspace, watch, clock, channel=FiledChannel(folder / "sent"),
        desk=FiledDesk(folder / "shown"), store=store,
    )  # fmt: skip
    world.engine.understander_of = watch.of

    async def write(number: int) -> None:
        await asyncio.gather(*(_says(world, who, f"message {number}", f"{who}.{number}") for who in CUSTOMERS))

    async def change(doing: Awaitable[object]) -> None:
        with contextlib.suppress(NotPublished):
            await doing
        await watch.renew()

    async with world.running():
        await watch.renew()
        await write(0)
        begun = asyncio.create_task(_says(world, "slow", SLOW, "slow.0"))
        if not await world.store.entries(_home("slow").conversation):
            await slow.asked.wait()
        await change(watch.models.publish("one", model(folder, "one"), who=WHO))
        slow.let_go.set()
        await asyncio.gather(begun, write(1))
        await asyncio.gather(change(watch.models.publish("two", model(folder, "two"), who=WHO, share=50)), write(2))
        await asyncio.gather(change(watch.models.promote(who=WHO)), write(3))
        await asyncio.gather(change(watch.models.roll_back(who=WHO)), write(4))
        people = {who: await world.store.entries(_home(who).conversation) for who in (*CUSTOMERS, "slow")}
        sent = told(folder / "sent")
    wrong = [line for who, entries in people.items() for line in _wrong(who, entries)]
    expected = sum(entry.kind == "said" and entry.author.kind == "bot" for one in people.values() for entry in one)
    if len(sent) != expected or set(sent) != {ANSWER}:
        wrong.append(f"{len(sent)} messages were sent instead of {expected}")
    models = {entry.understanding.model for one in people.values() for entry in one if entry.understanding}
    (folder / "result").write_text(json.dumps({"wrong": wrong, "models": sorted(models)}))


def _home(who: str) -> Address:
    return Address(channel="recorder", account="test", chat=who)


async def _says(world: World, who: str, text: str, identity: str) -> None:
    said = CustomerSaid(message=identity, parts=(Text(text=text),))
    await world.tell(said, identity=identity, address=_home(who))
    await world.settled(_home(who).conversation)


def _wrong(who: str, entries: list[Entry]) -> list[str]:
    """Every message is there once, in its order, has one answer, and was understood by one of the models."""
    written = [SLOW] if who == "slow" else [f"message {number}" for number in range(MESSAGES)]
    spoken = [(entry.author.kind, entry.text) for entry in entries if entry.kind == "said"]
    wrong = []
    if spoken != [line for text in written for line in (("customer", text), ("bot", ANSWER))]:
        wrong.append(f"{who}: {spoken}")
    models = [
        entry.understanding.model if entry.understanding else ""
        for entry in entries
        if entry.author.kind == "customer" and entry.kind == "said"
    ]
    if not set(models) <= MODELS:
        wrong.append(f"{who}: understood by {models}")
    return wrong


def _forked(folder: Path, workspace: Workspace, kill_at: int, at: datetime) -> int:
    """Plays in a fork; the wait status."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(play(folder, workspace, kill_at, at))
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def _result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result").read_text())
    return found


def main() -> None:
    workspace = loader.load(SMALL)
    kills, wrong = 0, []
    with tempfile.TemporaryDirectory() as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        asyncio.run(play(whole, workspace, -1, NOON))  # here, so that the forks find all that is made only once
        reference = _result(whole)
        while True:
            folder = Path(temporary) / f"run-{kills}"
            folder.mkdir()
            if not os.WIFSIGNALED(_forked(folder, workspace, kills, NOON)):
                break
            # An hour later, when nobody holds a lease any more.
            if _forked(folder, workspace, -1, NOON + timedelta(hours=1)):
                wrong.append(f"point {kills}: the process did not come back")
            else:
                wrong += [f"point {kills}: {line}" for line in _result(folder)["wrong"]]
            kills += 1
    print(json.dumps({"kills": kills, "wrong": reference["wrong"] + wrong, "models": reference["models"]}))


if __name__ == "__main__":
    main()
