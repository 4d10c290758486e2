"""The demo's rules for calling people, held against what its own customers say; and its canned replies."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from estafeta.kernel.model import Customer, Reason, Understanding
from flows import templates
from flows.model import Workspace
from handoff import triggers
from nlu.data import read_workspace

DEMO = Path(__file__).parents[2] / "demo"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
LANGUAGES = ("ru", "en")


def _reason(workspace: Workspace, text: str, intent: str = "") -> Reason | None:
    known = Understanding(intent=intent, confidence=0.9) if intent else None
    found = triggers.reason_to_call(
        workspace, text=text, understanding=known, customer=Customer(), past=(), language="ru", now=NOW
    )
    return None if found is None else found.reason


def test_what_customers_ask_calls_nobody_by_mistake(demo_workspace: Workspace) -> None:
    """Complaints, and worries about leaked data, may."""
    calm = [
        example for example in read_workspace(DEMO).examples if example.intent not in ("human_request", "complaint")
    ]
    called = [example.text for example in calm if _reason(demo_workspace, example.text) is not None]
    assert [text for text in called if "утечк" not in text] == []


def test_every_wish_for_a_person_is_one_and_most_need_no_model(demo_workspace: Workspace) -> None:
    wishes = [example.text for example in read_workspace(DEMO).examples if example.intent == "human_request"]
    assert [text for text in wishes if _reason(demo_workspace, text, "human_request") is not Reason.USER_REQUEST] == []
    alone = [text for text in wishes if _reason(demo_workspace, text) is Reason.USER_REQUEST]
    assert len(alone) > len(wishes) / 2


def test_every_skill_has_its_matters_and_small_talk_is_nobodys(demo_workspace: Workspace) -> None:
    owned = [intent for skill in demo_workspace.skills.values() for intent in skill.intents]
    assert all(skill.intents for skill in demo_workspace.skills.values())
    assert not {"greeting", "thanks", "goodbye", "affirm", "deny", "how_are_you", "human_request"} & set(owned)
    assert all(skill.relax_to for name, skill in demo_workspace.skills.items() if name != "general")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("known", [True, False])
def test_canned_replies_read_well_with_and_without_what_they_ask_for(
    demo_workspace: Workspace, language: str, *, known: bool
) -> None:
    values = {
        "customer": {"name": "Маша" if known else "", "language": language},
        "slots": {"order_number": "100234", "new_address": "Тверь"} if known else {},
        "operator": "Анна" if known else "",
        "now": NOW,
    }
    with_templates = 0
    for reply in demo_workspace.replies:
        words = templates.text(reply.text.pick(language, "ru"))
        with_templates += not isinstance(words, str)
        text = templates.render(words, values)
        assert not re.search(r"[{}]|None|  | [.,!?]|^\W", text), text
        assert text[0].isupper()
    assert with_templates >= 6
