"""What a run found is told in words, in JSON and by the exit code."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main
from estafeta.app.faults import command
from estafeta.app.faults.invariants import Invariant
from estafeta.app.faults.kit import Wanted
from estafeta.app.faults.report import Figures, Outcome, lines, taken_over
from estafeta.app.faults.takeover import Takeover

WHOLE = Invariant(name="nothing is lost", checked=100, broken=0)
BROKEN = Invariant(name="nothing is lost", checked=100, broken=2, examples=("10001-0001 was never answered",))


def takeover(seconds: float | None, *, disturbed: bool = False) -> Takeover:
    return Takeover(
        worker="worker-1", kind="kill_worker", conversation="c1", what="outbox", seconds=seconds, disturbed=disturbed
    )


def outcome(invariant: Invariant = WHOLE) -> Outcome:
    return Outcome(
        seed=7,
        messages=1000,
        done=1000,
        seconds=30.0,
        faults={"kill_worker": 3, "kill_redis": 2},
        invariants=[invariant],
        takeovers=[takeover(1.0), takeover(3.0), takeover(30.0, disturbed=True)],
    )


def test_the_ninety_ninth_percentile_is_a_value_that_was_measured() -> None:
    figures = Figures.of([float(number) for number in range(1, 201)])
    assert figures == Figures(count=200, p50=100.0, p99=198.0, longest=200.0)
    assert Figures.of([]) is None


def test_late_takeovers_break_the_promise_only_when_there_are_too_many() -> None:
    assert not taken_over([takeover(1.0)] * 200 + [takeover(9.0)], timed=True).broken
    assert taken_over([takeover(1.0)] * 50 + [takeover(9.0)], timed=True).broken == 1


def test_where_speed_is_only_told_late_takeovers_break_nothing() -> None:
    untimed = taken_over([takeover(9.0)], timed=False)
    assert not untimed.broken
    assert "p99" not in untimed.name
    assert taken_over([takeover(None)], timed=False).broken == 1


def test_what_was_never_taken_over_breaks_it_even_if_a_server_was_away() -> None:
    assert taken_over([takeover(None, disturbed=True)], timed=True).broken == 1
    assert not taken_over([takeover(40.0, disturbed=True)], timed=True).broken


def test_words_name_the_seed_the_faults_and_the_examples_of_what_is_broken() -> None:
    told = "\n".join(lines(replace(outcome(BROKEN), kept=Path("kept"))))
    for words in ("Seed 7", "3  kill worker", "10001-0001 was never answered", "p50 1.00 s", "kept"):
        assert words in told
    assert "10001-0001" not in "\n".join(lines(outcome()))


def test_living_workers_that_were_taken_for_dead_are_counted_with_their_causes() -> None:
    told = "\n".join(lines(replace(outcome(), mistaken={"pause_worker": 3, "": 1})))
    assert "Taken for dead while they lived: 4 workers, 3 of them hung by a fault, 1 without" in told
    assert "Taken for dead" not in "\n".join(lines(outcome()))


def test_json_holds_what_was_told() -> None:
    plain = json.loads(json.dumps(outcome(BROKEN).as_json()))
    assert plain["broken"] is True
    assert plain["invariants"][0]["broken"] == 2
    assert plain["takeovers"]["figures"]["count"] == 2


@pytest.mark.parametrize(("invariant", "code"), [(WHOLE, 0), (BROKEN, 1)])
def test_the_exit_code_says_whether_a_promise_was_broken(
    invariant: Invariant, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders: list[Path] = []

    def run(wanted: Wanted, folder: Path) -> Outcome:
        assert (wanted.messages, wanted.faults, wanted.seed) == (1000, 15, 7)
        folders.append(folder)
        return outcome(invariant)

    monkeypatch.setattr(command, "_run", run)
    told = tmp_path / "told.json"
    result = CliRunner().invoke(main, ["faults", "--short", "--seed", "7", "--json", str(told)])
    assert result.exit_code == code
    assert json.loads(told.read_text())["broken"] is bool(code)
    assert folders[0].exists() is bool(code)  # what is needed to find out why is kept
    if code:
        folders[0].rmdir()


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = CliRunner().invoke(main, ["faults", "--keep", str(tmp_path)])
    assert result.exit_code == 2
    assert "not empty" in result.output
