"""One call of a method from its raw parameters to its answer: faults, token, schema, limits, play, journal."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from estafeta.fakes.common.errors import Json
from estafeta.fakes.common.faults import Faults
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.faults import Fault
from estafeta.fakes.vk.methods import METHODS, scope_of
from estafeta.fakes.vk.scene import Scene
from estafeta.fakes.vk.schema import document, problems, read_parameters, wrong_reply
from estafeta.fakes.vk.script import run

VERSION = "5.199"
BALANCER = b"<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
STATIC_FAULTS = frozenset({911, 914})
"""Errors that no state of the world can cause: the caller has broken a documented limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A line of the journal, without the token. `group`: whose token it was (0: nobody's). `at`: seconds of the
    stand-in's clock. `answer`: the body that was sent (or would have been, had `fault` not eaten it)."""

    method: str
    params: Json
    group: int
    at: float
    status: int
    answer: Json
    fault: str = ""

    @property
    def ok(self) -> bool:
        return "response" in self.answer

    @property
    def response(self) -> Any:
        return self.answer.get("response")

    @property
    def error(self) -> int:
        """The code of the error; 0: there is none."""
        return int(self.answer.get("error", {}).get("error_code", 0))


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    dropped: bool = False
    """The connection breaks instead."""


@dataclass(slots=True, kw_only=True)
class VkApi:
    scene: Scene
    faults: Faults[Fault]
    journal: deque[Call]
    strict: bool = True
    """Refuse unknown parameters; the real server ignores them, and so a misspelt one goes unnoticed."""

    async def call(self, method: str, raw: Mapping[str, Any]) -> Answer:
        shown = {name: value for name, value in raw.items() if name != "access_token"}
        chat = raw.get("peer_id") or raw.get("user_id") or raw.get("post_id")
        fault = self.faults.take(method, chat) if self.faults.planned else None
        group = 0
        try:
            if fault is not None:
                if fault.kind == "hang":
                    await asyncio.sleep(fault.seconds)
                elif fault.kind == "drop_before" or fault.status != 200:
                    return self._answer(method, shown, group, {}, fault)
                elif fault.kind == "answer":
                    raise fault.refused()
            caller = self._caller(raw)
            group = caller.group.id
            body = self._execute(caller, raw) if method == "execute" else self._body(caller, method, shown)
        except Refused as refused:
            body = refused.body(method, shown)
            self._check_error(method, body)
        return self._answer(method, shown, group, body, fault)

    def _caller(self, raw: Mapping[str, Any]) -> Caller:
        version = raw.get("v")
        if not version:
            raise Refused(8, "v (version) is required")
        if version != VERSION:
            self._found(f"v={version}: the stand-in speaks {VERSION} only")
        token = raw.get("access_token")
        if not token:
            raise Refused(5, "no access_token passed.")
        for group in self.scene.world.groups.values():
            for own, admin in ((group.token, False), (group.admin_token, True)):
                if hmac.compare_digest(str(token).encode(), own.encode()):
                    if self.scene.pace is not None:
                        self.scene.pace.request(own)
                    return Caller(self.scene, group, admin)
        raise Refused(5, "invalid access_token (4).")

    def _execute(self, caller: Caller, raw: Mapping[str, Any]) -> Json:
        code = raw.get("code")
        if not code:
            raise invalid("code is undefined")
        return run(str(code), lambda method, params: self._body(caller, method, _as_sent(params))["response"])

    def _body(self, caller: Caller, method: str, raw: Json) -> Json:
        play = METHODS.get(method)
        if play is None:
            self._found(f"{method}: the stand-in does not play this method")
            raise Refused(3)
        self._check_token(caller, method)
        params = self._read(method, raw)
        try:
            body: Json = {"response": play(caller, params)}
        except Refused as refused:
            if refused.code in STATIC_FAULTS:
                self._found(f"{method}: {refused.message}")
            raise
        if problem := wrong_reply(method, body):
            self._found(f"reply of {method}: {problem}")
        return body

    def _check_token(self, caller: Caller, method: str) -> None:
        allowed = document()["methods"][method]["tokens"]
        if caller.admin:
            if "user" not in allowed or method.startswith("messages."):
                raise Refused(15, "no access to call this method", subcode=1133)
            return
        if "group" not in allowed:
            raise Refused(27, "method is unavailable with group auth.")
        scope = scope_of(method)
        if scope and scope not in caller.group.scopes:
            detail = "no access to call this method. It cannot be called with current scopes."
            raise Refused(15, detail, subcode=1133)

    def _read(self, method: str, raw: Json) -> Json:
        read = read_parameters(method, raw)
        wrong = read.wrong + [f"{name} is unknown" for name in read.unknown]
        for problem in wrong:
            self._found(f"{method}: {problem}")
        refused = wrong if self.strict else read.wrong
        if refused:
            raise invalid("; ".join(refused))
        return read.values

    def _check_error(self, method: str, body: Json) -> None:
        if problem := problems({"$ref": "base_error"}, body["error"]):
            self._found(f"error of {method}: {problem}")

    def _found(self, problem: str) -> None:
        self.scene.violations.append(problem)

    def _answer(self, method: str, params: Json, group: int, body: Json, fault: Fault | None) -> Answer:
        kind = fault.kind if fault else ""
        status = fault.status if fault and kind == "answer" else 0 if kind == "drop_before" else 200
        at = self.scene.clock()
        self.journal.append(
            Call(method=method, params=params, group=group, at=at, status=status, answer=body, fault=kind)
        )
        self.scene.changed()
        if status not in {0, 200}:
            return Answer(status, BALANCER)
        payload = orjson.dumps(body)
        if kind == "broken_json":
            return Answer(200, payload[: len(payload) // 2])
        return Answer(200, payload, dropped=kind in {"drop_before", "drop_after"})


def _as_sent(params: Json) -> Json:
    """Values inside `execute` as they would come in a form: flags as digits, objects as JSON."""
    sent: Json = {}
    for name, value in params.items():
        if isinstance(value, bool):
            sent[name] = str(int(value))
        elif isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value)):
            sent[name] = orjson.dumps(value).decode()
        elif value is not None:
            sent[name] = value
    return sent


def method_name(path: str) -> str:
    """The method of a path like `messages.send`; empty when it is none."""
    return path if re.fullmatch(r"[A-Za-z]{1,40}(\.[A-Za-z]{1,60})?", path, re.ASCII) else ""
