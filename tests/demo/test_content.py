"""What the demo workspace promises: enough honest examples, both languages, an answer to everything."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from estafeta.kernel.model import Dialog, Entity, Understanding
from flows.interpreter import Outcome, Resulted, Said, Scope, advance, waits_for_call
from flows.loader import find
from flows.model import Workspace
from nlu.data import TrainingData, read_workspace
from nlu.entities import EntityFinder
from nlu.markup import read_markup
from nlu.normalise import read

DEMO = Path(__file__).parents[2] / "demo"
LANGUAGES = ("ru", "en")
CONTENT = [path for path in sorted(DEMO.rglob("*.yml")) if not {"nlu", "tests"} & set(path.parts)]


@cache
def workspace() -> Workspace:
    found, _ = find(DEMO)
    assert found is not None
    return found


@cache
def training() -> TrainingData:
    return read_workspace(DEMO)


def loaded(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def language_of(text: str) -> str:
    return "ru" if re.search("[а-яё]", text.lower()) else "en"


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower().replace("ё", "е")))


def held_out() -> list[tuple[str, str]]:
    items = loaded(DEMO / "nlu" / "tests" / "held_out.yml")["nlu"]
    lines = ((item["intent"], line) for item in items for line in item["examples"].splitlines())
    return [(intent, read_markup(line.removeprefix("- "))[0]) for intent, line in lines]


def texts(node: Any, where: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Every mapping from languages to words, with its place."""
    if isinstance(node, dict):
        if node and set(node) <= set(LANGUAGES) and all(isinstance(words, str) for words in node.values()):
            yield where, node
            return
        for key, value in node.items():
            yield from texts(value, f"{where}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from texts(value, f"{where}/{number}")


def test_the_checker_finds_nothing_to_say() -> None:
    _, findings = find(DEMO)
    assert findings == []


def test_there_are_at_least_28_intents_with_20_examples_in_each_language() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for example in training().examples:
        counts[example.intent, Path(example.file).name[:2]] += 1
    assert len(training().intents) >= 28
    few = [
        (intent, language) for intent in training().intents for language in LANGUAGES if counts[intent, language] < 20
    ]
    assert few == []


def test_no_example_is_said_twice() -> None:
    places = defaultdict(list)
    for example in training().examples:
        places[plain(example.text) or example.text].append((example.intent, example.file, example.line))
    assert [where for where in places.values() if len(where) > 1] == []


def test_held_out_sentences_cover_every_intent_and_are_not_trained_on() -> None:
    counts = Counter((intent, language_of(text)) for intent, text in held_out())
    assert all(counts[intent, language] >= 3 for intent in training().intents for language in LANGUAGES)
    trained = {plain(example.text) for example in training().examples}
    assert [text for _, text in held_out() if plain(text) in trained] == []


def test_forty_texts_are_out_of_scope_in_each_language() -> None:
    outside = loaded(DEMO / "nlu" / "tests" / "out_of_scope.yml")
    assert {language: len(set(lines)) for language, lines in outside.items()} == {"ru": 40, "en": 40}


@pytest.mark.parametrize("path", CONTENT, ids=lambda path: path.name)
def test_every_text_is_in_both_languages(path: Path) -> None:
    for where, words in texts(loaded(path), path.name):
        assert set(words) == set(LANGUAGES), where
        assert all(text.strip() for text in words.values()), where
        assert re.search("[а-яё]", words["ru"].lower()), where
        assert not re.search("[а-яё]", words["en"].lower()), where


@pytest.mark.parametrize("path", CONTENT, ids=lambda path: path.name)
def test_a_text_is_never_written_in_one_language_only(path: Path) -> None:
    spoken = re.compile(r"^\s*(?:- )?(?:say|again|summary|text):[ \t]*[\"'\w]", re.MULTILINE)
    assert spoken.findall(path.read_text(encoding="utf-8")) == []


def test_there_are_at_least_12_flows_ten_canned_replies_and_every_intent_starts_one() -> None:
    library = workspace().library
    assert len(library.flows) >= 12
    assert set(library.by_intent) == set(training().intents)
    assert len(workspace().replies) >= 12


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("где заказ №100234?", "order_number", "100234"),
        ("П-100263 не пришла", "order_number", "100263"),
        ("order #100218 where is it", "order_number", "100218"),
        ("сколько стоит доставка в Казани", "city", "Казань"),
        ("доставка по мск", "city", "Москва"),
        ("а в Питере?", "city", "Санкт-Петербург"),
        ("до ростова на дону", "city", "Ростов-на-Дону"),
        ("ekb please", "city", "Екатеринбург"),
        ("to nizhny novgorod", "city", "Нижний Новгород"),
    ],
)
def test_numbers_and_cities_are_found_however_they_are_written(text: str, entity: str, value: str) -> None:
    found = EntityFinder.of(training()).find(read(text))
    assert [(one.name, one.value) for one in found] == [(entity, value)]


