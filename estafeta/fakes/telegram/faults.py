"""Planned errors as the Bot API words them."""

from __future__ import annotations

from dataclasses import dataclass

from estafeta.fakes.common.faults import PlannedFault
from estafeta.fakes.telegram.errors import NAMES, Json


@dataclass(slots=True, kw_only=True)
class Fault(PlannedFault):
    """Of kind "answer": an error with `status` and `description`."""

    status: int = 500
    description: str = ""
    retry_after: int | None = None

    def body(self) -> Json:
        text = self.description
        if not text and self.status == 429:
            text = f"Too Many Requests: retry after {self.retry_after or 1}"
        elif not text:
            text = {500: "Internal Server Error", 502: "Bad Gateway"}.get(self.status, NAMES.get(self.status, "Error"))
        body: Json = {"ok": False, "error_code": self.status, "description": text}
        if self.status == 429:
            body["parameters"] = {"retry_after": self.retry_after or 1}
        return body
