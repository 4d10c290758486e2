"""What every `Store` promises. Nothing here knows how one stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import ClassVar

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import Conflict, StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, Customer, Entry, Event, Json, Signal, SignalId, Stage, Timer
from estafeta.kernel.ports import Accepted, Change, Mailbox, Store
from tests.contracts.store_examples import (
    ANNA,
    BORIS,
    EVENTS,
    NOW,
    TOPIC,
    decided,
    entry_of,
    event_of,
    full_conversation,
    full_entry,
    holding,
    opened,
    said,
    told,
    unsent,
)

C = ANNA.conversation
EMPTY = Mailbox(conversation=None, signals=())


async def until(answer: Callable[[], Awaitable[object]]) -> None:
    """Returns when the store's answer is true of a thing that takes real time."""
    async with asyncio.timeout(10):
        while True:
            if await answer():
                return
            await asyncio.sleep(0.02)


async def happened(store: Store, address: Address, *events: tuple[str, float]) -> None:
    """Commits a conversation in which that happened, (name, minutes after `NOW`) each."""
    entries = [event_of(address, n, name, minutes) for n, (name, minutes) in enumerate(events, start=1)]
    await store.commit(holding(address, *entries))


def minute(entry: Entry) -> float:
    return (entry.at - NOW) / timedelta(minutes=1)


