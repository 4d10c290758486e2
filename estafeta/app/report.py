"""`estafeta report`: how people's work went, and the audit log, read from the store itself.

Neither needs the platform to run, nor disturbs it while it does: an embedded database is only read, MongoDB is asked
like by any other process.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from estafeta.app import config, control, start
from estafeta.app.config import Settings
from estafeta.clock import SystemClock
from estafeta.kernel.model import Entry, Json
from estafeta.kernel.ports import Store
from estafeta.roster import Roster
from flows.model import Workspace
from handoff import reports
from handoff.figures import Csat, Handoffs, Promises, Report, Times

KINDS = ("promises", "handoffs", "sla", "csat", "operators", "all", "audit")
AUDIT = "audit:"
"""What the keys of the audit log begin with; behind it stands the time, ISO 8601 in UTC."""

PAGE = 5000
_BACKGROUND = timedelta(days=30)
"""A ticket that opened longer ago is of no known skill."""

_AGO = re.compile(r"(\d{1,4})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_OLDEST = 1971
_WIDE = 160


# --- reading -------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of the settings, or of the demo if there is no other."""
    store = _store(settings)
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def _store(settings: Settings) -> Store:
    if settings.mongo is not None:
        from storage.mongo.store import MongoStore

        return MongoStore(settings.mongo, clock=SystemClock())
    from storage.sqlite import SqliteStore

    file = settings.data / "estafeta.db"
    demo = settings.data / control.DEMO_DATA / "estafeta.db"
    if "data" not in settings.model_fields_set and demo.is_file() and not file.is_file():
        file = demo
    return SqliteStore(file, clock=SystemClock(), only_read=True)


async def events(store: Store, names: Sequence[str], since: datetime, until: datetime) -> AsyncIterator[Entry]:
    """All of them, each once, however many there are."""
    limit, there = PAGE, set[tuple[str, int]]()
    while True:
        page = await store.events(names, since=since, until=until, limit=limit)
        fresh = [entry for entry in page if (entry.conversation, entry.seq) not in there]
        for entry in fresh:
            yield entry
        if not fresh:
            if len(page) < limit:
                return
            limit *= 2  # more of one moment than a page holds
        else:
            since = page[-1].at
            there = {(entry.conversation, entry.seq) for entry in page if entry.at == since}


async def read(store: Store, workspace: Workspace, since: datetime, until: datetime) -> Report:
    closures = await Roster(store, SystemClock()).closures(over=datetime.now(UTC) - since + _BACKGROUND)
    reading = reports.Reading(workspace, since=since, until=until, closures=closures)
    async for entry in events(store, reports.BACKGROUND, since - _BACKGROUND, since):
        reading.add(entry)
    async for entry in events(store, reports.EVENTS, since, until):
        reading.add(entry)
    return reading.report()


async def audited(store: Store, since: datetime, until: datetime) -> list[Mapping[str, Json]]:
    """The lines of the audit log, the oldest first."""
    found: list[Mapping[str, Json]] = []
    after, beyond = (f"{AUDIT}{moment.astimezone(UTC).isoformat(timespec='microseconds')}" for moment in (since, until))
    while page := await store.items(AUDIT, after=after, limit=PAGE):
        found += [line for key, line in page if key < beyond and isinstance(line, dict)]
        after = page[-1][0]
        if after >= beyond:
            break
    return found


# --- the command ---------------------------------------------------------------------------------


