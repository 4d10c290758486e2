"""What must not be possible at the web desk."""

from __future__ import annotations

import hashlib
import io
import json
import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession, CookieJar, WSServerHandshakeError

from estafeta.kernel.model import Stage
from handoff.desks.web.operations import OPERATIONS
from tests.desks.web.office import HEADERS, Office

LOGIN = "api/v1/login"


async def try_code(client: ClientSession, code: str, name: str = "Анна") -> int:
    async with client.post(LOGIN, json={"code": code, "name": name}, headers=HEADERS) as answer:
        return answer.status


@pytest.mark.parametrize("item", [item for item in OPERATIONS if item.name != "login"], ids=lambda item: item.name)
async def test_without_a_session_nothing_is_answered(office: Office, item: Any) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    body = {"id": str(uuid4()), "text": "x"} if item.method == "POST" else None
    async with office.client("") as client:
        path = f"api/v1{item.path.format(id=who, seq=1, n=0, item='i1', desk='web', member='o1', kind='csat')}"
        async with client.request(item.method, path, json=body, headers=HEADERS) as answer:
            assert answer.status == 401
            assert "log-in link" in (await answer.json())["error"]["text"]
        for cookie in ("x", "x" * 5_000, "../desk.session", '{"$ne":null}'):
            headers = {**HEADERS, "Cookie": f"estafeta_desk={cookie}"}
            assert (await client.request(item.method, path, headers=headers)).status == 401
    assert not office.store.signals


async def test_a_code_works_once(office: Office) -> None:
    code = await office.desk.new_login_code()
    async with office.client("") as client:
        assert await try_code(client, code) == 204
        assert await try_code(client, code) == 403


async def test_who_made_used_and_tried_again_a_link_is_in_the_audit_log(office: Office) -> None:
    code = await office.desk.new_login_code("supervisor")
    async with office.client("") as client:
        assert await try_code(client, code) == 204
        assert await try_code(client, code) == 403
        assert await try_code(client, "x" * 32) == 403
    lines = await office.roster.audited()
    assert {line["what"] for line in lines} == {"login_link", "invited", "enrolled", "logged_in", "login_refused"}
    assert sum(line["what"] == "login_refused" for line in lines) == 1, "a guess is none of ours"
    [made] = [line for line in lines if line["what"] == "login_link"]
    assert (made["by"]["name"], made["data"]) == ("console", {"role": "supervisor"})
    assert code not in json.dumps(lines)


async def test_a_code_dies_after_ten_minutes(office: Office) -> None:
    code = await office.desk.new_login_code()
    office.clock.move(timedelta(minutes=10))
    async with office.client("") as client:
        assert await try_code(client, code) == 403
    assert not office.store.left, "a dead code is forgotten"


async def test_a_store_that_is_out_does_not_cost_the_code(office: Office) -> None:
    code = await office.desk.new_login_code()
    async with office.client("") as client:
        office.store.out = True
        assert await try_code(client, code) == 503
        office.store.out = False
        assert await try_code(client, code) == 204


async def test_the_store_knows_neither_code_nor_token(office: Office) -> None:
    code = await office.desk.new_login_code()
    kept = [key for key in office.store.values if not key.startswith("audit:")]
    assert kept == [f"desk.code.{hashlib.sha256(code.encode()).hexdigest()}"]
    async with office.client("") as client:
        assert await try_code(client, code) == 204
        token = next(iter(client.cookie_jar)).value
    assert len(token) >= 43, "256 bits"
    everything = json.dumps(office.store.values)
    assert code not in everything
    assert token not in everything


