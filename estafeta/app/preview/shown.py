"""What a flow says, as a channel will show it, before any customer sees it.

Every message of the flow, in all its variants, goes the way of a real one: Markdown, then `bots.render` with the
channel's capabilities. What a template would print stands as ‹its name›.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import click

from bots.drawing import write
from bots.render import Chunk, render
from bots.splitting import length
from estafeta.app.tables import Facts
from estafeta.kernel.model import Address, Button, Json, Mark, Media, OutboundMessage, OutboxId, Text
from flows import markdown, model, templates

_NOBODY = Address(channel="preview", account="preview", chat="preview")
_TEMPLATE = re.compile(r"\{\{(?P<expression>.*?)\}\}|\{%-?\s*(?P<word>\w+).*?%\}|\{#.*?#\}", re.DOTALL)


Part = Literal["say", "menu", "ask", "again", "invalid", "confirm", "still"]
"""What of a step is said: its words, those for a further time, for an answer that is not valid, whether it is right,
whether it is still so."""
_AFTER: Mapping[Part, str] = {"again": " again", "invalid": " not valid", "confirm": " confirm", "still": " still"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message: where the flow says it, what was meant, and what the channel makes of it. `chunks` are what is sent,
    `seen` what customers see of it: they differ where a channel draws by characters, as *bold*."""

    place: str
    step: str
    about: str
    part: Part
    variant: int
    variants: int
    text: Text
    buttons: tuple[Button, ...]
    chunks: tuple[Chunk, ...]
    seen: tuple[Chunk, ...]
    facts: Facts

    @property
    def kind(self) -> str:
        """In words: `ask city again, variant 1 of 2`."""
        said = f"{self.about}{_AFTER.get(self.part, '')}"
        return f"{said}, variant {self.variant} of {self.variants}" if self.variants > 1 else said

    @property
    def how(self) -> str:
        """How the buttons are shown: buttons, list, numbers; "" when there are none."""
        return self.facts.capabilities.choice(self.buttons) if self.buttons else ""

    @property
    def left_out(self) -> tuple[str, ...]:
        """The kinds of marks that the channel does not draw."""
        return tuple(sorted({mark.kind for mark in self.text.marks} - self.facts.capabilities.marks))

    def limit(self, chunk: Chunk) -> int:
        most = self.facts.text_with_buttons if chunk.buttons else None
        return self.facts.capabilities.text if most is None else most

    def label_limit(self, chunk: Chunk) -> int:
        return self.facts.capabilities.row if chunk.shows == "list" else self.facts.capabilities.label


def preview(
    workspace: model.Workspace, flow: model.Flow, facts: Facts, language: str, channel: str = ""
) -> Iterator[Shown]:  # fmt: skip
    """Every message of the flow in this language, in the order of its file. `channel` is the name that texts of its own
    are written under."""
    for step in flow.steps:
        for part, about, copies, given, media in _said(workspace, step, channel):
            buttons = tuple(
                Button(id=button.id, text=markdown.unescape(filled(workspace, button.text.words(language), language)))
                for button in given
            )
            for number, copy in enumerate(copies, 1):
                text = markdown.parse(filled(workspace, copy.words(language), language))
                message = OutboundMessage(
                    id=OutboxId("preview"), to=_NOBODY, parts=((text,) if text.text else ()) + media, buttons=buttons
                )  # fmt: skip
                sent, seen = _rendered(message, facts)
                yield Shown(
                    place=step.place, step=".".join(map(str, step.path)), about=about, part=part, variant=number,
                    variants=len(copies), text=text, buttons=buttons, chunks=sent, seen=seen, facts=facts,
                )  # fmt: skip


def _rendered(message: OutboundMessage, facts: Facts) -> tuple[tuple[Chunk, ...], tuple[Chunk, ...]]:
    """What is sent, and what is seen. Where signs make one message two, what is seen is what is sent."""
    can, room = facts.capabilities, facts.text_with_buttons
    sent = render(message, can, drawn=facts.drawn, text_with_buttons=room)
    if facts.drawn is None:
        return sent, sent
    seen = render(message, can, text_with_buttons=room)
    return sent, seen if len(seen) == len(sent) else sent


