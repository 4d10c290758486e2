"""One customer's browser at one shop, for the tests that drive Chromium."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.async_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect

from tests.widget.platform import Platform
from tests.widget.shop import Shop

BUBBLE = "estafeta-chat button"

RECONNECTED = 45_000
"""Milliseconds. Longer than the chat waits at most before it connects again (LONGEST_WAIT in line.js)."""


@dataclass
class Scene:
    """One customer's browser at one shop."""

    browser: Browser
    platform: Platform
    shop: Shop
    context: BrowserContext
    page: Page
    errors: list[str] = field(default_factory=list)

    @property
    def chat(self) -> FrameLocator:
        return self.page.frame_locator("estafeta-chat iframe")

    async def visit(self) -> None:
        await self.page.goto(self.shop.origin)
        await self.page.locator("estafeta-chat").wait_for(state="attached")

    async def open(self) -> None:
        await self.visit()
        await self.page.locator(BUBBLE).click()
        await self.chat.locator("#entries .message").first.wait_for()

    async def say(self, text: str) -> None:
        await self.chat.locator("#box").fill(text)
        await self.chat.locator("#box").press("Enter")

    async def begin(self) -> None:
        """Opens the chat and says a first word, so that there is a conversation."""
        await self.open()
        await self.say("Здравствуйте")
        await self.shows("Здравствуйте! Чем помочь?", "Здравствуйте")

    async def act(self, message: Locator, name: str) -> None:
        """Does something to a message by its button."""
        await message.hover()
        await message.locator(".more").click()
        await self.chat.get_by_role("group", name="Действия с сообщением").get_by_role("button", name=name).click()

    async def shows(self, *texts: str) -> None:
        await expect(self.chat.locator("#entries .bubble")).to_have_text(list(texts), timeout=RECONNECTED)

    async def seen(self) -> None:
        """The chat has been told that it is looked at."""
        await expect(self.chat.locator("#box")).to_be_focused()

    def watch(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("dialog", lambda dialog: self.errors.append(f"dialog: {dialog.message}"))
