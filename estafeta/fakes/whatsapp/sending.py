"""`POST /<phone_number_id>/messages`: what the business sends, and the marks that it has read."""

from __future__ import annotations

import re
from typing import Any

from estafeta.fakes.whatsapp.checks import check_message, refusal
from estafeta.fakes.whatsapp.errors import Json, Refused, missing_object
from estafeta.fakes.whatsapp.media import MIMES
from estafeta.fakes.whatsapp.scene import Scene
from estafeta.fakes.whatsapp.schema import Problem, document, problems
from estafeta.fakes.whatsapp.templates import Filled, fill
from estafeta.fakes.whatsapp.world import TYPING, Chat, Message, Number, User, digits

MEDIA = ("image", "video", "audio", "document", "sticker")
USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[0-9A-Za-z]{1,128}")
PHONE = re.compile(r"\+?[0-9 ()-]{5,24}")


def validated(body: Json, *, strict: bool) -> tuple[str, list[Problem]]:
    """The type of a message, and what the schema says against it. `strict`: unknown fields too."""
    kinds: dict[str, str] = document()["requests"]
    if "status" in body:
        return "read", _problems("MarkAsRead", body, strict=strict)
    kind = body.get("type")
    if kind is None:
        kind = next((name for name in kinds if name in body), "text")
    if not isinstance(kind, str) or kind not in kinds:
        choices = ", ".join(name.upper() for name in kinds)
        raise Refused(100, message=f'(#100) Param type must be one of {{{choices}}} - got "{kind}".')
    found = _problems(kinds[kind], body, strict=strict)
    if "to" not in body and "recipient" not in body:
        found.insert(0, Problem("missing", "to", "is required"))
    return kind, found


def _problems(name: str, body: Json, *, strict: bool) -> list[Problem]:
    return problems(name, body, closed=strict)


def send(scene: Scene, number: Number, kind: str, body: Json, found: list[Problem], late_error: int = 0) -> Json:
    """Answers a request as Meta does. `late_error`: the code with which the message fails after it was taken."""
    if found:
        raise refusal(found[0])
    if not number.registered:
        raise Refused(133010)
    if kind == "read":
        return _mark_as_read(scene, number, body)
    check_message(body)
    if number.refuses:
        raise Refused(number.refuses)
    to, user = _recipient(scene, number, body)
    if scene.pace is not None and (code := scene.pace.take(number.id, to, with_app=number.with_app)):
        raise Refused(code)
    message, filled = _message(scene, number, kind, body, to)
    chat = scene.world.chat(number, user) if user is not None else None
    error = late_error or _trouble(scene, chat, message)
    if error and not late_error and error not in scene.late:
        raise Refused(error)
    if chat is not None and not error:
        _post(scene, chat, message)
    elif error:
        scene.failed(number, message, to, error, chat)
    answer: Json = {"id": message.id}
    if filled is not None:
        answer["message_status"] = "accepted"
    contact: Json = {"input": body["to"] if "to" in body else body["recipient"]}
    contact["user_id" if message.by_user_id else "wa_id"] = to
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [answer]}


def _recipient(scene: Scene, number: Number, body: Json) -> tuple[str, User | None]:
    """The phone number (it wins) or user id as WhatsApp writes it, and whose it is."""
    if "to" not in body:
        to = str(body["recipient"])
        user = scene.world.users.get(to)
        if not USER_ID.fullmatch(to) or user is None:
            raise Refused(131009, "recipient is not the id of a WhatsApp user")
        return to, user
    if not PHONE.fullmatch(body["to"]):
        raise Refused(131009, "to is not a valid phone number")
    to = digits(body["to"])
    if to == number.phone:
        raise Refused(131021, "Recipient phone number is the sender's own")
    return to, scene.world.user_by_phone(to)


