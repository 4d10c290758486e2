"""The demo shop's page and its orders."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from estafeta.fakes.shop import make_app
from estafeta.kernel.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "demo" / "shop"
PLATFORM = "http://127.0.0.1:8080"
Shop = TestClient[Request, Application]


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with TestClient(TestServer(make_app(PLATFORM, FOLDER))) as client:
        yield client


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FOLDER, tmp_path / "shop"))


async def test_a_known_order_is_told_with_its_number_status_and_total(shop: Shop) -> None:
    response = await shop.get("/orders/100234")
    order = await response.json()
    assert response.status == 200
    assert (order["number"], order["status"], order["status_text"]["ru"]) == ("100234", "in_transit", "в пути")
    assert order["total"] == sum(item["quantity"] * item["price"] for item in order["items"])


@pytest.mark.parametrize("number", ["100235", "1002345", "abc", "%20", "100234%0A", "..%2F..%2Forders.json", "١٠٠٢٣٤"])
async def test_any_other_order_is_not_found(shop: Shop, number: str) -> None:
    response = await shop.get(f"/orders/{number}")
    assert response.status == 404
    assert await response.json() == {"error": "not_found"}


@pytest.mark.parametrize(
    ("query", "wishes", "language"),
    [
        ("", "", "ru"),
        ("?lang=en", "ru-RU", "en"),
        ("?lang=ru", "en-GB", "ru"),
        ("?lang=de", "en-GB", "en"),
        ("", "en-GB,en;q=0.9,ru;q=0.8", "en"),
        ("", "en;q=0.5,ru-RU", "ru"),
        ("", "de-DE,en;q=0.7,ru;q=0.3", "en"),
        ("", "en;q=0,fr", "ru"),
        ("", "en;q=9;;;,\u00ff", "en"),
    ],
)
async def test_the_language_is_the_address_s_then_the_browser_s(
    shop: Shop, query: str, wishes: str, language: str
) -> None:
    response = await shop.get(f"/{query}", headers={"Accept-Language": wishes})
    assert response.headers["Content-Language"] == language
    assert f'<html lang="{language}">' in await response.text()


async def test_the_page_embeds_the_chat_by_one_line_that_its_policy_allows(shop: Shop) -> None:
    response = await shop.get("/?lang=en")
    page = await response.text()
    policy = dict(part.split(" ", 1) for part in response.headers["Content-Security-Policy"].split("; "))
    assert page.count(PLATFORM) == 1
    assert f'<script async src="{PLATFORM}/widget.js" data-key="demo" data-language="en"></script>' in page
    assert policy["default-src"] == "'none'"
    assert policy["script-src"].split() == ["'self'", PLATFORM]
    assert policy["frame-src"] == PLATFORM
    assert "unsafe" not in str(policy)
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", page), "inline code would be refused by the policy"


async def test_everything_the_page_loads_from_the_shop_is_there(shop: Shop) -> None:
    page = await (await shop.get("/")).text()
    own = re.findall(r'(?:src|href)="(/[\w.]+)"', page)
    assert set(own) == {"/icon.svg", "/style.css", "/shop.js"}
    for path in own:
        response = await shop.get(path)
        assert response.status == 200
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_the_page_names_every_order_it_knows(shop: Shop, language: str) -> None:
    page = await (await shop.get(f"/?lang={language}")).text()
    orders = json.loads((FOLDER / "orders.json").read_text(encoding="utf-8"))
    for number, order in orders.items():
        assert number in page
        assert order["status_text"][language] in page


async def test_texts_of_the_folder_are_escaped(folder: Path) -> None:
    texts = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    texts["ru"]["lead"] = "<script>alert(1)</script>"
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    async with TestClient(TestServer(make_app(PLATFORM, folder))) as client:
        assert "<script>alert" not in await (await client.get("/")).text()


@pytest.mark.parametrize(
    "url",
    ["", "127.0.0.1:8080", "ftp://host", "http://", "http://host/path", "http://a b", "http://h;x", "http://u@h",
     "http://h:99999", 'http://h"', "http://h\n"],
)  # fmt: skip
def test_a_platform_that_is_no_origin_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="not an origin"):
        make_app(url, FOLDER)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/", "https://chat.example.org", "http://[::1]:8080"])
def test_an_origin_is_taken_with_or_without_a_slash(url: str) -> None:
    make_app(url, FOLDER)


@pytest.mark.parametrize("name", ["orders.json", "texts.json", "index.html", "style.css"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ConfigurationError, match=name):
        make_app(PLATFORM, folder)


def test_a_wrong_order_is_named_with_its_place(folder: Path) -> None:
    (folder / "orders.json").write_text('{"100234": {"status": "flying"}}', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"orders\.json .* 100234\.status"):
        make_app(PLATFORM, folder)
