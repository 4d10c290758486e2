"""Signals come in: which conversation each belongs to, and that it is stored once.

`order` is an empty timestamp, which the primary replaces by its own, greater than any it gave before
(https://www.mongodb.com/docs/manual/reference/bson-types/#timestamps): the order of arrival, by one clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from bson.timestamp import Timestamp
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from estafeta.kernel.model import ConversationId, Signal
from estafeta.kernel.ports import Accepted
from storage.mongo.collections import Collection, Collections, insert_new, together
from storage.mongo.documents import Document, body, text


async def accept(stored: Collections, signals: Sequence[Signal]) -> list[Accepted]:
    homes = await _homes(stored, signals)
    owned = [(n, home) for n, home in enumerate(homes) if home is not None]
    documents = [_document(signals[n], home) for n, home in owned]
    duplicates = await insert_new(stored.signals, documents)
    before = await _accepted_before(stored.signals, [documents[place]["_id"] for place in duplicates])
    known = {owned[place][0]: before.get(documents[place]["_id"]) for place in duplicates}
    return [
        Accepted(conversation=known[n], fresh=False)
        if n in known
        else Accepted(conversation=home, fresh=home is not None)
        for n, home in enumerate(homes)
    ]


async def resolve(stored: Collections, key: object) -> ConversationId | None:
    found = await stored.addresses.find_one({"_id": text(key)})
    return None if found is None else ConversationId(found["conversation"])


async def link(stored: Collections, key: object, conversation: object) -> None:
    lead = {"$set": {"conversation": text(conversation)}}
    try:
        await stored.addresses.update_one({"_id": text(key)}, lead, upsert=True)
    except DuplicateKeyError:  # another process inserted it first
        await stored.addresses.update_one({"_id": text(key)}, lead)


def _document(signal: Signal, home: ConversationId) -> Document:
    return {
        "_id": text(signal.id),
        "conversation": home,
        "order": Timestamp(0, 0),
        "waiting": True,
        **body(signal),
    }


async def _homes(stored: Collections, signals: Sequence[Signal]) -> list[ConversationId | None]:
    """The conversation of each; None: nobody's, and it may not open one."""
    keys = {text(signal.address.key) for signal in signals if signal.address is not None}
    ids = {text(signal.conversation) for signal in signals if signal.address is None}
    by_key, known = await together(_led(stored.addresses, keys), _known(stored, ids))
    homes: list[ConversationId | None] = []
    for signal in signals:
        if signal.address is None:
            id_ = ConversationId(text(signal.conversation))
            homes.append(id_ if id_ in known else await _home_before(stored, signal))
            continue
        key = text(signal.address.key)
        if key not in by_key:
            home = await _home_before(stored, signal)
            if home is None and signal.opens:
                home = by_key[key] = await _opened(stored, key, text(signal.address.conversation))
                known.add(home)
            homes.append(home)
        else:
            homes.append(by_key[key])
    return homes


async def _led(addresses: Collection, keys: set[str]) -> dict[str, ConversationId]:
    if not keys:
        return {}
    found = addresses.find({"_id": {"$in": sorted(keys)}})
    return {each["_id"]: ConversationId(each["conversation"]) async for each in found}


async def _known(stored: Collections, ids: set[str]) -> set[str]:
    """Those that were committed, or for which a signal waits."""
    if not ids:
        return set()
    found = {each["_id"] async for each in stored.conversations.find({"_id": {"$in": sorted(ids)}}, {"_id": 1})}
    for id_ in ids - found:
        if await stored.signals.find_one({"conversation": id_, "waiting": True}, {"_id": 1}) is not None:
            found.add(id_)
    return found


async def _home_before(stored: Collections, signal: Signal) -> ConversationId | None:
    return (await _accepted_before(stored.signals, [text(signal.id)])).get(text(signal.id))


async def _accepted_before(signals: Collection, ids: list[str]) -> dict[str, ConversationId]:
    if not ids:
        return {}
    found = signals.find({"_id": {"$in": ids}}, {"conversation": 1})
    return {each["_id"]: ConversationId(each["conversation"]) async for each in found}


async def _opened(stored: Collections, key: str, conversation: str) -> ConversationId:
    """Leads the address to the conversation, unless another process just led it elsewhere."""
    try:
        found = await stored.addresses.find_one_and_update(
            {"_id": key},
            {"$setOnInsert": {"conversation": conversation}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
    except DuplicateKeyError:
        found = await stored.addresses.find_one({"_id": key})
    return ConversationId(found["conversation"] if found is not None else conversation)
