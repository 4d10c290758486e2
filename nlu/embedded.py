"""The understander that runs inside the process: numpy, a trained model, no server.

A text costs some tens of microseconds, so it is worked on in the event loop itself: handing it to a
thread and back costs more than the work, and under the interpreter's lock a thread would stall the
loop for as long. What arrives in one tick of the loop is answered in slices, and between slices the
loop has its turn; a single text's work is bounded by the limits in `nlu.normalise`.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, replace
from pathlib import Path

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Intent, Understanding
from nlu import modelfile
from nlu.modelfile import MANIFEST, Model
from nlu.normalise import Reading, read, words
from nlu.registry import Registry

SLICE = 0.002
"""Seconds of work after which the event loop gets its turn."""
BATCH = 16
"""Texts worked on together."""
REMEMBERED = 4_096
"""Understandings kept by the words of their text."""
RANKED = 5
"""Intents in a ranking."""


@dataclass(frozen=True, slots=True)
class _Asked:
    words: list[str]
    answer: asyncio.Future[Understanding]


class EmbeddedUnderstander:
    """Implements `estafeta.kernel.ports.Understander`. One event loop at a time.

    `intent` is the best guess even where it is unlikely: whoever reads it compares `confidence`. It
    is "" when the text has nothing that the model could know (no words, or none it ever saw a piece of).
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self._waiting: deque[_Asked] = deque()
        self._remembered: OrderedDict[str, Understanding] = OrderedDict()
        self._awake = False

    @classmethod
    def load(cls, path: Path) -> EmbeddedUnderstander:
        """`path` is a model's folder, or a folder of models, of which the one in service is taken.
        Raises `ModelRefused`."""
        folder = path if (path / MANIFEST).is_file() else Registry(path).current()
        return cls(modelfile.load(folder))

    async def understand(self, text: str, *, deadline: float) -> Understanding:
        """Within `deadline` seconds, or `UnderstandingFailed`."""
        if deadline <= 0:
            raise UnderstandingFailed("the deadline had passed before the text was looked at")
        reading = read(text)
        found = words(reading.text)
        if not found:
            return Understanding(intent="", confidence=0.0, model=self.model.id)
        key = " ".join(found)
        known = self._remembered.get(key)
        if known is None:
            known = await self._ask(found, deadline)
            self._remember(key, known)
        return self._with_entities(known, reading)

    async def _ask(self, found: list[str], deadline: float) -> Understanding:
        loop = asyncio.get_running_loop()
        asked = _Asked(found, loop.create_future())
        self._waiting.append(asked)
        if not self._awake:
            self._awake = True
            loop.call_soon(self._work)
        try:
            async with asyncio.timeout(deadline):
                return await asked.answer
        except TimeoutError:
            raise UnderstandingFailed(f"no understanding within {deadline:g} seconds") from None

    def _work(self) -> None:
        """Answers who waits, for at most one slice of time and the batch that was begun in it."""
        began = time.monotonic()
        while self._waiting and time.monotonic() - began < SLICE:
            batch: list[_Asked] = []
            size = 0
            # Long texts make small batches, so that a batch is never much longer than a slice.
            while self._waiting and len(batch) < BATCH and size < 300:
                asked = self._waiting.popleft()
                if not asked.answer.done():
                    batch.append(asked)
                    size += len(asked.words)
            if batch:
                self._answer(batch)
        self._awake = bool(self._waiting)
        if self._awake:
            asyncio.get_running_loop().call_soon(self._work)

    def _answer(self, batch: list[_Asked]) -> None:
        try:
            understandings = self.classify([asked.words for asked in batch])
        except Exception as error:
            for asked in batch:
                failure = UnderstandingFailed("the model could not read this text; see the cause")
                failure.__cause__ = error
                asked.answer.set_exception(failure)
            return
        for asked, understanding in zip(batch, understandings, strict=True):
            asked.answer.set_result(understanding)

    def classify(self, texts: list[list[str]]) -> list[Understanding]:
        """Lists of words (`normalise.words`) to understandings without entities; for a whole batch."""
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

    def _with_entities(self, understanding: Understanding, reading: Reading) -> Understanding:
        entities = self.model.entities.find(reading)
        return replace(understanding, entities=entities) if entities else understanding
