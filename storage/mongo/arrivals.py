"""Signals come in: which conversation each belongs to, and that it is stored once.

`order` is an empty timestamp, which the primary replaces by its own, greater than any it gave before
(https://www.mongodb.com/docs/manual/reference/bson-types/#timestamps): the order of arrival, by one clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from bson.timestamp import Timestamp
from pymongo.errors import DuplicateKeyError

from estafeta.kernel.model import ConversationId, Signal
from estafeta.kernel.ports import Accepted
from storage.mongo.collections import Collection, Collections, insert_new, together
from storage.mongo.documents import Document, body, size, text


@dataclass(frozen=True, slots=True)
class Arrival:
    """A signal, encoded."""

    signal: Signal
    body: Document


def arrivals(signals: Sequence[Signal]) -> list[Arrival]:
    return [Arrival(signal, body(signal)) for signal in signals]


def size_of(call: Sequence[Arrival]) -> int:
    return sum(size(each.body) for each in call)


async def accept(stored: Collections, calls: Sequence[Sequence[Arrival]]) -> list[list[Accepted]]:
    """The answer for each call."""
    every = [each for call in calls for each in call]
    homes = await _homes(stored, [each.signal for each in every])
    owned = [(n, home) for n, home in enumerate(homes) if home is not None]
    documents = [_document(every[n], home) for n, home in owned]
    duplicates = await insert_new(stored.signals, documents)
    before = await _accepted_before(stored.signals, [documents[place]["_id"] for place in duplicates])
    known = {owned[place][0]: before.get(documents[place]["_id"]) for place in duplicates}
    answers = iter(
        Accepted(conversation=known[n], fresh=False)
        if n in known
        else Accepted(conversation=home, fresh=home is not None)
        for n, home in enumerate(homes)
    )
    return [list(islice(answers, len(call))) for call in calls]


async def resolve(stored: Collections, key: object) -> ConversationId | None:
    found = await stored.addresses.find_one({"_id": text(key)})
    return None if found is None else ConversationId(found["conversation"])


async def link(stored: Collections, key: object, conversation: object) -> None:
    lead = {"$set": {"conversation": text(conversation)}}
    try:
        await stored.addresses.update_one({"_id": text(key)}, lead, upsert=True)
    except DuplicateKeyError:  # another process inserted it first
        await stored.addresses.update_one({"_id": text(key)}, lead)


def _document(arrival: Arrival, home: ConversationId) -> Document:
    return {
        "_id": text(arrival.signal.id),
        "conversation": home,
        "order": Timestamp(0, 0),
        "waiting": True,
        **arrival.body,
    }


async def _homes(stored: Collections, signals: Sequence[Signal]) -> list[ConversationId | None]:
    """The conversation of each; None: nobody's, and it may not open one."""
    keys = {text(signal.address.key) for signal in signals if signal.address is not None}
    ids = {text(signal.conversation) for signal in signals if signal.address is None}
    led, known = await together(_led(stored.addresses, keys), _known(stored, ids))
    strangers = [
        signal
        for signal in signals
        if (text(signal.conversation) not in known if signal.address is None else text(signal.address.key) not in led)
    ]
    before = await _accepted_before(stored.signals, [text(signal.id) for signal in strangers])
    opened = await _opened(stored.addresses, [s for s in strangers if s.opens and text(s.id) not in before])
    homes: list[ConversationId | None] = []
    for signal in signals:
        home = before.get(text(signal.id))
        if signal.address is None:
            id_ = ConversationId(text(signal.conversation))
            homes.append(id_ if id_ in known else home)
            continue
        key = text(signal.address.key)
        if key not in led and home is None and signal.opens:
            led[key] = opened[key]
            known.add(opened[key])
        homes.append(led.get(key, home))
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


async def _accepted_before(signals: Collection, ids: list[str]) -> dict[str, ConversationId]:
    if not ids:
        return {}
    found = signals.find({"_id": {"$in": ids}}, {"conversation": 1})
    return {each["_id"]: ConversationId(each["conversation"]) async for each in found}


async def _opened(addresses: Collection, signals: Sequence[Signal]) -> dict[str, ConversationId]:
    """Leads the addresses to their conversations, unless another process just led them elsewhere."""
    opened: dict[str, ConversationId] = {}
    for signal in signals:
        if signal.address is not None:
            opened.setdefault(text(signal.address.key), ConversationId(text(signal.address.conversation)))
    leads: list[Document] = [{"_id": key, "conversation": conversation} for key, conversation in opened.items()]
    taken = await insert_new(addresses, leads)
    return opened | await _led(addresses, {leads[n]["_id"] for n in taken})
