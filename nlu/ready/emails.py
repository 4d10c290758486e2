"""`email`: an address that mail could be sent to, its domain in lower case. Nothing is looked up in the network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from email_validator import EmailNotValidError, validate_email

from nlu.ready.found import Found, Setting

_TRIES = 50
_LONGEST_LOCAL, _LONGEST_DOMAIN = 64, 253
"""RFC 5321, 4.5.3.1."""
_local = re.compile(r"[\w.!#$%&'*+^`{|}~-]")
"""Of what a name may have by RFC 5322, all but what parts it from the word before: "e-mail=a@b.org"."""
_another_script = re.compile(r".*[\u0400-\u04ff][-._]*(?=[!-~]+\Z)")
_domain = re.compile(r"[\w-]+(?:\.[\w-]+)+")
_next_word = re.compile(r"(?<=[A-Za-z])\.?(?=[\u0400-\u04ff])|(?<=[a-z]\.)(?=[A-Z][a-z]*\Z)")
"""No top-level domain goes on in another alphabet, and after a full stop without a space begins a sentence."""


def find(text: str, setting: Setting) -> Iterator[Found]:
    del setting  # an address is the same everywhere
    behind = 0
    for sign in islice(re.finditer("@", text), _TRIES):
        earliest = max(behind, sign.start() - _LONGEST_LOCAL)
        local = _tail(text, earliest, sign.start())
        domain = _domain.match(text, sign.end(), sign.end() + _LONGEST_DOMAIN)
        if local == sign.start() or domain is None:
            continue
        try:
            end = domain.end() - _run_on(domain[0])
            checked = validate_email(text[local:end], check_deliverability=False, test_environment=True)
        except EmailNotValidError:
            continue
        behind = end
        yield Found("email", checked.normalized, local, behind)


def _tail(text: str, start: int, end: int) -> int:
    """Where the name before the sign begins; a dot or a quote in front of it is the sentence's, and so is
    what has another alphabet: "почта-a@b.org"."""
    at = end
    while at > start and _local.match(text[at - 1]):
        at -= 1
    foreign = _another_script.match(text, at, end)
    at = foreign.end() if foreign else at
    while at < end and text[at] in ".'`":
        at += 1
    return at


def _run_on(domain: str) -> int:
    """How many of its last characters belong to the next word: "a@b.orgпривет", "a@b.org.Please"."""
    word = _next_word.search(domain)
    before = domain[: word.start()].rstrip(".") if word else ""
    sentence = word is not None and domain[word.end()].isupper() and domain[word.end()].isascii()
    return 0 if "." not in before or (sentence and not before.islower()) else len(domain) - len(before)
