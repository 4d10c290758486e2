"""The web desk's requests about the team, as a table like that of `operations`."""

from __future__ import annotations

from handoff.desks.web import wire_team
from handoff.desks.web.operation import CHANGING, Operation, Query

LED = (401, 403, 503)
TIME = {"type": "string", "format": "date-time"}

TEAM = (
    Operation(
        name="team",
        method="GET",
        path="/team",
        says="Who is in the team and who is there, what waits by skill, and when people are away.",
        answered=wire_team.Team,
        part="team",
    ),
    Operation(
        name="set_presence",
        method="POST",
        path="/presence",
        says="Says of oneself that one is there, is not, or is away for a while.",
        asked=wire_team.SetPresence,
        status=204,
        refusals=(400, 401, 403, 413, 503),
        part="team",
    ),
    Operation(
        name="change_member",
        method="POST",
        path="/team/{desk}/{member}",
        says="Changes somebody's role, skills, languages, capacity, shift or presence.",
        asked=wire_team.ChangeMember,
        status=204,
        refusals=CHANGING,
        part="team",
    ),
    Operation(
        name="remove_member",
        method="POST",
        path="/team/{desk}/{member}/remove",
        says="Takes somebody off the roster; what they were logged in with ends at once.",
        asked=wire_team.RemoveMember,
        status=204,
        refusals=CHANGING,
        part="team",
    ),
    Operation(
        name="link",
        method="POST",
        path="/team/{desk}/{member}/link",
        says="A one-time log-in for a member of this desk; everybody may make one for themselves.",
        asked=wire_team.Nothing,
        answered=wire_team.Code,
        refusals=CHANGING,
        part="team",
    ),
    Operation(
        name="invite",
        method="POST",
        path="/invitations",
        says="A one-time invitation for somebody new.",
        asked=wire_team.Invite,
        answered=wire_team.Code,
        status=201,
        refusals=(400, 401, 403, 413, 503),
        part="team",
    ),
    Operation(
        name="close",
        method="POST",
        path="/closures",
        says="People of a skill, or all, are away from now until a time.",
        asked=wire_team.CloseUntil,
        status=204,
        refusals=(400, 401, 403, 413, 503),
        part="team",
    ),
    Operation(
        name="reopen",
        method="POST",
        path="/closures/end",
        says="They are back before that time.",
        asked=wire_team.Reopen,
        status=204,
        refusals=(400, 401, 403, 413, 503),
        part="team",
    ),
    Operation(
        name="report",
        method="GET",
        path="/reports/{kind}",
        says="How people's work went: promises, handoffs, endings, sla, csat or operators, of at most 92 days.",
        answered=wire_team.Report,
        refusals=(400, 401, 403, 404, 503),
        queries=(
            Query(name="since", schema=TIME, says="From then on; left out: a week before the end."),
            Query(name="until", schema=TIME, says="Before then; left out: now."),
        ),
        part="team",
    ),
    Operation(
        name="audit",
        method="GET",
        path="/audit",
        says="Who changed rights and hours, the latest first.",
        answered=wire_team.Audit,
        refusals=(400, *LED),
        queries=(
            Query(
                name="limit", schema={"type": "integer", "minimum": 1, "maximum": 1000, "default": 200}, says="Lines."
            ),
        ),
        part="team",
    ),
)
