"""From raw events to accepted signals, the same for the Callback API and for Long Poll.

What has to be done towards VK because of an event (stop a button's spinner, learn a name) is done once the signal is
stored, by whoever runs `work`, never before the acknowledgement.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog

from bots.vk.client import VkClient
from bots.vk.convert import Reader, convert, person_of
from bots.vk.keyboard import Client
from bots.vk.names import Names
from bots.vk.wire import obj, positive, short, string
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import (
    Address,
    CustomerPressed,
    CustomerSaid,
    Profile,
    ProfileLearned,
    ReachabilityChanged,
    Signal,
    SignalId,
)
from estafeta.kernel.ports import Accept, Clock

SetAside = Callable[[Any, str], Awaitable[None]]
"""Keeps what could not be used (the raw event, or bytes) with the reason, for a person to look at."""

_WAITING_PRESSES = 1000
_REMEMBERED = 10_000
_PRIORITY = 1
_log = structlog.get_logger(__name__)


class Receiver:
    """Takes the events of one community. `clients`: what people's apps show, as far as they have told. `denied`:
    who is known to take no messages."""

    def __init__(
        self,
        client: VkClient,
        account: str,
        *,
        clock: Clock,
        ours: Callable[[int], bool],
        wall: bool,
        set_aside: SetAside,
    ) -> None:
        self._client = client
        self._account = account
        self._clock = clock
        self._set_aside = set_aside
        self.names = Names(client, account, self._named)
        self._unnamed: OrderedDict[int, set[Address]] = OrderedDict()
        self._accept: Accept | None = None
        self.clients: OrderedDict[int, Client] = OrderedDict()
        self.denied: OrderedDict[int, None] = OrderedDict()
        self._reader = Reader(
            account=account, group_id=client.group_id, profile=self.names.profile, ours=ours, wall=wall
        )
        self._presses: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING_PRESSES)

    async def take(self, events: Sequence[Any], accept: Accept) -> None:
        """When it returns, every event is stored, is nobody's business, or is set aside.

        Raises `StoreUnavailable`: then none may be acknowledged, and taking them again is safe.
        """
        self._accept = accept
        read = [(event, await self._read(event)) for event in events]
        waiting = [(event, signal) for event, signal in read if signal is not None]
        if waiting:
            await self._store(waiting, accept)
        for event, signal in read:
            self._learn(event, signal)

    async def aside(self, raw: Any, reason: str) -> None:
        """Raises nothing: what is poisonous must not come back because it could not be kept."""
        event_id = short(obj(raw).get("event_id"))
        _log.error("vk_event_set_aside", account=self._account, event_id=event_id, reason=reason)
        try:
            await self._set_aside(raw, reason)
        except Exception:
            _log.exception("vk_set_aside_failed", account=self._account, event_id=event_id)

    async def work(self) -> None:
        """Does what comes after accepting, until cancelled. A failure there costs nothing but itself."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.names.work())
            while True:
                press = await self._presses.get()
                tasks.create_task(self._unspin(press))

    async def _read(self, event: Any) -> Signal | None:
        try:
            admin = positive(obj(obj(event).get("object")).get("admin_author_id"))
            if obj(event).get("type") == "message_reply" and admin is not None:
                await self.names.soon(admin)
            return convert(event, self._reader, self._clock.now())
        except Exception as error:
            await self.aside(event, f"could not be read: {type(error).__name__}")
            _log.exception("vk_event_unreadable", account=self._account)
            return None

    async def _store(self, waiting: Sequence[tuple[Any, Signal]], accept: Accept) -> None:
        """All at once; one by one if that fails for another reason than the store's being away."""
        try:
            await accept([signal for _, signal in waiting])
        except StoreUnavailable:
            raise
        except Exception as error:
            if len(waiting) == 1:
                await self.aside(waiting[0][0], f"could not be stored: {type(error).__name__}")
                _log.exception("vk_event_unstorable", account=self._account)
                return
            for one in waiting:
                await self._store([one], accept)

    def _learn(self, event: Any, signal: Signal | None) -> None:
        """What an event tells beside its signal: who it is, what their app shows, whether they take messages."""
        person = person_of(event)
        if person is not None:
            self.names.want(person)
            if signal is not None and signal.address is not None and _is_nameless(signal):
                places = self._unnamed.setdefault(person, set())
                places.add(signal.address)
                if len(self._unnamed) > _REMEMBERED:
                    self._unnamed.popitem(last=False)
        about = obj(obj(event).get("object"))
        kind = obj(event).get("type")
        if kind == "message_new" and person is not None:
            self.denied.pop(person, None)
            shown = Client.told(about.get("client_info"))
            if shown is not None:
                _remember(self.clients, person, shown)
        elif kind == "message_event":
            self._later(about)
        if signal is not None and isinstance(signal.event, ReachabilityChanged) and signal.address is not None:
            user = int(signal.address.chat)
            if signal.event.reachable:
                self.denied.pop(user, None)
            else:
                _remember(self.denied, user, None)

    async def _named(self, user: int, profile: Profile) -> None:
        """Tells who it was that wrote without a name being known. Lost with the process, or while the store is away:
        the next message brings the name as well."""
        for address in self._unnamed.pop(user, ()):
            signal = Signal(
                id=SignalId(f"vk.{self._client.group_id}.name.{address.channel}.{address.chat}"),
                at=self._clock.now(),
                event=ProfileLearned(profile=profile),
                address=address,
            )
            if self._accept is not None:
                with contextlib.suppress(StoreUnavailable):
                    await self._accept([signal])

    def _later(self, press: dict[str, Any]) -> None:
        try:
            self._presses.put_nowait(press)
        except asyncio.QueueFull:
            _log.warning("vk_press_unanswered", account=self._account)

    async def _unspin(self, press: dict[str, Any]) -> None:
        """The button spins until it is answered, for a minute
        (https://dev.vk.com/ru/method/messages.sendMessageEventAnswer)."""
        event_id = string(press.get("event_id"))
        user, peer = positive(press.get("user_id")), positive(press.get("peer_id"))
        if not event_id or user is None or peer is None:
            return
        try:
            await self._client.call(
                "messages.sendMessageEventAnswer", event_id=event_id, user_id=user, peer_id=peer, priority=_PRIORITY
            )
        except SendFailed as failed:
            _log.info("vk_press_answer_failed", account=self._account, code=failed.code)


def _remember(known: OrderedDict[int, Any], person: int, value: Any) -> None:
    known[person] = value
    known.move_to_end(person)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)


def _is_nameless(signal: Signal) -> bool:
    return isinstance(signal.event, CustomerSaid | CustomerPressed) and not signal.event.profile.name
