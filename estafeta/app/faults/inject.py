"""Does what the schedule says, to processes, to servers and to the messenger, and notes it in the ledger."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from estafeta.app.faults.ledger import Ledger
from estafeta.app.faults.product import Forks, Product
from estafeta.app.faults.schedule import Kind, Planned
from estafeta.app.faults.servers import MongoServer, RedisServer
from estafeta.app.faults.takeover import Outages, Takeovers, names_of
from estafeta.fakes.telegram import FakeTelegram, Fault

REPEATS: frozenset[Kind] = frozenset({"kill_worker", "pause_worker", "kill_mongod", "pause_mongod"})
"""Stops a sender, or the store that it records in, between the messenger's answer and the record."""

_HOUR = 3600.0
_MESSENGER_WITHIN = 15.0
_REORDER_WITHIN = 4.0
_EACH_LATE = 0.5

_ANSWERS: dict[Kind, dict[str, Any]] = {
    "too_many_requests": {"method": "*", "kind": "answer", "status": 429},
    "server_error": {"method": "*", "kind": "answer", "status": 502},
    "hanging_reply": {"method": "sendMessage", "kind": "hang"},
    "broken_reply": {"method": "sendMessage", "kind": "broken_json"},
    "lost_reply": {"method": "sendMessage", "kind": "drop_after"},
    "lost_request": {"method": "sendMessage", "kind": "drop_before"},
}

Deed = Callable[[Planned], Awaitable[dict[str, Any]]]


class Injector:
    """Every fault ends by itself; `calm` ends at once what the messenger still has in store."""

    def __init__(
        self,
        *,
        product: Product,
        forks: Forks,
        servers: dict[str, MongoServer | RedisServer],
        telegram: FakeTelegram,
        ledger: Ledger,
        takeovers: Takeovers,
        outages: Outages,
    ) -> None:
        self._product = product
        self._forks = forks
        self._servers = servers
        self._telegram = telegram
        self._ledger = ledger
        self._takeovers = takeovers
        self._outages = outages
        self.late_stops: list[str] = []
        """Processes that SIGTERM did not end in time."""
        self._deeds: dict[Kind, Deed] = {
            "kill_worker": self._kill_worker,
            "kill_web": self._kill,
            "kill_poller": self._kill,
            "pause_worker": self._pause_worker,
            "rolling_restart": self._roll,
            "kill_redis": self._kill_server,
            "kill_mongod": self._kill_server,
            "pause_redis": self._pause_server,
            "pause_mongod": self._pause_server,
            "duplicate_updates": self._duplicate,
            "late_updates": self._late,
            "reordered_updates": self._reorder,
            "lost_acknowledgements": self._lose_acknowledgements,
            "slow_understanding": self._slow,
            "clock_forward": self._jump,
            "clock_back": self._jump,
            **dict.fromkeys(_ANSWERS, self._answer),
        }

    async def do(self, fault: Planned) -> None:
        began = self._ledger.now()
        data = await self._deeds[fault.kind](fault)
        until = began if fault.back else self._ledger.now()
        repeats = fault.kind in REPEATS
        if fault.target:
            data["target"] = fault.target
        self._ledger.fault(fault.kind, began, until, repeats=repeats, **data)

    def calm(self) -> None:
        self._telegram.faults.clear()

    # Processes

    async def _kill(self, fault: Planned) -> dict[str, Any]:
        return {"pid": self._product.kill(fault.target, fault.back), "back": fault.back}

    async def _kill_worker(self, fault: Planned) -> dict[str, Any]:
        names = names_of(self._product.processes[fault.target])
        done = await self._kill(fault)
        if done["pid"]:
            await self._takeovers.watch(names, fault.kind)
        return done | {"worker": names}

    async def _pause_worker(self, fault: Planned) -> dict[str, Any]:
        names = names_of(self._product.processes[fault.target])
        pid = self._product.pause(fault.target)
        if pid and fault.seconds > self._takeovers.lease:
            await self._takeovers.watch(names, fault.kind)
        await asyncio.sleep(fault.seconds)
        self._product.resume(fault.target, pid)
        return {"pid": pid, "worker": names}

    async def _roll(self, _: Planned) -> dict[str, Any]:
        names = [process.name for process in self._product.processes.values() if process.wanted]
        late = await self._product.roll(names)
        self.late_stops += late
        return {"late": late}

    async def _slow(self, fault: Planned) -> dict[str, Any]:
        self._product.wish(fault.target, slow_until=time.monotonic() + fault.seconds)
        await asyncio.sleep(fault.seconds)
        return {}

    async def _jump(self, fault: Planned) -> dict[str, Any]:
        shift = _HOUR if fault.kind == "clock_forward" else -_HOUR
        self._product.wish(fault.target, shift=shift)
        await asyncio.sleep(fault.seconds)
        self._product.wish(fault.target, shift=0.0)
        return {"shift": shift}

    # Servers

    async def _kill_server(self, fault: Planned) -> dict[str, Any]:
        server = self._servers[fault.target]
        pid = server.pid
        with self._outages.one():
            await server.kill()
            self._forks.release(pid)
            await asyncio.sleep(fault.seconds)
            await server.start()
            self._forks.guard(server.pid)
        return {"pid": pid}

    async def _pause_server(self, fault: Planned) -> dict[str, Any]:
        server = self._servers[fault.target]
        with self._outages.one():
            server.pause()
            try:
                await asyncio.sleep(fault.seconds)
            finally:
                server.resume()
        return {}

    # The messenger

    async def _answer(self, fault: Planned) -> dict[str, Any]:
        wrong = dict(_ANSWERS[fault.kind])
        if fault.kind == "too_many_requests":
            wrong["retry_after"] = max(round(fault.seconds), 1)
        elif fault.kind == "hanging_reply":
            wrong["seconds"] = fault.seconds
        planned = Fault(**wrong, times=fault.count)
        self._telegram.faults.planned.append(planned)
        with contextlib.suppress(TimeoutError):
            await self._telegram.wait(lambda: planned not in self._telegram.faults.planned, _MESSENGER_WITHIN)
        if planned in self._telegram.faults.planned:
            self._telegram.faults.planned.remove(planned)
        return {"method": planned.method, "times": fault.count - max(planned.times, 0)}

    async def _duplicate(self, fault: Planned) -> dict[str, Any]:
        self._telegram.faults.webhook.duplicates += fault.count
        return {"count": fault.count}

    async def _lose_acknowledgements(self, fault: Planned) -> dict[str, Any]:
        self._telegram.faults.webhook.lost_answers += fault.count
        return {"count": fault.count}

    async def _late(self, fault: Planned) -> dict[str, Any]:
        self._telegram.faults.webhook.delay = _EACH_LATE
        await asyncio.sleep(fault.seconds)
        self._telegram.faults.webhook.delay = 0.0
        return {"each": _EACH_LATE}

    async def _reorder(self, fault: Planned) -> dict[str, Any]:
        """Bounded in time: the stand-in holds every update back for a while to see whether a second comes."""
        faults = self._telegram.faults.webhook
        faults.reorder += fault.count
        wanted = faults.reorder
        with contextlib.suppress(TimeoutError):
            await self._telegram.wait(lambda: not faults.reorder, _REORDER_WITHIN)
        done, faults.reorder = wanted - faults.reorder, 0
        return {"count": done}
