"""What a visitor does, from a frame to what changes the conversation. Pure: what a frame names was looked up."""

from __future__ import annotations

from bots.widget.frames import Delete, Edit, Kept, Message, Press, React, Refused
from bots.widget.reception import Visitor
from estafeta.kernel.model import (
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Entry,
    Event,
    Media,
    Part,
    Text,
)

_QUOTE_LIMIT = 300


def event_of(
    frame: Kept, visitor: Visitor, *, about: Entry | None, files: tuple[Media, ...] = (), payload: str = "",
    greeting: str = "",
) -> Event:  # fmt: skip
    """`about` is the message that the frame names. Raises `Refused` ("gone") where it can't be done to that."""
    match frame:
        case Message():
            words: tuple[Part, ...] = (Text(text=frame.text),) if frame.text else ()
            return CustomerSaid(
                message=frame.id,
                parts=(*files, *words),
                profile=visitor.profile,
                reply_to=message_of(about) if about else "",
                quote=about.text[:_QUOTE_LIMIT] if about else greeting[:_QUOTE_LIMIT],
                payload=payload,
            )
        case Press():
            return CustomerPressed(button=frame.button, label=frame.label, profile=visitor.profile)
        case Edit():
            return CustomerEdited(message=_own(about, frame.id), parts=(Text(text=frame.text),))
        case Delete():
            return CustomerDeleted(message=_own(about, frame.id))
        case React():
            if about is None or about.author.kind == "customer":
                raise Refused("gone", frame.id)
            return CustomerReacted(message=message_of(about), emoji=frame.emoji)


def message_of(entry: Entry) -> str:
    """The chat's id of what was said: the browser's own, or that which `send` returned."""
    return str(entry.data.get("message", "")) if entry.author.kind == "customer" else entry.id


def _own(about: Entry | None, message_id: str) -> str:
    message = message_of(about) if about and about.author.kind == "customer" else ""
    if not message:
        raise Refused("gone", message_id)
    return message
