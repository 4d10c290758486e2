"""The demo's stand-ins, as far as rights go: who may answer there, and nowhere else."""

from __future__ import annotations

from pathlib import Path

from estafeta.app.config import DeskConfig, Settings
from estafeta.app.standins import StandIns
from estafeta.fakes.telegram import FakeTelegram


async def test_the_stand_ins_group_is_open_and_no_other_is(tmp_path: Path) -> None:
    given = Settings(data=tmp_path)
    assert not given.desk.open_to_members
    assert not StandIns().named_in(given).desk.open_to_members, "a group of the settings may be a real one"
    async with FakeTelegram() as fake:
        assert StandIns(telegram=fake).named_in(given).desk.open_to_members
        closed = Settings(data=tmp_path, desk=DeskConfig(open_to_members=False))
        assert not StandIns(telegram=fake).named_in(closed).desk.open_to_members
