"""Whatever happens in whatever order: what must always hold of a decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estafeta.bot import Rules
from estafeta.decide import NotUnderstood, decide
from estafeta.kernel.codec import encode
from estafeta.kernel.model import (
    ActionFinished,
    Conversation,
    CustomerEdited,
    CustomerPressed,
    CustomerSaid,
    Delivered,
    Entity,
    Event,
    GaveUp,
    Intent,
    Operator,
    OperatorNoted,
    OperatorSaid,
    ReachabilityChanged,
    Signal,
    SignalId,
    Stage,
    Text,
    TicketMoved,
    TimerFired,
    ToAction,
    ToCustomer,
    ToDesk,
    Understanding,
)
from flows import loader
from handoff.policy import REMIND
from tests.world import HOME

WORKSPACE = loader.load(Path(__file__).parent / "workspace")
RULES = Rules(workspace=WORKSPACE, desks=("forum", "web"))
OPERATORS = [Operator(id="1", name="Anna", desk="web"), Operator(id="2", name="Boris", desk="forum")]
INTENTS = ["payment", "order_status", "human_request", "lost", ""]
SECRET_NOTE = "between us"

_operators = st.sampled_from(OPERATORS)


@dataclass(frozen=True)
class Outcome:
    """Lets the n-th item of the outbox succeed or fail."""

    number: int
    ok: bool


_events: st.SearchStrategy[Event | Outcome] = st.one_of(
    st.sampled_from(["hello", "100234", "/start", "/human", "pay", ""]).map(
        lambda text: CustomerSaid(message="m", parts=(Text(text=text),) if text else ())
    ),
    st.sampled_from(["human", "nothing-known", ""]).map(lambda button: CustomerPressed(button=button, label="Press")),
    st.just(CustomerEdited(message="m", parts=(Text(text="edited"),))),
    st.booleans().map(lambda value: ReachabilityChanged(reachable=value)),
    _operators.map(lambda who: OperatorSaid(operator=who, parts=(Text(text="from a person"),), message="9")),
    _operators.map(lambda who: OperatorNoted(operator=who, text=SECRET_NOTE)),
    st.builds(TicketMoved, operator=_operators, move=st.sampled_from(["take", "return", "close"])),
    st.just(TimerFired(timer=REMIND, due=datetime(2026, 1, 1, tzinfo=UTC))),
    st.builds(Outcome, number=st.integers(0, 5), ok=st.booleans()),
)
_steps = st.lists(st.tuples(_events, st.sampled_from(INTENTS), st.integers(0, 12 * 3600), st.booleans()), max_size=30)


def _meaning(event: Event, intent: str, late: bool) -> Understanding | NotUnderstood | None:
    if not isinstance(event, CustomerSaid | CustomerPressed):
        return None
    if late:
        return NotUnderstood()
    number = Entity(name="order_number", value="100234", start=0, end=6)
    confidence = 0.9 if intent else 0.1
    return Understanding(
        intent=intent, confidence=confidence, ranking=(Intent(name=intent, confidence=confidence),), entities=(number,)
    )


def _event(wanted: Event | Outcome, conversation: Conversation) -> Event | None:
    if not isinstance(wanted, Outcome):
        return wanted
    if wanted.number >= len(conversation.outbox):
        return None
    item = conversation.outbox[wanted.number]
    if isinstance(item.body, ToAction):
        order = {"number": "100234", "status": "new"}
        return ActionFinished(item=item.id, ok=wanted.ok, data=order if wanted.ok else None)
    if wanted.ok:
        return Delivered(item=item.id)
    return GaveUp(item=item.id, code="blocked", sentence="The customer has blocked the bot.")


def _check(before: Conversation, after: Conversation, event: Event, decision_entries: tuple[object, ...]) -> None:
    people = after.stage is not Stage.BOT
    assert (after.ticket is not None) == people
    assert (after.ticket is not None and after.ticket.assignee is not None) == (after.stage is Stage.HUMAN)
    new = [item for item in after.outbox if item not in before.outbox]
    said = [item.body.message for item in new if isinstance(item.body, ToCustomer)]
    notices = [item.body for item in new if isinstance(item.body, ToDesk)]
    if before.stage is Stage.HUMAN and after.stage is Stage.HUMAN:
        assert all(message.author.kind == "operator" for message in said), "the bot spoke while a person had it"
    for message in said:
        assert all(isinstance(part, Text) and SECRET_NOTE not in part.text for part in message.parts)
    if before.stage is Stage.BOT and after.stage is Stage.QUEUED:
        assert {body.desk for body in notices if body.notice.kind == "card"} == set(RULES.desks), "unnoticed handoff"
        assert said, "the customer was not told"
        assert any(timer.name == REMIND for timer in after.timers), "nobody would be reminded"
    if before.stage is not Stage.BOT and isinstance(event, CustomerSaid):
        assert {body.desk for body in notices if body.notice.kind == "said"} == set(RULES.desks), "people did not hear"
    if isinstance(event, OperatorSaid):
        assert any(message.author.kind == "operator" for message in said), "an operator's words went nowhere"
    assert after.seq == before.seq + len(decision_entries)
    lost = {item.id for item in before.outbox} - {item.id for item in after.outbox}
    assert lost <= {getattr(event, "item", "")}, "something to be done was forgotten"


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(_steps)
def test_no_order_of_events_breaks_a_promise(
    steps: list[tuple[Event | Outcome, str, int, bool]],
) -> None:
    now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    conversation = Conversation(id=HOME.conversation, address=HOME)
    ids: set[str] = set()
    for number, (wanted, intent, seconds, late) in enumerate(steps):
        now += timedelta(seconds=seconds)
        event = _event(wanted, conversation)
        if event is None:
            continue
        signal = Signal(id=SignalId(f"s{number}"), at=now, event=event, address=HOME)
        meaning = _meaning(event, intent, late)
        decision = decide(conversation, [signal], meaning, now, RULES)
        again = decide(conversation, [signal], meaning, now, RULES)
        assert encode(again.conversation) == encode(decision.conversation)
        assert [encode(entry) for entry in again.entries] == [encode(entry) for entry in decision.entries]
        _check(conversation, decision.conversation, event, decision.entries)
        created = {str(entry.id) for entry in decision.entries}
        assert len(created) == len(decision.entries)
        assert not created & ids
        ids |= created
        conversation = replace(decision.conversation, version=conversation.version + 1)
