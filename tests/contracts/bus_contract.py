"""What every `Bus` promises: wake-ups reach one worker, live news every listener, an end ends.

And what one shared by several processes promises besides: nothing that was taken hangs on its taker.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import pytest

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Bus, Live

T = TypeVar("T")
SOON = 10.0
"""Seconds after which something that must come is taken for lost."""


def conversation(name: object) -> ConversationId:
    return ConversationId(f"c{name}")


def changed(name: object) -> Live:
    return Live(kind="changed", conversation=conversation(name))


async def take(count: int, items: AsyncIterator[T]) -> list[T]:
    async with asyncio.timeout(SOON):
        return [await anext(items) for _ in range(count)]


class BusContract:
    @pytest.fixture
    def bus(self) -> AsyncIterator[Bus]:
        """Open, and closed afterwards."""
        raise NotImplementedError

    async def test_a_wake_up_reaches_a_worker(self, bus: Bus) -> None:
        await bus.wake(conversation(1))
        assert await take(1, bus.wakes()) == ["c1"]

    async def test_a_worker_that_waits_is_woken(self, bus: Bus) -> None:
        worker = asyncio.create_task(take(1, bus.wakes()))
        await asyncio.sleep(0)
        await bus.wake(conversation(1))
        assert await worker == ["c1"]

    async def test_each_wake_up_goes_to_one_of_the_workers(self, bus: Bus) -> None:
        taken: list[ConversationId] = []
        all_taken = asyncio.Event()

        async def worker() -> None:
            async for woken in bus.wakes():
                taken.append(woken)
                if len(taken) >= 30:
                    all_taken.set()

        workers = [asyncio.create_task(worker()) for _ in range(3)]
        for number in range(30):
            await bus.wake(conversation(number))
        async with asyncio.timeout(SOON):
            await all_taken.wait()
        await bus.close()
        await asyncio.gather(*workers)
        assert sorted(taken) == sorted(conversation(number) for number in range(30))

    async def test_a_conversation_woken_again_while_it_is_worked_on_comes_again(self, bus: Bus) -> None:
        wakes = bus.wakes()
        await bus.wake(conversation(1))
        await take(1, wakes)
        await bus.wake(conversation(1))
        assert await take(1, wakes) == ["c1"]

    async def test_what_was_done_comes_again_only_when_it_is_woken_again(self, bus: Bus) -> None:
        wakes = bus.wakes()
        for number in (1, 2):
            await bus.wake(conversation(number))
        assert sorted(await take(2, wakes)) == ["c1", "c2"]
        bus.done(conversation(1))
        bus.done(conversation(2))
        await bus.wake(conversation(2))
        assert await take(1, wakes) == ["c2"]

    async def test_done_without_having_taken_is_nothing(self, bus: Bus) -> None:
        bus.done(conversation(1))
        await bus.wake(conversation(1))
        bus.done(conversation(1))
        assert await take(1, bus.wakes()) == ["c1"]
        bus.done(conversation(1))
        bus.done(conversation(1))

    async def test_it_is_up_when_it_is_open(self, bus: Bus) -> None:
        assert bus.up

    async def test_a_cancelled_worker_leaves_all_to_the_others(self, bus: Bus) -> None:
        workers = [asyncio.create_task(take(1, bus.wakes())) for _ in range(8)]
        await asyncio.sleep(0)
        for number in range(8):
            await bus.wake(conversation(number))
            workers[number].cancel()
        ended = await asyncio.gather(*workers, return_exceptions=True)
        taken = [woken for each in ended if isinstance(each, list) for woken in each]
        taken += await take(8 - len(taken), bus.wakes())
        assert sorted(taken) == sorted(conversation(number) for number in range(8))

    async def test_a_cancelled_worker_takes_nothing_with_it(self, bus: Bus) -> None:
        cancelled = asyncio.create_task(take(1, bus.wakes()))
        await asyncio.sleep(0)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        await bus.wake(conversation(1))
        assert await take(1, bus.wakes()) == ["c1"]

    async def test_every_listener_hears_everything_in_order(self, bus: Bus) -> None:
        listeners = [bus.announcements() for _ in range(3)]
        said = [changed(1), Live(kind="typing", conversation=conversation(1), who="operator", name="Анна"), changed(2)]
        for live in said:
            await bus.announce(live)
        for listener in listeners:
            assert await take(3, listener) == said

    async def test_one_listens_from_the_call_on_not_from_the_first_item(self, bus: Bus) -> None:
        await bus.announce(changed("before"))
        listener = bus.announcements()
        await bus.announce(changed("after"))
        assert await take(1, listener) == [changed("after")]

    async def test_a_listener_that_waits_hears(self, bus: Bus) -> None:
        waiting = asyncio.create_task(take(1, bus.announcements()))
        await asyncio.sleep(0)
        await bus.announce(changed(1))
        assert await waiting == [changed(1)]

    async def test_a_listener_that_does_not_keep_up_loses_the_oldest(self, bus: Bus) -> None:
        slow = bus.announcements()
        for number in range(20_000):
            await bus.announce(changed(number))
        heard = await take(1, slow)
        while heard[-1] != changed(19_999):
            heard += await take(1, slow)
        assert len(heard) < 20_000
        first = int(heard[0].conversation[1:])
        assert heard == [changed(number) for number in range(first, 20_000)]

    async def test_closing_ends_workers_and_listeners(self, bus: Bus) -> None:
        async def drain(items: AsyncIterator[object]) -> None:
            async for _ in items:
                pass

        tasks = [asyncio.create_task(drain(items)) for items in (bus.wakes(), bus.wakes(), bus.announcements())]
        await asyncio.sleep(0)
        await bus.close()
        async with asyncio.timeout(SOON):
            await asyncio.gather(*tasks)

    async def test_closing_twice_is_closing_once(self, bus: Bus) -> None:
        await bus.close()
        await bus.close()

    async def test_what_is_done_or_woken_after_the_end_is_nothing(self, bus: Bus) -> None:
        await bus.wake(conversation(1))
        await take(1, bus.wakes())
        await bus.close()
        bus.done(conversation(1))
        await bus.wake(conversation(2))
        await bus.announce(changed(2))
        assert [woken async for woken in bus.wakes()] == []
        assert [live async for live in bus.announcements()] == []


Join = Callable[[str], Awaitable[Bus]]


class SharedBusContract(BusContract):
    @pytest.fixture
    def join(self) -> Join:
        """Opens one more bus on what is shared, for a process of that name; closed afterwards."""
        raise NotImplementedError

    async def test_news_reaches_listeners_in_every_process(self, bus: Bus, join: Join) -> None:
        other = await join("other")
        here, there = bus.announcements(), other.announcements()
        said = [changed(1), Live(kind="typing", conversation=conversation(1), who="operator", name="Анна")]
        for live in said:
            await bus.announce(live)
        assert await take(2, there) == said
        await other.announce(changed(2))
        assert await take(3, here) == [*said, changed(2)]

    async def test_processes_compete_for_wake_ups(self, bus: Bus, join: Join) -> None:
        taken: list[str] = []
        ended = asyncio.Event()

        async def work(one: Bus) -> None:
            async for woken in one.wakes():
                taken.append(woken)
                one.done(woken)
                if len(taken) >= 200:
                    ended.set()

        workers = [asyncio.create_task(work(one)) for one in (bus, await join("other"), await join("third"))]
        for number in range(200):
            await bus.wake(conversation(number))
        async with asyncio.timeout(SOON):
            await ended.wait()
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        assert sorted(taken) == sorted(conversation(number) for number in range(200))

    async def test_what_a_process_did_not_finish_is_anothers_when_it_leaves(self, bus: Bus, join: Join) -> None:
        leaving = await join("leaving")
        for number in range(5):
            await bus.wake(conversation(number))
        for woken in await take(5, leaving.wakes()):
            if woken != conversation(3):
                leaving.done(woken)
        await leaving.close()
        wakes = bus.wakes()
        await bus.wake(conversation("last"))
        assert await take(2, wakes) == ["c3", "clast"]
