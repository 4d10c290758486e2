"""How many requests a second a community's client makes, at a latency of the network, and whether VK refuses any.

    python -m benchmarks.vk_pace [--latency 0.15] [--seconds 10]

The stand-in keeps VK's limit (20 requests in any second with one token, error 6 above it) and answers each call after
the latency. Prints one line: what was reached, what was refused, and for comparison what one session of vk_api
reaches, which is serial.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Iterable

from pydantic import SecretStr

from bots.vk.client import VkClient
from bots.vk.config import VkConfig, VkLimits
from estafeta.clock import SystemClock
from estafeta.fakes.vk import FakeVk


class Slow(FakeVk):
    """Answers late: half of `latency` passes before a call arrives, half on its way back. The way is a relay that
    reads whole requests and answers, so that what the stand-in counts is what arrives when."""

    def __init__(self, latency: float) -> None:
        super().__init__()
        self._half = latency / 2
        self._relay: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()
        self.slow_url = ""

    async def start(self) -> None:
        await super().start()
        self._relay = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.slow_url = f"http://127.0.0.1:{self._relay.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        if self._relay is not None:
            self._relay.close()
        await super().stop()
        if self._ways:
            await asyncio.wait(self._ways, timeout=2)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", self.port)
        for way in (self._carried(reader, back), self._carried(there, writer)):
            self._ways.add(asyncio.create_task(way))

    async def _carried(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What comes goes on half a latency later, in order."""
        loop, waiting = asyncio.get_running_loop(), asyncio.Queue[tuple[float, bytes]]()

        async def deliver() -> None:
            while True:
                due, chunk = await waiting.get()
                await asyncio.sleep(max(due - loop.time(), 0.0))
                writer.write(chunk)
                if not chunk:
                    writer.close()
                    return

        delivering = asyncio.create_task(deliver())
        try:
            while chunk := await reader.read(65536):
                waiting.put_nowait((loop.time() + self._half, chunk))
        except ConnectionError:
            pass  # closed in the middle is closed
        waiting.put_nowait((loop.time() + self._half, b""))
        await delivering


async def reached(latency: float, seconds: float, threads: int = 24) -> tuple[float, int, int]:
    """Requests a second as the stand-in saw them arrive, how many it refused, and the most in any one second."""
    fake = Slow(latency)
    async with fake:
        shop = fake.community("Лавка")
        limits = VkLimits(threads=threads)
        config = VkConfig(token=SecretStr(shop.token), group_id=shop.id, base_url=fake.slow_url, limits=limits)
        client = VkClient(config, clock=SystemClock())
        people = [fake.private(f"Клиент {number}") for number in range(100)]
        until = time.monotonic() + seconds

        async def writing(lane: int) -> None:
            number = lane
            while time.monotonic() < until:
                peer = people[number % len(people)].id
                await client.call("messages.send", peer_ids=[peer], random_id=number + 1, message=f"Ответ {number}")
                number += 30

        await asyncio.gather(*(writing(lane) for lane in range(30)))
        client.close()
        times = [call.at for call in fake.calls_of("messages.send")]
        refused = sum(call.error == 6 for call in fake.calls)
        if fake.violations:
            raise SystemExit(f"VK's schema forbids: {fake.violations[0]}")
        return (len(times) - 1) / (times[-1] - times[0]), refused, most_in_a_second(times)


def most_in_a_second(times: Iterable[float]) -> int:
    window: list[float] = []
    most = 0
    for at in sorted(times):
        window = [known for known in window if known > at - 1.0] + [at]
        most = max(most, len(window))
    return most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--latency", type=float, default=0.15, help="seconds of the way there and back")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long to send")
    chosen = parser.parse_args()
    rate, refused, most = asyncio.run(reached(chosen.latency, chosen.seconds))
    single, _, _ = asyncio.run(reached(chosen.latency, min(chosen.seconds, 5.0), threads=1))
    print(
        f"vk at {chosen.latency * 1000:.0f} ms: {rate:.1f} requests a second of 20 allowed, at most {most} in any one "
        f"second, {refused} refused; one session of vk_api: {single:.1f} a second"
    )


if __name__ == "__main__":
    main()
