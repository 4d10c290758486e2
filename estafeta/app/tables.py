"""The channels there are and what each can do: the one list of them, and the tables in docs/channels.md.

The numbers are the channels' own data (`bots/<channel>/capabilities.py`), each with its source. What goes there and
back is in `round_trip`: how a channel shows what an operator sends follows from its capabilities, and what its
customers can send is told here; the tests send every kind through every channel and hold both to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import get_args

import click

from bots.render import Drawn
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Button, Capabilities, MarkKind, MediaKind

BEGIN = "<!-- capabilities: made by `estafeta channels table` -->"
END = "<!-- end of capabilities -->"

ROUND_TRIP = "<!-- round trip -->"
ROUND_TRIP_END = "<!-- end of round trip -->"

_LINK = re.compile(r"https?://[^\s()]+|docs/[^\s()]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a channel can do, and where each number comes from. `drawn` and `text_with_buttons` are what it tells
    `bots.render` besides."""

    title: str
    capabilities: Capabilities
    sources: Mapping[str, str]
    drawn: Drawn | None = field(default=None, compare=False)
    text_with_buttons: int | None = None


@cache
def channels() -> Mapping[str, Facts]:
    """By their names. The channels are imported now and not before: each brings its messenger's library along."""
    from bots.telegram import capabilities as telegram
    from bots.vk import capabilities as vk
    from bots.whatsapp import capabilities as whatsapp
    from bots.whatsapp.drawing import drawn
    from bots.widget import capabilities as widget

    return {
        "telegram": Facts(title="Telegram", capabilities=telegram.CAPABILITIES, sources=telegram.SOURCES),
        "vk": Facts(title="VK", capabilities=vk.CAPABILITIES, sources=vk.SOURCES),
        "vk_wall": Facts(title="VK wall", capabilities=vk.wall_capabilities(1), sources=vk.WALL_SOURCES),
        "whatsapp": Facts(
            title="WhatsApp", capabilities=whatsapp.CAPABILITIES, sources=whatsapp.SOURCES,
            drawn=drawn, text_with_buttons=whatsapp.INTERACTIVE_BODY,
        ),
        "widget": Facts(title="Site chat", capabilities=widget.CAPABILITIES, sources=widget.SOURCES),
    }  # fmt: skip


def markdown_table() -> str:
    """What every channel can do, as a Markdown table with the sources as footnotes."""
    known = list(channels().values())
    notes: dict[str, int] = {}
    lines = [_line(["", *(facts.title for facts in known)]), _line(["---"] * (len(known) + 1))]
    for row in ROWS:
        if not any(_differs(facts, row.field) for facts in known):
            continue
        cells = [_cell(facts, row, notes) for facts in known]
        lines.append(_line([row.words, *cells]))
    footnotes = [f"[^{number}]: {_as_link(source)}" for source, number in notes.items()]
    return "\n".join([*lines, "", *footnotes])


def replaced(document: str, table: str, marks: tuple[str, str] = (BEGIN, END)) -> str:
    """The document with this table between its two marks. Raises `ConfigurationError` when it has none."""
    first, last = marks
    before, begin, rest = document.partition(first)
    _, end, after = rest.partition(last)
    if not (begin and end):
        raise ConfigurationError(f"The table goes between the lines {first} and {last}, and the document has none.")
    return f"{before}{first}\n\n{table}\n\n{last}{after}"


def without_source(facts: Facts) -> list[str]:
    """The fields that are not at their default and do not say where they come from: a link, or that it is unknown."""
    missing = []
    for each in fields(Capabilities):
        source = facts.sources.get(each.name, "")
        if _differs(facts, each.name) and not (_LINK.search(source) or source.startswith("unknown")):
            missing.append(each.name)
    return missing


@click.command()
@click.option(
    "--write", "document", type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Put the table into this file, between its marks, instead of printing it; and the one of what goes there and "
    "back, if the file has a place for it.",
)  # fmt: skip
def table(document: Path | None) -> None:
    """What each channel can do, with sources: the table of docs/channels.md."""
    if document is None:
        click.echo(markdown_table())
        return
    written = replaced(document.read_text(encoding="utf-8"), markdown_table())
    if ROUND_TRIP in written:
        written = replaced(written, round_trip_table(), (ROUND_TRIP, ROUND_TRIP_END))
    document.write_text(written, encoding="utf-8")


# --- rows ----------------------------------------------------------------------------------------

