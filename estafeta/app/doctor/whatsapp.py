"""What Meta says about a number: the token and its rights, the number's standing, the subscription and where it leads.

`examine` asks and changes nothing. `connect` subscribes the app to the WhatsApp Business Account and sends the
account's webhooks here, as far as the API allows; what it does not, it says to click.
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview and .../webhooks/override,
https://developers.facebook.com/docs/graph-api/reference/debug_token and .../reference/app/subscriptions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from bots.whatsapp.client import WhatsAppClient
from bots.whatsapp.config import WhatsAppConfig
from bots.whatsapp.convert import FIELDS
from bots.whatsapp.fields import obj, objects, string
from bots.whatsapp.webhook import path
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError, SendFailed
from estafeta.kernel.ports import Clock

_RIGHTS = {
    "whatsapp_business_messaging": "nothing can be sent without it",
    "whatsapp_business_management": "templates and the subscription cannot be read without it",
}
_OBJECT = "whatsapp_business_account"
_SOON = 7 * 86400
_WITH_APP = 20.0
"""Messages a second of a number that is used in the WhatsApp Business app too
(https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput)."""
_NUMBER = "display_phone_number,verified_name,quality_rating,status,name_status,is_on_biz_app"
_TOKENS = "Business settings, Users, System users, Generate new token"
_CONFIGURATION = "the Meta app's WhatsApp, Configuration"


async def examine(config: WhatsAppConfig, clock: Clock, public_url: str | None = None) -> list[Finding]:
    """`public_url`: the address under which Meta is to reach this platform."""
    client = WhatsAppClient(config.model_copy(update={"language": "en"}), clock=clock)
    found: list[Finding] = []
    try:
        async for finding in _examined(client, config, clock, public_url):
            found.append(finding)  # noqa: PERF401  what was found before a failure counts
    except SendFailed as failed:
        found.append(error(_about(config), failed.sentence))
    finally:
        await client.close()
    return found


async def connect(config: WhatsAppConfig, public_url: str | None, clock: Clock) -> list[str]:
    """Subscribes, and says what was done. Meta verifies the address at once, so the platform must be running. Raises
    `ConfigurationError` with what to click."""
    if not public_url:
        raise ConfigurationError(
            f"WhatsApp account {config.name}: the address under which Meta reaches this platform is not known: "
            "set ESTAFETA_PUBLIC_URL."
        )
    if config.base_url is None and urlsplit(public_url).scheme != "https":
        raise ConfigurationError(f"WhatsApp account {config.name}: Meta posts to https alone: correct public_url.")
    url = public_url.rstrip("/") + path(config.name)
    client = WhatsAppClient(config.model_copy(update={"language": "en"}), clock=clock)
    try:
        return [line async for line in _connected(client, config, url)]
    except SendFailed as failed:
        raise ConfigurationError(
            f"WhatsApp account {config.name}: {failed.sentence} "
            f"Is the platform running, and does {_host(url)} reach it from the internet?"
        ) from None
    finally:
        await client.close()


# --- looking -------------------------------------------------------------------------------------


async def _examined(
    client: WhatsAppClient, config: WhatsAppConfig, clock: Clock, public_url: str | None
) -> AsyncIterator[Finding]:
    async for finding in _token(client, config, clock):
        yield finding
    number = await client.call("GET", config.phone_number_id, query={"fields": _NUMBER})
    for finding in _standing(config, number):
        yield finding
    yield await _belongs(client, config)
    with_app = number.get("is_on_biz_app") is True
    async for finding in _subscribed(client, config, public_url, with_app=with_app):
        yield finding


async def _token(client: WhatsAppClient, config: WhatsAppConfig, clock: Clock) -> AsyncIterator[Finding]:
    about = _about(config, "token")
    try:
        query = {"input_token": config.token.get_secret_value()}
        told = obj((await client.call("GET", "debug_token", query=query, token=_app(config))).get("data"))
    except SendFailed:
        yield warning(about, "Meta does not tell about the token: set app_id, and see that app_secret is that app's.")
        return
    if told.get("is_valid") is not True:
        yield error(about, f"It has expired or was revoked: {_TOKENS}.")
        return
    scopes = told.get("scopes")
    missing = [right for right in _RIGHTS if right not in (scopes if isinstance(scopes, list) else ())]
    for right in missing:
        yield error(about, f"It lacks {right}, and {_RIGHTS[right]}: {_TOKENS}, with that permission.")
    expires = told.get("expires_at")
    left = expires - clock.now().timestamp() if type(expires) is int and expires > 0 else None
    if left is not None and left < _SOON:
        day = datetime.fromtimestamp(clock.now().timestamp() + max(left, 0), UTC).date()
        yield warning(about, f"It expires on {day}; a system user's may last for ever: {_TOKENS}, Never.")
    elif not missing:
        yield fine(about, "it is valid and has its permissions" + ("" if left else ", and does not expire"))


def _standing(config: WhatsAppConfig, number: Mapping[str, Any]) -> list[Finding]:
    about = _about(config, "number")
    name = f"{_word(number.get('display_phone_number'))} ({_word(number.get('verified_name'))})"
    status, quality = string(number.get("status")), string(number.get("quality_rating"))
    if status not in ("", "CONNECTED"):
        return [error(about, f"{name} is {_word(status)}, not connected: WhatsApp Manager, Phone numbers, tells why.")]
    found = [fine(about, f"it is {name}, connected")]
    if quality in ("RED", "YELLOW"):
        why = "customers block it or complain of it, and WhatsApp will let it write to fewer"
        found.append(warning(about, f"Its quality is {quality.lower()}: {why}. See WhatsApp Manager, Insights."))
    if number.get("is_on_biz_app") is True and config.limits.per_second > _WITH_APP:
        found.append(
            warning(
                about,
                f"It is used in the WhatsApp Business app too, which allows {_WITH_APP:.0f} messages a second: set "
                f"limits.per_second to {_WITH_APP:.0f}.",
            )
        )
    return found


async def _belongs(client: WhatsAppClient, config: WhatsAppConfig) -> Finding:
    about = _about(config, "account")
    page = await client.call("GET", f"{config.waba_id}/phone_numbers", query={"fields": "id", "limit": "100"})
    ids = [string(node.get("id")) for node in objects(page.get("data"))]
    if config.phone_number_id not in ids and not obj(page.get("paging")).get("next"):
        return error(
            about, f"The number {config.phone_number_id} is not of the account {config.waba_id}: correct waba_id."
        )
    return fine(about, f"the number is one of {len(ids)} of the account {config.waba_id}")


async def _subscribed(
    client: WhatsAppClient, config: WhatsAppConfig, public_url: str | None, *, with_app: bool
) -> AsyncIterator[Finding]:
    about, mend = _about(config, "webhook"), "run: estafeta channels connect whatsapp"
    ours = await _subscription(client, config)
    if ours is None:
        yield error(about, f"The app is not subscribed to the account, so nothing customers write comes here: {mend}.")
        return
    leads = string(ours.get("override_callback_uri"))
    if not config.app_id:
        yield warning(about, "The app's own webhook and its fields cannot be looked at: set app_id.")
    else:
        webhook = await _webhook(client, config)
        leads = leads or string(webhook.get("callback_url"))
        yield _fields(about, webhook, with_app=with_app)
    if not leads:
        yield error(about, f"It leads nowhere: {mend}.")
    elif public_url and leads != public_url.rstrip("/") + path(config.name):
        yield error(about, f"It leads to {_host(leads)}{urlsplit(leads).path}, and not to this platform: {mend}.")
    else:
        yield fine(about, f"it leads to {_host(leads)}")


def _fields(about: str, webhook: Mapping[str, Any], *, with_app: bool) -> Finding:
    names = _names(webhook)
    wanted = [name for name in FIELDS if name != "smb_message_echoes" or with_app]
    missing = [name for name in wanted if name not in names]
    if missing:
        return error(about, f"The app is not told of {', '.join(missing)}: subscribe to it in {_CONFIGURATION}.")
    return fine(about, f"the app is told of {', '.join(wanted)}")


async def _subscription(client: WhatsAppClient, config: WhatsAppConfig) -> Mapping[str, Any] | None:
    """The app's, among those of the account; without an id to know it by, the only one there is."""
    page = await client.call("GET", f"{config.waba_id}/subscribed_apps")
    apps = objects(page.get("data"))
    ids = [string(obj(one.get("whatsapp_business_api_data")).get("id")) for one in apps]
    if config.app_id:
        return apps[ids.index(config.app_id)] if config.app_id in ids else None
    return apps[0] if apps else None


