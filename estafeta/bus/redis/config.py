"""Where Redis is, checked before anything is sent there."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_OPTIONS = frozenset(
    ("db", "username", "password", "ssl_ca_certs", "ssl_certfile", "ssl_keyfile", "ssl_cert_reqs", "ssl_check_hostname")
)
_EXPECTED = "redis://[user:password@]host:port/db, rediss:// for TLS, or unix:///path?db=0"


class RedisConfig(BaseModel):
    """One Redis server, 6.2 or newer, alone or behind one address; neither Sentinel nor Cluster.

    Installations that share a server differ in `prefix`, which all their keys and channels begin with.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: SecretStr = Field(description=f"address of Redis: {_EXPECTED}")
    prefix: str = Field(
        default="estafeta",
        pattern=r"\A[A-Za-z0-9_.:-]{1,64}\z",
        description="what all keys begin with; installations that share a Redis differ in it",
    )

    @field_validator("url")
    @classmethod
    def _url_is_one(cls, url: SecretStr) -> SecretStr:
        from redis.asyncio.connection import parse_url  # not needed where there is no Redis

        try:
            parts = urlsplit(url.get_secret_value())
            _check_parts(parts.scheme, parts.hostname or "", parts.path)
            _ = parts.port  # raises when it is no number
            parse_url(url.get_secret_value())
        except ValueError as error:
            # Never the message of a library: it might repeat what was given, password and all.
            said = str(error) if isinstance(error, _WrongUrl) else "it cannot be read"
            raise ValueError(f"this is no address of Redis, {said}; expected: {_EXPECTED}") from None
        unknown = sorted(set(parse_qs(parts.query)) - _OPTIONS)
        if unknown:
            raise ValueError(f"the address of Redis has options that are not known here: {', '.join(unknown)}")
        return url

    @property
    def where(self) -> str:
        """The address without its secrets, for people to read."""
        parts = urlsplit(self.url.get_secret_value())
        if parts.scheme == "unix":
            return parts.path
        return f"{parts.hostname}:{parts.port or 6379}{parts.path.rstrip('/')}"

    def connection(self) -> dict[str, Any]:
        """Arguments of a connection pool."""
        from redis.asyncio.connection import parse_url  # not needed where there is no Redis

        return dict(parse_url(self.url.get_secret_value()))

    def key(self, name: str, of: bytes = b"") -> bytes:
        """A key or channel of this installation. The prefix is a hash tag: all keys lie in one slot."""
        return b"{%b}:%b:%b" % (self.prefix.encode(), name.encode(), of) if of else f"{{{self.prefix}}}:{name}".encode()


class _WrongUrl(ValueError):
    pass


def _check_parts(scheme: str, host: str, path: str) -> None:
    if scheme == "unix":
        if not path.strip("/"):
            raise _WrongUrl("it has no path")
    elif scheme not in ("redis", "rediss"):
        raise _WrongUrl("it begins with none of redis://, rediss:// and unix://")
    elif not host:
        raise _WrongUrl("it has no host")
    elif path.strip("/") and not path.strip("/").isdecimal():
        raise _WrongUrl("the database behind the host is no number")
