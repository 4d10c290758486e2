"""The engine asks the model that the conversation belongs to, and its events name the model that answered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from estafeta.clock import TestClock
from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Address, ConversationId, Entry, Understanding
from estafeta.kernel.ports import REGION
from estafeta.model_watch import ModelWatch
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.conftest import clock, small
from tests.engine.models.world import WHO, Named, load, model
from tests.world import HOME, World

__all__ = ["clock", "small"]


async def said(world: World, who: str) -> list[Entry]:
    address = Address(channel=HOME.channel, account=HOME.account, chat=who)
    await world.says("hello", address=address)
    found = await world.store.resolve(address)
    return await world.store.entries(ConversationId(str(found)))


async def test_each_conversation_is_understood_by_its_own_model(
    tmp_path: Path, small: Workspace, clock: TestClock
) -> None:
    store = SqliteStore(tmp_path / "world.db", clock=clock)
    watch = ModelWatch(store=store, clock=clock, own=("own", Named("own")), load=load)
    world = World(tmp_path / "world.db", small, watch, clock, store=store)
    world.engine.understander_of = watch.of
    async with world.running():
        await watch.models.publish("two", model(tmp_path, "two"), who=WHO, share=50)
        await watch.renew()
        seen = set()
        for number in range(12):
            entries = await said(world, f"c{number}")
            expected = watch.serving.of(entries[0].conversation)[0]
            models = {entry.understanding.model for entry in entries if entry.understanding is not None}
            assert models == {expected}
            named = {entry.data["model"] for entry in entries if "model" in entry.data}
            assert named == {expected}
            seen.add(expected)
        assert seen == {"own", "two"}
        events = await store.events(
            ["flow", "fallback"], since=datetime(2026, 1, 1, tzinfo=UTC), until=clock.now() + timedelta(days=1)
        )
        assert {entry.data["model"] for entry in events} == {"own", "two"}


async def test_what_a_model_never_answers_counts_for_it(tmp_path: Path, small: Workspace, clock: TestClock) -> None:
    """Else a tried model that is too slow for every text would never be withdrawn: people are called each time."""

    class Silent(Named):
        async def understand(
            self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
        ) -> Understanding:
            if self.name == "two" and text == "hello":
                raise UnderstandingFailed("too slow")
            return await super().understand(text, deadline=deadline, at=at, region=region)

    store = SqliteStore(tmp_path / "world.db", clock=clock)
    watch = ModelWatch(
        store=store, clock=clock, own=("own", Named("own")), load=lambda path: Silent((path / "model.json").read_text())
    )
    world = World(tmp_path / "world.db", small, watch, clock, store=store)
    world.engine.understander_of = watch.of
    async with world.running():
        await watch.models.publish("two", model(tmp_path, "two"), who=WHO, share=50)
        await watch.renew()
        told = [await said(world, f"c{number}") for number in range(12)]
        counted = {
            entry.data.get("model")
            for entries in told
            for entry in entries
            if entry.data.get("event") in ("fallback", "opened") and watch.of(entry.conversation)[0] == "two"
        }
        assert counted == {"two"}
