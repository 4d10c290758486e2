"""One address in front of all web processes: what a load balancer does in production, as small as it gets.

Connections go to the web processes in turn. One that refuses is passed over; the connections of one that
dies break, and clients and messengers come again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence
from types import TracebackType

_CHUNK = 65_536
_CONNECT_WITHIN = 1.0


class Balancer:
    """Passes connections to `port` on to `backends`, ports of loopback."""

    def __init__(self, port: int, backends: Sequence[int]) -> None:
        self.port = port
        self._backends = backends
        self._turn = itertools.count()
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Balancer:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, backlog=1024)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101
        self._open.add(task)
        try:
            backend = await self._backend()
            if backend is not None:
                await _joined(reader, writer, *backend)
        except asyncio.CancelledError:
            pass  # the end of the run: there is nobody to tell
        finally:
            self._open.discard(task)
            writer.close()

    async def _backend(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        first = next(self._turn)
        for number in range(len(self._backends)):
            port = self._backends[(first + number) % len(self._backends)]
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(_CONNECT_WITHIN):
                    return await asyncio.open_connection("127.0.0.1", port)
        return None


async def _joined(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    far_reader: asyncio.StreamReader,
    far_writer: asyncio.StreamWriter,
) -> None:
    """Both directions, until either ends: a half of a connection is of no use to HTTP."""
    ways = [
        asyncio.create_task(_copied(reader, far_writer)),
        asyncio.create_task(_copied(far_reader, writer)),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        await asyncio.gather(*ways, return_exceptions=True)
        far_writer.close()


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
