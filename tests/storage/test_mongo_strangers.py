"""Values from outside are values: none is an operator, a pattern, a field or a variable of MongoDB."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, cast

import pytest
from bson.code import Code
from bson.regex import Regex

from estafeta.kernel.model import (
    Address,
    ConversationId,
    CustomerPressed,
    OutboxId,
    Signal,
    SignalId,
    Stage,
    TicketMoved,
)
from estafeta.kernel.ports import Accepted, Mailbox
from storage.mongo.store import MongoStore
from tests.contracts.store_examples import ANNA, BORIS, NOW, OPERATOR, decided, said, unsent

C = ANNA.conversation
EMPTY = Mailbox(conversation=None, signals=())

TRICKS: list[Any] = [
    {"$ne": ""},
    {"$gt": ""},
    {"$exists": True},
    {"$regex": ".*"},
    {"$where": "true"},
    {"$in": [C, ANNA.key, "key", "w1"]},
    re.compile(".*"),
    Regex(".*"),
    Code("true"),
    [C, ANNA.key, "key", "w1"],
    None,
    True,
]


@pytest.fixture
async def filled(mongo: MongoStore) -> MongoStore:
    """Something of everything, for a trick to match."""
    await mongo.accept([said(1), said(1, BORIS)])
    await mongo.commit(decided(await mongo.load(C), outbox=(unsent(1, "w1"),)))
    await mongo.accept([said(2)])
    await mongo.put("key", "value")
    await mongo.lease("w1", "w1", 60)
    return mongo


async def state(store: MongoStore) -> tuple[Any, ...]:
    return (
        await store.load(C),
        await store.load(BORIS.conversation),
        await store.entries(C),
        await store.resolve(ANNA),
        await store.get("key"),
        await store.leases(),
        await store.due(NOW, 10),
        await store.orphaned(10),
        await store.conversations(stages=list(Stage)),
    )


@pytest.mark.parametrize("trick", TRICKS, ids=repr)
async def test_no_value_matches_but_itself(filled: MongoStore, trick: Any) -> None:
    before = await state(filled)
    chat = replace(ANNA, chat=trick)
    whole = cast(Address, _Key(trick))
    moved = TicketMoved(operator=OPERATOR, move="take")
    assert await filled.resolve(chat) is None
    assert await filled.resolve(whole) is None
    assert await filled.load(trick) == EMPTY
    assert await filled.entries(trick) == []
    assert await filled.get(trick) is None
    assert await filled.take(trick) is None
    await filled.put(trick, None)
    await filled.release(trick, trick)
    await filled.release("w1", trick)
    await filled.release(trick, "w1")
    refused = [Accepted(conversation=None, fresh=False)]
    assert await filled.accept([Signal(id=trick, at=NOW, event=moved, address=chat)]) == refused
    assert await filled.accept([Signal(id=trick, at=NOW, event=moved, conversation=trick)]) == refused
    assert await state(filled) == before


@pytest.mark.parametrize("trick", TRICKS, ids=repr)
async def test_a_value_is_stored_as_its_own_text(filled: MongoStore, trick: Any) -> None:
    before = await state(filled)
    chat = replace(ANNA, chat=f"own{trick!r}")
    pressed = Signal(id=trick, at=NOW, event=CustomerPressed(button=str(trick)), address=chat)
    assert await filled.accept([pressed]) == [Accepted(conversation=chat.conversation, fresh=True)]
    assert await filled.accept([pressed]) == [Accepted(conversation=chat.conversation, fresh=False)]
    change = decided(
        await filled.load(chat.conversation), chat, outbox=(replace(unsent(1), id=OutboxId("o"), holder=str(trick)),)
    )
    await filled.commit(replace(change, applied=(trick,)))
    assert (await filled.load(chat.conversation)).signals == ()
    await filled.put(trick, "own")
    assert await filled.take(str(trick)) == "own"
    assert await filled.lease(trick, trick, 60)
    assert (await filled.leases())[str(trick)] == str(trick)
    await filled.release(trick, trick)
    late = replace(change, conversation=replace(change.conversation, id=ConversationId(cast(str, trick))))
    await filled.commit(replace(late, applied=(), entries=()))
    assert (await state(filled))[:6] == before[:6]


STRINGS = ["$$NOW", "$$ROOT", "$holder", "$until", "$_id", "$$REMOVE", "$", "a.$b", "", "\0", "c/0000000001"]


@pytest.mark.parametrize("name", STRINGS, ids=repr)
async def test_a_string_that_looks_like_a_field_or_a_variable_is_a_string(mongo: MongoStore, name: str) -> None:
    assert await mongo.lease("poll", "w1", 60)
    assert not await mongo.lease("poll", name, 60)
    assert await mongo.lease(name, name, 60)
    assert await mongo.lease(name, name, 60)
    assert not await mongo.lease(name, "w1", 60)
    assert await mongo.leases() == {"poll": "w1", name: name}
    await mongo.release(name, name)
    assert await mongo.leases() == {"poll": "w1"}
    chat = replace(ANNA, chat=name)
    signal = Signal(id=SignalId(name), at=NOW, event=said(1).event, address=chat)
    assert await mongo.accept([signal]) == [Accepted(conversation=chat.conversation, fresh=True)]
    change = decided(await mongo.load(chat.conversation), chat, outbox=(unsent(name, name),))
    await mongo.commit(change)
    assert await mongo.load(chat.conversation) == Mailbox(conversation=change.conversation, signals=())
    assert await mongo.orphaned(10) == [chat.conversation]
    named = replace(change.conversation, id=ConversationId(name))
    await mongo.commit(replace(change, conversation=named, applied=(), entries=()))
    assert (await mongo.load(ConversationId(name))).conversation == named


async def test_the_timeline_of_one_conversation_holds_nothing_of_another(mongo: MongoStore) -> None:
    """Ids that are made to look like places in another's timeline."""
    await mongo.accept([said(1)])
    mine = decided(await mongo.load(C))
    await mongo.commit(mine)
    for id_ in (f"{C}/0000000001", f"{C}/0000000000", f"{C}/", f"{C}/9"):
        other = replace(mine.conversation, id=ConversationId(id_))
        entries = tuple(replace(entry, conversation=ConversationId(id_)) for entry in mine.entries)
        await mongo.commit(replace(mine, conversation=other, applied=(), entries=entries))
        assert await mongo.entries(ConversationId(id_)) == list(entries)
    assert await mongo.entries(C) == list(mine.entries)
    assert await mongo.entries(C, limit=1, newest=True) == list(mine.entries)


class _Key:
    """What stands where an address's key is asked for."""

    def __init__(self, key: Any) -> None:
        self.key = key
