"""The main job in Telegram: the whole product against the stand-in Bot API server, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.ports import Understander
from flows.model import Workspace
from tests.story.stage import Stage

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(params=["polling", "webhook"])
async def stage(
    request: pytest.FixtureRequest, tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander,
    shop_url: str,
) -> AsyncIterator[Stage]:  # fmt: skip
    async with FakeTelegram() as fake:
        yield Stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, request.param)
        assert fake.violations == []


async def test_bot_person_bot(stage: Stage) -> None:
    async with stage.running():
        stage.customer.says("/start")
        await stage.customer_reads("Здравствуйте!")
        stage.customer.says("Где мой заказ?")
        await stage.customer_reads("Подскажите номер заказа")
        stage.customer.says("Позовите человека")
        await stage.customer_reads("Зову коллегу")
        topic = await stage.topic()
        await stage.operators_read("клиент просит человека", topic)

        card = next(m for m in stage.fake.messages(stage.group, topic=topic) if "Взять" in m.buttons)
        stage.operator.presses("Взять", message_id=card.id)
        await stage.customer_reads("На связи человек")
        await stage.fake.wait(lambda: "Взять" not in _buttons(stage, topic), 15)

        said = stage.operator.says("Здравствуйте, Иван! Номер есть в письме.", topic=topic)
        await stage.customer_reads("Номер есть в письме.")
        await stage.fake.wait(lambda: _reactions(stage, said["message_id"]), 15)
        stage.operator.says("// постоянный покупатель", topic=topic)
        stage.customer.says("Нашёл письмо, сейчас посмотрю")  # thanks would end the ticket before it is returned
        await stage.operators_read("Нашёл письмо", topic)

        stage.operator.presses("Вернуть боту", message_id=card.id)
        await stage.customer_reads("С Вами снова бот")
        stage.customer.says("100234")
        await stage.customer_reads("Заказ 100234")
    assert not any("постоянный покупатель" in text for text in stage.fake.shown(stage.customer))
    beginnings = [message.text[:12] for message in stage.fake.messages(stage.customer) if message.by_bot]
    assert beginnings == [
        "Здравствуйте", "Подскажите н", "Зову коллегу", "На связи чел", "Здравствуйте", "С Вами снова",
        "Подскажите н", "Заказ 100234",
    ]  # fmt: skip


async def test_a_deleted_topic_comes_back_with_its_card_and_nothing_is_lost(stage: Stage) -> None:
    async with stage.running():
        stage.customer.says("Позовите человека")
        first = await stage.topic()
        await stage.operators_read("клиент просит человека", first)
        stage.group.operator("Владелец").deletes_topic(first)
        stage.customer.says("Вы меня слышите?")
        await stage.fake.wait(lambda: stage.group.topics and stage.group.topics[-1].id != first, 15)
        again = stage.group.topics[-1].id
        await stage.operators_read("Вы меня слышите?", again)
        stage.operator.says("Слышу, отвечаю.", topic=again)
        await stage.customer_reads("Слышу, отвечаю.")


async def test_a_customers_edit_is_seen_by_the_operator(stage: Stage) -> None:
    async with stage.running():
        stage.customer.says("Позовите человека")
        topic = await stage.topic()
        await stage.operators_read("клиент просит человека", topic)
        said = stage.customer.says("Заказ 100234")
        await stage.operators_read("Заказ 100234", topic)
        stage.customer.touches(said["message_id"])
        stage.customer.edits(said["message_id"], "Заказ 100235")
        await stage.operators_read("Было: Заказ 100234\nСтало: Заказ 100235", topic)
        assert len([text for text in stage.fake.shown(stage.group, topic=topic) if "правка" in text]) == 1


async def test_a_blocked_bot_is_told_to_the_operator(stage: Stage) -> None:
    async with stage.running():
        stage.customer.says("Позовите человека")
        topic = await stage.topic()
        await stage.operators_read("клиент просит человека", topic)
        stage.customer.blocks()
        said = stage.operator.says("Добрый день!", topic=topic)
        await stage.operators_read("Не доставлено", topic)
        await stage.fake.wait(lambda: _reactions(stage, said["message_id"]) == ("👎",), 15)


async def test_a_new_start_goes_on_where_the_last_one_stopped(stage: Stage) -> None:
    async with stage.running():
        stage.customer.says("Где мой заказ?")
        await stage.customer_reads("Подскажите номер заказа")
    stage.customer.says("100234")
    async with stage.running():
        await stage.customer_reads("Заказ 100234")
    assert len([text for text in stage.fake.shown(stage.customer) if "Подскажите номер" in text]) == 1


def _buttons(stage: Stage, topic: int) -> tuple[str, ...]:
    return tuple(label for message in stage.fake.messages(stage.group, topic=topic) for label in message.buttons)


def _reactions(stage: Stage, message_id: int) -> tuple[str, ...]:
    return next(m.reactions for m in stage.fake.messages(stage.group) if m.id == message_id)