@click.command()
@click.argument("what", type=click.Choice(KINDS), default="all")
@click.option(
    "--since", default="7d", show_default=True, metavar="TIME",
    help="Beginning: 12h, 7d or 4w ago, a date (2026-11-01) or a time of it (2026-11-01T09:00).",
)  # fmt: skip
@click.option("--until", default="", metavar="TIME", help="End, in the same words; a date is all of that day. [now]")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON; durations are in seconds.")
@click.option("--workspace", type=click.Path(path_type=Path), help="Workspace whose aims and time zone hold.")
def report(what: str, since: str, until: str, as_json: bool, workspace: Path | None) -> None:
    """Report how people's work went: WHAT is promises, handoffs, sla, csat, operators or all of it; or audit, the
    log of who changed rights and rosters. Times are those of the workspace's zone."""
    settings = config.read()
    held = start.load_workspace(workspace or settings.workspace)
    zone, now = held.hours.zone, datetime.now(UTC)
    begins = moment(since, now, zone, "--since")
    ends = moment(until, now, zone, "--until", whole_day=True) if until else now
    if begins >= now:
        raise click.UsageError("--since is still to come: a report tells what happened.")
    ends = min(ends, now)  # nobody is late yet for what is still to come
    if begins >= ends:
        raise click.UsageError("The report would end before it begins: --since is to be earlier than --until.")
    if what == "audit":
        _print_audit(asyncio.run(_audit(settings, begins, ends)), begins, ends, zone, as_json=as_json)
        return
    found = asyncio.run(_report(settings, held, begins, ends))
    wanted = [kind for kind in _SECTIONS if what in (kind, "all")]
    if as_json:
        told = {"since": begins.isoformat(), "until": ends.isoformat()}
        for kind in wanted:
            told |= _SECTIONS[kind][0](found)
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(_between(begins, ends, zone))
    for kind in wanted:
        _SECTIONS[kind][1](found)


async def _report(settings: Settings, workspace: Workspace, since: datetime, until: datetime) -> Report:
    async with opened(settings) as store:
        return await read(store, workspace, since, until)


async def _audit(settings: Settings, since: datetime, until: datetime) -> list[Mapping[str, Json]]:
    async with opened(settings) as store:
        return await audited(store, since, until)


def moment(words: str, now: datetime, zone: ZoneInfo, option: str, *, whole_day: bool = False) -> datetime:
    """In UTC. `whole_day`: a date is its end."""
    ago = _AGO.fullmatch(words)
    if ago is not None:
        return now - int(ago[1]) * _UNITS[ago[2]]
    try:
        when = datetime.fromisoformat(words)
        if whole_day and len(words) <= len("2026-11-01"):
            when += timedelta(days=1)
        found = (when if when.tzinfo is not None else when.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        found = None
    if found is None or found.year < _OLDEST:
        raise click.BadParameter(
            f"{words or 'an empty word'} is no time: write one like 12h, 7d, 4w, 2026-11-01 or 2026-11-01T09:00.",
            param_hint=option,
        )
    return found


# --- showing -------------------------------------------------------------------------------------


def _between(since: datetime, until: datetime, zone: ZoneInfo) -> str:
    first, last = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" for moment in (since, until))
    return f"From {first} to {last} ({zone.key})"


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], empty: str, *, words: int = 1) -> None:
    """The first `words` columns are words, the others figures."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    click.echo()
    if not rows:
        click.echo(f"{title}: {empty}")
        return
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    for place, column in enumerate(columns):
        table.add_column(column, justify="left" if place < words else "right", overflow="fold")
    for row in rows:
        table.add_row(*(Text(plain(cell)) for cell in row))
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else _WIDE, highlight=False).print(table)


def plain(text: str) -> str:
    """For a terminal: names come from outside and may hold what would steer it."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text)


def duration(seconds: float | None) -> str:
    """In its two largest units, like `4 min 10 s`."""
    if seconds is None:
        return "-"
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next((place for place, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])


def _count(count: int | None) -> str:
    return "-" if count is None else str(count)


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def _spread(times: Times) -> tuple[str, str]:
    return duration(times.median), duration(times.p95)


def _named(name: str) -> str:
    return name or "(not known)"


def _show_promises(found: Report) -> None:
    def row(name: str, one: Promises) -> tuple[str, ...]:
        return name, str(one.made), str(one.kept), str(one.moved), str(one.broken), str(one.ended), _share(one.share)

    rows = [row(_named(one.skill), one) for one in found.promises_by_skill]
    _table(
        "Promises", ("Skill", "Made", "Kept", "Moved in time", "Broken", "Ended before", "Kept of those due"),
        [*rows, row("all", found.promises)] if rows else [], "no time was promised to anybody.",
    )  # fmt: skip


def _show_handoffs(found: Report) -> None:
    def rows(parts: Sequence[Handoffs]) -> list[tuple[str, ...]]:
        shown = [(_named(one.of), one) for one in parts]
        every = [*shown, ("all", found.handoffs)] if shown else []
        return [(name, str(one.opened), str(one.taken), *_spread(one.waits)) for name, one in every]

    columns = ("Tickets", "Taken", "Waited, half within", "95% within")
    _table("People called, by reason", ("Reason", *columns), rows(found.handoffs_by_reason), "nobody was called.")
    if found.handoffs_by_skill:
        _table("People called, by skill", ("Skill", *columns), rows(found.handoffs_by_skill), "")
    endings = [(one.how, str(one.tickets), *_spread(one.lasted)) for one in found.endings]
    _table("How it ended", ("Ended", "Tickets", "Lasted, half within", "95% within"), endings, "no ticket ended.")


