"""What is kept of a customer: remembered values, tags; questions that use them; answers that are checked first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.kernel.model import Dialog
from flows.interpreter import Outcome
from tests.flows.world import NOW, Talk, talk_about, texts

ADDRESS = """\
  - ask: address
    say: Куда?
    still: "По-прежнему {{ value }}?"
    confirm: "{{ value }}, верно?"
    remember: 90d
  - say: "Везём: {{ address }}"
"""
EVEN = """\
  - ask: count
    say: Сколько?
    expect: number
    valid: value > 0 and count < 10
    invalid: "{{ value }} нельзя."
    attempts: 2
    otherwise: [{say: Хватит.}]
  - say: "Берём {{ count }}"
"""


def _go(talk: Talk, text: str) -> Outcome:
    """One turn, after which the customer is known as the turn left them."""
    outcome = talk.say(text)
    talk.scope = replace(talk.scope, known=outcome.known)
    return outcome


def test_an_answer_is_confirmed_before_the_flow_goes_on(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, ADDRESS)
    assert texts(_go(talk, "/go")) == ["Куда?"]
    outcome = _go(talk, "Ленина, 5")
    assert texts(outcome) == ["Ленина, 5, верно?"]
    assert [button.text for button in outcome.replies[0].buttons] == ["Да", "Нет"]
    assert texts(_go(talk, "нет")) == ["Куда?"]
    _go(talk, "Мира, 1")
    assert texts(_go(talk, "Мира, 3")) == ["Мира, 3, верно?"], "another answer instead of yes or no"
    assert texts(_go(talk, "да")) == ["Везём: Мира, 3"]


def test_the_buttons_of_a_confirmation_answer_it(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, ADDRESS)
    _go(talk, "/go")
    _go(talk, "Мира, 1")
    assert talk.last is not None
    yes, no = talk.last.replies[0].buttons
    assert texts(talk.press(no.id, "как угодно")) == ["Куда?"]
    talk.say("Мира, 1")
    assert texts(talk.press(yes.id, "как угодно")) == ["Везём: Мира, 1"]


def test_what_is_remembered_is_asked_for_as_still_so(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, ADDRESS)
    for words in ("/go", "Мира, 1", "да"):
        _go(talk, words)
    kept = talk.scope.known.memory["address"]
    assert (kept.value, kept.source, kept.until) == ("Мира, 1", "main", NOW + timedelta(days=90))
    talk.dialog = replace(talk.dialog, slots={})
    assert texts(_go(talk, "/go")) == ["По-прежнему Мира, 1?"]
    assert texts(_go(talk, "да")) == ["Везём: Мира, 1"]
    _go(talk, "/go")
    assert texts(_go(talk, "нет")) == ["Куда?"]


def test_what_was_remembered_for_a_while_is_forgotten_after_it(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, ADDRESS)
    for words in ("/go", "Мира, 1", "да"):
        _go(talk, words)
    talk.dialog = replace(talk.dialog, slots={})
    talk.scope = replace(talk.scope, now=NOW + timedelta(days=91))
    assert texts(_go(talk, "/go")) == ["Куда?"]


def test_flows_remember_and_forget(tmp_path: Path) -> None:
    steps = (
        "  - remember: {size: '{{ 40 + 2 }}', colour: red}\n    for: 1w\n"
        "  - say: 'Размер {{ memory.size }}'\n  - forget: colour\n  - say: 'Цвет {{ memory.colour }}.'\n"
    )
    talk = talk_about(tmp_path, steps, "flow: forget\nstart: {command: forget}\nsteps: [{forget: all}]\n")
    assert texts(_go(talk, "/go")) == ["Размер 42", "Цвет."]
    assert set(talk.scope.known.memory) == {"size"}
    _go(talk, "/forget")
    assert talk.scope.known.memory == {}


def test_customers_are_tagged_and_untagged(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - tag: [news, vip]\n  - untag: vip\n  - say: \"{{ customer.tags|join(', ') }}\"\n")
    assert texts(_go(talk, "/go")) == ["news"]
    _go(talk, "/go")
    assert talk.scope.known.tags == ("news",), "no tag is there twice"


def test_an_answer_that_does_not_hold_is_refused_with_its_words(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, EVEN)
    talk.say("/go")
    assert texts(talk.say("12")) == ["12 нельзя."]
    assert texts(talk.say("3")) == ["Берём 3"]
    talk.say("/go")
    for words in ("0", "много", "99"):
        outcome = talk.say(words)
    assert texts(outcome) == ["Хватит."]


def test_a_choice_is_one_of_the_buttons_by_words_or_by_press(tmp_path: Path) -> None:
    steps = """\
  - ask: size
    say: Размер?
    expect: choice
    buttons: [{text: {ru: Маленький, en: Small}, value: s}, {ru: Большой, en: Large}]
    again: Выберите.
  - say: "{{ size }}"
