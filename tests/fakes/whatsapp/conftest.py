"""The stand-in without limits of pace, a business that calls it with plain aiohttp, and an ear for its webhooks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from estafeta.fakes.common.serving import serve
from estafeta.fakes.whatsapp import FakeWhatsApp

VERIFY_TOKEN = "проверка-42"  # beyond ASCII: it must survive the query


@dataclass
class Business:
    """Calls the API as a business does."""

    fake: FakeWhatsApp
    session: aiohttp.ClientSession

    async def call(
        self, method: str, path: str, json: Any = None, *, token: str | None = None, **more: Any
    ) -> tuple[int, dict[str, Any]]:
        headers = {"Authorization": f"Bearer {self.fake.token if token is None else token}"}
        url = f"{self.fake.url}/v23.0/{path}"
        async with self.session.request(method, url, json=json, headers=headers, **more) as response:
            return response.status, await response.json()

    async def post(self, body: dict[str, Any], *, number: str = "", token: str | None = None) -> tuple[int, Any]:
        """A message, with what every message has."""
        body = {"messaging_product": "whatsapp", **body}
        return await self.call("POST", f"{number or self.fake.number.id}/messages", body, token=token)

    async def send(self, to: str, text: str = "Здравствуйте!", **more: Any) -> str:
        """A text that must be taken; returns its id."""
        status, answer = await self.post({"to": to, "type": "text", "text": {"body": text}, **more})
        assert status == 200, answer
        return str(answer["messages"][0]["id"])

    async def refused(self, body: dict[str, Any], **more: Any) -> tuple[int, int, str]:
        """HTTP status, code, and the details (or the message) of a message that must be refused."""
        status, answer = await self.post(body, **more)
        error = answer["error"]
        assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
        return status, error["code"], error.get("error_data", {}).get("details", error["message"])


@dataclass
class Ear:
    """A webhook: answers with the next of `statuses` (then 200), and checks every signature over the raw bytes."""

    secret: bytes
    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    challenge: Callable[[str], str] = str

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "GET":
            query = request.rel_url.query
            if query["hub.mode"] != "subscribe" or query["hub.verify_token"] != VERIFY_TOKEN:
                return web.Response(status=403)
            return web.Response(text=self.challenge(query["hub.challenge"]))
        raw = await request.read()
        signature = "sha256=" + hmac.new(self.secret, raw, hashlib.sha256).hexdigest()
        assert request.headers["X-Hub-Signature-256"] == signature
        self.raw.append(raw)
        self.heard.append(await request.json())
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    def values(self, field: str = "messages") -> list[dict[str, Any]]:
        return [
            change["value"]
            for payload in self.heard
            for entry in payload["entry"]
            for change in entry["changes"]
            if change["field"] == field
        ]

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values() for message in value.get("messages", [])]

    @property
    def statuses_heard(self) -> list[dict[str, Any]]:
        return [status for value in self.values() for status in value.get("statuses", [])]


@pytest.fixture
async def fake() -> AsyncIterator[FakeWhatsApp]:
    async with FakeWhatsApp(limits=None, webhook_delay=0.01) as running:
        yield running


@pytest.fixture
async def business(fake: FakeWhatsApp) -> AsyncIterator[Business]:
    async with aiohttp.ClientSession() as session:
        yield Business(fake, session)


@pytest.fixture
async def ear(fake: FakeWhatsApp) -> AsyncIterator[Ear]:
    """Verified and subscribed."""
    listening = Ear(fake.app_secret.encode())
    runner, port = await serve(listening.handle, "127.0.0.1", 0)
    listening.url = f"http://127.0.0.1:{port}/webhooks/whatsapp/main"
    await fake.set_webhook(listening.url, VERIFY_TOKEN)
    yield listening
    await runner.cleanup()


async def told(fake: FakeWhatsApp) -> None:
    """Until every webhook has been delivered."""
    await fake.wait(lambda: not fake.webhook.waiting)
