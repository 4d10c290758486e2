"""Updates as the Bot API's documentation describes them, each with what has to come of it.

Every one is checked against the published schema (`problems("Update", …)`), so none is of our own invention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from estafeta.kernel.model import (
    Contact,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Location,
    Mark,
    Media,
    Operator,
    Part,
    Profile,
    ReachabilityChanged,
    SaidElsewhere,
    Text,
    Unsupported,
)

API = "https://core.telegram.org/bots/api"
ORIGIN = "telegram:shop"
DATE = 1_760_000_000

ANNA = {
    "id": 23,
    "is_bot": False,
    "first_name": "Анна",
    "last_name": "Смирнова",
    "username": "anna",
    "language_code": "ru",
}
OWNER = {"id": 99, "is_bot": False, "first_name": "Ольга", "last_name": "Хозяйка"}
BOT = {"id": 7, "is_bot": True, "first_name": "Бот", "username": "shop_bot"}
CHAT = {"id": 23, "type": "private", "first_name": "Анна"}
PROFILE = Profile(name="Анна Смирнова", username="anna", language="ru")
GROUP = {"id": -1001234567890, "type": "supergroup", "title": "Операторы", "is_forum": True}


@dataclass(frozen=True, slots=True)
class Case:
    """`about`: the part of the documentation that says what this looks like. `events`: all that come of it."""

    name: str
    about: str
    update: dict[str, Any]
    events: tuple[Event, ...]


def _message(**content: Any) -> dict[str, Any]:
    return {"message_id": 9, "from": ANNA, "chat": CHAT, "date": DATE, **content}


def _said(*parts: Part, **more: Any) -> CustomerSaid:
    return CustomerSaid(message="23:9", parts=parts, profile=PROFILE, **more)


def _media(kind: Any, ref: str, **more: Any) -> Media:
    return Media(kind=kind, ref=ref, origin=ORIGIN, **more)


def _file(ref: str, **more: Any) -> dict[str, Any]:
    return {"file_id": ref, "file_unique_id": f"u{ref}", "file_size": 1000, **more}


def _case(name: str, about: str, content: dict[str, Any], *parts: Part, **more: Any) -> Case:
    events = (_said(*parts, **more),) if parts else ()
    return Case(name, about, {"update_id": 5, "message": _message(**content)}, events)


def _entities(*given: tuple[str, int, int] | tuple[str, int, int, dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": e[0], "offset": e[1], "length": e[2], **(e[3] if len(e) > 3 else {})} for e in given]


def _mark(kind: Any, start: int, end: int, url: str = "") -> Mark:
    return Mark(kind=kind, start=start, end=end, url=url)


_PHOTO = [_file("s", width=90, height=67), _file("l", width=1280, height=960)]
_SHOWN_PHOTO = _media("photo", "l", mime="image/jpeg", size=1000)
_PLACE = {"latitude": 55.75, "longitude": 37.61}
_STICKER = {"type": "regular", "width": 512, "height": 512, "is_animated": False, "is_video": False, "emoji": "🙂"}
_POLL = {
    "id": "1", "question": "?", "options": [], "total_voter_count": 0, "is_closed": False, "is_anonymous": True,
    "type": "regular", "allows_multiple_answers": False, "allows_revoting": False, "members_only": False,
}  # fmt: skip


WORDS = [
    _case("text", "message", {"text": "Где мой заказ?"}, Text(text="Где мой заказ?")),
    _case(
        "bold after an emoji", "messageentity",
        {"text": "👍🏽 важно", "entities": _entities(("bold", 5, 5))},
        Text(text="👍🏽 важно", marks=(_mark("bold", 3, 8),)),
    ),
    _case(
        "every mark", "messageentity",
        {
            "text": "ж к з к п с",
            "entities": _entities(
                ("bold", 0, 1), ("italic", 2, 1), ("strikethrough", 4, 1), ("code", 6, 1), ("pre", 8, 1),
                ("text_link", 10, 1, {"url": "https://example.org/?a=1"}),
            ),
        },
        Text(
            text="ж к з к п с",
            marks=(
                _mark("bold", 0, 1), _mark("italic", 2, 3), _mark("strike", 4, 5), _mark("code", 6, 7),
                _mark("code", 8, 9), _mark("link", 10, 11, "https://example.org/?a=1"),
            ),
        ),
    ),
    _case(
        "marks within marks", "messageentity",
        {"text": "жирный курсив", "entities": _entities(("italic", 7, 6), ("bold", 0, 13))},
        Text(text="жирный курсив", marks=(_mark("bold", 0, 13), _mark("italic", 7, 13))),
    ),
    _case(
        "what has no mark here", "messageentity",
        {
            "text": "@anna #заказ $USD /order a@example.org +70000000000 example.org",
            "entities": _entities(
                ("mention", 0, 5), ("hashtag", 6, 6), ("cashtag", 13, 4), ("bot_command", 18, 6), ("email", 25, 13),
                ("phone_number", 39, 12), ("url", 52, 11), ("underline", 0, 5), ("spoiler", 6, 6), ("blockquote", 0, 4),
            ),
        },
        Text(text="@anna #заказ $USD /order a@example.org +70000000000 example.org"),
    ),
    _case(
        "a person by name", "messageentity",
        {"text": "Анна", "entities": _entities(("text_mention", 0, 4, {"user": ANNA}))}, Text(text="Анна"),
    ),
    _case(
        "an emoji of one's own", "messageentity",
        {"text": "да 🙂", "entities": _entities(("custom_emoji", 3, 2, {"custom_emoji_id": "5"}))}, Text(text="да 🙂"),
    ),
    _case(
        "a link that is none to us", "messageentity",
        {"text": "профиль", "entities": _entities(("text_link", 0, 7, {"url": "tg://user?id=23"}))},
        Text(text="профиль"),
    ),
    _case("a forwarded text", "messageoriginuser", {
        "text": "чужое", "forward_origin": {"type": "user", "date": DATE, "sender_user": OWNER},
    }, Text(text="чужое")),
    _case("a text via a bot", "message", {"text": "раз", "via_bot": BOT}, Text(text="раз")),
    _case("a text with an effect", "message", {"text": "раз", "effect_id": "5"}, Text(text="раз")),
    _case("a text sent while away", "message", {"text": "раз", "is_from_offline": True}, Text(text="раз")),
]  # fmt: skip

COMMANDS = [
    _case("start", "user", {"text": "/start", "entities": _entities(("bot_command", 0, 6))}, Text(text="/start")),
    _case(
        "start with a payload", "user", {"text": "/start order_77-a", "entities": _entities(("bot_command", 0, 6))},
        Text(text="/start"), payload="order_77-a",
    ),
    _case(
        "start of this bot with a payload", "user", {"text": "/start@shop_bot x1"}, Text(text="/start"), payload="x1",
    ),
    _case("start with words", "user", {"text": "/start как дела"}, Text(text="/start как дела")),
    _case("start with too much", "user", {"text": "/start " + "a" * 65}, Text(text="/start " + "a" * 65)),
    _case("command", "botcommand", {"text": "/order 12"}, Text(text="/order 12")),
    _case(
        "command with the bot's name", "botcommand",
        {
            "text": "/order@shop_bot 12 да",
            "entities": _entities(("bot_command", 0, 15), ("bold", 16, 2), ("italic", 19, 2)),
        },
        Text(text="/order 12 да", marks=(_mark("bold", 7, 9), _mark("italic", 10, 12))),
    ),
    _case("no command", "botcommand", {"text": "/дом и /order@shop_bot"}, Text(text="/дом и /order@shop_bot")),
]  # fmt: skip

FILES = [
    _case("photo", "photosize", {"photo": _PHOTO}, _SHOWN_PHOTO),
    _case(
        "photo with a caption", "photosize",
        {"photo": _PHOTO, "caption": "чек", "caption_entities": _entities(("bold", 0, 3))},
        _SHOWN_PHOTO, Text(text="чек", marks=(_mark("bold", 0, 3),)),
    ),
    _case(
        "photo of an album", "message", {"photo": _PHOTO, "media_group_id": "13000"}, _SHOWN_PHOTO, group="13000"
    ),
    _case("hidden photo", "message", {"photo": _PHOTO, "has_media_spoiler": True}, _SHOWN_PHOTO),
    _case(
        "live photo", "livephoto",
        {"live_photo": _file("lp", width=1, height=1, duration=3, mime_type="video/mp4"), "photo": _PHOTO},
        _SHOWN_PHOTO,
    ),
    _case(
        "document", "document", {"document": _file("d", file_name="счёт.pdf", mime_type="application/pdf")},
        _media("document", "d", name="счёт.pdf", mime="application/pdf", size=1000),
    ),
    _case(
        "document of an album", "message", {"document": _file("d"), "media_group_id": "14"},
        _media("document", "d", size=1000), group="14",
    ),
    _case(
        "voice", "voice", {"voice": _file("v", duration=4, mime_type="audio/ogg")},
        _media("voice", "v", mime="audio/ogg", size=1000, duration=4.0),
    ),
    _case(
        "audio", "audio",
        {"audio": _file("a", duration=200, performer="Хор", title="Песня", file_name="p.mp3", mime_type="audio/mpeg")},
        _media("audio", "a", name="p.mp3", mime="audio/mpeg", size=1000, duration=200.0),
    ),
    _case(
        "video", "video",
        {"video": _file("vi", width=640, height=480, duration=12, mime_type="video/mp4", file_name="в.mp4")},
        _media("video", "vi", name="в.mp4", mime="video/mp4", size=1000, duration=12.0),
    ),
    _case(
        "round video", "videonote", {"video_note": _file("vn", length=240, duration=9)},
        _media("video", "vn", mime="video/mp4", size=1000, duration=9.0),
    ),
    _case(
        "moving picture", "animation",
        {
            "animation": _file("an", width=1, height=1, duration=2, mime_type="video/mp4"),
            "document": _file("an", mime_type="video/mp4"),
        },
        _media("video", "an", mime="video/mp4", size=1000, duration=2.0),
    ),
    _case(
        "sticker", "sticker", {"sticker": _file("st", **_STICKER)},
        _media("sticker", "st", mime="image/webp", size=1000),
    ),
    _case(
        "animated sticker", "sticker", {"sticker": _file("st", **(_STICKER | {"is_animated": True}))},
        _media("sticker", "st", mime="application/x-tgsticker", size=1000),
    ),
    _case(
        "video sticker", "sticker", {"sticker": _file("st", **(_STICKER | {"is_video": True}))},
        _media("sticker", "st", mime="video/webm", size=1000),
    ),
    _case(
        "file of 2 GB", "document", {"document": {"file_id": "d", "file_unique_id": "u", "file_size": 2_000_000_000}},
        _media("document", "d", size=2_000_000_000),
    ),
]  # fmt: skip

PLACES = [
    _case("location", "location", {"location": _PLACE}, Location(latitude=55.75, longitude=37.61)),
    _case(
        "live location", "location", {"location": {**_PLACE, "live_period": 900, "heading": 5}},
        Location(latitude=55.75, longitude=37.61),
    ),
    _case(
        "venue", "venue", {"location": _PLACE, "venue": {"location": _PLACE, "title": "Кафе", "address": "Арбат, 1"}},
        Location(latitude=55.75, longitude=37.61, title="Кафе, Арбат, 1"),
    ),
    _case(
        "own contact", "contact", {"contact": {"phone_number": "+70000000000", "first_name": "Анна", "user_id": 23}},
        Contact(phone="+70000000000", name="Анна", own=True),
    ),
    _case(
        "somebody's contact", "contact",
        {"contact": {"phone_number": "+70000000001", "first_name": "Иван", "last_name": "Петров", "user_id": 24}},
        Contact(phone="+70000000001", name="Иван Петров"),
    ),
    _case(
        "a contact without an account", "contact", {"contact": {"phone_number": "7", "first_name": "Ян", "vcard": "V"}},
        Contact(phone="7", name="Ян"),
    ),
    _case(
        "own contact forwarded", "contact",
        {
            "contact": {"phone_number": "7", "first_name": "Анна", "user_id": 23},
            "forward_origin": {"type": "user", "date": DATE, "sender_user": OWNER},
        },
        Contact(phone="7", name="Анна"),
    ),
]  # fmt: skip

_ANSWERED = {"message_id": 4, "from": BOT, "chat": CHAT, "date": DATE}
REPLIES = [
    _case(
        "reply", "message", {"text": "да", "reply_to_message": {**_ANSWERED, "text": "Ваш заказ?"}},
        Text(text="да"), reply_to="23:4", quote="Ваш заказ?",
    ),
    _case(
        "reply to a part", "textquote",
        {
            "text": "да", "reply_to_message": {**_ANSWERED, "text": "Ваш заказ? Или нет?"},
            "quote": {"text": "Или нет?", "position": 11, "is_manual": True},
        },
        Text(text="да"), reply_to="23:4", quote="Или нет?",
    ),
    _case(
        "reply to a caption", "message",
        {"text": "да", "reply_to_message": {**_ANSWERED, "photo": _PHOTO, "caption": "чек"}},
        Text(text="да"), reply_to="23:4", quote="чек",
    ),
    _case(
        "reply to a voice", "message",
        {"text": "да", "reply_to_message": {**_ANSWERED, "voice": _file("v", duration=1)}},
        Text(text="да"), reply_to="23:4",
    ),
    _case(
        "reply to another chat", "externalreplyinfo",
        {
            "text": "вот это", "quote": {"text": "цена 100", "position": 0},
            "external_reply": {"origin": {"type": "user", "date": DATE, "sender_user": OWNER}, "message_id": 77},
        },
        Text(text="вот это"), quote="цена 100",
    ),
    _case("reply to a story", "story", {"text": "о", "reply_to_story": {"chat": CHAT, "id": 3}}, Text(text="о")),
    _case("photo as a reply", "message", {
        "photo": _PHOTO, "reply_to_message": {**_ANSWERED, "text": "пришлите чек"},
    }, _SHOWN_PHOTO, reply_to="23:4", quote="пришлите чек"),
]  # fmt: skip

UNKNOWN = [
    _case(kind, kind, {kind: value}, Unsupported(kind=kind))
    for kind, value in {
        "dice": {"emoji": "🎲", "value": 3},
        "poll": _POLL,
        "story": {"chat": CHAT, "id": 3},
        "game": {"title": "t", "description": "d", "photo": _PHOTO},
        "checklist": {"title": "t", "tasks": []},
        "paid_media": {"star_count": 5, "paid_media": []},
        "invoice": {"title": "t", "description": "d", "start_parameter": "s", "currency": "XTR", "total_amount": 1},
        "successful_payment": {
            "currency": "XTR", "total_amount": 1, "invoice_payload": "p", "telegram_payment_charge_id": "t",
            "provider_payment_charge_id": "p",
        },
        "users_shared": {"request_id": 1, "users": [{"user_id": 5}]},
        "chat_shared": {"request_id": 1, "chat_id": -5},
        "giveaway": {"chats": [CHAT], "winners_selection_date": DATE, "winner_count": 1},
        "web_app_data": {"data": "x", "button_text": "y"},
    }.items()
]  # fmt: skip

UNKNOWN.append(
    _case(
        "paid media with a caption", "paidmediainfo",
        {"paid_media": {"star_count": 5, "paid_media": []}, "caption": "вот"},
        Unsupported(kind="paid_media"), Text(text="вот"),
    )
)  # fmt: skip

SERVICE = [
    _case(kind, kind.replace("_", ""), {kind: value})
    for kind, value in {
        "pinned_message": {"message_id": 4, "chat": CHAT, "date": DATE, "text": "x"},
        "message_auto_delete_timer_changed": {"message_auto_delete_time": 86400},
        "write_access_allowed": {"from_request": True},
        "connected_website": "example.org",
        "chat_background_set": {"type": {"type": "chat_theme", "theme_name": "🎄"}},
        "boost_added": {"boost_count": 1},
        "proximity_alert_triggered": {"traveler": ANNA, "watcher": OWNER, "distance": 5},
        "video_chat_started": {},
        "forum_topic_created": {"name": "x", "icon_color": 7322096},
    }.items()
]  # fmt: skip

_EDIT = _message(edit_date=DATE + 50)
_BOTS = {"message_id": 4, "from": BOT, "chat": CHAT, "date": DATE}
_KEYBOARD = {
    "inline_keyboard": [[{"text": "Да", "callback_data": "f.1"}, {"text": "Сайт", "url": "https://example.org"}]]
}


def _reaction(old: list[dict[str, Any]], new: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    change = {"chat": CHAT, "message_id": 4, "user": ANNA, "date": DATE, "old_reaction": old, "new_reaction": new}
    return {"update_id": 5, "message_reaction": change | more}


def _emoji(*emoji: str) -> list[dict[str, Any]]:
    return [{"type": "emoji", "emoji": one} for one in emoji]


def _reacted(emoji: str) -> tuple[Event, ...]:
    return (CustomerReacted(message="23:4", emoji=emoji),)


def _press(**more: Any) -> dict[str, Any]:
    return {"update_id": 5, "callback_query": {"id": "1", "from": ANNA, "chat_instance": "2", **more}}


def _membership(status: str, **more: Any) -> dict[str, Any]:
    member = {"user": BOT, "status": status, **({"until_date": 0} if status == "kicked" else {})}
    old = {"user": BOT, "status": "left"}
    change = {"chat": CHAT, "from": ANNA, "date": DATE, "old_chat_member": old, "new_chat_member": member}
    return {"update_id": 5, "my_chat_member": change | more}


CHANGES = [
    Case("edited text", "update", {"update_id": 5, "edited_message": _EDIT | {"text": "иначе"}}, (
        CustomerEdited(message="23:9", parts=(Text(text="иначе"),)),
    )),
    Case("edited caption", "update", {
        "update_id": 5, "edited_message": _EDIT | {"photo": _PHOTO, "caption": "иначе"},
    }, (
        CustomerEdited(message="23:9", parts=(_SHOWN_PHOTO, Text(text="иначе"))),
    )),
    Case("a live location that moved", "location", {
        "update_id": 5, "edited_message": _EDIT | {"location": _PLACE},
    }, ()),
    Case("first reaction", "messagereactionupdated", _reaction([], _emoji("👍")), _reacted("👍")),
    Case("another reaction", "messagereactionupdated", _reaction(_emoji("👍"), _emoji("🔥")), _reacted("🔥")),
    Case("one more reaction", "messagereactionupdated", _reaction(_emoji("👍"), _emoji("👍", "🔥")), _reacted("🔥")),
    Case("one reaction less", "messagereactionupdated", _reaction(_emoji("👍", "🔥"), _emoji("👍")), _reacted("👍")),
    Case("no reaction any more", "messagereactionupdated", _reaction(_emoji("👍"), []), _reacted("")),
    Case(
        "reaction of one's own", "reactiontypecustomemoji",
        _reaction([], [{"type": "custom_emoji", "custom_emoji_id": "5"}]), _reacted("✨"),
    ),
    Case("paid reaction", "reactiontypepaid", _reaction([], [{"type": "paid"}]), _reacted("⭐")),
    Case("reaction in a group", "messagereactionupdated", _reaction([], _emoji("👍"), chat=GROUP), ()),
    Case("press", "callbackquery", _press(data="f.1", message=_BOTS | {"text": "?", "reply_markup": _KEYBOARD}), (
        CustomerPressed(button="f.1", label="Да", profile=PROFILE, message="23:4"),
    )),
    Case(
        "press on a forgotten message", "inaccessiblemessage",
        _press(data="f.1", message={"chat": CHAT, "message_id": 4, "date": 0}),
        (CustomerPressed(button="f.1", profile=PROFILE, message="23:4"),),
    ),
    Case("press of a game", "callbackquery", _press(game_short_name="g", message=_BOTS | {"text": "?"}), ()),
    Case("press of an inline message", "callbackquery", _press(data="f.1", inline_message_id="i"), ()),
    Case("blocked", "chatmemberupdated", _membership("kicked"), (ReachabilityChanged(reachable=False),)),
    Case("unblocked", "chatmemberupdated", _membership("member"), (ReachabilityChanged(reachable=True),)),
    Case("put out of a group", "chatmemberupdated", _membership("kicked", chat=GROUP), ()),
]  # fmt: skip


def _business(**content: Any) -> dict[str, Any]:
    return _message(business_connection_id="bc_1", **content)


_B = "business:bc_1:23"
BUSINESS = [
    Case("text to a business account", "businessconnection", {
        "update_id": 5, "business_message": _business(text="цена?"),
    }, (
        CustomerSaid(message=f"{_B}:9", parts=(Text(text="цена?"),), profile=PROFILE),
    )),
    Case("the owner answers", "businessconnection", {
        "update_id": 5, "business_message": _business(text="сто") | {"from": OWNER},
    }, (
        SaidElsewhere(
            operator=Operator(id="tg:99", name="Ольга Хозяйка", desk="telegram"),
            message=f"{_B}:9", parts=(Text(text="сто"),),
        ),
    )),
    Case("the bot answers for the account", "message", {
        "update_id": 5, "business_message": _business(text="сто", sender_business_bot=BOT) | {"from": OWNER},
    }, ()),
    Case("edit in a business chat", "update", {
        "update_id": 5, "edited_business_message": _business(text="цены?", edit_date=DATE + 5),
    }, (CustomerEdited(message=f"{_B}:9", parts=(Text(text="цены?"),)),)),
    Case("the owner's edit", "update", {
        "update_id": 5, "edited_business_message": _business(text="двести", edit_date=DATE + 5) | {"from": OWNER},
    }, ()),
    Case("deletion in a business chat", "businessmessagesdeleted", {
        "update_id": 5,
        "deleted_business_messages": {"business_connection_id": "bc_1", "chat": CHAT, "message_ids": [9, 11]},
    }, (CustomerDeleted(message=f"{_B}:9"), CustomerDeleted(message=f"{_B}:11"))),
    Case("press in a business chat", "callbackquery", _press(
        data="f.1", message=_BOTS | {"business_connection_id": "bc_1", "text": "?", "reply_markup": _KEYBOARD},
    ), (CustomerPressed(button="f.1", label="Да", profile=PROFILE, message=f"{_B}:4"),)),
    Case("reply in a business chat", "message", {
        "update_id": 5,
        "business_message": _business(text="да", reply_to_message={**_ANSWERED, "from": OWNER, "text": "берёте?"}),
    }, (
        CustomerSaid(message=f"{_B}:9", parts=(Text(text="да"),), profile=PROFILE, reply_to=f"{_B}:4", quote="берёте?"),
    )),
    Case("an account connects", "businessconnection", {"update_id": 5, "business_connection": {
        "id": "bc_1", "user": OWNER, "user_chat_id": 99, "date": DATE, "is_enabled": True,
        "rights": {"can_reply": True},
    }}, ()),
]  # fmt: skip

NOBODYS = [
    Case("a channel's post", "update", {"update_id": 5, "channel_post": _message(text="x")}, ()),
    Case("a group's message", "update", {"update_id": 5, "message": _message(text="x") | {"chat": GROUP}}, ()),
    Case("another bot", "user", {"update_id": 5, "message": _message(text="x") | {"from": BOT}}, ()),
    Case("an inline query", "inlinequery", {
        "update_id": 5, "inline_query": {"id": "1", "from": ANNA, "query": "x", "offset": ""},
    }, ()),
    Case("an answer to a poll", "pollanswer", {
        "update_id": 5, "poll_answer": {"poll_id": "1", "user": ANNA, "option_ids": [0], "option_persistent_ids": []},
    }, ()),
]  # fmt: skip

CASES = [*WORDS, *COMMANDS, *FILES, *PLACES, *REPLIES, *UNKNOWN, *SERVICE, *CHANGES, *BUSINESS, *NOBODYS]
