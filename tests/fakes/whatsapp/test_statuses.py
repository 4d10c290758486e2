"""Sent, delivered, read: in order, priced, with the business's own mark."""

from __future__ import annotations

from estafeta.fakes.whatsapp import FakeWhatsApp
from tests.fakes.whatsapp.conftest import Business, Ear, told


async def test_the_ladder_carries_the_mark_and_the_price(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария", username="maria")
    maria.says("?")
    sent = await business.send(maria.phone, biz_opaque_callback_data="outbox-17")
    maria.reads()
    maria.reads()
    await told(fake)
    statuses = ear.statuses_heard
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    for status in statuses:
        assert (status["id"], status["biz_opaque_callback_data"]) == (sent, "outbox-17")
        assert (status["recipient_id"], status["recipient_user_id"]) == (maria.phone, maria.id)
    assert statuses[0]["pricing"] == {
        "billable": False,
        "pricing_model": "PMP",
        "type": "free_customer_service",
        "category": "service",
    }
    assert statuses[0]["conversation"]["origin"] == {"type": "service"}
    assert statuses[0]["conversation"]["id"] == statuses[1]["conversation"]["id"]
    assert "expiration_timestamp" in statuses[0]["conversation"]
    assert "pricing" not in statuses[2]
    profiles = [value["contacts"][0]["profile"] for value in ear.values() if "statuses" in value]
    assert profiles == [
        {"name": "Мария"},
        {"name": "Мария", "username": "maria"},
        {"name": "Мария", "username": "maria"},
    ]


async def test_after_the_months_free_messages_they_cost(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    fake.world.free_service_messages = 1
    maria = fake.person("Мария")
    maria.says("?")
    await business.send(maria.phone)
    await business.send(maria.phone)
    await told(fake)
    billable = [s["pricing"]["billable"] for s in ear.statuses_heard if s["status"] == "delivered"]
    assert billable == [False, True]


async def test_a_phone_that_is_off_gets_it_later(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    maria.goes_offline()
    sent = await business.send(maria.phone, "дождётся")
    assert fake.sent(sent).status == "sent"
    assert fake.shown(maria) == ["?"]
    maria.comes_online()
    assert fake.shown(maria) == ["?", "дождётся"]
    await told(fake)
    assert [status["status"] for status in ear.statuses_heard] == ["sent", "delivered"]


async def test_a_reaction_is_only_sent(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    asked = maria.says("?")
    await business.post({"to": maria.phone, "type": "reaction", "reaction": {"message_id": asked, "emoji": "👍"}})
    missing = {"message_id": "wamid.x", "emoji": "👍"}
    await business.post({"to": maria.phone, "type": "reaction", "reaction": missing})
    await told(fake)
    assert [status["status"] for status in ear.statuses_heard] == ["sent", "failed"]
    assert ear.statuses_heard[1]["errors"][0]["code"] == 131009
