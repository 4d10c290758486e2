"""Values of the kernel as BSON documents, and back.

A body lies in the field `body` as a native document, so that it can be read and queried in mongosh.
What BSON cannot hold as it is (an integer beyond 64 bits, NUL in a key, very deep nesting, the key
"$ref" that drivers take for a reference of their own) lies as JSON text in the field `json` instead;
`body` then holds what is asked for, if anything is, and no more.
A lone half of a surrogate pair becomes U+FFFD.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any, TypeVar

import bson
from bson.codec_options import CodecOptions, DatetimeConversion
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import Json
from storage.documents import whole

T = TypeVar("T")
Document = dict[str, Any]

# MongoDB promises 100 levels (https://www.mongodb.com/docs/manual/reference/limits/#bson-documents);
# the rest is for what stands around a body, in a document and in a pipeline's answer.
_LEVELS = 90

OPTIONS: CodecOptions[Document] = CodecOptions(
    document_class=dict,
    tz_aware=True,
    tzinfo=UTC,
    # One damaged document must not make unreadable all that come with it.
    unicode_decode_error_handler="replace",
    datetime_conversion=DatetimeConversion.DATETIME_AUTO,
)


def text(value: object) -> str:
    """What may stand in a query: a string whatever was given, never an operator or a pattern."""
    return whole(str(value))


def body(value: object) -> Document:
    """The field that holds a value of the kernel."""
    plain = encode(value)
    encoded = _encoded(plain)
    return _as_text(plain) if encoded is None else {"body": RawBSONDocument(encoded)}


def size(document: Document) -> int:
    """About the bytes of a body that is to be stored; never much less."""
    stored = document.get("body")
    return len(stored.raw) if isinstance(stored, RawBSONDocument) else 4 * len(document.get("json", ""))


def read(kind: type[T], document: Document) -> T:
    """The inverse of `body`. Raises `DecodingError`."""
    return decode(kind, _content(document, "body"))


def small_value(value: Json) -> Document:
    """The field that holds any JSON value."""
    field = {"value": value}
    return _as_text(value) if _encoded(field) is None else field


def read_small_value(document: Document) -> Json:
    """The inverse of `small_value`. Raises `DecodingError`."""
    return _content(document, "value")


def _content(document: Document, field: str) -> Json:
    if field in document and "json" not in document:
        return document[field]
    try:
        return json.loads(document["json"])
    except (KeyError, TypeError, ValueError) as error:
        raise DecodingError(f"there is neither {field} nor JSON text: {error!r}") from error


def _as_text(plain: Json) -> Document:
    return {"json": whole(json.dumps(plain, ensure_ascii=False))}


def _encoded(plain: Document) -> bytes | None:
    """None: BSON cannot hold it."""
    try:
        encoded = bson.encode(plain)
    except (BSONError, OverflowError, UnicodeEncodeError):
        return None
    if b"$ref\0" in encoded:
        return None
    # Every level begins with a byte that says document (3) or array (4), so few of these bytes mean
    # few levels; only then is counting them worth the time.
    deep = encoded.count(b"\x03") + encoded.count(b"\x04") > _LEVELS and not _fits(plain, _LEVELS)
    return None if deep else encoded


def _fits(plain: Json, levels: int) -> bool:
    match plain:
        case dict():
            return levels > 0 and all(_fits(item, levels - 1) for item in plain.values())
        case list() | tuple():
            return levels > 0 and all(_fits(item, levels - 1) for item in plain)
        case _:
            return True
