"""An understander for tests: an intent is understood when its word is in the text."""

from __future__ import annotations

import re
from datetime import datetime

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Entity, Intent, Understanding

_WORDS = {"pay": "payment", "order": "order_status", "person": "human_request", "lost": "lost", "rare": "rare"}


class Words:
    """`broken`: understanding fails. `asked` keeps the texts it was given."""

    def __init__(self) -> None:
        self.broken = False
        self.asked: list[str] = []

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        self.asked.append(text)
        if self.broken:
            raise UnderstandingFailed("the model is not there")
        intent = next((name for word, name in _WORDS.items() if word in text.lower()), "")
        confidence = 0.9 if intent else 0.1
        number = re.search(r"\b\d{6}\b", text)
        return Understanding(
            intent=intent, confidence=confidence, ranking=(Intent(name=intent, confidence=confidence),), model="words",
            entities=(_entity(number),) if number else (),
        )  # fmt: skip


def _entity(number: re.Match[str]) -> Entity:
    return Entity(name="order_number", value=number[0], start=number.start(), end=number.end())
