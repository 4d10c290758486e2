"""Which driver for MongoDB: Motor, or PyMongo's own async API?

The store's own commands for one message, against a real mongod (a replica set of one; majority and
journal): find the address, insert the signal, read the conversation with its waiting signals, replace
the conversation if its version is still the one read, insert two entries and at the same time mark the
signal; then the commit of the send's outcome. Seven commands, six of them one after the other.

Both drivers do it in one process on one core, mongod has another. Short rounds, taking turns and
changing who is first, so that both meet the machine in the same moods; what is compared is compared
within a pair of rounds. Motor's threads are as many as it makes by itself (five for each core).

    python -m benchmarks.mongo_driver [--quick]

Prints a table, and on a line of its own PyMongo's throughput over Motor's, 16 messages at a time. Only
for a machine that has nothing else to do (Linux): where others want the core, the scheduler gives Motor's
many threads more of it than PyMongo's one.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bson.timestamp import Timestamp
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ASCENDING, AsyncMongoClient, UpdateOne

from benchmarks.scaling.machine import cores, cpu_seconds, machine_to_ourselves
from estafeta.app.faults.servers import MongoServer, served
from storage.mongo.migrations import INDEXES

CONCURRENCY = (1, 16, 64)
HEADLINE = 16
CONVERSATIONS = 512
_OPTIONS = "&w=majority&journal=true&timeoutMS=5000"
"""As the store has them."""
_SIGNAL = b"s" * 350
_CONVERSATION = b"c" * 900
_ENTRY = b"e" * 300
"""About as long as what the store writes for a short text and a short answer."""


@dataclass(frozen=True, slots=True)
class Round:
    """`rate` is messages a second, `cpu` the client's CPU ms a message, `times` ms in order of size."""

    rate: float
    cpu: float
    times: tuple[float, ...]

    def percentile(self, share: float) -> float:
        return self.times[int(len(self.times) * share)]


