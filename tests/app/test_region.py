"""`region` of bot.yml: whose phone numbers lack a country's code. It holds for both engines, where the bot is served,
tried out and judged, and for a model that was trained before it was said."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app import start, understanders
from estafeta.app.cli import main
from estafeta.app.config import NluConfig, Settings
from estafeta.app.flow_around import around
from estafeta.clock import SystemClock
from estafeta.kernel.ports import Understander
from flows import loader
from flows.model import Workspace
from nlu.embedded import EmbeddedUnderstander
from nlu.train import train
from tests.flows.world import BOT, NLU, PAYMENT, write
from tests.nlu.rasa_stand_in import TOKEN, RasaStandIn
from tests.world import World

PHONES = [
    ("US", "pay or call (415) 555-2671", "+14155552671"),
    ("GB", "pay or call 020 7946 0958", "+442079460958"),
    ("", "pay or call 8 (903) 123-45-67", "+79031234567"),
]
phones = pytest.mark.parametrize(("region", "text", "phone"), PHONES, ids=["US", "GB", "unsaid"])


def begun(folder: Path, region: str, nlu: str = NLU) -> Workspace:
    bot = BOT + (f"region: {region}\n" if region else "")
    return loader.load(write(folder, {"payment": PAYMENT}, bot=bot, nlu=nlu + "entities: [phone-number]\n"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained while nobody had said a region."""
    folder = tmp_path_factory.mktemp("data")
    train(begun(folder / "ws", "").path, folder / "models", lambda what, share: None, encoders=())
    return folder / "models"


@pytest.fixture
async def rasa() -> AsyncIterator[RasaStandIn]:
    stand_in = await RasaStandIn().start()
    yield stand_in
    await stand_in.stop()


async def _heard(understander: Understander, workspace: Workspace, text: str, store: Path) -> list[str]:
    """The phones that a running platform hears in a message."""
    world = World(store, workspace, understander, SystemClock())
    async with world.running():
        await world.says(text)
        [said] = [entry for entry in await world.entries() if entry.author.kind == "customer"]
    assert said.understanding is not None
    return [entity.value for entity in said.understanding.entities if entity.name == "phone-number"]


@phones
async def test_the_embedded_engine_hears_a_phone_of_the_region(
    tmp_path: Path, models: Path, region: str, text: str, phone: str
) -> None:
    understander = EmbeddedUnderstander.load(models)
    assert await _heard(understander, begun(tmp_path / "ws", region), text, tmp_path / "db") == [phone]


@phones
async def test_so_it_does_beside_rasa(tmp_path: Path, rasa: RasaStandIn, region: str, text: str, phone: str) -> None:
    workspace = begun(tmp_path / "ws", region)
    settings = Settings(_env_file=None).model_copy(
        update={"workspace": workspace.path, "nlu": NluConfig(engine="rasa"), "rasa": rasa.config()}
    )
    understander = start.rasa_understander(settings, workspace)
    assert await _heard(understander, workspace, text, tmp_path / "db") == [phone]
    await understander.close()


async def test_another_region_comes_into_service_with_the_dialogs(tmp_path: Path, models: Path) -> None:
    world = World(tmp_path / "db", begun(tmp_path / "ws", ""), EmbeddedUnderstander.load(models), SystemClock())
    async with world.running():
        changed = begun(tmp_path / "ws", "US")
        world.engine.rules = replace(world.engine.rules, workspace=changed)
        await world.says(PHONES[0][1])
        [said] = [entry for entry in await world.entries() if entry.author.kind == "customer"]
    assert said.understanding is not None
    assert [entity.value for entity in said.understanding.entities] == [PHONES[0][2]]


@phones
async def test_a_bot_that_was_taught_no_intents_finds_it_too(
    tmp_path: Path, region: str, text: str, phone: str
) -> None:
    (tmp_path / "ws/flows").mkdir(parents=True)
    workspace = begun(tmp_path / "ws", region)
    workspace = replace(workspace, training=replace(workspace.training, intents=frozenset()))
    understander = understanders.chosen(Settings(_env_file=None), workspace, tmp_path / "models")
    assert await _heard(understander, workspace, text, tmp_path / "db") == [phone]


@phones
@pytest.mark.parametrize("trained", [True, False])
def test_conversations_of_the_flows_tests_find_it(
    tmp_path: Path, models: Path, region: str, text: str, phone: str, trained: bool
) -> None:
    workspace = begun(tmp_path / "ws", region)
    with asyncio.Runner() as runner:
        surrounding = around(workspace, EmbeddedUnderstander.load(models) if trained else None, runner)
        understood = surrounding.understand(text)
        entities = surrounding.entities(text) if understood is None else understood.entities
    assert [entity.value for entity in entities] == [phone]


@phones
@pytest.mark.parametrize("engine", ["current", "rasa"])
async def test_models_are_judged_by_it(
    tmp_path: Path, models: Path, rasa: RasaStandIn, monkeypatch: pytest.MonkeyPatch,
    region: str, text: str, phone: str, engine: str,
) -> None:  # fmt: skip
    workspace = begun(tmp_path / "ws", region)
    (workspace.path / "nlu/tests").mkdir()
    pinned = {"text": text, "intent": "payment", "entities": {"phone-number": phone}}
    (workspace.path / "nlu/tests/pinned.yml").write_text(json.dumps({"pinned": [pinned]}))
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ESTAFETA_RASA__URL", rasa.config().url)
    monkeypatch.setenv("ESTAFETA_RASA__TOKEN", TOKEN)
    asked = ["evaluate", str(workspace.path), "--held-out", "--model", engine, "--models", str(models), "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, main, asked)
    assert result.exit_code == 0, (result.output, result.exception)
    assert json.loads(result.stdout)["entities_exact"] == 1
