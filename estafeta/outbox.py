"""Does outside what conversations want done, and tells the conversation what became of it.

Each destination of a conversation (the customer, each desk, actions) has a lane of its own: order is
kept within it, and a slow desk does not hold up the customer's answer. An item stays in the store
until its outcome has been applied, so that a crash repeats at most what was in flight.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Protocol

import structlog

from estafeta.attachments import Attachments
from estafeta.folding import FOLDED, folded
from estafeta.kernel.errors import EstafetaError, SendFailed, StoreUnavailable
from estafeta.kernel.model import (
    ActionFinished,
    Conversation,
    ConversationId,
    Delivered,
    GaveUp,
    Json,
    OutboxId,
    OutboxItem,
    Signal,
    SignalId,
    ToAction,
    ToCustomer,
    ToDesk,
    ToFiles,
)
from estafeta.kernel.ports import Channel, Clock, Desk, Receipt, Store
from estafeta.lanes import Lanes
from estafeta.presence import Presence
from estafeta.sending import Sending, latest
from estafeta.showing import Showing

_log = structlog.get_logger("outbox")

_SENTENCES = {
    "internal": (
        "Внутренняя ошибка при отправке; она записана в журнал.",
        "An error on our side while sending; it is in the log.",
    ),
    "no_channel": (
        "Канал {where} сейчас не подключён: ответ не отправлен.",
        "The channel {where} is not connected now: the answer was not sent.",
    ),
    "no_desk": ("Рабочее место {where} не подключено.", "The desk {where} is not connected."),
}
"""What operators read, in Russian and in English."""

Outcome = Delivered | GaveUp | ActionFinished

_VIEW_ENTRIES = 30
_LONGEST_PAUSE = 60.0
RECONCILED_WITHIN = 20.0
"""Seconds in which a messenger that tells what became of a send by our own id usually does."""
_LOOKED_EVERY = 1.0
_PACED_PAUSE = 0.2
"""The desk has waited for its turn already, and keeps its place in the queue."""


class Actions(Protocol):
    """Runs a flow's HTTP action. Raises `ActionFailed` when it is settled that it failed."""

    async def run(self, item: OutboxId, action: str, arguments: Mapping[str, Json], release: str = "") -> Json: ...


