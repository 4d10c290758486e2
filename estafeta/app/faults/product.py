"""The product's processes under a supervisor: started as forks, killed, stopped, hung, and brought back."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from estafeta.app.faults.servers import free_port
from estafeta.kernel.errors import ConfigurationError

_LOAD_WITHIN = 120.0
_READY_WITHIN = 60.0
_STOP_WITHIN = 15.0
_LEAVE_WITHIN = 2.0
_BACK = (0.2, 3.0)
"""Seconds until a supervisor starts again what ended."""


class Forks:
    """The kit's side of the fork server. `ended` is told each process that ended, with its exit code
    (negative: the signal)."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._forked: dict[str, asyncio.Future[int]] = {}
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._listening: asyncio.Task[None] | None = None
        self.ended: Callable[[int, int], None] = lambda pid, code: None

    async def start(self, workspace: Path, models: Path) -> None:
        """Returns when all is loaded. Raises `ConfigurationError`."""
        ours, theirs = socket.socketpair()
        with self._log.open("ab") as log, theirs:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "estafeta.app.faults.child", str(theirs.fileno()), str(workspace), str(models),
                pass_fds=(theirs.fileno(),), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,  # Ctrl-C is for the kit, which then ends the others
                # Threads of a numerics library would not survive the fork.
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
            )  # fmt: skip
        reader, self._writer = await asyncio.open_connection(sock=ours)
        try:
            async with asyncio.timeout(_LOAD_WITHIN):
                report = json.loads(await reader.readline() or b"{}")
        except TimeoutError:
            report = {}
        if "ready" not in report:
            raise ConfigurationError(report.get("failed") or f"The fork server did not start; its log is {self._log}")
        self._listening = asyncio.create_task(self._listen(reader))

    async def fork(self, name: str, order: Mapping[str, object]) -> int:
        """The pid of the new process."""
        self._forked[name] = asyncio.get_running_loop().create_future()
        self._say({"do": "fork", "name": name, **order})
        return await self._forked[name]

    def guard(self, pid: int) -> None:
        """`pid` is to end when the kit does, whatever happens to the kit."""
        self._say({"do": "guard", "pid": pid})

    def release(self, pid: int) -> None:
        """`pid` ended, and the number may belong to anybody."""
        self._say({"do": "release", "pid": pid})

    async def stop(self) -> None:
        """All forks end with it, at once."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
        if self._process is not None:
            try:
                async with asyncio.timeout(_LEAVE_WITHIN):
                    await self._process.wait()
            except TimeoutError:  # still importing, or stopped: its forks die with it all the same
                self._process.kill()
                await self._process.wait()

    def _say(self, order: dict[str, object]) -> None:
        if self._writer is not None:
            self._writer.write(json.dumps(order).encode() + b"\n")

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            report = json.loads(line)
            if "name" in report:
                self._forked.pop(report["name"]).set_result(report["pid"])
            else:
                self.ended(report["ended"], report["code"])


@dataclass(slots=True, kw_only=True)
class Process:
    """One place for a process of the product: whatever runs there has the same name and port."""

    name: str
    role: str
    port: int
    folder: Path
    pid: int = 0
    wanted: bool = True
    starting: bool = False
    began: float = 0.0
    """When the present process was forked."""
    logged: int = 0
    """Bytes that were in the log by then."""
    wishes: dict[str, float] = field(default_factory=dict)
    """What stands in the control file."""

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    @property
    def control(self) -> Path:
        return self.folder / f"{self.name}.control"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A process that ended though nobody had asked for it. `worked`: it had come to work before."""

    name: str
    code: int
    began: float
    at: float
    worked: bool


