"""The site's chat keeps the promises of a channel. Its customers here are browsers by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import count
from typing import Any, Literal, cast
from urllib.parse import quote

import aiohttp
import pytest

from bots.widget.channel import WidgetChannel
from estafeta.attachments.failures import failure
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Contact,
    EntryId,
    Json,
    Location,
    Mark,
    Media,
    MediaKind,
    OutboundMessage,
    Signal,
)
from estafeta.kernel.ports import Accepted
from tests.contracts.channel_contract import ChannelContract, ChannelHarness
from tests.contracts.customers import FILES, Customers, Seen
from tests.contracts.inbox import Inbox
from tests.widget.platform import Kind, Platform
from tests.widget.visitor import Visitor


class _Told(WidgetChannel):
    """What is said, or done to what was said, is in the timeline before the outbox calls `send`: the engine
    committed it, once."""

    platform: Platform

    async def send(self, message: OutboundMessage) -> str:
        timeline = self.platform.store.timelines.get(message.to.conversation, [])
        if all(str(entry.id) != message.id for entry in timeline):
            kinds: Mapping[str, Kind] = {"say": "said", "edit": "edit", "delete": "deletion", "react": "reaction"}
            data: dict[str, Json] = {"emoji": message.emoji} if message.does == "react" else {}
            for key, name in (("of", message.of), ("reply_to", message.reply_to)):
                about = self.platform.entry_of(name)
                data |= {key: about.id} if about else {}
            self.platform.append(
                message.to.conversation, EntryId(message.id), author=message.author, parts=message.parts,
                kind=kinds[message.does], buttons=message.buttons, data=data, address=message.to,
            )  # fmt: skip
        return await super().send(message)


class Browser:
    """Shows what comes, with its files; sends again what was not stored. Messages are known by the ids that it gave
    them itself, or that the server calls them by."""

    def __init__(self, tab: Visitor, news: asyncio.Event) -> None:
        self.tab = tab
        self.entries: dict[str, dict[str, Any]] = {}
        self.files: dict[tuple[int, int], bytes] = {}
        self.sent: list[dict[str, Any]] = []
        self.acknowledged: list[str] = []
        self._news = news
        self._session = aiohttp.ClientSession()

    async def run(self) -> None:
        await self._take(self.tab.welcome["entries"])
        while True:
            frame = await self.tab.ws.receive_json()
            if frame["type"] == "entries":
                await self._take(frame["entries"])
            elif frame["type"] == "ack":
                self.acknowledged.append(frame["id"])
            elif frame["type"] == "error":
                assert frame["code"] == "unavailable", frame
                await self.tab.ws.send_json(next(sent for sent in self.sent if sent["id"] == frame["id"]))
            self._news.set()

    async def close(self) -> None:
        await self._session.close()
        await self.tab.__aexit__(None, None, None)

    async def send(self, kind: str, message: str, **more: Any) -> str:
        frame = {"type": kind, "id": message, **more}
        self.sent.append(frame)
        await self.tab.ws.send_json(frame)
        return message

    async def upload(self, content: bytes, name: str, mime: str) -> str:
        headers = {**self._key, "Origin": self.tab.platform.origin, "Content-Type": mime, "X-File-Name": quote(name)}
        async with self._session.post(f"{self._files}", data=content, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return str((await answer.json())["file"])

    def entry(self, message: str) -> dict[str, Any] | None:
        return next((one for one in self.entries.values() if message in (one["id"], one["client_id"])), None)

    async def _take(self, entries: Sequence[dict[str, Any]]) -> None:
        for entry in entries:
            about = self.entries.get(entry.get("of", "")) or self.entry(entry.get("of_client") or "-")
            if entry["kind"] == "said":
                await self._download(entry)
                self.entries[entry["id"]] = entry | {"reactions": {}, "edited": False}
            elif about is None:
                continue
            elif entry["kind"] == "edit":
                about |= {"text": entry["text"], "marks": entry["marks"], "edited": True}
            elif entry["kind"] == "deletion":
                del self.entries[about["id"]]
            elif entry["kind"] == "reaction":
                about["reactions"][entry["author"]] = entry["emoji"]

    async def _download(self, entry: Mapping[str, Any]) -> None:
        for part in entry["parts"]:
            if part["kind"] in FILES:
                async with self._session.get(f"{self._files}/{entry['seq']}/{part['n']}", headers=self._key) as answer:
                    assert answer.status == 200, await answer.text()
                    self.files[entry["seq"], part["n"]] = await answer.read()

    @property
    def _files(self) -> str:
        return f"{self.tab.platform.origin}/widget/files"

    @property
    def _key(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tab.token}"}


class WidgetCustomers(Customers):
    """Of the chat that is served at `origin`. `leave` when it is over."""

    told = frozenset(("photo", "document", "audio", "video", "album", "reply", "edit", "deletion", "reaction", "read"))

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self._browsers: dict[str, Browser] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._ids = (f"message-{number}" for number in count())
        self._news = asyncio.Event()

    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        return await (await self.browser(who)).send("message", next(self._ids), text=text)

    async def presses(self, who: str, label: str) -> None:
        browser = await self.browser(who)
        shown = [button for entry in browser.entries.values() for button in entry["buttons"]]
        button = [one for one in shown if one["text"] == label][-1]
        await browser.send("press", next(self._ids), button=button["id"], label=label)

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        browser = await self.browser(who)
        file = await browser.upload(content, name, mime)
        return await browser.send("message", next(self._ids), text=caption, files=[file])

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        browser = await self.browser(who)
        files = [await browser.upload(content, "фото.jpg", "image/jpeg") for content in contents]
        return [await browser.send("message", next(self._ids), text=caption, files=files)]

    async def replies(self, who: str, text: str, to: str) -> str:
        browser = await self.browser(who)
        return await browser.send("message", next(self._ids), text=text, reply_to=await self._seq(browser, to))

    async def edits(self, who: str, message: str, text: str) -> None:
        browser = await self.browser(who)
        await browser.send("edit", next(self._ids), of=await self._seq(browser, message), text=text)

    async def deletes(self, who: str, message: str) -> None:
        browser = await self.browser(who)
        await browser.send("delete", next(self._ids), of=await self._seq(browser, message))

    async def reacts(self, who: str, message: str, emoji: str) -> None:
        browser = await self.browser(who)
        await browser.send("react", next(self._ids), of=await self._seq(browser, message), emoji=emoji)

    async def reads(self, who: str) -> None:
        browser = await self.browser(who)
        await browser.tab.ws.send_json({"type": "read", "seq": max(e["seq"] for e in browser.entries.values())})

    def view(self, who: str) -> list[Seen]:
        browser = self._browsers.get(who)
        entries = browser.entries.values() if browser else ()
        return [one for entry in entries if browser and entry["author"] != "customer" for one in _seen(entry, browser)]

    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        async with asyncio.timeout(seconds):
            while not (value := condition()):
                self._news.clear()
                await self._news.wait()
        return value

    def standing(self, who: str, message: str) -> tuple[str, ...]:
        entry = self._browsers[who].entry(message)
        return tuple(emoji for emoji in entry["reactions"].values() if emoji) if entry else ()

    async def browser(self, who: str) -> Browser:
        if who not in self._browsers:
            tab = await Visitor(cast(Platform, self)).__aenter__()
            self._browsers[who] = Browser(tab, self._news)
            self._tasks.append(asyncio.create_task(self._browsers[who].run()))
        return self._browsers[who]

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for browser in self._browsers.values():
            await browser.close()

    async def _seq(self, browser: Browser, message: str) -> int:
        return int((await self.wait(lambda: browser.entry(message)))["seq"])


class WidgetHarness(WidgetCustomers, ChannelHarness):
    """The page is our own: it shows what is in the timeline, and nothing of that fails but files."""

    blocks = False
    whole = True
    refuses = ("file_gone",)

    def __init__(self, platform: Platform, inbox: Inbox) -> None:
        super().__init__(platform.origin)
        self.platform = platform
        self.channel = platform.channel
        self.inbox = inbox

    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        return await self.platform.file(content, name, kind)

    def failure(self, code: str, language: Literal["ru", "en"]) -> SendFailed:
        assert code == "file_gone"
        return failure("file_gone", language)

    async def held(self, media: Media) -> bytes:
        stored = await self.platform.attachments.obtain(media)
        return b"".join([chunk async for chunk in self.platform.attachments.read(stored.file)])

    async def delivers_again(self, who: str) -> None:
        browser = await self.browser(who)
        await self.wait(lambda: browser.acknowledged)
        await browser.tab.ws.send_json(browser.sent[-1])
        await self.wait(lambda: len(browser.acknowledged) == 2)


def _seen(entry: Mapping[str, Any], browser: Browser) -> list[Seen]:
    answered = browser.entries.get(entry.get("reply_to", ""))
    about: dict[str, Any] = {
        "id": entry["id"],
        "reply_to": (answered["client_id"] or answered["id"]) if answered else "",
        "reactions": tuple(emoji for emoji in entry["reactions"].values() if emoji),
        "edited": entry["edited"],
    }
    buttons = tuple(button["text"] for button in entry["buttons"])
    said = {
        "text": entry["text"],
        "marks": tuple(_mark(entry["text"], *mark) for mark in entry["marks"]),
        "buttons": buttons,
        "shows": "buttons" if buttons else "",
    }
    album = entry["id"] if len(entry["parts"]) > 1 else ""
    parts = [_part(part, entry["seq"], browser) | {"album": album} for part in entry["parts"]] or [{}]
    return [Seen(**about, **(said if number == 0 else {}), **part) for number, part in enumerate(parts)]


def _part(part: Mapping[str, Any], seq: int, browser: Browser) -> dict[str, Any]:
    if part["kind"] == "location":
        return {"place": Location(latitude=part["latitude"], longitude=part["longitude"], title=part["title"])}
    if part["kind"] == "contact":
        return {"place": Contact(phone=part["phone"], name=part["name"])}
    return {"kind": part["kind"], "content": browser.files[seq, part["n"]], "name": part["name"]}


def _mark(text: str, kind: Any, start: int, end: int, url: str) -> Mark:
    """Browsers count in UTF-16 units."""
    wide = text.encode("utf-16-le")
    first, last = (len(wide[: 2 * at].decode("utf-16-le")) for at in (start, end))
    return Mark(kind=kind, start=first, end=last, url=url)


class TestWidgetChannel(ChannelContract):
    @pytest.fixture
    async def harness(self, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[WidgetHarness]:
        monkeypatch.setattr("tests.widget.platform.WidgetChannel", _Told)
        platform = Platform(burst=1000, rate=1000.0)
        assert isinstance(platform.channel, _Told)
        platform.channel.platform = platform
        inbox, applied = Inbox(), platform.accept

        async def accept(signals: Sequence[Signal]) -> list[Accepted]:
            accepted = await inbox(signals)
            await applied(signals)
            return accepted

        platform.accept = accept  # type: ignore[method-assign]
        await platform.start()
        listening = asyncio.create_task(platform.channel.listen(accept))
        harness = WidgetHarness(platform, inbox)
        yield harness
        listening.cancel()
        await harness.leave()
        await platform.stop()
