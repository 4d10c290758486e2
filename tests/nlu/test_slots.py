"""Entities learnt from marked examples: what is learnt, what it is worth, and what becomes of it in a file."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import numpy as np
import pycrfsuite
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu import slot_evaluation
from nlu.data import Example, TrainingData
from nlu.entities import EntityFinder
from nlu.figures import EntityFigures, Tally
from nlu.markup import read_markup
from nlu.normalise import read
from nlu.slot_evaluation import count, cross_validate
from nlu.slot_features import MOST_TOKENS, Hit, Memory, features, tokens
from nlu.slot_training import train_slots
from nlu.slots import Slots
from tests.contracts.understander_contract import HOSTILE

CITIES = "Казань Казани,Москва Москвы,Омск Омска,Тверь Твери,Пермь Перми,Рязань Рязани,Самара Самары,Уфа Уфы"
TOWNS = "Kazan,Moscow,Omsk,Tver,Perm,Ryazan,Samara,Ufa"


def examples(lines: list[str]) -> tuple[Example, ...]:
    made = []
    for at, line in enumerate(lines, 1):
        text, marks = read_markup(line)
        made.append(Example(text=text, intent="ride", entities=marks, file="nlu/x.yml", line=at))
    return tuple(made)


def mark(words: str, **fields: str) -> str:
    return f"[{words}]{json.dumps({'entity': 'city'} | fields, ensure_ascii=False)}"


def rides() -> Iterator[str]:
    """Cities with roles, Russian and English."""
    pairs = [pair.split() for pair in CITIES.split(",")]
    for (_, whence), (where, _) in product(pairs, pairs):
        yield f"билет из {mark(whence, role='from')} в {mark(where, role='to')} на завтра"
        yield f"хочу в {mark(where, role='to')} из {mark(whence, role='from')}"
    for whence, where in product(TOWNS.split(","), TOWNS.split(",")):
        yield f"a ticket from {mark(whence, role='from')} to {mark(where, role='to')} please"
        yield f"i travel to {mark(where, role='to')} from {mark(whence, role='from')}"
    yield from ["покажите расписание", "как вернуть билет", "cancel my ticket please", "what is the price of a ticket"]


def pizzas() -> Iterator[str]:
    """What belongs together has one group."""
    sizes, tops = ["большую", "маленькую", "среднюю"], ["грибами", "сыром", "беконом", "ананасом", "перцем"]
    for size, top, other, second in product(sizes, tops, sizes[:2], tops[:3]):
        one = f'[{size}]{{"entity": "size", "group": "1"}} с [{top}]{{"entity": "topping", "group": "1"}}'
        two = f'[{other}]{{"entity": "size", "group": "2"}} с [{second}]{{"entity": "topping", "group": "2"}}'
        yield f"пиццу {one} и {two}"


@pytest.fixture(scope="module")
def rider() -> EntityFinder:
    """Knows the cities' synonyms, and nothing of them by rule."""
    synonyms = {"питер": "Санкт-Петербург", "нью-йорк": "New York"}
    data = TrainingData(examples=examples(list(rides())), synonyms=synonyms)
    finder = EntityFinder.of(data)
    return finder.learnt(train_slots(data.examples, finder.hits))


def told(finder: EntityFinder, text: str) -> list[tuple[str, str, str, str]]:
    return [(s.name, s.role, s.value, text[s.start : s.end]) for s in finder.spans(read(text))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("билет из Перми в Уфу", [("from", "Перми"), ("to", "Уфу")]),
        ("хочу в Саратов из Энгельса", [("to", "Саратов"), ("from", "Энгельса")]),
        ("a ticket from Paris to Madrid please", [("from", "Paris"), ("to", "Madrid")]),
        ("I travel to Oslo from Bergen", [("to", "Oslo"), ("from", "Bergen")]),
        ("🙈🙉 билет из Перми в Тверь 👍", [("from", "Перми"), ("to", "Тверь")]),
        ("билет из Пе\u200bрми в Тве\u0301рь", [("from", "Пе\u200bрми"), ("to", "Тве\u0301рь")]),
        ("👨\u200d👩\u200d👧 a ticket from Tver to Perm", [("from", "Tver"), ("to", "Perm")]),
        ("как вернуть билет", []),
        ("", []),
        ("!!!", []),
    ],
)
def test_roles_are_learnt_and_lie_where_they_say(rider: EntityFinder, text: str, found: list[tuple[str, str]]) -> None:
    assert [(role, words) for _, role, _, words in told(rider, text)] == found


