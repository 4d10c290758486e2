"""Customers at the site's chat: each does on its socket what the chat's page does (bots/widget/static).

A message goes out with the same id until it is acknowledged, one at a time. After a break the page comes back, to
whatever web process lives, and says what it has shown. It shows an entry once: one with a `seq` that it has already is
dropped, whatever stands in it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from random import Random
from typing import Any
from uuid import UUID

import aiohttp
import orjson

from estafeta.app.faults.customer import Player
from estafeta.app.faults.ledger import Acknowledged, Channel, Echoed, Ledger, Repeated

Frame = dict[str, Any]

PING_EVERY, ANSWER_WITHIN, ACK_WITHIN = 25.0, 10.0, 15.0
"""Seconds, as in line.js and outbox.js."""
LONGEST_WAIT = 4.0
"""Seconds between two tries to connect, at most. The page's own 30 would outlast a run."""
_TRY_AGAIN = {"unavailable": 3.0, "too_fast": 2.5}


class SiteChat:
    """How one customer writes at the site, and the page that shows it. `run` keeps it connected."""

    channel: Channel = "widget"

    def __init__(
        self, player: Player, ledger: Ledger, session: aiohttp.ClientSession, web: Callable[[], str], *, key: str
    ) -> None:
        self._player = player
        self._ledger = ledger
        self._session = session
        self._web = web
        self._key = key
        self._random = Random(f"site/{player.customer}")  # noqa: S311
        self._token: str | None = None
        self._seq = 0
        self._welcomed = False
        self._shown: set[str] = set()
        self._before: set[str] = set()
        """What the page showed before it had to begin anew."""
        self._buttons: dict[str, str] = {}
        self._waiting: deque[Frame] = deque()
        self._tokens: dict[str, str] = {}
        """By id of what was written."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._flying = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --- the customer's hands

    def say(self, token: str, text: str) -> None:
        self._write(token, {"type": "message", "text": text})

    def press(self, token: str, label: str) -> bool:
        button = self._buttons.get(label)
        if button is None:
            return False
        self._write(token, {"type": "press", "button": button, "label": label})
        return True

    def _write(self, token: str, frame: Frame) -> None:
        identity = str(UUID(int=self._random.getrandbits(128), version=4))
        self._tokens[identity] = token
        self._waiting.append({**frame, "id": identity})
        self._flush()

    # --- the page's outbox

    def _flush(self) -> None:
        if self._socket is None or not self._welcomed or self._flying or not self._waiting:
            return
        self._flying = True
        self._again_in(ACK_WITHIN, self._silent)
        self._send(self._waiting[0])

    def _land(self) -> None:
        self._flying = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _again_in(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, then)

    def _silent(self) -> None:
        """No acknowledgement came: the line is dead, and a new one is made."""
        if self._socket is not None:
            self._do(self._socket.close())

    def _retry(self) -> None:
        self._land()
        self._flush()

    def _acknowledged(self, identity: str) -> None:
        if identity in self._tokens:
            token = self._tokens[identity]
            self._ledger.add(Acknowledged(at=self._ledger.now(), token=token, queued=True))
        self._out(identity)

    def _out(self, identity: str) -> None:
        if self._waiting and self._waiting[0]["id"] == identity:
            self._waiting.popleft()
            self._land()
            self._flush()

    def _send(self, frame: Frame) -> None:
        if self._socket is not None:
            self._do(self._put(self._socket, frame))

    @staticmethod
    async def _put(socket: aiohttp.ClientWebSocketResponse, frame: Frame) -> None:
        with contextlib.suppress(ConnectionError, aiohttp.ClientError):  # the reader of the socket sees it end
            await socket.send_str(orjson.dumps(frame).decode())

    def _do(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- the line

    async def run(self) -> None:
        """Until cancelled."""
        tries = 0
        try:
            while True:
                self._welcomed = False
                with contextlib.suppress(aiohttp.ClientError, ConnectionError, TimeoutError):
                    await self._talk()
                self._socket = None
                self._land()
                tries = 0 if self._welcomed else tries + 1
                wait = min(LONGEST_WAIT, 2.0**tries)
                await asyncio.sleep(wait / 2 + self._random.random() * wait / 2)
        finally:
            self._land()
            for task in self._tasks:
                task.cancel()

    async def _talk(self) -> None:
        base = self._web()
        async with asyncio.timeout(ANSWER_WITHIN):
            socket = await self._session.ws_connect(f"{base}/widget/ws", headers={"Origin": base}, autoclose=True)
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(socket.close)
            self._socket = socket
            hello = {"type": "hello", "key": self._key, "token": self._token, "after": self._seq, "language": "en"}
            await socket.send_str(orjson.dumps(hello).decode())
            asked = True
            while True:
                try:
                    raw = await socket.receive(ANSWER_WITHIN if asked else PING_EVERY)
                except TimeoutError:
                    if asked:
                        return
                    self._send({"type": "ping"})
                    asked = True
                    continue
                if raw.type is not aiohttp.WSMsgType.TEXT:
                    return
                asked = False
                self._heard(orjson.loads(raw.data))

    def _heard(self, frame: Frame) -> None:
        match frame["type"]:
            case "welcome":
                self._welcome(frame)
            case "entries":
                self._take(frame["entries"], frame["seq"])
            case "ack":
                self._acknowledged(frame["id"])
            case "error" if frame.get("id") and frame["code"] in _TRY_AGAIN:
                self._again_in(_TRY_AGAIN[frame["code"]], self._retry)

    # --- the page's log

    def _welcome(self, frame: Frame) -> None:
        self._token = frame["token"]
        if frame["seq"] < self._seq or (frame.get("greeting") and self._seq):
            self._before |= self._shown
            self._shown.clear()
            self._seq = 0
        self._welcomed = True
        self._take(frame["entries"], frame["seq"])
        self._land()
        self._flush()

    def _take(self, entries: list[Frame], last: int) -> None:
        for entry in entries:
            if entry["seq"] <= self._seq:
                self._ledger.add(Repeated(at=self._ledger.now(), customer=self._player.customer, message=entry["id"]))
                continue
            self._seq = entry["seq"]
            if entry["kind"] == "said":
                self._show(entry)
        self._seq = max(self._seq, last)

    def _show(self, entry: Frame) -> None:
        again = entry["id"] in self._before
        self._shown.add(entry["id"])
        for button in entry["buttons"]:
            self._buttons[button["text"]] = button["id"]
        if again:
            return
        if entry["author"] != "customer":
            self._player.hear(entry["id"], entry["text"], by=entry["author"])
            return
        token = self._tokens.get(entry["client_id"])
        if token is not None:
            self._ledger.add(
                Echoed(at=self._ledger.now(), customer=self._player.customer, token=token, message=entry["id"])
            )
        self._out(entry["client_id"])