async def test_guessing_codes_is_slowed_down(office: Office) -> None:
    code = await office.desk.new_login_code()
    async with office.client("") as client:
        assert {await try_code(client, f"guess-{number}") for number in range(10)} == {403}
        async with client.post(LOGIN, json={"code": code, "name": "А"}, headers=HEADERS) as answer:
            assert answer.status == 429
            assert 0 < int(answer.headers["Retry-After"]) <= 60
        office.clock.move(timedelta(minutes=1))
        assert await try_code(client, code) == 204


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(office: Office, scheme: str, secure: bool) -> None:
    code, host = await office.desk.new_login_code(), office.address.removeprefix("http://")
    async with office.client("") as client:
        headers = {**HEADERS, "Origin": f"{scheme}://{host}"}
        async with client.post(LOGIN, json={"code": code, "name": "А"}, headers=headers) as answer:
            cookie = answer.cookies["estafeta_desk"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Strict"
    assert cookie["path"] == "/"
    assert bool(cookie["secure"]) is secure


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://[", "file://"])
async def test_a_page_of_another_site_changes_nothing(office: Office, origin: str) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        body, headers = {"id": str(uuid4()), "text": "x"}, {**HEADERS, "Origin": origin}
        async with client.post(f"api/v1/conversations/{who}/reply", json=body, headers=headers) as answer:
            assert answer.status == 403
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect("desk/ws", origin=origin)
        assert refused.value.status == 403
    assert not office.store.signals


async def test_without_the_header_nothing_changes(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        body = {"id": str(uuid4()), "text": "x"}
        for headers in ({}, {"X-Estafeta": "0"}):
            async with client.post(f"api/v1/conversations/{who}/reply", json=body, headers=headers) as answer:
                assert answer.status == 403
                assert "X-Estafeta" in (await answer.json())["error"]["text"]
    assert not office.store.signals


async def test_a_session_ends_after_twelve_idle_hours(office: Office) -> None:
    async with office.client() as client:
        office.clock.move(timedelta(hours=11, minutes=59))
        assert (await client.get("api/v1/me")).status == 200
        office.clock.move(timedelta(hours=11, minutes=59))
        assert (await client.get("api/v1/me")).status == 200
        office.clock.move(timedelta(hours=12))
        assert (await client.get("api/v1/me")).status == 401
    assert not office.store.left


async def test_a_session_ends_after_seven_days_however_busy(office: Office) -> None:
    async with office.client() as client:
        for _ in range(7 * 4 - 1):
            office.clock.move(timedelta(hours=6))
            assert (await client.get("api/v1/me")).status == 200
        office.clock.move(timedelta(hours=6))
        assert (await client.get("api/v1/me")).status == 401


async def test_a_cookie_is_worth_nothing_after_the_log_out(office: Office) -> None:
    async with office.client() as client:
        token = next(iter(client.cookie_jar)).value
        assert (await client.post("api/v1/logout", headers=HEADERS)).status == 204
        assert not list(client.cookie_jar)
    async with ClientSession(cookies={"estafeta_desk": token}, cookie_jar=CookieJar(unsafe=True)) as thief:
        assert (await thief.get(f"{office.address}/api/v1/me")).status == 401


MALFORMED: list[tuple[Any, str]] = [
    ({"id": {"$ne": None}, "text": "x"}, "id"),
    ({"id": "1; DROP TABLE entries", "text": "x"}, "id"),
    ({"text": "x"}, "id"),
    ({"id": str(uuid4()), "text": {"$gt": ""}}, "text"),
    ({"id": str(uuid4()), "text": ["x"]}, "text"),
    ({"id": str(uuid4()), "text": 7}, "text"),
    ({"id": str(uuid4()), "text": None}, "text"),
    ({"id": str(uuid4()), "text": " \n\t\x00 "}, "text"),
    ({"id": str(uuid4()), "text": "я" * 4_001}, "text"),
    ({"id": str(uuid4()), "text": "x", "conversation": "other"}, "conversation"),
    ({"id": str(uuid4()), "text": "x", "operator": {"id": "root"}}, "operator"),
]


@pytest.mark.parametrize(("body", "field"), MALFORMED)
async def test_a_malformed_body_is_400_and_names_the_field(office: Office, body: Any, field: str) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        for kind in ("reply", "note"):
            path = f"api/v1/conversations/{who}/{kind}"
            async with client.post(path, json=body, headers=HEADERS) as answer:
                assert answer.status == 400
                assert f"“{field}”" in (await answer.json())["error"]["text"]
    assert not office.store.signals


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"null", b'"x"', b'{"id":"\xff"}', b'{"text":"\\ud800"}', b"[" * 30_000, b"\x00"]
)
async def test_what_is_no_object_in_json_is_400(office: Office, raw: bytes) -> None:
    who = await office.customer("Вера")
    async with office.client() as client:
        async with client.post(f"api/v1/conversations/{who}/reply", data=raw, headers=HEADERS) as answer:
            assert answer.status == 400
            assert (await answer.json())["error"]["text"]
        async with client.post(LOGIN, data=raw, headers=HEADERS) as answer:
            assert answer.status == 400


async def test_a_huge_body_is_refused_unread(office: Office) -> None:
    who = await office.customer("Вера")
    async with office.client() as client:
        for size in (70_000, 3_000_000):
            body = io.BytesIO(json.dumps({"id": str(uuid4()), "text": "x" * size}).encode())
            async with client.post(f"api/v1/conversations/{who}/reply", data=body, headers=HEADERS) as answer:
                assert answer.status == 413


@pytest.mark.parametrize(
    "path",
    [
        "conversations?stage=all",
        "conversations?stage=",
        "conversations?stage[$ne]=bot&stage=x",
        "conversations/%7B%22$ne%22:1%7D",
        "conversations/..%2F..%2Fetc",
        "conversations/" + "c" * 81,
        "conversations/%D1%8F",
        "conversations/ID/entries?after=-1",
        "conversations/ID/entries?after=1e9",
        "conversations/ID/entries?after=99999999999",
        "conversations/ID/entries?limit=0",
        "conversations/ID/entries?limit=1000000",
        "conversations/ID/entries?newest=yes",
        "conversations/ID/entries?after=٣",
    ],
)
async def test_a_malformed_query_is_400_with_a_sentence(office: Office, path: str) -> None:
    who = await office.customer("Вера")
    async with office.client() as client, client.get(f"api/v1/{path.replace('ID', who)}") as answer:
        assert answer.status == 400
        assert (await answer.json())["error"]["text"].startswith("The field")


@pytest.mark.parametrize("name", ["..%2F..%2Fdesk.py", "desk.html", "nothing.js", "%2e%2e%2fapi.py"])
async def test_only_the_pages_own_files_are_served(office: Office, name: str) -> None:
    async with office.client("") as client:
        assert (await client.get(f"{office.address}/desk/static/{name}")).status in (403, 404)


async def test_the_page_lets_nothing_foreign_run_in_it(office: Office) -> None:
    async with office.client("") as client, client.get("desk") as answer:
        policy, text = answer.headers["Content-Security-Policy"], await answer.text()
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in text
    assert " style=" not in text
    assert " onclick=" not in text


async def test_logs_hold_neither_words_nor_secrets(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client("Анна Тайная") as client:
        token = next(iter(client.cookie_jar)).value
        body = {"id": str(uuid4()), "text": "совсем секретно"}
        await client.post(f"api/v1/conversations/{who}/reply", json=body, headers=HEADERS)
        await client.post(f"api/v1/conversations/{who}/reply", json={"text": "совсем секретно"}, headers=HEADERS)
    assert "секретно" not in caplog.text
    assert "Тайная" not in caplog.text
    assert token not in caplog.text
