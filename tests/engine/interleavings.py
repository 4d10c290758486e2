"""Customers, operators, timers, crashes and failing messengers in a random order, and what must hold whatever the
order is.

One interleaving is a conversation of some steps; `python -m tests.engine.interleavings --count 100000` runs so many,
each from a seed of its own, so that a failure is repeated by its number.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from estafeta.decide import Decision, NotUnderstood, decide
from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import (
    ActionFinished,
    Address,
    Capabilities,
    Conversation,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Delivered,
    Entity,
    Entry,
    Event,
    GaveUp,
    Intent,
    Operator,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorSaid,
    OperatorUndid,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    ReachabilityChanged,
    SaidElsewhere,
    Signal,
    SignalId,
    Stage,
    Text,
    TicketMoved,
    TimerFired,
    ToAction,
    ToCustomer,
    ToDesk,
    ToFiles,
    Understanding,
)
from estafeta.rules import Rules
from flows import loader
from flows.handoff_file import Skill
from flows.model import Workspace
from handoff.floor import Closure, Floor, Member
from tests.engine import silence
from tests.world import HOME

FOLDER = Path(__file__).parent / "workspace"
OPERATORS = (
    Operator(id="1", name="Anna", desk="web"),
    Operator(id="2", name="Boris", desk="forum"),
    Operator(id="3", name="Vera", desk="forum"),
)
NOTE = "between us"
CHANNELS = (
    Capabilities(text=4096, unit="utf16", buttons=100, label=64, edits=True, deletes=True, reactions="any"),
    Capabilities(text=4096, unit="codepoints", buttons=3, label=20, window=86400.0, merges=True, reconciles=True),
    Capabilities(text=4096, unit="utf16", public=True, private="https://example.org/private"),
)
WORDS = (
    "hello", "100234", "/start", "/human", "pay", "", "solved, thanks", "a person, please", "WHERE IS MY ORDER???",
    "this is a very long message that nobody could make any sense of", "2", "where are you?", "/order", "thanks",
)  # fmt: skip
MEANINGS = ("payment", "order_status", "human_request", "lost", "")
GAVE_UP = ("blocked", "no_rights", "no_answer", "window_closed")
_CUSTOMER, _OPERATOR, _OUTCOME, _TIME, _FLOOR, _CRASH = range(6)
_WEIGHTS = (5, 6, 8, 3, 1, 1)


class Broken(AssertionError):
    """Something that must always hold did not."""


@dataclass(slots=True)
class Interleaving:
    """One conversation; `steps` of it are taken by `run`."""

    chance: random.Random
    workspace: Workspace
    now: datetime = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    conversation: Conversation = field(init=False)
    rules: Rules = field(init=False)
    ids: set[str] = field(default_factory=set)
    number: int = 0
    cards: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.conversation = Conversation(id=HOME.conversation, address=HOME)
        able = self.chance.choice(CHANNELS)
        if self.chance.random() < 0.5:
            self.workspace = _taking_messages(self.workspace)
        self.rules = Rules(
            workspace=self.workspace, desks=("forum", "web"), channels={(HOME.channel, HOME.account): able}
        )

    def run(self, steps: int) -> None:
        for _ in range(steps):
            self.step()
        self._drain()

    def step(self) -> None:
        match self.chance.choices(range(6), _WEIGHTS)[0]:
            case 0:
                self.tell(self._customer())
            case 1:
                self.tell(self._operator())
            case 2:
                self._outcome()
            case 3:
                self._time(self.chance.choice((1, 20, 70, 400, 3700, 40_000, 90_000)))
            case 4:
                self._floor()
            case 5:  # what was not stored is gone
                self.conversation = decode(Conversation, encode(self.conversation))

    # --- what happens

    def _customer(self) -> Event:
        chance = self.chance
        offered = [button.id for button in self.conversation.offered]
        links = [link.here for link in self.conversation.links if link.here] or ["m0"]
        return chance.choices(
            (
                CustomerSaid(message=f"m{self.number}", parts=self._text(chance.choice(WORDS))),
                CustomerPressed(button=chance.choice((*offered, "human", "old", "")), label="Press"),
                CustomerEdited(message=chance.choice(links), parts=self._text("edited")),
                CustomerDeleted(message=chance.choice(links)),
                CustomerReacted(message=chance.choice(links), emoji="👍"),
                ReachabilityChanged(reachable=chance.random() < 0.5),
            ),
            (12, 4, 1, 1, 1, 1),
        )[0]

    def _text(self, words: str) -> tuple[Text, ...]:
        return (Text(text=words),) if words else ()

    def _operator(self) -> Event:
        chance, who = self.chance, self.chance.choice(OPERATORS)
        links = [link.there for link in self.conversation.links if link.there] or ["0"]
        moves = (
            TicketMoved(operator=who, move="take"),
            TicketMoved(operator=who, move="return", flow=chance.choice(("", "payment", "unheard-of"))),
            TicketMoved(operator=who, move="close", resolution=chance.choice(("", "refunded"))),
            TicketMoved(operator=who, move="transfer", skill=chance.choice(("delivery", "general", "unheard-of"))),
            TicketMoved(operator=who, move="transfer", to=chance.choice(OPERATORS).id),
            TicketMoved(
                operator=who, move="hold", until=self.now + timedelta(seconds=chance.choice((-5, 600, 90_000)))
            ),
            TicketMoved(operator=who, move="resume"),
            TicketMoved(operator=who, move="tag", tags=("vip", "late")),
            TicketMoved(operator=who, move="untag", tags=("vip",)),
            TicketMoved(operator=who, move="priority", priority=chance.randint(-20, 20)),
            TicketMoved(operator=who, move="block"),
            TicketMoved(operator=who, move="unblock"),
            TicketMoved(operator=who, move="ask_contact"),
        )
        move = replace(chance.choice(moves), sure=chance.random() < 0.5)
        said = OperatorSaid(
            operator=who, parts=self._text("from a person"), message=f"t{self.number}", sure=chance.random() < 0.3
        )
        return chance.choices(
            (
                said,
                OperatorNoted(operator=who, text=NOTE, message=f"t{self.number}"),
                move,
                OperatorUndid(operator=who, message=chance.choice(("", *links))),
                OperatorEdited(operator=who, message=chance.choice(links), parts=self._text("edited")),
                OperatorDeleted(operator=who, message=chance.choice(links)),
                SaidElsewhere(
                    operator=replace(who, desk="elsewhere"), message=f"e{self.number}", parts=self._text("hi")
                ),
            ),
            (6, 3, 9, 2, 1, 1, 1),
        )[0]

    def _outcome(self, *, ok: bool | None = None) -> bool:
        """What became of the first item of some destination. Whether there was one."""
        first: dict[str, OutboxItem] = {}
        for item in self.conversation.outbox:
            if item.not_before is None or item.not_before <= self.now:
                first.setdefault(item.destination, item)
        if not first:
            return False
        item = self.chance.choice(list(first.values()))
        self.tell(self._became(item, self.chance.random() < 0.85 if ok is None else ok))
        return True

    def _became(self, item: OutboxItem, ok: bool) -> Event:
        body = item.body
        if isinstance(body, ToAction):
            return ActionFinished(item=item.id, ok=ok, data={"number": "100234", "status": "new"} if ok else None)
        if not ok and not isinstance(body, ToDesk):  # a desk is shown until it answers
            return GaveUp(item=item.id, code=self.chance.choice(GAVE_UP), sentence="It could not be sent.")
        if isinstance(body, ToFiles | ToCustomer):
            return Delivered(item=item.id, external=f"ext-{item.id}", unknown=self.chance.random() < 0.1)
        if body.notice.kind == "card":
            self.cards.add(body.desk)
        # Topics are deleted and groups move: the next notice makes a topic anew, with its card.
        topic = self.chance.choice(("7", "8", str(self.number)))
        thread = Address(channel=body.desk, account="-100", chat=topic)
        return Delivered(item=item.id, external=f"{self.number}", thread=thread, card=topic)

    def _time(self, seconds: float) -> None:
        """So many seconds pass, and each timer fires at its time."""
        until = self.now + timedelta(seconds=seconds)
        for _ in range(200):
            due = min(self.conversation.timers, key=lambda timer: timer.at, default=None)
            if due is None or due.at > until:
                break
            self.now = max(self.now, due.at)
            before = self.conversation.timers
            self.tell(TimerFired(timer=due.name, due=due.at))
            if due in self.conversation.timers and before == self.conversation.timers:
                raise Broken(f"the timer {due.name} fires for ever")
        else:
            raise Broken(f"timers fire too often: {[timer.name for timer in self.conversation.timers]}")
        self.now = max(self.now, until)

    def _floor(self) -> None:
        chance = self.chance
        members = tuple(
            Member(
                id=who.id, desk=who.desk, name=who.name, role=chance.choice(("operator", "supervisor")),
                skills=chance.choice(((), ("general",), ("delivery",))), capacity=chance.choice((0, 1, 5)),
                presence=chance.choice((None, "on", "off", "away")), on_call=chance.random() < 0.3,
            )
            for who in OPERATORS if chance.random() < 0.7
        )  # fmt: skip
        away = Closure(skill="", since=self.now, until=self.now + timedelta(hours=2))
        floor = Floor(members=members, closures=(away,) if chance.random() < 0.3 else ())
        self.rules = replace(self.rules, floor=floor)

    def _drain(self) -> None:
        """Everything that waits goes out: nothing is left over, nothing is stuck."""
        for _ in range(2_000):
            if not self.conversation.outbox:
                break
            if not self._outcome(ok=True):
                self._time(61)
        else:
            raise Broken("what is to be sent has no end")
        if self.conversation.stage is not Stage.BOT and self.cards != set(self.rules.desks):
            raise Broken(f"a card is lost: {self.cards}")

    # --- deciding

    def tell(self, event: Event) -> None:
        self.number += 1
        signal = Signal(id=SignalId(f"s{self.number}"), at=self.now, event=event, address=self._from(event))
        before, meaning = self.conversation, self._meaning(event)
        decision = decide(before, [signal], meaning, self.now, self.rules)
        if self.number % 7 == 0:  # decided again after a crash, it is the same to the last byte
            again = decide(decode(Conversation, encode(before)), [signal], meaning, self.now, self.rules)
            require(encode(again.conversation) == encode(decision.conversation), "decided twice, two decisions")
        check(before, decision, event, self)
        made = {str(entry.id) for entry in decision.entries}
        require(len(made) == len(decision.entries) and not made & self.ids, "two entries of one name")
        self.ids |= made
        self.conversation = replace(decision.conversation, version=before.version + 1)

    def _from(self, event: Event) -> Address | None:
        return HOME if isinstance(event, CustomerSaid | CustomerPressed | CustomerEdited) else None

    def _meaning(self, event: Event) -> Understanding | NotUnderstood | None:
        if not isinstance(event, CustomerSaid | CustomerPressed) or self.conversation.stage is Stage.HUMAN:
            return None
        if self.chance.random() < 0.05:
            return NotUnderstood()
        intent = self.chance.choice(MEANINGS)
        confidence = 0.9 if intent else 0.1
        number = Entity(name="order_number", value="100234", start=0, end=6)
        return Understanding(
            intent=intent, confidence=confidence, entities=(number,),
            ranking=(Intent(name=intent, confidence=confidence),),
        )  # fmt: skip


# --- what must hold ------------------------------------------------------------------------------


def require(holds: bool, why: str) -> None:
    if not holds:
        raise Broken(why)


def check(before: Conversation, decision: Decision, event: Event, at: Interleaving) -> None:
    after = decision.conversation
    _one_owner(after)
    _somebody_is_called(after, at.now)
    had = {item.id for item in before.outbox}
    new = [item for item in after.outbox if item.id not in had]
    said = [item.body.message for item in new if isinstance(item.body, ToCustomer)]
    notices = [item.body for item in new if isinstance(item.body, ToDesk)]
    _words_are_whose_they_should_be(before, after, said, decision.entries)
    spoken = silence.broken(before, after, new, decision.entries, at.workspace)
    require(not spoken, spoken)
    if before.stage is Stage.BOT and after.stage is Stage.QUEUED:
        cards = {body.desk for body in notices if body.notice.kind == "card"}
        require(cards == set(at.rules.desks), "a handoff that nobody notices")
    if isinstance(event, CustomerSaid) and before.stage is not Stage.BOT and after.stage is not Stage.BOT:
        heard = {body.desk for body in notices if body.notice.kind == "said"}
        require(before.blocked or heard == set(at.rules.desks), "people did not hear the customer")
    if isinstance(event, OperatorSaid):
        _an_operators_words(before, event, said, notices)
    _nothing_is_forgotten(before, after, event)
    require(after.seq == before.seq + len(decision.entries), "the timeline has a gap")


def _one_owner(after: Conversation) -> None:
    ticket = after.ticket
    require((ticket is not None) == (after.stage is not Stage.BOT), "a ticket exactly while people are concerned")
    owned = ticket is not None and ticket.assignee is not None
    require(owned == (after.stage is Stage.HUMAN), "an owner exactly while a person has the conversation")


def _somebody_is_called(after: Conversation, now: datetime) -> None:
    ticket = after.ticket
    if after.stage is Stage.HUMAN and ticket is not None and ticket.asked_at is not None:
        names = {timer.name for timer in after.timers}
        require(bool(names & {"owner", "hold"}), "the customer waits, and nobody will call whoever has it")
    if after.stage is not Stage.QUEUED or ticket is None:
        return
    require(ticket.offer is not None or ticket.promise is not None, "a ticket without owner, offer or promise")
    require(any(timer.at >= now for timer in after.timers), "a ticket that nobody will look at again")


def _words_are_whose_they_should_be(
    before: Conversation, after: Conversation, said: Sequence[OutboundMessage], entries: Sequence[Entry]
) -> None:
    for message in said:
        words = " ".join(part.text for part in message.parts if isinstance(part, Text))
        require(NOTE not in words, "a note reached the customer")
        require(message.to == HOME, "a message to somebody else")
    if after.blocked and before.blocked:
        words_said = [message for message in said if message.does == "say"]
        require(not words_said, "something was said to a customer who is blocked")


def _an_operators_words(
    before: Conversation, event: OperatorSaid, said: Sequence[OutboundMessage], notices: Sequence[ToDesk]
) -> None:
    """They reach the customer, or the operator is told why not; a colleague's conversation is not barged into."""
    sent = any(message.author.id == event.operator.id for message in said)
    told = any(body.notice.kind in ("conflict", "receipt") and body.notice.message == event.message for body in notices)
    require(sent or told, "an operator's words went nowhere, and nobody was told")
    held = before.ticket.assignee if before.ticket else None
    if held is not None and held.id != event.operator.id and not event.sure:
        require(not sent, "two people spoke at once")


