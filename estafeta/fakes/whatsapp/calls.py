"""One call from the request to its answer: faults, token, schema, play, journal."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from estafeta.fakes.whatsapp.errors import Json, Refused
from estafeta.fakes.whatsapp.faults import Fault, Faults
from estafeta.fakes.whatsapp.graph import Graph, Request, require_messaging
from estafeta.fakes.whatsapp.schema import problems
from estafeta.fakes.whatsapp.sending import send, validated
from estafeta.fakes.whatsapp.world import Token, digits

ANSWERS = {
    "messages": "MessageResponsePayload",
    "number": "PhoneNumberInfo",
    "media_url": "Media",
}
"""What Meta's schema says of the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A line of the journal. `at`: Unix seconds of the stand-in's clock. `answer`: the body that was sent (or would
    have been, had `fault` not eaten it)."""

    operation: str
    method: str
    path: str
    version: str
    params: Json
    at: float
    status: int
    answer: Json
    fault: str = ""

    @property
    def ok(self) -> bool:
        return "error" not in self.answer

    @property
    def code(self) -> int:
        """The error's; 0 when there is none."""
        return int(self.answer.get("error", {}).get("code", 0))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    dropped: bool = False
    """The connection breaks instead."""


@dataclass(slots=True, kw_only=True)
class CloudApi:
    graph: Graph
    faults: Faults
    now: Callable[[], float]
    journal: deque[Call]
    strict: bool = True
    """Refuse and record unknown fields too."""
    violations: list[str] = field(default_factory=list)

    async def call(self, request: Request) -> Answer:
        operation = self.graph.operation(request)
        if not operation:
            path = "/" + "/".join(request.path)
            return self._answer(
                "", request, Refused(2500, message=f"Unknown path components: {path}"), None, dropped=False
            )
        fault = self.faults.take(operation, self._people(request.body)) if self.faults.planned else None
        if fault is not None:
            if fault.kind == "answer":
                return self._answer(operation, request, fault.refusal(), fault)
            if fault.kind == "hang":
                await asyncio.sleep(fault.seconds)
            if fault.kind == "drop_before":
                return self._answer(operation, request, {}, fault, dropped=True)
        try:
            token = self.graph.check_token(request)
            result = await self._play(operation, request, token, fault)
        except Refused as refused:
            return self._answer(operation, request, refused, fault)
        self._check_answer(operation, result)
        return self._answer(operation, request, result, fault)

    async def _play(self, operation: str, request: Request, token: Token, fault: Fault | None) -> Json:
        if operation not in {"messages", "read"} or request.method != "POST":
            return await self.graph.play(operation, request, token)
        number = self.graph.number(request, token)
        require_messaging(token)
        kind, found = validated(request.body, strict=self.strict)
        self.violations.extend(f"{operation}: {problem}" for problem in found)
        late = fault.code or 0 if fault is not None and fault.kind == "late" else 0
        return send(self.graph.scene, number, kind, request.body, found, late)

    def _people(self, body: Json) -> set[str]:
        """Whom a message is for, under every name a fault may use."""
        world = self.graph.scene.world
        people = {str(body.get("recipient", "")), digits(str(body.get("to", "")))}
        for user in world.users.values():
            if people & {user.user_id, user.phone}:
                people |= {user.user_id, user.phone}
        return people - {""}

    def _check_answer(self, operation: str, result: Json) -> None:
        name = ANSWERS.get(operation)
        if name is not None:
            found = problems(name, result, closed=False)
            self.violations.extend(f"the stand-in's own answer to {operation}: {problem}" for problem in found)

    def _answer(
        self, operation: str, request: Request, result: Json | Refused, fault: Fault | None, *, dropped: bool = False
    ) -> Answer:
        status, body = (result.status, result.body()) if isinstance(result, Refused) else (200, result)
        kind = fault.kind if fault else ""
        self.journal.append(
            Call(
                operation=operation,
                method=request.method,
                path="/" + "/".join(request.path),
                version=request.version,
                params=request.body or dict(request.query),
                at=self.now(),
                status=0 if dropped else status,
                answer=body,
                fault=kind,
            )
        )
        self.graph.scene.changed()
        payload = orjson.dumps(body)
        if kind == "broken_json":
            return Answer(status, payload[: len(payload) // 2])
        return Answer(status, payload, dropped=dropped or kind == "drop_after")
