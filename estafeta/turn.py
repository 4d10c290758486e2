"""One turn in the making: what waits for a conversation, in which order it is decided, what came of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from estafeta.kernel.model import (
    Address,
    Conversation,
    ConversationId,
    Customer,
    CustomerPressed,
    CustomerSaid,
    Delivered,
    Entry,
    OperatorSaid,
    Signal,
    SignalId,
    Stage,
    StatusChanged,
    TimerFired,
)
from estafeta.kernel.ports import Mailbox
from estafeta.rules import Rules
from flows import interpreter


class Turn:
    """What is being worked on: the conversation so far and what is left in its mailbox."""

    def __init__(
        self, mailbox: Mailbox, conversation_id: ConversationId, now: datetime, outcomes: tuple[Signal, ...]
    ) -> None:
        self.conversation = mailbox.conversation
        self.applied: list[SignalId] = []
        self.entries: list[Entry] = []
        self.only_outcomes = True
        self.billable = 0
        self._id = conversation_id
        self._now = now
        self._waiting = [*outcomes, *mailbox.signals]
        self._in_mailbox = frozenset(signal.id for signal in mailbox.signals)

    def fire_timers(self) -> None:
        """Due timers become signals here: derived from the conversation, they need not be stored."""
        if self.conversation is None:
            return
        for timer in self.conversation.timers:
            if timer.at <= self._now:
                self._waiting.append(
                    Signal(
                        id=SignalId(f"{self._id}.{timer.name}.{timer.at.isoformat()}"),
                        at=self._now,
                        event=TimerFired(timer=timer.name, due=timer.at),
                        conversation=self._id,
                    )
                )

    def next_group(self, rules: Rules, growing: frozenset[str] = frozenset()) -> list[Signal] | None:
        """The next signal, with the customer's further messages, or the rest of its album, right behind it.
        What is behind an album that is `growing` still waits with it.

        While a flow waits for an action's reply the customer's words wait too: the reply comes within
        seconds, and answers stay in order.
        """
        busy = (
            self.conversation is not None
            and self.conversation.stage is not Stage.HUMAN
            and interpreter.waits_for_call(rules.talks(self.conversation)[1], self.conversation.dialog)
        )
        for number, signal in enumerate(self._waiting):
            if album(signal) in growing:
                return None
            if busy and isinstance(signal.event, CustomerSaid | CustomerPressed):
                continue
            end = number + 1
            while end < len(self._waiting) and _folds(signal, self._waiting[end], growing):
                end += 1
            group = self._waiting[number:end]
            del self._waiting[number:end]
            return group
        return None

    def opened(self, signal: Signal) -> Conversation:
        """The conversation, or a new one for the signal that opens it."""
        if self.conversation is not None:
            return self.conversation
        address = signal.address or Address(channel="", account="", chat="")
        return Conversation(id=self._id, address=address, customer=Customer(first_seen=signal.at))

    def advanced(self, conversation: Conversation, entries: tuple[Entry, ...], group: list[Signal]) -> None:
        self.conversation = conversation
        self.only_outcomes = self.only_outcomes and isinstance(group[0].event, Delivered | StatusChanged)
        self.billable += sum(isinstance(one.event, StatusChanged) and one.event.billable for one in group)
        self.entries.extend(entries)
        self.applied.extend(signal.id for signal in group)

    @property
    def applied_from_mailbox(self) -> list[SignalId]:
        return [signal for signal in self.applied if signal in self._in_mailbox]

    @property
    def holds_back(self) -> bool:
        """Whether something in the mailbox was left for a later turn."""
        return bool(self._waiting)


def album(signal: Signal) -> str:
    return signal.event.group if isinstance(signal.event, CustomerSaid | OperatorSaid) else ""


def _folds(first: Signal, other: Signal, growing: frozenset[str]) -> bool:
    """Whether `other` belongs into one turn with `first`. Commands stand alone."""
    if isinstance(first.event, OperatorSaid):
        return bool(album(first)) and album(first) == album(other) and isinstance(other.event, OperatorSaid)
    if not isinstance(other.event, CustomerSaid) or not isinstance(first.event, CustomerSaid):
        return False
    if first.address != other.address:
        return False
    return not (_is_command(first.event) or _is_command(other.event) or album(other) in growing)


def _is_command(said: CustomerSaid) -> bool:
    return bool(said.parts) and getattr(said.parts[0], "text", "").startswith("/")


def shared_out(conversation: Conversation, me: str, gone: frozenset[str]) -> Conversation:
    """With a holder at work for each item of the outbox: its own, or whoever already holds something
    for the same destination, so that order is kept there; else this worker."""
    if all(item.holder not in gone for item in conversation.outbox):
        return conversation
    owners: dict[str, str] = {}
    for item in conversation.outbox:
        if item.holder not in gone:
            owners.setdefault(item.destination, item.holder)
    outbox = tuple(
        item if item.holder not in gone else replace(item, holder=owners.get(item.destination, me))
        for item in conversation.outbox
    )
    return replace(conversation, outbox=outbox)
