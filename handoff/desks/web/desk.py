"""The web desk as the platform sees it: a `Desk`, and routes of the web application.

The page asks for conversations and is told by a socket what to ask for again (docs/protocols.md). What
is shown is read from the store, so showing a notice is nothing but to say that it is there (a sentence is
put there): whoever committed it announced it to all processes that hold sockets. Any number of processes
may serve the desk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from estafeta.attachments import Attachments
from estafeta.explaining import WhyOf
from estafeta.kernel.model import Notice, Operator, OutboxId
from estafeta.kernel.ports import Accept, Clock, DeskView, Live, Receipt, Store
from estafeta.roster import Roster
from estafeta.suggestions import SuggestionsOf
from handoff.correcting import Correct
from handoff.desks.web import checks, page
from handoff.desks.web.api import Api
from handoff.desks.web.capable import CapabilitiesOf
from handoff.desks.web.files import FileRequests
from handoff.desks.web.helping import HelpingRequests
from handoff.desks.web.moving import MovingRequests
from handoff.desks.web.openapi import document
from handoff.desks.web.operations import OPERATIONS, Part
from handoff.desks.web.reception import Reception, WorkspaceOf
from handoff.desks.web.sessions import DESK, Session, Sessions
from handoff.desks.web.sockets import Listener, Sockets
from handoff.desks.web.speaking import OnTyping, SpeakingRequests, TemplatesOf
from handoff.desks.web.team import TeamRequests
from handoff.desks.web.told import Sentences
from handoff.desks.web.undelivered import UndeliveredRequests
from handoff.desks.web.wire import Ping
from handoff.floor import Member, Role

__all__ = ["CapabilitiesOf", "OnTyping", "TemplatesOf", "WebDesk", "WorkspaceOf"]

FRAME_LIMIT = 4 * 1024
HEARTBEAT = 40.0
SILENCE = 180.0
"""Seconds after which a page that does not ping is cut off: at a ping its session is looked at, which may
have ended at another process. Browsers let pages in the background ping once a minute."""
CLOSED_WITHIN = 2.0
"""Seconds that a page has to answer a goodbye: one that is gone must not hold up a stop."""


class WebDesk:
    """`skills`: their titles, name to language to title.
    `base`: the prefix of every path ("" or "/support"). `on_typing` is called when an operator writes
    to a customer. `attachments` keep and fetch files; `capabilities` tells what a channel's account can do, and
    `templates` what may be sent to an address outside of its window. Without them only words go both ways.

    `roster`: who may do what; without one it is made of the store. `workspace`: the content in service, for
    deadlines, shifts, flows to return to, canned replies, the house's tone, and how long an answer can be taken back;
    without it there are none. `suggest` finds words that could answer; without it none are offered. `why` tells
    why the bot answered as it did; without it that is not known. `correct` keeps what the bot should have understood;
    without it nothing can be corrected."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        skills: Mapping[str, Mapping[str, str]] | None = None,
        on_typing: OnTyping | None = None,
        attachments: Attachments | None = None,
        capabilities: CapabilitiesOf | None = None,
        templates: TemplatesOf | None = None,
        roster: Roster | None = None,
        workspace: WorkspaceOf | None = None,
        suggest: SuggestionsOf | None = None,
        why: WhyOf | None = None,
        correct: Correct | None = None,
        base: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._skills = skills or {}
        self._on_typing = on_typing
        self._attachments = attachments
        self._capabilities = capabilities
        self._templates = templates
        self._roster = roster or Roster(store, clock)
        self._workspace = workspace
        self._suggest = suggest
        self._why = why
        self._correct = correct
        self._base = base.rstrip("/")
        self._sessions = Sessions(store=store, clock=clock, roster=self._roster)
        self._sockets = Sockets()
        self._sentences = Sentences(store=store, clock=clock)

    @property
    def name(self) -> str:
        return DESK

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Adds the desk's routes to `app`, which must not have started yet."""
        reception = Reception(
            store=self._store,
            clock=self._clock,
            accept=accept,
            sessions=self._sessions,
            capabilities=self._capabilities,
        )
        parts = self._parts(reception)
        route = app.router.add_route
        for item in OPERATIONS:
            # Any id reaches its handler, which answers an impossible one with a sentence.
            path = item.path.replace("}", ":[^/]+}")
            handler = checks.guarded(getattr(parts[item.part], item.name))
            route(item.method, f"{self._base}/api/v1{path}", handler)
        route("GET", f"{self._base}/api/v1/openapi.json", self._openapi)
        route("GET", f"{self._base}/desk", page.page)
        route("GET", f"{self._base}/desk/", self._to_page)
        route("GET", f"{self._base}/desk/static/{{name}}", page.static_files())
        route("GET", f"{self._base}/desk/ws", checks.guarded(self._socket_of(reception)))
        app.on_shutdown.append(self._shut_down)

    async def new_login_code(self, role: Role = "admin") -> str:
        """For a link `…/desk#login=CODE`: good once, and for ten minutes. Whoever uses it has the `role`."""
        return await self._sessions.new_code(role)

    async def login_code_for(self, member: Member, *, by: Operator) -> str:
        """As `new_login_code`, for the next session of somebody who is on the roster. Raises `NotAllowed`."""
        return await self._sessions.code_for(member, by=by)

    async def follow(self, announcements: AsyncIterator[Live]) -> None:
        """Tells the sockets what is announced, until the announcements end."""
        async for live in announcements:
            if live.kind == "missed":
                self._sockets.missed()
            elif live.kind == "changed":
                self._sockets.changed(live.conversation)
            elif live.who != "bot":
                self._sockets.typing(live)

    async def listen(self, accept: Accept) -> None:
        await asyncio.Event().wait()

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        """Names nothing: the page calls messages by their entries, and the name that a conversation keeps for a
        message belongs to a desk that must name it."""
        if notice.kind in ("info", "reminder", "offer") and notice.text:
            await self._sentences.tell(view.conversation.id, item, notice)
        elif notice.kind == "conflict":
            await self._sentences.conflict(view.conversation.id, notice)
        return Receipt()

    def _parts(self, reception: Reception) -> Mapping[Part, object]:
        files = FileRequests(reception=reception, attachments=self._attachments)
        return {
            "reading": Api(
                store=self._store,
                clock=self._clock,
                reception=reception,
                sessions=self._sessions,
                sockets=self._sockets,
                sentences=self._sentences,
                skills=self._skills,
                roster=self._roster,
                workspace=self._workspace,
                suggests=self._suggest is not None,
                corrects=self._correct is not None,
            ),
            "speaking": SpeakingRequests(
                reception=reception, files=files, templates=self._templates, on_typing=self._on_typing
            ),
            "files": files,
            "undelivered": UndeliveredRequests(reception=reception, store=self._store),
            "moving": MovingRequests(reception=reception, roster=self._roster, workspace=self._workspace),
            "helping": HelpingRequests(
                reception=reception,
                store=self._store,
                suggest=self._suggest,
                why=self._why,
                correct=self._correct,
                workspace=self._workspace,
            ),
            "team": TeamRequests(
                reception=reception,
                store=self._store,
                clock=self._clock,
                roster=self._roster,
                sessions=self._sessions,
                sockets=self._sockets,
                workspace=self._workspace,
                skills=self._skills,
            ),
        }

    def _socket_of(self, reception: Reception) -> checks.Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            checks.check_same_origin(request)
            return await self._serve_socket(request, await reception.session(request))

        return serve

    async def _serve_socket(self, request: web.Request, session: Session) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(
            max_msg_size=FRAME_LIMIT, heartbeat=HEARTBEAT, receive_timeout=SILENCE, timeout=CLOSED_WITHIN
        )
        await socket.prepare(request)
        listener = Listener(socket, session)
        listener.tell({"type": "hello"})
        self._sockets.add(listener)
        writing = asyncio.create_task(listener.write())
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT or not _is_ping(message.data):
                    await socket.close(code=1003, message=b"only pings are understood here")
                elif await self._sessions.still_open(session):
                    listener.tell({"type": "pong"})
                else:
                    await socket.close(code=1008, message=b"the session is over")
        except TimeoutError:
            await socket.close(code=1008, message=b"no ping came")
        finally:
            self._sockets.remove(listener)
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writing
        return socket

    async def _openapi(self, _request: web.Request) -> web.Response:
        return web.json_response(document(self._base))

    async def _to_page(self, _request: web.Request) -> web.Response:
        raise web.HTTPPermanentRedirect(location=f"{self._base}/desk")

    async def _shut_down(self, _app: web.Application) -> None:
        await self._sockets.close()


def _is_ping(data: str) -> bool:
    try:
        Ping.model_validate_json(data)
    except ValidationError:
        return False
    return True
