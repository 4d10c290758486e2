"""How conversations stand, on their cards and topics: drawn as far as it is worth a call.

A card is drawn at once if there is room for it, and later else: nothing waits for it. Whose turn it is, the topic's
icon tells, and each change of it is a call, and a line in the topic too. So that a customer waits is drawn soon, and
that they do not any more when it has settled (`painter`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import ConversationId, Stage
from estafeta.kernel.ports import DeskView, Receipt
from handoff.desks.telegram_forum.painter import AGAIN, SOON, Painter
from handoff.desks.telegram_forum.records import Remembered
from handoff.desks.telegram_forum.topic import Drawing, open_until, state_of
from handoff.desks.telegram_forum.topics import Topics

_STALE = 0.25
"""The part of a window by which the card may be behind."""
_log = structlog.get_logger(__name__)


class States:
    """`rests`: seconds for which nobody waits for us before that is drawn; 0: everything is drawn at once."""

    def __init__(
        self, topics: Topics, painter: Painter, *, draw: Callable[[DeskView], Awaitable[Drawing]], rests: float
    ) -> None:
        self._topics = topics
        self._painter = painter
        self._draw = draw
        self._rests = rests
        self._newest: Remembered[ConversationId, int] = Remembered()

    def saw(self, view: DeskView) -> None:
        """What is older than this is not drawn any more."""
        conversation = view.conversation
        if conversation.version >= (self._newest.get(conversation.id) or 0):
            self._newest.put(conversation.id, conversation.version)

    async def show(self, view: DeskView) -> Receipt:
        """Raises `SendFailed`, but not for want of room."""
        topic = await self._topics.of(view)
        if topic is None or self._superseded(view):
            return Receipt()
        drawing, conversation = await self._draw(view), view.conversation
        look = await self._topics.look(view, topic)
        named = self._topics.named(look, drawing)
        if self._rests and self._topics.drawn(look, drawing) and not named:
            await self._want(view)
            return Receipt()
        try:
            drawn = await self._topics.redraw(
                view, drawing, partial(self._superseded, view), patience=0.0, rename=not self._rests
            )
        except SendFailed as failed:
            if failed.code != "paced":
                raise
            await self._painter.want(conversation.id, within=min(AGAIN, self._rests, failed.retry_after or 0.0))
            return Receipt()
        if drawn is None:
            return Receipt()
        if self._rests and (conversation.ticket is None or not named):
            await self._want(view)
        return Receipt(external=drawn.card, thread=self._topics.address(drawn), card=drawn.card)

    async def paint(self, view: DeskView, patience: float) -> None:
        """What was put off. Raises `SendFailed`, `paced` when there is still no room."""
        if self._superseded(view):  # while it waited for its turn with the conversation
            await self._painter.want(view.conversation.id, within=min(AGAIN, self._rests))
            return
        settles = self._settles(view)
        await self._topics.redraw(view, await self._draw(view), lambda: False, patience=patience, rename=settles <= 0)
        if settles > 0:
            await self._painter.want(view.conversation.id, within=settles)

    async def _want(self, view: DeskView) -> None:
        """That somebody took the ticket is told by the card, and changes little: an answer is still waited for."""
        soon = min(SOON, self._rests)
        within = self._rests if view.conversation.stage is Stage.HUMAN and state_of(view) != "held" else soon
        await self._painter.want(view.conversation.id, within=within)

    def _settles(self, view: DeskView) -> float:
        """Seconds until it will have stood for long enough that nobody waits for us."""
        ticket = view.conversation.ticket
        if ticket is None or ticket.replied_at is None or state_of(view) != "answered":
            return 0.0
        return self._rests - (view.now - ticket.replied_at).total_seconds()

    async def turn_changed(self, view: DeskView) -> None:
        """Whose turn it is may have changed with what was said: the icon tells, some time later."""
        if view.conversation.ticket is None or not self._rests:
            return
        try:
            topic = await self._topics.of(view)
            if topic is None:
                return
            look = await self._topics.look(view, topic)
            if look.name and not self._topics.named(look, await self._draw(view)):
                waited_for = state_of(view) == "needs"
                await self._painter.want(
                    view.conversation.id, within=min(SOON, self._rests) if waited_for else self._rests
                )
        except SendFailed as failed:  # the store is away
            _log.info("turn_not_drawn", code=failed.code)

    async def renew(self, view: DeskView) -> None:
        """Draws the card again when the customer's words left it far behind about how long one may write. Not after
        each of them: that would cost the group's budget as much as the words. A failure costs nothing but that."""
        window = view.capabilities.window if view.capabilities else None
        until = open_until(view)
        if window is None or until is None:
            return
        try:
            topic = await self._topics.of(view)
            if topic is None:
                return
            if until.timestamp() - (await self._topics.look(view, topic)).until > window * _STALE:
                await self._topics.forget_card(view.conversation)
                await self.show(view)
        except SendFailed as failed:
            _log.info("card_not_renewed", code=failed.code)

    def _superseded(self, view: DeskView) -> bool:
        return (self._newest.get(view.conversation.id) or 0) > view.conversation.version
