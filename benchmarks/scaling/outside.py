"""The world around the workers: customers who write, the way in, and the messenger that answers go to.

One process plays all of it. A message comes in as the web process takes it in (`Intake` on the shared
store and bus); the messenger is a few lines of HTTP that count what arrives and say yes. Its CPU is
counted on its own, so that it can be told from the workers'.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import cast

import orjson

from benchmarks.demo import questions
from estafeta.intake import Intake
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Address, CustomerSaid, Profile, Signal, SignalId, Text

ACCOUNT = "bench"
TOKEN = "1234567:benchmark"
FIRST_CHAT = 1_000_000_000
"""Chats have ten digits, all of them, so that one can stand for another in a stored document."""
_ANSWERED_WITHIN = 30.0
_NOTED = b'{"ok":true,"result":{"message_id":%d,"date":1790000000,"chat":{"id":1,"type":"private"}}}'


class Messenger:
    """A Bot API server that accepts everything."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._waiting: dict[str, asyncio.Future[float]] = {}
        self.sent = 0

    @property
    def url(self) -> str:
        assert self._server is not None  # noqa: S101 - asked for while it is open
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Messenger:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Requests(self), "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def expect(self, chat: str) -> asyncio.Future[float]:
        """When the next message to this chat arrives, by `time.perf_counter`."""
        waiting: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting[chat] = waiting
        return waiting

    def answer(self, method: bytes, body: bytes) -> bytes:
        self.sent += 1
        if method == b"sendMessage":
            waiting = self._waiting.pop(str(orjson.loads(body)["chat_id"]), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(time.perf_counter())
        return _NOTED % self.sent


class _Requests(asyncio.Protocol):
    """One connection; requests come one after the other, as HTTP/1.1 clients send them."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._seen = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0 and self._transport is not None:
            head = self._seen[:end]
            length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
            if len(self._seen) < end + 4 + length:
                return
            body, self._seen = self._seen[end + 4 : end + 4 + length], self._seen[end + 4 + length :]
            said = self._messenger.answer(head.partition(b" HTTP/")[0].rpartition(b"/")[2], body)
            self._transport.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(said), said)
            )


@dataclass(frozen=True, slots=True)
class Round:
    """`rate` is answered messages a second, `times` are ms from writing to the answer, in order of size."""

    answered: int
    unanswered: int
    seconds: float
    times: tuple[float, ...]

    @property
    def rate(self) -> float:
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        return self.times[min(int(len(self.times) * share), len(self.times) - 1)] if self.times else 0.0


class Customers:
    """Who write. Whatever they ask, a flow answers it at once with one message."""

    def __init__(self, messenger: Messenger) -> None:
        self._messenger = messenger
        self._texts = questions(300)
        self._random = random.Random(7)
        self._numbers = count(1)
        self._chats = FIRST_CHAT

    def new(self) -> Iterator[str]:
        """Chats of people who never wrote before; they write once more later."""
        while True:
            block = [str(self._chats + number) for number in range(1, 501)]
            self._chats += len(block)
            yield from block
            yield from block

    def some_of(self, chats: Sequence[str]) -> Iterator[str]:
        while True:
            yield self._random.choice(chats)

    def signal(self, chat: str, text: str = "") -> Signal:
        number = next(self._numbers)
        said = CustomerSaid(
            message=f"{chat}:{number}",
            parts=(Text(text=text or self._random.choice(self._texts)),),
            profile=Profile(name="Ася", language="ru"),
        )
        address = Address(channel="telegram", account=ACCOUNT, chat=chat)
        return Signal(id=SignalId(f"tg.{ACCOUNT}.{chat}.{number}"), at=datetime.now(UTC), event=said, address=address)

    async def ask(self, intake: Intake, chat: str, text: str = "") -> float | None:
        """Milliseconds until the answer arrived; None: it did not."""
        began = time.perf_counter()
        arrival = self._messenger.expect(chat)
        await intake.accept([self.signal(chat, text)])
        try:
            async with asyncio.timeout(_ANSWERED_WITHIN):
                return (await arrival - began) * 1000
        except TimeoutError:
            return None

    async def flood(self, intake: Intake, chats: Iterator[str], *, at_once: int, seconds: float) -> Round:
        """As fast as it goes: so many customers at once, each waits for the answer before the next writes."""
        times: list[float | None] = []
        busy: set[str] = set()
        began = time.perf_counter()

        async def one_after_the_other() -> None:
            while time.perf_counter() - began < seconds:
                chat = next(one for one in chats if one not in busy)
                busy.add(chat)
                times.append(await self.ask(intake, chat))
                busy.discard(chat)

        await asyncio.gather(*(one_after_the_other() for _ in range(at_once)))
        answered = sorted(took for took in times if took is not None)
        if not answered:
            raise ConfigurationError("No message was answered: something does not work here.")
        return Round(len(answered), len(times) - len(answered), time.perf_counter() - began, tuple(answered))


async def _serve() -> None:
    async with Messenger() as messenger:
        print(messenger.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":  # the messenger alone
    asyncio.run(_serve())
