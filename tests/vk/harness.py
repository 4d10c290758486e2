"""VK with its customers, for contract tests: what one does in messages and on the wall, and what one saw.

Ids of messages are those of the channels: `peer:number` in messages, the comment's number on the wall.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, Literal

from bots.vk import formats, reactions
from bots.vk.convert import named, number_in
from bots.vk.failures import Language, failure
from estafeta.fakes.vk import FakeVk, Participant, Shown
from estafeta.fakes.vk.attachments import made
from estafeta.fakes.vk.people import Community
from estafeta.fakes.vk.wall import add
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Location, Mark, Media, MediaKind
from estafeta.kernel.ports import Channel
from tests.contracts.channel_harness import ChannelHarness, fetched
from tests.contracts.customers import Customers, Seen
from tests.vk.stage import SECRET, Stage

_ATTACHED = {"photo": "photo", "document": "doc", "voice": "audio_message", "audio": "audio", "video": "video"}
_KINDS = {"photo": "photo", "doc": "document", "audio_message": "voice"}


class VkCustomers(Customers):
    """In their messages with one community of a stand-in. VK tells that music and videos came, and not where they
    are."""

    told = frozenset((
        "photo", "document", "voice", "sticker", "album", "location", "marks", "reply", "edit", "reaction", "payload",
        "unknown", "blocked", "read",
    ))  # fmt: skip
    hides: frozenset[MediaKind] = frozenset(("audio", "video"))

    def __init__(self, fake: FakeVk, community: Community) -> None:
        self.fake = fake
        self.community = community

    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        person = self._customer(who)
        if not marks:
            return _name(person.says(text))
        content = {"text": text, "format_data": formats.drawn(text, marks)}
        message = person.scene.world.post(person.group, person.dialog, person.id, content)
        return _name(person.scene.arrived(person.group, person.dialog, message))

    async def presses(self, who: str, label: str) -> None:
        self._customer(who).presses(label)

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        person = self._customer(who)
        if kind == "sticker":
            images = [{"url": hosted(self.fake, person.id, content, name), "width": 512, "height": 512}]
            return _name(person.sends("sticker", images=images))
        return _name(person.sends(_ATTACHED[kind], content=content, name=name, text=caption))

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        """One message with all of them."""
        person = self._customer(who)
        attached = [made(self.fake.world, person.id, "photo", content, "", None, {}) for content in contents]
        message = person.scene.world.post(
            person.group, person.dialog, person.id, {"text": caption, "attachments": attached}
        )
        return [_name(person.scene.arrived(person.group, person.dialog, message))]

    async def sends_location(self, who: str, latitude: float, longitude: float) -> str:
        return _name(self._customer(who).sends_location(latitude, longitude))

    async def sends_something_new(self, who: str) -> str:
        return _name(self._customer(who).sends("poll"))

    async def replies(self, who: str, text: str, to: str) -> str:
        person = self._customer(who)
        return _name(person.says(text, reply_to=_number(to, person)))

    async def edits(self, who: str, message: str, text: str) -> None:
        person = self._customer(who)
        person.edits(_number(message, person), text)

    async def reacts(self, who: str, message: str, emoji: str) -> None:
        person = self._customer(who)
        person.reacts(_number(message, person), reactions.number_of(emoji) if emoji else None)

    async def starts(self, who: str, payload: str = "") -> str:
        return _name(self._customer(who).says("Начать", ref=payload))

    async def reads(self, who: str) -> None:
        self._customer(who).reads()

    async def blocked(self, who: str) -> None:
        self._customer(who).blocks()

    async def unblocked(self, who: str) -> None:
        self._customer(who).allows()

    def view(self, who: str) -> list[Seen]:
        """A message with several files is as many things to see, with one id."""
        person = self._customer(who)
        ours = [one for one in self.fake.messages(person) if one.by_community]
        return [seen for one in ours for seen in self._seen(one, named(person.dialog.peer, one.id))]

    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        return await self.fake.wait(condition, seconds)

    def standing(self, who: str, message: str) -> tuple[str, ...]:
        person = self._customer(who)
        shown = next(one for one in self.fake.messages(person) if one.id == _number(message, person))
        return tuple(reactions.EMOJI[given] for given in shown.reactions)

    def _customer(self, who: str) -> Participant:
        return self.fake.private(who, self.community)

    def _seen(self, shown: Shown, name: str) -> list[Seen]:
        raw = shown.raw
        words = formats.read(raw["text"], raw.get("format_data"))
        labels, shows = _pressable(raw)
        about: dict[str, Any] = {
            "id": name,
            "reply_to": named(raw["peer_id"], shown.reply_to) if shown.reply_to else "",
            "reactions": tuple(reactions.EMOJI[given] for given in shown.reactions),
            "edited": shown.edited,
        }
        said: dict[str, Any] = {"text": words.text, "marks": words.marks, "buttons": labels, "shows": shows}
        if "geo" in raw:
            said["place"] = Location(**raw["geo"]["coordinates"])
        files = [one for one in raw["attachments"] if one["type"] in _KINDS]
        if not files:
            return [Seen(**about, **said)]
        album = name if len(files) > 1 else ""
        return [
            Seen(**about, **(said if number == 0 else {}), **self._file(one), album=album)
            for number, one in enumerate(files)
        ]

    def _file(self, attachment: Mapping[str, Any]) -> dict[str, Any]:
        kind = attachment["type"]
        stored = self.fake.world.files[attachment[kind]["id"]]
        return {"kind": _KINDS[kind], "content": stored.content, "name": stored.name}


class WallCustomers(Customers):
    """In the comments under a post of the community: each person's own thread, below their first comment."""

    told = frozenset(("photo", "document", "album", "reply", "edit", "deletion", "unknown"))
    hides: frozenset[MediaKind] = frozenset(("audio", "video"))

    def __init__(self, fake: FakeVk, community: Community) -> None:
        self.fake = fake
        self.community = community
        self.post = community.posts("Новые чайники")
        self._threads: dict[str, int] = {}

    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        return self._comments(who, {"text": text})

    async def presses(self, who: str, label: str) -> None:
        raise NotImplementedError("there are no buttons on a wall")

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        person = self._customer(who)
        attached = made(self.fake.world, person.id, _ATTACHED[kind], content, name, None, {})
        return self._comments(who, {"text": caption, "attachments": [attached]})

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        person = self._customer(who)
        attached = [made(self.fake.world, person.id, "photo", content, "", None, {}) for content in contents]
        return [self._comments(who, {"text": caption, "attachments": attached})]

    async def sends_something_new(self, who: str) -> str:
        poll = made(self.fake.world, self._customer(who).id, "poll", b"", "", None, {})
        return self._comments(who, {"text": "", "attachments": [poll]})

    async def replies(self, who: str, text: str, to: str) -> str:
        return self._comments(who, {"text": text}, to=int(to))

    async def edits(self, who: str, message: str, text: str) -> None:
        self._customer(who).edits_comment(int(message), text)

    async def deletes(self, who: str, message: str) -> None:
        self._customer(who).deletes_comment(int(message))

    def view(self, who: str) -> list[Seen]:
        top = self._threads.get(who)
        return [
            Seen(id=str(one.id), text=one.raw["text"], reply_to=str(one.reply_to or ""), edited=one.edited)
            for one in self.fake.wall(self.community, self.post)
            if one.by_community and top in one.raw["parents_stack"]
        ]

    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        return await self.fake.wait(condition, seconds)

    def _comments(self, who: str, content: dict[str, Any], to: int | None = None) -> str:
        person = self._customer(who)
        place = person.group.posts[self.post]
        comment = add(person.scene, person.group, place, person.id, content, to or self._threads.get(who))
        self._threads.setdefault(who, comment["id"])
        return str(comment["id"])

    def _customer(self, who: str) -> Participant:
        return self.fake.private(who, self.community)


