"""What lies in the collections: readable, complete, and no trouble when it cannot be read."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from bson.timestamp import Timestamp

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import ActionFinished, Dialog, Json, OutboxId, Signal, SignalId, Stage, Timer
from estafeta.kernel.ports import Accepted, Mailbox
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, BORIS, NOW, decided, full_conversation, said, unsent
from tests.storage.conftest import Raw

C = ANNA.conversation
EMPTY = Mailbox(conversation=None, signals=())
SECRET = {"at": "my secret words"}


def nested(levels: int) -> Json:
    value: Json = "deep"
    for _ in range(levels):
        value = [value]
    return value


AWKWARD = {
    "operator": {"$where": "1", "$set": {"$ne": 1}},
    "dots": {"a.b": {"c.": 1, ".": 2}},
    "empty": {"": {"": None}},
    "reference": {"$ref": "conversations", "$id": 1, "$db": "admin"},
    "dollar": {"$": 1, "$a.$b": 2},
    "long": {"n": [2**31, 2**53 + 1, 2**63 - 1, -(2**63)]},
    "huge": {"n": 2**70},
    "nul": {"a\0b": "c\0d"},
    "names": {"_id": 1, "body": 2, "json": 3, "value": 4},
    "shallow": nested(60),
    "deep": nested(150),
    "deeper": nested(300),
    "many": [[n] for n in range(500)],
    "not": {"t": True, "one": 1, "float": 1.0, "null": None},
}


@pytest.mark.parametrize("name", AWKWARD)
async def test_what_a_document_cannot_hold_comes_back_all_the_same(mongo: MongoStore, name: str) -> None:
    value = {"kept": AWKWARD[name]}
    await mongo.put("key", value)
    assert await mongo.get("key") == value
    await mongo.put("key", AWKWARD[name])
    assert await mongo.take("key") == AWKWARD[name]
    await mongo.accept([said(1)])
    finished = Signal(
        id=SignalId("s"), at=NOW, event=ActionFinished(item=OutboxId("i"), ok=True, data=value), address=ANNA
    )
    await mongo.accept([finished])
    mailbox = await mongo.load(C)
    assert mailbox.signals[1] == finished
    change = decided(mailbox, dialog=Dialog(slots=value))
    await mongo.commit(replace(change, entries=tuple(replace(entry, data=value) for entry in change.entries)))
    assert (await mongo.load(C)).conversation == change.conversation
    assert [entry.data for entry in await mongo.entries(C)] == [value, value]


async def test_half_a_character_is_replaced_wherever_it_is(mongo: MongoStore) -> None:
    await mongo.put("half\ud800", {"half\ud800": ["\udc00", {"big": 2**70}]})
    assert await mongo.get("half\ud800") == {"half\ufffd": ["\ufffd", {"big": 2**70}]}
    assert await mongo.get("half\ufffd") is not None
    assert await mongo.lease("w\ud800", "w\ud800", 60)
    assert await mongo.leases() == {"w\ufffd": "w\ufffd"}


async def test_an_administrator_can_read_a_conversation(mongo: MongoStore, other: Raw) -> None:
    await mongo.accept([said(1)])
    conversation = replace(full_conversation(), timers=(Timer(name="remind", at=NOW + timedelta(hours=1)),))
    await mongo.commit(replace(decided(await mongo.load(C)), conversation=replace(conversation, seq=1)))
    found = other.conversations.find_one({"body.customer.name": "Анна"})
    assert found is not None
    assert (found["_id"], found["version"], found["stage"], found["seq"]) == (C, 1, "human", 1)
    assert found["body"]["dialog"]["slots"]["order"] == {
        "number": "12345", "sum": 10.5, "paid": True, "lines": [1, None]
    }  # fmt: skip
    assert found["due_at"] == (NOW + timedelta(hours=1)).replace(microsecond=123000)
    assert found["holders"] == ["", "worker-1", "worker-2"]
    [entry] = other.entries.find()
    assert (entry["_id"], entry["seq"], entry["body"]["parts"][0]["text"]) == (f"{C}/0000000001", 1, "entry 1")


async def test_fields_that_say_nothing_are_left_out(mongo: MongoStore, other: Raw) -> None:
    await mongo.commit(decided(EMPTY, outbox=(unsent(1, "w1"),), timers=(Timer(name="t", at=NOW),)))
    await mongo.commit(decided(await mongo.load(C), outbox=(), timers=()))
    found = other.conversations.find_one({"_id": C})
    assert found is not None
    assert set(found) == {"_id", "version", "seq", "stage", "updated_at", "commit", "body"}


async def test_an_applied_signal_keeps_its_id_and_drops_its_body(mongo: MongoStore, other: Raw) -> None:
    await mongo.accept([said(1), said(2)])
    await mongo.commit(decided(await mongo.load(C)))
    await mongo.accept([said(3)])
    first, second, third = other.signals.find().sort("order")
    assert [first["_id"], second["_id"], third["_id"]] == [said(1).id, said(2).id, said(3).id]
    assert set(first) == {"_id", "conversation", "order", "applied_at"}
    assert set(third) == {"_id", "conversation", "order", "waiting", "body"}
    assert Timestamp(0, 0) < first["order"] < second["order"] < third["order"]


async def test_an_applied_signal_is_forgotten_after_weeks(mongo: MongoStore, other: Raw) -> None:
    assert other.signals.index_information()["applied_expire"]["expireAfterSeconds"] == 35 * 24 * 3600


@pytest.mark.parametrize("body", [SECRET, None, "text", 5, {"t": "NoSuchEvent"}, "absent"])
async def test_a_signal_that_cannot_be_read_is_set_aside_and_the_others_go_on(
    mongo: MongoStore, other: Raw, body: Any, caplog: pytest.LogCaptureFixture
) -> None:
    await mongo.accept([said(1), said(2), said(3)])
    update = {"$unset": {"body": ""}} if body == "absent" else {"$set": {"body": body}}
    other.signals.update_one({"_id": said(2).id}, update)
    with caplog.at_level(logging.DEBUG, logger="storage"):
        assert (await mongo.load(C)).signals == (said(1), said(3))
    assert said(2).id in caplog.text
    assert "secret" not in caplog.text
    [dead] = other.dead_signals.find()
    assert (dead["_id"], dead["conversation"], dead.get("body", "absent")) == (said(2).id, C, body)
    assert dead["reason"]
    assert (await mongo.load(C)).signals == (said(1), said(3))
    assert await mongo.accept([said(2)]) == [Accepted(conversation=C, fresh=False)]


async def test_a_conversation_that_cannot_be_read_stops_only_itself(
    mongo: MongoStore, other: Raw, caplog: pytest.LogCaptureFixture
) -> None:
    for chat in (ANNA, BORIS):
        await mongo.commit(decided(EMPTY, chat))
    other.conversations.update_one({"_id": C}, {"$set": {"body": SECRET}})
    with pytest.raises(StoreUnavailable, match=f"{C}.*backup"):
        await mongo.load(C)
    assert [c.address for c in await mongo.conversations(stages=[Stage.BOT])] == [BORIS]
    assert "secret" not in caplog.text


async def test_an_entry_that_cannot_be_read_is_left_out(
    mongo: MongoStore, other: Raw, caplog: pytest.LogCaptureFixture
) -> None:
    await mongo.accept([said(1), said(2)])
    await mongo.commit(decided(await mongo.load(C)))
    await mongo.accept([said(3)])
    await mongo.commit(decided(await mongo.load(C)))
    other.entries.update_one({"seq": 1}, {"$set": {"body": SECRET}})
    assert [entry.seq for entry in await mongo.entries(C)] == [2, 3]
    assert "secret" not in caplog.text


async def test_a_small_value_that_cannot_be_read_is_named(mongo: MongoStore, other: Raw) -> None:
    other.small_values.insert_one({"_id": "key", "json": "{"})
    with pytest.raises(StoreUnavailable, match="small value key"):
        await mongo.get("key")


async def test_an_entry_in_the_place_of_another_is_refused_with_all_of_its_change(mongo: MongoStore) -> None:
    await mongo.accept([said(1)])
    first = decided(await mongo.load(C))
    await mongo.commit(first)
    await mongo.accept([said(2)])
    mailbox = await mongo.load(C)
    change = decided(mailbox)
    wrong = replace(change, entries=tuple(replace(entry, seq=1) for entry in change.entries))
    with pytest.raises(ValueError, match="entry 1"):
        await mongo.commit(wrong)
    assert await mongo.load(C) == mailbox
    assert await mongo.entries(C) == list(first.entries)
    await mongo.commit(change)


async def test_a_change_that_skips_a_version_is_refused(mongo: MongoStore) -> None:
    with pytest.raises(ValueError, match="does not follow"):
        await mongo.commit(replace(decided(EMPTY), expected_version=4))


async def test_a_mailbox_larger_than_a_document_is_read(mongo: MongoStore) -> None:
    await mongo.commit(decided(EMPTY))
    await mongo.accept([said(0)])
    large = [said(n, text="ё" * 2_000_000) for n in range(1, 7)]
    for signal in large:
        await mongo.accept([signal])
    assert (await mongo.load(C)).signals == (said(0), *large)


async def test_what_is_larger_than_a_document_is_refused_with_a_sentence(mongo: MongoStore) -> None:
    with pytest.raises(StoreUnavailable, match="16 MB"):
        await mongo.accept([said(1, text="a" * 17_000_000)])
