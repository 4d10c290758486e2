"""Whatever a customer does is told as Meta tells it; what the app would not offer is not possible."""

from __future__ import annotations

from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp, NotPossible
from tests.fakes.whatsapp.conftest import Business, Ear, told
from tests.fakes.whatsapp.test_sending import buttons, listed, rows


async def test_a_text_with_name_and_ids(fake: FakeWhatsApp, ear: Ear) -> None:
    maria = fake.person("Мария", phone="+7 900 123-45-67", username="maria")
    sent = maria.says("Где заказ? 📦")
    await told(fake)
    assert ear.heard[0]["object"] == "whatsapp_business_account"
    assert ear.heard[0]["entry"][0]["id"] == fake.account.id
    value = ear.values()[0]
    assert value["metadata"] == {"display_phone_number": fake.number.phone, "phone_number_id": fake.number.id}
    profile = {"name": "Мария", "username": "maria"}
    assert value["contacts"] == [{"profile": profile, "user_id": maria.id, "wa_id": "79001234567"}]
    message = value["messages"][0]
    assert (message["from"], message["from_user_id"], message["id"]) == ("79001234567", maria.id, sent)
    assert (message["type"], message["text"]) == ("text", {"body": "Где заказ? 📦"})
    assert message["timestamp"].isdigit()


async def test_who_hides_the_number_is_known_by_id_alone(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария", hidden=True)
    asked = maria.says("?")
    maria.says("ещё", reply_to=asked)
    await business.post({"recipient": maria.id, "type": "text", "text": {"body": "x"}})
    await told(fake)
    assert all(maria.phone.encode() not in raw for raw in ear.raw)
    assert ear.messages[0]["from_user_id"] == maria.id
    assert ear.messages[1]["context"] == {"id": asked}
    assert {status["recipient_user_id"] for status in ear.statuses_heard} == {maria.id}


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("image", {"caption": "Чек"}, {"mime_type": "image/jpeg", "caption": "Чек"}),
        ("video", {}, {"mime_type": "video/mp4"}),
        ("document", {"name": "чек.pdf"}, {"mime_type": "application/pdf", "filename": "чек.pdf"}),
        ("audio", {}, {"mime_type": "audio/mpeg", "voice": False}),
        ("audio", {"voice": True}, {"mime_type": "audio/ogg; codecs=opus", "voice": True}),
        ("sticker", {}, {"mime_type": "image/webp", "animated": False}),
    ],
)
async def test_files(fake: FakeWhatsApp, ear: Ear, kind: str, more: dict[str, Any], expected: dict[str, Any]) -> None:
    maria = fake.person("Мария")
    maria.sends(kind, b"bytes", **more)
    await told(fake)
    message = ear.messages[0]
    content = message[message["type"]]
    assert message["type"] == kind
    assert content["id"].isdigit()
    assert {key: content[key] for key in expected} == expected


