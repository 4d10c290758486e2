"""Years of conversations in a minute: what the product wrote for one customer, copied for many.

The product itself makes one conversation; then its documents are copied as bytes, with another chat and
another conversation's id in place of the first ones. Both have the length of the first ones, so the
copies are documents as the product writes them, whatever their shape is.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bson.raw_bson import RawBSONDocument
from pymongo import AsyncMongoClient, WriteConcern

from benchmarks.scaling.outside import ACCOUNT
from benchmarks.scaling.site import Site
from estafeta.kernel.model import Address

_BATCH = 2_000
_SETTLED_WITHIN = 30.0
_PARTS = {"addresses": "conversation", "conversations": "_id", "signals": "conversation", "entries": "conversation"}
"""Collections of the store, with the field that holds the conversation's id."""


@dataclass(frozen=True, slots=True)
class Lived:
    """One customer's conversation as it is stored: documents by collection."""

    chat: str
    documents: Mapping[str, Sequence[bytes]]

    def copies(self, collection: str, chats: Sequence[str]) -> Iterator[RawBSONDocument]:
        """Raises ValueError for a chat that is not as long as the first one."""
        old_chat, old_id = self.chat.encode(), conversation_of(self.chat).encode()
        for chat in chats:
            new_chat, new_id = chat.encode(), conversation_of(chat).encode()
            if len(new_chat) != len(old_chat) or len(new_id) != len(old_id):
                raise ValueError(f"{chat} cannot stand for {self.chat}")
            for document in self.documents[collection]:
                yield RawBSONDocument(document.replace(old_chat, new_chat).replace(old_id, new_id))


def address_of(chat: str) -> Address:
    return Address(channel="telegram", account=ACCOUNT, chat=chat)


def conversation_of(chat: str) -> str:
    return address_of(chat).conversation


def chats_from(first: int, count: int) -> list[str]:
    return [str(first + number) for number in range(count)]


@asynccontextmanager
async def raw(site: Site, database: str) -> AsyncIterator[Any]:
    """The database, giving documents as bytes and writing without waiting for the disk."""
    client: AsyncMongoClient[Any] = AsyncMongoClient(site.mongod.url, document_class=RawBSONDocument)
    try:
        yield client.get_database(database, write_concern=WriteConcern(w=1))
    finally:
        await client.close()


async def lived(site: Site, name: str, chat: str, messages: int) -> Lived:
    """Lets a customer write so often, and reads what that left. A worker must be at work on `name`."""
    async with site.way_in(name) as intake:
        for _ in range(messages):
            if await site.customers.ask(intake, chat) is None:
                raise RuntimeError("a message was not answered")
    async with raw(site, name) as database:
        await _settled(database, conversation_of(chat))
        return await read(database, chat)


async def read(database: Any, chat: str) -> Lived:
    found = {
        collection: [each.raw async for each in database[collection].find({field: conversation_of(chat)})]
        for collection, field in _PARTS.items()
    }
    return Lived(chat, found)


async def _settled(database: Any, conversation: str) -> None:
    """Returns when nothing is left to be sent."""
    held = {"_id": conversation, "holders": {"$exists": True}}
    async with asyncio.timeout(_SETTLED_WITHIN):
        while await database.conversations.find_one(held):  # noqa: ASYNC110 - it happens in another process
            await asyncio.sleep(0.05)


async def fill(
    site: Site, name: str, pattern: Lived, chats: Sequence[str], collections: Sequence[str] = tuple(_PARTS)
) -> int:
    """Copies of the pattern for these chats; how many documents."""
    count = 0
    async with raw(site, name) as database:
        for collection in collections:
            for start in range(0, len(chats), _BATCH):
                documents = list(pattern.copies(collection, chats[start : start + _BATCH]))
                if documents:
                    await database[collection].insert_many(documents, ordered=False)
                    count += len(documents)
        # What was loaded goes to the disk now, not in the middle of a measurement.
        await database.client.admin.command("fsync")
    return count
