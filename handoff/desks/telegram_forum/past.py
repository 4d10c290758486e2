"""The customer's past: the whole transcript as a file, and a search in it."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from estafeta.kernel.model import Conversation, ConversationId, Entry
from estafeta.kernel.ports import Store
from handoff.desks.telegram_forum.client import WORDS
from handoff.desks.telegram_forum.posting import Upload
from handoff.desks.telegram_forum.read import Asked
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.texts import in_words, text
from handoff.desks.telegram_forum.topic import WHO, tame
from handoff.replies import stems

MOST = 10_000
"""Entries of one transcript; of more, the latest are in it."""

FOUND = 10
_PAGE = 500
_LINE = 300
_SHOWN = ("said", "note", "edit", "deletion")


async def history(room: Room, upload: Upload, asked: Asked, conversation: Conversation) -> None:
    """Posts the transcript. Raises `SendFailed` and `StoreUnavailable`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.txt"
        first = max(0, conversation.seq - MOST)
        count = await asyncio.to_thread(path.write_bytes, b"")
        async for page in _pages(room.store, conversation.id, first):
            lines = "".join(f"{line}\n" for entry in page for line in _lines(room, entry))
            await asyncio.to_thread(_append, path, lines.encode("utf-8", "replace"))
            count += len(page)
        file = upload(path=path, name=f"{conversation.id}.txt", mime="text/plain", size=path.stat().st_size)
        values = {
            "message_thread_id": asked.thread,
            "caption": room.say("history_cut" if first else "history", count=count),
            "reply_parameters": {"message_id": asked.message, "allow_sending_without_reply": True},
        }
        await room.client.send_file("document", room.group, file, values=values, priority=WORDS)


async def find(room: Room, asked: Asked, conversation: Conversation) -> str:
    """The latest entries in which every word stands, in words."""
    wanted = stems(asked.rest)
    if not wanted:
        return room.say("find_how")
    found: list[Entry] = []
    async for page in _pages(room.store, conversation.id, max(0, conversation.seq - MOST)):
        found += [entry for entry in page if entry.kind in _SHOWN and wanted <= stems(_words(room, entry))]
        found = found[-FOUND:]
    if not found:
        return room.say("found_nothing", words=room.short(asked.rest, 100))
    lines = [room.short(next(_lines(room, entry)), _LINE) for entry in found]
    return "\n".join((room.say("found", count=len(found)), *lines))


async def _pages(store: Store, conversation: ConversationId, after: int) -> AsyncIterator[Sequence[Entry]]:
    while page := await store.entries(conversation, after=after, limit=_PAGE):
        yield page
        after = page[-1].seq


def _append(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def _words(room: Room, entry: Entry) -> str:
    return " ".join(in_words(part, room.language) for part in entry.parts)


def _lines(room: Room, entry: Entry) -> Iterator[str]:
    """One for each entry that people read: what happened to a message's delivery is none."""
    at = f"{entry.at.astimezone(room.zone):%d.%m.%Y %H:%M}"
    who = tame(entry.author.name) or text(entry.author.kind, room.language)
    sign = {"note": "📝", "edit": "✏️", "deletion": "🗑"}.get(entry.kind, WHO[entry.author.kind])
    if entry.kind in _SHOWN:
        yield f"{at} {sign} {who}: {tame(_words(room, entry))}"
    elif entry.kind == "event":
        facts = ", ".join(f"{name}: {value}" for name, value in entry.data.items() if name != "event")
        yield tame(f"{at} ⚙️ {entry.data.get('event')} {facts}")
