"""Webhooks: signed bytes, repeats, duplicates, late and overtaking ones, several changes in one request."""

from __future__ import annotations

import asyncio
import json
from itertools import pairwise

import orjson
import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp, WebhookFaults
from estafeta.fakes.whatsapp.webhook import Misfit, escaped, sign
from tests.fakes.whatsapp.conftest import VERIFY_TOKEN, Business, Ear, told


def texts(ear: Ear) -> list[str]:
    return [message["text"]["body"] for message in ear.messages]


async def test_the_signature_is_over_the_bytes_as_sent(fake: FakeWhatsApp, ear: Ear) -> None:
    fake.person("Мария").says("Привет 👋 a/b")
    await told(fake)
    raw = ear.raw[0]
    assert raw.isascii()
    assert rb"\u041f\u0440\u0438\u0432\u0435\u0442 \ud83d\udc4b a\/b" in raw
    signature = sign(fake.app.secret, raw)
    for again in (orjson.dumps(orjson.loads(raw)), json.dumps(json.loads(raw), separators=(",", ":")).encode()):
        assert sign(fake.app.secret, again) != signature
    assert escaped(json.loads(raw)) == raw
    delivery = fake.webhook.deliveries[-1]
    assert (delivery.body, delivery.signature, delivery.status) == (raw, f"sha256={signature}", 200)


async def test_repeated_with_growing_delays_until_acknowledged(fake: FakeWhatsApp, ear: Ear) -> None:
    ear.statuses = [500, 404, 204]
    fake.person("Мария").says("раз")
    await told(fake)
    tries = list(fake.webhook.deliveries)
    assert [(delivery.status, delivery.attempt) for delivery in tries] == [(500, 1), (404, 2), (204, 3), (200, 4)]
    gaps = [later.at - earlier.at for earlier, later in pairwise(tries)]
    assert all(gap >= least for gap, least in zip(gaps, (0.01, 0.02, 0.04), strict=True))
    assert len(set(ear.raw)) == 1


async def test_what_failed_does_not_hold_up_what_comes_next(fake: FakeWhatsApp, ear: Ear) -> None:
    ear.statuses = [503]
    maria = fake.person("Мария")
    maria.says("раз")
    maria.says("два")
    await told(fake)
    assert texts(ear) == ["раз", "два", "раз"]


async def test_given_up_after_so_many_attempts() -> None:
    async with FakeWhatsApp(webhook_delay=0.001, webhook_attempts=3) as fake:
        fake.webhook.url = "http://127.0.0.1:1/"
        fake.account.subscribed = True
        fake.person("Мария").says("раз")
        await told(fake)
        assert [delivery.status for delivery in fake.webhook.deliveries] == [0, 0, 0]
        assert len(fake.webhook.given_up) == 1


async def test_duplicates_and_lost_acknowledgements_come_again(fake: FakeWhatsApp, ear: Ear) -> None:
    maria = fake.person("Мария")
    fake.faults.webhook = WebhookFaults(duplicates=1)
    maria.says("раз")
    await told(fake)
    fake.faults.webhook = WebhookFaults(lost_answers=1)
    maria.says("два")
    await told(fake)
    maria.says("три")
    await told(fake)
    assert texts(ear) == ["раз", "раз", "два", "два", "три"]


async def test_the_next_overtakes(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    await told(fake)
    fake.faults.webhook = WebhookFaults(reorder=1)
    await business.send(maria.phone)
    await told(fake)
    assert [status["status"] for status in ear.statuses_heard] == ["delivered", "sent"]


async def test_late_ones_wait_and_other_people_do_not_wait_for_each_other(fake: FakeWhatsApp, ear: Ear) -> None:
    fake.faults.webhook = WebhookFaults(delay=0.05)
    loop = asyncio.get_running_loop()
    began = loop.time()
    for name in ("Мария", "Иван", "Анна"):
        fake.person(name).says(name)
    await told(fake)
    assert sorted(texts(ear)) == ["Анна", "Иван", "Мария"]
    assert all(delivery.at - began >= 0.05 for delivery in fake.webhook.deliveries)


async def test_several_changes_come_in_one_request(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    other = fake.add_account("Другой")
    other.subscribed = True
    number = fake.add_number("+7 812 000-00-02", "Другой", account=other)
    maria = fake.person("Мария")
    with fake.batched():
        maria.says("раз")
        maria.says("два")
        maria.to(number).says("и вам")
        await business.send(maria.phone)
    await told(fake)
    assert len(ear.heard) == 1
    entries = ear.heard[0]["entry"]
    assert [(entry["id"], len(entry["changes"])) for entry in entries] == [(fake.account.id, 4), (other.id, 1)]
    assert texts(ear) == ["раз", "два", "и вам"]
    assert [status["status"] for status in ear.statuses_heard] == ["sent", "delivered"]


async def test_only_subscribed_fields_are_told(fake: FakeWhatsApp, ear: Ear) -> None:
    await fake.set_webhook(ear.url, VERIFY_TOKEN, fields=frozenset({"messages", "phone_number_quality_update"}))
    maria = fake.person("Мария")
    fake.phone_app().says(maria, "не услышат")
    quality = {"display_phone_number": fake.number.phone, "event": "FLAGGED", "current_limit": "TIER_1K"}
    fake.tell("phone_number_quality_update", quality)
    await told(fake)
    assert ear.values("smb_message_echoes") == []
    assert ear.values("phone_number_quality_update") == [quality]
    assert fake.webhook.untold == 1


async def test_what_meta_never_tells_is_not_told(fake: FakeWhatsApp, ear: Ear) -> None:
    with pytest.raises(Misfit, match="surprise"):
        fake.tell("messages", {"messaging_product": "whatsapp", "metadata": {}, "surprise": 1})
    assert ear.heard == []


async def test_two_accounts_and_numbers_are_kept_apart(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    other = fake.add_account("Другой")
    other.subscribed = True
    number = fake.add_number("+7 812 000-00-02", "Другой", account=other)
    maria = fake.person("Мария")
    there = maria.to(number)
    maria.says("сюда")
    there.says("туда")
    assert fake.person("Мария", number=number).user is maria.user
    text = {"to": maria.phone, "type": "text", "text": {"body": "ответ"}}
    assert (await business.post(text, number=number.id))[0] == 200
    assert fake.shown(maria) == ["сюда"]
    assert fake.shown(there) == ["туда", "ответ"]
    await told(fake)
    numbers: dict[str, set[str]] = {}
    for payload in ear.heard:
        for entry in payload["entry"]:
            here = {change["value"]["metadata"]["phone_number_id"] for change in entry["changes"]}
            numbers[entry["id"]] = numbers.get(entry["id"], set()) | here
    assert numbers == {fake.account.id: {fake.number.id}, other.id: {number.id}}
