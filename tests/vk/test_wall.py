"""Comments on the wall: a public conversation with each person below each comment."""

from __future__ import annotations

from itertools import count

import pytest

from bots.vk.capabilities import CAPABILITIES, SOURCES, WALL_SOURCES, wall_capabilities
from estafeta.fakes.vk import Participant
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    CustomerDeleted,
    CustomerEdited,
    CustomerSaid,
    OutboundMessage,
    OutboxId,
    Text,
)
from tests.vk.stage import Stage

_numbers = count()


def meant(address: Address, text: str = "Да, есть.", **more: object) -> OutboundMessage:
    parts = (Text(text=text),) if text else ()
    return OutboundMessage(id=OutboxId(f"wall.{next(_numbers)}"), to=address, parts=parts, **more)  # type: ignore[arg-type]


async def commented(stage: Stage, ivan: Participant, text: str = "А есть синий?") -> tuple[int, int, Address]:
    """Post, comment, the conversation's address."""
    post = stage.shop.posts("Новые чайники")
    number = ivan.comments(post, text)["id"]
    address = (await stage.inbox.have(1))[-1].address
    assert address is not None
    return post, number, address


async def test_a_comment_is_answered_below_it_and_once(stage: Stage, ivan: Participant) -> None:
    post, number, address = await commented(stage, ivan)
    assert (address.channel, address.chat) == ("vk_wall", f"{post}_{number}_{ivan.id}")
    message = meant(address)
    name = await stage.wall.send(message)
    assert await stage.wall.send(message) == name
    [question, answer] = stage.fake.wall(stage.shop, post)
    assert (answer.text, answer.by_community, answer.reply_to) == ("Да, есть.", True, question.id)
    assert str(answer.id) == name


async def test_own_comments_are_nobodys(stage: Stage, ivan: Participant) -> None:
    post, number, address = await commented(stage, ivan)
    await stage.wall.send(meant(address))
    stage.shop.comments(post, "И зелёный!", reply_to=number)
    ivan.comments(post, "Спасибо", reply_to=number)
    signals = await stage.inbox.have(2)
    assert [signal.address for signal in signals] == [address, address]
    assert [type(signal.event) for signal in signals] == [CustomerSaid, CustomerSaid]
    await stage.wall.send(meant(address, reply_to=signals[1].event.message))  # type: ignore[union-attr]
    assert stage.fake.wall(stage.shop, post)[-1].reply_to == stage.fake.wall(stage.shop, post)[-2].id


async def test_edits_deletions_and_restorations(stage: Stage, ivan: Participant) -> None:
    _, number, address = await commented(stage, ivan)
    ivan.edits_comment(number, "А есть красный?")
    ivan.deletes_comment(number)
    ivan.restores_comment(number)
    signals = await stage.inbox.have(4)
    assert {signal.address for signal in signals} == {address}
    assert [signal.event for signal in signals[1:]] == [
        CustomerEdited(message=str(number), parts=(Text(text="А есть красный?"),)),
        CustomerDeleted(message=str(number)),
        CustomerEdited(message=str(number), parts=(Text(text="А есть красный?"),)),
    ]


async def test_the_way_to_a_private_conversation_is_a_line(stage: Stage, ivan: Participant) -> None:
    post, _, address = await commented(stage, ivan)
    private = stage.wall.capabilities.private
    button = Button(id="private", text="Продолжить в личных сообщениях", url=private)
    await stage.wall.send(meant(address, buttons=(button,)))
    assert stage.fake.wall(stage.shop, post)[-1].text == f"Да, есть.\n\nПродолжить в личных сообщениях: {private}"
    assert private == f"https://vk.me/club{stage.shop.id}"


async def test_a_long_answer_is_several_comments_in_order(stage: Stage, ivan: Participant) -> None:
    post, _, address = await commented(stage, ivan)
    text = " ".join(f"слово{number}" for number in range(100))
    names = await stage.wall.send(meant(address, text))
    comments = stage.fake.wall(stage.shop, post)[1:]
    assert [str(comment.id) for comment in comments] == names.split()
    assert " ".join(comment.text for comment in comments) == text
    assert all(len(comment.text) <= 280 for comment in comments)


async def test_what_keeps_a_comment_from_being_made(stage: Stage, ivan: Participant) -> None:
    post, _, address = await commented(stage, ivan)

    async def code(message: OutboundMessage) -> str:
        with pytest.raises(SendFailed) as failed:
            await stage.wall.send(message)
        assert failed.value.sentence
        assert not failed.value.maybe_sent
        return failed.value.code

    stage.shop.forbids_links(post)
    assert await code(meant(address, "https://example.org")) == "links_forbidden"
    stage.shop.closes_comments(post)
    assert await code(meant(address)) == "comments_closed"
    stage.fake.fail("wall.createComment", "drop_after")
    assert await code(meant(address)) == "no_answer"
    assert await code(meant(address, "")) == "empty"
    for does in ("edit", "delete", "react"):
        assert await code(meant(address, does=does, of="1")) == "not_possible"
    assert await code(meant(Address(channel="vk_wall", account="shop", chat="x"))) == "chat_not_found"
    await stage.wall.typing(address)
    await stage.wall.read(address, "1")
    assert await stage.wall.templates() == ()


def test_every_number_has_a_source() -> None:
    plain = Capabilities(text=0, unit="bytes")
    for capabilities, sources in ((CAPABILITIES, SOURCES), (wall_capabilities(5), WALL_SOURCES)):
        told = {name for name in Capabilities.__slots__ if getattr(capabilities, name) != getattr(plain, name)}
        assert told == set(sources)
        assert all(link.startswith("https://") for link in sources.values())
    assert wall_capabilities(5).public
