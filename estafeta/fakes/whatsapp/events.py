"""What a business is told, as the values of its webhooks."""

from __future__ import annotations

import hashlib
import time

from estafeta.fakes.whatsapp.errors import Json, status_error
from estafeta.fakes.whatsapp.world import WINDOW, Message, Number, Status, User, World


def value_of(number: Number, **content: object) -> Json:
    return {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": number.phone, "phone_number_id": number.id},
        **content,
    }


def contact_of(user: User) -> Json:
    contact: Json = {"profile": user.profile(), "user_id": user.user_id}
    if not user.hidden:
        contact["wa_id"] = user.phone
    return contact


def sender_of(user: User) -> Json:
    sender: Json = {"from_user_id": user.user_id}
    if not user.hidden:
        sender["from"] = user.phone
    return sender


def message_value(number: Number, user: User, message: Json) -> Json:
    return value_of(number, contacts=[contact_of(user)], messages=[message])


def echo_value(number: Number, user: User, message: Message, context: Json | None) -> Json:
    """A message from the business's own phone app, as the API's side is told of it."""
    echo: Json = {
        "from": number.phone,
        "to_user_id": user.user_id,
        "id": message.id,
        "timestamp": str(int(message.at)),
        "type": message.type,
        message.type: message.content,
    }
    if not user.hidden:
        echo["to"] = user.phone
    if context:
        echo["context"] = context
    return value_of(number, contacts=[contact_of(user)], message_echoes=[echo])


def status_value(
    world: World, number: Number, user: User | None, message: Message, status: Status, *, to: str, error: int = 0
) -> Json:
    """`user`: None when nobody has the phone number `to`. A failed status has no contacts, no price, and only the id
    that the message was sent to."""
    told: Json = {"id": message.id, "status": status, "timestamp": str(int(world.clock.now()))}
    if message.tracker:
        told["biz_opaque_callback_data"] = message.tracker
    if status == "failed" or user is None:
        told["recipient_user_id" if message.by_user_id else "recipient_id"] = to
        told["errors"] = [status_error(error)]
        return value_of(number, statuses=[told])
    told["recipient_user_id"] = user.user_id
    if not (user.hidden and message.by_user_id):
        told["recipient_id"] = user.phone
    if status != "read":
        told |= _price(world, number, user, message, status)
    contact = contact_of(user)
    if status == "sent":
        contact["profile"] = {"name": user.name}
    if "recipient_id" in told:
        contact["wa_id"] = user.phone
    return value_of(number, contacts=[contact], statuses=[told])


def _price(world: World, number: Number, user: User, message: Message, status: Status) -> Json:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing: per delivered message; a
    month's first free-form messages cost nothing."""
    now = world.clock.now()
    month = time.strftime("%Y-%m", time.gmtime(now))
    billable = True
    if message.category == "service":
        used = number.service_messages.get(month, 0)
        billable = used >= world.free_service_messages
        if status == "delivered":
            number.service_messages[month] = used + 1
    seed = f"{number.id}:{user.user_id}:{message.category}:{int(now // WINDOW)}"
    conversation: Json = {
        "id": hashlib.sha256(seed.encode()).hexdigest()[:32],
        "origin": {"type": message.category},
    }
    if status == "sent":
        conversation["expiration_timestamp"] = str(int(now + WINDOW))
    return {
        "conversation": conversation,
        "pricing": {
            "billable": billable,
            "pricing_model": "PMP",
            "type": "regular" if billable else "free_customer_service",
            "category": message.category,
        },
    }
