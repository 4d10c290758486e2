"""The stand-in for WhatsApp with our channel at its other end, for the tests of this folder."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from aiohttp import ClientSession, web
from pydantic import SecretStr

from bots.whatsapp.channel import WhatsAppChannel
from bots.whatsapp.client import WhatsAppClient
from bots.whatsapp.config import WhatsAppConfig, WhatsAppLimits
from bots.whatsapp.webhook import path, sign
from estafeta.fakes.whatsapp import Clock as FakeClock
from estafeta.fakes.whatsapp import FakeWhatsApp, Limits
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, Json, Media, OutboundMessage, OutboxId, Part, Signal, StatusChanged
from estafeta.kernel.ports import Accepted, Clock, StoredFile
from tests.contracts.inbox import Inbox

VERIFY_TOKEN = "слово-для-проверки"
UNLIMITED = WhatsAppLimits(per_second=1e6, pair_seconds=1e-6)


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


class Pad:
    """The store's small values. `away`: it does not answer."""

    def __init__(self) -> None:
        self.values: dict[str, Json] = {}
        self.away = False
        self.writes = 0

    async def get(self, key: str) -> Json:
        await self._here()
        return self.values.get(key)

    async def put(self, key: str, value: Json) -> None:
        await self._here()
        self.writes += 1
        self.values[key] = value
        if value is None:
            del self.values[key]

    async def _here(self) -> None:
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("the test's store is away")


class Shelf:
    """Files of our own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, StoredFile] = {}

    def put(
        self, content: bytes, kind: Any = "photo", *, mime: str = "image/jpeg", name: str = "photo.jpg", size: int = 0
    ) -> Media:
        file = hashlib.sha256(content).hexdigest()
        (self.folder / file).write_bytes(content)
        self.files[file] = StoredFile(file=file, size=size or len(content), mime=mime, name=name)
        return Media(kind=kind, ref=file, name=name, mime=mime, size=len(content))

    async def obtain(self, media: Media) -> StoredFile:
        return self.files[media.ref]

    @contextlib.asynccontextmanager
    async def local(self, file: str) -> AsyncIterator[Path]:
        yield self.folder / file


class Ear(Inbox):
    """What became of our messages is kept apart, in `statuses`."""

    def __init__(self) -> None:
        super().__init__()
        self.statuses: list[tuple[Signal, StatusChanged]] = []

    async def __call__(self, signals: Sequence[Signal]) -> list[Accepted]:
        for signal in signals:
            if isinstance(signal.event, StatusChanged):
                self.statuses.append((signal, signal.event))
        rest = [signal for signal in signals if not isinstance(signal.event, StatusChanged)]
        return await super().__call__(rest)


class Stage:
    """One number against one stand-in."""

    def __init__(
        self, fake: FakeWhatsApp, folder: Path, *, limits: WhatsAppLimits = UNLIMITED, clock: Clock | None = None
    ) -> None:
        self.fake = fake
        self.config = WhatsAppConfig(
            token=SecretStr(fake.token), phone_number_id=fake.number.id, waba_id=fake.account.id, app_id=fake.app.id,
            app_secret=SecretStr(fake.app_secret), verify_token=SecretStr(VERIFY_TOKEN), account="shop",
            base_url=fake.url, limits=limits,
        )  # fmt: skip
        self.clock = clock or ImpatientClock()
        self.client = WhatsAppClient(self.config, clock=self.clock)
        self.aside = Aside()
        self.pad = Pad()
        self.shelf = Shelf(folder)
        self.inbox = Ear()
        self.siblings: dict[str, str] = {}
        self.channel = self.made()
        self.url = ""

    def made(self) -> WhatsAppChannel:
        return WhatsAppChannel(
            self.config, self.client, clock=self.clock, store=self.pad, attachments=self.shelf, set_aside=self.aside,
            siblings=self.siblings,
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """The webhook, verified and subscribed."""
        app = web.Application()
        self.channel.mount(app, self.inbox)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{port}{path(self.config.name)}"
            await self.fake.set_webhook(self.url, VERIFY_TOKEN)
            yield
        finally:
            await runner.cleanup()

    async def post(self, payload: Any, *, signature: str | None = None) -> int:
        """Posts to the webhook as Meta would; the status."""
        body = payload if isinstance(payload, bytes) else orjson.dumps(payload)
        headers = {"X-Hub-Signature-256": sign(self.config.app_secret, body) if signature is None else signature}
        async with ClientSession() as session, session.post(self.url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status

    def message(self, to: Address, *parts: Part, id_: str = "", **more: Any) -> OutboundMessage:
        return OutboundMessage(id=OutboxId(id_ or "c1.2.3"), to=to, parts=parts, **more)

    def address(self, chat: str) -> Address:
        return Address(channel="whatsapp", account="shop", chat=chat)


@contextlib.asynccontextmanager
async def staged(
    folder: Path,
    *,
    limits: WhatsAppLimits = UNLIMITED,
    clock: Clock | None = None,
    serve: bool = True,
    stand_in: tuple[Limits | None, FakeClock | None] = (None, None),
    **fake: Any,
) -> AsyncIterator[Stage]:
    """`stand_in`: its limits (none: it has none) and its clock."""
    async with FakeWhatsApp(limits=stand_in[0], clock=stand_in[1], webhook_delay=0.01, **fake) as messenger:
        stage = Stage(messenger, folder, limits=limits, clock=clock)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(stage.client.close)
            if serve:
                await stack.enter_async_context(stage.served())
            yield stage
        assert messenger.violations == []
