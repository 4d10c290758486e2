"""What the browser fetches: the loader, the frame, and the frame's scripts and styles.

All of it is read once at the start and served from memory, without the comments and the indentation, which
are for people. The frame's scripts live under the digest of them all, so that they can be cached for ever and
never mix with another version's.
"""

from __future__ import annotations

import gzip
import hashlib
import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

from aiohttp import hdrs, web

from bots.widget import colour
from bots.widget.capabilities import ALBUM_LIMIT
from bots.widget.config import WidgetConfig, told
from bots.widget.frames import REACTIONS

STATIC = Path(__file__).parent / "static"

_TYPES = {".js": "text/javascript", ".css": "text/css"}
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")
_COMMENT = re.compile(r"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE)
"""In scripts: a line of nothing but a comment, and the indentation."""
_LITERAL = re.compile(r"[\"'`/]")
_ROOM = re.compile(r" ?([=,;(){}?:&|<>*]) ?")
"""In scripts: the space around these signs, in lines where nothing is quoted."""
_STYLE_SPACE = re.compile(r"/\*.*?\*/|(?<=[{};,:])\s+|\s+(?=[{};])", re.DOTALL)
"""In style sheets: what is said to people, and room around marks."""
_FOREVER = "public, max-age=31536000, immutable"
_ASK_AGAIN = "no-cache"


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    zipped: bytes
    kind: str
    etag: str


def _asset(body: bytes, kind: str) -> _Asset:
    return _Asset(body, gzip.compress(body, mtime=0), kind, hashlib.sha256(body).hexdigest()[:20])


class Pages:
    def __init__(self, config: WidgetConfig) -> None:
        self._config = config
        self._assets = {
            path.name: _asset(_bare(path).encode(), _TYPES[path.suffix])
            for path in sorted(STATIC.iterdir())
            if path.suffix in _TYPES and path.name != "loader.js"
        }
        self._assets["theme.css"] = _asset(_theme(config.accent).encode(), "text/css")
        self._loader = _asset(_loader(config).encode(), "text/javascript")
        self._shared = _shared(config)
        self._page = Template((STATIC / "chat.html").read_text(encoding="utf-8"))
        digest = hashlib.sha256("".join(asset.etag for asset in self._assets.values()).encode())
        self.version = digest.hexdigest()[:12]

    async def loader(self, request: web.Request) -> web.Response:
        response = _served(request, self._loader, "public, max-age=300")
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    async def static(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="There is no such file of the chat.")
        current = request.match_info["version"] == self.version
        return _served(request, asset, _FOREVER if current else _ASK_AGAIN)

    async def frame(self, request: web.Request) -> web.Response:
        if request.query.get("key") != self._config.key:
            raise web.HTTPNotFound(text="There is no chat with this key. Check data-key of the embedding tag.")
        asked = request.query.get("language", "")
        language = self._config.language(asked) if asked else ""
        shown = {
            "base": f"/widget/static/{self.version}",
            "lang": language or self._config.languages[0],
            "config": json.dumps({**self._shared, "language": language}, ensure_ascii=False),
            "title": told(self._config.title, language or self._config.languages[0]),
        }
        page = self._page.substitute({name: html.escape(value) for name, value in shown.items()})
        return web.Response(text=page, content_type="text/html", headers=self._frame_headers(request))

    def _frame_headers(self, request: web.Request) -> dict[str, str]:
        host = request.host
        if self._config.origin:
            host = self._config.origin.split("://", 1)[1]
        # Older Safari does not count a WebSocket to the same host as 'self'.
        sockets = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
        framed_by = " ".join(("'self'", *self._config.sites))
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            f"connect-src 'self'{sockets}; img-src blob:; media-src blob:; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors {framed_by}"
        )
        return {
            "Content-Security-Policy": policy,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "cross-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            hdrs.CACHE_CONTROL: _ASK_AGAIN,
        }


def _bare(path: Path) -> str:
    """A script or a style sheet without what only people need; its lines stay lines."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".css":
        return _STYLE_SPACE.sub("", source)
    lines = _COMMENT.sub("", source).splitlines()
    return "\n".join(line if _LITERAL.search(line) else _ROOM.sub(r"\1", line) for line in lines if line)


def _shared(config: WidgetConfig) -> dict[str, Any]:
    """What the page is told of the configuration."""
    return {
        "key": config.key,
        "languages": config.languages,
        "limit": config.text_limit,
        "sites": config.sites,
        "title": config.title,
        "consent": {"version": config.consent_version, "text": config.consent, "link": config.consent_link},
        "greetings": [rule.text for rule in config.greetings],
        "files": {"limit": config.file_limit if config.files else 0, "album": ALBUM_LIMIT},
        "reactions": REACTIONS,
    }


def _loader(config: WidgetConfig) -> str:
    """With the rules of speaking first as `[seconds, expression]`."""
    rules = [[rule.after, "^" + _escaped(rule.page).replace("\\*", ".*") + "$"] for rule in config.greetings]
    source = _bare(STATIC / "loader.js").replace('["#rules"]', json.dumps(rules, separators=(",", ":")))
    return source.replace("#accent", config.accent).replace("#ink", colour.ink_on(config.accent))


def _escaped(text: str) -> str:
    """As an expression of JavaScript that matches this text."""
    return re.sub(r"[\\^$.*+?()\[\]{}|]", r"\\\g<0>", text)


def _theme(accent: str) -> str:
    """The accent's shades for both grounds; one file, since the page's policy forbids inline style."""

    def shades(ground: str) -> str:
        return f"--accent:{accent};--on-accent:{colour.ink_on(accent)};--accent-text:{colour.readable(accent, ground)};"

    return f":root{{{shades(colour.LIGHT)}}}\n@media (prefers-color-scheme:dark){{:root{{{shades(colour.DARK)}}}}}\n"


def _served(request: web.Request, asset: _Asset, cache: str) -> web.Response:
    headers = {
        hdrs.CACHE_CONTROL: cache,
        hdrs.ETAG: f'"{asset.etag}"',
        hdrs.VARY: "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    known = request.if_none_match or ()
    if any(tag.value in (asset.etag, "*") for tag in known):
        return web.Response(status=304, headers=headers)
    body = asset.body
    if "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        body = asset.zipped
        headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=body, content_type=asset.kind, charset="utf-8", headers=headers)
