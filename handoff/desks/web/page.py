"""The desk's page: plain files, served with headers that let nothing else run in it."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from handoff.desks.web.checks import Handler

STATIC = Path(__file__).parent / "static"

KINDS = {".css": "text/css", ".html": "text/html", ".js": "text/javascript", ".svg": "image/svg+xml"}

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        # blob: pictures that the operator is about to send, shown before they are uploaded.
        "img-src 'self' blob:",
        "media-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No script may turn a string into HTML: https://www.w3.org/TR/trusted-types/
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


async def page(_request: web.Request) -> web.StreamResponse:
    return _file(STATIC / "desk.html")


def static_files() -> Handler:
    """Serves the files that are in the folder now, by name: no path of a request reaches the disk."""
    files = {path.name: path for path in STATIC.iterdir() if path.suffix in KINDS and path.name != "desk.html"}

    async def serve(request: web.Request) -> web.StreamResponse:
        path = files.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound(text="There is no such file.")
        return _file(path)

    return serve


def _file(path: Path) -> web.FileResponse:
    kind = KINDS[path.suffix]
    content_type = kind if kind.startswith("image/") else f"{kind}; charset=utf-8"
    return web.FileResponse(path, headers={**HEADERS, "Content-Type": content_type})
