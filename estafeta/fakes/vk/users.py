"""users.get and groups.getById: who is who."""

from __future__ import annotations

from collections.abc import Iterable

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused
from estafeta.fakes.vk.world import Group

MIN = ("id", "first_name", "last_name", "can_access_closed", "is_closed", "deactivated")


def get(caller: Caller, p: Json) -> list[Json]:
    """Names stand in the nominative whatever `name_case` says: the stand-in declines nothing."""
    users = caller.scene.world.users
    wanted = p.get("user_ids") or ([caller.group.admin] if caller.admin else [])
    fields = set(p.get("fields", []))
    found = []
    for name in wanted:
        number = int(name.removeprefix("id")) if isinstance(name, str) and name.removeprefix("id").isdecimal() else name
        user = users.get(number) if isinstance(number, int) else _named(caller, number)
        if user is None and (not isinstance(number, int) or number < 1):
            raise Refused(113)
        if user is not None:
            found.append(_shown(user, fields))
    return found


def _named(caller: Caller, screen_name: str) -> Json | None:
    for user in caller.scene.world.users.values():
        if user.get("screen_name") == screen_name:
            return user
    return None


def _shown(user: Json, fields: set[str]) -> Json:
    shown: Json = {key: user[key] for key in MIN if key in user}
    more: Json = {"screen_name": f"id{user['id']}", "online": 0, "sex": 0}
    more |= {key: value for key, value in user.items() if key not in MIN}
    return shown | {key: value for key, value in more.items() if key in fields}


def profiles(caller: Caller, messages: Iterable[Json]) -> Json:
    """Whom messages are from, for answers with `extended`."""
    authors = {message["from_id"] for message in messages}
    users = caller.scene.world.users
    return {
        "profiles": [_shown(users[number], set()) for number in sorted(authors) if number in users],
        "groups": [described(caller.group)] if -caller.group.id in authors else [],
    }


def described(group: Group) -> Json:
    return {
        "id": group.id,
        "name": group.name,
        "screen_name": group.screen_name,
        "is_closed": 0,
        "type": "group",
        "photo_50": "https://vk.com/images/community_50.png",
        "photo_100": "https://vk.com/images/community_100.png",
        "photo_200": "https://vk.com/images/community_200.png",
    }


def get_groups(caller: Caller, p: Json) -> Json:
    """Without ids: the community whose token it is. Unknown ids are left out."""
    wanted = p.get("group_ids") or ([p["group_id"]] if "group_id" in p else [caller.group.id])
    groups = caller.scene.world.groups.values()
    return {"groups": [described(g) for g in groups if g.id in wanted or g.screen_name in wanted], "profiles": []}
