"""What a conversation of flows/tests/ brings without the platform is what it brings on it: those of the demo, gone
through with the engine, the store, the rules that call people, and actions over HTTP."""

from __future__ import annotations

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from estafeta.app.flow_around import around
from estafeta.clock import TestClock
from estafeta.kernel.model import CustomerSaid, Entry, Profile, Text, Understanding
from flows import loader, talks
from flows.model import Workspace
from flows.talk_match import same
from flows.talk_running import Running
from flows.talks import Told
from flows.talks_file import Act, CustomerLine, PeopleLine, PressLine, Talk
from tests.conftest import DEMO
from tests.world import World

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))
_DEMO = loader.load(DEMO)
_TOLD = [told for told in talks.find(_DEMO)[0] if told.talk.customer is None or not told.talk.customer.tags]
"""Tags come from flows and people, never from a message."""


class _Meant:
    """Understands each message as the test says it is meant."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self.line: CustomerLine | PressLine | None = None

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        assert self.line is not None
        return self._running._understood(text, self.line)


def _shop(talk: Talk) -> web.Application:
    """The shop, as the test's actions say it answers."""

    async def order(request: web.Request) -> web.Response:
        number = request.match_info["number"]
        stub = next(one for one in talk.actions if all(same(value, number) for value in one.with_.values()))
        return web.json_response(status=500) if stub.fails else web.json_response(stub.reply)

    app = web.Application()
    app.router.add_get("/orders/{number}", order)
    return app


def _happened(entries: list[Entry]) -> list[str]:
    """The bot's words and the calls for people, and nothing of what people are told and do."""
    found: list[str] = []
    for entry in entries:
        if entry.data.get("event") == "opened":
            return [*found, f"handoff: {entry.data['reason']}"]
        if entry.kind == "said" and entry.author.kind == "bot":
            found.append(f"bot: {entry.text} {[button.text for button in entry.buttons]}")
    return found


async def _on_the_platform(workspace: Workspace, talk: Talk, language: str, path: Path) -> list[list[str]]:
    meant = _Meant(Running(workspace, talk, language, around(workspace, None, asyncio.Runner())))
    server = TestServer(_shop(talk))
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    world = World(path, workspace, meant, TestClock(NOON), variables={"SHOP_URL": url})
    found = []
    async with world.running():
        for line in talk.talk:
            if isinstance(line, Act):
                seen = len(await world.entries())
                await _does(world, meant, line, language)
                entries = (await world.entries())[seen:]
                if isinstance(line, PeopleLine):
                    back = next(at for at, entry in enumerate(entries) if entry.data.get("event") in _ENDED)
                    entries = entries[back + 2 :]  # and the words that tell the customer so
                found.append(_happened(entries))
    await server.close()
    return found


_ENDED = ("returned", "closed")


async def _does(world: World, meant: _Meant, line: Act, language: str) -> None:
    match line:
        case CustomerLine():
            meant.line = line
            text = line.customer.pick(language, "ru")
            said = CustomerSaid(message=text, parts=(Text(text=text),), profile=Profile(language=language))
            await world.tell(said)
            await world.settled()
        case PressLine():
            meant.line = line
            await world.presses(line.press.pick(language, "ru"))
        case PeopleLine():
            await world.operator("take")
            await world.operator(line.people)
        case _:
            pytest.fail(f"{line} cannot be done here yet")


def _without(told: Told, language: str) -> list[list[str]]:
    with asyncio.Runner() as runner:
        ran = talks.run(_DEMO, told.talk, around(_DEMO, None, runner))
    [one] = [one for one in ran if one.language == language]
    assert one.difference is None
    return [
        [
            f"handoff: {got.name}" if got.kind == "handoff" else f"bot: {got.text} {list(got.buttons)}"
            for got in went.got
            if got.kind in ("bot", "handoff")
        ]
        for went in one.went
    ]


@pytest.mark.parametrize("told", _TOLD, ids=lambda told: told.talk.test)
def test_the_platform_says_the_same(told: Told, tmp_path: Path) -> None:
    for language in told.talk.languages or ("ru",):
        path = tmp_path / f"{language}.db"
        there = asyncio.run(_on_the_platform(_DEMO, told.talk, language, path))
        assert there == _without(told, language)
