"""messages.send, edit and delete, and what a message may hold."""

from __future__ import annotations

import json
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk import attachments, keyboard
from estafeta.fakes.vk.additions import TEXT_LIMIT
from estafeta.fakes.vk.caller import Caller
from estafeta.fakes.vk.errors import Refused, invalid
from estafeta.fakes.vk.world import Dialog, foreign

REMEMBERED = 3600
"""Seconds for which a `random_id` is known."""
CHANGEABLE = 24 * 3600
"""Seconds for which a message may be edited, or deleted for everybody."""
INT32 = 2**31
FORMATS = frozenset({"bold", "italic", "underline", "url"})


def send(caller: Caller, p: Json) -> Any:
    if "random_id" not in p:
        raise invalid("random_id is a required parameter")
    if not -INT32 <= p["random_id"] < INT32:
        raise invalid("random_id should be an int32")
    if p.get("intent", "default") != "default":
        raise Refused(943)
    if "peer_ids" in p:
        return [_send_one(caller, peer, p) for peer in p["peer_ids"]]
    return _send(caller, caller.peer(p), p)["id"]


def _send_one(caller: Caller, peer: int, p: Json) -> Json:
    """One of `peer_ids`: an error of its own does not stop the others."""
    try:
        message = _send(caller, peer, p)
    except Refused as refused:
        error = {"code": refused.code, "description": refused.message}
        return {"peer_id": peer, "message_id": 0, "conversation_message_id": 0, "error": error}
    return {
        "peer_id": peer,
        "message_id": message["id"],
        "conversation_message_id": message["conversation_message_id"],
    }


def _send(caller: Caller, peer: int, p: Json) -> Json:
    scene, group = caller.scene, caller.group
    dialog = caller.writable(peer)
    now = scene.clock()
    known = dialog.sent.get(p["random_id"]) if p["random_id"] else None
    if known is not None and now - known[0] < REMEMBERED:
        return known[1]
    content = _content(caller, dialog, p)
    if scene.pace is not None:
        scene.pace.message(group.id, peer)
    message = scene.world.post(group, dialog, -group.id, content)
    if p["random_id"]:
        dialog.sent[p["random_id"]] = (now, message)
    if "keyboard" in content:
        keyboard.show(dialog, content["keyboard"])
    return scene.arrived(group, dialog, message)


def _content(caller: Caller, dialog: Dialog, p: Json) -> Json:
    content = _body(caller, p) | {"random_id": p["random_id"]}
    if "payload" in p:
        content["payload"] = p["payload"]
    if "reply_to" in p:
        content["reply_message"] = foreign(_by_id(dialog, p["reply_to"]))
    if "forward_messages" in p:
        content["fwd_messages"] = [foreign(_by_id(dialog, number)) for number in p["forward_messages"]]
    if "forward" in p:
        content |= _forwarded(caller, p["forward"])
    full = ("attachments", "geo", "fwd_messages", "reply_message")
    if not content["text"] and not any(content.get(key) for key in full):
        raise invalid("message is empty or invalid")
    return content


def _body(caller: Caller, p: Json) -> Json:
    """Text, formatting, attachments, place and keyboard: what both send and edit take."""
    world, group = caller.scene.world, caller.group
    text = p.get("message", "")
    if len(text) > TEXT_LIMIT:
        raise Refused(914)
    content: Json = {"text": text, "attachments": attachments.named(world, group, p.get("attachment", ""))}
    if not p.get("dont_parse_links") and not content["attachments"]:
        content["attachments"] = attachments.links(text)
    if "sticker_id" in p:
        sticker: Json = {"inner_type": "base_sticker_new", "sticker_id": p["sticker_id"], "images": []}
        content["attachments"] = [{"type": "sticker", "sticker": sticker}]
    if "lat" in p and "long" in p:
        content["geo"] = {"type": "point", "coordinates": {"latitude": p["lat"], "longitude": p["long"]}}
    if "format_data" in p:
        content["format_data"] = _format(p["format_data"], text)
    if p.get("keyboard"):
        content["keyboard"] = keyboard.read(group, p["keyboard"])
    if p.get("template"):
        content["template"] = _template(p["template"], text)
    return content


