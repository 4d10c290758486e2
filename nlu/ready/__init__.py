"""Entities that need no examples: phones, e-mails, links, numbers, money, dates and times.

They bear the names of Duckling's dimensions (https://duckling.wit.ai), which Rasa's users know, and are
switched on by naming them. A value is made of the text and the `Setting` alone, so the same message has
the same values whenever it is looked at, and whichever engine understood it. What is found is bounded
in number; each finder's work grows with the text, which the caller cuts (`nlu.normalise.read`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from nlu.ready.found import Found, Setting

NAMES = ("amount-of-money", "email", "number", "phone-number", "time", "url")
MOST_FOUND = 50
"""Of each name in one text."""
Finder = Callable[[str, Setting], Iterable[Found]]


def find(text: str, names: Iterable[str], setting: Setting) -> list[Found]:
    """In the order of the text. What lies inside a longer find of another name is left out, and so is a
    number that is something else as a whole: the digits of a phone are no number, and 25.12 may be a day.
    Raises `KeyError` for a name that is not among `NAMES`."""
    found = [each for name in names for each in islice(_finder(name)(text, setting), MOST_FOUND)]
    found.sort(key=lambda each: (each.start - each.end, each.name == "number", each.start, each.name))
    kept: list[Found] = []
    taken = bytearray(len(text))
    for each in found:
        if not any(taken[each.start : each.end]):
            kept.append(each)
            taken[each.start : each.end] = b"\x01" * (each.end - each.start)
    kept.sort(key=lambda each: each.start)
    return kept


def _finder(name: str) -> Finder:
    """The libraries are loaded when their entity is first asked for."""
    if name == "phone-number":
        from nlu.ready import phones

        return phones.find
    if name == "email":
        from nlu.ready import emails

        return emails.find
    if name == "url":
        from nlu.ready import links

        return links.find
    if name == "number":
        from nlu.ready import numbers

        return numbers.find
    if name == "amount-of-money":
        from nlu.ready import money

        return money.find
    if name == "time":
        from nlu.ready import times

        return times.find
    raise KeyError(name)


def load(names: Sequence[str]) -> None:
    """Loads what the names need now, so that no message waits for it. Raises `KeyError`."""
    find("a@b.org http://b.org +79031234567 5 $", names, Setting())


__all__ = ["MOST_FOUND", "NAMES", "Found", "Setting", "find", "load"]