def test_values_are_synonyms_also_with_endings(rider: EntityFinder) -> None:
    assert told(rider, "билет из Питера в Нью")[0][2] == "Санкт-Петербург"
    assert told(rider, "билет из Омска в Псков")[1][2] == "Псков"


def test_groups_are_learnt() -> None:
    data = TrainingData(examples=examples(list(pizzas())))
    finder = EntityFinder.of(data)
    finder = finder.learnt(train_slots(data.examples, finder.hits))
    found = finder.spans(read("пиццу маленькую с ананасом и большую с беконом"))
    assert [(s.name, s.value, s.group) for s in found] == [
        ("size", "маленькую", "1"),
        ("topping", "ананасом", "1"),
        ("size", "большую", "2"),
        ("topping", "беконом", "2"),
    ]


def test_a_rule_goes_before_what_was_learnt_and_takes_its_role() -> None:
    lookups = {"city": ("Казань", "Нижний Новгород", "Новгород")}
    data = TrainingData(examples=examples(list(rides())), lookups=lookups, regexes={"train": (r"\d{3}[А-Я]",)})
    finder = EntityFinder.of(data)
    finder = finder.learnt(train_slots(data.examples, finder.hits))
    text = "билет из Нижнего Новгорода в Казань на поезд 017А"
    assert told(finder, text) == [
        ("city", "from", "Нижний Новгород", "Нижнего Новгорода"),
        ("city", "to", "Казань", "Казань"),
        ("train", "", "017А", "017А"),
    ]


def test_entities_of_several_names_may_overlap() -> None:
    data = TrainingData(examples=examples(list(rides())), regexes={"letters": (r"[А-Яа-я]{5}",)})
    finder = EntityFinder.of(data)
    finder = finder.learnt(train_slots(data.examples, finder.hits))
    found = [(s.name, s.value) for s in finder.spans(read("билет из Перми в Казань"))]
    assert ("city", "Перми") in found
    assert ("letters", "Перми") in found


def test_what_is_ready_made_goes_before_what_was_learnt() -> None:
    lines = [f"переведи [{sum_}]" + '{"entity": "amount-of-money", "role": "sent"}' for sum_ in ("5 руб", "10 руб")]
    data = TrainingData(examples=examples([*lines, *lines, *lines]))
    finder = EntityFinder.of(data, ready_made=["amount-of-money"])
    finder = finder.learnt(train_slots(data.examples, finder.hits))
    (span,) = finder.spans(read("переведи 7 руб"))
    assert (span.value, span.role) == ("7 RUB", "sent")


def test_too_few_marks_teach_nothing() -> None:
    once = ["доставка в [Омск](city)", "заказ [17](order)", "привет"]
    assert train_slots(examples(once), lambda _: ()) is None
    assert train_slots(examples(["привет", "пока"]), lambda _: ()) is None
    assert train_slots((), lambda _: ()) is None


def test_what_rules_explain_whole_is_left_to_them() -> None:
    lines = [f"где заказ [{number}](order)" for number in range(10_000, 10_020)]
    made = examples(lines)
    ruled = EntityFinder(regexes={"order": [r"\d{5}"]}, phrases={}, synonyms={})
    partly = EntityFinder(regexes={"order": [r"1000\d"]}, phrases={}, synonyms={})
    assert train_slots(made, ruled.hits) is None
    assert train_slots(made, partly.hits) is not None


def judged(finder: EntityFinder, made: tuple[Example, ...]) -> tuple[EntityFigures, ...]:
    tally = Tally()
    count(tally, finder, made)
    return tally.figures()


def test_entities_are_judged_by_name_place_and_role(rider: EntityFinder) -> None:
    right = examples([f"билет из {mark('Перми', role='from')} в {mark('Уфу', role='to')}", "как вернуть билет"])
    wrong = examples([f"билет из {mark('Перми', role='to')} в {mark('Уфу', role='to')}"])
    assert [(f.name, f.marks, f.f1) for f in judged(rider, right)] == [("", 2, 1.0), ("city", 2, 1.0)]
    assert [(f.precision, f.recall) for f in judged(rider, wrong)] == [(0.5, 0.5), (0.5, 0.5)]
    assert judged(rider, examples(["привет"])) == ()


