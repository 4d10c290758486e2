"""The gate keeps the product busy, and does not bury it."""

from __future__ import annotations

import asyncio

import pytest

from estafeta.app.faults.customer import Gate


async def test_as_many_wait_as_are_let_and_the_next_goes_when_one_is_answered() -> None:
    gate = Gate(1_000_000.0, most=2)
    for token in ("one", "two"):
        await gate.turn()
        gate.said(token)
    third = asyncio.create_task(gate.turn())
    await asyncio.wait({third}, timeout=0.05)
    assert not third.done()
    gate.answered("somebody's words that were not counted")
    gate.answered("one")
    async with asyncio.timeout(10):
        await third


async def test_who_waits_for_long_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("estafeta.app.faults.customer._COUNTED", 0.05)
    gate = Gate(1_000_000.0, most=1)
    gate.said("one")
    async with asyncio.timeout(10):
        await gate.turn()


async def test_nobody_is_faster_than_the_pace() -> None:
    loop = asyncio.get_running_loop()
    gate = Gate(100.0)
    began = loop.time()
    await asyncio.gather(*(gate.turn() for _ in range(11)))
    assert loop.time() - began >= 0.09
