"""Where strangers read along: nothing about who has the conversation, and answers below the words they answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import (
    CustomerSaid,
    Media,
    Text,
)
from tests.engine.able import ABLE, Opened
from tests.world import HOME

PUBLIC = replace(ABLE, public=True, private="https://example.org/write")


@pytest.mark.parametrize("moves", [("take", "return"), ("take", "close")])
async def test_nothing_is_said_in_public_about_who_has_the_conversation(opened: Opened, moves: tuple[str, ...]) -> None:
    async with opened(PUBLIC) as world:
        await world.says("something odd")
        said = len(world.channel.texts)
        for move in moves:
            await world.operator(move)
        assert world.channel.texts[said:] == []


async def test_waiting_is_not_announced_in_public(opened: Opened, clock: TestClock) -> None:
    async with opened(PUBLIC) as world:
        await world.says("something odd")
        said = len(world.channel.texts)
        await clock.advance(120)
        world.engine.wake(HOME.conversation)
        await world.engine.lanes.idle()
        await world.settled()
        assert "reminder" in world.desk.kinds
        assert world.channel.texts[said:] == []


async def test_a_comment_without_words_gets_no_dialog_in_public(opened: Opened) -> None:
    async with opened(PUBLIC) as world:
        photo = Media(kind="photo", ref="x", origin="recorder:test")
        await world.tell(CustomerSaid(message="c", parts=(photo,)))
        await world.settled()
        assert [button.id for message in world.channel.sent for button in message.buttons] in ([], ["private"])


async def test_an_answer_in_public_stands_below_the_comment_it_answers(opened: Opened) -> None:
    """Below a stranger's comment it would be an answer to that stranger."""
    async with opened(PUBLIC) as world:
        await world.tell(CustomerSaid(message="4711", parts=(Text(text="something odd"),)))
        await world.settled()
        assert world.channel.sent[0].reply_to == "4711"
