"""A flow as nodes and edges: every construct, what leads where, what leads into a flow."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.graph import Beginning, Edge, Graph, Node, beginnings, graph
from flows.model import Workspace
from tests.flows.world import PAYMENT, workspace


def of(path: Path, steps: str, *more: str) -> Graph:
    head = "flow: main\nstart: {command: go}\nsteps:\n"
    found = workspace(path, head + steps, PAYMENT, *more)
    return graph(found.library.flows["main"])


def only(found: Graph, kind: str) -> Node:
    nodes = [node for node in found.nodes if node.kind == kind]
    assert len(nodes) == 1, nodes
    return nodes[0]


def ways(found: Graph) -> list[tuple[str, str, str]]:
    """Edges by the kinds of their ends, without the one from the start."""
    kinds = {node.id: node.kind for node in found.nodes}
    return [(kinds[edge.source], edge.kind, kinds[edge.target]) for edge in found.edges if edge.source != "start"]


def from_kind(found: Graph, kind: str) -> list[Edge]:
    source = only(found, kind).id
    return [edge for edge in found.edges if edge.source == source]


def test_what_is_said_leads_on_and_at_last_the_flow_is_over(tmp_path: Path) -> None:
    found = of(tmp_path, '  - say: {ru: Раз, en: "One"}\n  - say: [Два, Ещё два]\n')
    assert [node.kind for node in found.nodes] == ["start", "say", "say", "over"]
    assert ways(found) == [("say", "next", "say"), ("say", "next", "over")]
    first, second = found.nodes[1:3]
    assert first.text is not None
    assert (first.text.words("ru"), first.text.words("en")) == ("Раз", "One")
    assert (first.path, second.path) == (("steps", 0), ("steps", 1))
    assert (first.facts["variants"], second.facts["variants"]) == (1, 2)
    assert found.edges[0] == Edge(source="start", target=first.id, kind="next")


def test_buttons_that_lead_elsewhere_are_ways_of_their_own(tmp_path: Path) -> None:
    buttons = (
        "    buttons: [Просто, {text: Оплата, flow: payment}, {text: И снова, flow: payment}, "
        "{text: Человек, handoff: {skill: delivery, summary: Зовёт}}]\n"
    )
    found = of(tmp_path, "  - say: Что?\n" + buttons)
    assert [(kind, to) for _, kind, to in ways(found)] == [
        ("next", "over"), ("press", "flow"), ("press", "flow"), ("press", "handoff"),
    ]  # fmt: skip
    flow, people = only(found, "flow"), only(found, "handoff")
    assert (flow.flow, flow.written, flow.path) == ("payment", False, ("steps", 0, "buttons", 1))
    assert people.facts == {"reason": "user_request", "skill": "delivery"}
    assert [copy.default for copy in only(found, "say").buttons] == ["Просто", "Оплата", "И снова", "Человек"]
    assert [edge.text.default for edge in found.edges if edge.kind == "press" and edge.text] == [
        "Оплата", "И снова", "Человек",
    ]  # fmt: skip


def test_a_question_is_answered_or_not(tmp_path: Path) -> None:
    found = of(tmp_path, '  - {ask: age, say: Сколько?, expect: number, valid: "value > 17", remember: 1d}\n')
    assert ways(found) == [("ask", "answer", "over"), ("ask", "unanswered", "handoff")]
    asked, people = only(found, "ask"), only(found, "handoff")
    assert asked.name == "age"
    assert (asked.facts["expect"], asked.facts["attempts"], asked.facts["valid"]) == ("number", 2, "value > 17")
    assert asked.facts["remember"] == 86400
    assert (people.written, people.facts["reason"]) == (False, "repeated_fallback")


def test_an_own_otherwise_stands_as_it_is_written(tmp_path: Path) -> None:
    found = of(tmp_path, "  - {ask: age, say: Сколько?, otherwise: [{say: Ладно}, {set: {age: 0}}]}\n  - say: Дальше\n")
    assert ("ask", "unanswered", "say") in ways(found)
    assert ("set", "next", "say") in ways(found)
    assert only(found, "set").facts == {"values": {"age": 0}}


def test_a_menu_has_a_way_for_each_option(tmp_path: Path) -> None:
    options = (
        "  - say: Что дальше?\n    order: habit\n    menu:\n      - {text: Оплата, flow: payment}\n"
        "      - {text: Человек, handoff: {}}\n      - {text: Шаги, when: open, do: [{say: Шаг}]}\n"
        "      - text: Ничего\n"
    )
    found = of(tmp_path, options)
    kinds = {node.id: node.kind for node in found.nodes}
    told = [(edge.kind, kinds[edge.target], edge.text and edge.text.default, edge.condition) for edge in
            from_kind(found, "menu")]  # fmt: skip
    assert told == [
        ("option", "flow", "Оплата", ""),
        ("option", "handoff", "Человек", ""),
        ("option", "say", "Шаги", "open"),
        ("option", "over", "Ничего", ""),
        ("unanswered", "handoff", None, ""),
    ]
    assert only(found, "menu").facts["habit"] is True


def test_a_choice_shows_its_conditions(tmp_path: Path) -> None:
    cases = (
        "  - choose:\n      - {when: open, do: [{say: Да}]}\n      - {when: not open, do: [{end: true}]}\n"
        "      - otherwise: [{end: all}]\n"
    )
    found = of(tmp_path, cases)
    assert [(edge.kind, edge.condition) for edge in from_kind(found, "choose")] == [
        ("when", "open"), ("when", "not open"), ("otherwise", ""),
    ]  # fmt: skip
    assert ("choose", "when", "end") in ways(found)
    assert ("choose", "otherwise", "end_all") in ways(found)
    assert not any(edge.source == only(found, "end").id for edge in found.edges)


def test_a_call_is_done_or_fails(tmp_path: Path) -> None:
    call = '  - {call: lookup, with: {number: "{{ bot.name }}"}, save: order, map: {total: "{{ reply.total }}"}}\n'
    found = of(tmp_path, call)
    assert ways(found) == [("call", "done", "over"), ("call", "failed", "handoff")]
    assert only(found, "call").facts == {
        "with": {"number": "{{ bot.name }}"},
        "save": "order",
        "map": {"total": "{{ reply.total }}"},
    }
    assert only(found, "handoff").facts["reason"] == "action_error"


def test_waits(tmp_path: Path) -> None:
    found = of(tmp_path, "  - wait: 3d\n  - say: Прошло\n")
    assert ways(found)[0] == ("wait", "next", "say")
    assert only(found, "wait").facts["seconds"] == 3 * 86400
    event = "  - {wait: {event: paid, for: 1h}, save: bill, otherwise: [{say: Не платят}]}\n  - end: true\n"
    found = of(tmp_path, event)
    assert ways(found) == [("wait", "happened", "end"), ("wait", "late", "say"), ("say", "next", "end")]
    assert only(found, "wait").facts == {"seconds": 3600, "until": None, "event": "paid", "save": "bill"}
    assert ways(of(tmp_path, "  - wait: {event: paid, for: 1h}\n  - end: true\n")) == [("wait", "next", "end")]


def test_what_changes_something_tells_what(tmp_path: Path) -> None:
    steps = (
        '  - remember: {city: "{{ customer.name }}"}\n    for: 1d\n  - forget: city\n  - tag: [vip, regular]\n'
        "  - untag: vip\n  - set: {list: [1, {a: '{{ open }}'}]}\n  - say: Всё\n"
    )
    found = of(tmp_path, steps)
    assert only(found, "remember").facts == {"values": {"city": "{{ customer.name }}"}, "seconds": 86400}
    assert only(found, "forget").facts == {"names": ["city"]}
    assert only(found, "tag").facts == {"names": ["vip", "regular"]}
    assert only(found, "untag").facts == {"names": ["vip"]}
    assert only(found, "set").facts == {"values": {"list": [1, {"a": "{{ open }}"}]}}
    assert all(kind == "next" for _, kind, _ in ways(found))
    assert only(of(tmp_path, "  - forget: all\n  - say: Всё\n"), "forget").facts == {"names": []}


def test_another_flow_and_a_goto(tmp_path: Path) -> None:
    found = of(tmp_path, "  - {name: again, ask: age, say: Сколько?}\n  - flow: payment\n  - goto: again\n")
    assert ways(found) == [
        ("ask", "answer", "flow"), ("ask", "unanswered", "handoff"), ("flow", "next", "goto"), ("goto", "next", "ask"),
    ]  # fmt: skip
    run = only(found, "flow")
    assert (run.flow, run.written) == ("payment", True)


def test_people_may_give_the_conversation_back(tmp_path: Path) -> None:
    found = of(tmp_path, "  - handoff: {skill: delivery, summary: Смотрите}\n  - say: Снова я\n")
    assert ways(found)[0] == ("handoff", "returned", "say")
    people = only(found, "handoff")
    assert people.text is not None
    assert people.text.default == "Смотрите"
    assert ways(of(tmp_path, "  - handoff: {}\n")) == []


def test_a_step_that_nothing_leads_to_is_there(tmp_path: Path) -> None:
    found = of(tmp_path, "  - end: true\n  - say: Никогда\n")
    lost = only(found, "say").id
    assert not any(edge.target == lost for edge in found.edges)


def test_ids_are_unique_and_edges_end_at_nodes(demo_workspace: Workspace) -> None:
    for flow in demo_workspace.library.flows.values():
        found = graph(flow)
        ids = [node.id for node in found.nodes]
        assert len(ids) == len(set(ids))
        assert {edge.source for edge in found.edges} | {edge.target for edge in found.edges} <= set(ids)
        assert {node.id for node in found.nodes} >= {step.place for step in flow.steps}


MANY = """\
flow: many
start:
  intent: order_status
  command: many
  button: {ru: Много, en: Many}
  link: promo-*
  event: paid
  schedule: {at: "09:30", days: mon-fri, tag: vip}
always: true
steps:
  - say: Много
    buttons: [{text: Оплата, flow: payment}, {text: Оплатить, flow: payment}]
  - flow: payment
"""


def test_everything_that_leads_into_a_flow_is_told(tmp_path: Path) -> None:
    found = beginnings(workspace(tmp_path, MANY, PAYMENT).library)
    assert found["many"] == (
        Beginning("intent", "order_status"), Beginning("command", "/many"), Beginning("words", "много"),
        Beginning("words", "many"), Beginning("link", "promo-*"), Beginning("event", "paid"),
        Beginning("schedule", "09:30 mon tue wed thu fri, tag vip"), Beginning("always", ""),
    )  # fmt: skip
    assert found["payment"] == (
        Beginning("intent", "payment"), Beginning("command", "/pay"), Beginning("press", "many"),
        Beginning("run", "many"),
    )  # fmt: skip


@pytest.mark.parametrize("steps", ["  - say: Раз\n", "  - {ask: age, say: Сколько?}\n"])
def test_it_is_the_same_each_time(tmp_path: Path, steps: str) -> None:
    assert of(tmp_path, steps) == of(tmp_path, steps)