def test_cross_validation_judges_every_example_once() -> None:
    made = examples(list(rides())[:80])
    shares: list[float] = []
    figures = cross_validate(EntityFinder(regexes={}, phrases={}, synonyms={}), made, shares.append, folds=2)
    assert shares == [0.0, 0.5, 1.0]
    assert figures[0].marks == sum(len(example.entities) for example in made)
    assert figures[0].f1 > 0.9


def test_a_text_that_stands_twice_is_never_judged_by_a_model_that_read_it(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [f"билет в [{town}](city)" for town in TOWNS.split(",")]
    made = examples([*lines, *(line.capitalize() for line in lines)])
    taught: list[set[str]] = []
    judged: list[set[str]] = []

    def train(some: Sequence[Example], rules: object) -> None:
        taught.append({example.text.lower() for example in some})

    def counted(tally: Tally, finder: EntityFinder, some: Sequence[Example]) -> None:
        judged.append({example.text.lower() for example in some})

    monkeypatch.setattr(slot_evaluation, "train_slots", train)
    monkeypatch.setattr(slot_evaluation, "count", counted)
    cross_validate(EntityFinder(regexes={}, phrases={}, synonyms={}), made, lambda share: None, folds=4)
    assert set().union(*judged) == {example.text.lower() for example in made}
    assert not [both for both in map(set.intersection, taught, judged) if both]


def test_where_marks_abound_no_more_is_trained_than_the_figures_need(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_evaluation, "ENOUGH", 20)
    made = examples([f"билет в [{town}](city) на {day}" for town in TOWNS.split(",") for day in range(10)])
    shares: list[float] = []
    figures = cross_validate(EntityFinder(regexes={}, phrases={}, synonyms={}), made, shares.append, folds=5)
    assert shares == [0.0, 0.2, 1.0]
    assert figures[0].marks == 32


def test_where_nothing_is_marked_nothing_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_evaluation, "train_slots", None)
    shares: list[float] = []
    found = cross_validate(EntityFinder(regexes={}, phrases={}, synonyms={}), examples(["привет"]), shares.append)
    assert (found, shares) == ((), [])


