"""Who the people of the group are, as far as they were seen: Telegram tells a bot neither who is in a group nor whom an
@name belongs to (https://core.telegram.org/bots/api#available-methods).
"""

from __future__ import annotations

from estafeta.kernel.model import Operator
from estafeta.kernel.ports import Store
from handoff.desks.telegram_forum.records import Remembered

_MOST = 500


class Names:
    """Raises `StoreUnavailable`."""

    def __init__(self, store: Store, *, group_id: int) -> None:
        self._store = store
        self._at_names = f"forum.{group_id}.name."
        self._people = f"forum.{group_id}.person."
        self._seen: Remembered[str, str] = Remembered()

    async def saw(self, operator: Operator, username: str) -> None:
        if username:
            await self._keep(self._at_names + username.casefold(), operator.id)
        if operator.name:
            await self._keep(self._people + operator.id, operator.name)

    async def gone(self, operator: Operator) -> None:
        self._seen.pop(self._people + operator.id)
        await self._store.put(self._people + operator.id, None)

    async def user(self, username: str) -> str:
        """Whose @name it is, by id; "" when nobody is known to have it."""
        known = await self._store.get(self._at_names + username.casefold()[:64])
        return known if isinstance(known, str) else ""

    async def name(self, user: str) -> str:
        known = await self._store.get(self._people + user)
        return known if isinstance(known, str) else ""

    async def everybody(self) -> dict[str, str]:
        """Names by ids."""
        found = await self._store.items(self._people, limit=_MOST)
        return {key.removeprefix(self._people): name for key, name in found if isinstance(name, str)}

    async def _keep(self, key: str, value: str) -> None:
        if self._seen.get(key) != value:
            await self._store.put(key, value)
            self._seen.put(key, value)
