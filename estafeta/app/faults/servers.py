"""Real servers as child processes: mongod and redis-server on free loopback ports.

For the fault kit, which kills them, and for whatever else wants the real thing: tests, benchmarks.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import signal
import socket
import sysconfig
from collections.abc import AsyncIterator
from pathlib import Path

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from estafeta.kernel.errors import ConfigurationError

_START_WITHIN = 30.0
_STOP_WITHIN = 20.0


_PORTS = range(12_000, 32_000)
"""Below those that systems give to outgoing connections (Linux from 32768, others from 49152): a port chosen
there may be some connection's own by the time that a server listens on it."""


def free_port(count: int = 1) -> int:
    """The first of so many neighbouring ports of loopback that were free a moment ago."""
    while True:
        first = random.choice(_PORTS)  # noqa: S311 - nothing is secret about it
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            for port in range(first, first + count):
                stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            return first


class Server:
    """One child process; `start` after `kill` begins on the same port and in the same folder."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self._name = name
        self._command = command
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        """Of the running process; 0 when there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else 0

    async def launch(self) -> None:
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )

    async def kill(self) -> None:
        """SIGKILL: no goodbye, nothing flushed."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    def pause(self) -> None:
        """It hangs: connections stay open, nothing is answered."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    async def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.send_signal(signal.SIGCONT)
        process.send_signal(number)
        try:
            async with asyncio.timeout(_STOP_WITHIN):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()

    def broken(self) -> str:
        """Why the process ended on its own, from its log; "" while it runs."""
        if self.pid:
            return ""
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return f"{self._name} ended at once: {lines[-1] if lines else 'it said nothing'}"


class MongoServer(Server):
    """A replica set of one, or a standalone server."""

    def __init__(self, folder: Path, *, replica_set: bool = True, cache_gb: float = 0.25) -> None:
        self.port = free_port()
        self.replica_set = replica_set
        data = folder / "mongod"
        data.mkdir(parents=True, exist_ok=True)
        command = [
            mongod(), "--dbpath", str(data), "--port", str(self.port), "--bind_ip", "127.0.0.1",
            "--wiredTigerCacheSizeGB", str(cache_gb), "--setParameter", "diagnosticDataCollectionEnabled=false",
        ]  # fmt: skip
        if replica_set:
            command += ["--replSet", "rs0", "--oplogSize", "128"]
        super().__init__("mongod", command, folder / "mongod.log")

    @property
    def url(self) -> str:
        options = "?replicaSet=rs0" if self.replica_set else "?directConnection=true"
        return f"mongodb://127.0.0.1:{self.port}/{options}"

    async def start(self) -> None:
        """Returns when it takes writes."""
        await self.launch()
        client: AsyncMongoClient[dict[str, object]] = AsyncMongoClient(
            "127.0.0.1", self.port, directConnection=True, serverSelectionTimeoutMS=500
        )
        try:
            async with asyncio.timeout(_START_WITHIN):
                await self._until_writable(client)
        except TimeoutError:
            raise ConfigurationError(f"mongod does not answer; its log is {self._log}") from None
        finally:
            await client.close()

    async def _until_writable(self, client: AsyncMongoClient[dict[str, object]]) -> None:
        member = {"_id": 0, "host": f"127.0.0.1:{self.port}"}
        while True:
            if why := self.broken():
                raise ConfigurationError(why)
            with contextlib.suppress(PyMongoError):
                hello = await client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return
                if self.replica_set and not hello.get("setName"):
                    await client.admin.command("replSetInitiate", {"_id": "rs0", "members": [member]})
            await asyncio.sleep(0.05)


class RedisServer(Server):
    """Without persistence: what restarts is empty."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            redis_server(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
            "--dir", str(folder),
        ]  # fmt: skip
        super().__init__("redis-server", command, folder / "redis.log")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    async def start(self) -> None:
        """Returns when it answers."""
        await self.launch()
        client = Redis(host="127.0.0.1", port=self.port)
        try:
            async with asyncio.timeout(_START_WITHIN):
                while True:
                    if why := self.broken():
                        raise ConfigurationError(why)
                    with contextlib.suppress(RedisError, OSError):
                        await client.ping()
                        return
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise ConfigurationError(f"redis-server does not answer; its log is {self._log}") from None
        finally:
            await client.aclose()


@contextlib.asynccontextmanager
async def served(*servers: MongoServer | RedisServer) -> AsyncIterator[None]:
    """The servers, started; killed afterwards."""
    try:
        for server in servers:
            await server.start()
        yield
    finally:
        for server in servers:
            await server.kill()


def mongod() -> str:
    """The path of mongod: the system's, or the one that comes as a package for tests."""
    packaged = Path(sysconfig.get_path("purelib")) / "fiftyone/db/bin/mongod"
    found = shutil.which("mongod") or (str(packaged) if packaged.is_file() else None)
    if found is None:
        raise ConfigurationError(
            "There is no mongod here: install MongoDB, or `pip install -r requirements/mongod.txt`."
        )
    return found


def redis_server() -> str:
    """The path of redis-server."""
    found = shutil.which("redis-server")
    if found is None:
        raise ConfigurationError("There is no redis-server here: install it (on Debian: apt-get install redis-server).")
    return found
