"""The settings of one VK community, checked before anything is sent with them."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_TOKEN = re.compile(r"[A-Za-z0-9._-]{20,1024}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,50}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONFIRMATION = re.compile(r"[A-Za-z0-9]{1,64}")


class VkLimits(BaseModel):
    """How fast VK may be talked to."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: float = Field(
        default=20.0,
        gt=0,
        description="requests a second with the community's token; VK takes 20 "
        "(https://dev.vk.com/ru/api/bots/development/messages)",
    )
    threads: int = Field(
        default=24, ge=1, le=100, description="requests that may be on their way at once, each in a thread of its own"
    )


class VkConfig(BaseModel):
    """One community."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(
        description="the community's access token (Manage, API usage, Access tokens) with messages, photos, files, "
        "wall and management allowed"
    )
    group_id: int = Field(gt=0, lt=2**31, description="the community's number, as in vk.com/club123")
    account: str = Field(
        default="", description="name of the community in addresses and the callback's path; its number if empty"
    )
    mode: Literal["callback", "longpoll"] = Field(
        default="longpoll", description="callback: VK posts events to this platform; longpoll: the platform asks"
    )
    secret: SecretStr | None = Field(
        default=None,
        description="secret key of the callback server, what VK proves itself with; needed for mode callback: up to "
        "50 of A-Z, a-z, 0-9, _ and -",
    )
    confirmation: str | None = Field(
        default=None,
        description="the string VK wants to read from the callback server; asked of VK with the token if not set",
    )
    wall: bool = Field(default=True, description="whether comments on the community's wall are conversations too")
    base_url: str | None = Field(default=None, description="another server than VK's own, such as the stand-in")
    language: Literal["ru", "en"] = Field(default="ru", description="what operators read of failures: ru or en")
    limits: VkLimits = Field(default=VkLimits(), description="how fast VK may be talked to")

    @field_validator("token")
    @classmethod
    def _token_is_one(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no access token: take one in the community's Manage, API usage, Access tokens")
        return token

    @field_validator("secret")
    @classmethod
    def _secret_is_sendable(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("the callback's secret key is 1 to 50 characters out of A-Z, a-z, 0-9, _ and -")
        return secret

    @field_validator("account")
    @classmethod
    def _account_fits_a_path(cls, account: str) -> str:
        if account and not _ACCOUNT.fullmatch(account):
            raise ValueError("the account's name is up to 64 characters out of A-Z, a-z, 0-9, _ and -")
        return account

    @field_validator("confirmation")
    @classmethod
    def _confirmation_is_one(cls, confirmation: str | None) -> str | None:
        if confirmation and not _CONFIRMATION.fullmatch(confirmation):
            raise ValueError("the confirmation string is letters and digits, as the callback server's page shows it")
        return confirmation or None

    @field_validator("base_url")
    @classmethod
    def _url_is_http(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/\s]+", url):
            raise ValueError("the address begins with http:// or https:// and a host")
        return url.rstrip("/") if url else None

    @model_validator(mode="after")
    def _callback_has_a_secret(self) -> VkConfig:
        if self.mode == "callback" and self.secret is None:
            raise ValueError("mode is callback, so secret must be set: without it anybody could write as any customer")
        return self

    @property
    def name(self) -> str:
        """The account in addresses."""
        return self.account or str(self.group_id)
