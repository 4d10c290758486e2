"""A customer at the shop and an operator at the desk, each with a browser."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, FrameLocator, Page, expect

PICTURES = Path(__file__).resolve().parents[2] / "artifacts" / "story"

WITHIN = 60_000
"""Milliseconds: a chat whose server was away waits for up to thirty seconds before it connects again."""


async def picture(page: Page, name: str) -> None:
    """A screenshot among the artefacts."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png")


def watched(page: Page, errors: list[str]) -> Page:
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page


@dataclass
class Customer:
    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def at(cls, browser: Browser, shop: str, *, locale: str = "ru-RU") -> Customer:
        context = await browser.new_context(locale=locale, viewport={"width": 1100, "height": 800})
        errors: list[str] = []
        customer = cls(watched(await context.new_page(), errors), errors)
        await customer.page.goto(shop)
        await customer.open()
        return customer

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("estafeta-chat iframe")

    async def open(self) -> None:
        await self.page.locator("estafeta-chat button").click()
        await self.chat.locator("#entries .message").first.wait_for()

    async def says(self, text: str) -> None:
        await self.chat.locator("#box").fill(text)
        await self.chat.locator("#box").press("Enter")

    async def presses(self, label: str) -> None:
        await self.chat.get_by_role("button", name=label).last.click()

    async def reads(self, text: str) -> None:
        """The newest words in the chat are these (or contain them)."""
        await expect(self.chat.locator("#entries .message .bubble").last).to_contain_text(text, timeout=WITHIN)

    async def texts(self) -> list[str]:
        return await self.chat.locator("#entries .bubble").all_inner_texts()

    async def reloads(self) -> None:
        await self.page.reload()
        if not await self.page.locator("estafeta-chat iframe").is_visible():
            await self.open()
        await self.chat.locator("#entries .message").first.wait_for()


@dataclass
class Operator:
    page: Page
    errors: list[str] = field(default_factory=list)

    @classmethod
    async def at(cls, browser: Browser, link: str, name: str = "Анна") -> Operator:
        context = await browser.new_context(locale="ru-RU", viewport={"width": 1400, "height": 850})
        errors: list[str] = []
        operator = cls(watched(await context.new_page(), errors), errors)
        await operator.page.goto(link)
        await operator.page.fill("#login-name", name)
        await operator.page.press("#login-name", "Enter")
        await expect(operator.page.locator("#desk")).to_be_visible()
        return operator

    async def opens_first(self, group: str = "queued") -> None:
        await self.page.locator(f'[data-group="{group}"] .row').first.click()
        await expect(self.page.locator("#talk")).to_be_visible()

    async def does(self, move: str) -> None:
        """By the menu, when what was done before is through: until then no other move begins."""
        await expect(self.page.locator("#close")).to_be_enabled()
        await self.page.click("#more-open")
        await self.page.click(f'[data-move="{move}"]')

    async def says(self, text: str) -> None:
        await self.page.fill("#text", text)
        await self.page.press("#text", "Enter")

    async def reads(self, text: str) -> None:
        await expect(self.page.locator("#transcript")).to_contain_text(text, timeout=WITHIN)
