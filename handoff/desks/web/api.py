"""Requests of the web desk that log in and read: conversations, their timelines, canned replies as they are written."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping, Sequence

from aiohttp import web

from estafeta.kernel.model import Conversation, ConversationId, Entry, Stage
from estafeta.kernel.ports import Clock, Store
from estafeta.roster import Roster
from flows.model import Flow
from handoff import sla
from handoff.card import NO_DEADLINES
from handoff.desks.web import checks, wire, wire_entries, wire_help
from handoff.desks.web.mapping import card_view, entry_view, reply_view, row, waiting
from handoff.desks.web.reception import Reception, WorkspaceOf
from handoff.desks.web.refusals import Refused
from handoff.desks.web.sessions import SESSION_LIVES, Session, Sessions
from handoff.desks.web.sockets import Sockets
from handoff.desks.web.told import Sentences
from handoff.floor import Closure

log = logging.getLogger(__name__)

TICKETS = 500
BOT_CHATS = 100
ROW_ENTRIES = 12
ROWS_KEPT = 600
AT_ONCE = 8


class Api:
    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        reception: Reception,
        sessions: Sessions,
        sockets: Sockets,
        sentences: Sentences,
        skills: Mapping[str, Mapping[str, str]],
        roster: Roster,
        workspace: WorkspaceOf | None,
        suggests: bool,
        corrects: bool,
    ) -> None:
        self._store = store
        self._clock = clock
        self._reception = reception
        self._sessions = sessions
        self._sockets = sockets
        self._sentences = sentences
        self._skills = {skill: dict(titles) for skill, titles in skills.items()}
        self._roster = roster
        self._workspace = workspace
        self._suggests = suggests
        self._corrects = corrects
        self._latest: OrderedDict[ConversationId, tuple[int, list[Entry]]] = OrderedDict()
        self._reading = asyncio.Semaphore(AT_ONCE)

    # --- who asks --------------------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        asked = await checks.body(request, wire.LogIn)
        token, operator = await self._sessions.log_in(
            code=asked.code, name=asked.name, language=checks.language(request), client=request.remote or ""
        )
        log.info("operator %s logged in at the web desk", operator.id)
        response = checks.nothing()
        response.set_cookie(
            checks.COOKIE,
            token,
            max_age=int(SESSION_LIVES.total_seconds()),
            path="/",
            httponly=True,
            samesite="Strict",
            secure=checks.by_https(request),
        )
        return response

    async def logout(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        await self._sessions.log_out(session)
        await self._sockets.close_session(session.key)
        response = checks.nothing()
        response.del_cookie(checks.COOKIE, path="/", httponly=True, samesite="Strict")
        return response

    async def me(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        who = session.operator
        me = wire.Me(
            id=who.id,
            name=who.name,
            language=session.language,
            skills=self._skills,
            role=session.role,
            checks_tone=self._workspace is not None,
            suggests=self._suggests,
            corrects=self._corrects,
        )
        if self._workspace is None:
            return checks.answer(me)
        content = self._workspace()
        told = {
            "undo": content.bot.handoff.undo,
            "tags": list(content.bot.handoff.reasons.vip.tags),
            "flows": [_flow(flow, content.languages) for flow in content.library.flows.values()],
        }
        return checks.answer(me.model_copy(update=told))

    # --- what is there ---------------------------------------------------------------------------

    async def conversations(self, request: web.Request) -> web.Response:
        """People's tickets are read apart from the bot's chats, so that however many of these there
        are, an old ticket never falls off the list."""
        session = await self._reception.session(request)
        stages = _stages(request.query.get("stage", ",".join(Stage)))
        people = [stage for stage in stages if stage is not Stage.BOT]
        found = await self._store.conversations(stages=people, limit=TICKETS) if people else []
        if Stage.BOT in stages:
            found += await self._store.conversations(stages=[Stage.BOT], limit=BOT_CHATS)
        unique = {conversation.id: conversation for conversation in found}
        closures = await self._roster.closures()
        rows = await asyncio.gather(*(self._row(conversation, session, closures) for conversation in unique.values()))
        rows.sort(key=lambda item: item.updated_at.timestamp() if item.updated_at else 0.0, reverse=True)
        return checks.answer(wire.Rows(conversations=rows))

    async def conversation(self, request: web.Request) -> web.Response:
        session = await self._reception.session(request)
        conversation = await self._reception.conversation(request)
        entries = await self._latest_entries(conversation)
        deadlines = self._deadlines(conversation, await self._roster.closures())
        offered = conversation.ticket is not None and conversation.ticket.offer is not None
        members = await self._roster.members() if offered else ()
        opened = wire.Opened(
            row=row(conversation, entries, session.operator, deadlines=deadlines),
            card=card_view(
                conversation,
                entries,
                self._clock.now(),
                deadlines=deadlines,
                names={member.id: member.name for member in members},
            ),
            can=self._reception.can(conversation),
            undelivered=waiting(conversation),
            told=await self._sentences.latest(conversation.id),
            conflicts=await self._sentences.conflicts(conversation.id),
        )
        return checks.answer(opened)

    async def entries(self, request: web.Request) -> web.Response:
        await self._reception.session(request)
        after = checks.number(request, "after", default=0, low=0, high=2**31 - 1)
        limit = checks.number(request, "limit", default=200, low=1, high=500)
        newest = checks.number(request, "newest", default=0, low=0, high=1)
        conversation = await self._reception.conversation(request)
        found = await self._store.entries(conversation.id, after=after, limit=limit, newest=bool(newest))
        return checks.answer(wire_entries.Entries(entries=[entry_view(entry) for entry in found]))

    async def replies(self, request: web.Request) -> web.Response:
        await self._reception.session(request)
        content = self._workspace() if self._workspace is not None else None
        views = [reply_view(reply, content) for reply in content.replies] if content is not None else []
        return checks.answer(wire_help.CannedReplies(replies=views))

    # --- reading ---------------------------------------------------------------------------------

    async def _row(self, conversation: Conversation, session: Session, closures: Sequence[Closure]) -> wire.Row:
        async with self._reading:
            entries = await self._latest_entries(conversation)
        return row(conversation, entries, session.operator, deadlines=self._deadlines(conversation, closures))

    def _deadlines(self, conversation: Conversation, closures: Sequence[Closure]) -> sla.Deadlines:
        if self._workspace is None or conversation.ticket is None:
            return NO_DEADLINES
        channel = conversation.address.channel
        return sla.deadlines(self._workspace(), conversation.ticket, channel=channel, closures=closures)

    async def _latest_entries(self, conversation: Conversation) -> Sequence[Entry]:
        """The last few, read again only when the conversation has a new one. Entries never change, so
        what was read stays true whichever process adds more; what is behind the conversation is not kept."""
        kept = self._latest.get(conversation.id)
        if kept is not None and kept[0] == conversation.seq:
            self._latest.move_to_end(conversation.id)
            return kept[1]
        found = await self._store.entries(conversation.id, limit=ROW_ENTRIES, newest=True)
        if found and found[-1].seq >= conversation.seq:
            self._latest[conversation.id] = (conversation.seq, found)
            self._latest.move_to_end(conversation.id)
            if len(self._latest) > ROWS_KEPT:
                self._latest.popitem(last=False)
        return found


def _flow(flow: Flow, languages: Sequence[str]) -> wire.Choice:
    """By its title; one without a title by its name."""
    titles = {code: flow.title.pick(code, languages[0]) for code in languages} if flow.title is not None else {}
    return wire.Choice(name=flow.name, titles=titles)


def _stages(given: str) -> list[Stage]:
    try:
        return [Stage(name) for name in dict.fromkeys(given.split(","))]
    except ValueError:
        raise Refused(400, "field_choice", field="stage", choices=", ".join(Stage)) from None
