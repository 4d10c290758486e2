"""Publishing on both stores: who may, what is written down, what a crash leaves, what is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Json,
)
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from flows.publish_file import PublishRules
from flows.release import Content, content_of
from tests.engine.releases.world import (
    BEGIN,
    NEW,
    NEWER,
    OLD,
    WHO,
    Dying,
    Opened,
    Serving,
    asking,
    content,
    event,
    new_talk,
    refused,
    stored,
)


async def test_who_when_and_why_are_written_down(releases: Releases, tmp_path: Path) -> None:
    began = datetime.now(UTC)
    first = await releases.publish(content(tmp_path, OLD), who=WHO, why="a start")
    second = await releases.publish(content(tmp_path, NEW), who="boris", why="x" * 2000, share=10)
    third = await releases.promote(who=WHO)
    fourth = await releases.roll_back(who=WHO, why="too short")
    lines = await releases.history()
    assert lines == (fourth, third, replace(second, why="x" * 500), first)
    assert [line.did for line in lines] == ["rolled_back", "promoted", "staged", "published"]
    assert [line.share for line in lines] == [100, 100, 10, 100]
    assert (fourth.release, fourth.before) == (first.release, second.release)
    assert (first.who, first.why, first.before) == (WHO, "a start", "")
    assert began <= first.at <= fourth.at <= datetime.now(UTC)
    assert (await releases.history(limit=1)) == (fourth,)


async def test_what_changes_nothing_is_refused(releases: Releases, tmp_path: Path) -> None:
    one, two = content(tmp_path, OLD), content(tmp_path, NEW)
    await releases.publish(one, who=WHO)
    assert await refused(releases.publish(one, who=WHO)) == "unchanged"
    assert await refused(releases.publish(one, who=WHO, share=10)) == "unchanged"
    assert await refused(releases.promote(who=WHO)) == "nothing_staged"
    assert await refused(releases.roll_back(one.release, who=WHO)) == "in_service"
    assert await refused(releases.roll_back("0" * 12, who=WHO)) == "unknown"
    for share in (0, 101, -5):
        assert await refused(releases.publish(two, who=WHO, share=share)) == "wrong_share"
    await releases.publish(two, who=WHO, share=10)
    assert await refused(releases.publish(two, who=WHO, share=10)) == "staged_already"
    large = Content(files={"bot.yml": "x" * 13_000_000})
    assert await refused(releases.publish(large, who=WHO)) == "too_large"
    assert len(await releases.history()) == 2


async def test_a_staged_release_is_widened_promoted_or_withdrawn(releases: Releases, tmp_path: Path) -> None:
    old, new = content(tmp_path, OLD), content(tmp_path, NEW)
    await releases.publish(old, who=WHO)
    await releases.publish(new, who=WHO, share=10, rules=PublishRules(least=7))
    began = (await releases.standing()).staged_at
    await releases.publish(new, who=WHO, share=50)
    held = await releases.standing()
    assert (held.release, held.staged, held.share, held.staged_at) == (old.release, new.release, 50, began)
    assert (await releases.roll_back(who=WHO)).did == "withdrawn"
    assert (await releases.standing()).release == old.release
    await releases.publish(new, who=WHO, share=10, rules=PublishRules(least=7))
    assert (await releases.standing()).limits.least == 7
    line = await releases.publish(new, who=WHO)
    held = await releases.standing()
    assert (line.did, held.release, held.staged, held.share) == ("promoted", new.release, "", 0)
    assert held.earlier == ("", old.release)


async def test_putting_the_old_out_of_doubt_ends_the_trial(releases: Releases, tmp_path: Path) -> None:
    old = content(tmp_path, OLD)
    await releases.publish(old, who=WHO)
    await releases.publish(content(tmp_path, NEW), who=WHO, share=10)
    await releases.publish(old, who=WHO)
    held = await releases.standing()
    assert (held.release, held.staged, held.earlier) == (old.release, "", ("",))


async def test_going_back_twice_goes_back_by_two_and_at_last_to_the_folder(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    names = [(await releases.publish(content(tmp_path, flow), who=WHO)).release for flow in (OLD, NEW, NEWER)]
    worker = Serving(store, folder)
    for expected in (names[1], names[0], ""):
        assert (await releases.roll_back(who=WHO)).release == expected
        await worker.watch.renew()
        assert worker.watch.contents.release == (expected or content_of(folder).release)
    assert await refused(releases.roll_back(who=WHO)) == "nothing_before"
    assert (await releases.roll_back(names[2], who=WHO)).release == names[2]


async def test_of_publishers_at_the_same_time_each_sees_what_the_other_did(opened: Opened, tmp_path: Path) -> None:
    contents = [content(tmp_path, asking(f"Вопрос {number}?")) for number in range(6)]
    publishers = [Releases(await opened(), SystemClock()) for _ in range(3)]
    lines = await asyncio.gather(
        *(publishers[number % 3].publish(one, who=str(number)) for number, one in enumerate(contents))
    )
    held = await publishers[0].standing()
    history = list(reversed(await publishers[1].history()))
    assert {line.release for line in history} == {line.release for line in lines}
    assert [line.before for line in history] == ["", *(line.release for line in history[:-1])]
    assert held.release == history[-1].release
    assert held.earlier == tuple(line.before for line in history)


async def test_who_dies_while_publishing_leaves_the_old_or_the_new_whole(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    old, new = content(tmp_path, OLD), content(tmp_path, NEW)
    await releases.publish(old, who=WHO)
    dying: Any = Dying(store, 0)
    died = 0
    while True:
        dying.after = died
        try:
            await Releases(dying, SystemClock()).publish(new, who="boris")
            break
        except StoreUnavailable:
            died += 1
        held = await releases.standing()
        worker = Serving(store, folder)
        await worker.watch.renew()
        assert worker.watch.contents.release == held.release
        assert held.release in (old.release, new.release)
        assert (await releases.history())[0].release == held.release  # never in service without a trace
        if held.release == new.release:
            break
    assert died == 5  # kept, content, the history of before, the record, the history
    await releases.roll_back(who=WHO)
    assert [line.release for line in await releases.history()] == [old.release, new.release, old.release]


async def test_whoever_hangs_too_long_while_publishing_changes_nothing(
    store: Store, releases: Releases, tmp_path: Path
) -> None:
    clock = TestClock()

    class Slow(Dying):
        async def put(self, key: str, value: Json) -> None:
            await clock.advance(20)
            await self._store.put(key, value)

    slow: Any = Slow(store, 0)
    assert await refused(Releases(slow, clock).publish(content(tmp_path, NEW), who=WHO)) == "slow"
    assert (await releases.standing()).release == ""


# --- what is kept ----------------------------------------------------------------------------------


async def test_content_is_kept_as_long_as_a_talk_runs_on_it(
    store: Store, releases: Releases, tmp_path: Path, folder: Path
) -> None:
    used, unused = content(tmp_path, OLD), content(tmp_path, NEW)
    for one in (used, unused):
        await releases.keep(one)
    running, _ = await Serving(store, folder).turn(new_talk(), BEGIN)
    running = replace(running, dialog=replace(running.dialog, release=used.release))
    now = datetime.now(UTC)
    begun = event("masha", 1, "flow", now, flow="city", release=used.release)
    over = event("boris", 1, "flow", now, flow="city", release=unused.release)
    await stored(store, running, begun)
    await stored(store, new_talk("boris"), over)
    later = TestClock(now + timedelta(days=2))
    assert await Releases(store, TestClock(now)).tidy() == ()  # somebody may be about to use it
    assert await Releases(store, later).tidy() == (unused.release,)
    assert (await releases.content(used.release)).files == used.files
    assert await refused(releases.content(unused.release)) == "unknown"


async def test_what_serves_or_can_be_gone_back_to_is_kept(store: Store, releases: Releases, tmp_path: Path) -> None:
    lines = [await releases.publish(content(tmp_path, flow), who=WHO) for flow in (OLD, NEW)]
    lines.append(await releases.publish(content(tmp_path, NEWER), who=WHO, share=5))
    later = Releases(store, TestClock(datetime.now(UTC) + timedelta(days=400)))
    assert await later.tidy() == ()
    for line in lines:
        assert (await releases.content(line.release)).release == line.release


async def test_the_folders_content_is_kept_while_it_serves(store: Store, folder: Path, releases: Releases) -> None:
    clock = TestClock(datetime.now(UTC))
    worker = Serving(store, folder, clock)
    own = worker.watch.contents.release
    for _ in range(10):
        await worker.watch.renew()
        await clock.advance(7 * 3600)
        assert await Releases(store, clock).tidy() == ()
    assert (await releases.content(own)).release == own
