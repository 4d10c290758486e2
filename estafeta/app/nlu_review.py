"""`estafeta nlu review`: what the bot may have got wrong, labelled in the terminal, a group of messages at a time."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from estafeta.app import config, report
from estafeta.app.progress import bar
from estafeta.app.publishing import columns, login, stored, when
from estafeta.review import Decision, Noted

if TYPE_CHECKING:  # SciPy, by which messages are grouped, stays out of every other command
    from estafeta.app.nlu_session import Session
    from estafeta.app.review_items import Item
    from estafeta.app.reviewing import Review
    from nlu.data import TrainingData


@click.command("review")
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option(
    "--since", default="", metavar="TIME",
    help="Before, look into conversations from then on: 12h, 30d or 4w ago, or a date (2026-11-01).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the groups as JSON, and decide nothing.")
@click.option("--history", type=click.IntRange(1, 10_000), metavar="N", help="Print the latest N decisions instead.")
@click.option("--language", type=click.Choice(("ru", "en")), help="Language of the questions (default: the settings').")
@click.option("--who", default="", help="Your name for the history (default: the one you are logged in by).")
def review(
    workspace: Path | None, since: str, as_json: bool, history: int | None, language: str | None, who: str
) -> None:
    """Label what the bot did not understand, was unsure of, or got wrong, a group of like messages at a time.

    Each decision is written to the training data of WORKSPACE at once, and can be undone. Reads lines from standard
    input: ? tells what can be typed."""
    from estafeta.app import reviewing, start
    from estafeta.app.nlu_session import said_in
    from estafeta.app.review_items import items_of
    from nlu.data import read_workspace
    from nlu.review import MOST

    settings = config.read()
    held = start.load_workspace(workspace or settings.workspace)
    words = said_in(language or settings.language)
    with reviewing.opened(settings, held.bot.fallback.confidence) as inbox:
        if not stored(settings):
            _tell_items([], more=False, as_json=as_json, words=words)
            return
        if since:
            _fill(inbox, report.moment(since, inbox.now(), held.hours.zone, "--since"), quiet=as_json)
        if history:
            _tell_history(inbox.history(history), as_json=as_json)
            return
        data = read_workspace(held.path)
        notes, more = inbox.waiting(MOST)
        notes = _without_taught(notes, data, inbox, words, decide=not as_json)
        items = items_of(notes, data.examples, held.bot.fallback.attempts)
        if as_json or not items:
            _tell_items(items, more=more, as_json=as_json, words=words)
            return
        _ask(items, more, held.path, data, inbox, who or login(), words)


def _fill(inbox: Review, since: datetime, *, quiet: bool) -> None:
    with bar(quiet=quiet or not sys.stderr.isatty(), keep=False) as tell:
        new = inbox.fill(since, tell)
    if not quiet:
        click.echo(f"{new} new message{'s' * (new != 1)} in the inbox.", err=True)


def _without_taught(
    notes: list[Noted], data: TrainingData, inbox: Review, words: Callable[..., str], *, decide: bool
) -> list[Noted]:
    """What was taught since need not be asked about."""
    from estafeta.app.review_items import taught_by

    taught = taught_by(notes, data.examples)
    if taught and decide:
        decision = Decision(at=inbox.now(), who="", did="taught", messages=len(taught))
        inbox.settle(decision, [note.key for note in taught])
        click.echo(words("taught", len(taught)))
    gone = {note.key for note in taught}
    return [note for note in notes if note.key not in gone]


def _ask(
    items: list[Item], more: bool, workspace: Path, data: TrainingData, inbox: Review, who: str,
    words: Callable[..., str],
) -> None:  # fmt: skip
    from estafeta.app.nlu_labels import Labels
    from estafeta.app.nlu_session import Quit, Session

    session = Session(
        items=items, labels=Labels(workspace), review=inbox, who=who, intents=list(data.intents), tell=_echo,
        words=words,
    )  # fmt: skip
    click.echo(words("begin"))
    session.show()
    typed = _at_a_terminal(session) if sys.stdin.isatty() else iter(sys.stdin.readline, "")
    with contextlib.suppress(Quit, EOFError, KeyboardInterrupt):
        while session.item is not None and (line := next(typed, "")):
            session.do(line)
    click.echo("\n" + words("end", len(session.past), len(items) - session.place))
    if more:
        click.echo(words("more"))


def _at_a_terminal(session: Session) -> Iterator[str]:
    """Lines that can be edited, with Tab for the names of intents. Raises `EOFError` when there is no more."""
    with contextlib.suppress(ImportError):  # there are Pythons without it
        import readline

        readline.set_completer_delims(" ")
        readline.set_completer(lambda begun, number: [*_beginning(session.intents, begun), None][number])
        readline.parse_and_bind("tab: complete")
    while True:
        yield input("> ") or " "


def _beginning(names: Sequence[str], begun: str) -> list[str]:
    return sorted(name for name in names if name.startswith(begun))


def _echo(line: str) -> None:
    """What a diff adds is green, what it takes away red."""
    colour = {"+": "green", "-": "red"}.get(line[:1]) if not os.environ.get("NO_COLOR") else None
    click.echo(click.style(line, fg=colour) if colour else line)


def _tell_items(items: Sequence[Item], *, more: bool, as_json: bool, words: Callable[..., str]) -> None:
    if not as_json:
        click.echo(words("empty"))
        return
    told = {"groups": [item.plain for item in items], "more": more}
    click.echo(json.dumps(told, ensure_ascii=False))


def _tell_history(lines: Sequence[Decision], *, as_json: bool) -> None:
    from estafeta.app.nlu_session import line as one_line

    if as_json:
        rows = [asdict(line) | {"at": line.at.isoformat()} for line in lines]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    head = ("When (UTC)", "Who", "Decided", "Intent", "Messages", "Examples")
    rows_ = [
        (when(line.at), line.who or "-", line.did.replace("_", " "), line.intent or "-", str(line.messages),
         "; ".join(one_line(text) for text in line.examples) or "-")
        for line in lines
    ]  # fmt: skip
    columns([head, *rows_] if rows_ else [])
    if not rows_:
        click.echo("Nobody has decided anything yet.")
