"""`estafeta doctor` about the team: whether anybody can answer, and where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.doctor.team import findings, team
from estafeta.app.faults.servers import free_port
from estafeta.clock import SystemClock
from estafeta.kernel.model import Operator
from estafeta.roster import CONSOLE, Roster
from flows import loader
from handoff.floor import Member
from storage.mongo.config import MongoConfig
from storage.sqlite import SqliteStore
from tests.conftest import DEMO

ADMIN = Member(id="o1", desk="web", name="Anna", role="admin")
BORIS = Member(id="o2", desk="web", name="Boris")
VERA = Member(id="7", desk="telegram_forum", name="Vera")


def settings(folder: Path, *, group: bool = False, open_: bool = False, **more: Any) -> Settings:
    telegram = TelegramConfig(token=SecretStr("7000000001:a-token"), group_id=-1001) if group else None
    return Settings(
        port=free_port(),
        data=folder,
        workspace=DEMO,
        telegram=telegram,
        desk=DeskConfig(open_to_members=open_),
        **more,
    )


async def told(given: Settings) -> list[tuple[str, str]]:
    return [(finding.level, finding.text) async for finding in team(given, SystemClock())]


async def test_that_nobody_is_there_is_told_before_the_first_start_and_after_it(tmp_path: Path) -> None:
    given = settings(tmp_path)
    for _ in range(2):
        [(level, text)] = await told(given)
        assert level == "warning"
        assert text.startswith("nobody is on it, so nobody can answer customers")
        assert "`estafeta team invite --role admin`" in text
        store = SqliteStore(tmp_path / "estafeta.db", clock=SystemClock())
        await store.open()
        await store.close()


async def test_the_team_is_read_beside_a_platform_that_has_the_file(tmp_path: Path) -> None:
    given = settings(tmp_path)
    store = SqliteStore(tmp_path / "estafeta.db", clock=SystemClock())
    await store.open()
    try:
        roster = Roster(store, SystemClock())
        for name, role in (("Anna", "admin"), ("Boris", "operator"), ("Gleb", "operator")):
            who = Operator(id=name, name=name, desk="web")
            await roster.enrol(await roster.invite(by=CONSOLE, role=role), who)  # type: ignore[arg-type]
        assert await told(given) == [("ok", "3 on it: 1 admin, 2 operators")]
    finally:
        await store.close()


async def test_a_damaged_file_and_a_far_mongo_are_not_the_teams_fault(tmp_path: Path) -> None:
    (tmp_path / "estafeta.db").write_bytes(b"nonsense" * 100)
    assert [level for level, _ in await told(settings(tmp_path))] == ["ok"]
    far = settings(tmp_path, mongo=MongoConfig(url=SecretStr("mongodb://127.0.0.1:1/x")))
    assert [level for level, _ in await told(far)] == ["ok"]


@pytest.mark.parametrize(
    ("members", "group", "open_", "says"),
    [
        ([BORIS], False, False, "1 operator, and no admin: `estafeta team invite --role admin`"),
        ([ADMIN, BORIS], True, False, "nobody of it is let in at the operators' group"),
        ([ADMIN, VERA], True, True, "whoever is in the operators' group may answer customers"),
        ([ADMIN], False, False, "nobody answers general, delivery, returns"),
        ([ADMIN, Member(id="9", desk="web", name="G", skills=("gone",))], False, False, "web:9 has the skill gone"),
        ([ADMIN, Member(id="9", desk="web", name="G", shift="dawn")], False, False, "web:9 has the shift dawn"),
    ],
)
def test_what_hinders_people_is_told_with_what_to_do(
    members: list[Member], group: bool, open_: bool, says: str, tmp_path: Path
) -> None:
    found = list(findings(settings(tmp_path, group=group, open_=open_), loader.load(DEMO), members))
    assert any(finding.level == "warning" and says in finding.text for finding in found), found


def test_a_team_that_answers_everything_everywhere_is_fine(tmp_path: Path) -> None:
    found = list(findings(settings(tmp_path, group=True), loader.load(DEMO), [ADMIN, VERA]))
    assert [(finding.level, finding.text) for finding in found] == [("ok", "2 on it: 1 admin, 1 operator")]
