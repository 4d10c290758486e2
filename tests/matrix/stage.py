"""The whole product with every channel at once, its customers, and an operator in the forum group."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bots.telegram.config import TelegramConfig, TelegramLimits
from bots.vk.config import VkConfig, VkLimits
from bots.whatsapp.config import WhatsAppConfig, WhatsAppLimits
from bots.whatsapp.webhook import path
from bots.widget.config import WidgetConfig
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.doctor import vk as connecting
from estafeta.app.faults.servers import free_port
from estafeta.app.wiring import Platform, build, running
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.telegram.people import Group, Participant
from estafeta.fakes.vk import CallbackSettings, FakeVk
from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.kernel.model import Address
from flows import loader
from flows.model import Workspace
from tests.contracts.customers import Customers, Seen
from tests.engine.words import Words
from tests.telegram.harness import TelegramCustomers, seen_of
from tests.vk.harness import VkCustomers, WallCustomers
from tests.whatsapp.harness import WhatsAppCustomers
from tests.widget.test_contract import WidgetCustomers

WORKSPACE = Path(__file__).parent / "workspace"
SECRET = "a-secret_of-the-callback"
WITHIN = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """`customers` by their channels; `operator` answers in `group`."""

    platform: Platform
    telegram: FakeTelegram
    group: Group
    operator: Participant
    customers: Mapping[str, Customers]

    def posts(self, topic: int) -> list[Seen]:
        """What the platform has posted in a topic, but for the card: what has buttons."""
        shown = self.telegram.messages(self.group, topic=topic)
        return [seen_of(self.telegram, one) for one in shown if one.by_bot and not one.service and not one.buttons]

    def topic_with(self, words: str) -> int:
        """The topic in which these words stand, be it on the card; 0 while there is none."""
        shown = self.telegram.messages(self.group)
        return next((one.topic for one in shown if one.topic and one.by_bot and words in one.text), 0)

    async def settled(self, topic: int) -> None:
        """Until nothing is left to be done in the topic's conversation: nobody's hand is as fast as a test's."""
        store, news = self.platform.store, self.platform.bus.announcements()
        conversation = await store.resolve(
            Address(channel="telegram_forum", account=str(self.group.id), chat=str(topic))
        )
        assert conversation is not None
        async with asyncio.timeout(WITHIN):
            while True:
                mailbox = await store.load(conversation)
                if mailbox.conversation and not mailbox.signals and not mailbox.conversation.outbox:
                    return
                await anext(news)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A customer called `who` and the operator, in the customer's topic, since the customer's `first` message and the
    operator's "Слушаю" (`greeting`)."""

    stage: Stage
    channel: str
    customers: Customers
    who: str
    topic: int
    first: str
    greeting: int

    async def operator_sees(self, wanted: Callable[[list[Seen]], Any]) -> Any:
        return await self.stage.telegram.wait(lambda: wanted(self.stage.posts(self.topic)), WITHIN)

    async def customer_sees(self, wanted: Callable[[list[Seen]], Any]) -> Any:
        return await self.customers.wait(lambda: wanted(self.customers.view(self.who)), WITHIN)

    def says(self, text: str, **more: Any) -> int:
        """The operator, in the topic; the message's number."""
        return int(self.stage.operator.says(text, topic=self.topic, **more)["message_id"])

    def sends(self, kind: str, content: bytes, **more: Any) -> int:
        return int(self.stage.operator.sends(kind, content, topic=self.topic, **more)["message_id"])

    async def stands(self, words: str) -> Seen:
        """The post that these words of the customer stand in."""
        seen: Seen = await self.operator_sees(lambda posts: next((p for p in posts if words in p.text), None))
        await self.stage.settled(self.topic)
        return seen


async def set_out(stage: Stage, channel: str, who: str) -> Trip:
    """The customer writes what the bot does not understand, or calls a person; the operator answers."""
    customers = stage.customers[channel]
    call = f"{'Вопрос' if channel == 'vk_wall' else 'Нужен person'}: {who}."
    first = await customers.writes(who, call)
    topic = int(await stage.telegram.wait(lambda: stage.topic_with(call), WITHIN))
    said = stage.operator.says("Слушаю", topic=topic)
    trip = Trip(
        stage=stage,
        channel=channel,
        customers=customers,
        who=who,
        topic=topic,
        first=first,
        greeting=int(said["message_id"]),
    )
    await trip.customer_sees(lambda seen: any(one.text == "Слушаю" for one in seen))
    await stage.settled(topic)
    return trip


