"""The understander that runs inside the process: numpy, a trained model, no server.

Without encoders a text costs some hundred microseconds, so it is worked on in the event loop itself:
handing it to a thread and back costs more than the work, and under the interpreter's lock a thread would
stall the loop for as long. What arrives in one tick of the loop is answered in slices, and between slices
the loop has its turn; a single text's work is bounded by the limits in `nlu.normalise`.

An encoder takes milliseconds for a text and lets go of the lock meanwhile: with one, texts are worked on in
a thread, a few at a time.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Intent, Understanding
from estafeta.kernel.ports import REGION
from nlu import modelfile
from nlu.modelfile import MANIFEST, Model
from nlu.normalise import Reading, read
from nlu.registry import Registry

SLICE = 0.002
"""Seconds of work after which the event loop gets its turn."""
BATCH = 16
"""Texts worked on together."""
BATCH_IN_THREAD = 4
"""The same where an encoder reads them: who comes next waits for a batch."""
REMEMBERED = 4_096
"""Understandings kept by the words of their text."""
RANKED = 5
"""Intents in a ranking."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A text that is asked about, by as many as want to know at once."""

    words: list[str]
    answers: list[asyncio.Future[Understanding]] = field(default_factory=list)

    @property
    def awaited(self) -> bool:
        return not all(answer.done() for answer in self.answers)


class EmbeddedUnderstander:
    """Implements `estafeta.kernel.ports.Understander`. One event loop at a time.

    `intent` is the best guess even where it is unlikely: whoever reads it compares `confidence`. It
    is "" when the text has nothing that the model could know (no words, or none it ever saw a piece of).
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._waiting: deque[str] = deque()
        self._asked: dict[str, _Asked] = {}
        self._remembered: OrderedDict[str, Understanding] = OrderedDict()
        self._awake = False
        self._thread = ThreadPoolExecutor(1, "nlu") if model.pipeline.dense else None

    @classmethod
    def load(cls, path: Path) -> EmbeddedUnderstander:
        """`path` is a model's folder, or a folder of models, of which the one in service is taken.
        Raises `ModelRefused`."""
        folder = path if (path / MANIFEST).is_file() else Registry(path).current()
        return cls(modelfile.load(folder))

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        """Within `deadline` seconds, or `UnderstandingFailed`. `at`, `region`: as in the port."""
        if deadline <= 0:
            raise UnderstandingFailed("the deadline had passed before the text was looked at")
        reading = read(text)
        found = self.model.words(reading.text)
        if not found:
            return Understanding(intent="", confidence=0.0, model=self.model.id)
        key = " ".join(found)
        known = self._remembered.get(key)
        if known is None:
            known = await self._ask(key, found, deadline)
            self._remember(key, known)
        return self._with_entities(known, reading, at, region)

    async def _ask(self, key: str, found: list[str], deadline: float) -> Understanding:
        loop = asyncio.get_running_loop()
        if key not in self._asked:
            self._asked[key] = _Asked(found)
            self._waiting.append(key)
        answer: asyncio.Future[Understanding] = loop.create_future()
        self._asked[key].answers.append(answer)
        if not self._awake:
            self._awake = True
            loop.call_soon(self._work if self._thread is None else self._hand_over)
        try:
            async with asyncio.timeout(deadline):
                return await answer
        except TimeoutError:
            raise UnderstandingFailed(f"no understanding within {deadline:g} seconds") from None

    def _work(self) -> None:
        """Answers who waits, for at most one slice of time and the batch that was begun in it."""
        began = time.monotonic()
        while self._waiting and time.monotonic() - began < SLICE:
            if batch := self._next(BATCH):
                self._answer(batch)
        self._awake = bool(self._waiting)
        if self._awake:
            asyncio.get_running_loop().call_soon(self._work)

    def _hand_over(self) -> None:
        """Has the next batch worked on in the thread, and the one after it when it is done."""
        loop = asyncio.get_running_loop()
        batch = self._next(BATCH_IN_THREAD)
        self._awake = bool(batch)
        if self._thread is None or not batch:
            return
        work = loop.run_in_executor(self._thread, self.classify, list(batch.values()))

        def done(work: asyncio.Future[list[Understanding]]) -> None:
            if work.cancelled():  # the loop is closing, and nobody waits any more
                self._awake = False
                for key in batch:
                    self._asked.pop(key)
                return
            self._tell(batch, work.exception() or work.result())
            self._hand_over()

        work.add_done_callback(done)

    def _next(self, most: int) -> dict[str, list[str]]:
        """The texts waiting longest that somebody still wants to know about: their words by their keys."""
        batch: dict[str, list[str]] = {}
        size = 0
        # Long texts make small batches, so that a batch is never much longer than a slice.
        while self._waiting and len(batch) < most and size < 300:
            key = self._waiting.popleft()
            asked = self._asked[key]
            if asked.awaited:
                batch[key] = asked.words
                size += len(asked.words)
            else:
                del self._asked[key]
        return batch

    def _answer(self, batch: dict[str, list[str]]) -> None:
        try:
            understandings = self.classify(list(batch.values()))
        except Exception as error:
            self._tell(batch, error)
        else:
            self._tell(batch, understandings)

    def _tell(self, batch: Iterable[str], found: list[Understanding] | BaseException) -> None:
        """Gives everybody who still waits their answer, or the failure."""
        for at, key in enumerate(batch):
            for answer in self._asked.pop(key).answers:
                if answer.done():
                    continue
                if isinstance(found, BaseException):
                    failure = UnderstandingFailed("the model could not read this text; see the cause")
                    failure.__cause__ = found
                    answer.set_exception(failure)
                else:
                    answer.set_result(found[at])

    def classify(self, texts: list[list[str]]) -> list[Understanding]:
        """Lists of words (`Model.words`) to understandings without entities; for a whole batch."""
        pipeline = self.model.pipeline
        prediction = pipeline.predict(texts)
        understandings = []
        best = (-prediction.confidences).argsort(axis=1, kind="stable")[:, :RANKED].tolist()
        for at, row in enumerate(best):
            if not prediction.known[at]:
                understandings.append(Understanding(intent="", confidence=0.0, model=self.model.id))
                continue
            confidences = prediction.confidences[at].tolist()
            ranking = tuple(Intent(name=pipeline.intents[i], confidence=min(1.0, confidences[i])) for i in row)
            first = ranking[0]
            understandings.append(
                Understanding(intent=first.name, confidence=first.confidence, ranking=ranking, model=self.model.id)
            )
        return understandings

    def _remember(self, key: str, understanding: Understanding) -> None:
        self._remembered[key] = understanding
        if len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)

    def _with_entities(
        self, understanding: Understanding, reading: Reading, at: datetime | None, region: str
    ) -> Understanding:
        entities = self.model.entities.find(reading, at, region)
        return replace(understanding, entities=entities) if entities else understanding
