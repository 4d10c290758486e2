"""Several workers on one store: each thing is done once, in order, whoever dies, hangs or leaves."""

from __future__ import annotations

import asyncio

import pytest

from estafeta.kernel.model import ConversationId
from estafeta.kernel.ports import Mailbox
from tests.engine.team import C, One, Team, begun


async def test_an_answer_of_another_worker_waits_for_the_one_before(team: Team, anna: One, boris: One) -> None:
    await begun(team, anna)
    await team.says("person")
    await boris.work()
    assert team.seen == []
    outbox = (await team.conversation()).outbox
    assert {item.holder for item in outbox if item.destination == "customer"} == {anna.presence.name}
    anna.channel.gate.set()
    await anna.quiet()
    assert len(team.seen) == 2
    assert boris.worker.outbox.tally.sent == 0
    assert (await team.conversation()).outbox == ()


async def test_the_rest_of_a_dead_workers_sends_is_done_by_another_once_and_in_order(
    team: Team, anna: One, boris: One
) -> None:
    await begun(team, anna)
    await team.says("person")
    await boris.work()
    await anna.kill()
    await team.passes(2.0, boris)
    await boris.work()
    assert team.seen == []  # it may be alive still
    await team.passes(2.0, boris)
    await boris.work()
    await boris.quiet()
    assert len(team.seen) == 2
    entries = [entry.text for entry in await team.store.entries(C) if entry.author.kind == "bot"]
    assert team.seen == entries
    assert (await team.conversation()).outbox == ()


async def test_a_worker_that_hung_drops_what_others_took_over(team: Team, anna: One, boris: One) -> None:
    await begun(team, anna)
    await team.says("person")
    await anna.work()  # it waits behind the first
    await team.passes(4.0, boris)
    await boris.work()
    await boris.quiet()
    assert len(team.seen) == 2
    anna.channel.gate.set()  # its first was on the way already: that one may double
    await anna.renew()
    await anna.quiet()
    assert len(team.seen) == 3
    assert team.seen[2] == team.seen[0]
    assert (await team.conversation()).outbox == ()


async def test_a_worker_that_hung_sends_the_rest_itself_when_nobody_else_did(team: Team, anna: One) -> None:
    await begun(team, anna)
    await team.says("person")
    await anna.work()
    await team.passes(4.0)
    anna.channel.gate.set()
    await anna.renew()
    await anna.quiet()
    entries = [entry.text for entry in await team.store.entries(C) if entry.author.kind == "bot"]
    assert team.seen == entries
    assert (await team.conversation()).outbox == ()


@pytest.mark.parametrize("turn_meanwhile", [True, False])
async def test_what_is_behind_an_item_that_seemed_lost_does_not_overtake_it(
    team: Team, anna: One, boris: One, monkeypatch: pytest.MonkeyPatch, turn_meanwhile: bool
) -> None:
    """Anna looks who has the next item after she lost her name, and before she took it over from herself."""
    await begun(team, anna)
    for words in ("person", "pay", "person"):
        await team.says(words)
        await anna.work()  # they wait behind the first
    await team.passes(4.0, boris)
    assert await boris.presence.gone([anna.presence.name])
    anna.presence.on_lapse = lambda: None
    load = team.store.load

    async def stale(conversation: ConversationId) -> Mailbox:
        found = await load(conversation)
        monkeypatch.setattr(team.store, "load", load)
        if turn_meanwhile:
            await anna.work()
        return found

    await anna.renew()
    monkeypatch.setattr(team.store, "load", stale)
    anna.channel.gate.set()
    await anna.quiet()
    await anna.quiet()
    entries = [entry.text for entry in await team.store.entries(C) if entry.author.kind == "bot"]
    assert len(entries) >= 4
    assert team.seen == entries
    assert (await team.conversation()).outbox == ()


async def test_an_outage_of_the_store_doubles_nothing(team: Team, anna: One, boris: One) -> None:
    """What was sent while the store was away is known to its sender alone, who has the first word after."""
    await begun(team, anna)
    team.store.away = True
    await team.clock.advance(20)
    anna.channel.gate.set()
    async with asyncio.timeout(10):
        await anna.worker.outbox.lanes.idle()
        await anna.worker.engine.lanes.idle()
    assert len(team.seen) == 1
    team.store.away = False
    await boris.renew()
    await boris.work()
    await boris.quiet()
    assert len(team.seen) == 1
    await anna.renew()
    assert anna.worker.engine.unfinished() == [C]  # the sweeper wakes it then
    await anna.work()
    await anna.quiet()
    await team.passes(10.0, anna, boris)
    await boris.work()
    await boris.quiet()
    assert len(team.seen) == 1
    assert (await team.conversation()).outbox == ()


async def test_a_commit_whose_answer_was_lost_is_looked_at_again(team: Team, anna: One) -> None:
    await team.says("pay")
    team.store.lost = 1
    await anna.work()
    assert team.seen == []
    assert anna.worker.engine.unfinished() == [C]
    assert anna.worker.engine.unfinished() == []
    await anna.work()
    await anna.quiet()
    assert len(team.seen) == 1
    assert (await team.conversation()).outbox == ()


async def test_two_that_race_answer_each_message_once(team: Team, anna: One, boris: One) -> None:
    for number in range(12):
        await team.says("pay" if number % 2 else "person")
        for one in (anna, boris):
            one.worker.engine.wake(C)
    for one in (anna, boris):
        await one.quiet()
    for one in (anna, boris):
        await one.work()
        await one.quiet()
    entries = await team.store.entries(C, limit=1000)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert len([entry for entry in entries if entry.author.kind == "customer"]) == 12
    assert team.seen == [entry.text for entry in entries if entry.author.kind == "bot"]
    assert (await team.conversation()).outbox == ()


async def test_who_stops_sends_what_it_began_and_leaves_the_rest_to_others(
    team: Team,
) -> None:
    leaving = One(team, "leaving")
    async with leaving.worker.running():
        await begun(team, leaving)
        asyncio.get_running_loop().call_later(0.05, leaving.channel.gate.set)
    assert len(team.seen) == 1
    assert (await team.conversation()).outbox == ()  # what became of it was applied
    assert not {name for name in team.store.held if name.startswith("leaving")}
