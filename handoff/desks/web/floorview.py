"""What waits and who is there, counted for the page. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from estafeta.kernel.model import Conversation, Operator, Stage, Ticket
from flows.model import Workspace
from handoff import routing, sla
from handoff.desks.web import wire_team
from handoff.floor import Closure, Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that is counted: open conversations, the team, its closures, waits of late by skill in seconds.
    `workspace` is None where nobody told the content: nobody has a shift or a deadline then."""

    now: datetime
    conversations: Sequence[Conversation]
    members: Sequence[Member]
    closures: Sequence[Closure]
    waits: Mapping[str, Sequence[float]] = field(default_factory=dict)
    workspace: Workspace | None = None


def there(seen: Seen, member: Member) -> bool:
    """Whether somebody is at work. Without the content there are no shifts: what was said by hand counts."""
    if seen.workspace is not None:
        return routing.there(seen.workspace, member, seen.now)
    return member.presence in (None, "on") or (member.until is not None and member.until <= seen.now)


def deadlines(seen: Seen, conversation: Conversation) -> sla.Deadlines:
    if seen.workspace is None or conversation.ticket is None:
        return sla.Deadlines()
    channel = conversation.address.channel
    return sla.deadlines(seen.workspace, conversation.ticket, channel=channel, closures=seen.closures)


def team(seen: Seen, skills: Iterable[str], reader: Operator) -> wire_team.Team:
    """`skills` are those of the content; a ticket's own that is not among them any more is told too."""
    known = dict.fromkeys((*skills, *(ticket.skill for _, ticket in _tickets(seen))))
    return wire_team.Team(
        members=[_member(seen, member, reader) for member in sorted(seen.members, key=lambda one: one.name.casefold())],
        skills=[_skill(seen, skill) for skill in known],
        closures=[
            wire_team.ClosureView(skill=one.skill, since=one.since, until=one.until, by=one.by)
            for one in sorted(seen.closures, key=lambda one: one.until)
        ],
    )


def _tickets(seen: Seen) -> list[tuple[Conversation, Ticket]]:
    return [(one, one.ticket) for one in seen.conversations if one.ticket is not None]


def _load(seen: Seen, member: Member) -> int:
    mine = (ticket for _, ticket in _tickets(seen) if ticket.assignee is not None and ticket.held_until is None)
    return sum(ticket.assignee is not None and ticket.assignee.id == member.id for ticket in mine)


def _member(seen: Seen, member: Member, reader: Operator) -> wire_team.MemberView:
    said = member.presence if member.until is None or seen.now < member.until else None
    return wire_team.MemberView(
        id=member.id,
        desk=member.desk,
        name=member.name,
        role=member.role,
        skills=list(member.skills),
        languages=list(member.languages),
        capacity=member.capacity,
        presence=said,
        until=member.until if said else None,
        shift=member.shift,
        on_call=member.on_call,
        there=there(seen, member),
        load=_load(seen, member),
        me=(member.desk, member.id) == (reader.desk, reader.id),
    )


def _skill(seen: Seen, skill: str) -> wire_team.SkillView:
    mine = [(one, ticket) for one, ticket in _tickets(seen) if ticket.skill == skill]
    active = [(one, ticket) for one, ticket in mine if ticket.held_until is None]
    queued = [ticket for one, ticket in active if one.stage is Stage.QUEUED]
    asked = [ticket.asked_at or ticket.opened_at for ticket in queued]
    asked += [ticket.asked_at for one, ticket in active if one.stage is Stage.HUMAN and ticket.asked_at is not None]
    promised = [ticket.promise for ticket in queued if ticket.promise is not None]
    due = [deadlines(seen, one).soonest for one, _ in active]
    able = [one for one in seen.members if skill in one.skills or (not one.skills and one.role == "operator")]
    present = [one for one in able if there(seen, one)]
    waits = sorted(seen.waits.get(skill, ()))
    return wire_team.SkillView(
        skill=skill,
        queued=len(queued),
        open=sum(one.stage is Stage.HUMAN for one, _ in active),
        unanswered=sum(one.stage is Stage.HUMAN and ticket.asked_at is not None for one, ticket in active),
        held=len(mine) - len(active),
        oldest=min(asked, default=None),
        late=sum(at is not None and at < seen.now for at in due),
        promised=len(promised),
        overdue=sum(at < seen.now for at in promised),
        there=len(present),
        room=sum(max(0, one.capacity - _load(seen, one)) for one in present),
        waits=len(waits),
        typical=_share(waits, 0.5),
        slow=_share(waits, 0.9),
    )


def _share(waits: Sequence[float], share: float) -> float | None:
    """The value that this share of them does not exceed (nearest rank)."""
    if not waits:
        return None
    return waits[min(len(waits) - 1, max(0, round(share * len(waits) + 0.5) - 1))]
