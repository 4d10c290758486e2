"""What workers serve: published content is live everywhere, whole; talks stay on theirs; the folder in development."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Json,
)
from estafeta.kernel.ports import Store
from estafeta.releases import Releases
from flows import loader
from flows.interpreter import Said
from flows.release import Content, content_of
from storage.files.folder import FolderFiles
from tests.engine.releases.world import (
    BEGIN,
    NEW,
    NEWER,
    OLD,
    WHO,
    Dying,
    Opened,
    Serving,
    content,
    new_talk,
    working,
)
from tests.flows.world import PAYMENT, write


async def test_what_is_published_is_live_in_all_workers(
    opened: Opened, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    one, two = [Serving(await opened(), folder) for _ in range(2)]
    async with working(one, two):
        line = await releases.publish(content(tmp_path, NEW), who=WHO, why="friendlier")
        for worker in (one, two):
            await worker.serves(line.release)
            _, said = await worker.turn(new_talk(), BEGIN)
            assert said == ["Какой город?"]


async def test_a_talk_ends_on_the_release_it_began_on_while_new_ones_take_the_new(
    opened: Opened, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    one, two = [Serving(await opened(), folder) for _ in range(2)]
    async with working(one, two):
        old = await releases.publish(content(tmp_path, OLD, PAYMENT), who=WHO)
        await one.serves(old.release)
        running, said = await one.turn(new_talk(), BEGIN)
        assert said == ["Город?"]
        assert running.dialog.release == old.release
        new = await releases.publish(content(tmp_path, NEW, PAYMENT), who=WHO)
        await two.serves(new.release)
        _, said = await two.turn(new_talk("boris"), BEGIN)
        assert said == ["Какой город?"]
        running, said = await two.turn(running, Said(text="Москва"))
        assert said == ["Принято"]
        assert running.dialog.release == ""
        _, said = await two.turn(running, BEGIN)
        assert said == ["Какой город?"]


async def test_a_worker_that_started_later_reads_what_a_talk_runs_on(
    opened: Opened, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    one = Serving(await opened(), folder)
    await one.watch.renew()  # nothing is published: the folder serves
    running, _ = await one.turn(new_talk(), BEGIN)
    (folder / "flows" / "city.yml").write_text(NEWER)
    await releases.publish(content(tmp_path, NEW), who=WHO)
    fresh = Serving(await opened(), folder)
    await fresh.watch.renew()
    assert fresh.watch.contents.of(running.dialog.release) is None
    _, said = await fresh.turn(running, Said(text="Москва"))
    assert said == ["Принято"]


async def test_what_is_damaged_gives_way_and_the_talk_goes_on(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    old = await releases.publish(content(tmp_path, OLD), who=WHO)
    first = Serving(store, folder)
    await first.watch.renew()
    running, _ = await first.turn(new_talk(), BEGIN)
    new = await releases.publish(content(tmp_path, NEW), who=WHO)
    held: Any = await store.get(f"content:{old.release}")
    held["files"]["flows/f0.yml"] = NEWER
    for damaged in (held, {"files": 5}, "x", None):
        await store.put(f"content:{old.release}", damaged)
        worker = Serving(store, folder)
        await worker.watch.renew()
        with capture_logs() as logged:
            after, said = await worker.turn(running, Said(text="Москва"))
            await worker.turn(running, Said(text="Москва"))
        assert said == ["Записали"]  # the step still stands there
        assert after.dialog.release == ""
        assert [line["event"] for line in logged] == ["content_lost"]
        assert worker.watch.tally.lost == 1
    assert (await releases.standing()).release == new.release


async def test_content_that_cannot_be_served_leaves_what_is_served(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    clock = TestClock()
    worker = Serving(store, folder, clock)
    broken = Content(files={**content(tmp_path, NEW).files, "flows/f0.yml": "flow: ["})
    await releases.publish(broken, who=WHO)
    with capture_logs() as logged:
        for _ in range(3):
            await worker.watch.renew()
    assert [line["event"] for line in logged] == ["content_refused"]
    assert worker.watch.contents is worker.seen[0]
    _, said = await worker.turn(new_talk(), BEGIN)
    assert said == ["Город?"]
    good = await releases.publish(content(tmp_path, NEW), who=WHO)
    await worker.watch.renew()
    assert worker.watch.contents.release == good.release


async def test_a_path_in_the_store_leads_nowhere_else(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    worker = Serving(store, folder)
    await releases.publish(Content(files={"../../evil.yml": "x"}), who=WHO)
    with capture_logs() as logged:
        await worker.watch.renew()
    assert "no path in a workspace" in logged[0]["error"]


async def test_a_decision_sees_one_content(store: Store, releases: Releases, folder: Path, tmp_path: Path) -> None:
    worker = Serving(store, folder)
    before = worker.watch.contents
    await releases.publish(content(tmp_path, NEW), who=WHO, share=50)
    await worker.watch.renew()
    after = worker.watch.contents
    assert before.staged == ""  # what a decision holds is never changed
    assert (after.release, after.share) == (before.release, 50)
    assert after.of(after.staged) is not None


async def test_a_flow_about_what_this_models_data_do_not_teach_is_served(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    data = 'nlu:\n- intent: gift\n  examples: "- a [gift](present)"\n- lookup: wrap\n  examples: "- paper"\n'
    flow = "flow: gift\nstart: {intent: gift, command: gift}\nsteps:\n  - {ask: a, say: Что?, expect: wrap}\n"
    made = content(tmp_path, flow, NEW, nlu=data + '- intent: delivery\n  examples: "- deliver"\n')
    line = await releases.publish(made, who=WHO)
    worker = Serving(store, folder)
    await worker.watch.renew()
    assert worker.watch.contents.release == line.release
    assert worker.watch.workspace.training.entities["order_number"].patterns  # its own model's data hold too


async def test_media_come_from_the_folder_or_from_the_files(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    flow = "flow: map\nstart: {command: map}\nsteps:\n  - {say: Карта, media: map.png}\n"
    made = write(tmp_path / "made", {"a": flow, "b": OLD})
    (made / "media").mkdir()
    (made / "media" / "map.png").write_bytes(b"picture")
    published = content_of(made, loader.load(made))
    line = await releases.publish(published, who=WHO)
    files = FolderFiles(tmp_path / "files")
    await files.open()
    clock = TestClock()
    worker = Serving(store, folder, clock, files=files)
    with capture_logs() as logged:
        await worker.watch.renew()
    assert logged[0]["event"] == "content_refused"
    await files.put(published.media["map.png"].ref, made / "media" / "map.png")
    await clock.advance(60)
    await worker.watch.renew()
    assert worker.watch.contents.release == line.release
    assert worker.watch.workspace.media["map.png"] == published.media["map.png"]
    beside = Serving(store, made)
    await beside.watch.renew()
    assert beside.watch.contents.release == line.release


# --- the folder in development ---------------------------------------------------------------------


async def test_a_change_in_the_folder_is_taken_over_when_it_is_right(store: Store, folder: Path) -> None:
    worker = Serving(store, folder, reloads=True, every=0.05)
    running, _ = await worker.turn(new_talk(), BEGIN)
    file = folder / "flows" / "city.yml"
    async with working(worker):
        file.write_text(NEW)
        await worker.serves(content_of(folder).release)
        _, said = await worker.turn(new_talk(), BEGIN)
        assert said == ["Какой город?"]
        _, said = await worker.turn(running, Said(text="Москва"))
        assert said == ["Принято"]  # on what it began with


async def test_a_mistake_in_the_folder_is_logged_and_the_old_stays(store: Store, folder: Path) -> None:
    worker = Serving(store, folder, reloads=True)
    for _ in range(2):
        await worker.watch.renew()  # reads the folder once, in case it changed while the platform started
    (folder / "flows" / "city.yml").write_text(NEW.replace("expect", "exspect"))
    with capture_logs() as logged:
        for _ in range(4):
            await worker.watch.renew()
    (line,) = logged
    assert line["event"] == "folder_not_taken_over"
    assert "flows/city.yml:4:" in line["findings"][0]
    assert "expect" in line["findings"][0]
    _, said = await worker.turn(new_talk(), BEGIN)
    assert said == ["Город?"]
    (folder / "flows" / "city.yml").write_text(NEWER)
    for _ in range(2):
        await worker.watch.renew()
    _, said = await worker.turn(new_talk(), BEGIN)
    assert said == ["Куда везти?"]


async def test_what_changed_while_the_platform_started_is_taken_over(store: Store, folder: Path) -> None:
    worker = Serving(store, folder, reloads=True)
    worker.watch._own = (content_of(folder), worker.watch.workspace)
    stale = loader.load(write(folder.parent / "stale", {"city": NEW}))
    worker.watch.contents = replace(worker.watch.contents, workspace=stale)
    for _ in range(2):
        await worker.watch.renew()
    _, said = await worker.turn(new_talk(), BEGIN)
    assert said == ["Город?"]


async def test_what_is_published_holds_whatever_the_folder_says(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    worker = Serving(store, folder, reloads=True)
    line = await releases.publish(content(tmp_path, NEW), who=WHO)
    (folder / "flows" / "city.yml").write_text(NEWER)
    for _ in range(3):
        await worker.watch.renew()
    assert worker.watch.contents.release == line.release


async def test_a_store_that_is_away_changes_nothing(folder: Path, store: Store) -> None:
    class Away(Dying):
        async def get(self, key: str) -> Json:
            raise StoreUnavailable("away")

    away: Any = Away(store, 0)
    worker = Serving(away, folder)
    with capture_logs() as logged:
        for _ in range(3):
            await worker.watch.look()
    assert [line["event"] for line in logged] == ["contents_not_renewed"]
    _, said = await worker.turn(new_talk(), BEGIN)
    assert said == ["Город?"]


async def test_a_store_that_goes_away_while_content_is_read_costs_no_half_minute(
    folder: Path, store: Store, releases: Releases, tmp_path: Path
) -> None:
    class Away(Dying):
        async def get(self, key: str) -> Json:
            if key.startswith("content:") and self.after:
                self.after -= 1
                raise StoreUnavailable("away")
            found: Json = await self._store.get(key)
            return found

    line = await releases.publish(content(tmp_path, NEW), who=WHO)
    away: Any = Away(store, 1)
    worker = Serving(away, folder)
    await worker.watch.look()
    assert worker.watch.contents.release != line.release
    await worker.watch.look()
    assert worker.watch.contents.release == line.release


async def test_actions_are_those_of_the_talks_release(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    old = await releases.publish(content(tmp_path, OLD), who=WHO)
    await releases.publish(content(tmp_path, NEW), who=WHO)
    worker = Serving(store, folder)
    await worker.watch.renew()
    assert "city" in (await worker.watch.content(old.release)).library.flows
    assert worker.watch.contents.of(old.release) is not None
    assert await worker.watch.content("gone") is worker.watch.workspace
    assert await worker.watch.content("") is worker.watch.workspace


async def test_what_a_worker_served_it_holds_though_the_store_lost_it(
    store: Store, releases: Releases, folder: Path, tmp_path: Path
) -> None:
    old = await releases.publish(content(tmp_path, OLD), who=WHO)
    worker = Serving(store, folder)
    await worker.watch.renew()
    running, _ = await worker.turn(new_talk(), BEGIN)
    await releases.publish(content(tmp_path, NEW), who=WHO)
    await worker.watch.renew()
    await store.put(f"content:{old.release}", None)
    _, said = await worker.turn(running, Said(text="Москва"))
    assert said == ["Принято"]


async def test_a_folder_at_the_middle_of_a_change_is_left_alone(store: Store, folder: Path) -> None:
    worker = Serving(store, folder, reloads=True)
    for _ in range(2):
        await worker.watch.renew()
    with capture_logs() as logged:
        (folder / "flows" / "city.yml").write_text("flow: city\nsteps: [")
        await worker.watch.renew()
        (folder / "flows" / "city.yml").write_text(NEWER)
        await worker.watch.renew()
        assert logged == []
        await worker.watch.renew()
    assert [line["event"] for line in logged] == ["folder_taken_over", "content_served"]
