"""Signals, conversations and entries to fill stores with."""

from __future__ import annotations

import importlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from estafeta.kernel.model import (
    ActionFinished,
    Address,
    Author,
    Button,
    Contact,
    Conversation,
    ConversationId,
    Customer,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Delivered,
    DeskThread,
    Dialog,
    Entity,
    Entry,
    EntryId,
    Event,
    Frame,
    GaveUp,
    Intent,
    Link,
    Location,
    Mark,
    Media,
    Notice,
    Offer,
    Operator,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    OperatorUndid,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Past,
    Profile,
    ProfileLearned,
    ReachabilityChanged,
    Reason,
    SaidElsewhere,
    Signal,
    SignalId,
    Stage,
    StatusChanged,
    Survey,
    Template,
    Text,
    Ticket,
    TicketId,
    TicketMoved,
    Timer,
    TimerFired,
    ToAction,
    ToCustomer,
    ToDesk,
    ToFiles,
    UndeliveredMoved,
    Understanding,
    Unsupported,
)
from estafeta.kernel.ports import Change, Clock, Mailbox, Store

NOW = datetime(2026, 11, 21, 12, 0, 0, 123456, tzinfo=UTC)
ANNA = Address(channel="telegram", account="100", chat="1")
BORIS = Address(channel="widget", account="demo", chat="2")
TOPIC = Address(channel="telegram_forum", account="-100200", chat="7")
OPERATOR = Operator(id="o1", name="Вера", desk="web")
UNDERSTANDING = Understanding(
    intent="order_status",
    confidence=0.93,
    ranking=(Intent(name="order_status", confidence=0.93), Intent(name="delivery", confidence=0.04)),
    entities=(Entity(name="order_number", value="12345", start=4, end=9),),
    model="m1",
)

EVENTS: tuple[Event, ...] = (
    CustomerSaid(
        message="5",
        parts=(
            Text(text="Где мой заказ? 📦\x00"),
            Text(text="ссылка", marks=(Mark(kind="link", start=0, end=6, url="https://example.org"),)),
            Media(
                kind="voice",
                ref="AgAC",
                origin="telegram:shop",
                name="чек.ogg",
                mime="audio/ogg",
                size=2**40,
                duration=1.5,
            ),
            Location(latitude=55.75, longitude=-37.5, title="Дом"),
            Contact(phone="+70000000000", name="Анна", own=True),
            Unsupported(kind="dice"),
        ),
        profile=Profile(name="Анна", username="anna", language="ru"),
        reply_to="4",
        quote="Чем помочь?",
        payload="summer",
        group="album",
    ),
    CustomerDeleted(message="5"),
    CustomerReacted(message="4", emoji="👍🏽"),
    SaidElsewhere(operator=OPERATOR, message="6", parts=(Text(text="Отвечаю с телефона"),)),
    StatusChanged(message="7", status="failed", item=OutboxId("i1"), code="blocked", sentence="Нет", billable=True),
    OperatorEdited(operator=OPERATOR, message="77", parts=(Text(text="Добрый день"),)),
    OperatorDeleted(operator=OPERATOR, message="77"),
    OperatorReacted(operator=OPERATOR, message="5", emoji="❤"),
    UndeliveredMoved(item=OutboxId("i1"), move="resend", name="Вера"),
    CustomerEdited(message="5", parts=(Text(text=""),)),
    CustomerPressed(button="b1", label="Да", profile=Profile(name="Анна")),
    ProfileLearned(profile=Profile(name="Анна", username="anna")),
    ReachabilityChanged(reachable=False),
    OperatorSaid(
        operator=OPERATOR,
        parts=(Template(name="hello", language="ru", values=("Анна",), text="Здравствуйте, Анна!"),),
        message="77",
        reply_to="5",
        group="a",
        sure=True,
    ),
    OperatorNoted(operator=OPERATOR, text="// note", message="78"),
    TicketMoved(operator=OPERATOR, move="take"),
    TicketMoved(operator=OPERATOR, move="transfer", skill="delivery", to="o2", text="Он про доставку"),
    TicketMoved(operator=OPERATOR, move="hold", until=NOW),
    TicketMoved(operator=OPERATOR, move="close", resolution="Вернули деньги", tags=("refund", "$ref")),
    TicketMoved(operator=OPERATOR, move="return", flow="order-status", priority=-3),
    OperatorUndid(operator=OPERATOR, message="77"),
    TimerFired(timer="remind", due=NOW),
    ActionFinished(item=OutboxId("i1"), ok=True, data={"order": {"number": 12345, "lines": [1, 2.5, None, True]}}),
    Delivered(item=OutboxId("i1"), external="99", thread=TOPIC, card="3"),
    GaveUp(item=OutboxId("i1"), code="blocked", sentence="The customer blocked the bot."),
)


