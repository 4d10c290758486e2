"""The page and the control interface serve their own machine, in both languages, and nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.telegram import FakeTelegram


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def act(fake: FakeTelegram, http: aiohttp.ClientSession, path: str, /, **body: Any) -> Any:
    async with http.post(f"{fake.url}/fake/api/{path}", json=body) as response:
        answer = await response.json()
        assert response.status == 200, answer
        return answer


async def test_people_can_be_played_over_http(fake: FakeTelegram, http: aiohttp.ClientSession) -> None:
    group = fake.furnish()
    maria = (await act(fake, http, "customer", name="Мария", language="ru"))["id"]
    said = (await act(fake, http, "say", chat=maria, text="Здравствуйте"))["message_id"]
    await act(fake, http, "edit", chat=maria, message=said, text="Добрый день")
    await act(fake, http, "react", chat=maria, message=said, emoji=["👍"])
    await act(fake, http, "send", chat=maria, kind="photo", content="/9j/", caption="вот")
    await act(fake, http, "location", chat=maria, latitude=1, longitude=2)
    await act(fake, http, "contact", chat=maria, phone="+7")
    operator = (await act(fake, http, "operator", group=group.id, name="Глеб"))["id"]
    topic = (await act(fake, http, "topic", chat=group.id, user=operator, do="open", name="Тема"))["topic"]
    await act(fake, http, "say", chat=group.id, user=operator, topic=topic, text="в теме")
    await act(fake, http, "say", chat=group.id, user=operator, topic=topic, text="от группы", anonymous=True)
    assert fake.shown(maria) == ["Добрый день", "[photo] вот", "[location]", "[contact]"]
    assert fake.shown(group, topic=topic) == ["в теме", "от группы"]
    for do in ("close", "reopen", "delete"):
        await act(fake, http, "topic", chat=group.id, user=operator, topic=topic, do=do)
    await act(fake, http, "block", chat=maria)
    assert fake.private("Мария").chat.blocked
    async with http.get(f"{fake.url}/fake/api/view", params={"customer": str(maria)}) as response:
        view = await response.json()
    assert [line["text"] for line in view["customer"]["messages"]] == ["Добрый день", "вот", "", ""]
    assert view["customer"]["messages"][0]["reactions"][0]["emoji"] == "👍"


async def test_trouble_can_be_ordered_over_http(fake: FakeTelegram, http: aiohttp.ClientSession) -> None:
    group = fake.furnish()
    await act(fake, http, "fault", method="sendMessage", status=429, retry_after=3)
    await act(fake, http, "webhook-faults", duplicates=2)
    assert fake.faults.planned[0].retry_after == 3
    assert fake.faults.webhook.duplicates == 2
    await act(fake, http, "no-faults")
    assert fake.faults.planned == []
    await act(fake, http, "bot-rights", group=group.id, without=["can_manage_topics"])
    assert not group.chat.may(fake.scene.bot_id, "can_manage_topics")
    assert (await act(fake, http, "migrate", group=group.id))["id"] == group.id
    async with http.get(f"{fake.url}/fake/api/calls") as response:
        assert await response.json() == {"calls": [], "violations": []}


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("say", {"chat": 1, "text": "x"}, 409),
        ("say", {"chat": 1}, 400),
        ("say", {"chat": 1, "text": "x", "colour": 1}, 400),
        ("customer", {"name": "  "}, 400),
        ("nothing", {}, 404),
        ("migrate", {"group": 5}, 409),
    ],
)
async def test_wrong_acts_are_answered_with_a_sentence(
    fake: FakeTelegram, http: aiohttp.ClientSession, name: str, body: dict[str, Any], status: int
) -> None:
    async with http.post(f"{fake.url}/fake/api/{name}", json=body) as response:
        assert response.status == status
        assert (await response.json())["error"]


async def test_foreign_pages_can_neither_post_nor_read(fake: FakeTelegram, http: aiohttp.ClientSession) -> None:
    ivan = fake.private("Иван")
    url = f"{fake.url}/fake/api/say"
    body = {"chat": ivan.id, "text": "x"}
    async with http.post(url, json=body, headers={"Origin": "http://evil.example"}) as response:
        assert response.status == 403
    async with http.post(url, json=body, headers={"Host": "evil.example"}) as response:
        assert response.status == 403
    async with http.get(fake.url, headers={"Host": "evil.example"}) as response:
        assert response.status == 403
    async with http.post(url, data='{"chat":1}', headers={"Content-Type": "text/plain"}) as response:
        assert response.status == 415
    assert fake.shown(ivan) == []


@pytest.mark.parametrize(
    ("accepted", "language"), [("", "ru"), ("ru-RU,en;q=0.5", "ru"), ("en-GB,ru;q=0.5", "en"), ("de-DE", "en")]
)
async def test_the_page_speaks_the_browsers_language(
    fake: FakeTelegram, http: aiohttp.ClientSession, accepted: str, language: str
) -> None:
    async with http.get(fake.url, headers={"Accept-Language": accepted}) as response:
        assert f'<html lang="{language}">' in await response.text()
        policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


async def test_files_are_shown_only_as_what_they_are(fake: FakeTelegram, http: aiohttp.ClientSession) -> None:
    ivan = fake.private("Иван")
    page = ivan.sends("document", b"<script>alert(1)</script>", name="a.html", mime="text/html")
    picture = ivan.sends("photo", b"\xff\xd8\xff\x00")
    url = f"{fake.url}/fake/api/file"
    async with http.get(url, params={"id": page["document"]["file_id"]}) as response:
        assert response.content_type == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment")
    async with http.get(url, params={"id": picture["photo"][0]["file_id"]}) as response:
        assert response.content_type == "image/jpeg"


async def test_changes_are_told_to_the_page(fake: FakeTelegram, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{fake.url}/fake/api/events") as response:
        assert await response.content.readuntil(b"\n\n") == b"retry: 500\ndata: changed\n\n"
        fake.private("Иван").says("раз")
        assert await response.content.readuntil(b"\n\n") == b"data: changed\n\n"
