"""VK's API for one community, paced and translated.

Every call waits for its turn: VK counts all requests with a token, 20 a second
(https://dev.vk.com/ru/api/bots/development/messages). The turns come evenly, one by one, without a burst: what VK
counts is when requests arrive, and a burst that meets a slow moment would arrive as one request too many.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Mapping
from typing import Any

import structlog

from bots.pacing import Buckets, Pacer, Rate, TooBusy
from bots.vk.config import VkConfig
from bots.vk.failures import Language, failure, refusal
from bots.vk.session import Answered, Broken, Refused, VkSessions
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Clock

PATIENCE_SECONDS = 20.0
TOO_FAST = 6
CAPTCHA = 14

_BEHIND = 0.5
"""How many requests a second less than VK takes are made: half a request is what the way there may squeeze."""
_COOLING_SECONDS = 0.5
_CAPTCHA_SECONDS = 60.0
_AGAIN = 5
_SAYS = frozenset(
    (
        "messages.send",
        "messages.edit",
        "messages.delete",
        "messages.sendReaction",
        "messages.deleteReaction",
        "wall.createComment",
    )
)
_log = structlog.get_logger(__name__)


class VkClient:
    """One community's side of VK's API. `close` it.

    `buckets`: through them all processes that send as this community keep its limit together. `worker` says under
    which name this process works, "" while it may have been taken for dead: what waits for its turn when that
    changes is not said, for another process may have said it meanwhile.
    """

    def __init__(
        self,
        config: VkConfig,
        *,
        clock: Clock,
        buckets: Buckets | None = None,
        worker: Callable[[], str] = lambda: "alone",
    ) -> None:
        self.group_id = config.group_id
        self.language: Language = config.language
        self._account = config.name
        most = config.limits.per_second
        self._rate = Rate(burst=1.0, per_second=most - _BEHIND if most > 2 * _BEHIND else most / 2)
        self._sessions = VkSessions(
            config.token, base_url=config.base_url, threads=config.limits.threads, name=config.name
        )
        self._pacer = Pacer(clock, self._rate_of, buckets=buckets, scope=f"vk:{config.group_id}")
        self._worker = worker
        self._clock = clock

    def __repr__(self) -> str:
        return f"VkClient(community {self.group_id})"

    def close(self) -> None:
        self._sessions.close()

    async def call(self, method: str, *, priority: int = 0, patience: float = PATIENCE_SECONDS, **values: Any) -> Json:
        """The method's `response`, after waiting for its turn; values that are None are left out.

        Raises `SendFailed` and nothing else; `paced` when the turn does not come within `patience` seconds. Lower
        `priority` goes first. Too many requests (which other programs with this token may cause) are repeated here.
        """
        given = {name: _plain(value) for name, value in values.items() if value is not None}
        for _ in range(_AGAIN):
            outcome = await self._asked(method, given, priority, patience)
            if not (isinstance(outcome, Refused) and outcome.code == TOO_FAST):
                break
            self._pacer.penalise("community", _COOLING_SECONDS)
        if isinstance(outcome, Answered):
            return outcome.value
        if isinstance(outcome, Broken):
            raise failure(outcome.how, self.language)
        if outcome.code == CAPTCHA:
            self._pacer.penalise("community", _CAPTCHA_SECONDS)
            _log.error("vk_captcha", account=self._account, method=method, what_to_do="Look at the community on VK.")
        raise refusal(outcome.code, outcome.text, self.language)

    async def _asked(
        self, method: str, values: Mapping[str, Any], priority: int, patience: float
    ) -> Answered | Refused | Broken:
        asking = self._worker()
        await self._turn(priority, patience)
        if method in _SAYS and not (asking and self._worker() == asking):
            self._pacer.give_back("community")
            raise failure("paced", self.language, retry_after=0.0)
        return await self._sessions.call(method, values)

    async def _turn(self, priority: int, patience: float) -> None:
        """Returns when the next request may go out, and a thread is there to send it."""
        until = self._clock.monotonic() + patience
        while True:
            try:
                left = max(until - self._clock.monotonic(), 0.0)
                await self._pacer.wait("community", priority=priority, patience=left)
                if self._sessions.free:
                    return
                self._pacer.give_back("community")
                async with asyncio.timeout(max(until - self._clock.monotonic(), 0.0)):
                    await self._sessions.freed()
            except TooBusy as busy:
                raise failure("paced", self.language, retry_after=busy.retry_after) from None
            except TimeoutError:
                raise failure("paced", self.language, retry_after=1.0) from None

    def _rate_of(self, key: Hashable) -> Rate:
        return self._rate

    def refused(self, error: Mapping[str, Any]) -> SendFailed:
        """The failure that stands in a part of an answer: `{code, description}`."""
        code = error.get("code", error.get("error_code"))
        text = error.get("description", error.get("error_msg", ""))
        return refusal(code if isinstance(code, int) else 0, str(text), self.language)


def _plain(value: Any) -> Any:
    """As forms carry it (https://dev.vk.com/ru/api/api-requests)."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value
