"""Events to test with: captured ones, those of VK's documentation with what is to come of them, and broken ones.

The shapes are those of https://dev.vk.com/ru/api/community-events/json-schema and of the objects it refers to
(messages, attachments, comments) in https://github.com/VKCOM/vk-api-schema, version 5.199.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from estafeta.kernel.model import (
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
    StatusChanged,
    Text,
    Unsupported,
)

GROUP = 456
IVAN = 123
ADMIN = 77
ORIGIN = "vk:shop"
DATE = 1_760_000_000
URL = "https://sun9-1.userapi.com/impg/x.jpg?size=1280x960&sign=abc"
_DATA = Path(__file__).parent / "data"


def captured() -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in sorted(_DATA.glob("*.json"))}


def event(kind: str, about: Any, event_id: str = "e1") -> dict[str, Any]:
    return {"group_id": GROUP, "type": kind, "event_id": event_id, "v": "5.199", "object": about}


def message(number: int = 5, **content: Any) -> dict[str, Any]:
    """As VK tells of one, the fields that are always there among them."""
    return {
        "date": DATE, "from_id": IVAN, "id": 100 + number, "version": 10000001, "out": 0, "peer_id": IVAN, "text": "",
        "conversation_message_id": number, "fwd_messages": [], "important": False, "is_hidden": False,
        "attachments": [], "random_id": 0,
    } | content  # fmt: skip


CLIENT = {
    "button_actions": ["text", "vkpay", "open_app", "location", "open_link", "callback"],
    "keyboard": True, "inline_keyboard": True, "carousel": True, "lang_id": 0,
}  # fmt: skip


def new(number: int = 5, **content: Any) -> dict[str, Any]:
    return event("message_new", {"message": message(number, **content), "client_info": CLIENT})


def attached(kind: str, **about: Any) -> dict[str, Any]:
    return {"type": kind, kind: about}


def sent(*attachments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return new(attachments=list(attachments), **more)


def comment(kind: str = "wall_reply_new", number: int = 12, **more: Any) -> dict[str, Any]:
    about = {
        "id": number, "from_id": IVAN, "date": DATE, "text": "А есть синий?", "post_id": 7, "owner_id": -GROUP,
        "parents_stack": [], "post_owner_id": -GROUP,
    }  # fmt: skip
    return event(kind, about | more)


def said(*parts: Part, **more: Any) -> CustomerSaid:
    return CustomerSaid(**{"message": f"{IVAN}:5", "parts": parts, **more})


def words(text: str, *marks: Mark) -> Text:
    return Text(text=text, marks=marks)


def file(kind: Any, url: str = URL, **more: Any) -> Media:
    return Media(kind=kind, ref=url, origin=ORIGIN, **more)


_SIZES = [
    {"type": "s", "url": "https://sun9-1.userapi.com/s.jpg", "width": 75, "height": 56},
    {"type": "w", "url": URL, "width": 1280, "height": 960},
    {"type": "x", "url": "https://sun9-1.userapi.com/x.jpg", "width": 604, "height": 453},
]
PHOTO = attached("photo", id=1, owner_id=IVAN, album_id=-3, date=DATE, text="", sizes=_SIZES, access_key="k")
_PICTURE = file("photo", mime="image/jpeg")
_DOC = attached(
    "doc", id=2, owner_id=IVAN, title="счёт.pdf", size=12345, ext="pdf", type=1, date=DATE,
    url="https://vk.com/doc123_2?hash=a&dl=b&api=1",
)  # fmt: skip
_VOICE = attached(
    "audio_message", id=3, owner_id=IVAN, duration=7, waveform=[0, 3], access_key="k",
    link_mp3="https://psv4.userapi.com/a.mp3", link_ogg="https://psv4.userapi.com/a.ogg",
)  # fmt: skip
_STICKER = attached(
    "sticker", inner_type="base_sticker_new", sticker_id=9, product_id=1, is_allowed=True,
    images=[{"url": f"https://vk.com/sticker/1-9-{w}", "width": w, "height": w} for w in (64, 128, 256, 352, 512)],
)  # fmt: skip
_REPLIED = {
    "date": DATE, "from_id": -GROUP, "text": "Какой номер заказа?", "attachments": [], "conversation_message_id": 4,
    "peer_id": IVAN, "id": 104,
}  # fmt: skip
_FORWARDED = {"date": DATE, "from_id": 5, "text": "Позвони им", "attachments": [PHOTO], "conversation_message_id": 4}
_GEO = {"type": "point", "coordinates": {"latitude": 55.75, "longitude": 37.62}, "place": {"title": "Москва, Россия"}}
_FORMAT = {
    "version": "1",
    "items": [
        {"type": "bold", "offset": 3, "length": 5},
        {"type": "italic", "offset": 3, "length": 2},
        {"type": "url", "offset": 9, "length": 4, "url": "https://example.org"},
        {"type": "underline", "offset": 0, "length": 2},
    ],
}

TABLE: list[tuple[str, dict[str, Any], Event | None]] = [
    ("a text", new(text="Где мой заказ?"), said(words("Где мой заказ?"))),
    ("an emoji", new(text="👍🏽"), said(words("👍🏽"))),
    ("lines", new(text="раз\n\nдва"), said(words("раз\n\nдва"))),
    ("characters of markup", new(text="<b> & &amp; *x*"), said(words("<b> & &amp; *x*"))),
    ("a mention", new(text="[club456|Лавка], привет [id5|Пётр]"), said(words("Лавка, привет Пётр"))),
    ("a command", new(text="/order 17"), said(words("/order 17"))),
    ("the button Start", new(text="Начать", payload='{"command":"start"}'), said(words("/start"))),
    ("a link with ref", new(text="Привет", ref="visitka", ref_source="qr"), said(words("Привет"), payload="visitka")),
    (
        "formatting, counted in UTF-16",
        new(text="👍 жирно сюда!", format_data=_FORMAT),
        said(
            words(
                "👍 жирно сюда!",
                Mark(kind="bold", start=2, end=7),
                Mark(kind="italic", start=2, end=4),
                Mark(kind="link", start=8, end=12, url="https://example.org"),
            )
        ),
    ),
    (
        "formatting that crosses",
        new(
            text="абвгд",
            format_data={
                "items": [{"type": "bold", "offset": 0, "length": 3}, {"type": "italic", "offset": 2, "length": 3}]
            },
        ),
        said(words("абвгд", Mark(kind="bold", start=0, end=3))),
    ),
    (
        "formatting beyond the text",
        new(text="аб", format_data={"items": [{"type": "bold", "offset": 0, "length": 9}]}),
        said(words("аб")),
    ),
    ("a photo", sent(PHOTO), said(_PICTURE)),
    ("a photo with words", sent(PHOTO, text="вот"), said(words("вот"), _PICTURE)),
    ("an album is one message", sent(*[PHOTO] * 10), said(*[_PICTURE] * 10)),
    ("a photo and a file", sent(PHOTO, _DOC), said(_PICTURE, file(
        "document", _DOC["doc"]["url"], name="счёт.pdf", size=12345
    ))),
    ("a photo by its letters", sent(attached("photo", sizes=[
        {"type": "m", "url": "https://a.userapi.com/m"}, {"type": "y", "url": "https://a.userapi.com/y"},
    ])), said(file("photo", "https://a.userapi.com/y", mime="image/jpeg"))),
    ("a photo with its original", sent(attached("photo", orig_photo={
        "type": "base", "url": "https://a.userapi.com/o", "width": 9, "height": 9,
    })), said(file("photo", "https://a.userapi.com/o", mime="image/jpeg"))),
    ("a photo without an address", sent(attached("photo", id=1, owner_id=2)), said(Unsupported(kind="photo"))),
    ("a file", sent(_DOC), said(file("document", _DOC["doc"]["url"], name="счёт.pdf", size=12345))),
    ("a file whose title lacks the ending", sent(attached(
        "doc", title="счёт", ext="pdf", size=1, url="https://vk.com/doc1_2",
    )), said(file("document", "https://vk.com/doc1_2", name="счёт.pdf", size=1))),
    ("a file without an address", sent(attached("doc", title="счёт")),
     said(Unsupported(kind="doc"), words("счёт"))),
    ("a voice message", sent(_VOICE),
     said(file("voice", "https://psv4.userapi.com/a.ogg", mime="audio/ogg", duration=7.0))),
    ("a voice message as MP3", sent(attached("audio_message", duration=2, link_mp3="https://psv4.userapi.com/a.mp3")),
     said(file("voice", "https://psv4.userapi.com/a.mp3", mime="audio/mpeg", duration=2.0))),
    ("music that VK hides", sent(attached("audio", artist="Хор", title="Песня", duration=61, url="")),
     said(Unsupported(kind="audio"), words("Хор – Песня"))),
    ("music", sent(attached("audio", artist="Хор", title="Песня", duration=61, url="https://cs1.vkuseraudio.net/a")),
     said(file("audio", "https://cs1.vkuseraudio.net/a", name="Хор – Песня", duration=61.0))),
    ("a video", sent(attached("video", id=4, owner_id=IVAN, title="Ролик", duration=12)),
     said(Unsupported(kind="video"), words("Ролик\nhttps://vk.com/video123_4"))),
    ("a video with files", sent(attached("video", title="Ролик", duration=12, files={
        "mp4_240": "https://vkvd1.mycdn.me/240", "mp4_720": "https://vkvd1.mycdn.me/720",
    })), said(file("video", "https://vkvd1.mycdn.me/720", name="Ролик", mime="video/mp4", duration=12.0))),
    ("a sticker", sent(_STICKER), said(file("sticker", "https://vk.com/sticker/1-9-256", mime="image/png"))),
    ("a sticker without pictures", sent(attached("sticker", sticker_id=9, images=[])),
     said(Unsupported(kind="sticker"))),
    ("graffiti", sent(attached("graffiti", id=5, owner_id=IVAN, url="https://vk.com/g.png", width=5, height=5)),
     said(file("photo", "https://vk.com/g.png", mime="image/png"))),
    ("a link", sent(attached("link", url="https://example.org/page", title="Страница")),
     said(Unsupported(kind="link"), words("Страница\nhttps://example.org/page"))),
    ("the snippet of an address in the text", sent(
        attached("link", url="https://example.org/page", title="Страница"), text="смотрите example.org/page",
    ), said(words("смотрите example.org/page"))),
    ("a post", sent(attached("wall", id=8, to_id=-1, from_id=-1, text="Скидки", date=DATE)),
     said(Unsupported(kind="wall"), words("Скидки\nhttps://vk.com/wall-1_8"))),
    ("a comment as an attachment", sent(attached("wall_reply", id=8, from_id=1, text="Да", date=DATE)),
     said(Unsupported(kind="wall_reply"), words("Да"))),
    ("a market item", sent(attached("market", id=6, owner_id=-GROUP, title="Чайник", price={
        "amount": "199000", "currency": {"id": 643, "name": "RUB"}, "text": "1990 ₽",
    })), said(Unsupported(kind="market"), words("Чайник\n1990 ₽\nhttps://vk.com/product-456_6"))),
    ("a poll", sent(attached("poll", id=1, question="Какой цвет?")),
     said(Unsupported(kind="poll"), words("Какой цвет?"))),
    ("a gift", sent(attached("gift", id=1, thumb_256="https://vk.com/gift.png")), said(Unsupported(kind="gift"))),
    ("a story", sent(attached("story", id=3, owner_id=IVAN)),
     said(Unsupported(kind="story"), words("https://vk.com/story123_3"))),
    ("an article", sent(attached("article", title="Статья", url="https://vk.com/@a")),
     said(Unsupported(kind="article"), words("Статья\nhttps://vk.com/@a"))),
    ("a call", sent(attached("call", state="canceled_by_initiator")), said(Unsupported(kind="call"))),
    ("something of tomorrow", sent({"type": "hologram", "hologram": {"id": 1}}), said(Unsupported(kind="hologram"))),
    ("an attachment without a kind", sent({}), said(Unsupported(kind="attachment"))),
    ("a place", new(geo=_GEO), said(Location(latitude=55.75, longitude=37.62, title="Москва, Россия"))),
    ("a place that is none", new(geo={"type": "point", "coordinates": {"latitude": 955, "longitude": 1}}),
     said(Unsupported(kind="location"))),
    ("a reply", new(text="17", reply_message=_REPLIED),
     said(words("17"), reply_to=f"{IVAN}:4", quote="Какой номер заказа?")),
    ("forwards alone", new(fwd_messages=[_FORWARDED]), said(words("Позвони им"), _PICTURE)),
    ("forwards with words", new(text="вот", fwd_messages=[_FORWARDED]),
     said(words("вот"), _PICTURE, quote="Позвони им")),
    ("forwards of forwards", new(text="вот", fwd_messages=[
        {"text": "верх", "fwd_messages": [{"text": "низ", "attachments": [PHOTO]}]},
    ]), said(words("вот"), _PICTURE, quote="верх\nниз")),
    ("a pressed text button", new(text="Спасибо", payload='{"b":"flow.3.2","t":"Спасибо"}'),
     CustomerPressed(button="flow.3.2", label="Спасибо")),
    ("a pressed place button", new(geo=_GEO, payload='{"b":"where","t":"Я здесь"}'),
     CustomerPressed(button="where", label="Я здесь")),
    ("a payload that is not ours", new(text="Каталог", payload='{"page":2}'), said(words("Каталог"))),
    ("a payload that is no JSON", new(text="Каталог", payload="{"), said(words("Каталог"))),
    ("a message without a number of its own", new(text="эй", conversation_message_id=0),
     said(words("эй"), message=f"{IVAN}:id105")),
    ("a group chat", new(text="всем", peer_id=2_000_000_001), None),
    ("what a chat tells itself", new(action={"type": "chat_invite_user", "member_id": 1}), None),
    ("a community writes", new(text="я бот", from_id=-9, peer_id=-9), None),
    ("nothing at all", new(), None),
    ("a pressed callback button", event("message_event", {
        "user_id": IVAN, "peer_id": IVAN, "event_id": "abc", "payload": {"b": "flow.3.1", "t": "Да"},
        "conversation_message_id": 4,
    }), CustomerPressed(button="flow.3.1", label="Да", message=f"{IVAN}:4")),
    ("a callback button with a string", event("message_event", {
        "user_id": IVAN, "peer_id": IVAN, "event_id": "abc", "payload": '{"b":"flow.3.1","t":"Да"}',
        "conversation_message_id": 4,
    }), CustomerPressed(button="flow.3.1", label="Да", message=f"{IVAN}:4")),
    ("a callback button of nobody", event("message_event", {
        "user_id": IVAN, "peer_id": IVAN, "event_id": "abc", "payload": {}, "conversation_message_id": 4,
    }), None),
    ("a callback button in a chat", event("message_event", {
        "user_id": IVAN, "peer_id": 2_000_000_001, "event_id": "abc", "payload": {"b": "x"},
    }), None),
    ("an edit", event("message_edit", message(text="Где заказ 18?", update_time=DATE + 60)),
     CustomerEdited(message=f"{IVAN}:5", parts=(words("Где заказ 18?"),))),
    ("an edit of our own", event("message_edit", message(text="x", from_id=-GROUP, out=1, update_time=DATE)), None),
    ("an edit to nothing", event("message_edit", message(update_time=DATE)), None),
    ("typed by a person of ours", event("message_reply", message(
        text="Здравствуйте, это Мария", from_id=-GROUP, out=1, admin_author_id=ADMIN, random_id=77,
    )), SaidElsewhere(
        operator=Operator(id="77", name="id77", desk="vk"), message=f"{IVAN}:5",
        parts=(words("Здравствуйте, это Мария"),),
    )),
    ("a photo by a person of ours", event("message_reply", message(
        from_id=-GROUP, out=1, admin_author_id=ADMIN, attachments=[PHOTO],
    )), SaidElsewhere(operator=Operator(id="77", name="id77", desk="vk"), message=f"{IVAN}:5", parts=(_PICTURE,))),
    ("our own answer", event("message_reply", message(text="Ответ", from_id=-GROUP, out=1, random_id=4242)), None),
    ("our own answer, with an author", event("message_reply", message(
        text="Ответ", from_id=-GROUP, out=1, random_id=4242, admin_author_id=ADMIN,
    )), None),
    ("an answer of another process of ours", event("message_reply", message(
        text="Ответ", from_id=-GROUP, out=1, random_id=5, admin_author_id=ADMIN, payload='{"by":"estafeta"}',
    )), None),
    ("a mailing of another program", event("message_reply", message(text="Акция", from_id=-GROUP, out=1)), None),
    ("messages allowed", event("message_allow", {"user_id": IVAN, "key": ""}), ReachabilityChanged(reachable=True)),
    ("messages denied", event("message_deny", {"user_id": IVAN}), ReachabilityChanged(reachable=False)),
    ("on the blacklist", event("user_block", {"admin_id": 1, "user_id": IVAN, "unblock_date": 0, "reason": 0}),
     ReachabilityChanged(reachable=False)),
    ("off the blacklist", event("user_unblock", {"admin_id": 1, "user_id": IVAN, "by_end_date": 0}),
     ReachabilityChanged(reachable=True)),
    ("a reaction", event("message_reaction_event", {
        "reacted_id": IVAN, "peer_id": IVAN, "cmid": 4, "reaction_id": 4,
    }), CustomerReacted(message=f"{IVAN}:4", emoji="👍")),
    ("a reaction of tomorrow", event("message_reaction_event", {
        "reacted_id": IVAN, "peer_id": IVAN, "cmid": 4, "reaction_id": 40,
    }), CustomerReacted(message=f"{IVAN}:4", emoji="#40")),
    ("a reaction taken back", event("message_reaction_event", {"reacted_id": IVAN, "peer_id": IVAN, "cmid": 4}),
     CustomerReacted(message=f"{IVAN}:4", emoji="")),
    ("our own reaction", event("message_reaction_event", {
        "reacted_id": -GROUP, "peer_id": IVAN, "cmid": 4, "reaction_id": 4,
    }), None),
    ("the customer has read", event("message_read", {
        "from_id": IVAN, "peer_id": IVAN, "read_message_id": 104, "conversation_message_id": 4,
    }), StatusChanged(message=f"{IVAN}:4", status="read")),
    ("we have read", event("message_read", {
        "from_id": -GROUP, "peer_id": IVAN, "read_message_id": 104, "conversation_message_id": 4,
    }), None),
    ("typing", event("message_typing_state", {"state": "typing", "from_id": IVAN, "to_id": -GROUP}), None),
    ("a new member", event("group_join", {"user_id": IVAN, "join_type": "join"}), None),
    ("a member leaves", event("group_leave", {"user_id": IVAN, "self": 1}), None),
    ("a post of our own", event("wall_post_new", {"id": 7, "from_id": -GROUP, "owner_id": -GROUP}), None),
    ("an event of tomorrow", event("hologram_new", {"user_id": IVAN}), None),
    ("another community's", event("message_new", {"message": message(text="x")}) | {"group_id": 1}, None),
    ("a comment", comment(), CustomerSaid(message="12", parts=(words("А есть синий?"),))),
    ("a comment with a photo", comment(attachments=[PHOTO]),
     CustomerSaid(message="12", parts=(words("А есть синий?"), _PICTURE))),
    ("an answer to a comment", comment(
        number=15, parents_stack=[12], reply_to_user=-GROUP, reply_to_comment=13, text="[club456|Лавка], а зелёный?",
    ), CustomerSaid(message="15", parts=(words("Лавка, а зелёный?"),), reply_to="13")),
    ("an edited comment", comment("wall_reply_edit", text="А есть красный?"),
     CustomerEdited(message="12", parts=(words("А есть красный?"),))),
    ("a restored comment", comment("wall_reply_restore"),
     CustomerEdited(message="12", parts=(words("А есть синий?"),))),
    ("a deleted comment", event("wall_reply_delete", {
        "owner_id": -GROUP, "id": 12, "user_id": IVAN, "deleter_id": IVAN, "post_id": 7,
    }), CustomerDeleted(message="12")),
    ("our own comment", comment(from_id=-GROUP), None),
    ("a comment of another community", comment(from_id=-9), None),
    ("a comment on another wall", comment(owner_id=-9, post_owner_id=-9), None),
]  # fmt: skip
"""What it is, the event, and what has to come of it."""


def profiled(about: Event, profile: Profile) -> Event:
    """The same with whom it is from, where that is told."""
    return replace(about, profile=profile) if isinstance(about, CustomerSaid | CustomerPressed) else about


def every_kind() -> list[Any]:
    return [*captured().values(), *(raw for _, raw, _ in TABLE)]


_ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 10**30, -(10**30), 2**63,
    "", "x", "\x00", "\ud83d", "\udc00x", "я" * 200_000, [], {}, [None], [[]], {"id": None}, {"": ""}, [{"text": 1}],
    "🇷🇺" * 50, "\u202e", GROUP, 2_000_000_001, "https://" + "a" * 9000,
)  # fmt: skip


def mutations(seed: int, count: int) -> Iterator[Any]:
    """Events with a few things in them gone, doubled, or of another type."""
    chance = random.Random(seed)
    originals = every_kind()
    for _ in range(count):
        broken = copy.deepcopy(chance.choice(originals))
        for _ in range(chance.randint(1, 4)):
            broken = mutated(broken, chance)
        yield broken


def mutated(value: Any, chance: random.Random) -> Any:
    """One change, at a random depth."""
    if not isinstance(value, dict | list) or not value or chance.random() < 0.05:
        return copy.deepcopy(chance.choice(_ODD))
    key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
    match chance.randrange(6):
        case 0:
            del value[key]
        case 1 if isinstance(value, dict):
            value[f"new_{key}"] = value.pop(key)
        case 2:
            value[key] = copy.deepcopy(chance.choice(_ODD))
        case _:
            value[key] = mutated(value[key], chance)
    return value