def opened(opener: str, place: str, clock: Clock) -> Store:
    """What the function named `module:function` makes; the same in this process and in a child."""
    module, function = opener.split(":")
    return cast(Store, getattr(importlib.import_module(module), function)(place, clock))


def said(name: object, address: Address = ANNA, *, text: str = "Здравствуйте") -> Signal:
    event = CustomerSaid(message=str(name), parts=(Text(text=text),))
    return Signal(id=SignalId(f"{address.key}:{name}"), at=NOW, event=event, address=address)


def told(name: object, conversation: ConversationId) -> Signal:
    event = TicketMoved(operator=OPERATOR, move="take")
    return Signal(id=SignalId(f"desk:{name}"), at=NOW, event=event, conversation=conversation)


def entry_of(signal: Signal, conversation: ConversationId, seq: int) -> Entry:
    return Entry(
        id=EntryId(f"{signal.id}.e"),
        conversation=conversation,
        seq=seq,
        at=signal.at,
        author=Author(kind="customer", name="Анна"),
        kind="said",
        parts=(Text(text=f"entry {seq}"),),
        channel="telegram",
    )


def decided(mailbox: Mailbox, address: Address = ANNA, **fields: Any) -> Change:
    """The change that applies all that waits in the mailbox, with one entry for each signal."""
    before = mailbox.conversation or Conversation(id=address.conversation, address=address)
    entries = tuple(entry_of(signal, before.id, before.seq + n) for n, signal in enumerate(mailbox.signals, start=1))
    fields = {"updated_at": NOW, **fields}
    after = replace(before, version=before.version + 1, seq=before.seq + len(entries), **fields)
    applied = tuple(signal.id for signal in mailbox.signals)
    return Change(conversation=after, expected_version=before.version, applied=applied, entries=entries)


def event_of(address: Address, seq: int, name: str, minutes: float = 0) -> Entry:
    """What happened in the conversation of `address`, so long after `NOW`."""
    return Entry(
        id=EntryId(f"{address.key}:event:{seq}"),
        conversation=address.conversation,
        seq=seq,
        at=NOW + timedelta(minutes=minutes),
        author=Author(kind="system"),
        kind="event",
        data={"event": name},
    )


def holding(address: Address, *entries: Entry) -> Change:
    """The first commit of a conversation, with these entries."""
    conversation = Conversation(id=address.conversation, address=address, version=1, seq=len(entries), updated_at=NOW)
    return Change(conversation=conversation, expected_version=0, applied=(), entries=entries)


def unsent(name: object, holder: str = "") -> OutboxItem:
    return OutboxItem(id=OutboxId(f"out{name}"), holder=holder, body=ToDesk(desk="web", notice=Notice(kind="card")))


