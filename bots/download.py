"""A file fetched from an address that a messenger told: from the messenger's own hosts and nowhere else.

Such an address is untrusted, and this server sees what the sender does not: its own loopback, the private network,
a cloud's metadata. So only https to hosts that the channel names is followed, each redirect is checked anew, and a
name that leads to an address which is not of the public internet leads nowhere; what was checked is what is
connected to. Exempt is one origin, the one the administrator configured (a Bot API server of one's own, a stand-in).
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import quote, urljoin

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from estafeta.attachments.failures import Language, failure, too_large
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.ports import Incoming

_REDIRECTS = 3
_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 20.0
_AGAIN_AFTER = 10.0
_LONGEST_WAIT = 600.0
_LONGEST_URL = 8192
_CHUNK = 256 * 1024
_MOVED = frozenset({301, 302, 303, 307, 308})

# A host's name as https://www.rfc-editor.org/rfc/rfc1123#page-13 has it: letters, digits and hyphens between dots,
# and the last part is no number, so that no address is taken for a name.
_NAME = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
# Neither a user before the host nor a backslash, which some take for a slash: two readers of one URL must agree on
# where it leads.
_URL = re.compile(
    r"(?P<origin>https?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?)(?P<rest>(?:[/?#][^\x00-\x20\x7f\\]*)?)"
)
_AS_IT_IS = "%:/?#[]@!$&'()*+,;=~-._"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # https://www.rfc-editor.org/rfc/rfc6052#section-2.1
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """From where a channel's files may come.

    `allow`: hosts by name ("api.telegram.org"), or with all that are below them (".userapi.com"), over https on its
    usual port. `base`: an origin that the administrator configured ("http://127.0.0.1:8081"; a path is ignored),
    which may be anywhere.
    """

    allow: tuple[str, ...] = ()
    base: str = ""

    def __post_init__(self) -> None:
        for name in self.allow:
            if not _NAME.fullmatch(name.removeprefix(".")):
                raise ValueError(f"{name!r} is no host's name: write example.org, or .example.org for all below it")
        if self.base and _parsed(self.base) is None:
            raise ValueError("the base of a file's address is http(s)://host:port, without a user or a password")

    def permits(self, url: str) -> bool:
        """Whether the URL may be asked, as far as one can tell before its host's address is known."""
        parsed = _parsed(url)
        return parsed is not None and (self.trusts(parsed) or self._allows(parsed))

    def trusts(self, url: URL) -> bool:
        """Whether the URL is of the configured origin."""
        base = _parsed(self.base)
        return base is not None and (base.scheme, base.host, base.port) == (url.scheme, url.host, url.port)

    def _allows(self, url: URL) -> bool:
        host = url.host or ""
        return (
            url.scheme == "https"
            and url.port == 443
            and _NAME.fullmatch(host) is not None
            and any(host == name.removeprefix(".") or (name[0] == "." and host.endswith(name)) for name in self.allow)
        )


def _parsed(url: str) -> URL | None:
    """A URL of which everybody thinks the same; None for any other. Signed addresses stay as they are, to the byte;
    only what may not stand in a URL is encoded."""
    match = _URL.fullmatch(url) if len(url) <= _LONGEST_URL else None
    if match is None:
        return None
    try:
        parsed = URL(match["origin"].lower() + quote(match["rest"], safe=_AS_IT_IS), encoded=True)
        return parsed if parsed.host and parsed.port else None
    except ValueError:  # a port beyond 65535, brackets around what is no address, half of a surrogate pair
        return None


