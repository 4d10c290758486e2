"""What every store does to what it writes."""

from __future__ import annotations

from estafeta.kernel.model import Entry

_LAST = "\U0010ffff"


def whole(text: str) -> str:
    """The text as UTF-8 can hold it: a lone half of a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def event_name(entry: Entry) -> str | None:
    """What an event is asked for by; None for entries of other kinds."""
    name = entry.data.get("event") if entry.kind == "event" else None
    return whole(name) if isinstance(name, str) else None


def between(prefix: str, after: str) -> tuple[str, str]:
    """The texts that begin with `prefix` and come behind `after` are those from the first of these up to and
    without the second, in the order of code points, which is that of their bytes in UTF-8. "" is no end."""
    prefix, after = whole(prefix), whole(after)
    first = max(prefix, f"{after}\0") if after else prefix  # nothing stands between a text and itself with NUL
    head = prefix.rstrip(_LAST)
    return first, head[:-1] + _next(head[-1]) if head else ""


def _next(sign: str) -> str:
    """Halves of surrogate pairs are no characters of UTF-8."""
    return "\ue000" if sign == "\ud7ff" else chr(ord(sign) + 1)
