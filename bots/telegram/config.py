"""The settings of one Telegram bot, checked before anything is sent with them."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{3,100}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class TelegramLimits(BaseModel):
    """How fast Telegram may be talked to. The defaults are what it allows an ordinary bot
    (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bot_per_second: float = Field(default=30.0, gt=0, description="messages a second to all chats together")
    chat_per_second: float = Field(default=1.0, gt=0, description="messages a second to one customer, after the burst")
    chat_burst: float = Field(default=3.0, ge=1, description="messages to one customer that may go out at once")
    group_per_minute: float = Field(
        default=20.0, ge=2, description="messages and edits a minute in the operators' group"
    )


class TelegramConfig(BaseModel):
    """One bot. `account` names it in addresses and in the webhook's path; it defaults to the bot's id.

    `group_id` is the operators' forum supergroup, `language` what operators read there. `base_url` is
    another Bot API server than Telegram's own. `public_url` is the address under which Telegram reaches
    this platform; with it the webhook is set at the start.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(description="the bot's token from @BotFather; setting it turns Telegram on")
    account: str = Field(default="", description="name of the bot in addresses and the webhook's path; its id if empty")
    mode: Literal["polling", "webhook"] = Field(
        default="polling", description="polling: ask Telegram for updates; webhook: Telegram posts them"
    )
    secret: SecretStr | None = Field(
        default=None, description="what Telegram proves itself with; needed for mode webhook: A-Z, a-z, 0-9, _ and -"
    )
    base_url: str | None = Field(default=None, description="another Bot API server than Telegram's own")
    public_url: str | None = Field(
        default=None,
        description="https address Telegram reaches this platform under; with it the webhook is set at start",
    )
    group_id: int | None = Field(
        default=None,
        description="id of the operators' supergroup with topics (begins with -100); none: no Telegram desk",
    )
    language: Literal["ru", "en"] = Field(default="ru", description="what operators read in their group: ru or en")
    limits: TelegramLimits = TelegramLimits()

    @field_validator("token")
    @classmethod
    def _token_is_one(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("this is no bot token: @BotFather gives one that looks like 123456:ABC-def")
        return token

    @field_validator("secret")
    @classmethod
    def _secret_is_sendable(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not _SECRET.fullmatch(secret.get_secret_value()):
            raise ValueError("the webhook's secret is 1 to 256 characters out of A-Z, a-z, 0-9, _ and -")
        return secret

    @field_validator("account")
    @classmethod
    def _account_fits_a_path(cls, account: str) -> str:
        if account and not _ACCOUNT.fullmatch(account):
            raise ValueError("the account's name is up to 64 characters out of A-Z, a-z, 0-9, _ and -")
        return account

    @field_validator("base_url", "public_url")
    @classmethod
    def _url_is_http(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/\s]+", url):
            raise ValueError("the address begins with http:// or https:// and a host")
        return url.rstrip("/") if url else None

    @field_validator("group_id")
    @classmethod
    def _group_is_one(cls, group_id: int | None) -> int | None:
        if group_id is not None and group_id >= 0:
            raise ValueError("a group's id is negative; a supergroup's begins with -100")
        return group_id

    @model_validator(mode="after")
    def _webhook_has_a_secret(self) -> TelegramConfig:
        if self.mode == "webhook" and self.secret is None:
            raise ValueError("mode is webhook, so secret must be set: without it anybody could write as any customer")
        return self

    @property
    def name(self) -> str:
        """The account in addresses."""
        return self.account or self.token.get_secret_value().partition(":")[0]