def _nothing_is_forgotten(before: Conversation, after: Conversation, event: Event) -> None:
    gone = {item.id: item for item in before.outbox} | {}
    for item in after.outbox:
        gone.pop(item.id, None)
    gone.pop(OutboxId(getattr(event, "item", "")), None)
    if isinstance(event, OperatorUndid):  # the one way in which words that waited are not said
        gone = {name: item for name, item in gone.items() if not isinstance(item.body, ToCustomer)}
    require(not gone, f"something to be done was forgotten: {list(gone)}")


def _taking_messages(workspace: Workspace) -> Workspace:
    """With a skill that takes messages out of hours."""
    general = Skill.model_validate({"title": "General", "off_hours": "message"})
    bot = workspace.bot.model_copy(update={"skills": {**workspace.bot.skills, "general": general}})
    return replace(workspace, bot=bot)


# --- many ----------------------------------------------------------------------------------------


def run(seeds: Sequence[int], steps: int = 24) -> int:
    """How many held. Raises `Broken` with the seed of the first that did not."""
    workspace = loader.load(FOLDER)
    for seed in seeds:
        try:
            Interleaving(random.Random(seed), workspace).run(steps)
        except Exception as error:
            raise Broken(f"seed {seed}: {error}") from error
    return len(seeds)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=100_000, help="how many interleavings (100,000)")
    parser.add_argument("--steps", type=int, default=24, help="steps of each (24)")
    parser.add_argument("--first", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args(arguments)
    size = 500
    chunks = [
        range(first, min(first + size, given.first + given.count))
        for first in range(given.first, given.first + given.count, size)
    ]
    done = 0
    work: Callable[..., Any] = run
    with ProcessPoolExecutor(given.processes) as pool:
        for count in pool.map(work, chunks, [given.steps] * len(chunks)):
            done += count
            print(f"\r{done} of {given.count} interleavings hold", end="", flush=True)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
