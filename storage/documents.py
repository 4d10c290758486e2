"""What every store does to what it writes."""

from __future__ import annotations


def whole(text: str) -> str:
    """The text as UTF-8 can hold it: a lone half of a surrogate pair becomes U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
