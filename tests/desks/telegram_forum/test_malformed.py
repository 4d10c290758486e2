"""Updates of the group that Telegram never sent, or sends one day: none makes the desk raise."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bots.telegram.content import parts_of
from handoff.desks.telegram_forum.read import Asked, Reacted, read

READ = partial(read, desk="telegram_forum", bot_id=7, parts_of=partial(parts_of, account="shop"))

PERSON = {"id": 23, "is_bot": False, "first_name": "Анна"}
GROUP = {"id": -100, "type": "supergroup", "is_forum": True}


def message(**more: Any) -> dict[str, Any]:
    shell = {"message_id": 9, "message_thread_id": 3, "is_topic_message": True, "chat": GROUP, "from": PERSON}
    return {**shell, "date": 1_760_000_000, **more}


HEART = {"type": "emoji", "emoji": "❤"}
OURS = {"message_id": 5, "from": {"id": 7, "is_bot": True}, "chat": GROUP, "text": "👤 Ян\nау"}
OWN = {"message_id": 6, "from": PERSON, "chat": GROUP, "text": "не туда"}
WHOLE: list[dict[str, Any]] = [
    {"message": message(text="здравствуйте", reply_to_message=OURS)},
    {"message": message(text="/delete", reply_to_message=OWN)},
    {"message": message(text="/template 2 Анна | 5")},
    {"message": message(photo=[{"file_id": "f", "file_size": 9}], caption="// чек", media_group_id="12")},
    {"message": message(location={"latitude": 1.0, "longitude": 2.0})},
    {"message": message(contact={"phone_number": "+7", "first_name": "Ян"})},
    {"edited_message": message(text="привет", entities=[{"type": "bold", "offset": 0, "length": 3}], edit_date=1)},
    {"message_reaction": {"chat": GROUP, "message_id": 5, "user": PERSON, "new_reaction": [HEART]}},
    {"callback_query": {"id": "1", "from": PERSON, "data": "desk:take", "message": message(text="карточка")}},
    {"message": message(text="/to @olga срочно", entities=[{"type": "text_mention", "user": PERSON}])},
    {"message": {**message(text="/on"), "is_topic_message": False}},
    {"message": {**message(text="/start op_secret"), "chat": {"id": 23, "type": "private"}}},
    {"chat_member": {"chat": GROUP, "from": PERSON, "new_chat_member": {"status": "left", "user": PERSON}}},
]  # fmt: skip
ODD: list[Any] = [None, True, -1, 2**70, 1.5, float("nan"), "", "//", "/", "\u202e", [], [[]], {}, {"id": {}}]
_FIELDS = ("message", "message_reaction", "edited_message", "callback_query", "from", "chat", "text", "id")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=4),
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key of it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, held in items:
        yield value, key
        yield from places(held)


def test_a_whole_update_is_read() -> None:
    assert all(READ({"update_id": 1, **update}) is not None for update in WHOLE)


def test_ten_thousand_mutated_updates_raise_nothing() -> None:
    random = Random(4)
    for _ in range(10_000):
        update = deepcopy(random.choice(WHOLE))
        for _ in range(random.randint(1, 3)):
            found = list(places(update))
            if not found:
                break
            holder, key = random.choice(found)
            if random.random() < 0.3:
                del holder[key]
            else:
                holder[key] = deepcopy(random.choice(ODD))
        READ(update)


@given(ANYTHING)
def test_any_value_raises_nothing(update: Any) -> None:
    READ(update)


def test_an_anonymous_reaction_is_nobodys_and_of_several_the_latest_counts() -> None:
    several = [{"type": "emoji", "emoji": "👍"}, {"type": "emoji", "emoji": "🔥"}, {"type": "paid"}]
    change = {"chat": GROUP, "message_id": 5, "new_reaction": several}
    assert READ({"message_reaction": {**change, "actor_chat": GROUP}}) is None
    reading = READ({"message_reaction": {**change, "user": PERSON}})
    assert isinstance(reading, Reacted)
    assert reading.emoji == "🔥"


def test_a_deletion_needs_ones_own_message() -> None:
    for command in ("/delete", "/undo"):
        own = READ({"message": message(text=command, reply_to_message=OWN)})
        assert isinstance(own, Asked)
        assert own.own
        for answered in (OURS, None, {**OWN, "message_id": 3}, {**OWN, "from": {"id": 24}}):
            others = READ({"message": message(text=command, reply_to_message=answered)})
            assert isinstance(others, Asked)
            assert not others.own


def test_a_live_location_that_moves_is_no_edit() -> None:
    assert READ({"edited_message": message(location={"latitude": 1.0, "longitude": 2.0})}) is None
