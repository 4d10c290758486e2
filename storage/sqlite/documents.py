"""Values of the kernel as JSON documents, and back."""

from __future__ import annotations

import sys
from typing import Any, Generic, TypeVar

import orjson

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import Json
from storage.documents import whole

T = TypeVar("T")


class Documents(Generic[T]):
    """Writes and reads documents of one kind.

    It remembers the last `remembered` values it wrote by what it wrote: a document that is read soon
    after it was written (a signal, the conversation of a busy chat) is compared, not decoded.
    """

    def __init__(self, kind: type[T], *, remembered: int = 0) -> None:
        self._kind = kind
        self._limit = remembered
        self._written: dict[str, tuple[bytes, T]] = {}

    def dumps(self, key: str, value: T) -> bytes:
        plain = encode(value)
        self._written.pop(key, None)
        try:
            body = orjson.dumps(plain)
        except TypeError:
            return dumps(plain)
        if self._limit:
            if len(self._written) >= self._limit:
                del self._written[next(iter(self._written))]
            self._written[key] = (body, value)
        return body

    def loads(self, key: str, body: bytes) -> T | DecodingError:
        """The error is returned, not raised: one unreadable row is no reason to stop reading."""
        written = self._written.get(key)
        if written is not None and written[0] == body:
            return written[1]
        try:
            plain: Any = orjson.loads(body)
            return decode(self._kind, plain)
        except orjson.JSONDecodeError as error:
            return DecodingError(f"this is no JSON: {error}")
        except DecodingError as error:
            return error

    def forget(self, key: str) -> None:
        self._written.pop(key, None)


def dumps(plain: Json) -> bytes:
    """What JSON in UTF-8 cannot hold is stored as the nearest thing it can: a lone half of a
    surrogate pair as U+FFFD, an integer beyond 64 bits as a float."""
    try:
        return orjson.dumps(plain)
    except TypeError:
        return orjson.dumps(_storable(plain))


def _storable(plain: Json) -> Json:
    match plain:
        case str():
            return whole(plain)
        case int() if not -(2**63) <= plain < 2**64:
            largest = sys.float_info.max
            return largest if plain > largest else -largest if plain < -largest else float(plain)
        case dict():
            return {_storable(key): _storable(value) for key, value in plain.items()}
        case list() | tuple():
            return [_storable(item) for item in plain]
        case _:
            return plain