_Words = tuple[Part, str, Sequence[model.Copy], tuple[model.PressTo, ...], tuple[Media, ...]]


def _said(workspace: model.Workspace, step: model.Step, channel: str) -> Iterator[_Words]:
    """What a step says: which part of it, what it is called, its variants, buttons and files."""
    match step:
        case model.Say():
            yield "say", "say", _variants(step.words, channel), step.buttons, step.words.media
        case model.Menu():
            options = tuple(option.button for option in step.options)
            yield "menu", "menu", _variants(step.words, channel), options, ()
            if step.again is not step.words:
                yield "again", "menu", step.again.variants, options, ()
        case model.Ask():
            about = f"ask {step.slot}"
            if step.still is not None:
                yield "still", about, (step.still,), _yes_no(workspace), ()
            yield "ask", about, _variants(step.words, channel), step.buttons, ()
            if step.again is not step.words:
                yield "again", about, step.again.variants, step.buttons, ()
            if step.invalid is not None:
                yield "invalid", about, step.invalid.variants, step.buttons, ()
            if step.confirm is not None:
                yield "confirm", about, (step.confirm,), _yes_no(workspace), ()


def _variants(words: model.Spoken, channel: str) -> Sequence[model.Copy]:
    return words.channels.get(channel) or words.variants


def _yes_no(workspace: model.Workspace) -> tuple[model.PressTo, ...]:
    phrases = workspace.library.phrases
    return tuple(model.PressTo(id=f"answer:{word}", text=phrases[word]) for word in ("yes", "no"))


# --- placeholders --------------------------------------------------------------------------------


class _Placeholder(str):
    """Stands for a value in a template, and for every part of it."""

    __slots__ = ("_name",)
    _name: str

    @classmethod
    def of(cls, name: str) -> _Placeholder:
        made = cls(f"‹{name}›" if name else "")
        made._name = name
        return made

    def __getitem__(self, key: Any) -> Any:
        return self.of(f"{self._name}.{key}" if self._name else key) if isinstance(key, str) else self

    def __iter__(self) -> Iterator[str]:
        return iter((self,))


def filled(workspace: model.Workspace, words: templates.Words, language: str) -> str:
    """The words with placeholders. A template that does not work with them shows its expressions instead."""
    if isinstance(words, str):
        return words
    bot = workspace.library.names.words(language)
    values: Mapping[str, Any] = {
        **{name: _Placeholder.of(name) for name in words.names},
        "slots": _Placeholder.of(""),
        "customer": {"name": _Placeholder.of("customer.name"), "language": language},
        "bot": {"name": bot if isinstance(bot, str) else templates.unrendered(bot)},
        "now": datetime.now(UTC).astimezone(workspace.hours.zone),
        "open": True,
    }
    try:
        return templates.render_markdown(words, values)
    except templates.TemplateFailed:
        return _TEMPLATE.sub(_as_written, words.source)


def _as_written(found: re.Match[str]) -> str:
    """An expression as it is; of a choice both sides."""
    if found["expression"]:
        return markdown.escape(f"‹{found['expression'].strip()}›")
    return " / " if found["word"] in ("else", "elif") else ""


# --- for people and for programs -----------------------------------------------------------------


def in_words(shown: Shown) -> Iterator[str]:
    """The lines that show a message in a terminal."""
    yield click.style(f"{shown.step}  {shown.kind}", bold=True)
    for number, chunk in enumerate(shown.chunks, 1):
        for line in _coloured(chunk, drawn=shown.facts.drawn is not None).split("\n"):
            yield f"  │ {line}".rstrip()
        yield from (f"  │ 📎 {media.name or media.kind}" for media in chunk.files)
        size = length(chunk.text, shown.facts.capabilities.unit)
        of = f"message {number} of {len(shown.chunks)}: " if len(shown.chunks) > 1 else ""
        yield click.style(f"  {of}{size} of {shown.limit(chunk)}", dim=True)
        for button in chunk.buttons:
            size = length(button.text, shown.facts.capabilities.unit)
            label = f"• {button.text}" if chunk.shows == "list" else f"[{button.text}]"
            opens = f" opens {button.url}" if button.url else ""
            yield f"    {label}{opens}  " + click.style(f"{size} of {shown.label_limit(chunk)}", dim=True)
    yield from (click.style(f"  {remark}", fg="yellow") for remark in _remarks(shown))
    yield ""


