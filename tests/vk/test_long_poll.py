"""Long Poll: what is stored before it is asked further, and what happens when keys, positions and servers go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.fakes.vk import Participant
from estafeta.kernel.model import CustomerSaid
from tests.vk.stage import Stage, eventually, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path, "longpoll") as stage, stage.listening():
        yield stage


def texts(stage: Stage) -> list[str]:
    said = [signal.event for signal in stage.inbox.signals if isinstance(signal.event, CustomerSaid)]
    return [part.text for event in said for part in event.parts if hasattr(part, "text")]


async def test_the_position_is_kept_once_it_is_stored(stage: Stage, ivan: Participant) -> None:
    stage.inbox.away = 2
    ivan.says("раз")
    await stage.inbox.have(1)
    assert len(stage.inbox.attempts) == 3
    await eventually(lambda: stage.kept.ts == str(stage.fake.long_poll(stage.shop).ts))


async def test_a_new_key_loses_nothing(stage: Stage, ivan: Participant) -> None:
    poll = stage.fake.long_poll(stage.shop)
    ivan.says("раз")
    await stage.inbox.have(1)
    poll.renew(17)
    ivan.says("два")
    poll.renew(18)
    await stage.inbox.have(2)
    assert texts(stage) == ["раз", "два"]


async def test_what_vk_has_forgotten_is_told_and_it_goes_on(stage: Stage, ivan: Participant) -> None:
    poll = stage.fake.long_poll(stage.shop)
    ivan.says("раз")
    await stage.inbox.have(1)
    await eventually(lambda: poll.waiting > 0)
    poll.forget()
    poll.renew(17)
    await eventually(lambda: stage.kept.ts == str(poll.ts))
    ivan.says("два")
    await stage.inbox.have(2)
    assert texts(stage) == ["раз", "два"]


async def test_a_lost_key_and_position_are_got_anew(stage: Stage, ivan: Participant) -> None:
    poll = stage.fake.long_poll(stage.shop)
    await eventually(lambda: poll.waiting > 0)
    poll.enabled = False
    poll.renew(17)
    await eventually(lambda: poll.waiting == 0)
    poll.enabled = True
    await eventually(lambda: poll.waiting > 0)
    ivan.says("раз")
    await stage.inbox.have(1)


@pytest.mark.parametrize("kind", ["answer", "drop_before", "broken_json"])
async def test_trouble_on_the_line_is_waited_out(stage: Stage, ivan: Participant, kind: str) -> None:
    stage.fake.fail("a_check", kind, times=3)  # type: ignore[arg-type]
    stage.fake.fail("groups.getLongPollServer", code=10, times=2)
    for text in ("раз", "два", "три"):
        ivan.says(text)
    stage.fake.long_poll(stage.shop).renew(17)
    await stage.inbox.have(3)
    assert texts(stage) == ["раз", "два", "три"]


async def test_what_came_while_nobody_listened_is_there(tmp_path: Path) -> None:
    async with staged(tmp_path, "longpoll") as stage:
        ivan = stage.fake.private("Иван", stage.shop)
        async with stage.listening():
            ivan.says("раз")
            await stage.inbox.have(1)
            await eventually(lambda: stage.kept.ts == str(stage.fake.long_poll(stage.shop).ts))
        ivan.says("пока вас не было")
        async with stage.listening():
            await stage.inbox.have(2)
        assert texts(stage) == ["раз", "пока вас не было"]


async def test_a_server_that_is_not_vks_is_not_asked(stage: Stage) -> None:
    from bots.vk.longpoll import LongPoll, Position

    poll = LongPoll(
        stage.client,
        stage.channel._receiver,
        account="shop",
        clock=stage.clock,
        base_url="http://127.0.0.1:1",
        position=Position(stage.kept.load, stage.kept.save),
    )
    for server in ("http://127.0.0.1:11/x", "https://lp.vk.com.evil.example/x", "http://lp.vk.com/x", "https://[", ""):
        assert not poll._is_home(server)
    for server in ("https://lp.vk.com/whp/1", "https://lp.vk.ru/whp/1", "http://127.0.0.1:1/longpoll/1"):
        assert poll._is_home(server)
