"""Telegram as the engine sees it: a `Channel`."""

from __future__ import annotations

import asyncio
import random
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import structlog
from aiogram.methods import DeleteWebhook, SendChatAction, SetWebhook, TelegramMethod
from aiohttp import web

from bots.render import Chunk, render
from bots.telegram import webhook
from bots.telegram.client import TEXT_LIMIT, Method, RawMethod, TelegramClient
from bots.telegram.config import TelegramConfig
from bots.telegram.convert import ALLOWED_UPDATES, CHANNEL, integer
from bots.telegram.failures import failure
from bots.telegram.receive import Receiver, Route, SetAside
from estafeta.kernel.errors import ConfigurationError, SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, Capabilities, Json, OutboundMessage
from estafeta.kernel.ports import Accept, Clock

POLL_SECONDS = 25
_CONFLICT_SECONDS = 1.0
"""Between tries while another process still polls: two that repeat at once end each other's polls for ever."""
_BATCH = 100
_TYPING_SECONDS = 4.0
_REMEMBERED = 10_000
_CONVERSING, _TYPING = 0, 5
_log = structlog.get_logger(__name__)


class RawGetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates whose updates are not modelled: one strange update must not stop all others."""

    __returning__: ClassVar[Any] = list[dict[str, Any]]
    __api_method__: ClassVar[str] = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class TelegramChannel:
    """One bot's private chats. `routes` leads the updates of other chats (the operators' group, by the
    group's id) to those who read them; `set_aside` keeps what could not be read."""

    name = CHANNEL
    capabilities = Capabilities(
        text=TEXT_LIMIT,  # https://core.telegram.org/bots/api#sendmessage
        unit="utf16",
        buttons=100,  # https://limits.tginfo.me (bots: buttons of one message)
        label=64,  # longer ones are taken, and cut on a phone's screen
        typing=True,
        edits=True,
        media=False,
        idempotent=False,  # sendMessage takes no id of ours
        typing_lasts=5.0,  # https://core.telegram.org/bots/api#sendchataction
    )

    def __init__(
        self,
        config: TelegramConfig,
        client: TelegramClient,
        *,
        clock: Clock,
        routes: Mapping[int, Route] | None = None,
        set_aside: SetAside,
    ) -> None:
        self.account = config.name
        self._config = config
        self._client = client
        self._clock = clock
        self._receiver = Receiver(client, self.account, clock=clock, routes=routes or {}, set_aside=set_aside)
        self._typed: OrderedDict[str, float] = OrderedDict()
        self._begun: OrderedDict[str, list[str]] = OrderedDict()

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Serves the webhook. Raises `ConfigurationError` when there is no secret."""
        webhook.mount(app, self._receiver, self.account, self._config.secret, accept)

    async def listen(self, accept: Accept) -> None:
        """Polls, or sets the webhook (if `public_url` says where it is) and waits, until cancelled.

        Only one process may poll at a time; it may stop at any moment, and another go on: what was not
        confirmed comes again, and what of it was stored is known by its id.
        """
        if self._config.mode == "webhook" and self._config.secret is None:
            raise ConfigurationError(f"Telegram account {self.account}: mode is webhook, so secret must be set.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receiver.work())
            if self._config.mode == "polling":
                tasks.create_task(self._poll(accept))
            elif self._config.public_url:
                tasks.create_task(self._announce_webhook(self._config.public_url))

    async def send(self, message: OutboundMessage) -> str:
        """The last chunk's `chat:message_id`. Tried again after a failure, it goes on where it stopped.

        A failure with `maybe_sent` has no `retry_after`: sendMessage takes no id of ours, so a chunk sent
        again might be seen twice. Whether it is worth that is for the caller to say, once.
        """
        chunks = render(message, self.capabilities)
        if not chunks:
            raise failure("empty", self._config.language)
        chat = integer(_number(message.to.chat))
        if chat is None:
            raise failure("chat_not_found", self._config.language)
        sent = self._begun.pop(message.id, [])
        for chunk in chunks[len(sent) :]:
            try:
                answer = await self._client.call(_drawn(chat, chunk), priority=_CONVERSING)
            except SendFailed as failed:
                if failed.maybe_sent:
                    failed.retry_after = None
                if sent:
                    self._begun[message.id] = sent
                    if len(self._begun) > _REMEMBERED:
                        self._begun.popitem(last=False)
                raise
            number = answer.get("message_id", "") if isinstance(answer, dict) else ""
            sent.append(f"{chat}:{number}")
        return sent[-1]

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot") -> None:
        now, chat = self._clock.monotonic(), integer(_number(to.chat))
        last = self._typed.get(to.chat)
        if chat is None or (last is not None and now - last < _TYPING_SECONDS):
            return
        self._typed[to.chat] = now
        if len(self._typed) > _REMEMBERED:
            self._typed.popitem(last=False)
        try:
            await self._client.call(SendChatAction(chat_id=chat, action="typing"), priority=_TYPING, patience=0.5)
        except SendFailed as failed:
            _log.debug("telegram_typing_failed", account=self.account, code=failed.code)

    async def _poll(self, accept: Accept) -> None:
        """The offset moves, and so Telegram forgets, only after `accept` returned. It is Telegram that
        remembers it, so the next process begins without one. Nor is one kept while nothing waits: after a
        week without updates their numbers begin anew (https://core.telegram.org/bots/api#update)."""
        pause = _Pause(self._clock, self.account)
        await self._insist(DeleteWebhook(), pause)
        offset: int | None = None
        while True:
            method = RawGetUpdates(offset=offset, limit=_BATCH, timeout=POLL_SECONDS, allowed_updates=ALLOWED_UPDATES)
            try:
                updates = await self._client.call(method, timeout=POLL_SECONDS + 10)
                await self._receiver.take(updates if isinstance(updates, list) else (), accept)
            except (SendFailed, StoreUnavailable) as error:
                if isinstance(error, SendFailed) and error.code == "conflict":
                    await self._contested(pause)
                else:
                    await pause.after(error)
                continue
            pause.over()
            numbers = [n for update in updates or () if (n := _update_id(update)) is not None]
            offset = max(numbers) + 1 if numbers else None
            if updates and not numbers:
                await pause.after(failure("no_answer", self._config.language))

    async def _contested(self, pause: _Pause) -> None:
        """Somebody else receives this bot's updates: the process before us for a moment more, or another
        installation. A webhook that was set meanwhile would stay, so it is removed: here it is polled."""
        await pause.contested()
        info = await self._asked(RawMethod("getWebhookInfo", {}))
        if isinstance(info, dict) and info.get("url"):
            _log.warning(
                "telegram_webhook_removed",
                account=self.account,
                what_to_do="A webhook was set for this bot while this process polls. If another installation uses "
                "the bot, stop one of the two; or set ESTAFETA_TELEGRAM__MODE=webhook here.",
            )
            await self._asked(DeleteWebhook())

    async def _asked(self, method: Method) -> Json:
        try:
            return await self._client.call(method)
        except SendFailed:
            return None  # the next poll tells whether it is still so

    async def _announce_webhook(self, public_url: str) -> None:
        secret = self._config.secret
        await self._insist(
            SetWebhook(
                url=public_url + webhook.path(self.account),
                secret_token=secret.get_secret_value() if secret else None,
                allowed_updates=ALLOWED_UPDATES,
            ),
            _Pause(self._clock, self.account),
        )

    async def _insist(self, method: TelegramMethod[Any], pause: _Pause) -> None:
        while True:
            try:
                await self._client.call(method)
            except SendFailed as failed:
                await pause.after(failed)
            else:
                return


class _Pause:
    """Longer and longer waits while something keeps failing; the first failure of a row is told."""

    _MOST = 60.0

    def __init__(self, clock: Clock, account: str) -> None:
        self._clock = clock
        self._account = account
        self._failures = 0

    async def contested(self) -> None:
        """Short, and always the same: a process that hands over is gone within seconds."""
        self._failures += 1
        if self._failures == 1:
            _log.info("telegram_polled_elsewhere", account=self._account, seconds=_CONFLICT_SECONDS)
        elif self._failures % 30 == 0:
            _log.warning(
                "telegram_still_polled_elsewhere",
                account=self._account,
                times=self._failures,
                what_to_do="Another program takes this bot's updates: stop it, or give each its own bot.",
            )
        await self._clock.sleep(_CONFLICT_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311

    async def after(self, error: SendFailed | StoreUnavailable) -> None:
        self._failures += 1
        wait = min(0.5 * 2 ** min(self._failures - 1, 10), self._MOST)
        if isinstance(error, SendFailed) and error.code in ("too_many_requests", "unauthorized"):
            wait = max(wait, min(error.retry_after or 0.0, self._MOST))
        if self._failures in (1, 10) or self._failures % 100 == 0:
            _log.warning("telegram_receiving_paused", account=self._account, reason=str(error), seconds=wait)
        await self._clock.sleep(wait)

    def over(self) -> None:
        if self._failures:
            _log.info("telegram_receiving_again", account=self._account)
        self._failures = 0


def _update_id(update: Any) -> int | None:
    return integer(update.get("update_id")) if isinstance(update, dict) else None


def _number(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _drawn(chat: int, chunk: Chunk) -> RawMethod:
    values: dict[str, Any] = {"chat_id": chat, "text": chunk.text}
    if chunk.buttons:
        rows = [[{"text": button.text, "callback_data": button.id}] for button in chunk.buttons]
        values["reply_markup"] = {"inline_keyboard": rows}
    return RawMethod("sendMessage", values)
