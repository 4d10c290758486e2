"""What `/load` says: how the groups' budgets stand, in all processes together."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from estafeta.app.metrics import Groups
from estafeta.clock import TestClock
from handoff.desks.telegram_forum.load import Budgets, Standing, answer
from storage.sqlite import SqliteStore

GROUP, OTHER = -1001, -1002


@dataclass(frozen=True)
class Load:
    own: int = 0
    waiting: int = 0
    oldest: float = 0.0
    used: int = 20
    most: int = 20
    seconds: float = 61.0


@contextlib.asynccontextmanager
async def _store(folder: Path, clock: TestClock) -> AsyncIterator[SqliteStore]:
    store = SqliteStore(folder / "estafeta.db", clock=clock)
    await store.open()
    yield store
    await store.close()


def _as_is(load: Load) -> Load:
    return load


async def told(budgets: Budgets, clock: TestClock) -> None:
    """One round of telling the others."""
    telling = asyncio.create_task(budgets.tell())
    await clock.asleep()
    telling.cancel()
    await asyncio.gather(telling, return_exceptions=True)


async def test_one_process_tells_of_itself() -> None:
    budgets = Budgets({GROUP: lambda: Load(own=14, waiting=3, oldest=75.2)}, clock=TestClock())
    assert await budgets.answer("ru") == (
        "📊 Сообщений в группу за минуту: 14 из 20 возможных.\n⏳ Ждут отправки: 3, дольше всех — 1 мин 15 с."
    )
    assert await budgets.answer("en") == (
        "📊 Posts into the group in the last minute: 14 of 20.\n⏳ Waiting to be posted: 3, the oldest for 1 min 15 s."
    )


async def test_what_several_processes_do_is_added_up(tmp_path: Path) -> None:
    clock = TestClock()
    async with _store(tmp_path, clock) as store:
        one, other = (
            Budgets({GROUP: partial(_as_is, load)}, clock=clock, store=store, process=partial(str, name))
            for name, load in (("a", Load(own=5, waiting=1, oldest=4)), ("b", Load(own=9, waiting=2, oldest=30)))
        )
        await told(one, clock)
        await told(other, clock)
        [standing] = await one.every()
        assert (standing.posts, standing.waiting, standing.oldest) == (14, 3, 30)
        assert await other.every() == [standing]


async def test_what_was_told_long_ago_or_is_rubbish_does_not_count(tmp_path: Path) -> None:
    clock = TestClock()
    async with _store(tmp_path, clock) as store:
        gone = Budgets({GROUP: lambda: Load(own=9)}, clock=clock, store=store, process=lambda: "gone")
        here = Budgets({GROUP: lambda: Load(own=2)}, clock=clock, store=store, process=lambda: "here")
        await told(gone, clock)
        for number, rubbish in enumerate((None, 3, {}, {"at": "x"}, {"at": clock.now().timestamp(), "groups": [[1]]})):
            await store.put(f"forum.load.rubbish{number}", rubbish)
        assert [one.posts for one in await here.every()] == [11]
        await clock.advance(60)
        assert [one.posts for one in await here.every()] == [2]


async def test_groups_are_told_apart() -> None:
    loads = {GROUP: lambda: Load(own=1), OTHER: lambda: Load(own=2)}
    budgets = Budgets(loads, clock=TestClock(), titles={OTHER: "Доставка"})
    lines = (await budgets.answer("ru")).splitlines()
    assert lines[0] == "1. Группа"
    assert lines[3] == "2. Доставка"
    assert lines[5] == "✅ Ничего не ждёт."


async def test_where_nothing_is_known_that_is_said() -> None:
    assert answer([], "en") == "How busy the group is is not known."
    assert await Budgets({GROUP: lambda: None}, clock=TestClock()).every() == []


@pytest.mark.parametrize(
    ("posts", "waiting", "oldest", "late"),
    [(18, 0, 0.0, 0.0), (19, 0, 0.0, 3.0), (20, 0, 0.0, 6.0), (20, 5, 40.0, 40.0)],
)
def test_how_late_two_more_posts_would_be(posts: int, waiting: int, oldest: float, late: float) -> None:
    standing = Standing(group=GROUP, posts=posts, most=20, waiting=waiting, oldest=oldest)
    assert standing.late(2) == pytest.approx(late)


def test_the_metrics_say_it_too() -> None:
    registry = CollectorRegistry()
    registry.register(
        Groups(Budgets({GROUP: lambda: Load(own=14, waiting=3, oldest=75.2)}, clock=TestClock()).standings)
    )
    shown = generate_latest(registry).decode()
    assert 'estafeta_group_posts{group="-1001"} 14.0' in shown
    assert 'estafeta_group_posts_allowed{group="-1001"} 20.0' in shown
    assert 'estafeta_group_waiting{group="-1001"} 3.0' in shown
    assert 'estafeta_group_oldest_seconds{group="-1001"} 75.2' in shown
