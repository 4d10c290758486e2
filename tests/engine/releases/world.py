"""Workers that serve releases, and short words for the tests of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from estafeta.clock import SystemClock
from estafeta.contents import ContentWatch
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Author,
    Conversation,
    ConversationId,
    Entry,
    EntryId,
    Json,
)
from estafeta.kernel.ports import Change, Clock, Store
from estafeta.publications import NotPublished
from estafeta.tasks import ended
from flows import interpreter, loader
from flows.interpreter import Given, Said
from flows.release import Content, Contents, content_for, content_of, decided_on
from tests.flows.world import SCOPE, meant, texts, write
from tests.world import HOME

WHO = "vera"


def asking(question: str, answer: str = "Принято") -> str:
    return (
        "flow: city\nstart: {intent: delivery, command: city}\nsteps:\n"
        f"  - {{ask: where, say: {question}, expect: text}}\n  - say: {answer}\n"
    )


OLD, NEW, NEWER = asking("Город?"), asking("Какой город?", "Записали"), asking("Куда везти?")


Opened = Callable[[], Awaitable[Store]]
"""Another process's view of the same store."""


def content(path: Path, *flows: str, **files: str) -> Content:
    folder = write(path / uuid4().hex, {f"f{number}": text for number, text in enumerate(flows)}, **files)
    return content_of(folder, loader.load(folder))


class Serving:
    """A worker's view of the content, and the decisions it makes by it."""

    def __init__(self, store: Store, folder: Path, clock: Clock | None = None, **more: Any) -> None:
        self.seen: list[Contents] = []
        self.news = asyncio.Event()
        self.watch = ContentWatch(
            store=store, clock=clock or SystemClock(), folder=folder, workspace=loader.load(folder),
            changed=self._changed, **more,
        )  # fmt: skip

    def _changed(self, contents: Contents) -> None:
        self.seen.append(contents)
        self.news.set()

    async def serves(self, release: str) -> None:
        """Returns when it does; the promise is five seconds."""
        async with asyncio.timeout(5):
            while self.seen[-1].release != release:
                self.news.clear()
                await self.news.wait()

    async def turn(self, conversation: Conversation, given: Given) -> tuple[Conversation, list[str]]:
        await self.watch.ready(conversation.dialog.release)
        release, workspace = content_for(conversation, self.watch.contents)
        outcome = interpreter.advance(workspace, conversation.dialog, given, SCOPE)
        return replace(conversation, dialog=decided_on(outcome.dialog, release)), texts(outcome)


@contextlib.asynccontextmanager
async def working(*workers: Serving) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(worker.watch.run()) for worker in workers]
    try:
        yield
    finally:
        await ended(tasks)


def new_talk(name: str = "masha") -> Conversation:
    return Conversation(id=ConversationId(name), address=HOME)


BEGIN = Said(text="delivery", understanding=meant("delivery"))


async def refused(what: Any) -> str:
    with pytest.raises(NotPublished) as found:
        await what
    assert str(found.value)[-1] in ".:"
    return found.value.code


class Dying:
    """The store for a publisher that dies at its `after`-th write."""

    def __init__(self, store: Store, after: int) -> None:
        self._store = store
        self.after = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def put(self, key: str, value: Json) -> None:
        self.after -= 1
        if self.after < 0:
            raise StoreUnavailable("killed")
        await self._store.put(key, value)


async def stored(store: Store, conversation: Conversation, *entries: Entry) -> None:
    held = replace(conversation, version=1, seq=len(entries))
    await store.commit(Change(conversation=held, expected_version=0, applied=(), entries=entries))


def event(conversation: str, number: int, name: str, at: datetime, **data: Json) -> Entry:
    return Entry(
        id=EntryId(f"{conversation}.{number}"), conversation=ConversationId(conversation), seq=number, at=at,
        author=Author(kind="system"), kind="event", data={"event": name, **data},
    )  # fmt: skip
