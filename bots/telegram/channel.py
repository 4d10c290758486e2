"""Telegram as the engine sees it: a `Channel`, and the `Source` of its customers' files."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Literal

import structlog
from aiogram.methods import SetWebhook
from aiohttp import web

from bots.telegram import webhook
from bots.telegram.capabilities import CAPABILITIES
from bots.telegram.client import RawMethod, TelegramClient
from bots.telegram.config import TelegramConfig
from bots.telegram.convert import ALLOWED_UPDATES, CHANNEL
from bots.telegram.files import TelegramFiles
from bots.telegram.menu import Commands, set_menus
from bots.telegram.places import Place, Spot
from bots.telegram.polling import Pause, Poller, insist
from bots.telegram.receive import Receiver, Route, SetAside
from bots.telegram.sending import Sender
from estafeta.kernel.errors import ConfigurationError, SendFailed
from estafeta.kernel.model import Address, CustomerSaid, Media, OutboundMessage, Signal, Template
from estafeta.kernel.ports import Accept, Accepted, Clock, Incoming

if TYPE_CHECKING:
    from estafeta.attachments import Attachments

_TYPING_SECONDS = 4.0
_REMEMBERED = 10_000
_TYPING = 5
_log = structlog.get_logger(__name__)


class TelegramChannel:
    """One bot's private chats, and those it serves for business accounts.

    `routes` leads the updates of other chats (the operators' groups, by their ids) to those who read them, `starts`
    those who come by a link whose payload begins so, `others` everybody else's (None: they are customers);
    `set_aside` keeps what could not be read. Files come from `attachments`; without it only those that Telegram
    has already can be sent. `commands` are the menu that customers see, by language, the default one first.
    """

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(
        self,
        config: TelegramConfig,
        client: TelegramClient,
        *,
        clock: Clock,
        routes: Mapping[int, Route] | None = None,
        starts: Mapping[str, Route] | None = None,
        others: Route | None = None,
        set_aside: SetAside,
        attachments: Attachments | None = None,
        commands: Commands | None = None,
    ) -> None:
        self.account = config.name
        self.files = TelegramFiles(client, self.account, attachments=attachments, base_url=config.base_url)
        self.origin = self.files.origin
        self._config = config
        self._client = client
        self._clock = clock
        self._commands = commands or {}
        self._receiver = Receiver(
            client, self.account, clock=clock, routes=routes or {}, starts=starts, others=others, set_aside=set_aside
        )
        self._sender = Sender(client, self.files)
        self._typed: OrderedDict[str, float] = OrderedDict()

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Serves the webhook. Raises `ConfigurationError` when there is no secret."""
        webhook.mount(app, self._receiver, self.account, self._config.secret, self._listening(accept))

    async def listen(self, accept: Accept) -> None:
        """Polls, or sets the webhook (if `public_url` says where it is) and waits, until cancelled.

        Only one process may poll at a time; it may stop at any moment, and another go on: what was not
        confirmed comes again, and what of it was stored is known by its id.
        """
        if self._config.mode == "webhook" and self._config.secret is None:
            raise ConfigurationError(f"Telegram account {self.account}: mode is webhook, so secret must be set.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receiver.work())
            if self._commands:
                tasks.create_task(set_menus(self._client, self._commands, self._pause(), self.account))
            if self._config.mode == "polling":
                poller = Poller(self._client, self._receiver, self._clock, self.account)
                tasks.create_task(poller.run(self._listening(accept)))
            elif self._config.public_url:
                method = webhook_of(self._config, self._config.public_url)
                tasks.create_task(insist(self._client, method, self._pause()))

    async def send(self, message: OutboundMessage) -> str:
        """As `Channel.send`; the ids are `chat:message_id`. Tried again after a failure, it goes on where it stopped.

        A failure with `maybe_sent` has no `retry_after`: Telegram takes no id of ours, so what is sent again might
        be seen twice. Whether it is worth that is for the caller to say, once.
        """
        return await self._sender.do(message)

    def fetch(self, media: Media) -> AbstractAsyncContextManager[Incoming]:
        return self.files.fetch(media)

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        now, place = self._clock.monotonic(), Place.read(to.chat)
        last = self._typed.get(to.chat)
        if place is None or (last is not None and now - last < _TYPING_SECONDS):
            return
        self._typed[to.chat] = now
        if len(self._typed) > _REMEMBERED:
            self._typed.popitem(last=False)
        await self._try(RawMethod("sendChatAction", {**place.values, "action": "typing"}))

    async def read(self, to: Address, message: str) -> None:
        """A bot's own chats show no such thing; a business account's do
        (https://core.telegram.org/bots/api#readbusinessmessage)."""
        spot = Spot.read(message)
        if spot is not None and spot.place.connection:
            await self._try(RawMethod("readBusinessMessage", spot.values))

    async def close(self) -> None:
        """The client is closed by whoever made it, and nothing else of this channel's stays open."""

    async def templates(self) -> Sequence[Template]:
        return ()

    def _listening(self, accept: Accept) -> Accept:
        """`accept`, with the sender told of who answers."""
        self._sender.hears = True

        async def take(signals: Sequence[Signal]) -> list[Accepted]:
            for signal in signals:
                if isinstance(signal.event, CustomerSaid) and signal.address is not None:
                    self._sender.heard(signal.address.chat)
            return await accept(signals)

        return take

    def _pause(self) -> Pause:
        return Pause(self._clock, self.account)

    async def _try(self, method: RawMethod) -> None:
        try:
            await self._client.call(method, priority=_TYPING, patience=0.5)
        except SendFailed as failed:
            _log.debug("telegram_sign_failed", account=self.account, method=method.__api_method__, code=failed.code)


def webhook_of(config: TelegramConfig, public_url: str) -> SetWebhook:
    """What Telegram is told so that it posts this account's updates here."""
    secret = config.secret
    return SetWebhook(
        url=public_url.rstrip("/") + webhook.path(config.name),
        secret_token=secret.get_secret_value() if secret else None,
        allowed_updates=ALLOWED_UPDATES,
    )
