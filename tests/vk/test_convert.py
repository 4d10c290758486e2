"""From raw events to signals: what is understood, and that nothing can break it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.vk.comments import place
from bots.vk.convert import Reader, convert, number_in, person_of
from bots.vk.keyboard import Client
from bots.vk.wire import LONGEST
from bots.wire import loads
from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import (
    Address,
    CustomerPressed,
    CustomerSaid,
    Event,
    Operator,
    Profile,
    SaidElsewhere,
    Signal,
    Text,
)
from tests.vk.events import (
    ADMIN,
    CLIENT,
    DATE,
    GROUP,
    IVAN,
    TABLE,
    captured,
    comment,
    event,
    message,
    mutations,
    new,
    profiled,
)

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
NAMES = {IVAN: Profile(name="Иван Петров", username="ivan"), ADMIN: Profile(name="Мария Орлова")}
READER = Reader(account="shop", group_id=GROUP, ours=lambda random_id: random_id == 4242)


def converted(raw: Any, reader: Reader = READER) -> Signal:
    signal = convert(raw, reader, NOW)
    assert signal is not None
    return signal


def checked(value: Any) -> None:
    """Whatever came in, what goes on can be stored, and read back as it was."""
    for body in (json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")):
        raw = loads(body)
        signal = convert(raw, READER, NOW)
        person_of(raw)
        Client.told(raw)
        if signal is None:
            continue
        stored = orjson.dumps(encode(signal))
        assert len(stored) < 12 * LONGEST
        assert decode(Signal, orjson.loads(stored)) == signal
        assert ":" not in signal.address.chat if signal.address else True


@pytest.mark.parametrize(("raw", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_every_documented_event_becomes_what_it_means(raw: Any, expected: Event | None) -> None:
    signal = convert(raw, READER, NOW)
    assert (signal.event if signal else None) == expected
    checked(raw)


def test_the_table_is_large_enough() -> None:
    assert len(TABLE) >= 60
    assert len({name for name, _, _ in TABLE}) == len(TABLE)


def test_a_signal_says_who_where_and_when() -> None:
    signal = converted(new(text="Где мой заказ?"))
    assert signal.id == f"vk.{GROUP}.e1"
    assert signal.address == Address(channel="vk", account="shop", chat="123")
    assert signal.at == datetime.fromtimestamp(DATE, UTC)


def test_captured_envelopes() -> None:
    events = captured()
    said = converted(events["callback_message_new"])
    assert said.event == CustomerSaid(message="456:id10", parts=(Text(text="hello"),))
    assert said.id == "vk.456.event-1"
    pressed = converted(events["callback_message_event"])
    assert pressed.event == CustomerPressed(button="reminder", message="123456789:17")
    below = converted(events["callback_wall_reply_new"])
    assert below.event == CustomerSaid(message="12", parts=(Text(text="comment"),))
    assert below.address == Address(channel="vk_wall", account="shop", chat="7_12_123")
    assert convert(events["callback_confirmation"], READER, NOW) is None


def test_who_is_known_has_a_name() -> None:
    reader = Reader(account="shop", group_id=GROUP, profile=lambda user: NAMES.get(user, Profile()))
    for name, raw, expected in TABLE:
        signal = convert(raw, reader, NOW)
        if signal is None or expected is None or isinstance(expected, SaidElsewhere):
            continue
        assert signal.event == profiled(expected, NAMES[IVAN]), name
    typed = event("message_reply", message(text="Да", from_id=-GROUP, admin_author_id=ADMIN))
    elsewhere = converted(typed, reader).event
    assert isinstance(elsewhere, SaidElsewhere)
    assert elsewhere.operator == Operator(id="77", name="Мария Орлова", desk="vk")


def test_the_same_event_is_the_same_signal_also_without_an_id() -> None:
    one, two = new(text="раз"), new(6, text="два")
    del one["event_id"], two["event_id"]
    assert converted(one).id == converted(json.loads(json.dumps(one))).id
    assert converted(one).id != converted(two).id


def test_times_that_cannot_be_are_now() -> None:
    for date in (None, "1", 10**12, -1, 0, NOW.timestamp() + 3600, True):
        assert converted(new(text="x", date=date)).at == NOW
    assert converted(new(text="x", date=int(NOW.timestamp()) + 1)).at <= NOW + timedelta(seconds=1)


def test_comments_of_one_person_below_one_comment_are_one_conversation() -> None:
    top, below = comment(number=12), comment(number=15, parents_stack=[12], reply_to_comment=13)
    other = comment(number=16, from_id=124, parents_stack=[12])
    chats = [signal.address.chat for raw in (top, below, other) if (signal := converted(raw)).address]
    assert chats == ["7_12_123", "7_12_123", "7_12_124"]
    assert place("7_12_123") == (7, 12, 123)
    for nonsense in ("", "7", "7_12", "7_12_", "a_b_c", "7_12_123_4", "7_12_" + "9" * 30, "7_12_²"):
        assert place(nonsense) is None
    deaf = Reader(account="shop", group_id=GROUP, wall=False)
    assert convert(top, deaf, NOW) is None


def test_names_of_messages_are_those_of_their_conversation() -> None:
    assert number_in("123:5", 123) == 5
    for nonsense in ("", "5", "124:5", "123:id7", "123:", "123:-5", "123:²", "123:" + "9" * 30, "1:123:5"):
        assert number_in(nonsense, 123) is None


def test_who_is_it() -> None:
    assert person_of(new(text="x")) == IVAN
    assert person_of(event("message_typing_state", {"from_id": IVAN})) == IVAN
    assert person_of(comment()) == IVAN
    assert person_of(event("message_event", {"user_id": IVAN})) == IVAN
    assert person_of(event("message_deny", {"user_id": IVAN})) is None


def test_what_an_app_shows() -> None:
    assert Client.told(CLIENT) == Client(callback=True, inline=True, keyboard=True, carousel=True)
    assert Client.told({**CLIENT, "button_actions": ["text"], "carousel": False}) == Client()
    assert Client.told({"inline_keyboard": False}) == Client(callback=False, inline=False, keyboard=False)
    nothing: tuple[Any, ...] = (None, [], {}, "x", {"keyboard": True})
    for nonsense in nothing:
        assert Client.told(nonsense) is None


@pytest.mark.parametrize("seed", range(4))
def test_no_broken_event_breaks_anything(seed: int) -> None:
    for broken in mutations(seed, 2500):
        checked(broken)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(_JSON)
def test_no_json_breaks_anything(value: Any) -> None:
    for kind in ("message_new", "message_event", "wall_reply_new", "message_reply"):
        convert(event(kind, value), READER, NOW)
        convert(event(kind, {"message": value}), READER, NOW)
    convert(value, READER, NOW)
    person_of(value)


def test_very_deep_json_is_read_or_refused() -> None:
    for depth in (50, 900, 5000):
        body = b'{"a":' * depth + b"1" + b"}" * depth
        try:
            value = loads(body)
        except ValueError:
            continue
        convert(event("message_new", {"message": {"fwd_messages": [value]}}), READER, NOW)
        convert(event("message_new", value) | {"event_id": None}, READER, NOW)
