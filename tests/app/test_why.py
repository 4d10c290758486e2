"""`estafeta why` tells what was understood, where the words stand, which rule called people, and says it again."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main
from estafeta.clock import TestClock
from estafeta.explaining import Reasons, Why, explain, release_of, turns
from estafeta.kernel.codec import encode
from estafeta.releases import Releases
from flows import loader
from flows.model import Workspace
from flows.release import content_of
from tests.engine.conftest import NOON, SMALL
from tests.engine.words import Words
from tests.world import HOME, World


@pytest.fixture
async def world(tmp_path: Path, shop_url: str) -> AsyncIterator[World]:
    made = World(
        tmp_path / "estafeta.db", loader.load(SMALL), Words(), TestClock(NOON), variables={"SHOP_URL": shop_url}
    )
    async with made.running():
        yield made


async def told(world: World, workspace: Workspace | None = None) -> list[Why]:
    conversation, entries = await world.conversation(), await world.entries()
    return [explain(turn, conversation, workspace or world.workspace) for turn in turns(entries)]


async def test_what_was_understood_and_where_the_words_stand(world: World) -> None:
    await world.says("where is my order")
    [one] = await told(world)
    assert one.intents == [("order_status", 0.9)]
    assert one.model == "words"
    assert one.flows == ["order"]
    [word] = one.said
    assert (word.text, word.flow) == ("Which number?", "order")
    file, line = word.where.split(":")
    assert "Which number?" in "".join((SMALL / file).read_text().splitlines()[int(line) - 1 : int(line) + 4])
    assert one.same is True


async def test_an_answer_is_told_with_the_question_it_was_for_and_the_call_it_brought(world: World) -> None:
    await world.says("where is my order")
    await world.says("100234")
    one = (await told(world))[-1]
    assert one.waited_at.startswith("flows/order.yml:")
    assert one.called == ['order_lookup {"number": "100234"}: answered']
    assert one.same is True, "what comes after the reply of a system is not said again"


async def test_a_rule_that_called_people_and_words_that_nothing_answers(world: World) -> None:
    await world.says("gibberish")
    await world.says("a person please")
    nothing, called = await told(world)
    assert nothing.fallback
    assert called.people == ["user_request → general"]


async def test_another_content_that_would_answer_otherwise_is_told(world: World, tmp_path: Path) -> None:
    await world.says("where is my order")
    folder = tmp_path / "other"
    shutil.copytree(SMALL, folder)
    file = folder / "flows" / "order.yml"
    file.write_text(file.read_text().replace("Which number?", "Your number, please?"))
    [one] = await told(world, loader.load(folder))
    assert one.same is False
    assert one.again == ["Your number, please?"]


async def test_the_command_reads_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
    await world.says("where is my order")
    conversation = await world.conversation()
    assert "dialog" not in encode((await world.entries())[0])["data"], "nothing was open before the first words"
    await world.store.close()
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(SMALL))
    found = await asyncio.to_thread(CliRunner().invoke, main, ["why", conversation.id, "--json"])
    assert found.exit_code == 0, found.output
    [one] = json.loads(found.output)
    assert one["said"][0]["where"].startswith("flows/order.yml:")
    shown = await asyncio.to_thread(CliRunner().invoke, main, ["why", conversation.id])
    assert "understood: order_status 90% (model words)" in shown.output
    assert "the same again now" in shown.output
    unknown = await asyncio.to_thread(CliRunner().invoke, main, ["why", "nobody"])
    assert unknown.exit_code != 0
    await world.store.open()
    assert HOME.conversation == conversation.id


async def test_the_command_asks_the_release_that_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, world: World
) -> None:
    folder = tmp_path / "other"
    shutil.copytree(SMALL, folder)
    file = folder / "flows" / "order.yml"
    file.write_text("# A line more.\n" + file.read_text().replace("Which number?", "Your number, please?"))
    releases = Releases(world.store, world.clock)
    await releases.publish(content_of(SMALL, world.workspace), who="vera")
    await world.says("where is my order")
    conversation = await world.conversation()
    await world.store.close()
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(folder))
    run = CliRunner().invoke
    [one] = json.loads((await asyncio.to_thread(run, main, ["why", conversation.id, "--json"])).output)
    assert one["same"] is True
    file_name, line = one["said"][0]["where"].split(":")
    assert "Which number?" in "".join((SMALL / file_name).read_text().splitlines()[int(line) - 1 : int(line) + 4])
    arguments = ["why", conversation.id, "--json", "--workspace", str(folder)]
    [other] = json.loads((await asyncio.to_thread(run, main, arguments)).output)
    assert (other["same"], other["again"]) == (False, ["Your number, please?"])
    await world.store.open()


async def test_desks_ask_about_one_turn_by_any_line_of_it(world: World) -> None:
    releases: list[str] = []

    async def content(release: str) -> Workspace:
        releases.append(release)
        return world.workspace

    reasons = Reasons(world.store, Releases(world.store, world.clock), content=content)
    await world.says("where is my order")
    await world.says("100234")
    conversation, entries = await world.conversation(), await world.entries()
    first, second = turns(entries)
    for turn in (first, second):
        for entry in (turn.asked, *turn.followed):
            found = await reasons.of(conversation, entry.seq)
            assert found is not None
            assert found.seq == turn.asked.seq
    latest = await reasons.of(conversation)
    assert latest is not None
    assert latest.seq == second.asked.seq
    assert await reasons.of(conversation, entries[-1].seq + 1) is None
    assert set(releases) == {release_of(first), release_of(second)}


async def test_of_what_people_talk_about_the_latest_turn_of_the_bot_is_told(world: World) -> None:
    await world.says("a person please")
    await world.operator("take")
    await world.says("are you there?")

    async def content(_release: str) -> Workspace:
        return world.workspace

    reasons = Reasons(world.store, Releases(world.store, world.clock), content=content)
    found = await reasons.of(await world.conversation())
    assert found is not None
    assert found.text == "a person please"
    assert found.people == ["user_request → general"]


async def test_lines_are_those_of_the_release_whatever_stands_in_the_folder(world: World, tmp_path: Path) -> None:
    await world.says("where is my order")
    folder = tmp_path / "other"
    shutil.copytree(SMALL, folder)
    file = folder / "flows" / "order.yml"
    file.write_text("# moved\n" * 7 + file.read_text())
    releases = Releases(world.store, world.clock)
    release = await releases.keep(content_of(folder))

    async def content(_release: str) -> Workspace:
        return replace(loader.load(folder), path=SMALL)

    conversation = await world.conversation()
    here = await Reasons(world.store, releases, content=content).of(conversation)
    there = await Reasons(world.store, releases, content=content, serving=lambda: release).of(conversation)
    assert here is not None
    assert there is not None
    lines = [int(found.said[0].where.rpartition(":")[2]) for found in (here, there)]
    assert lines[1] - lines[0] == 7