def _message(scene: Scene, number: Number, kind: str, body: Json, to: str) -> tuple[Message, Filled | None]:
    world, content, filled, category = scene.world, body[kind], None, "service"
    text, buttons = _shown(kind, content)
    if kind == "template":
        template, filled = fill(world.accounts[number.account].templates, content)
        text, buttons, category = filled.text, filled.buttons, template.category.lower()
    if kind in MEDIA and "id" in content and world.living_media(content["id"]) is None:
        raise missing_object(content["id"], "post")
    message = Message(
        id=world.wamid(to if to.isdigit() else "0"),
        type=kind,
        content=content,
        at=world.clock.now(),
        by_business=True,
        context=body.get("context", {}).get("message_id", ""),
        tracker=body.get("biz_opaque_callback_data", ""),
        category=category,
        by_user_id="to" not in body,
        text=text,
        buttons=buttons,
    )
    return message, filled


def _trouble(scene: Scene, chat: Chat | None, message: Message) -> int:
    """The code of what Meta finds out when it tries to deliver; 0: nothing."""
    world = scene.world
    if chat is None or chat.blocked:
        return 131026
    if message.type == "template":
        return 130472 if message.category == "marketing" and scene.user(chat).in_experiment else 0
    if world.clock.now() >= chat.open_until:
        return 131047
    if message.type == "reaction":
        target = chat.messages.get(message.content["message_id"])
        return 131009 if target is None or target.deleted else 0
    if message.type in MEDIA and "id" in message.content:
        mime = world.media[message.content["id"]].mime.partition(";")[0]
        return 0 if mime in MIMES[message.type] else 131053
    return 0


def _post(scene: Scene, chat: Chat, message: Message) -> None:
    chat.typing_until = 0
    if message.type == "reaction":
        target = chat.messages[message.content["message_id"]]
        target.reactions[""] = message.content["emoji"]
        if not message.content["emoji"]:
            del target.reactions[""]
    else:
        scene.world.keep(chat, message)
    scene.sent(chat, message)
    scene.changed()


def _mark_as_read(scene: Scene, number: Number, body: Json) -> Json:
    """The named message and all before it; "typing…" until the answer, or for 25 seconds."""
    if body["messaging_product"] != "whatsapp":
        raise Refused(100, message="(#100) Param messaging_product must be one of {WHATSAPP}")
    found = scene.world.find(number.id, body["message_id"])
    if found is None:
        raise missing_object(body["message_id"], "post")
    chat, message = found
    if message.by_business:
        raise Refused(100, "Only a customer's message can be marked as read")
    for earlier in chat.messages.values():
        if not earlier.by_business:
            earlier.seen = True
        if earlier is message:
            break
    if "typing_indicator" in body:
        chat.typing_until = scene.world.clock.now() + TYPING
    scene.changed()
    return {"success": True}


def _shown(kind: str, content: Json) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The text a customer sees and what can be pressed, as (id, label)."""
    match kind:
        case "text":
            return content["body"], ()
        case "interactive":
            return _shown_interactive(content)
        case _:
            return describe(kind, content), ()


def describe(kind: str, content: Any) -> str:
    """`[image] caption`, `[location] name`, `[contacts] name`."""
    match kind:
        case "contacts":
            what = ", ".join(contact.get("name", {}).get("formatted_name", "") for contact in content)
        case "location":
            what = content.get("name") or f"{content['latitude']}, {content['longitude']}"
        case _:
            what = content.get("caption") or content.get("filename", "")
    return f"[{kind}] {what}".strip()


def _shown_interactive(content: Json) -> tuple[str, tuple[tuple[str, str], ...]]:
    header = content.get("header", {})
    above = header.get("text", "") if header.get("type", "text") == "text" else f"[{header['type']}]"
    parts = (above, content.get("body", {}).get("text", ""), content.get("footer", {}).get("text", ""))
    text = "\n".join(part for part in parts if part)
    action = content["action"]
    match content["type"]:
        case "button":
            return text, tuple((b["reply"]["id"], b["reply"]["title"]) for b in action["buttons"])
        case "list":
            return text, tuple((r["id"], r["title"]) for s in action["sections"] for r in s.get("rows", []))
        case "cta_url":
            return text, (("", action["parameters"]["display_text"]),)
        case kind:
            return text or f"[{kind}]", ()
