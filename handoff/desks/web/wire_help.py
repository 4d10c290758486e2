"""What helps an operator to answer, as the web desk's answers tell it: canned replies, suggestions, templates."""

from __future__ import annotations

from handoff.desks.web.wire import Answered


class CannedReply(Answered):
    name: str
    text: dict[str, str]


class CannedReplies(Answered):
    replies: list[CannedReply]


class ReadyReply(Answered):
    """A canned reply as it would be sent to this customer."""

    name: str
    text: str


class ReadyReplies(Answered):
    replies: list[ReadyReply]


class SuggestionView(Answered):
    """Words that could answer the customer. `source`: "bot" for what the bot would say, with a `title`; "past" for
    what people answered in a like case."""

    source: str
    title: str
    text: str


class Suggestions(Answered):
    suggestions: list[SuggestionView]


class Tone(Answered):
    """What may sound wrong about a draft, in sentences; it may be sent all the same."""

    warnings: list[str]


class TemplateView(Answered):
    """In `text` the places for values are {{1}}, {{2}} and so on, up to `places`."""

    name: str
    language: str
    text: str
    places: int


class Templates(Answered):
    templates: list[TemplateView]
