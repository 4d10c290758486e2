"""Each update of the documentation becomes what it has to become."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bots.telegram.convert import ALLOWED_UPDATES, convert
from estafeta.fakes.telegram.schema import problems
from tests.telegram.documented import CASES, Case

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


def test_there_are_enough_of_them_and_each_is_one_of_its_own() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_is_an_update_of_the_bot_api(case: Case) -> None:
    assert problems("Update", case.update) == ""


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_it_becomes_what_it_means(case: Case) -> None:
    signals = convert(case.update, "shop", NOW)
    assert tuple(signal.event for signal in signals) == case.events
    assert len({signal.id for signal in signals}) == len(signals)


def test_everything_that_is_read_is_asked_for() -> None:
    read = {next(key for key in case.update if key != "update_id") for case in CASES if case.events}
    assert read <= set(ALLOWED_UPDATES)
