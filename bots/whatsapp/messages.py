"""From what is to be shown to what WhatsApp is sent: the bodies of `POST /<number>/messages`, but for whom they go to.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/send-messages and the pages below it.
Pure.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bots.render import Chunk, render
from bots.splitting import shorten
from bots.whatsapp.capabilities import BUTTON_TITLE, CAPABILITIES, INTERACTIVE_BODY, ROW_DESCRIPTION, ROW_TITLE
from bots.whatsapp.drawing import drawn
from bots.whatsapp.media import Uploaded
from estafeta.kernel.model import Button, Contact, Json, Location, OutboundMessage, Text

_LINK = re.compile(r"https?://\S", re.IGNORECASE)
_FILE_NAME = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One message: what stands under its type. `uploaded` is the file in it."""

    kind: str
    content: Json
    uploaded: Uploaded | None = None
    answers: bool = True
    """It may quote the message it answers."""


def laid_out(message: OutboundMessage) -> tuple[Chunk, ...]:
    """In the order in which they are to be sent. WhatsApp has reply buttons, or one link button: more links, or links
    among buttons, become lines."""
    links = [button for button in message.buttons if button.url]
    if links and (len(links) > 1 or len(message.buttons) > 1):
        lines = "\n".join(f"{button.text}: {button.url}" for button in links)
        pressable = tuple(button for button in message.buttons if not button.url)
        message = replace(message, parts=(*message.parts, Text(text=lines)), buttons=pressable)
    return render(message, CAPABILITIES, drawn=drawn, text_with_buttons=INTERACTIVE_BODY)


def written(chunk: Chunk, uploaded: Sequence[Uploaded], template: Json, *, choose: str) -> list[Outgoing]:
    """The messages of one chunk. `uploaded` are its files in order, `template` what is sent for its template. Words
    whose file cannot carry them go behind it."""
    if chunk.template is not None:
        return [Outgoing(kind="template", content=template, answers=False)]
    if chunk.place is not None:
        return [_place(chunk.place)]
    found: list[Outgoing] = []
    caption = chunk.text
    for file in uploaded:
        found.append(_file(file, caption if file.captioned else ""))
        caption = "" if file.captioned else caption
    if chunk.buttons:
        found.append(_asking(chunk, choose))
    elif caption:
        found.append(_text(caption))
    return found


def reaction(message: str, emoji: str) -> Outgoing:
    """ "" takes it back."""
    return Outgoing(kind="reaction", content={"message_id": message, "emoji": emoji}, answers=False)


def _text(text: str) -> Outgoing:
    content: dict[str, Json] = {"body": text}
    if _LINK.search(text):
        content["preview_url"] = True
    return Outgoing(kind="text", content=content)


def _file(file: Uploaded, caption: str) -> Outgoing:
    content: dict[str, Json] = {"id": file.id}
    if caption:
        content["caption"] = caption
    if file.kind == "document" and file.name:
        content["filename"] = file.name[:_FILE_NAME]
    if file.voice:
        content["voice"] = True
    return Outgoing(kind=file.kind, content=content, uploaded=file)


def _place(place: Location | Contact) -> Outgoing:
    if isinstance(place, Location):
        content: dict[str, Json] = {"latitude": place.latitude, "longitude": place.longitude}
        if place.title:
            content["name"] = place.title
        return Outgoing(kind="location", content=content)
    name = place.name or place.phone
    contact = {"name": {"formatted_name": name, "first_name": name}, "phones": [{"phone": place.phone, "type": "CELL"}]}
    return Outgoing(kind="contacts", content=[contact])


def _asking(chunk: Chunk, choose: str) -> Outgoing:
    """https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages and
    its neighbours."""
    content: dict[str, Json] = {"body": {"text": chunk.text or "…"}}
    if chunk.shows == "list":
        rows = [_row(button) for button in chunk.buttons]
        content |= {"type": "list", "action": {"button": choose, "sections": [{"rows": rows}]}}
    elif chunk.buttons[0].url:
        parameters = {"display_text": _title(chunk.buttons[0].text, BUTTON_TITLE), "url": chunk.buttons[0].url}
        content |= {"type": "cta_url", "action": {"name": "cta_url", "parameters": parameters}}
    else:
        replies = [
            {"type": "reply", "reply": {"id": button.id, "title": _title(button.text, BUTTON_TITLE)}}
            for button in chunk.buttons
        ]
        content |= {"type": "button", "action": {"buttons": replies}}
    return Outgoing(kind="interactive", content=content)


def _row(button: Button) -> dict[str, Json]:
    """A label longer than a title stands in the description, and its beginning in the title."""
    title = _title(button.text, ROW_TITLE)
    row: dict[str, Json] = {"id": button.id, "title": title}
    if title != button.text.strip():
        row["description"] = _title(button.text, ROW_DESCRIPTION)
    return row


def _title(text: str, most: int) -> str:
    return shorten(" ".join(text.split()), most, CAPABILITIES.unit) or "…"
