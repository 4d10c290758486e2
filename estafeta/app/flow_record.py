"""`estafeta flows record`: a conversation from the store becomes a test in flows/tests/, without personal data.

What the customer did is taken from the timeline, what must come of it from going through it once more: so the test
holds at once, and where the bot says something else by now, that is told.
"""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from estafeta.app import config
from estafeta.app.config import Settings
from estafeta.app.flow_timeline import Happened, acts_in, masked
from estafeta.app.flow_writing import Called, Writing
from estafeta.app.masking import Masking
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Conversation, ConversationId, Customer, Entry, Json
from flows import model, talks
from flows.model import Workspace
from flows.talk_around import Around
from flows.talk_match import in_words
from flows.templates import unrendered

_PAUSE = timedelta(hours=8)
"""Silence after which what follows is another talk."""
_MOST_ENTRIES = 1000
_ON_ONE_LINE = ("customer", "with", "entities", "buttons", "media", "handoff", "reply")
_LINE = 80
_NUMBER = re.compile(r"[\d.,+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A conversation as it was. `channel` is "" for none that a test would name; `slots` are those at its end, for
    replies of actions that nobody noted."""

    entries: Sequence[Entry]
    customer: Customer
    channel: str = ""
    slots: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """`remarks` are sentences about what was not as it is in the test."""

    path: Path
    acts: int
    remarks: tuple[str, ...]


# --- the command ---------------------------------------------------------------------------------


@click.command("record")
@click.argument("conversation")
@click.option("--name", required=True, help="What the test is called, and its file in flows/tests/.")
@click.option("--since", default="", help="Begin here, as 2026-11-20T10:00 (default: after the latest long pause).")
@click.option(
    "--workspace", type=click.Path(path_type=Path), help="Where the test is kept (default: the one of the settings)."
)  # fmt: skip
def record_command(conversation: str, name: str, since: str, workspace: Path | None) -> None:
    """Save a CONVERSATION of the store as a test: what the customer did, and what the bot answers now.

    Phones, e-mail addresses, names and long numbers are replaced by others of the same shape; read the file over
    before you share it."""
    from estafeta.app import start
    from estafeta.app.flow_around import surroundings

    settings = config.read()
    loaded = start.load_workspace(workspace or settings.workspace)
    held, entries = asyncio.run(_read(settings, ConversationId(conversation)))
    began = _began(entries, since, loaded)
    recorded = Recorded(
        entries=[entry for entry in entries if entry.at >= began], customer=held.customer,
        channel=held.address.channel, slots=held.dialog.slots,
    )  # fmt: skip
    with surroundings(loaded, settings.data / "models") as around:
        saved = save(loaded, recorded, name, around, mask=True)
    show(saved)


def show(saved: Saved) -> None:
    for remark in saved.remarks:
        click.secho(remark, fg="yellow")
    click.echo(f"{saved.path}: {saved.acts} acts of the customer; `estafeta flows test {saved.path.stem}` holds")


async def _read(settings: Settings, conversation: ConversationId) -> tuple[Conversation, list[Entry]]:
    from estafeta.app.explain import _store
    from estafeta.clock import SystemClock

    store = _store(settings, SystemClock())
    if store is None:
        raise ConfigurationError(f"there is no conversation yet in {settings.data}")
    await store.open()
    try:
        held = (await store.load(conversation)).conversation
        if held is None:
            raise ConfigurationError(f'there is no conversation "{conversation}" in the store')
        return held, await store.entries(conversation, limit=_MOST_ENTRIES, newest=True)
    finally:
        await store.close()


def _began(entries: Sequence[Entry], since: str, workspace: Workspace) -> datetime:
    """When the talk that is meant began."""
    if since:
        try:
            at = datetime.fromisoformat(since)
        except ValueError:
            click.echo(f'"{since}" is no time; write one like 2026-11-20T10:00', err=True)
            sys.exit(2)
        return at if at.tzinfo else at.replace(tzinfo=workspace.hours.zone)
    heard = [entry.at for entry in entries if entry.kind == "said" and entry.author.kind == "customer"]
    if not heard:
        raise ConfigurationError("the customer said nothing in this conversation")
    starts = [now for before, now in pairwise(heard) if now - before >= _PAUSE]
    return starts[-1] if starts else heard[0]


# --- saving --------------------------------------------------------------------------------------


def save(workspace: Workspace, recorded: Recorded, name: str, around: Around, *, mask: bool) -> Saved:
    """Writes flows/tests/NAME.yml. Raises ConfigurationError when there is such a file, or nothing to save."""
    path = check_name(workspace, name)
    masking = _masking(workspace, recorded) if mask else None
    acts = list(acts_in(workspace, recorded.entries, masking, around.entities))
    if not acts:
        raise ConfigurationError("nothing in this conversation is the bot's: there is nothing to test")
    given, called = _given(workspace, recorded, acts, masking), _stubs(recorded, masking)
    writing = Writing(workspace, around, given, called, masking)
    spoke = [entry.at for entry in recorded.entries if entry.kind == "said" and entry.author.kind == "bot"]
    test = writing.test(name, acts, max(spoke, default=acts[-1].at), _slots(recorded, masking))
    path.parent.mkdir(parents=True, exist_ok=True)
    yaml = YAML()
    yaml.width, yaml.allow_unicode = 120, True
    yaml.indent(mapping=2, sequence=4, offset=2)
    with path.open("w", encoding="utf-8") as file:
        yaml.dump({"tests": [_laid_out(test)]}, file)
    return Saved(path, len(acts), tuple(writing.remarks))


def check_name(workspace: Workspace, name: str) -> Path:
    """The file that a test of this name is kept in. Raises ConfigurationError when it is there, or cannot be."""
    path = workspace.path / talks.FOLDER / f"{name}.yml"
    if not name or Path(name).name != name:
        raise ConfigurationError(f'"{name}" is no name for a file; choose one like order-lost')
    if path.exists():
        raise ConfigurationError(f"{path} is there already; choose another name")
    return path


def _masking(workspace: Workspace, recorded: Recorded) -> Masking:
    operators = {entry.author.name for entry in recorded.entries if entry.author.kind == "operator"}
    fixed = {words for button in workspace.library.buttons.values() for words in _words(button.text)}
    entities = workspace.training.entities.values()
    values = {word for entity in entities for word in entity.values.values() if not any(map(str.isdigit, word))}
    names = (recorded.customer.name, recorded.customer.username, *sorted(operators))
    return Masking([name for name in names if name], {*fixed, *values})


def _words(copy: model.Copy) -> set[str]:
    every = (copy.default, *copy.by_language.values())
    return {words if isinstance(words, str) else unrendered(words) for words in every}


def _stubs(recorded: Recorded, masking: Masking | None) -> list[Called]:
    noted = [_noted(entry.data) for entry in recorded.entries if entry.data.get("event") == "called"]
    return [
        Called(
            action=called.action, arguments=masked(dict(called.arguments), masking), ok=called.ok,
            reply=masked(called.reply, masking),
        )
        for called in noted
    ]  # fmt: skip


def _noted(data: Mapping[str, Any]) -> Called:
    """What the timeline tells of a call."""
    return Called(
        action=str(data.get("action")), arguments=data.get("arguments") or {}, ok=bool(data.get("ok")),
        reply=data.get("reply"),
    )  # fmt: skip


def _slots(recorded: Recorded, masking: Masking | None) -> Mapping[str, Json]:
    found: Mapping[str, Json] = masked(dict(recorded.slots), masking)
    return found


def _given(
    workspace: Workspace, recorded: Recorded, acts: Sequence[Happened], masking: Masking | None
) -> dict[str, Any]:
    """Who the customer was and when it was, as a test says it."""
    from estafeta.language import language_of

    customer, began = recorded.customer, acts[0].at
    said = str(acts[0].line.get("customer", ""))
    language = language_of(said, customer.language, "", workspace.languages)
    memory = {
        name: kept.value for name, kept in customer.memory.items()
        if kept.at < began and (kept.until is None or kept.until > began)
    }  # fmt: skip
    who = {
        "name": masked(customer.name, masking), "language": language, "tags": list(customer.tags),
        "memory": masked(memory, masking),
    }  # fmt: skip
    return {
        "customer": {key: value for key, value in who.items() if value},
        "now": began.astimezone(workspace.hours.zone).strftime("%Y-%m-%dT%H:%M"),
        **({"channel": recorded.channel} if recorded.channel else {}),
    }


def _laid_out(value: Any, key: str = "") -> Any:
    """The way people write it: what belongs together on one line, if it is one."""
    short = key in _ON_ONE_LINE and len(in_words(value)) <= _LINE
    if isinstance(value, dict):
        mapping = CommentedMap({name: _laid_out(item, name) for name, item in value.items()})
        if short:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list | tuple):
        sequence = CommentedSeq([_laid_out(item) for item in value])
        if short:
            sequence.fa.set_flow_style()
        return sequence
    return DoubleQuotedScalarString(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
