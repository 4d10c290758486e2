"""The web desk's promises: what an operator does is a request, what they see is what the page is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import pytest_asyncio
from aiohttp import ClientSession, CookieJar, web

from estafeta.kernel.model import EntryId, Notice, OutboxId, Signal
from estafeta.kernel.ports import Change, DeskView
from handoff.desks.web import WebDesk
from storage.sqlite import SqliteStore
from tests.contracts.desk_contract import DeskContract, DeskHarness
from tests.contracts.inbox import Inbox
from tests.desks.web.office import HEADERS, HandClock


class WebHarness(DeskHarness):
    def __init__(self, store: SqliteStore, clock: HandClock) -> None:
        self.store = store
        self.inbox = Inbox()
        self.web_desk = WebDesk(store=store, clock=clock)
        self.desk = self.web_desk
        self.client: ClientSession

    async def show(self, notice: Notice, view: DeskView, *, outbox: OutboxId | None = None) -> DeskView:
        await self._store(view)
        return await super().show(notice, view, outbox=outbox)

    async def _store(self, view: DeskView) -> None:
        """As the engine has before a desk is asked to show anything. Entries never change in a store:
        words that are not there yet are new entries."""
        now = (await self.store.load(view.conversation.id)).conversation
        version, seq = (now.version, now.seq) if now else (0, 0)
        said = {entry.text for entry in await self.store.entries(view.conversation.id)}
        fresh = [entry for entry in view.entries if entry.text not in said]
        entries = tuple(
            replace(entry, id=EntryId(f"{view.conversation.id}.{place}"), seq=place)
            for place, entry in enumerate(fresh, seq + 1)
        )
        conversation = replace(view.conversation, version=version + 1, seq=seq + len(entries))
        change = Change(conversation=conversation, expected_version=version, applied=(), entries=entries)
        await self.store.commit(change)

    async def _post(self, view: DeskView, what: str, **body: Any) -> None:
        path, given = f"api/v1/conversations/{view.conversation.id}/{what}", {"id": str(uuid4()), **body}
        async with self.client.post(path, json=given, headers=HEADERS) as answer:
            assert answer.status == 202, await answer.text()

    async def types(self, view: DeskView, text: str) -> None:
        await self._post(view, "reply", text=text)

    async def notes(self, view: DeskView, text: str) -> None:
        await self._post(view, "note", text=text)

    async def moves(self, view: DeskView, move: Literal["take", "return", "close"]) -> None:
        await self._post(view, "move", move=move)

    async def sees(self, view: DeskView) -> str:
        path = f"api/v1/conversations/{view.conversation.id}"
        async with self.client.get(path) as opened, self.client.get(f"{path}/entries") as entries:
            told, lines = await opened.json(), (await entries.json())["entries"]
        state = {name: value for name, value in told["row"].items() if name != "last"}
        words = [line["text"] for line in lines]
        return "\n".join([json.dumps([state, told["card"]], ensure_ascii=False), *words])

    def concerns(self, signal: Signal, view: DeskView) -> bool:
        return signal.conversation == view.conversation.id


class TestWebDesk(DeskContract):
    @pytest_asyncio.fixture(loop_scope="session")
    async def harness(self, tmp_path: Path) -> AsyncIterator[WebHarness]:
        clock = HandClock()
        store = SqliteStore(tmp_path / "estafeta.db", clock=clock)
        await store.open()
        harness, app = WebHarness(store, clock), web.Application()
        harness.web_desk.mount(app, harness.inbox)
        runner = web.AppRunner(app, access_log=None)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
            harness.client = ClientSession(address, cookie_jar=CookieJar(unsafe=True))
            await stack.enter_async_context(harness.client)
            given = {"code": await harness.web_desk.new_login_code(), "name": "Анна"}
            async with harness.client.post("api/v1/login", json=given, headers=HEADERS) as answer:
                assert answer.status == 204
            yield harness