"""
    talk = talk_about(tmp_path, steps)
    for words, kept in (("маленький", "s"), ("S", "s"), ("large", "Большой")):
        talk.say("/go")
        assert texts(talk.say(words)) == [kept]
    assert talk.say("/go").replies[0].buttons[0].text == "Маленький"
    assert texts(talk.say("средний")) == ["Выберите."]
    assert talk.last is not None
    assert texts(talk.press(talk.last.replies[0].buttons[0].id)) == ["s"]


def test_typed_answers(tmp_path: Path) -> None:
    for number, (kind, words, kept) in enumerate([
        ("email", "пишите на Anna.B@Example.org, жду", "anna.b@example.org"),
        ("phone", "мой +7 (912) 345-67-89", "+79123456789"),
        ("date", "31.12.2026", "2026-12-31"),
        ("date", "лучше 2026-12-31", "2026-12-31"),
        ("time", "в 9:05", "09:05"),
    ]):  # fmt: skip
        talk = talk_about(
            tmp_path / str(number), f"  - {{ask: it, say: Что?, expect: {kind}}}\n  - say: '{{{{ it }}}}'\n"
        )
        talk.say("/go")
        assert texts(talk.say(words)) == [kept]
        talk.say("/go")
        assert texts(talk.say("не знаю 30.02.2026x")) == ["Что?"]


def test_parts_of_a_reply_are_kept_by_name(tmp_path: Path) -> None:
    steps = (
        "  - call: lookup\n    with: {number: 1}\n"
        "    map: {state: '{{ reply.items[0].status }}', sum: '{{ reply.sum }}'}\n"
        "  - say: '{{ state }} за {{ sum }}'\n"
    )
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    assert texts(talk.result({"items": [{"status": "готов"}], "sum": 5})) == ["готов за 5"]


def test_a_channel_has_words_of_its_own_and_a_file_goes_along(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "price.pdf").write_bytes(b"%PDF-1.4 price")
    steps = "  - say: Прайс ниже.\n    channels: {vk: Прайс в файле.}\n    media: price.pdf\n    delay: 1.5\n"
    talk = talk_about(tmp_path, steps)
    [reply] = talk.say("/go").replies
    assert (reply.text, reply.delay) == ("Прайс ниже.", 1.5)
    assert [(media.kind, media.name, media.mime, media.size) for media in reply.media] == [
        ("document", "price.pdf", "application/pdf", 14)
    ]
    talk.scope = replace(talk.scope, channel="vk")
    assert texts(talk.say("/go")) == ["Прайс в файле."]


FORGETTING = "flow: forget\nstart: {command: forget}\nsteps: [{forget: WHAT}]\n"
STILL = "  - {ask: city, say: Город?, expect: city, remember: 1d, still: 'Всё ещё {{ value }}?'}\n"


@pytest.mark.parametrize("what", ["city", "all"])
def test_what_was_forgotten_is_not_offered_as_known(tmp_path: Path, what: str) -> None:
    talk = talk_about(tmp_path, STILL, FORGETTING.replace("WHAT", what))
    for text in ("/go", "Казань", "/forget"):
        talk.scope = replace(talk.scope, known=talk.say(text).known)
    assert "city" not in talk.dialog.slots
    assert texts(talk.say("/go")) == ["Город?"]


def test_what_was_remembered_for_a_while_is_not_offered_after_it(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, STILL)
    for text in ("/go", "Казань"):
        talk.scope = replace(talk.scope, known=talk.say(text).known)
    assert texts(talk.say("/go")) == ["Всё ещё Казань?"]
    talk.dialog = Dialog(slots=talk.dialog.slots)
    talk.scope = replace(talk.scope, now=talk.scope.now + timedelta(days=2))
    assert texts(talk.say("/go")) == ["Город?"]
