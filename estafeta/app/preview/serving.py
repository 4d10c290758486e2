"""The page of `estafeta flows preview`: served on this machine alone, or written to a folder.

It shows what lies in files that people of this machine can read, so nobody logs in; but requests must name the machine
itself, so that a page from elsewhere cannot read along by a name of its own that leads to 127.0.0.1
(https://owasp.org/www-community/attacks/DNS_Rebinding).
"""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import click
from aiohttp import web

from estafeta.app import start
from estafeta.app.preview.pages import Look, version
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json

STATIC = Path(__file__).parent / "static"
HOST = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "frame-ancestors 'none'",  # all else is in the page, which is also served elsewhere
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Preview:
    """The workspace as it is now: it is read again once a file of it changed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._look: Look | None = None
        self._one_at_a_time = asyncio.Lock()

    async def version(self) -> Json:
        return {"version": await asyncio.to_thread(version, self._folder.absolute())}

    async def workspace(self) -> Json:
        return (await self._now()).workspace()

    async def flow(self, name: str) -> Json:
        """Raises KeyError."""
        look = await self._now()
        async with self._one_at_a_time:
            return await asyncio.to_thread(look.flow, name)

    async def _now(self) -> Look:
        async with self._one_at_a_time:
            current = await asyncio.to_thread(version, self._folder.absolute())
            if self._look is None or self._look.version != current:
                self._look = await asyncio.to_thread(Look, self._folder)
            return self._look


@web.middleware
async def _only_here(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:  # fmt: skip
    if request.url.host not in _NAMES:
        raise web.HTTPForbidden(text=f"This page is read at http://{HOST}, on the machine where it runs.")
    return await handler(request)


def make_app(folder: Path) -> web.Application:
    """The page of a workspace's folder; what it shows follows the files."""
    preview = Preview(folder)
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in _KINDS}

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "preview.html", headers={**_HEADERS, "Content-Type": "text/html"})

    async def static(request: web.Request) -> web.StreamResponse:
        path = files.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound(text="There is no such file.")
        return web.FileResponse(path, headers={**_HEADERS, "Content-Type": _KINDS[path.suffix]})

    async def current(_request: web.Request) -> web.Response:
        return _answer(await preview.version())

    async def workspace(_request: web.Request) -> web.Response:
        return _answer(await preview.workspace())

    async def flow(request: web.Request) -> web.Response:
        try:
            return _answer(await preview.flow(request.match_info["name"]))
        except KeyError:
            raise web.HTTPNotFound(text="There is no such flow.") from None

    app = web.Application(middlewares=[_only_here])
    app.router.add_get("/", page)
    app.router.add_get("/static/{name}", static)
    app.router.add_get("/data/version.json", current)
    app.router.add_get("/data/workspace.json", workspace)
    app.router.add_get("/data/flows/{name}.json", flow)
    return app


def _answer(found: Json) -> web.Response:
    return web.json_response(found, headers=_HEADERS, dumps=_dumped)


def _dumped(found: Json) -> str:
    return json.dumps(found, ensure_ascii=False)


def serve(folder: Path, port: int, flow: str = "") -> None:
    """Serves the page until it is stopped; says where it is, with this flow open."""
    _is_workspace(folder)
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        why = f"Port {port} on {HOST} can't be used ({error.strerror})"
        raise ConfigurationError(f"{why}: choose another with --port; 0 is a free one.") from None

    async def main(stop: asyncio.Event) -> None:
        runner = web.AppRunner(make_app(folder), access_log=None)
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            where = f"http://{HOST}:{listener.getsockname()[1]}/" + (f"#flow={flow}" if flow else "")
            click.echo(f"The flows of {folder}: {where}\nThe page follows the files while they change. Ctrl-C stops.")
            await stop.wait()
        finally:
            await runner.cleanup()

    start.run_until_stopped(main)


def write(folder: Path, out: Path) -> int:
    """Writes the page as it is now, for any web server, and tells the number of files. It has no links into editors: it
    is read elsewhere."""
    _is_workspace(folder)
    look = Look(folder, links=False)
    data: dict[str, Json] = {"version.json": {"version": look.version}, "workspace.json": look.workspace()}
    data |= {f"flows/{name}.json": look.flow(name) for name in look.names}
    try:
        for kept in ("static", "data/flows"):
            (out / kept).mkdir(parents=True, exist_ok=True)
        for gone in (out / "data" / "flows").glob("*.json"):
            gone.unlink()
        shutil.copyfile(STATIC / "preview.html", out / "index.html")
        files = [path for path in STATIC.iterdir() if path.suffix in _KINDS]
        for path in files:
            shutil.copyfile(path, out / "static" / path.name)
        for name, found in data.items():
            (out / "data" / name).write_text(_dumped(found), encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"The folder {out} can't be written ({error.strerror}): choose another.") from None
    return 1 + len(files) + len(data)


def _is_workspace(folder: Path) -> None:
    """A workspace may be full of mistakes, which the page shows; it must be one."""
    if not (folder / "bot.yml").is_file():
        raise ConfigurationError(f"{folder} is no workspace: there is no bot.yml in it. Name one with --workspace.")
