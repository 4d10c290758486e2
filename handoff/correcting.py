"""What operators say that the bot should have understood: what there is to choose from, what a typed name means, which
message it is about. Pure.

A name is never guessed: what is only like one is offered, and what nobody chose teaches the bot nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Protocol

from estafeta.kernel.model import ConversationId, Entry, Operator
from flows.model import LocalText, Workspace
from handoff.replies import stems

NOT_FOR_THE_BOT = "out_of_scope"
"""Rasa's name, and ours, for what none of the bot's dialogs is about."""
_NOT_CHOSEN = frozenset((NOT_FOR_THE_BOT, "nlu_fallback"))
_ITS_TITLE = LocalText({"ru": "Не для бота", "en": "Not for the bot"})

NEAREST = 5
AROUND = 200
"""Entries from a message on in which its turn is looked for."""
_LONGEST = 100
"""Characters of a name that are compared."""
_LIKE = 0.6
_BETWEEN = re.compile(r"[\W_]+")


class Correct(Protocol):
    """Keeps what the customer wanted, for who teaches the bot: by the message with that `seq`, or, with 0, by the
    latest that the bot tried to understand. False: there is none. The same again changes nothing. Raises
    `StoreUnavailable`."""

    async def __call__(
        self, conversation: ConversationId, intent: str, operator: Operator, seq: int = 0, /
    ) -> bool: ...


@dataclass(frozen=True, slots=True)
class Meaning:
    """An intent, as people call it."""

    name: str
    title: str


def meanings(workspace: Workspace, language: str) -> list[Meaning]:
    """All that may be chosen, by title; what is not for the bot is the last. None where the bot learns nothing."""
    names = (workspace.training.intents | workspace.library.by_intent.keys()) - _NOT_CHOSEN
    titles = workspace.matters(language)
    found = [Meaning(name, titles.get(name) or _BETWEEN.sub(" ", name).strip() or name) for name in names]
    found.sort(key=lambda one: (one.title.casefold(), one.name))
    last = Meaning(NOT_FOR_THE_BOT, _ITS_TITLE.pick(language, workspace.default_language))
    return [*found, last] if found else []


def named(words: str, known: Sequence[Meaning]) -> Meaning | None:
    """The one that is called so, by its name or by a title that no other has; None for none."""
    wanted = _plain(words)
    exact = [one for one in known if one.name == words.strip()]
    by_name = exact or [one for one in known if _plain(one.name) == wanted]
    found = by_name or [one for one in known if _plain(one.title) == wanted]
    return found[0] if len(found) == 1 else None


def nearest(words: str, known: Sequence[Meaning]) -> list[Meaning]:
    """Those that may be meant, the likeliest first: they share words, or are written alike."""
    wanted, typed = stems(_plain(words)), _plain(words)
    shared = ((len(wanted & stems(f"{_plain(one.name)} {_plain(one.title)}")), one) for one in known)
    by_words = [one for count, one in sorted(shared, key=lambda two: -two[0]) if count]
    called = [(calling, one) for one in known for calling in (_plain(one.name), _plain(one.title))]
    alike = get_close_matches(typed, dict.fromkeys(calling for calling, _ in called), n=NEAREST, cutoff=_LIKE)
    by_letters = [one for match in alike for calling, one in called if calling == match]
    return list(dict.fromkeys((*by_letters, *by_words)))[:NEAREST]


def turn_of(entries: Sequence[Entry], about: Collection[str]) -> int | None:
    """The `seq` by which the entries with these ids were understood: what the customer said in several messages is
    understood with the last of them. None: the bot did not try to."""
    for said in reversed([entry for entry in entries if entry.id in about and _by_customer(entry)]):
        turn = (entry for entry in entries if entry.seq >= said.seq and entry.at == said.at and was_heard(entry))
        found = next(turn, None)
        if found is not None:
            return found.seq
    return None


def was_heard(entry: Entry) -> bool:
    """Whether the bot tried to understand it."""
    return _by_customer(entry) and entry.understanding is not None and "button" not in entry.data


def _by_customer(entry: Entry) -> bool:
    return entry.kind == "said" and entry.author.kind == "customer"


def _plain(words: str) -> str:
    return _BETWEEN.sub(" ", words[:_LONGEST].casefold().replace("ё", "е")).strip()
