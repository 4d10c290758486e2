"""VK's page and control interface: everything people do, for their own machine only, and a world that is kept."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.common.serving import serve
from estafeta.fakes.vk.served import ServedVk
from tests.fakes.vk.conftest import Client

PICTURE = b"\xff\xd8\xff\x00"


@pytest.fixture
async def fake() -> AsyncIterator[ServedVk]:
    async with ServedVk(limits=None) as running:
        running.furnish()
        yield running
        assert running.violations == []


@pytest.fixture
def client(fake: ServedVk, session: aiohttp.ClientSession) -> Client:
    return Client(session, fake.url, fake.furnish().token)


async def act(client: Client, name: str, /, status: int = 200, **body: Any) -> Any:
    async with client.session.post(f"{client.url}/fake/api/{name}", json=body) as response:
        answer = await response.json()
        assert response.status == status, answer
        return answer


async def view(client: Client, **query: int) -> Any:
    async with client.session.get(f"{client.url}/fake/api/view", params=query) as response:
        assert response.status == 200
        return await response.json()


async def test_customers_can_be_played_over_http(fake: ServedVk, client: Client) -> None:
    olga = (await act(client, "person", name="Ольга Петрова"))["id"]
    said = (await act(client, "say", person=olga, text="Здравствуйте"))["message"]
    await act(client, "edit", person=olga, message=said, text="Добрый день")
    await act(client, "react", person=olga, message=said, emoji="👍")
    photo = base64.b64encode(PICTURE).decode()
    await act(client, "send", person=olga, kind="photo", content=photo, name="a.jpg", text="вот")
    await act(client, "location", person=olga, latitude=1, longitude=2)
    await act(client, "say", person=olga, text="в ответ", reply_to=said)
    lines = (await view(client, customer=olga))["customer"]["messages"]
    assert [line["text"] for line in lines] == ["Добрый день", "вот", "", "в ответ"]
    assert (lines[0]["edited"], lines[0]["reactions"][0]["emoji"]) == (True, "👍")
    assert (lines[1]["files"][0]["image"], lines[2]["place"]["latitude"]) == (True, 1)
    assert lines[3]["reply"] == {"author": "Ольга Петрова", "text": "Добрый день"}
    async with client.session.get(f"{client.url}/fake/api/file", params={"id": lines[1]["files"][0]["id"]}) as answer:
        assert (answer.content_type, await answer.read()) == ("image/jpeg", PICTURE)
    await act(client, "delete", person=olga, message=said)
    for do in ("type", "read", "join", "leave", "deny"):
        await act(client, "do", person=olga, do=do)
    seen = await view(client, customer=olga)
    assert next(one["blocked"] for one in seen["customers"] if one["id"] == olga)
    assert len(seen["customer"]["messages"]) == 3


async def test_the_bots_messages_are_shown_as_vk_draws_them(fake: ServedVk, client: Client) -> None:
    olga = fake.private("Ольга")
    olga.says("?")
    actions: list[dict[str, str]] = [
        {"type": "text", "label": "Оплата", "payload": '{"a":1}'},
        {"type": "callback", "label": "Помощь", "payload": '{"b":2}'},
        {"type": "open_link", "label": "Сайт", "link": "https://example.org"},
    ]
    rows = [[{"action": action}] for action in actions]
    format_data = {"version": 1, "items": [{"type": "bold", "offset": 0, "length": 3}]}
    await client.call(
        "messages.send", peer_id=olga.id, random_id=1, message="Что нужно?",
        keyboard=json.dumps({"inline": True, "buttons": rows}), format_data=json.dumps(format_data),
    )  # fmt: skip
    card = {"title": "Чайник", "description": "Синий", "buttons": [rows[0][0]]}
    template = json.dumps({"type": "carousel", "elements": [card]})
    await client.call("messages.send", peer_id=olga.id, random_id=2, message="Товары", template=template)
    keyboard = json.dumps({"one_time": False, "buttons": rows[:1]})
    await client.call("messages.send", peer_id=olga.id, random_id=3, message="Меню", keyboard=keyboard)
    customer = (await view(client, customer=olga.id))["customer"]
    asked, goods, _ = customer["messages"][1:]
    assert (asked["bot"], asked["status"], asked["entities"]) == (True, "sent", format_data["items"])
    assert [row[0]["text"] for row in asked["buttons"]] == ["Оплата", "Помощь", "Сайт"]
    assert asked["buttons"][2][0]["url"] == "https://example.org"
    assert (goods["cards"][0]["title"], goods["cards"][0]["buttons"][0][0]["text"]) == ("Чайник", "Оплата")
    assert customer["keyboard"][0][0]["text"] == "Оплата"
    press = (await act(client, "press", person=olga.id, message=asked["id"], button='{"b":2}'))["press"]
    data = json.dumps({"type": "show_snackbar", "text": "Уже зову"})
    await client.call(
        "messages.sendMessageEventAnswer", event_id=press, user_id=olga.id, peer_id=olga.id, event_data=data
    )
    await act(client, "do", person=olga.id, do="read")
    seen = await view(client, customer=olga.id)
    assert seen["answers"] == [{"id": press, "type": "show_snackbar", "text": "Уже зову"}]
    assert seen["customer"]["messages"][1]["status"] == "read"


async def test_the_community_answers_by_hand_and_on_its_wall(fake: ServedVk, client: Client) -> None:
    community, olga = fake.furnish(), fake.private("Ольга")
    olga.says("Есть кто живой?")
    await act(client, "answer", person=olga.id, text="Да, это Анна")
    post = (await act(client, "post", text="Скидки до воскресенья"))["post"]
    asked = (await act(client, "comment", person=olga.id, post=post, text="На всё?"))["comment"]
    later = (await act(client, "comment", person=olga.id, post=post, text="И доставка?"))["comment"]
    await act(client, "answer-comment", post=post, text="На всё", reply_to=asked)
    await act(client, "edit-comment", person=olga.id, comment=later, text="А доставка?")
    seen = await view(client, customer=olga.id, place=post, topic=-post)
    for side in ("customer", "group"):
        lines = seen[side]["messages"]
        assert [line["text"] for line in lines] == ["Скидки до воскресенья", "На всё?", "На всё", "А доставка?"]
        assert (lines[2]["thread"], lines[2]["tag"], lines[2]["reply"]["text"]) == (True, "community", "На всё?")
    await act(client, "delete-comment", person=olga.id, comment=later)
    dialog = (await view(client, customer=olga.id, topic=olga.id))["group"]
    assert [(line["text"], line["tag"], line["bot"]) for line in dialog["messages"]] == [
        ("Есть кто живой?", "", False),
        ("Да, это Анна", "byAdmin", False),
    ]
    assert {topic["id"] for topic in dialog["topics"]} >= {olga.id, -post}
    await act(client, "ban", person=olga.id)
    assert olga.dialog.banned
    assert "blacklist" in (await act(client, "say", 409, person=olga.id, text="?"))["error"]
    await act(client, "ban", person=olga.id, banned=False, community=community.id)


async def test_trouble_and_the_callback_can_be_ordered_over_http(fake: ServedVk, client: Client) -> None:
    async def confirm(request: aiohttp.web.BaseRequest) -> aiohttp.web.StreamResponse:
        told = await request.json()
        heard.append(told)
        return aiohttp.web.Response(text=code if told["type"] == "confirmation" else "ok")

    heard: list[Any] = []
    code = fake.callback.codes[fake.furnish().id]
    runner, port = await serve(confirm, "127.0.0.1", 0)
    await act(client, "callback", url=f"http://127.0.0.1:{port}/", secret="s3")
    await fake.wait(lambda: [server.status for server in fake.callback.servers.values()] == ["ok"])
    fake.private("Ольга").says("раз")
    await fake.wait(lambda: any(delivery.event["type"] == "message_new" for delivery in fake.callback.deliveries))
    assert heard[-1]["secret"] == "s3"
    await runner.cleanup()
    await act(client, "callback", 409, url="http://example.com/")
    await act(client, "fault", method="messages.send", code=9, times=2)
    assert (fake.faults.planned[0].code, fake.faults.planned[0].times) == (9, 2)
    await act(client, "webhook-faults", duplicates=3)
    assert fake.faults.webhook.duplicates == 3
    await act(client, "no-faults")
    assert not fake.faults.planned
    await client.call("groups.getById")
    async with client.session.get(f"{client.url}/fake/api/calls") as response:
        assert (await response.json())["calls"][-1]["method"] == "groups.getById"


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("dance", 404, {}),
        ("person", 400, {"name": "  "}),
        ("say", 400, {"person": 1}),
        ("say", 409, {"person": 1, "text": "x"}),
        ("post", 409, {"community": 5, "text": "x"}),
        ("react", 409, {"person": 0, "message": 1, "emoji": "🦄"}),
    ],
)
async def test_wrong_acts_are_explained(client: Client, name: str, status: int, body: dict[str, Any]) -> None:
    assert (await act(client, name, status, **body))["error"]


@pytest.mark.parametrize("headers", [{"Origin": "https://example.com"}, {"Host": "example.com"}])
async def test_foreign_pages_get_nothing(client: Client, headers: dict[str, str]) -> None:
    for path in ("/", "/fake/api/view"):
        async with client.session.get(f"{client.url}{path}", headers=headers) as response:
            assert response.status == 403


async def test_the_page_is_served_with_a_strict_policy_and_framed_by_its_own_host_only(client: Client) -> None:
    for path, kind in (("/", "text/html"), ("/fake/page.js", "text/javascript"), ("/fake/signs.js", "text/javascript")):
        async with client.session.get(f"{client.url}{path}") as response:
            assert (response.status, response.content_type) == (200, kind)
            policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert policy.endswith("frame-ancestors http://127.0.0.1:*")
    async with client.session.get(f"{client.url}/fake/api/view", params={"customer": "x"}) as response:
        assert response.status == 400


async def test_the_world_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "vk.json"
    async with ServedVk(state=path) as fake:
        community, olga = fake.furnish(), fake.private("Ольга")
        olga.says("Здравствуйте")
        olga.sends("photo", content=PICTURE, text="вот")
        olga.comments(1, "Под записью")
    async with ServedVk(state=path) as again:
        restored, person = again.furnish(), again.private("Ольга")
        assert (restored.id, restored.token, person.id) == (community.id, community.token, olga.id)
        assert again.shown(person) == ["Здравствуйте", "вот"]
        assert [comment.text for comment in again.wall(restored, 1)] == ["Под записью"]
        assert [file.content for file in again.world.files.values()] == [PICTURE]
        assert again.callback.codes == fake.callback.codes
        assert person.says("?")["conversation_message_id"] == 3
    path.write_text('{"format": 2}', encoding="utf-8")
    with pytest.raises(ValueError, match="is not a saved state"):
        await ServedVk(state=path).start()
