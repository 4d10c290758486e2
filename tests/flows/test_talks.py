"""Conversations that must hold: what is compared, what is given, what a difference tells."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.kernel.model import Entity, Reason
from flows import talk_running, talks
from flows.model import Workspace
from flows.talk_around import Around, Spoken, Why
from flows.talk_match import fits, in_words, same
from flows.talks import Difference, Ran
from tests.flows.world import DELIVERY, HUMAN, ORDER, PAYMENT, workspace

CLUB = """\
flow: club
start: {command: club, event: joined, link: club}
steps:
  - remember: {level: gold}
    for: 1d
  - tag: club
  - wait: {event: parcel, for: 2h}
    save: parcel
    otherwise: [{say: Не дождались}, {end: true}]
  - say: "Готово {{ parcel.track }}"
"""
PARTY = """\
flow: party
start: {command: party}
steps:
  - name: what
    menu: [{text: Торт, do: [{say: Вкусно}]}, {text: Шары, do: [{say: Красиво}]}]
    say: Что?
"""


@pytest.fixture
def shop(tmp_path: Path) -> Workspace:
    return workspace(tmp_path, ORDER, DELIVERY, PAYMENT, HUMAN, CLUB, PARTY)


def _ran(shop: Workspace, lines: str, more: str = "", around: Around = Around()) -> list[Ran]:  # noqa: B008 - frozen
    """A conversation of these lines, gone through."""
    folder = shop.path / "flows" / "tests"
    folder.mkdir(exist_ok=True)
    (folder / "one.yml").write_text(f"{more}tests:\n  - test: one\n    talk:\n{lines}", encoding="utf-8")
    told, findings = talks.find(shop)
    assert [str(finding) for finding in findings] == []
    return talks.run(shop, told[0].talk, around)


def _holds(shop: Workspace, lines: str, more: str = "", around: Around = Around()) -> None:  # noqa: B008 - frozen
    for ran in _ran(shop, lines, more, around):
        assert ran.difference is None, ran.difference


def _differs(shop: Workspace, lines: str, more: str = "") -> Difference:
    [ran] = _ran(shop, lines, more)
    assert ran.difference is not None
    return ran.difference


def _sides(difference: Difference) -> list[tuple[str, str]]:
    return [(row.expected, row.got) for row in difference.rows if not row.holds]


STUBS = """\
actions:
  - {call: lookup, with: {number: "123456"}, reply: {number: 123456, status: lost}}
  - {call: lookup, with: {number: "2*"}, fails: true}
  - {call: lookup, reply: {number: 1, status: new}, once: true}
  - {call: lookup, reply: {number: 1, status: old}}
"""

# --- what holds ---


def test_a_whole_dialog_with_a_question_an_action_and_a_handoff(shop: Workspace) -> None:
    lines = """\
      - customer: Где?
        means: order_status
      - bot: Номер?
        buttons: [Человека, "123456"]
      - asked: order_number
      - press: "123456"
      - called: lookup
        with: {number: 123456}
      - handoff: {reason: flow_rule, skill: delivery, summary: Заказ 123456 утерян}
      - people: return
      - bot: С возвращением
      - bot: Что-то ещё?
      - asked: nothing
      - stored: {slots: {order_number: "123456", order: {number: 123456, status: lost}, city: null}}
"""
    _holds(shop, lines, STUBS)


def test_the_first_action_that_fits_answers_and_one_marked_once_does_so_once(shop: Workspace) -> None:
    lines = """\
      - customer: /order
      - bot: Номер?
      - customer: "345678"
      - bot: Новый
      - bot: Что-то ещё?
      - customer: /order
      - bot: Номер?
      - customer: "345678"
      - bot: "Заказ 1: old"
      - bot: Что-то ещё?
      - customer: /order
      - bot: Номер?
      - customer: "234567"
      - handoff: action_error
"""
    _holds(shop, lines, STUBS)


def test_a_conversation_goes_through_in_each_language(shop: Workspace) -> None:
    lines = """\
      - customer: {ru: Чем платить, en: How to pay}
        means: payment
      - bot: {ru: Картой, en: By card}
"""
    assert [ran.language for ran in _ran(shop, lines, "languages: [ru, en]\n")] == ["ru", "en"]
    _holds(shop, lines, "languages: [ru, en]\n")


def test_a_list_of_texts_is_any_of_them(shop: Workspace) -> None:
    _holds(shop, "      - customer: /pay\n      - bot: [Наличными, К*й]\n")


def test_nothing_said_is_an_expectation(shop: Workspace) -> None:
    _holds(shop, "      - customer: /club\n      - silent: true\n      - after: 1h\n      - silent: true\n")


def test_time_passes_and_each_flow_goes_on_at_its_own(shop: Workspace) -> None:
    lines = """\
      - customer: /club
      - stored: {memory: {level: gold}, tags: [club]}
      - after: 2d
      - bot: Не дождались
      - stored: {memory: {level: null}, tags: [club]}
