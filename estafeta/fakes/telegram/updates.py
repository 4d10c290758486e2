"""What waits for the bot: the queue of updates, long polling, and who may take from it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from estafeta.fakes.telegram.errors import Json, Refused
from estafeta.fakes.telegram.schema import document

NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

WEBHOOK_ACTIVE = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
OTHER_POLL = Refused(409, "terminated by other getUpdates request; make sure that only one bot instance is running")
SET_WEBHOOK = Refused(409, "terminated by setWebhook request")
GONE = Refused(502, "Bad Gateway")
"""The server goes down."""


@dataclass(slots=True, kw_only=True)
class Updates:
    """`webhook` takes updates as they come while a webhook is set; otherwise they wait for getUpdates."""

    pending: deque[Json] = field(default_factory=deque)
    next_id: int = 100_001
    allowed: list[str] = field(default_factory=list)
    """As the bot set it; empty: all but those of NOT_BY_DEFAULT. Outlives the call that set it."""
    webhook: Callable[[Json], None] | None = None
    _poll: asyncio.Future[None] | None = None

    def add(self, kind: str, payload: Json) -> Json | None:
        """The new update, or None when the bot has not asked for this kind."""
        if kind not in self.allowed if self.allowed else kind in NOT_BY_DEFAULT:
            return None
        update: Json = {"update_id": self.next_id, kind: payload}
        self.next_id += 1
        if self.webhook is not None:
            self.webhook(update)
            return update
        self.pending.append(update)
        if self._poll is not None and not self._poll.done():
            self._poll.set_result(None)
        return update

    def allow(self, kinds: list[str] | None) -> None:
        """`allowed_updates` of a call: None leaves the setting, unknown names are ignored (as the server does)."""
        if kinds is not None:
            known = document()["types"]["Update"]
            self.allowed = [kind for kind in kinds if kind in known and kind != "update_id"]

    def clear(self) -> None:
        self.pending.clear()

    async def poll(self, parameters: Json) -> list[Json]:
        """getUpdates. A newer poll ends the one that waits with 409, as the real server does."""
        if self.webhook is not None:
            raise Refused(409, WEBHOOK_ACTIVE)
        self.allow(parameters.get("allowed_updates"))
        limit = min(max(parameters.get("limit", 100), 1), 100)
        self._confirm(parameters.get("offset", 0))
        timeout = parameters.get("timeout", 0)
        if not self.pending and timeout > 0:
            await self._wait(timeout)
        return [self.pending[n] for n in range(min(limit, len(self.pending)))]

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            while len(self.pending) > -offset:
                self.pending.popleft()
        while offset > 0 and self.pending and self.pending[0]["update_id"] < offset:
            self.pending.popleft()

    async def _wait(self, timeout: float) -> None:
        self.end_poll(OTHER_POLL)
        mine = asyncio.get_running_loop().create_future()
        self._poll = mine
        try:
            async with asyncio.timeout(min(timeout, 50)):
                await mine
        except TimeoutError:
            return
        finally:
            if self._poll is mine:
                self._poll = None

    @property
    def polling(self) -> bool:
        """Whether a getUpdates waits for updates."""
        return self._poll is not None

    def end_poll(self, reason: Refused) -> None:
        """Ends a getUpdates that waits, with an error."""
        if self._poll is not None and not self._poll.done():
            self._poll.set_exception(reason)
        self._poll = None


def lane_of(update: Json) -> tuple[Any, str]:
    """Updates of one lane are delivered one after the other. The server keeps messages of a chat in one queue and
    buttons, reactions and memberships in queues of their own (`webhook_queue_id` in telegram-bot-api/Client.cpp)."""
    kind = next(key for key in update if key != "update_id")
    payload = update[kind]
    match kind:
        case "message" | "edited_message":
            return payload["chat"]["id"], "message"
        case "business_connection":
            return payload["user_chat_id"], kind
        case "callback_query":
            return payload["from"]["id"], kind
        case _:
            return payload["chat"]["id"], kind
