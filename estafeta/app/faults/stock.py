"""The service that the workspace's HTTP action asks: tells how many of a thing there are, now and then slowly."""

from __future__ import annotations

import asyncio
from types import TracebackType
from zlib import crc32

from aiohttp import web

SLOW_SECONDS = 0.7


class Stock:
    """Serves on loopback while entered. One answer in `slow` takes `SLOW_SECONDS`, the same ones in every run."""

    def __init__(self, *, slow: int = 10, port: int = 0) -> None:
        self._slow = slow
        self._port = port
        self._runner: web.ServerRunner | None = None
        self.url = ""

    async def __aenter__(self) -> Stock:
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        thing = request.path.rpartition("/")[2]
        number = crc32(thing.encode())
        if number % self._slow == 0:
            await asyncio.sleep(SLOW_SECONDS)
        return web.json_response({"thing": thing, "left": number % 90 + 10})
