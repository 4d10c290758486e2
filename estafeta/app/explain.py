"""`estafeta hours explain`: whether people are at work, and when they are back."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from estafeta.app import start
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError
from handoff import hours, policy


def explain_hours(settings: Settings, when: str | None, skill: str) -> None:
    workspace = start.load_workspace(settings.workspace)
    if skill and skill not in workspace.skills:
        raise ConfigurationError(f"{skill} is no skill of this workspace; it has {', '.join(workspace.skills)}")
    skill = policy.skill_or_default(workspace, skill)
    zone = workspace.hours.zone
    now = datetime.now(UTC)
    if when is not None:
        try:
            now = datetime.fromisoformat(when)
        except ValueError:
            raise ConfigurationError(f"{when} is no time; write one like 2026-12-31T19:00") from None
        now = (now if now.tzinfo is not None else now.replace(tzinfo=zone)).astimezone(UTC)
    local = now.astimezone(zone)
    rule = "an exception for this date" if local.date() in workspace.hours.exceptions else (
        f"schedule {skill}" if skill in workspace.hours.schedules else "schedule default"
    )  # fmt: skip
    if hours.is_open(workspace.hours, skill, now):
        click.echo(f"{local:%Y-%m-%d %H:%M %Z}, {skill}: open ({rule})")
        return
    opens = hours.opens_at(workspace.hours, skill, now)
    back = f"people are back {opens.astimezone(zone):%Y-%m-%d %H:%M %Z}" if opens else "no working time within a year"
    click.echo(f"{local:%Y-%m-%d %H:%M %Z}, {skill}: closed ({rule}); {back}")
