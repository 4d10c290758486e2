"""What the gate refuses, rule by rule, and what it lets through."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estafeta.app.evaluation.words import WORDS
from flows.gate_file import GateRules
from nlu.cases import Case
from nlu.gate import SENTENCES, Asked, Remark, judge_models
from nlu.judging import Outcome

ENOUGH = 0.45


def said(*pairs: tuple[str, str], confidence: float = 0.9) -> list[Outcome]:
    """What was meant, and what was said."""
    return [
        Outcome(case=Case(text=f"t{number}", intent=true), said=said, confidence=confidence, entities={})
        for number, (true, said) in enumerate(pairs)
    ]


def codes(before: Asked | None, after: Asked, **rules: object) -> list[str]:
    found = judge_models(before, after, GateRules.model_validate(rules), ENOUGH)
    assert found.passed is not bool(found.refusals)
    return [one.code for one in found.refusals]


def held(*pairs: tuple[str, str]) -> Asked:
    return Asked(model="m", held_out=said(*pairs))


def heard(*decisions: str, times: int = 1) -> Asked:
    return Asked(model="m", messages=said(*(("", one) for one in decisions)), times=[times] * len(decisions))


RIGHT, WRONG = ("a", "a"), ("a", "b")


def test_a_pinned_example_must_hold_as_it_does_now() -> None:
    good, bad = Asked(model="m", pinned=said(RIGHT, RIGHT)), Asked(model="m", pinned=said(RIGHT, WRONG))
    assert codes(good, good) == []
    assert codes(good, bad) == ["pinned"]
    assert codes(good, bad, pinned=1) == []
    assert codes(bad, bad) == []
    assert codes(None, bad) == ["pinned_first"]
    found = judge_models(bad, bad, GateRules(), ENOUGH)
    assert [(one.text, one.new) for one in found.failing] == [("t1", False)]


def test_pinned_entities_must_be_found_exactly() -> None:
    case = Case(text="где 7", intent="a", entities={"number": ("7",)})
    good = Outcome(case=case, said="a", confidence=0.9, entities={"number": ("7",)})
    bad = Outcome(case=case, said="a", confidence=0.9, entities={})
    assert codes(Asked(model="m", pinned=[good]), Asked(model="m", pinned=[bad])) == ["pinned"]


def test_fewer_held_out_texts_may_be_right_within_the_limit() -> None:
    before, after = held(*[RIGHT] * 200), held(*[RIGHT] * 197, *[WRONG] * 3)
    assert codes(before, after) == ["accuracy"]
    assert codes(before, after, accuracy=1.5) == []
    assert codes(after, before) == []


def test_no_single_intent_may_fall_far() -> None:
    many = [("b", "b")] * 2000
    before, after = held(*[RIGHT] * 12, *many), held(*[RIGHT] * 8, *[WRONG] * 4, *many)
    assert codes(before, after) == ["intent"]
    assert codes(before, after, intent_least=13) == []
    assert codes(before, after, intent=25) == []


def test_texts_of_others_are_not_to_be_answered() -> None:
    unsure = [Outcome(case=Case(text=f"o{n}", intent=""), said="a", confidence=0.1) for n in range(10)]
    sure = [Outcome(case=one.case, said="a", confidence=0.9) for one in unsure]
    own = said(*[RIGHT] * 50)
    before, after = Asked(model="m", held_out=[*own, *unsure]), Asked(model="m", held_out=[*own, *sure])
    assert codes(before, after) == ["out_of_scope"]
    assert codes(before, after, out_of_scope=100) == []


def test_real_messages_count_as_often_as_they_were_said() -> None:
    before, after = heard("a", "a", "a", "a", "a", times=20), heard("a", "a", "a", "a", "b", times=20)
    assert codes(before, after) == ["changed"]
    assert codes(before, after, changed=20) == []
    assert codes(before, after, messages_least=101) == []
    rare = Asked(model="m", messages=before.messages, times=[20, 20, 20, 20, 1])
    assert codes(rare, Asked(model="m", messages=after.messages, times=rare.times)) == []


def test_real_messages_are_not_to_be_lost() -> None:
    before = heard("a", "b", times=50)
    after = Asked(
        model="m", messages=[*before.messages[:1], *said(("", "x"), ("", "b"), confidence=0.1)[1:]], times=before.times
    )
    assert codes(before, after, changed=100) == ["lost"]
    assert codes(before, after, changed=100, lost=50) == []


def test_a_model_that_does_not_answer_is_refused() -> None:
    silent = [Outcome(case=Case(text="x", intent="a"), said="", confidence=0.0, failed="away")]
    assert codes(None, Asked(model="m", held_out=silent)) == ["silent"]


def test_what_was_not_judged_is_told() -> None:
    found = judge_models(None, Asked(model="m"), GateRules(), ENOUGH)
    assert found.passed
    assert {one.code for one in found.notes} == {"no_model_before", "no_pinned", "no_held_out", "no_messages"}
    assert found.in_words == "passed"


@pytest.mark.parametrize("language", sorted(WORDS))
def test_every_sentence_is_in_both_languages(language: str) -> None:
    values = {
        "new": 1, "limit": 2, "lost": 3.0, "after": 0.5, "before": 0.6, "intent": "a", "share": 5.0, "messages": 7,
        "failed": 8, "model": "m", "why": "w",
    }  # fmt: skip
    for code in SENTENCES:
        assert str(Remark(code, values))
        assert WORDS[language][f"gate.{code}"].format(**values)
    assert set(WORDS[language]) == set(WORDS["en"])


def test_to_ask_what_is_meant_is_a_changed_decision_and_not_a_lost_message() -> None:
    unsure = said(*[("", "a")] * 100, confidence=0.3)
    asking = [replace(one, asks=("a", "b")) for one in unsure]
    silent, asked = (Asked(model="m", messages=one, times=[1] * 100) for one in (unsure, asking))
    assert codes(silent, asked) == ["changed"]
    assert codes(asked, silent) == ["changed", "lost"]
    found = judge_models(silent, asked, GateRules(), ENOUGH).shadow
    assert found is not None
    assert (found.not_understood_before, found.not_understood_after) == (100, 0)
    assert {(one.before_asks, one.after_asks) for one in found.decisions} == {((), ("a", "b"))}
    pinned = [replace(one, case=Case(text="t", intent="a")) for one in asking[:1]]
    (failing,) = judge_models(None, Asked(model="m", pinned=pinned), GateRules(), ENOUGH).failing
    assert failing.got == "asks: a or b (0.30)"
