"""The operators' group on a clock of its own: hours of a shop's day in minutes, with Telegram's limits at work.

Part of `benchmarks.handoff`. The platform and the stand-in share a `TestClock`; it moves a step when all that the last
step brought about has come to rest.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.handoff import ASKS, Shop, p95, shop
from estafeta.clock import TestClock
from estafeta.fakes.telegram import Call, Group, Participant
from estafeta.fakes.telegram.limits import COUNTED

if TYPE_CHECKING:
    from benchmarks.handoff import Table

STEP = 0.5
_REST = 0.002
_DRAINS = 900.0
"""Seconds in which whatever waits must have been shown."""
_WORD = re.compile(r"\bслово-(\d+)-(\d+)\b")


class Ticking(TestClock):
    """Counts who falls asleep: a sign that something happened."""

    def __init__(self) -> None:
        super().__init__()
        self.naps = 0

    async def sleep(self, seconds: float) -> None:
        self.naps += 1
        await super().sleep(seconds)


@dataclass(slots=True)
class Day:
    """What happens in a simulated stretch of time, and what was seen of it."""

    here: Shop
    clock: Ticking
    asked: dict[str, float] = field(default_factory=dict)
    said: dict[tuple[int, int], float] = field(default_factory=dict)
    _plans: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)

    @property
    def now(self) -> float:
        return self.clock.monotonic()

    def at(self, seconds: float, deed: Callable[[], None]) -> None:
        self._plans.append((self.now + seconds, len(self._plans), deed))

    async def pass_(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """Lets so much time pass, or less if `until` comes true."""
        end = self.now + seconds
        while self.now < end and not until():
            self._plans.sort()
            while self._plans and self._plans[0][0] <= self.now:
                self._plans.pop(0)[2]()
            await self._rests()
            await self.clock.advance(STEP)
        await self._rests()

    async def _rests(self) -> None:
        """Until nothing happens any more without time passing."""
        still, seen = 0, None
        while still < 3:
            await asyncio.sleep(_REST)
            worker = self.here.platform.worker
            turns = worker.engine.tally.turns if worker else 0
            busy = worker.engine.lanes.busy if worker else 0
            signs = (self.clock.naps, len(self.here.fake.calls), turns, busy, len(self.here.fake.updates.pending))
            still, seen = (still + 1 if signs == seen and not busy else 0), signs

    # --- people

    def customer(self, number: int) -> Participant:
        return self.here.fake.private(f"Клиент{number:03}")

    def asks(self, number: int) -> None:
        who = self.customer(number)
        self.asked[who.user["first_name"]] = self.now
        who.says(ASKS)

    def says(self, number: int, word: int) -> None:
        self.said[number, word] = self.now
        self.customer(number).says(f"слово-{number}-{word}")

    def says_next(self, number: int) -> None:
        self.says(number, 1 + max((word for who, word in self.said if who == number), default=0))

    def answers(self, number: int) -> None:
        """The operator, if the card is there by now."""
        found = self.here.topic_of(self.customer(number))
        if found is not None:
            group, topic = found
            self.here.operator(group).says("Сейчас посмотрю.", topic=topic)

    def closes(self, number: int) -> None:
        found = self.here.topic_of(self.customer(number))
        if found is not None:
            group, topic = found
            card = next(one for one in self.here.fake.messages(group, topic=topic) if one.by_bot and one.buttons)
            data = [b["callback_data"] for row in card.raw["reply_markup"]["inline_keyboard"] for b in row]
            closing = next((one for one in data if "close" in one), "")
            if closing:
                self.here.operator(group).presses(closing, message_id=card.id)

    # --- what came of it

    def posts(self) -> list[Call]:
        """What Telegram counted of our calls into the groups."""
        ids = {group.id for group in self.here.groups}
        return [
            call
            for call in self.here.fake.calls
            if call.method in COUNTED and call.params.get("chat_id") in ids and call.status == 200
        ]

    def refused(self) -> int:
        return sum(call.status == 429 for call in self.here.fake.calls)

    def cards(self) -> dict[str, float]:
        """When each customer's first card came."""
        names: dict[tuple[int, int], str] = {}
        came: dict[str, float] = {}
        for call in self.posts():
            if call.method == "createForumTopic":
                found = re.search(r"Клиент\d+", call.params["name"])
                names[call.params["chat_id"], call.result["message_thread_id"]] = found[0] if found else ""
            elif call.method == "sendMessage" and "reply_markup" in call.params:
                name = names.get((call.params["chat_id"], call.params.get("message_thread_id", 0)), "")
                came.setdefault(name, call.at)
        return came

    def waits_for_cards(self) -> list[float]:
        came = self.cards()
        return [came.get(name, self.now) - at for name, at in self.asked.items()]

    def shown(self) -> dict[tuple[int, int], float]:
        """When each of the customers' words was there for operators to read."""
        seen: dict[tuple[int, int], float] = {}
        for call in self.posts():
            text = str(call.params.get("text") or "")
            for number, word in _WORD.findall(text):
                seen.setdefault((int(number), int(word)), call.at)
        return seen

    def worded(self) -> int:
        """Posts with customers' words in them."""
        return sum(bool(_WORD.search(str(call.params.get("text") or ""))) for call in self.posts())

    def out_of_order(self) -> int:
        """Words that stand before earlier ones of their customer."""
        wrong = 0
        for group in self.here.groups:
            for topic in group.topics:
                wrong += _wrong(group, topic.id, self.here)
        return wrong


