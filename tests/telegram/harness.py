"""Telegram with its customers, for contract tests: what one does there, and what one saw.

Ids of messages are those of the channel (`CustomerSaid.message`, what `send` returned).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import orjson

from bots.telegram.content import mapping, text_of
from bots.telegram.failures import Language, failure
from bots.telegram.places import Spot
from estafeta.fakes.telegram import FakeTelegram, Participant, Shown
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Contact, Location, Mark, Media, MediaKind
from estafeta.kernel.ports import Channel
from tests.contracts.channel_harness import ChannelHarness
from tests.contracts.customers import Customers, Seen, units
from tests.telegram.stage import Stage

FILES = ("photo", "document", "voice", "audio", "video", "video_note", "animation", "sticker")


class TelegramCustomers(Customers):
    """Of the first bot of a stand-in."""

    told = frozenset((
        "photo", "document", "voice", "audio", "video", "sticker", "album", "location", "contact", "marks", "reply",
        "edit", "reaction", "payload", "unknown", "blocked",
    ))  # fmt: skip

    def __init__(self, fake: FakeTelegram) -> None:
        self.fake = fake

    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        entities = [
            {"type": mark.kind, "offset": units(text[: mark.start]), "length": units(text[mark.start : mark.end])}
            for mark in marks
        ]
        return named(self._customer(who).says(text, entities=entities))

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        """A file: one of `FILES`."""
        mime = mime or "application/octet-stream"
        return named(self._customer(who).sends(kind, content, name=name, mime=mime, caption=caption))

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        album = str(self.fake.world.next_number())
        return [
            named(self._customer(who).sends("photo", content, album=album, caption="" if number else caption))
            for number, content in enumerate(contents)
        ]

    async def sends_album(self, who: str, *kinds: str, content: bytes = b"...", caption: str = "") -> list[str]:
        return [named(one) for one in self._customer(who).sends_album(*kinds, content=content, caption=caption)]

    async def sends_location(self, who: str, latitude: float, longitude: float, title: str = "") -> str:
        customer = self._customer(who)
        if title:
            name, _, address = title.partition(", ")
            return named(customer.sends_venue(latitude, longitude, name, address))
        return named(customer.sends_location(latitude, longitude))

    async def sends_contact(self, who: str, phone: str, name: str, *, own: bool = False) -> str:
        return named(self._customer(who).sends_contact(phone, name, own=own))

    async def sends_something_new(self, who: str) -> str:
        """What no channel has a name for."""
        return named(self._customer(who).writes({"dice": {"emoji": "🎲", "value": 3}}))

    async def replies(self, who: str, text: str, to: str, *, quote: str = "") -> str:
        """Answers a message; `quote` are the words picked from it."""
        return named(self._customer(who).says(text, reply_to=_number(to), quote=quote))

    async def edits(self, who: str, message: str, text: str) -> None:
        self._customer(who).edits(_number(message), text)

    async def reacts(self, who: str, message: str, emoji: str) -> None:
        """ "" takes the reaction back."""
        self._customer(who).reacts(_number(message), *([emoji] if emoji else []))

    async def shares_contact(self, who: str, label: str) -> str:
        return named(self._customer(who).taps(label))

    async def presses(self, who: str, label: str) -> None:
        self._customer(who).presses(label)

    async def starts(self, who: str, payload: str = "") -> str:
        """Follows a link into the chat."""
        return named(self._customer(who).starts(payload))

    async def blocked(self, who: str) -> None:
        self._customer(who).blocks()

    async def unblocked(self, who: str) -> None:
        self._customer(who).unblocks()

    # --- what they see

    def view(self, who: str) -> list[Seen]:
        return [seen_of(self.fake, one) for one in self.fake.messages(self._customer(who)) if one.by_bot]

    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        return await self.fake.wait(condition, seconds)

    def standing(self, who: str, message: str) -> tuple[str, ...]:
        shown = self.fake.messages(self._customer(who))
        return next(one.reactions for one in shown if one.id == _number(message))

    async def reactions(self, who: str, message: str) -> tuple[str, ...]:
        """What stands on one of the chat's messages, whoever wrote it."""
        return self.standing(who, message)

    def _customer(self, who: str) -> Participant:
        return self.fake.private(who)


class TelegramHarness(TelegramCustomers, ChannelHarness):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.fake)
        self.stage = stage
        self.inbox = stage.inbox
        self.work = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self.channel: Channel = await self.work.enter_async_context(self.stage.listening())

    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        return await self.stage.stored(kind, content, name)

    def failure(self, code: str, language: Language) -> SendFailed:
        return failure(code, language)

    async def delivers_again(self, who: str) -> None:
        fake = self.stage.fake
        message = fake.messages(fake.private(who))[-1].raw
        update = {"update_id": fake.updates.next_id - 1, "message": message}
        if self.stage.config.mode == "webhook":
            assert await self.stage.post(orjson.dumps(update)) == 200
            return
        before = len(self.inbox.attempts)
        await self.work.aclose()  # a process that died before its next poll confirmed the update
        fake.updates.pending.append(update)
        await self.start()
        await self.inbox.until(lambda: len(self.inbox.attempts) > before)


def seen_of(fake: FakeTelegram, shown: Shown) -> Seen:
    """A message as it stands in a chat or a topic."""
    raw = shown.raw
    words = text_of(raw.get("text") or raw.get("caption"), raw.get("entities") or raw.get("caption_entities"))
    kind = next((field for field in FILES if field in raw), "")
    told = raw.get(kind)
    file = mapping(told[-1] if isinstance(told, list) else told)
    stored = fake.world.files.get(file.get("file_id", ""))
    return Seen(
        id=named(raw),
        text=words.text if words else "",
        marks=words.marks if words else (),
        buttons=shown.buttons,
        shows="buttons" if shown.buttons else "",
        kind=kind,
        content=stored.content if stored else b"",
        name=file.get("file_name", ""),
        place=_place(raw),
        album=raw.get("media_group_id", ""),
        reply_to="" if shown.reply_to is None else f"{raw['chat']['id']}:{shown.reply_to}",
        reactions=shown.reactions,
        edited=shown.edited,
    )


def named(message: dict[str, Any]) -> str:
    return f"{message['chat']['id']}:{message['message_id']}"


def _place(raw: dict[str, Any]) -> Location | Contact | None:
    if "location" in raw:
        venue = raw.get("venue", {})
        title = ", ".join(venue[key] for key in ("title", "address") if venue.get(key))
        return Location(**raw["location"], title=title)
    if "contact" in raw:
        return Contact(phone=raw["contact"]["phone_number"], name=raw["contact"]["first_name"])
    return None


def _number(message: str) -> int:
    spot = Spot.read(message)
    assert spot is not None
    return spot.number
