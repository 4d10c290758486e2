"""How flows start, ask, and are interrupted; what buttons do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estafeta.kernel.model import Dialog, Entity, Reason, Understanding
from flows import interpreter
from flows.interpreter import Call, HandoffRequest, Said, advance, waits_for_call
from tests.flows.world import ORDER, SCOPE, Talk, meant, talk_about, texts, workspace

# --- starting ---


def test_an_intent_starts_its_flow(talk: Talk) -> None:
    outcome = talk.start("payment")
    assert (texts(outcome), outcome.started, outcome.matched) == (["Картой"], ("payment",), True)
    assert outcome.dialog.frames == ()


@pytest.mark.parametrize("text", ["/pay", "/PAY now", "/pay@shop_bot"])
def test_a_command_starts_its_flow(talk: Talk, text: str) -> None:
    assert texts(talk.say(text)) == ["Картой"]


@pytest.mark.parametrize(
    "said",
    [
        Said(text="?", understanding=meant("payment", 0.4)),
        Said(text="?", understanding=meant("weather")),
        Said(text="?", understanding=None),
        Said(text="/nothing", understanding=None),
        Said(text="/", understanding=None),
        Said(text="", understanding=None),
    ],
)
def test_what_no_flow_knows_is_not_matched_and_changes_nothing(talk: Talk, said: Said) -> None:
    dialog = Dialog(fallbacks=2, slots={"a": 1})
    outcome = advance(talk.workspace, dialog, said, SCOPE)
    assert not outcome.matched
    assert outcome.dialog is dialog


def test_fallbacks_start_anew_when_something_matched(talk: Talk) -> None:
    talk.dialog = Dialog(fallbacks=2)
    assert talk.start("payment").dialog.fallbacks == 0


def test_the_customers_language_is_spoken(talk: Talk) -> None:
    talk.scope = replace(SCOPE, language="en")
    assert texts(talk.start("payment")) == ["By card"]
    talk.scope = replace(SCOPE, language="de")
    assert texts(talk.start("payment")) == ["Картой"]


# --- asking ---


def test_a_question_waits_and_is_answered_by_its_entity(talk: Talk) -> None:
    assert texts(talk.start("order_status")) == ["Номер?"]
    outcome = talk.say("вот: 123456", meant("order_status", order_number="123456"))
    assert outcome.call == Call(action="lookup", arguments={"number": "123456"})
    assert outcome.dialog.slots == {"order_number": "123456"}
    assert waits_for_call(talk.workspace, outcome.dialog)


def test_without_understanding_the_pattern_of_the_training_data_answers(talk: Talk) -> None:
    talk.start("order_status")
    assert talk.say("заказ 654321, жду").dialog.slots == {"order_number": "654321"}


def test_without_understanding_a_listed_word_answers(talk: Talk) -> None:
    talk.start("delivery")
    assert texts(talk.say(" казань ")) == ["Везём в Казань"]


def test_a_starting_message_that_answers_is_not_asked(talk: Talk) -> None:
    outcome = talk.start("order_status", order_number="123456")
    assert outcome.replies == ()
    assert outcome.call is not None


def test_an_answer_of_an_earlier_talk_is_asked_anew(talk: Talk) -> None:
    talk.start("delivery", city="Тверь")
    assert texts(talk.start("delivery")) == ["Город?"]


def test_two_questions_about_one_entity_take_one_mention_each(tmp_path: Path) -> None:
    steps = "  - {ask: here, say: Откуда?, expect: city}\n  - {ask: there, say: Куда?, expect: city}\n"
    talk = talk_about(tmp_path, steps + "  - say: '{{ here }}-{{ there }}'\n", start="start: {intent: delivery}")
    assert texts(talk.start("delivery", city="Тверь")) == ["Куда?"]
    assert texts(talk.say("Казань")) == ["Тверь-Казань"]
    both = (Entity(name="city", value="B", start=9, end=10), Entity(name="city", value="A", start=1, end=2))
    assert texts(talk.say("A - B", Understanding(intent="delivery", confidence=1, entities=both))) == ["A-B"]


def test_what_the_starting_message_answered_is_remembered_over_other_questions(tmp_path: Path) -> None:
    steps = "  - {ask: who, say: Кто?}\n  - {ask: city, say: Куда?, expect: city}\n  - say: '{{ who }}: {{ city }}'\n"
    talk = talk_about(tmp_path, steps, start="start: {intent: delivery}")
    assert texts(talk.start("delivery", city="Тверь")) == ["Кто?"]
    assert texts(talk.say("я")) == ["я: Тверь"]


def test_a_question_is_asked_again_and_then_handed_over(talk: Talk) -> None:
    talk.start("order_status")
    assert texts(talk.say("не знаю")) == ["Шесть цифр."]
    outcome = talk.say("правда не знаю")
    assert outcome.replies == ()
    assert outcome.handoff == HandoffRequest(reason=Reason.REPEATED_FALLBACK, skill="", summary="")


def test_otherwise_takes_the_place_of_handing_over(tmp_path: Path) -> None:
    steps = "  - {ask: n, say: Сколько?, expect: number, attempts: 0, otherwise: [{say: Жаль}]}\n  - say: Дальше\n"
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    outcome = talk.say("много")
    assert (texts(outcome), outcome.dialog.frames) == (["Жаль"], ())


def test_after_an_otherwise_that_sets_the_slot_the_flow_goes_on(tmp_path: Path) -> None:
    steps = """\
  - {ask: n, say: Сколько?, expect: number, attempts: 0, otherwise: [{set: {n: 1}}]}
  - say: "Беру {{ n }}"
