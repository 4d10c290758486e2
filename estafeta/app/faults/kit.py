"""A run of the fault kit: the product on real servers, people who write by a known script, faults while they do,
then quiet, and the judge.

    temporary folder → mongod, redis-server, the stand-in for Telegram, the shop → the product's processes
    → people write, faults happen; at half of it Telegram changes from being polled to posting its updates
    → everything is healthy, everything has settled → what people saw and what the store holds is judged
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from estafeta.app.faults import logged
from estafeta.app.faults.balancer import Balancer
from estafeta.app.faults.inject import Injector
from estafeta.app.faults.invariants import Invariant, judge, waits
from estafeta.app.faults.ledger import Fault, Ledger, Overheard, Said, Seen
from estafeta.app.faults.people import GROUP, WORKSPACE, People
from estafeta.app.faults.product import Forks, Product
from estafeta.app.faults.report import Figures, Outcome, taken_over
from estafeta.app.faults.schedule import Planned, schedule
from estafeta.app.faults.servers import MongoServer, RedisServer, free_port, served
from estafeta.app.faults.stock import Stock
from estafeta.app.faults.stored import Stored
from estafeta.app.faults.takeover import Outages, Takeovers
from estafeta.app.wiring import LEASE
from estafeta.fakes.telegram import FakeTelegram

DATABASE = "faults"
PREFIX = "faults"
_PER_SECOND = 50.0
"""Customers' messages a second, at most: what two processor cores do with everything on them."""
_BETWEEN = 1.8
"""Seconds from one fault to the next, about."""
_BEHIND = 10.0
_SETTLE_WITHIN = 60.0
_TICK = 0.1
_UNLIMITED = "1000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a run is to be. `timed`: whether figures of speed are promises in it. `seconds`: how long it takes if
    the product keeps up."""

    messages: int
    faults: int
    seed: int
    timed: bool = True

    @property
    def seconds(self) -> float:
        return max(self.messages / _PER_SECOND, self.faults * _BETWEEN)

    @property
    def pace(self) -> float:
        return self.messages / self.seconds

    @property
    def posted_from(self) -> float:
        """When Telegram begins to post its updates."""
        return self.seconds / 2


async def run(wanted: Wanted, folder: Path, models: Path, say: Callable[[str], None]) -> Outcome:
    """Runs in `folder`, which exists and then holds logs and the ledger, with the language model of `WORKSPACE`
    in `models`. Raises `ConfigurationError` when it cannot run at all."""
    mongo, redis = MongoServer(folder), RedisServer(folder)
    async with contextlib.AsyncExitStack() as stack:
        forks = Forks(folder / "forks.log")
        stack.push_async_callback(forks.stop)
        await forks.start(WORKSPACE, models)
        await stack.enter_async_context(served(mongo, redis))
        forks.guard(mongo.pid)
        forks.guard(redis.pid)
        telegram = await stack.enter_async_context(FakeTelegram(limits=None, webhook_delay=0.5))
        stock = await stack.enter_async_context(Stock())
        front = free_port()
        environment = _environment(mongo, redis, telegram, stock, f"http://127.0.0.1:{front}")
        product = Product(forks, folder, environment, seed=wanted.seed, roles=("web", "worker", "telegram"))
        stack.callback(product.end)
        balancer = Balancer(front, [process.port for process in product.of("web")])
        await stack.enter_async_context(balancer)
        stored = await stack.enter_async_context(Stored(mongo.url, DATABASE, redis.url))
        await product.start()
        say("All processes are ready.")
        ledger = Ledger()
        epoch = time.time() - ledger.now()
        outages = Outages()
        takeovers = Takeovers(stored, outages, LEASE)
        injector = Injector(
            product=product, forks=forks, servers={"mongod": mongo, "redis": redis}, telegram=telegram,
            ledger=ledger, takeovers=takeovers, outages=outages,
        )  # fmt: skip
        done: list[Planned] = []
        began = ledger.now()

        def tell(line: str) -> None:
            say(f"{ledger.now() - began:4.0f} s: {line}, {len(done)} of {wanted.faults} faults")

        people = People(
            seed=wanted.seed, messages=wanted.messages, ledger=ledger, telegram=telegram,
            web=lambda: balancer.url, say=tell,
        )  # fmt: skip
        play = _Play(wanted, product, people, injector, ledger, balancer.url, say, done)
        try:
            async with _waited() as waited:
                settled = await play.through(stored)
                await takeovers.end()
        finally:
            logged.note(ledger, folder, epoch)
            ledger.write(folder / "ledger.jsonl")
        answered, messages = people.progress
        return Outcome(
            seed=wanted.seed,
            messages=messages,
            done=answered,
            seconds=ledger.now() - began,
            faults=Counter(fault.kind for fault in done),
            invariants=[
                *judge(ledger),
                *settled,
                taken_over(takeovers.done, timed=wanted.timed),
                _processes(product, outages, injector.late_stops),
                _bot_api(telegram, ledger),
            ],
            takeovers=takeovers.done,
            answers=Figures.of([seconds for _, seconds in waits(ledger)]),
            mistaken=Counter(
                str(line.data["cause"])
                for line in ledger.lines
                if isinstance(line, Fault) and line.kind == logged.TAKEN
            ),
            errors=errors_logged(folder),
            waited=waited,
        )


def _environment(
    mongo: MongoServer, redis: RedisServer, telegram: FakeTelegram, stock: Stock, url: str
) -> dict[str, str]:
    """What every process of the product is given, as an administrator would."""
    return {
        "ESTAFETA_PUBLIC_URL": url,
        "ESTAFETA_WORKSPACE": str(WORKSPACE),
        "ESTAFETA_LOG_LEVEL": "info",
        "ESTAFETA_MONGO__URL": mongo.url,
        "ESTAFETA_MONGO__DATABASE": DATABASE,
        "ESTAFETA_REDIS__URL": redis.url,
        "ESTAFETA_REDIS__PREFIX": PREFIX,
        "ESTAFETA_TELEGRAM__TOKEN": telegram.token,
        "ESTAFETA_TELEGRAM__BASE_URL": telegram.url,
        "ESTAFETA_TELEGRAM__GROUP_ID": str(telegram.group(GROUP).id),
        "ESTAFETA_DESK__OPEN_TO_MEMBERS": "true",
        "ESTAFETA_TELEGRAM__LIMITS__BOT_PER_SECOND": _UNLIMITED,
        "ESTAFETA_TELEGRAM__LIMITS__CHAT_PER_SECOND": _UNLIMITED,
        "ESTAFETA_TELEGRAM__LIMITS__CHAT_BURST": _UNLIMITED,
        "ESTAFETA_TELEGRAM__LIMITS__GROUP_PER_MINUTE": _UNLIMITED,
        "ESTAFETA_VAR_STOCK_URL": stock.url,
    }


class _Play:
    """People who write, and faults meanwhile; then quiet."""

    def __init__(
        self,
        wanted: Wanted,
        product: Product,
        people: People,
        injector: Injector,
        ledger: Ledger,
        url: str,
        say: Callable[[str], None],
        done: list[Planned],
    ) -> None:
        self._wanted = wanted
        self._product = product
        self._people = people
        self._injector = injector
        self._ledger = ledger
        self._url = url
        self._say = say
        self._done = done
        self._began = ledger.now()

    async def through(self, stored: Stored) -> Sequence[Invariant]:
        """The whole play; returns what the store says at its end."""
        async with asyncio.TaskGroup() as tasks:
            around = tasks.create_task(self._trouble(tasks))
            tasks.create_task(self._switch())
            await self._people.run(pace=self._wanted.pace)
            around.cancel()  # what has begun goes on to its end
        self._injector.calm()
        self._say("Quiet: waiting until everything is settled.")
        await self._product.healthy()
        return await _settled(stored, self._ledger)

    async def _trouble(self, tasks: asyncio.TaskGroup) -> None:
        """Faults at their times, but not ahead of the people: what goes wrong while nobody writes proves little."""
        planned = schedule(
            self._wanted.seed, self._wanted.faults, self._wanted.seconds, posted_from=self._wanted.posted_from
        )
        for fault in planned:
            await self._until(fault.at)
            tasks.create_task(self._one(fault))

    async def _one(self, fault: Planned) -> None:
        await self._injector.do(fault)
        self._done.append(fault)

    async def _switch(self) -> None:
        """From polling to the webhook, as an administrator does it: settings, and a rolling restart of those
        whom it concerns."""
        await self._until(self._wanted.posted_from)
        began = self._ledger.now()
        await self._product.retire([process.name for process in self._product.of("telegram")])
        change = {
            "ESTAFETA_TELEGRAM__MODE": "webhook",
            "ESTAFETA_TELEGRAM__SECRET": secrets.token_urlsafe(24),
            "ESTAFETA_TELEGRAM__PUBLIC_URL": self._url,
        }
        await self._product.roll([process.name for process in self._product.of("web")], change)
        self._ledger.fault("polling_to_webhook", began, self._ledger.now())
        self._say("Telegram posts its updates from now on.")

    async def _until(self, at: float) -> None:
        while True:
            passed = self._ledger.now() - self._began
            done, messages = self._people.progress
            if min(passed, done / max(messages, 1) * self._wanted.seconds + _BEHIND) >= at:
                return
            await asyncio.sleep(min(max(at - passed, 0.02), 0.25))


@contextlib.asynccontextmanager
async def _waited() -> AsyncIterator[list[float]]:
    """How late the kit itself was, many times a second: what its machine is too busy for, the product is, too."""
    waited: list[float] = []

    async def measure() -> None:
        while True:
            began = time.monotonic()
            await asyncio.sleep(_TICK)
            waited.append(time.monotonic() - began - _TICK)

    measuring = asyncio.create_task(measure())
    try:
        yield waited
    finally:
        measuring.cancel()


async def _settled(stored: Stored, ledger: Ledger) -> Sequence[Invariant]:
    """What the store still holds when nothing changes any more, or after a minute."""
    customers = len({line.customer for line in ledger.lines if isinstance(line, Said)})
    end = time.monotonic() + _SETTLE_WITHIN
    while True:
        left = await stored.left(customers)
        if not any(invariant.broken for invariant in left) or time.monotonic() > end:
            return left
        await asyncio.sleep(0.5)


def _processes(product: Product, outages: Outages, late: Sequence[str]) -> Invariant:
    """One that cannot begin because a server is away may give up: the supervisor starts it again."""
    crashes = [one for one in product.crashes if one.worked or not outages.touch(one.began, one.at)]
    examples = [f"{crash.name} ended by itself with {crash.code}" for crash in crashes]
    examples += [f"{name} did not end in time after SIGTERM" for name in late]
    examples += [f"{name} did not become ready" for name in product.never_ready]
    return Invariant(
        name="processes start, and end when they are told to and only then",
        checked=product.started,
        broken=len(examples),
        allowed=len(product.crashes) - len(crashes),
        examples=tuple(examples[:5]),
    )


def _bot_api(telegram: FakeTelegram, ledger: Ledger) -> Invariant:
    violations = telegram.violations
    return Invariant(
        name="calls of the Bot API are as it wants them",
        checked=len(ledger.of(Seen, Overheard)),
        broken=len(violations),
        examples=tuple(violations[:5]),
    )


def errors_logged(folder: Path) -> dict[str, int]:
    """Events that processes logged as errors, by name."""
    errors: Counter[str] = Counter()
    for path in folder.glob("*.log"):
        for line in path.read_bytes().splitlines():
            if b'"error"' in line and line.startswith(b"{"):
                with contextlib.suppress(orjson.JSONDecodeError):
                    said = orjson.loads(line)
                    if said.get("level") == "error":
                        errors[str(said.get("event"))] += 1
            elif line.startswith(b"Traceback"):
                errors[f"traceback in {path.name}"] += 1
    return dict(errors)
