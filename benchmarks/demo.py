"""Is the product as light as it says? Starts `estafeta demo` twice on a fresh data folder, the second
time with its model there, and looks at it from outside, as a browser on the same machine does.

    python -m benchmarks.demo

Prints each figure as `name: value (claim …) ok|FAILED`; ends with 1 when a claim fails. Linux only: the
memory is read from /proc (https://docs.kernel.org/filesystems/proc.html, VmRSS).
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import random
import re
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import aiohttp

from estafeta.app.faults.servers import free_port
from nlu.data import read_workspace

ROOT = Path(__file__).resolve().parents[1]
IDLE = 5.0
VISITORS = 150
MESSAGES = 2
"""Of one visitor: fewer than the misunderstood messages after which people are called, and far below
what the widget lets one visitor send."""
_READY = "Ctrl-C stops."
_ANSWERED_AT_ONCE = frozenset(
    {"payment_methods", "pickup", "store_address", "working_hours", "delivery_time", "loyalty", "contacts"}
)


class Claims:
    """What was measured against what is claimed."""

    def __init__(self) -> None:
        self.failed = False

    def below(self, name: str, value: float, unit: str, limit: float | None = None) -> None:
        """Without a limit it is only told."""
        shown = f"{name}: {value:.1f} {unit}"
        if limit is None:
            print(shown, flush=True)
            return
        holds = value < limit
        self.failed = self.failed or not holds
        print(f"{shown} (claim: under {limit:g} {unit}) {'ok' if holds else 'FAILED'}", flush=True)


@contextlib.asynccontextmanager
async def demo(data: Path, port: int) -> AsyncIterator[tuple[int, float]]:
    """The running demo: its process id, and the seconds until it had printed its addresses."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")}
    environment |= {"ESTAFETA_DATA": str(data), "ESTAFETA_PORT": str(port), "PYTHONUNBUFFERED": "1"}
    command = Path(sys.executable).with_name("estafeta")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        command, "demo", cwd=data, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None  # noqa: S101 - asked for above
        said = ""
        async with asyncio.timeout(600):
            while _READY not in said:
                line = (await process.stdout.readline()).decode()
                if not line:
                    sys.exit(f"estafeta demo ended before it was ready: {said.strip()}")
                said += line
        yield process.pid, time.perf_counter() - began
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        await process.communicate()


def resident_megabytes(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    if found is None:
        sys.exit("the kernel tells no VmRSS here")
    return int(found[1]) / 1024


def questions(count: int) -> list[str]:
    """So many different texts of customers that the bot answers at once."""
    data = read_workspace(ROOT / "demo")
    texts = sorted({example.text for example in data.examples if example.intent in _ANSWERED_AT_ONCE})
    return random.Random(7).sample(texts, count)


async def answer_times(url: str) -> list[float]:
    """Milliseconds from a message's sending to the arrival of the bot's answer, in order of size."""
    texts = iter(questions(VISITORS * MESSAGES))
    times: list[float] = []
    async with aiohttp.ClientSession() as session:
        for visitor in range(VISITORS):
            async with session.ws_connect(f"{url}/widget/ws", headers={"Origin": url}) as ws:
                await ws.send_json({"type": "hello", "key": "demo", "token": None, "after": 0, "language": "ru"})
                await ws.receive_json(timeout=10)
                for number in range(MESSAGES):
                    times.append(await answer_time(ws, f"{visitor}-{number}-message", next(texts)))
    return sorted(times)


async def answer_time(ws: aiohttp.ClientWebSocketResponse, identity: str, text: str) -> float:
    began = time.perf_counter()
    await ws.send_json({"type": "message", "id": identity, "text": text})
    asked = None
    while True:
        frame = await ws.receive_json(timeout=10)
        if frame["type"] == "error":
            sys.exit(f"the widget refused a message: {frame['text']}")
        for entry in frame.get("entries", ()):
            if entry["client_id"] == identity:
                asked = entry["seq"]
            elif entry["author"] == "bot" and asked is not None and entry["seq"] > asked:
                return (time.perf_counter() - began) * 1000


async def sizes(url: str) -> tuple[float, float]:
    """Kilobytes of the loader and of the chat (its page and all that the page names), gzipped."""
    async with aiohttp.ClientSession(headers={"Accept-Encoding": "identity"}) as session:

        async def zipped(address: str) -> tuple[bytes, float]:
            async with session.get(address) as answer:
                answer.raise_for_status()
                body = await answer.read()
            return body, len(gzip.compress(body, compresslevel=9, mtime=0)) / 1024

        _, loader = await zipped(f"{url}/widget.js")
        frame = f"{url}/widget/frame?key=demo"
        page, chat = await zipped(frame)
        for name in sorted(set(re.findall(r'(?:href|src)="([^"#]+)"', page.decode()))):
            chat += (await zipped(urljoin(frame, name)))[1]
    return loader, chat


async def main() -> None:
    claims = Claims()
    with tempfile.TemporaryDirectory() as folder:
        data, port = Path(folder), free_port(2)
        url = f"http://127.0.0.1:{port}"
        async with demo(data, port) as (_, seconds):
            claims.below("first start, with training", seconds, "s")
        async with demo(data, port) as (pid, seconds):
            claims.below("second start", seconds, "s", 5)
            await asyncio.sleep(IDLE)
            claims.below("memory when idle", resident_megabytes(pid), "MB", 250)
            times = await answer_times(url)
            claims.below("answer in the widget, p50", times[int(len(times) * 0.50)], "ms")
            claims.below("answer in the widget, p95", times[int(len(times) * 0.95)], "ms", 100)
            claims.below("answer in the widget, p99", times[int(len(times) * 0.99)], "ms")
            loader, chat = await sizes(url)
            claims.below("loader, gzipped", loader, "KB", 3)
            claims.below("chat, gzipped", chat, "KB", 25)
    sys.exit(claims.failed)


if __name__ == "__main__":
    asyncio.run(main())