class StoreFixtures:
    """`opener` names, as `module:function`, what makes a store of a place and a clock; a child process
    calls it too. `place` is where: a path, a URL; empty at the start of a test."""

    opener: ClassVar[str]

    @pytest.fixture
    def place(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def clock(self) -> TestClock:
        return TestClock(NOW)

    @pytest.fixture
    async def store(self, place: str, clock: TestClock) -> AsyncIterator[Store]:
        store = opened(self.opener, place, clock)
        await store.open()
        yield store
        await store.close()

    async def again(self, store: Store, place: str, clock: TestClock) -> Store:
        """Another store in the same place, after the first was closed."""
        await store.close()
        store = opened(self.opener, place, clock)
        await store.open()
        return store


class StoreContract(StoreFixtures):
    # --- accept ----------------------------------------------------------------------------------

    async def test_a_first_message_opens_the_conversation_of_its_address(self, store: Store) -> None:
        assert await store.accept([said(1)]) == [Accepted(conversation=C, fresh=True)]
        assert await store.resolve(ANNA) == C
        assert await store.load(C) == Mailbox(conversation=None, signals=(said(1),))

    async def test_a_signal_told_twice_is_one_signal(self, store: Store) -> None:
        await store.accept([said(1)])
        assert await store.accept([said(1), said(2), said(2)]) == [
            Accepted(conversation=C, fresh=False),
            Accepted(conversation=C, fresh=True),
            Accepted(conversation=C, fresh=False),
        ]
        assert (await store.load(C)).signals == (said(1), said(2))

    async def test_a_signal_told_by_many_at_once_is_fresh_once(self, store: Store) -> None:
        answers = await asyncio.gather(*(store.accept([said(1)]) for _ in range(20)))
        assert sorted(accepted.fresh for [accepted] in answers) == [False] * 19 + [True]
        assert (await store.load(C)).signals == (said(1),)

    async def test_a_duplicate_is_known_after_it_was_applied_and_after_a_restart(
        self, store: Store, place: str, clock: TestClock
    ) -> None:
        await store.accept([said(1)])
        await store.commit(decided(await store.load(C)))
        store = await self.again(store, place, clock)
        assert await store.accept([said(1)]) == [Accepted(conversation=C, fresh=False)]
        assert (await store.load(C)).signals == ()
        await store.close()

    async def test_signals_wait_in_the_order_they_were_accepted(self, store: Store) -> None:
        names = [3, 1, 2, 9, 7]
        await store.accept([said(name) for name in names])
        for name in (5, 4):
            await store.accept([said(name), said(name, BORIS)])
        assert (await store.load(C)).signals == tuple(said(name) for name in [*names, 5, 4])
        assert (await store.load(BORIS.conversation)).signals == (said(5, BORIS), said(4, BORIS))

    async def test_signals_accepted_by_many_at_once_are_all_there(self, store: Store) -> None:
        await asyncio.gather(*(store.accept([said(n, chat)]) for n in range(40) for chat in (ANNA, BORIS)))
        for chat in (ANNA, BORIS):
            waiting = (await store.load(chat.conversation)).signals
            assert sorted(waiting, key=lambda s: s.id) == sorted((said(n, chat) for n in range(40)), key=lambda s: s.id)

    @pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
    async def test_every_event_comes_back_as_it_was(
        self, store: Store, place: str, clock: TestClock, event: Event
    ) -> None:
        await store.accept([said(0)])
        signal = Signal(id=SignalId("s"), at=NOW, event=event, address=ANNA)
        await store.accept([signal])
        assert (await store.load(C)).signals[1] == signal
        store = await self.again(store, place, clock)
        assert (await store.load(C)).signals[1] == signal
        await store.close()

    async def test_half_a_character_does_not_stop_a_message(self, store: Store) -> None:
        await store.accept([said(1, text="a\ud83db")])
        assert (await store.load(C)).signals == (said(1, text="a\ufffdb"),)

    async def test_what_may_not_open_a_conversation_is_refused_from_a_stranger(self, store: Store) -> None:
        edited = Signal(id=SignalId("edit"), at=NOW, event=EVENTS[1], address=ANNA)
        assert await store.accept([edited]) == [Accepted(conversation=None, fresh=False)]
        assert await store.resolve(ANNA) is None
        await store.accept([said(1)])
        assert (await store.load(C)).signals == (said(1),)
        assert await store.accept([edited]) == [Accepted(conversation=C, fresh=True)]

    async def test_a_conversation_is_told_by_its_id_once_it_exists(self, store: Store) -> None:
        assert await store.accept([told(1, C)]) == [Accepted(conversation=None, fresh=False)]
        await store.accept([said(1)])
        assert await store.accept([told(1, C)]) == [Accepted(conversation=C, fresh=True)]
        await store.commit(decided(await store.load(C)))
        assert await store.accept([told(1, C), told(2, C)]) == [
            Accepted(conversation=C, fresh=False),
            Accepted(conversation=C, fresh=True),
        ]

    async def test_nothing_to_accept_is_accepted(self, store: Store) -> None:
        assert await store.accept([]) == []

    async def test_a_cancelled_caller_harms_nobody(self, store: Store) -> None:
        callers = [asyncio.create_task(store.accept([said(n)])) for n in range(10)]
        await asyncio.sleep(0)
        for caller in callers[::2]:
            caller.cancel()
        results = await asyncio.gather(*callers, return_exceptions=True)
        assert results[1::2] == [[Accepted(conversation=C, fresh=True)]] * 5
        kept = (await store.load(C)).signals
        assert {said(n) for n in (1, 3, 5, 7, 9)} <= set(kept)

    # --- commit ----------------------------------------------------------------------------------

    async def test_an_unknown_conversation_is_an_empty_mailbox(self, store: Store) -> None:
        assert await store.load(C) == Mailbox(conversation=None, signals=())

    async def test_a_commit_stores_all_of_the_change(self, store: Store, place: str, clock: TestClock) -> None:
        await store.accept([said(1), said(2)])
        change = decided(await store.load(C))
        await store.commit(change)
        for _ in range(2):
            assert await store.load(C) == Mailbox(conversation=change.conversation, signals=())
            assert await store.entries(C) == list(change.entries)
            store = await self.again(store, place, clock)
        await store.close()

    async def test_every_field_comes_back_as_it_was(self, store: Store, place: str, clock: TestClock) -> None:
        change = Change(conversation=full_conversation(), expected_version=0, applied=(), entries=(full_entry(),))
        await store.commit(change)
        for _ in range(2):
            assert (await store.load(C)).conversation == full_conversation()
            assert await store.entries(C) == [full_entry()]
            store = await self.again(store, place, clock)
        await store.close()

    async def test_a_late_commit_is_a_conflict_and_leaves_nothing(self, store: Store) -> None:
        await store.accept([said(1)])
        first = decided(await store.load(C))
        await store.commit(first)
        await store.accept([said(2)])
        late = replace(
            first, applied=(said(2).id,), entries=(entry_of(said(2), C, 2),), conversation=full_conversation()
        )
        with pytest.raises(Conflict):
            await store.commit(late)
        assert await store.load(C) == Mailbox(conversation=first.conversation, signals=(said(2),))
        assert await store.entries(C) == list(first.entries)

    async def test_a_commit_on_a_version_that_never_was_is_a_conflict(self, store: Store) -> None:
        with pytest.raises(Conflict):
            await store.commit(
                Change(conversation=replace(full_conversation(), version=4), expected_version=3, applied=(), entries=())
            )
        assert await store.load(C) == Mailbox(conversation=None, signals=())

    async def test_of_commits_at_once_exactly_one_wins(self, store: Store) -> None:
        for round_ in range(3):
            await store.accept([said(round_)])
            mailbox = await store.load(C)
            rivals = [decided(mailbox, tickets=10 * round_ + n) for n in range(8)]
            results = await asyncio.gather(*(store.commit(rival) for rival in rivals), return_exceptions=True)
            assert [type(result) for result in results if result is not None] == [Conflict] * 7
            winner = rivals[results.index(None)]
            assert await store.load(C) == Mailbox(conversation=winner.conversation, signals=())
            assert len(await store.entries(C)) == round_ + 1

    async def test_commits_of_different_conversations_do_not_disturb_each_other(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(20)]
        await asyncio.gather(*(store.accept([said(1, chat)]) for chat in chats))
        changes = [decided(await store.load(chat.conversation), chat) for chat in chats]
        results = await asyncio.gather(*(store.commit(c) for c in changes + changes[::2]), return_exceptions=True)
        alone, twice, twins = results[1:20:2], results[:20:2], results[20:]
        assert alone == [None] * 10
        for pair in zip(twice, twins, strict=True):
            assert [type(result) for result in pair if result is not None] == [Conflict], "one of the two won"
        for change in changes:
            assert (await store.load(change.conversation.id)).conversation == change.conversation

    async def test_what_came_after_the_load_waits_on(self, store: Store) -> None:
        await store.accept([said(1)])
        mailbox = await store.load(C)
        await store.accept([said(2), said(3)])
        await store.commit(decided(mailbox))
        assert (await store.load(C)).signals == (said(2), said(3))

    async def test_entries_are_appended_once(self, store: Store) -> None:
        await store.accept([said(1)])
        first = decided(await store.load(C))
        await store.commit(first)
        with pytest.raises(Conflict):
            await store.commit(first)
        await store.accept([said(2)])
        second = decided(await store.load(C))
        await store.commit(replace(second, entries=first.entries + second.entries))
        assert await store.entries(C) == [*first.entries, *second.entries]

    async def test_a_change_that_came_from_elsewhere_applies_nothing(self, store: Store) -> None:
        """A timer or the outcome of a send: it never lay in the mailbox, and what lies there waits on."""
        await store.accept([said(1)])
        signal = said("elsewhere")
        entry = entry_of(signal, C, 1)
        conversation = replace(decided(EMPTY).conversation, seq=1)
        change = Change(conversation=conversation, expected_version=0, applied=(), entries=(entry,))
        await store.commit(change)
        assert await store.load(C) == Mailbox(conversation=change.conversation, signals=(said(1),))
        assert await store.entries(C) == [entry]
        assert await store.accept([signal]) == [Accepted(conversation=C, fresh=True)], "its id was not used up"

    async def test_to_apply_what_is_not_there_is_no_failure(self, store: Store) -> None:
        await store.accept([said(1)])
        change = decided(await store.load(C))
        await store.commit(replace(change, applied=(*change.applied, said(2).id)))
        assert await store.load(C) == Mailbox(conversation=change.conversation, signals=())
        assert await store.entries(C) == list(change.entries)

    # --- entries ---------------------------------------------------------------------------------

    async def test_entries_are_read_in_parts(self, store: Store) -> None:
        for chat in (ANNA, BORIS):
            await store.accept([said(n, chat) for n in range(10)])
            await store.commit(decided(await store.load(chat.conversation), chat))

        async def numbers(**options: int) -> list[int]:
            return [entry.seq for entry in await store.entries(C, **options)]  # type: ignore[arg-type]

        assert await numbers() == list(range(1, 11))
        assert await numbers(after=7) == [8, 9, 10]
        assert await numbers(after=2, limit=3) == [3, 4, 5]
        assert await numbers(limit=3, newest=True) == [8, 9, 10]
        assert await numbers(after=9, limit=3, newest=True) == [10]
        assert await numbers(after=10) == []
        assert await store.entries(ConversationId("nobody")) == []

    # --- addresses -------------------------------------------------------------------------------

    async def test_a_link_leads_to_the_conversation_whatever_was_before(self, store: Store) -> None:
        await store.accept([said(1)])
        await store.link(TOPIC, C)
        assert await store.resolve(TOPIC) == C
        written = Signal(id=SignalId("w"), at=NOW, event=EVENTS[4], address=TOPIC)
        assert await store.accept([written]) == [Accepted(conversation=C, fresh=True)]
        other = ConversationId("cother")
        await store.link(TOPIC, other)
        assert await store.resolve(TOPIC) == other
        assert await store.accept([written]) == [Accepted(conversation=C, fresh=False)]

    async def test_an_unknown_address_leads_nowhere(self, store: Store) -> None:
        assert await store.resolve(ANNA) is None

    # --- due -------------------------------------------------------------------------------------

    async def test_a_conversation_is_due_while_a_signal_waits(self, store: Store) -> None:
        await store.accept([said(1)])
        assert await store.due(NOW, 10) == [C]
        await store.commit(decided(await store.load(C)))
        assert await store.due(NOW, 10) == []

    async def test_a_signal_that_waits_for_less_than_the_grace_is_nobodys_business(self, store: Store) -> None:
        await store.accept([said(1)])
        assert await store.due(NOW, 10, grace=1_000_000) == []
        assert await store.due(NOW, 10, grace=0) == [C]

    async def test_a_conversation_is_due_at_its_time_and_after(self, store: Store) -> None:
        second = timedelta(seconds=1)
        await store.commit(decided(EMPTY, timers=(Timer(name="t", at=NOW + second),)))
        assert await store.due(NOW, 10) == []
        assert await store.due(NOW + second, 10) == [C]
        assert await store.due(NOW + second, 10, grace=1_000_000) == [C]
        await store.commit(decided(await store.load(C), timers=(Timer(name="t", at=NOW + 3 * second),)))
        assert await store.due(NOW + 2 * second, 10) == []
        await store.commit(decided(await store.load(C), timers=()))
        assert await store.due(NOW + 9 * second, 10) == []

    async def test_what_a_worker_holds_is_orphaned_while_that_worker_is_not_at_work(self, store: Store) -> None:
        await store.commit(decided(EMPTY, outbox=(unsent(1, "w1"),)))
        assert await store.orphaned(10) == [C]
        assert await store.due(NOW, 10) == []
        await store.lease("w1", "w1", 60)
        assert await store.orphaned(10) == []
        await store.release("w1", "w1")
        assert await store.orphaned(10) == [C]
        await store.commit(decided(await store.load(C), outbox=()))
        assert await store.orphaned(10) == []

    async def test_one_holder_that_is_gone_is_enough(self, store: Store) -> None:
        await store.lease("w1", "w1", 60)
        await store.commit(decided(EMPTY, outbox=(unsent(1, "w1"), unsent(2, "w2"))))
        assert await store.orphaned(10) == [C]
        await store.lease("w2", "w2", 60)
        assert await store.orphaned(10) == []
        await store.commit(decided(await store.load(C), outbox=(unsent(1, "w1"), unsent(3))))
        assert await store.orphaned(10) == [C], "nobody holds it"

    async def test_only_a_lease_on_its_own_name_is_a_holder_at_work(self, store: Store) -> None:
        await store.lease("poll:telegram:100", "w1", 60)
        await store.lease("w1", "w2", 60)
        await store.commit(decided(EMPTY, outbox=(unsent(1, "w1"),)))
        await store.commit(decided(EMPTY, BORIS, outbox=(unsent(1, "poll:telegram:100"),)))
        assert sorted(await store.orphaned(10)) == sorted([C, BORIS.conversation])

    async def test_what_nobody_holds_is_orphaned_whatever_is_leased(self, store: Store) -> None:
        await store.lease("", "", 60)
        await store.commit(decided(EMPTY, outbox=(unsent(1),)))
        assert await store.orphaned(10) == [C]

    async def test_when_a_worker_is_gone_what_it_held_becomes_orphaned(self, store: Store) -> None:
        await store.commit(decided(EMPTY, outbox=(unsent(1, "w1"),)))
        await store.lease("w1", "w1", 0.3)
        await until(lambda: store.orphaned(10))
        assert "w1" not in await store.leases()

    async def test_of_what_is_orphaned_the_oldest_comes_first_up_to_the_limit(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(4)]
        for chat, seconds in zip(chats, (3, 1, 4, 2), strict=True):
            updated = NOW + timedelta(seconds=seconds)
            await store.commit(decided(EMPTY, chat, outbox=(unsent(1), unsent(2, "w1")), updated_at=updated))
        wanted = [chats[n].conversation for n in (1, 3, 0, 2)]
        assert await store.orphaned(10) == wanted
        assert await store.orphaned(2) == wanted[:2]

    async def test_a_conversation_is_due_once_and_no_more_than_the_limit(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(6)]
        await store.accept([said(n, chat) for chat in chats for n in range(3)])
        for chat in chats:
            mailbox = replace(await store.load(chat.conversation), signals=())
            await store.commit(decided(mailbox, chat, outbox=(unsent(1),), timers=(Timer(name="t", at=NOW),)))
        found = await store.due(NOW, 10)
        assert sorted(found) == sorted(chat.conversation for chat in chats)
        assert len(await store.due(NOW, 4)) == 4

    async def test_of_those_that_are_due_the_oldest_come_first(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(4)]
        for chat, seconds in zip(chats, (3, 1, 4, 2), strict=True):
            await store.commit(decided(EMPTY, chat, timers=(Timer(name="t", at=NOW + timedelta(seconds=seconds)),)))
        wanted = [chats[n].conversation for n in (1, 3, 0, 2)]
        assert await store.due(NOW + timedelta(seconds=9), 10) == wanted
        assert await store.due(NOW + timedelta(seconds=9), 2) == wanted[:2]
        assert await store.due(NOW + timedelta(seconds=2), 10) == wanted[:2]

    # --- leases ----------------------------------------------------------------------------------

    async def test_a_lease_belongs_to_one(self, store: Store) -> None:
        holders = [f"w{n}" for n in range(10)]
        answers = await asyncio.gather(*(store.lease("poll", holder, 60) for holder in holders))
        assert sum(answers) == 1
        winner = holders[answers.index(True)]
        assert await store.leases() == {"poll": winner}
        assert [await store.lease("poll", holder, 60) for holder in holders] == answers

    async def test_leases_of_different_names_do_not_disturb_each_other(self, store: Store) -> None:
        assert await store.leases() == {}
        assert await asyncio.gather(*(store.lease(f"n{n}", "w", 60) for n in range(5))) == [True] * 5
        assert await store.leases() == {f"n{n}": "w" for n in range(5)}

    async def test_a_lease_that_ran_out_is_free(self, store: Store) -> None:
        assert await store.lease("poll", "w1", 0.3)
        assert not await store.lease("poll", "w2", 60)
        await until(lambda: store.lease("poll", "w2", 60))
        assert await store.leases() == {"poll": "w2"}
        assert not await store.lease("poll", "w1", 60)

    async def test_a_lease_lives_as_long_as_its_holder_renews_it(self, store: Store) -> None:
        assert await store.lease("once", "w1", 0.3)
        assert await store.lease("poll", "w1", 0.3)
        assert await store.lease("poll", "w1", 60)
        await until(lambda: store.lease("once", "w2", 60))
        assert not await store.lease("poll", "w2", 60)
        assert await store.leases() == {"once": "w2", "poll": "w1"}

    async def test_only_its_holder_ends_a_lease(self, store: Store) -> None:
        await store.lease("poll", "w1", 60)
        await store.release("poll", "w2")
        await store.release("other", "w1")
        assert await store.leases() == {"poll": "w1"}
        await store.release("poll", "w1")
        await store.release("poll", "w1")
        assert await store.leases() == {}
        assert await store.lease("poll", "w2", 60)

    # --- lists -----------------------------------------------------------------------------------

    async def test_conversations_of_a_stage_come_latest_first(self, store: Store) -> None:
        stages = [Stage.BOT, Stage.QUEUED, Stage.HUMAN, Stage.QUEUED, Stage.BOT]
        chats = [replace(ANNA, chat=str(n)) for n in range(5)]
        for n, (chat, stage) in enumerate(zip(chats, stages, strict=True)):
            updated = NOW + timedelta(minutes=[4, 1, 3, 2, 5][n])
            await store.commit(decided(EMPTY, chat, stage=stage, updated_at=updated))

        async def listed(*wanted: Stage, limit: int = 100) -> list[str]:
            return [c.address.chat for c in await store.conversations(stages=wanted, limit=limit)]

        assert await listed(Stage.QUEUED) == ["3", "1"]
        assert await listed(Stage.QUEUED, Stage.HUMAN) == ["2", "3", "1"]
        assert await listed(*Stage, limit=3) == ["4", "0", "2"]
        assert await listed() == []
        moved = decided(await store.load(chats[1].conversation), chats[1], stage=Stage.HUMAN, updated_at=NOW)
        await store.commit(moved)
        assert await listed(Stage.QUEUED) == ["3"]
        assert await listed(Stage.HUMAN) == ["2", "1"]

    async def test_what_could_not_be_sent_is_found_until_somebody_decided(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(3)]
        for n, chat in enumerate(chats):
            left = (unsent(n),) if n else ()
            await store.commit(decided(EMPTY, chat, undelivered=left, updated_at=NOW + timedelta(minutes=n)))
        assert [c.address.chat for c in await store.undelivered(10)] == ["2", "1"]
        assert [c.undelivered for c in await store.undelivered(1)] == [(unsent(2),)]
        await store.commit(decided(await store.load(chats[2].conversation), chats[2], undelivered=(), updated_at=NOW))
        assert [c.address.chat for c in await store.undelivered(10)] == ["1"]
        assert await store.undelivered(0) == []

    async def test_none_of_many_is_nothing(self, store: Store) -> None:
        await store.accept([said(1)])
        await store.commit(decided(await store.load(C), outbox=(unsent(1),), timers=(Timer(name="t", at=NOW),)))
        await store.accept([said(2)])
        assert await store.entries(C, limit=0) == await store.entries(C, limit=0, newest=True) == []
        assert await store.due(NOW, 0) == []
        assert await store.conversations(stages=list(Stage), limit=0) == []

    # --- events ----------------------------------------------------------------------------------

    async def test_events_of_all_conversations_come_oldest_first(self, store: Store) -> None:
        await happened(store, ANNA, ("opened", 0), ("taken", 4), ("closed", 9))
        await happened(store, BORIS, ("opened", 2), ("rated", 1), ("closed", 5))
        found = await store.events(["opened", "closed"], since=NOW, until=NOW + timedelta(minutes=60))
        assert [(told.conversation, told.data["event"], minute(told)) for told in found] == [
            (C, "opened", 0),
            (BORIS.conversation, "opened", 2),
            (BORIS.conversation, "closed", 5),
            (C, "closed", 9),
        ]
        assert found[0] in await store.entries(C)
        assert await store.events([], since=NOW, until=NOW + timedelta(minutes=60)) == []
        assert await store.events(["open", "opened ", "OPENED"], since=NOW, until=NOW + timedelta(minutes=60)) == []

    async def test_events_begin_with_since_and_end_before_until(self, store: Store) -> None:
        moment, after = timedelta(microseconds=1), NOW + timedelta(minutes=3)
        await happened(store, ANNA, ("opened", 0), ("opened", 3), ("opened", 6))

        async def found(since: datetime, until: datetime) -> list[float]:
            return [minute(told) for told in await store.events(["opened"], since=since, until=until)]

        assert await found(NOW, NOW + timedelta(minutes=6)) == [0, 3]
        assert await found(NOW + moment, NOW + timedelta(minutes=6) + moment) == [3, 6]
        assert await found(after, after) == []
        assert await found(after, after + moment) == [3]
        assert await found(after - moment, after) == []
        assert await found(after, NOW) == []
        elsewhere = after.astimezone(timezone(timedelta(hours=5, minutes=30)))
        assert await found(elsewhere, elsewhere + moment) == [3], "a time is the same whatever its zone"

    @pytest.mark.parametrize("micros", [0, 1, 999, 1000, 999_999])
    async def test_events_are_found_at_any_part_of_a_second(self, store: Store, micros: int) -> None:
        at = NOW.replace(microsecond=micros)
        await store.commit(holding(ANNA, replace(event_of(ANNA, 1, "opened"), at=at)))
        for since, until, there in ((0, 1, 1), (1, 2, 0), (-1, 0, 0), (-1_000_000, 1, 1), (0, 1_000_000, 1)):
            bounds = at + timedelta(microseconds=since), at + timedelta(microseconds=until)
            assert len(await store.events(["opened"], since=bounds[0], until=bounds[1])) == there

    async def test_of_many_events_the_oldest_come_up_to_the_limit(self, store: Store) -> None:
        await happened(store, ANNA, *[("opened", n) for n in (5, 1, 3)], ("closed", 0))
        await happened(store, BORIS, *[("opened", n) for n in (2, 4)])
        later = NOW + timedelta(hours=1)
        for limit in range(7):
            found = await store.events(["opened"], since=NOW, until=later, limit=limit)
            assert [minute(told) for told in found] == [1, 2, 3, 4, 5][:limit]

    async def test_events_of_one_moment_stand_in_the_order_of_their_conversation(self, store: Store) -> None:
        await happened(store, ANNA, *[(name, 0) for name in ("opened", "offered", "taken", "answered", "closed")] * 3)
        names = ["closed", "answered", "taken", "offered", "opened"]
        found = await store.events(names, since=NOW, until=NOW + timedelta(minutes=1))
        assert [told.seq for told in found] == list(range(1, 16))

    async def test_only_events_are_events(self, store: Store) -> None:
        others = [
            replace(event_of(ANNA, 1, "opened"), kind="note"),
            replace(event_of(ANNA, 2, "opened"), data={}),
            replace(event_of(ANNA, 3, "opened"), data={"event": None}),
            replace(event_of(ANNA, 4, "opened"), data={"Event": "opened", "of": "opened"}),
        ]
        await store.commit(holding(ANNA, *others))
        assert await store.events(["opened"], since=NOW, until=NOW + timedelta(hours=1)) == []

    async def test_events_are_found_whatever_else_they_tell(self, store: Store, place: str, clock: TestClock) -> None:
        data: list[Json] = ["$ref", {"$ref": 1}, 2**70, "\ud800", "a\0b", {"a\0b": 1}, [[[[]]]], "Ё 😀 %_.*", None, ""]
        entries = [
            replace(event_of(ANNA, n, "tagged"), data={"event": "tagged", "of": one}) for n, one in enumerate(data, 1)
        ]
        odd = replace(event_of(ANNA, len(data) + 1, "x"), data={"event": "закрыто 😀 $ref"})
        await store.commit(holding(ANNA, *entries, odd))
        for _ in range(2):
            found = await store.events(["tagged"], since=NOW, until=NOW + timedelta(hours=1))
            assert found == (await store.entries(C))[:-1]
            assert [told.seq for told in found] == list(range(1, len(data) + 1))
            assert await store.events(["закрыто 😀 $ref"], since=NOW, until=NOW + timedelta(hours=1)) == [odd]
            store = await self.again(store, place, clock)
        await store.close()

    async def test_an_event_is_one_however_often_it_is_told(self, store: Store) -> None:
        change = holding(ANNA, event_of(ANNA, 1, "opened"))
        await store.commit(change)
        again = replace(change.conversation, version=2)
        await store.commit(replace(change, conversation=again, expected_version=1))
        with pytest.raises(Conflict):
            await store.commit(holding(ANNA, event_of(ANNA, 2, "opened")))
        assert len(await store.events(["opened"], since=NOW, until=NOW + timedelta(hours=1))) == 1

    # --- small values ----------------------------------------------------------------------------

    @pytest.mark.parametrize("value", [0, "", False, 12.5, [1, None, "ё"], {"a": {"b": []}}, 2**53])
    async def test_a_small_value_outlives_a_restart(
        self, store: Store, place: str, clock: TestClock, value: Json
    ) -> None:
        assert await store.get("key") is None
        await store.put("key", "before")
        await store.put("key", value)
        assert await store.get("key") == value
        store = await self.again(store, place, clock)
        assert await store.get("key") == value
        await store.put("key", None)
        assert await store.get("key") is None
        await store.close()

    async def test_of_many_who_take_a_value_one_gets_it(self, store: Store) -> None:
        await store.put("key", {"a": 1})
        taken = await asyncio.gather(*(store.take("key") for _ in range(10)))
        assert sorted(taken, key=bool) == [None] * 9 + [{"a": 1}]
        assert await store.get("key") is None
        assert await store.take("key") is None
        await store.put("key", 2)
        assert await store.take("key") == 2

    async def test_small_values_are_listed_by_the_beginning_of_their_keys(self, store: Store) -> None:
        for key in ("team:web:2", "team:web:10", "team:forum:1", "team", "team:", "teams", "tea", "TEAM:web:3"):
            await store.put(key, {"key": key})
        listed = await store.items("team:")
        assert listed == [(key, {"key": key}) for key in ("team:", "team:forum:1", "team:web:10", "team:web:2")]
        await store.put("team:web:2", 5)
        await store.put("team:forum:1", None)
        assert await store.items("team:w") == [("team:web:10", {"key": "team:web:10"}), ("team:web:2", 5)]
        assert await store.items("nobody:") == []
        assert len(await store.items("")) == 7

    async def test_small_values_are_listed_in_parts(self, store: Store) -> None:
        for n in range(7):
            await store.put(f"audit:{n}", n)
        await store.put("audit", "before")
        await store.put("auditor", "behind")
        found: list[tuple[str, Json]] = []
        while part := await store.items("audit:", after=found[-1][0] if found else "", limit=3):
            assert len(part) <= 3
            found += part
        assert [value for _, value in found] == list(range(7))
        assert [value for _, value in await store.items("audit:", after="audit:4")] == [5, 6]
        assert [value for _, value in await store.items("audit:", after="audit:4x")] == [5, 6], "need not be there"
        assert len(await store.items("audit:", after="a")) == 7, "what stands before all of them leaves none out"
        assert await store.items("audit:", after="b") == []
        assert await store.items("audit:", limit=0) == []

    @pytest.mark.parametrize(
        "prefix", ["100%", "a_b", "a*", "a?", "[a]", "a.b", "^a", "a$", "a|b", "(a", "a\\", "$a", "'; --", '"', "a\0b"]
    )
    async def test_signs_of_patterns_stand_for_themselves_in_keys(self, store: Store, prefix: str) -> None:
        for key in (prefix, f"{prefix}:1", "100 and more", "axb", "ab", "a", "A_B:1", "b", prefix[:-1], "1"):
            await store.put(key, key)
        assert await store.items(prefix) == [(prefix, prefix), (f"{prefix}:1", f"{prefix}:1")]

    async def test_keys_of_any_script_are_in_the_order_of_their_code_points(self, store: Store) -> None:
        keys = [
            "ключ:",
            "ключ:Ё",
            "ключ:а",
            "ключ:я",
            "ключ:ё",
            "ключ:\ud7ff",
            "ключ:\ue000",
            "ключ:\uffff",
            "ключ:😀",
            "ключ:\U0010ffff",
        ]
        for key in (*reversed(keys), "клю", "ключ;", "КЛЮЧ:а"):
            await store.put(key, 1)
        assert [key for key, _ in await store.items("ключ:")] == keys
        for key in keys[1:]:
            assert [found for found, _ in await store.items(key)] == [key]
            assert [found for found, _ in await store.items("ключ:", after=key)] == keys[keys.index(key) + 1 :]

    # --- tags ------------------------------------------------------------------------------------

    async def test_customers_are_found_by_their_tags(self, store: Store, place: str, clock: TestClock) -> None:
        for chat, tags in ((ANNA, ("vip", "новости")), (BORIS, ("новости", "новости")), (TOPIC, ())):
            await store.commit(decided(EMPTY, chat, customer=Customer(tags=tags)))
        for _ in range(2):
            assert await store.tagged("vip") == [C]
            assert await store.tagged("новости") == sorted([C, BORIS.conversation])
            for unknown in ("", "vi", "VIP", "vip ", '["vip"]', "$exists", "\ud83d"):
                assert await store.tagged(unknown) == []
            store = await self.again(store, place, clock)
        await store.close()

    async def test_a_tag_is_found_as_long_as_the_customer_has_it(self, store: Store) -> None:
        for tags in (("a",), ("a", "b"), ("b",), ("b",), (), ("a", "c")):
            await store.commit(decided(await store.load(C), customer=Customer(tags=tags)))
            assert [tag for tag in "abc" if await store.tagged(tag)] == list(tags)

    async def test_a_commit_that_failed_changes_no_tags(self, store: Store) -> None:
        await store.commit(decided(EMPTY, customer=Customer(tags=("a",))))
        with pytest.raises(Conflict):
            await store.commit(decided(EMPTY, customer=Customer(tags=("b",))))
        assert [tag for tag in "ab" if await store.tagged(tag)] == ["a"]

    async def test_tagged_customers_come_a_page_at_a_time(self, store: Store) -> None:
        chats = [replace(ANNA, chat=str(n)) for n in range(7)]
        for chat in chats:
            await store.commit(decided(EMPTY, chat, customer=Customer(tags=("news", f"of {chat.chat}"))))
        wanted = sorted(chat.conversation for chat in chats)
        found: list[ConversationId] = []
        while page := await store.tagged("news", after=found[-1] if found else "", limit=3):
            assert len(page) <= 3
            found += page
        assert found == wanted
        assert await store.tagged("news", after=wanted[-1]) == []
        assert await store.tagged("news", limit=0) == []

    async def test_a_tag_with_half_a_character_is_found(self, store: Store) -> None:
        await store.commit(decided(EMPTY, customer=Customer(tags=("a\ud83db",))))
        assert await store.tagged("a\ud83db") == [C]

    async def test_a_closed_store_says_so(self, store: Store) -> None:
        await store.close()
        with pytest.raises(StoreUnavailable):
            await store.accept([said(1)])
        with pytest.raises(StoreUnavailable):
            await store.load(C)
