"""`estafeta team`: the roster by the command line, through the platform that runs."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from estafeta.app import audit, config, control, start, team_control
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.faults.servers import free_port
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Operator
from estafeta.roster import CONSOLE, Known, NotInvited, Roster
from handoff.desks.web.desk import WebDesk
from storage.sqlite import SqliteStore
from tests.conftest import ROOT

ANNA = Operator(id="o1", name="Анна", desk="web")
KNOWN = Known(skills=("general", "delivery"), languages=("ru", "en"), shifts=("night", "default"))


class Running:
    """A platform's way in for the command line."""

    def __init__(self, folder: Path, roster: Roster) -> None:
        self.port = free_port()
        self.folder = folder
        self.roster = roster
        self.bot_name = "shop_operators_bot"

    async def bot(self) -> str:
        return self.bot_name

    async def run(self, *arguments: str) -> Result:
        environment = {"ESTAFETA_DATA": str(self.folder), "ESTAFETA_PORT": str(self.port)}
        return await asyncio.to_thread(CliRunner(env=environment).invoke, main, ["team", *arguments])

    async def enrolled(self) -> None:
        await self.roster.enrol(await self.roster.invite(by=CONSOLE), ANNA)


@pytest.fixture
async def platform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.chdir(tmp_path)
    store = SqliteStore(tmp_path / "estafeta.db", clock=SystemClock())
    await store.open()
    running = Running(tmp_path, Roster(store, SystemClock(), known=KNOWN))
    app = web.Application()
    token = start.new_control_token(tmp_path, running.port)
    desk = WebDesk(store=store, clock=SystemClock(), roster=running.roster)
    settings = Settings(port=running.port, data=tmp_path)
    team_control.mount(app, running.roster, team_control.WayIn(settings, desk, running.bot), token)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", running.port).start()
    yield running
    await runner.cleanup()
    await store.close()


async def test_an_invitation_is_printed_once_as_links_that_can_be_opened(platform: Running) -> None:
    result = await platform.run("invite", "--role", "supervisor", "--skill", "delivery", "--language", "en")
    assert result.exit_code == 0, result.output
    (token,) = re.findall(rf"http://127.0.0.1:{platform.port}/desk#login=(\S+)", result.output)
    assert f"https://t.me/shop_operators_bot?start=op_{token}" in result.output
    assert "as a supervisor. It works once, within 24 hours." in result.output
    member = await platform.roster.enrol(token, ANNA)
    assert (member.role, member.skills, member.languages) == ("supervisor", ("delivery",), ("en",))
    with pytest.raises(NotInvited):
        await platform.roster.enrol(token, ANNA)
    platform.bot_name = ""
    assert "put it for YOUR_BOT" in (await platform.run("invite", "--skill", "all")).output


async def test_where_no_desk_is_there_is_no_invitation(platform: Running) -> None:
    settings = Settings(port=platform.port, data=platform.folder)
    desk = WebDesk(store=platform.roster._store, clock=SystemClock())
    for way_in, wanted, says in (
        (team_control.WayIn(settings, desk, None), "telegram_forum", "No operators' group is set"),
        (team_control.WayIn(settings, None, platform.bot), "web", "The web desk is off"),
        (team_control.WayIn(settings, None, None), "", "There is no desk"),
    ):
        with pytest.raises(ConfigurationError, match=says):
            way_in.check(wanted)
    assert set(await team_control.WayIn(settings, desk, None).links("t", "")) == {"web"}


async def test_a_member_gets_a_log_in_link_of_their_own(platform: Running) -> None:
    await platform.enrolled()
    printed = (await platform.run("login", "web:o1")).output
    assert printed.startswith(f"http://127.0.0.1:{platform.port}/desk#login=")
    (line, *_) = await platform.roster.audited()
    assert (line["what"], line["data"]) == ("login_link", {"desk": "web", "id": "o1", "name": "Анна"})
    assert printed.strip().rpartition("=")[2] not in json.dumps(await platform.roster.audited())
    vera = Operator(id="7", name="Вера", desk="telegram_forum")
    await platform.roster.enrol(await platform.roster.invite(by=CONSOLE), vera)
    result = await platform.run("login", "telegram_forum:7")
    assert (result.exit_code, "in Telegram, where nobody logs in" in result.output) == (1, True)


