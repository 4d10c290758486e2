"""Tokens, versions, limits, faults and `execute`: what every call has in common."""

from __future__ import annotations

import json
from dataclasses import replace

import aiohttp
import pytest

from estafeta.fakes.vk import CallbackSettings, Community, FakeVk, Limits, Participant
from tests.fakes.vk.conftest import Client, Send


async def test_an_error_shows_the_request_but_not_its_token(client: Client, ivan: Participant) -> None:
    body = await client.body("messages.send", peer_id=ivan.id, random_id=1)
    shown = {entry["key"]: entry["value"] for entry in body["error"]["request_params"]}
    assert shown == {"method": "messages.send", "oauth": "1", "v": "5.199", "peer_id": str(ivan.id), "random_id": "1"}
    assert client.token not in json.dumps(body)


async def test_tokens_and_versions(fake: FakeVk, shop: Community, client: Client) -> None:
    assert await client.error("users.get", v=None) == (8, "Invalid request: v (version) is required")
    assert await client.error("users.get", access_token=None) == (
        5,
        "User authorization failed: no access_token passed.",
    )
    assert (await client.error("users.get", access_token="x"))[1] == (
        "User authorization failed: invalid access_token (4)."
    )
    assert (await client.error("wall.getComments", post_id=1))[0] == 27
    old = shop.token
    shop.new_token("messages")
    assert (await client.error("users.get", access_token=old))[0] == 5
    code, words = await client.error("groups.getLongPollServer", access_token=shop.token, group_id=shop.id)
    assert (code, "current scopes" in words) == (15, True)
    admin = replace(client, token=shop.admin_token)
    assert (await admin.error("messages.getHistory", peer_id=1))[0] == 15


async def test_an_unknown_method_and_an_old_version_are_findings(fake: FakeVk, client: Client) -> None:
    assert await client.error("messages.dance") == (3, "Unknown method passed")
    await client.call("users.get", v="5.92")
    assert fake.violations == [
        "messages.dance: the stand-in does not play this method",
        "v=5.92: the stand-in speaks 5.199 only",
    ]
    fake.violations.clear()


async def test_a_lenient_server_takes_what_it_does_not_know(session: aiohttp.ClientSession) -> None:
    async with FakeVk(strict=False) as fake:
        client = Client(session, fake.url, fake.community().token)
        assert await client.call("users.get", nonsense=1) == []
        assert fake.violations == ["users.get: nonsense is unknown"]


async def test_twenty_requests_a_second_for_each_token(session: aiohttp.ClientSession) -> None:
    now = 0.0
    async with FakeVk(clock=lambda: now) as fake:
        first = Client(session, fake.url, fake.community("Лавка").token)
        second = Client(session, fake.url, fake.community("Склад").token)
        for _ in range(20):
            await first.call("users.get")
        assert await first.error("users.get") == (6, "Too many requests per second")
        await second.call("users.get")
        now = 1.0
        await first.call("users.get")


async def test_flood_to_one_peer(session: aiohttp.ClientSession) -> None:
    async with FakeVk(limits=Limits(per_second=1000, peer_messages=2)) as fake:
        client = Client(session, fake.url, fake.community().token)
        ivan, maria = fake.private("Иван"), fake.private("Мария")
        for number in (1, 2):
            await client.call("messages.send", peer_id=ivan.id, random_id=number, message="x")
        assert await client.error("messages.send", peer_id=ivan.id, random_id=3, message="x") == (9, "Flood control")
        await client.call("messages.send", peer_id=ivan.id, random_id=2, message="x")  # known: nothing is sent
        await client.call("messages.send", peer_id=maria.id, random_id=3, message="x")


# Faults


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "Unknown error occurred"),
        (6, "Too many requests per second"),
        (9, "Flood control"),
        (10, "Internal server error"),
        (29, "Rate limit reached"),
        (902, "Can't send messages to this user due to their privacy settings"),
        (917, "You don't have access to this chat"),
        (925, "You are not admin of this chat"),
        (940, "Too many posts in messages"),
    ],
)
async def test_any_error_can_be_planned(
    fake: FakeVk, ivan: Participant, client: Client, send: Send, code: int, words: str
) -> None:
    fake.fail("messages.send", code=code)
    assert await client.error("messages.send", peer_id=ivan.id, random_id=500, message="x") == (code, words)
    assert fake.shown(ivan) == []
    await send("дошло")
    assert fake.shown(ivan) == ["дошло"]


async def test_a_captcha_carries_its_picture(fake: FakeVk, client: Client) -> None:
    fake.fail("*", code=14)
    error = (await client.body("users.get"))["error"]
    assert (error["error_msg"], error["captcha_sid"]) == ("Captcha needed", "123456789012")


