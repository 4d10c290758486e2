"""What the roster goes by: roles, the platform's own people, what a workspace lets a member have, and refusals.

Refusals are errors with a `code`, which desks put into the operator's language; their text is the English
sentence.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Operator
from handoff.floor import Role

CONSOLE = Operator(id="console", name="console", desk="")
"""Whoever may run commands on this machine. No desk has the name "", so nobody at one can be this."""
PLATFORM = Operator(id="platform", name="platform", desk="")
"""The platform itself, for what it learns: somebody left the group."""
ROLES: tuple[Role, ...] = ("operator", "supervisor", "admin")
"""Each may do what those before it may."""
CHANGEABLE = frozenset({"name", "role", "skills", "languages", "capacity", "shift", "on_call"})
MOST_CAPACITY = 100
LONGEST_NAME = 100
MOST_HOURS = 24 * 30
"""So long an invitation may be good."""

_SHOWN = 40
"""So much of a wrong word is repeated, in characters."""

_SENTENCES = {
    "not_enrolled": (
        "You are not enrolled here: ask a supervisor for an invitation. The first one is printed by "
        "`estafeta team invite --role admin`."
    ),
    "removed": "You were taken off the roster: ask a supervisor for an invitation.",
    "needs_supervisor": "Only a supervisor or an admin may do this.",
    "needs_admin": "Only an admin may do this.",
    "no_supervisor_yet": (
        "Only a supervisor may do this, and there is none yet: run `estafeta team invite --role admin` first."
    ),
    "unknown_member": "Nobody of this name is on the roster: `estafeta team list` names everybody.",
    "until_past": "The time named is over already: name one to come.",
    "unknown_role": "There are the roles operator, supervisor and admin.",
    "wrong_capacity": f"How many tickets at once is a number from 1 to {MOST_CAPACITY}.",
    "wrong_name": f"A name has 1 to {LONGEST_NAME} characters.",
    "wrong_hours": f"An invitation is good for 1 to {MOST_HOURS} hours.",
    "unknown_skill": "There is no skill “{name}”: bot.yml has {names}.",
    "unknown_language": "The bot does not speak “{name}”: bot.yml has {names}.",
    "unknown_shift": "There is no shift “{name}”: hours.yml has {names}.",
    "unknown_field": "This cannot be changed of a member.",
    "invite_unknown": "This invitation is not known or was used already: ask for a new one.",
    "invite_expired": "This invitation has expired: ask for a new one.",
    "invite_elsewhere": "This invitation is for another desk.",
    "invite_revoked": "Whoever invited you may not do so any more: ask for a new invitation.",
}


class NotAllowed(EstafetaError):
    """Somebody asked for what they may not do; `code` names why, `values` are what its sentence tells."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(_SENTENCES[code].format(**values))
        self.code = code
        self.values = values


class NotInvited(NotAllowed):
    """The invitation does not let anybody in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a workspace has of skills, languages, and shifts (schedules of hours.yml count as shifts)."""

    skills: Collection[str]
    languages: Collection[str]
    shifts: Collection[str]


def rank(role: Role) -> int:
    return ROLES.index(role)


def check(fields: Mapping[str, Any], known: Known | None) -> None:
    """Raises `NotAllowed` for what a member cannot have. Without `known` any skill, language and shift is taken."""
    if fields.get("role", "operator") not in ROLES:
        raise NotAllowed("unknown_role")
    capacity = fields.get("capacity", 1)
    if type(capacity) is not int or not 1 <= capacity <= MOST_CAPACITY:
        raise NotAllowed("wrong_capacity")
    name = fields.get("name", "-")
    if not name.strip() or len(name) > LONGEST_NAME:
        raise NotAllowed("wrong_name")
    if known is None:
        return
    shift = fields.get("shift", "")
    _check("unknown_skill", fields.get("skills", ()), known.skills)
    _check("unknown_language", fields.get("languages", ()), known.languages)
    _check("unknown_shift", (shift,) if shift else (), known.shifts)


def _check(code: str, named: Collection[str], there: Collection[str]) -> None:
    wrong = next((name for name in named if name not in there), None)
    if wrong is not None:
        shown = "".join(sign if sign.isprintable() else "?" for sign in wrong[:_SHOWN])
        raise NotAllowed(code, name=shown, names=", ".join(there) or "none")
