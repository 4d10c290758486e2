"""What the chat says on the wire (docs/protocols.md), to values and back. Pure.

Everything a browser sends is a stranger's word: `read` returns one of five frames or raises
`Refused`, whatever bytes came.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from bots.widget import texts
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Address, Button, Conversation, Entry, SignalId, Stage

FRAME_LIMIT = 64 * 1024
"""Bytes in one frame from a browser."""
LABEL_LIMIT = 200

_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_BUTTON = re.compile(r"[\x20-\x7e]{1,64}")
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Refused(EstafetaError):
    """The frame is not taken; `code` is the protocol's, `id` the message's, if it is known."""

    def __init__(self, code: str, message_id: str = "") -> None:
        super().__init__(f"A frame of the site's chat was refused: {code}.")
        self.code = code
        self.id = message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    key: str
    token: str
    after: int
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    id: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    id: str
    button: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    pass


Frame = Hello | Message | Press | Typing | Ping


def read(raw: str, *, text_limit: int) -> Frame:
    """One frame. Raises `Refused` for anything else, lone surrogates and deep nesting included."""
    try:
        plain = orjson.loads(raw)
    except ValueError as error:
        raise Refused("bad_request") from error
    if not isinstance(plain, dict):
        raise Refused("bad_request")
    match plain.get("type"):
        case "hello":
            return _hello(plain)
        case "message":
            return _message(plain, text_limit)
        case "press":
            return _press(plain)
        case "typing":
            return Typing()
        case "ping":
            return Ping()
    raise Refused("bad_request", _known_id(plain))


def _hello(plain: dict[str, Any]) -> Hello:
    key, token, after, language = (plain.get(name) for name in ("key", "token", "after", "language"))
    after = 0 if after is None else after
    if not isinstance(key, str) or not isinstance(language or "", str) or not isinstance(token or "", str):
        raise Refused("bad_request")
    if isinstance(after, bool) or not isinstance(after, int) or not 0 <= after < 2**53:
        raise Refused("bad_request")
    return Hello(key=key, token=token or "", after=after, language=(language or "")[:35])


def _message(plain: dict[str, Any], text_limit: int) -> Message:
    message_id, text = _known_id(plain), plain.get("text")
    if not message_id or not isinstance(text, str):
        raise Refused("bad_request", message_id)
    text = _UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip()
    if not text:
        raise Refused("bad_request", message_id)
    if len(text) > text_limit:
        raise Refused("too_long", message_id)
    return Message(id=message_id, text=text)


def _press(plain: dict[str, Any]) -> Press:
    message_id, button, label = _known_id(plain), plain.get("button"), plain.get("label", "")
    if not message_id or not isinstance(button, str) or not isinstance(label, str):
        raise Refused("bad_request", message_id)
    if not _BUTTON.fullmatch(button) or len(label) > LABEL_LIMIT:
        raise Refused("bad_request", message_id)
    return Press(id=message_id, button=button, label=_UNPRINTABLE.sub("", label))


def _known_id(plain: dict[str, Any]) -> str:
    value = plain.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


# --- who: the token is the visitor's only proof, so nothing but its digest leaves this module ------


def is_token(token: str) -> bool:
    """Has it the shape of one that we made?"""
    return _TOKEN.fullmatch(token) is not None


def chat_of(token: str) -> str:
    """`Address.chat` of a visitor: the store never holds what opens the conversation."""
    return hashlib.sha256(token.encode()).hexdigest()[:40]


def signal_id(chat: str, message_id: str) -> SignalId:
    """The same for the same message, however often it is sent."""
    return SignalId(f"w.{chat[:16]}.{message_id}")


def _client_id(entry: Entry, address: Address) -> str:
    """The browser's own id of a message: the engine keeps it with the words; a press has it in its id."""
    if entry.author.kind != "customer" or entry.channel != address.channel:
        return ""
    prefix = signal_id(address.chat, "")
    inherited = entry.id[len(prefix) :].split(".", 1)[0] if entry.id.startswith(prefix) else ""
    return str(entry.data.get("message", inherited))


def _public(entry_id: str) -> str:
    """Entry ids are made from what caused them, operators' own ids among it: not for customers."""
    return hashlib.blake2b(entry_id.encode(), digest_size=9).hexdigest()


# --- what we say ----------------------------------------------------------------------------------


def written(frame: dict[str, Any]) -> str:
    try:
        return orjson.dumps(frame).decode()
    except TypeError:
        # Half of a character pair, let in by some other channel: escaped, a browser takes it.
        return json.dumps(frame)


def entry_out(entry: Entry, address: Address, *, language: str, names: bool) -> dict[str, Any]:
    """An entry as customers may see it. `edited`: new words for something said before."""
    named = names or entry.author.kind != "operator"
    return {
        "seq": entry.seq,
        "id": _public(entry.id),
        "at": entry.at.isoformat(),
        "author": entry.author.kind,
        "name": entry.author.name if named else "",
        "text": "\n".join(texts.thing(part, language) for part in entry.parts),
        "buttons": buttons_out(entry.buttons),
        "client_id": _client_id(entry, address),
        "edited": entry.kind == "edit",
    }


def buttons_out(buttons: Sequence[Button]) -> list[dict[str, str]]:
    return [{"id": button.id, "text": button.text} for button in buttons]


def state_out(conversation: Conversation | None, *, names: bool) -> dict[str, str]:
    if conversation is None:
        return {"stage": Stage.BOT.value, "operator": ""}
    assignee = conversation.ticket.assignee if conversation.ticket else None
    named = names and conversation.stage is Stage.HUMAN and assignee is not None
    return {"stage": conversation.stage.value, "operator": assignee.name if named and assignee else ""}


def error_out(code: str, language: str, message_id: str = "") -> dict[str, str]:
    frame = {"type": "error", "code": code, "text": texts.error(code, language)}
    return {**frame, "id": message_id} if message_id else frame
