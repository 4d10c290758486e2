"""The stand-in messenger with our channel at its other end, for the tests of this folder."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from aiohttp import ClientSession, web
from pydantic import SecretStr

from bots.telegram.channel import TelegramChannel
from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramConfig, TelegramLimits
from bots.telegram.receive import Route
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.ports import Accept
from tests.contracts.inbox import Inbox

SECRET = "a-secret_of-the-webhook"
UNLIMITED = TelegramLimits(bot_per_second=1e6, chat_per_second=1e6, chat_burst=1e6, group_per_minute=1e6)


class ImpatientClock:
    """The system's time; what would be slept is slept a hundred times shorter."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)


class Aside:
    """Keeps what was set aside. `broken`: it cannot."""

    def __init__(self) -> None:
        self.kept: list[tuple[Any, str]] = []
        self.broken = False

    async def __call__(self, raw: Any, reason: str) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.kept.append((raw, reason))


class Stage:
    """One bot against one stand-in. `client`, `channel` and `aside` are the parts under test."""

    def __init__(
        self, fake: FakeTelegram, *, mode: Literal["polling", "webhook"], limits: TelegramLimits = UNLIMITED
    ) -> None:
        self.fake = fake
        self.config = TelegramConfig(
            token=SecretStr(fake.token), account="shop", mode=mode, secret=SecretStr(SECRET), base_url=fake.url,
            limits=limits,
        )  # fmt: skip
        self.clock = ImpatientClock()
        self.client = TelegramClient(self.config.token, clock=self.clock, base_url=fake.url, limits=limits)
        self.aside = Aside()
        self.routes: Mapping[int, Route] = {}
        self.inbox = Inbox()
        self.url = ""

    def make_channel(self) -> TelegramChannel:
        return TelegramChannel(self.config, self.client, clock=self.clock, routes=self.routes, set_aside=self.aside)

    @contextlib.asynccontextmanager
    async def listening(self, accept: Accept | None = None) -> AsyncIterator[TelegramChannel]:
        """The channel at work, with its webhook served and set in webhook mode."""
        accept = accept or self.inbox
        async with contextlib.AsyncExitStack() as stack:
            if self.config.mode == "webhook":
                listener = socket.create_server(("127.0.0.1", 0))
                base = f"http://127.0.0.1:{listener.getsockname()[1]}"
                self.config = self.config.model_copy(update={"public_url": base})
                self.url = f"{base}/webhooks/telegram/{self.config.name}"
            channel = self.make_channel()
            if self.config.mode == "webhook":
                app = web.Application()
                channel.mount(app, accept)
                runner = web.AppRunner(app)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.SockSite(runner, listener).start()
            stack.push_async_callback(_ended, asyncio.create_task(channel.listen(accept)))
            if self.config.mode == "webhook":
                await eventually(lambda: self.fake.webhook.url == self.url)
            yield channel

    async def post(self, body: bytes, *, secret: str | None = SECRET) -> int:
        """Posts to the webhook as the messenger would; the status."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        async with ClientSession() as session, session.post(self.url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status


async def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Waits for what tells nobody that it happened."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.005)


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextlib.asynccontextmanager
async def staged(
    mode: Literal["polling", "webhook"] = "polling", *, pace: TelegramLimits = UNLIMITED, **fake: Any
) -> AsyncIterator[Stage]:
    async with FakeTelegram(**{"limits": None, "webhook_delay": 0.01, **fake}) as messenger:
        stage = Stage(messenger, mode=mode, limits=pace)
        try:
            yield stage
        finally:
            await stage.client.close()
            assert messenger.violations == []
