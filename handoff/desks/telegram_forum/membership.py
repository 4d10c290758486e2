"""Who may answer customers: members of the group whom the roster lets. Who leaves ceases to be one at once."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from aiogram.methods import GetChatMember

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Operator
from estafeta.rights import NotAllowed
from handoff.desks.telegram_forum import staff
from handoff.desks.telegram_forum.names import Names
from handoff.desks.telegram_forum.read import Joining, Member, is_inside
from handoff.desks.telegram_forum.records import Remembered
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.texts import known

_MEMBER_SECONDS = 600.0
_log = structlog.get_logger(__name__)


class Membership:
    """Of one group; `siblings` are the other groups of the same operators."""

    def __init__(self, room: Room, names: Names, siblings: Sequence[int] = ()) -> None:
        self._room = room
        self._names = names
        self._siblings = siblings
        self._members: Remembered[int, float] = Remembered()

    async def stranger(self, user: int, operator: Operator, *, joins: bool = False) -> str:
        """Why this person may not answer customers, as the name of a sentence, or "". Raises `StoreUnavailable`."""
        why = await self._outside(user)
        if why or joins:
            return why
        try:
            await self._room.roster.require(operator)
        except NotAllowed as error:
            return error.code if known(error.code) else "stranger"
        return ""

    async def came_or_went(self, change: Member) -> None:
        """Raises `StoreUnavailable`."""
        self._members.pop(change.user)
        if change.inside:
            return
        await self._names.gone(change.operator)
        for group in self._siblings:
            if not await self._not_in(group, change.user):
                return
        await staff.gone(self._room, change.operator, change.by)

    async def welcome(self, joining: Joining) -> None:
        """Somebody showed an invitation in private: they are told there what came of it."""
        try:
            member = await staff.join(self._room, joining.token, joining.operator)
            words = staff.welcome(self._room, member, inside=not await self._outside(joining.user))
        except NotAllowed as error:
            words = staff.refused(self._room, error)
        await self._room.in_private(joining.user, words)

    async def _outside(self, user: int) -> str:
        """Asked of Telegram once in ten minutes; who leaves is told of by it, and off the roster at once."""
        now = self._room.clock.monotonic()
        seen = self._members.get(user)
        if seen is not None and now - seen < _MEMBER_SECONDS:
            return ""
        why = await self._not_in(self._room.group, user)
        if not why:
            self._members.put(user, now)
        return why

    async def _not_in(self, group: int, user: int) -> str:
        try:
            member = await self._room.client.call(
                GetChatMember(chat_id=group, user_id=user), priority=-1, patience=3.0, timeout=5.0
            )
        except SendFailed as failed:
            _log.warning("operator_not_checked", code=failed.code)
            return "stranger" if failed.fault in ("content", "customer") else "unsure"
        return "" if is_inside(member) else "stranger"
