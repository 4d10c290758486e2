"""What every `Desk` promises. Inherit `DeskContract` and give the fixture `harness`.

The harness is the place with its operators: how one types, what they see. The desk is listening with
`harness.inbox` as accept when the fixture hands it out. A desk that reads the store puts the view
there in `show`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Literal

import pytest

from estafeta.kernel.model import (
    Address,
    Author,
    Conversation,
    Customer,
    DeskThread,
    Entry,
    EntryId,
    Intent,
    Notice,
    OperatorNoted,
    OperatorSaid,
    OutboxId,
    Reason,
    Signal,
    Stage,
    Text,
    Ticket,
    TicketId,
    TicketMoved,
    Understanding,
)
from estafeta.kernel.ports import Desk, DeskView, Receipt
from tests.contracts.inbox import Inbox

NOW = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
_items = count()


def item() -> OutboxId:
    return OutboxId(f"contract.{next(_items)}")


def make_view(
    name: str = "Анна Смирнова", *texts: str, stage: Stage = Stage.QUEUED, request: str = "Где мой заказ?"
) -> DeskView:
    """A customer of the site who said `texts` and waits for people (or is where `stage` says)."""
    address = Address(channel="widget", account="demo", chat=f"chat-{name}")
    conversation = Conversation(
        id=address.conversation,
        address=address,
        customer=Customer(addresses=(address,), name=name, language="ru", first_seen=NOW, messages=len(texts)),
        version=1,
        seq=len(texts),
        stage=stage,
        ticket=_ticket(request) if stage is not Stage.BOT else None,
        tickets=1,
        updated_at=NOW,
    )
    entries = tuple(
        Entry(
            id=EntryId(f"{address.conversation}.{number}"),
            conversation=address.conversation,
            seq=number,
            at=NOW + timedelta(seconds=number),
            author=Author(kind="customer", name=name),
            kind="said",
            parts=(Text(text=text),),
            channel="widget",
        )
        for number, text in enumerate(texts or (request,), 1)
    )
    return DeskView(conversation=conversation, entries=entries, now=NOW + timedelta(minutes=1))


def _ticket(request: str) -> Ticket:
    understanding = Understanding(
        intent="order_status", confidence=0.41, ranking=(Intent(name="order_status", confidence=0.41),)
    )
    return Ticket(
        id=TicketId("t1"),
        reason=Reason.USER_REQUEST,
        skill="general",
        opened_at=NOW,
        request=request,
        understandings=(understanding,),
    )


def placed(view: DeskView, desk: Desk, receipt: Receipt) -> DeskView:
    """The view after the engine has committed where the desk put the conversation."""
    if receipt.thread is None:
        return view
    thread = DeskThread(address=receipt.thread, card=receipt.card)
    threads = {**view.conversation.threads, desk.name: thread}
    return replace(view, conversation=replace(view.conversation, threads=threads))


def everything(view: DeskView) -> tuple[EntryId, ...]:
    return tuple(entry.id for entry in view.entries)


class DeskHarness(ABC):
    desk: Desk
    inbox: Inbox

    async def show(self, notice: Notice, view: DeskView, *, outbox: OutboxId | None = None) -> DeskView:
        """Has the desk show it, and returns the view as it is afterwards."""
        receipt = await self.desk.show(outbox or item(), notice, view)
        return placed(view, self.desk, receipt)

    @abstractmethod
    async def types(self, view: DeskView, text: str) -> None:
        """An operator writes this to the customer."""

    @abstractmethod
    async def notes(self, view: DeskView, text: str) -> None:
        """An operator writes this for colleagues only."""

    @abstractmethod
    async def moves(self, view: DeskView, move: Literal["take", "return", "close"]) -> None: ...

    @abstractmethod
    async def sees(self, view: DeskView) -> str:
        """All that stands on the desk about this conversation now, as a person reads it."""

    @abstractmethod
    def concerns(self, signal: Signal, view: DeskView) -> bool:
        """Whether the signal is about this conversation (by its id, or by its thread)."""


class DeskContract:
    async def opened(self, harness: DeskHarness, view: DeskView) -> DeskView:
        return await harness.show(Notice(kind="card"), view)

    async def test_a_card_tells_who_and_what(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view("Анна Смирнова", "Где мой заказ 12345?"))
        seen = await harness.sees(view)
        for fact in ("Анна Смирнова", "Где мой заказ?", "Где мой заказ 12345?", "order_status"):
            assert fact in seen

    async def test_a_customers_words_are_shown_as_they_are(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view("<b>Ян</b> & Ко", "<i>где</i> &amp; </blockquote> *мой*", "заказ"))
        view = await harness.show(Notice(kind="said", entries=everything(view)), view)
        seen = await harness.sees(view)
        for fact in ("<b>Ян</b> & Ко", "<i>где</i> &amp; </blockquote> *мой*", "заказ"):
            assert fact in seen

    async def test_words_may_come_before_any_card(self, harness: DeskHarness) -> None:
        view = make_view("Анна", "первое слово")
        view = await harness.show(Notice(kind="said", entries=everything(view)), view)
        assert "первое слово" in await harness.sees(view)

    async def test_what_an_operator_types_is_for_the_customer(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view())
        await harness.types(view, "Здравствуйте! Смотрю ваш заказ. 👍🏽")
        [signal] = await harness.inbox.have()
        assert isinstance(signal.event, OperatorSaid)
        assert signal.event.parts == (Text(text="Здравствуйте! Смотрю ваш заказ. 👍🏽"),)
        assert signal.event.operator.desk == harness.desk.name
        assert signal.event.operator.id
        assert signal.event.operator.name
        assert harness.concerns(signal, view)
        assert not signal.opens

    async def test_a_note_is_for_colleagues(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view())
        await harness.notes(view, "постоянный клиент, осторожно")
        [signal] = await harness.inbox.have()
        assert isinstance(signal.event, OperatorNoted)
        assert signal.event.text == "постоянный клиент, осторожно"
        assert harness.concerns(signal, view)

    @pytest.mark.parametrize("move", ["take", "return", "close"])
    async def test_a_ticket_is_moved(self, harness: DeskHarness, move: Literal["take", "return", "close"]) -> None:
        stage = Stage.QUEUED if move == "take" else Stage.HUMAN
        view = await self.opened(harness, make_view(stage=stage))
        await harness.moves(view, move)
        [signal] = await harness.inbox.have()
        assert isinstance(signal.event, TicketMoved)
        assert signal.event.move == move
        assert harness.concerns(signal, view)

    async def test_conversations_do_not_mix(self, harness: DeskHarness) -> None:
        anna = await self.opened(harness, make_view("Анна", "слова Анны"))
        boris = await self.opened(harness, make_view("Борис", "слова Бориса"))
        assert "слова Бориса" not in await harness.sees(anna)
        assert "слова Анны" not in await harness.sees(boris)
        await harness.types(boris, "ответ Борису")
        [signal] = await harness.inbox.have()
        assert harness.concerns(signal, boris)
        assert not harness.concerns(signal, anna)

    async def test_the_same_item_is_shown_once(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view("Анна", "только раз"))
        view = replace(view, entries=(replace(view.entries[0], parts=(Text(text="неповторимо"),)),))
        same = item()
        for _ in range(2):
            view = await harness.show(Notice(kind="said", entries=everything(view)), view, outbox=same)
        assert (await harness.sees(view)).count("неповторимо") == 1

    async def test_a_changed_state_can_be_seen(self, harness: DeskHarness) -> None:
        view = await self.opened(harness, make_view())
        before = await harness.sees(view)
        taken = replace(view.conversation, stage=Stage.HUMAN, version=2)
        view = await harness.show(Notice(kind="state"), replace(view, conversation=taken))
        assert await harness.sees(view) != before

    async def test_the_state_of_what_is_not_shown_costs_nothing(self, harness: DeskHarness) -> None:
        view = make_view(stage=Stage.BOT)
        assert await harness.desk.show(item(), Notice(kind="state"), view) == Receipt()

    @pytest.mark.parametrize("kind", ["reminder", "info"])
    async def test_other_notices_are_taken(self, harness: DeskHarness, kind: Literal["reminder", "info"]) -> None:
        view = await self.opened(harness, make_view())
        await harness.show(Notice(kind=kind, text="Клиент открыл чат снова."), view)