def _format(value: str, text: str) -> Json:
    """Offsets and lengths are in UTF-16 units (https://dev.vk.com/ru/reference/objects/message#format_data)."""
    try:
        data = json.loads(value)
        items = data["items"]
        version = str(data["version"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise invalid("format_data contains incorrect JSON") from None
    units = len(text.encode("utf-16-le")) // 2
    for item in items if isinstance(items, list) else [None]:
        if not isinstance(item, dict) or item.get("type") not in FORMATS:
            raise invalid("format_data is invalid: type")
        offset, length = item.get("offset"), item.get("length")
        if not isinstance(offset, int) or not isinstance(length, int):
            raise invalid("format_data is invalid: offset")
        if offset < 0 or length < 1 or offset + length > units:
            raise invalid("format_data is invalid: offset")
        if item["type"] == "url" and not str(item.get("url", "")).startswith(("http://", "https://")):
            raise invalid("format_data is invalid: url")
    return {"version": version, "items": items}


def _template(value: str, text: str) -> Any:
    """A carousel: text beside it, 1 to 10 elements that are all alike, each with a title of at most 80 characters (or
    a photo) and up to 3 buttons (https://vk.com/dev/bot_docs_templates)."""
    try:
        template = json.loads(value)
    except (ValueError, RecursionError):
        raise invalid("template is invalid") from None
    elements = template.get("elements") if isinstance(template, dict) else None
    if not isinstance(elements, list) or template.get("type") != "carousel" or not 1 <= len(elements) <= 10:
        raise invalid("template is invalid")
    if not text:
        raise invalid("message is empty or invalid")
    shapes = {_shape(element) for element in elements}
    if len(shapes) > 1:
        raise invalid("template is invalid: elements differ")
    return template


def _shape(element: Any) -> tuple[str, ...]:
    """What has to be the same in all elements of a carousel: the fields, and how many buttons."""
    match element:
        case {"buttons": [_, *more]} if len(more) < 3:
            title, words = element.get("title"), element.get("description", "")
            titled = isinstance(title, str) and 0 < len(title) <= 80 and isinstance(words, str) and len(words) <= 80
            if titled or (title is None and isinstance(element.get("photo_id"), str)):
                return (str(len(more)), *sorted(element))
    raise invalid("template is invalid: element")


def _forwarded(caller: Caller, forward: Json) -> Json:
    peer = forward.get("peer_id")
    if peer is None:
        raise invalid("forward is invalid: peer_id")
    dialog = caller.dialog(peer)
    numbers = forward.get("conversation_message_ids") or forward.get("cmids") or []
    found = [dialog.messages.get(number) for number in numbers]
    found += [_by_id(dialog, number) for number in forward.get("message_ids", [])]
    if not found or None in found:
        raise Refused(921)
    quoted = [foreign(message) for message in found if message is not None]
    if not forward.get("is_reply"):
        return {"fwd_messages": quoted}
    if len(quoted) > 1:
        raise invalid("forward is invalid: a reply has one message")
    return {"reply_message": quoted[0]}


def _by_id(dialog: Dialog, number: int) -> Json:
    for message in dialog.messages.values():
        if message["id"] == number:
            return message
    raise invalid("message_id is invalid")


def edit(caller: Caller, p: Json) -> int:
    dialog = caller.dialog(caller.peer(p))
    if "cmid" in p:
        message = dialog.messages.get(p["cmid"])
        if message is None:
            raise invalid("cmid is invalid")
    elif "message_id" in p:
        message = _by_id(dialog, p["message_id"])
    else:
        raise invalid("message_id is undefined")
    if message["from_id"] != -caller.group.id:
        raise Refused(920)
    if caller.scene.world.now() - message["date"] > CHANGEABLE:
        raise Refused(909)
    if not dialog.is_chat:
        caller.writable(dialog.peer)
    content = _body(caller, p)
    kept = message["fwd_messages"] if p.get("keep_forward_messages") else []
    if not content["text"] and not content["attachments"] and not kept and "geo" not in content:
        raise invalid("message is empty or invalid")
    gone: Json = dict.fromkeys(("keyboard", "format_data", "geo", "template"))
    if not p.get("keep_forward_messages"):
        gone["reply_message"] = None
    caller.scene.revise(caller.group, dialog, message, gone | content | {"fwd_messages": kept})
    return 1


def delete(caller: Caller, p: Json) -> list[Json]:
    """One answer for each message; `delete_for_all` reaches only the community's own ones, for a day."""
    group = caller.own(p)
    found: list[tuple[int, tuple[Dialog, Json] | None]] = []
    if "cmids" in p:
        dialog = caller.dialog(caller.peer(p))
        for number in p["cmids"]:
            message = dialog.messages.get(number)
            found.append((number, (dialog, message) if message else None))
    elif "message_ids" in p:
        found = [(number, group.find(number)) for number in p["message_ids"]]
    else:
        raise invalid("message_ids is undefined")
    answers = [_delete(caller, number, place, for_all=p.get("delete_for_all", False)) for number, place in found]
    caller.scene.changed()
    return answers


def _delete(caller: Caller, number: int, place: tuple[Dialog, Json] | None, *, for_all: bool) -> Json:
    if place is None:
        return {"message_id": number, "error": {"code": 100, "description": "Message not found"}}
    dialog, message = place
    cmid = message["conversation_message_id"]
    answer: Json = {"peer_id": dialog.peer, "message_id": message["id"], "conversation_message_id": cmid}
    if not for_all:
        dialog.hidden.add(cmid)
        return answer | {"response": 1}
    own = message["from_id"] == -caller.group.id
    chat_admin = dialog.members.get(-caller.group.id) == "admin"
    if not (own or chat_admin) or caller.scene.world.now() - message["date"] > CHANGEABLE:
        refused = Refused(925) if dialog.is_chat and not own else Refused(924)
        return answer | {"error": {"code": refused.code, "description": refused.message}}
    del dialog.messages[cmid]
    return answer | {"response": 1}
