"""What a browser says on the wire (docs/protocols.md), to values. Pure.

Everything it sends is a stranger's word: `read` returns one of the frames or raises `Refused`, whatever
bytes came. Messages are named by their `seq` in the visitor's own conversation: what that is, only the
store knows, so nobody can name another one's.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import orjson

from bots.widget.capabilities import ALBUM_LIMIT, LABEL_LIMIT
from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import SignalId

FRAME_LIMIT = 64 * 1024
"""Bytes in one frame from a browser."""
REACTIONS = ("👍", "❤️", "😄", "😢", "🙏", "👎")

_PROOF_LIMIT = 8 * 1024
_SEQ_LIMIT = 2**53
_ID = re.compile(r"[0-9A-Za-z-]{8,64}")
_BUTTON = re.compile(r"[\x20-\x7e]{1,64}")
_TOKEN = re.compile(r"[0-9A-Za-z_-]{43}")
_SEALED = re.compile(r"[0-9A-Za-z._-]{1,4096}")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

_Plain = dict[str, Any]


class Refused(EstafetaError):
    """The frame is not taken; `code` is the protocol's, `id` the message's, if it is known."""

    def __init__(self, code: str, message_id: str = "") -> None:
        super().__init__(f"A frame of the site's chat was refused: {code}.")
        self.code = code
        self.id = message_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """`identity` is the site's signed word on who its user is, `resume` our own from an earlier welcome.
    `consent` names what the visitor agreed to, `greeted` the rule by which the chat spoke first (-1: none)."""

    key: str
    token: str
    after: int
    language: str
    identity: str = ""
    resume: str = ""
    consent: str = ""
    greeted: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """`files` are what uploading was answered with; `reply_to` a `seq`, 0 for none."""

    id: str
    text: str
    files: tuple[str, ...] = ()
    reply_to: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Press:
    id: str
    button: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    id: str
    of: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    id: str
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    id: str
    of: int
    emoji: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    pass


Kept = Message | Press | Edit | Delete | React
"""Frames that are stored, then acknowledged."""
Frame = Hello | Kept | Read | Typing | Ping


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
        case "edit":
            message_id = _id(plain)
            return Edit(id=message_id, of=_seq(plain, "of", message_id), text=_text(plain, text_limit, message_id))
        case "delete":
            message_id = _id(plain)
            return Delete(id=message_id, of=_seq(plain, "of", message_id))
        case "react":
            return _react(plain)
        case "read":
            return Read(seq=_seq(plain, "seq", ""))
        case "typing":
            return Typing()
        case "ping":
            return Ping()
    raise Refused("bad_request", _known_id(plain))


def _hello(plain: _Plain) -> Hello:
    words = {name: plain.get(name) or "" for name in ("token", "language", "identity", "resume", "consent")}
    key, after, greeted = plain.get("key"), plain.get("after"), plain.get("greeted")
    after, greeted = 0 if after is None else after, -1 if greeted is None else greeted
    if not isinstance(key, str) or any(not isinstance(word, str) for word in words.values()):
        raise Refused("bad_request")
    if not _whole(after, 0) or not _whole(greeted, -1) or max(map(len, words.values())) > _PROOF_LIMIT:
        raise Refused("bad_request")
    return Hello(
        key=key, token=words["token"], after=after, language=words["language"][:35], identity=words["identity"],
        resume=words["resume"], consent=words["consent"][:64], greeted=greeted,
    )  # fmt: skip


def _message(plain: _Plain, text_limit: int) -> Message:
    message_id, files = _id(plain), plain.get("files") or []
    if not isinstance(files, list) or len(files) > ALBUM_LIMIT:
        raise Refused("bad_request", message_id)
    if any(not isinstance(file, str) or not _SEALED.fullmatch(file) for file in files):
        raise Refused("bad_request", message_id)
    reply_to = 0 if plain.get("reply_to") is None else _seq(plain, "reply_to", message_id)
    text = _text(plain, text_limit, message_id, may_be_empty=bool(files))
    return Message(id=message_id, text=text, files=tuple(files), reply_to=reply_to)


def _press(plain: _Plain) -> Press:
    message_id, button, label = _id(plain), plain.get("button"), plain.get("label", "")
    if not isinstance(button, str) or not isinstance(label, str):
        raise Refused("bad_request", message_id)
    if not _BUTTON.fullmatch(button) or len(label) > LABEL_LIMIT:
        raise Refused("bad_request", message_id)
    return Press(id=message_id, button=button, label=printable(label))


def _react(plain: _Plain) -> React:
    message_id, emoji = _id(plain), plain.get("emoji")
    if emoji not in ("", *REACTIONS):
        raise Refused("bad_request", message_id)
    return React(id=message_id, of=_seq(plain, "of", message_id), emoji=emoji)


def _text(plain: _Plain, limit: int, message_id: str, *, may_be_empty: bool = False) -> str:
    text = plain.get("text", "" if may_be_empty else None)
    if not isinstance(text, str):
        raise Refused("bad_request", message_id)
    text = printable(text.replace("\r\n", "\n")).strip()
    if not text and not may_be_empty:
        raise Refused("bad_request", message_id)
    if len(text) > limit:
        raise Refused("too_long", message_id)
    return text


def _seq(plain: _Plain, name: str, message_id: str) -> int:
    value = plain.get(name)
    if not _whole(value, 1):
        raise Refused("bad_request", message_id)
    return int(value)  # type: ignore[arg-type]


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value < _SEQ_LIMIT


def _id(plain: _Plain) -> str:
    message_id = _known_id(plain)
    if not message_id:
        raise Refused("bad_request")
    return message_id


def _known_id(plain: _Plain) -> str:
    value = plain.get("id")
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def printable(text: str) -> str:
    """Without control characters other than tab and newline."""
    return _UNPRINTABLE.sub("", text)


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
