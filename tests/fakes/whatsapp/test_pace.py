"""Throughput and the limit of a pair, on a clock of the test's own."""

from __future__ import annotations

import aiohttp

from estafeta.fakes.whatsapp import Clock, FakeWhatsApp, Limits
from estafeta.fakes.whatsapp.limits import Pace
from tests.fakes.whatsapp.conftest import Business


def test_a_number_sends_eighty_a_second_and_twenty_with_the_phone_app() -> None:
    clock = Clock(start=1000.0)
    pace = Pace(limits=Limits(), clock=clock.now)
    codes = [pace.take("n", str(user), with_app=False) for user in range(100)]
    assert (codes.count(0), codes.count(130429)) == (80, 20)
    assert [pace.take("app", str(user), with_app=True) for user in range(30)].count(0) == 20
    clock.passes(seconds=1)
    assert pace.take("n", "100", with_app=False) == 0


def test_one_user_gets_one_message_in_six_seconds_and_a_burst_is_paid_back() -> None:
    clock = Clock(start=1000.0)
    pace = Pace(limits=Limits(per_second=1000), clock=clock.now)
    assert [pace.take("n", "u", with_app=False) for _ in range(20)] == [0] * 20
    clock.passes(seconds=7)
    assert pace.take("n", "u", with_app=False) == 131056
    assert pace.take("n", "v", with_app=False) == 0
    clock.passes(seconds=112)
    assert pace.take("n", "u", with_app=False) == 131056
    clock.passes(seconds=1)
    assert pace.take("n", "u", with_app=False) == 0


def test_forty_five_at_most_are_borrowed() -> None:
    pace = Pace(limits=Limits(per_second=1000), clock=Clock(start=1000.0).now)
    codes = [pace.take("n", "u", with_app=False) for _ in range(50)]
    assert (codes.count(0), codes.count(131056)) == (45, 5)


def test_who_keeps_to_the_pace_is_never_refused() -> None:
    clock = Clock(start=1000.0)
    pace = Pace(limits=Limits(), clock=clock.now)
    for _ in range(50):
        assert pace.take("n", "u", with_app=False) == 0
        clock.passes(seconds=6)


async def test_the_limits_are_refusals_in_metas_form() -> None:
    clock = Clock(start=1_800_000_000.0)
    async with FakeWhatsApp(clock=clock, limits=Limits(pair_burst=1, per_second=2)) as fake:
        maria, ivan, anna = (fake.person(name) for name in ("Мария", "Иван", "Анна"))
        for person in (maria, ivan, anna):
            person.says("?")
        async with aiohttp.ClientSession() as session:
            business = Business(fake, session)
            await business.send(maria.phone)
            text = {"type": "text", "text": {"body": "x"}}
            status, code, details = await business.refused({"to": maria.phone, **text})
            assert (status, code) == (400, 131056)
            assert "same phone number" in details
            await business.send(ivan.phone)
            assert (await business.refused({"to": anna.phone, **text}))[:2] == (400, 130429)
            fake.passes(seconds=6)
            await business.send(maria.phone)
