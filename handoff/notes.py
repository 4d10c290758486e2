"""What operators mark as a note: words for colleagues, which must never reach a customer.

The mark is `//` at the beginning. What looks like it, or is it on another keyboard, is a note too: a note that was
meant for the customer is seen at once, a word to the customer that was meant as a note is not.
"""

from __future__ import annotations

import re
import unicodedata

# Slashes of other alphabets and fractions; two dots are the same keys on a Russian keyboard.
_MARK = re.compile(r"(?:[/\uff0f\u2044\u2215\u29f8]\s?[/\uff0f\u2044\u2215\u29f8]|\.\.(?!\.))")


def note(words: str) -> str | None:
    """The words behind the mark; None: this is no note. Signs that nobody sees do not hide the mark."""
    seen = "".join(sign for sign in words if unicodedata.category(sign) != "Cf").strip()
    found = _MARK.match(seen)
    return seen[found.end() :].strip() if found else None
