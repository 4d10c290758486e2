"""A server on loopback that answers as Rasa does, or in any way that it should not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from nlu.rasa_config import RasaConfig

TOKEN = "a-token-of-rasas"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refusal(status: int, message: str, reason: str = "") -> web.Response:
    """As Rasa refuses."""
    told = {"version": "3.6.21", "status": "failure", "message": message, "reason": reason, "code": status}
    return web.json_response(told, status=status)


def parsed(text: str, /, **more: Any) -> dict[str, Any]:
    """As Rasa understands a text."""
    ranking = [{"name": "order_status", "confidence": 0.9}, {"name": "greet", "confidence": 0.1}]
    return {"text": text, "intent": ranking[0], "entities": [], "intent_ranking": ranking, **more}


class RasaStandIn:
    """`answers` are given one after the other, each to one text; after the last of them it behaves."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.texts: list[str] = []
        self.model = "20260112-090000-0123abcd.tar.gz"
        self.served: list[str] = []
        self.trained: list[bytes] = []
        self.statuses = 0
        self.refuses_models = ""
        self.version = "3.6.21"
        self.never = asyncio.Event()
        self.asked = asyncio.Event()
        app = web.Application(client_max_size=10**7)
        app.router.add_get("/version", self._version)
        app.router.add_get("/status", self._status)
        app.router.add_post("/model/parse", self._parse)
        app.router.add_post("/model/train", self._train)
        app.router.add_put("/model", self._serve)
        self._server = TestServer(app)

    async def start(self) -> RasaStandIn:
        await self._server.start_server()
        return self

    async def stop(self) -> None:
        self.never.set()
        await self._server.close()

    def config(self, **more: Any) -> RasaConfig:
        return RasaConfig(**{"url": str(self._server.make_url("")), "token": SecretStr(TOKEN), **more})

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.query.get("token") != TOKEN:
            return refusal(401, "User is not authenticated.", "NotAuthenticated")
        if not self.model and request.path not in ("/model", "/model/train"):
            return refusal(409, "No agent loaded. To continue processing, a model has to be loaded.", "Conflict")
        return None

    async def _version(self, request: web.Request) -> web.Response:
        return web.json_response({"version": self.version, "minimum_compatible_version": "3.5.0"})

    async def _status(self, request: web.Request) -> web.Response:
        self.statuses += 1
        told = {"model_file": self.model, "model_id": "c16bf8ced250", "num_active_training_jobs": 0}
        return self._refused(request) or web.json_response(told)

    async def _parse(self, request: web.Request) -> web.StreamResponse:
        text = (await request.json())["text"]
        self.texts.append(text)
        self.asked.set()
        if self.answers:
            return await self.answers.pop(0)(request)
        return self._refused(request) or web.json_response(parsed(text))

    async def _train(self, request: web.Request) -> web.StreamResponse:
        self.trained.append(await request.read())
        refused = self._refused(request)
        return refused or web.Response(body=b"model" * 1000, headers={"filename": "20260112-100000-fancy.tar.gz"})

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        if refused := self._refused(request):
            return refused
        path = (await request.json())["model_file"]
        if self.refuses_models:
            return refusal(400, f"Agent with name '{path}' could not be loaded.", "BadRequest")
        self.served.append(path)
        self.model = path.rpartition("/")[2]
        return web.Response(status=204)


def answering(status: int = 200, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        raw = body.encode() if isinstance(body, str) else body
        return web.Response(status=status, body=raw, headers=headers)

    return answer
