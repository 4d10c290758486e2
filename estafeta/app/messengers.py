"""Each account of a messenger, joined of its parts: what talks to it, what receives, what is to be closed.

An account's package is loaded for those who use it alone: aiogram takes three seconds and 80 MB.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from aiohttp import web

from bots.pacing import Buckets
from bots.telegram.config import TelegramConfig
from bots.vk.config import VkConfig
from bots.whatsapp.config import WhatsAppConfig
from estafeta.app.config import Settings
from estafeta.app.set_aside import SetAside
from estafeta.attachments import Attachments
from estafeta.kernel.model import Address, Template
from estafeta.kernel.ports import Accept, Channel, Clock, Desk, Source, Store
from flows.model import Workspace

TemplatesOf = Callable[[Address], Awaitable[Sequence[Template]]]


class Served(Protocol):
    """What the web application serves for an account."""

    def mount(self, app: web.Application, accept: Accept) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """One account. Its first channel receives for all of them. `polls`: it asks the messenger for what was written,
    which one process at a time may do; otherwise `served` takes what the messenger posts."""

    channels: tuple[Channel, ...]
    sources: tuple[Source, ...]
    polls: bool
    served: Served | None = None
    desk: Desk | None = None
    close: tuple[Callable[[], Awaitable[None]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every account needs. `worker` says under which name this process sends, "" while it may have been taken
    for dead. `templates` asks the channel of an address for its approved templates."""

    settings: Settings
    workspace: Workspace
    store: Store
    clock: Clock
    buckets: Buckets | None
    worker: Callable[[], str]
    attachments: Attachments
    templates: TemplatesOf
    set_aside: SetAside = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "set_aside", SetAside(self.settings.data / "set-aside", self.clock))


def connected(around: Surroundings) -> list[Messenger]:
    """All accounts that the settings name. The first bot with a group has the operators' desk."""
    settings = around.settings
    with_desk = next((bot for bot in settings.bots if bot.group_id is not None), None)
    return [
        *(_telegram(bot, around, desk=bot is with_desk) for bot in settings.bots),
        *(_vk(community, around) for community in settings.communities),
        *(_whatsapp(number, around) for number in settings.numbers),
    ]


def _telegram(config: TelegramConfig, around: Surroundings, *, desk: bool) -> Messenger:
    from bots.telegram.channel import TelegramChannel
    from bots.telegram.client import TelegramClient, Upload
    from bots.telegram.content import origin, parts_of

    client = TelegramClient(
        config.token, clock=around.clock, base_url=config.base_url, language=config.language,
        limits=config.limits, buckets=around.buckets, worker=around.worker,
    )  # fmt: skip
    forum = None
    if desk and config.group_id is not None:
        from handoff.desks.telegram_forum.desk import TelegramForumDesk

        forum = TelegramForumDesk(
            client, config.group_id, clock=around.clock, store=around.store, language=config.language,
            zone=around.workspace.hours.zone, skills=_skills(around.workspace, config.language),
            attachments=around.attachments, parts_of=partial(parts_of, account=config.name), upload=Upload,
            origin=origin(config.name), templates=around.templates, web_desk=_web_desk(around.settings),
        )  # fmt: skip
    channel = TelegramChannel(
        config, client, clock=around.clock, routes={forum.group_id: forum.handle} if forum else None,
        set_aside=around.set_aside, attachments=around.attachments, commands=_commands(around.workspace),
    )  # fmt: skip
    return Messenger(
        channels=(channel,), sources=(channel,), polls=config.mode == "polling", served=channel, desk=forum,
        close=(channel.close, client.close),
    )  # fmt: skip


def _vk(config: VkConfig, around: Surroundings) -> Messenger:
    from bots.vk.channel import VkChannel
    from bots.vk.client import VkClient
    from bots.vk.longpoll import Position
    from bots.vk.wall import VkWallChannel

    client = VkClient(config, clock=around.clock, buckets=around.buckets, worker=around.worker)
    key = f"vk.position.{config.group_id}"

    async def load() -> str:
        return str(await around.store.get(key) or "")

    async def save(position: str) -> None:
        await around.store.put(key, position)

    async def close() -> None:
        client.close()

    channel = VkChannel(
        config, client, clock=around.clock, stock=around.attachments, set_aside=around.set_aside,
        position=Position(load=load, save=save),
    )  # fmt: skip
    wall = (VkWallChannel(config, client),) if config.wall else ()
    return Messenger(
        channels=(channel, *wall), sources=(channel,), polls=config.mode == "longpoll", served=channel,
        close=(channel.close, close),
    )  # fmt: skip


def _whatsapp(config: WhatsAppConfig, around: Surroundings) -> Messenger:
    from bots.whatsapp.channel import WhatsAppChannel
    from bots.whatsapp.client import WhatsAppClient

    client = WhatsAppClient(config, clock=around.clock, buckets=around.buckets, worker=around.worker)
    channel = WhatsAppChannel(
        config, client, clock=around.clock, store=around.store, attachments=around.attachments,
        set_aside=around.set_aside,
        siblings={number.phone_number_id: number.name for number in around.settings.numbers},
    )  # fmt: skip
    return Messenger(channels=(channel,), sources=(channel,), polls=False, served=channel, close=(client.close,))


def _skills(workspace: Workspace, language: str) -> Mapping[str, str]:
    return {skill: title.pick(language, workspace.default_language) for skill, title in workspace.skills.items()}


def _commands(workspace: Workspace) -> Mapping[str, Sequence[tuple[str, str]]]:
    """By language, the default one first: the commands whose flows have a title."""
    default = workspace.default_language
    titled = [flow for flow in workspace.library.flows.values() if flow.command and flow.title is not None]
    return {
        language: [(flow.command, flow.title.pick(language, default)) for flow in titled if flow.title is not None]
        for language in workspace.languages
    }


def _web_desk(settings: Settings) -> str:
    """Where operators see what their group cannot show, or ""."""
    return f"{settings.url}/desk" if settings.desk.enabled and settings.public_url else ""
