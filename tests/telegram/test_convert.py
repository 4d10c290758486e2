"""From raw updates to signals: what is understood, and that nothing can break it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.content import TEXT_BYTES, parts_of
from bots.telegram.convert import callback_of, chat_of, convert, move_of
from bots.wire import loads
from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import (
    Address,
    Contact,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Location,
    Media,
    Part,
    Profile,
    ReachabilityChanged,
    Signal,
    Text,
    Unsupported,
)
from handoff.desks.telegram_forum.read import read
from tests.telegram.updates import captured, every_kind, in_group, message, mutations, pressed

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


def converted(raw: Any) -> Signal:
    [signal] = convert(raw, "shop", NOW)
    return signal


def parts(**content: Any) -> tuple[Part, ...]:
    event = converted(message(**content)).event
    assert isinstance(event, CustomerSaid)
    return event.parts


def content(kind: str) -> dict[str, Any]:
    return {kind: {"any": 1}}


def checked(value: Any) -> None:
    """Whatever came in, what goes on can be stored, and read back as it was."""
    for body in {json.dumps(value).encode(), json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")}:
        raw = loads(body)
        signals = convert(raw, "shop", NOW)
        chat_of(raw)
        callback_of(raw)
        move_of(raw)
        read(raw, "telegram_forum", 7, partial(parts_of, account="shop"))
        for signal in signals:
            stored = orjson.dumps(encode(signal))
            assert len(stored) < 4 * TEXT_BYTES
            assert decode(Signal, orjson.loads(stored)) == signal


def test_a_text_is_what_was_written_by_whom_and_when() -> None:
    signal = converted(message(9, text="Где мой заказ?"))
    assert signal.id == "tg.shop.1009"
    assert signal.address == Address(channel="telegram", account="shop", chat="23")
    assert signal.at == datetime.fromtimestamp(1_760_000_000, UTC)
    assert signal.event == CustomerSaid(
        message="23:9",
        parts=(Text(text="Где мой заказ?"),),
        profile=Profile(name="Анна Смирнова", username="anna"),
    )


def test_captured_updates_are_understood() -> None:
    kinds = {}
    for name, raw in captured().items():
        event = converted(raw).event
        assert isinstance(event, CustomerSaid)
        kinds[name] = event.parts[0].kind if isinstance(event.parts[0], Media) else type(event.parts[0]).__name__
    assert kinds == {
        "chatwoot_photo": "photo",
        "chatwoot_sticker_old_shape": "sticker",
        "chatwoot_text": "Text",
        "chatwoot_voice": "voice",
    }


def test_the_largest_photo_counts_and_its_caption_follows() -> None:
    assert parts(photo=[{"file_id": "small"}, {"file_id": "large", "file_size": 7}], caption="чек") == (
        Media(kind="photo", ref="large", origin="telegram:shop", mime="image/jpeg", size=7),
        Text(text="чек"),
    )


def test_a_moving_picture_is_one_video() -> None:
    file = {"file_id": "a", "file_name": "cat.mp4", "mime_type": "video/mp4"}
    assert parts(animation=file, document=file) == (
        Media(kind="video", ref="a", origin="telegram:shop", name="cat.mp4", mime="video/mp4"),
    )


def test_places_and_people() -> None:
    assert parts(location={"latitude": 55.75, "longitude": 37}) == (Location(latitude=55.75, longitude=37.0),)
    assert parts(contact={"phone_number": "+7900", "first_name": "Ян"}) == (Contact(phone="+7900", name="Ян"),)
    place = {"latitude": 1.0, "longitude": 2.0}
    assert parts(venue={"title": "Кафе", "address": "Арбат, 1", "location": place}, location=place) == (
        Location(latitude=1.0, longitude=2.0, title="Кафе, Арбат, 1"),
    )


@pytest.mark.parametrize("place", [{}, None, {"latitude": 91, "longitude": 0}, {"latitude": "1", "longitude": True}])
def test_a_place_that_is_none_is_still_told(place: Any) -> None:
    assert parts(location=place) == (Unsupported(kind="location"),)


@pytest.mark.parametrize("kind", ["dice", "poll", "game", "checklist", "story", "hologram"])
def test_what_has_no_name_here_is_told_by_its_own(kind: str) -> None:
    assert parts(**content(kind)) == (Unsupported(kind=kind),)


@pytest.mark.parametrize("kind", ["pinned_message", "forum_topic_created", "message_auto_delete_timer_changed"])
def test_what_the_messenger_says_itself_is_nobodys_message(kind: str) -> None:
    assert convert(message(**content(kind)), "shop", NOW) == ()


def test_commands_arrive_as_written_without_the_bots_name() -> None:
    assert parts(text="/order@polka_shop_bot 12") == (Text(text="/order 12"),)


def test_an_edit_names_the_message_it_changes() -> None:
    edited = {"update_id": 1, "edited_message": message(9, text="новое", edit_date=1_760_000_500)["message"]}
    signal = converted(edited)
    assert signal.event == CustomerEdited(message="23:9", parts=(Text(text="новое"),))
    assert signal.at == datetime.fromtimestamp(1_760_000_500, UTC)
    assert not signal.opens


def test_a_live_location_does_not_speak_at_every_step() -> None:
    moved = message(9, location={"latitude": 1.0, "longitude": 2.0}, edit_date=1_760_000_500)["message"]
    assert convert({"update_id": 1, "edited_message": moved}, "shop", NOW) == ()


def test_a_press_brings_the_buttons_id_and_what_stood_on_it() -> None:
    event = converted(pressed("flow.2")).event
    assert isinstance(event, CustomerPressed)
    assert (event.button, event.label, event.profile.name) == ("flow.2", "Нет", "Анна Смирнова")


@pytest.mark.parametrize("markup", [{}, [], {"inline_keyboard": [None, [None, 3, {"text": "x"}]]}])
def test_a_press_on_a_forgotten_keyboard_has_no_label(markup: Any) -> None:
    event = converted(pressed("flow.2", markup=markup)).event
    assert isinstance(event, CustomerPressed)
    assert event.label == ""


@pytest.mark.parametrize(("status", "reachable"), [("kicked", False), ("member", True)])
def test_blocking_and_unblocking(status: str, reachable: bool) -> None:
    change = {"chat": {"id": 23, "type": "private"}, "date": 1, "new_chat_member": {"status": status}}
    assert converted({"update_id": 1, "my_chat_member": change}).event == ReachabilityChanged(reachable=reachable)


def test_groups_channels_and_bots_are_no_customers() -> None:
    assert convert(in_group(text="привет"), "shop", NOW) == ()
    assert convert({"update_id": 1, "channel_post": message(text="x")["message"]}, "shop", NOW) == ()
    by_bot = message(text="x")
    by_bot["message"]["from"] = {"id": 1, "is_bot": True}
    assert convert(by_bot, "shop", NOW) == ()


@pytest.mark.parametrize("date", [None, -5, 0, 10**30, "x", 2_000_000_000, True])
def test_a_time_that_cannot_be_is_now(date: Any) -> None:
    assert abs(converted(message(text="x", date=date)).at - NOW) <= timedelta(seconds=1)


def test_a_long_text_is_cut_to_what_is_stored() -> None:
    [part] = parts(text="я" * 600_000)
    assert isinstance(part, Text)
    assert len(part.text.encode()) == TEXT_BYTES


def test_documented_updates_are_converted() -> None:
    for raw in every_kind():
        checked(raw)


@pytest.mark.parametrize("seed", range(5))
def test_thousands_of_broken_updates_break_nothing(seed: int) -> None:
    for raw in mutations(seed, 2000):
        checked(raw)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["message", "chat", "id", "type", "from", "text", "date", "update_id", "photo", "data", "x"]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_any_json_value_is_taken(value: Any) -> None:
    checked(value)


@given(_json)
def test_anything_may_stand_in_a_message(value: Any) -> None:
    checked(message(text=value))
    checked(message(photo=value, caption=value))
    checked(message(location=value, contact=value, venue=value))
    checked(pressed(markup=value))
    checked(in_group(text="x", reply_to_message=value, sender_chat=value))