def _wrong(group: Group, topic: int, here: Shop) -> int:
    """Cards are left out: they show the latest words wherever they stand."""
    words: list[int] = []
    for message in here.fake.messages(group, topic=topic):
        if message.by_bot and not message.buttons:
            words += [int(word) for _, word in _WORD.findall(message.text)]
    return sum(later < earlier for earlier, later in itertools.pairwise(words))


async def tell(table: Table, *, quick: bool) -> None:
    await _one_ticket(table, 4 if quick else 12)
    await _forty(table, 3.0 if quick else 10.0)
    for groups in (1, 2, 4):
        await _at_once(table, groups, 40)


async def _one_ticket(table: Table, tickets: int) -> None:
    """A ticket like most: six messages of the customer, three answers, closed. Nobody hurries."""
    clock = Ticking()
    with tempfile.TemporaryDirectory() as folder:
        async with shop(Path(folder), clock=clock) as here:
            day = Day(here, clock)
            await day.pass_(5)
            before = len(day.posts())
            for number in range(tickets):
                start = number * 60.0
                day.at(start, partial(day.asks, number))
                for word, after in enumerate((8, 11, 60, 64, 120)):
                    day.at(start + after, partial(day.says, number, word))
                for after in (30, 90, 150):
                    day.at(start + after, partial(day.answers, number))
                day.at(start + 170, partial(day.closes, number))
            await day.pass_(tickets * 60.0 + 300)
            spent = _by_method(day.posts()[before:])
            _account(table, "a ticket with 6 messages", day)
    table.add("a ticket with 6 messages, nothing else going on: calls", sum(spent.values()) / tickets)
    for method, count in sorted(spent.items()):
        table.add(f"  of them {method}", count / tickets)


async def _forty(table: Table, minutes: float) -> None:
    """Forty tickets in one group, sixty messages a minute in bursts; now and then a new customer."""
    chance = random.Random(4)
    clock, tickets = Ticking(), 40
    with tempfile.TemporaryDirectory() as folder:
        async with shop(Path(folder), clock=clock) as here:
            day = Day(here, clock)
            await day.pass_(2)
            for number in range(tickets):
                day.at(number * 6.5, partial(day.asks, number))
                day.at(number * 6.5 + 30, partial(day.answers, number))
            await day.pass_(tickets * 6.5 + 60)
            table.times("forty tickets opened, one each 6.5 s: asked to card", day.waits_for_cards())
            day.asked.clear()
            began, length = len(day.posts()), minutes * 60
            planned = 0
            while planned < 60 * minutes:
                who, start = chance.randrange(tickets), chance.uniform(0, length - 20)
                for n in range(chance.choice((2, 3, 4, 6))):
                    day.at(start + 3.0 * n, partial(day.says_next, who))
                    planned += 1
                day.at(start + 45, partial(day.answers, who))
            for number in range(int(minutes * 2)):
                start = chance.uniform(0, length)
                day.at(start, partial(day.asks, 100 + number))
                day.at(start + 40, partial(day.answers, 100 + number))
            await day.pass_(length)
            spent = len(day.posts()) - began
            table.times("a new customer beside forty tickets: asked to card", day.waits_for_cards(), most=10.0)
            table.add("forty tickets: customers' messages", len(day.said))
            table.add("forty tickets: calls a minute", spent / minutes, most=20.0)
            cards = 2 * int(minutes * 2)
            table.add(
                "forty tickets: calls for a card and 6 messages", 2 + 6 * (spent - cards) / len(day.said), most=5.0
            )
            for method, count in sorted(_by_method(day.posts()[began:]).items()):
                table.add(f"  of all calls {method}", count)
            await day.pass_(_DRAINS, until=lambda: len(day.shown()) == len(day.said))
            _account(table, "forty tickets", day)
            table.add("forty tickets: messages in a post", len(day.said) / day.worded())
    waited = [at - day.said[key] for key, at in day.shown().items()]
    table.times("forty tickets: said to shown", waited)


async def _at_once(table: Table, groups: int, customers: int) -> None:
    """So many ask within a second, out of the blue."""
    clock = Ticking()
    with tempfile.TemporaryDirectory() as folder:
        async with shop(Path(folder), groups=groups, clock=clock) as here:
            day = Day(here, clock)
            await day.pass_(70)
            for number in range(customers):
                day.at(number / customers, partial(day.asks, number))
            await day.pass_(600, until=lambda: len(day.asked) == customers and len(day.cards()) == customers)
            waits = day.waits_for_cards()
            table.add(f"{customers} customers at once, {groups} groups: asked to card, p95", p95(waits), "s")
            table.add(f"  refused by Telegram (429), {groups} groups", day.refused(), most=0)


def _account(table: Table, name: str, day: Day) -> None:
    table.add(f"{name}: words lost", len(day.said.keys() - day.shown().keys()), most=0)
    table.add(f"{name}: words out of order", day.out_of_order(), most=0)
    table.add(f"{name}: refused by Telegram (429)", day.refused(), most=0)


def _by_method(calls: list[Call]) -> dict[str, int]:
    spent: dict[str, int] = defaultdict(int)
    for call in calls:
        spent[call.method] += 1
    return spent
