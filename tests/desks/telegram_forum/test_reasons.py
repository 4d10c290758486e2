"""/why: why the bot answered as it did."""

from __future__ import annotations

from dataclasses import replace

from estafeta.explaining import Why, Word
from estafeta.kernel.model import Text
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, stored

REASON = Why(
    seq=1, at="2026-11-20T12:00:00+00:00", text="Где мой заказ?", intents=[("order_status", 0.914), ("delivery", 0.05)],
    model="m-7", waited_at="flows/order.yml:12", said=[Word("Номер заказа?", "order", "flows/order.yml:15"),
    Word("Зову людей", "", "")], flows=["order"], called=['order_lookup {"number": "1"}: failed'],
    people=["action_error → delivery"], fallback=True, release="0a1b2c3d4e5f",
)  # fmt: skip


async def test_alone_it_tells_of_the_latest_turn_of_the_bot(work: Office) -> None:
    view = await stored(work, await work.show(CARD, make_view("Вера", "Где мой заказ?")))
    work.reasons[0] = REASON
    asked = work.anna.says("/why", topic=work.topic(view))["message_id"]
    told = await work.told(work.topic(view), "🔎 Клиент: Где мой заказ?")
    assert told.reply_to == asked
    assert told.text.splitlines()[1:] == [
        "Разговор стоял: flows/order.yml:12",
        "Понято: order_status 91%, delivery 5% (модель m-7)",
        "Ни один сценарий на это не отвечает.",
        "Начат сценарий: order",
        'Вызов: order_lookup {"number": "1"}: failed',
        "Сказано: Номер заказа? [order flows/order.yml:15]",
        "Сказано: Зову людей [фраза из bot.yml]",
        "Позваны люди: action_error → delivery",
        "Версия сценариев: 0a1b2c3d4e5f",
    ]


async def test_as_an_answer_it_tells_of_that_message(work: Office) -> None:
    view = await work.show(CARD, make_view("Вера", "Где мой заказ?"))
    view = await stored(work, await work.says(view, Text(text="Алло?")))
    seq = view.entries[-1].seq
    work.reasons = {0: REASON, seq: replace(REASON, text="Алло?")}
    shown = await work.told(work.topic(view), "Алло?")
    work.anna.says("/why", topic=work.topic(view), reply_to=shown.id)
    await work.told(work.topic(view), "🔎 Клиент: Алло?")


async def test_what_is_not_known_is_said(work: Office) -> None:
    view = await stored(work, await work.show(CARD, make_view("Вера", "Где мой заказ?")))
    work.anna.says("/why", topic=work.topic(view))
    await work.told(work.topic(view), "Почему бот так ответил, не узнать")


async def test_it_is_for_topics_alone(work: Office) -> None:
    work.anna.says("/why")
    await work.fake.wait(lambda: any("работает в теме" in message.text for message in work.fake.messages(work.group)))