async def test_a_cut_connection_and_the_same_random_id_make_one_message(
    fake: FakeVk, ivan: Participant, client: Client
) -> None:
    fake.fail("messages.send", "drop_after", chat=ivan.id)
    message = {"peer_id": ivan.id, "random_id": 9, "message": "один раз"}
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.call("messages.send", **message)
    assert fake.shown(ivan) == ["один раз"]
    assert await client.call("messages.send", **message) == fake.messages(ivan)[0].raw["id"]
    assert fake.shown(ivan) == ["один раз"]
    fake.fail("messages.send", "drop_before")
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.call("messages.send", **message | {"random_id": 10})
    assert fake.shown(ivan) == ["один раз"]
    assert [call.fault for call in fake.calls_of("messages.send")] == ["drop_after", "", "drop_before"]


async def test_a_page_of_the_balancers_broken_json_and_slowness(
    fake: FakeVk, ivan: Participant, client: Client, send: Send
) -> None:
    fake.fail("messages.send", status=502)
    form = {"access_token": client.token, "v": "5.199", "peer_id": str(ivan.id), "random_id": "1", "message": "x"}
    url = f"{fake.url}/method/messages.send"
    async with client.session.post(url, data=form) as response:
        assert (response.status, response.content_type) == (502, "text/html")
    assert fake.shown(ivan) == []
    fake.fail("messages.send", "broken_json")
    async with client.session.post(url, data=form) as response:
        assert (await response.text()).startswith('{"resp')
    assert fake.shown(ivan) == ["x"]
    fake.fail("messages.send", "hang", seconds=30)
    with pytest.raises(TimeoutError):
        await client.session.post(url, data=form | {"random_id": "2"}, timeout=aiohttp.ClientTimeout(total=0.05))
    assert fake.shown(ivan) == ["x"]


async def test_the_journal_knows_whose_call_it_was(fake: FakeVk, shop: Community, send: Send) -> None:
    number = await send("Привет")
    call = fake.calls[-1]
    assert (call.method, call.group, call.ok, call.response, call.error) == (
        "messages.send",
        shop.id,
        True,
        number,
        0,
    )
    assert "access_token" not in call.params


# execute


async def test_execute_runs_calls_and_reports_those_that_fail(fake: FakeVk, ivan: Participant, client: Client) -> None:
    code = f"""
        // two messages, the second to nobody
        var name = API.users.get({{"user_ids": [{ivan.id}]}})@.first_name;
        var sent = API.messages.send({{peer_id: {ivan.id}, random_id: 1, message: "Из \\"execute\\""}});
        var failed = API.messages.send({{'peer_id': 5, 'random_id': 2, 'message': 'x'}});
        return {{sent: sent, name: name[0], failed: failed}};
    """
    body = await client.body("execute", code=code)
    assert body["response"] == {"sent": fake.messages(ivan)[0].raw["id"], "name": "Иван", "failed": False}
    error = body["execute_errors"][0]
    assert (error["method"], error["error_code"]) == ("messages.send", 100)
    assert fake.shown(ivan) == ['Из "execute"']


async def test_execute_takes_25_calls_and_counts_as_one(session: aiohttp.ClientSession) -> None:
    async with FakeVk() as fake:
        client = Client(session, fake.url, fake.community().token)
        calls = ["API.users.get({})"] * 25
        assert await client.call("execute", code=f"return [{','.join(calls)}];") == [[]] * 25
        for _ in range(19):
            await client.call("execute", code="return 1;")
        assert (await client.error("execute", code="return 1;"))[0] == 6
    async with FakeVk() as fake:
        client = Client(session, fake.url, fake.community().token)
        code, words = await client.error("execute", code=f"return [{','.join(calls)}, API.users.get()];")
        assert (code, "too many api calls" in words) == (13, True)


@pytest.mark.parametrize("code", ["return 1 + 1;", "return (", 'return "x', "while (1) {}", "return x;", "var = 1;"])
async def test_what_execute_does_not_play_is_error_12(client: Client, code: str) -> None:
    assert (await client.error("execute", code=code))[0] == 12


async def test_execute_values(client: Client) -> None:
    for code, value in {
        'return {"a": [1, -2.5, true, null], b: {}}.a[1];': -2.5,
        "return;": None,
        "API.users.get({});": None,
        "return 'it\\'s';": "it's",
        "var a = [{n: 1}, {n: 2}]; return a@.n;": [1, 2],
        "return [1][7];": None,
    }.items():
        assert await client.call("execute", code=code) == value, code
    assert (await client.error("execute"))[0] == 100
    assert (await client.error("execute", code="return " + "[" * 5000))[0] == 12


async def test_waiting_gives_up_and_listening_hears(fake: FakeVk, ivan: Participant) -> None:
    heard: list[int] = []
    stop = fake.listen(lambda: heard.append(1))
    ivan.says("раз")
    stop()
    ivan.says("два")
    assert heard == [1]
    with pytest.raises(TimeoutError):
        await fake.wait(lambda: False, timeout=0.01)


async def test_a_taken_port_is_an_oserror(fake: FakeVk) -> None:
    with pytest.raises(OSError, match="address already in use"):
        await FakeVk(fake.port).start()
    assert (fake.limits, CallbackSettings().answer_seconds) == (None, 8)