"""
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    assert texts(talk.say("много")) == ["Беру 1"]


def test_saying_again_what_the_flow_is_about_starts_nothing_anew(talk: Talk) -> None:
    talk.start("order_status")
    outcome = talk.start("order_status")
    assert (texts(outcome), outcome.started, len(outcome.dialog.frames)) == (["Шесть цифр."], (), 1)


def test_a_question_in_the_middle_is_answered_and_then_the_first_is_asked_again(talk: Talk) -> None:
    talk.start("order_status")
    outcome = talk.start("payment")
    assert texts(outcome) == ["Картой", "Номер?"]
    assert [frame.flow for frame in outcome.dialog.frames] == ["order"]


def test_a_flow_in_the_middle_may_ask_questions_of_its_own(talk: Talk) -> None:
    talk.start("order_status")
    assert texts(talk.start("delivery")) == ["Город?"]
    assert texts(talk.start("payment")) == ["Картой", "Город?"]
    assert texts(talk.say("Тверь")) == ["Везём в Тверь", "Номер?"]
    assert talk.say("123456").call is not None


def test_going_back_to_a_waiting_flow_starts_it_over_and_lets_the_rest_go(talk: Talk) -> None:
    talk.start("order_status")
    talk.start("delivery")
    outcome = talk.start("order_status")
    assert (texts(outcome), [frame.flow for frame in outcome.dialog.frames]) == (["Номер?"], ["order"])


def test_a_text_question_takes_the_words_as_they_are(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - {ask: words, say: Что?}\n  - say: 'Понял: {{ words }}'\n")
    talk.say("/go")
    assert texts(talk.say(" как платить ", meant("payment"))) == ["Понял: как платить"]


def test_an_always_flow_comes_before_the_answer(talk: Talk) -> None:
    talk.start("order_status")
    outcome = talk.say("человека! 123456", meant("human", order_number="123456"))
    assert outcome.handoff == HandoffRequest(reason=Reason.USER_REQUEST, skill="", summary="")
    assert [frame.flow for frame in outcome.dialog.frames] == ["order", "human"]


def test_a_command_comes_before_a_text_answer(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - {ask: words, say: Что?}\n")
    talk.say("/go")
    assert texts(talk.say("/pay")) == ["Картой", "Что?"]
    assert not talk.say("/unknown").matched


# --- buttons ---


def test_a_button_calls_a_person_and_leaves_the_question_open(talk: Talk) -> None:
    button = talk.start("order_status").replies[0].buttons[0]
    assert interpreter.starts_something(talk.workspace, button.id)
    outcome = talk.press(button.id, button.text)
    assert outcome.handoff == HandoffRequest(reason=Reason.USER_REQUEST, skill="delivery", summary="Номер")
    assert talk.say("123456").call is not None


def test_a_button_of_words_answers_the_open_question(talk: Talk) -> None:
    button = talk.start("order_status").replies[0].buttons[1]
    assert not interpreter.starts_something(talk.workspace, button.id)
    assert talk.press(button.id, button.text).dialog.slots == {"order_number": "123456"}


def test_a_button_of_words_that_answers_nothing_is_left_to_be_understood(talk: Talk) -> None:
    talk.start("order_status")
    assert not talk.press("gone", "Как платить?").matched


def test_a_button_starts_its_flow(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - say: Что?\n    buttons: [{text: Оплата, flow: payment}]\n")
    button = talk.say("/go").replies[0].buttons[0]
    assert button.text == "Оплата"
    outcome = talk.press(button.id)
    assert (texts(outcome), outcome.started) == (["Картой"], ("payment",))


def test_button_ids_are_short_plain_and_their_own(tmp_path: Path) -> None:
    deep = "{say: a, buttons: [b, {text: c, handoff: {}}]}"
    for number in range(6):
        deep = f"{{choose: [{{when: open, do: [{{say: x{number}, buttons: [b]}}, {deep}]}}]}}"
    name = "a-very-long-name-of-a-flow-that-someone-once-thought-of"
    found = workspace(tmp_path, f"flow: {name}\nstart: {{command: go}}\nsteps: [{deep}]\n").library.buttons
    assert len(found) == 8
    for button in found:
        assert button.isascii()
        assert len(button) <= 64
        assert button != "human"


# --- an answer, or another wish ---

CANCEL = """\
flow: cancel
start: {command: cancel}
steps:
  - {ask: cancelled, say: {ru: Какой заказ отменить?, en: Which order?}, expect: order_number}
  - say: "Отменяю {{ cancelled }}"
