"""From a raw webhook to what happened. Pure and tolerant: no JSON value makes it raise.

One webhook may carry several accounts' entries, changes of several fields, and many messages and statuses
(https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview). Who a person is is not
decided here: WhatsApp names them by phone number, by a business-scoped user id, or by both, and `people` knows which
address that is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bots.whatsapp.content import parts_of
from bots.whatsapp.failures import Language, of_status
from bots.whatsapp.fields import identifier, obj, objects, phone, short, string, time, user
from bots.whatsapp.people import Person
from estafeta.kernel.model import (
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Event,
    Operator,
    OutboxId,
    Profile,
    SaidElsewhere,
    SignalId,
    StatusChanged,
)

CHANNEL = "whatsapp"

FIELDS = ("messages", "smb_message_echoes", "message_template_status_update")
"""What is subscribed to."""

_STATUSES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",  # a voice message was listened to
    "failed": "failed",
}
_TRACKER = re.compile(r"(.+)\|([0-9]{1,4})/([0-9]{1,4})", re.DOTALL)
_NUMBER_CHANGED = frozenset(("user_changed_number", "user_changed_user_id", "customer_changed_number"))
_UNSAID = frozenset(("request_welcome",))
"""Somebody opened the chat and has written nothing yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A signal but for its address, which is the person's. `piece`: the message was this one, from 1, of so many of
    one outbox item."""

    account: str
    person: Person
    id: SignalId
    at: datetime
    event: Event
    raw: Any
    item: OutboxId | None = None
    piece: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A person has another number, and with it another user id."""

    account: str
    before: Person
    after: Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside:
    """What cannot be used, and why."""

    raw: Any
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something for the log: nobody has to answer it. `matters`: an administrator may have to do something."""

    event: str
    details: Mapping[str, str | int]
    matters: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplatesChanged:
    pass


Happened = Told | Moved | Aside | Notice | TemplatesChanged


def tracker(item: OutboxId, piece: int, of: int) -> str:
    """What a message carries so that its statuses name the outbox item: 512 characters at most."""
    return str(item) if of == 1 else f"{item}|{piece}/{of}"


def convert(raw: Any, accounts: Mapping[str, str], now: datetime, language: Language = "ru") -> list[Happened]:
    """`accounts` has the names of the numbers served here, by their ids. The strings of `raw` must hold no lone
    surrogates (`wire.loads`)."""
    webhook = obj(raw)
    entries = objects(webhook.get("entry"))
    if webhook.get("object") != "whatsapp_business_account" or not entries:
        return [Aside(raw=raw, reason="this is no webhook of WhatsApp's")]
    found: list[Happened] = []
    for entry in entries:
        for change in objects(entry.get("changes")):
            found += _change(change, accounts, now, language)
    return found


def _change(
    change: Mapping[str, Any], accounts: Mapping[str, str], now: datetime, language: Language
) -> Iterator[Happened]:
    name, value = string(change.get("field")), obj(change.get("value"))
    if name == "message_template_status_update":
        yield TemplatesChanged()
        return
    if name not in FIELDS:
        yield Notice(event="whatsapp_field_ignored", details={"field": short(name)})
        return
    number = identifier(obj(value.get("metadata")).get("phone_number_id"))
    account = accounts.get(number)
    if account is None:
        if value.get("messages") or value.get("message_echoes"):
            reason = f"it is for the number with the id {number or 'nobody knows'}, which is not set up here"
            yield Aside(raw=change, reason=reason)
        return
    for error in objects(value.get("errors")):
        code = error.get("code")
        details: dict[str, str | int] = {"account": account, "title": short(error.get("title"))}
        details |= {"code": code} if type(code) is int else {}
        yield Notice(event="whatsapp_trouble", details=details, matters=True)
    place = _Place(number=number, account=account, contacts=objects(value.get("contacts")), now=now)
    if name == "smb_message_echoes":
        for echo in objects(value.get("message_echoes")):
            yield _echo(echo, place)
        return
    for message in objects(value.get("messages")):
        yield _message(message, place)
    for status in objects(value.get("statuses")):
        yield from _status(status, place, language)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    number: str
    account: str
    contacts: list[Mapping[str, Any]]
    now: datetime

    def contact(self, number: str, name: str) -> Mapping[str, Any]:
        """Who a message is from, among those the change describes."""
        for contact in self.contacts:
            if (name and contact.get("user_id") == name) or (number and contact.get("wa_id") == number):
                return contact
        only = self.contacts[0] if len(self.contacts) == 1 else {}
        return only if not name or only.get("user_id") in (None, name) else {}

    def person(self, number: Any, name: Any) -> tuple[Person, Profile]:
        """The contact's `wa_id` counts, not the number it was dialled by: statuses have that one."""
        contact = self.contact(phone(number), user(name))
        profile = obj(contact.get("profile"))
        person = Person(
            phone=phone(contact.get("wa_id")) or phone(number), user=user(contact.get("user_id")) or user(name)
        )
        return person, Profile(name=short(profile.get("name")), username=short(profile.get("username")))

    def told(self, raw: Any, person: Person, id_: str, event: Event, **more: Any) -> Told:
        at = time(obj(raw).get("timestamp"), self.now)
        signal = SignalId(f"wa.{self.number}.{id_}")
        return Told(account=self.account, person=person, id=signal, at=at, event=event, raw=raw, **more)


