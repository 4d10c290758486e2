"""JSON Schemas of a workspace's files, for editors that complete and check while one types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from flows.files import BotFile, RepliesFile
from flows.flow_file import FlowFile
from flows.hours_file import HoursFile
from flows.pinned_file import PinnedFile
from flows.schema_examples import EXAMPLES
from flows.schema_words import KIND_OF, WORDS
from flows.sentiment_file import SentimentFile
from flows.talks_file import TalksFile
from flows.tone_file import ToneFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: dict[str, tuple[type[BaseModel], str]] = {
    "bot": (BotFile, "bot.yml of an Estafeta workspace"),
    "hours": (HoursFile, "hours.yml of an Estafeta workspace"),
    "replies": (RepliesFile, "replies.yml of an Estafeta workspace"),
    "sentiment": (SentimentFile, "sentiment.yml of an Estafeta workspace"),
    "tone": (ToneFile, "tone.yml of an Estafeta workspace"),
    "flow": (FlowFile, "A dialog of an Estafeta workspace: flows/*.yml"),
    "talks": (TalksFile, "Conversations that must hold in an Estafeta workspace: flows/tests/*.yml"),
    "pinned": (PinnedFile, "Texts that a language model must understand so: nlu/tests/pinned*.yml"),
}
FILES: Mapping[str, str] = {
    **{kind: f"{kind}.yml" for kind in _KINDS}, "flow": "flows/*.yml", "talks": "flows/tests/*.yml",
    "pinned": "nlu/tests/pinned*.yml",
}  # fmt: skip
"""Which files of a workspace each kind describes."""


def schemas() -> dict[str, dict[str, Any]]:
    """One schema for each kind of file, by the names of `FILES`. Every key tells what it is for."""
    return {kind: _schema(kind, model, title) for kind, (model, title) in _KINDS.items()}


def _schema(kind: str, model: type[BaseModel], title: str) -> dict[str, Any]:
    found: dict[str, Any] = {"$schema": _DIALECT, **model.model_json_schema(by_alias=True), "title": title}
    _tell(found, kind, kind)
    for name, part in found.get("$defs", {}).items():
        _tell(part, kind, name)
        part.setdefault("description", next(iter(_of(WORDS, kind, name).values()), title))
    return found


def _tell(part: dict[str, Any], kind: str, name: str) -> None:
    """Gives each key its description and its examples. The title that pydantic makes of a key only repeats it."""
    words, examples = _of(WORDS, kind, name), _of(EXAMPLES, kind, name)
    for key, about in part.get("properties", {}).items():
        about.pop("title", None)
        if key in words:
            about["description"] = words[key]
        if key in examples:
            about["examples"] = examples[key]


def _of(table: Mapping[str, Mapping[str, Any]], kind: str, name: str) -> Mapping[str, Any]:
    general = table.get(KIND_OF.get(name, ""), {})
    return {**general, **table.get(name, {}), **table.get(f"{kind}.{name}", {})}
