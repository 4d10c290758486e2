"""`estafeta flows preview`: what a flow says, as a channel will show it, before any customer sees it.

Every message of the flow, in all its variants, goes the way of a real one: Markdown, then `bots.render` with the
channel's capabilities. What a template would print stands as ‹its name›.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from bots.drawing import write
from bots.render import Chunk, render
from bots.splitting import length
from estafeta.app import config
from estafeta.app.tables import Facts, channels
from estafeta.kernel.model import Address, Button, Json, Mark, OutboundMessage, OutboxId, Text
from flows import loader, markdown, model, templates
from flows.check import nearest

_NOBODY = Address(channel="preview", account="preview", chat="preview")
_TEMPLATE = re.compile(r"\{\{(?P<expression>.*?)\}\}|\{%-?\s*(?P<word>\w+).*?%\}|\{#.*?#\}", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One message: where the flow says it, what was meant, and what the channel makes of it."""

    step: str
    kind: str
    text: Text
    buttons: tuple[Button, ...]
    chunks: tuple[Chunk, ...]
    facts: Facts

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


def preview(workspace: model.Workspace, flow: model.Flow, facts: Facts, language: str) -> Iterator[Shown]:
    """Every message of the flow in this language, in the order of its file."""
    for step in flow.steps:
        if isinstance(step, model.Say):
            yield from _messages(workspace, step, "say", step.variants, facts, language)
        elif isinstance(step, model.Ask):
            yield from _messages(workspace, step, f"ask {step.slot}", step.variants, facts, language)
            if step.again != step.variants:
                yield from _messages(workspace, step, f"ask {step.slot} again", step.again, facts, language)


def _messages(
    workspace: model.Workspace,
    step: model.Say | model.Ask,
    kind: str,
    variants: Sequence[model.Copy],
    facts: Facts,
    language: str,
) -> Iterator[Shown]:
    where = ".".join(map(str, step.path))
    for number, copy in enumerate(variants, 1):
        said = f"{kind}, variant {number} of {len(variants)}" if len(variants) > 1 else kind
        text = markdown.parse(_filled(workspace, copy.words(language), language))
        buttons = tuple(
            Button(id=button.id, text=markdown.unescape(_filled(workspace, button.text.words(language), language)))
            for button in step.buttons
        )
        message = OutboundMessage(id=OutboxId("preview"), to=_NOBODY, parts=(text,), buttons=buttons)
        chunks = render(
            message, facts.capabilities, drawn=facts.drawn, text_with_buttons=facts.text_with_buttons
        )  # fmt: skip
        yield Shown(step=where, kind=said, text=text, buttons=buttons, chunks=chunks, facts=facts)


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


def _filled(workspace: model.Workspace, words: templates.Words, language: str) -> str:
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
                "text": chunk.text,
                "length": length(chunk.text, unit),
                "limit": shown.limit(chunk),
                "marks": [
                    {"kind": mark.kind, "start": mark.start, "end": mark.end, **({"url": mark.url} if mark.url else {})}
                    for mark in chunk.marks
                ],
                "buttons": [
                    {"text": button.text, "length": length(button.text, unit), "limit": shown.label_limit(chunk)}
                    for button in chunk.buttons
                ],
            }
            for chunk in shown.chunks
        ],
    }


# --- the command ---------------------------------------------------------------------------------


@click.group()
def flows() -> None:
    """Dialogs: see what they say."""


@flows.command("preview")
@click.argument("flow")
@click.option("--channel", required=True, help="The channel to show it for, for example vk.")
@click.option("--language", default="", help="The language to show it in (default: the workspace's first).")
@click.option(
    "--workspace", type=click.Path(path_type=Path), help="The folder to read (default: the one of the settings)."
)  # fmt: skip
@click.option("--json", "for_programs", is_flag=True, help="Print as JSON.")
def flows_preview(flow: str, channel: str, language: str, workspace: Path | None, for_programs: bool) -> None:
    """Show every message of FLOW as a channel will: cut to its limits, with its buttons, lists or numbers."""
    loaded = loader.load(workspace or config.read().workspace)
    language = language or loaded.default_language
    _known("flow", flow, loaded.library.flows)
    _known("channel", channel, channels())
    _known("language", language, loaded.languages)
    shown = list(preview(loaded, loaded.library.flows[flow], channels()[channel], language))
    if for_programs:
        messages = [as_json(one) for one in shown]
        found = {"flow": flow, "channel": channel, "language": language, "messages": messages}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in shown:
        for line in in_words(one):
            click.echo(line)
    count = len(shown)
    facts = channels()[channel]
    click.echo(f"{flow}, {language}, {facts.title}: {count} message{'s' * (count != 1)}")
    if facts.capabilities.public and not loaded.library.flows[flow].public:
        click.echo("Strangers read along here, and the flow is not `public`: it is answered in private instead.")


def _known(what: str, name: str, known: Mapping[str, object] | Sequence[str]) -> None:
    """Ends the command when there is no such thing, and names the nearest that there is."""
    if name not in known:
        click.echo(f'There is no {what} "{name}": {nearest(name, known)}', err=True)
        sys.exit(2)
