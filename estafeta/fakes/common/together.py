"""One page that shows all stand-ins side by side, each in a frame of its own: the demo's way in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from aiohttp import web

from estafeta.fakes.common.page import SHARED, error, index, json_answer, static_file, trusted
from estafeta.fakes.common.serving import serve

_NAME = re.compile(r"/fake/(together\.js|together\.css|words\.js)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One side of a stand-in's page. `name` is a word of `together.js`."""

    name: str
    port: int
    side: Literal["customer", "group"] = "customer"


@contextlib.asynccontextmanager
async def together(shown: Sequence[Shown], *, host: str, port: int) -> AsyncIterator[int]:
    """Serves the page; yields its port. Raises OSError when the port is taken."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        if not trusted(request, host):
            return error(request, 403, "this page is for the machine it runs on")
        if request.method not in {"GET", "HEAD"}:
            return error(request, 404, "there is no such page")
        if request.path == "/":
            return index(request, SHARED / "together.html", frames=True)
        if request.path == "/fake/shown":
            return json_answer(request, {"shown": [asdict(one) for one in shown]})
        found = _NAME.fullmatch(request.path)
        return static_file(request, SHARED / found[1]) if found else error(request, 404, "there is no such page")

    runner, at = await serve(handle, host, port)
    try:
        yield at
    finally:
        await runner.cleanup()
