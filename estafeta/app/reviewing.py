"""The review inbox as the command line and, later, a page use it: in the store itself, or, where a running process has
the store for itself, by that process. What is asked stands in the address, packed: it is for this machine alone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Literal, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from estafeta.app import control, report
from estafeta.app.config import Settings
from estafeta.app.masking import Masking
from estafeta.app.particulars import without_particulars
from estafeta.app.publishing import writable
from estafeta.clock import SystemClock
from estafeta.kernel.codec import decode, encode
from estafeta.kernel.errors import ConfigurationError, EstafetaError, StoreUnavailable
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Store
from estafeta.review import Decision, Inbox, Noted
from estafeta.review_watch import fill
from nlu.normalise import read

PATH = "/control/review"
_WORD = re.compile(r"\w+")
_AT_ONCE = 40
"""Messages named in one address: a line of a request has 8190 bytes
(https://docs.aiohttp.org/en/stable/web_reference.html)."""
_PIECE = timedelta(hours=6)
_T = TypeVar("_T")


def masked(text: str, names: Sequence[str] = ()) -> str:
    """As `estafeta flows record` masks, and more, for nothing of it is said by the bot. What nobody sees is taken out
    first: a number can be hidden by it. A text is always masked in the same way, whoever else took part."""
    seen = read(text).text
    said = {word.casefold() for word in _WORD.findall(seen)}
    present = [name for name in names if said & {word.casefold() for word in _WORD.findall(name)}]
    return Masking(present).text(without_particulars(seen))


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    what: Literal["settle", "reopen", "fill"]
    decision: Json = None
    keys: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


async def _do(asked: _Asked, inbox: Inbox, store: Store, enough: float) -> int:
    if asked.since is not None and asked.until is not None:
        return await fill(inbox, store, enough, asked.since, asked.until)
    decision = decode(Decision, asked.decision)
    act = inbox.settle if asked.what == "settle" else inbox.reopen
    await act(decision, asked.keys)
    return len(asked.keys)


def mount(
    app: web.Application, inbox: Inbox, store: Store, enough: Callable[[], float], control_token: str
) -> None:  # fmt: skip
    """Serves the command line of this machine. `enough` is the confidence from which on the bot answers."""

    async def do(request: web.Request) -> web.Response:
        control.require(request, control_token)
        try:
            asked = _Asked.model_validate(control.unpacked(request.match_info["asked"]))
        except (ValidationError, ValueError):
            return web.json_response({"refused": "What was asked cannot be read: is the command of this version?"})
        try:
            return web.json_response({"done": await _do(asked, inbox, store, enough())})
        except EstafetaError as refused:
            return web.json_response({"refused": str(refused)})

    app.router.add_post(PATH + "/{asked}", do)


def _address(asked: _Asked) -> str:
    return f"{PATH}/{control.packed(asked.model_dump(mode='json'))}"


class Review:
    """The inbox for who works on it step by step. Every method raises an `EstafetaError` with a sentence. `enough` is
    the confidence from which on the bot answers."""

    def __init__(self, settings: Settings, runner: asyncio.Runner, enough: float) -> None:
        self._settings = settings
        self._runner = runner
        self._enough = enough
        self._remote = False

    def now(self) -> datetime:
        return SystemClock().now()

    def waiting(self, limit: int) -> tuple[list[Noted], bool]:
        """The oldest messages, and whether there are more."""

        async def read(store: Store) -> list[Noted]:
            inbox, found = self._inbox(store), list[Noted]()
            while page := await inbox.waiting(after=found[-1].key if found else "", limit=limit + 1 - len(found)):
                found += page
                if len(found) > limit:
                    break
            return found

        found = self.reading(read)
        return found[:limit], len(found) > limit

    def still_waiting(self, keys: Sequence[str]) -> tuple[str, ...]:
        return self.reading(lambda store: self._inbox(store).still_waiting(keys))

    def history(self, limit: int) -> tuple[Decision, ...]:
        return self.reading(lambda store: self._inbox(store).history(limit))

    def reading(self, read: Callable[[Store], Awaitable[_T]]) -> _T:
        """What somebody reads in the store, whoever else has it open."""

        async def done() -> _T:
            async with report.opened(self._settings) as store:
                return await read(store)

        return self._runner.run(done())

    def settle(self, decision: Decision, keys: Sequence[str]) -> None:
        self._each("settle", decision, keys)

    def reopen(self, decision: Decision, keys: Sequence[str]) -> None:
        self._each("reopen", decision, keys)

    def fill(self, since: datetime, told: Callable[[str, float], None]) -> int:
        """Notes what conversations since then hold; how many messages were new. A piece of time at a time, for a
        running process is not asked for what takes long."""
        now, new, begin = self.now(), 0, since
        while begin < now:
            told("looking into the conversations", (begin - since) / (now - since))
            end = min(begin + _PIECE, now + timedelta(seconds=1))
            new += self._done(_Asked(what="fill", since=begin, until=end))
            begin = end
        return new

    def _each(self, what: Literal["settle", "reopen"], decision: Decision, keys: Sequence[str]) -> None:
        plain = encode(decision.cut())
        for part in _parts(keys):
            self._done(_Asked(what=what, decision=plain, keys=tuple(part)))

    def _inbox(self, store: Store) -> Inbox:
        return Inbox(store, SystemClock(), masked)

    def _done(self, asked: _Asked) -> int:
        if not self._remote:
            try:
                return self._runner.run(self._directly(asked))
            except StoreUnavailable:
                if self._settings.mongo is not None:
                    raise
                self._remote = True  # the file is the running platform's
        told = control.ask(self._settings, "POST", _address(asked))
        if not isinstance(told, dict) or not isinstance(told.get("done"), int):
            refused = told.get("refused") if isinstance(told, dict) else None
            raise ConfigurationError(
                str(refused or "What runs there answers in another form: is it of this version?")
            ) from None
        return int(told["done"])

    async def _directly(self, asked: _Asked) -> int:
        async with writable(self._settings) as store:
            return await _do(asked, self._inbox(store), store, self._enough)


def _parts(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    """None at all is one part: the decision is written down even so."""
    return (keys[at : at + _AT_ONCE] for at in range(0, max(1, len(keys)), _AT_ONCE))


@contextmanager
def opened(settings: Settings, enough: float) -> Iterator[Review]:
    with asyncio.Runner() as runner:
        yield Review(settings, runner, enough)
