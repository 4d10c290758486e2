"""`estafeta nlu publish | promote | rollback | history | compare`: through the gate, into the store, and back."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from estafeta.app import control, model_publishing, start
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.faults.servers import MongoServer, free_port, served
from estafeta.app.model_publishing import Asked, ModelMetrics
from estafeta.clock import SystemClock
from estafeta.kernel.model import (
    Author,
    Conversation,
    ConversationId,
    Customer,
    Entry,
    EntryId,
    Intent,
    Text,
    Understanding,
)
from estafeta.kernel.ports import Change
from estafeta.model_watch import ModelWatch
from nlu.embedded import EmbeddedUnderstander
from nlu.registry import Registry
from nlu.train import train
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from tests.flows.world import BOT, write
from tests.world import HOME

SHOP = Path(__file__).parents[1] / "nlu" / "data" / "shop"
FLOW = "flow: hello\nstart: {intent: greet}\nsteps:\n  - say: {ru: Привет, en: Hi}\n"
PINNED = 'pinned:\n  - {text: привет, intent: greet}\n  - {text: "спасибо", intent: thanks}\n'
HELD_OUT = 'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - привет вам\n    - hello there\n'


def quiet(what: str, share: float) -> None:
    """Progress that nobody looks at."""


@dataclass(frozen=True)
class Trained:
    """A folder with two models: a good one, and one that takes greetings for thanks."""

    models: Path
    good: str
    bad: str


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("models")
    other = folder / "swapped"
    shutil.copytree(SHOP / "nlu", other / "nlu")
    for path in (other / "nlu").iterdir():
        text = path.read_text().replace("intent: greet", "intent: x").replace("intent: thanks", "intent: greet")
        path.write_text(text.replace("intent: x", "intent: thanks"))
    bad = train(other, folder / "models", quiet, encoders=()).model_id
    good = train(SHOP, folder / "models", quiet, encoders=()).model_id
    return Trained(folder / "models", good, bad)


class Place:
    def __init__(self, path: Path, trained: Trained, **environment: str) -> None:
        self.data = path / "data"
        self.trained = trained
        shutil.copytree(trained.models, self.data / "models")
        bot = BOT + "gate: {messages_least: 2, trial: {least: 5}}\n"
        self.folder = write(path / "workspace", {"hello": FLOW}, bot=bot, nlu="")
        shutil.copytree(SHOP / "nlu", self.folder / "nlu", dirs_exist_ok=True)
        (self.folder / "nlu" / "tests").mkdir()
        (self.folder / "nlu" / "tests" / "pinned.yml").write_text(PINNED)
        (self.folder / "nlu" / "tests" / "held_out.yml").write_text(HELD_OUT)
        self.port = free_port()
        self._environment = {
            "ESTAFETA_DATA": str(self.data), "ESTAFETA_PORT": str(self.port), "ESTAFETA_WORKSPACE": str(self.folder),
            **environment,
        }  # fmt: skip

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=self._environment).invoke, main, ["nlu", *arguments])

    async def done(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    async def refused(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 1, result.output
        return result.output

    async def store(self) -> SqliteStore:
        found = SqliteStore(self.data / "estafeta.db", clock=SystemClock())
        await found.open()
        return found

    async def hears(self, who: str, texts: Sequence[str], name: str = "") -> None:
        """The bot understood these messages of a customer."""
        store = await self.store()
        at = datetime.now(UTC) - timedelta(hours=1)
        entries = tuple(
            Entry(
                id=EntryId(f"{who}.{number}"), conversation=ConversationId(who), seq=number, at=at, kind="said",
                author=Author(kind="customer", name=name), parts=(Text(text=text),),
                understanding=Understanding(intent="x", confidence=0.5, ranking=(Intent(name="x", confidence=0.5),)),
            )
            for number, text in enumerate(texts, start=1)
        )  # fmt: skip
        held = Conversation(
            id=ConversationId(who), address=replace(HOME, chat=who), customer=Customer(name=name), version=1,
            seq=len(entries), updated_at=at,
        )  # fmt: skip
        await store.commit(Change(conversation=held, expected_version=0, applied=(), entries=entries))
        await store.close()


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trained: Trained) -> Place:
    monkeypatch.chdir(tmp_path)
    found = Place(tmp_path, trained)
    await (await found.store()).close()
    return found


async def test_a_good_model_passes_and_is_told_of(place: Place) -> None:
    good = place.trained.good
    said = await place.done("publish", "--latest", "--why", "a start", "--who", "vera")
    assert f"{good} is in service (before: the folder's model). Live in every worker" in said
    assert "this model is in service already" in (await place.refused("publish", good)).lower()
    listed = await place.done("history")
    assert listed.startswith(f"In service: {good} since 20")
    assert "vera  a start  passed (2 pinned, 2 held out)" in listed
    told = json.loads(await place.done("history", "--json"))
    assert (told["model"], told["history"][0]["who"], told["kept"][0]["model"]) == (good, "vera", good)


async def test_a_worse_model_is_refused_unless_somebody_says_why(place: Place) -> None:
    good, bad = place.trained.good, place.trained.bad
    await place.done("publish", good)
    said = await place.refused("publish", bad)
    assert "nlu/tests/pinned.yml:2: привет: expected greet, got thanks" in said
    assert "Refused: pinned examples that do not hold any more: 2 (gate.pinned allows 0)." in said
    assert "Refused: 100.0 points fewer held-out texts are understood rightly" in said
    assert "worse  hello there: greet" in said
    assert "--anyway WHY" in said
    assert json.loads(await place.done("history", "--json"))["model"] == good
    refused = await place.run("publish", bad, "--json")
    told = json.loads(refused.stdout)
    assert (refused.exit_code, told["published"], told["gate"]["passed"]) == (1, False, False)
    assert f"{bad} is in service (before: {good})" in await place.done("publish", bad, "--anyway", "a trial of fire")
    line = json.loads(await place.done("history", "--json"))["history"][0]
    assert line["why"] == "a trial of fire"
    assert line["gate"].startswith("refused (2 pinned, 2 held out): pinned examples")
    assert line["gate"].endswith("; anyway: a trial of fire")
    assert f"{good} is in service again (before: {bad})" in await place.done("rollback")
    assert f"{bad} is in service again" in await place.done("rollback", bad[:6])
    assert "the folder's model is in service again" in await place.done("rollback", "folder")


async def test_a_report_that_cannot_be_written_is_told_before_the_work(place: Place) -> None:
    missing = str(place.folder / "nowhere" / "gate.html")
    for command in (("publish", "no-such-model"), ("compare", "no-such-model", "current")):
        assert "is no folder" in await place.refused(*command, "--html", missing)


async def test_real_messages_are_judged_and_shown_without_personal_data(place: Place, tmp_path: Path) -> None:
    (place.folder / "nlu" / "tests" / "pinned.yml").unlink()
    (place.folder / "nlu" / "tests" / "held_out.yml").unlink()
    await place.hears("a", ["привет", "большое спасибо, меня зовут Ольга, мой номер +79161234567"], "Ольга")
    await place.hears("b", ["привет", "где мой заказ"])
    await place.done("publish", place.trained.good, "--anyway", "the folder's is worse")
    said = await place.refused("publish", place.trained.bad, "--html", str(tmp_path / "gate.html"), "--language", "ru")
    assert "4 real messages: " in said
    assert "привет ×2: greet" in said
    assert "of 4 real messages would be decided otherwise (gate.changed allows 15)" in said
    page = (tmp_path / "gate.html").read_text()
    for shown in (said, page):
        assert "большое спасибо" in shown
        assert "Ольга" not in shown
        assert "9161234567" not in shown
    assert "Публиковать нельзя." in page
    assert "настоящих сообщений (gate.changed допускает 15)" in page


async def test_two_engines_are_compared_on_real_messages(place: Place, tmp_path: Path) -> None:
    await place.hears("a", ["привет", "пишите на olga@shop.example.com, спасибо"], "Ольга")
    good, bad = place.trained.good, place.trained.bad
    said = await place.done("compare", good, str(place.data / "models" / bad), "--last", "1d")
    assert said.startswith(f"2 real messages: {good} and {bad} decide ")
    assert "привет: greet" in said
    told = json.loads(await place.done("compare", good, bad, "--json", "--html", str(tmp_path / "c.html")))
    assert (told["before"], told["messages"]) == (good, 2)
    assert "olga@shop" not in json.dumps(told) + said + (tmp_path / "c.html").read_text()
    same = json.loads(await place.done("compare", good, good, "--json"))
    assert (same["changed"], same["decisions"]) == (0, [])
    assert "no length of time" in (await place.run("compare", good, bad, "--last", "soon")).output
    assert "There is no model" in await place.refused("compare", good, "0123456789ab")


async def test_mistakes_in_the_tests_are_told_with_their_place(place: Place) -> None:
    (place.folder / "nlu" / "tests" / "pinned.yml").write_text("pinned:\n  - {text: привет, intnt: greet}\n")
    said = await place.refused("publish", "--latest")
    assert 'nlu/tests/pinned.yml:2:20: error: unknown key "intnt"; did you mean "intent"?' in said


async def test_a_share_is_written_in_percent(place: Place) -> None:
    await place.done("publish", place.trained.good)
    for wrong in ("0", "101", "x", "10.5"):
        assert (await place.run("publish", place.trained.bad, "--share", wrong)).exit_code == 2
    said = await place.done("publish", place.trained.bad, "--share", "10%", "--anyway", "x")
    assert f"{place.trained.bad} is tried with 10% of conversations. `estafeta nlu promote`" in said
    assert "is in service for all" in await place.done("promote")
    assert "No model is tried" in await place.refused("promote")


async def test_without_a_store_it_says_what_to_do(place: Place) -> None:
    for file in place.data.glob("estafeta.db*"):
        file.unlink()
    assert "start the platform once" in await place.refused("publish", "--latest")


async def test_a_store_that_fails_is_told_though_nothing_runs_here(place: Place) -> None:
    """Not only that no platform answers: that it does not run is what one knows."""
    (place.data / "estafeta.db").write_bytes(b"no database" * 1000)
    said = await place.refused("promote")
    assert str(place.data / "estafeta.db") in said
    assert "start the platform first" in said


# --- through what runs here ----------------------------------------------------------------------


@pytest.fixture
async def running(place: Place) -> AsyncIterator[ModelWatch]:
    """A platform that has the database to itself, and its way in for the command line."""
    store = await place.store()
    own = EmbeddedUnderstander.load(Registry(place.data / "models").current())
    watch = ModelWatch(
        store=store, clock=SystemClock(), own=(own.model.id, own), load=EmbeddedUnderstander.load, every=0.01
    )
    app = web.Application()
    model_publishing.mount(app, watch, start.new_control_token(place.data, place.port))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", place.port).start()
    yield watch
    await runner.cleanup()
    await store.close()


async def test_what_runs_here_understands_by_it_at_once(place: Place, running: ModelWatch) -> None:
    good, bad = place.trained.good, place.trained.bad
    assert running.serving.model == good
    await place.done("publish", bad, "--anyway", "to see it")
    understood = await running.understand("привет", deadline=5)
    assert (understood.model, understood.intent) == (bad, "thanks")
    await place.done("publish", good, "--share", "10")
    assert (running.serving.staged, running.serving.share) == (good, 10)
    assert f"Tried: {good} with 10% of conversations" in await place.done("history")  # while the other has the file
    registry = CollectorRegistry()
    registry.register(ModelMetrics(running))
    told = generate_latest(registry).decode()
    assert f'estafeta_nlu_model_share{{model="{bad}"}} 90.0' in told
    assert f'estafeta_nlu_model_share{{model="{good}"}} 10.0' in told
    await place.done("promote")
    understood = await running.understand("привет", deadline=5)
    assert (understood.model, understood.intent) == (good, "greet")
    await place.done("rollback")
    assert running.serving.model == bad


async def test_customers_are_answered_all_the_while(place: Place, running: ModelWatch) -> None:
    answered: list[str] = []
    over = asyncio.Event()

    async def customer(number: int) -> None:
        while not over.is_set():
            who = ConversationId(f"c{number}")
            answered.append((await running.of(who)[1].understand(f"привет {len(answered)}", deadline=5)).model)
            await asyncio.sleep(0.002)  # or the thread that publishes, for want of the interpreter's lock, hardly runs

    customers = [asyncio.create_task(customer(number)) for number in range(5)]
    for model in (place.trained.bad, place.trained.good):
        await place.done("publish", model, "--anyway", "to see it")
        assert running.serving.model == model
    over.set()
    await asyncio.gather(*customers)
    assert set(answered) == {place.trained.good, place.trained.bad}


async def test_a_folder_that_is_not_what_was_judged_is_not_published(place: Place, running: ModelWatch) -> None:
    settings = Settings(data=place.data, port=place.port)
    folder = str(place.data / "models" / place.trained.good)
    asked = Asked(who="vera", folder=folder, model="0" * 12)
    told = await asyncio.to_thread(control.ask, settings, "POST", model_publishing.address("publish", asked))
    assert "is not the model that was judged" in told["refused"]
    told = await asyncio.to_thread(control.ask, settings, "POST", f"{model_publishing.PATH}/publish/!!!")
    assert "cannot be read" in told["refused"]
    assert (await running.models.standing()).release == ""


async def test_a_model_in_service_that_cannot_be_read_any_more_stops_nobody(place: Place) -> None:
    manifest = place.data / "models" / place.trained.bad / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": ', '"format": 9'))
    said = await place.done("publish", place.trained.good)
    assert f"Note: only the pinned examples were judged, for {place.trained.bad}, which serves now" in said


async def test_nobody_goes_back_to_what_cannot_be_served(place: Place, running: ModelWatch, tmp_path: Path) -> None:
    """As to a model that an earlier version of the platform has kept: it would say that it serves, and it would not."""
    older = tmp_path / "older"
    shutil.copytree(place.data / "models" / place.trained.good, older)
    manifest = older / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": ', '"format": 9'))
    await running.models.publish("0" * 12, older, who="vera", share=50)
    cannot = f"{'0' * 12} cannot be served, so nothing was changed: the model in the store has another format"
    assert cannot in await place.refused("promote")
    assert f"{'0' * 12} is withdrawn" in await place.done("rollback")
    assert cannot in await place.refused("rollback", "000")
    assert [line.did for line in await running.models.history()] == ["withdrawn", "staged"]


async def test_who_goes_back_to_the_folder_is_told_what_starts_from_it(place: Place, running: ModelWatch) -> None:
    await place.done("publish", place.trained.bad, "--anyway", "to see it")
    said = await place.done("rollback")
    assert f"From the next start on that is what `estafeta train` made last: {place.trained.good} now." in said


# --- into MongoDB --------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica_set(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = MongoServer(tmp_path_factory.mktemp("published"))
    async with served(server):
        yield server.url


async def test_into_a_shared_store_nothing_needs_to_run_here(
    tmp_path: Path, replica_set: str, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = f"test_{uuid4().hex}"
    place = Place(tmp_path, trained, ESTAFETA_MONGO__URL=replica_set, ESTAFETA_MONGO__DATABASE=database)
    store = MongoStore(MongoConfig(url=SecretStr(replica_set), database=database), clock=SystemClock())
    await store.open()
    try:
        await place.done("publish", trained.good, "--anyway", "the folder's is worse")
        shutil.rmtree(place.data / "models")  # another machine has the store alone
        own = EmbeddedUnderstander.load(trained.models / trained.bad)
        watch = ModelWatch(
            store=store, clock=SystemClock(), own=(trained.bad, own), load=EmbeddedUnderstander.load, every=0.01
        )
        await watch.renew()
        understood = await watch.understand("привет", deadline=5)
        assert (understood.model, understood.intent) == (trained.good, "greet")
        assert f"In service: {trained.good}" in await place.done("history")
        assert "the folder's model is in service again" in await place.done("rollback")
    finally:
        await store.close()
