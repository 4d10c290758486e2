"""What a worker understands by: the language model in service, and one that is tried with a share of conversations.

Looks into the store twice a second, so that what was published, tried or rolled back holds in every process within
seconds. A model is fetched, loaded in a thread and asked a question before anybody depends on it; then it is swapped
whole. A text that is being understood is finished by the model it began with: nothing waits, nothing fails. A model
that cannot be had leaves what serves as it is, and is tried again later. While nothing is published the model of the
workspace's folder serves.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from estafeta.kernel.errors import EstafetaError, StoreUnavailable
from estafeta.kernel.model import ConversationId, Understanding
from estafeta.kernel.ports import REGION, Clock, Store, Understander
from estafeta.looking import AGAIN, Looking
from estafeta.models import Models
from estafeta.publications import Standing
from flows.release import among

_log = structlog.get_logger("models")

EVERY = 0.5
"""Seconds between two looks."""
_TIDIED_EVERY = 6 * 3600.0
_TRIAL = "здравствуйте, hello"
_TRIAL_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """The models at a moment. `staged` is tried with `share` percent of conversations; "" is none."""

    model: str
    understander: Understander
    staged: str = ""
    tried: Understander | None = None
    share: int = 0

    def of(self, conversation: ConversationId) -> tuple[str, Understander]:
        """The model that the conversation is understood by, and its name: the same one at every message and on every
        machine while nothing is published."""
        if self.tried is not None and among(conversation, self.staged, self.share):
            return self.staged, self.tried
        return self.model, self.understander


@dataclass(slots=True)
class Tally:
    """What this process has done since it started."""

    swaps: int = 0
    refused: int = 0


class ModelWatch(Looking):
    """`own` is the model of the workspace's folder, and its name. `load` makes an understander of a model's folder; it
    runs in a thread, and may raise any `EstafetaError` or `OSError`.

    It is an `Understander` itself: whoever asks without a conversation is answered by the model in service.
    """

    def __init__(
        self, *, store: Store, clock: Clock, own: tuple[str, Understander], load: Callable[[Path], Understander],
        every: float = EVERY,
    ) -> None:  # fmt: skip
        super().__init__("models", clock, every)
        self._own = own
        self._load = load
        self.models = Models(store, clock)
        self.serving = Serving(model=own[0], understander=own[1])
        self.tally = Tally()
        self._tried: dict[str, float] = {}
        self._renewing = asyncio.Lock()

    def of(self, conversation: ConversationId) -> tuple[str, Understander]:
        """The model that understands this conversation's next message, and its name."""
        return self.serving.of(conversation)

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        """As in the port."""
        return await self.serving.understander.understand(text, deadline=deadline, at=at, region=region)

    async def renew(self) -> None:
        """Serves what the store now says. Raises `StoreUnavailable` and `NotPublished`."""
        async with self._renewing:
            standing = await self.models.standing()
            if self._wanted(standing) != (self.serving.model, self.serving.staged, self.serving.share):
                await self._serve(standing)

    def _wanted(self, standing: Standing) -> tuple[str, str, int]:
        return standing.release or self._own[0], standing.staged, standing.share

    async def _serve(self, standing: Standing) -> None:
        model, staged, share = self._wanted(standing)
        understander = await self._have(model)
        if understander is None:
            model, understander = self.serving.model, self.serving.understander  # what serves goes on
        tried = await self._have(staged) if staged else None
        if tried is None:
            staged, share = "", 0
        now = Serving(model=model, understander=understander, staged=staged, tried=tried, share=share)
        if now != self.serving:
            self.serving = now
            self.tally.swaps += 1
            _log.info("model_served", model=model, staged=staged, share=share, published=bool(standing.release))

    async def _have(self, model: str) -> Understander | None:
        """Held already, or loaded now."""
        held = {self._own[0]: self._own[1], self.serving.model: self.serving.understander}
        if self.serving.tried is not None:
            held[self.serving.staged] = self.serving.tried
        if model in held:
            return held[model]
        if self._clock.monotonic() - self._tried.get(model, float("-inf")) < AGAIN:
            return None
        self._tried[model] = self._clock.monotonic()
        try:
            loaded = await self._loaded(model)
        except StoreUnavailable:
            del self._tried[model]
            raise
        except (EstafetaError, OSError) as error:
            self.tally.refused += 1
            _log.warning("model_refused", model=model, error=str(error))
            return None
        except Exception:  # what one model's files do to the program that reads them is nothing to the others
            self.tally.refused += 1
            _log.exception("model_refused", model=model)
            return None
        del self._tried[model]
        return loaded

    async def _loaded(self, model: str) -> Understander:
        with tempfile.TemporaryDirectory(prefix="estafeta-model-") as made:
            await self.models.fetch(model, Path(made))
            understander = await asyncio.to_thread(self._load, Path(made))
        await understander.understand(_TRIAL, deadline=_TRIAL_SECONDS)  # what is slow only once is over by now
        return understander

    async def tidy(self) -> None:
        """Removes what nobody needs any more, now and then, until cancelled: for one process at a time."""
        while True:
            await self._clock.sleep(_TIDIED_EVERY)
            try:
                if removed := await self.models.tidy():
                    _log.info("models_removed", models=removed)
            except EstafetaError as error:
                _log.warning("models_not_tidied", error=str(error))
