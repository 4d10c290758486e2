"""The site's chat as a channel.

A visitor is who holds the token that the first hello was answered with; the store knows only the
token's digest. A message is acknowledged after `accept` returned, and the browser repeats it with
the same id until then. What is said to the customer is in the timeline already when the outbox
calls `send`: sockets read it from there (see connection.py).

Any number of processes may serve the chat, and those that send need not be among them: sockets hear of
everything by the bus. What a process remembers (its sockets, how fast a visitor speaks) is its own, so the
limits of WidgetConfig hold for each process.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal
from urllib.parse import urlsplit

from aiohttp import WSCloseCode, WSMessage, WSMsgType, hdrs, web

from bots.widget import frames
from bots.widget.config import WidgetConfig
from bots.widget.connection import Connection
from bots.widget.frames import Hello, Message, Ping, Press, Refused, Typing
from bots.widget.pace import Pace
from bots.widget.pages import Pages
from bots.widget.sockets import Sockets
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    ConversationId,
    CustomerPressed,
    CustomerSaid,
    OutboundMessage,
    Profile,
    Signal,
    Text,
)
from estafeta.kernel.ports import Accept, Clock, Live, Store

Greeting = Callable[[str], tuple[str, Sequence[Button]]]
"""The greeting and its buttons in a workspace language."""

_HELLO_WITHIN = 10.0
_HEARTBEAT = 30.0
_SIGNS = 8
"""Typing and pings of a visitor that have an effect at once; after that one a second."""
_SPREAD = 2.0
_SPREAD_EACH = 0.002
"""Seconds over which open sockets look when all of them must: at most, and for each of them."""
_READERS = 16
"""Connections that read the store at the same time."""


class WidgetChannel:
    """Serves the chat from the platform's web application (`mount`).

    `announce` is the bus's: it hears that the customer of a conversation is writing (about once in 3
    seconds; never more than once a second for long), or that the bot is. Where sockets are served
    `follow` must run, for what others say to appear at once.
    """

    name = "widget"

    def __init__(
        self,
        config: WidgetConfig,
        *,
        store: Store,
        clock: Clock,
        greeting: Greeting,
        announce: Callable[[Live], Awaitable[None]],
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._greeting = greeting
        self._announce = announce
        self._pages = Pages(config)
        self._pace = Pace(burst=config.burst, rate=config.rate)
        self._signs = Pace(burst=_SIGNS, rate=1.0)
        self._sockets = Sockets()
        self._reading = asyncio.Semaphore(_READERS)
        self._served: set[web.WebSocketResponse] = set()
        self._stopping = False

    @property
    def account(self) -> str:
        return self._config.key

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            text=100_000,
            unit="codepoints",
            buttons=20,
            label=frames.LABEL_LIMIT,
            typing=True,
            edits=True,
            media=False,
            idempotent=True,
        )

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Adds the pages and the socket; closes the sockets when the application shuts down."""

        async def socket(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, accept)

        self._stopping = False
        app.router.add_get("/widget.js", self._pages.loader)
        app.router.add_get("/widget/frame", self._pages.frame)
        app.router.add_get("/widget/static/{version}/{name}", self._pages.static)
        app.router.add_get("/widget/ws", socket)
        app.on_shutdown.append(self._shut_down)

    async def listen(self, accept: Accept) -> None:
        """Waits until cancelled: the web application does the listening."""
        await asyncio.Event().wait()

    async def follow(self, announcements: AsyncIterator[Live]) -> None:
        """Passes on to open sockets what happens to their conversations, until cancelled."""
        async for live in announcements:
            if live.kind == "missed":
                self._look_everywhere()
                continue
            for connection in self._sockets.of_conversation(live.conversation):
                if live.kind == "changed":
                    connection.look()
                elif live.who != "customer":
                    name = live.name if self._config.show_operator_names or live.who == "bot" else ""
                    connection.hint({"type": "typing", "who": live.who, "name": name})

    def _look_everywhere(self) -> None:
        """Everybody looks, but not all at once: the store has just been away, or the bus."""
        connections = list(self._sockets)
        within = min(_SPREAD, _SPREAD_EACH * len(connections))
        for connection in connections:
            connection.look_after(random.uniform(0.0, within))  # noqa: S311

    async def send(self, message: OutboundMessage) -> str:
        """Nothing is left to do: the words are in the timeline, and whoever committed them announced it."""
        return message.id

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot") -> None:
        """Of an operator who types the bus has told already, and by which name."""
        if who == "operator":
            return
        try:
            conversation = await self._store.resolve(to) or to.conversation
        except StoreUnavailable:
            return
        await self._announce(Live(kind="typing", conversation=conversation, who=who))

    # --- one socket ---

    async def _serve(self, request: web.Request, accept: Accept) -> web.StreamResponse:
        if not self._own_origin(request):
            raise web.HTTPForbidden(text="The chat's socket answers only the chat's own page.")
        if len(self._sockets) >= self._config.sockets:
            raise web.HTTPServiceUnavailable(text="Too many chats are open now.", headers={hdrs.RETRY_AFTER: "30"})
        ws = web.WebSocketResponse(max_msg_size=frames.FRAME_LIMIT, heartbeat=_HEARTBEAT, compress=False, timeout=2.0)
        await ws.prepare(request)
        if self._stopping:
            await ws.close(code=WSCloseCode.SERVICE_RESTART)
            return ws
        self._served.add(ws)
        try:
            hello = await self._hello(ws)
            if hello is not None:
                await self._welcomed(ws, request.transport, hello, accept)
        finally:
            self._served.discard(ws)
        return ws

    async def _welcomed(
        self, ws: web.WebSocketResponse, transport: asyncio.Transport | None, hello: Hello, accept: Accept
    ) -> None:
        try:
            await self._talk(ws, transport, hello, accept)
        except StoreUnavailable:
            await self._dismiss(ws, "unavailable", hello.language, WSCloseCode.TRY_AGAIN_LATER)

    def _own_origin(self, request: web.Request) -> bool:
        """Browsers do not apply CORS to WebSockets: this check is what keeps other sites out."""
        origin = request.headers.get(hdrs.ORIGIN, "").lower()
        if self._config.origin:
            return origin == self._config.origin
        parts = urlsplit(origin)
        # The scheme is not compared: TLS may end at a proxy before us.
        return parts.scheme in ("http", "https") and parts.netloc == request.host.lower()

    async def _hello(self, ws: web.WebSocketResponse) -> Hello | None:
        """The first frame, or None after closing the socket on somebody who did not say it."""
        try:
            async with asyncio.timeout(_HELLO_WITHIN):
                raw = await ws.receive()
            hello = self._introduction(raw)
        except TimeoutError:
            await ws.close(code=WSCloseCode.POLICY_VIOLATION)
            return None
        except Refused as refused:
            await self._dismiss(ws, refused.code, "", WSCloseCode.POLICY_VIOLATION)
            return None
        if hello.key != self._config.key:
            await self._dismiss(ws, "forbidden", hello.language, WSCloseCode.POLICY_VIOLATION)
            return None
        return hello

    def _introduction(self, raw: WSMessage) -> Hello:
        if raw.type is WSMsgType.TEXT:
            frame = frames.read(raw.data, text_limit=self._config.text_limit)
            if isinstance(frame, Hello):
                return frame
        raise Refused("bad_request")

    async def _dismiss(self, ws: web.WebSocketResponse, code: str, language: str, close: WSCloseCode) -> None:
        if not ws.closed:
            with contextlib.suppress(ConnectionError):
                await ws.send_str(frames.written(frames.error_out(code, self._config.language(language))))
            await ws.close(code=close)

    async def _talk(
        self, ws: web.WebSocketResponse, transport: asyncio.Transport | None, hello: Hello, accept: Accept
    ) -> None:
        token = hello.token if frames.is_token(hello.token) else secrets.token_urlsafe(32)
        address = Address(channel=self.name, account=self.account, chat=frames.chat_of(token))
        if len(self._sockets.of_chat(address.chat)) >= self._config.sockets_per_visitor:
            await ws.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return
        language = self._config.language(hello.language)
        connection = Connection(
            ws,
            transport,
            config=self._config,
            store=self._store,
            reading=self._reading,
            address=address,
            conversation=await self._conversation_of(address),
            language=language,
        )
        text, buttons = self._greeting(language)
        self._sockets.add(connection)
        try:
            greeting = {"text": text, "buttons": frames.buttons_out(buttons)}
            await connection.welcome(token=token, after=hello.after, greeting=greeting)
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(connection.write())
                async for raw in ws:
                    if raw.type is WSMsgType.TEXT:
                        await self._take(connection, raw.data, accept)
                    elif raw.type is WSMsgType.BINARY:
                        connection.tell(frames.error_out("bad_request", language))
                writer.cancel()
        finally:
            self._sockets.remove(connection)

    async def _take(self, connection: Connection, raw: str, accept: Accept) -> None:
        try:
            frame = frames.read(raw, text_limit=self._config.text_limit)
            match frame:
                case Message() | Press():
                    await self._accept(connection, frame, accept)
                case Typing():
                    if self._signs.take(connection.address.chat, self._clock.monotonic()):
                        typing = Live(kind="typing", conversation=connection.conversation, who="customer")
                        await self._announce(typing)
                case Ping():
                    connection.tell({"type": "pong"})
                    if self._signs.take(connection.address.chat, self._clock.monotonic()):
                        await self._look_again(connection)
                case Hello():
                    connection.tell(frames.error_out("bad_request", connection.language))
        except Refused as refused:
            connection.tell(frames.error_out(refused.code, connection.language, refused.id))

    async def _accept(self, connection: Connection, frame: Message | Press, accept: Accept) -> None:
        """Stores it, then acknowledges; refuses with a reason when it cannot be stored now."""
        now = self._clock.now()
        if not self._pace.take(connection.address.chat, self._clock.monotonic()):
            raise Refused("too_fast", frame.id)
        profile = Profile(language=connection.language)
        signal = Signal(
            id=frames.signal_id(connection.address.chat, frame.id),
            at=now,
            address=connection.address,
            event=CustomerSaid(message=frame.id, parts=(Text(text=frame.text),), profile=profile)
            if isinstance(frame, Message)
            else CustomerPressed(button=frame.button, label=frame.label, profile=profile),
        )
        try:
            (accepted,) = await accept([signal])
        except StoreUnavailable as error:
            raise Refused("unavailable", frame.id) from error
        connection.tell({"type": "ack", "id": frame.id})
        if accepted.conversation is not None:
            await self._belongs(connection.address.chat, accepted.conversation)
            for tab in self._sockets.of_chat(connection.address.chat):
                tab.look()

    async def _look_again(self, connection: Connection) -> None:
        """Announcements may be lost; a ping makes up for it. It also finds out when another process
        linked the visitor's address to another conversation."""
        with contextlib.suppress(StoreUnavailable):
            await self._belongs(connection.address.chat, await self._conversation_of(connection.address))
        connection.look()

    async def _conversation_of(self, address: Address) -> ConversationId:
        async with self._reading:
            return await self._store.resolve(address) or address.conversation

    async def _belongs(self, chat: str, conversation: ConversationId) -> None:
        """The visitor's words go to this conversation. A tab that shows another one (the address was
        linked meanwhile) begins anew."""
        for connection in self._sockets.of_chat(chat):
            if connection.conversation != conversation:
                self._sockets.move(connection, conversation)
                if connection.seq:
                    await connection.close(WSCloseCode.SERVICE_RESTART)
                connection.look()

    async def _shut_down(self, _app: web.Application) -> None:
        """Pages come back at once, each after a moment of its own, to a process that is still there."""
        self._stopping = True
        await asyncio.gather(*(ws.close(code=WSCloseCode.SERVICE_RESTART) for ws in self._served))
