"""Who people are: names by users.get, asked for behind everything else, many at once, and remembered.

Events carry numbers alone. Nothing that a customer does waits for a name: it is read with the names that are known
then, and what is missing follows by a signal of its own. Whoever types stands in the event of typing, so mostly there
is time enough.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import structlog

from bots.vk.client import VkClient
from bots.vk.wire import array, obj, positive, short
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Profile

_REMEMBERED = 20_000
_AT_ONCE = 100
_WANTED = 2_000
_GATHER_SECONDS = 0.05
_AFTER_FAILURE_SECONDS = 5.0
_QUICKLY_SECONDS = 1.0
_PRIORITY = 4
_UNKNOWN = Profile()
_log = structlog.get_logger(__name__)


class Names:
    """Of the people who write to one community. `work` runs beside the channel; `learned` is told each name."""

    def __init__(self, client: VkClient, account: str, learned: Callable[[int, Profile], Awaitable[None]]) -> None:
        self._learned = learned
        self._client = client
        self._account = account
        self._known: OrderedDict[int, Profile] = OrderedDict()
        self._wanted: OrderedDict[int, None] = OrderedDict()
        self._asked = asyncio.Event()

    def profile(self, user: int) -> Profile:
        """What is known now; asks for nothing."""
        return self._known.get(user, _UNKNOWN)

    def want(self, user: int) -> None:
        """To be known soon. When very many are wanted, the latest have to come again."""
        if user not in self._known and len(self._wanted) < _WANTED:
            self._wanted[user] = None
            self._asked.set()

    async def soon(self, user: int) -> None:
        """Returns once the name is known, or cannot be had quickly: for our own people, of whom there are few."""
        if user not in self._known:
            with contextlib.suppress(SendFailed, TimeoutError):
                async with asyncio.timeout(_QUICKLY_SECONDS):
                    await self._learn([user])

    async def work(self) -> None:
        """Asks for what is wanted, until cancelled."""
        while True:
            await self._asked.wait()
            await asyncio.sleep(_GATHER_SECONDS)
            users = list(self._wanted)[:_AT_ONCE]
            try:
                await self._learn(users)
            except SendFailed as failed:
                _log.info("vk_names_unknown", account=self._account, code=failed.code)
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            for user in users:
                self._wanted.pop(user, None)
            if not self._wanted:
                self._asked.clear()

    async def _learn(self, users: list[int]) -> None:
        answer = await self._client.call("users.get", user_ids=users, fields="screen_name", priority=_PRIORITY)
        for about in map(obj, array(answer, _AT_ONCE)):
            user = positive(about.get("id"))
            if user is None:
                continue
            name = f"{short(about.get('first_name'))} {short(about.get('last_name'))}".strip()
            username = short(about.get("screen_name"))
            self._known[user] = Profile(name=short(name), username="" if username == f"id{user}" else username)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
            await self._learned(user, self._known[user])
