"""Bot API methods that change what is there: edits, deletion, pins, reactions, answers to pressed buttons."""

from __future__ import annotations

from estafeta.fakes.telegram.errors import Json, bad
from estafeta.fakes.telegram.scene import Scene, Uploads
from estafeta.fakes.telegram.schema import document
from estafeta.fakes.telegram.sending import inline_keyboard
from estafeta.fakes.telegram.text import read_text
from estafeta.fakes.telegram.world import Chat, topic_of

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current content "
    "and reply markup of the message"
)
OLD_QUERY = "query is too old and response timeout expired or query ID is invalid"


def _own(scene: Scene, p: Json) -> tuple[Chat, Json]:
    """The bot's own message that a call edits."""
    if "chat_id" not in p or "message_id" not in p:
        raise bad("message identifier is not specified")
    chat = scene.place(p)
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to edit not found")
    if not scene.is_bots(message) or "forward_origin" in message or message["message_id"] in chat.fixed:
        raise bad("message can't be edited")
    return chat, message


def _edit(scene: Scene, chat: Chat, message: Json, changes: Json) -> Json:
    """Absent entities and keyboards are removed by an edit, as on the real server."""
    if all(message.get(key) == value for key, value in changes.items()):
        raise bad(NOT_MODIFIED)
    return scene.revise(chat, message, changes)


def edit_message_text(scene: Scene, p: Json, _files: Uploads) -> Json:
    read = read_text(p["text"], p.get("parse_mode"), p.get("entities"), caption=False)
    chat, message = _own(scene, p)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    read = scene.told(chat, read)
    changes = {"text": read["text"], "entities": read.get("entities")}
    return _edit(scene, chat, message, changes | {"reply_markup": inline_keyboard(p.get("reply_markup"))})


def edit_message_caption(scene: Scene, p: Json, _files: Uploads) -> Json:
    read = read_text(p.get("caption", ""), p.get("parse_mode"), p.get("caption_entities"), caption=True)
    chat, message = _own(scene, p)
    if "text" in message:
        raise bad("there is no caption in the message to edit")
    read = scene.told(chat, read)
    changes = {"caption": read.get("caption"), "caption_entities": read.get("caption_entities")}
    return _edit(scene, chat, message, changes | {"reply_markup": inline_keyboard(p.get("reply_markup"))})


def edit_message_reply_markup(scene: Scene, p: Json, _files: Uploads) -> Json:
    chat, message = _own(scene, p)
    return _edit(scene, chat, message, {"reply_markup": inline_keyboard(p.get("reply_markup"))})


def delete_message(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = scene.chat(p["chat_id"])
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to delete not found")
    own = scene.is_bots(message)
    if "forum_topic_created" in message or not (own or chat.private or chat.may(scene.bot_id, "can_delete_messages")):
        raise bad("message can't be deleted")
    remove(scene, chat, message["message_id"])
    return True


def delete_messages(scene: Scene, p: Json, _files: Uploads) -> bool:
    """Those that are not there are skipped (https://core.telegram.org/bots/api#deletemessages)."""
    chat = scene.chat(p["chat_id"])
    if not 1 <= len(p["message_ids"]) <= 100:
        raise bad("there must be from 1 to 100 identifiers of messages")
    for number in p["message_ids"]:
        if number in chat.messages:
            delete_message(scene, {"chat_id": p["chat_id"], "message_id": number}, {})
    return True


def remove(scene: Scene, chat: Chat, number: int) -> None:
    del chat.messages[number]
    chat.reactions.pop(number, None)
    if number in chat.pinned:
        chat.pinned.remove(number)
    scene.changed()


def pin_chat_message(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = scene.chat(p["chat_id"])
    if not chat.private and not chat.may(scene.bot_id, "can_pin_messages"):
        raise bad("not enough rights to manage pinned messages in the chat")
    message = chat.messages.get(p["message_id"])
    if message is None:
        raise bad("message to pin not found")
    if message["message_id"] in chat.pinned:
        raise bad("CHAT_NOT_MODIFIED")
    chat.pinned.append(message["message_id"])
    shown = {key: value for key, value in message.items() if key != "reply_to_message"}
    scene.service(chat, scene.world.bot, {"pinned_message": shown}, topic=topic_of(message))
    return True


def unpin_chat_message(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = scene.chat(p["chat_id"])
    if not chat.private and not chat.may(scene.bot_id, "can_pin_messages"):
        raise bad("not enough rights to manage pinned messages in the chat")
    number = p.get("message_id", chat.pinned[-1] if chat.pinned else 0)
    if number not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(number)
    scene.changed()
    return True


def set_message_reaction(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat = scene.chat(p["chat_id"])
    if p["message_id"] not in chat.messages:
        raise bad("message to react not found")
    wanted: list[Json] = p.get("reaction", [])
    if len(wanted) > 1:
        raise bad("REACTIONS_TOO_MANY")
    if any(r["type"] != "emoji" or r["emoji"] not in document()["reactions"] for r in wanted):
        raise bad("REACTION_INVALID")
    scene.reacted(chat, scene.world.bot, p["message_id"], wanted)
    return True


def answer_callback_query(scene: Scene, p: Json, _files: Uploads) -> bool:
    press = scene.world.presses.get(p["callback_query_id"])
    if press is None or press.answer is not None:
        raise bad(OLD_QUERY)
    if len(p.get("text", "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    press.answer = {"text": p.get("text", ""), "show_alert": p.get("show_alert", False)}
    scene.changed()
    return True
