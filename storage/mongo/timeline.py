"""Entries: how they lie, one conversation's in parts, and the events of all."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from estafeta.kernel.codec import DecodingError
from estafeta.kernel.model import Entry
from storage.documents import event_name
from storage.mongo.collections import Collections
from storage.mongo.documents import Document, body, read, text

log = logging.getLogger(__name__)


def document(entry: Entry) -> Document:
    id_ = text(entry.conversation)
    content = body(entry)
    name = event_name(entry)
    if name is not None and "json" in content:
        content["body"] = {"at": _moment(entry.at), "kind": "event", "data": {"event": name}}
    return {"_id": _place(id_, entry.seq), "conversation": id_, "seq": entry.seq, "id": text(entry.id), **content}


def _place(conversation: str, seq: int) -> str:
    return f"{conversation}/{seq:010d}"


def _moment(time: datetime) -> str:
    """As the kernel's codec writes it."""
    return time.astimezone(UTC).isoformat()


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
    return list(_decoded(ordered[-limit:] if newest else ordered[:limit]))


async def events(
    stored: Collections, names: Sequence[str], since: datetime, until: datetime, limit: int
) -> list[Entry]:
    """Those that were appended. What a process left undone when it died is there once that conversation is loaded,
    which a worker does within seconds if signals or sends wait there."""
    wanted: Document = {
        "body.kind": "event",
        "body.at": {"$gte": _moment(since), "$lt": _moment(until)},
        "body.data.event": {"$in": [text(name) for name in names]},
    }
    found = stored.entries.find(wanted).sort([("body.at", 1), ("_id", 1)]).limit(limit)
    return list(_decoded(await found.to_list()))


def _decoded(documents: Iterable[Document]) -> Iterable[Entry]:
    for each in documents:
        try:
            yield read(Entry, each)
        except DecodingError:
            log.error("entry %s cannot be decoded, left out", each["_id"])  # noqa: TRY400 - no words in logs
