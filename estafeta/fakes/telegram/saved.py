"""The stand-in's chats in a JSON file, so that a restarted demo goes on where it was."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from estafeta.fakes.telegram.calls import BotApi
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.world import Chat, Press, StoredFile, Topic

FORMAT = 1


def save(path: Path, bots: Mapping[str, BotApi]) -> None:
    """The bots by their tokens, the first one first. All or nothing: written beside and renamed. Readable by its owner
    only (it holds tokens, and the webhooks' secrets)."""
    (_, first), *others = bots.items()
    world = first.scene.world
    state: Json = {
        "format": FORMAT,
        "counter": world.counter,
        "users": list(world.users.values()),
        **_kept(first, list(world.chats.values())),
        "bots": [
            {"token": token, "name": api.scene.world.bot["first_name"]}
            | _kept(api, [chat for chat in api.scene.world.chats.values() if chat.private])
            for token, api in others
        ],
    }
    beside = path.with_suffix(path.suffix + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(state, file, ensure_ascii=False)
    beside.replace(path)


def _kept(api: BotApi, chats: Sequence[Chat]) -> Json:
    """What is one bot's own, with these chats."""
    world, updates, webhook = api.scene.world, api.scene.updates, api.webhook
    return {
        "chats": [asdict(chat) | {"actions": {}} for chat in (*chats, *world.business_chats.values())],
        "businesses": list(world.businesses.values()),
        "files": [asdict(file) | {"content": base64.b64encode(file.content).decode()} for file in world.files.values()],
        "presses": [asdict(press) for press in world.presses.values()],
        "commands": world.commands,
        "updates": {
            "pending": webhook.undelivered(),
            "next_id": updates.next_id,
            "allowed": updates.allowed,
        },
        "webhook": {"url": webhook.url, "secret": webhook.secret, "max_connections": webhook.max_connections},
    }


def load(path: Path, first: BotApi, further: Callable[[str, str], BotApi]) -> None:
    """`further` makes the bot of this name and token. Raises ValueError with a sentence when the file is not a saved
    state of this format."""
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
        known = state["format"] == FORMAT
    except (ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise ValueError(f"{path} is not a saved state of the Telegram stand-in: delete it, or name another file.")
    world = first.scene.world
    world.counter = state["counter"]
    world.users.update({user["id"]: user for user in state["users"]})
    _restore(first, state)
    for saved in state.get("bots", ()):
        _restore(further(saved["name"], saved["token"]), saved)


def _restore(api: BotApi, state: Json) -> None:
    world, updates, webhook = api.scene.world, api.scene.updates, api.webhook
    for saved in state["chats"]:
        chat = _chat(saved)
        if chat.connection:
            world.business_chats[chat.connection, chat.id] = chat
        else:
            world.chats[chat.id] = chat
    world.businesses.update({business["id"]: business for business in state.get("businesses", ())})
    for file in state["files"]:
        world.files[file["id"]] = StoredFile(**file | {"content": base64.b64decode(file["content"])})
    world.presses.update({press["id"]: Press(**press) for press in state["presses"]})
    world.commands.update(state["commands"])
    updates.pending.extend(state["updates"]["pending"])
    updates.next_id, updates.allowed = state["updates"]["next_id"], state["updates"]["allowed"]
    webhook.url, webhook.secret = state["webhook"]["url"], state["webhook"]["secret"]
    webhook.max_connections = state["webhook"]["max_connections"]


def _chat(saved: Json) -> Chat:
    """JSON's keys are texts; ours are numbers."""
    return Chat(
        **saved
        | {
            "members": _numbered(saved["members"]),
            "topics": {number: Topic(**topic) for number, topic in _numbered(saved["topics"]).items()},
            "messages": _numbered(saved["messages"]),
            "reactions": {number: _numbered(given) for number, given in _numbered(saved["reactions"]).items()},
            "actions": {},
        }
    )


def _numbered(entries: dict[str, Any]) -> dict[int, Any]:
    return {int(key): value for key, value in entries.items()}
