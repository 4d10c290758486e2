"""The understander that asks a Rasa server: `/model/parse`, by its HTTP interface (`nlu.rasa_server`).

A text is sent as the embedded engine reads it (`nlu.normalise`): without what nobody sees, and cut. Whoever writes
"/cancel" to the bot is not to reach the command that Rasa makes of it: what stands before the first letter stays here.
"""

from __future__ import annotations

import asyncio
import re
from datetime import datetime

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import REGION, Clock
from nlu.circuit import Circuit, Resting
from nlu.entities import EntityFinder, beside
from nlu.normalise import Reading, read
from nlu.rasa_answers import Malformed, understanding
from nlu.rasa_config import RasaConfig
from nlu.rasa_server import RasaAway, RasaError, RasaServer, TextRefused

_TRIES = 3
_PAUSE = 0.05
"""Seconds between two tries, and as much again by chance; within the deadline all the same."""
_OPENS_AFTER, _RESTS = 5, 5.0
"""So many failures in a row, and for so many seconds nobody asks."""
_IDENTITY_LASTS = 10.0
_IDENTITY_WITHIN = 0.5
"""Seconds after which the server is asked again which model it has, and that this may take."""
_COMMAND = re.compile(r"[\s/]*")
_WORD = re.compile(r"\w")
"""Without one of these there is nothing to ask about: Rasa's tokenizer drops emoji, and its model would guess."""
_HALF = re.compile("[\ud800-\udfff]")
"""Half a character, which JSON can hold and no text can. What takes its place is as long."""

_log = structlog.get_logger("rasa")


class _Failed(Exception):
    """A failure that says something of the server, for the circuit. `said` is the sentence."""

    def __init__(self, said: str) -> None:
        super().__init__(said)
        self.said = said


class RasaUnderstander:
    """Implements `estafeta.kernel.ports.Understander`. `ready_made` finds entities that the platform has ready: of
    those Rasa's own go first."""

    def __init__(self, config: RasaConfig, *, clock: Clock, ready_made: EntityFinder | None = None) -> None:
        self.server = RasaServer(config)
        self._clock = clock
        self._ready_made = ready_made
        self._circuit = Circuit(clock, failures=_Failed, opens_after=_OPENS_AFTER, rests=_RESTS)
        self._model = ""
        self._asked_for_it: float | None = None

    async def close(self) -> None:
        await self.server.close()

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        """Within `deadline` seconds, or `UnderstandingFailed`. `at`, `region`: as in the port; Rasa is not told."""
        if deadline <= 0:
            raise UnderstandingFailed("the deadline had passed before the text was looked at")
        reading = read(text)
        if not _WORD.search(reading.text):
            return Understanding(intent="", confidence=0.0, model=self._model)
        try:
            with self._circuit.call():
                found = await self._found(reading, deadline)
        except Resting as resting:
            raise UnderstandingFailed(
                f"the Rasa server at {self.server.where} failed again and again; it is asked in {resting.seconds:.1f} s"
            ) from None
        except _Failed as failed:
            self._asked_for_it = None  # who comes back may have been given another model meanwhile
            raise UnderstandingFailed(failed.said) from None
        except TextRefused as refused:
            raise UnderstandingFailed(str(refused)) from None
        return self._with_ready_made(found, reading, at, region)

    async def _found(self, reading: Reading, deadline: float) -> Understanding:
        text = _HALF.sub("\ufffd", reading.text.rstrip())
        begins = len(_COMMAND.match(text)[0])  # type: ignore[index]
        until = asyncio.get_running_loop().time() + deadline
        try:
            async with self.server.within(deadline):
                answer = await self._tried(text[begins:])
            await self._identify(until - asyncio.get_running_loop().time())
            return understanding(answer, text[begins:], reading, begins, model=self._model)
        except TextRefused:
            raise
        except Malformed as wrong:
            raise _Failed(f"The answer of {self.server.where} is not a Rasa server's: {wrong}.") from None
        except RasaError as error:
            raise _Failed(str(error)) from None

    async def _tried(self, text: str) -> bytes:
        tries = AsyncRetrying(
            sleep=self._clock.sleep,
            stop=stop_after_attempt(_TRIES),
            wait=wait_exponential_jitter(multiplier=_PAUSE, max=10 * _PAUSE, jitter=_PAUSE),
            retry=retry_if_exception_type(RasaAway),
            reraise=True,
        )
        async for attempt in tries:
            with attempt:
                return await self.server.parse(text)
        raise RasaError("it was not tried")

    async def _identify(self, seconds: float) -> None:
        """Learns now and then which model answers; what is not known in time is known next time."""
        now = self._clock.monotonic()
        if seconds <= 0 or (self._asked_for_it is not None and now - self._asked_for_it < _IDENTITY_LASTS):
            return
        self._asked_for_it = now
        try:
            async with self.server.within(min(seconds, _IDENTITY_WITHIN)):
                model = (await self.server.status()).model
        except RasaError:
            return
        if model != self._model:
            _log.info("rasa_model", model=model, before=self._model, server=self.server.where)
            self._model = model

    def _with_ready_made(
        self, found: Understanding, reading: Reading, at: datetime | None, region: str
    ) -> Understanding:
        if self._ready_made is None:
            return found
        made = self._ready_made.find(reading, at, region)
        if not made:
            return found
        entities = sorted(beside(found.entities, made), key=lambda entity: (entity.start, entity.end, entity.name))
        return Understanding(
            intent=found.intent, confidence=found.confidence, ranking=found.ranking, entities=tuple(entities),
            model=found.model,
        )  # fmt: skip
