"""Bot API methods that ask: the bot, chats, members, commands, files."""

from __future__ import annotations

from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.media import DOWNLOAD_LIMIT
from estafeta.fakes.telegram.scene import Scene, Uploads
from estafeta.fakes.telegram.world import Chat, member

NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def get_me(scene: Scene, _p: Json, _files: Uploads) -> Json:
    return scene.world.bot | {
        "can_join_groups": True,
        "can_read_all_group_messages": not scene.groups_private,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _reachable(scene: Scene, p: Json) -> Chat:
    chat = scene.chat(p["chat_id"])
    if not chat.private and chat.status(scene.bot_id) in {"left", "kicked"}:
        raise bad("chat not found")
    return chat


def get_chat(scene: Scene, p: Json, _files: Uploads) -> Json:
    chat = _reachable(scene, p)
    full: Json = chat.brief | {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": NO_GIFTS}
    if chat.pinned and chat.pinned[-1] in chat.messages:
        full["pinned_message"] = chat.messages[chat.pinned[-1]]
    return full


def get_chat_member(scene: Scene, p: Json, _files: Uploads) -> Json:
    chat = _reachable(scene, p)
    found = chat.members.get(p["user_id"])
    if found is not None:
        return found
    user = scene.world.users.get(p["user_id"])
    if user is None:
        raise bad("PARTICIPANT_ID_INVALID")
    return member(user, "member" if chat.private and user["id"] == chat.id else "left")


def get_chat_administrators(scene: Scene, p: Json, _files: Uploads) -> list[Json]:
    chat = _reachable(scene, p)
    if chat.private:
        raise bad("there are no administrators in the private chat")
    return [
        entry
        for entry in chat.members.values()
        if entry["status"] in {"creator", "administrator"}
        and (not entry["user"]["is_bot"] or entry["user"]["id"] == scene.bot_id)
    ]


def get_chat_member_count(scene: Scene, p: Json, _files: Uploads) -> int:
    chat = _reachable(scene, p)
    return 2 if chat.private else sum(1 for e in chat.members.values() if e["status"] not in {"left", "kicked"})


def _scope(scene: Scene, p: Json) -> str:
    scope = p.get("scope", {"type": "default"})
    if "chat_id" in scope:
        _reachable(scene, scope)
    place = [str(scope[key]) for key in ("type", "chat_id", "user_id") if key in scope]
    return ":".join([*place, p.get("language_code", "")])


def set_my_commands(scene: Scene, p: Json, _files: Uploads) -> bool:
    commands: list[Json] = p["commands"]
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for entry in commands:
        name, text = entry["command"].removeprefix("/"), entry["description"]
        if not (1 <= len(name) <= 32 and name.replace("_", "a").isalnum() and name == name.lower() and name.isascii()):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(text) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    scene.world.commands[_scope(scene, p)] = commands
    scene.changed()
    return True


def get_my_commands(scene: Scene, p: Json, _files: Uploads) -> list[Json]:
    return scene.world.commands.get(_scope(scene, p), [])


def delete_my_commands(scene: Scene, p: Json, _files: Uploads) -> bool:
    scene.world.commands.pop(_scope(scene, p), None)
    return True


def get_file(scene: Scene, p: Json, _files: Uploads) -> Json:
    file = scene.world.files.get(p["file_id"])
    if file is None:
        raise bad("invalid file_id")
    if file.size > DOWNLOAD_LIMIT:
        raise bad("file is too big")
    return file.wire()
