"""The team over a real server: who is there, who may do what, how one comes in and goes, what waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, CookieJar, WSMsgType

from estafeta.kernel.model import Operator, Stage
from estafeta.roster import CONSOLE
from tests.desks.web.office import HEADERS, Office

SVETA = Operator(id="77", name="Света", desk="telegram_forum")


async def get(client: ClientSession, path: str, status: int = 200) -> Any:
    async with client.get(f"api/v1/{path}") as answer:
        assert answer.status == status, await answer.text()
        return await answer.json()


async def post(client: ClientSession, path: str, **body: Any) -> tuple[int, Any]:
    async with client.post(f"api/v1/{path}", json=body, headers=HEADERS) as answer:
        return answer.status, await answer.json() if answer.content_type == "application/json" else None


@asynccontextmanager
async def at_the_door(office: Office, code: str, name: str, status: int = 204) -> AsyncIterator[ClientSession]:
    async with ClientSession(f"{office.address}/", cookie_jar=CookieJar(unsafe=True)) as client:
        told = await post(client, "login", code=code, name=name)
        assert told[0] == status, told
        yield client


async def own_id(client: ClientSession) -> str:
    return str((await get(client, "me"))["id"])


# --- who may do what -----------------------------------------------------------------------------


LED = [
    ("POST", "invitations", {"role": "operator"}),
    ("POST", "closures", {"skill": "", "until": "2999-01-01T00:00:00Z"}),
    ("POST", "closures/end", {"skill": ""}),
    ("GET", "audit", None),
    ("GET", "reports/csat", None),
]


@pytest.mark.parametrize(("method", "path", "body"), LED, ids=[path for _, path, _ in LED])
async def test_what_leading_takes_is_refused_to_operators_with_a_sentence(
    office: Office, method: str, path: str, body: Any
) -> None:
    headers = {**HEADERS, "Accept-Language": "ru"}
    async with office.client("Света", "supervisor"), office.client("Борис", "operator") as boris:
        async with boris.request(method, f"api/v1/{path}", json=body, headers=headers) as answer:
            assert answer.status == 403
            told = (await answer.json())["error"]
        assert told["code"] == "needs_supervisor"
        assert told["text"] == "Это может сделать только руководитель или администратор."
    async with (
        office.client("Света", "supervisor") as sveta,
        sveta.request(method, f"api/v1/{path}", json=body, headers=headers) as answer,
    ):
        assert answer.status in (200, 201, 204)


async def test_a_supervisor_changes_operators_and_an_admin_everybody(office: Office) -> None:
    async with office.client("Анна") as anna, office.client("Света", "supervisor") as sveta:
        async with office.client("Борис", "operator") as boris:
            ids = {name: await own_id(one) for name, one in (("Анна", anna), ("Света", sveta), ("Борис", boris))}
            assert (await post(boris, f"team/web/{ids['Борис']}", capacity=9))[0] == 403
        fields: dict[str, Any] = {"skills": ["delivery"], "languages": ["ru"], "capacity": 2, "presence": "away"}
        assert (await post(sveta, f"team/web/{ids['Борис']}", **fields))[0] == 204
        assert (await post(sveta, f"team/web/{ids['Борис']}", role="admin"))[0] == 403
        assert (await post(sveta, f"team/web/{ids['Анна']}", capacity=1))[0] == 403
        assert (await post(anna, f"team/web/{ids['Борис']}", role="supervisor"))[0] == 204
        assert (await post(anna, "team/web/nobody", capacity=1))[0] == 404
        office.clock.move(timedelta(seconds=3))
        members = {one["name"]: one for one in (await get(anna, "team"))["members"]}
    boris_now = members["Борис"]
    assert (boris_now["role"], boris_now["skills"], boris_now["capacity"]) == ("supervisor", ["delivery"], 2)
    assert (boris_now["presence"], boris_now["there"], members["Анна"]["me"]) == ("away", False, True)


# --- coming and going ----------------------------------------------------------------------------


async def test_an_invitation_makes_a_member_once(office: Office) -> None:
    async with office.client("Анна") as anna:
        status, told = await post(anna, "invitations", role="operator", skills=["returns"], capacity=3, hours=2)
        assert status == 201
        assert told["code"] not in str(office.store.values)
        async with at_the_door(office, told["code"], "Вера") as vera:
            me = await get(vera, "me")
            assert (me["name"], me["role"]) == ("Вера", "operator")
        async with at_the_door(office, told["code"], "Глеб", status=403):
            pass
        (member,) = [one for one in (await get(anna, "team"))["members"] if one["name"] == "Вера"]
    assert (member["skills"], member["capacity"]) == (["returns"], 3)


async def test_nobody_comes_in_under_the_name_of_somebody_who_is_there(office: Office) -> None:
    async with office.client("Анна") as anna:
        _, told = await post(anna, "invitations")
        async with at_the_door(office, told["code"], "АННА", status=409):
            pass
        async with at_the_door(office, "x" * 43, "Анна", status=403):
            pass
        async with at_the_door(office, await office.desk.new_login_code("operator"), "Анна", status=409):
            pass
        async with at_the_door(office, told["code"], "Вера") as vera:
            assert (await get(vera, "me"))["role"] == "operator"


async def test_an_invitation_that_is_over_or_whose_giver_is_gone_lets_nobody_in(office: Office) -> None:
    async with office.client("Анна") as anna, office.client("Света", "supervisor") as sveta:
        _, old = await post(anna, "invitations", hours=1)
        _, gone = await post(sveta, "invitations", hours=48)
        await post(anna, f"team/web/{await own_id(sveta)}/remove", why="ушла")
        office.clock.move(timedelta(hours=2))
        for code, says in ((old["code"], "invite_expired"), (gone["code"], "invite_revoked"), ("\ud800", "x")):
            async with ClientSession(f"{office.address}/") as client:
                status, told = await post(client, "login", code=code, name="Вера")
                assert (status, told["error"]["code"]) in ((403, says), (400, "not_json"), (403, "code_refused"))
                assert says == "x" or told["error"]["code"] == says


async def test_a_code_of_the_command_line_carries_its_role(office: Office) -> None:
    async with office.client("Анна", "operator") as anna:
        assert (await get(anna, "me"))["role"] == "operator"
        async with office.client("анна", "admin") as again:
            assert (await get(again, "me"))["role"] == "admin"
        assert (await get(anna, "me"))["role"] == "admin", "a session has the member's role of now"


async def test_a_link_of_ones_own_needs_no_name_and_a_colleagues_takes_rights(office: Office) -> None:
    async with office.client("Анна") as anna, office.client("Борис", "operator") as boris:
        annas, boriss = await own_id(anna), await own_id(boris)
        assert (await post(boris, f"team/web/{annas}/link"))[0] == 403
        status, told = await post(boris, f"team/web/{boriss}/link")
        assert status == 200
        async with at_the_door(office, told["code"], "") as phone:
            assert (await get(phone, "me"))["name"] == "Борис"
        _, told = await post(anna, f"team/web/{boriss}/link")
        await post(anna, f"team/web/{boriss}/remove")
        async with at_the_door(office, told["code"], "", status=403):
            pass
        assert (await post(anna, f"team/web/{boriss}/link"))[0] == 404


async def test_a_link_is_for_members_of_this_desk(office: Office) -> None:
    await office.roster.enrol(await office.roster.invite(by=CONSOLE), SVETA)
    async with office.client("Анна") as anna:
        assert (await post(anna, f"team/{SVETA.desk}/{SVETA.id}/link"))[0] == 404
        assert (await post(anna, f"team/{SVETA.desk}/{SVETA.id}", capacity=2))[0] == 204


async def test_who_is_removed_is_out_at_once_everywhere(office: Office) -> None:
    async with office.client("Анна") as anna, office.client("Борис", "operator") as boris:
        boriss = await own_id(boris)
        async with boris.ws_connect("desk/ws") as socket:
            assert (await asyncio.wait_for(socket.receive_json(), 5))["type"] == "hello"
            assert (await post(anna, f"team/web/{boriss}/remove", why="ушёл"))[0] == 204
            closed = await asyncio.wait_for(socket.receive(), 5)
            assert (closed.type, closed.data) == (WSMsgType.CLOSE, 1008)
        await get(boris, "me", 401)
        lines = (await get(anna, "audit"))["lines"]
    (removed,) = [line for line in lines if line["what"] == "removed"]
    assert (removed["by"], removed["data"]["name"], removed["data"]["why"]) == ("Анна", "Борис", "ушёл")


# --- who is there, and when people are away ------------------------------------------------------


async def test_one_says_of_oneself_whether_one_is_there(office: Office) -> None:
    async with office.client("Борис", "operator") as boris:
        for body, there in (({"presence": "off"}, False), ({"presence": "on"}, True)):
            assert (await post(boris, "presence", **body))[0] == 204
            assert (await get(boris, "team"))["members"][0]["there"] is there
        assert (await post(boris, "presence", presence="away", minutes=30))[0] == 204
        office.clock.move(timedelta(minutes=29))
        (me,) = (await get(boris, "team"))["members"]
        assert (me["presence"], me["there"]) == ("away", False)
        office.clock.move(timedelta(minutes=2))
        (me,) = (await get(boris, "team"))["members"]
        assert (me["presence"], me["until"], me["there"]) == (None, None, True)
        assert (await post(boris, "presence", presence="lunch"))[0] == 400


async def test_a_closure_is_there_until_it_ends(office: Office) -> None:
    async with office.client("Света", "supervisor") as sveta:
        until = (office.clock.now() + timedelta(hours=1)).isoformat()
        assert (await post(sveta, "closures", skill="delivery", until=until))[0] == 204
        assert [(one["skill"], one["by"]) for one in (await get(sveta, "team"))["closures"]] == [("delivery", "Света")]
        assert (await post(sveta, "closures/end", skill="delivery"))[0] == 204
        assert (await get(sveta, "team"))["closures"] == []
        assert (await post(sveta, "closures", skill="nothing", until=until))[0] == 400
        past = (office.clock.now() - timedelta(hours=1)).isoformat()
        assert (await post(sveta, "closures", skill="", until=past))[0] == 403


# --- what waits ----------------------------------------------------------------------------------


async def test_the_floor_is_counted_by_skill(office: Office) -> None:
    waits = timedelta(minutes=15)
    late = await office.customer("Вера", stage=Stage.QUEUED, waits=waits, promise=-timedelta(minutes=1))
    await office.customer("Глеб", stage=Stage.QUEUED)
    other = await office.customer("Зоя", stage=Stage.QUEUED)
    held = await office.stored(other)
    assert held.ticket is not None
    await office.commit(replace(held, ticket=replace(held.ticket, skill="returns")))
    await office.event(late, event="opened", ticket="t1", skill="delivery")
    for waited in (10.0, 20.0, 90.0, "soon"):
        await office.event(late, event="taken", ticket="t1", waited=waited)
    async with office.client("Борис", "operator") as boris:
        mine = await office.customer("Пётр", stage=Stage.QUEUED)
        async with boris.post(
            f"api/v1/conversations/{mine}/move", headers=HEADERS,
            json={"id": "123e4567-e89b-12d3-a456-426614174000", "move": "take"},
        ) as answer:  # fmt: skip
            assert answer.status == 202
        team = await get(boris, "team")
    skills = {one["skill"]: one for one in team["skills"]}
    assert list(skills) == ["delivery", "returns", "general"]
    delivery = skills["delivery"]
    told = {name: delivery[name] for name in ("queued", "open", "held", "late", "promised", "overdue", "there", "room")}
    assert told == {
        "queued": 2, "open": 1, "held": 0, "late": 1, "promised": 1, "overdue": 1, "there": 1, "room": 4,
    }  # fmt: skip
    assert (delivery["waits"], delivery["typical"], delivery["slow"]) == (3, 20.0, 90.0)
    assert delivery["oldest"] == (office.clock.now() - waits).isoformat().replace("+00:00", "Z")
    assert (skills["returns"]["queued"], skills["general"]["queued"]) == (1, 0)
    assert team["members"][0]["load"] == 1


async def test_a_report_is_of_a_time_and_a_kind(office: Office) -> None:
    who = await office.customer("Вера")
    await office.event(who, event="opened", ticket="t1", skill="delivery", reason="vip")
    await office.event(who, event="surveyed", about="person", ticket="t1", operator="o1")
    await office.event(who, event="rated", about="person", ticket="t1", operator="o1", rating="fine")
    office.clock.move(timedelta(seconds=1))
    async with office.client("Света", "supervisor") as sveta:
        told = await get(sveta, "reports/csat")
        assert {row["of"]: row["fine"] for row in told["data"]["csat"]}["person"] == 1
        told = await get(sveta, "reports/handoffs")
        assert (told["data"]["handoffs"]["opened"], told["data"]["handoffs_by_reason"][0]["of"]) == (1, "vip")
        since = quote((office.clock.now() - timedelta(days=3)).isoformat())
        until = quote((office.clock.now() - timedelta(days=2)).isoformat())
        told = await get(sveta, f"reports/handoffs?since={since}&until={until}")
        assert told["data"]["handoffs"]["opened"] == 0
        await get(sveta, f"reports/handoffs?since={until}&until={since}", 400)
        await get(sveta, "reports/handoffs?since=yesterday", 400)
        await get(sveta, "reports/handoffs?since=2026-01-01T00:00:00", 400)
        await get(sveta, "reports/nothing", 404)


async def test_a_report_reads_more_events_than_one_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("handoff.desks.web.team.EVENTS", 3)
    who = await office.customer("Вера")
    for number in range(8):
        await office.event(who, event="opened", ticket=f"t{number}", skill="delivery", reason="vip")
    office.clock.move(timedelta(seconds=1))
    await office.event(who, event="opened", ticket="t9", skill="delivery", reason="vip")
    office.clock.move(timedelta(seconds=1))
    async with office.client("Света", "supervisor") as sveta:
        assert (await get(sveta, "reports/handoffs"))["data"]["handoffs"]["opened"] == 9
