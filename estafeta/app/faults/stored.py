"""What lies in MongoDB and in Redis, looked at from outside the product."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from estafeta.app.faults.invariants import Invariant

_ANSWERS_WITHIN = 2.0
_MOST_PENDING = 10_000
_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A conversation that a worker has in hand. `what`: "outbox" when it holds items of it, "wake-up" when it took
    a wake-up and the signal `signal` still waits."""

    conversation: str
    what: str
    signal: str = ""


class Stored:
    """Reads only. Raises what the drivers raise: a server may be away."""

    def __init__(self, mongo_url: str, database: str, redis_url: str) -> None:
        self._mongo: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            mongo_url, serverSelectionTimeoutMS=int(_ANSWERS_WITHIN * 1000), timeoutMS=int(_ANSWERS_WITHIN * 1000)
        )
        self._database = self._mongo[database]
        self._redis: Redis = Redis.from_url(redis_url, socket_timeout=_ANSWERS_WITHIN, decode_responses=True)

    async def __aenter__(self) -> Stored:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._redis.aclose()
        await self._mongo.close()

    async def held_by(self, workers: Collection[str]) -> frozenset[Held]:
        """What a worker that is known by these names has in hand."""
        found = self._database["conversations"].find({"holders": {"$in": list(workers)}}, {"_id": 1})
        held = {Held(conversation=document["_id"], what="outbox") async for document in found}
        taken = [conversation for worker in workers for conversation in await self._taken(worker)]
        waiting = self._database["signals"].find(
            {"conversation": {"$in": taken}, "waiting": True}, {"_id": 1, "conversation": 1}
        )
        held |= {
            Held(conversation=document["conversation"], what="wake-up", signal=str(document["_id"]))
            async for document in waiting
        }
        return frozenset(held)

    async def still(self, workers: Collection[str], held: Collection[Held]) -> frozenset[Held]:
        """Which of `held` nobody else has taken or finished."""
        conversations = [one.conversation for one in held if one.what == "outbox"]
        found = self._database["conversations"].find(
            {"_id": {"$in": conversations}, "holders": {"$in": list(workers)}}, {"_id": 1}
        )
        theirs = {document["_id"] async for document in found}
        signals = [one.signal for one in held if one.signal]
        waiting = {
            str(document["_id"])
            async for document in self._database["signals"].find({"_id": {"$in": signals}, "waiting": True}, {"_id": 1})
        }
        return frozenset(one for one in held if (one.signal in waiting if one.signal else one.conversation in theirs))

    async def left(self, customers: int) -> Sequence[Invariant]:
        """What nobody works on any more, though it is not done. `customers`: how many have written."""
        signals, conversations = self._database["signals"], self._database["conversations"]
        said, talks = await signals.count_documents({}), await conversations.count_documents({})
        return (
            await self._none("the store: every signal was applied", signals, {"waiting": True}, said),
            await self._none("the store: every outbox is empty", conversations, {"holders": {"$exists": True}}, talks),
            await self._none("the store: no signal was set aside", self._database["dead_signals"], {}, said),
            Invariant(
                name="the store: one conversation for each customer",
                checked=customers,
                broken=abs(talks - customers),
                examples=(f"{talks} conversations of {customers} customers",),
            ),
        )

    async def _none(self, name: str, collection: Any, what: dict[str, Any], checked: int) -> Invariant:
        broken = await collection.count_documents(what)
        found = collection.find(what, {"_id": 1, "conversation": 1, "reason": 1}).limit(_SHOWN) if broken else None
        examples = [str(document) async for document in found] if found is not None else []
        return Invariant(name=name, checked=checked, broken=broken, examples=tuple(examples))

    async def _taken(self, worker: str) -> list[str]:
        """The conversations whose wake-ups a consumer took and has not finished."""
        taken: list[str] = []
        async for key in self._redis.scan_iter(_type="STREAM"):
            for group in await self._redis.xinfo_groups(key):
                pending = await self._redis.xpending_range(
                    key, group["name"], min="-", max="+", count=_MOST_PENDING, consumername=worker
                )
                for entry in pending:
                    number = entry["message_id"]
                    for _, fields in await self._redis.xrange(key, number, number) or ():
                        taken += map(str, (fields or {}).values())
        return taken
