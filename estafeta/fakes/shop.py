"""The demo shop that the demo workspace serves: its page with the chat, and its orders over HTTP.

It stands for a site and an order system that a real owner already has. It belongs to another origin
than the platform's, as a real site does, so the page proves that the chat works under a strict
Content-Security-Policy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from estafeta.kernel.errors import ConfigurationError

LANGUAGES = ("ru", "en")
"""What the page is written in; the first is for everybody who asks for neither."""

_ASSETS = {"style.css": "text/css", "shop.js": "text/javascript", "icon.svg": "image/svg+xml"}
_ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?")


class Localised(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ru: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Item(BaseModel):
    """`price` is in rubles, for one piece."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Localised
    quantity: int = Field(ge=1)
    price: int = Field(ge=0)


class Order(BaseModel):
    """`expected` is a sentence in words ("the day after tomorrow"), so that the demo never grows old."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: Literal["new", "packed", "in_transit", "at_pickup", "delivered", "lost", "cancelled"]
    status_text: Localised
    expected: Localised
    items: tuple[Item, ...] = Field(min_length=1)

    @property
    def total(self) -> int:
        return sum(item.quantity * item.price for item in self.items)


T = TypeVar("T")
Number = Annotated[str, Field(pattern=r"^[0-9]{6}$")]
_ORDERS = TypeAdapter(dict[Number, Order])
_TEXTS = TypeAdapter(dict[Literal["ru", "en"], dict[str, Any]])


@dataclass(frozen=True, slots=True)
class _Shop:
    orders: dict[str, Order]
    texts: dict[Literal["ru", "en"], dict[str, Any]]
    page: Template
    platform: str

    async def order(self, request: web.Request) -> web.Response:
        """`GET /orders/{number}`: the order, or 404 with `{"error": "not_found"}`."""
        number = request.match_info["number"]
        order = self.orders.get(number)
        if order is None:
            return web.json_response({"error": "not_found"}, status=404)
        return web.json_response({"number": number, **order.model_dump(), "total": order.total})

    async def index(self, request: web.Request) -> web.Response:
        language = language_of(request)
        body = self.page.render(
            t=self.texts[language],
            language=language,
            languages=LANGUAGES,
            orders=self.orders,
            platform=self.platform,
        )
        headers = {
            "Content-Security-Policy": _policy(self.platform),
            "Content-Language": language,
            "Referrer-Policy": "strict-origin-when-cross-origin",
            "X-Content-Type-Options": "nosniff",
            hdrs.VARY: hdrs.ACCEPT_LANGUAGE,
            hdrs.CACHE_CONTROL: "no-cache",
        }
        return web.Response(text=body, content_type="text/html", headers=headers)


def make_app(platform_url: str, folder: Path) -> web.Application:
    """The shop of `folder` (index.html, texts.json, orders.json and its assets), with the chat of the platform
    at `platform_url`, an origin like `http://127.0.0.1:8080`. Raises `ConfigurationError`."""
    platform = _origin(platform_url)
    shop = _Shop(
        orders=_read(folder / "orders.json", _ORDERS),
        texts=_read(folder / "texts.json", _TEXTS),
        page=_page(folder),
        platform=platform,
    )
    app = web.Application()
    app.router.add_get("/", shop.index)
    app.router.add_get("/orders/{number}", shop.order)
    for name, kind in _ASSETS.items():
        app.router.add_get(f"/{name}", _asset(folder / name, kind))
    return app


def language_of(request: web.Request) -> Literal["ru", "en"]:
    """`?lang=` if it is one of ours, else the first of ours by the browser's wishes, else Russian."""
    asked = request.query.get("lang", "")
    for code in (asked, *_wished(request.headers.get(hdrs.ACCEPT_LANGUAGE, ""))):
        if code == "ru":
            return "ru"
        if code == "en":
            return "en"
    return "ru"


def _wished(header: str) -> list[str]:
    """Two-letter codes of an Accept-Language header, the most wanted first (RFC 9110, 12.5.4)."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().partition(";")
        match = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", weight)
        quality = float(match[1]) if match else 1.0
        if quality > 0:
            wishes.append((-quality, tag.strip()[:2].lower()))
    return [code for _, code in sorted(wishes, key=lambda wish: wish[0])]


def _origin(url: str) -> str:
    """The origin, safe to stand in a header and in an attribute. A trailing slash is forgiven."""
    origin = url.removesuffix("/")
    try:
        known = _ORIGIN.fullmatch(origin) is not None and (urlsplit(origin).port or 1) <= 65535
    except ValueError:
        known = False
    if not known:
        raise ConfigurationError(f"{url!r} is not an origin. Write scheme://host:port, like http://127.0.0.1:8080.")
    return origin


def _policy(platform: str) -> str:
    """What the page may load: its own files, and from the platform the chat's loader and its frame."""
    return (
        f"default-src 'none'; script-src 'self' {platform}; frame-src {platform}; style-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _read(path: Path, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(
            f"{path} is not what the shop expects at {place or 'its start'}: {first['msg']}."
        ) from error


def _page(folder: Path) -> Template:
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    try:
        return environment.get_template("index.html")
    except TemplateError as error:
        raise ConfigurationError(f"{folder / 'index.html'} cannot be used as the shop's page: {error}.") from error


def _asset(path: Path, kind: str) -> Any:
    try:
        body = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from error

    async def serve(_request: web.Request) -> web.Response:
        headers = {hdrs.CACHE_CONTROL: "no-cache", "X-Content-Type-Options": "nosniff"}
        return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)

    return serve
