"""What the ready-made finders take and give."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from estafeta.kernel.ports import REGION


class Found(NamedTuple):
    """`value` is in the form that `name` has; `start` and `end` are offsets in the text that was searched."""

    name: str
    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """`at`: when the message was sent, aware, in the time zone of whoever it is meant for; None: no dates
    are told. `region`: whose national phone numbers and order of day and month are meant, as in ISO 3166."""

    at: datetime | None = None
    region: str = REGION
