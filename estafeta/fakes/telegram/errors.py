"""Refusals in Telegram's own words (https://core.telegram.org/bots/api#making-requests)."""

from __future__ import annotations

from estafeta.fakes.common.errors import Json

__all__ = ["Json", "Refused", "bad", "too_many"]

NAMES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 409: "Conflict"}


class Refused(Exception):
    """One answer with `ok: false`. `text` comes after the name of the status and a colon."""

    def __init__(self, status: int, text: str = "", **parameters: int) -> None:
        name = NAMES.get(status, "")
        self.description = f"{name}: {text}" if name and text else name or text
        super().__init__(self.description)
        self.status = status
        self.parameters = parameters

    def body(self) -> Json:
        body: Json = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            body["parameters"] = self.parameters
        return body


def bad(text: str, **parameters: int) -> Refused:
    return Refused(400, text, **parameters)


def too_many(seconds: int) -> Refused:
    return Refused(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
