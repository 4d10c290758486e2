"""A front door in miniature: hands every connection on to whichever process is behind it now."""

from __future__ import annotations

import asyncio
import contextlib
from types import TracebackType


class Front:
    """`port` is the process new connections go to; None: nobody is there."""

    def __init__(self) -> None:
        self.port: int | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Front:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """As when the process behind is killed: every connection ends without a word."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._writers.add(writer)
        try:
            if self.port is not None:
                with contextlib.suppress(OSError):
                    there, back = await asyncio.open_connection("127.0.0.1", self.port)
                    self._writers.add(back)
                    await asyncio.gather(_pour(reader, back), _pour(there, writer))
                    self._writers.discard(back)
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def _pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
