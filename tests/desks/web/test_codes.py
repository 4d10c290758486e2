"""Whatever the engine can tell by a code, the page has a sentence for, in both languages."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import pytest

from estafeta.kernel.model import Notice, Past, Rating, Reason
from estafeta.rights import NotAllowed
from handoff.desks.telegram_forum.answers import NEWS
from handoff.desks.web.page import STATIC
from handoff.desks.web.refusals import SENTENCES, not_allowed
from tests.conftest import ROOT
from tests.desks.web.test_sentences import sentences

QUIET = frozenset(re.findall(r'"(\w+)"', re.findall(r"const QUIET = \[(.*?)\]", (STATIC / "talk.js").read_text())[0]))
"""Events that the page shows otherwise than by a line."""
SHOWN_BESIDE = {"undone"}
"""That an answer was taken back stands under it."""


def calls(name: str) -> Iterator[ast.Call]:
    """Of a function or method of this name, wherever the engine decides."""
    for path in sorted((ROOT / "estafeta").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = node.func if isinstance(node, ast.Call) else None
            if name == getattr(called, "attr", getattr(called, "id", "")):
                assert isinstance(node, ast.Call)
                yield node


def constants(node: ast.expr) -> set[str]:
    """All words that an expression can be made of; of one that is put together, nothing."""
    if isinstance(node, ast.JoinedStr):
        return set()
    if isinstance(node, ast.IfExp):
        return constants(node.body) | constants(node.orelse)
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and re.fullmatch(r"[a-z_]+", one.value)
    }


def told() -> set[str]:
    """Codes of sentences in notices: those written where the notice is made, and those handed to it."""
    found: set[str] = set()
    for call in calls("Notice"):
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        kind = given["kind"]
        if isinstance(kind, ast.Constant) and kind.value in ("info", "reminder", "offer") and "text" in given:
            found |= constants(given["text"])
    for call in calls("call"):
        if len(call.args) == 4:  # deadlines.call(draft, held, why, until)
            found |= constants(call.args[2])
    return found | {"no_edits", "no_deletes", "no_reactions", "too_old_to_change", "not_sent_yet"}


def happened() -> set[str]:
    found = {name for call in calls("happened") if call.args for name in constants(call.args[0])}
    return found | set(get_args(get_type_hints(Past)["how"])) | {"opened"}


def test_the_walk_finds_what_there_is() -> None:
    assert {"owned", "unanswered", "taken_over", "csat_bad", "held_over", "promise_near"} <= told()
    assert {"opened", "taken", "closed", "rated_why", "not_changed", "promise_broken"} <= happened()


@pytest.mark.parametrize("language", ["russian", "english"])
def test_every_code_of_a_notice_has_a_sentence(language: str) -> None:
    there = sentences(language)
    assert {code for code in told() | set(NEWS) if f"why.{code}" not in there} - SHOWN_BESIDE == set()


@pytest.mark.parametrize("language", ["russian", "english"])
def test_every_event_has_a_sentence_or_is_shown_otherwise(language: str) -> None:
    there = sentences(language)
    assert {name for name in happened() if f"event.{name}" not in there} - QUIET == set()


@pytest.mark.parametrize("language", ["russian", "english"])
def test_every_reason_ending_and_mark_has_words(language: str) -> None:
    there = sentences(language)
    assert {reason.value for reason in Reason if f"reason.{reason.value}" not in there} == set()
    assert {how for how in get_args(get_type_hints(Past)["how"]) if f"ended.{how}" not in there} == set()
    assert {mark for mark in get_args(Rating) if mark and f"rating.{mark}" not in there} == set()


@pytest.mark.parametrize("language", ["russian", "english"])
def test_every_line_of_the_audit_log_has_words(language: str) -> None:
    written = set()
    for folder in ("estafeta", "handoff"):
        for path in (ROOT / folder).rglob("*.py"):
            written |= set(re.findall(r'\baudit\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    assert {what for what in written if f"audit.did.{what}" not in sentences(language)} == set()


def test_every_refusal_of_the_roster_is_told_in_the_operators_language() -> None:
    codes = set(
        re.findall(r'^    "(\w+)":', (ROOT / "estafeta" / "rights.py").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert "not_enrolled" in codes
    assert codes - SENTENCES.keys() - {"unknown_field", "invite_unknown"} == set()
    refused = not_allowed(NotAllowed("unknown_shift", name="nosuch", names="day, night"))
    assert refused.sentence("ru") == "Смены «nosuch» нет. В hours.yml есть: day, night."
    assert "day, night" in refused.sentence("en")


def test_every_kind_of_a_notice_is_known_here() -> None:
    """A kind that is new must be thought of: the page is told of changes of the row, the card and the timeline by
    themselves, and of sentences by `WebDesk.show`."""
    assert set(get_args(get_type_hints(Notice)["kind"])) == {
        "card", "said", "state", "receipt", "info", "reminder", "offer", "conflict"
    }  # fmt: skip
