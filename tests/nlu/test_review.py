"""Messages are grouped by what they say, and proposals made of what people answered; the same every time."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from nlu.data import Example, TrainingData
from nlu.propose import APART, Case, propose
from nlu.review import LIKELY, SHOWN, grouped, intents_like, likely, nearest

GIFTS = ["упакуйте в подарок", "можно упаковать в подарок", "упакуйте это в подарок пожалуйста", "Упакуйте в подарок!"]


def costs(texts: list[str]) -> list[float]:
    return [1.0] * len(texts)


# --- groups --------------------------------------------------------------------------------------


def test_texts_that_say_the_same_are_one_group_and_the_dearest_is_first() -> None:
    texts = ["where is the loo", *GIFTS, "call me"]
    first, *rest = grouped(texts, costs(texts))
    assert {texts[number] for number in first.members} == set(GIFTS)
    assert first.texts[0] == "Упакуйте в подарок!"  # two say so
    assert len(rest) == 2


def test_the_order_of_arrival_changes_nothing() -> None:
    texts = [*GIFTS, "where is my order", "where is the order of mine", "call me", "please call me now"]
    shuffled = random.Random(7).sample(texts, len(texts))
    one = {frozenset(texts[number] for number in group.members) for group in grouped(texts, costs(texts))}
    two = {frozenset(shuffled[number] for number in group.members) for group in grouped(shuffled, costs(shuffled))}
    assert one == two


def test_what_it_costs_counts_more_than_how_many_there_are() -> None:
    texts = ["hello there", "hello there", "my parcel is lost"]
    assert grouped(texts, [0.2, 0.2, 1.0])[0].texts == ("my parcel is lost",)


def test_a_group_shows_a_few_and_every_message_is_in_one() -> None:
    texts = [f"where is order number {'abcdefghij'[at % 10] * (at % 4 + 1)}" for at in range(200)] + ["", "👎", "\x00"]
    groups = grouped(texts, costs(texts))
    assert sorted(number for group in groups for number in group.members) == list(range(len(texts)))
    assert max(len(group.texts) for group in groups) <= SHOWN
    assert grouped([], []) == []


def test_the_likely_intents_are_those_of_examples_like_it_and_of_the_model(shop: TrainingData) -> None:
    example = next(one for one in shop.examples if one.intent == "order_status")
    found, none = likely([[example.text], ["qqqq"]], [{"greet": 0.4, "gone": 0.9}, {}], shop.examples)
    assert found[:2] == ["order_status", "greet"]
    assert "gone" not in found
    assert len(found) <= LIKELY
    assert none == []


def test_the_nearest_intent(shop: TrainingData) -> None:
    example = next(one for one in shop.examples if one.intent == "order_status")
    (same, other) = nearest([example.text.upper(), "qqqq"], shop.examples)
    assert same[0] == "order_status"
    assert same[1] == pytest.approx(1.0, abs=0.001)
    assert other == ("", 0.0)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("order_status", ["order_status"]), ("Order-Status", ["order_status"]), ("status", ["order_status"]),
        ("order", ["order_cancel", "order_status"]), ("oder_status", ["order_status"]), ("qq", []), ("___", []),
    ],
)  # fmt: skip
def test_a_part_of_an_intents_name_will_do(typed: str, found: list[str]) -> None:
    assert intents_like(typed, ["greet", "order_status", "order_cancel", "thanks"])[: len(found) or 1] == found


# --- proposals -----------------------------------------------------------------------------------


def cases(texts: list[str], answer: str = "Да, упакуем бесплатно.", seconds: float = 60.0) -> list[Case]:
    return [Case(question=text, answer=answer, seconds=seconds, source=text) for text in texts]


def test_like_questions_become_an_intent_with_the_usual_answer(shop: TrainingData) -> None:
    given = [*cases(GIFTS), *cases(["зачем вы"], "Не знаю"), Case(question=GIFTS[1], answer="Ваш код 1234567")]
    (one,) = propose(given, shop)
    assert not one.known
    assert set(one.questions) == {"упакуйте в подарок", *GIFTS[1:3]}
    assert (one.answer, one.personal) == ("Да, упакуем бесплатно.", False)
    assert (one.handoffs, one.seconds) == (5, 300.0)
    assert one.agreed == pytest.approx(0.8)
    assert one.intent.isascii()
    assert one.intent not in shop.intents


def test_what_is_like_an_example_is_proposed_for_its_intent(shop: TrainingData) -> None:
    text = next(one.text for one in shop.examples if one.intent == "order_status" and len(one.text.split()) > 3)
    (one,) = propose(cases([f"{text} please", f"{text} please"]), shop)
    assert (one.known, one.intent) == (True, "order_status")
    assert propose(cases([text, text]), shop) == []


def test_a_new_intent_is_named_after_what_its_questions_share(shop: TrainingData) -> None:
    asked = ["вы чините велосипеды", "почините мне велосипед", "где тут чините велосипеды"]
    found = propose([*cases(asked), *cases(["зачем вы", "кто вы", "вы тут"])], shop)
    assert "velosiped" in next(one.intent for one in found if asked[0] in one.questions)


def test_what_is_not_for_the_bot_is_not_proposed(shop: TrainingData) -> None:
    taught = Example(text=GIFTS[0], intent="out_of_scope", entities=(), file="x", line=1, column=1)
    with_it = replace(shop, examples=(*shop.examples, taught))
    assert propose(cases([GIFTS[0]] * 3), with_it) == []


def test_what_costs_more_is_first_and_what_was_asked_once_is_not_told(shop: TrainingData) -> None:
    bikes = ["do you repair bicycles", "can you repair bicycles"]
    found = propose([*cases(GIFTS), *cases(bikes, "No.", 900.0), *cases(["zzz qqq"])], shop)
    assert [one.handoffs for one in found] == [2, 4]
    assert len(propose([*cases(GIFTS), *cases(bikes)], shop, most=1)) == 1


def test_an_answer_with_somebodys_number_is_only_taken_when_there_is_no_other(shop: TrainingData) -> None:
    (one,) = propose(cases(GIFTS, "Заказ 100234 упакован"), shop)
    assert one.personal
    (one,) = propose([*cases(GIFTS, "Заказ 100234 упакован"), *cases(GIFTS[:1], "Упакуем")], shop)
    assert (one.answer, one.personal) == ("Упакуем", False)


def test_nobody_answered(shop: TrainingData) -> None:
    (one,) = propose(cases(GIFTS, ""), shop)
    assert (one.answer, one.agreed) == ("", 0.0)


def test_the_same_cases_make_the_same_proposals_in_whatever_order(shop: TrainingData) -> None:
    given = [*cases(GIFTS), *cases(["do you repair bicycles", "can you repair bicycles"], "No.")]
    assert {(one.intent, one.handoffs) for one in propose(given, shop)} == {
        (one.intent, one.handoffs) for one in propose(given[::-1], shop)
    }


@pytest.mark.parametrize("text", ["", "👎", "\u202e\x00", "a" * 10_000, "{{ 7 * 7 }} {% raw %}", "- a: [b](c)"])
def test_hostile_questions(shop: TrainingData, text: str) -> None:
    for one in propose(cases([text, text], text), shop):
        assert one.intent
        assert 0 < APART < 1


def test_the_most_usual_questions_are_compared(shop: TrainingData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nlu.propose.MOST", 100)
    words = random.Random(3)
    texts = [" ".join("".join(words.choices("abcdefgh", k=5)) for _ in range(4)) for _ in range(2_500)]
    assert propose([*cases(texts), *cases(GIFTS[:1] * 3)], shop)[0].questions == (GIFTS[0],)
    assert len(propose(cases([*texts, *texts]), shop, most=5)) <= 5
