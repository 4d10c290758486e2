"""What an administrator chooses about the chat on the site."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from bots.widget.capabilities import FILE_LIMIT

_SECRET_LENGTH = 32
"""Bytes: https://www.rfc-editor.org/rfc/rfc7518#section-3.2 (a key of the hash's size or larger)."""


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or value.lower() != f"{parts.scheme}://{parts.netloc}".lower()
        or "@" in parts.netloc
        or not value.isascii()
        or any(character in value for character in " ;,'\"")
    ):
        raise ValueError(f"{value!r} is no origin: write scheme://host or scheme://host:port, with http or https")
    return value.lower()


def _site(value: str) -> str:
    return value if value == "*" else _origin(value)


def _own_origin(value: str) -> str:
    return value and _origin(value)


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{value!r} is no address of a page: write it whole, with http or https")
    return value


class IdentityConfig(BaseModel):
    """How the site proves who its user is: a JWT signed by the site's server, with `sub` and `exp`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    algorithm: Literal["HS256", "RS256"] = Field(
        default="HS256", description="how the site signs; tokens signed otherwise are refused"
    )
    secret: SecretStr = Field(
        default=SecretStr(""), description="for HS256: what the site signs with, 32 characters or more"
    )
    public_key: str = Field(default="", description="for RS256: the site's public key, as PEM")
    audience: str = Field(default="", description="what `aud` of the token must be; if empty, it is not looked at")
    issuer: str = Field(default="", description="what `iss` of the token must be; if empty, it is not looked at")

    @model_validator(mode="after")
    def _has_its_key(self) -> Self:
        if self.algorithm == "HS256" and len(self.secret.get_secret_value().encode()) < _SECRET_LENGTH:
            raise ValueError("HS256 needs `secret` of 32 characters or more: openssl rand -hex 32 makes one")
        if self.algorithm == "RS256" and "BEGIN PUBLIC KEY" not in self.public_key:
            raise ValueError("RS256 needs `public_key` as PEM (-----BEGIN PUBLIC KEY-----)")
        return self


class GreetingRule(BaseModel):
    """Speaks first, once to a visitor, on the pages that it is for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: dict[str, str] = Field(min_length=1, description="what is said, by language")
    page: str = Field(
        default="*",
        max_length=200,
        description="the address of the page, where * is anything, for example https://shop.example/cart*",
    )
    after: float = Field(default=15.0, ge=0, le=3600, description="seconds on the page")

    @model_validator(mode="after")
    def _few_stars(self) -> Self:
        if self.page.count("*") > 3:
            raise ValueError("`page` may have three * at most")
        return self


class WidgetConfig(BaseModel):
    """One widget. `key` names it in the embedding tag and is no secret."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: str = Field(
        default="demo", pattern=r"^[A-Za-z0-9_-]{1,64}$", description="names the chat in the embedding tag; no secret"
    )
    sites: tuple[Annotated[str, AfterValidator(_site)], ...] = Field(
        default=(),
        description="origins of pages that may show the chat, besides the platform's own, as a JSON list; "
        '["*"] is any page',
    )
    origin: Annotated[str, AfterValidator(_own_origin)] = Field(
        default="", description="the platform's own origin as browsers see it; if empty, that of ESTAFETA_PUBLIC_URL"
    )
    accent: str = Field(default="#b0501c", pattern=r"^#[0-9a-fA-F]{6}$", description="colour of the chat, as #rrggbb")
    title: dict[str, str] = Field(
        default={"ru": "Чат с нами", "en": "Chat with us"}, description="title of the chat by language, as JSON"
    )
    languages: tuple[str, ...] = Field(
        default=("ru", "en"), min_length=1, description="taken from the workspace; the first is the default"
    )
    show_operator_names: bool = Field(default=False, description="whether customers see the names of operators")
    identity: IdentityConfig | None = Field(default=None, description="how the site proves who its user is")
    consent: dict[str, str] = Field(
        default={},
        description="what visitors agree to before anything is sent, by language, as JSON; if empty, nobody is asked",
    )
    consent_link: dict[str, Annotated[str, AfterValidator(_web_address)]] = Field(
        default={}, description="where the whole of it can be read, by language, as JSON"
    )
    greetings: tuple[GreetingRule, ...] = Field(
        default=(),
        max_length=5,
        description="when the chat speaks first, as a JSON list of {text, page, after}; the first that fits counts",
    )
    files: bool = Field(default=True, description="whether visitors may send files")
    file_limit: int = Field(default=20 * 1024 * 1024, ge=1, le=FILE_LIMIT, description="bytes in one file of a visitor")
    text_limit: int = Field(default=4000, ge=1, le=4000, description="characters (code points) in one message")
    burst: int = Field(default=20, ge=1, description="messages a visitor may send at once")
    rate: float = Field(default=1.0, gt=0, description="messages a second a visitor may send after that")
    uploads: float = Field(default=2.0, gt=0, description="files a second that all visitors together may send for long")
    sockets: int = Field(default=2000, ge=1, description="chats open at once, of everybody")
    sockets_per_visitor: int = Field(default=12, ge=1, description="chats open at once, of one visitor (tabs)")
    send_timeout: float = Field(
        default=10.0,
        gt=0,
        description="seconds a browser may take to swallow a frame before it is cut off (it comes back and resumes)",
    )

    def language(self, wanted: str) -> str:
        """The workspace's language nearest to a browser's (`ru-RU`, `EN_us`)."""
        short = wanted.replace("_", "-").split("-", 1)[0].lower()
        return short if short in self.languages else self.languages[0]

    @property
    def consent_version(self) -> str:
        """Names what is asked for now: another text is asked for anew. "" where nobody is asked."""
        if not self.consent:
            return ""
        asked = json.dumps([self.consent, self.consent_link], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()[:12]


def told(texts: dict[str, str], language: str) -> str:
    """In this language, else in the first that there is."""
    return texts.get(language) or next(iter(texts.values()), "")
