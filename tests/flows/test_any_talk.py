"""Whatever comes, in whatever order: the interpreter answers, and its answer can be stored."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given
from hypothesis import strategies as st

from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import Dialog, Entity, Frame, Understanding
from flows.interpreter import Pressed, Resulted, Resumed, Said, advance
from flows.model import Workspace
from flows.sandbox import HOLE, TEXT_LIMIT
from flows.turn import FRAME_LIMIT
from tests.flows.world import DELIVERY, HUMAN, ORDER, PAYMENT, SCOPE, workspace

DEEP = """\
flow: deep
start: {command: deep}
steps:
  - {ask: sure, say: "Точно, {{ customer.name }}?", expect: yes_no, attempts: 1, otherwise: [{goto: number}]}
  - flow: delivery
  - {ask: number, say: Сколько?, expect: number, buttons: [{text: Оплата, flow: payment}, {text: Я, handoff: {}}, "5"]}
  - choose: [{when: number > 100, do: [{set: {number: "{{ number // 2 }}"}}, {goto: number}]}]
  - {call: create, with: {city: "{{ city }}"}, on_error: [{say: Ошибка}]}
  - say: ["{{ order.number }}", "{{ city }} {{ number }}"]
"""


@cache
def shop() -> Workspace:
    with TemporaryDirectory() as path:
        return workspace(Path(path), ORDER, DELIVERY, PAYMENT, HUMAN, DEEP)


_TEXTS = (
    st.sampled_from(["/deep", "/order", "/operator", "/x", "да", "нет", "5", "1000", "123456", "Тверь"]) | st.text()
)
_ENTITIES = st.builds(
    Entity,
    name=st.sampled_from(["city", "order_number", "?"]),
    value=st.text(),
    start=st.integers(0, 9),
    end=st.just(9),
)
_UNDERSTANDINGS = st.none() | st.builds(
    Understanding,
    intent=st.sampled_from(["order_status", "payment", "delivery", "human", "weather", ""]),
    confidence=st.floats(0, 1),
    entities=st.lists(_ENTITIES, max_size=2).map(tuple),
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["number", "status"]), inner),
    max_leaves=5,
)
_GIVEN = (
    st.builds(Said, text=_TEXTS, understanding=_UNDERSTANDINGS)
    | st.builds(Pressed, button=st.deferred(lambda: st.sampled_from([*shop().library.buttons, "gone"])), label=_TEXTS)
    | st.builds(Resulted, ok=st.booleans(), data=_JSON, error=st.just(""))
    | st.just(Resumed())
)
_FRAMES = st.builds(
    Frame, flow=st.sampled_from(["order", "gone"]), version=st.text(), step=st.text(), attempts=st.just(0)
)


@given(st.lists(_FRAMES, max_size=2), st.lists(_GIVEN, max_size=15))
def test_any_talk(frames: list[Frame], talk: list[Said | Pressed | Resulted | Resumed]) -> None:
    dialog = Dialog(frames=tuple(frames))
    for given_now in talk:
        outcome = advance(shop(), dialog, given_now, SCOPE)
        assert outcome == advance(shop(), dialog, given_now, SCOPE)
        if not outcome.matched:
            assert outcome.dialog is dialog
            assert (outcome.replies, outcome.call, outcome.handoff, outcome.error) == ((), None, None, "")
        for reply in outcome.replies:
            assert 0 < len(reply.text) <= TEXT_LIMIT
            assert HOLE not in reply.text.replace(str(dialog.slots.get("city")), "")
        assert len(outcome.dialog.frames) <= FRAME_LIMIT
        assert decode(Dialog, encode(outcome.dialog)) == outcome.dialog
        json.dumps(encode(outcome.dialog))
        dialog = outcome.dialog
