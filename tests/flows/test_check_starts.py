"""Intents that nothing answers are told of, unless people are called, or called off, by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import loader
from tests.flows.world import BOT, PAYMENT, write

NLU = """\
version: "3.1"
nlu:
- intent: complaint
  examples: |
    - this is outrageous
"""


@pytest.mark.parametrize(
    ("handoff", "told"),
    [
        ("", True),
        ("handoff: {reasons: {sensitive_topic: {intents: [complaint]}}}\n", False),
        ("handoff: {reasons: {user_request: {intents: [complaint]}}}\n", False),
        ("handoff: {solved: [complaint]}\n", False),
        ("handoff: {reasons: nonsense}\n", False),  # what stands there cannot be read
    ],
)
def test_an_intent_that_people_answer_needs_no_flow(tmp_path: Path, handoff: str, *, told: bool) -> None:
    flow = PAYMENT.replace("start: {intent: payment", "start: {command: pay")
    _, findings = loader.find(write(tmp_path, {"payment": flow}, bot=BOT + handoff, nlu=NLU))
    assert any('no flow answers the intent "complaint"' in finding.what for finding in findings) is told