async def _webhook(client: WhatsAppClient, config: WhatsAppConfig) -> Mapping[str, Any]:
    page = await client.call("GET", f"{config.app_id}/subscriptions", token=_app(config))
    return next((one for one in objects(page.get("data")) if one.get("object") == _OBJECT), {})


# --- connecting ----------------------------------------------------------------------------------


async def _connected(client: WhatsAppClient, config: WhatsAppConfig, url: str) -> AsyncIterator[str]:
    verify = config.verify_token.get_secret_value()
    if config.app_id:
        webhook = await _webhook(client, config)
        if not webhook.get("callback_url"):
            fields = ",".join(FIELDS)
            body = {"object": _OBJECT, "callback_url": url, "verify_token": verify, "fields": fields}
            await client.call("POST", f"{config.app_id}/subscriptions", body=body, token=_app(config))
            yield f"The app had no webhook: it posts to {_host(url)} from now on, and is told of {', '.join(FIELDS)}."
        elif missing := [name for name in FIELDS if name not in _names(webhook)]:
            yield f"The app is not told of {', '.join(missing)}: subscribe to it in {_CONFIGURATION}."
    else:
        yield f"Without app_id the app's fields are not known: see that {', '.join(FIELDS)} are on in {_CONFIGURATION}."
    body = {"override_callback_uri": url, "verify_token": verify}
    await client.call("POST", f"{config.waba_id}/subscribed_apps", body=body)
    yield f"The account {config.waba_id} posts what customers write to {_host(url)}{path(config.name)} from now on."


def _names(webhook: Mapping[str, Any]) -> list[str]:
    return [string(one.get("name")) for one in objects(webhook.get("fields"))]


def _app(config: WhatsAppConfig) -> SecretStr | None:
    """The app's own token (https://developers.facebook.com/docs/facebook-login/guides/access-tokens#apptokens)."""
    return SecretStr(f"{config.app_id}|{config.app_secret.get_secret_value()}") if config.app_id else None


def _about(config: WhatsAppConfig, part: str = "") -> str:
    return f"whatsapp {config.name} {part}".rstrip()


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2] or "an address that is none"


def _word(value: object) -> str:
    """A text of Meta's, for a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))[:200]
