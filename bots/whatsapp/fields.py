"""Values of a webhook read with tolerance: whatever stands in a field, nothing here raises."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

TEXT_BYTES = 100_000
"""Far above the 4096 characters that WhatsApp lets people write, so nobody loses words."""

_SHORT = 256
_ID = re.compile(r"[!-~]{1,512}")
_PHONE = re.compile(r"[0-9]{4,20}")
_USER = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[0-9A-Za-z]{1,128}")
_EARLIEST = 1_375_000_000


def obj(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def string(value: Any) -> str:
    return value if isinstance(value, str) else ""


def short(value: Any) -> str:
    """A name, a title, a kind."""
    return string(value)[:_SHORT]


def words(value: Any) -> str:
    """A text, at most `TEXT_BYTES` of UTF-8."""
    text = string(value)
    if len(text) * 4 <= TEXT_BYTES:
        return text
    encoded = text.encode()
    return text if len(encoded) <= TEXT_BYTES else encoded[:TEXT_BYTES].decode(errors="ignore")


def identifier(value: Any) -> str:
    """The id of a message or a file, opaque; without spaces, for several of them are kept in one string."""
    text = string(value)
    return text if _ID.fullmatch(text) else ""


def phone(value: Any) -> str:
    """A phone number as WhatsApp writes it: digits alone."""
    text = string(value)
    return text if _PHONE.fullmatch(text) else ""


def user(value: Any) -> str:
    """A business-scoped user id: https://developers.facebook.com/documentation/business-messaging/whatsapp/\
business-scoped-user-ids."""
    text = string(value)
    return text if _USER.fullmatch(text) else ""


def degrees(value: Any, most: int) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    fits = (isinstance(value, int) or math.isfinite(value)) and -most <= value <= most
    return float(value) if fits else None


def time(value: Any, now: datetime) -> datetime:
    """When it was, if that can be true: never later than now, never before WhatsApp had businesses. Seconds, as a
    string or a number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 12:
        value = int(value)
    if type(value) is not int or not _EARLIEST <= value <= now.timestamp() + 1:
        return now
    return min(datetime.fromtimestamp(value, UTC), now + timedelta(seconds=1))


def joined(values: Sequence[Any]) -> str:
    return ", ".join(text for value in values if (text := short(value)))
