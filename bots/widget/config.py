"""What an administrator chooses about the chat on the site."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


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
    text_limit: int = Field(default=4000, ge=1, le=4000, description="characters (code points) in one message")
    burst: int = Field(default=20, ge=1, description="messages a visitor may send at once")
    rate: float = Field(default=1.0, gt=0, description="messages a second a visitor may send after that")
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
