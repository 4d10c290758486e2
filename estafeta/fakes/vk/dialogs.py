"""Methods about conversations: reading them, typing, marks, reactions, answers to pressed buttons."""

from __future__ import annotations

import json
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.users import profiles
from estafeta.fakes.vk.world import CHATS, Dialog

ACTIVITY_SECONDS = 10
SNACKBAR = 90


def mark_as_read(caller: Caller, p: Json) -> int:
    dialog = caller.dialog(caller.peer(p))
    dialog.in_read = max((m["id"] for m in dialog.messages.values() if not m["out"]), default=dialog.in_read)
    caller.scene.changed()
    return 1


def set_activity(caller: Caller, p: Json) -> int:
    if "type" not in p:
        raise invalid("type is undefined")
    dialog = caller.dialog(caller.peer(p))
    dialog.doing = (p["type"], caller.scene.world.now() + ACTIVITY_SECONDS)
    caller.scene.changed()
    return 1


def answer_event(caller: Caller, p: Json) -> int:
    """An event is answered once, by whom it was told to."""
    press = caller.group.presses.get(p["event_id"])
    if press is None or press.answered or (press.user, press.peer) != (p["user_id"], p["peer_id"]):
        raise invalid("event_id is invalid")
    press.answer = _event_data(p["event_data"]) if p.get("event_data") else None
    press.answered = True
    caller.scene.changed()
    return 1


def _event_data(value: str) -> Json:
    try:
        data = json.loads(value)
    except (ValueError, RecursionError):
        raise invalid("event_data is not a valid JSON") from None
    match data:
        case {"type": "show_snackbar", "text": str(text), **more} if 0 < len(text) <= SNACKBAR and not more:
            return dict(data)
        case {"type": "open_link", "link": str(link), **more} if link and not more:
            return dict(data)
        case {"type": "open_app", "app_id": int()}:
            return dict(data)
    raise invalid("event_data is invalid")


def is_allowed(caller: Caller, p: Json) -> Json:
    caller.own(p)
    if p["user_id"] not in caller.scene.world.users:
        raise Refused(113)
    dialog = caller.group.dialogs.get(p["user_id"])
    return {"is_allowed": int(dialog is not None and dialog.allowed and not dialog.banned and not dialog.private)}


def _seen(dialog: Dialog) -> list[Json]:
    return [message for number, message in dialog.messages.items() if number not in dialog.hidden]


def history(caller: Caller, p: Json) -> Json:
    dialog = caller.dialog(caller.peer(p))
    messages = _seen(dialog)
    items = messages if p.get("rev") == 1 else messages[::-1]
    if p.get("start_message_id", 0) > 0:
        items = [m for m in items if (m["id"] <= p["start_message_id"]) != (p.get("rev") == 1)]
    start = max(p.get("offset", 0), 0)
    answer: Json = {"count": len(messages), "items": items[start : start + p.get("count", 20)]}
    return answer | (profiles(caller, answer["items"]) if p.get("extended") else {})


def by_id(caller: Caller, p: Json) -> Json:
    group = caller.own(p)
    if "message_ids" in p:
        found = [place for number in p["message_ids"] if (place := group.find(number))]
        items = [message for _, message in found]
    else:
        dialog = caller.dialog(caller.peer(p))
        numbers = p.get("cmids") or p.get("conversation_message_ids") or []
        items = [dialog.messages[number] for number in numbers if number in dialog.messages]
    answer: Json = {"count": len(items), "items": items}
    return answer | (profiles(caller, items) if p.get("extended") else {})


def conversations(caller: Caller, p: Json) -> Json:
    caller.own(p)
    items = [_conversation(caller.dialog(peer)) for peer in p["peer_ids"]]
    return {"count": len(items), "items": items}


def _conversation(dialog: Dialog) -> Json:
    messages = _seen(dialog)
    last = messages[-1] if messages else None
    kind = "chat" if dialog.is_chat else "user"
    conversation: Json = {
        "peer": {"id": dialog.peer, "type": kind, "local_id": dialog.peer - (CHATS if dialog.is_chat else 0)},
        "last_message_id": last["id"] if last else 0,
        "last_conversation_message_id": last["conversation_message_id"] if last else 0,
        "in_read": dialog.in_read,
        "out_read": dialog.out_read,
        "sort_id": {"major_id": 0, "minor_id": last["id"] if last else 0},
        "is_marked_unread": False,
        "important": False,
        "can_write": {"allowed": dialog.is_chat or (dialog.allowed and not dialog.banned and not dialog.private)},
        "version": 10_000_000 + dialog.last,
    }
    if unread := sum(1 for m in messages if not m["out"] and m["id"] > dialog.in_read):
        conversation["unread_count"] = unread
    if dialog.keyboard:
        conversation["current_keyboard"] = dialog.keyboard
    return conversation


def react(caller: Caller, p: Json) -> int:
    if not 1 <= p["reaction_id"] <= 64:
        raise Refused(1009)
    return _react(caller, p, p["reaction_id"])


def unreact(caller: Caller, p: Json) -> int:
    return _react(caller, p, None)


def _react(caller: Caller, p: Json, reaction: int | None) -> int:
    dialog = caller.dialog(p["peer_id"])
    if p["cmid"] not in dialog.messages:
        raise invalid("cmid is invalid")
    set_reaction(dialog, p["cmid"], -caller.group.id, reaction)
    caller.scene.changed()
    return 1


def set_reaction(dialog: Dialog, number: int, owner: int, reaction: int | None) -> None:
    """Everybody has one reaction to a message, or none."""
    given: dict[int, list[int]] = {}
    for entry in dialog.messages[number].get("reactions", []):
        given[entry["reaction_id"]] = [user for user in entry["user_ids"] if user != owner]
    if reaction is not None:
        given.setdefault(reaction, []).append(owner)
    counted: list[Any] = [
        {"reaction_id": r, "count": len(users), "user_ids": users} for r, users in given.items() if users
    ]
    dialog.messages[number] = dialog.messages[number] | {"reactions": counted}