def _message(message: Mapping[str, Any], place: _Place) -> Happened:
    wamid, kind = identifier(message.get("id")), short(message.get("type"))
    if not wamid:
        return Aside(raw=message, reason="a message without an id")
    if message.get("group_id"):
        return Notice(event="whatsapp_group_ignored", details={"account": place.account})
    if kind == "system" and string(obj(message.get("system")).get("type")) in _NUMBER_CHANGED:
        return _moved(message, obj(message.get("system")), place)
    person, profile = place.person(message.get("from"), message.get("from_user_id"))
    if not person:
        return Aside(raw=message, reason="a message from nobody")
    if kind in _UNSAID:
        return Notice(event="whatsapp_chat_opened", details={"account": place.account})
    changed = _changed(message, kind, place, person)
    if changed is not None:
        suffix, event = changed
        return place.told(message, person, f"{wamid}{suffix}", event)
    pressed = _pressed(message, kind, profile)
    if pressed is not None:
        return place.told(message, person, wamid, pressed)
    context = obj(message.get("context"))
    said = CustomerSaid(
        message=wamid,
        parts=parts_of(message, kind, account=place.account, phone=person.phone, user=person.user),
        profile=profile,
        reply_to=identifier(context.get("id")) if "referred_product" not in context else "",
        quote=_product(obj(context.get("referred_product"))),
        payload=_referral(obj(message.get("referral"))),
    )
    return place.told(message, person, wamid, said)


def _changed(message: Mapping[str, Any], kind: str, place: _Place, person: Person) -> tuple[str, Event] | None:
    """What was done to an earlier message, and what tells the signal's id from others of the same message."""
    content = obj(message.get(kind))
    if kind == "reaction" and (of := identifier(content.get("message_id"))):
        return "", CustomerReacted(message=of, emoji=short(content.get("emoji")))
    if kind == "edit" and (of := identifier(content.get("original_message_id"))):
        edited = obj(content.get("message"))
        inner = short(edited.get("type"))
        parts = parts_of(edited, inner, account=place.account, phone=person.phone, user=person.user)
        return ".edit", CustomerEdited(message=of, parts=parts)
    if kind == "revoke" and (of := identifier(content.get("original_message_id"))):
        return ".revoke", CustomerDeleted(message=of)
    return None