"""
    _holds(shop, lines)


def test_events_and_links_happen(shop: Workspace) -> None:
    lines = """\
      - event: joined
      - event: parcel
        with: {track: RU1}
      - bot: Готово RU1
      - link: club
      - stored: {tags: [club]}
"""
    _holds(shop, lines)


def test_the_customer_is_known_and_the_time_is_given(shop: Workspace) -> None:
    more = "customer: {name: Анна, tags: [club], memory: {level: silver}}\nnow: 2026-11-23T12:00\n"
    _holds(shop, "      - customer: /start\n      - bot: Здравствуйте, Анна!\n        buttons: [Человек]\n", more)
    _holds(
        shop, "      - customer: /nothing\n      - bot: Не понял*\n      - stored: {memory: {level: silver}}\n", more
    )


def test_a_menu_is_asked_by_its_name(shop: Workspace) -> None:
    _holds(
        shop,
        "      - customer: /party\n      - bot: Что?\n      - asked: what\n      - press: Шары\n      - bot: Красиво\n",
    )


def test_typed_words_of_a_button_are_a_press(shop: Workspace) -> None:
    _holds(
        shop, "      - customer: /order\n      - bot: '*'\n      - customer: человека\n      - handoff: user_request\n"
    )


def test_after_so_many_messages_that_are_not_understood_people_are_called(shop: Workspace) -> None:
    lines = """\
      - customer: Раз
        means: nothing
      - bot: Не понял
      - customer: /pay
      - bot: Картой
      - customer: Два
        means: order_status
        confidence: 0.2
      - bot: Не понял
      - customer: Три
        means: nothing
      - bot: Не понял
      - customer: Четыре
        means: nothing
      - handoff: {reason: repeated_fallback}
      - people: close
      - press: Человек
      - handoff: user_request
"""
    _holds(shop, lines)


def test_entities_are_those_found_and_those_given(shop: Workspace) -> None:
    around = Around(
        entities=lambda text: (Entity(name="city", value="Тверь", start=0, end=1),) if "Твер" in text else ()
    )
    _holds(shop, "      - customer: В Тверь\n        means: delivery\n      - bot: Везём в Тверь\n", around=around)
    lines = """\
      - customer: В Пермь
        means: delivery
        entities: {city: Пермь}
      - bot: Везём в Пермь
"""
    _holds(shop, lines, around=around)


def test_words_may_call_people_before_after_or_instead_of_an_answer(shop: Workspace) -> None:
    when = {"Суд": "at_once", "/pay": "besides", "Ы": "unanswered"}

    def heard(spoken: Spoken) -> tuple[None, Why | None]:
        found = when.get(spoken.text)
        return None, Why(reason=Reason.VIP, skill="delivery", when=found) if found else None  # type: ignore[arg-type]

    lines = """\
      - customer: Суд
      - handoff: {reason: vip, skill: delivery}
      - people: close
      - customer: /pay
      - bot: Картой
      - handoff: vip
      - people: close
      - customer: Ы
      - handoff: vip
"""
    _holds(shop, lines, around=Around(heard=heard))


def test_where_people_are_called_besides_the_flow_asks_nothing(shop: Workspace) -> None:
    vip = Why(reason=Reason.VIP, skill="", when="besides")
    _holds(
        shop,
        "      - customer: /order\n      - handoff: vip\n",
        around=Around(heard=lambda spoken: (None, vip)),
    )


def test_what_happens_while_people_have_the_conversation_is_put_off(shop: Workspace) -> None:
    lines = """\
      - customer: /club
      - customer: Человека
        means: human
      - handoff: user_request
      - event: parcel
        with: {track: RU1}
      - silent: true
      - people: return
      - bot: Готово RU1
"""
    _holds(shop, lines)


# --- what differs ---


def test_a_difference_has_both_sides_beside_each_other(shop: Workspace) -> None:
    lines = """\
      - customer: Где?
        means: order_status
      - bot: Адрес?
        buttons: [Человека]
      - stored: {slots: {order_number: 1}}
