"""What surrounds the flows in the product, as far as a conversation that is gone through without it needs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from estafeta.kernel.model import Entity, Reason, Understanding
from flows.talks_file import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A reason to call people by what a customer wrote, and when it counts: before the bot's answer, besides it, or
    when it has none."""

    reason: Reason
    skill: str
    when: Literal["at_once", "besides", "unanswered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A message with all that is known when it comes."""

    text: str
    understanding: Understanding | None
    who: Who
    tags: tuple[str, ...]
    language: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """`understand` is what the trained model says (None: there is no model), `entities` what is found in a text
    without one; `heard` may change an understanding, and says why people are called; `language` is what the customer
    speaks after a message; `is_open` whether people are at work."""

    understand: Callable[[str], Understanding | None] = lambda text: None
    entities: Callable[[str], tuple[Entity, ...]] = lambda text: ()
    heard: Callable[[Spoken], tuple[Understanding | None, Why | None]] = lambda spoken: (spoken.understanding, None)
    language: Callable[[str, str], str] = lambda text, current: current
    is_open: Callable[[datetime], bool] = lambda now: True
