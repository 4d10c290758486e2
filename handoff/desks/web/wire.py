"""What the web desk's requests and answers look like, as models: they check what comes in, make
what goes out, and the OpenAPI document is generated from them.

Texts are as they were typed, never HTML. Every model of a request refuses unknown fields, so that a
misspelt one is told rather than ignored. Lines of a timeline are in `wire_entries`, what
helps to answer in `wire_help`, the team in `wire_team`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

TEXT_LIMIT = 4_000
NAME_LIMIT = 60
CODE_LIMIT = 200
FILES_LIMIT = 10
VALUE_LIMIT = 1_024
VALUES_LIMIT = 30
TAG_LIMIT = 40
TAGS_LIMIT = 10
RESOLUTION_LIMIT = 300

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
Name = Annotated[str, Field(min_length=1, max_length=200)]
Line = BeforeValidator(_one_line)
Tag = Annotated[str, Field(min_length=1, max_length=TAG_LIMIT), Line]
When = Annotated[AwareDatetime, Field(strict=False, description="ISO 8601 with its offset from UTC.")]
State = Literal["bot", "waiting", "answered", "held"]


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class LogIn(Asked):
    """A one-time code or an invitation, and how colleagues are to see the operator: "" with a code that is for one
    member and tells the name."""

    code: Annotated[str, Field(min_length=1, max_length=CODE_LIMIT)]
    name: Annotated[str, Field(max_length=NAME_LIMIT), BeforeValidator(_one_line)] = ""


class Words(Asked):
    """A note for colleagues, or new words for an own message. They are taken literally: no markup."""

    id: MessageId
    text: MessageText


class Reply(Asked):
    """Words for the customer, files (several are an album, the text stands under them), or both.
    `reply_to` is the `seq` of the customer's message that is answered. `sure`: also when a colleague has the
    conversation; without it such words are not sent, and `conflicts` of the conversation tells so."""

    id: MessageId
    text: Annotated[str, Field(max_length=TEXT_LIMIT), BeforeValidator(_some_text)] = ""
    files: Annotated[list[FileId], Field(max_length=FILES_LIMIT)] = []
    reply_to: EntrySeq | None = None
    sure: bool = False


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
    """What becomes of the conversation. transfer: to a `skill`, or to the member `to` (by id). hold: `until`
    then. return: to the bot, at the `flow` if one is named. close: with a `resolution`. tag, untag: `tags`.
    priority: `priority`. `text` is a word to colleagues about it. `sure`: also from a colleague who
    has just taken it."""

    id: MessageId
    move: Literal[
        "take", "return", "close", "transfer", "hold", "resume", "tag", "untag", "priority", "block", "unblock",
        "ask_contact",
    ]  # fmt: skip
    skill: Annotated[str, Field(max_length=200)] = ""
    to: Annotated[str, Field(max_length=200)] = ""
    until: When | None = None
    flow: Annotated[str, Field(max_length=200)] = ""
    resolution: Annotated[str, Field(max_length=RESOLUTION_LIMIT), Line] = ""
    tags: Annotated[list[Tag], Field(max_length=TAGS_LIMIT)] = []
    priority: Annotated[int, Field(ge=-10, le=10)] = 0
    text: Annotated[str, Field(max_length=TEXT_LIMIT), BeforeValidator(_some_text)] = ""
    sure: bool = False


class Undo(Asked):
    """Takes back the own message with that id, within the seconds that `me.undo` tells."""

    id: MessageId
    message: MessageId


class Draft(Asked):
    """Words that are not sent yet, to be looked over."""

    text: Annotated[str, Field(max_length=TEXT_LIMIT), BeforeValidator(_some_text)]


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


class Choice(Answered):
    """Something that can be chosen by its name; titles by language."""

    name: str
    titles: dict[str, str]


class Me(Answered):
    """`skills`: titles by language. `undo`: so many seconds an answer can be taken back, 0 is never. `flows` are
    those that the bot can go on with. `tags`: those that mean something to the routing."""

    id: str
    name: str
    language: str
    skills: dict[str, dict[str, str]] = {}
    role: Literal["operator", "supervisor", "admin"] = "operator"
    undo: int = 0
    flows: list[Choice] = []
    tags: list[str] = []
    checks_tone: bool = False
    suggests: bool = False
    corrects: bool = False


class LastWords(Answered):
    author: str
    text: str
    at: datetime


class Row(Answered):
    """A conversation in the list. `waiting`: the customer's words are the last. `since`: since when
    the customer waits for a person. `mine`: the operator who asks has the ticket. `state`: who is to speak
    next, in a word. `answer_by`: until when people aim to answer. `offered`: it was offered to the operator who
    asks, by name. `ended_at` and `resolution` are of the latest ticket that is over."""

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
    state: State
    priority: int
    tags: list[str]
    answer_by: datetime | None
    held_until: datetime | None
    offered: bool
    blocked: bool
    ended_at: datetime | None
    resolution: str


class Rows(Answered):
    conversations: list[Row]


class CardChannel(Answered):
    channel: str
    current: bool


class IntentScore(Answered):
    name: str
    confidence: float


class OfferView(Answered):
    """Who was asked to take the ticket, by name (nobody named: everybody), and until when."""

    to: list[str]
    until: datetime
    rung: int


class PastView(Answered):
    """A ticket that is over."""

    id: str
    reason: str
    skill: str
    opened_at: datetime
    ended_at: datetime
    how: Literal["closed", "returned", "solved", "idle"]
    assignee: str
    request: str
    resolution: str
    tags: list[str]


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
    tags: list[str]
    customer_tags: list[str]
    priority: int
    first_by: datetime | None
    next_by: datetime | None
    held_until: datetime | None
    offer: OfferView | None
    past: list[PastView]
    rating: Literal["", "excellent", "fine", "bad"]
    rated: Literal["", "bot", "person"]
    blocked: bool


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
    one of the page's own sentences by name (`no_edits`), with `values` in it. `people`: it is for these (by id)
    alone; `message`: it is about the own message with that id."""

    id: str
    text: str
    values: dict[str, Any] = {}
    people: list[str] = []
    message: str = ""


class ConflictView(Answered):
    """The operator's own `message` was not sent, for the colleague `name` has the conversation."""

    message: str
    name: str


class Opened(Answered):
    """`can` is null when nothing is connected that could carry an answer, or it is not known."""

    row: Row
    card: CardView
    can: Can | None
    undelivered: list[Waiting]
    told: Told | None
    conflicts: list[ConflictView]


class Kept(Answered):
    """A file that was uploaded. `kind` is what it will be sent as."""

    file: str
    kind: str
    name: str
    mime: str
    size: int


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
