"""`estafeta doctor`: what administrators get wrong is found, told with what to do, and left as it is."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import shutil
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from click.testing import CliRunner
from pydantic import SecretStr

from bots.telegram.client import TelegramClient
from bots.telegram.config import TelegramConfig
from bots.telegram.convert import ALLOWED_UPDATES
from bots.telegram.webhook import path
from bots.widget.config import WidgetConfig
from estafeta.app import config, start
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.doctor import Finding, examine, local, servers
from estafeta.app.doctor.telegram import _set, telegram
from estafeta.app.faults.servers import MongoServer, RedisServer, free_port, served
from estafeta.bus.redis.config import RedisConfig
from estafeta.clock import SystemClock
from estafeta.fakes.telegram import FakeTelegram
from handoff.desks.telegram_forum.menu import menus
from nlu import encoder
from nlu.train import train
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from storage.sqlite.migrations import MIGRATIONS
from tests.conftest import DEMO, ROOT

SMALL = ROOT / "tests" / "engine" / "workspace"
CLOCK = SystemClock()


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, restored: None) -> None:
    """No settings, and no `.env` where it runs."""
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def levels(found: list[Finding]) -> list[str]:
    return [finding.level for finding in found]


def only(found: Iterator[Finding]) -> Finding:
    [finding] = found
    return finding


async def collected(found: AsyncIterator[Finding]) -> list[Finding]:
    return [finding async for finding in found]


# --- the command -----------------------------------------------------------------------------------


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, demo_models: Path) -> Path:
    """All that an installation needs, never started; its data folder."""
    data = tmp_path / "data"
    shutil.copytree(demo_models, data / "models")
    start.remember_source(DEMO, data / "models")
    monkeypatch.setenv("ESTAFETA_DATA", str(data))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(DEMO))
    monkeypatch.setenv("ESTAFETA_PORT", str(free_port()))
    return data


def test_a_sound_installation_has_nothing_wrong_and_is_left_as_it_is(sound: Path) -> None:
    before = sorted(sound.rglob("*"))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 0, result.output
    *lines, last = result.stdout.splitlines()
    assert last == "0 errors, 1 warning"
    assert {line.split()[0] for line in lines[:-1]} == {"OK"}
    assert lines[-1].startswith("WARNING  team: nobody is on it")
    assert [line.split()[1] for line in lines] == [
        "settings:", "workspace:", "data:", "data:", "model:", "port:", "addresses:", "store:", "files:", "bus:",
        "team:",
    ]  # fmt: skip
    assert sorted(sound.rglob("*")) == before


def test_what_is_wrong_ends_with_1_and_a_warning_with_0(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_HOST", "0.0.0.0")  # noqa: S104
    result = CliRunner().invoke(main, ["doctor", "--json"])
    found = [Finding(**finding) for finding in json.loads(result.stdout)]
    assert (result.exit_code, levels(found).count("warning"), levels(found).count("error")) == (0, 2, 0)
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(sound))
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert f"ERROR    workspace: {sound} is no workspace" in result.stdout


async def test_settings_that_cannot_be_read_are_the_one_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_PROT", "1")
    [finding] = await collected(examine())
    assert (finding.level, finding.about) == ("error", "settings")
    assert finding.text == "ESTAFETA_PROT is not a setting; did you mean ESTAFETA_PORT?"


# --- this machine ----------------------------------------------------------------------------------


def test_a_file_of_secrets_that_others_can_read_is_told(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    assert list(local.secrets_file(file)) == []
    file.touch(mode=0o600)
    assert list(local.secrets_file(file)) == []
    file.chmod(0o644)
    assert f"chmod 600 {file}" in only(local.secrets_file(file)).text


def test_mistakes_of_the_workspace_are_counted(tmp_path: Path) -> None:
    folder = shutil.copytree(SMALL, tmp_path / "workspace")
    assert only(local.workspace(Settings(workspace=folder))).level == "ok"
    (folder / "flows" / "wrong.yml").write_text("flow: wrong\nsteps:\n  - sya: hello\n")
    finding = only(local.workspace(Settings(workspace=folder)))
    assert finding.level == "error"
    assert f"estafeta check {folder}" in finding.text


def test_a_data_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = list(local.data(Settings(data=tmp_path / "new" / "data")))
    assert levels(found) == ["ok", "ok"]
    assert not (tmp_path / "new").exists()


def test_a_data_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    [finding] = local.data(Settings(data=tmp_path / "file"))
    assert finding.level == "error"
    assert "can't be written" in finding.text


@pytest.mark.parametrize(("free", "level"), [(2**40, "ok"), (2**30, "warning"), (2**20, "error")])
def test_a_disk_that_fills_up_is_told(free: int, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=free))
    assert levels(list(local.data(Settings(data=tmp_path)))) == ["ok", level]


def test_the_model_is_there_and_of_these_training_data(tmp_path: Path) -> None:
    folder = shutil.copytree(SMALL, tmp_path / "workspace")
    settings = Settings(workspace=folder, data=tmp_path / "data")
    assert only(local.model(settings)).level == "warning"
    train(folder, settings.data / "models", lambda what, share: None)
    start.remember_source(folder, settings.data / "models")
    assert only(local.model(settings)).level == "ok"
    examples = folder / "nlu" / "nlu.yml"
    examples.write_text(examples.read_text().replace("- lost it", "- lost it\n      - it got lost"))
    finding = only(local.model(settings))
    assert finding.level == "warning"
    assert "estafeta train" in finding.text


def test_encoders_that_could_be_installed_are_told_with_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder, "find_spec", lambda _: None)
    settings = Settings(workspace=SMALL, data=tmp_path / "data")
    train(SMALL, settings.data / "models", lambda what, share: None)
    start.remember_source(SMALL, settings.data / "models")
    finding = only(local.model(settings))
    assert finding.level == "ok"
    assert "make encoders" in finding.text


def test_a_model_that_the_platform_would_not_start_with_is_an_error(tmp_path: Path) -> None:
    settings = Settings(workspace=SMALL, data=tmp_path / "data")
    trained = train(SMALL, settings.data / "models", lambda what, share: None, encoders=())
    start.remember_source(SMALL, settings.data / "models")
    (trained.path / "model.json").write_text("{}")
    finding = only(local.model(settings))
    assert finding.level == "error"
    assert "does not start" in finding.text


def test_a_port_is_free_or_somebody_elses(tmp_path: Path) -> None:
    settings = Settings(port=free_port())
    assert only(local.port(settings)).text.startswith("nothing listens")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port))
        taken.listen()
        taken.settimeout(10)

        def close() -> None:
            """No answer of HTTP."""
            taken.accept()[0].close()

        closing = threading.Thread(target=close)
        closing.start()
        finding = only(local.port(settings))
        closing.join()
    assert finding.level == "error"
    assert f"another program listens on port {settings.port}" in finding.text


@pytest.mark.parametrize(
    ("more", "level"),
    [
        ({}, "ok"),
        ({"public_url": "https://chat.example.org", "host": "0.0.0.0"}, "ok"),  # noqa: S104
        ({"public_url": "http://chat.example.org"}, "warning"),
        ({"host": "0.0.0.0"}, "warning"),  # noqa: S104
        ({"widget": WidgetConfig(sites=("https://shop.example.org",))}, "error"),
        (
            {"public_url": "https://c.example.org", "widget": WidgetConfig(sites=("https://shop.example.org",))},
            "ok",
        ),
    ],
)
def test_addresses_that_browsers_cannot_use_are_told(more: dict[str, Any], level: str) -> None:
    assert only(local.addresses(Settings(**more))).level == level


# --- the store and the bus -------------------------------------------------------------------------


async def test_a_file_in_use_by_the_platform_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "estafeta.db"
    assert only(servers.sqlite(file)).text.endswith("the first start makes it")
    store = SqliteStore(file, clock=CLOCK)
    await store.open()
    try:
        finding = only(servers.sqlite(file))
        assert finding.level == "ok"
        assert f"in use by the platform (process {os.getpid()})" in finding.text
    finally:
        await store.close()
    assert only(servers.sqlite(file)).text == f"{file} is sound"


@pytest.fixture
async def database(tmp_path: Path) -> Path:
    store = SqliteStore(tmp_path / "estafeta.db", clock=CLOCK)
    await store.open()
    await store.put("key", "value")
    await store.close()
    return tmp_path / "estafeta.db"


def test_a_large_file_is_checked_in_part(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(servers, "_STEPS", 1)
    finding = only(servers.sqlite(database, within=0.0))
    assert (finding.level, "0 seconds only" in finding.text) == ("ok", True)


def foreign(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA application_id = 7")
    connection.close()


def newer(file: Path) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()


def damaged(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[5000:] = b"\xff" * (len(content) - 5000)
    file.write_bytes(content)


def text_file(file: Path) -> None:
    file.write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (foreign, "another program"),
        (newer, "upgrade the program"),
        (damaged, "restore a backup"),
        (text_file, "can't be read"),
    ],
)
def test_a_file_that_cannot_serve_is_told(spoil: Callable[[Path], None], told: str, database: Path) -> None:
    spoil(database)
    finding = only(servers.sqlite(database))
    assert finding.level == "error"
    assert told in finding.text


@pytest.fixture
def collected_sockets() -> Iterator[None]:
    """The driver leaves a socket to the garbage collector when it is closed while it tries to connect."""
    yield
    gc.collect()


unclosed = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


@unclosed
@pytest.mark.usefixtures("collected_sockets")
async def test_mongodb_that_does_not_answer_is_told_without_its_password() -> None:
    url = SecretStr(f"mongodb://estafeta:hidden@127.0.0.1:{free_port()}/")
    [finding] = await collected(servers.store(Settings(mongo=MongoConfig(url=url)), CLOCK))
    assert finding.level == "error"
    assert "hidden" not in finding.text


@unclosed
@pytest.mark.usefixtures("collected_sockets")
async def test_mongodb_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    server = MongoServer(tmp_path)
    async with served(server):
        settings = Settings(mongo=MongoConfig(url=SecretStr(server.url)))
        assert settings.mongo is not None
        first, *fresh = await collected(servers.store(settings, CLOCK))
        assert first.level == "ok"
        assert levels(fresh).count("warning") == len(fresh) > 0
        again = await collected(servers.store(settings, CLOCK))
        assert again[1:] == fresh, "looking makes nothing"
        store = MongoStore(settings.mongo, clock=CLOCK)
        await store.open()
        await store.close()
        assert levels(await collected(servers.store(settings, CLOCK))) == ["ok"]


async def test_redis_is_looked_at(tmp_path: Path) -> None:
    server = RedisServer(tmp_path)
    redis = RedisConfig(url=SecretStr(server.url))
    both = Settings(redis=redis, mongo=MongoConfig(url=SecretStr("mongodb://127.0.0.1/")))
    [finding] = await collected(servers.bus(both, CLOCK))
    assert finding.level == "error"
    assert f"Redis at {redis.where} does not answer" in finding.text
    async with served(server):
        [finding] = await collected(servers.bus(both, CLOCK))
        assert finding.level == "ok"
        assert levels(await collected(servers.bus(Settings(redis=redis), CLOCK))) == ["warning", "ok"]
        await told(server, b"CONFIG SET maxmemory 100mb\r\nCONFIG SET maxmemory-policy allkeys-lru\r\n")
        found = await collected(servers.bus(both, CLOCK))
        assert levels(found) == ["ok", "warning"]
        assert "maxmemory-policy allkeys-lru" in found[1].text


async def told(server: RedisServer, commands: bytes) -> None:
    """Commands as a person types them; all of them are answered with OK."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(commands)
    for _ in commands.splitlines():
        assert await reader.readline() == b"+OK\r\n"
    writer.close()
    await writer.wait_closed()


