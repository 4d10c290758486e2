"""What the server says on the wire (docs/protocols.md), from values. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import orjson

from bots.widget import texts
from bots.widget.frames import signal_id
from estafeta.kernel.model import (
    Address,
    Button,
    Contact,
    Conversation,
    Entry,
    Location,
    Mark,
    Media,
    Part,
    Stage,
    Template,
    Text,
)

Frame = dict[str, Any]

_HAPPENED = {"taken": "joined", "returned": "left", "closed": "closed"}
"""Of what happens to a conversation, what is the customer's business."""
_WEB = ("http://", "https://")


def written(frame: Frame) -> str:
    try:
        return orjson.dumps(frame).decode()
    except TypeError:
        # Half of a character pair, let in by some other channel: escaped, a browser takes it.
        return json.dumps(frame)


def public(entry_id: str) -> str:
    """Entry ids are made from what caused them, operators' own ids among it: not for customers."""
    return hashlib.blake2b(entry_id.encode(), digest_size=9).hexdigest()


def entries_out(page: Sequence[Entry], address: Address, *, language: str, names: bool) -> list[Frame]:
    """Entries as customers may see them. Words that were taken back or put otherwise later on this page are
    left out: they may have been somebody else's business."""
    latest = {str(entry.data["of"]): entry for entry in page if _changes(entry)}
    shown = []
    for entry in page:
        change = latest.get(str(entry.data.get("of", ""))) if _changes(entry) else latest.get(entry.id)
        if change is not None and change is not entry and _changes(entry):
            continue
        frame = _entry_out(entry, address, language=language, names=names)
        if frame is not None:
            gone = change is not None and entry.kind == "said"
            shown.append({**frame, **_words((), language), "buttons": []} if gone else frame)
    return shown


def _changes(entry: Entry) -> bool:
    return entry.kind in ("edit", "deletion") and "of" in entry.data


def _entry_out(entry: Entry, address: Address, *, language: str, names: bool) -> Frame | None:
    frame: Frame = {
        "seq": entry.seq,
        "id": public(entry.id),
        "at": entry.at.isoformat(),
        "kind": entry.kind,
        "author": entry.author.kind,
        "name": entry.author.name if names or entry.author.kind != "operator" else "",
        "client_id": _client_id(entry, address),
        "own": _is_own(entry, address) and "message" in entry.data,
    }
    match entry.kind:
        case "said":
            frame |= _words(entry.parts, language) | {"buttons": buttons_out(entry.buttons), **_answered(entry)}
            return frame
        case "edit":
            return frame | _words(entry.parts, language) | {"buttons": []} | _about(entry, address)
        case "deletion":
            return frame | _about(entry, address)
        case "reaction":
            return frame | _about(entry, address) | {"emoji": str(entry.data.get("emoji", ""))}
        case "event" if entry.data.get("event") in _HAPPENED:
            name = str(entry.data.get("name", "")) if names else ""
            return frame | {"event": _HAPPENED[entry.data["event"]], "name": name}
    return None


def _client_id(entry: Entry, address: Address) -> str:
    """The browser's own id of a message: the engine keeps it with the words; a press has it in its id."""
    if entry.kind != "said" or not _is_own(entry, address):
        return ""
    prefix = signal_id(address.chat, "")
    inherited = entry.id[len(prefix) :].split(".", 1)[0] if entry.id.startswith(prefix) else ""
    return str(entry.data.get("message", inherited))


def _is_own(entry: Entry, address: Address) -> bool:
    """Written here by the customer."""
    return entry.author.kind == "customer" and entry.channel == address.channel


def _about(entry: Entry, address: Address) -> Frame:
    """Which message it is about: by our id, or by the browser's own."""
    if "of" in entry.data:
        return {"of": public(str(entry.data["of"]))}
    return {"of": "", "of_client": str(entry.data.get("message", "")) if _is_own(entry, address) else ""}


def _answered(entry: Entry) -> Frame:
    if "reply_to" in entry.data:
        return {"reply_to": public(str(entry.data["reply_to"]))}
    return {"quote": str(entry.data["quote"])} if entry.data.get("quote") else {}


def _words(parts: Sequence[Part], language: str) -> Frame:
    """`text` and its marks, and all else as `parts`, each with its place `n` in the entry."""
    text, marks, others = "", [], []
    for number, part in enumerate(parts):
        if isinstance(part, Media | Location | Contact):
            others.append({"n": number, **_part_out(part)})
            continue
        if text:
            text += "\n"
        marks += [_mark_out(mark, text, part.text) for mark in part.marks] if isinstance(part, Text) else []
        text += part.text if isinstance(part, Text | Template) else texts.unsupported(language)
    return {"text": text, "marks": marks, "parts": others}


def _part_out(part: Media | Location | Contact) -> Frame:
    match part:
        case Media():
            return {
                "kind": part.kind, "name": part.name, "mime": part.mime, "size": part.size, "duration": part.duration,
            }  # fmt: skip
        case Location():
            return {
                "kind": "location", "latitude": part.latitude, "longitude": part.longitude, "title": part.title,
            }  # fmt: skip
        case Contact():
            return {"kind": "contact", "phone": part.phone, "name": part.name}


def _mark_out(mark: Mark, before: str, text: str) -> list[Any]:
    """`[kind, start, end, url]`, in the browser's own unit."""
    start = _utf16(before) + _utf16(text[: mark.start])
    return [mark.kind, start, start + _utf16(text[mark.start : mark.end]), mark.url]


def _utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def buttons_out(buttons: Sequence[Button]) -> list[dict[str, str]]:
    return [
        {"id": button.id, "text": button.text, **({"url": button.url} if button.url.startswith(_WEB) else {})}
        for button in buttons
        if not button.asks and (not button.url or button.url.startswith(_WEB))
    ]


def state_out(conversation: Conversation | None, *, names: bool) -> dict[str, str]:
    if conversation is None:
        return {"stage": Stage.BOT.value, "operator": ""}
    assignee = conversation.ticket.assignee if conversation.ticket else None
    named = names and conversation.stage is Stage.HUMAN and assignee is not None
    return {"stage": conversation.stage.value, "operator": assignee.name if named and assignee else ""}


def error_out(code: str, language: str, message_id: str = "") -> dict[str, str]:
    frame = {"type": "error", "code": code, "text": texts.error(code, language)}
    return {**frame, "id": message_id} if message_id else frame
