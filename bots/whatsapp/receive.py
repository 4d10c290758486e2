"""From raw webhooks to accepted signals: who is meant is looked up, and what cannot be used is kept for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from bots.whatsapp.convert import CHANNEL, Aside, Happened, Moved, Notice, TemplatesChanged, Told, convert
from bots.whatsapp.failures import Language
from bots.whatsapp.people import Notes, Noting, People
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, CustomerPressed, CustomerSaid, Signal
from estafeta.kernel.ports import Accept, Clock

SetAside = Callable[[Any, str], Awaitable[None]]
"""Keeps what could not be used (the raw webhook or a part of it, or bytes) with the reason, for a person to look at."""

_log = structlog.get_logger(__name__)


class Receiver:
    """Takes the webhooks of one address. `accounts` has the names of all numbers served in this installation, by
    their ids: Meta posts to one address whatever the numbers of an account do. `arrived` hears of our messages that
    WhatsApp has, before the signal is stored; `templates_changed` is called when an approval changes."""

    def __init__(
        self,
        accounts: Mapping[str, str],
        *,
        clock: Clock,
        notes: Notes,
        language: Language,
        set_aside: SetAside,
        arrived: Callable[[Told], None],
        templates_changed: Callable[[], None],
    ) -> None:
        self._accounts = accounts
        self._clock = clock
        self._language = language
        self._set_aside = set_aside
        self._arrived = arrived
        self._templates_changed = templates_changed
        self._people = {account: People(account, notes) for account in accounts.values()}

    def people(self, account: str) -> People:
        return self._people[account]

    async def take(self, raw: Any, accept: Accept) -> None:
        """When it returns, all that the webhook tells is stored, is nobody's business, or is set aside.

        Raises `StoreUnavailable`: then it may not be acknowledged, and taking it again is safe.
        """
        try:
            happened = convert(raw, self._accounts, self._clock.now(), self._language)
        except Exception as error:
            await self.aside(raw, f"could not be read: {type(error).__name__}")
            _log.exception("whatsapp_webhook_unreadable")
            return
        waiting: list[tuple[Told, Signal]] = []
        noting: list[Noting] = []
        for one in happened:
            try:
                if isinstance(one, Told):
                    waiting.append((one, await self._signal(one, noting)))
                else:
                    if noting:
                        await asyncio.wait(noting)  # a number may change of which this webhook tells first
                    await self._noted(one)
            except StoreUnavailable:
                raise
            except Exception as error:
                await self.aside(raw, f"whose it is could not be looked up: {type(error).__name__}")
                _log.exception("whatsapp_webhook_unplaced")
        if waiting:
            await asyncio.gather(self._store(waiting, accept), *map(_written, noting))

    async def aside(self, raw: Any, reason: str) -> None:
        """Raises nothing: what is poisonous must not come back because it could not be kept."""
        _log.error("whatsapp_set_aside", reason=reason)
        try:
            await self._set_aside(raw, reason)
        except Exception:
            _log.exception("whatsapp_set_aside_failed")

    async def _signal(self, told: Told, noting: list[Noting]) -> Signal:
        self._arrived(told)
        opens = isinstance(told.event, CustomerSaid | CustomerPressed)
        chat = await self._people[told.account].chat(told.person, writes=opens, noting=noting)
        address = Address(channel=CHANNEL, account=told.account, chat=chat)
        return Signal(id=told.id, at=told.at, event=told.event, address=address)

    async def _noted(self, one: Happened) -> None:
        match one:
            case Moved():
                await self._people[one.account].moved(one.before, one.after)
            case Aside():
                await self.aside(one.raw, one.reason)
            case Notice():
                (_log.warning if one.matters else _log.info)(one.event, **one.details)
            case TemplatesChanged():
                self._templates_changed()

    async def _store(self, waiting: Sequence[tuple[Told, Signal]], accept: Accept) -> None:
        """All at once; one by one if that fails for another reason than the store's being away."""
        try:
            await accept([signal for _, signal in waiting])
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(waiting) == 1:
                await self.aside(waiting[0][0].raw, f"could not be stored: {type(error).__name__}")
                _log.exception("whatsapp_signal_unstorable")
                return
        else:
            return
        for one in waiting:
            await self._store([one], accept)


async def _written(notes: Noting) -> None:
    """The message beside them is stored: but for the store's being away, it is not set aside for want of notes."""
    try:
        await notes
    except StoreUnavailable:
        raise
    except Exception:
        _log.exception("whatsapp_person_unnoted")
