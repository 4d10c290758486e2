"""The customer service window, templates outside of it, and what comes to light only after a message was taken."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from estafeta.fakes.whatsapp import Button, Clock, FakeWhatsApp, Template
from tests.fakes.whatsapp.conftest import Business, Ear, told

BODY = "Заказ {{1}} приедет {{2}}."


def template(name: str = "delivery", *values: str, language: str = "ru", buttons: Any = ()) -> dict[str, Any]:
    body = {"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}
    content = {"name": name, "language": {"code": language}, "components": [body, *buttons]}
    return {"type": "template", "template": content}


async def test_free_words_for_24_hours_after_the_customers_last(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    maria = fake.person("Мария")
    assert not fake.window_open(maria)
    maria.says("Здравствуйте")
    fake.passes(hours=23, minutes=59)
    await business.send(maria.phone, "успели")
    fake.passes(minutes=2)
    assert not fake.window_open(maria)
    late = await business.send(maria.phone, "опоздали", biz_opaque_callback_data="item-7")
    await told(fake)
    assert fake.shown(maria) == ["Здравствуйте", "успели"]
    status = ear.statuses_heard[-1]
    assert (status["id"], status["status"], status["biz_opaque_callback_data"]) == (late, "failed", "item-7")
    assert status["recipient_id"] == maria.phone
    assert "recipient_user_id" not in status
    error = status["errors"][0]
    assert (error["code"], error["title"]) == (131047, "Re-engagement message")
    assert "24 hours" in error["error_data"]["details"]
    assert "contacts" not in ear.values()[-1]
    maria.says("я тут")
    await business.send(maria.phone, "снова можно")
    assert fake.shown(maria)[-1] == "снова можно"


async def test_the_same_may_be_refused_at_once() -> None:
    clock = Clock(start=1_800_000_000.0)
    async with FakeWhatsApp(late_refusals=False, clock=clock) as fake, aiohttp.ClientSession() as session:
        business = Business(fake, session)
        maria = fake.person("Мария")
        text = {"to": maria.phone, "type": "text", "text": {"body": "x"}}
        assert (await business.refused(text))[:2] == (400, 131047)
        maria.says("?")
        assert (await business.post(text))[0] == 200
        fake.passes(days=1)
        assert (await business.refused(text))[:2] == (400, 131047)


async def test_templates_go_at_any_time(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    fake.add_template("delivery", BODY, header="Доставка", footer="Магазин", buttons=("Спасибо", "Перенести"))
    maria = fake.person("Мария")
    payload = {"type": "payload", "payload": "move-17"}
    button = {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [payload]}
    body = template("delivery", "17", "завтра", buttons=[button])
    status, answer = await business.post({"to": maria.phone, **body})
    assert (status, answer["messages"][0]["message_status"]) == (200, "accepted")
    assert fake.shown(maria) == ["Доставка\nЗаказ 17 приедет завтра.\nМагазин"]
    maria.presses("Перенести")
    await told(fake)
    pressed = ear.messages[-1]
    assert pressed["button"] == {"payload": "move-17", "text": "Перенести"}
    assert pressed["context"] == {"from": fake.number.phone, "id": answer["messages"][0]["id"]}
    assert ear.statuses_heard[0]["pricing"] == {
        "billable": True,
        "pricing_model": "PMP",
        "type": "regular",
        "category": "utility",
    }
    assert fake.window_open(maria)


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (
            template("delivery", "17"),
            400,
            132000,
            "localizable_params (1) does not match the expected number of params (2)",
        ),
        (template("unknown", "17", "x"), 404, 132001, "does not exist in ru"),
        (template("delivery", "17", "x", language="en_US"), 404, 132001, "does not exist in en_US"),
        (template("pending"), 404, 132001, "does not exist"),
        (template("paused"), 400, 132015, "paused"),
        (template("disabled"), 400, 132016, "disabled"),
        (template("delivery", "17", "за\nвтра"), 400, 132007, "new-line"),
        (template("delivery", "17", "х" * 1020), 400, 132005, "1024"),
        (template("link"), 400, 131008, "requires a parameter"),
        (template("photo"), 400, 132000, "header"),
        ({"type": "template", "template": {"name": "delivery"}}, 400, 131008, "template.language"),
    ],
)
async def test_templates_are_refused_as_meta_does(
    fake: FakeWhatsApp, business: Business, body: dict[str, Any], status: int, code: int, words: str
) -> None:
    fake.add_template("delivery", BODY)
    fake.add_template("pending", "x", status="PENDING")
    fake.add_template("paused", "x", status="PAUSED")
    fake.add_template("disabled", "x", status="DISABLED")
    fake.add_template("link", "x", buttons=(Button(kind="URL", text="Открыть", url="https://example.com/{{1}}"),))
    fake.add_template("photo", "x", header="IMAGE")
    maria = fake.person("Мария")
    answered = await business.refused({"to": maria.phone, **body})
    assert answered[:2] == (status, code)
    assert words in answered[2]


async def test_named_variables_and_a_picture_above(fake: FakeWhatsApp, business: Business) -> None:
    fake.add_template("named", "Привет, {{name}}!", header="IMAGE")
    maria = fake.person("Мария")
    image = {"type": "image", "image": {"link": "https://example.com/a.jpg"}}
    named = {"type": "text", "parameter_name": "name", "text": "Мария"}
    content: dict[str, Any] = {"name": "named", "language": {"code": "ru"}}
    content["components"] = [{"type": "header", "parameters": [image]}, {"type": "body", "parameters": [named]}]
    assert (await business.post({"to": maria.phone, "type": "template", "template": content}))[0] == 200
    assert fake.shown(maria) == ["[image]\nПривет, Мария!"]
    named["parameter_name"] = "surname"
    assert (await business.refused({"to": maria.phone, "type": "template", "template": content}))[1] == 132012


async def test_the_list_of_templates_has_pages_and_filters(fake: FakeWhatsApp, business: Business) -> None:
    made: list[Template] = [fake.add_template(f"t{number}", "x") for number in range(3)]
    fake.add_template("paused", "x", status="PAUSED")
    edge = f"{fake.account.id}/message_templates"
    status, answer = await business.call("GET", edge, params={"limit": "2", "status": "APPROVED"})
    assert (status, [t["name"] for t in answer["data"]]) == (200, ["t0", "t1"])
    assert answer["data"][0]["components"] == [{"type": "BODY", "text": "x"}]
    assert answer["data"][0]["id"] == made[0].id
    assert "next" in answer["paging"]
    cursor = answer["paging"]["cursors"]["after"]
    _, answer = await business.call("GET", edge, params={"limit": "2", "status": "APPROVED", "after": cursor})
    assert [t["name"] for t in answer["data"]] == ["t2"]
    assert "next" not in answer["paging"]
    _, answer = await business.call("GET", edge, params={"name": "paused", "fields": "name,status"})
    assert answer["data"] == [{"id": answer["data"][0]["id"], "name": "paused", "status": "PAUSED"}]


async def test_who_cannot_be_reached(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    fake.add_template("sale", "Скидки", category="MARKETING")
    maria, ivan, anna = fake.person("Мария"), fake.person("Иван"), fake.person("Анна")
    maria.says("?")
    maria.blocks()
    ivan.leaves_whatsapp()
    anna.user.in_experiment = True
    await business.send(maria.phone)
    await business.send(ivan.phone)
    await business.send("79990000000")
    assert (await business.post({"to": anna.phone, **template("sale")}))[0] == 200
    await told(fake)
    failed = [(status["recipient_id"], status["errors"][0]["code"]) for status in ear.statuses_heard]
    assert sorted(failed) == sorted(
        [(maria.phone, 131026), (ivan.phone, 131026), ("79990000000", 131026), (anna.phone, 130472)]
    )
    maria.unblocks()
    await business.send(maria.phone, "теперь дошло")
    assert fake.shown(maria) == ["?", "теперь дошло"]
