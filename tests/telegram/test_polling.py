"""Polling is handed from process to process: nothing is lost, and nobody fights for long."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiogram.methods import SetWebhook

from bots.telegram.polling import RawGetUpdates
from estafeta.kernel.model import CustomerSaid, Signal
from tests.telegram.stage import Stage, eventually, staged


def texts(signals: list[Signal]) -> list[str]:
    return [getattr(s.event.parts[0], "text", "") for s in signals if isinstance(s.event, CustomerSaid)]


async def until_polled(stage: Stage) -> None:
    await eventually(lambda: stage.fake.updates.polling)


async def test_a_process_that_polls_stops_at_once() -> None:
    async with staged() as stage, stage.listening():
        await until_polled(stage)
        began = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - began < 5, "a poll lasts 25 seconds"


async def test_the_next_process_goes_on_where_the_one_before_stopped() -> None:
    async with staged() as stage:
        anna = stage.fake.private("Анна")
        async with stage.listening():
            anna.says("раз")
            await stage.inbox.have(1)
            # Stored, and perhaps not confirmed yet: the process ends here.
        anna.says("два")
        async with stage.listening():
            anna.says("три")
            signals = await stage.inbox.have(3)
        assert texts(signals) == ["раз", "два", "три"]
        assert len({signal.id for signal in signals}) == 3


async def test_what_was_stored_and_not_confirmed_comes_again_under_the_same_id() -> None:
    async with staged() as stage:
        anna = stage.fake.private("Анна")
        ids: list[str] = []
        for _ in range(2):

            async def stored(signals: list[Signal]) -> None:
                ids.extend(signal.id for signal in signals)
                await asyncio.Event().wait()  # the process dies before it hears that it is stored

            anna.says("раз") if not ids else None
            async with stage.listening(stored):  # type: ignore[arg-type]
                known = len(ids)
                await eventually(lambda known=known: len(ids) > known)  # type: ignore[misc]
        assert len(ids) == 2
        assert len(set(ids)) == 1


async def test_two_that_poll_at_once_lose_and_double_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    async with staged() as stage:
        anna = stage.fake.private("Анна")
        async with stage.listening():
            async with stage.listening():
                await eventually(lambda: "telegram_polled_elsewhere" in capsys.readouterr().out)
                anna.says("раз")
                await stage.inbox.have(1)
            anna.says("два")
            signals = await stage.inbox.have(2)
        assert texts(signals) == ["раз", "два"]


async def test_a_webhook_set_while_polling_is_removed_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    async with staged() as stage, stage.listening():
        await until_polled(stage)
        await stage.client.call(SetWebhook(url="http://127.0.0.1:1/elsewhere", allowed_updates=["message"]))
        await eventually(lambda: stage.fake.webhook.url == "")
        stage.fake.private("Анна").says("раз")
        await stage.inbox.have(1)
        told = capsys.readouterr().out
        assert "telegram_webhook_removed" in told
        assert "ESTAFETA_TELEGRAM__MODE=webhook" in told


async def test_numbers_that_begin_anew_after_a_quiet_week_are_not_taken_for_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("bots.telegram.polling.POLL_SECONDS", 1)
    async with staged() as stage, stage.listening():
        asked: list[int | None] = []
        call = stage.client.call

        async def noted(method: Any, **more: Any) -> Any:
            if isinstance(method, RawGetUpdates):
                asked.append(method.offset)
            return await call(method, **more)

        stage.client.call = noted  # type: ignore[method-assign]
        anna = stage.fake.private("Анна")
        anna.says("раз")
        await eventually(lambda: asked[-2:] == [100_002, None])
        stage.fake.updates.next_id = 7
        anna.says("два")
        assert texts(await stage.inbox.have(2)) == ["раз", "два"]