async def test_an_invitation_for_a_program(platform: Running) -> None:
    told = json.loads((await platform.run("invite", "--desk", "web", "--json")).output)
    assert set(told["links"]) == {"web"}
    assert (await platform.roster.enrol(told["token"], ANNA)).role == "operator"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("invite", "--skill", "gone"), "There is no skill “gone”: bot.yml has general, delivery."),
        (("invite", "--language", "de"), "does not speak “de”: bot.yml has ru, en."),
        (("invite", "--capacity", "-1"), "a number from 1 to 100"),
        (("change", "web:o1", "--shift", "nosuch"), "There is no shift “nosuch”: hours.yml has night, default."),
        (("change", "web:o1", "--skill", "gone"), "There is no skill “gone”: bot.yml has general, delivery."),
        (("change", "web:o1", "--language", "de"), "does not speak “de”: bot.yml has ru, en."),
        (("change", "web:o1", "--capacity", "0"), "a number from 1 to 100"),
        (("change", "web:o1", "--capacity", "-1"), "a number from 1 to 100"),
        (("change", "web:o1", "--name", " "), "A name has 1 to 100 characters."),
        (("login", "web:nobody"), "Nobody of this name"),
        (("invite", "--capacity", "0"), "a number from 1 to 100"),
        (("invite", "--hours", "9999"), "hours"),
        (("remove", "web:nobody"), "Nobody of this name"),
        (("change", "web:nobody", "--capacity", "3"), "Nobody of this name"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    platform: Running, arguments: tuple[str, ...], sentence: str
) -> None:
    await platform.enrolled()
    before = await platform.roster.audited()
    result = await platform.run(*arguments)
    assert result.exit_code == 1
    assert sentence in result.output
    assert await platform.roster.audited() == before


async def test_what_is_used_wrongly_says_how(platform: Running) -> None:
    for arguments, says in (
        (("remove", "anna"), "for example web:o1"),
        (("remove", "web:"), "for example web:o1"),
        (("change", "slack:o1", "--capacity", "2"), "There is no desk slack: there are web and telegram_forum."),
        (("change", "web:o1"), "Name what is to change"),
        (("change", "web:o1", "--capacity", "many"), "not a valid integer"),
        (("change", "web:o1", "--role", "owner"), "'operator', 'supervisor', 'admin'"),
        (("invite", "--role", "owner"), "'operator', 'supervisor', 'admin'"),
        (("invite", "--desk", "slack"), "'web', 'telegram_forum'"),
        (("audit", "--limit", "0"), "1<=x<=10000"),
        (("dance",), "No such command"),
    ):
        result = await platform.run(*arguments)
        assert (result.exit_code, says in result.output) == (2, True), result.output


async def test_a_team_of_nobody_is_told_what_to_do_first(platform: Running) -> None:
    printed = (await platform.run("list")).output
    assert "Nobody is on the team yet: `estafeta team invite --role admin`" in printed
    assert (await platform.run("list", "--json")).output.strip() == "[]"
    assert (await platform.run("audit")).output.strip() == "Nothing was changed yet."


async def test_the_list_tells_everybody_and_what_they_may_do(platform: Running) -> None:
    await platform.enrolled()
    await platform.roster.set_presence(ANNA, "away", by=ANNA)
    printed = (await platform.run("list")).output
    assert "web:o1  Анна" in printed
    assert "operator; skills: all; languages: all; up to 5 at once; away by hand" in printed
    (told,) = json.loads((await platform.run("list", "--json")).output)
    assert (told["id"], told["desk"], told["presence"]) == ("o1", "web", "away")


async def test_a_name_commands_no_terminal(platform: Running) -> None:
    await platform.enrolled()
    await platform.roster.change("web", "o1", by=CONSOLE, name="\x1b[2JEve\x9b2J\r\n")
    for command in ("list", "audit"):
        printed = (await platform.run(command)).output
        assert "Eve" in printed
        assert all(sign.isprintable() for sign in printed.replace("\n", ""))