async def test_the_bus_is_asked_for_where_it_is_needed() -> None:
    assert levels(await collected(servers.bus(Settings(), CLOCK))) == ["ok"]
    shared = Settings(mongo=MongoConfig(url=SecretStr("mongodb://127.0.0.1/")))
    assert levels(await collected(servers.bus(shared, CLOCK))) == ["warning"]


# --- Telegram --------------------------------------------------------------------------------------


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake


def bot(fake: FakeTelegram, **more: Any) -> TelegramConfig:
    return TelegramConfig(token=SecretStr(fake.token), base_url=fake.url, **more)


async def asked(given: TelegramConfig) -> dict[str, Finding]:
    """The findings, the last of each part."""
    return {finding.about: finding async for finding in telegram(given, CLOCK)}


async def test_a_bot_that_polls_with_a_group_that_is_ready(fake: FakeTelegram) -> None:
    found = await asked(bot(fake, group_id=fake.group().chat.id))
    assert {finding.level for finding in found.values()} == {"ok"}
    assert found.keys() == {"telegram", "telegram webhook", "telegram group"}
    assert "@estafeta_stand_in_bot" in found["telegram"].text
    assert not fake.calls_of("getUpdates", "deleteWebhook", "setWebhook", "sendMessage", "createForumTopic")
    assert "see no menu of commands yet" in found["telegram group"].text
    assert fake.violations == []


