"""A stop ends, whatever hangs in it, and the log names what did."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
import structlog

from estafeta.app import stopping

ROOT = Path(__file__).parents[2]

HEAD = """
    import asyncio, contextlib, sys, time
    from estafeta.app import logs, start, stopping

    logs.set_up("info", [], sys.stdout.buffer)
    stopping._CLOSING_SECONDS = 0.3

    async def withheld():
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                pass

    @contextlib.asynccontextmanager
    async def context():
        yield
        await withheld()

    async def main(stop):
        print("ready", flush=True)
        await stop.wait()
"""
TAIL = """
    start.run_until_stopped(main, stop_within=0.05)
    print("over", flush=True)
"""


def stopped(hangs: str, *, times: int = 1) -> tuple[int, list[dict[str, Any]], list[str]]:
    """A process that hangs so after the signal: its exit code, what it logged, what it said."""
    program = textwrap.dedent(HEAD) + textwrap.indent(hangs, "    ") + "\n" + textwrap.dedent(TAIL)
    command = [sys.executable, "-c", program]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        for _ in range(times):
            process.send_signal(signal.SIGTERM)
        try:
            written, _ = process.communicate(timeout=60)
        finally:
            process.kill()
    lines = written.splitlines()
    logged = [json.loads(line) for line in lines if line.startswith("{")]
    return process.returncode, logged, [line for line in lines if not line.startswith("{")]


@pytest.mark.parametrize(
    ("hangs", "named"),
    [
        ("await asyncio.wait([asyncio.create_task(withheld(), name='store')])", "store: withheld ("),
        ("async with context(): pass", "main > _AsyncGeneratorContextManager.__aexit__ > context > withheld ("),
        ("await asyncio.to_thread(time.sleep, 600)", "main > to_thread ("),
        ("asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)", "_0: _WorkItem.run ("),
        ("time.sleep(600)", "MainThread: main ("),
    ],
    ids=["a task", "a context", "a thread that is awaited", "a thread that is left", "the event loop"],
)
@pytest.mark.parametrize("times", [1, 2], ids=["asked once", "asked twice"])
def test_what_hangs_is_named_and_the_process_ends(hangs: str, named: str, times: int) -> None:
    code, logged, said = stopped(hangs, times=times)
    assert (code, said) == (1, [])
    [line] = logged
    assert (line["event"], line["level"], line["more"]) == ("not_stopped", "error", 0)
    assert any(named in one for one in [*line["left"], *line["threads"]]), line


def test_a_stop_that_ends_in_time_says_nothing() -> None:
    assert stopped("await asyncio.sleep(0.01)") == (0, [], ["over"])


async def test_who_reads_the_log_may_hang_too(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = asyncio.Event()
    loop, codes, told = asyncio.get_running_loop(), [], asyncio.Event()

    def ends(code: int) -> None:
        codes.append(code)
        loop.call_soon_threadsafe(ended.set)

    def written(*_: object) -> None:
        asyncio.run_coroutine_threadsafe(told.wait(), loop).result()

    monkeypatch.setattr(stopping, "_TELLING_SECONDS", 0.01)
    monkeypatch.setattr(stopping.Watch, "_tell", written)
    with stopping.Watch(0.01, ends=ends) as watch:
        watch.begin(loop)
        async with asyncio.timeout(20):
            await ended.wait()
        told.set()
    assert codes == [1]


async def test_of_very_many_places_only_some_are_named_and_the_same_once() -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    tasks = [asyncio.create_task(ended.wait(), name=f"named {n}") for n in range(30)]
    tasks += [asyncio.create_task(ended.wait()) for _ in range(100)]
    watch = stopping.Watch(0.01, ends=lambda _: loop.call_soon_threadsafe(ended.set))
    with structlog.testing.capture_logs() as logged, watch:
        watch.begin(loop)
        async with asyncio.timeout(20):
            await asyncio.wait(tasks)
    [line] = logged
    assert len(line["left"]) == 20
    assert line["more"] == 12  # of the thirty, the hundred at one place, and this test
    assert any(one.startswith("100 times Event.wait (") for one in line["left"])


def test_the_whole_of_a_stop_takes_longer_than_its_steps() -> None:
    assert stopping.whole(5.0) == 25.0
