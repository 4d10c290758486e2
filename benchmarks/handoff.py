"""How soon do people see who needs them, and does one group of operators hold forty customers?

    python -m benchmarks.handoff [--quick] [--json]

The whole platform on SQLite, in this process, against the stand-in Telegram over HTTP, which lets a bot post 20 times
a minute into a group and no more. What takes milliseconds is measured on the machine's clock; what takes minutes on a
clock of its own (`benchmarks.simulated`), on which the platform and the stand-in live together: ten minutes pass in
one or two. Ends with 1 when a claim fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

import structlog
from pydantic import SecretStr

from benchmarks.demo import ROOT
from bots.telegram.config import TelegramConfig, TelegramGroup
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.faults.servers import free_port
from estafeta.app.wiring import Platform, build, running
from estafeta.clock import SystemClock, TestClock
from estafeta.fakes.telegram import FakeTelegram, Group, Participant, Shown
from estafeta.kernel.model import Understanding
from flows import loader

ASKS = "Позовите человека"


class Nothing:
    """Understands nothing: what is measured is the way of the words, not their meaning."""

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        return Understanding(intent="", confidence=0.0, model="none")


@dataclass(frozen=True, slots=True)
class Shop:
    """The platform with its messenger. `groups` are the operators', `anna` answers in each."""

    platform: Platform
    fake: FakeTelegram
    groups: Sequence[Group]

    def topic_of(self, customer: Participant) -> tuple[Group, int] | None:
        """Where the customer's card stands, once it does: the topic is there a moment before."""
        name = customer.user["first_name"]
        for group in self.groups:
            for topic in group.topics:
                if name in topic.name and any(one.by_bot and one.buttons for one in self.read(group, topic.id)):
                    return group, topic.id
        return None

    def read(self, group: Group, topic: int) -> list[Shown]:
        return self.fake.messages(group, topic=topic)

    def operator(self, group: Group) -> Participant:
        return group.operator("Анна")


@contextlib.asynccontextmanager
async def shop(folder: Path, *, groups: int = 1, clock: TestClock | None = None) -> AsyncIterator[Shop]:
    """Open all day, so that the hour at which this runs does not matter."""
    fake = FakeTelegram(clock=clock.monotonic) if clock else FakeTelegram()
    if clock:
        fake.world.now = lambda: clock.now().timestamp()
        fake.webhook.now = fake.world.now
    async with fake:
        rooms = [fake.group(f"Операторы {number + 1}") for number in range(groups)]
        for room in rooms:
            room.operator("Анна")
        settings = Settings.model_construct(
            **{
                **{name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()},
                "port": free_port(),
                "data": folder,
                "desk": DeskConfig(open_to_members=True),
                "telegram": TelegramConfig(
                    token=SecretStr(fake.token), account="shop", base_url=fake.url, group_id=rooms[0].id,
                    groups=tuple(TelegramGroup(id=room.id) for room in rooms[1:]), overflow_after=0.0,
                ),
            }
        )  # fmt: skip
        workspace = loader.load(ROOT / "demo")
        platform = build(
            settings, workspace, Nothing(), secrets={}, variables={"SHOP_URL": "http://127.0.0.1:1"},
            control_token="benchmark", clock=clock or SystemClock(),
        )  # fmt: skip
        async with running(platform):
            yield Shop(platform, fake, rooms)


# --- on the machine's clock ----------------------------------------------------------------------


async def unloaded(folder: Path, times: int) -> tuple[list[float], list[float]]:
    """Seconds from asking to the card, and from an operator's answer to the customer's messenger."""
    cards: list[float] = []
    answers: list[float] = []
    async with shop(folder) as here:
        for number in range(times):
            customer = here.fake.private(f"Клиент{number:02}")
            began = time.perf_counter()
            customer.says(ASKS)
            found = await here.fake.wait(partial(here.topic_of, customer), 30)
            cards.append(time.perf_counter() - began)
            group, topic = found
            for turn in range(4):
                words = f"Ответ {number}.{turn}"
                began = time.perf_counter()
                here.operator(group).says(words, topic=topic)
                await here.fake.wait(partial(_reads, here, customer, words), 30)
                answers.append(time.perf_counter() - began)
                await asyncio.sleep(1.1)  # a bot may write once a second to one person
    return cards, answers


def _reads(here: Shop, customer: Participant, words: str) -> bool:
    return words in here.fake.shown(customer)


# --- the table -----------------------------------------------------------------------------------


@dataclass(slots=True)
class Table:
    """What was measured, and against what it is claimed."""

    lines: dict[str, float] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    quiet: bool = False

    def add(self, name: str, value: float, unit: str = "", *, most: float | None = None) -> None:
        """Without `most` it is only told."""
        self.lines[name] = round(value, 3)
        holds = most is None or value <= most
        if not holds:
            self.failed.append(name)
        if not self.quiet:
            claim = "" if most is None else f"  (claim: at most {most:g}) {'ok' if holds else 'FAILED'}"
            print(f"{name:<72} {value:>9.3f} {unit}{claim}", flush=True)

    def times(self, name: str, seconds: Sequence[float], *, most: float | None = None) -> None:
        self.add(f"{name}, p50", median(seconds), "s")
        self.add(f"{name}, p95", p95(seconds), "s", most=most)


def p95(values: Sequence[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(0.95 * len(ordered) + 0.5) - 1)]


async def measured(table: Table, *, quick: bool) -> None:
    from benchmarks import simulated

    with tempfile.TemporaryDirectory() as folder:
        cards, answers = await unloaded(Path(folder), 4 if quick else 8)
    table.times("handoff asked to card, nobody else there", cards, most=1.0)
    table.times("operator's answer to customer's messenger", answers, most=0.5)
    await simulated.tell(table, quick=quick)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.handoff", description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a third of the work")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON and nothing else")
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    table = Table(quiet=given.json)
    asyncio.run(measured(table, quick=given.quick))
    if given.json:
        print(json.dumps({"figures": table.lines, "failed": table.failed}, ensure_ascii=False))
    return 1 if table.failed else 0


if __name__ == "__main__":
    sys.exit(main())
