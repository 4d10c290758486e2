"""The transcript as a file, and the search in it; menus; the tone of operators' words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from estafeta.kernel.model import Author, Notice, OperatorSaid, Text
from estafeta.kernel.ports import DeskView
from flows.model import ToneFile
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, stored, with_entry


async def talked(at: Office) -> DeskView:
    view = make_view("Вера", "Где мой заказ 100 234?", "Ау\nвы тут?")
    view = with_entry(view, Text(text="Заказ в пути."), author=Author(kind="operator", name="Ольга", id="1"))
    view = with_entry(view, Text(text="звонила вчера"), author=Author(kind="operator", name="Ольга"), kind="note")
    return await stored(at, await at.show(CARD, view))


async def test_history_is_one_file(work: Office) -> None:
    view = await talked(work)
    asked = work.anna.says("/history", topic=work.topic(view))["message_id"]
    await work.fake.wait(lambda: work.fake.calls_of("sendDocument"))
    [call] = work.fake.calls_of("sendDocument")
    assert call.ok
    message = call.result
    assert message["caption"] == "Переписка, записей: 4"
    assert message["reply_to_message"]["message_id"] == asked
    content = work.fake.world.files[message["document"]["file_id"]].content.decode()
    lines = [line.split(" ", 2)[2] for line in content.splitlines()]
    assert lines == [
        "👤 Вера: Где мой заказ 100 234?",
        "👤 Вера: Ау вы тут?",
        "💬 Ольга: Заказ в пути.",
        "📝 Ольга: звонила вчера",
    ]


async def test_words_are_found_whatever_their_ending(work: Office) -> None:
    view = await talked(work)
    work.anna.says("/find ЗАКАЗА", topic=work.topic(view))
    told = await work.told(work.topic(view), "Нашлось: 2")
    assert "Где мой заказ 100 234?" in told.text
    assert "Заказ в пути." in told.text
    work.anna.says("/find заказ слон", topic=work.topic(view))
    await work.told(work.topic(view), "«заказ слон» ничего не нашлось")
    work.anna.says("/find", topic=work.topic(view))
    await work.told(work.topic(view), "/find номер заказа")


async def test_operators_see_the_commands_in_their_language(work: Office) -> None:
    menus = work.fake.world.commands
    scopes = {scope: {entry["command"] for entry in entries} for scope, entries in menus.items()}
    assert len(scopes) == 6
    for scope, commands in scopes.items():
        assert {"take", "r", "hold", "help"} <= commands
        assert ("closed" in commands) is ("chat_administrators" in scope)
    [english] = [entries for scope, entries in menus.items() if scope.startswith("chat:") and scope.endswith(":en")]
    assert english[0]["description"] == "take the ticket"


async def test_help_is_another_one_in_the_general_topic(work: Office) -> None:
    work.anna.says("/help@estafeta_stand_in_bot")
    await work.fake.wait(lambda: any("работают в теме клиента" in m.text for m in work.fake.messages(work.group)))


async def test_a_harsh_tone_is_remarked_on_once_a_minute_and_never_held_up(work: Office, customer: DeskView) -> None:
    topic = work.topic(customer)
    for words in ("ЖДИТЕ СВОЕЙ ОЧЕРЕДИ!!!", "Я ЖЕ СКАЗАЛА ЖДАТЬ!!!", "Спасибо за терпение."):
        work.anna.says(words, topic=topic)
    said = [signal.event for signal in await work.stage.inbox.have(3)]
    for event in said:
        assert isinstance(event, OperatorSaid)
        await work.show(Notice(kind="receipt", text="sent", message=event.message), customer)
    told = await work.told(topic, "проверьте тон")
    assert "прописными" in told.text
    assert told.reply_to
    assert sum("проверьте тон" in text for text in work.shown(topic)) == 1


@pytest.mark.parametrize("became", ["conflict", "failed: blocked", "undone"])
async def test_words_that_were_not_sent_get_no_remark_and_are_not_shown_as_sent(
    work: Office, customer: DeskView, became: str
) -> None:
    topic = work.topic(customer)
    for words in ("ЖДИТЕ СВОЕЙ ОЧЕРЕДИ!!!", "/r hello"):
        said = str(work.anna.says(words, topic=topic)["message_id"])
        await work.stage.inbox.until(lambda said=said: any(  # type: ignore[misc]
            isinstance(signal.event, OperatorSaid) and signal.event.message == said
            for signal in work.stage.inbox.signals
        ))  # fmt: skip
        if became == "conflict":
            await work.show(Notice(kind="conflict", text="Ольга", message=said), customer)
        elif became == "undone":
            await work.show(Notice(kind="info", text="undone", message=said), customer)
            await work.show(Notice(kind="receipt", text="sent", message=said), customer)
        else:
            await work.show(Notice(kind="receipt", text=became, message=said), customer)
    work.anna.says("/help", topic=topic)
    await work.told(topic, "/templates")
    assert not any("тон" in words or "Клиенту:" in words for words in work.shown(topic) if "/templates" not in words)


async def test_an_edit_is_looked_over_too(work: Office, customer: DeskView) -> None:
    topic = work.topic(customer)
    said = work.anna.says("Минуту.", topic=topic)["message_id"]
    await work.stage.inbox.have()
    work.anna.edits(said, "ЖДИТЕ СВОЕЙ ОЧЕРЕДИ")
    await work.told(topic, "Проверьте тон правки: всё прописными")


async def test_the_house_has_a_tone_of_its_own(work: Office, customer: DeskView) -> None:
    assert work.workspace is not None
    work.workspace = replace(work.workspace, tone=ToneFile(banned={"ru": ("ок",)}))
    said = work.anna.says("Ок.", topic=work.topic(customer))["message_id"]
    await work.stage.inbox.have()
    await work.show(Notice(kind="receipt", text="read", message=str(said)), customer)
    await work.told(work.topic(customer), "проверьте тон: у нас так не пишут: «ок»")