async def test_a_group_whose_menu_is_set_has_nothing_to_be_told(fake: FakeTelegram) -> None:
    group = fake.group().chat.id
    client = TelegramClient(SecretStr(fake.token), clock=CLOCK, base_url=fake.url)
    for call in menus(group, "ru"):
        await client.call(call)
    await client.close()
    found = (await asked(bot(fake, group_id=group)))["telegram group"]
    assert (found.level, "menu" in found.text) == ("ok", False)


async def test_a_wrong_token_is_told_and_not_shown(fake: FakeTelegram) -> None:
    wrong = TelegramConfig(token=SecretStr("7000000001:another-token-that-is-refused"), base_url=fake.url)
    found = await asked(wrong)
    assert found.keys() == {"telegram"}
    assert found["telegram"].level == "error"
    assert "@BotFather" in found["telegram"].text
    assert "another-token" not in found["telegram"].text


async def test_telegram_that_cannot_be_reached_is_told() -> None:
    found = await asked(
        TelegramConfig(token=SecretStr("7000000001:a-token"), base_url=f"http://127.0.0.1:{free_port()}")
    )
    assert (found["telegram"].level, found["telegram"].text) == ("error", "Telegram cannot be reached.")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda group: group.set_bot("administrator", without=("can_manage_topics",)), "may not manage topics"),
        (lambda group: group.set_bot("member"), "may not manage topics"),
        (lambda group: group.set_bot("left"), "ESTAFETA_TELEGRAM__GROUP_ID"),
    ],
)
async def test_a_group_where_the_bot_lacks_rights_is_told(
    spoil: Callable[[Any], None], said: str, fake: FakeTelegram
) -> None:
    group = fake.group()
    spoil(group)
    finding = (await asked(bot(fake, group_id=group.chat.id)))["telegram group"]
    assert finding.level == "error"
    assert said in finding.text


