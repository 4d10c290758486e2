"""Which message of a customer's a text of the product's answers.

Most of what the bot says repeats the number it was asked about. The rest are sentences that are always the same, and
begin with a name in brackets. In Telegram the name is followed by a *stamp*: customers there are called by the number
of the message they are writing ("10001.0005"), the workspace's sentences show what the customer is called, and so each
of them tells which message it answers, and shown twice is known to be the same one. The site's chat knows no names;
there a sentence answers what was said last that it can answer, and an entry is never shown twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from estafeta.app.faults.ledger import tokens

_SENTENCE = re.compile(r"\[(\w+)(?: (\d{5})\.(\d{4}(?:!\w+)?))?\]")
_UNEXPECTED = ("waiting", "fallback", "already_waiting")
"""What the bot may say instead of the answer that was asked for."""
_OF_PEOPLE = ("taken", "returned", "closed")
"""What an operator's words or move make the bot say."""
_ASIDE = ("still_waiting", "stuck")
"""What the bot says besides an answer."""
_QUESTION = "which"
"""Asked again when what interrupted it is over: then it is no answer."""


def called(token: str) -> str:
    """What a customer is called who is writing this; no token, for to be called so is not to have said it."""
    return token.replace("-", ".")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A text read. `about`: the tokens that it answers. `again`: this very sentence was there before."""

    phrase: str
    about: tuple[str, ...]
    again: bool = False


class Answers:
    """What one customer's chat is to show."""

    def __init__(self) -> None:
        self._expected: dict[str, str] = {}
        """What a phrase answers, if it comes now."""
        self._for_people: set[str] = set()
        self._answered: set[str] = set()
        self._given: dict[str, str] = {}
        """What stamped sentences, by their beginning, were about when they first came."""

    def expect(self, token: str, phrase: str) -> None:
        """If `phrase` comes now it answers `token`."""
        self._expected[phrase] = token

    def expect_anything(self, token: str) -> None:
        """The bot may say what nobody asked for."""
        self._expected.update(dict.fromkeys(_UNEXPECTED, token))

    def expect_nothing(self, token: str) -> None:
        """It is for a person's ears."""
        self._for_people.add(token)

    def read(self, text: str) -> Reading:
        found = _SENTENCE.match(text)
        if found is None:
            about = tokens(text)
            self._answered.update(about)
            return Reading(phrase="", about=about)
        phrase, head = found[1], found[0]
        again = head in self._given
        if again:
            token = self._given[head]
        else:
            token = self._credited(phrase, f"{found[2]}-{found[3]}" if found[2] else "")
            if found[2]:
                self._given[head] = token
        self._answered.add(token)
        return Reading(phrase=phrase, about=(token,) if token else (), again=again)

    def _credited(self, phrase: str, stamp: str) -> str:
        if phrase in _OF_PEOPLE:
            return self._expected.get(phrase, "")
        if phrase in _ASIDE:
            return f"{stamp.partition('!')[0]}!{phrase}" if stamp else ""
        token = stamp or self._expected.get(phrase, "")
        asked_again = phrase == _QUESTION and (token in self._for_people or token in self._answered)
        return f"{token.partition('!')[0]}!{phrase}" if asked_again else token
