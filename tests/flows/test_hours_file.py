"""hours.yml as it is written: what is read, and every mistake in its line."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]
import pytest
from pydantic import ValidationError

from flows import loader
from flows.hours_file import HoursFile, Interval
from flows.schema import schemas
from flows.source import read
from tests.conftest import ROOT
from tests.flows.world import PAYMENT, write

FULL = """\
timezone: Europe/Moscow
holidays: {country: RU, hours: ["11:00-15:00"]}
schedules:
  default:
    mon-fri: ["09:00-18:00"]
  delivery:
    timezone: Asia/Yekaterinburg
    holidays: false
    daily: ["08:00-02:00"]
  vk/*:
    daily: []
  vk/delivery:
    sat,sun: ["10:00-12:00"]
exceptions:
  2026-12-31: ["09:00-16:00"]
  2027-01-01..2027-01-08: {delivery: ["10:00-12:00"], default: []}
shifts:
  night:
    people: [Анна, 77]
    times: {fri-sun: ["21:00-09:00"]}
"""


def _line(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


def test_all_of_it_is_read(tmp_path: Path) -> None:
    workspace = loader.load(write(tmp_path, {"payment": PAYMENT}, hours=FULL))
    held = workspace.hours
    assert held.channels == {"vk"}
    assert str(held.plan("delivery").zone) == "Asia/Yekaterinburg"
    assert str(held.plan("delivery", "vk").zone) == "Europe/Moscow"
    assert held.plan("general", "telegram").name == "default"
    assert held.plan("general", "vk").name == "vk/*"
    assert held.plan("delivery", "vk").name == "vk/delivery"
    assert held.on("general", date(2026, 11, 4)) == (Interval(11 * 60, 15 * 60),)
    assert held.on("delivery", date(2026, 11, 4)) == (Interval(8 * 60, 26 * 60),)
    assert held.on("general", date(2027, 1, 8)) == ()
    assert held.on("delivery", date(2027, 1, 8)) == (Interval(10 * 60, 12 * 60),)
    assert held.shifts["night"].people == ("Анна", "77")
    assert held.shift("night") is held.shift("night") is not None
    assert held.shift("day") is None


def test_the_example_of_the_documentation_is_right(tmp_path: Path) -> None:
    section = (ROOT / "docs" / "workspace.md").read_text(encoding="utf-8").partition("## hours.yml")[2]
    example = section.partition("```yaml\n")[2].partition("```")[0]
    found, findings = loader.find(write(tmp_path, {"payment": PAYMENT}, hours=example))
    assert found is not None
    assert [one for one in findings if one.file == "hours.yml"] == []


def test_plans_are_made_once_for_all_who_are_not_named() -> None:
    held = HoursFile.model_validate({"timezone": "UTC", "schedules": {"default": {}, "vk/delivery": {}}})
    assert held.plan("a", "b") is held.plan("c", "d") is held.plan("")
    assert held.plan("delivery", "vk") is not held.plan("delivery")


def test_the_schema_takes_what_the_loader_takes(tmp_path: Path) -> None:
    (tmp_path / "hours.yml").write_text(FULL, encoding="utf-8")
    jsonschema.validate(read(tmp_path / "hours.yml", "hours.yml").data, schemas()["hours"])


def test_holidays_are_loaded_by_those_who_use_them_alone() -> None:
    code = (
        "import sys; from flows.hours_file import HoursFile; from datetime import date;"
        "import handoff.hours;"
        "held = HoursFile.model_validate({'timezone': 'UTC', 'schedules': {'default': {'daily': []}}});"
        "held.on('x', date(2027, 1, 1)); assert 'holidays' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


MISTAKES = [
    ("    timezone: Asia/Yekaterinburg", "    timezone: Asia/Ekaterinburg", "Asia/Ekaterinburg", "Europe/Moscow"),
    ("    timezone: Asia/Yekaterinburg", "    timzone: Asia/Yekaterinburg", '"timzone" is no day', "timezone"),
    ("    holidays: false", "    holidays: maybe", "true or false", ""),
    ('    daily: ["08:00-02:00"]', '    daily: ["8-2"]', "times like 09:00-18:00", ""),
    ("holidays: {country: RU", "holidays: {country: ru", '"ru"', 'did you mean "RU"?'),
    ("holidays: {country: RU", "holidays: {country: RUS", '"RUS"', "two letters"),
    ("holidays: {country: RU", "holidays: {country: RU, subdivision: MOW", '"MOW" in RU', "leave it out"),
    ("holidays: {country: RU", "holidays: {country: DE, subdivision: XX", '"XX" in DE', "BY"),
    ("holidays: {country: RU", "holidays: {land: RU, country: RU", '"land"', "country"),
    ('hours: ["11:00-15:00"]', 'hours: ["11:00-15:00", "14:00-16:00"]', "overlap", "join them"),
    ("  vk/delivery:", "  vk/delivry:", '"delivry" is no skill', '"delivery"'),
    ("  vk/*:", "  vk/delivery/x:", "names no schedule", "vk/delivery"),
    ("  2026-12-31:", "  2026-13-31:", "2026-13-31", "2027-01-01..2027-01-08"),
    ("  2027-01-01..2027-01-08:", "  2027-01-08..2027-01-01:", "ends before it begins", "earlier date first"),
    ("  2027-01-01..2027-01-08:", "  2027-01-01..2127-01-08:", "ten years", "change the schedule"),
    ('{delivery: ["10:00-12:00"], default: []}', '{delivery: "10:00-12:00"}', 'for "delivery"', ""),
    ('{delivery: ["10:00-12:00"], default: []}', "{delivry: []}", '"delivry" is no skill', '"delivery"'),
    ('{delivery: ["10:00-12:00"], default: []}', "closed", "times like 09:00-18:00", "delivery: []"),
    ("    people: [Анна, 77]", "    people: Анна", "expected a list", ""),
    ("    people: [Анна, 77]", "    peeple: [Анна, 77]", '"peeple"', '"people"'),
    ('{fri-sun: ["21:00-09:00"]}', '{fri-sun: ["21:00-09:00"], sat: []}', '"fri-sun" and in "sat"', "name it once"),
]


@pytest.mark.parametrize(("right", "wrong", "what", "mend"), MISTAKES, ids=[case[1].strip() for case in MISTAKES])
def test_a_mistake_is_found_in_its_line(tmp_path: Path, right: str, wrong: str, what: str, mend: str) -> None:
    assert FULL.count(right) == 1
    text = FULL.replace(right, wrong)
    found, findings = loader.find(write(tmp_path, {"payment": PAYMENT}, hours=text))
    assert found is None
    line = _line(text, wrong)
    there = [finding for finding in findings if (finding.file, finding.line) == ("hours.yml", line)]
    assert any(what in one.what and mend in f"{one.what}; {one.mend}" for one in there), "\n".join(map(str, findings))


@pytest.mark.parametrize(
    ("right", "wrong", "what"),
    [
        ('holidays: {country: RU, hours: ["11:00-15:00"]}\n', "", ""),
        ("    people: [Анна, 77]\n", "", 'nobody is in the shift "night"'),
    ],
)
def test_what_may_be_meant_so_is_a_warning(tmp_path: Path, right: str, wrong: str, what: str) -> None:
    found, findings = loader.find(write(tmp_path, {"payment": PAYMENT}, hours=FULL.replace(right, wrong)))
    assert found is not None
    told = [one.what for one in findings if one.file == "hours.yml"]
    assert (what in told) if what else not told


def test_holidays_kept_of_no_country_are_a_warning(tmp_path: Path) -> None:
    text = FULL.replace('holidays: {country: RU, hours: ["11:00-15:00"]}\n', "").replace("false", "true")
    found, findings = loader.find(write(tmp_path, {"payment": PAYMENT}, hours=text))
    assert found is not None
    (told,) = [one for one in findings if one.file == "hours.yml"]
    assert (told.line, told.severity) == (_line(text, "holidays: true"), "warning")


def test_a_skill_called_like_a_channel_is_no_puzzle() -> None:
    held = HoursFile.model_validate(
        {"timezone": "UTC", "schedules": {"default": {}, "vk": {"daily": ["01:00-02:00"]}, "vk/*": {}}}
    )
    assert held.plan("vk").name == "vk"
    assert held.plan("general", "vk").name == "vk/*"
    assert held.plan("vk", "telegram").name == "vk"


@pytest.mark.parametrize("given", [None, 5, "09:00-18:00", ["mon"]])
def test_rubbish_is_refused_in_words(given: object) -> None:
    with pytest.raises(ValidationError, match="expected days with their times"):
        HoursFile.model_validate({"timezone": "UTC", "schedules": {"default": given}})
