"""Texts, buttons and files that a channel would cut, number or leave out. What a channel can do is data that the
application gives: no channel is known here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from estafeta.kernel.model import Button, Capabilities, Media, Text
from flows import markdown, templates
from flows.checks.files import Files
from flows.model import Ask, Copy, Flow, Menu, PressTo, Say, Spoken, Workspace
from flows.source import Source, nearest
from flows.steps import AskStep, MenuStep, SayStep, walk
from flows.written import Place

_LABELS = (
    "human", "write_in_private", "message_done", "survey_excellent", "survey_fine", "survey_bad", "survey_reopen",
    "share_contact", "yes", "no",
)  # fmt: skip
"""Phrases that stand on buttons."""
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a channel, called `title`, has room for. `length` is how long it finds words; `drawn` writes marks as
    characters, where it knows no other way; `with_buttons` is how long a text above buttons may be, where that is
    less than other texts."""

    title: str
    can: Capabilities
    length: Callable[[str], int]
    drawn: Callable[[Text], str] | None = None
    with_buttons: int | None = None

    def measured(self, words: str) -> int:
        text = markdown.parse(words)
        return self.length(self.drawn(text) if self.drawn else text.text)

    def most(self, *, beside_buttons: bool) -> int:
        return self.with_buttons if beside_buttons and self.with_buttons is not None else self.can.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """`rooms` are all channels that there are, by name; `enabled` those of them that texts are measured for. Without
    any, nothing is measured and no channel's name is called wrong."""

    rooms: Mapping[str, Room] = field(default_factory=dict)
    enabled: tuple[str, ...] = ()


def check(workspace: Workspace, files: Files, showing: Showing) -> None:
    if showing.rooms:
        _check_names(workspace, files, showing)
    rooms = {name: showing.rooms[name] for name in showing.enabled}
    if not rooms:
        return
    for name, flow in workspace.library.flows.items():
        source = files.flows[name][0]
        for where, copies, rows in _said(flow, rooms):
            for number, copy in enumerate(copies):
                _check_text(source, (*where.place, number), copy, where, beside_buttons=rows)
        for place, buttons in _offered(flow):
            _check_buttons(source, place, buttons, rooms)
        _check_media(source, flow, rooms)
    if files.bot is not None:
        for name in _LABELS:
            if name in workspace.bot.phrases.model_fields_set:
                _check_labels(files.bot, [(("phrases", name), workspace.library.phrases[name])], rooms, 1)


# --- channels that there are -----------------------------------------------------------------------


def _check_names(workspace: Workspace, files: Files, showing: Showing) -> None:
    for source, file in files.flows.values():
        for place, step in walk(file.steps):
            for channel in (step.channels or ()) if isinstance(step, SayStep | AskStep | MenuStep) else ():
                _check_name(source, (*place, "channels", channel), channel, showing)
    if files.bot is not None:
        for channel in workspace.bot.handoff.idle:
            if channel != "default":
                _check_name(files.bot, ("handoff", "idle", channel), channel, showing)
    if files.hours is not None:
        for name in workspace.hours.schedules:
            channel, slash, _ = name.partition("/")
            if slash:
                _check_name(files.hours, ("schedules", name), channel, showing)


def _check_name(source: Source, place: Place, channel: str, showing: Showing) -> None:
    if channel not in showing.rooms:
        what = f'there is no channel "{channel}"'
        source.tell(place, what, nearest(channel, showing.rooms), key=True, rule="name")


# --- texts -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Where:
    place: Place
    rooms: Sequence[Room]
    channel: str = ""


def _said(flow: Flow, rooms: Mapping[str, Room]) -> Iterator[tuple[_Where, tuple[Copy, ...], bool]]:
    """What is said, where it stands, the channels that show it, and whether buttons are below it."""
    for step in flow.steps:
        if not isinstance(step, Say | Ask | Menu):
            continue
        beside = bool(step.options if isinstance(step, Menu) else step.buttons)
        yield from ((where, copies, beside) for where, copies in _spoken(step.path, "say", step.words, rooms))
        if isinstance(step, Ask | Menu) and step.again is not step.words:
            yield from ((where, copies, beside) for where, copies in _spoken(step.path, "again", step.again, rooms))
        if isinstance(step, Ask) and step.invalid is not None:
            yield from ((where, copies, beside) for where, copies in _spoken(step.path, "invalid", step.invalid, rooms))
        for name, copy in (("confirm", step.confirm), ("still", step.still)) if isinstance(step, Ask) else ():
            if copy is not None:  # with yes and no below it
                yield _Where((*step.path, name), list(rooms.values())), (copy,), True