def _pressed(message: Mapping[str, Any], kind: str, profile: Profile) -> CustomerPressed | None:
    content, under = obj(message.get(kind)), identifier(obj(message.get("context")).get("id"))
    button = label = ""
    if kind == "button":  # of a template
        button, label = short(content.get("payload")), short(content.get("text"))
    elif kind == "interactive":
        reply = obj(content.get("button_reply")) or obj(content.get("list_reply"))
        button, label = short(reply.get("id")), _label(short(reply.get("title")), short(reply.get("description")))
    if not (button or label):
        return None
    return CustomerPressed(button=button or label, label=label, profile=profile, message=under)


def _label(title: str, description: str) -> str:
    """A label longer than a row's title stands in its description, and its beginning in the title."""
    return description if title.endswith("…") and description.startswith(title[:-1].rstrip()) else title


def _product(product: Mapping[str, Any]) -> str:
    return "/".join(text for name in ("catalog_id", "product_retailer_id") if (text := short(product.get(name))))


def _referral(referral: Mapping[str, Any]) -> str:
    """The advertisement or post that led here: "ad:120226305854810726"."""
    source = short(referral.get("source_id")) or short(referral.get("source_url"))
    return f"{short(referral.get('source_type')) or 'ad'}:{source}" if source else ""


def _moved(message: Mapping[str, Any], system: Mapping[str, Any], place: _Place) -> Happened:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system; a
    system message comes without contacts."""
    before = Person(
        phone=phone(message.get("from")),
        user=user(system.get("previous_user_id")) or user(message.get("from_user_id")),
    )
    after = Person(phone=phone(system.get("wa_id")) or phone(system.get("new_wa_id")), user=user(system.get("user_id")))
    if not before or not after:
        return Aside(raw=message, reason="a change of number that does not say of whose")
    return Moved(account=place.account, before=before, after=after)


def _echo(echo: Mapping[str, Any], place: _Place) -> Happened:
    """What somebody of ours wrote in the WhatsApp Business app
    (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/smb_message_echoes)."""
    wamid, kind = identifier(echo.get("id")), short(echo.get("type"))
    person, _ = place.person(echo.get("to"), echo.get("to_user_id"))
    if not wamid or not person:
        return Aside(raw=echo, reason="an echo of the phone app without an id, or to nobody")
    if kind in ("reaction", "revoke"):
        return Notice(event="whatsapp_echo_ignored", details={"account": place.account, "kind": kind})
    said = echo
    if kind == "edit":
        said = obj(obj(echo.get("edit")).get("message"))
        kind = short(said.get("type"))
    parts = parts_of(said, kind, account=place.account)
    operator = Operator(id=f"{CHANNEL}:{place.number}", name="WhatsApp Business", desk=CHANNEL)
    return place.told(echo, person, f"{wamid}.echo", SaidElsewhere(operator=operator, message=wamid, parts=parts))


def _status(status: Mapping[str, Any], place: _Place, language: Language) -> Iterator[Told]:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status"""
    wamid, name = identifier(status.get("id")), _STATUSES.get(string(status.get("status")))
    person, _ = place.person(status.get("recipient_id"), status.get("recipient_user_id"))
    if not wamid or name is None or not person or status.get("recipient_type") == "group":
        return  # deleted, warning, a group's: nothing that anybody waits for
    item, piece = _tracked(string(status.get("biz_opaque_callback_data")))
    failed = of_status(status.get("errors"), language) if name == "failed" else None
    event = StatusChanged(
        message=wamid,
        status=name,
        # The last message of an item tells that all of it arrived; the first that failed, that it did not.
        item=item if failed is not None or piece[0] == piece[1] else None,
        code=failed.code if failed else "",
        sentence=failed.sentence if failed else "",
        # The price comes twice, with "sent" and with what follows it: it is one message all the same.
        billable=name == "sent" and obj(status.get("pricing")).get("billable") is True,
    )
    yield place.told(status, person, f"{wamid}.{short(status.get('status'))}", event, item=item, piece=piece)


def _tracked(text: str) -> tuple[OutboxId | None, tuple[int, int]]:
    match = _TRACKER.fullmatch(text)
    if match:
        return OutboxId(match[1]), (int(match[2]), int(match[3]))
    return (OutboxId(text) if text else None), (1, 1)
