"""Whether there are people to answer: who is on the roster, what nobody answers, and who can change that.

The running platform of this machine is asked; where none runs, SQLite's file is read. MongoDB without a platform here
is left alone: opening it would make what is missing.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

from pydantic import TypeAdapter, ValidationError

from estafeta.app import control, team_control
from estafeta.app.config import Settings
from estafeta.app.doctor.finding import Finding, fine, warning
from estafeta.kernel.errors import ConfigurationError, EstafetaError
from estafeta.kernel.ports import Clock
from estafeta.roster import Roster
from flows import loader
from flows.model import Workspace
from handoff.floor import Member
from storage.sqlite import SqliteStore

_ABOUT = "team"
_FIRST = "`estafeta team invite --role admin` prints the link of the first admin."


async def team(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    members = await _members(settings, clock)
    if members is None:
        yield fine(_ABOUT, "not looked at, for no platform runs here: `estafeta team list` asks the one that does")
        return
    space, _ = loader.find(settings.workspace)
    for finding in findings(settings, space, members):
        yield finding


async def _members(settings: Settings, clock: Clock) -> Sequence[Member] | None:
    try:
        told = await asyncio.to_thread(control.ask, settings, "GET", team_control.PATH)
        return TypeAdapter(tuple[Member, ...]).validate_python(told)
    except (ConfigurationError, ValidationError):
        pass  # none runs here, or one of another version
    if settings.mongo is not None:
        return None
    path = settings.data / "estafeta.db"
    if not path.is_file():
        return ()
    store = SqliteStore(path, clock=clock, only_read=True)
    try:
        await store.open()
        return await Roster(store, clock).members()
    except EstafetaError:  # what is wrong with the file is a finding about the store
        return None
    finally:
        await store.close()


def findings(settings: Settings, space: Workspace | None, members: Sequence[Member]) -> Iterator[Finding]:
    """`space` is None while the workspace has mistakes."""
    groups = any(bot.group_id is not None for bot in settings.bots)
    if groups and settings.desk.open_to_members:
        yield warning(
            _ABOUT,
            "whoever is in the operators' group may answer customers and read what they write, invited or not: set "
            "ESTAFETA_DESK__OPEN_TO_MEMBERS=false, and invite with `estafeta team invite`.",
        )
    if not members:
        yield warning(_ABOUT, f"nobody is on it, so nobody can answer customers: start the platform, then {_FIRST}")
        return
    roles = [member.role for member in members]
    counted = ", ".join(f"{roles.count(role)} {role}{'s' * (roles.count(role) != 1)}" for role in dict.fromkeys(roles))
    if "admin" in roles:
        yield fine(_ABOUT, f"{len(members)} on it: {counted}")
    else:
        yield warning(_ABOUT, f"{counted}, and no admin: {_FIRST}")
    if groups and not settings.desk.open_to_members and all(one.desk != team_control.GROUP for one in members):
        yield warning(
            _ABOUT,
            "nobody of it is let in at the operators' group, so what is written there reaches no customer: "
            "`estafeta team invite --desk telegram_forum`.",
        )
    if space is not None:
        yield from _content(space, members)


def _content(space: Workspace, members: Sequence[Member]) -> Iterator[Finding]:
    """What the workspace has and nobody answers; what members have and the workspace does not."""
    answered = {skill for one in members for skill in one.skills or (tuple(space.skills) if _helps(one) else ())}
    if idle := [skill for skill in space.skills if skill not in answered]:
        yield warning(
            _ABOUT, f"nobody answers {', '.join(idle)}: those who lead are called. `estafeta team change` gives skills."
        )
    known = team_control.known(space)
    for member in members:
        who = f"{member.desk}:{member.id}"
        gone = [skill for skill in member.skills if skill not in known.skills]
        if gone:
            yield warning(_ABOUT, f"{who} has the skill {', '.join(gone)}, which bot.yml does not name any more.")
        if member.shift and member.shift not in known.shifts:
            yield warning(
                _ABOUT, f"{who} has the shift {member.shift}, which hours.yml does not have any more: they count as "
                "always there.",
            )  # fmt: skip


def _helps(member: Member) -> bool:
    """Without skills of their own operators answer all of them, and those who lead none."""
    return member.role == "operator"
