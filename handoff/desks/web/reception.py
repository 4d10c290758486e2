"""What every request of the desk goes by: who asks, about which conversation and message, and how a signal of
theirs leaves."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from estafeta.kernel.model import Address, Capabilities, Conversation, ConversationId, Entry, Event, Signal, SignalId
from estafeta.kernel.ports import Accept, Clock, Store
from estafeta.roster import ROLES, NotAllowed
from flows.model import Workspace
from handoff.desks.web import checks, wire
from handoff.desks.web.capable import CapabilitiesOf, can_view
from handoff.desks.web.refusals import Refused
from handoff.desks.web.sessions import Session, Sessions
from handoff.floor import Role

WorkspaceOf = Callable[[], Workspace]
"""The content that is in service now."""

_ID = re.compile(r"[A-Za-z0-9._-]{1,80}")
_NUMBER = re.compile(r"[0-9]{1,9}")


class Reception:
    """`capabilities` is None when nobody told what the channels can do: only words go out then."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        accept: Accept,
        sessions: Sessions,
        capabilities: CapabilitiesOf | None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._accept = accept
        self._sessions = sessions
        self._capabilities = capabilities

    def now(self) -> datetime:
        return self._clock.now()

    async def session(self, request: web.Request) -> Session:
        session = await self._sessions.find(request.cookies.get(checks.COOKIE, ""))
        if session is None:
            raise Refused(401, "not_logged_in")
        return session

    async def member(self, request: web.Request, role: Role) -> Session:
        """The session of somebody with at least that role. Raises `NotAllowed`."""
        session = await self.session(request)
        if ROLES.index(session.role) < ROLES.index(role):
            raise NotAllowed("needs_admin" if role == "admin" else "needs_supervisor")
        return session

    async def conversation(self, request: web.Request) -> Conversation:
        return await self.conversation_by(request.match_info["id"])

    async def conversation_by(self, given: str) -> Conversation:
        if not _ID.fullmatch(given):
            raise Refused(400, "field_wrong", field="id")
        mailbox = await self._store.load(ConversationId(given))
        if mailbox.conversation is None:
            raise Refused(404, "unknown_conversation")
        return mailbox.conversation

    async def entry(self, request: web.Request, conversation: Conversation) -> Entry:
        """The line of the timeline that the address names."""
        seq = place(request, "seq")
        found = await self.entry_by(conversation, seq)
        if found is None:
            raise Refused(404, "unknown_entry")
        return found

    async def entry_by(self, conversation: Conversation, seq: int) -> Entry | None:
        found = await self._store.entries(conversation.id, after=max(seq - 1, 0), limit=1)
        return found[0] if found and found[0].seq == seq else None

    def capabilities(self, address: Address) -> Capabilities | None:
        """None when nothing is connected there, or nobody told what it can do."""
        return None if self._capabilities is None else self._capabilities(address.channel, address.account)

    def can(self, conversation: Conversation) -> wire.Can | None:
        return can_view(conversation, self.capabilities(conversation.address), self.now())

    def changeable(self, conversation: Conversation, entry: Entry) -> Capabilities:
        """What the channel can do where the message stands. Raises `Refused` when it cannot be reached there."""
        link = next((link for link in conversation.links if link.entry == entry.id), None)
        if link is None:
            raise Refused(409, "too_old_to_change")
        known = self.capabilities(link.at)
        if known is None:
            raise Refused(409, "not_connected")
        if not link.here:
            raise Refused(409, "not_sent_yet")
        return known

    async def signal(self, session: Session, conversation: Conversation, message: str, event: Event) -> web.Response:
        """`message` is the client's own id of it, so that the same request again is the same signal."""
        signal = Signal(
            id=SignalId(f"web.{session.operator.id}.{message}"),
            at=self.now(),
            event=event,
            conversation=conversation.id,
        )
        accepted = await self._accept([signal])
        if accepted[0].conversation is None:
            raise Refused(404, "unknown_conversation")
        return checks.nothing(202)


def place(request: web.Request, name: str) -> int:
    """A whole number in the address. Raises `Refused`."""
    given = request.match_info[name]
    if not _NUMBER.fullmatch(given):
        raise Refused(400, "field_number", field=name, low=0, high=999_999_999)
    return int(given)


def own_message(entry: Entry, session: Session) -> str:
    """The desk's own id of the operator's message that the entry holds, as it was in `OperatorSaid`; "" when it
    is somebody else's. Ids of entries derive from those of their signals; the bot's words may come from one too."""
    prefix = f"web.{session.operator.id}."
    if entry.kind != "said" or entry.author.kind != "operator" or not entry.id.startswith(prefix):
        return ""
    return entry.id.removeprefix(prefix).split(".", 1)[0]
