"""What Rasa says becomes what the embedded engine would say; what is no answer of Rasa's is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estafeta.kernel.model import Understanding
from nlu.normalise import read
from nlu.rasa_answers import MOST_ENTITIES, RANKED, Malformed, understanding
from tests.nlu.rasa_stand_in import parsed

TEXT = "из Казани в Москву, заказ 10452"


def understood(**more: Any) -> Understanding:
    return understanding(json.dumps(parsed(TEXT, **more)).encode(), TEXT, read(TEXT), 0, model="m")


def ranking(*guesses: tuple[str | None, float]) -> list[dict[str, Any]]:
    return [{"name": name, "confidence": confidence} for name, confidence in guesses]


def entity(name: str, start: int, end: int, extractor: str = "DIETClassifier", **more: Any) -> dict[str, Any]:
    return {"entity": name, "start": start, "end": end, "value": TEXT[start:end], "extractor": extractor, **more}


def test_a_ranking_has_the_best_few_in_order() -> None:
    found = understood(intent_ranking=ranking(*[(f"i{n}", n / 100) for n in range(20)]))
    assert len(found.ranking) == RANKED
    assert (found.intent, found.confidence) == ("i19", 0.19)


def test_without_a_ranking_the_intent_is_one() -> None:
    found = understood(intent_ranking=[])
    assert [intent.name for intent in found.ranking] == ["order_status"]


def test_no_intent_means_nothing() -> None:
    for given_ in ({"intent": None}, {"intent": {"name": None, "confidence": 0.0}}):
        found = understood(**given_, intent_ranking=[])
        assert (found.intent, found.confidence, found.ranking) == ("", 0.0, ())


def test_what_rasa_calls_not_knowing_is_left_out() -> None:
    found = understood(intent_ranking=ranking(("nlu_fallback", 0.6), ("greet", 0.3), ("human", 0.2)))
    assert (found.intent, found.confidence) == ("greet", 0.3)


def test_a_sum_of_rounded_numbers_is_not_above_one() -> None:
    assert understood(intent_ranking=ranking(("greet", 1.0000002))).confidence == 1.0


def selection(*responses: tuple[str, float]) -> dict[str, Any]:
    listed = [{"intent_response_key": key, "confidence": share} for key, share in responses]
    return {"response": {"intent_response_key": listed[0]["intent_response_key"]}, "ranking": listed}


def test_a_retrieval_intent_is_the_intents_below_it() -> None:
    found = understood(
        intent_ranking=ranking(("faq", 0.8), ("greet", 0.2)),
        response_selector={
            "all_retrieval_intents": ["faq"],
            "faq": selection(("faq/ask_price", 0.875), ("faq/ask_time", 0.125)),
        },
    )
    assert [(i.name, round(i.confidence, 9)) for i in found.ranking] == [
        ("faq/ask_price", 0.7),
        ("greet", 0.2),
        ("faq/ask_time", 0.1),
    ]


def test_one_selector_for_all_retrieval_intents() -> None:
    found = understood(
        intent_ranking=ranking(("faq", 0.8), ("chitchat", 0.2)),
        response_selector={"default": selection(("faq/a", 0.3), ("chitchat/b", 0.6), ("faq/c", 0.1))},
    )
    assert {i.name: round(i.confidence, 9) for i in found.ranking} == {
        "faq/a": 0.6,
        "faq/c": 0.2,
        "chitchat/b": 0.2,
    }


def test_a_retrieval_intent_without_a_selector_keeps_its_name() -> None:
    assert understood(intent_ranking=ranking(("faq", 0.8))).intent == "faq"


def test_entities_have_their_roles_and_groups_and_the_order_of_the_text() -> None:
    found = understood(
        entities=[entity("city", 12, 18, role="to", group="1"), entity("city", 3, 9, role="from", value="Казань")]
    )
    assert [(e.value, e.start, e.end, e.role, e.group) for e in found.entities] == [
        ("Казань", 3, 9, "from", ""),
        ("Москву", 12, 18, "to", "1"),
    ]


def test_a_rule_goes_before_what_was_learnt_and_takes_its_role() -> None:
    found = understood(
        entities=[
            entity("order", 20, 31, role="which"),
            entity("order", 26, 31, "RegexEntityExtractor"),
            entity("number", 26, 31),
        ]
    )
    assert [(e.name, e.start, e.end, e.role) for e in found.entities] == [
        ("number", 26, 31, ""),
        ("order", 26, 31, "which"),
    ]


def test_of_two_rules_the_longest_stays() -> None:
    rule = "RegexEntityExtractor"
    found = understood(entities=[entity("order", 26, 29, rule), entity("order", 26, 31, rule)])
    assert [(e.start, e.end) for e in found.entities] == [(26, 31)]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, "7"), (1.5, "1.5"), ("seven", "seven"), (None, "10452"), (True, "10452"), ({"from": 1}, "10452"),
        ([], "10452"), ("", "10452"), ("x" * 5_000, "10452"),
    ],
)  # fmt: skip
def test_a_value_is_a_word_or_else_what_was_typed(value: Any, expected: str) -> None:
    assert understood(entities=[entity("order", 26, 31, value=value)]).entities[0].value == expected


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 2), (0, 32), (2**60, 2**61)])
def test_an_entity_outside_the_text_is_dropped(start: int, end: int) -> None:
    assert understood(entities=[entity("city", 0, 2) | {"start": start, "end": end}]).entities == ()


def test_entities_are_bounded() -> None:
    many = [entity(f"e{n}", 0, 2) for n in range(5_000)]
    assert len(understood(entities=many).entities) == MOST_ENTITIES


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"intent": "greet"}, "intent"),
        ({"intent_ranking": [{"name": "x" * 300, "confidence": 1}]}, "intent_ranking.0.name"),
        ({"intent_ranking": [{"name": "x", "confidence": 7}]}, "intent_ranking.0.confidence"),
        ({"intent_ranking": [{"name": "x", "confidence": -0.1}]}, "intent_ranking.0.confidence"),
        ({"intent_ranking": [{"name": "x", "confidence": "1"}]}, "intent_ranking.0.confidence"),
        ({"intent_ranking": [{"name": 5, "confidence": 1}]}, "intent_ranking.0.name"),
        ({"intent_ranking": [{"name": "x", "confidence": 0.0}] * 10_001}, "intent_ranking"),
        ({"entities": [{"entity": "", "start": 0, "end": 1}]}, "entities.0.entity"),
        ({"entities": [{"entity": "x", "start": "0", "end": 1}]}, "entities.0.start"),
        ({"entities": {}}, "entities"),
        ({"response_selector": []}, "response_selector"),
        ({"response_selector": {"faq": {"ranking": [{}]}}}, "ranking.0.intent_response_key"),
    ],
)
def test_what_is_not_rasas_is_refused_with_its_place(more: dict[str, Any], place: str) -> None:
    with pytest.raises(Malformed, match=place.replace(".", r"\.")):
        understood(**more)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["intent", "intent_ranking", "entities", "response_selector", "text"])
inside = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("name", "confidence", "entity", "start", "end", "value", "role", "group", "extractor", "ranking"), json_values
    ),
)


@given(st.dictionaries(keys, json_values | inside | st.lists(inside, max_size=3), max_size=5))
def test_any_answer_is_refused_or_well_formed(more: dict[str, Any]) -> None:
    try:
        found = understood(**{"text": TEXT, **more}) if more.get("text", TEXT) == TEXT else None
    except Malformed:
        return
    if found is None:
        return
    assert 0 <= found.confidence <= 1
    assert [i.confidence for i in found.ranking] == sorted((i.confidence for i in found.ranking), reverse=True)
    assert all(0 <= e.start < e.end <= len(TEXT) and e.name and e.value for e in found.entities)
