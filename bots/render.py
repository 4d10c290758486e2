"""From what is meant to what a channel can show, decided by the channel's capabilities alone.

Pure. What a channel has no way to show becomes words; nothing is left out. The chunks are in the order in which
they are to be sent: files with their caption, or their words behind them; places and templates where they stood;
what can be pressed comes last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from bots.drawing import joined, reduced, sound
from bots.splitting import length, shorten, split_text, stripped
from estafeta.kernel.model import (
    Button,
    Capabilities,
    Contact,
    Location,
    Mark,
    Media,
    MediaKind,
    OutboundMessage,
    Part,
    Template,
    Text,
)

_SIGNS = {"photo": "🖼", "document": "📎", "voice": "🎤", "audio": "🎵", "video": "🎬", "sticker": "🙂"}
_TOGETHER: Final[dict[MediaKind, str]] = {
    "photo": "seen", "video": "seen", "document": "documents", "audio": "audio"
}  # fmt: skip
"""What stands in one album; voice messages and stickers stand alone."""
_CAPTIONED: Final = ("photo", "video", "document")
_MEGABYTE = 1024 * 1024
Drawn = Callable[[Text], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One message of the messenger. It has files (one, or an album), or a place, or a template, or nothing but
    words; the words of one with files are their caption. Words are within their limit, labels within theirs.

    `marks` is empty when the channel draws by characters: `text` is drawn then.
    `buttons` only the last chunk has, and one with nothing but words; `shows` tells how they fit.
    """

    text: str = ""
    marks: tuple[Mark, ...] = ()
    files: tuple[Media, ...] = ()
    place: Location | Contact | None = None
    template: Template | None = None
    buttons: tuple[Button, ...] = ()
    shows: Literal["", "buttons", "list"] = ""


def render(
    message: OutboundMessage,
    capabilities: Capabilities,
    *,
    drawn: Drawn | None = None,
    text_with_buttons: int | None = None,
) -> tuple[Chunk, ...]:
    """At least one chunk, unless there is neither a word nor anything else in the message.

    `drawn` writes marks as characters, for a channel that knows no other way; limits hold for what it makes.
    `text_with_buttons` is how long a text may be that has buttons or a list under it, where that is less than
    `capabilities.text`.
    """
    return tuple(_Page(capabilities, drawn, text_with_buttons).chunks(message))


@dataclass(slots=True)
class _Page:
    """A message while it is laid out."""

    can: Capabilities
    drawn: Drawn | None
    text_with_buttons: int | None
    words: list[Text] = field(default_factory=list)
    files: list[Media] = field(default_factory=list)

    def chunks(self, message: OutboundMessage) -> Iterator[Chunk]:
        offered = self.can.shown(message.buttons)
        shows, buttons, extra = _pressable(offered, self.can)
        for part in message.parts:
            shown = self._shown(part)
            if isinstance(shown, Media):
                self.files.append(shown)
            elif isinstance(shown, Text):
                self.words += [shown] if shown.text else []
            else:
                yield from self._out(hold_words=bool(offered))
                yield shown
        if extra:
            self.words.append(Text(text=extra))
        if not shows:
            yield from self._out()
            return
        yield from self._out(hold_words=True)
        yield from self._asking(shows, buttons)

    def _out(self, *, hold_words: bool = False) -> Iterator[Chunk]:
        """What has gathered: files, and the words under the last of them or behind them."""
        albums = list(_albums(self.files, self.can.album))
        self.files = []
        text = Text(text="") if hold_words else self._gathered()
        captioned = bool(albums and text.text) and self._is_caption(text, albums[-1])
        for album in albums[:-1] if captioned else albums:
            yield Chunk(files=album)
        if captioned:
            yield self._written(text, files=albums[-1])
        elif text.text:
            for piece in split_text(text, self.can.text, self.can.unit, self.drawn):
                yield self._written(piece)

    def _asking(self, shows: Literal["buttons", "list"], buttons: tuple[Button, ...]) -> Iterator[Chunk]:
        """The words left, with what can be pressed under the last of them."""
        pieces = split_text(self._gathered(), self.can.text, self.can.unit, self.drawn) or [Text(text="…")]
        if self.text_with_buttons is not None:
            pieces[-1:] = split_text(pieces[-1], self.text_with_buttons, self.can.unit, self.drawn)
        for piece in pieces[:-1]:
            yield self._written(piece)
        yield replace(self._written(pieces[-1]), buttons=buttons, shows=shows)

    def _gathered(self) -> Text:
        text = joined(self.words, "\n\n")
        self.words = []
        return text

    def _is_caption(self, text: Text, album: Sequence[Media]) -> bool:
        drawn = self.drawn(text) if self.drawn else text.text
        fits = length(drawn, self.can.unit) <= self.can.caption
        return fits and all(media.kind in _CAPTIONED for media in album)

    def _written(self, text: Text, *, files: tuple[Media, ...] = ()) -> Chunk:
        if self.drawn:
            return Chunk(text=self.drawn(text), files=files)
        return Chunk(text=text.text, marks=text.marks, files=files)

    def _shown(self, part: Part) -> Media | Text | Chunk:
        """The part as this channel shows it: a file, words, or a message of its own."""
        can = self.can
        match part:
            case Text():
                whole = replace(part, marks=sound(part.marks, len(part.text)))
                return stripped(reduced(stripped(whole), can.marks))
            case Media():
                kind = _kind(part, can)
                if kind is not None:
                    return part if kind == part.kind else replace(part, kind=kind)
            case Location() if can.location:
                return Chunk(place=part)
            case Contact() if can.contact:
                return Chunk(place=part)
            case Template() if can.templates:
                return Chunk(template=part)
        return Text(text=in_words(part, can))


