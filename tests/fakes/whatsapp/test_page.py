"""The page and the control interface serve their own machine, and nobody else."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from estafeta.fakes.whatsapp import FakeWhatsApp
from estafeta.fakes.whatsapp.acts import ACTS
from estafeta.fakes.whatsapp.page import STATIC
from tests.fakes.whatsapp.conftest import VERIFY_TOKEN, Business, Ear
from tests.fakes.whatsapp.test_sending import buttons


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
    chat = (await view(business, person=maria))["chat"]
    texts = [
        "Добрый день",
        "[image] вот",
        "[location] 1.0, 2.0",
        "[contacts] Курьер",
        "Чем помочь?",
        "Да",
        "с телефона",
    ]
    assert [message["text"] for message in chat["messages"]] == texts
    assert chat["messages"][4]["status"] == "read"
    await act(business, "told")
    assert [message["type"] for message in ear.messages][:3] == ["text", "edit", "image"]
    await act(business, "delete", person=maria, message=said)
    for do in ("offline", "online", "unsupported", "block"):
        await act(business, "do", person=maria, do=do)
    assert who.chat.blocked
    assert (await act(business, "say", 409, person=maria, text="x"))["error"].startswith("Мария has blocked")
    await act(business, "do", person=maria, do="unblock")
    await act(business, "do", person=maria, do="leave")
    people = (await view(business))["people"]
    assert people == [{"id": maria, "name": "Мария", "phone": "79000000001"}]


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


def test_the_pages_script_does_only_what_there_is_and_has_every_word_in_both_languages() -> None:
    script = (STATIC / "page.js").read_text(encoding="utf-8")
    html = (STATIC / "index.html").read_text(encoding="utf-8")
    assert set(re.findall(r'act\("([a-z-]+)"', script)) <= ACTS.keys()
    used = set(re.findall(r'word\("(\w+)"', script)) | set(re.findall(r'data-(?:word|label|placeholder)="(\w+)"', html))
    russian, english = (script.split(f"  {language}: {{")[1].split("\n  },")[0] for language in ("ru", "en"))
    for words in (russian, english):
        assert used <= set(re.findall(r"(\w+): \"", words))
    assert "innerHTML" not in script
