"""From webhooks to signals: what Meta documents, what it publishes as examples, and what nobody would expect."""

from __future__ import annotations

import copy
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from bots.whatsapp.convert import Aside, Moved, Told, convert, tracker
from bots.whatsapp.people import Person
from bots.wire import loads
from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import (
    Address,
    Contact,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Location,
    Media,
    OutboxId,
    Profile,
    Signal,
    Text,
    Unsupported,
)
from tests.whatsapp.payloads import ANNA, BUSINESS, CASES, NUMBER, PHONE, USER, WAMID, Case, message, status

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ACCOUNTS = {NUMBER: "shop"}
DATA = Path(__file__).parent / "data"
SHEENA = Profile(name="Sheena Nelson")

EXAMPLES: dict[str, Event | None] = {
    "in_button_message": CustomerPressed(
        button="Unsubscribe", label="Unsubscribe", profile=SHEENA,
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJFNjk2OTMwNEZCQjhGMzUyQUYA",
    ),
    "in_contact_sharing_message": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        parts=(Contact(phone="+1 (983) 555-2319", name="Lucía Gómez"),), profile=SHEENA,
    ),
    "in_group_create_message": None,
    "in_group_remove_participants": None,
    "in_group_settings_update": None,
    "in_image_message": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        parts=(
            Media(kind="photo", ref="1003383421387256", origin="whatsapp:shop", mime="image/jpeg"),
            Text(text="Taj Mahal"),
        ),
        profile=SHEENA,
    ),
    "in_interactive_button_reply_message": CustomerPressed(
        button="cancel-button", label="Cancel", profile=SHEENA,
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI3MEM2RUJFNkI0RENGQTVDRjUA",
    ),
    "in_interactive_list_reply_message": CustomerPressed(
        button="priority_express", label="Priority Mail Express", profile=SHEENA,
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBJGMzEyNzhENTZDMzNGODlDRDgA",
    ),
    "in_location_message": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTU2MjZEMDBGRkE3MENEMDE0RQA=",
        parts=(
            Location(
                latitude=37.44221496582, longitude=-122.16165924072,
                title="Philz Coffee, 101 Forest Ave, Palo Alto, CA 94301",
            ),
        ),
        profile=SHEENA,
    ),
    "in_order_message": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTEyQjFGNzI1QTQxMjI5QTMyOQA=",
        parts=(Unsupported(kind="order: 2 × di9ozbzfi4, 1 × nqryix03ez"),), profile=SHEENA,
    ),
    "in_reaction_message": CustomerReacted(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgARGBI0RTJEOTc2ODVERUY5RDlGNkYA", emoji="👍"
    ),
    "in_system_message": None,
    "in_text_message": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTRBNjU5OUFFRTAzODEwMTQ0RgA=",
        parts=(Text(text="Does it come in another color?"),), profile=SHEENA,
    ),
    "in_text_message_from_click_to_whatsapp_ad": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQUQ0N0VFMDA2MTQ0RkJFNkNDNAA=",
        parts=(Text(text="Hello! Can I get more info on this?"),), profile=SHEENA, payload="ad:120226305854810726",
    ),
    "in_text_message_with_context_product_inquiry": CustomerSaid(
        message="wamid.HBgLMTY1MDM4Nzk0MzkVAgASGBQzQTA2NTUwRkNEMDdFQjJCRUU0NQA=",
        parts=(Text(text="Is this still available?"),), profile=SHEENA, quote="194836987003835/di9ozbzfi4",
    ),
    "in_unsupported_message": CustomerSaid(
        message="wamid.HBgLMTQyMDU1NTA3NDkVAgASGBI5N0MwRjg0RTVBNUI1RDA2OTkA",
        parts=(Unsupported(kind="unsupported"),), profile=SHEENA,
    ),
}  # fmt: skip


