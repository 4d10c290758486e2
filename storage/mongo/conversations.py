"""Conversations are read and committed.

A commit is one write of the conversation's document, if its version is still the expected one; that
is the moment it happens. The document carries `pending`: the entries this commit appends and the
signals it applies. These two writes follow. Whoever dies in between leaves them to the next who loads
the conversation: `load` sees what is missing and does it before it returns, and nobody can commit the
next version without having loaded this one or having finished it himself. So `pending` may be replaced.

What `load` reads, it reads in this order: the conversation, then its signals and entries. The other way
round, a signal read as waiting might have been applied by a commit that the document already includes.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo import InsertOne, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure, WriteError

from estafeta.kernel.codec import DecodingError
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Conversation, ConversationId, Signal, Stage
from estafeta.kernel.ports import MAILBOX, Change, Mailbox
from storage.mongo import timeline
from storage.mongo.collections import DUPLICATE, Collections, failures, insert_new, together
from storage.mongo.documents import Document, body, read, size, text
from storage.mongo.errors import TOO_LARGE

log = logging.getLogger(__name__)

_APPLIED = {"$unset": {"waiting": "", "body": "", "json": ""}, "$currentDate": {"applied_at": True}}


# What a commit leaves to be done that appends and applies nothing.
NOTHING: Document = {"applied": [], "entries": []}

_WITH_SIGNALS: Document = {
    "$lookup": {
        "from": "signals",
        "localField": "_id",
        "foreignField": "conversation",
        "pipeline": [
            {"$match": {"waiting": True}},
            {"$sort": {"order": 1}},
            {"$limit": MAILBOX},
            {"$project": {"order": 0}},
        ],
        "as": "signals",
    }
}
_WITH_APPENDED: Document = {
    "$lookup": {
        "from": "entries",
        "localField": "pending.entries._id",
        "foreignField": "_id",
        "pipeline": [{"$project": {"_id": 1}}],
        "as": "appended",
    }
}

# Signals of several conversations that were never committed.
_AT_ONCE = 10 * MAILBOX

Read = tuple[Document | None, list[Document]]
Reading = Callable[[str], Awaitable[Read]]


@dataclass(frozen=True, slots=True)
class Write:
    """A change, encoded."""

    document: Document
    expected_version: int

    @property
    def conversation(self) -> str:
        return str(self.document["_id"])

    @property
    def entries(self) -> list[Document]:
        return list(self.document.get("pending", NOTHING)["entries"])

    @property
    def size(self) -> int:
        return 2 * sum(size(entry) for entry in self.entries) + size(self.document)  # entries are written twice


async def load(stored: Collections, reading: Reading, conversation: object, now: datetime) -> Mailbox:
    """`reading` does `read_all`, alone or together with other callers'."""
    id_ = text(conversation)
    document, waiting = await reading(id_)
    if document is not None:
        waiting = await _completed(stored, document, waiting)
    signals: list[Signal] = []
    dead: list[tuple[Document, str]] = []
    for each in waiting:
        try:
            signals.append(read(Signal, each))
        except DecodingError as error:
            dead.append((each, str(error)))
    if dead:
        await _set_aside(stored, id_, dead, now)
    return Mailbox(conversation=None if document is None else _conversation(document), signals=tuple(signals))


async def commit(stored: Collections, writes: Sequence[Write]) -> list[Exception | None]:
    """What each of them is told: None, `Conflict`, or why it failed. They are of different conversations."""
    told = await _written(stored, writes)
    done = [write.document.get("pending", NOTHING) for write, failure in zip(writes, told, strict=True) if not failure]
    applied = [signal for pending in done for signal in pending["applied"]]
    appended = [entry for pending in done for entry in pending["entries"]]
    if applied or appended:
        await _finish(stored, {"applied": applied, "entries": appended})
    return told


async def latest(stored: Collections, stages: Sequence[Stage], limit: int) -> list[Conversation]:
    wanted = [text(stage.value) for stage in dict.fromkeys(stages)]
    return await _latest(stored, {"stage": {"$in": wanted}}, limit) if wanted else []


async def undelivered(stored: Collections, limit: int) -> list[Conversation]:
    return await _latest(stored, {"undelivered": True}, limit)


