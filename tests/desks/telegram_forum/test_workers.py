"""Several workers show notices in one group: what one has done there the next one knows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from aiogram.methods import CreateForumTopic, SendMessage

from bots.telegram.client import TelegramClient
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Notice, Stage
from handoff.desks.telegram_forum import TelegramForumDesk
from tests.contracts.desk_contract import everything, item, make_view
from tests.desks.telegram_forum.office import CARD, STATE, Office, moved, office
from tests.telegram.stage import UNLIMITED


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


@pytest.fixture
async def other(at: Office) -> AsyncIterator[TelegramForumDesk]:
    """Another worker's desk."""
    client = TelegramClient(at.stage.config.token, clock=at.stage.clock, base_url=at.fake.url, limits=UNLIMITED)
    yield at.make_desk(client)
    await client.close()


class Died(Exception):
    """A worker was killed."""


def dies_after(at: Office, method: type[Any], *, before: bool = False) -> None:
    """The first worker is killed after Telegram has done this (or before), once."""
    call = at.stage.client.call

    async def then_dies(asked: Any, **more: Any) -> Any:
        if isinstance(asked, method):
            if not before:
                await call(asked, **more)
            raise Died
        return await call(asked, **more)

    at.stage.client.call = then_dies  # type: ignore[method-assign, assignment]


async def test_a_topic_is_used_by_another_worker_before_it_is_committed(at: Office, other: TelegramForumDesk) -> None:
    view = make_view("Анна", "раз")
    first = await at.show(CARD, view)
    second = await at.show(Notice(kind="said", entries=everything(view)), view, desk=other)
    assert at.topic(first) == at.topic(second)
    assert len(at.group.topics) == 1


async def test_turns_about_one_conversation_make_one_topic(at: Office, other: TelegramForumDesk) -> None:
    view = make_view("Анна", "раз")
    for turn in range(6):
        await at.show(Notice(kind="info", text=f"весть {turn}"), view, desk=(at.desk, other)[turn % 2])
    [topic] = at.group.topics
    assert at.shown(topic.id)[1:] == [f"весть {turn}" for turn in range(6)]


async def test_workers_with_conversations_of_their_own_make_a_topic_each(at: Office, other: TelegramForumDesk) -> None:
    views = [make_view(f"Клиент {number}", "раз") for number in range(8)]
    await asyncio.gather(*(at.show(CARD, view, desk=(at.desk, other)[n % 2]) for n, view in enumerate(views)))
    assert len(at.group.topics) == 8


async def test_what_another_worker_drew_is_drawn_over(at: Office, other: TelegramForumDesk) -> None:
    view = await at.show(CARD, make_view())
    queued = replace(view, conversation=replace(view.conversation, version=9))
    await at.show(STATE, moved(view, Stage.HUMAN, "taken"), desk=other)
    await at.show(STATE, queued)  # looks as this worker left it, long ago
    topic = at.topic(view)
    assert at.icon(topic) == "‼️"
    [card] = at.messages(topic)
    assert card.buttons == ("Взять", "Передать…", "Закрыть")


async def test_what_another_worker_drew_alike_costs_nothing(at: Office, other: TelegramForumDesk) -> None:
    view = await at.show(CARD, make_view())
    before = [call.method for call in at.fake.calls]
    await at.show(STATE, view, desk=other)
    after = [call.method for call in at.fake.calls][len(before) :]
    assert after == ["getForumTopicIconStickers"]  # once in each process, and not in the group


async def test_a_topic_made_again_by_another_worker_is_found(at: Office, other: TelegramForumDesk) -> None:
    view = await at.show(CARD, make_view("Анна", "раз"))
    at.anna.deletes_topic(at.topic(view))
    again = await at.show(Notice(kind="info", text="весть"), view, desk=other)
    last = await at.show(Notice(kind="info", text="ещё весть"), view)  # still with the deleted one
    assert at.topic(last) == at.topic(again) != at.topic(view)
    assert len(at.group.topics) == 1


