"""A community's own settings: callback servers, Long Poll, what its token may do."""

from __future__ import annotations

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.callback import CallbackServer
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.schema import document
from estafeta.fakes.vk.world import SCOPES

NOT_EVENTS = frozenset({"group_id", "server_id", "api_version", "enabled"})


def add_server(caller: Caller, p: Json) -> Json:
    group = caller.own(p)
    added = caller.scene.callback.add(group.id, group.admin, p["url"], p["title"], p.get("secret_key", ""))
    return {"server_id": added.id}


def edit_server(caller: Caller, p: Json) -> int:
    server = _server(caller, p)
    caller.scene.callback.edit(server, p["url"], p["title"], p.get("secret_key", ""))
    return 1


def delete_server(caller: Caller, p: Json) -> int:
    server = _server(caller, p)
    del caller.scene.callback.servers[server.id]
    return 1


def servers(caller: Caller, p: Json) -> Json:
    group = caller.own(p)
    wanted = p.get("server_ids")
    items = [s.wire() for s in caller.scene.callback.of(group.id) if not wanted or s.id in wanted]
    return {"count": len(items), "items": items}


def confirmation(caller: Caller, p: Json) -> Json:
    return {"code": caller.scene.callback.codes[caller.own(p).id]}


def set_callback(caller: Caller, p: Json) -> int:
    server = _server(caller, p)
    server.version = p.get("api_version", server.version)
    _choose(server.events, p)
    return 1


def get_callback(caller: Caller, p: Json) -> Json:
    server = _server(caller, p)
    return {"api_version": server.version, "events": _flags(server.events)}


def _server(caller: Caller, p: Json) -> CallbackServer:
    group = caller.own(p)
    server = caller.scene.callback.servers.get(p.get("server_id", 0))
    if server is None or server.community != group.id:
        raise Refused(104)
    return server


def long_poll(caller: Caller, p: Json) -> Json:
    poll = caller.scene.polls[caller.own(p).id]
    if not poll.enabled:
        raise invalid("longpoll for this group is not enabled")
    return {"key": poll.key, "server": caller.scene.world.base + poll.path, "ts": str(poll.ts)}


def set_long_poll(caller: Caller, p: Json) -> int:
    poll = caller.scene.polls[caller.own(p).id]
    poll.enabled = p.get("enabled", poll.enabled)
    poll.version = p.get("api_version", poll.version)
    _choose(poll.events, p)
    return 1


def get_long_poll(caller: Caller, p: Json) -> Json:
    poll = caller.scene.polls[caller.own(p).id]
    return {"api_version": poll.version, "events": _flags(poll.events), "is_enabled": poll.enabled}


def set_settings(caller: Caller, p: Json) -> int:
    """Of the community's page "Messages": only whether bots may have buttons is played."""
    group = caller.own(p)
    group.bot_features = p.get("bots_capabilities", group.bot_features)
    return 1


def _choose(events: set[str], p: Json) -> None:
    """Kinds that are not named stay as they were."""
    for name, wanted in p.items():
        if name not in NOT_EVENTS:
            (events.add if wanted else events.discard)(name)


def _flags(events: set[str]) -> Json:
    return {name: int(name in events) for name in document()["definitions"]["groups_long_poll_events"]["properties"]}


def permissions(caller: Caller, _p: Json) -> Json:
    granted = [{"name": name, "setting": SCOPES[name]} for name in sorted(caller.group.scopes)]
    return {"mask": sum(SCOPES[name] for name in caller.group.scopes), "permissions": granted}