def _show_sla(found: Report) -> None:
    rows = [
        (
            _named(one.skill), which, duration(answers.aim), str(answers.times.count), _count(answers.within),
            _count(answers.missed), _share(answers.share), *_spread(answers.times),
            str(one.unanswered) if which == "first" else "-",
        )
        for one in found.sla for which, answers in (("first", one.first), ("next", one.next))
    ]  # fmt: skip
    columns = (
        "Skill", "Answer", "Aim", "Answers", "Within aim", "Missed", "Share", "Waited, half within", "95% within",
        "Ended without",
    )  # fmt: skip
    _table("Answers in time, in business time", columns, rows, "people answered nobody.", words=2)


_MARKS = ("Asked", "Answered", "Excellent", "Fine", "Bad", "Not bad")


def _marks(one: Csat) -> tuple[str, ...]:
    return str(one.asked), _share(one.rate), str(one.excellent), str(one.fine), str(one.bad), _share(one.score)


def _is_rated(one: Csat) -> bool:
    return bool(one.asked or one.excellent or one.fine or one.bad)


def _show_csat(found: Report) -> None:
    titles = {"person": "people", "bot": "the bot"}
    rows = [(titles[one.of], *_marks(one)) for one in found.csat if _is_rated(one)]
    _table("Marks of customers", ("About", *_MARKS), rows, "nobody was asked how it was.")
    by_operator = [(one.name, *_marks(one.marks)) for one in found.operators if _is_rated(one.marks)]
    if by_operator:
        _table("Marks, by operator", ("Operator", *_MARKS), by_operator, "")


def _show_operators(found: Report) -> None:
    rows = [
        (
            one.name,
            str(one.taken),
            str(one.ended),
            str(one.answers.count),
            *_spread(one.answers),
            _share(one.marks.score),
        )
        for one in found.operators
    ]
    columns = ("Operator", "Taken", "Ended", "Answers", "Waited for, half within", "95% within", "Marks not bad")
    _table("Operators", columns, rows, "nobody took or ended a ticket.")


def _told(*names: str) -> Callable[[Report], dict[str, Any]]:
    """Parts of the report for programs."""

    def told(found: Report) -> dict[str, Any]:
        every = asdict(found)
        return {name: every[name] for name in names}

    return told


_SECTIONS: Mapping[str, tuple[Callable[[Report], dict[str, Any]], Callable[[Report], None]]] = {
    "promises": (_told("promises", "promises_by_skill"), _show_promises),
    "handoffs": (_told("handoffs", "handoffs_by_reason", "handoffs_by_skill", "endings"), _show_handoffs),
    "sla": (_told("sla"), _show_sla),
    "csat": (_told("csat", "operators"), _show_csat),
    "operators": (_told("operators"), _show_operators),
}


def _print_audit(
    lines: Sequence[Mapping[str, Json]], since: datetime, until: datetime, zone: ZoneInfo, *, as_json: bool
) -> None:
    if as_json:
        click.echo(json.dumps(lines, ensure_ascii=False))
        return
    click.echo(_between(since, until, zone))
    rows = [(_when(line.get("at"), zone), _who(line.get("by")), *_what(line)) for line in lines]
    empty = "nobody changed rights or the roster; --since looks further back."
    _table("Audit log", ("When", "Who", "What", "More"), rows, empty, words=4)


def _when(at: Json, zone: ZoneInfo) -> str:
    try:
        return f"{datetime.fromisoformat(str(at)).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    except (ValueError, OverflowError):
        return "-"


def _who(by: Json) -> str:
    if not isinstance(by, dict):
        return str(by or "-")
    return f"{by.get('name') or '-'} ({by.get('desk', '')}:{by.get('id', '')})"


def _what(line: Mapping[str, Json]) -> tuple[str, str]:
    data = line.get("data")
    more = data if isinstance(data, dict) else {}
    return str(line.get("what", "-")), ", ".join(f"{name}: {_value(value)}" for name, value in more.items())


def _value(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
