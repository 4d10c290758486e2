"""How it was: when a customer is asked for a mark, and what a press on one means. Pure.

Whose work is rated is told apart. A person's: of a ticket in which a person said something, once it is over. The
bot's, where the workspace wants that: of a dialog in which nobody was concerned but the bot, by one plain rule
(`served`), after `SILENCE`.

A question is known by when it was asked, and its buttons carry that: a press under an older one, which cannot be
told any more from one that was counted, is no mark for what came later.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

from estafeta.kernel.model import Dialog, Rating, Survey, Understanding
from flows.handoff_file import SurveyRules
from flows.model import Workspace

SURVEY = "survey"
"""The timer after which a customer is asked how people's answer was."""
SURVEY_BOT = "survey_bot"
"""The timer after which a customer is asked how the bot's answer was."""

BUTTONS = "survey:"
"""What the ids of all buttons here begin with."""
REOPEN = "survey:reopen"

Mark = Literal["excellent", "fine", "bad"]
MARKS: tuple[Mark, ...] = ("excellent", "fine", "bad")

SILENCE = timedelta(minutes=3)
"""Without a word of the customer for so long, a dialog with the bot alone is over: one who reads an answer, or
writes the next question, is not interrupted."""

LATEST = timedelta(hours=1)
"""After the end: so long a question is put off for the sake of a dialog that goes on."""

_WISH = 3
"""Fewer words are a greeting or thanks more often than something that was asked."""


def may_ask(rules: SurveyRules, latest: Survey | None, now: datetime) -> bool:
    """Whether a customer may be asked at all: surveys are on, and the latest is long enough ago."""
    return rules.on and (latest is None or now - latest.asked_at >= timedelta(days=rules.every_days))


def served(workspace: Workspace, dialog: Dialog, understandings: Sequence[Understanding], words: str) -> bool:
    """Whether the bot has answered something: the customer asked in words (`words`, the latest), those were
    understood well enough to start a flow, the last message was not met with "not understood", and no question is
    open. A menu walked through by buttons alone, a greeting and thanks do not count."""
    if dialog.frames or dialog.fallbacks or not understandings or len(words.split()) < _WISH:
        return False
    latest = understandings[-1]
    sure = latest.confidence >= workspace.bot.fallback.confidence
    return sure and latest.intent in workspace.library.by_intent


def button(mark: Mark, survey: Survey) -> str:
    """The id of the button for this mark under this question."""
    return f"{BUTTONS}{mark}:{_name(survey)}"


def pressed(button: str, survey: Survey | None) -> Mark | None:
    """The mark that a press gives to this, the latest question; None: it was another one's, or none at all.
    An id that does not tell its question is the latest one's."""
    word, _, name = button.removeprefix(BUTTONS).partition(":")
    found = next((mark for mark in MARKS if mark == word), None)
    if survey is None or not button.startswith(BUTTONS) or (name and name != _name(survey)):
        return None
    return found


def rated(rules: SurveyRules, survey: Survey, mark: Mark, now: datetime) -> Survey | None:
    """The question with its mark; after a bad one, reasons are waited for. The latest counts: people press the wrong
    button, and change their minds. None: it has this mark already."""
    if survey.rating == mark:
        return None
    why_until = now + timedelta(seconds=rules.waits_for) if mark == "bad" else None
    rating: Rating = mark
    return replace(survey, rating=rating, why_until=why_until)


def waits_for_reasons(survey: Survey | None, now: datetime) -> bool:
    return survey is not None and survey.why_until is not None and now < survey.why_until


def _name(survey: Survey) -> str:
    return str(int(survey.asked_at.timestamp()))
