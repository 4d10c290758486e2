"""The stand-in for VK with our channels at its other end, for the tests of this folder."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import socket
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bots.vk.channel import VkChannel
from bots.vk.client import VkClient
from bots.vk.config import VkConfig, VkLimits
from bots.vk.longpoll import Position
from bots.vk.wall import VkWallChannel
from estafeta.app.doctor import vk as doctor
from estafeta.fakes.vk import CallbackSettings, FakeVk
from estafeta.kernel.errors import FileGone
from estafeta.kernel.model import Media
from estafeta.kernel.ports import Accept, StoredFile
from tests.contracts.inbox import Inbox

SECRET = "a-secret_of-the-callback"
UNLIMITED = VkLimits(per_second=1e6, threads=8)

Mode = Literal["callback", "longpoll"]


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


class Shelf:
    """Files of our own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, StoredFile] = {}

    def put(self, content: bytes, kind: Any = "photo", *, mime: str = "image/jpeg", name: str = "photo.jpg") -> Media:
        file = hashlib.sha256(content).hexdigest()
        (self.folder / file).write_bytes(content)
        self.files[file] = StoredFile(file=file, size=len(content), mime=mime, name=name)
        return Media(kind=kind, ref=file, name=name, mime=mime, size=len(content))

    async def obtain(self, media: Media) -> StoredFile:
        return self.files[media.ref]

    @contextlib.asynccontextmanager
    async def local(self, file: str) -> AsyncIterator[Path]:
        if not (self.folder / file).exists():
            raise FileGone(f"there is no file {file}")
        yield self.folder / file


class Kept:
    """Until where Long Poll was stored."""

    def __init__(self) -> None:
        self.ts = ""

    async def load(self) -> str:
        return self.ts

    async def save(self, ts: str) -> None:
        self.ts = ts


class Stage:
    """One community against one stand-in. `client`, `channel`, `wall` and `aside` are the parts under test."""

    def __init__(self, fake: FakeVk, folder: Path, *, mode: Mode, limits: VkLimits = UNLIMITED) -> None:
        self.fake = fake
        self.shop = fake.community("Лавка")
        self.config = VkConfig(
            token=SecretStr(self.shop.token), group_id=self.shop.id, account="shop", mode=mode,
            secret=SecretStr(SECRET), base_url=fake.url, limits=limits,
        )  # fmt: skip
        self.clock = ImpatientClock()
        self.client = VkClient(self.config, clock=self.clock)
        self.aside = Aside()
        self.shelf = Shelf(folder)
        self.kept = Kept()
        self.inbox = Inbox()
        self.url = ""
        self.channel = self.make_channel()
        self.wall = VkWallChannel(self.config, self.client)

    def make_channel(self) -> VkChannel:
        return VkChannel(
            self.config, self.client, clock=self.clock, stock=self.shelf, set_aside=self.aside,
            position=Position(self.kept.load, self.kept.save),
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def listening(self, accept: Accept | None = None) -> AsyncIterator[VkChannel]:
        """The channel at work, connected to VK as `estafeta channels connect` does it."""
        accept = accept or self.inbox
        async with contextlib.AsyncExitStack() as stack:
            self.channel = self.make_channel()
            stack.push_async_callback(self.channel.close)
            public = None
            if self.config.mode == "callback":
                listener = socket.create_server(("127.0.0.1", 0))
                public = f"http://127.0.0.1:{listener.getsockname()[1]}"
                self.url = f"{public}/webhooks/vk/{self.config.name}"
                app = web.Application()
                self.channel.mount(app, accept)
                runner = web.AppRunner(app)
                await runner.setup()
                stack.push_async_callback(runner.cleanup)
                await web.SockSite(runner, listener).start()
            await doctor.connect(self.config, public, self.clock)
            stack.push_async_callback(_ended, asyncio.create_task(self.channel.listen(accept)))
            if self.config.mode == "longpoll":
                await eventually(lambda: self.fake.long_poll(self.shop).waiting > 0)
            yield self.channel

    def event(self, kind: str, about: Any, *, event_id: str = "e1", **more: Any) -> dict[str, Any]:
        base = {"type": kind, "object": about, "group_id": self.shop.id, "event_id": event_id, "v": "5.199"}
        return {**base, "secret": SECRET, **more}

    async def post(self, body: Any) -> tuple[int, str]:
        """Posts to the callback as VK would; the status and the answer."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        async with ClientSession() as session, session.post(self.url, data=io.BytesIO(content)) as answer:
            return answer.status, await answer.text()


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
    folder: Path, mode: Mode = "callback", *, pace: VkLimits = UNLIMITED, **fake: Any
) -> AsyncIterator[Stage]:
    settings = {"limits": None, "callback": CallbackSettings(first_delay=0.01), **fake}
    async with FakeVk(**settings) as messenger:
        stage = Stage(messenger, folder, mode=mode, limits=pace)
        try:
            yield stage
        finally:
            await stage.channel.close()
            stage.client.close()
            assert messenger.violations == []