async def tagged(stored: Collections, tag: object, after: object, limit: int) -> list[ConversationId]:
    wanted: Document = {"tags": text(tag), "_id": {"$gt": text(after)}}
    found = stored.conversations.find(wanted, {"_id": 1}).sort("_id", 1).limit(limit)
    return [ConversationId(each["_id"]) async for each in found]


async def _latest(stored: Collections, wanted: Document, limit: int) -> list[Conversation]:
    conversations: list[Conversation] = []
    async for each in stored.conversations.find(wanted, {"pending": 0}).sort("updated_at", -1).limit(limit):
        try:
            conversations.append(read(Conversation, each))
        except DecodingError:
            log.error("conversation %s cannot be decoded, left out", each["_id"])  # noqa: TRY400 - no words in logs
    return conversations


# --- reading -------------------------------------------------------------------------------------


async def read_all(stored: Collections, ids: Sequence[str]) -> list[Read]:
    """Each conversation's document with `appended`, the places of pending entries that are filled; and
    the first signals that wait, in order. Together, unless they are too large for an answer of 16 MB:
    then one conversation is read in two parts, and of many it is an error."""
    pipeline = [{"$match": {"_id": {"$in": list(dict.fromkeys(ids))}}}, _WITH_SIGNALS, _WITH_APPENDED]
    try:
        found = await (await stored.conversations.aggregate(pipeline)).to_list()
    except OperationFailure as error:
        if error.code not in TOO_LARGE or len(ids) > 1:
            raise
        pipeline.remove(_WITH_SIGNALS)
        found = await (await stored.conversations.aggregate(pipeline)).to_list()
    documents = {each["_id"]: each for each in found}
    signals = {id_: document["signals"] for id_, document in documents.items() if "signals" in document}
    signals |= await _waiting(stored, [id_ for id_ in dict.fromkeys(ids) if id_ not in signals])
    return [(documents.get(id_), signals[id_]) for id_ in ids]


async def _waiting(stored: Collections, ids: list[str]) -> dict[str, list[Document]]:
    """The first signals of each that wait, in order."""
    if not ids:
        return {}
    found = stored.signals.find({"conversation": {"$in": ids}, "waiting": True}, {"order": 0})
    limit = MAILBOX if len(ids) == 1 else _AT_ONCE
    first = await found.sort("order", 1).limit(limit).to_list()
    if len(first) == limit and len(ids) > 1:  # there may be more of any
        return {id_: (await _waiting(stored, [id_]))[id_] for id_ in ids}
    return {id_: [each for each in first if each["conversation"] == id_][:MAILBOX] for id_ in ids}


def _conversation(document: Document) -> Conversation:
    try:
        return read(Conversation, document)
    except DecodingError:
        raise StoreUnavailable(
            f"conversation {document['_id']} in MongoDB cannot be decoded: restore it from a backup"
        ) from None


async def _completed(stored: Collections, document: Document, waiting: list[Document]) -> list[Document]:
    """Does what the last commit left undone; what waits after that."""
    pending = document.get("pending")
    if not pending:
        return waiting
    appended = {each["_id"] for each in document["appended"]}
    applied = set(pending["applied"])
    missing = [each for each in pending["entries"] if each["_id"] not in appended]
    unmarked = [each["_id"] for each in waiting if each["_id"] in applied]
    if not missing and not unmarked:
        return waiting
    try:
        await _finish(stored, {"applied": unmarked, "entries": missing})
    except ValueError as error:
        log.error("conversation %s: %s", document["_id"], error)  # noqa: TRY400
    return [each for each in waiting if each["_id"] not in applied]


async def _set_aside(stored: Collections, id_: str, dead: list[tuple[Document, str]], now: datetime) -> None:
    log.error(
        "%d signals of conversation %s cannot be decoded, moved to dead_signals: %s",
        len(dead),
        id_,
        ", ".join(str(each["_id"]) for each, _ in dead),
    )
    buried = [
        {key: value for key, value in each.items() if key != "waiting"} | {"reason": reason, "set_aside_at": now}
        for each, reason in dead
    ]
    await insert_new(stored.dead_signals, buried)
    await _mark(stored, [each["_id"] for each, _ in dead])


# --- committing ----------------------------------------------------------------------------------


