"""A staged release: its share of the talks, how it compares, and when it is withdrawn by rule."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from estafeta.clock import SystemClock
from estafeta.kernel.model import (
    Conversation,
    ConversationId,
)
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from estafeta.trial import RULE, TrialWatch, tally
from flows.interpreter import Said
from flows.publish_file import PublishRules
from tests.engine.releases.world import (
    BEGIN,
    NEW,
    OLD,
    WHO,
    Serving,
    content,
    event,
    new_talk,
    refused,
    stored,
)
from tests.world import HOME


async def told(store: Store, release: str, names: str, *, count: int, handed_over: int, at: datetime) -> None:
    for number in range(count):
        who = f"{names}{number}"
        entries = [event(who, 1, "flow", at, flow="city", release=release)]
        if number < handed_over:
            entries.append(event(who, 2, "opened", at, reason="user_request", release=release))
        await stored(store, Conversation(id=ConversationId(who), address=HOME), *entries)


async def test_a_staged_release_takes_its_share_of_new_talks(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    await releases.publish(content(tmp_path, OLD), who=WHO)
    staged = await releases.publish(content(tmp_path, NEW), who=WHO, share=30)
    worker = Serving(store, folder)
    await worker.watch.renew()
    talks = [await worker.turn(new_talk(f"c{number}"), BEGIN) for number in range(200)]
    tried = [talk for talk, said in talks if said == ["Какой город?"]]
    assert 35 <= len(tried) <= 85
    assert {talk.dialog.release for talk in tried} == {staged.release}
    await releases.roll_back(who=WHO)
    await worker.watch.renew()
    _, said = await worker.turn(tried[0], Said(text="Москва"))
    assert said == ["Записали"]
    _, said = await worker.turn(new_talk(str(tried[0].id)), BEGIN)
    assert said == ["Город?"]


@pytest.mark.parametrize(("handed_over", "withdrawn"), [(20, True), (4, False)])
async def test_a_release_that_is_worse_is_withdrawn_by_rule(
    store: Store, releases: Releases, tmp_path: Path, handed_over: int, withdrawn: bool
) -> None:
    old = await releases.publish(content(tmp_path, OLD), who=WHO)
    new = await releases.publish(content(tmp_path, NEW), who=WHO, share=30, rules=PublishRules(least=40))
    watch = TrialWatch(store=store, clock=SystemClock())
    assert await watch.look() == ""
    now = datetime.now(UTC)
    await told(store, old.release, "old", count=40, handed_over=2, at=now)
    await told(store, new.release, "new", count=39, handed_over=handed_over, at=now)
    assert await watch.look() == ""  # too little is known yet
    await told(store, new.release, "last", count=1, handed_over=0, at=now)
    with capture_logs() as logged:
        why = await watch.look()
    held = await releases.standing()
    assert bool(why) is withdrawn
    assert held.staged == ("" if withdrawn else new.release)
    assert watch.withdrawn == int(withdrawn)
    if withdrawn:
        line = (await releases.history())[0]
        assert (line.did, line.who, line.why, line.release) == ("withdrawn", RULE, why, new.release)
        assert why == "handed over: 50% of 40, 5% of 40 with what is in service; more than 10 points worse"
        assert ("release_withdrawn", "warning") in [(one["event"], one["log_level"]) for one in logged]
    assert await watch.look() == ""


async def test_figures_are_told_of_every_release(store: Store, tmp_path: Path) -> None:
    now = datetime.now(UTC)
    await told(store, "r1", "a", count=5, handed_over=2, at=now - timedelta(days=1))
    await told(store, "r2", "b", count=3, handed_over=0, at=now)
    found = await tally(store, now - timedelta(days=7), now + timedelta(seconds=1))
    assert (found.of("r1").conversations, found.of("r1").handoffs) == (5, 2)
    assert (found.of("r2").conversations, found.of("r2").handoffs) == (3, 0)


async def test_another_release_staged_meanwhile_is_not_withdrawn(releases: Releases, tmp_path: Path) -> None:
    first = await releases.publish(content(tmp_path, OLD), who=WHO, share=10)
    second = await releases.publish(content(tmp_path, NEW), who=WHO, share=10)
    assert await refused(releases.withdraw(first.release, who=RULE, why="worse")) == "moved_on"
    assert (await releases.standing()).staged == second.release


async def test_an_event_that_is_seen_at_two_looks_counts_once(store: Store, releases: Releases, tmp_path: Path) -> None:
    old = await releases.publish(content(tmp_path, OLD), who=WHO)
    new = await releases.publish(content(tmp_path, NEW), who=WHO, share=30, rules=PublishRules(least_marks=2))
    now = datetime.now(UTC)
    for release, mark in ((old.release, "fine"), (new.release, "bad")):
        rated = event(release, 1, "rated", now, about="bot", rating=mark, release=release)
        await stored(store, Conversation(id=ConversationId(release), address=HOME), rated)
    watch = TrialWatch(store=store, clock=SystemClock())
    for _ in range(3):
        assert await watch.look() == ""
    assert (await releases.standing()).staged == new.release