async def test_a_member_is_changed_and_removed(platform: Running) -> None:
    await platform.enrolled()
    changed = await platform.run(
        "change", "web:o1", "--role", "admin", "--skill", "delivery", "--capacity", "9", "--on-call", "--json"
    )
    assert json.loads(changed.output)["capacity"] == 9
    member = await platform.roster.member("web", "o1")
    assert member is not None
    assert (member.role, member.skills, member.capacity, member.on_call) == ("admin", ("delivery",), 9, True)
    assert "skills: all" in (await platform.run("change", "web:o1", "--skill", "all")).output
    assert (await platform.run("remove", "web:o1", "--why", "left")).exit_code == 0
    assert await platform.roster.members() == ()


async def test_the_audit_log_is_read_newest_first_as_sentences(platform: Running) -> None:
    invited = json.loads((await platform.run("invite", "--skill", "delivery", "--desk", "web", "--json")).output)
    await platform.roster.enrol(invited["token"], ANNA)
    with pytest.raises(NotInvited):
        await platform.roster.enrol(invited["token"], Operator(id="9", name="Ева", desk="web"))
    await platform.run("change", "web:o1", "--role", "admin", "--skill", "all", "--on-call", "--shift", "night")
    await platform.run("login", "web:o1")
    await platform.roster.set_presence(ANNA, "off", by=CONSOLE)
    await platform.roster.close("delivery", datetime(2999, 1, 1, tzinfo=UTC), by=ANNA)
    await platform.roster.reopen("delivery", by=ANNA)
    await platform.run("remove", "web:o1", "--why", "left the company")
    printed = (await platform.run("audit")).output
    number = hashlib.sha256(invited["token"].encode()).hexdigest()[:8]
    said = [line.split(" UTC  ", 1)[1] for line in printed.splitlines()]
    assert said[:-1] == [
        "console removed Анна (web:o1), an admin: left the company",
        "Анна (web:o1) opened delivery again",
        "Анна (web:o1) closed delivery until 2999-01-01 00:00 UTC",
        "console said that Анна (web:o1) is off",
        "console made a log-in link for Анна (web:o1)",
        "console changed Анна (web:o1): role operator → admin, skills delivery → all, shift none → night, "
        "on call no → yes",
        f"Ева (web:9) was not let in: invitation {number} was used before",
        f"Анна (web:o1) came in as an operator, invited by console (invitation {number})",
    ]
    assert said[-1].startswith("console invited an operator at web: skills delivery, capacity 5; good until ")
    assert invited["token"] not in printed
    (latest,) = json.loads((await platform.run("audit", "--limit", "1", "--json")).output)
    assert latest["what"] == "removed"


def test_a_line_of_another_version_is_told_as_it_is() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    line = audit.AuditLine(at=at, what="key_changed", by={"id": "x"}, data={"which": "door", "times": 2, "why": None})
    assert audit.told(line) == "2026-01-02 03:04:05 UTC  x key changed which door, times 2, why null"
    for what in audit.TOLD:
        bare = audit.told(audit.AuditLine(at=at, what=what, by={}, data={}))
        assert bare.startswith("2026-01-02 03:04:05 UTC  somebody ")


def test_everything_that_is_written_down_has_a_sentence() -> None:
    found = set()
    for folder in ("estafeta", "handoff"):
        for path in (ROOT / folder).rglob("*.py"):
            found |= set(re.findall(r'\baudit\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert found == audit.TOLD


async def test_only_the_command_line_of_this_machine_is_answered(platform: Running) -> None:
    start.control_file(platform.folder, platform.port).write_text("another token")
    result = await platform.run("invite")
    assert result.exit_code == 1
    assert "refused (403)" in result.output
    assert await platform.roster.audited() == []


async def test_nonsense_from_elsewhere_is_refused(platform: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_DATA", str(platform.folder))
    monkeypatch.setenv("ESTAFETA_PORT", str(platform.port))
    for path in ("/invite/AAAA", "/invite/e30=", "/login/e30=", "/what/e30=", "/change/W10=", "/invite/%"):
        told = await asyncio.to_thread(control.ask, config.read(), "POST", team_control.PATH + path)
        assert "refused" in told
    monkeypatch.setattr(control, "ask", lambda *_: ["what"])
    assert "of this version" in (await platform.run("list")).output


async def test_every_command_tells_how_it_is_used(platform: Running) -> None:
    for arguments in ((), ("list",), ("invite",), ("login",), ("remove",), ("change",), ("audit",)):
        assert "Usage:" in (await platform.run(*arguments, "--help")).output
