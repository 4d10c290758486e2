"""What a check found, and its three ways to say so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line for the administrator. `text` says what is so and, unless it is ok, what to do.

    error: the platform does not start, or something it is there for does not work. warning: it works,
    and will not always.
    """

    level: Level
    about: str
    text: str


def fine(about: str, text: str) -> Finding:
    return Finding(level="ok", about=about, text=text)


def warning(about: str, text: str) -> Finding:
    return Finding(level="warning", about=about, text=text)


def error(about: str, text: str) -> Finding:
    return Finding(level="error", about=about, text=text)
