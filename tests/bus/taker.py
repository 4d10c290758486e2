"""A worker in a process of its own that takes wake-ups, tells them, and finishes nothing."""

from __future__ import annotations

import asyncio
import sys

from pydantic import SecretStr

from estafeta.bus.redis.bus import RedisBus
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock


async def main(url: str) -> None:
    bus = RedisBus(RedisConfig(url=SecretStr(url)), clock=SystemClock(), worker="taker")
    await bus.open()
    async for woken in bus.wakes():
        print(woken, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
