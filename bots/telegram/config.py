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
        default=20.0, ge=2, description="messages and edits a minute in an operators' group"
    )
    group_counts_reactions: bool = Field(
        default=False, description="whether reactions take from what a group may get a minute; Telegram does not say"
    )


class TelegramGroup(BaseModel):
    """One group of operators. `skills` are those of the workspace whose tickets are shown there; () is all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: int = Field(description="id of a supergroup with topics (begins with -100)")
    skills: tuple[str, ...] = Field(default=(), description="skills whose tickets come here; none named: all")

    @field_validator("id")
    @classmethod
    def _group_is_one(cls, group: int) -> int:
        return _group(group)


class TelegramConfig(BaseModel):
    """One bot. `account` names it in addresses and in the webhook's path; it defaults to the bot's id.

    `group_id` is the operators' forum supergroup, `groups` further ones, `language` what operators read there.
    `desk_token` is another bot's, which works in these groups instead of this one: it has budgets of its own, since
    Telegram limits each bot (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this), and
    what operators do there does not wait behind what customers do. `base_url` is
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
    groups: tuple[TelegramGroup, ...] = Field(
        default=(),
        description='further groups, as a JSON list: [{"id": -1001234567890, "skills": ["delivery"]}]; a group that '
        "names a skill comes first for it, then those that name none, in their order",
    )
    overflow_after: float = Field(
        default=20.0, ge=0, description="seconds by which a group may be behind before its skill's next group is used"
    )
    desk_token: SecretStr | None = Field(
        default=None, description="token of another bot that works in the operators' groups instead of this one"
    )
    language: Literal["ru", "en"] = Field(default="ru", description="what operators read in their group: ru or en")
    limits: TelegramLimits = TelegramLimits()

    @field_validator("token", "desk_token")
    @classmethod
    def _token_is_one(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not _TOKEN.fullmatch(token.get_secret_value()):
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
        return None if group_id is None else _group(group_id)

    @model_validator(mode="after")
    def _webhook_has_a_secret(self) -> TelegramConfig:
        if self.mode == "webhook" and self.secret is None:
            raise ValueError("mode is webhook, so secret must be set: without it anybody could write as any customer")
        return self

    @model_validator(mode="after")
    def _groups_are_one_desk(self) -> TelegramConfig:
        if self.group_id is None and (self.groups or self.desk_token is not None):
            raise ValueError("groups and desk_token need a group_id: the operators' first group")
        ids = [group.id for group in self.desk_groups]
        if len(set(ids)) < len(ids):
            raise ValueError("group_id and groups name one group twice")
        if self.desk_token is not None and _bot(self.desk_token) == _bot(self.token):
            raise ValueError("desk_token is this very bot's: leave it out, or name another bot's")
        return self

    @property
    def desk_groups(self) -> tuple[TelegramGroup, ...]:
        """All groups of operators, the first one first."""
        return () if self.group_id is None else (TelegramGroup(id=self.group_id), *self.groups)

    @property
    def desk_bot(self) -> TelegramConfig:
        """The settings of the bot that works in the operators' groups; this one, or one that does nothing else."""
        if self.desk_token is None:
            return self
        return self.model_copy(update={"token": self.desk_token, "account": f"{self.name}-desk", "desk_token": None})

    @property
    def name(self) -> str:
        """The account in addresses."""
        return self.account or _bot(self.token)


def _bot(token: SecretStr) -> str:
    """The bot's id."""
    return token.get_secret_value().partition(":")[0]


def _group(group: int) -> int:
    if group >= 0:
        raise ValueError("a group's id is negative; a supergroup's begins with -100")
    return group
