"""One open socket of a visitor: what it has been shown, and what it must still hear.

The store is the only source of words. Whatever wakes a connection (an announcement, a send of the
outbox, a ping), it reads the entries after its own last `seq` and sends them in order, so nothing
is lost, doubled or out of turn however often it is woken.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from typing import Any

from aiohttp import web

from bots.widget import shown
from bots.widget.config import WidgetConfig
from bots.widget.reception import Visitor
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, Conversation, ConversationId, Entry
from estafeta.kernel.ports import Store

PAGE = 200
"""Entries in one frame, and the most that a fresh page is shown of what was said before."""
_PENDING = 256
_AGAIN_AFTER = 1.0


def seen_key(address: Address) -> str:
    """Under which the store keeps the visitor's latest message that people have read."""
    return f"widget.seen.{address.chat}"


class Connection:
    """A browser that does not take what it is sent is cut off: it comes back and resumes.

    `reading` bounds how many connections read the store at once; it is never held while sending.
    `introduced`: a message was stored since the hello. `read_to`: up to where the operators' words were read.
    """

    def __init__(
        self,
        ws: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        *,
        config: WidgetConfig,
        store: Store,
        reading: asyncio.Semaphore,
        visitor: Visitor,
        conversation: ConversationId,
    ) -> None:
        self.visitor = visitor
        self.address = visitor.address
        self.conversation = conversation
        self.language = visitor.language
        self.introduced = False
        self.read_to = 0
        self._ws = ws
        self._transport = transport
        self._config = config
        self._store = store
        self._reading = reading
        self._seq = 0
        self._state: dict[str, str] = {}
        self._own = ""
        self._seen = ""
        self._small: deque[dict[str, Any]] = deque()
        self._wake = asyncio.Event()
        self._stale = False
        self._later: asyncio.TimerHandle | None = None

    @property
    def seq(self) -> int:
        """The last entry it was sent."""
        return self._seq

    def tell(self, frame: dict[str, Any]) -> None:
        """Sends a small frame (an acknowledgement, an error, typing) soon."""
        if len(self._small) >= _PENDING:
            self._cut()
        else:
            self._small.append(frame)
            self._wake.set()

    def hint(self, frame: dict[str, Any]) -> None:
        """Like `tell`, for what may as well be lost."""
        if len(self._small) < _PENDING // 2:
            self.tell(frame)

    def look(self) -> None:
        """Looks soon whether the store has something new."""
        self._stale = True
        self._wake.set()

    def look_after(self, seconds: float) -> None:
        """Looks then, once, however often it is told to before."""
        if self._later is None:
            self._later = asyncio.get_running_loop().call_later(seconds, self._look_now)

    def _look_now(self) -> None:
        self._later = None
        self.look()

    async def close(self, code: int) -> None:
        await self._ws.close(code=code)

    async def welcome(self, *, after: int, greeting: dict[str, Any]) -> None:
        """The first frame: what was said after `after`. Raises `StoreUnavailable`.

        A page that shows more than the store has (`after` is beyond it) gets everything anew; it
        sees that by a `seq` below its own.
        """
        conversation = await self._loaded()
        last = conversation.seq if conversation else 0
        after = after if after <= last else 0
        page: list[Entry] = []
        if last > after:
            page = await self._entries(after=after, newest=after == 0)
        self._seq = page[-1].seq if page else after
        self._state = shown.state_out(conversation, names=self._config.show_operator_names)
        frame = {
            "type": "welcome",
            **self.visitor.keys,
            "entries": self._shown(page),
            "seq": self._seq,
            "state": self._state,
        }
        await self._send(frame if last else {**frame, "greeting": greeting})
        self.look()

    async def write(self) -> None:
        """Sends what comes up, until cancelled or the browser is gone."""
        while not self._ws.closed:
            await self._wake.wait()
            self._wake.clear()
            while self._small:
                await self._send(self._small.popleft())
            if self._stale:
                self._stale = False
                try:
                    await self._news()
                except StoreUnavailable:
                    self.look_after(random.uniform(0.5, 1.5) * _AGAIN_AFTER)  # noqa: S311

    async def _news(self) -> None:
        conversation = await self._loaded()
        if conversation is None:
            return
        while self._seq < conversation.seq:
            page = await self._entries(after=self._seq)
            if not page:
                break
            self._seq = page[-1].seq
            fresh = self._shown(page)
            if fresh:
                await self._send({"type": "entries", "entries": fresh, "seq": self._seq})
        state = shown.state_out(conversation, names=self._config.show_operator_names)
        if state != self._state:
            self._state = state
            await self._send({"type": "state", "state": state})
        if self._own != self._seen:
            await self._tell_seen()

    async def _tell_seen(self) -> None:
        """Asked for only while the visitor's latest words are not known to be read."""
        async with self._reading:
            seen = str(await self._store.get(seen_key(self.address)) or "")
        if seen and seen != self._seen:
            self._seen = seen
            await self._send({"type": "seen", "message": seen})

    async def _loaded(self) -> Conversation | None:
        async with self._reading:
            return (await self._store.load(self.conversation)).conversation

    async def _entries(self, *, after: int, newest: bool = False) -> list[Entry]:
        async with self._reading:
            return await self._store.entries(self.conversation, after=after, limit=PAGE, newest=newest)

    def _shown(self, page: list[Entry]) -> list[dict[str, Any]]:
        names = self._config.show_operator_names
        entries = shown.entries_out(page, self.address, language=self.language, names=names)
        self._own = next((entry["client_id"] for entry in reversed(entries) if entry["client_id"]), self._own)
        return entries

    async def _send(self, frame: dict[str, Any]) -> None:
        try:
            async with asyncio.timeout(self._config.send_timeout):
                await self._ws.send_str(shown.written(frame))
        except (TimeoutError, ConnectionError):
            self._cut()

    def _cut(self) -> None:
        if self._transport is not None:
            self._transport.abort()
