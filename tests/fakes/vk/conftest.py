"""The stand-in, without limits and with a Callback API that repeats at once; plain aiohttp to talk to it.

Whatever a test does, nothing may break VK's schema, neither side: who breaks it on purpose empties `violations`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from estafeta.fakes.vk import CallbackSettings, Community, FakeVk, Participant


@pytest.fixture
async def fake() -> AsyncIterator[FakeVk]:
    async with FakeVk(limits=None, callback=CallbackSettings(first_delay=0.01)) as running:
        running.community("Лавка")
        yield running
        assert running.violations == []


@pytest.fixture
def shop(fake: FakeVk) -> Community:
    return fake.community("Лавка")


@pytest.fixture
def ivan(fake: FakeVk, shop: Community) -> Participant:
    return fake.private("Иван", shop)


@dataclass
class Client:
    """Calls methods with a community's token. `call` gives the response and fails on an error; `error` gives it."""

    session: aiohttp.ClientSession
    url: str
    token: str

    async def body(self, method: str, **params: Any) -> dict[str, Any]:
        form = {"access_token": self.token, "v": "5.199"} | params
        form = {name: str(value) for name, value in form.items() if value is not None}
        async with self.session.post(f"{self.url}/method/{method}", data=form) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer

    async def call(self, method: str, **params: Any) -> Any:
        answer = await self.body(method, **params)
        assert "response" in answer, answer
        return answer["response"]

    async def error(self, method: str, **params: Any) -> tuple[int, str]:
        answer = await self.body(method, **params)
        assert "error" in answer, answer
        return answer["error"]["error_code"], answer["error"]["error_msg"]


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as running:
        yield running


@pytest.fixture
def client(fake: FakeVk, shop: Community, session: aiohttp.ClientSession) -> Client:
    return Client(session, fake.url, shop.token)


Send = Callable[..., Awaitable[Any]]


@pytest.fixture
def send(client: Client, ivan: Participant) -> Send:
    """messages.send to Иван with ids of its own."""
    numbers = iter(range(1, 1000))

    async def sending(message: str | None = "Привет", **more: Any) -> Any:
        return await client.call(
            "messages.send", **{"peer_id": ivan.id, "random_id": next(numbers)} | more, message=message
        )

    return sending
