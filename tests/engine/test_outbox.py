"""Sending: in order, patiently, honestly; and what the conversation is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog.testing

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import (
    ActionFinished,
    Address,
    Conversation,
    ConversationId,
    Delivered,
    Event,
    GaveUp,
    Json,
    Notice,
    OutboundMessage,
    OutboxId,
    OutboxItem,
    Signal,
    Text,
    ToAction,
    ToCustomer,
    ToDesk,
)
from estafeta.kernel.ports import DeskView, Mailbox, Receipt
from estafeta.outbox import ActionFailed, Outbox, Patience
from estafeta.presence import Presence
from storage.sqlite import SqliteStore
from tests.world import RecordingChannel, RecordingDesk

PATIENCE = Patience(customer=60.0, desk=600.0)


class SlowDesk(RecordingDesk):
    """Answers when it is let."""

    gate: asyncio.Event

    async def show(self, item: OutboxId, notice: Notice, view: DeskView) -> Receipt:
        await self.gate.wait()
        return await super().show(item, notice, view)


@dataclass(slots=True)
class SaidActions:
    """Gives the answer it was told to give."""

    answer: Json = None
    error: str = ""
    ran: list[tuple[OutboxId, str, Mapping[str, Json]]] = field(default_factory=list)

    async def run(self, item: OutboxId, action: str, arguments: Mapping[str, Json], release: str = "") -> Json:
        self.ran.append((item, action, arguments))
        if self.error:
            raise ActionFailed(self.error)
        return self.answer


class Office:
    """An outbox between ends that record."""

    def __init__(self, path: Path, language: str = "ru") -> None:
        self.clock = TestClock()
        self.channel = RecordingChannel()
        self.desk = SlowDesk()
        self.desk.gate = asyncio.Event()
        self.desk.gate.set()
        self.actions = SaidActions()
        self.store = SqliteStore(path, clock=self.clock)
        self.presence = Presence(store=self.store, clock=self.clock, lasts=1e9)
        self.told: list[Signal] = []
        self.let_go: list[ConversationId] = []
        self.outbox = Outbox(
            channels={("recorder", "test"): self.channel}, desks={"recording": self.desk}, actions=self.actions,
            store=self.store, clock=self.clock, presence=self.presence, patience=PATIENCE, language=language,
        )  # fmt: skip
        self.outbox.told = self._tell
        self.outbox.let_go = self.let_go.append
        self._news = asyncio.Event()

    def _tell(self, signal: Signal) -> None:
        self.told.append(signal)
        self._news.set()

    async def heard(self, count: int) -> None:
        """Returns when so many outcomes have been told."""
        async with asyncio.timeout(10):
            while len(self.told) < count:
                self._news.clear()
                await self._news.wait()

    def hand(self, chat: str, *bodies: ToCustomer | ToDesk | ToAction) -> None:
        """A conversation that wants just these done; ids are `chat.n`."""
        items = tuple(
            OutboxItem(id=OutboxId(f"{chat}.{number}"), body=body, holder=self.presence.name)
            for number, body in enumerate(bodies)
        )
        here = address(chat)
        held = Conversation(id=here.conversation, address=here, version=1, outbox=items)
        self.outbox.hand(held, frozenset(item.id for item in items), frozenset())

    async def done(self) -> list[Event]:
        async with asyncio.timeout(10):
            await self.outbox.lanes.idle()
        return [signal.event for signal in self.told]

    def about(self, item: str) -> Event:
        return next(signal.event for signal in self.told if getattr(signal.event, "item", "") == item)


def address(chat: str, channel: str = "recorder") -> Address:
    return Address(channel=channel, account="test", chat=chat)


def message(name: str, chat: str = "masha", channel: str = "recorder") -> ToCustomer:
    to = address(chat, channel)
    return ToCustomer(message=OutboundMessage(id=OutboxId(f"{chat}.{name}"), to=to, parts=(Text(text=name),)))


CARD = ToDesk(desk="recording", notice=Notice(kind="card"))


def unsure() -> SendFailed:
    return SendFailed("no_answer", "No answer came.", fault="messenger", maybe_sent=True)


def busy(seconds: float = 5.0) -> SendFailed:
    return SendFailed("too_many_requests", "Slow down.", fault="messenger", retry_after=seconds)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    made = Office(tmp_path / "store.db")
    await made.store.open()
    await made.presence.begin()
    async with made.outbox.lanes:
        yield made
    await made.store.close()


async def test_messages_go_out_in_order_and_each_is_told_of(office: Office) -> None:
    office.hand("masha", *[message(str(number)) for number in range(5)])
    events = await office.done()
    assert office.channel.texts == ["0", "1", "2", "3", "4"]
    assert [event.external for event in events if isinstance(event, Delivered)] == [f"ext-masha.{n}" for n in range(5)]
    assert office.outbox.tally.sent == 5


async def test_a_failure_holds_up_what_comes_after_it_in_its_conversation_only(office: Office) -> None:
    office.channel.failures.append(busy(30))
    office.hand("masha", message("first"), message("second"))
    await office.clock.asleep()
    office.hand("petya", message("hello", "petya"))
    await office.heard(1)
    assert office.channel.texts == ["hello"]
    await office.clock.advance(31)
    await office.done()
    assert office.channel.texts == ["hello", "first", "second"]


async def test_a_slow_desk_does_not_delay_the_customer(office: Office) -> None:
    office.desk.gate.clear()
    office.hand("masha", CARD, message("hello"), ToAction(action="look", arguments={"n": 1}))
    await office.heard(2)
    assert office.channel.texts == ["hello"]
    assert len(office.actions.ran) == 1
    office.desk.gate.set()
    await office.done()
    shown = office.about("masha.0")
    assert isinstance(shown, Delivered)
    assert shown.thread is not None
    assert await office.store.resolve(shown.thread) == address("masha").conversation


async def test_a_send_without_an_answer_is_repeated_once_and_counted(office: Office) -> None:
    office.channel.failures.append(unsure())
    office.hand("masha", message("hello"))
    await office.clock.asleep()
    await office.clock.advance(5)
    [event] = await office.done()
    assert isinstance(event, Delivered)
    assert not event.unknown  # the channel knows a message by its id
    assert office.channel.texts == ["hello"]
    assert (office.outbox.tally.unsure, office.outbox.tally.retried, office.outbox.tally.sent) == (1, 1, 1)


async def test_a_second_send_without_an_answer_is_the_last(office: Office) -> None:
    office.channel.failures += [unsure(), unsure(), unsure()]
    office.hand("masha", message("hello"))
    await office.clock.asleep()
    await office.clock.advance(5)
    events = await office.done()
    assert events == [GaveUp(item=OutboxId("masha.0"), code="no_answer", sentence="No answer came.")]
    assert len(office.channel.failures) == 1
    assert office.outbox.tally.gave_up == 1


async def test_a_desk_is_told_until_it_answers(office: Office) -> None:
    office.desk.failures += [unsure(), unsure(), unsure()]
    office.hand("masha", CARD)
    while not office.told:
        asleep, heard = asyncio.create_task(office.clock.asleep()), asyncio.create_task(office.heard(1))
        _, late = await asyncio.wait({asleep, heard}, return_when=asyncio.FIRST_COMPLETED)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        await office.clock.advance(10)
    assert [type(event) for event in await office.done()] == [Delivered]


async def test_a_desk_is_shown_when_the_store_is_back(office: Office) -> None:
    loads = iter([StoreUnavailable("away"), StoreUnavailable("away")])
    load = office.store.load

    async def flaky(conversation: ConversationId) -> Mailbox:
        for error in loads:
            raise error
        return await load(conversation)

    office.store.load = flaky  # type: ignore[method-assign]
    office.hand("masha", CARD)
    for _ in range(2):
        await office.clock.asleep()
        await office.clock.advance(1)
    assert [type(event) for event in await office.done()] == [Delivered]
    assert office.desk.kinds == ["card"]


async def test_a_pause_longer_than_the_patience_left_is_not_slept_through(office: Office) -> None:
    office.channel.failures.append(busy(PATIENCE.customer + 1))
    office.hand("masha", message("hello"))
    assert [type(event) for event in await office.done()] == [GaveUp]


async def test_it_gives_up_when_patience_ends_and_goes_on_with_the_next(office: Office) -> None:
    office.channel.failures += [busy() for _ in range(40)]
    office.hand("masha", message("first"), message("second"))
    await office.clock.asleep()
    await office.clock.advance(PATIENCE.customer + 30)
    given_up = office.about("masha.0")
    assert given_up == GaveUp(item=OutboxId("masha.0"), code="too_many_requests", sentence="Slow down.")
    office.channel.failures.clear()
    await office.clock.advance(70)
    await office.done()
    assert office.channel.texts == ["second"]


async def test_pauses_grow_and_are_never_shorter_than_asked(office: Office) -> None:
    office.channel.failures += [busy(0.0) for _ in range(7)]
    office.hand("masha", message("hello"))
    await office.clock.asleep()
    await office.clock.advance(12)
    assert office.channel.texts == []  # 0.5 + 1 + 2 + 4 + 8 and more, each by a fifth less or more
    await office.clock.advance(60)
    await office.done()
    assert office.channel.texts == ["hello"]


async def test_a_failure_for_good_is_told_at_once(office: Office) -> None:
    office.channel.failures.append(SendFailed("blocked", "The customer has blocked the bot.", fault="customer"))
    office.hand("masha", message("hello"))
    assert await office.done() == [
        GaveUp(item=OutboxId("masha.0"), code="blocked", sentence="The customer has blocked the bot.")
    ]


@pytest.mark.parametrize(
    ("language", "no_channel", "no_desk"),
    [
        ("ru", "Канал pigeon (test) сейчас не подключён: ответ не отправлен.", "Рабочее место office не подключено."),
        ("en", "The channel pigeon (test) is not connected now: the answer was not sent.",
         "The desk office is not connected."),
    ],
)  # fmt: skip
async def test_what_is_not_connected_is_told_in_the_operators_language(
    tmp_path: Path, language: str, no_channel: str, no_desk: str
) -> None:
    office = Office(tmp_path / "store.db", language)
    await office.presence.begin()
    async with office.outbox.lanes:
        office.hand("masha", message("hello", channel="pigeon"), ToDesk(desk="office", notice=Notice(kind="card")))
        await office.done()
    assert office.about("masha.0") == GaveUp(item=OutboxId("masha.0"), code="no_channel", sentence=no_channel)
    assert office.about("masha.1") == GaveUp(item=OutboxId("masha.1"), code="no_desk", sentence=no_desk)


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_a_mistake_of_ours_gives_up_with_a_sentence_and_stops_nothing(tmp_path: Path, language: str) -> None:
    office = Office(tmp_path / "store.db", language)
    await office.presence.begin()
    office.channel.failures.append(RuntimeError("hello"))  # type: ignore[arg-type]
    with structlog.testing.capture_logs() as logged:
        async with office.outbox.lanes:
            office.hand("masha", message("first"), message("second"))
            await office.done()
    broken = office.about("masha.0")
    assert isinstance(broken, GaveUp)
    assert broken.code == "internal"
    assert broken.sentence.startswith("Внутренняя" if language == "ru" else "An error")
    assert office.channel.texts == ["second"]
    assert [line["event"] for line in logged] == ["sending_broke"]


async def test_an_actions_outcome_is_told(office: Office) -> None:
    office.actions.answer = {"status": "sent"}
    office.hand("masha", ToAction(action="look", arguments={"number": "1"}))
    assert await office.done() == [ActionFinished(item=OutboxId("masha.0"), ok=True, data={"status": "sent"})]
    office.actions.error = "action look: no answer"
    office.hand("petya", ToAction(action="look"))
    assert (await office.done())[1:] == [
        ActionFinished(item=OutboxId("petya.0"), ok=False, error="action look: no answer")
    ]


async def test_an_item_in_hand_is_not_taken_twice_and_forgotten_when_done(office: Office) -> None:
    office.channel.failures.append(busy())
    office.hand("masha", message("hello"))
    await office.clock.asleep()
    office.hand("masha", message("hello"))
    assert office.outbox.conversations() == [address("masha").conversation]
    await office.clock.advance(10)
    await office.done()
    assert len(office.told) == 1
    office.hand("masha")  # the conversation has applied the outcome
    assert office.outbox.conversations() == []
