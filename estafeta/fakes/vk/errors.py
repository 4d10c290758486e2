"""Refusals in VK's own words: HTTP 200 with `error` (https://dev.vk.com/ru/reference/errors)."""

from __future__ import annotations

from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.schema import document

__all__ = ["Json", "Refused", "invalid", "keyboard_invalid"]

HIDDEN = frozenset({"access_token", "method", "oauth"})


class Refused(Exception):
    """One answer with `error`. `detail` comes after the text of the code and a colon."""

    def __init__(self, code: int, detail: str = "", *, subcode: int | None = None, **more: Any) -> None:
        text = document()["errors"].get(str(code), "Unknown error")
        self.message = f"{text}: {detail}" if detail else text
        super().__init__(f"[{code}] {self.message}")
        self.code = code
        self.subcode = subcode
        self.more = more

    def body(self, method: str, raw: Json) -> Json:
        """As it is answered: with the request's parameters, but never its token."""
        params: Json = {"method": method, "oauth": "1"} | {k: v for k, v in raw.items() if k not in HIDDEN}
        error = self.brief() | self.more
        error["request_params"] = [{"key": key, "value": str(value)} for key, value in params.items()]
        return {"error": error}

    def brief(self) -> Json:
        brief: Json = {"error_code": self.code, "error_msg": self.message}
        if self.subcode is not None:
            brief["error_subcode"] = self.subcode
        return brief


def invalid(detail: str) -> Refused:
    return Refused(100, detail)


def keyboard_invalid(detail: str) -> Refused:
    return Refused(911, detail)
