"""The stand-in messengers of the demo: started on the ports after the shop's, and joined to the platform as their
administrators would join the real ones."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from bots.vk.config import VkConfig
from bots.whatsapp.config import WhatsAppConfig
from estafeta.app.config import Settings
from estafeta.app.wiring import bound
from estafeta.fakes.common.together import Shown, together
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.vk import CallbackSettings
from estafeta.fakes.vk.served import ServedVk
from estafeta.fakes.whatsapp.errors import Refused
from estafeta.fakes.whatsapp.fake import FakeWhatsApp
from estafeta.fakes.whatsapp.saved import lasting
from estafeta.kernel.errors import ConfigurationError

ACCOUNT = "demo"
ANSWERS_WITHIN = 10.0
"""Seconds for the platform to answer VK's question for the confirmation string."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIns:
    """Those that run. `addresses`: name and page, as the demo prints them."""

    telegram: FakeTelegram | None = None
    vk: ServedVk | None = None
    whatsapp: FakeWhatsApp | None = None
    addresses: tuple[tuple[str, str], ...] = ()

    def named_in(self, settings: Settings) -> Settings:
        """The settings with an account for each, as an administrator would write them. Whoever is in the stand-in's
        group is there to try the product: unless the settings say otherwise, nobody has to be let in first."""
        accounts = {
            "telegram": self.telegram and _bot(self.telegram),
            "vk": self.vk and _community(self.vk),
            "whatsapp": self.whatsapp and _number(self.whatsapp),
        }
        changed: dict[str, object] = {name: account for name, account in accounts.items() if account}
        if self.telegram is not None and "open_to_members" not in settings.desk.model_fields_set:
            changed["desk"] = settings.desk.model_copy(update={"open_to_members": True})
        return settings.model_copy(update=changed)

    async def connect(self, served: Settings) -> None:
        """Tells VK and WhatsApp where the platform listens; it must be running. Raises `ConfigurationError`."""
        if self.vk is not None and served.vk is not None and served.vk.secret is not None:
            url = f"{served.local_url}/webhooks/vk/{served.vk.name}"
            secret = served.vk.secret.get_secret_value()
            server = self.vk.connect(self.vk.furnish(), url, secret=secret)
            await self.vk.wait(lambda: server.status in {"ok", "failed"}, ANSWERS_WITHIN)
            if server.status != "ok":
                raise ConfigurationError(f"The stand-in for VK could not confirm {url}: estafeta.log says why.")
        if self.whatsapp is not None and served.whatsapp is not None:
            url = f"{served.local_url}/webhooks/whatsapp/{served.whatsapp.name}"
            try:
                await self.whatsapp.set_webhook(url, served.whatsapp.verify_token.get_secret_value())
            except Refused as refused:
                raise ConfigurationError(f"The stand-in for WhatsApp could not verify {url}: {refused}") from None


@contextlib.asynccontextmanager
async def standing_in(data: Path, settings: Settings, *, every: bool) -> AsyncIterator[StandIns]:
    """Telegram's stand-in, or with `every` those of all messengers with a page that shows them together. What was
    said in them is kept in `data`. Raises `ConfigurationError` for a taken port."""
    first = settings.port + 2
    ports = range(first, first + (4 if every else 1))
    for port in ports:
        bound(settings.host, port).close()
    host = settings.host

    def page(port: int) -> str:
        return settings.model_copy(update={"port": port}).local_url + "/"

    async with contextlib.AsyncExitStack() as stack:
        if not every:
            alone = await stack.enter_async_context(_telegram(data, host, first))
            yield StandIns(telegram=alone, addresses=(("Stand-in messenger", page(first)),))
            return
        _, telegram, vk, whatsapp = ports
        shown = [
            Shown(name="telegram", port=telegram),
            Shown(name="vk", port=vk),
            Shown(name="whatsapp", port=whatsapp),
            Shown(name="operators", port=telegram, side="group"),
        ]
        running = StandIns(
            telegram=await stack.enter_async_context(_telegram(data, host, telegram)),
            vk=await stack.enter_async_context(_vk(data, host, vk)),
            whatsapp=await stack.enter_async_context(_whatsapp(data, host, whatsapp)),
            addresses=(
                ("Messengers", page(first)),
                ("  Telegram", page(telegram)),
                ("  VK", page(vk)),
                ("  WhatsApp", page(whatsapp)),
            ),
        )
        await stack.enter_async_context(together(shown, host=host, port=first))
        yield running


@contextlib.asynccontextmanager
async def _telegram(data: Path, host: str, port: int) -> AsyncIterator[FakeTelegram]:
    """With a group of operators and a first customer."""
    async with FakeTelegram(port, host=host, state=data / "messenger.json") as fake:
        fake.furnish()
        yield fake


@contextlib.asynccontextmanager
async def _vk(data: Path, host: str, port: int) -> AsyncIterator[ServedVk]:
    callback = CallbackSettings(hosts=frozenset({host}))
    async with ServedVk(port, host=host, callback=callback, journal=10_000, state=data / "vk.json") as fake:
        fake.furnish()
        yield fake


@contextlib.asynccontextmanager
async def _whatsapp(data: Path, host: str, port: int) -> AsyncIterator[FakeWhatsApp]:
    """With a first customer, and a template to write with after the 24 hours."""
    fake = FakeWhatsApp(
        port, host=host, app_secret=secrets.token_hex(16), webhook_hosts=frozenset({host}), journal=10_000
    )
    async with lasting(fake, data / "whatsapp.json"):
        if not fake.people():
            fake.person("Мария")
            fake.add_template(
                "order_news",
                "Здравствуйте, {{1}}! Есть новости о Вашем заказе {{2}}. Ответьте на это сообщение, и мы расскажем.",
                buttons=("Рассказать",),
            )
        yield fake


def _bot(fake: FakeTelegram) -> TelegramConfig:
    return TelegramConfig(token=SecretStr(fake.token), base_url=fake.url, group_id=fake.furnish().id, account=ACCOUNT)


def _community(fake: ServedVk) -> VkConfig:
    community = fake.furnish()
    return VkConfig(
        token=SecretStr(community.token), group_id=community.id, account=ACCOUNT, mode="callback",
        secret=SecretStr(secrets.token_urlsafe(24)), base_url=fake.url,
    )  # fmt: skip


def _number(fake: FakeWhatsApp) -> WhatsAppConfig:
    return WhatsAppConfig(
        token=SecretStr(fake.token), phone_number_id=fake.number.id, waba_id=fake.account.id, account=ACCOUNT,
        app_secret=SecretStr(fake.app_secret), verify_token=SecretStr(secrets.token_urlsafe(24)), base_url=fake.url,
    )  # fmt: skip
