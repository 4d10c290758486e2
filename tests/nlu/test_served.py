"""A published model keeps every promise of an understander: fetched from the store, loaded afresh, and watched."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from estafeta.clock import SystemClock
from estafeta.kernel.model import ConversationId, Understanding
from estafeta.kernel.ports import Understander
from estafeta.model_watch import ModelWatch
from nlu.embedded import EmbeddedUnderstander
from nlu.registry import Registry
from storage.sqlite import SqliteStore
from tests.contracts.understander_contract import UnderstanderContract
from tests.engine.models.world import Named
from tests.nlu.test_embedded import TestEmbedded as Embedded


class TestServed(UnderstanderContract):
    KNOWN: ClassVar = Embedded.KNOWN
    ENTITY = Embedded.ENTITY

    @pytest.fixture
    async def understander(self, models: Path, tmp_path: Path) -> AsyncIterator[Understander]:
        store = SqliteStore(tmp_path / "models.db", clock=SystemClock())
        await store.open()
        watch = ModelWatch(
            store=store, clock=SystemClock(), own=("own", Named("own")), load=EmbeddedUnderstander.load, every=0.01
        )
        folder = Registry(models).current()
        await watch.models.publish(folder.name, folder, who="vera")
        await watch.renew()
        yield watch
        await store.close()


async def test_a_fetched_model_understands_as_the_one_it_was_made_of(models: Path, tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "models.db", clock=SystemClock())
    await store.open()
    try:
        folder = Registry(models).current()
        watch = ModelWatch(
            store=store, clock=SystemClock(), own=("own", Named("own")), load=EmbeddedUnderstander.load, every=0.01
        )
        await watch.models.publish(folder.name, folder, who="vera", share=50)
        await watch.renew()
        one = EmbeddedUnderstander.load(folder)
        said: dict[str, Understanding] = {}
        for number in range(40):
            _, model = watch.of(ConversationId(f"c{number}"))
            found = await model.understand("где мой заказ 12345", deadline=5)
            said[found.model] = found
        assert said[folder.name] == await one.understand("где мой заказ 12345", deadline=5)
        assert set(said) == {folder.name, "own"}
    finally:
        await store.close()
