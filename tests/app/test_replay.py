"""`estafeta flows replay` shows what another content would change for customers, and nothing else; nothing is sent."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main
from estafeta.app.replay import Replayed, replay
from estafeta.clock import TestClock
from estafeta.releases import Releases
from flows import loader
from flows.release import content_of
from tests.engine.conftest import NOON, SMALL
from tests.engine.words import Words
from tests.world import World


@pytest.fixture
async def world(tmp_path: Path, shop_url: str) -> AsyncIterator[World]:
    made = World(
        tmp_path / "estafeta.db", loader.load(SMALL), Words(), TestClock(NOON), variables={"SHOP_URL": shop_url}
    )
    async with made.running():
        yield made


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Asks for the number in other words, and has a flow for what was not understood."""
    folder = tmp_path / "other"
    shutil.copytree(SMALL, folder)
    order = folder / "flows" / "order.yml"
    order.write_text(order.read_text().replace("Six digits please", "Six digits, please"))
    (folder / "flows" / "hello.yml").write_text(
        "flow: hello\nstart: {button: good morning}\nsteps: [{say: Good morning to you}]\n"
    )
    return folder


async def replayed(world: World, other: Path, *, days: float = 7) -> Replayed:
    since = world.clock.now() - timedelta(days=days)
    found = Replayed()
    async for found in replay(world.store, world.workspace, loader.load(other), since):  # noqa: B007
        pass
    return found


async def test_only_what_would_change_is_told_and_nothing_is_sent(world: World, other: Path) -> None:
    for words in ("good morning", "where is my order", "no idea", "100234", "pay"):
        await world.says(words)
    sent, stored = len(world.channel.sent), len(await world.entries())
    found = await replayed(world, other)
    assert [(one.text, one.was.said, one.now.said) for one in found.changed] == [
        ("good morning", (), ("Good morning to you",)),
        ("no idea", ("Six digits please",), ("Six digits, please",)),
    ]
    assert (found.turns, found.fallbacks) == (5, [1, 0])
    assert (len(world.channel.sent), len(await world.entries())) == (sent, stored)


async def test_the_same_content_changes_nothing(world: World) -> None:
    for words in ("good morning", "where is my order", "100234", "a person please"):
        await world.says(words)
    found = await replayed(world, SMALL)
    assert (found.turns, found.changed, found.people) == (4, [], [1, 1])


async def test_what_customers_wrote_to_people_is_left_out_until_the_bot_is_back(world: World, other: Path) -> None:
    await world.says("a person please")
    await world.operator("take")
    await world.says("good morning")
    await world.operator("return")
    await world.says("good morning")
    found = await replayed(world, other)
    assert found.turns == 2
    assert len(found.changed) == 1


async def test_what_is_older_is_left_out(world: World, other: Path) -> None:
    await world.says("good morning")
    assert isinstance(world.clock, TestClock)
    await world.clock.advance(timedelta(days=8).total_seconds())
    assert (await replayed(world, other)).turns == 0


async def test_without_names_the_folder_is_compared_with_what_is_published(
    world: World, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.says("good morning")
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(other))
    run = CliRunner().invoke
    await world.store.close()
    refused = await asyncio.to_thread(run, main, ["flows", "replay", "--last", "520w"])
    assert refused.exit_code == 1
    assert "Nothing is published" in refused.output
    await world.store.open()
    await Releases(world.store, world.clock).publish(content_of(SMALL, world.workspace), who="vera")
    await world.store.close()
    found = await asyncio.to_thread(run, main, ["flows", "replay", "--last", "520w", "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["changed"][0]["now"]["said"] == ["Good morning to you"]
    await world.store.open()


async def test_the_command(world: World, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.says("good morning")
    await world.store.close()
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(SMALL))
    run = CliRunner().invoke
    found = await asyncio.to_thread(run, main, ["flows", "replay", str(other), "--last", "520w", "--json"])
    assert found.exit_code == 0, found.output
    assert json.loads(found.stdout)["changed"][0]["now"]["said"] == ["Good morning to you"]
    shown = await asyncio.to_thread(run, main, ["flows", "replay", str(other), "--last", "520w"])
    assert "1 messages: 1 would be answered otherwise. Not understood 1 → 0" in shown.output
    assert (await asyncio.to_thread(run, main, ["flows", "replay", str(other), "--last", "soon"])).exit_code == 2
    await world.store.open()
