"""Menus: each choice leads somewhere; what one chooses often comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from flows.questions import chosen, weight
from tests.flows.world import NOW, SCOPE, Talk, talk_about, texts

MENU = """\
  - menu:
      - text: {ru: Оплата, en: Payment}
        flow: payment
      - text: {ru: Человек, en: A person}
        handoff: {skill: delivery, summary: "Из меню"}
      - text: {ru: Цвет, en: Colour}
        do: [{set: {colour: red}}, {say: "Ваш цвет {{ colour }}"}]
      - text: {ru: Секрет, en: Secret}
        when: '"vip" in customer.tags'
        do: [{say: Тайна}]
    say: {ru: Что дальше?, en: What next?}
    order: ORDER
    attempts: 1
    again: Выберите, пожалуйста.
    otherwise: [{say: Тогда потом.}]
  - say: Конец
"""


def _talk(path: Path, order: str = "fixed") -> Talk:
    return talk_about(path, MENU.replace("ORDER", order))


def _labels(talk: Talk) -> list[str]:
    assert talk.last is not None
    return [button.text for button in talk.last.replies[-1].buttons]


def test_a_menu_shows_its_choices_and_waits(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    assert texts(talk.say("/go")) == ["Что дальше?"]
    assert _labels(talk) == ["Оплата", "Человек", "Цвет"]


def test_a_choice_goes_to_a_flow_and_comes_back_behind_the_menu(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    assert texts(talk.say("оплата")) == ["Картой", "Конец"]
    assert not talk.dialog.frames


def test_a_press_is_a_choice_in_any_language_of_its_words(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    assert talk.last is not None
    button = talk.last.replies[-1].buttons[2]
    assert texts(talk.press(button.id, "whatever")) == ["Ваш цвет red", "Конец"]
    talk.say("/go")
    assert texts(talk.say("Colour!")) == ["Ваш цвет red", "Конец"]


def test_a_choice_calls_people(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    wanted = talk.say("Человек").handoff
    assert wanted is not None
    assert (wanted.skill, wanted.summary, wanted.reason) == ("delivery", "Из меню", "user_request")


def test_what_is_no_choice_is_asked_again_and_then_done_otherwise(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    assert texts(talk.say("не знаю")) == ["Выберите, пожалуйста."]
    assert texts(talk.say("не знаю")) == ["Тогда потом."]
    assert not talk.dialog.frames, "the flow does not go on behind a menu that nothing was chosen in"


def test_a_condition_hides_a_choice_and_its_words_mean_nothing(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    assert texts(talk.say("Секрет")) == ["Выберите, пожалуйста."]
    talk = _talk(tmp_path)
    talk.scope = replace(SCOPE, known=replace(SCOPE.known, tags=("vip",)))
    talk.say("/go")
    assert _labels(talk)[-1] == "Секрет"
    assert texts(talk.say("Секрет")) == ["Тайна", "Конец"]


def test_a_menu_by_habit_puts_first_what_was_chosen_often_and_lately(tmp_path: Path) -> None:
    talk = _talk(tmp_path, "habit")
    for _ in range(2):
        talk.say("/go")
        outcome = talk.say("Цвет")
        talk.scope = replace(talk.scope, known=outcome.known)
    talk.say("/go")
    assert _labels(talk) == ["Цвет", "Оплата", "Человек"]
    outcome = talk.say("Оплата")
    later = NOW + timedelta(days=90)
    talk.scope = replace(talk.scope, known=outcome.known, now=later)
    talk.say("/go")
    outcome = talk.say("Оплата")
    talk.scope = replace(talk.scope, known=outcome.known)
    talk.say("/go")
    assert _labels(talk)[0] == "Оплата", "two choices of three months ago count for less than a fresh one"


def test_a_choice_counts_half_after_a_month_and_the_faintest_are_forgotten() -> None:
    once = chosen({}, "a", NOW)
    assert weight(once["a"], NOW + timedelta(days=30)) == 0.5
    habits = once
    for number in range(150):
        habits = chosen(habits, f"b{number}", NOW + timedelta(days=1))
    assert len(habits) == 100
    assert "a" not in habits


def test_the_question_of_a_menu_comes_back_after_an_interruption(tmp_path: Path) -> None:
    talk = _talk(tmp_path)
    talk.say("/go")
    assert texts(talk.say("/pay")) == ["Картой", "Что дальше?"]
