"""What a Rasa server said about a text, as the platform understands it. Pure.

The answer of `/model/parse`: https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api/#operation/parseModelMessage;
of retrieval intents: https://legacy-docs-oss.rasa.com/docs/rasa/components#responseselector. It comes from another
program, so every value is checked, and what is kept of it is bounded.

Rasa calls "I do not know" an intent, `nlu_fallback`, with the threshold of its FallbackClassifier for a confidence
(https://legacy-docs-oss.rasa.com/docs/rasa/components#fallbackclassifier). The platform decides that itself (bot.yml,
`fallback`), so it is left out, and what Rasa took for likely before it comes forward.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from estafeta.kernel.model import Entity, Intent, Understanding
from nlu.normalise import LONGEST_TEXT, Reading

RANKED = 5
"""Intents in a ranking, as the embedded engine's."""
MOST_ENTITIES = 100
"""Entities kept of one text."""
_FALLBACK = "nlu_fallback"
_BY_RULE = "RegexEntityExtractor"
_MOST_LISTED = 10_000

_Name = Annotated[str, Field(min_length=1, max_length=200)]
# A sum of 32-bit numbers may be a little above 1.
_Share = Annotated[float, Field(ge=0, le=1.001, allow_inf_nan=False)]


class Malformed(ValueError):
    """This is not an answer of Rasa's; says what is wrong, and repeats nothing of it."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class _Guess(_Part):
    name: _Name | None = None
    confidence: _Share = 0.0


class _Found(_Part):
    entity: _Name
    start: int
    end: int
    value: Any = None
    role: Annotated[str, Field(max_length=200)] | None = None
    group: Annotated[str, Field(max_length=200)] | None = None
    extractor: str | None = None


class _Response(_Part):
    intent_response_key: _Name
    confidence: _Share


class _Selection(_Part):
    ranking: Annotated[list[_Response], Field(max_length=_MOST_LISTED)] = []


class _Parsed(_Part):
    text: str
    intent: _Guess | None
    intent_ranking: Annotated[list[_Guess], Field(max_length=_MOST_LISTED)] = []
    entities: Annotated[list[_Found], Field(max_length=_MOST_LISTED)] = []
    response_selector: dict[str, Any] = {}


def understanding(answer: bytes, asked: str, reading: Reading, at: int, *, model: str) -> Understanding:
    """`asked` is the text that was sent: the piece of the reading's text from `at` on. Raises `Malformed`."""
    try:
        said = _Parsed.model_validate(orjson.loads(answer))
        if said.text != asked:
            raise Malformed("it is about another text")
        ranking = _ranking(said)
    except ValidationError as error:
        place = ".".join(map(str, error.errors(include_input=False, include_url=False)[0]["loc"]))
        raise Malformed(f"its {place[:60]} is not what Rasa answers" if place else "it is no object") from None
    except orjson.JSONDecodeError:  # not `from` the error: it holds the answer
        raise Malformed("it is not JSON") from None
    first = ranking[0] if ranking else Intent(name="", confidence=0.0)
    return Understanding(
        intent=first.name, confidence=first.confidence, ranking=ranking, model=model,
        entities=_entities(said.entities, asked, reading, at),
    )  # fmt: skip


def _ranking(said: _Parsed) -> tuple[Intent, ...]:
    guesses = said.intent_ranking or ([said.intent] if said.intent else [])
    selections = {
        name: _Selection.model_validate(value)
        for name, value in said.response_selector.items()
        if name != "all_retrieval_intents"
    }
    ranking = [
        Intent(name=name, confidence=min(1.0, share))
        for guess in guesses
        if guess.name is not None and guess.name != _FALLBACK
        for name, share in _whole_names(guess.name, guess.confidence, selections)
    ]
    ranking.sort(key=lambda intent: -intent.confidence)
    return tuple(ranking[:RANKED])


def _whole_names(name: str, confidence: float, selections: Mapping[str, _Selection]) -> Iterator[tuple[str, float]]:
    """A retrieval intent as the intents below it, faq as faq/ask_price and faq/ask_time, each with its part of the
    confidence: the embedded engine knows them by their whole names. Other intents as they are."""
    own = selections.get(name) or selections.get("default")
    below = [each for each in own.ranking if each.intent_response_key.startswith(f"{name}/")] if own else []
    whole = sum(each.confidence for each in below)
    if not whole:
        yield name, confidence
        return
    for each in below:
        yield each.intent_response_key, confidence * each.confidence / whole


def _entities(found: Iterable[_Found], asked: str, reading: Reading, at: int) -> tuple[Entity, ...]:
    """In the order of the text. Entities of one name do not overlap: what the trainer wrote down as a rule goes before
    what was learnt, of rules the longest, and takes the role and group of what it displaces."""
    inside = [each for each in found if 0 <= each.start < each.end <= len(asked)]
    inside.sort(key=lambda each: (each.extractor != _BY_RULE, each.start - each.end, each.start, each.entity))
    kept: list[_Found] = []
    for each in inside:
        clashing = [n for n, other in enumerate(kept) if _overlap(each, other)]
        for n in clashing:
            if not kept[n].role and not kept[n].group:
                kept[n] = kept[n].model_copy(update={"role": each.role, "group": each.group})
        if not clashing and len(kept) < MOST_ENTITIES:
            kept.append(each)
    kept.sort(key=lambda each: (each.start, each.end, each.entity))
    return tuple(_entity(each, asked, reading, at) for each in kept)


def _overlap(one: _Found, other: _Found) -> bool:
    return one.entity == other.entity and one.start < other.end and other.start < one.end


def _entity(found: _Found, asked: str, reading: Reading, at: int) -> Entity:
    start, end = reading.span(at + found.start, at + found.end)
    return Entity(
        name=found.entity, value=_value(found.value) or asked[found.start : found.end], start=start, end=end,
        role=found.role or "", group=found.group or "",
    )  # fmt: skip


def _value(value: Any) -> str:
    """A word or a number as text, "" for what is none: Duckling tells a span of time as an object."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    text = str(value)
    return text if len(text) <= LONGEST_TEXT else ""
