"""The team at the web desk, as requests and answers: who is there, what waits, closures, invitations, the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from handoff.desks.web.wire import Answered, Asked, Line, Name, When

SKILLS_LIMIT = 50
CAPACITY = 100

Role = Literal["operator", "supervisor", "admin"]
Presence = Literal["on", "off", "away"]
Names = Annotated[list[Name], Field(max_length=SKILLS_LIMIT)]


class SetPresence(Asked):
    """`minutes`: for so long, after which the schedule tells again; null is until it is said otherwise."""

    presence: Presence
    minutes: Annotated[int, Field(ge=1, le=24 * 60)] | None = None


class ChangeMember(Asked):
    """What is left out stays. `skills` [] is all of them, `languages` [] any."""

    role: Role | None = None
    skills: Names | None = None
    languages: Names | None = None
    capacity: Annotated[int, Field(ge=1, le=CAPACITY)] | None = None
    on_call: bool | None = None
    shift: Annotated[str, Field(max_length=200)] | None = None
    presence: Presence | None = None


class RemoveMember(Asked):
    why: Annotated[str, Field(max_length=300), Line] = ""


class Invite(Asked):
    """For somebody who is not in the team yet. `hours`: so long the link is good, once."""

    role: Role = "operator"
    skills: Names = Field(default_factory=list)
    languages: Names = Field(default_factory=list)
    capacity: Annotated[int, Field(ge=1, le=CAPACITY)] = 5
    hours: Annotated[int, Field(ge=1, le=14 * 24)] = 24


class CloseUntil(Asked):
    """People of `skill` ("": all) are away until then."""

    skill: Annotated[str, Field(max_length=200)] = ""
    until: When


class Reopen(Asked):
    skill: Annotated[str, Field(max_length=200)] = ""


class Nothing(Asked):
    """Nothing has to be said."""


class Code(Answered):
    """Good once, behind `#login=` of the desk's address."""

    code: str


class MemberView(Answered):
    """`there`: tickets are offered to them now. `until` ends a presence that was said by hand. `load`: tickets in
    hand, those put off not counted. `me`: who asks."""

    id: str
    desk: str
    name: str
    role: Role
    skills: list[str]
    languages: list[str]
    capacity: int
    presence: Presence | None
    until: datetime | None
    shift: str
    on_call: bool
    there: bool
    load: int
    me: bool


class SkillView(Answered):
    """What waits for the people of a skill. `queued`: nobody has them; `open`: somebody has; `unanswered`: of
    these, the customer waits; `held`: put off. `oldest`: since when somebody waits; `late`: past their deadline;
    `promised`: waiting with a time that was promised, `overdue` of these are late. `there` people can take them,
    with so much `room` in hand. `typical` and `slow`: of today's waits for a person, in seconds, the middle one
    and the one that nine of ten stay below."""

    skill: str
    queued: int
    open: int
    unanswered: int
    held: int
    oldest: datetime | None
    late: int
    promised: int
    overdue: int
    there: int
    room: int
    waits: int
    typical: float | None
    slow: float | None


class ClosureView(Answered):
    skill: str
    since: datetime
    until: datetime
    by: str


class Team(Answered):
    members: list[MemberView]
    skills: list[SkillView]
    closures: list[ClosureView]


class AuditLine(Answered):
    """Something that changed rights, or who is there; `data` is what it was about."""

    at: datetime | None
    what: str
    by: str
    data: dict[str, Any]


class Audit(Answered):
    lines: list[AuditLine]


class Report(Answered):
    """A report by its `kind`, over the events of a time; what is in `data` is the kind's own."""

    kind: str
    since: datetime
    until: datetime
    data: Any