def in_words(part: Part, capabilities: Capabilities | None = None) -> str:
    """A part as text, in no particular language. A file that the channel would take if it were smaller says so."""
    match part:
        case Text():
            return part.text.strip()
        case Media():
            words = f"{_SIGNS[part.kind]} {' '.join(part.name.split())}".strip()
            most = _most(part, capabilities.media) if capabilities else 0
            return f"{words} ({_size(part.size)} > {_size(most)})" if most else words
        case Location():
            place = f"{part.latitude:.6f}, {part.longitude:.6f}"
            return f"📍 {part.title}: {place}" if part.title else f"📍 {place}"
        case Contact():
            return f"👤 {part.name} {part.phone}" if part.name else f"👤 {part.phone}"
        case Template():
            return part.text.strip() or " ".join((part.name, *part.values))
        case _:
            return f"[{part.kind}]"


def _kind(media: Media, capabilities: Capabilities) -> MediaKind | None:
    """What the file goes as; None: not at all."""
    for kind in (media.kind, "document"):
        most = capabilities.media.get(kind)
        if most is not None and media.size <= most:
            return kind
    return None


def _most(media: Media, sizes: Mapping[MediaKind, int]) -> int:
    """The most that such a file might have, in bytes; 0 if it is taken at no size."""
    return max(sizes.get(media.kind, 0), sizes.get("document", 0))


def _size(size: int) -> str:
    return f"{size / _MEGABYTE:.1f} MB" if size < 10 * _MEGABYTE else f"{size / _MEGABYTE:.0f} MB"


def _albums(files: Sequence[Media], most: int) -> Iterator[tuple[Media, ...]]:
    """Neighbours that may stand together, at most so many."""
    album: list[Media] = []
    for media in files:
        kind = _TOGETHER.get(media.kind)
        if album and (kind is None or kind != _TOGETHER.get(album[0].kind) or len(album) >= most):
            yield tuple(album)
            album = []
        album.append(media)
    if album:
        yield tuple(album)


def _pressable(
    buttons: tuple[Button, ...], can: Capabilities
) -> tuple[Literal["", "buttons", "list"], tuple[Button, ...], str]:
    """How the buttons are shown, those that are shown as such, and what has to be said in words of them."""
    if not buttons:
        return "", (), ""
    shows = can.choice(buttons)
    if shows == "numbers":
        return "", (), _lines(buttons)
    most = can.label if shows == "buttons" else can.row
    labelled = tuple(replace(button, text=shorten(button.text, most, can.unit)) for button in buttons)
    if len({button.text for button in labelled}) == len(labelled):
        return shows, labelled, ""
    numbered = (f"{number}. {button.text}" for number, button in enumerate(buttons, 1))
    labels = tuple(
        replace(button, text=shorten(text, most, can.unit)) for button, text in zip(buttons, numbered, strict=True)
    )
    return shows, labels, _lines(buttons)


def _lines(buttons: tuple[Button, ...]) -> str:
    """All buttons as lines; numbered, if there are any that a number typed would press."""
    lines = [f"{button.text}: {button.url}" if button.url else button.text for button in buttons]
    if any(not button.url for button in buttons):
        lines = [f"{number}. {line}" for number, line in enumerate(lines, 1)]
    return "\n".join(lines)