def is_public(address: str) -> bool:
    """Whether an IP address is of the public internet, and so is every address that it may stand for."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or (ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else None)
        if inner is not None:
            return is_public(str(inner))
        if ip.sixtofour is not None or ip.teredo is not None:  # tunnels that nobody serves files through
            return False
    return ip.is_global and not ip.is_multicast


class _NotPublic(OSError):
    """A name of the public internet that leads into a private network."""


class _PublicAddresses(AbstractResolver):
    """Gives the connection public addresses alone, but of the configured host whatever it has."""

    def __init__(self, hosts: Hosts) -> None:
        self._base = _parsed(hosts.base)
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if self._base is not None and (self._base.host, self._base.port) == (host, port):
            return found
        public = [address for address in found if is_public(address["host"])]
        if not public:
            raise _NotPublic(f"{host} leads to no address of the public internet")
        return public

    async def close(self) -> None:
        await self._resolver.close()


@asynccontextmanager
async def download(
    url: str,
    hosts: Hosts,
    *,
    headers: Mapping[str, str] | None = None,
    most: int,
    seconds: float,
    language: Language = "ru",
) -> AsyncIterator[Incoming]:
    """Opens what lies at `url`: at most `most` bytes, in at most `seconds` from now to the last of them.

    `headers` (a token) go to the origin of `url` alone, not to where it redirects. Raises `SendFailed` on entering
    or while the chunks are read: `file_gone`, `file_too_large`, or `file_unreachable`, with `retry_after` where
    trying again makes sense. Neither the URL nor anything of it gets into a sentence or a log, but for the host.
    """
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(resolver=_PublicAddresses(hosts), force_close=True),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"Accept-Encoding": "identity"},  # a few bytes may unpack to gigabytes
        trust_env=False,
    )
    async with session:
        request = _Request(session=session, hosts=hosts, headers=headers or {}, seconds=seconds, language=language)
        async with await request.answer(url) as answer:
            packed = "Content-Encoding" in answer.headers
            size = 0 if packed else answer.content_length or 0
            if size > most:
                raise too_large(language, most=most, size=size)
            yield Incoming(chunks=_chunks(answer, most, language), size=size, mime=answer.content_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A GET that follows redirects by hand, since each may lead out of what is allowed."""

    session: aiohttp.ClientSession
    hosts: Hosts
    headers: Mapping[str, str]
    seconds: float
    language: Language

    async def answer(self, url: str) -> aiohttp.ClientResponse:
        until = asyncio.get_running_loop().time() + self.seconds
        first = at = self._allowed(url)
        for _ in range(_REDIRECTS + 1):
            response = await self._asked(at, self.headers if at.origin() == first.origin() else {}, until)
            if response.status not in _MOVED:
                if response.status != 200:
                    response.close()
                    raise _refusal(response, self.language)
                return response
            response.close()
            at = self._allowed(_moved(at, response.headers.get("Location", "")))
        raise failure(
            "file_unreachable", self.language, ru="адрес файла ведёт по кругу", en="its address leads round in circles"
        )

    def _allowed(self, url: str) -> URL:
        parsed = _parsed(url)
        if parsed is not None and self.hosts.permits(url):
            return parsed
        _log.warning("download_refused", host=parsed.host if parsed is not None else "")
        raise _stranger(self.language)

    async def _asked(self, url: URL, headers: Mapping[str, str], until: float) -> aiohttp.ClientResponse:
        left = max(until - asyncio.get_running_loop().time(), 0.001)  # 0 would be no limit at all
        limits = aiohttp.ClientTimeout(total=left, sock_connect=_CONNECT_SECONDS, sock_read=_SILENT_SECONDS)
        try:
            return await self.session.get(url, headers=headers, allow_redirects=False, timeout=limits)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, _NotPublic):
                _log.warning("download_refused", host=url.host, private=True)
                raise _stranger(self.language) from None
            raise _broken(error, self.language) from None


def _moved(at: URL, location: str) -> str:
    """Where a redirect leads; "" where it cannot be said."""
    try:
        return urljoin(str(at), location) if location else ""
    except ValueError:
        return ""


async def _chunks(answer: aiohttp.ClientResponse, most: int, language: Language) -> AsyncIterator[bytes]:
    size = 0
    try:
        async for chunk in answer.content.iter_chunked(_CHUNK):
            size += len(chunk)
            if size > most:
                raise too_large(language, most=most)
            yield chunk
    except (aiohttp.ClientError, OSError) as error:
        raise _broken(error, language) from None


def _refusal(answer: aiohttp.ClientResponse, language: Language) -> SendFailed:
    if answer.status in (404, 410):
        return failure("file_gone", language)
    again = None
    if answer.status == 429 or answer.status >= 500:
        asked = answer.headers.get("Retry-After", "")
        again = min(float(asked), _LONGEST_WAIT) if re.fullmatch("[0-9]{1,9}", asked) else _AGAIN_AFTER
    return failure(
        "file_unreachable",
        language,
        ru=f"сервер мессенджера ответил {answer.status}",
        en=f"the messenger's server answered {answer.status}",
        retry_after=again,
    )


def _broken(error: Exception, language: Language) -> SendFailed:
    """The connection failed, was cut off, or all took too long (`TimeoutError` is an `OSError`)."""
    late = isinstance(error, TimeoutError)
    return failure(
        "file_unreachable",
        language,
        ru="сервер мессенджера не успел его отдать" if late else "нет связи с сервером мессенджера",
        en="the messenger's server took too long" if late else "no connection to the messenger's server",
        retry_after=_AGAIN_AFTER,
    )


def _stranger(language: Language) -> SendFailed:
    return failure(
        "file_unreachable",
        language,
        ru="он лежит не на серверах мессенджера",
        en="it does not lie on the messenger's servers",
    )
