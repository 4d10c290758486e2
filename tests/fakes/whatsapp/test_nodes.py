"""Tokens, numbers, accounts, subscriptions: what a doctor asks."""

from __future__ import annotations

from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp, Refused
from estafeta.fakes.whatsapp.world import MANAGEMENT
from tests.fakes.whatsapp.conftest import VERIFY_TOKEN, Business, Ear, told

TEXT: dict[str, Any] = {"to": "79000000000", "type": "text", "text": {"body": "x"}}


async def test_a_token_must_be_one(fake: FakeWhatsApp, business: Business) -> None:
    assert (await business.refused(TEXT, token=""))[:2] == (401, 190)
    assert (await business.refused(TEXT, token="wrong"))[:2] == (401, 190)
    old = fake.add_token("old")
    assert (await business.post(TEXT, token="old"))[0] == 200
    old.expired = True
    status, answer = await business.post(TEXT, token="old")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (401, 190, 463)
    assert answer["error"]["type"] == "OAuthException"


async def test_a_token_opens_only_what_it_was_made_for(fake: FakeWhatsApp, business: Business) -> None:
    other = fake.add_account("Другой")
    number = fake.add_number("+7 812 000-00-02", "Другой", account=other)
    fake.add_token("theirs", accounts=(other,))
    fake.add_token("managing", scopes=(MANAGEMENT,))
    assert (await business.post(TEXT, number=number.id, token="theirs"))[0] == 200
    status, answer = await business.post(TEXT, token="theirs")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)
    assert (await business.refused(TEXT, token="managing"))[:2] == (403, 10)


async def test_the_number_and_the_account(fake: FakeWhatsApp, business: Business) -> None:
    status, node = await business.call("GET", fake.number.id)
    assert status == 200
    assert node["display_phone_number"] == "+7 495-000-0001"
    assert (node["verified_name"], node["quality_rating"], node["status"]) == ("Estafeta", "GREEN", "CONNECTED")
    _, node = await business.call("GET", fake.number.id, params={"fields": "verified_name,throughput"})
    assert node == {"id": fake.number.id, "verified_name": "Estafeta", "throughput": {"level": "STANDARD"}}
    _, account = await business.call("GET", fake.account.id)
    assert account["name"] == "Estafeta"
    _, numbers = await business.call("GET", f"{fake.account.id}/phone_numbers")
    assert [number["id"] for number in numbers["data"]] == [fake.number.id]
    status, answer = await business.call("GET", "123")
    assert (status, answer["error"]["code"], answer["error"]["error_subcode"]) == (400, 100, 33)
    status, answer = await business.call("GET", f"{fake.number.id}/nonsense")
    assert (status, answer["error"]["code"]) == (400, 2500)


async def test_a_number_that_is_not_registered_or_restricted_sends_nothing(
    fake: FakeWhatsApp, business: Business
) -> None:
    assert (await business.call("POST", f"{fake.number.id}/deregister"))[0] == 200
    assert (await business.refused(TEXT))[:2] == (400, 133010)
    assert (await business.call("GET", fake.number.id))[1]["status"] == "DISCONNECTED"
    await business.call("POST", f"{fake.number.id}/register", {"messaging_product": "whatsapp", "pin": "000000"})
    assert (await business.post(TEXT))[0] == 200
    for code, status in ((368, 403), (131031, 403), (131042, 400), (131048, 400)):
        fake.number.refuses = code
        assert (await business.refused(TEXT))[:2] == (status, code)


async def test_debug_token_tells_scopes_and_validity(fake: FakeWhatsApp, business: Business) -> None:
    _, answer = await business.call("GET", "debug_token", params={"input_token": fake.token}, token=fake.app.token)
    data = answer["data"]
    assert data["is_valid"]
    assert data["app_id"] == fake.app.id
    assert "whatsapp_business_messaging" in data["scopes"]
    assert data["granular_scopes"][0]["target_ids"] == [fake.account.id]
    _, answer = await business.call("GET", "debug_token", params={"input_token": "wrong"})
    assert answer["data"]["is_valid"] is False
    assert answer["data"]["error"]["code"] == 190


async def test_the_app_subscribes_and_is_asked_for_the_challenge(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    fake.webhook.url = ""
    edge, app = f"{fake.app.id}/subscriptions", fake.app.token
    wanted = {"object": "whatsapp_business_account", "callback_url": ear.url, "fields": "messages"}
    status, answer = await business.call("POST", edge, {**wanted, "verify_token": "wrong"}, token=app)
    assert (status, answer["error"]["code"]) == (400, 2200)
    assert "HTTP Status Code = 403" in answer["error"]["message"]
    assert (await business.call("GET", edge, token=app))[1] == {"data": []}
    wanted["verify_token"] = VERIFY_TOKEN
    assert await business.call("POST", edge, wanted, token=app) == (200, {"success": True})
    _, answer = await business.call("GET", edge, token=app)
    assert answer["data"][0]["callback_url"] == ear.url
    assert answer["data"][0]["fields"] == [{"name": "messages", "version": "v23.0"}]
    assert (await business.call("GET", edge))[0] == 400
    fake.person("Мария").says("слышно?")
    await told(fake)
    assert ear.messages[-1]["text"]["body"] == "слышно?"


async def test_an_account_subscribes_with_an_address_of_its_own(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    edge = f"{fake.account.id}/subscribed_apps"
    assert (await business.call("DELETE", edge))[1] == {"success": True}
    assert (await business.call("GET", edge))[1] == {"data": []}
    fake.person("Мария").says("никто не слышит")
    assert (fake.webhook.untold, ear.heard) == (1, [])
    fake.webhook.url = ""
    override = {"override_callback_uri": ear.url, "verify_token": VERIFY_TOKEN}
    assert (await business.call("POST", edge, {**override, "verify_token": "x"}))[0] == 400
    assert (await business.call("POST", edge, override))[0] == 200
    _, answer = await business.call("GET", edge)
    assert answer["data"][0]["whatsapp_business_api_data"]["id"] == fake.app.id
    assert answer["data"][0]["override_callback_uri"] == ear.url
    fake.person("Мария").says("теперь слышно")
    await told(fake)
    assert [message["text"]["body"] for message in ear.messages] == ["теперь слышно"]


async def test_verification_fails_on_a_wrong_challenge_and_a_foreign_host(fake: FakeWhatsApp, ear: Ear) -> None:
    ear.challenge = lambda challenge: challenge + " "
    with pytest.raises(Refused, match="did not come back"):
        await fake.set_webhook(ear.url, VERIFY_TOKEN)
    with pytest.raises(Refused, match="403"):
        await fake.set_webhook(ear.url, "wrong")
    with pytest.raises(Refused, match="loopback only"):
        await fake.set_webhook("https://example.com/", VERIFY_TOKEN)
    with pytest.raises(Refused, match="connection failed"):
        await fake.set_webhook("http://127.0.0.1:1/", VERIFY_TOKEN)