class Pattern:
    """The store's calls by one driver. The two drivers' databases have in common what is called here,
    and no type of their own for it."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._addresses = database.addresses
        self._signals = database.signals
        self._conversations = database.conversations
        self._entries = database.entries
        self._numbers = iter(range(sys.maxsize))

    async def prepare(self) -> None:
        names = [f"c{number}" for number in range(CONVERSATIONS)]
        await self._addresses.insert_many([{"_id": f"telegram/bench/{name}", "conversation": name} for name in names])
        await self._conversations.insert_many([{"_id": name, "version": 0, "body": _CONVERSATION} for name in names])
        for index in INDEXES:
            await self._database[index.collection].create_indexes([index.model])

    async def message(self, name: str) -> None:
        number = next(self._numbers)
        signal = f"s{number}"
        address = await self._addresses.find_one({"_id": f"telegram/bench/{name}"})
        conversation = address["conversation"]
        # The server puts its own time, with a counter, into an empty timestamp: the order of arrival.
        await self._signals.insert_one(
            {"_id": signal, "conversation": conversation, "order": Timestamp(0, 0), "waiting": True, "body": _SIGNAL}
        )
        found = await self._read(conversation)
        ids = [waiting["_id"] for waiting in found["signals"]]
        if ids != [signal]:
            raise RuntimeError(f"{ids} wait for {conversation}, not {signal} alone")
        places = [f"{conversation}/{2 * number + place:010d}" for place in range(2)]
        await self._replace(conversation, found["version"])
        await asyncio.gather(
            self._entries.insert_many(
                [{"_id": place, "conversation": conversation, "body": _ENTRY} for place in places], ordered=False
            ),
            self._signals.bulk_write(
                [UpdateOne({"_id": one}, {"$unset": {"waiting": "", "body": ""}}) for one in ids], ordered=False
            ),
        )
        await self._replace(conversation, found["version"] + 1)

    async def _read(self, conversation: str) -> dict[str, Any]:
        waiting: list[dict[str, Any]] = [
            {"$match": {"conversation": conversation, "waiting": True}},
            {"$sort": {"order": ASCENDING}},
        ]
        cursor = self._conversations.aggregate(
            [
                {"$match": {"_id": conversation}},
                {"$lookup": {"from": "signals", "pipeline": waiting, "as": "signals"}},
            ]
        )
        # PyMongo asks at once, Motor when the answer is fetched.
        found: list[dict[str, Any]] = await (await cursor if inspect.isawaitable(cursor) else cursor).to_list(None)
        return found[0]

    async def _replace(self, conversation: str, version: int) -> None:
        done = await self._conversations.replace_one(
            {"_id": conversation, "version": version},
            {"_id": conversation, "version": version + 1, "body": _CONVERSATION},
        )
        if done.modified_count != 1:
            raise RuntimeError(f"{conversation} is not at version {version}")

    async def flood(self, messages: int, concurrency: int) -> Round:
        """As fast as it goes, with so many messages at a time, each in a conversation of its own."""
        times: list[float] = []
        shares = iter(range(messages))

        async def one_after_the_other(names: Iterator[str]) -> None:
            for _ in shares:
                began = time.perf_counter()
                await self.message(next(names))
                times.append((time.perf_counter() - began) * 1000)

        wall, cpu = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one_after_the_other(_turns(first, concurrency)) for first in range(concurrency)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return Round(rate=messages / wall, cpu=cpu * 1000 / messages, times=tuple(sorted(times)))


def _turns(first: int, step: int) -> Iterator[str]:
    """Conversations that no other task of the round writes to, over and over."""
    while True:
        for number in range(first, CONVERSATIONS, step):
            yield f"c{number}"


async def measure(seconds: float, rounds: int) -> None:
    available = cores()
    with tempfile.TemporaryDirectory(prefix="estafeta-bench-") as folder:
        server = MongoServer(Path(folder), cache_gb=0.5)
        os.sched_setaffinity(0, available[:1])  # the child and its threads inherit it
        async with served(server):
            os.sched_setaffinity(0, available[-1:])
            motor: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(server.url + _OPTIONS)
            pymongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(server.url + _OPTIONS)
            try:
                patterns = {"Motor": Pattern(motor.by_motor), "PyMongo": Pattern(pymongo.by_pymongo)}
                with machine_to_ourselves(lambda: cpu_seconds(server.pid) + time.process_time()):
                    ratio = await _compare(patterns, seconds, rounds)
                print(f"ratio: {ratio:.2f}")
            finally:
                motor.close()
                await pymongo.close()


async def _compare(drivers: dict[str, Pattern], seconds: float, rounds: int) -> float:
    """The headline."""
    for pattern in drivers.values():
        await pattern.prepare()
    print(f"{'at a time':>9}  {'driver':<8} {'messages/s':>10} {'CPU ms':>8} {'p50 ms':>8} {'p95 ms':>8}")
    headline = 0.0
    for concurrency in CONCURRENCY:
        # Twice, and the second is what counts: the first still opens connections.
        for _ in range(2):
            warm = [await pattern.flood(max(100, concurrency * 10), concurrency) for pattern in drivers.values()]
        messages = max(int(min(row.rate for row in warm) * seconds), concurrency * 4)
        pairs: list[dict[str, Round]] = []
        for number in range(rounds):
            order = list(drivers) if number % 2 else list(reversed(drivers))
            pairs.append({name: await drivers[name].flood(messages, concurrency) for name in order})
        ratio = _report(concurrency, pairs)
        headline = ratio if concurrency == HEADLINE else headline
    return headline


def _report(concurrency: int, pairs: list[dict[str, Round]]) -> float:
    """Prints the medians and the ratios' medians with their spread; the ratio of the throughputs."""
    for name in pairs[0]:
        rows = [pair[name] for pair in pairs]
        rate = statistics.median(row.rate for row in rows)
        cpu = statistics.median(row.cpu for row in rows)
        p50, p95 = (statistics.median(row.percentile(share) for row in rows) for share in (0.5, 0.95))
        print(f"{concurrency:>9}  {name:<8} {rate:>10.0f} {cpu:>8.2f} {p50:>8.2f} {p95:>8.2f}")
    rates = [pair["PyMongo"].rate / pair["Motor"].rate for pair in pairs]
    costs = [pair["PyMongo"].cpu / pair["Motor"].cpu for pair in pairs]
    print(f"{'':>9}  PyMongo to Motor: throughput {_spread(rates)}, CPU {_spread(costs)}", flush=True)
    return statistics.median(rates)


def _spread(ratios: list[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f} in {len(ratios)} pairs)"


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds in all")
    quick = parser.parse_args().quick
    with asyncio.Runner(loop_factory=_loop) as runner:
        runner.run(measure(0.5 if quick else 3.0, 3 if quick else 9))


if __name__ == "__main__":
    main()