def _coloured(chunk: Chunk, *, drawn: bool) -> str:
    """The words with their marks in the terminal's own way; what is drawn by characters stays as it is."""
    if drawn:
        return chunk.text
    return write(Text(text=chunk.text, marks=chunk.marks), _signs)


def _signs(mark: Mark) -> tuple[str, str]:
    """What turns a mark on and off: https://en.wikipedia.org/wiki/ANSI_escape_code#SGR"""
    if mark.kind == "link":
        return "\033[4m", f"\033[24m ‹{mark.url}›"
    on, off = {"bold": (1, 22), "italic": (3, 23), "strike": (9, 29), "code": (36, 39)}[mark.kind]
    return f"\033[{on}m", f"\033[{off}m"


def _remarks(shown: Shown) -> Iterator[str]:
    count = len(shown.buttons)
    if len(shown.chunks) > 1:
        yield f"too long for one message: cut into {len(shown.chunks)}"
    if shown.left_out:
        yield f"not drawn here: {', '.join(shown.left_out)}"
    if shown.how == "list":
        yield f"{count} buttons are more than {shown.facts.capabilities.buttons}: shown as a list"
    elif shown.how == "numbers":
        yield f"{count} button{'s' * (count != 1)} as numbered lines: a number typed is a press"
    labels = [button.text for chunk in shown.chunks for button in chunk.buttons]
    for button, label in zip(shown.buttons, labels, strict=False):
        if label != button.text:
            yield f'"{button.text}" is shown as "{label}"'


def as_json(shown: Shown) -> Json:
    unit = shown.facts.capabilities.unit
    return {
        "step": shown.step,
        "kind": shown.kind,
        "text": shown.text.text,
        "buttons": [button.text for button in shown.buttons],
        "shows": shown.how,
        "left_out": list(shown.left_out),
        "messages": [
            {
                **({"files": [media.name or media.kind for media in chunk.files]} if chunk.files else {}),
                "text": chunk.text,
                "length": length(chunk.text, unit),
                "limit": shown.limit(chunk),
                "marks": _marks(chunk),
                "buttons": [
                    {"text": button.text, "length": length(button.text, unit), "limit": shown.label_limit(chunk)}
                    for button in chunk.buttons
                ],
            }
            for chunk in shown.chunks
        ],
    }


def seen_json(shown: Shown) -> Json:
    """As `as_json`, with what the customer sees in place of what is sent, and which part of a step it is."""
    messages: list[Json] = [
        {
            "text": seen.text,
            "marks": _marks(seen),
            "length": length(sent.text, shown.facts.capabilities.unit),
            "limit": shown.limit(sent),
            "files": [media.name or media.kind for media in sent.files],
            "shows": sent.shows,
            "buttons": [button.text for button in sent.buttons],
        }
        for sent, seen in zip(shown.chunks, shown.seen, strict=True)
    ]
    labels = [button.text for chunk in shown.chunks for button in chunk.buttons]
    return {
        "part": shown.part,
        "variant": shown.variant,
        "variants": shown.variants,
        "shows": shown.how,
        "count": len(shown.buttons),
        "left_out": list(shown.left_out),
        "cut": [
            [button.text, label] for button, label in zip(shown.buttons, labels, strict=False) if label != button.text
        ],
        "messages": messages,
    }


def _marks(chunk: Chunk) -> list[Json]:
    """With places counted in code points."""
    return [
        {"kind": mark.kind, "start": mark.start, "end": mark.end, **({"url": mark.url} if mark.url else {})}
        for mark in chunk.marks
    ]