def write(change: Change, now: datetime) -> Write:
    """Raises ValueError for a change that does not follow `expected_version`."""
    conversation = change.conversation
    if conversation.version != change.expected_version + 1:
        raise ValueError(
            f"conversation {conversation.id} is to be stored as version {conversation.version}, "
            f"which does not follow {change.expected_version}"
        )
    document: Document = {
        "_id": text(conversation.id),
        "version": conversation.version,
        "seq": conversation.seq,
        "stage": conversation.stage.value,
        "updated_at": conversation.updated_at or now,
        "commit": ObjectId(),
    }
    if conversation.due_at is not None:
        document["due_at"] = conversation.due_at
    if conversation.holders:
        document["holders"] = [text(holder) for holder in conversation.holders]
    if conversation.undelivered:
        document["undelivered"] = True
    if conversation.customer.tags:
        document["tags"] = [text(tag) for tag in conversation.customer.tags]
    if change.applied or change.entries:
        document["pending"] = {
            "applied": [text(signal) for signal in change.applied],
            "entries": [timeline.document(entry) for entry in change.entries],
        }
    return Write(document | body(conversation), change.expected_version)


async def _written(stored: Collections, writes: Sequence[Write]) -> list[Exception | None]:
    """When not all were written, `commit` in the stored documents tells whose were. One that was replaced
    already by the commit of another process is told to be a conflict, which is what it would hear if it
    asked again."""
    refused: dict[int, int] = {}
    try:
        result = await stored.conversations.bulk_write([_operation(each) for each in writes], ordered=False)
        if result.inserted_count + result.matched_count == len(writes):
            return [None] * len(writes)
    except BulkWriteError as error:
        refused = {place: code for place, code in failures(error).items() if code != DUPLICATE}
    ids = [each.conversation for each in writes]
    found = stored.conversations.find({"_id": {"$in": ids}}, {"version": 1, "commit": 1})
    there = {each["_id"]: each async for each in found}
    return [
        WriteError("the conversation was not stored", refused[place])
        if place in refused
        else await _judged(stored, each, there.get(each.conversation, {}))
        for place, each in enumerate(writes)
    ]


def _operation(write: Write) -> InsertOne[Document] | ReplaceOne[Document]:
    """A replacement also holds that the entries' places are free: entries up to the stored `seq` are there already."""
    if write.expected_version == 0:
        return InsertOne(write.document)
    free: Document = {"seq": {"$lt": min(each["seq"] for each in write.entries)}} if write.entries else {}
    return ReplaceOne(_expected(write) | free, write.document)


def _expected(write: Write) -> Document:
    return {"_id": write.conversation, "version": write.expected_version}


async def _judged(stored: Collections, write: Write, there: Document) -> Exception | None:
    if there.get("commit") == write.document["commit"]:
        return None
    if there.get("version") == write.expected_version:  # so it is its entries' places that are not free
        try:
            await _check_same(stored, write.entries)
        except ValueError as error:
            return error
        if (await stored.conversations.replace_one(_expected(write), write.document)).matched_count:
            return None
    return Conflict(f"conversation {write.conversation} is not at version {write.expected_version} any more")


async def _finish(stored: Collections, pending: Document) -> None:
    await together(_append(stored, pending["entries"]), _mark(stored, pending["applied"]))


async def _append(stored: Collections, wanted: list[Document]) -> None:
    taken = await insert_new(stored.entries, wanted)
    if taken:
        await _check_same(stored, [wanted[n] for n in taken])


async def _check_same(stored: Collections, wanted: list[Document]) -> None:
    """What is there already must be the same entry, not another in its place."""
    ids = {each["_id"]: each["id"] for each in wanted}
    found = stored.entries.find({"_id": {"$in": list(ids)}}, {"id": 1, "seq": 1, "conversation": 1})
    async for each in found:
        if each["id"] != ids[each["_id"]]:
            raise ValueError(
                f"entry {each['seq']} of conversation {each['conversation']} is another one than {ids[each['_id']]}"
            )


async def _mark(stored: Collections, applied: Sequence[Any]) -> None:
    """One update for each, because the driver repeats those after a change of the primary."""
    if applied:
        marks = [UpdateOne({"_id": {"$eq": signal}}, _APPLIED) for signal in applied]
        await stored.signals.bulk_write(marks, ordered=False)
