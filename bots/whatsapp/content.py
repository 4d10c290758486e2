"""What one WhatsApp message holds, as parts. Pure and tolerant.

Kinds and their fields: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages
and the pages below it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bots.whatsapp.fields import degrees, identifier, joined, obj, objects, short, string, words
from estafeta.kernel.model import Contact, Location, Media, MediaKind, Part, Text, Unsupported

_MEDIA: Mapping[str, MediaKind] = {
    "image": "photo",
    "video": "video",
    "audio": "audio",
    "voice": "voice",
    "document": "document",
    "sticker": "sticker",
}
_MOST_CONTACTS = 50


def parts_of(
    message: Mapping[str, Any], kind: str, *, account: str, phone: str = "", user: str = ""
) -> tuple[Part, ...]:
    """At least one. `phone` and `user` are the sender's, to know their own contact by."""
    content = message.get(kind)
    if kind == "text":
        text = words(obj(content).get("body"))
        return (Text(text=text),) if text else (Unsupported(kind="text"),)
    if kind in _MEDIA:
        return _media(obj(content), kind, account)
    if kind == "location":
        return (_place(obj(content)),)
    if kind == "contacts":
        return _contacts(content, phone, user)
    if kind == "order":
        return _order(obj(content))
    if kind == "unsupported":
        # Newer webhooks name what it is: {"type": "unsupported", "unsupported": {"type": "poll_creation"}}.
        return (Unsupported(kind=short(obj(content).get("type")) or "unsupported"),)
    if kind in ("interactive", "system"):
        return (Unsupported(kind=short(obj(content).get("type")) or kind),)
    return (Unsupported(kind=short(kind) or "message"),)


def _media(content: Mapping[str, Any], kind: str, account: str) -> tuple[Part, ...]:
    recorded = kind == "audio" and content.get("voice") is True
    named: MediaKind = "voice" if recorded else _MEDIA[kind]
    ref = identifier(content.get("id"))
    part: Part = Unsupported(kind=kind)
    if ref:
        part = Media(
            kind=named,
            ref=ref,
            origin=f"whatsapp:{account}",
            name=short(content.get("filename")),
            mime=short(content.get("mime_type")),
        )
    caption = words(content.get("caption"))
    return (part, Text(text=caption)) if caption else (part,)


def _place(content: Mapping[str, Any]) -> Part:
    latitude, longitude = degrees(content.get("latitude"), 90), degrees(content.get("longitude"), 180)
    if latitude is None or longitude is None:
        return Unsupported(kind="location")
    title = joined((content.get("name"), content.get("address")))
    return Location(latitude=latitude, longitude=longitude, title=title)


def _contacts(content: Any, phone: str, user: str) -> tuple[Part, ...]:
    """One part for each phone number. WhatsApp vouches for a number's `wa_id` and `user_id`, so a contact with the
    sender's is the sender's own."""
    found: list[Part] = []
    for contact in objects(content):
        name = obj(contact.get("name"))
        full = short(name.get("formatted_name")) or short(
            f"{string(name.get('first_name'))} {string(name.get('last_name'))}"
        )
        for entry in objects(contact.get("phones")):
            number = short(entry.get("phone")) or short(entry.get("wa_id"))
            own = bool((phone and entry.get("wa_id") == phone) or (user and entry.get("user_id") == user))
            if number:
                found.append(Contact(phone=number, name=full.strip(), own=own))
    return tuple(found[:_MOST_CONTACTS]) or (Unsupported(kind="contacts"),)


def _order(content: Mapping[str, Any]) -> tuple[Part, ...]:
    """A cart from the catalogue: no words, but people must see what is in it."""
    lines = []
    for item in objects(content.get("product_items")):
        count, product = item.get("quantity"), short(item.get("product_retailer_id"))
        lines.append(f"{count} × {product}" if type(count) is int else product)
    part = Unsupported(kind=short(f"order: {', '.join(lines)}" if lines else "order"))
    text = words(content.get("text"))
    return (part, Text(text=text)) if text else (part,)