async def test_a_group_without_topics_and_one_that_is_not_there_are_told(fake: FakeTelegram) -> None:
    plain = await asked(bot(fake, group_id=fake.group("Plain", forum=False).chat.id))
    assert "Topics are not enabled" in plain["telegram group"].text
    nowhere = await asked(bot(fake, group_id=-100555))
    assert "Is -100555 the group's id" in nowhere["telegram group"].text
    assert {plain["telegram group"].level, nowhere["telegram group"].level} == {"error"}
    assert (await asked(bot(fake)))["telegram group"].level == "ok"


@pytest.fixture
async def receiver() -> AsyncIterator[str]:
    """Where webhooks lead; everything is refused there."""

    async def refuse(request: web.BaseRequest) -> web.Response:
        return web.Response(status=500)

    runner = web.ServerRunner(web.Server(refuse))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def webhook(fake: FakeTelegram, url: str) -> None:
    fake.webhook.set({"url": url, "secret_token": "s", "allowed_updates": ALLOWED_UPDATES})


async def test_a_webhook_in_the_way_of_polling_is_told_without_its_path(fake: FakeTelegram, receiver: str) -> None:
    webhook(fake, f"{receiver}/somebodys-secret")
    finding = (await asked(bot(fake)))["telegram webhook"]
    assert finding.level == "warning"
    assert receiver.removeprefix("http://") in finding.text
    assert "somebodys-secret" not in finding.text


