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
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Literal

from aiohttp import WSCloseCode, WSMessage, WSMsgType, hdrs, web

from bots.widget import frames, shown
from bots.widget.capabilities import CAPABILITIES
from bots.widget.config import WidgetConfig
from bots.widget.connection import Connection, seen_key
from bots.widget.files import FileTraffic
from bots.widget.frames import Delete, Edit, Hello, Kept, Message, Ping, Press, React, Read, Refused, Typing
from bots.widget.inbound import event_of, message_of
from bots.widget.pace import Pace
from bots.widget.pages import Pages
from bots.widget.reception import Reception, Visitor
from bots.widget.seals import Seals
from bots.widget.sockets import Sockets
from estafeta.attachments import Attachments
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    ConversationId,
    Entry,
    Event,
    Media,
    OutboundMessage,
    OutboxId,
    Signal,
    StatusChanged,
    Template,
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
_READ_BACK = 50
"""Entries before the last one read, among which an operator's is looked for."""


class WidgetChannel:
    """Serves the chat from the platform's web application (`mount`).

    `announce` is the bus's: it hears that the customer of a conversation is writing (about once in 3
    seconds; never more than once a second for long), or that the bot is. Where sockets are served
    `follow` must run, for what others say to appear at once. Without `attachments` files neither come nor go.
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
        attachments: Attachments | None = None,
    ) -> None:
        self._config = config
        self._store = store
        self._clock = clock
        self._greeting = greeting
        self._announce = announce
        self._pages = Pages(config if attachments else config.model_copy(update={"files": False}))
        seals = Seals(store, clock, config.key)
        self._reception = Reception(config, channel=self.name, store=store, clock=clock, seals=seals)
        self._files: FileTraffic | None = None
        if attachments is not None:
            self._files = FileTraffic(
                config, store=store, clock=clock, attachments=attachments, reception=self._reception, seals=seals,
                channel=self.name,
            )  # fmt: skip
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
        return CAPABILITIES

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Adds the pages and the socket; closes the sockets when the application shuts down."""

        async def socket(request: web.Request) -> web.StreamResponse:
            return await self._serve(request, accept)

        self._stopping = False
        app.router.add_get("/widget.js", self._pages.loader)
        app.router.add_get("/widget/frame", self._pages.frame)
        app.router.add_get("/widget/static/{version}/{name}", self._pages.static)
        app.router.add_get("/widget/ws", socket)
        if self._files is not None:
            self._files.mount(app)
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
        """Nothing is left to do: what is said, edited, deleted or reacted to is in the timeline, and whoever
        committed that announced it."""
        return message.id

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        """Of an operator who types the bus has told already, and by which name."""
        if who == "bot":
            await self._announce_to(to, "typing", who)

    async def read(self, to: Address, message: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            await self._store.put(seen_key(to), message)
            await self._announce_to(to, "changed", "")

    async def templates(self) -> Sequence[Template]:
        """None: one may write at any time."""
        return ()

    async def _announce_to(self, to: Address, kind: Literal["changed", "typing"], who: str) -> None:
        with contextlib.suppress(StoreUnavailable):
            conversation = await self._store.resolve(to) or to.conversation
            await self._announce(Live(kind=kind, conversation=conversation, who=who))

    # --- one socket ---

    async def _serve(self, request: web.Request, accept: Accept) -> web.StreamResponse:
        if not self._reception.own_origin(request):
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
            visitor = await self._reception.admitted(hello)
            await self._talk(ws, transport, hello, visitor, accept)
        except Refused as refused:
            await self._dismiss(ws, refused.code, hello.language, WSCloseCode.POLICY_VIOLATION)
        except StoreUnavailable:
            await self._dismiss(ws, "unavailable", hello.language, WSCloseCode.TRY_AGAIN_LATER)

    async def _hello(self, ws: web.WebSocketResponse) -> Hello | None:
        """The first frame, or None after closing the socket on somebody who did not say it."""
        try:
            async with asyncio.timeout(_HELLO_WITHIN):
                raw = await ws.receive()
            return self._introduction(raw)
        except TimeoutError:
            await ws.close(code=WSCloseCode.POLICY_VIOLATION)
        except Refused as refused:
            await self._dismiss(ws, refused.code, "", WSCloseCode.POLICY_VIOLATION)
        return None

    def _introduction(self, raw: WSMessage) -> Hello:
        if raw.type is WSMsgType.TEXT:
            frame = frames.read(raw.data, text_limit=self._config.text_limit)
            if isinstance(frame, Hello):
                return frame
        raise Refused("bad_request")

    async def _dismiss(self, ws: web.WebSocketResponse, code: str, language: str, close: WSCloseCode) -> None:
        if not ws.closed:
            with contextlib.suppress(ConnectionError):
                await ws.send_str(shown.written(shown.error_out(code, self._config.language(language))))
            await ws.close(code=close)

    async def _talk(
        self, ws: web.WebSocketResponse, transport: asyncio.Transport | None, hello: Hello, visitor: Visitor,
        accept: Accept,
    ) -> None:  # fmt: skip
        address = visitor.address
        if len(self._sockets.of_chat(address.chat)) >= self._config.sockets_per_visitor:
            await ws.close(code=WSCloseCode.TRY_AGAIN_LATER)
            return
        connection = Connection(
            ws,
            transport,
            config=self._config,
            store=self._store,
            reading=self._reading,
            visitor=visitor,
            conversation=await self._conversation_of(address),
        )
        text, buttons = self._greeting(visitor.language)
        self._sockets.add(connection)
        try:
            greeting = {"text": text, "buttons": shown.buttons_out(buttons)}
            await connection.welcome(after=hello.after, greeting=greeting)
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(connection.write())
                async for raw in ws:
                    if raw.type is WSMsgType.TEXT:
                        await self._take(connection, raw.data, accept)
                    elif raw.type is WSMsgType.BINARY:
                        connection.tell(shown.error_out("bad_request", visitor.language))
                writer.cancel()
        finally:
            self._sockets.remove(connection)

    async def _take(self, connection: Connection, raw: str, accept: Accept) -> None:
        try:
            frame = frames.read(raw, text_limit=self._config.text_limit)
            match frame:
                case Message() | Press() | Edit() | Delete() | React():
                    await self._accept(connection, frame, accept)
                case Read():
                    if self._signs.take(connection.address.chat, self._clock.monotonic()):
                        await self._read(connection, frame.seq, accept)
                case Typing():
                    if self._signs.take(connection.address.chat, self._clock.monotonic()):
                        typing = Live(kind="typing", conversation=connection.conversation, who="customer")
                        await self._announce(typing)
                case Ping():
                    connection.tell({"type": "pong"})
                    if self._signs.take(connection.address.chat, self._clock.monotonic()):
                        await self._look_again(connection)
                case Hello():
                    connection.tell(shown.error_out("bad_request", connection.language))
        except Refused as refused:
            connection.tell(shown.error_out(refused.code, connection.language, refused.id))

    async def _accept(self, connection: Connection, frame: Kept, accept: Accept) -> None:
        """Stores it, then acknowledges; refuses with a reason when it cannot be stored now."""
        now, chat = self._clock.now(), connection.address.chat
        if not self._pace.take(chat, self._clock.monotonic()):
            raise Refused("too_fast", frame.id)
        try:
            event = await self._event(connection, frame)
            signal = Signal(id=frames.signal_id(chat, frame.id), at=now, address=connection.address, event=event)
            (accepted,) = await accept([signal])
        except StoreUnavailable as error:
            raise Refused("unavailable", frame.id) from error
        connection.tell({"type": "ack", "id": frame.id})
        if isinstance(frame, Message) and not connection.introduced:
            connection.introduced = True
            if connection.visitor.consented:
                with contextlib.suppress(StoreUnavailable):  # it stands with the message, too
                    await self._reception.keep_consent(connection.visitor)
        if accepted.conversation is not None:
            await self._belongs(chat, accepted.conversation)
            for tab in self._sockets.of_chat(chat):
                tab.look()

    async def _event(self, connection: Connection, frame: Kept) -> Event:
        visitor, named = connection.visitor, 0
        if isinstance(frame, Edit | Delete | React):
            named = frame.of
        elif isinstance(frame, Message):
            named = frame.reply_to
        about = await self._said(connection.conversation, named) if named else None
        if not isinstance(frame, Message):
            return event_of(frame, visitor, about=about)
        files: tuple[Media, ...] = ()
        if frame.files:
            if self._files is None:
                raise Refused("file_refused", frame.id)
            files = await self._files.sent(visitor.address.chat, frame)
        first = not connection.introduced
        return event_of(
            frame, visitor, about=about, files=files,
            payload=f"consent-{visitor.consented}" if first and visitor.consented else "",
            greeting=visitor.greeting if first and not connection.seq else "",
        )  # fmt: skip

    async def _said(self, conversation: ConversationId, seq: int) -> Entry | None:
        """What was said with this `seq` in the visitor's own conversation."""
        async with self._reading:
            found = await self._store.entries(conversation, after=seq - 1, limit=1)
        return found[0] if found and found[0].seq == seq and found[0].kind == "said" else None

    async def _read(self, connection: Connection, seq: int, accept: Accept) -> None:
        """Tells what the visitor has read of operators; a bot does not ask. A failing store costs only that."""
        with contextlib.suppress(StoreUnavailable):
            after = max(0, min(seq, connection.seq) - _READ_BACK)
            async with self._reading:
                entries = await self._store.entries(connection.conversation, after=after, limit=_READ_BACK)
            read = [
                entry for entry in entries
                if entry.seq <= seq and entry.kind == "said" and entry.author.kind == "operator"
            ]  # fmt: skip
            if not read or read[-1].seq <= connection.read_to:
                return
            latest = read[-1]
            # A dot: no id of a browser's has one. The item, for the page may be faster than the outbox.
            event = StatusChanged(message=message_of(latest), status="read", item=OutboxId(latest.id))
            signal_id = frames.signal_id(connection.address.chat, f"read.{latest.seq}")
            await accept([Signal(id=signal_id, at=self._clock.now(), address=connection.address, event=event)])
            connection.read_to = latest.seq

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