@contextlib.asynccontextmanager
async def staged(folder: Path) -> AsyncIterator[Stage]:
    async with contextlib.AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(FakeTelegram(limits=None))
        vk = await stack.enter_async_context(FakeVk(limits=None, callback=CallbackSettings(first_delay=0.01)))
        whatsapp = await stack.enter_async_context(FakeWhatsApp(limits=None, webhook_delay=0.01))
        community, group, port = vk.community("Лавка"), telegram.furnish(), free_port()
        origin = f"http://127.0.0.1:{port}"
        settings = _settings(folder, port, telegram, group, vk, community.token, community.id, whatsapp)
        platform = build(
            settings, _at_once(loader.load(WORKSPACE)), Words(), secrets={}, variables={}, control_token="t"
        )
        await stack.enter_async_context(_at_work(platform))
        assert settings.vk is not None
        await connecting.connect(settings.vk, origin, platform.clock)
        await whatsapp.set_webhook(origin + path("shop"), "a-word")
        widget = WidgetCustomers(origin)
        stack.push_async_callback(widget.leave)
        customers = {
            "telegram": TelegramCustomers(telegram),
            "vk": VkCustomers(vk, community),
            "vk_wall": WallCustomers(vk, community),
            "whatsapp": WhatsAppCustomers(whatsapp),
            "widget": widget,
        }
        yield Stage(
            platform=platform, telegram=telegram, group=group, operator=group.operator("Анна"), customers=customers
        )
        assert (telegram.violations, vk.violations, whatsapp.violations) == ([], [], [])


def _at_once(workspace: Workspace) -> Workspace:
    """Without the seconds in which an answer can be taken back: where a messenger takes nothing back it is held."""
    handoff = workspace.bot.handoff.model_copy(update={"undo": 0})
    return replace(workspace, bot=workspace.bot.model_copy(update={"handoff": handoff}))


def _settings(
    folder: Path, port: int, telegram: FakeTelegram, group: Group, vk: FakeVk, token: str, community: int,
    whatsapp: FakeWhatsApp,
) -> Settings:  # fmt: skip
    fields = Settings.model_fields.items()
    defaults = {name: field.get_default(call_default_factory=True) for name, field in fields}
    accounts = {
        "telegram": TelegramConfig(
            token=SecretStr(telegram.token), account="shop", base_url=telegram.url, group_id=group.id,
            limits=TelegramLimits(bot_per_second=1e6, chat_per_second=1e6, chat_burst=1e6, group_per_minute=1e6),
        ),
        "vk": VkConfig(
            token=SecretStr(token), group_id=community, account="shop", mode="callback", secret=SecretStr(SECRET),
            base_url=vk.url, limits=VkLimits(per_second=1e6, threads=4),
        ),
        "whatsapp": WhatsAppConfig(
            token=SecretStr(whatsapp.token), phone_number_id=whatsapp.number.id, waba_id=whatsapp.account.id,
            app_id=whatsapp.app.id, app_secret=SecretStr(whatsapp.app_secret), verify_token=SecretStr("a-word"),
            account="shop", base_url=whatsapp.url, limits=WhatsAppLimits(per_second=1e6, pair_seconds=1e-6),
        ),
    }  # fmt: skip
    widget = WidgetConfig(burst=1000, rate=1000.0, uploads=1000.0)
    desk = DeskConfig(open_to_members=True)
    given = {**defaults, "port": port, "data": folder, "widget": widget, "desk": desk, **accounts}
    return Settings.model_construct(**given)


@contextlib.asynccontextmanager
async def _at_work(platform: Platform) -> AsyncIterator[None]:
    """In a task of its own: fixtures end in another one than they began in."""
    ready, over = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        async with running(platform):
            ready.set()
            await over.wait()

    working = asyncio.create_task(work())
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    if working.done():
        waiting.cancel()
        await working
    try:
        yield
    finally:
        over.set()
        await working
