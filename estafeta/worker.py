"""A worker: presence, engine, outbox and sweeper, joined, and the order in which they stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from estafeta.attachments import Attachments
from estafeta.engine import Engine
from estafeta.floor import FloorWatch
from estafeta.kernel.ports import Bus, Channel, Clock, Desk, Store, Understander
from estafeta.outbox import Actions, Outbox
from estafeta.presence import Presence
from estafeta.review import Inbox
from estafeta.review_watch import ReviewWatch
from estafeta.roster import Roster
from estafeta.rules import Rules
from estafeta.sweeper import Sweeper
from estafeta.tasks import ended
from flows.model import Workspace


class Worker:
    """Decides and sends. `stop_within`: seconds that work in hand gets when stopping. `sweeps_every`: seconds
    between two looks for what nobody works on. `roster`: who answers; without one everything is offered to
    everybody."""

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        presence: Presence,
        understander: Understander,
        workspace: Workspace,
        channels: Mapping[tuple[str, str], Channel],
        desks: Mapping[str, Desk],
        actions: Actions,
        attachments: Attachments | None = None,
        roster: Roster | None = None,
        inbox: Inbox | None = None,
        language: str = "ru",
        deadline: float = 3.0,
        stop_within: float = 5.0,
        sweeps_every: float = 1.0,
    ) -> None:
        self._bus = bus
        self._stop_within = stop_within
        self.presence = presence
        self.outbox = Outbox(
            channels=channels,
            desks=desks,
            actions=actions,
            store=store,
            clock=clock,
            presence=presence,
            attachments=attachments,
            language=language,
            stop_within=stop_within,
        )
        self.engine = Engine(
            store=store,
            bus=bus,
            clock=clock,
            understander=understander,
            outbox=self.outbox,
            rules=Rules(
                workspace=workspace,
                desks=tuple(desks),
                channels={key: channel.capabilities for key, channel in channels.items()},
            ),
            presence=presence,
            deadline=deadline,
            patience=stop_within,
        )
        self.outbox.told = self.engine.heard
        self.outbox.let_go = self.engine.wake
        self.floor = (
            FloorWatch(store=store, bus=bus, clock=clock, roster=roster, engine=self.engine) if roster else None
        )
        self.review = None
        if inbox is not None:
            self.review = ReviewWatch(
                inbox=inbox, store=store, clock=clock, name=presence.name,
                enough=lambda: self.engine.rules.workspace.bot.fallback.confidence,
            )  # fmt: skip
            self.engine.decided = self.review.decided
        self.engine.look_at_team = self.floor.renew_team if self.floor else None
        self.sweeper = Sweeper(
            store=store, bus=bus, clock=clock, engine=self.engine, presence=presence, interval=sweeps_every
        )

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """At work, on a store and a bus that are open. Leaving, it takes nothing new, finishes the turns in
        hand, sends what they want sent, applies what became of it, and hands the rest over to others."""
        await self.presence.begin()
        if self.floor is not None:
            await self.floor.renew()
        try:
            async with asyncio.TaskGroup() as tasks:
                renewing = tasks.create_task(self.presence.run())
                async with self.engine.lanes, self.outbox.lanes:
                    taking = [tasks.create_task(self.engine.run()), tasks.create_task(self.sweeper.run())]
                    if self.floor is not None:
                        taking.append(tasks.create_task(self.floor.run()))
                    if self.review is not None:
                        taking.append(tasks.create_task(self.review.run()))
                    try:
                        yield
                    finally:
                        await ended(taking)
                        await self._turns_finished()
                await ended([renewing])
        finally:
            left = self.outbox.conversations()
            await self.presence.end()
            for conversation in left:
                await self._bus.wake(conversation)

    async def _turns_finished(self) -> None:
        """Before the outbox closes: what turns in hand want sent still goes out."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._stop_within):
                await self.engine.lanes.idle()
