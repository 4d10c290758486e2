"""Files fetched from addresses that messengers tell: from their hosts, and from nowhere else."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st

from bots.download import Hosts, download, is_public
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.ports import Incoming

VK = Hosts(allow=(".userapi.com", "vk.com"))
TOKEN = {"Authorization": "Bearer a-token-nobody-may-read"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


async def fetched(url: str, hosts: Hosts, **more: Any) -> bytes:
    more = {"most": 1000, "seconds": 5, "language": "en", **more}
    async with download(url, hosts, **more) as incoming:
        return b"".join([chunk async for chunk in incoming.chunks])


async def refused(url: str, hosts: Hosts, **more: Any) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await fetched(url, hosts, **more)
    return failed.value


# --- which addresses -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "https://sun9-1.userapi.com/impg/a.jpg?size=1x1&sign=ab%2Fcd",
        "https://userapi.com/a",
        "https://a.b.c.userapi.com:443/a",
        "https://VK.com/doc1_2?hash=x&dl=y#part",
        "https://vk.com",
        "https://vk.com/имя файла.pdf".replace(" ", "%20"),
    ],
)
def test_the_messengers_own_hosts_are_permitted(url: str) -> None:
    assert VK.permits(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "userapi.com/a",
        "//vk.com/a",
        "http://vk.com/a",
        "ftp://vk.com/a",
        "file:///etc/passwd",
        "https://vk.com:8443/a",
        "https://vk.com:0/a",
        "https://vk.com:99999/a",
        "https://evil.example/a",
        "https://evil-userapi.com/a",
        "https://userapi.com.evil.example/a",
        "https://m.vk.com/a",
        "https://vk.com.",
        "https://.userapi.com/a",
        "https://user@vk.com/a",
        "https://vk.com@evil.example/a",
        "https://vk.com:443@evil.example/a",
        "https://evil.example\\@vk.com/a",
        "https://evil.example/\\vk.com",
        "https://evil.example#@vk.com/a",
        "https://evil.example?@vk.com/a",
        "https:///vk.com/a",
        "https:vk.com/a",
        "https://vk.com\t/a",
        " https://vk.com/a",
        "https://vk.com/a\r\nHost: evil.example",
        "https://vk.com/a b",
        "https://ⓥⓚ.com/a",
        "https://vk。com/a",
        "https://vk%2ecom/a",
        "https://vк.com/a",
        "https://xn--k-1tb.com/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://localhost/a",
        "https://169.254.169.254/latest/meta-data/",
        "https://vk.com/" + "a" * 9000,
        "https://" + "a" * 64 + ".userapi.com/",
        "https://a..userapi.com/",
    ],
)
def test_nothing_else_is(url: str) -> None:
    assert not VK.permits(url)


def test_the_configured_origin_is_permitted_and_nothing_near_it() -> None:
    hosts = Hosts(base="http://127.0.0.1:8081/bot")
    assert hosts.permits("http://127.0.0.1:8081/file/a.jpg")
    for near in (
        "http://127.0.0.1:8082/a",
        "https://127.0.0.1:8081/a",
        "http://127.0.0.1/a",
        "http://127.0.0.2:8081/a",
    ):
        assert not hosts.permits(near)
    assert not hosts.permits("http://x@127.0.0.1:8081/a")
    assert Hosts(base="https://api.example.org").permits("https://api.example.org:443/a")
    assert Hosts(base="http://[::1]:8081").permits("http://[::1]:8081/a")
    assert not Hosts(base="http://[::1]:8081").permits("http://[::2]:8081/a")
    assert not Hosts().permits("https://vk.com/a")


@pytest.mark.parametrize(
    "allow", ["", ".", "com", ".com", "*.vk.com", "https://vk.com", "VK.com", "127.0.0.1", "vk.com."]
)
def test_what_is_no_host_is_no_host_to_allow(allow: str) -> None:
    with pytest.raises(ValueError, match="no host's name"):
        Hosts(allow=(allow,))


def test_a_base_tells_its_mistake_without_its_password() -> None:
    with pytest.raises(ValueError, match="without a user") as wrong:
        Hosts(base="http://user:password1@127.0.0.1:8081")
    assert "password1" not in str(wrong.value)


@given(
    st.text(max_size=40), st.sampled_from(["https://vk.com{}", "https://{}vk.com/", "https://{}", "{}", "//{}@vk.com"])
)
def test_whatever_is_permitted_leads_where_it_seems_to(text: str, shape: str) -> None:
    url = shape.format(text)
    if VK.permits(url):
        host = url.removeprefix("https://").split("/")[0].split("?")[0].split("#")[0].lower().removesuffix(":443")
        assert host in ("vk.com", "userapi.com") or host.endswith(".userapi.com")


LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)


@given(st.lists(LABEL, min_size=1, max_size=4))
def test_all_below_an_allowed_name_and_no_other_name_that_ends_so(labels: list[str]) -> None:
    below = ".".join(labels)
    assert VK.permits(f"https://{below}.userapi.com/a")
    assert not VK.permits(f"https://{below}userapi.com/a")
    assert not VK.permits(f"https://{below}.vk.com/a")
    assert not VK.permits(f"https://userapi.com.{below}.example/a")


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:93.184.215.14"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "0.1.2.3", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),  # noqa: S104
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001::1"),
        *("", "vk.com", "127.1"),
    ],
)
def test_addresses_that_are_not_of_the_public_internet(address: str) -> None:
    assert not is_public(address)


# --- fetching --------------------------------------------------------------------------------------


async def test_the_file_comes_with_what_the_server_says_of_it() -> None:
    async def photo(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"a photo", content_type="image/jpeg")

    async with serving(photo) as base, download(f"{base}/a.jpg", Hosts(base=base), most=7, seconds=5) as incoming:
        assert isinstance(incoming, Incoming)
        assert (incoming.size, incoming.mime) == (7, "image/jpeg")
        assert b"".join([chunk async for chunk in incoming.chunks]) == b"a photo"


async def test_a_signed_address_is_asked_as_it_is() -> None:
    asked: list[str] = []

    async def any_file(request: web.Request) -> web.StreamResponse:
        asked.append(request.raw_path)
        return web.Response(body=b"x")

    path = "/v/t1/a%2Fb%20c~(1).jpg?oh=00_AY%2B%3D&x=a+b&e=%7E&empty=&ы=1"
    async with serving(any_file) as base:
        await fetched(base + path, Hosts(base=base))
    assert asked == [path.replace("ы", "%D1%8B")]


async def test_the_token_is_sent_and_neither_cookies_nor_a_proxys_word(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    asked: list[web.Request] = []

    async def moves_once(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        if request.path == "/a":
            return web.Response(status=302, headers={"Location": "b", "Set-Cookie": "seen=1"})
        return web.Response(body=b"x")

    async with serving(moves_once) as base:
        assert await fetched(f"{base}/a", Hosts(base=base), headers=TOKEN) == b"x"
    assert [request.path for request in asked] == ["/a", "/b"]
    assert [request.headers.get("Authorization") for request in asked] == [TOKEN["Authorization"]] * 2
    assert not any("Cookie" in request.headers for request in asked)


async def test_the_token_does_not_follow_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second server on loopback plays another host that is permitted."""
    asked: list[web.Request] = []

    async def moves(request: web.Request) -> web.StreamResponse:
        asked.append(request)
        if request.path == "/a":
            return web.Response(status=307, headers={"Location": f"{other}/b"})
        return web.Response(body=b"x")

    async with serving(moves) as first, serving(moves) as other:
        permits = Hosts.permits
        monkeypatch.setattr(Hosts, "permits", lambda self, url: permits(self, url) or url.startswith(other))
        assert await fetched(f"{first}/a", Hosts(base=first), headers=TOKEN) == b"x"
    assert [("Authorization" in request.headers) for request in asked] == [True, False]


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1:1/",
        "https://evil.example/",
        "//evil.example/",
        "file:///etc/passwd",
        "https://vk.com@evil.example/",
        "http://[::1",
        "\\\\evil.example\\a",
        "",
    ],
)
async def test_a_redirect_is_checked_like_the_first_address(location: str) -> None:
    async def moves(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": location} if location else {})

    async with serving(moves) as base:
        failed = await refused(base, Hosts(base=base))
    assert (failed.code, failed.retry_after) == ("file_unreachable", None)
    assert failed.sentence == "The file could not be fetched: it does not lie on the messenger's servers."


async def test_three_redirects_are_followed_and_no_more() -> None:
    async def counts_down(request: web.Request) -> web.StreamResponse:
        left = int(request.path[1:])
        return web.Response(body=b"x") if not left else web.Response(status=301, headers={"Location": f"/{left - 1}"})

    async with serving(counts_down) as base:
        assert await fetched(f"{base}/3", Hosts(base=base)) == b"x"
        failed = await refused(f"{base}/4", Hosts(base=base))
    assert (failed.code, failed.retry_after) == ("file_unreachable", None)
    assert "in circles" in failed.sentence


async def test_an_address_of_nobody_we_know_is_not_asked() -> None:
    with structlog.testing.capture_logs() as logged:
        failed = await refused("https://evil.example/secret-path?token=x", VK)
    assert (failed.code, failed.retry_after, failed.fault) == ("file_unreachable", None, "messenger")
    assert logged == [{"event": "download_refused", "host": "evil.example", "log_level": "warning"}]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
async def test_a_permitted_name_that_leads_into_a_private_network_is_not_followed(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the name service says is the only thing that is made up."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = (address, 443, 0, 0) if ":" in address else (address, 443)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", found)])
    failed = await refused("https://sun9-1.userapi.com/a.jpg", VK)
    assert (failed.code, failed.retry_after) == ("file_unreachable", None)
    assert "does not lie on the messenger's servers" in failed.sentence