@pytest.mark.parametrize("text", ["позвоните 89990001234", "12345", "заказ 1002345"])
def test_other_numbers_are_no_orders(text: str) -> None:
    assert EntityFinder.of(training()).find(read(text)) == ()


# --- the dialogs ----------------------------------------------------------------------------------


class Talk:
    """A conversation with the bot alone; orders are looked up in the shop's file."""

    def __init__(self, language: str = "ru") -> None:
        self.dialog = Dialog()
        self.scope = Scope(
            language=language, customer_name="", now=datetime(2026, 11, 23, 9, tzinfo=UTC), open=True, seed="s"
        )
        self.outcome = Outcome(dialog=self.dialog, known=self.scope.known)
        self.said: list[str] = []

    def says(self, text: str, intent: str = "") -> Talk:
        entities = EntityFinder.of(training()).find(read(text))
        self._take(Said(text=text, understanding=_understood(intent, entities)))
        while waits_for_call(workspace(), self.dialog):
            assert self.outcome.call is not None
            self._take(Resulted(ok=True, data=_order(str(self.outcome.call.arguments["number"]))))
        return self

    def breaks(self, text: str, intent: str) -> Talk:
        """As `says`, but the shop does not answer."""
        entities = EntityFinder.of(training()).find(read(text))
        self._take(Said(text=text, understanding=_understood(intent, entities)))
        self._take(Resulted(ok=False, error="down"))
        return self

    def _take(self, given: Said | Resulted) -> None:
        self.outcome = advance(workspace(), self.dialog, given, self.scope)
        assert self.outcome.error == ""
        assert self.outcome.matched, given
        self.dialog = self.outcome.dialog
        self.said += [reply.text for reply in self.outcome.replies]

    @property
    def handed(self) -> tuple[str, str, str] | None:
        wanted = self.outcome.handoff
        return None if wanted is None else (wanted.reason.value, wanted.skill, wanted.summary)

    @property
    def over(self) -> bool:
        return not self.dialog.frames


def _understood(intent: str, entities: tuple[Entity, ...]) -> Understanding:
    return Understanding(intent=intent, confidence=0.9 if intent else 0.1, entities=entities)


def _order(number: str) -> Any:
    orders = json.loads((DEMO / "shop" / "orders.json").read_text(encoding="utf-8"))
    if number not in orders:
        return {"error": "not_found"}
    total = sum(item["quantity"] * item["price"] for item in orders[number]["items"])
    return {"number": number, "total": total, **orders[number]}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("intent", sorted(workspace().library.by_intent))
def test_every_intent_is_answered_with_words_or_people(intent: str, language: str) -> None:
    talk = Talk(language).says("…", intent)
    assert talk.said or talk.handed
    for text in talk.said:
        assert not re.search(r"\bNone\b|Undefined|[{}]", text)
        assert (language_of(text) == "ru") == (language == "ru")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", sorted(json.loads((DEMO / "shop" / "orders.json").read_text(encoding="utf-8"))))