def _spoken(
    path: Place, key: str, spoken: Spoken, rooms: Mapping[str, Room]
) -> Iterator[tuple[_Where, tuple[Copy, ...]]]:
    """What is said otherwise in a channel is measured for that channel alone."""
    others = [room for name, room in rooms.items() if name not in spoken.channels]
    yield _Where((*path, key), others), spoken.variants
    for channel, copies in spoken.channels.items():
        if channel in rooms:
            yield _Where((*path, "channels", channel), [rooms[channel]], channel), copies


def _languages(copy: Copy) -> Mapping[str, templates.Words]:
    return copy.by_language or {"": copy.default}


def _check_text(source: Source, place: Place, copy: Copy, where: _Where, *, beside_buttons: bool) -> None:
    for language, words in _languages(copy).items():
        written = words if isinstance(words, str) else words.source
        least = min((room.most(beside_buttons=beside_buttons) for room in where.rooms), default=0)
        if 2 * len(written) <= least:
            continue  # however it is counted and drawn
        said = templates.longest(words)
        over = [
            f"{room.title} takes {most}"
            for room in where.rooms
            if room.measured(said) > (most := room.most(beside_buttons=beside_buttons))
        ]
        if over:
            longest = max(room.measured(said) for room in where.rooms)
            beside = " beside buttons" if beside_buttons else ""
            what = f"{longest} characters; {', '.join(over)} in one message{beside}"
            mend = "shorten it" + ("" if where.channel else ", split it, or say it shorter there with channels:")
            source.tell((*place, language), what, mend, warn=True, rule="limit")


# --- buttons ---------------------------------------------------------------------------------------


def _offered(flow: Flow) -> Iterator[tuple[Place, Sequence[tuple[Place, PressTo]]]]:
    for step in flow.steps:
        if isinstance(step, Menu):
            options = [((*step.path, "menu", n, "text"), option.button) for n, option in enumerate(step.options)]
            yield (*step.path, "menu"), options
        elif isinstance(step, Say | Ask) and step.buttons:
            buttons = [((*step.path, "buttons", n, "text"), button) for n, button in enumerate(step.buttons)]
            yield (*step.path, "buttons"), buttons


def _check_buttons(
    source: Source, place: Place, buttons: Sequence[tuple[Place, PressTo]], rooms: Mapping[str, Room]
) -> None:
    count = len(buttons)
    shown = {room.title: max(room.can.buttons, room.can.rows) for room in rooms.values()}
    over = [f"{title} shows {most}" for title, most in shown.items() if count > most]
    if over:
        what = f"{count} buttons; {', '.join(over)}, more become numbered lines"
        source.tell(place, what, "offer fewer, or lead on to a second menu", warn=True, rule="limit")
    _check_labels(source, [(where, button.text) for where, button in buttons], rooms, count)


def _check_labels(source: Source, labels: Sequence[tuple[Place, Copy]], rooms: Mapping[str, Room], count: int) -> None:
    """How long a label may be depends on how many there are: a list has other room than buttons."""
    plain = tuple(Button(id=str(number), text="") for number in range(count))
    how = [(room, room.can.choice(plain)) for room in rooms.values()]
    most = [(room, room.can.label if shows == "buttons" else room.can.row) for room, shows in how if shows != "numbers"]
    for place, copy in labels:
        for language, words in _languages(copy).items():
            said = markdown.unescape(templates.longest(words))
            over = [f"{room.title} shows {limit}" for room, limit in most if room.length(said) > limit]
            if over:
                longest = max(room.length(said) for room, _ in most)
                what = f'the button "{said[:60]}" has {longest} characters; {", ".join(over)}'
                source.tell((*place, language), what, "shorten it, for it is cut there", warn=True, rule="limit")


# --- files -----------------------------------------------------------------------------------------


def _check_media(source: Source, flow: Flow, rooms: Mapping[str, Room]) -> None:
    for step in flow.steps:
        for number, media in enumerate(step.words.media if isinstance(step, Say) else ()):
            over = [f"{room.title} takes {_most(media, room.can)}" for room in rooms.values() if not _fits(media, room)]
            if over:
                what = f'"{media.name}" is a {media.kind} of {media.size / _MEGABYTE:.1f} MB; {", ".join(over)}'
                mend = "make it smaller, for only its name is told there"
                source.tell((*step.path, "media", number), what, mend, warn=True, rule="limit")


def _fits(media: Media, room: Room) -> bool:
    return any(media.size <= room.can.media.get(kind, -1) for kind in (media.kind, "document"))


def _most(media: Media, can: Capabilities) -> str:
    most = max(can.media.get(media.kind, 0), can.media.get("document", 0))
    return f"up to {most / _MEGABYTE:.0f} MB" if most else "none"