def test_the_same_data_give_the_same_model() -> None:
    made = examples(list(rides())[:60])
    first, second = (train_slots(made, lambda _: ()) for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.to_plain() == second.to_plain()
    for name, array in first.arrays().items():
        np.testing.assert_array_equal(array, second.arrays()[name])


def test_decoding_equals_crfsuites(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever CRFsuite's answer is a sequence of spans at all."""
    kept = tmp_path / "model"

    class Keeping(pycrfsuite.Trainer):  # type: ignore[misc]  # compiled, without types
        def train(self, path: str) -> None:
            super().train(path)
            kept.write_bytes(Path(path).read_bytes())

    monkeypatch.setattr(pycrfsuite, "Trainer", Keeping)
    slots = train_slots(examples(list(rides())), lambda _: ())
    assert slots is not None
    tagger = pycrfsuite.Tagger()
    tagger.open(str(kept))
    names = ["O", *(f"{sign}{at}" for at in range(len(slots.kinds)) for sign in "BI")]
    choice = random.Random(3)
    vocabulary = sorted({word for line in rides() for word in read_markup(line)[0].split()})
    compared = 0
    for _ in range(200):
        rows = features(tokens(" ".join(choice.choices(vocabulary, k=choice.randint(1, 12)))), (), slots.memory)
        theirs = [names.index(label) for label in tagger.tag(rows)]
        if all(label % 2 or not label or before in {label, label - 1} for before, label in pairwise([0, *theirs])):
            compared += 1
            assert slots.decode(slots.scores(rows)) == theirs
    assert compared > 150


def test_the_best_way_is_found_among_all() -> None:
    """Viterbi against trying every sequence of labels."""
    choice = np.random.default_rng(7)
    for _ in range(20):
        slots = hand_made(transitions=choice.normal(size=(3, 3)).astype(np.float32))
        scores = choice.normal(size=(5, 3)).astype(np.float32)
        steps = slots.arrays()["slot_transitions"]

        def worth(path: Iterable[int], steps: Any = steps, scores: Any = scores) -> float:
            path = tuple(path)
            if any(label == 2 and before == 0 for before, label in pairwise((0, *path))):
                return -1e9
            moved = sum(float(steps[a, b]) for a, b in pairwise(path))
            return moved + sum(float(scores[at, label]) for at, label in enumerate(path))

        assert slots.decode(scores) == list(max(product(range(3), repeat=5), key=worth))


def hand_made(**changed: Any) -> Slots:
    plain = {"kinds": [["city", "", ""]], "phrases": {}, "common": [], "features": ["w=омск"]}
    arrays: dict[str, Any] = {
        "slot_starts": np.array([0, 1], dtype=np.int32),
        "slot_columns": np.array([1], dtype=np.int32),
        "slot_weights": np.array([9.0], dtype=np.float32),
        "slot_transitions": np.zeros((3, 3), dtype=np.float32),
    }
    plain |= {name: value for name, value in changed.items() if name in plain}
    arrays |= {f"slot_{name}": value for name, value in changed.items() if f"slot_{name}" in arrays}
    return Slots.from_plain(plain, arrays)


@pytest.mark.parametrize(
    "changed",
    [
        {"kinds": []},
        {"kinds": [["city"]] * 300},
        {"features": ["a", "b"]},
        {"starts": np.array([0, 2], dtype=np.int32)},
        {"starts": np.array([1, 1], dtype=np.int32)},
        {"starts": np.array([0, -1], dtype=np.int32)},
        {"starts": np.array([0, 1], dtype=np.int64)},
        {"starts": np.zeros(0, dtype=np.int32)},
        {"columns": np.array([3], dtype=np.int32)},
        {"columns": np.array([-1], dtype=np.int32)},
        {"weights": np.array([np.nan], dtype=np.float32)},
        {"weights": np.array([1.0])},
        {"weights": np.array([1e30], dtype=np.float32)},
        {"transitions": np.zeros((4, 4), dtype=np.float32)},
        {"transitions": np.full((3, 3), np.inf, dtype=np.float32)},
        {"phrases": []},
        {"kinds": [["city", "", "", ""]]},
    ],
)
def test_what_makes_no_model_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        hand_made(**changed)


def test_a_model_comes_back_from_its_plain_form(rider: EntityFinder) -> None:
    plain = json.loads(json.dumps(rider.to_plain()))
    again = EntityFinder.from_plain(plain, rider.arrays())
    for text in ("билет из Перми в Уфу", "a ticket from Paris to Madrid", "питер"):
        assert again.spans(read(text)) == rider.spans(read(text))
    with pytest.raises(KeyError):
        EntityFinder.from_plain(plain)


def test_a_finder_without_learnt_entities_needs_no_arrays() -> None:
    finder = EntityFinder(regexes={"n": [r"\d{3}"]}, phrases={}, synonyms={})
    assert finder.arrays() == {}
    assert EntityFinder.from_plain(finder.to_plain()).find(read("123"))


def test_features_tell_the_script_the_endings_and_the_rules() -> None:
    found = tokens("Еду в Москву!")
    rows = features(found, [Hit("city", 6, 12)], Memory({"москв": ("city",)}, frozenset({"ед"})))
    assert {"w=москву", "s=москв", "h=cX", "y=кву", "r[city", "m[city", "-w=в", "@ед"} <= set(rows[2])
    assert {"+r[city", "+m[city", "h=cx"} <= set(rows[1])
    assert "h=.!" in rows[3]
    assert "h=lX" in features(tokens("London"), (), Memory())[0]
    assert "h=d5" in features(tokens("10452"), (), Memory())[0]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_text_is_bounded_work(rider: EntityFinder, name: str) -> None:
    """At best of three: the machine may stop us at any time, the code may not."""
    spent = []
    for attempt in range(3):
        began = time.process_time()
        rider.find(read(f"{'абв'[attempt]} {HOSTILE[name]}"))
        spent.append(time.process_time() - began)
    assert min(spent) < 0.02


def test_serving_loads_neither_crfsuite_nor_what_nobody_asked_for() -> None:
    program = """
import sys
from nlu.entities import EntityFinder
EntityFinder(regexes={}, phrases={}, synonyms={})
print([name for name in ("pycrfsuite", "phonenumbers", "email_validator", "linkify_it") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"


@settings(deadline=None)
@given(st.text(max_size=500))
def test_any_text_is_bounded_and_its_spans_lie_inside(text: str) -> None:
    found = tokens(read(text).text)
    assert len(found) <= MOST_TOKENS
    for span in hand_made().find(read(text).text, ()):
        assert 0 <= span.start < span.end <= len(text)
    rows = features(found, (), Memory())
    assert all(len(row) < 80 for row in rows)
