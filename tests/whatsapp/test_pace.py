"""WhatsApp's limits are kept, and its refusals obeyed: against the stand-in's own counting, on one clock."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bots.pacing import TooBusy
from bots.whatsapp.config import WhatsAppLimits
from bots.whatsapp.pace import Pairs
from estafeta.clock import TestClock
from estafeta.fakes.whatsapp import Clock as FakeClock
from estafeta.fakes.whatsapp import Limits
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Text
from tests.whatsapp.stage import Stage, staged


class Together:
    """The stand-in's time is ours: it passes when somebody sleeps."""

    def __init__(self, fake: FakeClock) -> None:
        self._fake = fake
        self.slept = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._fake.now(), UTC)

    def monotonic(self) -> float:
        return self._fake.now()

    async def sleep(self, seconds: float) -> None:
        self._fake.passes(seconds=seconds)
        self.slept += seconds
        await asyncio.sleep(0)


async def meet(stage: Stage, name: str = "Мария") -> Address:
    stage.fake.person(name).says("здравствуйте")
    await stage.inbox.until(lambda: bool(stage.inbox.signals))
    address = stage.inbox.signals[-1].address
    assert address is not None
    return address


def refusals(stage: Stage) -> list[int]:
    return [call.code for call in stage.fake.calls_of("messages") if not call.ok]


async def test_one_customer_gets_a_burst_and_then_one_message_in_six_seconds(tmp_path: Path) -> None:
    clock = Together(fake := FakeClock(start=1_795_000_000.0))
    async with staged(tmp_path, limits=WhatsAppLimits(), clock=clock, serve=False, stand_in=(Limits(), fake)) as stage:
        address = stage.address("79000000001")
        for number in range(4):
            await stage.channel.send(stage.message(address, Text(text=f"{number}"), id_=f"c.{number}"))
        assert clock.slept == 0, "four answers at once are within the burst"
        await clock.sleep(7)
        await stage.channel.send(stage.message(address, Text(text="ещё"), id_="c.4"))
        assert 16 < clock.slept < 26, "the debt of four messages is 24 seconds"
        assert refusals(stage) == []


async def test_so_many_that_the_turn_does_not_come_are_told_when_to_come_again(tmp_path: Path) -> None:
    clock = Together(fake := FakeClock(start=1_795_000_000.0))
    async with staged(tmp_path, limits=WhatsAppLimits(), clock=clock, serve=False, stand_in=(Limits(), fake)) as stage:
        address = stage.address("79000000001")
        for number in range(45):
            await stage.channel.send(stage.message(address, Text(text=f"{number}"), id_=f"c.{number}"))
        with pytest.raises(SendFailed) as failed:
            await stage.channel.send(stage.message(address, Text(text="лишнее"), id_="c.x"))
        assert (failed.value.code, failed.value.maybe_sent) == ("paced", False)
        assert failed.value.retry_after is not None
        assert 240 < failed.value.retry_after < 275
        assert clock.slept < 1
        await clock.sleep(failed.value.retry_after)
        await stage.channel.send(stage.message(address, Text(text="лишнее"), id_="c.x"))
        assert refusals(stage) == []


async def test_a_number_sends_no_more_than_it_may_in_any_second(tmp_path: Path) -> None:
    clock = Together(fake := FakeClock(start=1_795_000_000.0))
    async with staged(tmp_path, limits=WhatsAppLimits(), clock=clock, serve=False, stand_in=(Limits(), fake)) as stage:
        for number in range(250):
            to = stage.address(f"7900000{number:04d}")
            await stage.channel.send(stage.message(to, Text(text="привет"), id_=f"c.{number}"))
        times = [call.at for call in stage.fake.calls_of("messages")]
        assert len(times) == 250
        assert max(sum(start <= at < start + 1 for at in times) for start in times) <= 80
        assert refusals(stage) == []


async def test_a_pair_that_whatsapp_refuses_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        address = await meet(stage)
        stage.fake.fail("messages", code=131056)
        with pytest.raises(SendFailed) as failed:
            await stage.channel.send(stage.message(address, Text(text="раз")))
        assert (failed.value.code, failed.value.retry_after) == ("too_many_requests", 6.0)
        assert "6 секунд" in failed.value.sentence
        with pytest.raises(TooBusy):
            await stage.client._pairs.wait(address.chat, patience=0.1)
        await stage.client._pairs.wait("79000000009", patience=0.0)


@pytest.mark.parametrize("code", [130429, 4, 80007])
async def test_a_limit_that_whatsapp_tells_of_slows_the_number_down(tmp_path: Path, code: int) -> None:
    async with staged(tmp_path) as stage:
        address = await meet(stage)
        stage.fake.fail("messages", code=code)
        with pytest.raises(SendFailed) as failed:
            await stage.channel.send(stage.message(address, Text(text="раз")))
        assert failed.value.code == "too_many_requests"
        assert failed.value.retry_after == (2.0 if code == 130429 else 60.0)
        with pytest.raises(TooBusy):
            await stage.client._pacer.wait("number", patience=0.1)


async def test_a_process_taken_for_dead_while_it_waited_sends_nothing(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        names = iter(("a", "b"))
        stage.client._worker = lambda: next(names)
        with pytest.raises(SendFailed) as failed:
            await stage.channel.send(stage.message(stage.address("79000000001"), Text(text="раз")))
        assert (failed.value.code, failed.value.retry_after, failed.value.maybe_sent) == ("paced", 0.0, False)
        assert stage.fake.calls_of("messages") == []


async def test_those_who_wait_for_one_customer_go_in_the_order_of_coming() -> None:
    clock = TestClock()
    pairs = Pairs(clock, WhatsAppLimits(pair_burst=1))
    gone: list[int] = []

    async def go(number: int) -> None:
        await pairs.wait("x", patience=100)
        gone.append(number)

    tasks = [asyncio.create_task(go(number)) for number in range(4)]
    await clock.advance(1)
    assert gone == [0]
    await clock.advance(7)
    assert gone == [0, 1]
    await clock.advance(14)
    assert gone == [0, 1, 2, 3]
    assert all(task.done() for task in tasks)


async def test_quiet_pairs_are_forgotten() -> None:
    clock = TestClock()
    pairs = Pairs(clock, WhatsAppLimits())
    for number in range(10_050):
        await pairs.wait(f"{number}", patience=0)
        if number == 9_000:
            await clock.advance(60)
    assert len(pairs._pairs) < 2_000
    assert not pairs._turns


def test_the_stand_in_counts_as_meta_says() -> None:
    assert Limits() == Limits(per_second=80, per_second_with_app=20, pair_seconds=6, pair_burst=45)
