"""Which engine understands is a setting; what the chosen one holds is given back when the platform stops."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from estafeta.app import start, understanders
from estafeta.app.config import NluConfig, Settings
from estafeta.app.wiring import build, running
from flows.model import Entity, Workspace
from nlu.embedded import EmbeddedUnderstander
from nlu.rasa import RasaUnderstander
from tests.conftest import DEMO
from tests.nlu.rasa_stand_in import RasaStandIn


@pytest.fixture
async def server() -> AsyncIterator[RasaStandIn]:
    stand_in = await RasaStandIn().start()
    yield stand_in
    await stand_in.stop()


def settings(data: Path, server: RasaStandIn | None = None) -> Settings:
    more = {"nlu": NluConfig(engine="rasa"), "rasa": server.config()} if server is not None else {}
    return Settings(_env_file=None).model_copy(update={"workspace": DEMO, "data": data, "port": 0, **more})


def test_the_embedded_engine_unless_told_otherwise(demo_workspace: Workspace, demo_models: Path) -> None:
    start.remember_source(DEMO, demo_models)
    assert isinstance(understanders.chosen(settings(demo_models), demo_workspace, demo_models), EmbeddedUnderstander)


async def test_rasa_is_asked_and_nothing_is_trained_here(
    server: RasaStandIn, demo_workspace: Workspace, tmp_path: Path
) -> None:
    training = replace(
        demo_workspace.training,
        entities={**demo_workspace.training.entities, "email": Entity(patterns=(), values={})},
    )
    workspace = replace(demo_workspace, training=training)
    understander = understanders.chosen(settings(tmp_path, server), workspace, tmp_path / "models")
    assert isinstance(understander, RasaUnderstander)
    assert not (tmp_path / "models").exists()
    found = await understander.understand("пишите на ivan@example.org", deadline=30)
    assert found.intent == "order_status"
    assert [entity.name for entity in found.entities] == ["email"], "what the workspace declares is found here"
    await understander.close()


async def test_a_stop_closes_the_way_to_the_server(
    server: RasaStandIn, demo_workspace: Workspace, tmp_path: Path
) -> None:
    given = settings(tmp_path, server)
    understander = start.rasa_understander(given, demo_workspace)
    platform = build(given, demo_workspace, understander, secrets={}, variables={}, control_token="token")
    async with running(platform):
        await understander.understand("где мой заказ", deadline=30)
        assert understander.server._session is not None
    assert understander.server._session is None