async def test_a_webhook_that_is_ours_is_fine_and_any_other_is_told(fake: FakeTelegram, receiver: str) -> None:
    given = bot(fake, mode="webhook", secret=SecretStr("s"), public_url=receiver)
    assert (await asked(given))["telegram webhook"].level == "warning"
    webhook(fake, f"{receiver}/elsewhere")
    assert "another program" in (await asked(given))["telegram webhook"].text
    webhook(fake, receiver + path(given.name))
    assert (await asked(given))["telegram webhook"].level == "ok"


async def test_a_webhook_that_does_not_arrive_is_told(fake: FakeTelegram, receiver: str) -> None:
    given = bot(fake, mode="webhook", secret=SecretStr("s"), public_url=receiver)
    webhook(fake, receiver + path(given.name))
    fake.private("Anna").says("hello")
    async with asyncio.timeout(10):
        while not fake.webhook.last_error:  # noqa: ASYNC110  there is no event to wait for
            await asyncio.sleep(0.02)
    finding = (await asked(given))["telegram webhook"]
    assert (finding.level, "500" in finding.text) == ("warning", True)


async def test_a_webhook_that_nobody_sets_is_told(fake: FakeTelegram, receiver: str) -> None:
    given = bot(fake, mode="webhook", secret=SecretStr("s"))
    assert (await asked(given))["telegram webhook"].level == "error"
    webhook(fake, f"{receiver}/by-hand")
    assert (await asked(given))["telegram webhook"].level == "ok"


@pytest.mark.parametrize(
    ("url", "level"),
    [
        ("http://chat.example.org", "error"),
        ("https://chat.example.org:9000", "error"),
        ("https://chat.example.org:8443", "warning"),
    ],
)
def test_where_telegram_itself_does_not_post_is_told(url: str, level: str) -> None:
    """To a Bot API server of one's own other rules apply."""
    given = TelegramConfig(token=SecretStr("7000000001:a-token"), mode="webhook", secret=SecretStr("s"), public_url=url)
    assert _set(given, "").level == level


# --- skills of the operators' groups ---------------------------------------------------------------


def with_groups(*skills: tuple[str, ...], workspace: Path = SMALL) -> Settings:
    groups = [{"id": -1002 - number, "skills": each} for number, each in enumerate(skills)]
    given = TelegramConfig.model_validate({"token": "7000000001:a-token", "group_id": -1001, "groups": groups})
    return Settings(workspace=workspace, telegram=given)


def test_a_group_for_a_skill_that_is_none_is_told(tmp_path: Path) -> None:
    assert list(local.groups(Settings(workspace=SMALL))) == []
    assert list(local.groups(with_groups((), workspace=tmp_path))) == []
    fitting = only(local.groups(with_groups(("delivery",), ())))
    assert (fitting.level, "-1002 is for delivery" in fitting.text) == ("ok", True)
    finding = only(local.groups(with_groups(("delivery", "returns"))))
    assert finding.level == "error"
    assert "-1002 is for returns, which bot.yml does not name" in finding.text
    assert "general, delivery" in finding.text
    assert only(local.groups(with_groups(("delivery",), workspace=tmp_path))).level == "warning"


def test_groups_of_a_second_bot_are_told_to_be_idle() -> None:
    more = TelegramConfig(token=SecretStr("7000000002:another"), account="second", group_id=-1009)
    given = with_groups().model_copy(update={"telegram_more": (more,)})
    finding = only(local.groups(given))
    assert (finding.level, finding.about) == ("warning", "telegram second")