_UNITS = {"utf16": "UTF-16 units", "codepoints": "characters", "bytes": "bytes"}
_KIBIBYTE = 1024
_MARKS: Mapping[MarkKind, str] = {
    "bold": "bold", "italic": "italic", "strike": "strike", "code": "code", "link": "links"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """`say` tells the value in words; "" is no."""

    field: str
    words: str
    say: Callable[[Capabilities], str]


def _count(name: str) -> Callable[[Capabilities], str]:
    return lambda can: _number(getattr(can, name))


def _yes(name: str) -> Callable[[Capabilities], str]:
    return lambda can: "yes" if getattr(can, name) else ""


def _file(kind: MediaKind) -> Callable[[Capabilities], str]:
    return lambda can: f"to {_size(can.media[kind])}" if kind in can.media else ""


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ") if value else ""


def _size(size: int) -> str:
    for step, name in ((_KIBIBYTE**2, "MiB"), (1000**2, "MB"), (_KIBIBYTE, "KiB")):
        if size >= step and size % step == 0:
            return f"{size // step} {name}"
    return f"{_number(size)} bytes"


def _hours(can: Capabilities) -> str:
    return "" if can.window is None else f"{can.window / 3600:g} hours"


def _marks(can: Capabilities) -> str:
    return ", ".join(words for kind, words in _MARKS.items() if kind in can.marks)


ROWS: Sequence[Row] = (
    Row("text", "length of a message", _count("text")),
    Row("unit", "counted in", lambda can: _UNITS[can.unit]),
    Row("marks", "draws", _marks),
    Row("buttons", "buttons under a message", _count("buttons")),
    Row("label", "length of a button", lambda can: _number(can.label) if can.buttons else ""),
    Row("url_buttons", "buttons that open a page", _yes("url_buttons")),
    Row("asks_contact", "buttons that ask for the customer's number", _yes("asks_contact")),
    Row("rows", "choices in a list", _count("rows")),
    Row("row", "length of a choice", lambda can: _number(can.row) if can.rows else ""),
    Row("media", "photos", _file("photo")),
    Row("media", "videos", _file("video")),
    Row("media", "documents", _file("document")),
    Row("media", "audio", _file("audio")),
    Row("media", "voice messages", _file("voice")),
    Row("media", "stickers", _file("sticker")),
    Row("caption", "words under a file", _count("caption")),
    Row("album", "files in an album", lambda can: _number(can.album) if can.album > 1 else ""),
    Row("location", "places", _yes("location")),
    Row("contact", "contacts", _yes("contact")),
    Row("replies", "answers to one message", _yes("replies")),
    Row("edits", "changes what was sent", _yes("edits")),
    Row("deletes", "deletes what was sent", _yes("deletes")),
    Row("reactions", "reactions", lambda can: can.reactions),
    Row("typing", 'shows "is typing"', _yes("typing")),
    Row("typing_lasts", "for so long at once", lambda can: f"{can.typing_lasts:g} s" if can.typing else ""),
    Row("reads", "shows what was read", _yes("reads")),
    Row("idempotent", "sent twice is shown once", _yes("idempotent")),
    Row("reconciles", "tells later what became of it", _yes("reconciles")),
    Row("merges", "the bot's messages become one", _yes("merges")),
    Row("window", "answers are free for", _hours),
    Row("templates", "approved templates", _yes("templates")),
    Row("public", "strangers read along", _yes("public")),
    Row("private", "leads to a private chat", _yes("private")),
)


def _cell(facts: Facts, row: Row, notes: dict[str, int]) -> str:
    said = row.say(facts.capabilities)
    source = facts.sources.get(row.field, "")
    if not said or not source:
        return said or "–"
    number = notes.setdefault(source, len(notes) + 1)
    return f"{said}[^{number}]"


def _differs(facts: Facts, name: str) -> bool:
    """Whether the channel says something of its own here."""
    able = facts.capabilities
    return bool(getattr(able, name) != getattr(Capabilities(text=0, unit="codepoints"), name)) or name == "unit"


def _as_link(source: str) -> str:
    """A source as it reads in docs/: what lies there itself is linked from there."""
    return f"[{source}]({source.removeprefix('docs/')})" if source.startswith("docs/") else source


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


# --- there and back ------------------------------------------------------------------------------

NATIVE, NOT = "✓", "–"

KINDS = (
    "text", "formatting", "photo", "album", "document", "voice", "audio", "video", "sticker", "location", "contact",
    "reply", "edit", "deletion", "reaction", "choice",
)  # fmt: skip
"""What goes between customers and operators. A choice is of five buttons of the bot's."""

CHOICES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """`there`: how what the customer sends or does stands before the operator; `back`: how it stands before the
    customer when the operator sends or does the same. `NATIVE`, `NOT`, or the next best in words; `why` then says
    what is in the way there."""

    there: str = NATIVE
    back: str = NATIVE
    why: str = ""


_NO_PLAIN = "customers write plain text there"
_NONE_SENT = "customers have no way to send one there"
_THERE: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "telegram": {"deletion": (NOT, "Telegram tells bots of no deletion")},
    "vk": {
        "audio": ("by its name", "VK tells that music came, and keeps the file"),
        "video": ("by its name", "VK tells that a video came, and keeps the file"),
        "sticker": ("as a photo", "VK hands a sticker over as a picture"),
        "contact": (NOT, _NONE_SENT),
        "deletion": (NOT, "VK tells of no deletion"),
    },
    "vk_wall": {
        "formatting": (NOT, _NO_PLAIN),
        "voice": (NOT, _NONE_SENT),
        "audio": ("by its name", "VK tells that music came, and keeps the file"),
        "video": ("by its name", "VK tells that a video came, and keeps the file"),
        "sticker": (NOT, "VK describes none in its comments"),
        "location": (NOT, _NONE_SENT),
        "contact": (NOT, _NONE_SENT),
        "reaction": (NOT, "VK tells of no likes under comments"),
    },
    "whatsapp": {
        "formatting": ("as signs", "WhatsApp's customers draw with signs, such as asterisks"),
        "album": ("one by one", "WhatsApp tells of each photo by itself"),
    },
    "widget": {
        "formatting": (NOT, _NO_PLAIN),
        "voice": (NOT, "the chat on the site records nothing; a sound file is audio"),
        "sticker": (NOT, _NONE_SENT),
        "location": (NOT, _NONE_SENT),
        "contact": (NOT, _NONE_SENT),
    },
}


