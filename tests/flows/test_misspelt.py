"""A misspelt word is one mistake, told where it stands: what it was meant to be takes its place in the checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import loader
from tests.flows.mistakes import SHOWING, flow, split
from tests.flows.world import DELIVERY, HUMAN, PAYMENT, write

REST = {"payment": PAYMENT, "delivery": DELIVERY, "human": HUMAN}
"""Flows for the other intents of the training data."""
ONE_WORD = [
    ("aks", "ask", "{«: city, say: Куда?, expect: city, attempts: 1}", "{say: '{{ city }}'}"),
    ("mneu", "menu", "{«: [{text: Да}], say: Да?, order: fixed, otherwise: [{say: b}]}", "{say: a}"),
    ("cal", "call", "{«: lookup, with: {number: 1}, save: order}", "{say: '{{ order.status }}'}"),
    ("chose", "choose", "{«: [{when: open, do: [{say: a}]}], name: c}", "{say: a}"),
    ("sett", "set", "{«: {a: 1}}", "{say: '{{ a }}'}"),
    ("gotoo", "goto", "{«: top}", "{say: a, name: top}"),
    ("flwo", "flow", "{«: payment}", "{say: a}"),
    ("handof", "handoff", "{«: {skill: general}}", "{say: a}"),
    ("wiat", "wait", "{«: {event: paid, for: 3d}, save: bill, otherwise: [{say: b}]}", "{say: '{{ bill }}'}"),
    ("remembr", "remember", "{«: {city: a}, for: 3d}", "{say: '{{ memory.city }}'}"),
    ("forgett", "forget", "{«: all}", "{say: a}"),
    ("tga", "tag", "{«: fan}", "{say: a}"),
    ("untga", "untag", "{«: fan}", "{say: a}"),
    ("edn", "end", "{«: true}", ""),
    ("sya", "say", "{«: a, buttons: [b], delay: 1}", "{say: a}"),
    ("expct", "expect", "{ask: city, say: Куда?, «: city}", "{say: '{{ city }}'}"),
    ("sya", "say", "{ask: city, «: Куда?}", "{say: '{{ city }}'}"),
    ("vald", "valid", "{ask: city, say: Куда?, «: value, invalid: Нет}", "{say: '{{ city }}'}"),
    ("butons", "buttons", "{ask: city, say: Куда?, expect: choice, «: [{text: a, value: b}]}", "{say: '{{ city }}'}"),
    ("txt", "text", "{menu: [{«: Да, flow: payment}], say: Да?}", "{say: a}"),
    ("folw", "flow", "{menu: [{text: Да, «: payment}], say: Да?}", "{say: a}"),
    ("txt", "text", "{say: a, buttons: [{«: Да}]}", "{say: a}"),
    ("whn", "when", "{choose: [{«: open, do: [{say: a}]}]}", "{say: a}"),
    ("doo", "do", "{choose: [{when: open, «: [{say: a}]}]}", "{say: a}"),
    ("otherwse", "otherwise", "{choose: [{when: open, do: [{say: a}]}, {«: [{say: b}]}]}", "{say: a}"),
    ("sav", "save", "{call: lookup, with: {number: 1}, «: order}", "{say: '{{ order.status }} {{ slots.order }}'}"),
    ("mpa", "map", "{call: lookup, with: {number: 1}, «: {total: reply.total}}", "{say: '{{ total }}'}"),
    ("wiht", "with", "{call: lookup, «: {number: 1}, save: order}", "{say: '{{ order }}'}"),
    ("fro", "for", "{wait: {«: 3d}}", "{say: a}"),
    ("svae", "save", "{wait: {event: paid, for: 3d}, «: bill}", "{say: '{{ bill }}'}"),
    ("skil", "skill", "{handoff: {«: general}}", "{say: a}"),
    ("rememer", "remember", "{ask: city, say: Куда?, «: 30d}", "{say: '{{ memory.city }}'}"),
]


@pytest.mark.parametrize(
    ("written", "meant", "step", "after"), ONE_WORD, ids=[f"{a} {c[:12]}" for a, _, c, _ in ONE_WORD]
)
def test_one_misspelt_word_is_one_finding(tmp_path: Path, written: str, meant: str, step: str, after: str) -> None:
    text, line, column = split(flow(f"  - {step}\n" + (f"  - {after}\n" if after else "")))
    right, wrong = (text.splitlines(keepends=True) for _ in range(2))
    for lines, word in ((right, meant), (wrong, written)):
        lines[line - 1] = lines[line - 1][: column - 1] + word + lines[line - 1][column - 1 :]
    assert loader.find(write(tmp_path / "right", {"order": "".join(right), **REST}), SHOWING)[1] == []
    (found,) = loader.find(write(tmp_path / "wrong", {"order": "".join(wrong), **REST}), SHOWING)[1]
    assert (found.line, found.column, found.severity) == (line, column, "error")
    assert f'"{written}"' in found.what
    assert found.mend == f'did you mean "{meant}"?'


def test_a_misspelt_word_hides_no_other_mistake_of_its_step(tmp_path: Path) -> None:
    found = loader.find(write(tmp_path, {"order": flow("  - {aks: city, say: 5, expct: city}\n  - say: a\n")}))[1]
    assert [(one.column, one.what.partition(";")[0]) for one in found if one.file == "flows/order.yml"] == [
        (6, '"aks" makes no step'),
        (22, "expected a text"),
        (25, 'unknown key "expct"'),
    ]


@pytest.mark.parametrize("wrong", ["choise", "chioce"])
def test_a_misspelt_choice_is_told_once(tmp_path: Path, wrong: str) -> None:
    buttons = "[{text: a, value: b}, {text: c, value: d}]"
    steps = f"  - {{ask: way, say: Как?, expect: {wrong}, buttons: {buttons}}}\n  - say: Да\n"
    (found,) = loader.find(write(tmp_path, {"order": flow(steps), **REST}))[1]
    assert found.what == f'"{wrong}" is no kind of answer, and no entity of the training data'
    assert found.mend == 'did you mean "choice"?'


def test_a_missing_translation_says_what_is_said_meanwhile(tmp_path: Path) -> None:
    steps = "  - say: {ru: Привет}\n  - say: {en: Hello}\n"
    found = loader.find(write(tmp_path, {"order": flow(steps), **REST}))[1]
    assert [one.mend for one in found] == [
        "add en: here; until then ru is said there",
        "add ru: here; until then en is said there",
    ]
