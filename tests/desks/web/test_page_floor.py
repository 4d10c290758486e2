"""The desk's page in a real browser: who is there, the floor, the team, closures; and that all of it can be used by
everybody (axe-core: https://github.com/dequelabs/axe-core)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from estafeta.kernel.model import Past, Reason, Stage, TicketId
from estafeta.suggestions import Suggestion
from tests.desks.web.browser import drawn_anew, log_in, row
from tests.desks.web.office import HEADERS, Office, operator
from tests.desks.web.test_page_axe import violations

pytestmark = pytest.mark.browser


async def floor(page: Page, tab: str) -> None:
    await page.evaluate(f"location.hash = 'floor={tab}'")
    await expect(page.locator(f"#tab-{tab}")).to_have_attribute("aria-selected", "true")


async def as_operator(page: Page, office: Office, name: str) -> None:
    await log_in(page, office, name, "operator")


async def test_one_goes_away_and_colleagues_see_it(pages: list[Page], page: Page, office: Office) -> None:
    await as_operator(pages[1], office, "Boris")
    await expect(pages[1].locator("#presence-says")).to_have_text("here · 0 of 5")
    await pages[1].click("#presence-open")
    await pages[1].get_by_role("button", name="Away for 30 minutes").click()
    await expect(pages[1].locator("#presence-says")).to_have_text(re.compile("away until"))
    office.clock.move(timedelta(seconds=3))
    await page.click("#presence-open")
    await expect(page.locator(".presence-line", has_text="Boris")).to_contain_text("away")
    await expect(page.locator(".presence-line", has_text="Anna (you)")).to_contain_text("0 of 5")


async def test_an_operator_sees_what_waits_and_not_what_takes_leading(
    pages: list[Page], page: Page, office: Office
) -> None:
    await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=15))
    await as_operator(pages[1], office, "Boris")
    await pages[1].click("#floor-open")
    await expect(pages[1].locator(".tab")).to_have_text(["Now"])
    delivery = pages[1].locator("tbody tr", has_text="Delivery")
    await expect(delivery.locator("td").nth(0)).to_have_text("1")
    await expect(delivery.locator("td").nth(1)).to_have_text("15 min")
    await page.click("#floor-open")
    await expect(page.locator(".tab")).to_have_text(["Now", "Reports", "Closures", "Team", "Audit log"])
    await page.click("#floor-close")
    await expect(page.locator(row(page, "queued"))).to_be_visible()


async def test_somebody_is_invited_changed_and_removed(pages: list[Page], page: Page, office: Office) -> None:
    await floor(page, "team")
    await page.click("#invite")
    await page.get_by_label("Returns").check()
    await page.click("#form-go")
    await expect(page.locator("#form-title")).to_have_text("The invitation is ready")
    link = await page.locator("#form-fields input").input_value()
    await page.keyboard.press("Escape")
    await pages[1].goto(link)
    await pages[1].fill("#login-name", "Boris")
    await pages[1].press("#login-name", "Enter")
    await expect(pages[1].locator("#desk")).to_be_visible()
    office.clock.move(timedelta(seconds=3))
    await floor(page, "now")
    await floor(page, "team")
    boris = page.locator("tbody tr", has_text="Boris")
    await expect(boris).to_contain_text("Returns")
    await boris.get_by_role("button", name="Change").click()
    await page.get_by_label("Tickets at once").fill("0")
    await page.click("#form-go")
    await expect(page.locator("#form-says")).to_contain_text("from 1 to 100")
    await page.get_by_label("Tickets at once").fill("2")
    await page.click("#form-go")
    await expect(boris.locator("td.number")).to_have_text("2")
    await boris.get_by_role("button", name="Log-in link").click()
    await expect(page.locator("#form-title")).to_have_text("A log-in link for Boris")
    own = await page.locator("#form-fields input").input_value()
    assert own.endswith("&known")
    async with drawn_anew(boris):
        await page.keyboard.press("Escape")
    await boris.get_by_role("button", name="Remove").click()
    await page.click("#form-go")
    await expect(boris).to_have_count(0)
    await expect(pages[1].locator("#login")).to_be_visible()
    await floor(page, "audit")
    await expect(page.locator("tbody tr", has_text="removed somebody")).to_contain_text("Boris")


async def test_a_link_of_ones_own_asks_for_no_name(pages: list[Page], page: Page, office: Office) -> None:
    me = (await office.roster.members())[0]
    async with office.client("Anna") as client:
        address = f"api/v1/team/web/{me.id}/link"
        async with client.post(address, json={}, headers=HEADERS) as answer:
            code = (await answer.json())["code"]
    await pages[1].goto(f"{office.address}/desk#login={code}&known")
    await expect(pages[1].locator("#login-name")).to_be_hidden()
    await pages[1].click("#login-go")
    await expect(pages[1].locator("#me")).to_have_text("Anna")


async def test_a_closure_is_said_and_ended(page: Page, office: Office) -> None:
    await floor(page, "closures")
    await page.click("#closure-new")
    await page.locator("#form-fields select").select_option(label="Returns")
    await page.get_by_role("button", name="1 hour").click()
    await page.click("#form-go")
    line = page.locator("tbody tr", has_text="Returns")
    await expect(line).to_contain_text("Anna")
    assert [one.skill for one in await office.roster.closures()] == ["returns"]
    await line.get_by_role("button", name="Open now").click()
    await expect(page.locator(".floor-part")).to_contain_text("Nobody is closed.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_use_it(page: Page, office: Office, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    office.suggestions = [Suggestion(source="bot", title="Delivery", text="We send a new one.")]
    now = office.clock.now()
    past = Past(
        id=TicketId("t0"), reason=Reason.VIP, skill="delivery", opened_at=now - timedelta(days=2), ended_at=now,
        how="closed", assignee=operator("Gleb"), request="Where is it?", resolution="Found",
    )  # fmt: skip
    who = await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=15))
    await office.say(who, "customer", "Where is my lamp?")
    held = await office.stored(who)
    assert held.ticket is not None
    await office.commit(replace(held, ticket=replace(held.ticket, priority=10, tags=("vip",)), past=(past,)))
    away = await office.customer("Zoya", stage=Stage.HUMAN, assignee="Boris")
    held = await office.stored(away)
    assert held.ticket is not None
    await office.commit(replace(held, ticket=replace(held.ticket, held_until=now + timedelta(hours=1))))
    await office.event(who, event="opened", ticket="t1", skill="delivery", reason="vip")
    await office.event(who, event="rated", ticket="t1", about="person", rating="fine")
    office.clock.move(timedelta(seconds=3))
    await page.click(row(page, "queued"))
    await page.fill("#text", "YOUR OWN FAULT")
    await expect(page.locator("#tone p")).to_have_count(1)
    await expect(page.locator(".suggestion")).to_have_count(1)
    assert await violations(page) == []
    await page.click("#more-open")
    assert await violations(page) == []
    await page.click('[data-move="tag"]')
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.keyboard.press("Alt+KeyH")
    await expect(page.locator(".past-item")).to_have_count(1)
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    await page.press("#text", "Enter")
    await expect(page.locator(".undo")).to_have_count(1)
    await page.click("#presence-open")
    assert await violations(page) == []
    await page.keyboard.press("Escape")
    for tab in ("now", "reports", "closures", "team", "audit"):
        await floor(page, tab)
        await expect(page.locator(".floor-part").first).to_be_visible()
        assert await violations(page) == [], tab


async def test_a_phone_has_room_for_all_of_it(page: Page, office: Office) -> None:
    who = await office.customer("Vera", stage=Stage.QUEUED, waits=timedelta(minutes=15))
    await office.say(who, "customer", "Where is my lamp?")
    await page.set_viewport_size({"width": 360, "height": 720})
    wide = "document.documentElement.scrollWidth > innerWidth"
    assert not await page.evaluate(wide)
    await page.click(row(page, "queued"))
    await page.click("#more-open")
    await expect(page.locator("#more")).to_be_in_viewport(ratio=1)
    await page.click('[data-move="return"]')
    await expect(page.locator("#talk-state")).to_contain_text("With the bot")
    for tab in ("now", "reports", "closures", "team", "audit"):
        await floor(page, tab)
        await expect(page.locator(".floor-part").first).to_be_visible()
        assert not await page.evaluate(wide), tab
    await page.click("#floor-open")
    await expect(page.locator(".list-pane")).to_be_visible()
