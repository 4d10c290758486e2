"""Examples of `out_of_scope`, which a review inbox gathers by the thousand, do not crowd out the others."""

from __future__ import annotations

import numpy as np

from nlu import fit
from nlu.data import Example
from nlu.pipeline import Pipeline


def word(number: int) -> str:
    """Numbers in a text are all one to the model."""
    return "".join("abcdefghij"[int(digit)] for digit in f"{number:04}")


def example(text: str, intent: str) -> Example:
    return Example(text=text, intent=intent, entities=(), file="nlu/x.yml", line=1)


WANTED = ("pay", "send", "return", "open")
OWN = [example(f"{intent} it {word(number)}", intent) for intent in WANTED for number in range(10)]
STRANGE = [
    example(f"{WANTED[number % 4] if number % 20 < 4 else 'is'} it {word(9_000 + number)}", fit.OUT_OF_SCOPE)
    for number in range(1_000)
]
"""About something else; a fifth of it sounds like what the bot is for."""


def learnt(examples: list[Example]) -> set[str]:
    counted = fit.count_examples(examples, ())
    number = counted.intents.index(fit.OUT_OF_SCOPE)
    return {" ".join(counted.texts[int(row)]) for row in np.flatnonzero(counted.labels == number)}


def share_understood(strange: list[Example]) -> float:
    counted = fit.count_examples(OWN + strange, ())
    pipeline: Pipeline = fit.fit(counted, np.arange(len(counted.texts)))
    said = pipeline.predict([[intent, "it"] for intent in WANTED]).probabilities.argmax(axis=1)
    return float(np.mean([pipeline.intents[at] == intent for at, intent in zip(said, WANTED, strict=True)]))


def test_of_too_many_a_sample_is_learnt() -> None:
    assert len(learnt(OWN + STRANGE)) == 30
    assert len(learnt(OWN + STRANGE[:30])) == 30
    assert len(learnt(OWN + STRANGE[:12])) == 12


def test_beside_many_intents_it_may_have_a_fifth_of_what_they_have_together() -> None:
    many = [
        example(f"{word(intent)} {word(number)}", f"intent{intent}") for intent in range(50) for number in range(10)
    ]
    assert len(learnt(many + STRANGE)) == 100


def test_the_sample_stays_when_more_come() -> None:
    before, after = learnt(OWN + STRANGE), learnt(OWN + STRANGE[::-1] + [example("a new one", fit.OUT_OF_SCOPE)])
    assert len(before - after) <= 1


def test_what_the_bot_is_for_is_understood_beside_any_number() -> None:
    assert share_understood(STRANGE) == 1


def test_no_other_intent_is_cut() -> None:
    many = [example(f"pay {word(number)}", "pay") for number in range(500)]
    counted = fit.count_examples(OWN + many, ())
    assert len(counted.texts) > 500
