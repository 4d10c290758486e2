"""WhatsApp with its customers, for contract tests: what one does there, and what one saw.

Ids of messages are WhatsApp's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

from bots.whatsapp.failures import Language, failure
from estafeta.fakes.whatsapp import FakeWhatsApp, Participant, Shown
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Contact, Location, Mark, Media, MediaKind, StatusChanged
from estafeta.kernel.ports import Channel
from tests.contracts.channel_harness import ChannelHarness
from tests.contracts.customers import Customers, Seen
from tests.whatsapp.rules import read
from tests.whatsapp.stage import Stage

_TYPES = {"photo": "image", "voice": "audio"}
_KINDS = {"image": "photo"}
FILES = ("image", "video", "audio", "document", "sticker")


class WhatsAppCustomers(Customers):
    """Of the first number of a stand-in. `hidden`: nobody sees theirs."""

    told = frozenset((
        "photo", "document", "voice", "audio", "video", "sticker", "location", "contact", "reply", "edit", "deletion",
        "reaction", "payload", "unknown", "read",
    ))  # fmt: skip

    def __init__(self, fake: FakeWhatsApp, *, hidden: bool = False) -> None:
        self.fake = fake
        self.hidden = hidden

    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        return self._customer(who).says(text)

    async def presses(self, who: str, label: str) -> None:
        self._customer(who).presses(label)

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        voice = kind == "voice"
        return self._customer(who).sends(
            _TYPES.get(kind, kind), content, name=name, mime="" if voice else mime, caption=caption, voice=voice
        )

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        """WhatsApp shows them as an album and tells of each by itself."""
        return [
            self._customer(who).sends("image", content, caption="" if number else caption)
            for number, content in enumerate(contents)
        ]

    async def sends_location(self, who: str, latitude: float, longitude: float) -> str:
        return self._customer(who).sends_location(latitude, longitude)

    async def sends_contact(self, who: str, phone: str, name: str) -> str:
        return self._customer(who).sends_contact(name, phone)

    async def sends_something_new(self, who: str) -> str:
        return self._customer(who).sends_unsupported()

    async def replies(self, who: str, text: str, to: str) -> str:
        return self._customer(who).says(text, reply_to=to)

    async def edits(self, who: str, message: str, text: str) -> None:
        self._customer(who).edits(message, text)

    async def deletes(self, who: str, message: str) -> None:
        self._customer(who).deletes(message)

    async def reacts(self, who: str, message: str, emoji: str) -> None:
        if emoji:
            self._customer(who).reacts(message, emoji)
        else:
            self._customer(who).unreacts(message)

    async def starts(self, who: str, payload: str = "") -> str:
        """From an advertisement."""
        referral = {"source_url": "https://example.org/ad", "source_type": "ad", "source_id": payload}
        return self._customer(who).says("Здравствуйте", referral=referral)

    async def reads(self, who: str) -> None:
        self._customer(who).reads()

    async def blocked(self, who: str) -> None:
        self._customer(who).blocks()

    async def unblocked(self, who: str) -> None:
        self._customer(who).unblocks()

    def view(self, who: str) -> list[Seen]:
        return [self._seen(one) for one in self.fake.messages(self._customer(who)) if one.by_business]

    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        return await self.fake.wait(condition, seconds)

    def standing(self, who: str, message: str) -> tuple[str, ...]:
        return next(one.reactions for one in self.fake.messages(self._customer(who)) if one.id == message)

    def _customer(self, who: str) -> Participant:
        return self.fake.person(who, hidden=self.hidden)

    def _seen(self, shown: Shown) -> Seen:
        raw: Any = shown.raw  # a list of contacts, or an object of anything else
        about = raw if isinstance(raw, dict) else {}
        kind, content = "", b""
        if shown.type in FILES:
            kind = "voice" if about.get("voice") else _KINDS.get(shown.type, shown.type)
            content = self.fake.content(shown)
        text, marks = drawn(_words(shown.type, about))
        return Seen(
            id=shown.id,
            text=text,
            marks=marks,
            buttons=_labels(shown),
            shows=_shows(shown),
            kind=kind,
            content=content,
            name=about.get("filename", ""),
            place=_place(shown.type, raw),
            reply_to=shown.reply_to,
            reactions=shown.reactions,
            edited=shown.edited,
        )


class WhatsAppHarness(WhatsAppCustomers, ChannelHarness):
    def __init__(self, stage: Stage, *, hidden: bool = False) -> None:
        super().__init__(stage.fake, hidden=hidden)
        self.stage = stage
        self.inbox = stage.inbox
        self.channel: Channel = stage.channel

    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        return self.stage.shelf.put(content, kind, mime=mime, name=name)

    def failure(self, code: str, language: Language) -> SendFailed:
        return failure(code, language)

    async def statuses(self, count: int) -> list[StatusChanged]:
        told = self.stage.inbox.statuses
        await self.stage.inbox.until(lambda: len(told) >= count)
        return [status for _, status in told]

    async def delivers_again(self, who: str) -> None:
        deliveries = self.fake.webhook.deliveries
        await self.fake.wait(lambda: deliveries)
        assert await self.fake.deliver(deliveries[-1].body) == 200


def drawn(text: str) -> tuple[str, tuple[Mark, ...]]:
    """What is read, and how it is drawn."""
    words, spans = read(text)
    marks, at = [], 0
    for kind, said in spans:
        at = words.index(said, at)
        marks.append(Mark(kind=kind, start=at, end=at + len(said)))  # type: ignore[arg-type]
    return words, tuple(marks)


def _words(kind: str, raw: Mapping[str, Any]) -> str:
    found = raw.get("caption") if kind in FILES else raw.get("body", "")
    return str((found.get("text", "") if isinstance(found, dict) else found) or "")


def _labels(shown: Shown) -> tuple[str, ...]:
    """A row's title may be only the beginning of its label: then all of it stands below."""
    sections = shown.raw.get("action", {}).get("sections", []) if shown.type == "interactive" else []
    rows = [row for section in sections for row in section["rows"]]
    return tuple(row.get("description") or row["title"] for row in rows) or shown.buttons


def _shows(shown: Shown) -> Literal["", "buttons", "list"]:
    if shown.type == "interactive" and shown.raw["type"] == "list":
        return "list"
    return "buttons" if shown.buttons else ""


def _place(kind: str, raw: Any) -> Location | Contact | None:
    if kind == "location":
        return Location(latitude=raw["latitude"], longitude=raw["longitude"], title=raw.get("name", ""))
    if kind == "contacts":
        [contact] = raw
        return Contact(phone=contact["phones"][0]["phone"], name=contact["name"]["formatted_name"])
    return None