class VkHarness(VkCustomers, ChannelHarness):
    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.fake, stage.shop)
        self.stage = stage
        self.inbox = stage.inbox
        self.work = contextlib.AsyncExitStack()

    async def start(self) -> None:
        self.channel: Channel = await self.work.enter_async_context(self.stage.listening())

    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        return self.stage.shelf.put(content, kind, mime=mime, name=name)

    def failure(self, code: str, language: Language) -> SendFailed:
        return failure(code, language)

    async def delivers_again(self, who: str) -> None:
        before = len(self.inbox.attempts)
        if self.stage.config.mode == "callback":
            await posted_again(self.stage, "message_new")
            return
        await self.work.aclose()  # a process that died before it kept how far it had come
        self.stage.kept.ts = str(int(self.stage.kept.ts) - 1)
        await self.start()
        await self.inbox.until(lambda: len(self.inbox.attempts) > before)


class WallHarness(WallCustomers, ChannelHarness):
    blocks = False

    def __init__(self, stage: Stage) -> None:
        super().__init__(stage.fake, stage.shop)
        self.stage = stage
        self.inbox = stage.inbox
        self.channel: Channel = stage.wall

    async def stored(self, kind: MediaKind, content: bytes, name: str, mime: str) -> Media:
        return self.stage.shelf.put(content, kind, mime=mime, name=name)

    def failure(self, code: str, language: Language) -> SendFailed:
        return failure(code, language)

    async def held(self, media: Media) -> bytes:
        """The community's files are handed over by the channel of its messages."""
        assert media.origin == self.stage.channel.origin
        return await fetched(self.stage.channel, media)

    async def delivers_again(self, who: str) -> None:
        await posted_again(self.stage, "wall_reply_new")


async def posted_again(stage: Stage, kind: str) -> None:
    deliveries = stage.fake.callback.deliveries
    await stage.fake.wait(lambda: deliveries[-1].event["type"] == kind)
    assert await stage.post({**deliveries[-1].event, "secret": SECRET}) == (200, "ok")


def hosted(fake: FakeVk, owner: int, content: bytes, name: str) -> str:
    """Where the stand-in keeps a file."""
    return fake.url + fake.world.add_file(owner, "doc", name or "file.bin", content).path


def _pressable(raw: Mapping[str, Any]) -> tuple[tuple[str, ...], Literal["", "buttons", "list"]]:
    """Under the message; or in a carousel or under the input field, which are VK's lists."""
    keyboard, cards = raw.get("keyboard", {}), raw.get("template", {}).get("elements", [])
    rows = [*keyboard.get("buttons", []), *(card["buttons"] for card in cards)]
    labels = tuple(button["action"]["label"] for row in rows for button in row)
    return labels, ("buttons" if keyboard.get("inline") else "list") if labels else ""


def _name(message: Mapping[str, Any]) -> str:
    return named(message["peer_id"], message["conversation_message_id"])


def _number(message: str, person: Participant) -> int:
    number = number_in(message, person.dialog.peer)
    assert number is not None
    return number
