"""What a business may send arrives; what Meta's limits forbid is refused in Meta's form."""

from __future__ import annotations

from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from tests.fakes.whatsapp.conftest import Business


def buttons(*titles: str) -> dict[str, Any]:
    return {
        "type": "button",
        "body": {"text": "Чем помочь?"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": f"b{number}", "title": title}} for number, title in enumerate(titles)
            ]
        },
    }


def rows(count: int, **more: str) -> list[dict[str, str]]:
    return [{"id": f"r{number}", "title": f"Строка {number}", **more} for number in range(count)]


def listed(*sections: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "type": "list",
        "body": {"text": "Выберите"},
        "action": {"button": "Открыть", "sections": list(sections)},
        **more,
    }


def link(text: str = "Открыть", url: str = "https://example.com/order") -> dict[str, Any]:
    parameters = {"display_text": text, "url": url}
    return {"type": "cta_url", "body": {"text": "Заказ"}, "action": {"name": "cta_url", "parameters": parameters}}


async def test_a_text_arrives_and_is_answered_with_its_id(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария", phone="+7 900 123-45-67")
    maria.says("Здравствуйте")
    status, answer = await business.post(
        {"to": "+7 900 123-45-67", "type": "text", "text": {"body": "Добрый день!", "preview_url": False}}
    )
    assert status == 200
    assert answer["messaging_product"] == "whatsapp"
    assert answer["contacts"] == [{"input": "+7 900 123-45-67", "wa_id": "79001234567"}]
    assert answer["messages"][0]["id"].startswith("wamid.")
    assert fake.shown(maria) == ["Здравствуйте", "Добрый день!"]
    assert fake.calls[-1].operation == "messages"
    assert fake.calls[-1].version == "v23.0"
    assert fake.violations == []


async def test_somebody_is_reached_by_the_business_scoped_id(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария", hidden=True)
    maria.says("Здравствуйте")
    status, answer = await business.post({"recipient": maria.id, "type": "text", "text": {"body": "1"}})
    assert (status, answer["contacts"]) == (200, [{"input": maria.id, "user_id": maria.id}])
    both = {"recipient": maria.id, "to": maria.phone, "type": "text", "text": {"body": "2"}}
    _, answer = await business.post(both)
    assert answer["contacts"] == [{"input": maria.phone, "wa_id": maria.phone}]
    assert fake.shown(maria)[1:] == ["1", "2"]
    assert (await business.refused({"recipient": "RU.1", "type": "text", "text": {"body": "x"}}))[1] == 131009


@pytest.mark.parametrize(
    ("body", "shown", "labels"),
    [
        ({"type": "image", "image": {"link": "https://example.com/a.jpg", "caption": "Чек"}}, "[image] Чек", ()),
        (
            {"type": "document", "document": {"link": "https://example.com/a", "filename": "чек.pdf"}},
            "[document] чек.pdf",
            (),
        ),
        ({"type": "audio", "audio": {"link": "https://example.com/a.ogg", "voice": True}}, "[audio]", ()),
        ({"type": "video", "video": {"link": "https://example.com/a.mp4"}}, "[video]", ()),
        ({"type": "sticker", "sticker": {"link": "https://example.com/a.webp"}}, "[sticker]", ()),
        (
            {"type": "location", "location": {"latitude": 55.75, "longitude": 37.62, "name": "Склад"}},
            "[location] Склад",
            (),
        ),
        (
            {
                "type": "contacts",
                "contacts": [{"name": {"formatted_name": "Курьер"}, "phones": [{"phone": "+7", "type": "CELL"}]}],
            },
            "[contacts] Курьер",
            (),
        ),
        ({"type": "interactive", "interactive": buttons("Да", "Нет", "Позже")}, "Чем помочь?", ("Да", "Нет", "Позже")),
        (
            {
                "type": "interactive",
                "interactive": listed({"rows": rows(2)}, header={"type": "text", "text": "Меню"}),
            },
            "Меню\nВыберите",
            ("Строка 0", "Строка 1"),
        ),
        ({"type": "interactive", "interactive": link()}, "Заказ", ("Открыть",)),
    ],
)
async def test_every_type_is_shown(
    fake: FakeWhatsApp, business: Business, body: dict[str, Any], shown: str, labels: tuple[str, ...]
) -> None:
    maria = fake.person("Мария")
    asked = maria.says("?")
    status, answer = await business.post({"to": maria.phone, "context": {"message_id": asked}, **body})
    assert status == 200, answer
    last = fake.messages(maria)[-1]
    assert (last.text, last.buttons, last.reply_to, last.status) == (shown, labels, asked, "delivered")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        ({"type": "text", "text": {"body": "х" * 4097}}, 100, "4096"),
        ({"type": "text", "text": {"body": ""}}, 131009, "text.body"),
        ({"type": "text", "text": {}}, 131008, "text.body"),
        ({"type": "text"}, 100, "The parameter text is required"),
        ({"type": "poll", "poll": {}}, 100, "Param type must be one of"),
        ({"type": "text", "text": {"body": "x"}, "silent": True}, 100, 'Unexpected key "silent"'),
        ({"type": "text", "text": {"body": "x"}, "recipient_type": "group"}, 131051, "groups"),
        ({"type": "text", "text": {"body": "x"}, "biz_opaque_callback_data": "x" * 513}, 131009, "512"),
        ({"type": "image", "image": {"caption": "без файла"}}, 131008, "id or link"),
        ({"type": "image", "image": {"id": "1", "link": "https://example.com"}}, 131009, "id or link"),
        ({"type": "image", "image": {"id": "1"}}, 100, "'1' does not exist"),
        ({"type": "audio", "audio": {"link": "https://example.com", "caption": "x"}}, 100, "Unexpected key"),
        ({"type": "video", "video": {"link": "https://example.com", "caption": "x" * 1025}}, 131009, "1024"),
        ({"type": "contacts", "contacts": []}, 131009, "at least 1"),
        ({"type": "interactive", "interactive": buttons()}, 131009, "at least 1"),
        ({"type": "interactive", "interactive": buttons("1", "2", "3", "4")}, 131009, "at most 3"),
        ({"type": "interactive", "interactive": buttons("х" * 21)}, 131009, "20"),
        ({"type": "interactive", "interactive": buttons("Да", "Да")}, 131009, "Duplicated button titles"),
        ({"type": "interactive", "interactive": {**buttons("Да"), "type": "list"}}, 131008, "sections"),
        (
            {"type": "interactive", "interactive": {"type": "button", "action": buttons("Да")["action"]}},
            131008,
            "body",
        ),
        (
            {"type": "interactive", "interactive": {**buttons("Да"), "body": {"text": "х" * 1025}}},
            131009,
            "interactive.body.text must be at most 1024",
        ),
        (
            {"type": "interactive", "interactive": {**buttons("Да"), "footer": {"text": "х" * 61}}},
            131009,
            "60",
        ),
        ({"type": "interactive", "interactive": listed({"rows": rows(11)})}, 131009, "at most 10"),
        (
            {
                "type": "interactive",
                "interactive": listed({"title": "1", "rows": rows(6)}, {"title": "2", "rows": rows(5)}),
            },
            131009,
            "Total row count",
        ),
        ({"type": "interactive", "interactive": listed({"rows": rows(1)}, {"rows": rows(1)})}, 131009, "title"),
        ({"type": "interactive", "interactive": listed({"rows": rows(1) + rows(1)})}, 131009, "Duplicated row ids"),
        ({"type": "interactive", "interactive": listed({"rows": rows(1, title="х" * 25)})}, 131009, "24"),
        ({"type": "interactive", "interactive": listed({"rows": rows(1, description="х" * 73)})}, 131009, "72"),
        ({"type": "interactive", "interactive": listed({"rows": rows(1, id="х" * 201)})}, 131009, "200"),
        ({"type": "interactive", "interactive": link("х" * 21)}, 131009, "20"),
        ({"type": "interactive", "interactive": link(url="tel:+7")}, 131009, "http"),
    ],
)
async def test_what_the_limits_forbid_is_refused_and_recorded(
    fake: FakeWhatsApp, business: Business, body: dict[str, Any], code: int, words: str
) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    status, answered, details = await business.refused({"to": maria.phone, **body})
    assert (status, answered) == (400, code)
    assert words in details
    assert fake.shown(maria) == ["?"]


