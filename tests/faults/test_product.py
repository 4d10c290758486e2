"""The product's processes under the kit's supervisor: really killed, really back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from estafeta.app.faults.child import JumpingClock, SlowUnderstander
from estafeta.app.faults.people import WORKSPACE
from estafeta.app.faults.product import Forks, Process, Product
from estafeta.kernel.errors import ConfigurationError, UnderstandingFailed
from estafeta.kernel.model import Understanding

together = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def product(tmp_path_factory: pytest.TempPathFactory, fault_models: Path) -> AsyncIterator[Product]:
    """Each process on a file of its own: what they say to each other is not the matter here."""
    folder = tmp_path_factory.mktemp("product")
    forks = Forks(folder / "forks.log")
    await forks.start(WORKSPACE, fault_models)
    environment = {"ESTAFETA_WORKSPACE": str(WORKSPACE), "ESTAFETA_VAR_STOCK_URL": "http://127.0.0.1:1"}
    product = Product(forks, folder, environment, seed=1, roles=("web", "worker"))
    try:
        await product.start()
        yield product
    finally:
        product.end()
        await forks.stop()


async def other_pid(process: Process, pid: int) -> int:
    async with asyncio.timeout(20):
        while process.pid in (0, pid):  # noqa: ASYNC110  a pid tells nobody that it has come
            await asyncio.sleep(0.02)
    return process.pid


@together
async def test_a_killed_process_comes_back_after_its_time_as_another_at_the_same_port(product: Product) -> None:
    worker = product.processes["worker-1"]
    began, crashes = time.monotonic(), len(product.crashes)
    pid = product.kill("worker-1", 0.4)
    assert await other_pid(worker, pid) != pid
    assert time.monotonic() - began >= 0.4
    await product.healthy()
    assert len(product.crashes) == crashes


@together
async def test_a_rolling_restart_replaces_one_process_after_the_other(product: Product) -> None:
    before = {name: process.pid for name, process in product.processes.items()}
    assert await product.roll(list(before)) == []
    assert not set(before.values()) & {process.pid for process in product.processes.values()}
    await product.healthy()


@together
async def test_a_process_that_ends_by_itself_is_counted_and_brought_back(product: Product) -> None:
    web = product.processes["web-2"]
    pid = web.pid
    os.kill(pid, signal.SIGTERM)
    await other_pid(web, pid)
    assert product.crashes.pop().name == "web-2"
    await product.healthy()


@together
async def test_a_paused_process_answers_when_it_is_resumed(product: Product) -> None:
    web = product.processes["web-1"]
    url = f"http://127.0.0.1:{web.port}/healthz"
    pid = product.pause("web-1")
    async with aiohttp.ClientSession() as session:
        with pytest.raises(TimeoutError):
            await session.get(url, timeout=aiohttp.ClientTimeout(total=0.3))
        product.resume("web-1", pid)
        async with session.get(url, timeout=aiohttp.ClientTimeout(total=20)) as answer:
            assert answer.status == 200


@together
async def test_what_a_process_is_to_believe_reaches_it_without_harm(product: Product) -> None:
    pid = product.processes["worker-2"].pid
    product.wish("worker-2", shift=3600.0, slow_until=time.monotonic() + 1)
    product.wish("worker-2", shift=0.0)
    await product.healthy()
    assert product.processes["worker-2"].pid == pid


async def test_a_workspace_that_is_none_is_a_sentence(tmp_path: Path, fault_models: Path) -> None:
    forks = Forks(tmp_path / "forks.log")
    with pytest.raises(ConfigurationError, match="no workspace"):
        await forks.start(tmp_path, fault_models)
    await forks.stop()


def test_a_jumping_clock_shows_another_time_and_measures_the_same() -> None:
    clock = JumpingClock()
    clock.shift = -3600.0
    assert 3590 < (datetime.now(UTC) - clock.now()).total_seconds() < 3610
    assert abs(clock.monotonic() - time.monotonic()) < 1


async def test_slow_understanding_is_too_late_and_then_quick_again() -> None:
    class Quick:
        async def understand(
            self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
        ) -> Understanding:
            return Understanding(intent="where", confidence=1.0)

    slow = SlowUnderstander(Quick())
    slow.slow_until = time.monotonic() + 60
    with pytest.raises(UnderstandingFailed):
        await slow.understand("?", deadline=0.01)
    slow.slow_until = 0.0
    assert (await slow.understand("?", deadline=0.01)).confidence == 1.0


ORPHANS = """
import asyncio, os, signal, subprocess, sys
from pathlib import Path
from estafeta.app.faults.product import Forks

async def main(folder, workspace, models):
    forks = Forks(folder / "forks.log")
    await forks.start(workspace, models)
    ward = subprocess.Popen(["sleep", "600"])
    forks.guard(ward.pid)
    log, control = folder / "log", folder / "control"
    control.write_text("{}")
    environment = {"ESTAFETA_PORT": sys.argv[4], "ESTAFETA_DATA": str(folder), "ESTAFETA_WORKSPACE": str(workspace)}
    order = {"environment": environment, "roles": ["web"], "log": str(log), "control": str(control)}
    print(ward.pid, await forks.fork("web-1", order), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main(*map(Path, sys.argv[1:4])))
"""


def test_a_killed_kit_leaves_nothing_running(tmp_path: Path, fault_models: Path, unused_tcp_port: int) -> None:
    command = [sys.executable, "-c", ORPHANS, str(tmp_path), str(WORKSPACE), str(fault_models), str(unused_tcp_port)]
    told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert told.returncode == -signal.SIGKILL, told.stderr
    pids = [int(word) for word in told.stdout.split()]
    assert len(pids) == 2
    deadline = time.monotonic() + 20
    while any(map(_runs, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(_runs, pids))


def _runs(pid: int) -> bool:
    """A zombie that nobody asks about does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False
