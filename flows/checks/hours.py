"""hours.yml: schedules of skills that there are, holidays of a country that is named, shifts with people."""

from __future__ import annotations

from flows.hours_file import DEFAULT, EVERY, Schedule
from flows.model import Workspace
from flows.source import Source, nearest
from flows.written import Place


def check(workspace: Workspace, hours: Source) -> None:
    file = workspace.hours
    for name, schedule in file.schedules.items():
        _check_whose(workspace, hours, ("schedules", name), name)
        _check_holidays(workspace, hours, ("schedules", name), schedule)
    for dates, exception in file.exceptions.items():
        for name in exception.root if isinstance(exception.root, dict) else ():
            _check_whose(workspace, hours, ("exceptions", dates, name), name)
    for name, shift in file.shifts.items():
        _check_holidays(workspace, hours, ("shifts", name, "times"), shift.times)
        if not shift.people:
            hours.tell(
                ("shifts", name),
                f'nobody is in the shift "{name}"',
                "add people: [...]",
                key=True,
                warn=True,
                rule="name",
            )


def _check_whose(workspace: Workspace, hours: Source, place: Place, name: str) -> None:
    """A schedule is for a skill, a channel ("vk/*"), both ("vk/delivery"), or all the others ("default")."""
    skill = name.rpartition("/")[2]
    if (skill != DEFAULT or "/" in name) and skill != EVERY and skill not in workspace.skills:
        mend = nearest(skill, [DEFAULT, *workspace.skills])
        hours.tell(place, f'"{skill}" is no skill of bot.yml', mend, key=True, rule="name")


def _check_holidays(workspace: Workspace, hours: Source, place: Place, schedule: Schedule) -> None:
    if schedule.holidays and workspace.hours.holidays is None:
        mend = "add holidays: {country: ...} to the file, or leave it out here"
        hours.tell(
            (*place, "holidays"), "no country is named whose holidays are kept", mend, key=True, warn=True, rule="name"
        )
