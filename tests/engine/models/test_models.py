"""Language models in both stores: what is kept, what is published, what is found damaged, what is removed."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Store
from estafeta.models import FRESH, PART, Models
from estafeta.publications import NotPublished
from estafeta.releases import Releases
from tests.contracts.store_examples import NOW
from tests.engine.models.world import WHO, model
from tests.engine.releases.world import Dying, Opened


async def refused(what: Any) -> str:
    with pytest.raises(NotPublished) as found:
        await what
    assert str(found.value)[-1] in ".:"
    return found.value.code


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_a_model_comes_back_as_it_was_kept_in_any_process(models: Models, opened: Opened, tmp_path: Path) -> None:
    folder = model(tmp_path, "one", size=2 * PART + 17)
    kept = await models.keep("one", folder, {"examples": 3})
    assert (kept.model, kept.report, kept.files["arrays.npz"].parts) == ("one", {"examples": 3}, 3)
    another = Models(await opened(), SystemClock())
    (tmp_path / "back").mkdir()
    await another.fetch("one", tmp_path / "back")
    assert contents(tmp_path / "back") == contents(folder)
    assert [one.model for one in await another.kept()] == ["one"]


async def test_a_damaged_model_is_never_laid_out_as_one(models: Models, store: Store, tmp_path: Path) -> None:
    kept = await models.keep("one", model(tmp_path, "one"))
    key = f"nlu-part:{kept.files['model.json'].file}:00000"
    for wrong in ("AAAA", "no base64!", None, 7):
        await store.put(key, wrong)
        assert await refused(models.fetch("one", tmp_path)) == "damaged"
    await store.put("nlu-model:two", {"model": 1})
    assert await refused(models.about("two")) == "damaged"
    assert await refused(models.fetch("three", tmp_path)) == "unknown"


async def test_names_of_files_never_lead_out_of_the_folder(models: Models, store: Store, tmp_path: Path) -> None:
    await models.keep("one", model(tmp_path, "one"))
    held: Any = await store.get("nlu-model:one")
    held["files"] = {"../evil": held["files"]["model.json"]}
    await store.put("nlu-model:one", held)
    assert await refused(models.fetch("one", tmp_path)) == "damaged"
    assert not (tmp_path.parent / "evil").exists()


async def test_who_when_why_and_what_the_gate_said_are_written_down(models: Models, tmp_path: Path) -> None:
    one = await models.publish("one", model(tmp_path, "one"), who=WHO, why="a start", gate="passed")
    two = await models.publish("two", model(tmp_path, "two"), who=WHO, share=10, gate="refused: …; anyway: urgent")
    promoted = await models.promote(who="boris")
    back = await models.roll_back(who=WHO, why="too sure")
    assert await models.history() == (back, promoted, two, one)
    assert [line.did for line in await models.history()] == ["rolled_back", "promoted", "staged", "published"]
    assert (one.gate, two.share, promoted.before, back.release) == ("passed", 10, "one", "one")
    assert (await models.standing()).release == "one"


async def test_what_changes_nothing_is_refused(models: Models, tmp_path: Path) -> None:
    one, two = model(tmp_path, "one"), model(tmp_path, "two")
    await models.publish("one", one, who=WHO)
    assert await refused(models.publish("one", one, who=WHO)) == "unchanged"
    assert await refused(models.promote(who=WHO)) == "nothing_staged"
    assert await refused(models.publish("two", two, who=WHO, share=0)) == "wrong_share"
    await models.publish("two", two, who=WHO, share=10)
    assert await refused(models.publish("two", two, who=WHO, share=10)) == "staged_already"
    assert await refused(models.publish("none", tmp_path / "nowhere", who=WHO)) == "no_model"
    assert await refused(models.roll_back("nowhere", who=WHO)) == "unknown"


async def test_one_step_goes_back_to_the_folders_model(models: Models, tmp_path: Path) -> None:
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    assert (await models.roll_back(who=WHO)).release == ""
    assert await refused(models.roll_back(who=WHO)) == "nothing_before"


async def test_models_and_dialogs_are_published_apart(models: Models, store: Store, tmp_path: Path) -> None:
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    releases = Releases(store, SystemClock())
    assert (await releases.standing()).release == ""
    assert await releases.history() == ()


async def test_a_publisher_that_dies_anywhere_leaves_what_serves(models: Models, store: Store, tmp_path: Path) -> None:
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    two = model(tmp_path, "two", size=PART + 1)
    written = 0
    while True:
        dying: Any = Dying(store, written)
        try:
            await Models(dying, SystemClock()).publish("two", two, who=WHO)
        except StoreUnavailable:
            held = await models.standing()
            serves = held.release
            await models.fetch(serves, tmp_path)
            if serves == "one":
                written += 1
                continue
        break
    assert written >= 4
    assert (await models.standing()).release == "two"
    assert [line.release for line in await models.history()] == ["two", "one"]


async def test_of_many_publishers_each_comes_after_another(opened: Opened, tmp_path: Path) -> None:
    names = [f"m{number}" for number in range(5)]
    publishers = [Models(await opened(), SystemClock()) for _ in names]
    await asyncio.gather(
        *(one.publish(name, model(tmp_path, name), who=name) for one, name in zip(publishers, names, strict=True))
    )
    lines = (await publishers[0].history())[::-1]
    assert {line.release for line in lines} == set(names)
    assert [line.before for line in lines] == ["", *(line.release for line in lines[:-1])]


async def test_what_nobody_needs_is_removed_and_what_is_shared_stays(store: Store, tmp_path: Path) -> None:
    clock = TestClock(NOW)
    models = Models(store, clock)
    old = await models.keep("old", model(tmp_path, "old"))
    used = await models.publish("used", model(tmp_path, "used"), who=WHO)
    assert await models.tidy() == ()
    await clock.advance(FRESH.total_seconds() + 1)
    assert await models.tidy() == ("old",)
    assert [one.model for one in await models.kept()] == [used.release]
    parts = {key.split(":")[1] for key, _ in await store.items("nlu-part:")}
    assert old.files["model.json"].file not in parts
    assert old.files["arrays.npz"].file in parts  # the other model has the same
    await models.fetch("used", tmp_path)


@pytest.mark.parametrize("what", ["keep", "tidy"])
async def test_whoever_dies_leaves_no_parts_that_nobody_would_remove(store: Store, tmp_path: Path, what: str) -> None:
    """At whichever write; and what other models need stays."""
    clock = TestClock(NOW)
    models = Models(store, clock)
    await models.publish("used", model(tmp_path, "used"), who=WHO)
    folder = model(tmp_path, "old", size=PART + 1)
    needed = {key for key, _ in await store.items("nlu-part:")}
    written, died = 0, True
    while died:
        if what == "tidy":
            await models.keep("old", folder)
            await clock.advance(FRESH.total_seconds() + 1)
        dying: Any = Models(Dying(store, written), clock)
        try:
            await (dying.keep("old", folder) if what == "keep" else dying.tidy())
            died = False
        except StoreUnavailable:
            written += 1
        await clock.advance(FRESH.total_seconds() + 1)
        await models.tidy()
        assert {key for key, _ in await store.items("nlu-part:")} == needed
        assert await store.items("nlu-loose:") == []
    assert written >= 6
    assert [one.model for one in await models.kept()] == ["used"]
    await models.fetch("used", tmp_path)


async def test_models_are_kept_again_when_somebody_wants_them(store: Store, tmp_path: Path) -> None:
    clock = TestClock(NOW)
    models = Models(store, clock)
    folder = model(tmp_path, "one")
    first = await models.keep("one", folder)
    await clock.advance(FRESH.total_seconds() + 1)
    again = await models.keep("one", folder)
    assert again == replace(first, at=first.at + FRESH + timedelta(seconds=1))
    assert await models.tidy() == ()
