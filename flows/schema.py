"""JSON Schemas of a workspace's files, for editors that complete and check while one types."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from flows.files import BotFile, RepliesFile
from flows.hours_file import HoursFile
from flows.sentiment_file import SentimentFile
from flows.steps import FlowFile
from flows.tone_file import ToneFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_KINDS: dict[str, tuple[type[BaseModel], str]] = {
    "bot": (BotFile, "bot.yml of an Estafeta workspace"),
    "hours": (HoursFile, "hours.yml of an Estafeta workspace"),
    "replies": (RepliesFile, "replies.yml of an Estafeta workspace"),
    "sentiment": (SentimentFile, "sentiment.yml of an Estafeta workspace"),
    "tone": (ToneFile, "tone.yml of an Estafeta workspace"),
    "flow": (FlowFile, "A dialog of an Estafeta workspace: flows/*.yml"),
}


def schemas() -> dict[str, dict[str, Any]]:
    """One schema for each kind of file: bot, hours, replies, sentiment, tone, flow."""
    return {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True), "title": title}
        for name, (model, title) in _KINDS.items()
    }
