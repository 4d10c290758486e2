"""The group's budget, with Telegram's limits at work at the stand-in: both live on one clock of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from aiogram.methods import AnswerCallbackQuery, CreateForumTopic, SendMessage, SetMessageReaction
from aiogram.types import ReactionTypeEmoji
from pydantic import SecretStr

from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramLimits
from estafeta.clock import TestClock
from estafeta.fakes.telegram import FakeTelegram, Group
from estafeta.kernel.errors import SendFailed
from handoff.desks.telegram_forum.client import CARD, RECEIPT, STATUS, WORDS


class Bench:
    def __init__(self, fake: FakeTelegram, clock: TestClock, limits: TelegramLimits) -> None:
        self.fake = fake
        self.clock = clock
        self.group: Group = fake.group()
        self.client = TelegramClient(SecretStr(fake.token), clock=clock, base_url=fake.url, limits=limits)
        self.tasks: list[asyncio.Task[object]] = []

    def sends(self, text: str, priority: int, *, topic: int | None = None, patience: float = 1e6) -> None:
        method = SendMessage(chat_id=self.group.id, text=text, message_thread_id=topic)
        call = self.client.call(method, priority=priority, patience=patience)
        self.tasks.append(asyncio.create_task(call))

    def shown(self) -> list[str]:
        return self.fake.shown(self.group)

    def refused(self) -> int:
        return sum(call.status == 429 for call in self.fake.calls)

    async def until(self, condition: Callable[[], bool], *, within: float) -> None:
        """Lets time pass until that is so; what is on its way over HTTP gets its time on the machine's clock."""
        end = self.clock.monotonic() + within
        while not condition():
            assert self.clock.monotonic() < end, "not within the time given"
            with contextlib.suppress(TimeoutError):
                await self.fake.wait(condition, 0.02)
            await self.clock.advance(0.5)


@contextlib.asynccontextmanager
async def bench(limits: TelegramLimits | None = None) -> AsyncIterator[Bench]:
    clock = TestClock()
    async with FakeTelegram(clock=clock.monotonic) as fake:
        made = Bench(fake, clock, limits or TelegramLimits())
        yield made
        for task in made.tasks:
            task.cancel()
        await asyncio.gather(*made.tasks, return_exceptions=True)
        await made.client.close()


async def test_a_flood_of_words_is_posted_in_order_and_never_refused() -> None:
    async with bench() as at:
        for number in range(45):
            at.sends(f"слово {number}", WORDS)
        await at.until(lambda: len(at.shown()) == 45, within=200)
        assert at.shown() == [f"слово {number}" for number in range(45)]
        assert at.refused() == 0


async def test_a_new_card_finds_room_while_words_wait() -> None:
    async with bench() as at:
        for number in range(30):
            at.sends(f"слово {number}", WORDS)
        await at.until(lambda: len(at.shown()) == 16, within=30)
        before = at.clock.monotonic()
        topic = await at.client.call(CreateForumTopic(chat_id=at.group.id, name="Клиент"), priority=CARD)
        at.sends("карточка", CARD, topic=topic["message_thread_id"])
        await at.until(lambda: "карточка" in at.shown(), within=3)
        assert at.clock.monotonic() - before <= 3
        assert at.refused() == 0


async def test_a_topic_is_not_made_without_room_for_its_card() -> None:
    """Twelve at once: ten have all that they need, and none stands empty."""
    async with bench() as at:

        async def opens(number: int) -> None:
            made = await at.client.call(
                CreateForumTopic(chat_id=at.group.id, name=f"Клиент {number}"), priority=CARD, patience=1e6
            )
            await at.client.call(
                SendMessage(chat_id=at.group.id, text="карточка", message_thread_id=made["message_thread_id"]),
                priority=CARD, patience=1e6,
            )  # fmt: skip

        at.tasks += [asyncio.create_task(opens(number)) for number in range(12)]
        await at.until(lambda: at.shown().count("карточка") == 10, within=10)
        assert len(at.group.topics) == 10
        await at.until(lambda: at.shown().count("карточка") == 12, within=70)
        assert at.refused() == 0


async def test_a_place_that_a_new_topic_did_not_need_comes_back() -> None:
    async with bench() as at:
        await at.client.call(CreateForumTopic(chat_id=at.group.id, name="Пустая"), priority=CARD)
        load = at.client.load(at.group.id)
        assert load is not None
        assert load.used == 2
        await at.clock.advance(11)
        at.sends("другое", WORDS)
        await at.until(lambda: "другое" in at.shown(), within=5)
        load = at.client.load(at.group.id)
        assert load is not None
        assert load.used == 2


async def test_how_things_stand_waits_for_words_but_not_for_ever() -> None:
    async with bench() as at:
        for number in range(20):
            at.sends(f"слово {number}", WORDS)
        at.sends("статус", STATUS)
        for number in range(20, 24):
            at.sends(f"слово {number}", WORDS)
        await at.until(lambda: "статус" in at.shown(), within=300)
        assert at.shown()[-1] == "статус"
        load = at.client.load(at.group.id)
        assert load is not None
        assert load.waiting == 0


async def test_reactions_and_presses_take_nothing_from_it() -> None:
    async with bench() as at:
        anna = at.group.operator("Анна")
        at.sends("слово", WORDS)
        await at.until(lambda: "слово" in at.shown(), within=5)
        said = anna.says("Отвечаю")
        reaction = SetMessageReaction(
            chat_id=at.group.id, message_id=said["message_id"], reaction=[ReactionTypeEmoji(emoji="👌")]
        )
        await at.client.call(reaction, priority=RECEIPT)
        with pytest.raises(SendFailed):
            await at.client.call(AnswerCallbackQuery(callback_query_id="unknown"))
        load = at.client.load(at.group.id)
        assert load is not None
        assert load.used == 1


async def test_reactions_that_telegram_refuses_hold_up_no_message() -> None:
    async with bench() as at:
        said = at.group.operator("Анна").says("Отвечаю")
        at.fake.fail("setMessageReaction", status=429, retry_after=40)
        reaction = SetMessageReaction(
            chat_id=at.group.id, message_id=said["message_id"], reaction=[ReactionTypeEmoji(emoji="👌")]
        )
        with pytest.raises(SendFailed):
            await at.client.call(reaction, priority=RECEIPT, patience=5)
        at.sends("слово", WORDS)
        await at.until(lambda: "слово" in at.shown(), within=3)


async def test_where_reactions_are_said_to_count_they_do() -> None:
    async with bench(TelegramLimits(group_counts_reactions=True)) as at:
        said = at.group.operator("Анна").says("Отвечаю")
        await at.client.call(SetMessageReaction(chat_id=at.group.id, message_id=said["message_id"], reaction=[]))
        load = at.client.load(at.group.id)
        assert load is not None
        assert load.used == 1


async def test_when_telegram_wants_quiet_all_wait_and_then_go_one_by_one() -> None:
    async with bench() as at:
        at.fake.fail("sendMessage", status=429, retry_after=30)
        for number in range(3):
            at.sends(f"слово {number}", WORDS)
        await at.until(lambda: len(at.shown()) == 3, within=60)
        times = [call.at for call in at.fake.calls if call.ok and call.method == "sendMessage"]
        assert len({round(time) for time in times[-2:]}) == 2
