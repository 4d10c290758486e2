"""A process that forks the product's processes: `python -m estafeta.app.faults.child DESCRIPTOR WORKSPACE MODELS`.

Starting Python with all that the product imports costs seconds of a processor; with a kill every other
second a small machine would do nothing else. So everything is imported, and the model loaded, once; each
role is a fork of that: a process of its own that can really be killed. What the fork then runs is the
product's own composition, with two things of the kit around it: a clock that jumps and an understanding
that is slow when the kit says so in the process's control file (SIGUSR1: it has changed).

Orders and reports are JSON objects on a socket, one a line. When the kit is gone, in whatever way, the
socket ends, and with it everything that was started.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from estafeta.clock import SystemClock
from estafeta.kernel.errors import EstafetaError, UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import REGION, Understander
from flows.model import Workspace

_CHUNK = 65_536
_LATE = (
    "bots.telegram.channel", "bots.telegram.client", "estafeta.app.wiring", "estafeta.bus.redis.buckets",
    "estafeta.bus.redis.bus", "handoff.desks.telegram_forum.desk", "redis.asyncio.connection", "storage.mongo.store",
    "uvloop",
)  # fmt: skip
"""What the product imports only where it is configured: here once instead of in each fork, and as it is now, for
somebody may be editing it."""
_NOWHERE = Path(os.devnull)
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class JumpingClock(SystemClock):
    """The machine's clock, `shift` seconds off. Durations are not touched, as with a clock set by hand or by NTP."""

    def __init__(self) -> None:
        self.shift = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.shift)


class SlowUnderstander:
    """`inner`, but too slow for any deadline until `slow_until` (seconds of the machine's monotonic clock)."""

    def __init__(self, inner: Understander) -> None:
        self._inner = inner
        self.slow_until = 0.0

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        if time.monotonic() < self.slow_until:
            await asyncio.sleep(deadline)
            raise UnderstandingFailed(f"no understanding within {deadline} s: the fault kit made it slow")
        return await self._inner.understand(text, deadline=deadline, at=at, region=region)


class ForkServer:
    """Forks on command, tells what ended, and ends everything when the other side is gone."""

    def __init__(self, kit: socket.socket, workspace: Workspace, understander: Understander) -> None:
        self._kit = kit
        self._workspace = workspace
        self._understander = understander
        self._orders = b""
        self._children: set[int] = set()
        self._wards: set[int] = set()

    def serve(self) -> None:
        woken, wake = socket.socketpair()
        wake.setblocking(False)
        signal.set_wakeup_fd(wake.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to be written to the descriptor
        with selectors.DefaultSelector() as ready:
            ready.register(self._kit, selectors.EVENT_READ)
            ready.register(woken, selectors.EVENT_READ)
            while True:
                for key, _ in ready.select():
                    if key.fileobj is woken:
                        woken.recv(_CHUNK)
                        self._reap()
                    elif not self._hear():
                        return self._end_all()

    def _hear(self) -> bool:
        """Whether there is still somebody who gives orders."""
        heard = self._kit.recv(_CHUNK)
        *orders, self._orders = (self._orders + heard).split(b"\n")
        for order in orders:
            self._obey(json.loads(order))
        return bool(heard)

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "fork":
                pid = os.fork()
                if not pid:
                    self._be(order)
                self._children.add(pid)
                self._tell({"name": order["name"], "pid": pid})
            case "guard":  # a server that the kit started itself
                self._wards.add(order["pid"])
            case "release":
                self._wards.discard(order["pid"])

    def _be(self, order: dict[str, Any]) -> NoReturn:
        """The forked process: never returns into the server's own code."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._kit.close()
            die_with_parent()
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            os.dup2(log, 1)
            os.dup2(log, 2)
            run_role(order, self._workspace, self._understander)
            status = 0
        except BaseException:  # whatever it is, it goes to this process's log and nowhere else
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        while self._children:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            self._children.discard(pid)
            self._tell({"ended": pid, "code": os.waitstatus_to_exitcode(status)})

    def _tell(self, report: dict[str, Any]) -> None:
        with contextlib.suppress(OSError):  # the kit is gone: the next read says so
            _say(self._kit, report)

    def _end_all(self) -> None:
        for pid in self._children | self._wards:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self._children:
            os.waitpid(pid, 0)


def run_role(order: dict[str, Any], workspace: Workspace, understander: Understander) -> None:
    """The product's process for `order["roles"]`, with the environment of the order, until SIGTERM."""
    from estafeta.app import config, logs, start
    from estafeta.app.wiring import build, running

    os.environ.clear()
    os.environ.update(order["environment"])
    settings = config.read(_NOWHERE)
    data = start.writable(settings.data)
    secrets, variables = config.workspace_values(_NOWHERE)
    logs.set_up(settings.log_level, [*logs.secrets_of(settings), *secrets.values()])
    clock, slow = JumpingClock(), SlowUnderstander(understander)

    def obey() -> None:
        wishes = json.loads(Path(order["control"]).read_bytes())
        clock.shift = wishes.get("shift", 0.0)
        slow.slow_until = wishes.get("slow_until", 0.0)

    async def main(stop: asyncio.Event) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, obey)
        platform = build(
            settings, workspace, slow, secrets=secrets, variables=variables, clock=clock,
            control_token=start.new_control_token(data, settings.port), roles=frozenset(order["roles"]),
        )  # fmt: skip
        async with running(platform):
            await stop.wait()

    start.run_until_stopped(main, stop_within=settings.stop_within)


def _say(kit: socket.socket, report: dict[str, Any]) -> None:
    kit.sendall(json.dumps(report).encode() + b"\n")


def die_with_parent() -> None:
    """SIGKILL for this process when its parent ends (Linux; elsewhere the socket's end does it)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main() -> None:
    descriptor, workspace, models = sys.argv[1:]
    kit = socket.socket(fileno=int(descriptor))
    from estafeta.app import start

    try:
        for module in _LATE:
            importlib.import_module(module)
        server = ForkServer(kit, start.load_workspace(Path(workspace)), start.load_understander(Path(models)))
    except EstafetaError as error:
        _say(kit, {"failed": str(error)})
        sys.exit(1)
    gc.collect()
    gc.freeze()  # pages that the collector does not touch stay shared with the forks
    _say(kit, {"ready": os.getpid()})
    server.serve()


if __name__ == "__main__":
    main()
