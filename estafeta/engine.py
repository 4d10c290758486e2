"""Turns: takes what waits for a conversation, understands, decides, commits, hands on what is to be
done outside. Any number of engines may work on one store; the version check keeps them apart.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from estafeta.decide import Decision, Meaning, NotUnderstood, decide, decide_broken, needs_understanding
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import (
    Conversation,
    ConversationId,
    Entry,
    OutboxId,
    Signal,
    Stage,
    TicketMoved,
    Understanding,
)
from estafeta.kernel.ports import MAILBOX, Bus, Change, Clock, Live, Mailbox, Store, Understander
from estafeta.lanes import Lanes
from estafeta.presence import Presence
from estafeta.rules import Rules
from estafeta.turn import Turn, album, shared_out
from estafeta.understanding import Asking
from handoff import triggers

_log = structlog.get_logger("engine")

_REMEMBERED = 2_000
_TRIES = 20
ALBUM_SECONDS = 0.7
"""So long after its last part an album is taken for whole."""


class HandsOn(Protocol):
    """Whoever does what conversations want done outside."""

    def hand(self, conversation: Conversation, mine: frozenset[OutboxId], inherited: frozenset[OutboxId]) -> None:
        """Takes in hand those items in `mine` that it has not yet, and forgets those that the conversation
        no longer holds. Those `inherited` a worker that is gone had in hand."""
        ...

    def conversations(self) -> list[ConversationId]:
        """All that something is in hand of."""
        ...


@dataclass(slots=True)
class Tally:
    """What this engine has done since it started."""

    turns: int = 0
    signals: int = 0
    conflicts: int = 0
    handoffs: int = 0
    late_understandings: int = 0
    billable: int = 0


class Engine:
    """`deadline`: seconds that one try at understanding a text may take. `most`: how many conversations are
    worked on at once; while so many are, other workers get the wake-ups. `patience`: seconds that
    turns in hand get when stopping. `ready` is awaited before a talk on that release is decided.
    """

    def __init__(
        self,
        *,
        store: Store,
        bus: Bus,
        clock: Clock,
        understander: Understander,
        outbox: HandsOn,
        rules: Rules,
        presence: Presence,
        deadline: float = 3.0,
        patience: float = 5.0,
        most: int = 200,
    ) -> None:
        self._store = store
        self._bus = bus
        self._clock = clock
        self.asking = Asking(understander, clock, deadline)
        self._outbox = outbox
        self.rules = rules
        self.ready: Callable[[str], Awaitable[None]] = _as_it_is
        self.understander_of: Callable[[ConversationId], tuple[str, Understander]] = lambda _: ("", understander)
        self.decided: Callable[[Sequence[Entry]], None] | None = None
        self.look_at_team: Callable[[], Awaitable[None]] | None = None
        self._presence = presence
        self._most = most
        self.lanes: Lanes[ConversationId] = Lanes("engine", self.turn, patience=patience)
        self._outcomes: dict[ConversationId, list[Signal]] = {}
        self._unseen: set[ConversationId] = set()
        self._unfinished: set[ConversationId] = set()
        self._latest: OrderedDict[ConversationId, Conversation] = OrderedDict()
        self._albums: dict[ConversationId, dict[str, tuple[int, float]]] = {}
        self._waking: set[asyncio.Task[None]] = set()
        self.tally = Tally()
        presence.on_lapse = self._lapsed

    def heard(self, signal: Signal) -> None:
        """What became of an item that this process holds, for its conversation's next turn.

        It need not be stored first: until the turn is committed the item stays in the conversation's
        outbox, and a crash in between is the same as one before the outcome was known.
        """
        if signal.conversation is None:
            raise ValueError(f"signal {signal.id} is about no conversation")
        self._outcomes.setdefault(signal.conversation, []).append(signal)
        self.lanes.wake(signal.conversation)

    async def run(self) -> None:
        """Takes wake-ups until cancelled. `lanes` must be open, and for as long as the outbox sends: its
        outcomes are applied in them."""
        try:
            async for conversation in self._bus.wakes():
                self.wake(conversation)
                await self.lanes.room(self._most)
        finally:
            for task in self._waking:
                task.cancel()

    def wake(self, conversation: ConversationId) -> None:
        """There may be news in the store about this conversation."""
        self._unseen.add(conversation)
        self.lanes.wake(conversation)

    def unfinished(self) -> list[ConversationId]:
        """Conversations whose last turn failed, each told once: somebody must wake them again, for it
        may be known only here what is left to do (the outcome of a send, a commit that went through
        although its answer was lost)."""
        found = list(self._unfinished)
        self._unfinished.clear()
        return found

    def _lapsed(self) -> None:
        for conversation in self._outbox.conversations():
            self.wake(conversation)

    async def turn(self, conversation: ConversationId) -> None:
        """What waits for one conversation, a mailbox full at most, in one commit."""
        done = False
        try:
            done = await self._tried(conversation)
        finally:
            if not done:
                self._unseen.add(conversation)
                self._unfinished.add(conversation)
            self._bus.done(conversation)

    async def _tried(self, conversation: ConversationId) -> bool:
        for _ in range(_TRIES):
            try:
                await self._turn(conversation)
                return True
            except Conflict:
                self.tally.conflicts += 1
                self._unseen.add(conversation)
            except StoreUnavailable as error:
                _log.warning("store_unavailable", conversation=conversation, error=str(error))
                return False
        _log.warning("crowded_out", conversation=conversation)  # others are at it
        return False

    async def _turn(self, conversation_id: ConversationId) -> None:
        began = time.perf_counter()
        mailbox = await self._mailbox(conversation_id)
        if mailbox.conversation is not None:
            await self.ready(mailbox.conversation.dialog.release)
        rules = self.rules  # the whole turn sees one content
        model = self.understander_of(conversation_id)  # and one model
        now = self._clock.now()
        outcomes = tuple(self._outcomes.get(conversation_id, ()))
        work = Turn(mailbox, conversation_id, now, outcomes)
        work.fire_timers()
        before = work.conversation
        growing = self._growing(conversation_id, mailbox.signals)
        while (group := work.next_group(rules, growing)) is not None:
            rules = await self._with_team(group, rules)
            meaning = await self._meaning(model, work.conversation, group, rules)
            decision = self._decide(work.opened(group[0]), group, meaning, now, rules)
            work.advanced(decision.conversation, decision.entries, group)
        if work.conversation is None:
            return
        gone = await self._presence.gone(work.conversation.holders)
        me = self._presence.name
        inherited = frozenset(item.id for item in work.conversation.outbox if item.holder and item.holder in gone)
        work.conversation = shared_out(work.conversation, me, gone)
        if work.applied or work.conversation is not before:
            await self._commit(work, before)
            self._forget(conversation_id, len(outcomes))
            if work.holds_back:
                self._unseen.add(conversation_id)  # the next turn must look for them in the store
            self._remember(work.conversation)
            if len(mailbox.signals) == MAILBOX and work.applied_from_mailbox:
                self.wake(conversation_id)  # there are more
        mine = frozenset(item.id for item in work.conversation.outbox if item.holder == me)
        self._outbox.hand(work.conversation, mine, inherited & mine)
        if work.applied:
            self._finished(work, before, began)
            await self._bus.announce(Live(kind="changed", conversation=conversation_id))

    async def _with_team(self, group: Sequence[Signal], rules: Rules) -> Rules:
        """A conversation may be passed on to somebody who has joined a moment ago, before the floor was looked at."""
        named = {signal.event.to for signal in group if isinstance(signal.event, TicketMoved) and signal.event.to}
        if self.look_at_team is None or not named - {member.id for member in rules.floor.members}:
            return rules
        await self.look_at_team()
        return replace(rules, floor=self.rules.floor)

    async def _mailbox(self, conversation: ConversationId) -> Mailbox:
        """From the store; but when only outcomes of our own sends are to be applied, what was committed
        here last will do, and if it is out of date the commit says so."""
        latest = self._latest.pop(conversation, None)
        if latest is not None and conversation not in self._unseen:
            return Mailbox(conversation=latest, signals=())
        self._unseen.discard(conversation)
        return await self._store.load(conversation)

    def _remember(self, conversation: Conversation) -> None:
        """Worth it only while something is in flight that will come back."""
        if conversation.outbox:
            self._latest[conversation.id] = conversation
            if len(self._latest) > _REMEMBERED:
                self._latest.popitem(last=False)

    def _forget(self, conversation: ConversationId, count: int) -> None:
        """Outcomes that were committed; more may have come in meanwhile."""
        if count:
            left = self._outcomes[conversation][count:]
            if left:
                self._outcomes[conversation] = left
            else:
                del self._outcomes[conversation]

    async def _commit(self, work: Turn, before: Conversation | None) -> None:
        expected = before.version if before is not None else 0
        if work.conversation is None:
            return
        work.conversation = replace(work.conversation, version=expected + 1)
        await self._store.commit(
            Change(
                conversation=work.conversation,
                expected_version=expected,
                applied=tuple(work.applied_from_mailbox),
                entries=tuple(work.entries),
            )
        )
        if self.decided is not None and work.entries:
            self.decided(tuple(work.entries))

    def _growing(self, conversation: ConversationId, signals: Sequence[Signal]) -> frozenset[str]:
        """Albums in the mailbox that may not be whole yet: messengers send their parts one by one and no word
        of the last. Looked at again when nothing was added for a moment."""
        sizes = Counter(group for signal in signals if (group := album(signal)))
        before = self._albums.pop(conversation, {})
        if not sizes:
            return frozenset()
        now = self._clock.monotonic()
        seen = {}
        for group, size in sizes.items():
            known, since = before.get(group, (0, now))
            seen[group] = (size, since if known == size else now)
        growing = frozenset(group for group, (_, since) in seen.items() if now - since < ALBUM_SECONDS)
        if growing:
            self._albums[conversation] = seen
            task = asyncio.get_running_loop().create_task(self._wake_later(conversation))
            self._waking.add(task)
            task.add_done_callback(self._waking.discard)
        return growing

    async def _wake_later(self, conversation: ConversationId) -> None:
        await self._clock.sleep(ALBUM_SECONDS)
        self.wake(conversation)

    def _decide(
        self, conversation: Conversation, group: Sequence[Signal], meaning: Meaning, now: datetime, rules: Rules
    ) -> Decision:
        """The decision; when making it fails on our side, one that calls people instead."""
        try:
            return decide(conversation, group, meaning, now, rules)
        except Exception:
            _log.exception("decision_failed", conversation=conversation.id, signals=[signal.id for signal in group])
            return decide_broken(conversation, group, now, rules)

    async def _meaning(
        self, model: tuple[str, Understander], conversation: Conversation | None, group: list[Signal], rules: Rules
    ) -> Meaning:
        """What the messages mean together; when that is not clear, what the clearest of them means:
        "blah" and "a person, please" are a wish for a person."""
        together = await self._understand(model, needs_understanding(conversation, group, rules), group, rules)
        enough = rules.workspace.bot.fallback.confidence
        if len(group) == 1 or not isinstance(together, Understanding) or together.confidence >= enough:
            return together
        clearest = together
        for signal in group:
            text = needs_understanding(conversation, [signal], rules)
            alone = await self._understand(model, text, [signal], rules)
            if isinstance(alone, Understanding) and alone.confidence > clearest.confidence:
                clearest = alone
        return replace(clearest, entities=together.entities) if clearest.confidence >= enough else together

    async def _understand(
        self, model: tuple[str, Understander], text: str, group: Sequence[Signal], rules: Rules
    ) -> Meaning:
        if not text:
            return None
        name, understander = model
        workspace = rules.workspace
        sent = group[-1].at.astimezone(workspace.hours.zone)
        wish = triggers.asked_for_person(workspace, text, None)  # clear as it is: what else it means may be had, or not
        found = await self.asking.ask(
            text,
            workspace.bot.handoff.reasons.bot_down,
            once=wish,
            at=sent,
            region=workspace.bot.region,
            by=understander,
        )
        if found is not None:
            return found
        self.tally.late_understandings += 1
        return NotUnderstood(model=name)

    def _finished(self, work: Turn, before: Conversation | None, began: float) -> None:
        self.tally.turns += 1
        self.tally.signals += len(work.applied)
        self.tally.billable += work.billable
        after = work.conversation
        was = before.stage if before is not None else Stage.BOT
        if after is None:
            return
        if after.stage is Stage.QUEUED and was is not Stage.QUEUED:
            self.tally.handoffs += 1
        # What became of sends is detail; what people said and did is what is looked for.
        log = _log.debug if work.only_outcomes else _log.info
        log(
            "turn",
            conversation=after.id,
            signals=work.applied,
            stage=after.stage.value,
            was=was.value,
            version=after.version,
            ms=round((time.perf_counter() - began) * 1000, 2),
        )


async def _as_it_is(release: str) -> None:
    """Where nobody keeps releases there is nothing to be read before a talk is decided."""
