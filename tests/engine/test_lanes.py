"""Lanes: one at a time for a key, many keys at once, and a clean end."""

from __future__ import annotations

import asyncio

import structlog.testing

from estafeta.lanes import Lanes


class Work:
    """Runs that last until they are let go, and what they were."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most: dict[str, int] = {}
        self.gate = asyncio.Event()
        self.broken: set[str] = set()

    async def __call__(self, key: str) -> None:
        self.begun.append(key)
        self.running.append(key)
        self.most[key] = max(self.most.get(key, 0), self.running.count(key))
        try:
            await self.gate.wait()
            if key in self.broken:
                raise RuntimeError("a mistake of ours")
            self.ended.append(key)
        finally:
            self.running.remove(key)


async def turns(count: int = 5) -> None:
    """Lets whatever is ready run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_one_at_a_time_for_a_key_and_many_keys_at_once() -> None:
    work = Work()
    async with Lanes("test", work) as lanes:
        for _ in range(3):
            lanes.wake("a")
            lanes.wake("b")
            await turns()
        assert sorted(work.running) == ["a", "b"]
        assert lanes.busy == 2
        work.gate.set()
        await lanes.idle()
    assert work.most == {"a": 1, "b": 1}
    assert lanes.busy == 0


async def test_wakes_during_a_run_make_one_more_run_and_not_one_each() -> None:
    work = Work()
    async with Lanes("test", work) as lanes:
        lanes.wake("a")
        await turns()
        for _ in range(10):
            lanes.wake("a")
        work.gate.set()
        await lanes.idle()
    assert work.begun == ["a", "a"]


async def test_no_wake_is_lost_whenever_it_comes() -> None:
    news: list[int] = []
    seen: list[int] = []

    async def look(key: str) -> None:
        while news:
            seen.append(news.pop(0))
            await asyncio.sleep(0)

    async with Lanes("test", look) as lanes:
        for number in range(200):
            news.append(number)
            lanes.wake("a")
            await turns(number % 4)
        await lanes.idle()
    assert seen == list(range(200))


async def test_a_slow_key_holds_up_only_itself() -> None:
    done: list[str] = []
    slow = asyncio.Event()

    async def work(key: str) -> None:
        if key == "slow":
            await slow.wait()
        done.append(key)

    async with Lanes("test", work) as lanes:
        for key in ("slow", "a", "b"):
            lanes.wake(key)
        await turns()
        assert sorted(done) == ["a", "b"]
        slow.set()
        await lanes.idle()
    assert done[-1] == "slow"


async def test_an_exception_ends_only_that_run_and_is_logged() -> None:
    work = Work()
    work.gate.set()
    work.broken = {"a"}
    with structlog.testing.capture_logs() as logged:
        async with Lanes("test", work) as lanes:
            lanes.wake("a")
            lanes.wake("b")
            await lanes.idle()
            work.broken = set()
            lanes.wake("a")
            await lanes.idle()
    assert work.ended == ["b", "a"]
    assert [(line["event"], line["key"], line["log_level"]) for line in logged] == [("lane_failed", "a", "error")]


async def test_a_wake_during_a_run_that_fails_is_not_lost() -> None:
    work = Work()
    work.broken = {"a"}
    with structlog.testing.capture_logs():
        async with Lanes("test", work) as lanes:
            lanes.wake("a")
            await turns()
            lanes.wake("a")
            work.gate.set()
            await lanes.idle()
    assert work.begun == ["a", "a"]


async def test_closing_does_what_was_woken_before_and_takes_no_more() -> None:
    work = Work()
    lanes = Lanes("test", work, patience=5.0)
    async with lanes:
        lanes.wake("a")
        await turns()
        lanes.wake("a")
        asyncio.get_running_loop().call_later(0.05, work.gate.set)
        asyncio.get_running_loop().call_later(0.04, lanes.wake, "b")
    assert work.ended == ["a", "a"]  # what came while it ran may be known nowhere else
    lanes.wake("b")
    await turns()
    assert work.begun == ["a", "a"]


async def test_closing_cancels_what_takes_longer_than_its_patience() -> None:
    work = Work()
    async with Lanes("test", work, patience=0.05) as lanes:
        lanes.wake("a")
        await turns()
    assert work.ended == []
    assert work.running == []
    assert lanes.busy == 0


async def test_lanes_can_be_opened_again() -> None:
    work = Work()
    work.gate.set()
    lanes = Lanes("test", work)
    for _ in range(2):
        async with lanes:
            lanes.wake("a")
            await lanes.idle()
    assert work.ended == ["a", "a"]


async def test_room_is_made_when_a_key_is_done() -> None:
    gates = {key: asyncio.Event() for key in "abc"}

    async def work(key: str) -> None:
        await gates[key].wait()

    async with Lanes("test", work) as lanes:
        lanes.wake("a")
        await lanes.room(2)
        lanes.wake("b")
        waiting = asyncio.create_task(lanes.room(2))
        await asyncio.sleep(0)
        assert not waiting.done()
        gates["b"].set()
        async with asyncio.timeout(5):
            await waiting
        assert lanes.busy == 1
        gates["a"].set()
