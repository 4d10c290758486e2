"""Faults happen as planned, and as often as planned."""

from __future__ import annotations

import asyncio
import copy
import random
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.fakes.whatsapp.schema import examples
from tests.fakes.whatsapp.conftest import Business, Ear, told


def text(to: str, body: str = "x", **more: Any) -> dict[str, Any]:
    return {"to": to, "type": "text", "text": {"body": body}, **more}


async def test_errors_are_answered_in_metas_form_and_nothing_is_done(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    fake.fail("messages", status=503, times=2)
    fake.fail("messages")
    fake.fail("messages", code=130429, status=429)
    fake.fail("messages", code=80007)
    fake.fail("messages", code=0)
    fake.fail("messages", code=131000, details="Подробности")
    expected = [(503, 2), (503, 2), (500, 1), (429, 130429), (400, 80007), (401, 0), (500, 131000)]
    answers = [(await business.refused(text(maria.phone))) for _ in expected]
    assert [answer[:2] for answer in answers] == expected
    assert answers[-1][2] == "Подробности"
    assert fake.shown(maria) == ["?"]
    assert (await business.post(text(maria.phone, "дошло")))[0] == 200
    assert [call.code for call in fake.calls_of("messages")] == [2, 2, 1, 130429, 80007, 0, 131000, 0]
    with pytest.raises(ValueError, match="none of the Cloud API's"):
        fake.fail("messages", code=4242)


async def test_a_cut_connection_leaves_the_status_to_tell_what_became_of_it(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    fake.fail("messages", "drop_before")
    fake.fail("messages", "drop_after")
    for mark in ("first", "second"):
        with pytest.raises(aiohttp.ClientError):
            await business.post(text(maria.phone, mark, biz_opaque_callback_data=mark))
    await told(fake)
    assert fake.shown(maria) == ["?", "second"]
    assert [(s["status"], s["biz_opaque_callback_data"]) for s in ear.statuses_heard] == [
        ("sent", "second"),
        ("delivered", "second"),
    ]
    assert [(call.fault, call.status) for call in fake.calls] == [("drop_before", 0), ("drop_after", 200)]


async def test_broken_json_and_a_hang(fake: FakeWhatsApp, business: Business) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    fake.fail("messages", "broken_json")
    with pytest.raises(ValueError, match=r"line 1 column \d+"):
        await business.post(text(maria.phone, "раз"))
    fake.fail("messages", "hang", seconds=30)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await business.post(text(maria.phone, "два"))
    fake.fail("messages", "hang", seconds=0.01)
    await business.send(maria.phone, "три")
    assert fake.shown(maria) == ["?", "раз", "три"]


async def test_taken_and_failed_later(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    fake.fail("messages", "late", code=131049)
    await business.send(maria.phone, biz_opaque_callback_data="m")
    await told(fake)
    assert fake.shown(maria) == ["?"]
    status = ear.statuses_heard[-1]
    assert (status["status"], status["errors"][0]["code"], status["biz_opaque_callback_data"]) == (
        "failed",
        131049,
        "m",
    )


async def test_a_fault_may_be_for_one_person_or_one_operation(fake: FakeWhatsApp, business: Business) -> None:
    maria, ivan = fake.person("Мария"), fake.person("Иван")
    maria.says("?")
    ivan.says("?")
    fake.fail("messages", person=maria, code=131016)
    fake.fail("media_url", code=131052)
    await business.send(ivan.phone)
    assert (await business.refused(text(maria.phone)))[:2] == (500, 131016)
    assert not [fault for fault in fake.faults.planned if fault.operation == "messages"]
    maria.sends("image", b"x")
    media = next(iter(fake.world.media))
    assert (await business.call("GET", media))[1]["error"]["code"] == 131052
    _, answer = await business.call("GET", media)
    fake.fail("download", status=500)
    headers = {"Authorization": f"Bearer {fake.token}"}
    async with business.session.get(answer["url"], headers=headers) as response:
        assert response.status == 500
    fake.fail("*", code=2, times=3)
    fake.faults.clear()
    await business.send(ivan.phone)


async def test_bodies_that_are_no_messages(fake: FakeWhatsApp, business: Business) -> None:
    url, headers = f"{fake.url}/v23.0/{fake.number.id}/messages", {"Authorization": f"Bearer {fake.token}"}
    for body in (b"{", b"[]", b'"x"', b"", b"\xff"):
        async with business.session.post(url, data=body, headers=headers) as response:
            assert response.status == 400
            assert (await response.json())["error"]["code"] == 100
    async with business.session.get(f"{fake.url}/nonsense") as response:
        assert response.status == 404


async def test_waiting_gives_up_after_its_time(fake: FakeWhatsApp) -> None:
    with pytest.raises(TimeoutError):
        await fake.wait(lambda: False, timeout=0.01)
    waiting = asyncio.create_task(fake.wait(lambda: fake.shown(fake.person("Мария"))))
    await asyncio.sleep(0)
    fake.person("Мария").says("раз")
    assert await waiting == ["раз"]


async def test_no_token_and_no_secret_is_shown_by_accident(fake: FakeWhatsApp) -> None:
    seen = repr(vars(fake)) + repr(fake.webhook) + repr(fake.app)
    assert fake.app_secret not in seen
    assert fake.token not in seen


async def test_whatever_a_business_sends_gets_an_answer_in_metas_form(fake: FakeWhatsApp, business: Business) -> None:
    """Meta's examples with a value replaced, removed or moved: never a broken stand-in."""
    maria = fake.person("Мария")
    maria.says("?")
    fake.add_template("template-name", "x {{1}} {{2}} {{3}}", language="language-and-locale-code")
    chance = random.Random(17)
    junk: list[Any] = [None, True, -1, 1.5, "", "x" * 5000, [], {}, [[]], {"type": {}}, "\u0000"]
    for _ in range(400):
        body = copy.deepcopy(chance.choice(list(examples()["requests"].values())))
        body["to"] = maria.phone
        for _ in range(chance.randint(1, 3)):
            target: Any = body
            while isinstance(target, dict | list) and target:
                keys = list(target) if isinstance(target, dict) else list(range(len(target)))
                key = chance.choice(keys)
                if not isinstance(target[key], dict | list) or chance.random() < 0.4:
                    target[key] = copy.deepcopy(chance.choice(junk))
                    break
                target = target[key]
        status, answer = await business.call("POST", f"{fake.number.id}/messages", body)
        assert status < 500, body
        assert ("error" in answer) == (status != 200)


async def test_any_bytes_can_be_delivered(fake: FakeWhatsApp, ear: Ear) -> None:
    ear.statuses = [418]
    assert await fake.deliver(b'{"entry": 5}') == 418
    assert await fake.deliver(b'{"entry": []}') == 200
    assert ear.raw == [b'{"entry": 5}', b'{"entry": []}']


async def test_a_chat_remembers_so_many_messages() -> None:
    async with FakeWhatsApp(kept=2, journal=1) as fake:
        maria = fake.person("Мария")
        for number in range(4):
            maria.says(str(number))
        assert fake.shown(maria) == ["2", "3"]
