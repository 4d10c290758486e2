"""What `estafeta doctor` says of a Rasa server."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from estafeta.app.config import NluConfig, Settings
from estafeta.app.doctor import local
from estafeta.app.doctor.finding import Finding
from estafeta.app.doctor.rasa import rasa
from estafeta.clock import SystemClock
from nlu.rasa_config import RasaConfig
from nlu.rasa_project import project
from tests.nlu.conftest import SHOP
from tests.nlu.rasa_stand_in import RasaStandIn, parsed


@pytest.fixture
async def server() -> AsyncIterator[RasaStandIn]:
    stand_in = await RasaStandIn().start()
    yield stand_in
    await stand_in.stop()


async def told(given: RasaConfig, engine: str = "rasa", **more: object) -> list[Finding]:
    given = given.model_copy(update={"command": sys.executable, **more})
    settings = Settings(_env_file=None).model_copy(
        update={"rasa": given, "workspace": SHOP, "nlu": NluConfig(engine=engine, deadline=30)}
    )
    return [finding async for finding in rasa(settings, SystemClock())]


async def test_nothing_where_rasa_is_not_asked(server: RasaStandIn) -> None:
    assert await told(server.config(), "embedded") == []
    assert server.texts == []


async def test_a_sound_server_is_fine(server: RasaStandIn) -> None:
    server.model = f"20260112-090000-{project(SHOP).digest[:8]}.tar.gz"
    [finding] = await told(server.config())
    assert finding.level == "ok"
    assert "3.6.21" in finding.text
    assert "20260112-090000" in finding.text


async def test_a_model_of_other_data_is_old(server: RasaStandIn) -> None:
    assert [finding.level for finding in await told(server.config())] == ["ok", "warning"]
    server.model = "somebody-elses.tar.gz"
    assert [finding.level for finding in await told(server.config())] == ["ok"]


async def test_a_model_of_another_bot_is_told(server: RasaStandIn) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        ranking = [{"name": "greet", "confidence": 0.6}, {"name": "book_flight", "confidence": 0.4}]
        return web.json_response(parsed((await request.json())["text"], intent_ranking=ranking))

    server.model, server.answers = "somebody-elses.tar.gz", [answer]
    [_, finding] = await told(server.config())
    assert (finding.level, "(book_flight)" in finding.text) == ("warning", True)


async def test_a_command_that_is_not_there_is_told_even_where_the_server_is_not(server: RasaStandIn) -> None:
    server.model = "own.tar.gz"
    levels = [finding.level for finding in await told(server.config(), command="there-is-no/rasa --quiet")]
    assert levels == ["warning", "ok"]
    found = await told(server.config(url="http://127.0.0.1:1"), command="'")
    assert [finding.level for finding in found] == ["warning", "error"]
    assert "ESTAFETA_RASA__COMMAND" in found[0].text
    assert [finding.level for finding in await told(server.config(), command="'", trained_by="server")] == ["ok"]


async def test_another_program_s_page_is_told() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        return web.Response(text="<html>It works!</html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{path:.*}", page)
    async with TestServer(app) as other:
        [finding] = await told(RasaConfig(url=str(other.make_url(""))))
    assert (finding.level, "correct ESTAFETA_RASA__URL" in finding.text) == ("error", True)


async def test_another_rasa_is_told(server: RasaStandIn) -> None:
    server.model, server.version = "own.tar.gz", "4.1.0"
    assert "4.1.0" in (await told(server.config()))[1].text


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"token": SecretStr("wrong")}, "ESTAFETA_RASA__TOKEN"), ({"url": "http://127.0.0.1:1"}, "ESTAFETA_RASA__URL")],
)
async def test_what_is_wrong_is_an_error(server: RasaStandIn, given: dict[str, object], sentence: str) -> None:
    [finding] = await told(server.config(**given))
    assert finding.level == "error"
    assert sentence in finding.text
    assert "wrong" not in finding.text


async def test_a_server_without_a_model_is_an_error(server: RasaStandIn) -> None:
    server.model = ""
    [finding] = await told(server.config())
    assert (finding.level, "has no model" in finding.text) == ("error", True)


def test_the_embedded_model_is_not_looked_at_where_rasa_is_asked(tmp_path: Path) -> None:
    settings = Settings(_env_file=None).model_copy(update={"data": tmp_path, "nlu": NluConfig(engine="rasa")})
    assert list(local.model(settings)) == []
