"""Leases: who is at work, by the server's clock (`$$NOW`; that of the mongos in a sharded cluster)."""

from __future__ import annotations

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from storage.mongo.collections import Collections
from storage.mongo.documents import Document, text


async def lease(stored: Collections, name: object, holder: object, seconds: float) -> bool:
    wanted = text(holder)
    change = _change(wanted, seconds)
    for _ in range(2):
        try:
            found = await stored.leases.find_one_and_update(
                {"_id": text(name)}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another inserted it first: now it is there to be asked for
            continue
        return found is not None and found["holder"] == wanted
    return False


def _change(holder: str, seconds: float) -> list[Document]:
    """Both fields see the lease as it was. `$literal`: a name that begins with $ is no field."""
    mine = {"$literal": holder}
    may = {"$or": [{"$eq": ["$holder", mine]}, {"$lte": ["$until", "$$NOW"]}]}  # no lease at all is before now
    until = {"$add": ["$$NOW", int(seconds * 1000)]}
    return [
        {
            "$set": {
                "holder": {"$cond": [may, mine, "$holder"]},
                "until": {"$cond": [may, until, "$until"]},
            }
        }
    ]


async def release(stored: Collections, name: object, holder: object) -> None:
    await stored.leases.delete_one({"_id": text(name), "holder": text(holder)})


async def leases(stored: Collections) -> dict[str, str]:
    alive = stored.leases.find({"$expr": {"$gt": ["$until", "$$NOW"]}})
    return {each["_id"]: each["holder"] async for each in alive}
