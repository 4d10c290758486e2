"""Customers of a messenger, for contract tests and for those of the whole platform: what one does there, what one saw.

Ids of messages are the channel's own: a customer's message is called what `CustomerSaid.message` says. What one saw of
ours is named by `Seen.id`, which customers name it by when they answer it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from estafeta.kernel.model import Contact, Location, Mark, MediaKind
from tests.telegram.samples import JPEG, MP3, MP4, OGG, PDF, WEBP

Act = Literal[
    "photo", "document", "voice", "audio", "video", "sticker", "album", "location", "contact", "marks", "reply", "edit",
    "deletion", "reaction", "payload", "unknown", "blocked", "read",
]  # fmt: skip
"""What customers may be able to do besides writing. "blocked": that they did is told; "read": that they read it."""

FILES: tuple[MediaKind, ...] = ("photo", "document", "voice", "audio", "video", "sticker")

SAMPLES: dict[MediaKind, tuple[str, str, bytes]] = {
    "photo": ("фото.jpg", "image/jpeg", JPEG),
    "document": ("счёт.pdf", "application/pdf", PDF),
    "voice": ("голос.ogg", "audio/ogg", OGG),
    "audio": ("песня.mp3", "audio/mpeg", MP3),
    "video": ("видео.mp4", "video/mp4", MP4),
    "sticker": ("стикер.webp", "image/webp", WEBP),
}
"""A file of each kind: name, type, content."""

CAPTIONED: tuple[MediaKind, ...] = ("photo", "document", "video")
"""What takes words under it in every messenger that has it."""


def sample(kind: MediaKind, mark: str = "") -> bytes:
    """A file of this kind; with another mark, another file."""
    return SAMPLES[kind][2] + mark.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A message, or a file of one, as its receiver sees it now. `kind` is that of the file, with what it holds in
    `content`. Files that go together share an `album`; what is deleted is not seen. `shows`: how `buttons` stand."""

    id: str
    text: str = ""
    marks: tuple[Mark, ...] = ()
    buttons: tuple[str, ...] = ()
    shows: Literal["", "buttons", "list"] = ""
    kind: str = ""
    content: bytes = b""
    name: str = ""
    place: Location | Contact | None = None
    album: str = ""
    reply_to: str = ""
    reactions: tuple[str, ...] = ()
    edited: bool = False


class Customers(ABC):
    """People of one messenger, by name. `told` is what they can do and we are told of; the rest is never called.
    `hides` are kinds of files of which the messenger tells that they came, and not where they are."""

    told: frozenset[Act] = frozenset()
    hides: frozenset[MediaKind] = frozenset()

    # --- what they do; what writes a message returns its id

    @abstractmethod
    async def writes(self, who: str, text: str, *, marks: tuple[Mark, ...] = ()) -> str:
        """Returns without waiting for us."""

    @abstractmethod
    async def presses(self, who: str, label: str) -> None:
        """The newest button with this label."""

    async def sends(
        self, who: str, kind: str, content: bytes, *, name: str = "", mime: str = "", caption: str = ""
    ) -> str:
        """A file of this kind; with words only where it is one of `CAPTIONED`."""
        raise NotImplementedError

    async def sends_photos(self, who: str, *contents: bytes, caption: str = "") -> list[str]:
        """An album."""
        raise NotImplementedError

    async def sends_location(self, who: str, latitude: float, longitude: float) -> str:
        raise NotImplementedError

    async def sends_contact(self, who: str, phone: str, name: str) -> str:
        raise NotImplementedError

    async def shares_contact(self, who: str, label: str) -> str:
        """Presses the button that asks for the customer's own number."""
        raise NotImplementedError

    async def sends_something_new(self, who: str) -> str:
        """What no channel has a name for."""
        raise NotImplementedError

    async def replies(self, who: str, text: str, to: str) -> str:
        raise NotImplementedError

    async def edits(self, who: str, message: str, text: str) -> None:
        raise NotImplementedError

    async def deletes(self, who: str, message: str) -> None:
        raise NotImplementedError

    async def reacts(self, who: str, message: str, emoji: str) -> None:
        """ "" takes the reaction back."""
        raise NotImplementedError

    async def starts(self, who: str, payload: str = "") -> str:
        """Follows a link into the chat, and begins it."""
        raise NotImplementedError

    async def reads(self, who: str) -> None:
        """All that has come."""
        raise NotImplementedError

    async def blocked(self, who: str) -> None:
        """From now on the customer takes nothing from us."""
        raise NotImplementedError

    async def unblocked(self, who: str) -> None:
        raise NotImplementedError

    # --- what they see

    @abstractmethod
    def view(self, who: str) -> list[Seen]:
        """All that `who` got from us and that is there now."""

    @abstractmethod
    async def wait(self, condition: Callable[[], Any], seconds: float = 10.0) -> Any:
        """Until `condition()` is true; returns its value."""

    def standing(self, who: str, message: str) -> tuple[str, ...]:
        """The reactions on a message of the customer's own."""
        raise NotImplementedError

    async def seen(self, who: str, count: int = 0) -> list[Seen]:
        """The view, once there is so much in it."""
        await self.wait(lambda: len(self.view(who)) >= count)
        return self.view(who)

    async def saw(self, who: str, count: int) -> list[tuple[str, tuple[str, ...]]]:
        """The words of the first `count` that came, each with its buttons' labels."""
        return [(one.text, one.buttons) for one in (await self.seen(who, count))[:count]]


def units(text: str) -> int:
    """The length in UTF-16 units, in which messengers count."""
    return len(text.encode("utf-16-le")) // 2
