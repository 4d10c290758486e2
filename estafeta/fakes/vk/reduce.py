"""Makes `data/vk-api.json` from VK's own API schema: what the stand-in plays and what that refers to, without prose.

    python -m estafeta.fakes.vk.reduce SCHEMA_FOLDER

SCHEMA_FOLDER is a checkout of https://github.com/VKCOM/vk-api-schema (MIT). Sections that are not there become `{}`:
anything goes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent / "data" / "vk-api.json"
METHODS = (
    "docs.getMessagesUploadServer",
    "docs.save",
    "groups.addCallbackServer",
    "groups.deleteCallbackServer",
    "groups.editCallbackServer",
    "groups.getById",
    "groups.getCallbackConfirmationCode",
    "groups.getCallbackServers",
    "groups.getCallbackSettings",
    "groups.getLongPollServer",
    "groups.getLongPollSettings",
    "groups.getTokenPermissions",
    "groups.setCallbackSettings",
    "groups.setLongPollSettings",
    "groups.setSettings",
    "messages.delete",
    "messages.edit",
    "messages.getByConversationMessageId",
    "messages.getById",
    "messages.getConversationsById",
    "messages.getHistory",
    "messages.isMessagesFromGroupAllowed",
    "messages.markAsRead",
    "messages.send",
    "messages.deleteReaction",
    "messages.sendMessageEventAnswer",
    "messages.sendReaction",
    "messages.setActivity",
    "photos.getMessagesUploadServer",
    "photos.saveMessagesPhoto",
    "users.get",
    "wall.createComment",
    "wall.deleteComment",
    "wall.getComments",
)
EVENTS = (
    "callback_base",
    "callback_group_join",
    "callback_group_leave",
    "callback_message",
    "callback_message_allow",
    "callback_message_deny",
    "callback_message_event",
    "callback_message_object",
    "callback_message_reaction_event",
    "callback_message_read",
    "callback_message_typing_state",
    "callback_user_block",
    "callback_user_unblock",
    "callback_wall_comment_delete",
    "wall_wall_comment",
)
ALSO = ("base_error", "messages_keyboard", "messages_forward")
PROSE = frozenset({"description", "enumNames", "entity", "default"})


def slim(value: Any) -> Any:
    """Without prose; a reference is the bare name of what it refers to."""
    if isinstance(value, list):
        return [slim(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {key: item for key, item in value.items() if key not in PROSE or isinstance(item, dict)}
    if "properties" in kept:
        kept["properties"] = {name: slim(item) for name, item in kept["properties"].items()}
    return {
        key: item if key == "properties" else item.rsplit("/", 1)[-1] if key == "$ref" else slim(item)
        for key, item in kept.items()
        if key != "discriminator"
    }


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            else:
                yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def reduced(folder: Path) -> dict[str, Any]:
    read = partial(_read, folder)
    known: dict[str, Any] = {}
    for file in sorted(folder.glob("*/*.json")):
        if file.name != "methods.json":
            known.update(read(file.relative_to(folder))["definitions"])
    known = {name: slim(known[name]) for name in sorted(known)}
    methods = {}
    for name in METHODS:
        section = name.partition(".")[0]
        found = next(m for m in read(Path(section, "methods.json"))["methods"] if m["name"] == name)
        methods[name] = {
            "tokens": found["access_token_type"],
            "parameters": {
                p["name"]: {k: v for k, v in slim(p).items() if k != "name"} for p in found.get("parameters", [])
            },
            "responses": [slim(response)["$ref"] for response in found["responses"].values()],
        }
    definitions: dict[str, Any] = {}
    wanted = [*EVENTS, *ALSO, *references(methods), *(name for m in methods.values() for name in m["responses"])]
    while wanted:
        name = wanted.pop()
        if name not in definitions:
            definitions[name] = known.get(name, {})
            wanted.extend(references(definitions[name]))
    errors = read(Path("errors.json"))
    return {
        "version": errors["version"],
        "source": "https://github.com/VKCOM/vk-api-schema, reduced to names and types of what is played",
        "license": "MIT, Copyright (c) 2016 VK.com; see LICENSE beside this file",
        "errors": {str(error["code"]): error["description"] for error in errors["errors"].values()},
        "methods": methods,
        "definitions": {name: definitions[name] for name in sorted(definitions)},
    }


def _read(folder: Path, name: Path) -> Any:
    return json.loads((folder / name).read_text(encoding="utf-8"))


if __name__ == "__main__":
    data = reduced(Path(sys.argv[1]))
    TARGET.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
