"""The collections, as the store uses them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from pymongo import AsyncMongoClient, ReadPreference, WriteConcern
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import BulkWriteError
from pymongo.read_concern import ReadConcern

from storage.mongo.documents import OPTIONS, Document

Collection = AsyncCollection[Document]

DUPLICATE = 11000


class Collections:
    """Whatever the address says, writes are confirmed by the majority's journals, and the primary is read."""

    def __init__(self, client: AsyncMongoClient[Document], name: str) -> None:
        self.database: AsyncDatabase[Document] = client.get_database(
            name,
            codec_options=OPTIONS,
            read_preference=ReadPreference.PRIMARY,
            write_concern=WriteConcern("majority", j=True),
            read_concern=ReadConcern("local"),
        )
        self.conversations: Collection = self.database["conversations"]
        self.signals: Collection = self.database["signals"]
        self.entries: Collection = self.database["entries"]
        self.addresses: Collection = self.database["addresses"]
        self.small_values: Collection = self.database["small_values"]
        self.leases: Collection = self.database["leases"]
        self.dead_signals: Collection = self.database["dead_signals"]


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """All of it at once; when all have ended, the first error is raised."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


async def insert_new(collection: Collection, documents: list[Document]) -> list[int]:
    """Inserts in order those whose `_id` is not there yet; the places in the list of those that were."""
    if not documents:
        return []
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        failed = failures(error)
        if any(code != DUPLICATE for code in failed.values()):
            raise
        return list(failed)
    return []


def failures(error: BulkWriteError) -> dict[int, int]:
    """Which operations failed, with the server's code. Raises the error itself when the writes were not confirmed."""
    details = error.details or {}
    if details.get("writeConcernErrors"):
        raise error
    return {one["index"]: one["code"] for one in details.get("writeErrors", [])}