def told(raw: Any) -> list[Told]:
    return [one for one in convert(raw, ACCOUNTS, NOW) if isinstance(one, Told)]


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert set(EXAMPLES) == {path.stem for path in DATA.glob("*.json")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_published_example_means_what_it_says(name: str) -> None:
    found = told(loads((DATA / f"{name}.json").read_bytes()))
    expected = EXAMPLES[name]
    assert [one.event for one in found] == ([expected] if expected else [])
    assert all(one.person == Person(phone="16505551234") for one in found)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_documented_webhook_means_what_it_says(case: Case) -> None:
    found = convert(loads(orjson.dumps(case.payload)), ACCOUNTS, NOW)
    signals = [one for one in found if isinstance(one, Told)]
    assert [(one.id, one.person, one.event) for one in signals] == [
        (f"wa.{NUMBER}.{id_}", person, event) for id_, person, event in case.told
    ]
    assert [type(one).__name__ for one in found if not isinstance(one, Told)] == list(case.other)
    assert {one.account for one in signals} <= {"shop"}


def test_ids_of_all_that_can_happen_to_one_message_differ() -> None:
    ids = [one.id for case in CASES for one in told(case.payload) if case.name in ("edited text", "taken back", "text")]
    ids += [one.id for name in ("sent", "delivered", "read", "failed") for one in told(status(name))]
    assert len(set(ids)) == len(ids) == 7


@pytest.mark.parametrize(
    ("written", "seconds_ago"),
    [("1795175990", 10), (1795175990, 10), ("1795262400", 0), ("0", 0), ("-5", 0), ("9" * 30, 0), ("soon", 0),
     (None, 0), (True, 0), ("١٧٩٥", 0)],
)  # fmt: skip
def test_a_time_is_taken_if_it_can_be_true(written: Any, seconds_ago: int) -> None:
    now = datetime.fromtimestamp(1795176000, UTC)
    [one] = convert(message("text", {"body": "да"}, timestamp=written), ACCOUNTS, now)
    assert isinstance(one, Told)
    assert now - one.at == timedelta(seconds=seconds_ago)


def test_a_change_of_number_says_who_was_who() -> None:
    system = {"wa_id": "12195555358", "user_id": "US.2", "previous_user_id": USER, "type": "user_changed_number"}
    raw = message("system", system, sender={"from": PHONE})
    assert convert(raw, ACCOUNTS, NOW) == [
        Moved(account="shop", before=Person(phone=PHONE, user=USER), after=Person(phone="12195555358", user="US.2"))
    ]


def test_another_numbers_message_is_set_aside_with_a_sentence() -> None:
    [case] = [case for case in CASES if case.name == "another number's message"]
    [aside] = convert(case.payload, ACCOUNTS, NOW)
    assert isinstance(aside, Aside)
    assert aside.reason == "it is for the number with the id 999, which is not set up here"


def test_a_second_number_of_the_same_address_is_its_own_account() -> None:
    raw = message("text", {"body": "да"})
    [one] = convert(raw, {NUMBER: "spare", "1": "shop"}, NOW)
    assert isinstance(one, Told)
    assert one.account == "spare"


def test_failures_are_told_in_the_operators_language() -> None:
    raw = status("failed", errors=[{"code": 131047}])
    [one] = convert(raw, ACCOUNTS, NOW, "en")
    assert isinstance(one, Told)
    assert "24 hours have passed" in one.event.sentence  # type: ignore[union-attr]


def test_the_tracker_comes_back() -> None:
    assert tracker(OutboxId("c1.2.3"), 1, 1) == "c1.2.3"
    for piece, item in ((1, None), (2, "c1|2.3")):
        [one] = told(status("sent", biz_opaque_callback_data=tracker(OutboxId("c1|2.3"), piece, 2)))
        assert (one.item, one.piece, one.event.item) == ("c1|2.3", (piece, 2), item)  # type: ignore[union-attr]


def test_a_text_longer_than_any_is_cut_between_characters() -> None:
    [one] = told(message("text", {"body": "я👍" * 40_000}))
    assert isinstance(one.event, CustomerSaid)
    [part] = one.event.parts
    assert isinstance(part, Text)
    assert 99_000 < len(part.text.encode()) <= 100_000


STRANGE: tuple[Any, ...] = (
    None, True, False, 0, -1, 2**70, 1e308, float("inf"), float("nan"), "", " ", "\x00", "я" * 300, "\ud83d", "0", "-1",
    "9" * 40, "wamid.x y", "📦", [], [[]], [None], {}, {"": {}}, {"id": 1}, {"type": "text"}, [{"id": None}], "edit",
    "system", "user_changed_number", {"body": ["x"]}, {"latitude": "x", "longitude": None},
)  # fmt: skip
KEYS = """
    id type from from_user_id text body image context message_id emoji entry changes value metadata statuses status
    errors code pricing billable recipient_id contacts wa_id user_id profile name system edit revoke message
    original_message_id interactive button_reply list_reply title field object timestamp phone_number_id group_id
    referral biz_opaque_callback_data product_items quantity message_echoes to
""".split()  # noqa: SIM905  a table, not code


def mutated(seed: int) -> Any:
    """One of the payloads with some of it replaced, removed, doubled or moved."""
    dice = random.Random(seed)
    payloads = [case.payload for case in CASES] + [
        json.loads(path.read_bytes()) for path in sorted(DATA.glob("*.json"))
    ]
    raw = copy.deepcopy(dice.choice(payloads))
    for _ in range(dice.randint(1, 4)):
        raw = _mutate(raw, dice)
    return raw


def _mutate(raw: Any, dice: random.Random) -> Any:
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
            places.append((value, key))
            walk(value[key])

    walk(raw)
    if not places:
        return dice.choice(STRANGE)
    where, key = dice.choice(places)
    other, name = dice.choice(places)
    match dice.randrange(6):
        case 0:
            del where[key]
        case 1 if isinstance(where, dict):
            where[dice.choice(KEYS)] = copy.deepcopy(dice.choice(STRANGE))
        case 2 | 3:
            where[key] = copy.deepcopy(other[name])
        case 4 if isinstance(where[key], str):
            where[key] = where[key][::-1] + dice.choice(("", "\u2028", "'\"", "%s", "😀"))
        case _:
            where[key] = copy.deepcopy(dice.choice(STRANGE))
    return raw


@pytest.mark.parametrize("batch", range(10))
def test_nothing_that_anybody_may_post_breaks_it(batch: int) -> None:
    for seed in range(batch * 1000, batch * 1000 + 1000):
        raw = mutated(seed)
        try:
            body = orjson.dumps(raw)
        except (TypeError, orjson.JSONEncodeError):  # surrogates, huge numbers
            body = json.dumps(raw).encode()
        for one in convert(loads(body), ACCOUNTS, NOW):
            if isinstance(one, Told):
                address = Address(channel="whatsapp", account=one.account, chat=one.person.phone or one.person.user)
                signal = Signal(id=one.id, at=one.at, event=one.event, address=address)
                assert decode(Signal, orjson.loads(orjson.dumps(encode(signal)))) == signal
                assert one.at <= NOW + timedelta(seconds=1)
                assert " " not in one.id
                assert len(one.id) < 600


def test_whose_number_it_is_comes_from_the_metadata() -> None:
    raw = message("text", {"body": "да"})
    assert raw["entry"][0]["changes"][0]["value"]["metadata"] == {
        "display_phone_number": BUSINESS,
        "phone_number_id": NUMBER,
    }
    [one] = told(raw)
    assert (one.id, one.account) == (f"wa.{NUMBER}.{WAMID}", "shop")
    assert isinstance(one.event, CustomerSaid)
    assert one.event.profile == ANNA
