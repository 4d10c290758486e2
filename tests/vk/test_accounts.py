"""Several communities in one process, and several processes of one community."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from pydantic import SecretStr

from benchmarks.vk_pace import most_in_a_second
from bots.pacing import Bucket, Rate
from bots.vk.channel import VkChannel
from bots.vk.client import VkClient
from bots.vk.config import VkConfig
from bots.vk.longpoll import Position
from estafeta.app.doctor import vk as doctor
from estafeta.clock import SystemClock
from estafeta.fakes.vk import FakeVk
from estafeta.kernel.model import OutboundMessage, OutboxId, Text
from tests.contracts.inbox import Inbox
from tests.vk.stage import UNLIMITED, Aside, ImpatientClock, Kept, Shelf, eventually


async def test_three_communities_in_one_process(tmp_path: Path) -> None:
    inbox, clock = Inbox(), ImpatientClock()
    async with FakeVk(limits=None) as fake, contextlib.AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        channels = {}
        for name in ("one", "two", "three"):
            shop = fake.community(name)
            config = VkConfig(
                token=SecretStr(shop.token), group_id=shop.id, account=name, base_url=fake.url, limits=UNLIMITED
            )
            await doctor.connect(config, None, clock)
            client, kept = VkClient(config, clock=clock), Kept()
            channel = VkChannel(
                config, client, clock=clock, stock=Shelf(tmp_path), set_aside=Aside(),
                position=Position(kept.load, kept.save),
            )  # fmt: skip
            stack.callback(client.close)
            stack.push_async_callback(channel.close)
            channels[name] = channel, tasks.create_task(channel.listen(inbox))
            await eventually(lambda shop=shop: fake.long_poll(shop).waiting > 0)  # type: ignore[misc]
        for name in channels:
            fake.private("Анна", fake.community(name)).says(f"привет, {name}")
        signals = await inbox.have(3)
        assert {signal.address.account for signal in signals if signal.address} == set(channels)
        assert len({signal.id for signal in signals}) == 3
        for signal in signals:
            assert signal.address is not None
            channel, _ = channels[signal.address.account]
            parts = (Text(text=f"это {signal.address.account}"),)
            await channel.send(OutboundMessage(id=OutboxId("same.1"), to=signal.address, parts=parts))
        for name in channels:
            anna = fake.private("Анна", fake.community(name))
            assert fake.shown(anna) == [f"привет, {name}", f"это {name}"]
        for _, task in channels.values():
            task.cancel()
        assert fake.violations == []


class Shared:
    """Buckets that two clients take from, in memory."""

    def __init__(self) -> None:
        self.clock = SystemClock()
        self.buckets: dict[str, Bucket] = {}

    def _of(self, key: str, burst: float, per_second: float) -> Bucket:
        rate = Rate(burst=burst, per_second=per_second)
        return self.buckets.setdefault(key, Bucket(rate, self.clock.monotonic()))

    async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
        bucket, now = self._of(key, burst, per_second), self.clock.monotonic()
        delay = bucket.delay(cost, now)
        if delay <= 0:
            bucket.take(cost, now)
        return delay

    def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None:
        self._of(key, burst, per_second).block(seconds, self.clock.monotonic())

    def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None:
        self._of(key, burst, per_second).give_back(cost)


async def test_processes_of_one_community_keep_its_pace_together() -> None:
    shared = Shared()
    async with FakeVk() as fake:
        shop = fake.community()
        config = VkConfig(token=SecretStr(shop.token), group_id=shop.id, base_url=fake.url)
        clients = [VkClient(config, clock=SystemClock(), buckets=shared) for _ in range(3)]
        await asyncio.gather(*(client.call("groups.getTokenPermissions") for client in clients for _ in range(12)))
        for client in clients:
            client.close()
        done = [call.at for call in fake.calls if call.ok]
        assert len(done) == 36
        assert most_in_a_second(done) <= 20
        assert list(shared.buckets) == [f"vk:{shop.id}:community"]