async def test_everything_else_a_customer_can_send(fake: FakeWhatsApp, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.opens_chat()
    maria.says("из рекламы", referral={"source_url": "https://fb.me/x", "source_type": "ad", "source_id": "1"})
    maria.says("переслано", forwarded=True)
    maria.sends_location(55.75, 37.62, name="Дом")
    maria.sends_contact("Курьер", "+7 900 000-00-00")
    maria.orders([("lamp-1", 2, 990.5)], text="Скорее")
    maria.sends_unsupported()
    await told(fake)
    kinds = ["request_welcome", "text", "text", "location", "contacts", "order", "unsupported"]
    assert [message["type"] for message in ear.messages] == kinds
    assert ear.messages[1]["referral"]["source_type"] == "ad"
    assert ear.messages[2]["context"] == {"forwarded": True}
    assert ear.messages[3]["location"] == {"latitude": 55.75, "longitude": 37.62, "name": "Дом"}
    assert ear.messages[4]["contacts"][0]["phones"][0]["wa_id"] == "79000000000"
    assert ear.messages[5]["order"]["product_items"][0]["quantity"] == 2
    assert ear.messages[6]["errors"][0]["code"] == 131051
    assert "unsupported" not in ear.messages[6]


async def test_buttons_and_list_rows_are_pressed(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    sent = []
    for interactive in (buttons("Да", "Нет"), listed({"rows": rows(2, description="подробно")})):
        _, answer = await business.post({"to": maria.phone, "type": "interactive", "interactive": interactive})
        sent.append(answer["messages"][0]["id"])
    maria.presses("Нет")
    maria.presses("r1")
    maria.presses("Да", message_id=sent[0])
    with pytest.raises(NotPossible, match="no button"):
        maria.presses("Может быть")
    await told(fake)
    pressed = ear.messages[1:]
    assert pressed[0]["interactive"] == {"type": "button_reply", "button_reply": {"id": "b1", "title": "Нет"}}
    assert pressed[0]["context"] == {"from": fake.number.phone, "id": sent[0]}
    row = {"id": "r1", "title": "Строка 1", "description": "подробно"}
    assert pressed[1]["interactive"] == {"type": "list_reply", "list_reply": row}
    assert pressed[2]["interactive"]["button_reply"]["id"] == "b0"


async def test_reactions_come_and_go_in_both_forms(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    sent = await business.send(maria.phone)
    maria.reacts(sent, "👍")
    assert fake.messages(maria)[-1].reactions == ("👍",)
    maria.unreacts(sent)
    maria.reacts(sent, "🔥")
    maria.unreacts(sent, named=False)
    assert fake.messages(maria)[-1].reactions == ()
    await told(fake)
    reactions = [message["reaction"] for message in ear.messages if message["type"] == "reaction"]
    assert [reaction.get("emoji") for reaction in reactions] == ["👍", "", "🔥", None]
    assert {reaction["message_id"] for reaction in reactions} == {sent}


async def test_edits_and_deletions(fake: FakeWhatsApp, ear: Ear) -> None:
    maria = fake.person("Мария")
    text, photo = maria.says("адин"), maria.sends("image", caption="Чек")
    maria.edits(text, "один")
    maria.edits(photo, "Счёт")
    assert fake.shown(maria) == ["один", "[image] Счёт"]
    assert fake.messages(maria)[0].edited
    maria.deletes(text)
    assert fake.shown(maria) == ["[image] Счёт"]
    await told(fake)
    first, second, revoked = ear.messages[2:]
    message = {"type": "text", "text": {"body": "один"}}
    assert first["edit"] == {"original_message_id": text, "message": message}
    assert second["edit"]["message"]["image"]["caption"] == "Счёт"
    assert revoked["revoke"] == {"original_message_id": text}
    fake.passes(minutes=16)
    with pytest.raises(NotPossible, match="15 minutes"):
        maria.edits(photo, "поздно")
    with pytest.raises(NotPossible, match="not Мария's"):
        maria.deletes(text)


async def test_a_changed_number_is_a_system_message_without_contacts(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    maria, anna = fake.person("Мария", phone="79000000001"), fake.person("Анна", hidden=True)
    maria.says("?")
    anna.says("?")
    old_id, annas_old_id = maria.id, anna.id
    maria.changes_number("+7 900 000-00-02")
    anna.changes_number("+7 900 000-00-03")
    await told(fake)
    system = [value for value in ear.values() if value["messages"][0]["type"] == "system"]
    assert "contacts" not in system[0]
    assert system[0]["messages"][0]["from"] == "79000000001"
    body = "User Мария changed from 79000000001 to 79000000002"
    assert system[0]["messages"][0]["system"] == {"body": body, "wa_id": "79000000002", "type": "user_changed_number"}
    told_of_anna = system[1]["messages"][0]["system"]
    assert (told_of_anna["previous_user_id"], told_of_anna["user_id"]) == (annas_old_id, anna.id)
    assert told_of_anna["type"] == "user_changed_user_id"
    await business.send("79000000002", "туда")
    await business.send("79000000001", "в никуда")
    assert fake.shown(maria) == ["?", "туда"]
    assert (await business.refused({"recipient": old_id, "type": "text", "text": {"body": "x"}}))[1] == 131009


async def test_the_phone_apps_words_are_echoed(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    asked = maria.says("?")
    app = fake.phone_app()
    sent = app.says(maria, "Это Анна, сейчас помогу", reply_to=asked)
    app.sends(maria, "image", caption="Вот так")
    await told(fake)
    echo = ear.values("smb_message_echoes")[0]["message_echoes"][0]
    assert (echo["from"], echo["to"], echo["to_user_id"]) == (fake.number.phone, maria.phone, maria.id)
    assert (echo["id"], echo["type"], echo["text"]) == (sent, "text", {"body": "Это Анна, сейчас помогу"})
    assert echo["context"] == {"id": asked}
    assert ear.values("smb_message_echoes")[1]["message_echoes"][0]["image"]["caption"] == "Вот так"
    assert ear.statuses_heard == []
    last = fake.messages(maria)[-2]
    assert (last.text, last.from_app, last.by_business) == ("Это Анна, сейчас помогу", True, True)


async def test_what_the_app_would_not_offer(fake: FakeWhatsApp) -> None:
    maria = fake.person("Мария")
    with pytest.raises(NotPossible, match="empty"):
        maria.says(" ")
    with pytest.raises(NotPossible, match="no message"):
        maria.says("x", reply_to="wamid.x")
    with pytest.raises(NotPossible, match="caption"):
        maria.sends("sticker", caption="x")
    with pytest.raises(NotPossible, match="none of"):
        maria.sends("hologram")
    maria.blocks()
    with pytest.raises(NotPossible, match="unblock"):
        maria.says("x")
    assert fake.person("Мария") == maria
