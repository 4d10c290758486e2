"""The stand-in messenger with our channel at its other end, for the tests of this folder."""

from __future__ import annotations

import asyncio
import contextlib
import io
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aiohttp import ClientSession, web
from pydantic import SecretStr

from bots.telegram.channel import TelegramChannel
from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramConfig, TelegramLimits
from bots.telegram.menu import Commands
from bots.telegram.receive import Route
from estafeta.attachments import Attachments
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.model import Address, Media, MediaKind
from estafeta.kernel.ports import Accept, Incoming
from storage.files.folder import FolderFiles
from storage.sqlite import SqliteStore
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
    """One bot against one stand-in. `client`, `channel` and `aside` are the parts under test; `attachments` is
    where files lie, in `folder`."""

    def __init__(
        self,
        fake: FakeTelegram,
        *,
        mode: Literal["polling", "webhook"],
        limits: TelegramLimits = UNLIMITED,
        folder: Path,
        account: str = "shop",
    ) -> None:
        self.fake = fake
        self.config = TelegramConfig(
            token=SecretStr(fake.token), account=account, mode=mode, secret=SecretStr(SECRET), base_url=fake.url,
            limits=limits,
        )  # fmt: skip
        self.clock = ImpatientClock()
        self.client = TelegramClient(self.config.token, clock=self.clock, base_url=fake.url, limits=limits)
        self.aside = Aside()
        self.routes: Mapping[int, Route] = {}
        self.inbox = Inbox()
        self.url = ""
        self.commands: Commands = {}
        self.files = FolderFiles(folder / "files")
        self.store = SqliteStore(folder / "store.db", clock=self.clock)
        self.attachments = Attachments(files=self.files, store=self.store, clock=self.clock, folder=folder / "arriving")

    async def open(self) -> None:
        await self.files.open()
        await self.store.open()

    async def close(self) -> None:
        await self.client.close()
        await self.store.close()
        await self.files.close()

    def make_channel(self) -> TelegramChannel:
        channel = TelegramChannel(
            self.config, self.client, clock=self.clock, routes=self.routes, set_aside=self.aside,
            attachments=self.attachments, commands=self.commands,
        )  # fmt: skip
        self.attachments.sources[channel.origin] = channel
        return channel

    def address(self, who: str) -> Address:
        return Address(channel="telegram", account=self.config.name, chat=str(self.fake.private(who).id))

    async def stored(self, kind: MediaKind, content: bytes, name: str, **more: Any) -> Media:
        """A file of our own store, as a part."""

        async def chunks() -> AsyncIterator[bytes]:
            yield content

        kept = await self.attachments.keep(Incoming(chunks=chunks(), name=name))
        return replace(await self.attachments.media(kept, kind), **more)

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
        with tempfile.TemporaryDirectory() as folder:
            stage = Stage(messenger, mode=mode, limits=pace, folder=Path(folder))
            await stage.open()
            try:
                yield stage
            finally:
                await stage.close()
                assert messenger.violations == []
