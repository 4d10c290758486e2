"""What customers are shown, and what becomes of what is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Button,
    Contact,
    Location,
    Mark,
    Template,
    Text,
)
from tests.whatsapp.stage import Stage, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


async def meet(stage: Stage, name: str = "Мария", **more: Any) -> Address:
    """The address of somebody who has just written; what they wrote is `first(stage)`."""
    stage.fake.person(name, **more).says("здравствуйте")
    before = len(stage.inbox.signals)
    address = (await stage.inbox.have(before + 1))[-1].address
    assert address is not None
    return address


def sent(fake: FakeWhatsApp) -> list[dict[str, Any]]:
    return [call.params for call in fake.calls_of("messages")]


def first(stage: Stage) -> str:
    return str(stage.inbox.signals[0].event.message)  # type: ignore[union-attr]


async def test_marks_a_reply_and_the_outbox_id_go_with_the_words(stage: Stage) -> None:
    address = await meet(stage)
    text = Text(text="Заказ 15 готов: https://shop.example/15", marks=(Mark(kind="bold", start=6, end=8),))
    wamid = await stage.channel.send(stage.message(address, text, reply_to=first(stage)))
    [body] = sent(stage.fake)
    assert body == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": address.chat,
        "type": "text",
        "text": {"body": "Заказ *15* готов: https://shop.example/15", "preview_url": True},
        "context": {"message_id": first(stage)},
        "biz_opaque_callback_data": "c1.2.3",
    }
    [shown] = [one for one in stage.fake.messages(stage.fake.person("Мария")) if one.by_business]
    assert (shown.id, shown.reply_to) == (wamid, first(stage))


async def test_somebody_without_a_number_is_written_to_by_the_user_id(stage: Stage) -> None:
    anna = stage.fake.person("Анна", hidden=True)
    address = await meet(stage, "Анна")
    assert address.chat == "u:" + anna.id
    await stage.channel.send(stage.message(address, Text(text="вижу вас")))
    assert (sent(stage.fake)[0]["recipient"], "to" in sent(stage.fake)[0]) == (anna.id, False)
    await stage.fake.wait(lambda: stage.fake.shown(anna)[-1] == "вижу вас")


async def test_nobodys_address_is_refused_before_anything_is_sent(stage: Stage) -> None:
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(stage.address("no such thing"), Text(text="?")))
    assert (failed.value.code, failed.value.fault, sent(stage.fake)) == ("undeliverable", "customer", [])


async def test_three_buttons_are_buttons_and_ten_are_a_list(stage: Stage) -> None:
    address = await meet(stage)
    some = tuple(Button(id=f"c.{number}", text=f"Вариант {number}") for number in range(10))
    await stage.channel.send(stage.message(address, Text(text="Что?"), buttons=some[:3]))
    await stage.channel.send(stage.message(address, Text(text="Что?"), buttons=some, id_="c2"))
    buttons, rows = (body["interactive"] for body in sent(stage.fake))
    assert [one["reply"]["title"] for one in buttons["action"]["buttons"]] == ["Вариант 0", "Вариант 1", "Вариант 2"]
    assert [row["id"] for row in rows["action"]["sections"][0]["rows"]] == [button.id for button in some]
    assert rows["action"]["button"] == "Выбрать"


async def test_long_labels_are_told_whole(stage: Stage) -> None:
    address = await meet(stage)
    label = "Хочу вернуть один товар из заказа, остальные оставить себе"
    some = (Button(id="c.1", text=label), *(Button(id=f"d.{n}", text=f"{n}") for n in range(3)))
    await stage.channel.send(stage.message(address, Text(text="Что?"), buttons=some))
    [row, *_] = sent(stage.fake)[0]["interactive"]["action"]["sections"][0]["rows"]
    assert (row["title"], row["description"]) == ("Хочу вернуть один товар…", label)


async def test_buttons_that_begin_alike_stay_apart(stage: Stage) -> None:
    address = await meet(stage)
    alike = tuple(
        Button(id=f"c.{n}", text=f"Подробнее о доставке по {where}") for n, where in enumerate(("Москве", "СПб"))
    )
    await stage.channel.send(stage.message(address, Text(text="О чём?"), buttons=alike))
    person = stage.fake.person("Мария")
    await stage.fake.wait(lambda: len(stage.fake.messages(person)) > 1)
    labels = stage.fake.messages(person)[-1].buttons
    assert len(set(labels)) == 2


async def test_more_choices_than_a_list_takes_become_numbered_lines(stage: Stage) -> None:
    address = await meet(stage)
    many = tuple(Button(id=f"c.{number}", text=f"Вариант {number}") for number in range(11))
    await stage.channel.send(stage.message(address, Text(text="Что?"), buttons=many))
    assert sent(stage.fake)[0]["text"]["body"].endswith("11. Вариант 10")


async def test_one_link_is_a_button_and_more_are_lines(stage: Stage) -> None:
    address = await meet(stage)
    track = Button(id="c.1", text="Отследить", url="https://shop.example/track")
    help_ = Button(id="c.2", text="Справка", url="https://shop.example/help")
    thanks = Button(id="c.3", text="Спасибо")
    await stage.channel.send(stage.message(address, Text(text="Готово"), buttons=(track,)))
    await stage.channel.send(stage.message(address, Text(text="Готово"), buttons=(track, help_), id_="c2"))
    await stage.channel.send(stage.message(address, Text(text="Готово"), buttons=(track, thanks), id_="c3"))
    alone, two, mixed = sent(stage.fake)
    assert alone["interactive"]["action"]["parameters"] == {"display_text": "Отследить", "url": track.url}
    assert two["text"]["body"] == f"Готово\n\nОтследить: {track.url}\nСправка: {help_.url}"
    assert mixed["interactive"]["body"]["text"] == f"Готово\n\nОтследить: {track.url}"
    assert [one["reply"]["id"] for one in mixed["interactive"]["action"]["buttons"]] == ["c.3"]


async def test_a_text_too_long_for_its_buttons_goes_before_them(stage: Stage) -> None:
    address = await meet(stage)
    text = "слово " * 400
    await stage.channel.send(stage.message(address, Text(text=text), buttons=(Button(id="c.1", text="Да"),)))
    *before, asking = sent(stage.fake)
    assert before
    assert len(asking["interactive"]["body"]["text"]) <= 1024
    told = [body["text"]["body"] for body in before] + [asking["interactive"]["body"]["text"]]
    assert " ".join(told).split() == text.split()
    trackers = [body["biz_opaque_callback_data"] for body in sent(stage.fake)]
    assert trackers == [f"c1.2.3|{n}/{len(trackers)}" for n in range(1, len(trackers) + 1)]


async def test_places_and_contacts(stage: Stage) -> None:
    address = await meet(stage)
    place = Location(latitude=55.75, longitude=37.61, title="Склад")
    await stage.channel.send(stage.message(address, place, Contact(phone="+7 495 000", name="Пункт выдачи")))
    where, who = sent(stage.fake)
    assert where["location"] == {"latitude": 55.75, "longitude": 37.61, "name": "Склад"}
    assert who["contacts"][0]["name"]["formatted_name"] == "Пункт выдачи"


async def test_reactions_and_taking_them_back(stage: Stage) -> None:
    address = await meet(stage)
    person = stage.fake.person("Мария")
    for emoji, shown in (("🔥", ("🔥",)), ("", ())):
        assert await stage.channel.send(stage.message(address, does="react", of=first(stage), emoji=emoji)) == ""
        assert stage.fake.messages(person)[0].reactions == shown


@pytest.mark.parametrize("does", ["edit", "delete"])
async def test_what_was_sent_cannot_be_changed(stage: Stage, does: Any) -> None:
    address = await meet(stage)
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, Text(text="нет"), does=does, of="wamid.1"))
    assert (failed.value.code, failed.value.retry_after, sent(stage.fake)) == ("not_possible", None, [])


async def test_a_message_without_a_word_is_refused(stage: Stage) -> None:
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(await meet(stage), Text(text=" \n")))
    assert failed.value.code == "empty"


async def test_typing_is_shown_under_the_latest_message_and_again_after_a_while(stage: Stage) -> None:
    address = await meet(stage)
    person = stage.fake.person("Мария")
    await stage.channel.typing(address)
    assert stage.fake.calls_of("read") == [], "nobody says under which message"
    for _ in range(3):
        await stage.channel.typing(address, "operator", first(stage))
    assert len(stage.fake.calls_of("read")) == 1
    assert stage.fake.typing(person)
    assert stage.fake.messages(person)[0].seen
    await stage.channel.typing(address, "bot", "wamid.unknown")
    stage.channel._typed[first(stage)] -= 21
    await stage.channel.typing(address, "bot", first(stage))
    assert len(stage.fake.calls_of("read")) == 3


async def test_read_marks(stage: Stage) -> None:
    address = await meet(stage)
    await stage.channel.read(address, "")
    await stage.channel.read(address, first(stage))
    await stage.channel.read(address, "wamid.unknown")
    assert stage.fake.messages(stage.fake.person("Мария"))[0].seen
    assert not stage.fake.typing(stage.fake.person("Мария"))
    assert len(stage.fake.calls_of("read")) == 2


# Templates


async def test_approved_templates_are_offered_with_their_places(stage: Stage) -> None:
    stage.fake.add_template(
        "order", "Заказ {{1}} будет {{2}}.", header="Заказ {{1}}", footer="Магазин", buttons=("Да",)
    )
    stage.fake.add_template("named", "Здравствуйте, {{name}}! Ваш код {{code}}, {{name}}.", language="en_US")
    stage.fake.add_template("pending", "Нет", status="PENDING")
    stage.fake.add_template("picture", "С картинкой", header="IMAGE")
    offered = await stage.channel.templates()
    assert [(one.name, one.language, one.text) for one in offered] == [
        ("order", "ru", "Заказ {{1}}\nЗаказ {{2}} будет {{3}}.\nМагазин\n[Да]"),
        ("named", "en_US", "Здравствуйте, {{1}}! Ваш код {{2}}, {{1}}."),
    ]


async def test_the_list_is_kept_for_minutes_and_asked_for_anew_when_it_changed(stage: Stage) -> None:
    await asyncio.gather(*(stage.channel.templates() for _ in range(5)))
    assert len(stage.fake.calls_of("message_templates")) == 1
    for number in range(120):
        stage.fake.add_template(f"t{number:03d}", "Да")
    stage.fake.tell("message_template_status_update", {"event": "APPROVED", "message_template_id": 1})
    stage.fake.webhook.fields |= {"message_template_status_update"}
    stage.fake.tell("message_template_status_update", {"event": "APPROVED", "message_template_id": 1})
    await stage.fake.wait(lambda: not stage.fake.webhook.waiting)
    assert len(await stage.channel.templates()) == 120, "of two pages"


async def test_templates_are_sent_after_the_window_too(stage: Stage) -> None:
    stage.fake.add_template("order", "Заказ {{1}} будет {{2}}.", header="№ {{1}}")
    stage.fake.add_template("named", "Здравствуйте, {{name}}! Ваш код {{code}}.", language="en_US")
    address = await meet(stage)
    person = stage.fake.person("Мария")
    stage.fake.passes(hours=25)
    await stage.channel.send(
        stage.message(address, Template(name="order", language="ru", values=("15", "15", "в \n\t пятницу")))
    )
    await stage.channel.send(
        stage.message(address, Template(name="named", language="en_US", values=("Мария", "7")), id_="c2")
    )
    await stage.fake.wait(lambda: len(stage.fake.messages(person)) == 3)
    assert stage.fake.shown(person)[1:] == ["№ 15\nЗаказ 15 будет в пятницу.", "Здравствуйте, Мария! Ваш код 7."]


@pytest.mark.parametrize("template", [Template(name="no", language="ru"), Template(name="order", language="ru")])
async def test_a_template_that_does_not_fit_is_refused_here(stage: Stage, template: Template) -> None:
    stage.fake.add_template("order", "Заказ {{1}}")
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(await meet(stage), template))
    assert (failed.value.code, failed.value.fault, sent(stage.fake)) == ("refused", "content", [])


# Refusals


@pytest.mark.parametrize(
    ("code", "name", "fault", "again"),
    [
        (190, "unauthorized", "settings", 300.0),
        (10, "no_rights", "settings", 300.0),
        (200, "no_rights", "settings", 300.0),
        (368, "no_rights", "settings", None),
        (131031, "no_rights", "settings", None),
        (131042, "no_rights", "settings", None),
        (133010, "no_rights", "settings", None),
        (131030, "undeliverable", "settings", None),
        (131026, "undeliverable", "customer", None),
        (131047, "window_closed", "messenger", None),
        (131048, "too_many_requests", "settings", None),
        (131049, "undeliverable", "customer", None),
        (131053, "file_refused", "content", None),
        (132001, "refused", "content", None),
        (131009, "refused", "content", None),
        (1, "messenger_down", "messenger", 5.0),
        (131000, "messenger_down", "messenger", 5.0),
    ],
)
async def test_refusals_are_told_by_their_code(
    stage: Stage, code: int, name: str, fault: str, again: float | None
) -> None:
    address = await meet(stage)
    stage.fake.fail("messages", code=code)
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, Text(text="?")))
    error = failed.value
    assert (error.code, error.fault, error.retry_after, error.maybe_sent) == (name, fault, again, False)
    assert error.sentence
    assert stage.fake.token not in f"{error!r} {error.__cause__!r} {error.__context__!r}"


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "broken_json"])
async def test_a_request_without_an_answer_may_have_arrived(stage: Stage, kind: Any) -> None:
    address = await meet(stage)
    stage.fake.fail("messages", kind)
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, Text(text="?")))
    assert (failed.value.code, failed.value.maybe_sent) == ("no_answer", True)


async def test_a_messenger_that_is_away_was_sent_nothing(stage: Stage) -> None:
    address = await meet(stage)
    await stage.fake.stop()
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, Text(text="?")))
    assert (failed.value.code, failed.value.maybe_sent, failed.value.retry_after) == ("unreachable", False, 3.0)


async def test_an_unknown_account_limit_says_when_it_ends() -> None:
    from bots.whatsapp.client import _regained

    usage = '{"1": [{"type": "whatsapp", "call_count": 100, "estimated_time_to_regain_access": 7}], "2": []}'
    assert _regained(usage) == 420.0
    for nonsense in ("", "{", "[]", '{"1": 5}', '{"1": [{"estimated_time_to_regain_access": "x"}]}'):
        assert _regained(nonsense) is None


# What became of it


async def test_statuses_name_the_item_and_the_price(stage: Stage) -> None:
    address = await meet(stage)
    wamid = await stage.channel.send(stage.message(address, Text(text="готово")))
    stage.fake.person("Мария").reads()
    await stage.fake.wait(lambda: len(stage.inbox.statuses) == 3)
    assert [(event.status, event.message, event.item) for _, event in stage.inbox.statuses] == [
        (status, wamid, "c1.2.3") for status in ("sent", "delivered", "read")
    ]
    assert {signal.address for signal, _ in stage.inbox.statuses} == {address}
    stage.fake.world.free_service_messages = 0
    await stage.channel.send(stage.message(address, Text(text="и ещё"), id_="c2"))
    await stage.fake.wait(lambda: len(stage.inbox.statuses) == 5)
    assert [event.billable for _, event in stage.inbox.statuses] == [False, False, False, True, False]


async def test_what_fails_late_is_told_as_such(stage: Stage) -> None:
    address = await meet(stage)
    stage.fake.passes(hours=25)
    await stage.channel.send(stage.message(address, Text(text="вы здесь?")))
    await stage.fake.wait(lambda: stage.inbox.statuses)
    signal, event = stage.inbox.statuses[0]
    assert (event.status, event.code, event.item, signal.address) == ("failed", "window_closed", "c1.2.3", address)
    assert "24 часов" in event.sentence


async def test_a_hidden_customers_failure_is_theirs(stage: Stage) -> None:
    address = await meet(stage, "Анна", hidden=True)
    stage.fake.person("Анна").blocks()
    await stage.channel.send(stage.message(address, Text(text="вы здесь?")))
    await stage.fake.wait(lambda: stage.inbox.statuses)
    signal, event = stage.inbox.statuses[0]
    assert (event.status, event.code, signal.address) == ("failed", "undeliverable", address)


async def test_a_message_cut_off_is_known_by_its_status_and_not_sent_again(stage: Stage) -> None:
    address = await meet(stage)
    person = stage.fake.person("Мария")
    text = Text(text="первая часть " * 500)
    stage.fake.fail("messages", "drop_after")
    with pytest.raises(SendFailed) as failed:
        await stage.channel.send(stage.message(address, text))
    assert failed.value.maybe_sent
    await stage.fake.wait(lambda: stage.inbox.statuses)
    assert stage.inbox.statuses[0][1].item is None, "there is more of it to come"
    ids = (await stage.channel.send(stage.message(address, text))).split()
    await stage.fake.wait(lambda: len(stage.fake.messages(person)) == 1 + len(ids))
    assert len(ids) == 2
    assert len(set(ids)) == 2
    await stage.fake.wait(lambda: [event.item for _, event in stage.inbox.statuses][-1] == "c1.2.3")


async def test_a_failure_in_the_middle_goes_on_where_it_stopped(stage: Stage) -> None:
    address = await meet(stage)
    text = Text(text="слово " * 2000)

    def trouble() -> None:
        if len(stage.fake.calls_of("messages")) == 1 and not stage.fake.faults.planned:
            stage.fake.fail("messages", code=131000)

    stop = stage.fake.listen(trouble)
    with pytest.raises(SendFailed):
        await stage.channel.send(stage.message(address, text))
    stop()
    await stage.channel.send(stage.message(address, text))
    calls = stage.fake.calls_of("messages")
    assert [call.ok for call in calls] == [True, False, True, True]
    bodies = [call.params["text"]["body"] for call in calls if call.ok]
    assert " ".join(bodies).split() == text.text.split()
