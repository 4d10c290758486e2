"""The web desk as the platform sees it: a `Desk`, and routes of the web application.

The page asks for conversations and is told by a socket what to ask for again (docs/protocols.md). What
is shown is read from the store, so showing a notice is nothing but to say that it is there: whoever
committed it announced it to all processes that hold sockets. Any number of processes may serve the desk.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

from aiohttp import WSMsgType, web
from pydantic import ValidationError

from estafeta.kernel.model import Notice, OutboxId
from estafeta.kernel.ports import Accept, Clock, DeskView, Live, Receipt, Store
from handoff.desks.web import checks, page
from handoff.desks.web.api import Api, OnTyping
from handoff.desks.web.openapi import OPERATIONS, document
from handoff.desks.web.sessions import DESK, Session, Sessions
from handoff.desks.web.sockets import Listener, Sockets
from handoff.desks.web.wire import Ping

__all__ = ["OnTyping", "WebDesk"]

FRAME_LIMIT = 4 * 1024
HEARTBEAT = 40.0
SILENCE = 180.0
"""Seconds after which a page that does not ping is cut off: at a ping its session is looked at, which may
have ended at another process. Browsers let pages in the background ping once a minute."""


class WebDesk:
    """`replies`: canned replies, name to language to text; `skills`: their titles, the same way.
    `base`: the prefix of every path ("" or "/support"). `on_typing` is called when an operator writes
    to a customer."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        replies: Mapping[str, Mapping[str, str]] | None = None,
        skills: Mapping[str, Mapping[str, str]] | None = None,
        on_typing: OnTyping | None = None,
        base: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._replies = replies or {}
        self._skills = skills or {}
        self._on_typing = on_typing
        self._base = base.rstrip("/")
        self._sessions = Sessions(store=store, clock=clock)
        self._sockets = Sockets()

    @property
    def name(self) -> str:
        return DESK

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Adds the desk's routes to `app`, which must not have started yet."""
        api = Api(
            store=self._store,
            clock=self._clock,
            accept=accept,
            sessions=self._sessions,
            sockets=self._sockets,
            replies=self._replies,
            skills=self._skills,
            on_typing=self._on_typing,
        )
        route = app.router.add_route
        for item in OPERATIONS:
            # Any id reaches its handler, which answers an impossible one with a sentence.
            path = item.path.replace("{id}", "{id:[^/]+}")
            route(item.method, f"{self._base}/api/v1{path}", checks.guarded(getattr(api, item.name)))
        route("GET", f"{self._base}/api/v1/openapi.json", self._openapi)
        route("GET", f"{self._base}/desk", page.page)
        route("GET", f"{self._base}/desk/", self._to_page)
        route("GET", f"{self._base}/desk/static/{{name}}", page.static_files())
        route("GET", f"{self._base}/desk/ws", checks.guarded(self._socket_of(api)))
        app.on_shutdown.append(self._shut_down)

    async def new_login_code(self) -> str:
        """For a link `…/desk#login=CODE`: good once, and for ten minutes."""
        return await self._sessions.new_code()

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
        """A state leaves nothing on the desk that could be named; everything else is known by `item`."""
        return Receipt() if notice.kind == "state" else Receipt(external=item)

    def _socket_of(self, api: Api) -> checks.Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            checks.check_same_origin(request)
            return await self._serve_socket(request, await api.session(request))

        return serve

    async def _serve_socket(self, request: web.Request, session: Session) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=FRAME_LIMIT, heartbeat=HEARTBEAT, receive_timeout=SILENCE)
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
