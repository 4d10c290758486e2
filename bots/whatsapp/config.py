"""The settings of one WhatsApp number, checked before anything is sent with them."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,32}")


class WhatsAppLimits(BaseModel):
    """How fast WhatsApp may be talked to. The defaults are what it allows an ordinary number
    (https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput and
    .../support/error-codes, 131056)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    per_second: float = Field(
        default=80.0,
        ge=1,
        description="messages a second from this number; 20 if it is used in the WhatsApp Business app too",
    )
    pair_seconds: float = Field(default=6.0, gt=0, description="seconds that one message to one customer takes up")
    pair_burst: int = Field(
        default=45, ge=1, description="messages to one customer that may go out at once; the time is paid back after"
    )


class WhatsAppConfig(BaseModel):
    """One number. `account` names it in addresses and in the webhook's path; it defaults to the number's id."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    token: SecretStr = Field(description="access token of a system user; setting it turns WhatsApp on")
    phone_number_id: str = Field(description="id of the number (not the number): WhatsApp Manager, API setup")
    waba_id: str = Field(description="id of the WhatsApp Business Account that the number belongs to")
    app_secret: SecretStr = Field(
        description="secret of the Meta app (App settings, Basic): what WhatsApp signs its webhooks with"
    )
    verify_token: SecretStr = Field(
        description="any word of your own; Meta repeats it when the webhook is set, to prove that it was you"
    )
    app_id: str = Field(default="", description="id of the Meta app; with it the doctor looks at the app's webhook")
    account: str = Field(
        default="", description="name of the number in addresses and the webhook's path; its id if empty"
    )
    base_url: str | None = Field(default=None, description="another server than https://graph.facebook.com")
    language: Literal["ru", "en"] = Field(default="ru", description="what operators read: ru or en")
    choose: str = Field(
        default="", max_length=20, description="what stands on the button that opens a list; Выбрать or Choose if empty"
    )
    limits: WhatsAppLimits = WhatsAppLimits()

    @field_validator("token", "app_secret", "verify_token")
    @classmethod
    def _secret_is_there(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text or text != text.strip() or any(not sign.isprintable() for sign in text):
            raise ValueError(
                "must be set, without spaces around it: without the token nothing can be sent, and without "
                "the app's secret and the verify token anybody could write as any customer"
            )
        return secret

    @field_validator("phone_number_id", "waba_id")
    @classmethod
    def _id_is_a_number(cls, value: str) -> str:
        if not _NUMBER.fullmatch(value):
            raise ValueError("an id is digits alone: WhatsApp Manager shows it under API setup")
        return value

    @field_validator("app_id")
    @classmethod
    def _app_is_a_number(cls, value: str) -> str:
        if value and not _NUMBER.fullmatch(value):
            raise ValueError("the app's id is digits alone: App settings, Basic")
        return value

    @field_validator("account")
    @classmethod
    def _account_fits_a_path(cls, account: str) -> str:
        if account and not _ACCOUNT.fullmatch(account):
            raise ValueError("the account's name is up to 64 characters out of A-Z, a-z, 0-9, _ and -")
        return account

    @field_validator("base_url")
    @classmethod
    def _url_is_http(cls, url: str | None) -> str | None:
        if url is not None and not re.match(r"https?://[^/\s]+", url):
            raise ValueError("the address begins with http:// or https:// and a host")
        return url.rstrip("/") if url else None

    @property
    def name(self) -> str:
        """The account in addresses."""
        return self.account or self.phone_number_id

    @property
    def opens_lists(self) -> str:
        """What stands on the button that opens a list."""
        return self.choose or ("Выбрать" if self.language == "ru" else "Choose")
