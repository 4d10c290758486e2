"""What one request of the web desk is: the shape of its route and of its description."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

Part = Literal["reading", "speaking", "moving", "helping", "team", "files", "undelivered"]
"""Which of the desk's parts does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    name: str
    schema: dict[str, Any]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request. `name` is the handler's in the `part`. `status` is the answer's when all is well. `carries`: a
    file itself is what is asked or answered."""

    name: str
    method: str
    path: str
    says: str
    asked: type[BaseModel] | None = None
    answered: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = (401, 503)
    queries: tuple[Query, ...] = ()
    part: Part = "reading"
    carries: Literal["", "asked", "answered"] = ""


OF_ONE = (400, 401, 404, 503)
CHANGING = (400, 401, 403, 404, 413, 503)
ABLE = (400, 401, 403, 404, 409, 413, 503)
WHOLE: dict[str, Any] = {"type": "integer", "minimum": 0}
