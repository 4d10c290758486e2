"""Telegram's limits on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramRetryAfter

from estafeta.fakes.telegram import FakeTelegram, Limits
from estafeta.fakes.telegram.limits import Pace


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def accepted(pace: Pace, clock: Seconds, seconds: float, chat: Callable[[int], int], *, private: bool) -> int:
    """How many of ten tries a second get through."""
    count = 0
    for step in range(int(seconds * 10)):
        count += pace.take(chat(step), private=private) == 0
        clock.now += 0.1
    return count


def test_a_group_takes_twenty_in_any_minute() -> None:
    clock = Seconds()
    pace = Pace(limits=Limits(), clock=clock)
    assert accepted(pace, clock, 59, lambda _: -1, private=False) == 20
    clock.now += 1
    assert accepted(pace, clock, 59, lambda _: -1, private=False) == 20


def test_a_private_chat_takes_one_a_second_after_a_burst() -> None:
    clock = Seconds()
    pace = Pace(limits=Limits(), clock=clock)
    assert accepted(pace, clock, 20, lambda _: 1, private=True) in {24, 25}


def test_all_chats_together_take_thirty_a_second() -> None:
    clock = Seconds()
    pace = Pace(limits=Limits(), clock=clock)
    assert sum(pace.take(chat, private=True) == 0 for chat in range(100)) == 30
    clock.now += 1
    assert sum(pace.take(chat, private=True) == 0 for chat in range(100)) == 30


def test_waiting_as_long_as_told_is_enough() -> None:
    clock = Seconds()
    pace = Pace(limits=Limits(), clock=clock)
    for _ in range(60):
        wait = pace.take(-1, private=False)
        assert wait <= 60
        clock.now += wait
        assert wait == 0 or pace.take(-1, private=False) == 0


async def test_edits_and_topics_share_the_groups_budget_and_429_tells_how_long() -> None:
    clock = Seconds()
    async with FakeTelegram(clock=clock) as fake:
        bot = Bot(fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
        group = fake.group()
        await bot.create_forum_topic(group.id, "тема")
        sent = await bot.send_message(group.id, "0")
        for number in range(1, 19):
            await bot.edit_message_text(str(number), chat_id=group.id, message_id=sent.message_id)
        clock.now += 18
        with pytest.raises(TelegramRetryAfter) as refused:
            await bot.send_message(group.id, "x")
        assert refused.value.retry_after == 42
        assert fake.calls[-1].answer["description"] == "Too Many Requests: retry after 42"
        await bot.get_chat(group.id)
        clock.now += 42
        await bot.send_message(group.id, "x")
        assert fake.shown(group) == ["18", "x"]
        await bot.session.close()