class ActionFailed(EstafetaError):
    """The action's service answered with an error, or not at all, after all tries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """For how many seconds sending is tried again before giving up, by destination."""

    customer: float = 3600.0
    desk: float = 86400.0


@dataclass(slots=True)
class Tally:
    """What this outbox has done since it started."""

    sent: int = 0
    retried: int = 0
    unsure: int = 0
    gave_up: int = 0


_Lane = str


@dataclass(frozen=True, slots=True, kw_only=True)
class _InHand:
    """An item as it was stored when it was taken in hand; its holder was this worker then. `begun`: another
    worker had it in hand before and is gone, so it may have been sent."""

    conversation: Conversation
    item: OutboxItem
    begun: bool = False


class _Settled(Exception):
    """The messenger told meanwhile what became of the item, and the conversation knows."""

    def __init__(self, conversation: Conversation) -> None:
        super().__init__()
        self.conversation = conversation


class _Paced(Exception):
    """Nothing of the item was shown yet: the desk has no room for it."""


class _TakenOver(Exception):
    """Another worker has the item, or nobody."""


class Outbox:
    """`told` takes the outcomes, `let_go` conversations of which items were let go; they are set by
    the composition root, since the engine that they belong to hands items to this very outbox.
    `language` is what operators read."""

    told: Callable[[Signal], None]
    let_go: Callable[[ConversationId], None]

    def __init__(
        self,
        *,
        channels: Mapping[tuple[str, str], Channel],
        desks: Mapping[str, Desk],
        actions: Actions,
        store: Store,
        clock: Clock,
        presence: Presence,
        attachments: Attachments | None = None,
        patience: Patience | None = None,
        language: str = "ru",
        stop_within: float = 5.0,
    ) -> None:
        self._attachments = attachments
        self._language = language
        self._channels = channels
        self._sending = Sending(channels, no_channel=partial(self._sentence, "no_channel"))
        self._showing = Showing(desks, channels, store=store, clock=clock, no_desk=partial(self._sentence, "no_desk"))
        self._actions = actions
        self._store = store
        self._clock = clock
        self._presence = presence
        self._patience = patience or Patience()
        self._held: dict[ConversationId, set[OutboxId]] = {}
        self._unknown: set[OutboxId] = set()
        self._waiting: dict[_Lane, deque[_InHand]] = {}
        self.lanes: Lanes[_Lane] = Lanes("outbox", self._work, patience=stop_within)
        self.tally = Tally()

    # --- the engine's side

    def conversations(self) -> list[ConversationId]:
        return list(self._held)

    def hand(self, conversation: Conversation, mine: frozenset[OutboxId], inherited: frozenset[OutboxId]) -> None:
        held = self._held.get(conversation.id)
        if held is None:
            if not mine:
                return
            held = self._held[conversation.id] = set()
        held &= {item.id for item in conversation.outbox}
        begun: set[_Lane] = set()
        for item in conversation.outbox:
            if item.id in mine and item.id not in held:
                held.add(item.id)
                lane = f"{conversation.id}/{item.destination}"
                # Of a lane only the first can have been on its way.
                first = item.id in inherited and lane not in begun
                begun.add(lane)
                in_hand = _InHand(conversation=conversation, item=item, begun=first)
                self._waiting.setdefault(lane, deque()).append(in_hand)
                self.lanes.wake(lane)
        if not held:
            del self._held[conversation.id]

    # --- sending

    async def _work(self, lane: _Lane) -> None:
        waiting = self._waiting.get(lane)  # None: woken for what the run before has just done
        while waiting:
            conversation = waiting[0].conversation
            if waiting[0].item.id not in self._held.get(conversation.id, ()):
                waiting.popleft()  # settled while it waited
                continue
            first = waiting[0]
            if await self._early(first):
                continue  # it may have been taken back meanwhile
            item, done_with = folded(
                [one.item for one in islice(waiting, FOLDED)], merges=self._sending.merges(first.item)
            )
            try:
                outcome = await self._perform(first, item)
            except _TakenOver:
                self._let_go(waiting)
                break
            except _Paced:
                continue  # what came meanwhile goes with it
            except _Settled as settled:
                outcome = await self._joined(settled.conversation, first.item)
                self.let_go(conversation.id)  # a turn of this worker has to see it too
            for done in done_with:
                waiting.remove(next(one for one in waiting if one.item.id == done))
                self.told(
                    Signal(
                        id=SignalId(f"{done}.done"),
                        at=self._clock.now(),
                        event=replace(outcome, item=done),
                        conversation=conversation.id,
                    )
                )
        self._waiting.pop(lane, None)

    async def _early(self, in_hand: _InHand) -> bool:
        """Waits a little if the item must not go yet. Whether it did."""
        not_before = in_hand.item.not_before
        left = (not_before - self._clock.now()).total_seconds() if not_before else 0.0
        if left > 0:
            await self._clock.sleep(min(left, _LOOKED_EVERY))
        return left > 0

    def _let_go(self, waiting: deque[_InHand]) -> None:
        """All of the lane, for what is behind the lost one must not overtake it. Some of it may be ours
        again, under another name, or soon: a turn finds out, and hands it here in order."""
        conversation = waiting[0].conversation.id
        _log.info("taken_over", conversation=conversation, items=[one.item.id for one in waiting])
        held = self._held.get(conversation, set())
        held.difference_update(one.item.id for one in waiting)
        if not held:
            self._held.pop(conversation, None)
        waiting.clear()
        self.let_go(conversation)

    async def _still_ours(self, in_hand: _InHand) -> None:
        """Raises `_TakenOver` unless the item is this worker's business still. Asked right before each
        try to send: a process that hung meanwhile may have been taken for dead."""
        if self._presence.sure and self._presence.name == in_hand.item.holder:
            return
        while True:
            await self._presence.assured()
            if self._presence.name == in_hand.item.holder:
                return
            try:
                stored = (await self._store.load(in_hand.conversation.id)).conversation
            except StoreUnavailable:
                await self._clock.sleep(1.0)
                continue
            ours = [item.id for item in stored.outbox if item.holder == self._presence.name] if stored else []
            if in_hand.item.id not in ours:
                raise _TakenOver
            if self._presence.sure:
                return

    async def _perform(self, in_hand: _InHand, item: OutboxItem) -> Outcome:
        """`item` is the one in hand, with those behind it that are done with it."""
        body, conversation = item.body, in_hand.conversation
        try:
            if isinstance(body, ToAction):
                await self._still_ours(in_hand)
                return await self._act(conversation, item, body)
            if isinstance(body, ToDesk):
                ours = partial(self._still_ours, in_hand)
                show = partial(self._showing.show, conversation, item.id, body, ours)
                receipt = await self._persist(in_hand, self._patience.desk, show, insist=True)
                return Delivered(item=item.id, external=receipt.external, thread=receipt.thread, card=receipt.card)
            if isinstance(body, ToFiles):
                await self._persist(in_hand, self._patience.customer, partial(self._fetch, body), insist=True)
                return Delivered(item=item.id)
            send = partial(self._sending.send, conversation, body)
            receipt = await self._persist(in_hand, self._patience.customer, send)
            return Delivered(item=item.id, external=receipt.external, unknown=in_hand.item.id in self._unknown)
        except SendFailed as failure:
            self.tally.gave_up += 1
            _log.warning("gave_up", conversation=conversation.id, item=item.id, code=failure.code, fault=failure.fault)
            return GaveUp(item=item.id, code=failure.code, sentence=failure.sentence)
        except (_TakenOver, _Settled, _Paced):
            raise
        except Exception:
            self.tally.gave_up += 1
            _log.exception("sending_broke", conversation=conversation.id, item=item.id)
            return GaveUp(item=item.id, code="internal", sentence=self._sentence("internal"))
        finally:
            self._unknown.discard(in_hand.item.id)

    async def _persist(
        self, in_hand: _InHand, patience: float, send: Callable[[], Awaitable[Receipt]], *, insist: bool = False
    ) -> Receipt:
        """Sends, and again while the failure is a passing one, up to `patience` seconds in all."""
        started = self._clock.monotonic()
        pause = 0.5
        doubted = False
        if in_hand.begun and not insist:
            await self._perhaps_sent(in_hand)
        while True:
            await self._still_ours(in_hand)
            try:
                receipt = await send()
                self.tally.sent += 1
                return receipt
            except StoreUnavailable as error:
                # A desk is shown what the store has: one waits for it, however long it is away.
                _log.warning("store_unavailable", item=in_hand.item.id, error=str(error))
                await self._clock.sleep(1.0)
            except SendFailed as failure:
                # No answer came back, so it may have arrived: sent once more, for a message shown twice
                # is better than one lost, and counted. A desk is told until it answers.
                if insist and failure.code == "paced":
                    await self._clock.sleep(max(failure.retry_after or 0.0, _PACED_PAUSE))
                    raise _Paced from None
                again = (insist or not doubted) if failure.maybe_sent else failure.retry_after is not None
                wait = failure.retry_after or 0.0
                waited = self._clock.monotonic() - started
                if failure.maybe_sent and self._sending.reconciles(in_hand.item):
                    await self._settled(in_hand)
                if not again or waited >= patience or waited + wait > patience:
                    raise
                doubted = doubted or failure.maybe_sent
                if failure.maybe_sent:
                    self._doubt(in_hand.item)
                self.tally.retried += 1
                _log.info("send_again", item=in_hand.item.id, code=failure.code, unsure=failure.maybe_sent)
                await self._clock.sleep(max(wait, pause * random.uniform(0.8, 1.2)))  # noqa: S311
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _perhaps_sent(self, in_hand: _InHand) -> None:
        """What a dead worker had begun is sent once more, unless the messenger tells that it arrived."""
        if self._sending.reconciles(in_hand.item):
            await self._settled(in_hand)
        if self._sending.idempotent(in_hand.item):
            return
        self._doubt(in_hand.item)
        _log.info("perhaps_sent_before", item=in_hand.item.id)

    def _doubt(self, item: OutboxItem) -> None:
        """Nobody knows whether it arrived: it goes once more, and the timeline will say so."""
        self.tally.unsure += 1
        if isinstance(item.body, ToCustomer) and not self._sending.idempotent(item):
            self._unknown.add(item.id)

    async def _settled(self, in_hand: _InHand) -> None:
        """Gives the messenger time to tell what became of a send without an answer. Raises `_Settled` if the
        conversation has heard of it, by this worker or by another."""
        until = self._clock.monotonic() + RECONCILED_WITHIN
        while self._clock.monotonic() < until:
            await self._clock.sleep(_LOOKED_EVERY)
            try:
                stored = (await self._store.load(in_hand.conversation.id)).conversation
            except StoreUnavailable:
                continue
            if stored is not None and all(item.id != in_hand.item.id for item in stored.outbox):
                raise _Settled(stored)

    async def _joined(self, settled: Conversation, first: OutboxItem) -> Outcome:
        """What became of the words that went in one message with `first`, which is settled: the same."""
        message = first.body.message.id if isinstance(first.body, ToCustomer) else ""
        if all(item.id != first.id for item in settled.undelivered):
            here = next((link.here for link in settled.links if link.entry == message), "")
            return Delivered(item=first.id, external=here)
        try:
            entries = await self._store.entries(settled.id, limit=_VIEW_ENTRIES, newest=True)
        except StoreUnavailable:
            entries = []
        failed = (entry for entry in reversed(entries) if entry.data.get("of") == message)
        sentence = next((str(entry.data.get("sentence") or "") for entry in failed), "")
        return GaveUp(item=first.id, code="undeliverable", sentence=sentence or self._sentence("internal"))

    async def _fetch(self, body: ToFiles) -> Receipt:
        if self._attachments is not None:
            await self._attachments.obtain(body.media)
        return Receipt()

    def _sentence(self, code: str, **values: str) -> str:
        russian, english = _SENTENCES[code]
        return (russian if self._language == "ru" else english).format(**values)

    async def _act(self, conversation: Conversation, item: OutboxItem, body: ToAction) -> ActionFinished:
        channel = self._channels.get((conversation.address.channel, conversation.address.account))
        if channel is not None:
            await channel.typing(conversation.address, message=latest(conversation, conversation.address))
        try:
            data = await self._actions.run(item.id, body.action, body.arguments, body.release)
        except ActionFailed as failure:
            _log.warning("action_failed", conversation=conversation.id, action=body.action, error=str(failure))
            return ActionFinished(item=item.id, ok=False, error=str(failure))
        return ActionFinished(item=item.id, ok=True, data=data)
