"""What VK says about a community: the token and its rights, the callback server or Long Poll, the events that come.

`examine` asks and changes nothing. `connect` sets what a community's token may set: the bot's features, the callback
server with its events, or Long Poll with its. https://dev.vk.com/ru/method/groups
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from bots.vk import comments, convert
from bots.vk.callback import path
from bots.vk.client import VkClient
from bots.vk.config import VkConfig
from bots.vk.session import API_VERSION
from bots.vk.wire import array, integer, obj, string
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError, SendFailed
from estafeta.kernel.ports import Clock

TITLE = "estafeta"
"""Of the callback server; at most 14 characters."""

_RIGHTS = {
    "messages": "nothing can be read or written without it",
    "manage": "the callback server and Long Poll cannot be looked at or set without it",
    "photos": "no photo reaches a customer without it",
    "docs": "no file and no voice message reaches a customer without it",
}
_CONFIRMED_WITHIN, _BETWEEN_CHECKS = 15.0, 0.5
_MOST_SERVERS = 10
_TOKENS = "the community's Manage, API usage, Access tokens"


def events(config: VkConfig) -> tuple[str, ...]:
    """What VK must tell of."""
    return (*convert.EVENTS, *(comments.EVENTS if config.wall else ()))


async def examine(config: VkConfig, clock: Clock, public_url: str | None = None) -> list[Finding]:
    """`public_url`: the address under which VK is to reach this platform."""
    client = VkClient(config.model_copy(update={"language": "en"}), clock=clock)
    try:
        return [finding async for finding in _examined(client, config, public_url)]
    except SendFailed as failed:
        return [error(f"vk {config.name}", failed.sentence)]
    finally:
        client.close()


async def connect(config: VkConfig, public_url: str | None, clock: Clock) -> list[str]:
    """Sets the callback server (which VK confirms at once, so the platform must be running) or Long Poll, and
    switches buttons on. Says what was done. Raises `ConfigurationError` with what to click."""
    client = VkClient(config.model_copy(update={"language": "en"}), clock=clock)
    try:
        done = [await _with_buttons(client, config)]
        if config.mode == "callback":
            return done + [line async for line in _with_callback(client, config, public_url, clock)]
        return [*done, await _with_long_poll(client, config)]
    except SendFailed as failed:
        raise ConfigurationError(f"VK account {config.name}: {failed.sentence}") from None
    finally:
        client.close()


# --- looking -------------------------------------------------------------------------------------


async def _examined(client: VkClient, config: VkConfig, public_url: str | None) -> AsyncIterator[Finding]:
    about = f"vk {config.name}"
    found = obj(await client.call("groups.getById", group_id=config.group_id, fields="can_message"))
    groups = array(found.get("groups"), 1)
    if not groups or integer(obj(groups[0]).get("id")) != config.group_id:
        yield error(about, f"VK knows no community {config.group_id}: correct group_id.")
        return
    community = obj(groups[0])
    yield fine(about, f"the community is {_word(community.get('name'))} (vk.com/{_word(community.get('screen_name'))})")
    if community.get("can_message") == 0:
        yield error(about, "Messages are off: switch on Manage, Messages, Community messages.")
    rights = await _rights(client)
    for name, why in _RIGHTS.items():
        if name not in rights:
            level = error if name in ("messages", "manage") else warning
            yield level(f"{about} token", f"the right {name} is missing: {why}. Make a token with it in {_TOKENS}.")
    if config.wall and "wall" not in rights:
        yield warning(
            f"{about} token",
            f"the right wall is missing: comments are not answered. Make a token with it in {_TOKENS}.",
        )
    if all(name in rights for name in _RIGHTS):
        yield fine(f"{about} token", f"it has the rights {', '.join(sorted(map(_word, rights)))}")
    if "manage" not in rights:
        return
    if config.mode == "callback":
        async for finding in _callback(client, config, public_url):
            yield finding
    else:
        yield await _long_poll(client, config)


async def _rights(client: VkClient) -> set[str]:
    answer = obj(await client.call("groups.getTokenPermissions"))
    return {string(obj(right).get("name")) for right in array(answer.get("permissions"), 100)}


async def _callback(client: VkClient, config: VkConfig, public_url: str | None) -> AsyncIterator[Finding]:
    about = f"vk {config.name} callback"
    mend = "Run `estafeta channels connect vk` while the platform is running."
    server = _ours(await _servers(client), config, public_url)
    if server is None:
        yield error(about, f"no callback server leads to this platform. {mend}")
        return
    status = string(server.get("status"))
    if status != "ok":
        yield error(about, f"VK has not confirmed the server or has given it up (it says {_word(status)!r}). {mend}")
    if config.secret is not None and string(server.get("secret_key")) != config.secret.get_secret_value():
        yield error(about, f"VK has another secret key than the settings, so every event is refused. {mend}")
    settings = obj(
        await client.call("groups.getCallbackSettings", group_id=config.group_id, server_id=integer(server.get("id")))
    )
    yield _events(about, settings, config, mend)
    if status == "ok":
        yield fine(about, f"the server is confirmed; it leads to {_host(string(server.get('url')))}")


async def _long_poll(client: VkClient, config: VkConfig) -> Finding:
    about = f"vk {config.name} long poll"
    mend = "Run `estafeta channels connect vk`, or look at Manage, API usage, Long Poll API."
    settings = obj(await client.call("groups.getLongPollSettings", group_id=config.group_id))
    if settings.get("is_enabled") not in (True, 1):
        return error(about, f"it is off. {mend}")
    return _events(about, settings, config, mend)


def _events(about: str, settings: dict[str, Any], config: VkConfig, mend: str) -> Finding:
    told = obj(settings.get("events"))
    # Kinds that VK's answer has no field for cannot be looked at.
    missing = [kind for kind in events(config) if told.get(kind, 1) not in (True, 1)]
    version = string(settings.get("api_version"))
    if missing:
        return error(about, f"VK does not tell of {', '.join(missing)}. {mend}")
    if version != API_VERSION:
        return error(about, f"events come in version {_word(version)}, but {API_VERSION} is understood. {mend}")
    return fine(about, f"all that is needed is told, in version {version}")


# --- setting -------------------------------------------------------------------------------------


async def _with_buttons(client: VkClient, config: VkConfig) -> str:
    await client.call("groups.setSettings", group_id=config.group_id, messages=True, bots_capabilities=True)
    return f"VK account {config.name}: the community's messages and bot features are on."


async def _with_long_poll(client: VkClient, config: VkConfig) -> str:
    wanted: dict[str, Any] = dict.fromkeys(events(config), 1)
    await client.call(
        "groups.setLongPollSettings", group_id=config.group_id, enabled=True, api_version=API_VERSION, **wanted
    )
    return f"VK account {config.name}: Long Poll is on, with {len(wanted)} kinds of events in version {API_VERSION}."


async def _with_callback(
    client: VkClient, config: VkConfig, public_url: str | None, clock: Clock
) -> AsyncIterator[str]:
    if not public_url or config.secret is None:
        raise ConfigurationError(
            f"VK account {config.name}: mode callback needs a secret and the public address of this platform, under "
            "which VK is to reach it; or use mode: longpoll."
        )
    url = public_url.rstrip("/") + path(config.name)
    servers = await _servers(client)
    server = _ours(servers, config, public_url) or next((s for s in servers if s.get("title") == TITLE), None)
    secret = config.secret.get_secret_value()
    values: dict[str, Any] = {"group_id": config.group_id, "url": url, "title": TITLE, "secret_key": secret}
    if server is not None:
        number = integer(server.get("id"))
        await client.call("groups.editCallbackServer", server_id=number, **values)
        yield f"VK account {config.name}: the callback server {number} leads to {_host(url)} now."
    elif len(servers) >= _MOST_SERVERS:
        raise ConfigurationError(
            f"VK account {config.name}: the community has {_MOST_SERVERS} callback servers, and VK takes no more: "
            "delete one in Manage, API usage, Callback API."
        )
    else:
        number = integer(obj(await client.call("groups.addCallbackServer", **values)).get("server_id"))
        yield f"VK account {config.name}: a callback server leads to {_host(url)} now."
    wanted: dict[str, Any] = dict.fromkeys(events(config), 1)
    await client.call(
        "groups.setCallbackSettings", group_id=config.group_id, server_id=number, api_version=API_VERSION, **wanted
    )
    await _confirmed(client, config, number, clock)
    yield f"VK account {config.name}: VK has confirmed it; {len(wanted)} kinds of events come to it."


async def _confirmed(client: VkClient, config: VkConfig, number: int | None, clock: Clock) -> None:
    status, until = "", clock.monotonic() + _CONFIRMED_WITHIN
    while clock.monotonic() < until:
        server = next((s for s in await _servers(client) if integer(s.get("id")) == number), {})
        status = string(server.get("status"))
        if status == "ok":
            return
        if status == "failed":
            break
        await clock.sleep(_BETWEEN_CHECKS)
    configured = " Is `confirmation` in the settings what VK shows? Better leave it out." if config.confirmation else ""
    raise ConfigurationError(
        f"VK account {config.name}: VK could not confirm the callback server (it says {_word(status)!r}). Is the "
        f"platform running, and does {path(config.name)} reach it from the internet over https?{configured} "
        "Then try again."
    )


async def _servers(client: VkClient) -> list[dict[str, Any]]:
    answer = obj(await client.call("groups.getCallbackServers", group_id=client.group_id))
    return [obj(server) for server in array(answer.get("items"), 100)]


def _ours(servers: list[dict[str, Any]], config: VkConfig, public_url: str | None) -> dict[str, Any] | None:
    """The server at our address, or at some address with our path where ours is not known."""
    for server in servers:
        url = string(server.get("url"))
        if url == (public_url.rstrip("/") + path(config.name) if public_url else ""):
            return server
        if not public_url and url.endswith(path(config.name)):
            return server
    return None


def _host(url: str) -> str:
    """Without the path, which may hold somebody's secret."""
    return _word(url.partition("://")[2].partition("/")[0].rpartition("@")[2]) or "an address that is none"


def _word(value: object) -> str:
    """A text of VK's, for a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in str(value))[:200]