def test_every_order_of_the_shop_is_told_or_handed_over(number: str, language: str) -> None:
    talk = Talk(language).says(number, "order_status")
    order = _order(number)
    assert number in talk.said[-1]
    assert order["status_text"][language] in talk.said[-1]
    assert (talk.handed is not None) == (order["status"] == "lost")


def test_a_lost_order_goes_to_the_delivery_people_with_its_number() -> None:
    talk = Talk().says("где мой заказ", "order_status").says("100272")
    assert talk.handed == ("flow_rule", "delivery", "Заказ 100272 утерян")


def test_an_unknown_number_is_asked_again_and_the_right_one_answered() -> None:
    talk = Talk().says("где заказ 999999", "order_status")
    assert "999999" in talk.said[-1]
    assert not talk.over
    assert "в пути" in talk.says("ой, 100234").said[-1]
    assert talk.over


def test_a_silent_order_system_hands_over() -> None:
    talk = Talk().breaks("где заказ 100234", "order_status")
    assert talk.handed is not None
    assert talk.handed[:2] == ("action_error", "delivery")


def test_who_never_gives_a_number_gets_a_person() -> None:
    talk = Talk().says("где мой заказ", "order_status").says("не помню").says("не знаю").says("отстань")
    assert talk.handed == ("repeated_fallback", "delivery", "Где заказ? Номера нет")


@pytest.mark.parametrize(("yes", "handed"), [("да", True), ("нет", False)])
def test_a_new_order_is_cancelled_only_when_confirmed(yes: str, handed: bool) -> None:
    talk = Talk().says("отмените 100211", "order_cancel")
    assert "2120 ₽" in talk.said[-1]
    assert talk.says(yes).handed == (
        ("flow_rule", "general", "Отменить заказ 100211, подтверждено") if handed else None
    )


@pytest.mark.parametrize("number", ["100187", "100205", "100234", "100256"])
def test_an_order_that_cannot_be_cancelled_is_explained(number: str) -> None:
    talk = Talk().says(f"отмените {number}", "order_cancel")
    assert number in talk.said[-1]
    assert talk.handed is None
    assert talk.over


@pytest.mark.parametrize(
    ("words", "price"), [("в Москву", "290"), ("питер", "350"), ("в Якутск", "590"), ("до Самары", "390")]
)
def test_delivery_costs_what_the_city_says(words: str, price: str) -> None:
    talk = Talk().says("сколько стоит доставка", "delivery_cost").says(words)
    assert f"курьер {price} ₽" in " ".join(talk.said)


def test_a_city_in_the_question_is_not_asked_again() -> None:
    assert "В какой город" not in " ".join(Talk().says("сколько стоит доставка в Казань", "delivery_cost").said)


def test_an_unknown_city_gets_the_prices_in_general() -> None:
    talk = Talk().says("почём доставка", "delivery_cost").says("Урюпинск").says("Урюпинск").says("Урюпинск")
    assert "от 150 до 390 ₽" in talk.said[-1]
    assert talk.over


def test_returns_lead_by_two_answers_to_instructions() -> None:
    talk = Talk().says("хочу вернуть книгу", "returns").says("нет").says("да")
    assert "ярлык" in talk.said[-1]
    assert talk.over


def test_a_broken_thing_goes_to_the_returns_people() -> None:
    talk = Talk().says("хочу вернуть", "returns").says("да").says("100198").says("не хватает фишек")
    assert talk.handed == ("flow_rule", "returns", "Брак, заказ 100198: не хватает фишек")


def test_an_upset_customer_is_heard_by_a_person() -> None:
    talk = Talk().says("это безобразие", "complaint")
    assert talk.handed == ("sensitive_topic", "general", "Жалоба")


def test_a_person_may_be_called_in_the_middle_of_a_question() -> None:
    talk = Talk().says("где мой заказ", "order_status").says("позовите человека", "human_request")
    assert talk.handed is not None
    assert talk.handed[:2] == ("user_request", "")
