"""Long polling: one process asks Telegram for updates, and may stop at any moment.

What was not confirmed comes again, and what of it was stored is known by its id. Telegram remembers the offset, so
the next process goes on where this one stopped.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar

import structlog
from aiogram.methods import DeleteWebhook, TelegramMethod

from bots.telegram.client import Method, RawMethod, TelegramClient
from bots.telegram.content import integer
from bots.telegram.convert import ALLOWED_UPDATES
from bots.telegram.failures import failure
from bots.telegram.receive import Receiver
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Accept, Clock

POLL_SECONDS = 25
_CONFLICT_SECONDS = 1.0
"""Between tries while another process still polls: two that repeat at once end each other's polls for ever."""
_BATCH = 100
_log = structlog.get_logger(__name__)


class RawGetUpdates(TelegramMethod[list[dict[str, Any]]]):
    """getUpdates whose updates are not modelled: one strange update must not stop all others."""

    __returning__: ClassVar[Any] = list[dict[str, Any]]
    __api_method__: ClassVar[str] = "getUpdates"

    offset: int | None = None
    limit: int | None = None
    timeout: int | None = None
    allowed_updates: list[str] | None = None


class Poller:
    """Asks for one bot's updates."""

    def __init__(self, client: TelegramClient, receiver: Receiver, clock: Clock, account: str) -> None:
        self._client = client
        self._receiver = receiver
        self._clock = clock
        self._account = account

    async def run(self, accept: Accept) -> None:
        """The offset moves, and so Telegram forgets, only after `accept` returned. It is Telegram that
        remembers it, so the next process begins without one. Nor is one kept while nothing waits: after a
        week without updates their numbers begin anew (https://core.telegram.org/bots/api#update)."""
        pause = Pause(self._clock, self._account)
        await insist(self._client, DeleteWebhook(), pause)
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
                await pause.after(failure("no_answer", self._client.language))

    async def _contested(self, pause: Pause) -> None:
        """Somebody else receives this bot's updates: the process before us for a moment more, or another
        installation. A webhook that was set meanwhile would stay, so it is removed: here it is polled."""
        await pause.contested()
        info = await self._asked(RawMethod("getWebhookInfo", {}))
        if isinstance(info, dict) and info.get("url"):
            _log.warning(
                "telegram_webhook_removed",
                account=self._account,
                what_to_do="A webhook was set for this bot while this process polls. If another installation uses "
                "the bot, stop one of the two; or set ESTAFETA_TELEGRAM__MODE=webhook here.",
            )
            await self._asked(DeleteWebhook())

    async def _asked(self, method: Method) -> Json:
        try:
            return await self._client.call(method)
        except SendFailed:
            return None  # the next poll tells whether it is still so


async def insist(client: TelegramClient, method: Method, pause: Pause) -> None:
    """Until it is done."""
    while True:
        try:
            await client.call(method)
        except SendFailed as failed:
            await pause.after(failed)
        else:
            return


class Pause:
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
