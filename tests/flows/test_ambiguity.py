"""When to ask “did you mean …?”, and when not to."""

from __future__ import annotations

import pytest

from estafeta.kernel.model import Dialog, Doubt, Intent, Understanding
from flows.ambiguity import ambiguous, settled


def understanding(*confidences: float) -> Understanding:
    ranking = tuple(Intent(name=f"i{at}", confidence=value) for at, value in enumerate(confidences))
    first = ranking[0] if ranking else Intent(name="", confidence=0.0)
    return Understanding(intent=first.name, confidence=first.confidence, ranking=ranking)


@pytest.mark.parametrize(
    ("confidences", "asked"),
    [
        ((0.45, 0.40, 0.05), True),
        ((0.50, 0.25), True),
        ((0.95, 0.03), False),
        ((0.62, 0.36), False),
        ((0.55, 0.10), False),
        ((0.20, 0.18), False),
        ((0.9,), False),
        ((), False),
    ],
)
def test_two_likely_intents_are_asked_about(confidences: tuple[float, ...], asked: bool) -> None:
    found = ambiguous(understanding(*confidences), 0.6)
    assert (found is not None) == asked
    if found:
        assert [intent.name for intent in found] == ["i0", "i1"]


def test_a_button_of_an_earlier_question_does_not_speak_for_later_words() -> None:
    dialog = Dialog(doubt=Doubt(text="cancel 100234", between=("order_cancel", "order_change")))
    assert settled(dialog, "meant:order_status") is None
    found = settled(dialog, "meant:order_change")
    assert found is not None
    assert (found[0].doubt, found[1].text) == (None, "cancel 100234")