def full_conversation() -> Conversation:
    """Every field holds something."""
    message = OutboundMessage(
        id=OutboxId("m1"), to=ANNA, parts=(Text(text="Да"),), buttons=(Button(id="b", text="Нет"),), seq=2,
        does="react", of="5", emoji="👍", reply_to="4",
    )  # fmt: skip
    later = NOW + timedelta(minutes=5)
    return Conversation(
        id=ANNA.conversation,
        address=ANNA,
        customer=Customer(
            addresses=(ANNA, BORIS),
            name="Анна",
            username="anna",
            language="ru",
            first_seen=NOW,
            messages=3,
            tags=("vip",),
        ),
        version=1,
        seq=2,
        stage=Stage.HUMAN,
        dialog=Dialog(
            frames=(Frame(flow="order", version="v1", step="2.1", attempts=1),),
            slots={"order": {"number": "12345", "sum": 10.5, "paid": True, "lines": [1, None]}},
            fallbacks=1,
        ),
        ticket=Ticket(
            id=TicketId("t1"),
            reason=Reason.USER_REQUEST,
            skill="delivery",
            opened_at=NOW,
            request="Где заказ?",
            understandings=(UNDERSTANDING,),
            assignee=OPERATOR,
            promise=later,
            first_reply_at=later,
            language="ru",
            priority=3,
            offer=Offer(to=("o1", "o2"), at=NOW, until=later, rung=2),
            wanted="o1",
            tags=("vip", "возврат"),
            held_until=later,
            asked_at=NOW,
            replied_at=later,
            taken_at=later,
        ),
        tickets=1,
        understandings=(UNDERSTANDING,),
        outbox=(
            OutboxItem(
                id=OutboxId("o1"), holder="worker-1", body=ToCustomer(message=message, receipt="77", desk="web")
            ),
            unsent(2, "worker-2"),
            OutboxItem(id=OutboxId("o3"), body=ToAction(action="lookup", arguments={"number": 5})),
            OutboxItem(id=OutboxId("o7"), body=ToDesk(desk="web", notice=full_notice()), not_before=later),
            OutboxItem(id=OutboxId("o4"), body=ToFiles(media=Media(kind="photo", ref="r", origin="vk:shop"))),
        ),
        timers=(Timer(name="remind", at=later),),
        threads={"telegram_forum": DeskThread(address=TOPIC, card="3")},
        told_closed_until=later,
        last_words="Где заказ?",
        links=(
            Link(
                entry=EntryId("e1"),
                by="bot",
                at=ANNA,
                here="8 9",
                there="5",
                desk="web",
                status="read",
                who="o1",
                said_at=NOW,
            ),
        ),
        offered=(Button(id="site", text="Сайт", url="https://example.org"),),
        heard_at=NOW,
        undelivered=(OutboxItem(id=OutboxId("o5"), body=ToCustomer(message=message)),),
        unsettled=(OutboxItem(id=OutboxId("o6"), body=ToCustomer(message=message)),),
        past=(
            Past(
                id=TicketId("t0"),
                reason=Reason.CSAT_BAD,
                skill="delivery",
                opened_at=NOW,
                ended_at=later,
                how="solved",
                assignee=OPERATOR,
                request="Где заказ?",
                intent="order_status",
                resolution="Нашёлся",
                tags=("vip",),
            ),
            Past(id=TicketId("t9"), reason=Reason.VIP, skill="", opened_at=NOW, ended_at=NOW, how="idle"),
        ),
        survey=Survey(about="person", asked_at=NOW, ticket="t0", operator="o1", rating="bad", why_until=later),
        blocked=True,
        updated_at=NOW,
    )


def full_notice() -> Notice:
    return Notice(
        kind="offer",
        entries=(EntryId("e1"),),
        text="already_taken",
        message="77",
        people=("o1", "o2"),
        values={"name": "Вера", "n": 1},
    )


def full_entry() -> Entry:
    return Entry(
        id=EntryId("full.e"),
        conversation=ANNA.conversation,
        seq=1,
        at=NOW,
        author=Author(kind="operator", name="Вера", id="o1"),
        kind="edit",
        parts=(Text(text="Здравствуйте, Анна"), Media(kind="voice", ref="r")),
        buttons=(Button(id="b", text="Нет"),),
        channel="telegram",
        understanding=UNDERSTANDING,
        data={"of": "e0", "n": 1},
    )
