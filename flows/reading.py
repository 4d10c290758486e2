"""What was read in a customer's words: the value, and the words that are left besides."""

from __future__ import annotations

import re
from dataclasses import dataclass

from estafeta.kernel.model import Json


@dataclass(frozen=True, slots=True)
class Read:
    """`rest` is the text without what the value was read from."""

    value: Json
    rest: str


def without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"
