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
FILES_LIMIT = 10
VALUE_LIMIT = 1_024
VALUES_LIMIT = 30

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


def _some_text(value: object) -> object:
    """As `_tidy`; the words beside files may be missing."""
    return "" if value is None else _tidy(value)


# The constraints stand before the tidying, which pydantic then does first and the check is one of a string's.
MessageText = Annotated[str, Field(min_length=1, max_length=TEXT_LIMIT), BeforeValidator(_tidy)]
MessageId = Annotated[
    str,
    Field(pattern=_UUID, description="Made by the client; the same id again is the same message."),
    AfterValidator(str.lower),
]


FileId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="As the upload's answer named it.")]
EntrySeq = Annotated[int, Field(ge=1, le=2**31 - 1)]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LogIn(Asked):
    """A one-time code, and how colleagues are to see the operator."""

    code: Annotated[str, Field(min_length=1, max_length=CODE_LIMIT)]
    name: Annotated[str, Field(min_length=1, max_length=NAME_LIMIT), BeforeValidator(_one_line)]


class Words(Asked):
    """A note for colleagues, or new words for an own message. They are taken literally: no markup."""

    id: MessageId
    text: MessageText


class Reply(Asked):
    """Words for the customer, files (several are an album, the text stands under them), or both.
    `reply_to` is the `seq` of the customer's message that is answered."""

    id: MessageId
    text: Annotated[str, Field(max_length=TEXT_LIMIT), BeforeValidator(_some_text)] = ""
    files: Annotated[list[FileId], Field(max_length=FILES_LIMIT)] = []
    reply_to: EntrySeq | None = None


class FilledTemplate(Asked):
    """A template of `/templates`, with a value for each of its places, in order."""

    id: MessageId
    name: Annotated[str, Field(min_length=1, max_length=512)]
    language: Annotated[str, Field(max_length=20)]
    values: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=VALUE_LIMIT), BeforeValidator(_one_line)]],
        Field(max_length=VALUES_LIMIT),
    ] = []


class Deletion(Asked):
    id: MessageId


class Reaction(Asked):
    """One of the emoji that the conversation's `can.reactions` names; "" takes the reaction back."""

    id: MessageId
    emoji: Annotated[str, Field(max_length=16)]


class MoveUndelivered(Asked):
    """What becomes of a message that could not be delivered: it is sent again, or forgotten."""

    id: MessageId
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,80}$")]
    move: Literal["resend", "drop"]


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
    undelivered: int
    """So many messages could not be delivered and wait for somebody to decide."""


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


class Window(Answered):
    """One may write freely `until` then (null: the customer never wrote), for `left` more seconds; 0.0 when
    that is over."""

    until: datetime | None
    left: float


class Can(Answered):
    """What may be done on the channel that answers go to. `files`: kinds of files it takes, each up to so many
    bytes; `album`: how many at once. `public`: strangers read along; `private` is where to go on without them.
    With a `window`, only templates may be sent outside of it."""

    channel: str
    replies: bool
    edits: bool
    deletes: bool
    reactions: list[str]
    files: dict[str, int]
    album: int
    window: Window | None
    templates: bool
    public: bool
    private: str


class Waiting(Answered):
    """A message of this conversation that could not be delivered: the outbox `item`, the entry's `seq`."""

    item: str
    seq: int


class Told(Answered):
    """A sentence for operators that came just now, such as why an edit did not reach the customer. `text` may be
    one of the page's own sentences by name (`no_edits`)."""

    id: str
    text: str


class Opened(Answered):
    """`can` is null when nothing is connected that could carry an answer, or it is not known."""

    row: Row
    card: CardView
    can: Can | None
    undelivered: list[Waiting]
    told: Told | None


class Speaker(Answered):
    kind: str
    name: str


class ShownButton(Answered):
    """`url` is "" or the http(s) address that it opens."""

    id: str
    text: str
    url: str


class ShownMark(Answered):
    """How `text[start:end]` is drawn; offsets count code points."""

    kind: Literal["bold", "italic", "strike", "code", "link"]
    start: int
    end: int
    url: str


class PartView(Answered):
    """A part of an entry. `kind`: text, location, contact, template, unsupported, or the kind of a file: photo,
    document, voice, audio, video, sticker. Only the fields that apply are set. A file is served at
    `entries/{seq}/files/{file}`; its `name`, `mime` and `size` are what the sender says of it."""

    kind: str
    text: str = ""
    marks: list[ShownMark] = []
    file: int | None = None
    name: str = ""
    mime: str = ""
    size: int = 0
    duration: float = 0.0
    latitude: float = 0.0
    longitude: float = 0.0
    phone: str = ""
    own: bool = False


class EntryView(Answered):
    """One line of the timeline. `text` are its words alone. What `delivery`, `edit`, `deletion` and `reaction`
    are about is the entry `data.of`, or the messenger's own id of it in `data.message`; what a message answers
    is the entry `data.reply_to`, or the words `data.quote`."""

    id: str
    seq: int
    at: datetime
    kind: Literal["said", "note", "event", "delivery", "edit", "deletion", "reaction"]
    author: Speaker
    text: str
    parts: list[PartView]
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


class Kept(Answered):
    """A file that was uploaded. `kind` is what it will be sent as."""

    file: str
    kind: str
    name: str
    mime: str
    size: int


class TemplateView(Answered):
    """In `text` the places for values are {{1}}, {{2}} and so on, up to `places`."""

    name: str
    language: str
    text: str
    places: int


class Templates(Answered):
    templates: list[TemplateView]


class UndeliveredView(Answered):
    """`what`: a message's words, or what was meant to be done (`does`: say, edit, delete, react). `why` is
    the sentence about it, "" when none is known. `seq` is the entry's in the timeline, 0 for none."""

    item: str
    conversation: str
    name: str
    channel: str
    does: Literal["say", "edit", "delete", "react"]
    author: str
    what: str
    why: str
    seq: int
    at: datetime | None


class Undelivered(Answered):
    undelivered: list[UndeliveredView]
