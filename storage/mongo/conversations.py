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
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError, OperationFailure

from estafeta.kernel.codec import DecodingError
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Conversation, Entry, Signal, Stage
from estafeta.kernel.ports import MAILBOX, Change, Mailbox
from storage.mongo.collections import Collections, insert_new, together
from storage.mongo.documents import Document, body, read, text
from storage.mongo.errors import TOO_LARGE

log = logging.getLogger(__name__)

_APPLIED = {"$unset": {"waiting": "", "body": "", "json": ""}, "$currentDate": {"applied_at": True}}


async def load(stored: Collections, conversation: object, now: datetime) -> Mailbox:
    id_ = text(conversation)
    document, waiting = await _read(stored, id_)
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


async def commit(stored: Collections, change: Change, now: datetime) -> None:
    document = _document(change, now)
    pending = document.get("pending", {"applied": [], "entries": []})
    if change.expected_version == 0:
        try:
            await stored.conversations.insert_one(document)
        except DuplicateKeyError:
            raise _conflict(change) from None
    else:
        await _replace(stored, change, document)
    await _finish(stored, pending)


async def entries(stored: Collections, conversation: object, after: int, limit: int, newest: bool) -> list[Entry]:
    """What the last commit did not append yet is in the conversation's document, which is read first:
    all that it does not hold was appended by then."""
    id_ = text(conversation)
    head = await stored.conversations.find_one({"_id": id_}, {"pending.entries": 1})
    pending = (head or {}).get("pending", {}).get("entries", [])
    found = (
        stored.entries.find({"_id": {"$gt": _place(id_, after), "$lt": f"{id_}/:"}, "conversation": id_})
        .sort("_id", -1 if newest else 1)
        .limit(limit)
    )
    places = {each["_id"]: each async for each in found}
    places |= {each["_id"]: each for each in pending if each["seq"] > after}
    ordered = [places[place] for place in sorted(places)]
    return list(_entries(ordered[-limit:] if newest else ordered[:limit]))


async def latest(stored: Collections, stages: Sequence[Stage], limit: int) -> list[Conversation]:
    wanted = [text(stage.value) for stage in dict.fromkeys(stages)]
    if not wanted:
        return []
    conversations: list[Conversation] = []
    async for each in (
        stored.conversations.find({"stage": {"$in": wanted}}, {"pending": 0}).sort("updated_at", -1).limit(limit)
    ):
        try:
            conversations.append(read(Conversation, each))
        except DecodingError:
            log.error("conversation %s cannot be decoded, left out", each["_id"])  # noqa: TRY400 - no words in logs
    return conversations


# --- reading -------------------------------------------------------------------------------------


async def _read(stored: Collections, id_: str) -> tuple[Document | None, list[Document]]:
    """The conversation's document with `appended`, the places of pending entries that are filled; and
    the first signals that wait, in order. Together, unless they are too large for an answer of 16 MB."""
    waiting = {"conversation": id_, "waiting": True}
    in_order = {"$sort": {"order": 1}}
    signals = [{"$match": waiting}, in_order, {"$limit": MAILBOX}, {"$project": {"order": 0}}]
    pipeline: list[Document] = [
        {"$match": {"_id": id_}},
        {"$lookup": {"from": "signals", "pipeline": signals, "as": "signals"}},
        {
            "$lookup": {
                "from": "entries",
                "localField": "pending.entries._id",
                "foreignField": "_id",
                "pipeline": [{"$project": {"_id": 1}}],
                "as": "appended",
            }
        },
    ]
    try:
        found = await (await stored.conversations.aggregate(pipeline)).to_list()
    except OperationFailure as error:
        if error.code not in TOO_LARGE:
            raise
        del pipeline[1]
        found = await (await stored.conversations.aggregate(pipeline)).to_list()
    if found and "signals" in found[0]:
        return found[0], found[0]["signals"]
    alone = stored.signals.find(waiting, {"order": 0}).sort("order", 1).limit(MAILBOX)
    return found[0] if found else None, await alone.to_list()


def _conversation(document: Document) -> Conversation:
    try:
        return read(Conversation, document)
    except DecodingError:
        raise StoreUnavailable(
            f"conversation {document['_id']} in MongoDB cannot be decoded: restore it from a backup"
        ) from None


def _entries(documents: Iterable[Document]) -> Iterable[Entry]:
    for each in documents:
        try:
            yield read(Entry, each)
        except DecodingError:
            log.error("entry %s cannot be decoded, left out", each["_id"])  # noqa: TRY400 - no words in logs


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


def _document(change: Change, now: datetime) -> Document:
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
    }
    if conversation.due_at is not None:
        document["due_at"] = conversation.due_at
    if conversation.holders:
        document["holders"] = [text(holder) for holder in conversation.holders]
    if change.applied or change.entries:
        document["pending"] = {
            "applied": [text(signal) for signal in change.applied],
            "entries": [_entry(entry) for entry in change.entries],
        }
    return document | body(conversation)


def _entry(entry: Entry) -> Document:
    id_ = text(entry.conversation)
    return {
        "_id": _place(id_, entry.seq),
        "conversation": id_,
        "seq": entry.seq,
        "id": text(entry.id),
        **body(entry),
    }


def _place(conversation: str, seq: int) -> str:
    return f"{conversation}/{seq:010d}"


def _conflict(change: Change) -> Conflict:
    return Conflict(f"conversation {change.conversation.id} is not at version {change.expected_version} any more")


async def _replace(stored: Collections, change: Change, document: Document) -> None:
    """Also holds that the entries' places are free: entries up to the stored `seq` are there already."""
    expected: Document = {"_id": document["_id"], "version": change.expected_version}
    free: Document = {"seq": {"$lt": min(entry.seq for entry in change.entries)}} if change.entries else {}
    if (await stored.conversations.replace_one(expected | free, document)).matched_count:
        return
    if not change.entries or await stored.conversations.find_one(expected, {"_id": 1}) is None:
        raise _conflict(change)
    places = document["pending"]["entries"]
    await _check_same(stored, places)
    if not (await stored.conversations.replace_one(expected, document)).matched_count:
        raise _conflict(change)


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
