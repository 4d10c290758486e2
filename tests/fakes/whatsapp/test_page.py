"""The page and the control interface serve their own machine, and nobody else."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.fakes.whatsapp.saved import lasting
from tests.fakes.whatsapp.conftest import VERIFY_TOKEN, Business, Ear
from tests.fakes.whatsapp.test_sending import buttons, listed, rows


async def act(business: Business, name: str, /, status: int = 200, **body: Any) -> Any:
    async with business.session.post(f"{business.fake.url}/fake/api/{name}", json=body) as response:
        answer = await response.json()
        assert response.status == status, answer
        return answer


async def view(business: Business, **query: str) -> Any:
    async with business.session.get(f"{business.fake.url}/fake/api/view", params=query) as response:
        assert response.status == 200
        return await response.json()


async def test_people_can_be_played_over_http(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    maria = (await act(business, "person", name="Мария", phone="79000000001"))["person"]
    who = fake.person("Мария")
    said = (await act(business, "say", person=maria, text="Здравствуйте"))["message"]
    await act(business, "edit", person=maria, message=said, text="Добрый день")
    photo = base64.b64encode(b"photo").decode()
    await act(business, "send", person=maria, kind="image", content=photo, caption="вот")
    await act(business, "location", person=maria, latitude=1, longitude=2)
    await act(business, "contact", person=maria, name="Курьер", phone="+7")
    await business.post({"to": who.phone, "type": "interactive", "interactive": buttons("Да")})
    await act(business, "press", person=maria, button="Да")
    await act(business, "echo", person=maria, text="с телефона")
    await act(business, "do", person=maria, do="read")
    for emoji in ("👍", ""):
        await act(business, "react", person=maria, message=said, emoji=emoji)
    seen = await view(business, customer=maria)
    texts = ["Добрый день", "вот", "", "", "Чем помочь?", "Да", "с телефона"]
    lines = seen["customer"]["messages"]
    assert [line["text"] for line in lines] == texts
    assert lines[1]["files"][0]["kind"] == "photo"
    assert (lines[2]["place"]["latitude"], lines[3]["contact"]["first_name"]) == (1, "Курьер")
    assert (lines[4]["status"], lines[4]["bot"], lines[4]["buttons"][0][0]["text"]) == ("read", True, "Да")
    assert (lines[5]["reply"]["text"], lines[6]["tag"]) == ("Чем помочь?", "fromApp")
    assert seen["group"]["topics"][0]["preview"] == "с телефона"
    await act(business, "told")
    assert [message["type"] for message in ear.messages][:3] == ["text", "edit", "image"]
    await act(business, "delete", person=maria, message=said)
    for do in ("offline", "online", "unsupported", "block"):
        await act(business, "do", person=maria, do=do)
    assert who.chat.blocked
    assert (await act(business, "say", 409, person=maria, text="x"))["error"].startswith("Мария has blocked")
    await act(business, "do", person=maria, do="unblock")
    await act(business, "do", person=maria, do="leave")
    people = (await view(business))["customers"]
    assert [(one["id"], one["name"], one["phone"]) for one in people] == [(maria, "Мария", "79000000001")]


async def test_time_trouble_templates_and_the_webhook(fake: FakeWhatsApp, business: Business, ear: Ear) -> None:
    before = fake.clock.now()
    await act(business, "pass", hours=25)
    assert fake.clock.now() - before >= 25 * 3600
    await act(business, "fault", operation="messages", code=130429, times=2)
    assert (fake.faults.planned[0].code, fake.faults.planned[0].times) == (130429, 2)
    await act(business, "fault", 409, operation="messages", code=1234567)
    await act(business, "webhook-faults", duplicates=3)
    assert fake.faults.webhook.duplicates == 3
    await act(business, "no-faults")
    assert not fake.faults.planned
    assert (await act(business, "template", name="t", body="x", buttons=["Да"]))["status"] == "APPROVED"
    await act(business, "webhook", url=ear.url, verify_token=VERIFY_TOKEN)
    assert "403" in (await act(business, "webhook", 409, url=ear.url, verify_token="x"))["error"]
    await business.post({"to": "79000000000", "type": "text", "text": {"body": "x"}})
    async with business.session.get(f"{fake.url}/fake/api/calls") as response:
        assert (await response.json())["calls"][-1]["operation"] == "messages"


async def test_wrong_acts_are_explained(business: Business) -> None:
    assert (await act(business, "dance", 404))["error"] == "there is no such act"
    assert "name" in (await act(business, "person", 400, name=""))["error"]
    assert (await act(business, "say", 409, person="RU.1", text="x"))["error"].startswith("there is no such person")
    async with business.session.post(f"{business.fake.url}/fake/api/pass", data="{}") as response:
        assert response.status == 415


@pytest.mark.parametrize("headers", [{"Origin": "https://example.com"}, {"Host": "example.com"}])
async def test_foreign_pages_get_nothing(business: Business, headers: dict[str, str]) -> None:
    for path in ("/", "/fake/api/view"):
        async with business.session.get(f"{business.fake.url}{path}", headers=headers) as response:
            assert response.status == 403


async def test_the_page_is_served_with_a_strict_policy(fake: FakeWhatsApp, business: Business) -> None:
    for path, kind in (("/", "text/html"), ("/fake/page.js", "text/javascript"), ("/fake/style.css", "text/css")):
        async with business.session.get(f"{fake.url}{path}") as response:
            assert (response.status, response.content_type) == (200, kind)
            assert "script-src 'self'" in response.headers["Content-Security-Policy"]
    async with business.session.get(f"{fake.url}/fake/api/events") as response:
        assert await response.content.readuntil(b"changed\n\n") == b"retry: 500\ndata: changed\n\n"
        fake.person("Мария").says("?")
        assert await response.content.readuntil(b"\n\n") == b"data: changed\n\n"


async def test_a_message_that_has_not_arrived_is_seen_by_the_business_only(
    fake: FakeWhatsApp, business: Business, ear: Ear
) -> None:
    maria = fake.person("Мария")
    maria.says("?")
    maria.goes_offline()
    await business.send(maria.phone, "Вы здесь?")
    seen = await view(business, customer=maria.id)
    assert [line["text"] for line in seen["customer"]["messages"]] == ["?"]
    assert [(line["text"], line["status"]) for line in seen["group"]["messages"]][1:] == [("Вы здесь?", "sent")]
    await business.post({"to": maria.phone, "type": "interactive", "interactive": listed({"rows": rows(2)})})
    maria.comes_online()
    line = (await view(business, customer=maria.id))["customer"]["messages"][-1]
    assert len(line["buttons"]) == 2  # one in each row


async def test_the_world_outlives_the_process(tmp_path: Path, ear: Ear) -> None:
    path = tmp_path / "chats.json"
    async with lasting(FakeWhatsApp(), path) as fake:
        maria = fake.person("Мария", phone="79000000001")
        maria.says("Здравствуйте")
        maria.sends("image", b"\xff\xd8\xff", caption="вот")
        fake.passes(hours=1)
        number, now = fake.number.id, fake.clock.now()
    async with lasting(FakeWhatsApp(), path) as fake:
        again = fake.person("Мария")
        assert (again.id, again.phone, fake.number.id) == (maria.id, "79000000001", number)
        assert fake.shown(again) == ["Здравствуйте", "[image] вот"]
        assert fake.content(fake.messages(again)[1]) == b"\xff\xd8\xff"
        assert fake.clock.now() >= now
        assert again.says("?") not in {message.id for message in fake.messages(again)[:2]}
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="is not a saved state"):
        async with lasting(FakeWhatsApp(), path):
            pass
