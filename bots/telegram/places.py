"""How this channel calls chats and messages to the rest of the platform.

A private chat with the bot is called by its number, "23"; one that the bot serves for a business account is
"business:CONNECTION:23" (https://core.telegram.org/bots/api#businessconnection). A message is its chat's name,
a colon and the message's number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from bots.telegram.content import integer

CONNECTION = re.compile(r"[A-Za-z0-9_=+-]{1,128}")
_NUMBER = re.compile(r"-?[0-9]{1,19}", re.ASCII)
_BUSINESS = "business:"


@dataclass(frozen=True, slots=True)
class Place:
    """A chat. `connection` is the business account's through which it is reached, "" for the bot's own chats."""

    chat: int
    connection: str = ""

    @classmethod
    def read(cls, name: str) -> Place | None:
        connection, _, number = name.removeprefix(_BUSINESS).rpartition(":")
        chat = _number(number)
        if chat is None or name.startswith(_BUSINESS) != bool(CONNECTION.fullmatch(connection)):
            return None
        return None if connection and not name.startswith(_BUSINESS) else cls(chat, connection)

    def __str__(self) -> str:
        return f"{_BUSINESS}{self.connection}:{self.chat}" if self.connection else str(self.chat)

    @property
    def values(self) -> dict[str, Any]:
        """As parameters of a method."""
        chat: dict[str, Any] = {"chat_id": self.chat}
        return chat | {"business_connection_id": self.connection} if self.connection else chat


@dataclass(frozen=True, slots=True)
class Spot:
    """A message."""

    place: Place
    number: int

    @classmethod
    def read(cls, name: str) -> Spot | None:
        chat, _, tail = name.rpartition(":")
        place, number = Place.read(chat), _number(tail)
        return None if place is None or number is None else cls(place, number)

    def __str__(self) -> str:
        return f"{self.place}:{self.number}"

    @property
    def values(self) -> dict[str, Any]:
        return {**self.place.values, "message_id": self.number}


def spots_of(names: str) -> list[Spot]:
    """The messages of an id that `send` returned; none that is not of this channel's making."""
    return [spot for name in names.split() if (spot := Spot.read(name)) is not None]


def _number(text: str) -> int | None:
    return integer(int(text)) if _NUMBER.fullmatch(text) else None
