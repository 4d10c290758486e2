"""`estafeta hours explain`: whether people are at work, by which rule, and when they are back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import click

from estafeta.app import config
from estafeta.app.channels import MESSENGERS
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError, EstafetaError
from estafeta.kernel.ports import Clock, Store
from handoff import hours, policy
from handoff.floor import Closure

_CHANNELS = (*MESSENGERS, "widget")
_YEARS = (1971, 2900)


@click.group("hours")
def hours_commands() -> None:
    """When people are at work."""


@hours_commands.command("explain")
@click.argument("when", required=False)
@click.option("--skill", default="", help="The skill to ask about (default: the workspace's first).")
@click.option("--channel", default="", help=f"The channel that the customer writes from: {', '.join(_CHANNELS)}.")
@click.option(
    "--workspace", type=click.Path(path_type=Path), help="The workspace to read (default: ESTAFETA_WORKSPACE)."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def explain_command(when: str | None, skill: str, channel: str, workspace: Path | None, as_json: bool) -> None:
    """Say whether people are at work at WHEN (2026-12-31T19:00, in the schedule's time zone unless an offset is
    given; default: now), by which rule, until when, and when they are back. Closures made by hand are told in."""
    settings = config.read()
    if workspace is not None:
        settings = settings.model_copy(update={"workspace": workspace})
    explain_hours(settings, when, skill, channel, as_json=as_json)


def explain_hours(
    settings: Settings, when: str | None, skill: str, channel: str = "", *, as_json: bool = False
) -> None:
    from estafeta.app import start

    workspace = start.load_workspace(settings.workspace)
    if skill and skill not in workspace.skills:
        raise ConfigurationError(f"{skill} is no skill of this workspace; it has {', '.join(workspace.skills)}")
    if channel and channel not in _CHANNELS:
        raise ConfigurationError(f"{channel} is no channel; there are {', '.join(_CHANNELS)}")
    unknown = sorted(workspace.hours.channels.difference(_CHANNELS))
    if unknown:
        click.echo(f"hours.yml names what is no channel: {', '.join(unknown)}", err=True)
    skill = policy.skill_or_default(workspace, skill)
    zone = workspace.hours.plan(skill, channel).zone
    now = _moment(when, zone)
    closures = _closures(settings)
    found = hours.explain(workspace.hours, skill, now, channel=channel, closures=closures)
    if as_json:
        told = {
            "at": now.astimezone(zone).isoformat(),
            "zone": str(zone),
            "skill": skill,
            "channel": channel,
            "open": found.open,
            "rule": found.rule.root,
            "closes_at": _iso(found.closes_at, zone),
            "opens_at": _iso(found.opens_at, zone),
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    about = f"{_local(now, zone)}, {skill}{f' on {channel}' if channel else ''}"
    click.echo(f"{about}: {_in_words(found, zone)}")


def _in_words(found: hours.Explanation, zone: tzinfo) -> str:
    rule = found.rule.pick("en", "en")
    back = f"people are back {_local(found.opens_at, zone)}" if found.opens_at else "no working time within a year"
    if not found.open:
        return f"closed ({rule}); {back}"
    if found.closes_at is None:
        return f"open ({rule}), day and night"
    return f"open until {_local(found.closes_at, zone)} ({rule}); then {back}"


def _moment(when: str | None, zone: tzinfo) -> datetime:
    if when is None:
        return datetime.now(UTC)
    try:
        given = datetime.fromisoformat(when)
        moment = (given if given.tzinfo is not None else given.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ConfigurationError(f"{when or 'an empty word'} is no time; write one like 2026-12-31T19:00") from None
    if not _YEARS[0] <= moment.year < _YEARS[1]:
        raise ConfigurationError(f"{when} is too far away; schedules tell of the years {_YEARS[0]} to {_YEARS[1] - 1}")
    return moment


def _local(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _iso(at: datetime | None, zone: tzinfo) -> str | None:
    return None if at is None else at.astimezone(zone).isoformat()


def _closures(settings: Settings) -> Sequence[Closure]:
    """Those made by hand, as the store has them; none, and a word about it, where it cannot be asked."""
    from estafeta.clock import SystemClock

    clock = SystemClock()
    try:
        store = _store(settings, clock)
        return () if store is None else asyncio.run(_read(store, clock))
    except EstafetaError as error:
        click.echo(f"Closures made by hand are not told in: {error}", err=True)
        return ()


async def _read(store: Store, clock: Clock) -> tuple[Closure, ...]:
    from estafeta.roster import Roster

    try:
        await store.open()
        return await Roster(store, clock).closures()
    finally:
        await store.close()


def _store(settings: Settings, clock: Clock) -> Store | None:
    """The platform's store, to be read beside it; None: there was none yet."""
    if settings.mongo is not None:
        from storage.mongo.store import MongoStore

        return MongoStore(settings.mongo, clock=clock)
    from storage.sqlite import SqliteStore

    path = settings.data / "estafeta.db"
    return SqliteStore(path, clock=clock, only_read=True) if path.is_file() else None