"""
    difference = _differs(shop, lines)
    assert _sides(difference) == [
        ("bot: Адрес? [Человека]", "bot: Номер? [Человека] [123456]"),
        ("slots.order_number: 1", "slots.order_number: null"),
    ]
    assert difference.line == 1, "the line of the text that was not said"


def test_more_and_less_than_expected_differ(shop: Workspace) -> None:
    assert _sides(_differs(shop, "      - customer: /pay\n")) == [("", "bot: Картой")]
    assert _sides(_differs(shop, "      - customer: /pay\n      - bot: Картой\n      - bot: Ещё\n")) == [
        ("bot: Ещё", "")
    ]
    swapped = _differs(shop, "      - customer: /order\n      - handoff: flow_rule\n      - bot: Номер?\n")
    assert _sides(swapped) == [("handoff: {reason: flow_rule}", "")]


def test_a_conversation_ends_at_its_first_difference(shop: Workspace) -> None:
    [ran] = _ran(shop, "      - customer: /pay\n      - bot: Нет\n      - customer: /pay\n      - bot: Нет\n")
    assert len(ran.went) == 1


@pytest.mark.parametrize(
    ("lines", "hint"),
    [
        (
            "      - customer: /order\n      - bot: Номер?\n      - customer: '123456'\n",
            "add to actions: {call: lookup",
        ),
        (
            "      - customer: /pay\n      - bot: Картой\n      - press: Ещё\n",
            'no button "Ещё" here; there are "Человек"',
        ),
        ("      - customer: Ну\n      - bot: Да\n", "say what they mean with means:"),
        ("      - customer: /order\n      - bot: Номер?\n      - people: return\n", "nobody was called"),
        (
            "      - customer: Человека\n        means: human\n      - handoff: user_request\n"
            "      - customer: /pay\n      - bot: Картой\n",
            "people: return",
        ),
        ("      - event: parcel\n      - bot: Готово\n", "no flow waits for this"),
    ],
)
def test_what_may_be_the_matter_is_told(shop: Workspace, lines: str, hint: str) -> None:
    assert hint in _differs(shop, lines).hint


def test_a_flow_that_breaks_off_says_why(tmp_path: Path) -> None:
    broken = workspace(tmp_path, "flow: main\nstart: {command: go}\nsteps: [{say: '{{ now.strftime(1) }}'}]\n")
    [(expected, got)] = _sides(_differs(broken, "      - customer: /go\n      - bot: Да\n"))
    assert expected == "bot: Да"
    assert got.startswith("stuck: ")


def test_a_test_ends_where_flows_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits = "flow: waits\nstart: {command: waits}\nsteps:\n  - {name: again, wait: 1s}\n  - goto: again\n"
    call = "  - {call: lookup, with: {number: 1}}\n"
    endless = workspace(tmp_path, waits, f"flow: calls\nstart: {{command: calls}}\nsteps:\n{call}{call}")
    assert "200 times within this while" in _differs(endless, "      - customer: /waits\n      - after: 1d\n").hint
    more = "actions: [{call: lookup, reply: 1}]\n"
    _holds(endless, "      - customer: /calls\n", more)
    monkeypatch.setattr(talk_running, "_CALLS_LIMIT", 1)
    assert "1 calls of actions" in _differs(endless, "      - customer: /calls\n", more).hint


# --- words and values ---


@pytest.mark.parametrize(
    ("pattern", "text", "holds"),
    [
        ("Заказ 1*", "Заказ 100234: в пути", True),
        ("*пути", "Заказ: в пути", True),
        ("З*2*ути", "Заказ 100234: в пути", True),
        ("Заказ", "Заказ 1", False),
        ("аб*ба", "аба", False),
        ("[a-z]?", "[a-z]?", True),
        (r"5\* из 5", "5* из 5", True),
        (r"5\* из 5", "55 из 5", False),
        ("два\nслова", "два слова", True),
        ("*", "", True),
        ("*" * 2000 + "x", "y" * 4000, False),
    ],
)
def test_a_star_is_anything_and_all_else_is_itself(pattern: str, text: str, holds: bool) -> None:
    assert fits(pattern, text) is holds


@pytest.mark.parametrize(
    ("expected", "got", "holds"),
    [
        ("100234", "100234", True), (100234, "100234", True), ("100234", 100234, True), ("1*", "100234", True),
        (True, True, True), (True, 1, False), (None, None, True), (None, "", False), (1.5, 1.5, True),
        ({"a": ["*", 1]}, {"a": ["x", "1"]}, True), ({"a": 1}, {"a": 1, "b": 2}, False), ([1], [1, 2], False),
        ({"a": 1}, "a", False),
    ],
)  # fmt: skip
def test_values_are_the_same_however_numbers_are_written(expected: object, got: object, holds: bool) -> None:
    assert same(expected, got) is holds


def test_values_are_shown_as_one_writes_them() -> None:
    value = {"a": "слово", "b": "100", "c": ["x, y", None], "d": True, "e": 1.5, "f": ""}
    assert in_words(value) == '{a: слово, b: "100", c: ["x, y", null], d: true, e: 1.5, f: ""}'
