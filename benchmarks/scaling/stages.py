"""What does one message cost, stage by stage? The parts of the product, called one after the other in this
process, each for all messages before the next, so that each one's CPU time can be told, here and in the
servers. The customers wrote before; the messenger is a process of its own and not counted.

What the servers were asked and what they wrote is from their own counters: MongoDB's serverStatus
(https://www.mongodb.com/docs/manual/reference/command/serverStatus/), Redis' INFO
(https://redis.io/docs/latest/commands/info/).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from benchmarks.scaling.machine import cpu_seconds
from benchmarks.scaling.outside import ACCOUNT, TOKEN
from benchmarks.scaling.site import ROOT, WORKSPACE, Site
from benchmarks.scaling.stored import chats_from, conversation_of
from bots.telegram.channel import TelegramChannel
from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramConfig, TelegramLimits
from estafeta.app.set_aside import SetAside
from estafeta.app.start import load_understander, load_workspace
from estafeta.bus.redis.buckets import RedisBuckets
from estafeta.clock import SystemClock
from estafeta.decide import Decision, decide, needs_understanding
from estafeta.kernel.model import (
    Conversation,
    ConversationId,
    Customer,
    Delivered,
    Signal,
    SignalId,
    ToCustomer,
    Understanding,
)
from estafeta.kernel.ports import Bus, Change, Live, Mailbox, Store
from estafeta.rules import Rules

AT_ONCE = (1, 32)
_FIRST = 6_000_000_000
_HOLDER = "worker-1"

A = TypeVar("A")
B = TypeVar("B")


@dataclass(frozen=True, slots=True)
class Counters:
    """Milliseconds of CPU of this process and of the servers; requests to each server; documents that were
    inserted or changed; kilobytes of MongoDB's journal, of its oplog, and to and from it."""

    client: float
    mongod: float
    redis: float
    requests: float
    redis_requests: float
    documents: float
    journal: float
    oplog: float
    network: float

    def __add__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __sub__(self, other: Counters) -> Counters:
        return Counters(*(getattr(self, one.name) - getattr(other, one.name) for one in fields(self)))

    def __truediv__(self, count: int) -> Counters:
        return Counters(*(getattr(self, one.name) / count for one in fields(self)))


