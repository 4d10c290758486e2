"""Talks and releases in the engine: each talk ends on the content it began on, and what happens names its release."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.contents import ContentWatch
from estafeta.kernel.model import CustomerSaid, Dialog, Signal, SignalId, Text
from estafeta.releases import Releases
from flows import loader
from flows.model import Workspace
from flows.release import Content, Contents, content_of
from tests.engine.team import C, One, Team
from tests.world import HOME

WHO = "vera"


class Serving:
    """A worker of the team that follows the releases."""

    def __init__(self, team: Team, one: One) -> None:
        self.one = one
        self.watch = ContentWatch(
            store=team.store, clock=team.clock, folder=team.workspace.path, workspace=team.workspace,
            changed=self._changed,
        )  # fmt: skip
        one.worker.engine.ready = self.watch.ready

    def _changed(self, contents: Contents) -> None:
        engine = self.one.worker.engine
        engine.rules = replace(engine.rules, workspace=contents.workspace, contents=contents)

    async def work(self) -> None:
        await self.watch.renew()
        await self.one.work()
        await self.one.quiet()


@pytest.fixture
def two(team: Team, anna: One, boris: One) -> tuple[Serving, Serving]:
    return Serving(team, anna), Serving(team, boris)


@pytest.fixture
def releases(team: Team, clock: TestClock) -> Releases:
    return Releases(team.store, clock)


def changed(small: Workspace, path: Path, *changes: tuple[str, str, str]) -> Content:
    """The small workspace with other words in some of its flows."""
    folder = path / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(small.path, folder)
    for flow, before, after in changes:
        file = folder / "flows" / f"{flow}.yml"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))
    return content_of(folder, loader.load(folder))


ANOTHER = ("order", "Which number?", "The number, please?")


async def test_a_talk_ends_on_its_own_release_whichever_worker_has_it(
    team: Team, two: tuple[Serving, Serving], releases: Releases, small: Workspace, tmp_path: Path
) -> None:
    one, other = two
    first = await releases.publish(changed(small, tmp_path, ("order", "Six digits please", "Just digits")), who=WHO)
    await team.says("order")
    await one.work()
    assert team.seen == ["Which number?"]
    assert (await team.conversation()).dialog.release == first.release
    second = await releases.publish(changed(small, tmp_path, ANOTHER), who=WHO)
    await team.says("blah")
    await other.work()
    assert other.watch.contents.release == second.release
    assert team.seen[1:] == ["Just digits"]  # as the first release says, on a worker that never served it
    await team.says("/order")
    await one.work()
    assert team.seen[2:] == ["Which number?"]  # the talk is not over: the question is asked anew


async def test_the_next_talk_takes_the_new_release(
    team: Team, two: tuple[Serving, Serving], releases: Releases, small: Workspace, tmp_path: Path
) -> None:
    one, other = two
    await releases.publish(changed(small, tmp_path), who=WHO)
    await team.says("pay")
    await one.work()
    assert (await team.conversation()).dialog.release == ""  # said at once, and over
    await releases.publish(changed(small, tmp_path, ANOTHER), who=WHO)
    await team.says("order")
    await other.work()
    assert team.seen[-1] == "The number, please?"


async def test_what_happens_names_its_release(
    team: Team, two: tuple[Serving, Serving], releases: Releases, small: Workspace, tmp_path: Path
) -> None:
    one, _ = two
    line = await releases.publish(changed(small, tmp_path), who=WHO)
    for words in ("pay", "blah", "person"):
        await team.says(words)
        await one.work()
    told = [entry.data for entry in await team.store.entries(C) if entry.kind == "event"]
    by_name = {data["event"]: data.get("release") for data in told}
    assert {by_name[name] for name in ("flow", "fallback", "opened")} == {line.release}


async def test_a_share_of_the_talks_is_on_the_staged_release(
    team: Team, two: tuple[Serving, Serving], releases: Releases, small: Workspace, tmp_path: Path
) -> None:
    one, _ = two
    await releases.publish(changed(small, tmp_path), who=WHO)
    staged = await releases.publish(changed(small, tmp_path, ANOTHER), who=WHO, share=50)
    await one.watch.renew()
    said = CustomerSaid(message="m", parts=(Text(text="order"),))
    homes = [replace(HOME, chat=f"chat{number}") for number in range(40)]
    for number, home in enumerate(homes):
        signal = Signal(id=SignalId(f"many{number}"), at=team.clock.now(), event=said, address=home)
        await team.store.accept([signal])
        one.one.worker.engine.wake(home.conversation)
    await one.one.quiet()
    held = [(await team.store.load(home.conversation)).conversation for home in homes]
    tried = [found for found in held if found is not None and found.dialog.release == staged.release]
    assert 8 <= len(tried) <= 32
    assert team.seen.count("The number, please?") == len(tried)


async def test_a_release_that_is_lost_leaves_the_talk_where_it_was(
    team: Team, two: tuple[Serving, Serving], releases: Releases, small: Workspace, tmp_path: Path
) -> None:
    one, other = two
    first = await releases.publish(changed(small, tmp_path, ("order", "Which number?", "Which?")), who=WHO)
    await team.says("order")
    await one.work()
    second = await releases.publish(
        changed(small, tmp_path, ANOTHER, ("order", "Six digits", "Only digits")), who=WHO
    )  # fmt: skip
    await team.store.put(f"content:{first.release}", {"files": "damaged"})
    await team.says("blah")
    await other.work()
    assert team.seen[1:] == ["Only digits please"]
    assert (await team.conversation()).dialog.release == second.release


async def test_without_releases_nothing_is_named(team: Team, anna: One) -> None:
    await team.says("order")
    await anna.work()
    assert (await team.conversation()).dialog.release == ""
    assert replace((await team.conversation()).dialog, frames=(), slots={}) == Dialog()