def round_trip(channel: str) -> Mapping[str, Trip]:
    """Of every kind."""
    there, can = _THERE[channel], channels()[channel].capabilities
    trips = {}
    for kind in KINDS:
        came, why = there.get(kind, (NATIVE, ""))
        trips[kind] = Trip(there=came, back=_back(kind, can), why=why)
    return trips


def _back(kind: str, can: Capabilities) -> str:
    """How this channel shows it."""
    if kind in get_args(MediaKind):
        return NATIVE if kind in can.media else "as a document" if "document" in can.media else "in words"
    match kind:
        case "album" if can.album <= 1 or "photo" not in can.media:
            return "one by one" if "photo" in can.media else "in words"
        case "formatting" if "bold" not in can.marks:
            return "in plain words"
        case "location" | "contact" if not getattr(can, kind):
            return "in words"
        case "reply" if not can.replies:
            return "by itself"
        case "edit" | "deletion" | "reaction" if not getattr(can, _ABLE[kind]):
            return NOT
        case "choice":
            shows = can.choice([Button(id=str(number), text=str(number)) for number in range(CHOICES)])
            return {"buttons": NATIVE, "list": "as a list", "numbers": "as numbered lines"}[shows]
    return NATIVE


_ABLE = {"edit": "edits", "deletion": "deletes", "reaction": "reactions"}


_LEGEND = (
    f"{NATIVE}: as what it is, with the same words and bytes, both ways. Where the ways differ, the one from the "
    f"customer to the operator stands before the slash, and the one back behind it. {NOT}: not at all; an operator who "
    "tries is told so."
)


def round_trip_table() -> str:
    """What goes between customers and operators, as a Markdown table with the reasons as footnotes."""
    known, notes = channels(), dict[str, str]()
    lines = [_LEGEND, "", _line(["", *(facts.title for facts in known.values())]), _line(["---"] * (len(known) + 1))]
    trips = [round_trip(name) for name in known]
    lines += [_line([kind, *(_there_and_back(each[kind], notes) for each in trips)]) for kind in KINDS]
    footnotes = [f"[^{name}]: {why}" for why, name in notes.items()]
    return "\n".join([*lines, "", *footnotes])


def _there_and_back(trip: Trip, notes: dict[str, str]) -> str:
    there = trip.there
    if trip.why:
        there += f"[^{notes.setdefault(trip.why, f'there-{len(notes) + 1}')}]"
    return there if trip.there == trip.back else f"{there} / {trip.back}"
