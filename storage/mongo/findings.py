"""What an administrator should change about the database, as sentences."""

from __future__ import annotations

from datetime import datetime, timedelta

from estafeta.kernel.ports import Clock
from storage.mongo.collections import Collections
from storage.mongo.documents import OPTIONS, Document
from storage.mongo.migrations import INDEXES, MIGRATIONS, Index, version_of

_OLDEST = (6, 0)
_CLOCKS_APART = timedelta(seconds=2)


async def findings(stored: Collections, place: str, clock: Clock) -> list[str]:
    admin = stored.database.client.admin
    build = await admin.command("buildInfo")
    asked = clock.now()
    hello = await admin.command("hello", codec_options=OPTIONS)
    return [
        *_of_the_server(place, hello, build["versionArray"], build["version"]),
        *_of_the_clock(place, hello["localTime"], asked, clock.now()),
        *_of_the_format(place, await version_of(stored.database)),
        *await _of_indexes(stored, place),
    ]


def _of_the_server(place: str, hello: Document, numbers: list[int], version: str) -> list[str]:
    found: list[str] = []
    if tuple(numbers[:2]) < _OLDEST:
        found.append(f"MongoDB at {place} is version {version}: upgrade it to 6.0 or newer.")
    if "setName" not in hello and hello.get("msg") != "isdbgrid":
        found.append(
            f"MongoDB at {place} is a single server, which is no replica set: while it is down nothing is accepted, "
            "and when its disk is lost so are the conversations. Make it a replica set of three members."
        )
    return found


def _of_the_clock(place: str, there: datetime, before: datetime, after: datetime) -> list[str]:
    """The server looked at its clock at some moment between `before` and `after`."""
    apart = max(there - after, before - there)
    if apart <= _CLOCKS_APART:
        return []
    return [
        f"The clocks of this machine and of MongoDB at {place} are {apart.total_seconds():.0f} seconds apart: "
        "let both follow a time server."
    ]


def _of_the_format(place: str, version: int) -> list[str]:
    if version == len(MIGRATIONS):
        return []
    return [
        f"The format of {place} is {version}, this program's is {len(MIGRATIONS)}: "
        + ("upgrade the program." if version > len(MIGRATIONS) else "start the program once to bring it up to date.")
    ]


async def _of_indexes(stored: Collections, place: str) -> list[str]:
    found: list[str] = []
    for index in INDEXES:
        there = (await stored.database[index.collection].index_information()).get(index.name)
        if there is None:
            found.append(
                f"The index {index.name} of {index.collection} in {place} is missing: "
                "restart the program, which makes it; until then searches are slow."
            )
        elif not _same(index, there):
            found.append(
                f"The index {index.name} of {index.collection} in {place} is another one than this program makes: "
                "drop it and restart the program."
            )
    return found


def _same(index: Index, there: Document) -> bool:
    ours = index.model.document
    return there["key"] == list(index.keys) and all(
        there.get(option) == ours.get(option)
        for option in ("unique", "sparse", "partialFilterExpression", "expireAfterSeconds", "collation", "hidden")
    )