async def test_a_topic_of_a_worker_that_died_before_its_card_is_gone_on_with(
    at: Office, other: TelegramForumDesk
) -> None:
    view, same = make_view(), item()
    dies_after(at, SendMessage, before=True)
    with pytest.raises(Died):
        await at.show(CARD, view, outbox=same)
    view = await at.show(CARD, view, outbox=same, desk=other)
    [topic] = at.group.topics
    assert len(at.messages(topic.id)) == 1
    assert list(at.store.linked.values()) == [view.conversation.id]


async def test_a_topic_that_was_not_linked_yet_is_linked_by_the_next_worker(
    at: Office, other: TelegramForumDesk
) -> None:
    view, same = make_view(), item()
    at.store.unlinkable = 1
    with pytest.raises(SendFailed):
        await at.show(CARD, view, outbox=same)
    assert at.store.linked == {}
    await at.show(CARD, view, outbox=same, desk=other)
    assert list(at.store.linked.values()) == [view.conversation.id]
    assert len(at.group.topics) == 1


async def test_a_worker_that_died_while_its_topic_was_made_leaves_it_and_the_log_says_so(
    at: Office, other: TelegramForumDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    view, same = make_view(), item()
    dies_after(at, CreateForumTopic)
    with pytest.raises(Died):
        await at.show(CARD, view, outbox=same)
    view = await at.show(CARD, view, outbox=same, desk=other)
    assert len(at.group.topics) == 2, "the window that is left: Telegram tells nobody which topics there are"
    assert at.messages(at.topic(view))
    assert "topic_may_be_left_over" in capsys.readouterr().out


async def test_a_topic_that_could_not_be_made_is_no_left_over(
    at: Office, other: TelegramForumDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    view, same = make_view(), item()
    at.fake.fail("createForumTopic", "answer", status=400, description="Bad Request: not enough rights")
    with pytest.raises(SendFailed):
        await at.show(CARD, view, outbox=same)
    await at.show(CARD, view, outbox=same, desk=other)
    assert len(at.group.topics) == 1
    assert "topic_may_be_left_over" not in capsys.readouterr().out


def fails_to_note(at: Office, times: int) -> None:
    """The store takes nothing for so many tries after the first worker has made a topic."""
    call = at.stage.client.call

    async def then_the_store_is_away(asked: Any, **more: Any) -> Any:
        answer = await call(asked, **more)
        if isinstance(asked, CreateForumTopic):
            at.store.unputtable = times
        return answer

    at.stage.client.call = then_the_store_is_away  # type: ignore[method-assign, assignment]


async def test_what_was_done_while_the_store_was_away_is_not_done_again(at: Office) -> None:
    view, same = make_view(), item()
    fails_to_note(at, 3)
    for _ in range(3):
        with pytest.raises(SendFailed) as failed:
            await at.show(CARD, view, outbox=same)
        assert failed.value.retry_after is not None
    view = await at.show(CARD, view, outbox=same)
    assert len(at.group.topics) == 1
    assert len(at.messages(at.topic(view))) == 1


async def test_what_a_worker_could_not_note_does_not_count_against_what_another_did(
    at: Office, other: TelegramForumDesk
) -> None:
    view, same = make_view(), item()
    fails_to_note(at, 1)
    with pytest.raises(SendFailed):
        await at.show(CARD, view, outbox=same)
    theirs = await at.show(CARD, view, outbox=same, desk=other)
    ours = await at.show(Notice(kind="info", text="весть"), view)
    assert at.topic(ours) == at.topic(theirs)


async def test_nothing_is_kept_of_a_closed_ticket(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна Смирнова", "где мой заказ"))
    assert at.store.kept
    assert not any(word in str(at.store.kept) for word in ("Анна", "заказ"))
    view = await at.show(STATE, moved(view, Stage.BOT, "closed"))
    assert at.store.kept == {}


async def test_a_record_of_another_shape_is_none(at: Office) -> None:
    view = await at.show(CARD, make_view())
    for key in list(at.store.kept):
        await at.store.put(key, {"of": "a later version"})
    again = await at.show(Notice(kind="info", text="весть"), view)
    assert at.topic(again) == at.topic(view)
