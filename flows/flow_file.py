"""A file of flows/*.yml as it is written: what starts the dialog, and its steps."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr

from flows.steps import Steps
from flows.strict import LocalText, Strict, wrong
from flows.written import Command, Name, Names, Texts, names

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _days(given: Any) -> Any:
    """mon-fri and single days, one or a list, as the numbers 0 (Monday) to 6."""
    found: set[int] = set()
    for part in names(given):
        first, dash, last = part.partition("-") if isinstance(part, str) else ("", "", "")
        if first not in DAYS or (dash and last not in DAYS):
            raise wrong(f'"{part}" is no day; expected {", ".join(DAYS)}, or a range like mon-fri')
        start, end = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(start, end + 1 if end >= start else end + 8))
    return tuple(sorted(found))


def _time(given: Any) -> Any:
    if not isinstance(given, str) or not _TIME.fullmatch(given):
        raise wrong(f'"{given}" is no time of day; expected one in quotes, like "09:30"')
    return given


class Schedule(Strict):
    """`at` a time of day (in the time zone of hours.yml) on `days`, for every customer with the `tag`."""

    at: Annotated[str, BeforeValidator(_time, json_schema_input_type=str)]
    days: Annotated[tuple[int, ...], BeforeValidator(_days, json_schema_input_type=StrictStr | list[StrictStr])] = (
        tuple(range(7))
    )
    tag: StrictStr


class Start(Strict):
    """What starts the flow: an intent; a /command; a button's words, typed or pressed; what a link carried into the
    chat (`promo-*` stands for all that begin so); an event from outside; a schedule."""

    intent: Annotated[
        tuple[StrictStr, ...], BeforeValidator(names, json_schema_input_type=StrictStr | list[StrictStr])
    ] = ()
    command: Command | None = None
    button: Texts | None = None
    link: Names | None = None
    event: Annotated[tuple[Name, ...], BeforeValidator(names, json_schema_input_type=Name | list[Name])] = ()
    schedule: Schedule | None = None


class FlowFile(Strict):
    """One dialog."""

    flow: Name
    title: LocalText | None = None
    start: Start = Start()
    always: StrictBool = False
    public: StrictBool = False
    steps: Annotated[Steps, Field()]
