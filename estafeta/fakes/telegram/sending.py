"""Bot API methods that put messages into chats: send*, copyMessage, forwardMessage, sendChatAction."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from estafeta.fakes.telegram.errors import Json, Refused, bad
from estafeta.fakes.telegram.media import media, thumbnail_free
from estafeta.fakes.telegram.scene import Scene, Uploads, check_open
from estafeta.fakes.telegram.text import read_text, units
from estafeta.fakes.telegram.world import GENERAL, Chat

ACTIONS = frozenset(
    {
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    }
)
ACTION_SECONDS = 5
BUTTON_KINDS = frozenset(
    {
        "url",
        "callback_data",
        "web_app",
        "login_url",
        "switch_inline_query",
        "switch_inline_query_current_chat",
        "switch_inline_query_chosen_chat",
        "copy_text",
        "callback_game",
        "pay",
        "disabled",
    }
)
COPIED = (
    "text",
    "entities",
    "caption",
    "caption_entities",
    "photo",
    "document",
    "voice",
    "video",
    "audio",
    "animation",
    "sticker",
    "video_note",
    "location",
    "venue",
    "contact",
)


def destination(scene: Scene, p: Json) -> tuple[Chat, int]:
    """Where a message goes: the chat and the topic, if the bot may write there."""
    chat = scene.place(p)
    topic = p.get("message_thread_id", GENERAL)
    if chat.private:
        if chat.blocked:
            raise Refused(403, "bot was blocked by the user")
        if not chat.started:
            raise Refused(403, "bot can't initiate conversation with a user")
    else:
        match chat.status(scene.bot_id):
            case "kicked":
                raise Refused(403, "bot was kicked from the supergroup chat")
            case "left":
                raise Refused(403, "bot is not a member of the supergroup chat")
            case "restricted":
                raise bad("not enough rights to send text messages to the chat")
    if topic != GENERAL:
        if topic not in chat.topics:
            raise bad("message thread not found")
        check_open(chat, scene.bot_id, topic)
    return chat, topic


def replied(chat: Chat, p: Json) -> int | None:
    """The message replied to, in this chat; a reply into another chat is not played."""
    wanted = p.get("reply_parameters")
    if not wanted:
        return None
    number = wanted["message_id"]
    if number in chat.messages and wanted.get("chat_id", chat.id) == chat.id:
        return int(number)
    if wanted.get("allow_sending_without_reply"):
        return None
    raise bad("message to be replied not found")


def inline_keyboard(markup: Any) -> Json | None:
    """The keyboard a message keeps (None: none); raises on buttons Telegram refuses."""
    if not markup or "inline_keyboard" not in markup:
        return None
    rows = [row for row in markup["inline_keyboard"] if row]
    for button in (button for row in rows for button in row):
        kinds = BUTTON_KINDS & button.keys()
        if not button["text"]:
            raise bad("can't parse inline keyboard button: Inline keyboard button text must be non-empty")
        if len(kinds) != 1:
            raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
        if "callback_data" in button and not 1 <= len(button["callback_data"].encode()) <= 64:
            raise bad("BUTTON_DATA_INVALID")
        copied = button.get("copy_text", {}).get("text", "x")
        if not 1 <= units(copied) <= 256:
            raise bad("BUTTON_COPY_TEXT_INVALID")
        if "url" in button and not _linkable(button["url"]):
            raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
    if sum(len(row) for row in rows) > 100:
        raise bad("reply markup is too long")
    return {"inline_keyboard": rows} if rows else None


def _linkable(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme == "tg" or (parts.scheme in {"http", "https"} and "." in host.strip("."))


def _post(scene: Scene, p: Json, content: Json) -> Json:
    chat, topic = destination(scene, p)
    markup = inline_keyboard(p.get("reply_markup"))
    reply_to = replied(chat, p)
    keys = p.get("reply_markup") if markup is None else None
    _check_keys(chat, keys)
    content = scene.told(chat, content)
    if markup:
        content["reply_markup"] = markup
    if p.get("protect_content"):
        content["has_protected_content"] = True
    message = scene.world.post(chat, scene.world.bot, content, topic=topic, reply_to=reply_to)
    if keys and "inline_keyboard" not in keys:
        _lay(chat, keys, message["message_id"])
    scene.changed()
    return message


def _check_keys(chat: Chat, keys: Json | None) -> None:
    """What is no inline keyboard (https://core.telegram.org/bots/api#replykeyboardmarkup)."""
    if not keys or "inline_keyboard" in keys:
        return
    if chat.connection:
        raise bad("inline keyboard expected")
    asks = [key for row in keys.get("keyboard", ()) for key in row if isinstance(key, dict)]
    if not chat.private and any(key.get("request_contact") for key in asks):
        raise bad("phone number can be requested in private chats only")


def _lay(chat: Chat, keys: Json, message: int) -> None:
    """Puts the keys under the box to write into, or takes them away. The message can't be edited then
    (https://core.telegram.org/bots/api#updating-messages)."""
    chat.fixed.append(message)
    if keys.get("keyboard"):
        rows = [[{"text": key} if isinstance(key, str) else key for key in row] for row in keys["keyboard"]]
        chat.keys = {"rows": rows, "message": message, "once": keys.get("one_time_keyboard", False), "folded": False}
    elif keys.get("remove_keyboard"):
        chat.keys = None


def send_message(scene: Scene, p: Json, _files: Uploads) -> Json:
    return _post(scene, p, read_text(p["text"], p.get("parse_mode"), p.get("entities"), caption=False))


def _caption(p: Json) -> Json:
    return read_text(p.get("caption", ""), p.get("parse_mode"), p.get("caption_entities"), caption=True)


def _send_media(kind: str, scene: Scene, p: Json, files: Uploads) -> Json:
    caption = _caption(p) if kind != "sticker" else {}
    destination(scene, p)
    return _post(scene, p, {kind: media(scene.world, kind, p, files), **caption})


def send_photo(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("photo", scene, p, files)


def send_document(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("document", scene, p, files)


def send_voice(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("voice", scene, p, files)


def send_video(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("video", scene, p, files)


def send_audio(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("audio", scene, p, files)


def send_animation(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("animation", scene, p, files)


def send_sticker(scene: Scene, p: Json, files: Uploads) -> Json:
    return _send_media("sticker", scene, p, files)


def send_location(scene: Scene, p: Json, _files: Uploads) -> Json:
    return _post(scene, p, {"location": {"latitude": p["latitude"], "longitude": p["longitude"]}})


def send_venue(scene: Scene, p: Json, _files: Uploads) -> Json:
    if not p["title"].strip():
        raise bad("title of the venue must be non-empty")
    place = {"latitude": p["latitude"], "longitude": p["longitude"]}
    venue = {"location": place, "title": p["title"], "address": p["address"]}
    return _post(scene, p, {"location": place, "venue": venue})


def send_video_note(scene: Scene, p: Json, files: Uploads) -> Json:
    destination(scene, p)
    return _post(scene, p, {"video_note": media(scene.world, "video_note", p, files)})


def send_contact(scene: Scene, p: Json, _files: Uploads) -> Json:
    names = ("phone_number", "first_name", "last_name", "vcard")
    return _post(scene, p, {"contact": {name: p[name] for name in names if p.get(name)}})


def send_media_group(scene: Scene, p: Json, files: Uploads) -> list[Json]:
    items: list[Json] = p["media"]
    if not 2 <= len(items) <= 10:
        raise bad("wrong number of media in the album: must be 2-10")
    kinds = {item["type"] for item in items}
    if len(kinds) > 1 and kinds & {"document", "audio"}:
        raise bad("documents and audio files can't be mixed with other media types in the album")
    album = str(scene.world.next_number())
    contents: list[Json] = []
    for item in items:
        kind = item["type"]
        content = {kind: media(scene.world, kind, thumbnail_free(kind, item), files), **_caption(item)}
        contents.append(content | {"media_group_id": album})
    return [_post(scene, p, content) for content in contents]


def _original(scene: Scene, p: Json, verb: str) -> Json:
    source = scene.chat(p["from_chat_id"])
    message = source.messages.get(p["message_id"])
    if message is None:
        raise bad(f"message to {verb} not found")
    if not any(key in message for key in COPIED):
        raise bad("message can't be copied" if verb == "copy" else "message can't be forwarded")
    if message.get("has_protected_content"):
        raise bad("message can't be copied" if verb == "copy" else "message can't be forwarded")
    return message


def copy_message(scene: Scene, p: Json, _files: Uploads) -> Json:
    original = _original(scene, p, "copy")
    content = {key: original[key] for key in COPIED if key in original}
    if "caption" in p and "text" not in content:
        content.pop("caption", None)
        content.pop("caption_entities", None)
        content |= _caption(p)
    return {"message_id": _post(scene, p, content)["message_id"]}


def forward_message(scene: Scene, p: Json, _files: Uploads) -> Json:
    original = _original(scene, p, "forward")
    content = {key: original[key] for key in COPIED if key in original}
    origin = original.get("forward_origin")
    if origin is None and "sender_chat" in original:
        origin = {"type": "chat", "date": original["date"], "sender_chat": original["sender_chat"]}
    elif origin is None:
        origin = {"type": "user", "date": original["date"], "sender_user": original["from"]}
    return _post(scene, p, content | {"forward_origin": origin})


def send_chat_action(scene: Scene, p: Json, _files: Uploads) -> bool:
    chat, topic = destination(scene, p)
    if p["action"] not in ACTIONS:
        raise bad("wrong parameter action in request")
    chat.actions[topic] = (p["action"], scene.world.now() + ACTION_SECONDS)
    scene.changed()
    return True
