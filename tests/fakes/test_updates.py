"""Updates reach the bot by long polling and by webhook, with Telegram's conflicts, order and repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest, TelegramConflictError
from aiohttp import web

from estafeta.fakes.telegram import FakeTelegram, WebhookFaults


async def test_a_poll_waits_for_the_next_update(fake: FakeTelegram, bot: Bot) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await until(lambda: fake.updates.polling)
    fake.private("Иван").says("раз")
    assert [update.message.text for update in await poll if update.message] == ["раз"]


async def test_updates_come_again_until_they_are_confirmed(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    for text in ("раз", "два", "три"):
        ivan.says(text)
    first = await bot.get_updates(limit=2)
    assert len(first) == 2
    assert await bot.get_updates(limit=2) == first
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in rest if update.message] == ["три"]
    ivan.says("четыре")
    last = await bot.get_updates(offset=-1)
    assert [update.message.text for update in last if update.message] == ["четыре"]


async def test_a_second_poll_ends_the_first_with_a_conflict(fake: FakeTelegram, bot: Bot) -> None:
    first = asyncio.create_task(bot.get_updates(timeout=20))
    await until(lambda: fake.updates.polling)
    second = asyncio.create_task(bot.get_updates(timeout=20))
    with pytest.raises(TelegramConflictError, match="terminated by other getUpdates request"):
        await first
    fake.private("Иван").says("раз")
    assert len(await second) == 1


async def until(condition: Callable[[], object]) -> None:
    """For conditions the stand-in does not announce."""
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


# Webhook


@dataclass
class Receiver:
    """A bot's webhook; `statuses` answers the next requests, then 200."""

    url: str = ""
    updates: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)
    held: dict[int, asyncio.Event] = field(default_factory=dict)
    """Chats whose deliveries wait."""
    arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, request: web.BaseRequest) -> web.Response:
        update = await request.json()
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        self.updates.append(update)
        async with self.arrived:
            self.arrived.notify_all()
        chat = update.get("message", {}).get("chat", {}).get("id")
        if chat in self.held:
            await self.held[chat].wait()
        return web.json_response(self.reply, status=self.statuses.pop(0) if self.statuses else 200)

    def texts(self) -> list[str]:
        return [update["message"]["text"] for update in self.updates]

    async def got(self, number: int) -> None:
        async with asyncio.timeout(5), self.arrived:
            await self.arrived.wait_for(lambda: len(self.updates) >= number)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiving = Receiver()
    runner = web.ServerRunner(web.Server(receiving))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiving.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiving
    await runner.cleanup()


async def test_a_webhook_gets_updates_with_its_secret_in_order(
    fake: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    ivan = fake.private("Иван")
    ivan.says("до вебхука")
    await bot.set_webhook(receiver.url, secret_token="sesame", max_connections=2)
    for text in ("раз", "два"):
        ivan.says(text)
    await receiver.got(3)
    assert receiver.texts() == ["до вебхука", "раз", "два"]
    assert set(receiver.secrets) == {"sesame"}
    info = await bot.get_webhook_info()
    assert (info.url, info.max_connections) == (receiver.url, 2)


async def test_a_refused_update_comes_again_and_holds_up_only_its_chat(
    fake: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url)
    receiver.statuses = [500, 502]
    fake.private("Иван").says("раз")
    fake.private("Иван").says("два")
    await receiver.got(4)
    assert receiver.texts() == ["раз", "раз", "раз", "два"]
    info = await bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 502 Bad Gateway"


async def test_a_slow_chat_does_not_hold_up_another(fake: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    await bot.set_webhook(receiver.url)
    slow, quick = fake.private("Медленный"), fake.private("Быстрый")
    receiver.held[slow.id] = asyncio.Event()
    for text in ("м1", "м2"):
        slow.says(text)
    for text in ("б1", "б2"):
        quick.says(text)
    await receiver.got(3)
    assert sorted(receiver.texts()) == ["б1", "б2", "м1"]
    assert (await bot.get_webhook_info()).pending_update_count >= 2
    receiver.held[slow.id].set()
    await receiver.got(4)
    assert receiver.texts()[-1] == "м2"


async def test_an_acknowledgement_may_carry_a_call(fake: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    ivan = fake.private("Иван")
    receiver.reply = {"method": "sendMessage", "chat_id": ivan.id, "text": "в ответе"}
    await bot.set_webhook(receiver.url)
    ivan.says("раз")
    await fake.wait(lambda: fake.shown(ivan) == ["раз", "в ответе"])


async def test_duplicates_reordering_and_lost_answers_can_be_ordered(
    fake: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    await bot.set_webhook(receiver.url)
    ivan = fake.private("Иван")
    fake.faults.webhook = WebhookFaults(duplicates=1)
    ivan.says("раз")
    await receiver.got(2)
    await until(lambda: fake.webhook.waiting == 0)
    fake.faults.webhook = WebhookFaults(reorder=1)
    ivan.says("два")
    ivan.says("три")
    await receiver.got(4)
    await until(lambda: fake.webhook.waiting == 0)
    fake.faults.webhook = WebhookFaults(lost_answers=1, delay=0.01)
    ivan.says("четыре")
    await receiver.got(6)
    assert receiver.texts() == ["раз", "раз", "три", "два", "четыре", "четыре"]


async def test_polling_and_a_webhook_exclude_each_other(fake: FakeTelegram, bot: Bot, receiver: Receiver) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=20))
    await until(lambda: fake.updates.polling)
    await bot.set_webhook(receiver.url)
    with pytest.raises(TelegramConflictError, match="terminated by setWebhook request"):
        await poll
    with pytest.raises(TelegramConflictError, match="can't use getUpdates method while webhook is active"):
        await bot.get_updates()
    await bot.delete_webhook()
    assert await bot.get_updates() == []


async def test_what_a_removed_webhook_did_not_take_waits_for_the_poll(
    fake: FakeTelegram, bot: Bot, receiver: Receiver
) -> None:
    receiver.statuses = [500] * 1000
    await bot.set_webhook(receiver.url)
    fake.private("Иван").says("раз")
    fake.private("Пётр").says("два")
    await receiver.got(2)
    await bot.delete_webhook()
    assert [update.message.text for update in await bot.get_updates() if update.message] == ["раз", "два"]


@pytest.mark.parametrize(
    ("url", "secret", "error"),
    [
        ("ftp://127.0.0.1/", "", "HTTPS url must be provided"),
        ("https://example.org/", "", "the stand-in delivers to loopback only"),
        ("http://127.0.0.1/", "with space", "secret token contains unallowed characters"),
        ("http://127.0.0.1/", "s" * 257, "secret token is too long"),
    ],
)
async def test_bad_webhooks_are_refused(bot: Bot, url: str, secret: str, error: str) -> None:
    with pytest.raises(TelegramBadRequest, match=error):
        await bot.set_webhook(url, secret_token=secret)
