"""`estafeta flows replay`: what a content would have answered to the recorded words of customers, and only what would
change. Nothing is sent, called or stored."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from estafeta.app import config, start
from estafeta.app.releasing import content_read
from estafeta.app.report import opened
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Conversation, Entry, Stage
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from estafeta.retelling import Retold, retell
from flows import markdown
from flows.model import Workspace

_ENTRIES = 2000
"""Entries of one conversation that are looked at, the latest."""
_CONVERSATIONS = 100_000
_SHOWN = 100
"""Changes that are printed; all of them are counted."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What comes of words: what is said, which flows begin, what is called, why people are called."""

    said: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    called: str = ""
    people: str = ""
    understood: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """One of the customer's messages that would be answered otherwise."""

    conversation: str
    seq: int
    at: str
    text: str
    was: Answer
    now: Answer


@dataclass(slots=True)
class Replayed:
    """`turns` were looked at; `fallbacks` and `people` count turns by the one and by the other content."""

    turns: int = 0
    fallbacks: list[int] = field(default_factory=lambda: [0, 0])
    people: list[int] = field(default_factory=lambda: [0, 0])
    changed: list[Changed] = field(default_factory=list)


def answer(retold: Retold) -> Answer:
    outcome = retold.outcome
    if retold.reason:
        return Answer(people=retold.reason)
    return Answer(
        said=tuple(markdown.parse(reply.text).text for reply in outcome.replies),
        flows=outcome.started,
        called=outcome.call.action if outcome.call is not None else "",
        people=outcome.handoff.reason if outcome.handoff is not None else "",
        understood=outcome.matched,
    )


def compare(
    found: Replayed, conversation: Conversation, entries: Sequence[Entry], was: Workspace, now: Workspace
) -> None:
    """Adds the turns of the bot in these entries."""
    with_people = False
    for entry in entries:
        event = entry.data.get("event") if entry.kind == "event" else ""
        if event in ("taken", "opened"):
            with_people = True
        elif event in ("returned", "closed", "solved", "idle"):
            with_people = False
        if with_people or entry.kind != "said" or entry.author.kind != "customer":
            continue
        if not entry.text and not entry.data.get("button"):
            continue
        before, after = (answer(retell(entry, conversation.customer, content)) for content in (was, now))
        found.turns += 1
        for side, one in enumerate((before, after)):
            found.fallbacks[side] += not one.understood and not one.people
            found.people[side] += bool(one.people)
        if before != after:
            at = entry.at.isoformat(timespec="seconds")
            found.changed.append(
                Changed(conversation=conversation.id, seq=entry.seq, at=at, text=entry.text, was=before, now=after)
            )


async def replay(store: Store, was: Workspace, now: Workspace, since: datetime) -> AsyncIterator[Replayed]:
    """What was found so far, after each conversation."""
    found = Replayed()
    for conversation in await store.conversations(stages=tuple(Stage), limit=_CONVERSATIONS):
        if conversation.updated_at is not None and conversation.updated_at < since:
            continue
        entries = await store.entries(conversation.id, limit=_ENTRIES, newest=True)
        compare(found, conversation, [entry for entry in entries if entry.at >= since], was, now)
        yield found
    yield found


# --- the command ---------------------------------------------------------------------------------


def _ago(_: click.Context, __: click.Parameter, given: str) -> timedelta:
    unit = {"h": "hours", "d": "days", "w": "weeks"}.get(given[-1:])
    if unit is None or not given[:-1].isdecimal() or not 0 < int(given[:-1]) <= 10_000:
        raise click.BadParameter(f'"{given}" is no length of time; expected one like 12h, 7d or 4w')
    return timedelta(**{unit: int(given[:-1])})


@click.command("replay")
@click.option("--last", default="7d", show_default=True, callback=_ago, help="How far back: 12h, 7d, 4w.")
@click.option(
    "--was", type=click.Path(path_type=Path), help="The workspace to compare with (default: what is in service)."
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
def command(workspace: Path | None, last: timedelta, was: Path | None, as_json: bool) -> None:
    """Say what WORKSPACE (default: the one of the settings) would answer otherwise to what customers wrote of late
    than what is in service. Nothing is sent, called or stored. What comes after an action's reply is not gone into;
    what customers wrote to people is left out."""
    settings = config.read()
    after = start.load_workspace(workspace or settings.workspace)
    before = None if was is None else start.load_workspace(was)

    async def run() -> Replayed:
        columns = (SpinnerColumn(), TextColumn("{task.description}"))
        found = Replayed()
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=as_json) as progress:
            task = progress.add_task("", total=None)
            async with opened(settings) as store:
                served = before or await _in_service(store, settings.workspace, workspace)
                async for found in replay(store, served, after, datetime.now(UTC) - last):
                    progress.update(task, description=f"{found.turns} messages, {len(found.changed)} changes")
        return found

    found = asyncio.run(run())
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False))
        return
    _print(found)


async def _in_service(store: Store, folder: Path, named: Path | None) -> Workspace:
    """What is published, or the workspace's folder."""
    releases = Releases(store, SystemClock())
    release = (await releases.standing()).release
    if not release and named is None:
        raise ConfigurationError(
            f"Nothing is published, so {folder} itself serves: name the folder of the new version, or with --was the "
            "one to compare with."
        )
    serves = start.load_workspace(folder)
    return await content_read(releases, release, folder, serves.training) if release else serves


def _print(found: Replayed) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for one in found.changed[:_SHOWN]:
        console.print(
            Text.assemble((f"{one.conversation} {one.seq}  {one.at}  ", "dim"), (one.text or "(a button)", "bold"))
        )
        console.print(Text.assemble(("  - ", "red"), (_in_words(one.was), "red")))
        console.print(Text.assemble(("  + ", "green"), (_in_words(one.now), "green")))
    if len(found.changed) > _SHOWN:
        console.print(f"… and {len(found.changed) - _SHOWN} more; --json has them all.")
    changes = f"{found.turns} messages: {len(found.changed)} would be answered otherwise."
    unknown = f"Not understood {found.fallbacks[0]} → {found.fallbacks[1]}"
    console.print(f"{changes} {unknown}, people called {found.people[0]} → {found.people[1]}.")


def _in_words(one: Answer) -> str:
    parts = [*one.said]
    parts += [f"[begins {', '.join(one.flows)}]"] if one.flows else []
    parts += [f"[calls {one.called}]"] if one.called else []
    parts += [f"[people: {one.people}]"] if one.people else []
    parts += ["[not understood]"] if not one.understood and not one.people else []
    return " ⏎ ".join(" ".join(part.split()) for part in parts) or "[nothing]"
