"""The review inbox: what in conversations is worth a look; kept once, until it is dealt with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from pydantic import SecretStr

from estafeta.app.faults.servers import MongoServer, served
from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import CustomerPressed, CustomerReacted, Entry, Intent, Json, Operator, Understanding
from estafeta.kernel.ports import Store
from estafeta.review import LONGEST, Decision, Inbox, Noted, cut, worth_a_look
from estafeta.review_watch import ReviewWatch, fill
from estafeta.tasks import ended
from storage.mongo.config import MongoConfig
from storage.mongo.store import MongoStore
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import ANNA, BORIS, NOW
from tests.engine.words import Words
from tests.world import HOME, World

ENOUGH = 0.5
VERA = Operator(id="o1", name="Вера", desk="web")


def found(entries: Sequence[Entry]) -> list[tuple[str, str]]:
    return [(one.why, one.text) for one in worth_a_look(entries, ENOUGH)]


def note(number: int = 1, text: str = "what is it", **more: Any) -> Noted:
    given: dict[str, Any] = {"why": "not_understood", "intent": "order", "confidence": 0.2, **more}
    return Noted(
        conversation=ANNA.conversation, seq=number, at=NOW + timedelta(seconds=number), text=text, **given
    )  # fmt: skip


def secret(text: str, names: Sequence[str]) -> str:
    for name in (*names, "Anna"):
        text = text.replace(name, "N")
    return text


# --- what is worth a look ------------------------------------------------------------------------


async def test_what_the_bot_did_not_understand_and_what_people_were_called_for(world: World) -> None:
    await world.says("I want to pay")
    await world.says("blah")
    await world.says("blub")
    await world.says("hum")
    seen = [(one.text, one.why, one.handed_over) for one in worth_a_look(await world.entries(), ENOUGH)]
    assert seen == [(text, "not_understood", text == "hum") for text in ("blah", "blub", "hum")]


async def test_what_is_surely_understood_a_command_and_a_button_are_not(world: World) -> None:
    await world.says("/start")
    await world.says("I want to pay")
    await world.tell(CustomerPressed(button="nothing", label="Whatever"))
    await world.settled()
    assert found(await world.entries()) == []


async def test_an_answer_to_the_bots_own_question_is_not(world: World) -> None:
    await world.says("where is my order")
    await world.says("123456")
    assert found(await world.entries()) == []


async def test_a_broken_model_is_no_reason_to_teach_it(world: World, words: Words) -> None:
    words.broken = True
    await world.says("blah")
    assert found(await world.entries()) == []


async def test_thumbs_down_is_for_the_words_that_were_answered(world: World) -> None:
    await world.says("I want to pay")
    answer = world.channel.sent[-1]
    await world.tell(CustomerReacted(message=f"ext-{answer.id}", emoji="👎🏽"))
    await world.settled()
    assert found(await world.entries()) == [("thumbs_down", "I want to pay")]


async def test_the_words_are_noted_in_the_turn_and_once(world: World, clock: TestClock) -> None:
    inbox = Inbox(world.store, clock, secret)
    await world.says("blah")
    first = await world.entries()
    assert await inbox.note_turn(first, ENOUGH) == 1
    assert await inbox.note_turn(first, ENOUGH) == 0
    (one,) = await inbox.waiting()
    assert (one.text, one.why, one.conversation) == ("blah", "not_understood", HOME.conversation)


async def test_a_later_mark_finds_what_it_is_about(world: World, clock: TestClock) -> None:
    inbox = Inbox(world.store, clock, secret)
    await world.says("I want to pay")
    before = len(await world.entries())
    await world.tell(CustomerReacted(message=f"ext-{world.channel.sent[-1].id}", emoji="👎"))
    await world.settled()
    assert await inbox.note_turn((await world.entries())[before:], ENOUGH) == 1
    assert [one.why for one in await inbox.waiting()] == ["thumbs_down"]


async def test_an_operator_says_what_it_was(world: World, clock: TestClock) -> None:
    inbox = Inbox(world.store, clock, secret)
    assert not await inbox.correct(HOME.conversation, "payment", VERA)
    await world.says("where is my order")
    assert await inbox.correct(HOME.conversation, "payment", VERA)
    (one,) = await inbox.waiting()
    assert (one.why, one.intent, one.wanted, one.by) == ("corrected", "order_status", "payment", "web:o1")
    assert await inbox.correct(HOME.conversation, "lost", VERA)
    assert [one.wanted for one in await inbox.waiting()] == ["lost"]


async def test_earlier_conversations_are_looked_into(world: World, clock: TestClock) -> None:
    inbox = Inbox(world.store, clock, secret)
    await world.says("blah")
    await world.says("where is my order")
    began = clock.now() - timedelta(hours=1)
    assert await fill(inbox, world.store, ENOUGH, began, clock.now() + timedelta(seconds=1)) == 1
    assert await fill(inbox, world.store, ENOUGH, began, clock.now() + timedelta(seconds=1)) == 0
    assert await fill(inbox, world.store, ENOUGH, clock.now() + timedelta(hours=1), clock.now()) == 0


async def test_a_long_conversation_is_read_in_pages(
    world: World, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        for text in ("blah", "I want to pay", "order 123456", "I want to pay"):
            await world.says(text)
    expected = [one.key for one in worth_a_look(await world.entries(), ENOUGH)]
    assert len(expected) > 2
    for batch in range(5, 9):
        monkeypatch.setattr("estafeta.review_watch._BATCH", batch)
        monkeypatch.setattr("estafeta.review_watch._BEFORE", 4)
        inbox = Inbox(world.store, clock, secret)
        await fill(inbox, world.store, ENOUGH, clock.now() - timedelta(hours=1), clock.now() + timedelta(seconds=1))
        assert [one.key for one in await inbox.waiting()] == expected


async def test_a_worker_notes_as_it_decides_and_looks_back_when_it_begins(world: World, clock: TestClock) -> None:
    inbox = Inbox(world.store, clock, secret)
    await world.says("blah")
    watch = ReviewWatch(inbox=inbox, store=world.store, clock=clock, name="w", enough=lambda: ENOUGH)
    working = asyncio.create_task(watch.run())
    before = len(await world.entries())
    await world.says("blub")
    watch.decided((await world.entries())[before:])
    watch.decided(())
    await watch.idle()
    await ended([working])
    assert [one.text for one in await inbox.waiting()] == ["blah", "blub"]


async def test_who_goes_away_when_asked_back_is_found_too(
    world: World, clock: TestClock, words: Words, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def either(text: str, **_: Any) -> Understanding:
        ranking = (Intent(name="order_status", confidence=0.4), Intent(name="lost", confidence=0.3))
        return Understanding(intent="order_status", confidence=0.4, ranking=ranking)

    monkeypatch.setattr(words, "understand", either)
    inbox = Inbox(world.store, clock, secret)
    await world.says("my parcel")
    assert world.channel.texts == ["Did you mean:"]
    await fill(inbox, world.store, ENOUGH, clock.now() - timedelta(hours=1), clock.now() + timedelta(seconds=1))
    assert [(one.why, one.text) for one in await inbox.waiting()] == [("unsure", "my parcel")]


async def test_a_worker_survives_what_it_finds_when_it_looks_back(world: World, clock: TestClock) -> None:
    def broken(text: str, names: Sequence[str]) -> str:
        if text == "blah":
            raise ZeroDivisionError
        return text

    inbox = Inbox(world.store, clock, broken)
    await world.says("blah")
    watch = ReviewWatch(inbox=inbox, store=world.store, clock=clock, name="w", enough=lambda: ENOUGH)
    before = len(await world.entries())
    await world.says("blub")
    watch.decided((await world.entries())[before:])
    working = asyncio.create_task(watch.run())
    async with asyncio.timeout(20):
        await watch.idle()
    await ended([working])
    assert [one.text for one in await inbox.waiting()] == ["blub"]


async def test_a_store_that_is_away_is_asked_again(world: World, clock: TestClock) -> None:
    class Away(Inbox):
        tries = 0
        tried = asyncio.Event()

        async def note_turn(self, entries: Sequence[Entry], enough: float) -> int:
            self.tries += 1
            self.tried.set()
            if self.tries == 1:
                raise StoreUnavailable("away")
            return await super().note_turn(entries, enough)

    inbox = Away(world.store, clock, secret)
    watch = ReviewWatch(inbox=inbox, store=world.store, clock=clock, name="w", enough=lambda: ENOUGH, back=timedelta())
    await world.says("blah")
    watch.decided(await world.entries())
    working = asyncio.create_task(watch.run())
    await inbox.tried.wait()
    await clock.advance(60)
    await watch.idle()
    await ended([working])
    assert inbox.tries == 2
    assert len(await inbox.waiting()) == 1


# --- the inbox, in both stores -------------------------------------------------------------------


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replica_set(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    server = MongoServer(tmp_path_factory.mktemp("review"))
    async with served(server):
        yield server.url


@pytest.fixture
async def mongo(replica_set: str) -> AsyncIterator[Store]:
    store = MongoStore(
        MongoConfig(url=SecretStr(replica_set), database=f"test_{uuid4().hex}"), clock=TestClock(NOW)
    )  # fmt: skip
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Store]:
    store = SqliteStore(tmp_path / "review.db", clock=TestClock(NOW))
    await store.open()
    yield store
    await store.close()


@pytest.fixture(params=["sqlite", "mongo"])
def store(request: pytest.FixtureRequest) -> Store:
    held: Store = request.getfixturevalue(request.param)
    return held


@pytest.fixture
def inbox(store: Store) -> Inbox:
    return Inbox(store, TestClock(NOW), secret)


async def test_two_workers_note_a_message_once_and_masked(store: Store, inbox: Inbox) -> None:
    other = Inbox(store, TestClock(NOW), secret)
    same = [note(1, "I am Anna, call Boris")]
    await asyncio.gather(inbox.note(same, ["Boris"]), other.note(same, ["Boris"]))
    assert [one.text for one in await inbox.waiting()] == ["I am N, call N"]


async def test_what_is_settled_does_not_come_back_and_can_be_reopened(inbox: Inbox) -> None:
    notes = [note(number) for number in range(1, 4)]
    await inbox.note(notes)
    decision = Decision(at=NOW, who="vera", did="labelled", intent="order", examples=("x" * 1000,), messages=2)
    keys = [one.key for one in notes[:2]]
    await inbox.settle(decision, keys)
    await inbox.settle(decision, keys)
    assert await inbox.note(notes) == 0
    assert [one.seq for one in await inbox.waiting()] == [3]
    (line,) = await inbox.history()
    assert (line.who, line.intent, line.messages, len(line.examples[0])) == ("vera", "order", 2, 100)
    await inbox.reopen(decision, keys)
    assert [one.seq for one in await inbox.waiting()] == [1, 2, 3]
    assert await inbox.history() == ()


async def test_a_decision_that_another_made_is_not_taken_back(inbox: Inbox) -> None:
    await inbox.note([note(1)])
    mine, theirs = (Decision(at=NOW, who=who, did="skipped") for who in ("me", "they"))
    await inbox.settle(theirs, [note(1).key])
    await inbox.settle(mine, [note(1).key])
    await inbox.reopen(mine, [note(1).key])
    assert await inbox.waiting() == []


async def test_the_inbox_is_read_a_page_at_a_time_and_the_oldest_come_first(inbox: Inbox) -> None:
    await inbox.note([note(number) for number in (5, 3, 4, 1, 2)])
    first = await inbox.waiting(limit=2)
    second = await inbox.waiting(after=first[-1].key, limit=2)
    assert [one.seq for one in (*first, *second)] == [1, 2, 3, 4]


async def test_one_message_may_be_there_for_two_reasons(inbox: Inbox) -> None:
    await inbox.note([note(1), note(1, why="thumbs_down")])
    assert {one.why for one in await inbox.waiting()} == {"not_understood", "thumbs_down"}


async def test_a_conversation_can_be_forgotten(inbox: Inbox) -> None:
    other = replace(note(3), conversation=BORIS.conversation)
    await inbox.note([note(1), note(2), other])
    await inbox.settle(Decision(at=NOW, who="vera", did="skipped"), [note(1).key])
    assert await inbox.forget(ANNA.conversation) == 2
    assert await inbox.waiting() == [other]


async def test_the_history_is_the_latest_first(inbox: Inbox) -> None:
    for number in range(5):
        await inbox.settle(Decision(at=NOW + timedelta(minutes=number), who=f"w{number}", did="skipped"), [])
    assert [line.who for line in await inbox.history(2)] == ["w4", "w3"]


@pytest.mark.parametrize("text", ["\x00\x1b[31m", "\u202eabc", "a: [b]\n- {c", "x" * 100_000, "👎" * 3000, "\ud800"])
async def test_hostile_texts_are_kept_and_bounded(inbox: Inbox, text: str) -> None:
    if text == "\ud800":
        text = text.encode("utf-8", "replace").decode()  # no store ever gets a lone surrogate
    await inbox.note([note(1, text)])
    (one,) = await inbox.waiting()
    assert len(one.text) <= LONGEST


async def test_what_cannot_be_read_is_passed_over(store: Store, inbox: Inbox) -> None:
    await inbox.note([note(1)])
    wrong: list[Json] = ["", 5, {}, {"text": 1}]
    for number, value in enumerate(wrong):
        await store.put(f"review:waits:0{number}", value)
    assert [one.seq for one in await inbox.waiting()] == [1]


def test_a_text_is_cut_between_words() -> None:
    digits = "79161234567"
    text = " ".join([digits] * 100)
    assert set(cut(text).split()) == {digits}
    assert cut("x" * 501) == ""
