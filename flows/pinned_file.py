"""nlu/tests/pinned*.yml as it is written: texts that every language model must understand so, whatever it is trained
on."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr, model_validator

from flows.strict import Strict, wrong


def moment(given: Any) -> datetime:
    """Raises `ValueError` with a sentence for what is no moment with its time zone."""
    try:
        found = datetime.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise wrong(f'"{given}" is no moment with its time zone; expected one like 2026-11-24T12:00+03:00')
    return found


Moment = Annotated[datetime, BeforeValidator(moment, json_schema_input_type=str)]
"""Written in ISO 8601 with the offset from UTC, as in 2026-11-24T12:00+03:00."""


class Pinned(Strict):
    """Either an `intent`, or `none`: not understood. `entities`, where it is given, are all that must be found. `at` is
    when it was sent: without it no days and times are found."""

    text: Annotated[StrictStr, Field(min_length=1)]
    intent: StrictStr = ""
    entities: dict[StrictStr, StrictStr | tuple[StrictStr, ...]] | None = None
    none: StrictBool = False
    at: Moment | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Pinned:
        if bool(self.intent) == self.none:
            raise wrong("expected either an intent, or none: true")
        return self


class PinnedFile(Strict):
    pinned: tuple[Pinned, ...]
