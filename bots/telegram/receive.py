"""From raw updates to accepted signals, the same for polling and for the webhook.

An update belongs to a customer, or to a chat that somebody else handles (the operators' groups): the
`routes`. What has to be done towards Telegram because of an update (stop a button's spinner, tell a
stranger no) is an `After`: done once the signal is stored, by whoever runs `work`, never before the
acknowledgement.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog
from aiogram.methods import AnswerCallbackQuery

from bots.telegram.client import TelegramClient
from bots.telegram.content import integer
from bots.telegram.convert import callback_of, chat_of, convert, move_of, start_of
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Signal
from estafeta.kernel.ports import Accept, Accepted, Clock

After = Callable[[Accepted | None], Awaitable[None]]
"""Gets what became of the signal, or None when there was none."""

Route = Callable[[Any], Awaitable[tuple[Signal | None, After | None]]]
"""Reads one raw update of a chat it was given."""

SetAside = Callable[[Any, str], Awaitable[None]]
"""Keeps what could not be used (the raw update, or bytes) with the reason, for a person to look at."""

_WAITING_AFTERS = 1000
_log = structlog.get_logger(__name__)


class Receiver:
    """Takes updates of one bot. `account` is the customers' account. `starts` leads those who come into a private
    chat by a link, by what its payload begins with; `others` takes all that is no route's, from a bot that has no
    customers (None: it has)."""

    def __init__(
        self,
        client: TelegramClient,
        account: str,
        *,
        clock: Clock,
        routes: Mapping[int, Route],
        set_aside: SetAside,
        starts: Mapping[str, Route] | None = None,
        others: Route | None = None,
    ) -> None:
        self._client = client
        self._account = account
        self._clock = clock
        self._routes = dict(routes)
        self._starts = dict(starts or {})
        self._others = others
        self._set_aside = set_aside
        self._afters: asyncio.Queue[tuple[After, Accepted | None]] = asyncio.Queue(_WAITING_AFTERS)

    async def take(self, updates: Sequence[Any], accept: Accept) -> None:
        """When it returns, every update is stored, is nobody's business, or is set aside.

        Raises `StoreUnavailable`: then none may be acknowledged, and taking them again is safe.
        """
        read = [await self._read(update) for update in updates]
        waiting = [(update, signal) for update, (signals, _) in zip(updates, read, strict=True) for signal in signals]
        results = iter(await self._store(waiting, accept) if waiting else ())
        for signals, after in read:
            accepted = [next(results) for _ in signals]
            if after is not None:
                self._later(after, accepted[0] if accepted else None)

    async def aside(self, raw: Any, reason: str) -> None:
        """Raises nothing: what is poisonous must not come back because it could not be kept."""
        update_id = integer(raw.get("update_id")) if isinstance(raw, dict) else None
        _log.error("telegram_update_set_aside", account=self._account, update_id=update_id, reason=reason)
        try:
            await self._set_aside(raw, reason)
        except Exception:
            _log.exception("telegram_set_aside_failed", account=self._account, update_id=update_id)

    async def work(self) -> None:
        """Does what comes after accepting, until cancelled. A failure there costs nothing but itself."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                after, accepted = await self._afters.get()
                tasks.create_task(_done(after, accepted))

    async def _read(self, update: Any) -> tuple[tuple[Signal, ...], After | None]:
        try:
            route = self._route(update)
            if route is not None:
                signal, after = await route(update)
                return (signal,) if signal is not None else (), after
            query = callback_of(update)
            return convert(update, self._account, self._clock.now()), self._unspin(query) if query else None
        except StoreUnavailable:
            raise
        except Exception as error:
            await self.aside(update, f"could not be read: {type(error).__name__}")
            _log.exception("telegram_update_unreadable", account=self._account)
            return (), None

    def _route(self, update: Any) -> Route | None:
        """Whose the update is; None: a customer's."""
        chat = chat_of(update)
        if self._routes and chat is not None:
            moved = move_of(update)
            if moved is not None and moved[0] in self._routes:
                self._client.follow(*moved)
            route = self._routes.get(chat) or self._routes.get(self._client.known_as(chat))
            if route is not None:
                return route
        payload = start_of(update) if self._starts else ""
        started = (route for begins, route in self._starts.items() if payload.startswith(begins))
        return next(started, None) or self._others

    async def _store(self, waiting: Sequence[tuple[Any, Signal]], accept: Accept) -> list[Accepted | None]:
        """All at once; one by one if that fails for another reason than the store's being away."""
        try:
            return list(await accept([signal for _, signal in waiting]))
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(waiting) == 1:
                await self.aside(waiting[0][0], f"could not be stored: {type(error).__name__}")
                _log.exception("telegram_update_unstorable", account=self._account)
                return [None]
        return [result for one in waiting for result in await self._store([one], accept)]

    def _unspin(self, query: str) -> After:
        async def answer(_: Accepted | None) -> None:
            await self._client.call(AnswerCallbackQuery(callback_query_id=query))

        return answer

    def _later(self, after: After, accepted: Accepted | None) -> None:
        try:
            self._afters.put_nowait((after, accepted))
        except asyncio.QueueFull:
            _log.warning("telegram_after_dropped", account=self._account)


async def _done(after: After, accepted: Accepted | None) -> None:
    try:
        await after(accepted)
    except SendFailed as failed:
        _log.info("telegram_after_failed", code=failed.code)
    except Exception:
        _log.exception("telegram_after_broke")
