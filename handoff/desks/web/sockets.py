"""The open sockets of the web desk. They only hear what to fetch again, so what one misses it gets
by fetching after it reconnects: a socket that does not keep up is closed, nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Any

from aiohttp import WSCloseCode, web

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Live
from handoff.desks.web.sessions import Session

log = logging.getLogger(__name__)

CHANGED_EVERY = 0.1
"""Seconds between two `changed` of one conversation."""

QUEUE = 256

SPREAD = 2.0
SPREAD_EACH = 0.1
"""Seconds over which pages are told to ask for everything again: at most, and for each of them."""


class Listener:
    """One socket and what it has yet to be told."""

    def __init__(self, socket: web.WebSocketResponse, session: Session) -> None:
        self.socket = socket
        self.session = session
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(maxsize=QUEUE)
        self._missed: asyncio.TimerHandle | None = None

    def tell(self, frame: dict[str, Any]) -> bool:
        """False when the socket does not keep up."""
        try:
            self._queue.put_nowait(frame)
        except asyncio.QueueFull:
            return False
        return True

    def missed_after(self, seconds: float) -> None:
        """Tells then, once, that everything must be asked for again. A queue that is full by then ends
        the socket at the next news, and a page that reconnects asks for everything too."""
        if self._missed is None:
            self._missed = asyncio.get_running_loop().call_later(seconds, self._tell_missed)

    def _tell_missed(self) -> None:
        self._missed = None
        self.tell({"type": "missed"})

    async def write(self) -> None:
        """Sends what is told until the socket is gone."""
        while not self.socket.closed:
            frame = await self._queue.get()
            try:
                await self.socket.send_json(frame)
            except ConnectionError:
                return


class Sockets:
    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._told: dict[ConversationId, float] = {}
        self._later: dict[ConversationId, asyncio.TimerHandle] = {}
        self._closing: set[asyncio.Task[bool]] = set()

    def __len__(self) -> int:
        return len(self._listeners)

    def add(self, listener: Listener) -> None:
        self._listeners.add(listener)

    def remove(self, listener: Listener) -> None:
        self._listeners.discard(listener)

    def typing(self, live: Live) -> None:
        self._broadcast({"type": "typing", "conversation": live.conversation, "who": live.who, "name": live.name})

    def changed(self, conversation: ConversationId) -> None:
        """Tells at once, or at the end of the interval if the conversation was told of just now."""
        if conversation in self._later:
            return
        loop = asyncio.get_running_loop()
        wait = self._told.get(conversation, -CHANGED_EVERY) + CHANGED_EVERY - loop.time()
        if wait <= 0:
            self._tell_changed(conversation)
        else:
            self._later[conversation] = loop.call_later(wait, self._tell_changed, conversation)

    def missed(self) -> None:
        """Announcements were lost: every page asks for everything again, but not all at once."""
        within = min(SPREAD, SPREAD_EACH * (len(self._listeners) - 1))
        for listener in self._listeners:
            listener.missed_after(random.uniform(0.0, within))  # noqa: S311

    async def close(self) -> None:
        """At the application's end. Pages come back at once, to a process that is still there."""
        for handle in self._later.values():
            handle.cancel()
        self._later.clear()
        closing = (
            listener.socket.close(code=WSCloseCode.SERVICE_RESTART, message=b"the server stops")
            for listener in list(self._listeners)
        )
        await asyncio.gather(*closing)

    async def close_session(self, key: str) -> None:
        """A session that ended hears nothing more."""
        for listener in [item for item in self._listeners if item.session.key == key]:
            self.remove(listener)
            await listener.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"logged out")

    async def close_operator(self, operator: str) -> None:
        """Somebody who was taken off the roster hears nothing more."""
        for listener in [item for item in self._listeners if item.session.operator.id == operator]:
            self.remove(listener)
            await listener.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"taken off the roster")

    def _tell_changed(self, conversation: ConversationId) -> None:
        self._later.pop(conversation, None)
        now = asyncio.get_running_loop().time()
        if len(self._told) > 1_000:
            self._told = {key: at for key, at in self._told.items() if now - at < CHANGED_EVERY}
        self._told[conversation] = now
        self._broadcast({"type": "changed", "conversation": conversation})

    def _broadcast(self, frame: dict[str, Any]) -> None:
        for listener in list(self._listeners):
            if listener.tell(frame):
                continue
            self.remove(listener)
            log.warning("a desk socket does not keep up and is closed; its page will reconnect")
            task = asyncio.ensure_future(listener.socket.close(code=WSCloseCode.TRY_AGAIN_LATER))
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
