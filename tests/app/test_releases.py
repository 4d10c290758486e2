"""`estafeta flows publish | promote | rollback | list | diff`: straight into the store, or through what runs here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from click.testing import CliRunner, Result
from prometheus_client import CollectorRegistry, generate_latest
from pydantic import SecretStr

from estafeta.app import control, flow_tests, releasing, start
from estafeta.app import releases as commands
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.faults.servers import MongoServer, free_port, served
from estafeta.app.releasing import Asked, ReleaseMetrics
from estafeta.clock import SystemClock
from estafeta.contents import ContentWatch
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from flows import loader
from flows.model import Workspace
from flows.release import content_of
from storage.files.folder import FolderFiles
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from tests.flows.world import DELIVERY, PAYMENT, write

NEW = DELIVERY.replace("Город?", "Какой город?")
HOLDS = """\
tests:
  - test: the city is asked for
    talk:
      - customer: Везёте?
        means: delivery
      - bot: Город?
"""


class Place:
    """A data folder and a workspace, with the commands run there."""

    def __init__(self, path: Path, **environment: str) -> None:
        self.data = path / "data"
        self.folder = write(path / "workspace", {"delivery": DELIVERY, "payment": PAYMENT})
        self.port = free_port()
        self._environment = {
            "ESTAFETA_DATA": str(self.data), "ESTAFETA_PORT": str(self.port),
            "ESTAFETA_WORKSPACE": str(self.folder), **environment,
        }  # fmt: skip

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(CliRunner(env=self._environment).invoke, main, ["flows", *arguments])

    async def done(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    async def refused(self, *arguments: str) -> str:
        result = await self.run(*arguments)
        assert result.exit_code == 1
        assert "Traceback" not in result.output
        return result.output

    def writes(self, flow: str) -> str:
        """The editor changes a flow; the name of what the folder then holds."""
        (self.folder / "flows" / "delivery.yml").write_text(flow)
        return content_of(self.folder).release

    def tests(self, text: str) -> None:
        (self.folder / "flows" / "tests").mkdir(exist_ok=True)
        (self.folder / "flows" / "tests" / "city.yml").write_text(text)


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Where the platform ran once and does not now."""
    monkeypatch.chdir(tmp_path)
    found = Place(tmp_path)
    found.data.mkdir()
    store = SqliteStore(found.data / "estafeta.db", clock=SystemClock())
    await store.open()
    await store.close()
    return found


async def test_a_release_is_published_once_and_told_of(place: Place) -> None:
    release = content_of(place.folder).release
    said = await place.done("publish", "--why", "a start", "--who", "vera")
    assert said == (
        f"{release} is in service (before: the workspace's folder). Live in every worker within 5 seconds.\n"
    )
    assert "there is nothing to publish" in await place.refused("publish")
    listed = await place.done("list")
    assert listed.startswith(f"In service: {release} since 20")
    assert "published" in listed
    assert "vera  a start" in listed
    told = json.loads(await place.done("list", "--json"))
    assert (told["release"], told["staged"], told["history"][0]["who"]) == (release, "", "vera")


async def test_what_the_check_finds_is_not_published(place: Place) -> None:
    place.writes(DELIVERY.replace("expect: city", "expct: city"))
    said = await place.refused("publish")
    assert "flows/delivery.yml:4:" in said
    assert "Not published" in said
    told = json.loads((await place.run("publish", "--json")).stdout)
    assert told["published"] is False
    assert told["findings"][0]["file"] == "flows/delivery.yml"
    assert (await place.done("list")).startswith("In service: the workspace's folder\n")


async def test_what_its_conversations_find_is_not_published(place: Place) -> None:
    place.tests(HOLDS)
    await place.done("publish")
    release = place.writes(NEW)
    said = await place.refused("publish", "--who", "vera")
    assert "flows/tests/city.yml:6: the city is asked for" in said
    assert "✗ bot: Город?" in said
    assert "│ bot: Какой город?" in said
    assert "1 conversation, 1 differs\nNot published: mend the flow" in said
    told = json.loads((await place.run("publish", "--json")).stdout)
    assert told["published"] is False
    assert told["tests"]["conversations"][0]["rows"] == [
        {"expected": "bot: Город?", "got": "bot: Какой город?", "holds": False}
    ]
    assert json.loads(await place.done("list", "--json"))["release"] != release


async def test_a_conversation_that_cannot_be_read_is_not_published(place: Place) -> None:
    place.tests(HOLDS.replace("customer: Везёте?", "custmer: Везёте?"))
    assert "flows/tests/city.yml:4:" in await place.refused("publish")


