"""Each account of a messenger, joined of its parts: what talks to it, what receives, what is to be closed.

An account's package is loaded for those who use it alone: aiogram takes three seconds and 80 MB.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from bots.pacing import Buckets
from bots.telegram.config import TelegramConfig
from bots.vk.config import VkConfig
from bots.whatsapp.config import WhatsAppConfig
from estafeta.app.config import Settings
from estafeta.app.set_aside import SetAside
from estafeta.attachments import Attachments
from estafeta.explaining import WhyOf
from estafeta.kernel.model import Address, Capabilities, Template
from estafeta.kernel.ports import Accept, Channel, Clock, Desk, Source, Store
from estafeta.roster import Roster
from estafeta.suggestions import SuggestionsOf
from flows.model import Workspace
from handoff.correcting import Correct
from handoff.floor import Floor

if TYPE_CHECKING:
    from handoff.desks.telegram_forum.load import Budgets

TemplatesOf = Callable[[Address], Awaitable[Sequence[Template]]]


class Served(Protocol):
    """What the web application serves for an account."""

    def mount(self, app: web.Application, accept: Accept) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Messenger:
    """One account. Its first channel receives for all of them. `polls`: it asks the messenger for what was written,
    which one process at a time may do; otherwise `served` takes what the messenger posts. `budgets` are those of the
    desk's groups, `operators_bot` asks for the name of the bot that works in them."""

    channels: tuple[Channel, ...]
    sources: tuple[Source, ...]
    polls: bool
    served: Served | None = None
    desk: Desk | None = None
    budgets: Budgets | None = None
    operators_bot: Callable[[], Awaitable[str]] | None = None
    close: tuple[Callable[[], Awaitable[None]], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What every account needs. `worker` says under which name this process sends, "" while it may have been taken
    for dead. `templates` asks the channel of an address for its approved templates. `workspace` is what it started
    with, `content` what is in service now."""

    settings: Settings
    workspace: Workspace
    store: Store
    clock: Clock
    buckets: Buckets | None
    worker: Callable[[], str]
    attachments: Attachments
    templates: TemplatesOf
    roster: Roster
    floor: Callable[[], Floor]
    can: Callable[[Address], Capabilities | None]
    suggest: SuggestionsOf
    why: WhyOf
    correct: Correct
    content: Callable[[], Workspace]
    set_aside: SetAside = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "set_aside", SetAside(self.settings.data / "set-aside", self.clock))


def connected(around: Surroundings) -> list[Messenger]:
    """All accounts that the settings name. The first bot with a group has the operators' desk."""
    settings = around.settings
    with_desk = next((bot for bot in settings.bots if bot.group_id is not None), None)
    return [
        *(one for bot in settings.bots for one in _telegram(bot, around, desk=bot is with_desk)),
        *(_vk(community, around) for community in settings.communities),
        *(_whatsapp(number, around) for number in settings.numbers),
    ]


def _telegram(config: TelegramConfig, around: Surroundings, *, desk: bool) -> list[Messenger]:
    """The customers' bot, and the one of the operators' groups where that is another."""
    if not desk or config.desk_token is None:
        return [_bot(config, around, desk_there=desk)]
    return [_bot(config, around, desk_there=False), _bot(config.desk_bot, around, desk_there=True, customers=False)]


def _bot(config: TelegramConfig, around: Surroundings, *, desk_there: bool, customers: bool = True) -> Messenger:
    from bots.telegram.channel import TelegramChannel
    from bots.telegram.client import TelegramClient

    client = TelegramClient(
        config.token, clock=around.clock, base_url=config.base_url, language=config.language,
        limits=config.limits, buckets=around.buckets, worker=around.worker,
    )  # fmt: skip
    desk = None
    if desk_there:
        from estafeta.app.operators import groups_desk

        desk = groups_desk(config, client, around)
    channel = TelegramChannel(
        config, client, clock=around.clock, routes=desk.routes if desk else None,
        starts=desk.starts if desk else None, others=None if customers or desk is None else desk.groups.handle,
        set_aside=around.set_aside, attachments=around.attachments,
        commands=_commands(around.workspace) if customers else None,
    )  # fmt: skip
    return Messenger(
        channels=(channel,), sources=(channel,), polls=config.mode == "polling", served=channel,
        desk=desk.groups if desk else None, budgets=desk.budgets if desk else None,
        operators_bot=desk.bot if desk else None,
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


def _commands(workspace: Workspace) -> Mapping[str, Sequence[tuple[str, str]]]:
    """By language, the default one first: the commands whose flows have a title."""
    default = workspace.default_language
    titled = [flow for flow in workspace.library.flows.values() if flow.command and flow.title is not None]
    return {
        language: [(flow.command, flow.title.pick(language, default)) for flow in titled if flow.title is not None]
        for language in workspace.languages
    }