class Meter:
    """Reads the counters, and prints what a stage cost."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(site.mongod.url)
        self._redis = Redis.from_url(site.redis.url)
        self._asked = 0
        self._reading: Counters | None = None
        self.messages = 1
        self.silent = False
        self.total: Counters | None = None

    async def close(self) -> None:
        await self._mongo.close()
        await self._redis.aclose()

    def begin(self, title: str) -> None:
        self.total = None
        print(
            f"\n{title:<20} CPU ms: here  mongod   redis   requests: mongod  redis   documents   KB: journal   oplog"
            "  network"
        )

    async def stage(self, name: str, work: Awaitable[A]) -> A:
        """`work`, and its cost without that of reading the counters."""
        if self._reading is None:
            before = await self._read()
            self._reading = (await self._read()) - before
        before = await self._read()
        result = await work
        cost = ((await self._read()) - before - self._reading) / self.messages
        if not self.silent:
            self.total = cost if self.total is None else self.total + cost
            self.row(name, cost)
        return result

    def row(self, name: str, cost: Counters) -> None:
        print(
            f"{name:<20} {cost.client:>12.2f} {cost.mongod:>7.2f} {cost.redis:>7.3f} {cost.requests:>18.2f}"
            f" {cost.redis_requests:>6.2f} {cost.documents:>11.2f} {cost.journal:>13.2f} {cost.oplog:>7.2f}"
            f" {cost.network:>8.2f}",
            flush=True,
        )

    async def _read(self) -> Counters:
        status = await self._mongo.admin.command("serverStatus")
        oplog = await self._mongo.local.command("collStats", "oplog.rs")
        self._asked += 2
        calls: dict[str, Any] = await self._redis.info("commandstats")
        return Counters(
            client=time.process_time() * 1000,
            mongod=cpu_seconds(self._site.mongod.pid) * 1000,
            redis=cpu_seconds(self._site.redis.pid) * 1000,
            requests=status["network"]["numRequests"] - self._asked,
            redis_requests=sum(
                calls.get(f"cmdstat_{name}", {}).get("calls", 0) for name in ("evalsha", "eval", "xreadgroup")
            ),
            documents=sum(status["metrics"]["document"][done] for done in ("inserted", "updated", "deleted")),
            journal=status["wiredTiger"]["log"]["log bytes written"] / 1024,
            oplog=oplog["size"] / 1024,
            network=(status["network"]["bytesIn"] + status["network"]["bytesOut"]) / 1024,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A decision to be committed, and what it was made from."""

    decision: Decision
    signals: tuple[SignalId, ...]

    @property
    def conversation(self) -> Conversation:
        return self.decision.conversation

    @property
    def change(self) -> Change:
        """As the engine makes it: what nobody holds is this worker's."""
        outbox = tuple(replace(item, holder=item.holder or _HOLDER) for item in self.conversation.outbox)
        version = self.conversation.version
        return Change(
            conversation=replace(self.conversation, outbox=outbox, version=version + 1),
            expected_version=version,
            applied=self.signals,
            entries=self.decision.entries,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The product's parts, as the wiring joins them in a worker."""

    store: Store
    bus: Bus
    channel: TelegramChannel
    understand: Callable[[str], Awaitable[Understanding]]
    rules: Rules
    at_once: int

    async def round(self, meter: Meter, signals: Sequence[Signal], ids: Sequence[ConversationId]) -> None:
        """One message of each customer through all stages."""
        meter.messages = len(ids)
        await meter.stage("accept", self._each(signals, lambda one: self.store.accept([one])))
        await meter.stage("wake, take, done", self._woken(ids))
        boxes = await meter.stage("load", self._each(ids, self.store.load))
        meanings = await meter.stage("understand", self._each(boxes, self._meaning))
        work = await meter.stage("decide", self._each(list(zip(boxes, meanings, strict=True)), self._decided))
        await meter.stage("commit", self._each(work, self._commit))
        await meter.stage("announce", self._each(ids, self._announce))
        sent = await meter.stage("send", self._each(work, self._send))
        after = await meter.stage("decide the outcome", self._each(list(zip(work, sent, strict=True)), self._concluded))
        await meter.stage("commit the outcome", self._each(after, self._commit))
        await meter.stage("announce it", self._each(ids, self._announce))

    async def _each(self, items: Sequence[A], work: Callable[[A], Awaitable[B]]) -> list[B]:
        """In the order of the items, so many at a time."""
        results: list[Any] = [None] * len(items)
        numbers = iter(range(len(items)))

        async def one_after_the_other() -> None:
            for number in numbers:
                results[number] = await work(items[number])

        await asyncio.gather(*(one_after_the_other() for _ in range(self.at_once)))
        return results

    async def _woken(self, ids: Sequence[ConversationId]) -> None:
        async def taken() -> None:
            left = set(ids)
            async for conversation in self.bus.wakes():
                self.bus.done(conversation)
                left.discard(conversation)
                if not left:
                    return

        async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
            tasks.create_task(taken())
            await self._each(ids, self.bus.wake)

    async def _meaning(self, box: Mailbox) -> Understanding:
        return await self.understand(needs_understanding(box.conversation, box.signals, self.rules))

    async def _decided(self, made_from: tuple[Mailbox, Understanding]) -> Work:
        box, meaning = made_from
        signal = box.signals[0]
        if signal.address is None:
            raise ValueError(f"{signal.id} has no address")
        conversation = box.conversation or Conversation(
            id=signal.address.conversation, address=signal.address, customer=Customer(first_seen=signal.at)
        )
        decision = decide(conversation, box.signals, meaning, datetime.now(UTC), self.rules)
        return Work(decision=decision, signals=tuple(one.id for one in box.signals))

    async def _commit(self, work: Work) -> None:
        await self.store.commit(work.change)

    async def _announce(self, conversation: ConversationId) -> None:
        await self.bus.announce(Live(kind="changed", conversation=conversation))

    async def _send(self, work: Work) -> str:
        return await self.channel.send(_answer(work)[1].message)

    async def _concluded(self, sent: tuple[Work, str]) -> Work:
        work, external = sent
        item, _ = _answer(work)
        event = Delivered(item=item.id, external=external)
        signal = Signal(
            id=SignalId(f"{item.id}.done"), at=datetime.now(UTC), event=event, conversation=work.conversation.id
        )
        decision = decide(work.change.conversation, [signal], None, signal.at, self.rules)
        return Work(decision=decision, signals=())


def _answer(work: Work) -> tuple[Any, ToCustomer]:
    """The bot's answer among what the decision wants done."""
    for item in work.change.conversation.outbox:
        if isinstance(item.body, ToCustomer):
            return item, item.body
    raise ValueError(f"{work.conversation.id}: the bot has nothing to say")


async def cost(site: Site, *, messages: int) -> bool:
    """Prints the costs; nothing is claimed."""
    meter = Meter(site)
    try:
        for at_once in AT_ONCE:
            name = f"stages{at_once}"
            chats = chats_from(_FIRST, messages)
            ids = [ConversationId(conversation_of(chat)) for chat in chats]
            async with _parts(site, name, at_once) as parts:
                for meter.silent in (True, False):  # the first opens the conversations
                    if not meter.silent:
                        meter.begin(f"{at_once} at a time")
                    await parts.round(meter, [site.customers.signal(chat) for chat in chats], ids)
            if meter.total is not None:
                meter.row("all", meter.total)
    finally:
        await meter.close()
    return True


@asynccontextmanager
async def _parts(site: Site, name: str, at_once: int) -> AsyncIterator[Parts]:
    clock = SystemClock()
    store, bus = site.store(name), site.bus(name)
    buckets = RedisBuckets(site.redis_config(name), clock=clock)
    understander = load_understander(site.models)

    async def understand(text: str) -> Understanding:
        return await understander.understand(text, deadline=3.0)

    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_messenger())
        config = TelegramConfig.model_validate({"token": TOKEN, "account": ACCOUNT, "base_url": url})
        limits = TelegramLimits(bot_per_second=1e6, chat_per_second=1000, chat_burst=1000)
        client = TelegramClient(config.token, clock=clock, base_url=url, limits=limits, buckets=buckets)
        stack.push_async_callback(client.close)
        for part in (store, bus, buckets):
            await part.open()
            stack.push_async_callback(part.close)
        channel = TelegramChannel(config, client, clock=clock, set_aside=SetAside(site.folder / "set-aside", clock))
        rules = Rules(workspace=load_workspace(WORKSPACE), desks=("web",))
        yield Parts(store=store, bus=bus, channel=channel, understand=understand, rules=rules, at_once=at_once)


@asynccontextmanager
async def _messenger() -> AsyncIterator[str]:
    """The messenger in a process of its own; its address."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.scaling.outside", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None  # noqa: S101 - asked for above
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()