"""


def _wish(text: str, intent: str = "order_status", confidence: float = 0.9) -> Understanding:
    start = text.index("100272")
    number = Entity(name="order_number", value="100272", start=start, end=start + 6)
    return Understanding(intent=intent, confidence=confidence, entities=(number,))


def _asked_for_a_number(path: Path) -> Talk:
    talk = Talk(workspace(path, CANCEL, ORDER))
    assert texts(talk.say("/cancel")) == ["Какой заказ отменить?"]
    return talk


@pytest.mark.parametrize("text", ["где заказ 100272", "100272 где?", "Where is order 100272"])
def test_a_wish_for_another_flow_is_no_answer_though_it_has_the_entity(tmp_path: Path, text: str) -> None:
    talk = _asked_for_a_number(tmp_path)
    outcome = talk.say(text, _wish(text))
    assert outcome.started == ("order",)
    assert outcome.call == Call(action="lookup", arguments={"number": "100272"})
    assert "cancelled" not in outcome.dialog.slots
    assert texts(talk.result({"number": "100272", "status": "new"}))[-1] == "Какой заказ отменить?"
    assert texts(talk.say("100272", _wish("100272"))) == ["Отменяю 100272"]


@pytest.mark.parametrize(
    "text", ["100272", "№ 100272", "заказа №100272!", "it is 100272", "order 100272", "вот номер 100272"]
)
def test_a_value_without_words_of_its_own_answers_whatever_was_understood(tmp_path: Path, text: str) -> None:
    assert texts(_asked_for_a_number(tmp_path).say(text, _wish(text))) == ["Отменяю 100272"]


@pytest.mark.parametrize(("intent", "confidence"), [("order_status", 0.4), ("weather", 0.9)])
def test_without_a_confident_wish_that_a_flow_answers_the_entity_answers(
    tmp_path: Path, intent: str, confidence: float
) -> None:
    text = "где заказ 100272"
    assert texts(_asked_for_a_number(tmp_path).say(text, _wish(text, intent, confidence))) == ["Отменяю 100272"]


@pytest.mark.parametrize(("expect", "value"), [("text", "где заказ 100272"), ("number", 100272)])
def test_questions_without_an_entity_take_every_answer(tmp_path: Path, expect: str, value: object) -> None:
    talk = talk_about(tmp_path, f"  - {{ask: it, say: Что?, expect: {expect}}}\n", ORDER)
    talk.say("/go")
    assert talk.say("где заказ 100272", _wish("где заказ 100272")).dialog.slots == {"it": value}
