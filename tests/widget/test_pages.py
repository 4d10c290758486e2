"""What the browser fetches: policies, caching, sizes."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import ValidationError

from bots.widget import colour
from bots.widget.config import WidgetConfig
from bots.widget.pages import STATIC
from tests.widget.platform import Platform


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(auto_decompress=False) as session:
        yield session


async def test_the_loader_is_under_3_kb_and_the_chat_under_25(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    zipped = {"Accept-Encoding": "gzip"}
    loader = await session.get(f"{platform.origin}/widget.js", headers=zipped)
    assert loader.headers["Content-Encoding"] == "gzip"
    assert len(await loader.read()) < 3000
    frame = await session.get(f"{platform.origin}/widget/frame?key=demo")
    page = await frame.text()
    addresses = set(re.findall(r'(?:src|href)="(/widget/static/[^"]+)"', page))
    assert {address.rsplit("/", 1)[1] for address in addresses} == {
        path.name for path in STATIC.iterdir() if path.suffix in (".js", ".css") and path.name != "loader.js"
    } | {"theme.css"}
    total = len(gzip.compress(page.encode()))
    for address in addresses:
        total += len(await (await session.get(platform.origin + address, headers=zipped)).read())
    assert total < 25_000


async def test_the_frame_has_a_strict_policy_and_nothing_inline() -> None:
    platform = Platform(sites=("https://shop.example", "http://localhost:8081"))
    await platform.start()
    async with aiohttp.ClientSession() as session:
        response = await session.get(f"{platform.origin}/widget/frame?key=demo&language=en-US")
        page = await response.text()
    await platform.stop()
    policy = dict(rule.strip().split(" ", 1) for rule in response.headers["Content-Security-Policy"].split(";"))
    host = f"127.0.0.1:{platform.port}"
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "connect-src": f"'self' ws://{host} wss://{host}",
        "img-src": "blob:",
        "media-src": "blob:",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self' https://shop.example http://localhost:8081",
    }
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", page)
    assert '<html lang="en"' in page


async def test_by_default_only_the_platforms_own_pages_may_show_the_chat(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    response = await session.get(f"{platform.origin}/widget/frame?key=demo")
    assert "frame-ancestors 'self'" in response.headers["Content-Security-Policy"].split("; ")


async def test_a_strange_host_header_does_not_get_into_the_policy(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    response = await session.get(f"{platform.origin}/widget/frame?key=demo", headers={"Host": "x; script-src *"})
    assert response.status == 400 or "script-src *" not in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("query", ["", "?key=", "?key=other", "?key=<script>"])
async def test_an_unknown_key_gets_a_sentence(platform: Platform, session: aiohttp.ClientSession, query: str) -> None:
    response = await session.get(f"{platform.origin}/widget/frame{query}")
    assert response.status == 404
    assert "data-key" in await response.text()
    assert response.content_type == "text/plain"


async def test_titles_and_names_from_the_configuration_are_escaped() -> None:
    platform = Platform(title={"ru": '"><script>alert(1)</script> $key'})
    await platform.start()
    async with aiohttp.ClientSession() as session:
        page = await (await session.get(f"{platform.origin}/widget/frame?key=demo")).text()
    await platform.stop()
    assert "<script>alert" not in page
    assert "&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt; $key" in page
    assert page.count("$key") == 2  # the title and the configuration


async def test_the_loader_is_revalidated_and_versioned_files_are_kept_for_ever(
    platform: Platform, session: aiohttp.ClientSession
) -> None:
    loader = await session.get(f"{platform.origin}/widget.js")
    again = await session.get(f"{platform.origin}/widget.js", headers={"If-None-Match": loader.headers["ETag"]})
    assert (loader.status, again.status) == (200, 304)
    page = await (await session.get(f"{platform.origin}/widget/frame?key=demo")).text()
    found = re.search(r'src="(/widget/static/[^"]+/chat.js)"', page)
    assert found is not None
    kept = await session.get(platform.origin + found[1])
    assert "immutable" in kept.headers["Cache-Control"]
    assert kept.content_type == "text/javascript"
    other = await session.get(f"{platform.origin}/widget/static/older/chat.js")
    assert other.headers["Cache-Control"] == "no-cache"
    assert await other.read() == await kept.read()


@pytest.mark.parametrize(
    "path", ["v/nothing.js", "v/loader.js", "v/chat.html", "v/..%2Fchannel.py", "v/%2e%2e/config.py", "v/"]
)
async def test_only_the_chats_own_files_are_served(
    platform: Platform, session: aiohttp.ClientSession, path: str
) -> None:
    assert (await session.get(f"{platform.origin}/widget/static/{path}")).status == 404


async def test_the_accent_is_in_the_loader_and_the_theme() -> None:
    platform = Platform(accent="#ffd400")
    await platform.start()
    async with aiohttp.ClientSession() as session:
        loader = await (await session.get(f"{platform.origin}/widget.js")).text()
        theme = await (await session.get(f"{platform.origin}/widget/static/v/theme.css")).text()
    await platform.stop()
    assert "background:#ffd400;color:#000000" in loader
    assert "#accent" not in loader
    assert "--accent:#ffd400" in theme


@pytest.mark.parametrize("accent", ["#b0501c", "#ffd400", "#000000", "#ffffff", "#00ff00", "#123456", "#7f7f7f"])
@pytest.mark.parametrize("ground", [colour.LIGHT, colour.DARK])
def test_any_accent_gets_shades_that_can_be_read(accent: str, ground: str) -> None:
    assert colour.contrast(colour.ink_on(accent), accent) >= 4.5
    assert colour.contrast(colour.readable(accent, ground), ground) >= 4.5


def test_the_named_grounds_are_those_of_the_style_sheet() -> None:
    style = (STATIC / "chat.css").read_text(encoding="utf-8")
    assert f"--ground: {colour.LIGHT};" in style
    assert f"--raised: {colour.DARK};" in style


@pytest.mark.parametrize(
    "wrong",
    [
        {"sites": ("shop.example",)},
        {"sites": ("https://shop.example/",)},
        {"sites": ("https://shop.example; script-src *",)},
        {"sites": ("https://user@shop.example",)},
        {"sites": ("ftp://shop.example",)},
        {"origin": "chat.example"},
        {"accent": "red"},
        {"accent": "#b0501c;}"},
        {"key": "a b"},
        {"key": "demo\n"},
        {"languages": ()},
        {"colour": "#ffffff"},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WidgetConfig.model_validate(wrong)


def test_sites_may_be_any_only_when_said_so() -> None:
    assert WidgetConfig().sites == ()
    assert WidgetConfig(sites=("*", "https://Shop.example")).sites == ("*", "https://shop.example")


@pytest.mark.parametrize(("wanted", "given"), [("ru-RU", "ru"), ("EN_us", "en"), ("fi", "ru"), ("", "ru")])
def test_the_nearest_language_is_taken(wanted: str, given: str) -> None:
    assert WidgetConfig().language(wanted) == given
