"""What the web desk's requests and answers look like, as models: they check what comes in, make
what goes out, and the OpenAPI document is generated from them.

Texts are as they were typed, never HTML. Every model of a request refuses unknown fields, so that a
misspelt one is told rather than ignored.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

TEXT_LIMIT = 4_000
NAME_LIMIT = 60
CODE_LIMIT = 200

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"


def _tidy(value: object) -> object:
    """One kind of line end, and no control characters, which messengers refuse or hide things in."""
    if not isinstance(value, str):
        return value
    return _CONTROL.sub(" ", value.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _one_line(value: object) -> object:
    tidy = _tidy(value)
    return " ".join(tidy.split()) if isinstance(tidy, str) else tidy


MessageText = Annotated[str, BeforeValidator(_tidy), Field(min_length=1, max_length=TEXT_LIMIT)]
MessageId = Annotated[
    str,
    Field(pattern=_UUID, description="Made by the client; the same id again is the same message."),
    AfterValidator(str.lower),
]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LogIn(Asked):
    """A one-time code, and how colleagues are to see the operator."""

    code: Annotated[str, Field(min_length=1, max_length=CODE_LIMIT)]
    name: Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=NAME_LIMIT)]


class Words(Asked):
    """A reply to the customer, or a note for colleagues."""

    id: MessageId
    text: MessageText


class Move(Asked):
    id: MessageId
    move: Literal["take", "return", "close"]


class Ping(BaseModel):
    """All that a page says on its socket."""

    type: Literal["ping"]


class Answered(BaseModel):
    model_config = ConfigDict(frozen=True)


class ErrorBody(Answered):
    code: str
    text: str


class Failure(Answered):
    error: ErrorBody


class Me(Answered):
    id: str
    name: str
    language: str
    skills: dict[str, dict[str, str]] = {}
    """Titles of skills by language."""


class LastWords(Answered):
    author: str
    text: str
    at: datetime


class Row(Answered):
    """A conversation in the list. `waiting`: the customer's words are the last. `since`: since when
    the customer waits for a person. `mine`: the operator who asks has the ticket."""

    id: str
    name: str
    channel: str
    language: str
    stage: str
    skill: str
    reason: str
    request: str
    assignee: str
    opened_at: datetime | None
    updated_at: datetime | None
    last: LastWords | None
    waiting: bool
    promise: datetime | None
    unreachable: bool
    since: datetime | None
    mine: bool


class Rows(Answered):
    conversations: list[Row]


class CardChannel(Answered):
    channel: str
    current: bool


class IntentScore(Answered):
    name: str
    confidence: float


class CardView(Answered):
    name: str
    username: str
    channels: list[CardChannel]
    language: str
    first_seen: datetime | None
    messages: int
    tickets: int
    reason: str
    skill: str
    request: str
    intents: list[IntentScore]
    slots: dict[str, Any]
    promise: datetime | None
    opened_at: datetime | None
    assignee: str


class Opened(Answered):
    row: Row
    card: CardView


class Speaker(Answered):
    kind: str
    name: str


class ShownButton(Answered):
    id: str
    text: str


class EntryView(Answered):
    """One line of the timeline. `data.attachments` tells what came beside words: `kind`, and `name`,
    `size`, `phone`, `latitude`, `longitude` as they apply."""

    id: str
    seq: int
    at: datetime
    kind: Literal["said", "note", "event", "delivery", "edit"]
    author: Speaker
    text: str
    buttons: list[ShownButton]
    channel: str
    intent: IntentScore | None
    data: dict[str, Any]


class Entries(Answered):
    entries: list[EntryView]


class CannedReply(Answered):
    name: str
    text: dict[str, str]


class CannedReplies(Answered):
    replies: list[CannedReply]
