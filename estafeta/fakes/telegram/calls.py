"""One call of a Bot API method from its raw parameters to its answer: faults, schema, limits, play, journal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from estafeta.fakes.common.faults import Faults
from estafeta.fakes.telegram.errors import Json, Refused, bad, too_many
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.limits import COUNTED, Pace
from estafeta.fakes.telegram.methods import METHODS
from estafeta.fakes.telegram.scene import Scene, Uploads
from estafeta.fakes.telegram.schema import methods, missing, read_parameters
from estafeta.fakes.telegram.webhook import Webhook

EMPTY = {"chat_id": "chat_id is empty", "text": "message text is empty"}
"""Telegram's own words for what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A line of the journal. `at`: seconds of the stand-in's clock. `answer`: the body that was sent (or would have
    been, had `fault` not eaten it)."""

    method: str
    params: Json
    at: float
    status: int
    answer: Json
    fault: str = ""

    @property
    def ok(self) -> bool:
        return bool(self.answer["ok"])

    @property
    def result(self) -> Any:
        return self.answer.get("result")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    dropped: bool = False
    """The connection breaks instead."""


@dataclass(slots=True, kw_only=True)
class BotApi:
    scene: Scene
    faults: Faults[Fault]
    pace: Pace | None
    clock: Callable[[], float]
    journal: deque[Call]
    strict: bool = True
    """Refuse and record unknown parameters too; the real server ignores them, and so a misspelt one goes unnoticed."""
    violations: list[str] = field(default_factory=list)
    webhook: Webhook = field(init=False)

    async def call(self, name: str, raw: Mapping[str, Any], uploads: Uploads) -> Answer:
        method = methods().get(name.lower())
        if method is None:
            return self._answer(name, dict(raw), Refused(404).status, Refused(404).body(), None)
        fault = self.faults.take(method, raw.get("chat_id")) if self.faults.planned else None
        if fault is not None:
            if fault.kind == "answer":
                return self._answer(method, dict(raw), fault.status, fault.body(), fault)
            if fault.kind == "hang":
                await asyncio.sleep(fault.seconds)
            if fault.kind == "drop_before":
                return self._answer(method, dict(raw), 0, {"ok": False}, fault)
        params: Json = {}
        try:
            params = self._read(method, raw, uploads)
            self._check_pace(method, params)
            result = await self._play(method, params, uploads)
        except Refused as refused:
            return self._answer(method, params or dict(raw), refused.status, refused.body(), fault)
        return self._answer(method, params, 200, {"ok": True, "result": result}, fault)

    def _read(self, method: str, raw: Mapping[str, Any], uploads: Uploads) -> Json:
        if uploads:  # a file in the field of its own name is the same as attach://
            raw = {**{name: f"attach://{name}" for name in uploads if not _attached(name, raw)}, **raw}
        read = read_parameters(method, raw)
        wrong = read.wrong + [f"unknown parameter {name!r}" for name in read.unknown if self.strict]
        if wrong:
            self.violations.extend(f"{method}: {problem}" for problem in wrong)
            own_words = [text for name, text in EMPTY.items() if missing(name) in wrong]
            raise bad(own_words[0] if own_words else f"{method}: {'; '.join(wrong)}")
        return read.values

    def _check_pace(self, method: str, params: Json) -> None:
        if self.pace is None or method not in COUNTED:
            return
        chat = self.scene.world.chats.get(params.get("chat_id", 0))
        if chat is None:
            return
        wait = self.pace.take(chat.id, private=chat.private, cost=len(params.get("media", ())) or 1)
        if wait:
            raise too_many(wait)

    async def _play(self, method: str, params: Json, uploads: Uploads) -> Any:
        play = METHODS.get(method)
        if play is not None:
            return play(self.scene, params, uploads)
        match method:
            case "getUpdates":
                return await self.scene.updates.poll(params)
            case "setWebhook":
                return self.webhook.set(params)
            case "deleteWebhook":
                return self.webhook.remove(params)
            case "getWebhookInfo":
                return self.webhook.info()
        self.violations.append(f"{method}: the stand-in does not play this method")
        raise Refused(404)

    def _answer(self, method: str, params: Json, status: int, body: Json, fault: Fault | None) -> Answer:
        kind = fault.kind if fault else ""
        if method != "getUpdates" or body.get("result") or status != 200:
            self.journal.append(
                Call(method=method, params=params, at=self.clock(), status=status, answer=body, fault=kind)
            )
            if method == "getUpdates" or status != 200 or fault:
                self.scene.changed()
        payload = orjson.dumps(body)
        if kind == "broken_json":
            return Answer(status, payload[: len(payload) // 2])
        return Answer(status, payload, dropped=kind in {"drop_before", "drop_after"})

    async def webhook_reply(self, method: str, params: Json) -> Answer:
        return await self.call(method, params, {})


def _attached(name: str, raw: Mapping[str, Any]) -> bool:
    marker = f"attach://{name}"
    return any(isinstance(value, str) and marker in value for value in raw.values())
