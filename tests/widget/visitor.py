"""A browser's side of the socket, by hand."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any

import aiohttp

from tests.widget.platform import Platform

WITHIN = 5.0


class Visitor:
    """One tab: `async with Visitor(platform) as tab`. Says hello, keeps the welcome."""

    def __init__(
        self, platform: Platform, *, token: str | None = None, after: int = 0, language: str = "ru", **more: Any
    ) -> None:
        self.platform = platform
        self.hello: dict[str, Any] = {
            "type": "hello", "key": "demo", "token": token, "after": after, "language": language, **more,
        }  # fmt: skip
        self.welcome: dict[str, Any] = {}
        self._shown: list[dict[str, Any]] = []

    async def __aenter__(self) -> Visitor:
        self._session = aiohttp.ClientSession()
        self.ws = await self._session.ws_connect(
            f"{self.platform.origin}/widget/ws", headers={"Origin": self.platform.origin}
        )
        await self.ws.send_json(self.hello)
        self.welcome = await self.hear()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.ws.close()
        await self._session.close()

    @property
    def token(self) -> str:
        return str(self.welcome["token"])

    async def hear(self) -> dict[str, Any]:
        return dict(await self.ws.receive_json(timeout=WITHIN))

    async def until(self, kind: str) -> dict[str, Any]:
        """The next frame of this type; others in between are let go."""
        async with asyncio.timeout(WITHIN):
            while True:
                frame = await self.hear()
                if frame["type"] == kind:
                    return frame

    async def entries(self, count: int) -> list[dict[str, Any]]:
        """The next `count` entries, however they come."""
        found, self._shown = self._shown, []
        while len(found) < count:
            found += (await self.until("entries"))["entries"]
        return found

    async def send(self, **frame: Any) -> None:
        await self.ws.send_json(frame)

    async def say(self, text: str, message_id: str = "message-1", **more: Any) -> dict[str, Any]:
        """Sends a message; the ack or the error."""
        return await self.does("message", message_id, text=text, **more)

    async def does(self, kind: str, message_id: str, **more: Any) -> dict[str, Any]:
        """Sends what is acknowledged; the ack or the error."""
        await self.send(type=kind, id=message_id, **more)
        while True:
            frame = await self.hear()
            if frame["type"] in ("ack", "error"):
                return frame
            self._shown += frame.get("entries", [])