class Product:
    """Web, worker and (while Telegram is polled) telegram processes, two of each.

    `environment` is what all of them are given. Times are seconds of the monotonic clock.
    """

    def __init__(
        self, forks: Forks, folder: Path, environment: Mapping[str, str], *, seed: int, roles: Sequence[str]
    ) -> None:
        self._forks = forks
        self._environment = dict(environment)
        self._random = random.Random(f"{seed}/supervisor")  # noqa: S311
        self.processes = {
            f"{role}-{number}": Process(name=f"{role}-{number}", role=role, port=free_port(), folder=folder)
            for role in roles
            for number in (1, 2)
        }
        self._back: dict[str, float] = {}
        self._down: dict[str, asyncio.Event] = {}
        self._starting: set[asyncio.Task[None]] = set()
        self.crashes: list[Crash] = []
        self.never_ready: list[str] = []
        self.started = 0
        forks.ended = self._ended

    def of(self, role: str) -> list[Process]:
        return [process for process in self.processes.values() if process.role == role and process.wanted]

    async def start(self) -> None:
        """Returns when all are ready. Raises `ConfigurationError` when one does not become it."""
        for process in self.processes.values():
            await self._start(process)
        await self.healthy()
        for name in self.never_ready:
            log = self.processes[name].log
            raise ConfigurationError(f"{name} does not become ready within {_READY_WITHIN:.0f} s; its log is {log}")

    def end(self) -> None:
        """Nothing is started again from now on."""
        for task in self._starting:
            task.cancel()
        for process in self.processes.values():
            process.wanted = False

    def kill(self, name: str, back: float) -> int:
        """SIGKILL; the supervisor starts it again after `back` seconds. Returns the pid, 0 if it was not running."""
        process = self.processes[name]
        if process.pid:
            self._back[name] = back
        return self._signal(process, signal.SIGKILL)

    def pause(self, name: str) -> int:
        return self._signal(self.processes[name], signal.SIGSTOP)

    def resume(self, name: str, pid: int) -> None:
        """Only the process that was paused: what runs there now may be another."""
        if self.processes[name].pid == pid:
            self._signal(self.processes[name], signal.SIGCONT)

    def wish(self, name: str, **wishes: float) -> None:
        """`shift`: seconds that the process's clock is off; `slow_until`: when understanding is quick again."""
        process = self.processes[name]
        process.wishes |= wishes
        process.control.write_text(json.dumps(process.wishes))
        self._signal(process, signal.SIGUSR1)

    async def roll(self, names: Sequence[str], change: Mapping[str, str] | None = None) -> list[str]:
        """SIGTERM, wait, start, wait until it is ready: one after the other, with `change` in the environment
        of whatever starts from now on. Returns the names of those that did not stop in time."""
        self._environment |= change or {}
        late = []
        for process in map(self.processes.__getitem__, names):
            if not process.wanted:  # it was retired meanwhile
                continue
            if not await self._stop(process):
                late.append(process.name)
            await self._start(process)
            await self._until_ready(process)
        return late

    async def retire(self, names: Sequence[str]) -> None:
        """SIGTERM, for good."""
        for process in map(self.processes.__getitem__, names):
            process.wanted = False
            await self._stop(process)

    async def healthy(self) -> None:
        """Returns when every wanted process says it is ready, or did not within a minute (`never_ready`)."""
        for process in self.processes.values():
            await self._until_ready(process)

    def _signal(self, process: Process, number: signal.Signals) -> int:
        if process.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)
        return process.pid

    async def _start(self, process: Process) -> None:
        if process.pid or process.starting:  # the supervisor was quicker than whoever else wanted it
            return
        process.starting = True
        process.began = time.monotonic()
        process.logged = process.log.stat().st_size if process.log.exists() else 0
        process.wishes.clear()
        process.control.write_text("{}")
        environment = {
            **self._environment,
            "ESTAFETA_PORT": str(process.port),
            "ESTAFETA_DATA": str(process.folder / f"{process.name}.data"),
        }
        order = {
            "environment": environment, "roles": [process.role],
            "log": str(process.log), "control": str(process.control),
        }  # fmt: skip
        process.pid = await self._forks.fork(process.name, order)
        process.starting = False
        self.started += 1

    async def _stop(self, process: Process) -> bool:
        """Whether SIGTERM was enough."""
        if not process.pid:
            return True
        # Two may want it stopped at once, the one for a while and the other for good: both see it end.
        down = self._down.setdefault(process.name, asyncio.Event())
        self._signal(process, signal.SIGTERM)
        try:
            async with asyncio.timeout(_STOP_WITHIN):
                await down.wait()
        except TimeoutError:
            self._signal(process, signal.SIGKILL)
            await down.wait()
            return False
        finally:
            self._down.pop(process.name, None)
        return True

    def _ended(self, pid: int, code: int) -> None:
        for process in self.processes.values():
            if process.pid == pid:
                process.pid = 0
                if process.name in self._down:
                    self._down[process.name].set()
                elif process.wanted:
                    self._bring_back(process, code)

    def _bring_back(self, process: Process, code: int) -> None:
        if process.name not in self._back:
            said = process.log.read_bytes()[process.logged :]
            self.crashes.append(
                Crash(
                    name=process.name, code=code, began=process.began, at=time.monotonic(), worked=b'"started"' in said
                )
            )
        back = self._back.pop(process.name, self._random.uniform(*_BACK))
        task = asyncio.create_task(self._later(process, back))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _later(self, process: Process, back: float) -> None:
        await asyncio.sleep(back)
        if process.wanted and not process.pid and process.name not in self._down:
            await self._start(process)

    async def _until_ready(self, process: Process) -> None:
        url = f"http://127.0.0.1:{process.port}/readyz"
        try:
            async with asyncio.timeout(_READY_WITHIN), aiohttp.ClientSession() as session:
                while process.wanted:
                    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                        async with session.get(url, timeout=aiohttp.ClientTimeout(total=2)) as answer:
                            if answer.status == 200:
                                return
                    await asyncio.sleep(0.05)
        except TimeoutError:
            self.never_ready.append(process.name)
