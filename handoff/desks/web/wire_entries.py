"""Lines of a timeline as the web desk's answers tell them, and what is found in a customer's past."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from handoff.desks.web.wire import Answered, IntentScore, PastView


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
    marks: list[ShownMark] = Field(default_factory=list)
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
    is the entry `data.reply_to`, or the words `data.quote`. `heard`: the bot tried to understand it; `intent` is
    what it took it for."""

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
    heard: bool
    data: dict[str, Any]


class Entries(Answered):
    entries: list[EntryView]


class Found(Answered):
    """Lines in which the words stand, the latest first. `whole`: everything was looked through; if not, `before`
    is the seq to go on from."""

    entries: list[EntryView]
    whole: bool
    before: int


class Remembered(Answered):
    """A ticket that is over. `seq` is where it begins in the timeline, null when that is too far back; `rating`
    the customer's mark for it."""

    ticket: PastView
    seq: int | None
    rating: str


class History(Answered):
    tickets: list[Remembered]
