"""Worlds for how conversations end: the small workspace in two languages with rules of the test's choice."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from estafeta.clock import TestClock
from estafeta.kernel.model import Address, Capabilities, CustomerPressed, Entry, Notice, TicketMoved
from flows import loader
from flows.model import Workspace
from tests.engine.able import ABLE
from tests.engine.words import Words
from tests.world import ANNA, HOME, RecordingChannel, World

AFTER = """\
flow: after
start: {command: after}
steps:
  - say: "{{ slots.handoff.how }}: {{ slots.handoff.resolution }} ({{ slots.handoff.summary }})"
    buttons: [{text: Check, flow: check}]
  - set: {handoff: ""}
"""
CHECK = """\
flow: check
steps:
  - ask: well
    say: Did it work?
    expect: yes_no
"""


class Endings:
    """Makes worlds on one store, so that leaving one and entering the next is a restart."""

    def __init__(self, folder: Path, clock: TestClock, small: Path) -> None:
        self.folder, self.clock, self._small = folder, clock, small
        self.channel = RecordingChannel()
        self._told = 0

    def workspace(self, **handoff: Any) -> Workspace:
        made = self.folder / "workspace"
        shutil.rmtree(made, ignore_errors=True)
        shutil.copytree(self._small, made)
        yaml = YAML(typ="safe")
        bot: dict[str, Any] = yaml.load(made / "bot.yml")
        bot["languages"] = ["en", "ru"]
        bot["handoff"] = {**bot["handoff"], **handoff}
        with (made / "bot.yml").open("w") as file:
            yaml.dump(bot, file)
        (made / "flows" / "after.yml").write_text(AFTER)
        (made / "flows" / "check.yml").write_text(CHECK)
        return loader.load(made)

    @asynccontextmanager
    async def world(self, can: Capabilities = ABLE, **handoff: Any) -> AsyncIterator[World]:
        """A world with these rules, on a channel that can do this; undo is off, so that words go at once."""
        self.channel.capabilities = can
        rules: Mapping[str, Any] = {"undo": 0, **handoff}
        path = self.folder / "world.db"
        made = World(path, self.workspace(**rules), Words(), self.clock, channel=self.channel)
        made._number = self._told  # what people do after a restart is new
        async with made.running():
            yield made
        self._told = made._number


async def pass_time(world: World, seconds: float) -> None:
    """So much time, and whatever is due then."""
    assert isinstance(world.clock, TestClock)
    await world.clock.advance(seconds)
    world.engine.wake(HOME.conversation)
    await world.engine.lanes.idle()
    await world.settled()


async def press(world: World, button: str, *, address: Address = HOME) -> None:
    await world.tell(CustomerPressed(button=button), address=address)
    await world.settled()


def shown(world: World) -> list[str]:
    """The ids of the buttons under the latest message that has some."""
    return next([button.id for button in sent.buttons] for sent in reversed(world.channel.sent) if sent.buttons)


def close(resolution: str = "") -> TicketMoved:
    return TicketMoved(operator=ANNA, move="close", resolution=resolution)


def give_back(flow: str = "", resolution: str = "") -> TicketMoved:
    return TicketMoved(operator=ANNA, move="return", flow=flow, resolution=resolution)


async def served(world: World, answer: str = "Here it is") -> None:
    """A customer asked for a person, and Anna answered."""
    await world.says("a person please")
    await world.operator(answer)


async def happened(world: World, name: str) -> list[Entry]:
    return [entry for entry in await world.entries() if entry.kind == "event" and entry.data["event"] == name]


def told(world: World, code: str) -> list[Notice]:
    """What desks were told by this code."""
    return [notice for _, notice, _ in world.desk.shown if notice.kind == "info" and notice.text == code]
