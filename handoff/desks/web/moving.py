"""What an operator does with the conversation, apart from speaking, and taking back what was said a moment ago."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from estafeta.kernel.model import OperatorUndid, Stage, TicketMoved
from estafeta.roster import Roster
from handoff.desks.web import checks, wire
from handoff.desks.web.reception import Reception, WorkspaceOf
from handoff.desks.web.refusals import Refused

HELD_FOR = timedelta(days=90)
"""At most."""


class MovingRequests:
    """`workspace` is None where nobody told the content: skills and flows are not checked then."""

    def __init__(self, *, reception: Reception, roster: Roster, workspace: WorkspaceOf | None) -> None:
        self._reception = reception
        self._roster = roster
        self._workspace = workspace

    async def move(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Move)
        conversation = await self._reception.conversation(request)
        await self._check(asked)
        if asked.move in ("hold", "resume", "priority", "transfer") and conversation.stage is Stage.BOT:
            raise Refused(409, "no_ticket")
        moved = TicketMoved(
            operator=session.operator,
            move=asked.move,
            skill=asked.skill,
            to=asked.to,
            until=asked.until,
            flow=asked.flow,
            resolution=asked.resolution,
            tags=tuple(dict.fromkeys(asked.tags)),
            priority=asked.priority,
            text=asked.text,
            sure=asked.sure,
        )
        return await self._reception.signal(session, conversation, asked.id, moved)

    async def undo(self, request: web.Request) -> web.Response:
        """Whether it is in time is decided where it is known what was sent already."""
        session = await self._reception.session(request)
        asked = await checks.body(request, wire.Undo)
        conversation = await self._reception.conversation(request)
        undid = OperatorUndid(operator=session.operator, message=asked.message)
        return await self._reception.signal(session, conversation, asked.id, undid)

    async def _check(self, asked: wire.Move) -> None:
        """Raises `Refused` for a move that says too little, or names what is not there."""
        workspace = self._workspace() if self._workspace is not None else None
        match asked.move:
            case "transfer":
                if bool(asked.skill) == bool(asked.to):
                    raise Refused(400, "transfer_where")
                if asked.skill and workspace is not None and asked.skill not in workspace.skills:
                    raise Refused(400, "unknown_skill")
                if asked.to and asked.to not in [member.id for member in await self._roster.members()]:
                    raise Refused(400, "unknown_member")
            case "hold":
                now = self._reception.now()
                if asked.until is None or not now < asked.until <= now + HELD_FOR:
                    raise Refused(400, "hold_until", days=HELD_FOR.days)
            case "return":
                if asked.flow and workspace is not None and asked.flow not in workspace.library.flows:
                    raise Refused(400, "unknown_flow")
            case "tag" | "untag":
                if not asked.tags:
                    raise Refused(400, "field_empty", field="tags")
