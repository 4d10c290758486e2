"""What helps an operator to answer, as the web desk's answers tell it: canned replies, suggestions, templates."""

from __future__ import annotations

from estafeta.explaining import Why
from handoff.desks.web.wire import Answered, Asked, Choice, Name


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


class UnderstoodAs(Answered):
    intent: str
    confidence: float


class SaidFrom(Answered):
    """`where` is file:line of the content, "" for a phrase, and for what stands there no more."""

    text: str
    flow: str
    where: str


class Explained(Answered):
    """One turn of the bot. `seq` is the customer's message, `waited_at` where the talk stood when it came, `people` why
    they were called and for which skill. `fallback`: nothing in the content answers it."""

    seq: int
    release: str
    understood: list[UnderstoodAs]
    model: str
    waited_at: str
    flows: list[str]
    said: list[SaidFrom]
    called: list[str]
    people: list[str]
    fallback: bool


class Meanings(Answered):
    """What a message may mean, by title; what is not for the bot is the last."""

    intents: list[Choice]


class Correction(Asked):
    """What the bot should have understood: the name of an intent."""

    intent: Name


def explained(why: Why) -> Explained:
    return Explained(
        seq=why.seq,
        release=why.release,
        understood=[UnderstoodAs(intent=name, confidence=confidence) for name, confidence in why.intents],
        model=why.model,
        waited_at=why.waited_at,
        flows=why.flows,
        said=[SaidFrom(text=word.text, flow=word.flow, where=word.where) for word in why.said],
        called=why.called,
        people=why.people,
        fallback=why.fallback,
    )