async def test_the_configured_host_may_be_in_a_private_network() -> None:
    async def any_file(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x")

    async with serving(any_file) as base:
        named = base.replace("127.0.0.1", "localhost")
        assert await fetched(f"{named}/a", Hosts(base=named)) == b"x"


async def test_a_name_that_nobody_knows_may_be_known_later(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    failed = await refused("https://sun9-1.userapi.com/a.jpg", VK)
    assert failed.code == "file_unreachable"
    assert failed.retry_after


# --- limits and failures -----------------------------------------------------------------------------


async def test_a_declared_size_above_the_limit_is_refused_before_a_byte_is_read() -> None:
    async def large(request: web.Request) -> web.StreamResponse:
        return web.Response(body=bytes(3 * 1024 * 1024))

    async with serving(large) as base:
        failed = await refused(base, Hosts(base=base), most=2 * 1024 * 1024)
    assert (failed.code, failed.retry_after, failed.fault) == ("file_too_large", None, "content")
    assert failed.sentence == "The file is larger than is allowed: 3 MB, at most 2 MB."


async def test_bytes_are_counted_where_no_size_is_declared() -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < 100 * 1024 * 1024:
            await response.write(bytes(65536))
            sent += 65536
        return response

    async with serving(endless) as base:
        failed = await refused(base, Hosts(base=base), most=1024 * 1024)
    assert failed.code == "file_too_large"
    assert sent < 50 * 1024 * 1024


async def test_what_unpacks_to_too_much_is_too_large() -> None:
    async def bomb(request: web.Request) -> web.StreamResponse:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=gzip.compress(bytes(8 * 1024 * 1024)), headers={"Content-Encoding": "gzip"})

    async with serving(bomb) as base:
        assert (await refused(base, Hosts(base=base), most=1024 * 1024)).code == "file_too_large"


@pytest.mark.parametrize(
    ("status", "headers", "code", "again"),
    [
        (404, {}, "file_gone", None),
        (410, {}, "file_gone", None),
        (400, {}, "file_unreachable", None),
        (401, {}, "file_unreachable", None),
        (403, {}, "file_unreachable", None),
        (206, {}, "file_unreachable", None),
        (204, {}, "file_unreachable", None),
        (429, {}, "file_unreachable", 10),
        (429, {"Retry-After": "33"}, "file_unreachable", 33),
        (429, {"Retry-After": "99999"}, "file_unreachable", 600),
        (503, {"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}, "file_unreachable", 10),
        (500, {}, "file_unreachable", 10),
    ],
)
async def test_what_the_server_answers_is_told(
    status: int, headers: dict[str, str], code: str, again: float | None
) -> None:
    async def answers(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers)

    async with serving(answers) as base:
        failed = await refused(f"{base}/a?token=secret-value", Hosts(base=base))
        assert (failed.code, failed.retry_after) == (code, again)
        assert "secret-value" not in str(failed)
        assert "127.0.0.1" not in str(failed)
        russian = await refused(base, Hosts(base=base), language="ru")
        assert russian.sentence.startswith(("Файл не удалось получить: сервер", "Файла больше нет"))


async def test_a_slow_server_is_left_when_the_time_is_over() -> None:
    over = asyncio.Event()

    async def drips(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while not over.is_set():
            await response.write(b"x")
            await asyncio.sleep(0.02)
        return response

    async with serving(drips) as base:
        began = time.monotonic()
        failed = await refused(base, Hosts(base=base), seconds=0.4)
        over.set()
    assert time.monotonic() - began < 4
    assert (failed.code, failed.retry_after) == ("file_unreachable", 10)
    assert "took too long" in failed.sentence


async def test_redirects_share_the_time() -> None:
    over = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        if request.path == "/3":
            await over.wait()
        else:
            await asyncio.sleep(0.1)
        return web.Response(status=302, headers={"Location": f"/{int(request.path[1:]) + 1}"})

    async with serving(slow) as base:
        began = time.monotonic()
        failed = await refused(f"{base}/1", Hosts(base=base), seconds=0.4)
        over.set()
    assert time.monotonic() - began < 4
    assert "took too long" in failed.sentence


async def test_a_file_that_breaks_off_is_told_and_may_be_fetched_again() -> None:
    async def breaks_off(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(breaks_off) as base:
        failed = await refused(base, Hosts(base=base))
    assert (failed.code, failed.retry_after) == ("file_unreachable", 10)
    assert failed.__cause__ is None


async def test_nobody_there(unused_tcp_port: int) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}"
    failed = await refused(base, Hosts(base=base))
    assert (failed.code, failed.retry_after) == ("file_unreachable", 10)
    assert "no connection" in failed.sentence


async def test_what_the_reader_raises_stays_the_readers() -> None:
    async def any_file(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x")

    async with serving(any_file) as base:
        with pytest.raises(OSError, match="my own disk"):
            async with download(base, Hosts(base=base), most=10, seconds=5):
                raise OSError("my own disk")
