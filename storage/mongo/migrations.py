"""Indexes and the format of the database, as the steps that made it.

A step that was released is never changed; add another. Several processes may open the database at
once, and one may die in the middle, so a step may run twice, also at the same time, to the same end.
Whatever the version, opening makes indexes that are missing.

conversations  {_id, version, seq, stage, due_at?, holders?, undelivered?, tags?, updated_at, commit, pending?, body}
signals        {_id, conversation, order, waiting, body}; once applied {_id, conversation, order, applied_at}
entries        {_id: "conversation/0000000001", conversation, seq, id, body}
addresses      {_id: address, conversation}
small_values   {_id, value}
leases         {_id: name, holder, until}
dead_signals   {_id, conversation, body, reason, set_aside_at}
meta           {_id: "schema", version}
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pymongo
from pymongo import IndexModel
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from estafeta.kernel.errors import StoreUnavailable
from storage.mongo.documents import Document

_DAY = 24 * 60 * 60

REMEMBERED = 35 * _DAY
"""Seconds an applied signal's id is known, so that its duplicate is. The longest any messenger tries
again is WhatsApp's 7 days; five times that also covers a month's outage of whatever repeats."""

_BUILT_WITHIN = 600.0  # seconds; an index of millions of documents takes minutes


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    collection: str
    name: str
    keys: tuple[tuple[str, int], ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def model(self) -> IndexModel:
        return IndexModel(list(self.keys), name=self.name, **self.options)


def _where(condition: Document) -> Document:
    return {"partialFilterExpression": condition}


INDEXES = (
    Index(
        collection="signals",
        name="waiting_of_conversation",
        keys=(("conversation", 1), ("order", 1)),
        options=_where({"waiting": True}),
    ),
    Index(
        collection="signals",
        name="waiting_by_age",
        keys=(("order", 1), ("conversation", 1)),
        options=_where({"waiting": True}),
    ),
    Index(
        collection="signals",
        name="applied_expire",
        keys=(("applied_at", 1),),
        options={"expireAfterSeconds": REMEMBERED},
    ),
    Index(collection="conversations", name="due", keys=(("due_at", 1),), options=_where({"due_at": {"$exists": True}})),
    Index(
        collection="conversations",
        name="held",
        keys=(("holders", 1), ("updated_at", 1)),
        options=_where({"holders": {"$exists": True}}),
    ),
    Index(
        collection="conversations",
        name="undelivered",
        keys=(("updated_at", -1),),
        options=_where({"undelivered": True}),
    ),
    Index(collection="conversations", name="by_stage", keys=(("stage", 1), ("updated_at", -1))),
    Index(
        collection="conversations",
        name="tagged",
        keys=(("tags", 1), ("_id", 1)),
        options=_where({"tags": {"$exists": True}}),
    ),
    # Times are ISO 8601 in UTC, whose order as text is theirs: bounds are exact, where a date of BSON is whole
    # milliseconds. The place gives those of one moment their order; the name is looked at in the index.
    Index(
        collection="entries",
        name="events",
        keys=(("body.at", 1), ("_id", 1), ("body.data.event", 1)),
        options=_where({"body.kind": "event"}),
    ),
    # What ran out is free already; this only clears away the names of workers long gone.
    Index(collection="leases", name="ended_expire", keys=(("until", 1),), options={"expireAfterSeconds": _DAY}),
)

Step = Callable[[AsyncDatabase[Document]], Awaitable[None]]


async def make_indexes(database: AsyncDatabase[Document]) -> None:
    """Makes those that are missing. One that differs from ours under the same name is left: it may be
    an administrator's choice, and `findings` tells."""
    for collection in dict.fromkeys(index.collection for index in INDEXES):
        there = await database[collection].index_information()
        missing = [index.model for index in INDEXES if index.collection == collection and index.name not in there]
        if missing:
            with pymongo.timeout(_BUILT_WITHIN):
                await database[collection].create_indexes(missing)


async def find_by_tags(database: AsyncDatabase[Document]) -> None:
    """Conversations from before they could be found by their customer's tags. Those whose body is text follow with
    their next commit."""
    with pymongo.timeout(_BUILT_WITHIN):
        await database["conversations"].update_many(
            {"tags": {"$exists": False}, "body.customer.tags.0": {"$exists": True}},
            [{"$set": {"tags": "$body.customer.tags"}}],
        )


MIGRATIONS: tuple[Step, ...] = (make_indexes, find_by_tags)
"""`meta.schema.version` counts how many of them a database has seen."""


async def version_of(database: AsyncDatabase[Document]) -> int:
    found = await database["meta"].find_one({"_id": "schema"})
    return 0 if found is None else int(found["version"])


async def migrate(database: AsyncDatabase[Document], place: str) -> None:
    """Brings the database to the current format. Raises `StoreUnavailable` for a newer one."""
    version = await version_of(database)
    if version > len(MIGRATIONS):
        raise StoreUnavailable(
            f"{place} was written by a newer version of this program (its format is {version}, the newest known "
            f"here is {len(MIGRATIONS)}): upgrade the program, or name another database"
        )
    for number, step in enumerate(MIGRATIONS[version:], start=version + 1):
        await step(database)
        await _reached(database, number)
    await make_indexes(database)


async def _reached(database: AsyncDatabase[Document], number: int) -> None:
    """Never backwards, whoever else is at it."""
    try:
        await database["meta"].update_one({"_id": "schema"}, {"$max": {"version": number}}, upsert=True)
    except DuplicateKeyError:  # another process inserted it first
        await database["meta"].update_one({"_id": "schema"}, {"$max": {"version": number}})