async def test_publishing_untested_takes_a_reason_that_is_kept(place: Place) -> None:
    place.tests(HOLDS)
    release = place.writes(NEW)
    assert (await place.run("publish", "--untested", " ")).exit_code == 2
    await place.done("publish", "--why", "clearer", "--untested", "tests follow on Monday")
    line = json.loads(await place.done("list", "--json"))["history"][0]
    assert (line["release"], line["why"], line["untested"]) == (release, "clearer", "tests follow on Monday")
    assert "clearer; untested: tests follow on Monday" in await place.done("list")


async def test_what_changes_while_it_is_tested_is_not_published(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    go_through = flow_tests.go_through

    def meanwhile(workspace: Workspace, models: Path) -> flow_tests.Tried:
        tried = go_through(workspace, models)
        place.writes(NEW)
        return tried

    monkeypatch.setattr(flow_tests, "go_through", meanwhile)
    assert "is not what was checked" in await place.refused("publish")


async def test_a_release_is_staged_given_to_all_and_gone_back_from(place: Place) -> None:
    first = content_of(place.folder).release
    await place.done("publish")
    second = place.writes(NEW)
    said = await place.done("publish", "--share", "10", "--least", "50", "--handoffs", "5", "--no-watch")
    assert f"{second} is staged for 10% of new talks. `estafeta flows promote`" in said
    assert f"Staged: {second} for 10% of new talks" in await place.done("list")
    assert f"{second} is in service for all (before: {first})" in await place.done("promote", "--why", "it does well")
    assert "No release is staged" in await place.refused("promote")
    assert f"{first} is in service again (before: {second})" in await place.done("rollback")
    assert f"{second} is in service again" in await place.done("rollback", second[:5])
    await place.done("rollback", "folder")
    assert (await place.done("list")).startswith("In service: the workspace's folder since")
    told = json.loads(await place.done("list", "--json"))
    assert [line["did"] for line in told["history"]] == [
        "rolled_back", "rolled_back", "rolled_back", "promoted", "staged", "published",
    ]  # fmt: skip


async def test_a_staged_release_is_withdrawn(place: Place) -> None:
    first = content_of(place.folder).release
    await place.done("publish")
    second = place.writes(NEW)
    await place.done("publish", "--share", "10")
    told = json.loads(await place.done("rollback", "--json", "--who", "vera"))
    assert (told["published"], told["did"], told["release"], told["who"]) == (True, "withdrawn", second, "vera")
    assert json.loads(await place.done("list", "--json"))["release"] == first


async def test_what_differs_is_told_step_by_step(place: Place) -> None:
    assert "Nothing is published" in await place.refused("diff")
    await place.done("publish")
    first = content_of(place.folder).release
    assert await place.done("diff") == "Nothing differs.\n"
    place.writes(NEW)
    lines = ["flow delivery: changed", "  ~ steps", '    ~ 1. ask city: "Какой город?"',
             '      ~ say: "Город?" → "Какой город?"']  # fmt: skip
    assert (await place.done("diff")).splitlines() == lines
    assert (await place.done("diff", first[:4], "folder")).splitlines() == lines
    assert await place.done("diff", "folder", "folder") == "Nothing differs.\n"
    await place.done("publish", "--share", "5")
    assert (await place.done("diff", "current", "staged")).splitlines() == lines
    told = json.loads(await place.done("diff", "current", "staged", "--json"))
    assert told["before"] == first
    assert [(one["what"], one["how"]) for one in told["differences"]] == [("flow delivery", "changed")]
    place.writes(NEW + "# a word\n")
    assert await place.done("diff", "staged") == "Only comments, spaces or quotes differ.\n"
    place.writes("flow: [")
    assert "flows/delivery.yml: added" in await place.done("diff")
    assert "no release that is kept" in await place.refused("diff", "0000", "folder")


async def test_media_that_changed_are_told(place: Place) -> None:
    await place.done("publish")
    (place.folder / "media").mkdir()
    (place.folder / "media" / "map.png").write_bytes(b"a picture")
    assert await place.done("diff") == "media/map.png: changed\n"
    await place.done("publish")
    (media,) = content_of(place.folder).media.values()
    files = FolderFiles(place.data / "files")
    await files.open()
    assert await files.has(media.ref)  # a worker elsewhere sends it too


async def test_what_people_write_commands_no_terminal(place: Place) -> None:
    await place.done("publish", "--why", "\x1b[2Jwhy\r\n", "--who", "\x9bEve")
    printed = await place.done("list")
    assert all(sign.isprintable() for sign in printed.replace("\n", ""))
    assert "Eve" in printed


@pytest.mark.parametrize("arguments", [("publish", "--share", "0"), ("publish", "--handoffs", "-1"), ("list", "-x")])
async def test_what_is_used_wrongly_ends_with_two(place: Place, arguments: tuple[str, ...]) -> None:
    assert (await place.run(*arguments)).exit_code == 2


async def test_without_a_store_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    place = Place(tmp_path)
    assert "start the platform once" in await place.refused("publish")
    assert not (place.data / "estafeta.db").exists()


# --- through what runs here ----------------------------------------------------------------------


@pytest.fixture
async def running(place: Place) -> AsyncIterator[ContentWatch]:
    """A platform that has the database to itself, and its way in for the command line."""
    clock = SystemClock()
    store = SqliteStore(place.data / "estafeta.db", clock=clock)
    await store.open()
    watch = ContentWatch(store=store, clock=clock, folder=place.folder, workspace=loader.load(place.folder))
    app = web.Application()
    releasing.mount(app, watch, FolderFiles(place.data / "files"), start.new_control_token(place.data, place.port))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", place.port).start()
    yield watch
    await runner.cleanup()
    await store.close()


async def test_what_runs_here_serves_it_at_once(place: Place, running: ContentWatch) -> None:
    first = content_of(place.folder).release
    await place.done("publish", "--who", "vera", "--why", "a start")
    second = place.writes(NEW)
    await place.done("publish", "--share", "10")
    assert (running.contents.release, running.contents.staged, running.contents.share) == (first, second, 10)
    await place.done("promote")
    assert running.contents.release == second
    assert f"In service: {second}" in await place.done("list")  # while the other has the file
    await place.done("rollback")
    assert running.contents.release == first
    assert "there is nothing to publish" in await place.refused("publish", "--workspace", str(_copy(place, DELIVERY)))


def _copy(place: Place, flow: str) -> Path:
    return write(place.data / "copy", {"delivery": flow, "payment": PAYMENT})


async def test_a_folder_that_is_not_what_was_checked_is_not_published(place: Place, running: ContentWatch) -> None:
    asked = Asked(who="vera", folder=str(place.folder), release="0" * 12)
    settings = Settings(data=place.data, port=place.port)
    told = await asyncio.to_thread(control.ask, settings, "POST", releasing.address("publish", asked))
    assert "is not what was checked" in told["refused"]
    assert (await running.releases.standing()).release == ""
    for wrong in ("publish/!!!", "publish/e30="):
        told = await asyncio.to_thread(control.ask, settings, "POST", f"{releasing.PATH}/{wrong}")
        assert "cannot be read" in told["refused"]


async def test_what_changes_while_it_is_checked_is_not_published(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    find = loader.find

    def meanwhile(folder: Path) -> Any:
        found = find(folder)
        place.writes(NEW)
        return found

    monkeypatch.setattr(loader, "find", meanwhile)
    assert "is not what was checked" in await place.refused("publish")
    monkeypatch.setattr(loader, "find", find)
    await place.done("publish")


async def test_metrics_tell_what_is_served(place: Place, running: ContentWatch) -> None:
    registry = CollectorRegistry()
    registry.register(ReleaseMetrics(running))
    await place.done("publish")
    second = place.writes(NEW)
    await place.done("publish", "--share", "10")
    told = generate_latest(registry).decode()
    assert f'estafeta_release_share{{release="{running.contents.release}"}} 90.0' in told
    assert f'estafeta_release_share{{release="{second}"}} 10.0' in told
    assert "estafeta_release_withdrawn_total 0.0" in told
    assert commands.flows.commands.keys() >= {"publish", "promote", "rollback", "list", "diff"}


# --- into MongoDB --------------------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica_set(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = MongoServer(tmp_path_factory.mktemp("published"))
    async with served(server):
        yield server.url


async def test_into_a_shared_store_nothing_needs_to_run_here(
    tmp_path: Path, replica_set: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    database = f"test_{uuid4().hex}"
    place = Place(tmp_path, ESTAFETA_MONGO__URL=replica_set, ESTAFETA_MONGO__DATABASE=database)
    store: Store = MongoStore(MongoConfig(url=SecretStr(replica_set), database=database), clock=SystemClock())
    await store.open()
    try:
        await place.done("publish", "--who", "vera")
        release = place.writes(NEW)
        await place.done("publish", "--share", "25")
        held = await Releases(store, SystemClock()).standing()
        assert (held.staged, held.share) == (release, 25)
        assert f"Staged: {release} for 25%" in await place.done("list")
        assert '~ say: "Город?" → "Какой город?"' in await place.done("diff", "current", "staged")
        assert "serves all new talks" in await place.done("rollback")
    finally:
        await store.close()
