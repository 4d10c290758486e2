"""Webhooks as Meta's documentation describes them, each with what it means to us.

Sources, below https://developers.facebook.com/documentation/business-messaging/whatsapp: webhooks/reference/messages/*
(text, image, video, audio, document, sticker, location, contacts, interactive, button, reaction, order, system,
unsupported, edit, revoke, status, errors, group), webhooks/reference/smb_message_echoes, business-scoped-user-ids; and
the fixtures of pywa (https://github.com/david-lev/pywa, MIT) for shapes that are seen and not described. The persons
are of no country's number range that is in use.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bots.whatsapp.people import Person
from estafeta.kernel.model import (
    Contact,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Location,
    Media,
    Operator,
    OutboxId,
    Part,
    Profile,
    SaidElsewhere,
    StatusChanged,
    Text,
    Unsupported,
)

NUMBER = "106540352242922"
PHONE = "16505551234"
USER = "US.13491208655302741918"
BUSINESS = "15550783881"
ANNA = Profile(name="Анна")
WAMID = "wamid.HBgLMTY1MDU1NTEyMzQ="
EARLIER = "wamid.RUFSTElFUg=="
BOTH, BY_PHONE, BY_USER = Person(phone=PHONE, user=USER), Person(phone=PHONE), Person(user=USER)


@dataclass(frozen=True)
class Case:
    """`told`: (what the signal's id ends with, who, what), in order. `other`: what else it comes to, by class name."""

    name: str
    payload: Any
    told: tuple[tuple[str, Person, Event], ...] = ()
    other: tuple[str, ...] = ()


def change(field: str, **value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": BUSINESS, "phone_number_id": NUMBER}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def webhook(*changes: dict[str, Any]) -> dict[str, Any]:
    return {"object": "whatsapp_business_account", "entry": [{"id": "102290129340398", "changes": list(changes)}]}


def contact(*, phone: str = PHONE, user: str = USER, **profile: str) -> dict[str, Any]:
    names = {"wa_id": phone, "user_id": user}
    return {"profile": {"name": "Анна", **profile}, **{name: value for name, value in names.items() if value}}


def message(kind: str, content: Any = None, *, sender: Any = None, **more: Any) -> dict[str, Any]:
    """One message of somebody with a phone number and a user id; `sender` replaces them."""
    raw = {"id": WAMID, "timestamp": "1749416383", "type": kind, **(sender or {"from": PHONE, "from_user_id": USER})}
    if content is not None:
        raw[kind] = content
    raw |= more
    return webhook(change("messages", contacts=[contact()], messages=[raw]))


def said(*parts: Part, **more: Any) -> tuple[tuple[str, Person, Event], ...]:
    return ((WAMID, BOTH, CustomerSaid(message=WAMID, parts=parts, profile=more.pop("profile", ANNA), **more)),)


def media(kind: Any, mime: str, name: str = "", ref: str = "1003383421387256") -> Media:
    return Media(kind=kind, ref=ref, origin="whatsapp:shop", name=name, mime=mime)


def file(mime: str, **more: Any) -> dict[str, Any]:
    return {
        "id": "1003383421387256",
        "mime_type": mime,
        "sha256": "SfInY0gGKTsJlUWbwxC1k+FAD0FZHvzwfpvO0zX0GUI=",
        **more,
    }


def status(name: str, **more: Any) -> dict[str, Any]:
    raw = {"id": WAMID, "status": name, "timestamp": "1750030073", "recipient_id": PHONE, **more}
    return webhook(change("messages", statuses=[raw]))


def became(
    name: str, suffix: str = "", person: Person = BY_PHONE, **more: Any
) -> tuple[tuple[str, Person, Event], ...]:
    event = StatusChanged(message=WAMID, **{"status": name, **more})
    return ((f"{WAMID}.{suffix or name}", person, event),)


def failed(code: int, details: str = "details") -> dict[str, Any]:
    error = {
        "code": code,
        "title": "title",
        "message": "title",
        "error_data": {"details": details},
        "href": "https://x",
    }
    return status("failed", biz_opaque_callback_data="c1.2.3", errors=[error])


def not_sent(code: str, sentence: str) -> tuple[tuple[str, Person, Event], ...]:
    return became("failed", item=OutboxId("c1.2.3"), code=code, sentence=sentence)


def echo(kind: str, content: Any, **more: Any) -> dict[str, Any]:
    raw = {"from": BUSINESS, "to": PHONE, "to_user_id": USER, "id": WAMID, "timestamp": "1739321024", "type": kind}
    return webhook(change("smb_message_echoes", contacts=[contact()], message_echoes=[{**raw, kind: content, **more}]))


def answered(*parts: Part, person: Person = BOTH) -> tuple[tuple[str, Person, Event], ...]:
    operator = Operator(id=f"whatsapp:{NUMBER}", name="WhatsApp Business", desk="whatsapp")
    return ((f"{WAMID}.echo", person, SaidElsewhere(operator=operator, message=WAMID, parts=parts)),)


def moved(**system: str) -> dict[str, Any]:
    raw = {"id": WAMID, "timestamp": "1750269342", "type": "system", "from": PHONE}
    raw |= {"system": {"body": "User Анна changed", **system}}  # type: ignore[dict-item]
    return webhook(change("messages", messages=[raw]))


PRESSED = CustomerPressed(button="c.1", label="Отменить", profile=ANNA, message=EARLIER)
UNDER = {"from": BUSINESS, "id": EARLIER}
JPEG, OGG = "image/jpeg", "audio/ogg; codecs=opus"
PAST_24_HOURS = "С последнего сообщения клиента прошло больше 24 часов: WhatsApp возьмёт только одобренный шаблон."
UNDELIVERABLE = (
    "WhatsApp не может доставить сообщение: номера нет в WhatsApp, клиент вас заблокировал или давно не обновлял "
    "приложение."
)
MARKETING = (
    "WhatsApp не доставил рекламное сообщение: клиент отказался от них, получил их уже много или входит в контрольную "
    "группу."
)
PAIR = "WhatsApp берёт одному клиенту примерно одно сообщение в 6 секунд; отправим позже."

CASES: tuple[Case, ...] = (
    Case("text", message("text", {"body": "Где мой заказ?"}), said(Text(text="Где мой заказ?"))),
    Case("text with signs", message("text", {"body": "*важно* <b>"}), said(Text(text="*важно* <b>"))),
    Case("empty text", message("text", {"body": ""}), said(Unsupported(kind="text"))),
    Case(
        "text without a user id",
        webhook(
            change(
                "messages",
                contacts=[contact(user="")],
                messages=[{"from": PHONE, "id": WAMID, "timestamp": "1", "type": "text", "text": {"body": "да"}}],
            )
        ),
        ((WAMID, BY_PHONE, CustomerSaid(message=WAMID, parts=(Text(text="да"),), profile=ANNA)),),
    ),
    Case(
        "text without a phone number",
        webhook(
            change(
                "messages",
                contacts=[contact(phone="", username="anna")],
                messages=[
                    {"from_user_id": USER, "id": WAMID, "timestamp": "1", "type": "text", "text": {"body": "да"}}
                ],
            )
        ),
        (
            (
                WAMID,
                BY_USER,
                CustomerSaid(message=WAMID, parts=(Text(text="да"),), profile=Profile(name="Анна", username="anna")),
            ),
        ),
    ),
    Case(
        "text of somebody with a parent user id",
        webhook(
            change(
                "messages",
                contacts=[{**contact(), "parent_user_id": "US.ENT.11815799212886844830"}],
                messages=[
                    {
                        "from": PHONE,
                        "from_user_id": USER,
                        "from_parent_user_id": "US.ENT.11815799212886844830",
                        "id": WAMID,
                        "timestamp": "1",
                        "type": "text",
                        "text": {"body": "да"},
                    }
                ],
            )
        ),
        said(Text(text="да")),
    ),
    Case(
        "text whose sender is dialled by another number than their id",
        message("text", {"body": "да"}, sender={"from": "5551998765432"}),
        said(Text(text="да")),
    ),
    Case(
        "text without contacts",
        webhook(change("messages", messages=[{"from": PHONE, "id": WAMID, "type": "text", "text": {"body": "да"}}])),
        ((WAMID, BY_PHONE, CustomerSaid(message=WAMID, parts=(Text(text="да"),))),),
    ),
    Case("reply", message("text", {"body": "да"}, context=UNDER), said(Text(text="да"), reply_to=EARLIER)),
    Case("forwarded", message("text", {"body": "да"}, context={"forwarded": True}), said(Text(text="да"))),
    Case(
        "forwarded often",
        message("text", {"body": "да"}, context={"frequently_forwarded": True}),
        said(Text(text="да")),
    ),
    Case(
        "asked about a product",
        message(
            "text",
            {"body": "Есть?"},
            context={
                "from": BUSINESS,
                "id": EARLIER,
                "referred_product": {"catalog_id": "194836987003835", "product_retailer_id": "di9ozbzfi4"},
            },
        ),
        said(Text(text="Есть?"), quote="194836987003835/di9ozbzfi4"),
    ),
    Case(
        "from an advertisement",
        message("text", {"body": "Хочу"}, referral={"source_type": "ad", "source_id": "120226305854810726"}),
        said(Text(text="Хочу"), payload="ad:120226305854810726"),
    ),
    Case(
        "from a post, by its address alone",
        message("text", {"body": "Хочу"}, referral={"source_type": "post", "source_url": "https://fb.me/3cr4Wqqkv"}),
        said(Text(text="Хочу"), payload="post:https://fb.me/3cr4Wqqkv"),
    ),
    Case("referral that says nothing", message("text", {"body": "Хочу"}, referral={}), said(Text(text="Хочу"))),
    Case("image", message("image", file(JPEG)), said(media("photo", JPEG))),
    Case(
        "image with words",
        message("image", file(JPEG, caption="Царапина")),
        said(media("photo", JPEG), Text(text="Царапина")),
    ),
    Case("image with an address", message("image", file(JPEG, url="https://x/1")), said(media("photo", JPEG))),
    Case("image without an id", message("image", {"mime_type": JPEG}), said(Unsupported(kind="image"))),
    Case(
        "video", message("video", file("video/mp4", caption="см.")), said(media("video", "video/mp4"), Text(text="см."))
    ),
    Case("audio", message("audio", file("audio/mpeg", voice=False)), said(media("audio", "audio/mpeg"))),
    Case("audio that does not say", message("audio", file("audio/mp4")), said(media("audio", "audio/mp4"))),
    Case("voice", message("audio", file(OGG, voice=True)), said(media("voice", OGG))),
    Case(
        "document",
        message("document", file("application/pdf", filename="счёт.pdf", caption="вот")),
        said(media("document", "application/pdf", "счёт.pdf"), Text(text="вот")),
    ),
    Case(
        "document with a long name",
        message("document", file("application/pdf", filename="я" * 500)),
        said(media("document", "application/pdf", "я" * 256)),
    ),
    Case("sticker", message("sticker", file("image/webp", animated=False)), said(media("sticker", "image/webp"))),
    Case("moving sticker", message("sticker", file("image/webp", animated=True)), said(media("sticker", "image/webp"))),
    Case(
        "location",
        message(
            "location", {"latitude": 55.75, "longitude": 37.61, "name": "Кафе", "address": "Ул. 1", "url": "https://x"}
        ),
        said(Location(latitude=55.75, longitude=37.61, title="Кафе, Ул. 1")),
    ),
    Case(
        "location without a name",
        message("location", {"latitude": -12, "longitude": 180}),
        said(Location(latitude=-12.0, longitude=180.0)),
    ),
    Case("location nowhere", message("location", {"latitude": 91, "longitude": 0}), said(Unsupported(kind="location"))),
    Case("location in words", message("location", {"latitude": "55"}), said(Unsupported(kind="location"))),
    Case(
        "contact",
        message("contacts", [{"name": {"formatted_name": "Иван"}, "phones": [{"phone": "+1 555", "wa_id": "1555"}]}]),
        said(Contact(phone="+1 555", name="Иван")),
    ),
    Case(
        "own contact",
        message("contacts", [{"name": {"formatted_name": "Анна"}, "phones": [{"phone": "+1 650", "wa_id": PHONE}]}]),
        said(Contact(phone="+1 650", name="Анна", own=True)),
    ),
    Case(
        "own contact by the user id",
        message("contacts", [{"vcard": "BEGIN:VCARD", "phones": [{"phone": "+1 650", "user_id": USER}]}]),
        said(Contact(phone="+1 650", own=True)),
    ),
    Case(
        "contacts with several numbers",
        message(
            "contacts",
            [
                {"name": {"first_name": "Иван", "last_name": "П"}, "phones": [{"phone": "1"}, {"wa_id": "2"}]},
                {"name": {}, "phones": [{"phone": "3"}]},
            ],
        ),
        said(Contact(phone="1", name="Иван П"), Contact(phone="2", name="Иван П"), Contact(phone="3")),
    ),
    Case("contact without a number", message("contacts", [{"name": {}}]), said(Unsupported(kind="contacts"))),
    Case(
        "button of ours",
        message(
            "interactive", {"type": "button_reply", "button_reply": {"id": "c.1", "title": "Отменить"}}, context=UNDER
        ),
        ((WAMID, BOTH, PRESSED),),
    ),
    Case(
        "row of a list",
        message(
            "interactive",
            {"type": "list_reply", "list_reply": {"id": "c.1", "title": "Отменить", "description": "Совсем"}},
            context=UNDER,
        ),
        ((WAMID, BOTH, PRESSED),),
    ),
    Case(
        "row whose label is longer than a title",
        message(
            "interactive",
            {
                "type": "list_reply",
                "list_reply": {
                    "id": "c.1",
                    "title": "Хочу вернуть один…",
                    "description": "Хочу вернуть один товар из двух",
                },
            },
        ),
        ((WAMID, BOTH, CustomerPressed(button="c.1", label="Хочу вернуть один товар из двух", profile=ANNA)),),
    ),
    Case(
        "button of a template",
        message("button", {"payload": "c.1", "text": "Отменить"}, context=UNDER),
        ((WAMID, BOTH, PRESSED),),
    ),
    Case(
        "button of a template without a payload",
        message("button", {"text": "Да"}),
        ((WAMID, BOTH, CustomerPressed(button="Да", label="Да", profile=ANNA)),),
    ),
    Case(
        "form that was filled in",
        message("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{}", "name": "flow"}}),
        said(Unsupported(kind="nfm_reply")),
    ),
    Case(
        "interactive without content",
        message("interactive", context=UNDER),
        said(Unsupported(kind="interactive"), reply_to=EARLIER),
    ),
    Case(
        "permission to call",
        message("interactive", {"type": "call_permission_reply", "call_permission_reply": {"response": "accept"}}),
        said(Unsupported(kind="call_permission_reply")),
    ),
    Case(
        "reaction",
        message("reaction", {"message_id": EARLIER, "emoji": "👍🏽"}),
        ((WAMID, BOTH, CustomerReacted(message=EARLIER, emoji="👍🏽")),),
    ),
    Case(
        "reaction taken back, empty",
        message("reaction", {"message_id": EARLIER, "emoji": ""}),
        ((WAMID, BOTH, CustomerReacted(message=EARLIER, emoji="")),),
    ),
    Case(
        "reaction taken back, missing",
        message("reaction", {"message_id": EARLIER}),
        ((WAMID, BOTH, CustomerReacted(message=EARLIER, emoji="")),),
    ),
    Case("reaction to nothing", message("reaction", {"emoji": "👍"}), said(Unsupported(kind="reaction"))),
    Case(
        "edited text",
        message("edit", {"original_message_id": EARLIER, "message": {"type": "text", "text": {"body": "нет"}}}),
        ((f"{WAMID}.edit", BOTH, CustomerEdited(message=EARLIER, parts=(Text(text="нет"),))),),
    ),
    Case(
        "edited words under a picture",
        message(
            "edit",
            {"original_message_id": EARLIER, "message": {"type": "image", "image": file(JPEG, caption="нет")}},
        ),
        (
            (
                f"{WAMID}.edit",
                BOTH,
                CustomerEdited(message=EARLIER, parts=(media("photo", JPEG), Text(text="нет"))),
            ),
        ),
    ),
    Case("edit of nothing", message("edit", {"message": {}}), said(Unsupported(kind="edit"))),
    Case(
        "taken back",
        message("revoke", {"original_message_id": EARLIER}),
        ((f"{WAMID}.revoke", BOTH, CustomerDeleted(message=EARLIER)),),
    ),
    Case(
        "order",
        message("order", {"text": "Побыстрее", "product_items": [{"product_retailer_id": "di9", "quantity": 2}]}),
        said(Unsupported(kind="order: 2 × di9"), Text(text="Побыстрее")),
    ),
    Case("order of nothing", message("order", {"catalog_id": "1"}), said(Unsupported(kind="order"))),
    Case(
        "unsupported",
        message("unsupported", errors=[{"code": 131051, "title": "Message type unknown"}]),
        said(Unsupported(kind="unsupported")),
    ),
    Case(
        "unsupported that says what it was",
        message("unsupported", {"type": "poll_creation"}),
        said(Unsupported(kind="poll_creation")),
    ),
    Case("of a kind to come", message("hologram", {"id": "1"}), said(Unsupported(kind="hologram"))),
    Case("of no kind", message(""), said(Unsupported(kind="message"))),
    Case("view once", message("ephemeral", errors=[{"code": 131051}]), said(Unsupported(kind="ephemeral"))),
    Case(
        "identity changed",
        message("system", {"body": "User identity changed", "type": "customer_identity_changed"}),
        said(Unsupported(kind="customer_identity_changed")),
    ),
    Case("number changed", moved(wa_id="12195555358", type="user_changed_number"), (), ("Moved",)),
    Case(
        "number changed, with both user ids",
        moved(wa_id="12195555358", user_id="US.2", previous_user_id=USER, type="user_changed_number"),
        (),
        ("Moved",),
    ),
    Case("number changed to nowhere", moved(type="user_changed_number"), (), ("Aside",)),
    Case(
        "user id changed",
        moved(user_id="MX.0987654321", previous_user_id=USER, type="user_changed_user_id"),
        (),
        ("Moved",),
    ),
    Case("chat opened", message("request_welcome"), (), ("Notice",)),
    Case("in a group", message("text", {"body": "всем привет"}, group_id="Y2FwaV9ncm91cA=="), (), ("Notice",)),
    Case(
        "from nobody",
        message("text", {"body": "?"}, sender={"x": 1})
        | {
            "entry": [
                {
                    "id": "1",
                    "changes": [change("messages", messages=[{"id": WAMID, "type": "text", "text": {"body": "?"}}])],
                }
            ]
        },
        (),
        ("Aside",),
    ),
    Case("without an id", message("text", {"body": "?"}, id=""), (), ("Aside",)),
    Case("with an id of two words", message("text", {"body": "?"}, id="wamid.a b"), (), ("Aside",)),
    Case("sent", status("sent"), became("sent")),
    Case(
        "sent, and paid for",
        status(
            "sent",
            biz_opaque_callback_data="c1.2.3",
            conversation={"id": "1", "origin": {"type": "service"}},
            pricing={"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
        ),
        became("sent", item=OutboxId("c1.2.3"), billable=True),
    ),
    Case(
        "delivered for nothing",
        status("delivered", pricing={"billable": False, "type": "free_customer_service", "category": "service"}),
        became("delivered"),
    ),
    Case("read", status("read"), became("read")),
    Case("listened to", status("played"), became("read", "played")),
    Case(
        "delivered to a user id",
        webhook(
            change(
                "messages",
                contacts=[contact(phone="")],
                statuses=[{"id": WAMID, "status": "delivered", "timestamp": "1", "recipient_user_id": USER}],
            )
        ),
        became("delivered", person=BY_USER),
    ),
    Case("the first of two messages", status("sent", biz_opaque_callback_data="c1.2.3|1/2"), became("sent")),
    Case(
        "the second of two messages",
        status("sent", biz_opaque_callback_data="c1.2.3|2/2"),
        became("sent", item=OutboxId("c1.2.3")),
    ),
    Case("to a group", status("sent", recipient_type="group", recipient_id="1234567"), ()),
    Case("a status of old", status("deleted"), ()),
    Case("24 hours passed", failed(131047), not_sent("window_closed", PAST_24_HOURS)),
    Case("undeliverable", failed(131026), not_sent("undeliverable", UNDELIVERABLE)),
    Case("an experiment", failed(130472), not_sent("undeliverable", MARKETING)),
    Case("too much advertising", failed(131049), not_sent("undeliverable", MARKETING)),
    Case("too often", failed(131056), not_sent("too_many_requests", PAIR)),
    Case(
        "file refused",
        failed(131053, "bad file"),
        not_sent("file_refused", "WhatsApp не взял файл: bad file (131053)."),
    ),
    Case(
        "a code to come",
        failed(139999, "new\nrule"),
        not_sent("refused", "WhatsApp не взял сообщение: new rule (139999)."),
    ),
    Case(
        "failed without a reason",
        status("failed"),
        became("failed", code="refused", sentence="WhatsApp не взял сообщение."),
    ),
    Case("trouble", webhook(change("messages", errors=[{"code": 130429, "title": "Rate limit hit"}])), (), ("Notice",)),
    Case("answered from the phone", echo("text", {"body": "Отвечу сам"}), answered(Text(text="Отвечу сам"))),
    Case(
        "a picture from the phone",
        echo("image", file(JPEG, caption="вот")),
        answered(media("photo", JPEG), Text(text="вот")),
    ),
    Case(
        "edited on the phone",
        echo("edit", {"original_message_id": EARLIER, "message": {"type": "text", "text": {"body": "не так"}}}),
        answered(Text(text="не так")),
    ),
    Case("taken back on the phone", echo("revoke", {"original_message_id": EARLIER}), (), ("Notice",)),
    Case("reaction on the phone", echo("reaction", {"message_id": EARLIER, "emoji": "👍"}), (), ("Notice",)),
    Case("echo without an id", echo("text", {"body": "да"}, id=None), (), ("Aside",)),
    Case(
        "approval",
        webhook({"field": "message_template_status_update", "value": {"event": "APPROVED", "message_template_id": 1}}),
        (),
        ("TemplatesChanged",),
    ),
    Case("quality", webhook({"field": "phone_number_quality_update", "value": {"event": "FLAGGED"}}), (), ("Notice",)),
    Case("history", webhook(change("history", history=[{"metadata": {"phase": 0}}])), (), ("Notice",)),
    Case("nothing at all", webhook(), ()),
    Case("of another product", {"object": "page", "entry": [{"id": "1", "messaging": []}]}, (), ("Aside",)),
    Case("no object", [1, 2], (), ("Aside",)),
    Case(
        "another number's message",
        webhook(
            {
                "field": "messages",
                "value": {
                    "metadata": {"display_phone_number": "1", "phone_number_id": "999"},
                    "messages": [{"from": PHONE, "id": WAMID, "type": "text", "text": {"body": "да"}}],
                },
            }
        ),
        (),
        ("Aside",),
    ),
    Case(
        "another number's status",
        webhook({"field": "messages", "value": {"metadata": {"phone_number_id": "999"}, "statuses": [{"id": WAMID}]}}),
    ),
    Case(
        "several entries, changes, messages and statuses at once",
        {
            "object": "whatsapp_business_account",
            "entry": [
                *message("text", {"body": "раз"})["entry"],
                {
                    "id": "2",
                    "changes": [
                        change(
                            "messages",
                            contacts=[contact(), contact(phone="12195555358", user="US.2")],
                            messages=[
                                {"from": "12195555358", "id": "wamid.2", "type": "text", "text": {"body": "два"}},
                                {"from": PHONE, "id": "wamid.3", "type": "text", "text": {"body": "три"}},
                            ],
                            statuses=[{"id": "wamid.4", "status": "read", "recipient_id": PHONE}],
                        ),
                        *message("text", {"body": "пять"}, id="wamid.5")["entry"][0]["changes"],
                    ],
                },
            ],
        },
        (
            *said(Text(text="раз")),
            (
                "wamid.2",
                Person(phone="12195555358", user="US.2"),
                CustomerSaid(message="wamid.2", parts=(Text(text="два"),), profile=ANNA),
            ),
            ("wamid.3", BOTH, CustomerSaid(message="wamid.3", parts=(Text(text="три"),), profile=ANNA)),
            ("wamid.4.read", BOTH, StatusChanged(message="wamid.4", status="read")),
            ("wamid.5", BOTH, CustomerSaid(message="wamid.5", parts=(Text(text="пять"),), profile=ANNA)),
        ),
    ),
)
