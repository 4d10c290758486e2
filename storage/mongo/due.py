"""What somebody must look at: due timers, signals that wait too long, work whose holder is gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bson.timestamp import Timestamp

from estafeta.kernel.model import ConversationId
from storage.mongo.collections import Collections, together
from storage.mongo.documents import OPTIONS, Document
from storage.mongo.leases import leases

_Found = list[tuple[datetime, str]]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def due(stored: Collections, now: datetime, limit: int, grace: float) -> list[ConversationId]:
    """Those that wait longest first."""
    parts = await together(_timers(stored, now, limit), _signals(stored, limit, grace))
    found = sorted(one for part in parts for one in part)
    return list(dict.fromkeys(ConversationId(conversation) for _, conversation in found))[:limit]


async def _timers(stored: Collections, now: datetime, limit: int) -> _Found:
    """BSON's times are whole milliseconds, so a timer may be found less than one early."""
    found = stored.conversations.find({"due_at": {"$lte": now}}, {"due_at": 1}).sort("due_at", 1).limit(limit)
    return [(each["due_at"], each["_id"]) async for each in found]


async def _signals(stored: Collections, limit: int, grace: float) -> _Found:
    waiting: Document = {"waiting": True}
    if grace > 0:
        clock: datetime = (await stored.database.client.admin.command("hello", codec_options=OPTIONS))["localTime"]
        waiting["order"] = {"$lt": Timestamp(max(clock - timedelta(seconds=grace), _EPOCH), 0)}
    pipeline: list[Document] = [
        {"$match": waiting},
        {"$sort": {"order": 1}},
        {"$group": {"_id": "$conversation", "order": {"$first": "$order"}}},
        {"$sort": {"order": 1}},
        {"$limit": limit},
    ]
    return [(each["order"].as_datetime(), each["_id"]) async for each in await stored.signals.aggregate(pipeline)]


async def orphaned(stored: Collections, limit: int) -> list[ConversationId]:
    """Those that wait longest first."""
    found = await _held_by_others(stored, await _at_work(stored), limit)
    if not found:
        return []
    # Who came to work after the first look is at work all the same.
    at_work = set(await _at_work(stored))
    return [ConversationId(each["_id"]) for each in found if not at_work.issuperset(each["holders"])]


async def _at_work(stored: Collections) -> list[str]:
    return [name for name, holder in (await leases(stored)).items() if name == holder and name]


async def _held_by_others(stored: Collections, at_work: list[str], limit: int) -> list[Document]:
    orphaned = {"holders": {"$exists": True, "$elemMatch": {"$nin": at_work}}}
    found = stored.conversations.find(orphaned, {"holders": 1, "updated_at": 1}).sort("updated_at", 1).limit(limit)
    return await found.to_list()