async def test_who_it_is_for_must_be_somebody_else(fake: FakeWhatsApp, business: Business) -> None:
    text = {"type": "text", "text": {"body": "x"}}
    assert await business.refused(text) == (400, 100, "(#100) The parameter to is required.")
    assert (await business.refused({"to": "Мария", **text}))[:2] == (400, 131009)
    assert (await business.refused({"to": fake.number.phone, **text}))[:2] == (400, 131021)


async def test_the_schemas_findings_are_recorded(fake: FakeWhatsApp, business: Business) -> None:
    await business.refused({"to": "79000000000", "type": "text", "text": {"body": "x", "bold": True}})
    assert fake.violations == ["messages: text.bold is not a field the API knows"]


async def test_reactions_come_and_go(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария")
    asked = maria.says("Спасибо!")
    for emoji, shown in (("👍", ("👍",)), ("", ())):
        reaction = {"message_id": asked, "emoji": emoji}
        assert (await business.post({"to": maria.phone, "type": "reaction", "reaction": reaction}))[0] == 200
        assert fake.messages(maria)[-1].reactions == shown
    assert fake.shown(maria) == ["Спасибо!"]


async def test_read_marks_and_typing(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария")
    first, second = maria.says("раз"), maria.says("два")
    mark: dict[str, Any] = {"status": "read", "message_id": first}
    assert await business.post(mark) == (200, {"success": True})
    assert [message.seen for message in fake.messages(maria)] == [True, False]
    assert not fake.typing(maria)
    await business.post({**mark, "message_id": second, "typing_indicator": {"type": "text"}})
    assert [message.seen for message in fake.messages(maria)] == [True, True]
    assert fake.typing(maria)
    fake.passes(seconds=26)
    assert not fake.typing(maria)
    await business.post({**mark, "typing_indicator": {"type": "text"}})
    sent = await business.send(maria.phone)
    assert not fake.typing(maria)
    assert [call.operation for call in fake.calls] == ["read", "read", "read", "messages"]
    assert (await business.refused({**mark, "message_id": sent}))[1] == 100
    assert (await business.refused({**mark, "message_id": "wamid.x"}))[1] == 100
    assert (await business.refused({**mark, "typing_indicator": {"type": "audio"}}))[1] == 131009
