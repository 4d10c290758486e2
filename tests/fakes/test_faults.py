"""Faults happen as planned, and as often as planned."""

from __future__ import annotations

import asyncio

import pytest
from aiogram import Bot
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramBadRequest,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)

from estafeta.fakes.telegram import FakeTelegram


async def test_an_error_is_answered_as_often_as_planned_and_nothing_is_done(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    fake.fail("sendMessage", status=429, retry_after=7, times=2)
    fake.fail("sendMessage", status=502)
    fake.fail("sendMessage", status=400, description="Bad Request: TOPIC_CLOSED")
    for _ in range(2):
        with pytest.raises(TelegramRetryAfter) as refused:
            await bot.send_message(ivan.id, "x")
        assert refused.value.retry_after == 7
    with pytest.raises(TelegramServerError, match="Bad Gateway"):
        await bot.send_message(ivan.id, "x")
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await bot.send_message(ivan.id, "x")
    await bot.send_message(ivan.id, "дошло")
    assert fake.shown(ivan) == ["дошло"]


async def test_a_broken_connection_leaves_it_open_whether_it_was_done(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    fake.fail("sendMessage", "drop_before")
    fake.fail("sendMessage", "drop_after")
    for text in ("не дошло", "дошло"):
        with pytest.raises(TelegramNetworkError):
            await bot.send_message(ivan.id, text)
    assert fake.shown(ivan) == ["дошло"]
    assert [call.fault for call in fake.calls_of("sendMessage")] == ["drop_before", "drop_after"]


async def test_broken_json_and_a_hang_come_after_and_before_the_deed(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    fake.fail("sendMessage", "broken_json")
    with pytest.raises(ClientDecodeError):
        await bot.send_message(ivan.id, "раз")
    fake.fail("sendMessage", "hang", seconds=30)
    with pytest.raises(TelegramNetworkError, match="timeout"):
        await bot.send_message(ivan.id, "два", request_timeout=1)
    assert fake.shown(ivan) == ["раз"]


async def test_a_fault_may_be_for_one_chat(fake: FakeTelegram, bot: Bot) -> None:
    ivan, maria = fake.private("Иван"), fake.private("Мария")
    fake.fail("*", status=500, chat=maria.id)
    await bot.send_message(ivan.id, "раз")
    with pytest.raises(TelegramServerError):
        await bot.send_message(maria.id, "два")
    assert not fake.faults.planned


async def test_waiting_gives_up_after_its_time(fake: FakeTelegram) -> None:
    with pytest.raises(TimeoutError):
        await fake.wait(lambda: False, timeout=0.01)
    waiting = asyncio.create_task(fake.wait(lambda: fake.shown(fake.private("Иван"))))
    await asyncio.sleep(0)
    fake.private("Иван").says("раз")
    assert await waiting == ["раз"]
