"""Times as operators type them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff.desks.telegram_forum.times import split, when

MOSCOW = ZoneInfo("Europe/Moscow")
NOW = datetime(2026, 1, 14, 9, 30, tzinfo=UTC)
"""A Wednesday, 12:30 in Moscow."""


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("30m", "14.01 13:00"),
        ("30 мин", "14.01 13:00"),
        ("на 2 часа", "14.01 14:30"),
        ("1h 30m", "14.01 14:00"),
        ("1ч30м", "14.01 14:00"),
        ("in 3 days", "17.01 12:30"),
        ("неделю", None),
        ("1 неделя", "21.01 12:30"),
        ("14:00", "14.01 14:00"),
        ("14.00", "14.01 14:00"),
        ("до 14:00", "14.01 14:00"),
        ("until 2pm", "14.01 14:00"),
        ("12am", "15.01 00:00"),
        ("12:30", "15.01 12:30"),
        ("9", "15.01 09:00"),
        ("завтра", "15.01 09:00"),
        ("завтра 9:00", "15.01 09:00"),
        ("tomorrow at 18:15", "15.01 18:15"),
        ("послезавтра в 10", "16.01 10:00"),
        ("пт 11:00", "16.01 11:00"),
        ("в среду", "21.01 09:00"),
        ("monday", "19.01 09:00"),
        ("31.01 10:00", "31.01 10:00"),
        ("10.01", "10.01 09:00"),
        ("2026-02-01 8:00", "01.02 08:00"),
        ("", None),
        ("потом", None),
        ("25:00", None),
        ("12:75", None),
        ("0m", None),
        ("13pm", None),
        ("31.02", None),
        ("сегодня 9:00", None),
        ("2020-01-01", None),
        ("400 days", None),
        ("9999h", None),
        ("5 parsecs", None),
    ],
)
def test_what_is_meant(words: str, meant: str | None) -> None:
    found = when(words, NOW, MOSCOW)
    assert (f"{found.astimezone(MOSCOW):%d.%m %H:%M}" if found else None) == meant


def test_the_words_behind_a_time_are_left() -> None:
    found, rest = split("завтра 9:00 позвонить на склад", NOW, MOSCOW)
    assert found == datetime(2026, 1, 15, 6, tzinfo=UTC)
    assert rest == "позвонить на склад"
    assert split("позвонить", NOW, MOSCOW) == (None, "позвонить")


def test_a_night_that_is_an_hour_shorter_is_counted_on_the_clock() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 3, 28, 20, tzinfo=UTC)
    assert when("tomorrow 9:00", evening, berlin) == datetime(2026, 3, 29, 7, tzinfo=UTC)


@given(st.text(max_size=40))
def test_no_words_raise_and_what_is_found_is_to_come(words: str) -> None:
    found = when(words, NOW, MOSCOW)
    assert found is None or found > NOW
