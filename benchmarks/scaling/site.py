"""A whole installation for a measurement: mongod, redis-server, the messenger, and workers as processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.scaling.machine import Share, children_on, cores, cpu_seconds
from benchmarks.scaling.outside import ACCOUNT, TOKEN, Customers, Messenger
from estafeta.app.faults.servers import MongoServer, RedisServer, free_port, served
from estafeta.app.start import ensure_model
from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from estafeta.intake import Intake
from estafeta.kernel.errors import ConfigurationError
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore

ROOT = Path(__file__).resolve().parents[2]
WORKSPACE = ROOT / "demo"
_READY_WITHIN = 120.0
# No pacing: it is the platform that is measured, not Telegram's limits.
_LIMITS = '{"bot_per_second": 1000000, "chat_per_second": 1000, "chat_burst": 1000}'


@dataclass(frozen=True, slots=True)
class Site:
    folder: Path
    models: Path
    mongod: MongoServer
    redis: RedisServer
    messenger: Messenger
    customers: Customers

    def mongo(self, database: str) -> MongoConfig:
        return MongoConfig.model_validate({"url": self.mongod.url, "database": database})

    def store(self, database: str) -> MongoStore:
        return MongoStore(self.mongo(database), clock=SystemClock())

    def redis_config(self, prefix: str) -> RedisConfig:
        return RedisConfig.model_validate({"url": self.redis.url, "prefix": prefix})

    def bus(self, prefix: str) -> RedisBus:
        return RedisBus(self.redis_config(prefix), clock=SystemClock(), worker=f"outside-{prefix}")

    def cpu(self, workers: Iterable[int] = ()) -> dict[str, float]:
        """CPU seconds of each part so far. "outside" is this process: way in, customers, messenger."""
        return {
            "workers": sum(cpu_seconds(pid) for pid in workers),
            "mongod": cpu_seconds(self.mongod.pid),
            "redis": cpu_seconds(self.redis.pid),
            "outside": cpu_seconds(os.getpid()),
        }

    @contextlib.asynccontextmanager
    async def way_in(self, name: str) -> AsyncIterator[Intake]:
        """As the web process has it, for the installation `name` on these servers."""
        store, bus = self.store(name), self.bus(name)
        await store.open()
        await bus.open()
        try:
            yield Intake(store=store, bus=bus)
        finally:
            await bus.close()
            await store.close()

    @contextlib.asynccontextmanager
    async def workers(
        self, count: int, name: str, *, share: float = 0.0, on: Sequence[int] = ()
    ) -> AsyncIterator[list[int]]:
        """So many workers at work on the installation `name`; their process ids. `share`: of a core, each."""
        running: list[subprocess.Popen[bytes]] = []
        shares: list[Share] = []
        log = (self.folder / f"{name}-workers.log").open("ab")
        try:
            ports = [free_port() for _ in range(count)]
            with children_on(on or cores()):
                for port in ports:
                    running.append(self._worker(port, name, log.fileno()))
            for process, port in zip(running, ports, strict=True):
                await _ready(process, port, Path(log.name))
            if share:
                for process in running:
                    shares.append(Share(share))
                    shares[-1].hold(process.pid)
            yield [process.pid for process in running]
        finally:
            for process in running:
                process.terminate()
            for process in running:
                await asyncio.to_thread(process.wait, 30)
            for one in shares:
                one.remove()
            log.close()

    def _worker(self, port: int, name: str, log: int) -> subprocess.Popen[bytes]:
        data = self.folder / f"data-{port}"
        data.mkdir()
        (data / "models").symlink_to(self.models)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")} | {
            "ESTAFETA_PORT": str(port),
            "ESTAFETA_DATA": str(data),
            "ESTAFETA_WORKSPACE": str(WORKSPACE),
            "ESTAFETA_MONGO__URL": self.mongod.url,
            "ESTAFETA_MONGO__DATABASE": name,
            "ESTAFETA_REDIS__URL": self.redis.url,
            "ESTAFETA_REDIS__PREFIX": name,
            "ESTAFETA_TELEGRAM__TOKEN": TOKEN,
            "ESTAFETA_TELEGRAM__ACCOUNT": ACCOUNT,
            "ESTAFETA_TELEGRAM__MODE": "webhook",
            "ESTAFETA_TELEGRAM__SECRET": "benchmark-secret",
            "ESTAFETA_TELEGRAM__BASE_URL": self.messenger.url,
            "ESTAFETA_TELEGRAM__LIMITS": _LIMITS,
        }
        command = [sys.executable, "-m", "estafeta.app.cli", "run", "--role", "worker"]
        return subprocess.Popen(command, env=environment, cwd=self.folder, stdout=log, stderr=log)


async def _ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    try:
        async with asyncio.timeout(_READY_WITHIN):
            while not await _answers(port):
                if process.poll() is not None:
                    raise ConfigurationError(f"The worker ended: {log.read_text()[-2000:]}")
                await asyncio.sleep(0.1)
    except TimeoutError:
        raise ConfigurationError(f"The worker is not ready after {_READY_WITHIN:.0f} s; its log is {log}.") from None


async def _answers(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /readyz HTTP/1.0\r\n\r\n")
        status = await reader.readline()
        writer.close()
    except OSError:
        return False
    return b" 200 " in status


@contextlib.asynccontextmanager
async def site(models: Path | None = None, *, cache_gb: float = 1.0) -> AsyncIterator[Site]:
    """`models`: where a trained model lies or is put; without it one is trained in passing."""
    with tempfile.TemporaryDirectory(prefix="estafeta-scaling-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        models = (models or folder / "models").resolve()
        await asyncio.to_thread(ensure_model, WORKSPACE, models)
        mongod, redis = MongoServer(folder, cache_gb=cache_gb), RedisServer(folder)
        async with served(mongod, redis), Messenger() as messenger:
            yield Site(folder, models, mongod, redis, messenger, Customers(messenger))


def spent(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    return {part: after[part] - before[part] for part in before}
