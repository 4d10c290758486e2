"""What people answered for the bot, read from the store: questions that were handed over, with the answers, masked."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import get_args

from estafeta.app.reviewing import masked
from estafeta.kernel.model import Ending, Entry, Reason
from estafeta.kernel.ports import Store
from estafeta.publications import all_events
from estafeta.review import LONGEST, NOT_UNDERSTOOD, asked_in, cut, names_in
from nlu.propose import Case

MOST_HANDOFFS = 2_000
"""The latest that are looked at."""
_BEFORE, _BEHIND = 40, 160
"""Entries before and behind a handoff."""
_ENDINGS = frozenset(get_args(Ending))
_ANSWERS = 3
"""Of a person's first words so many may hold the answer: who is greeted first is answered next."""
_JUST_BEFORE = timedelta(minutes=10)
"""Whoever was not understood, and asks for a person within that time, wants the same of them."""
_LONGEST_WORK = timedelta(hours=2)
"""Nobody answers one question for longer: what took longer waited for something."""


async def cases(store: Store, since: datetime, until: datetime, told: Callable[[float], None]) -> list[Case]:
    """The latest `MOST_HANDOFFS`, the oldest first."""
    opened: deque[Entry] = deque(maxlen=MOST_HANDOFFS)
    async for event in all_events(store, ("opened",), since, until):
        if event.data.get("reason") in NOT_UNDERSTOOD | {Reason.USER_REQUEST.value}:
            opened.append(event)
    found = []
    for number, event in enumerate(opened, start=1):
        first = max(0, event.seq - 1 - _BEFORE)
        entries = await store.entries(event.conversation, after=first, limit=_BEFORE + _BEHIND)
        found += await asyncio.to_thread(lambda: list(_cases(event, entries)))  # noqa: B023 - run at once
        told(number / len(opened))
    return found


def _cases(event: Entry, entries: Sequence[Entry]) -> Iterator[Case]:
    before = [entry for entry in entries if entry.seq < event.seq]
    behind = list(_until_the_end([entry for entry in entries if entry.seq > event.seq], event))
    question, source = _question(event, before, behind)
    if not question:
        return
    said = [entry for entry in behind if entry.kind == "said" and entry.author.kind == "operator"]
    names = names_in(entries)
    yield Case(
        question=masked(cut(question), names),
        answer=masked(cut(_answer(said, entries), 2 * LONGEST), names),
        seconds=_work(behind, said),
        source=source,
    )


def _until_the_end(entries: Sequence[Entry], event: Entry) -> Iterator[Entry]:
    for entry in entries:
        yield entry
        if entry.data.get("event") in _ENDINGS and entry.data.get("ticket") == event.data.get("ticket"):
            return


def _question(event: Entry, before: Sequence[Entry], behind: Sequence[Entry]) -> tuple[str, str]:
    """What people were called for, with its key in the review inbox. Whoever asked for a person was not understood just
    before, or asks the question next."""
    asked = asked_in(before)
    if event.data.get("reason") not in NOT_UNDERSTOOD:
        asked = [one for one in asked if one.entry.at < event.at][-1:]  # without the words that ask for a person
        asked = [one for one in asked if one.failed and event.at - one.entry.at <= _JUST_BEFORE]
    if asked or event.data.get("reason") in NOT_UNDERSTOOD:
        return (asked[-1].text, asked[-1].noted("not_understood").key) if asked else ("", "")
    for entry in behind:
        if entry.author.kind == "operator" and entry.kind == "said":
            break
        if entry.author.kind == "customer" and entry.kind == "said" and entry.text.strip():
            return ("", "") if entry.text.startswith("/") or "button" in entry.data else (entry.text, "")
    return "", ""


def _answer(said: Sequence[Entry], entries: Sequence[Entry]) -> str:
    """The longest of the first words that were not taken back."""
    gone = {entry.data.get("of") for entry in entries if entry.kind in ("deletion", "edit") or _undone(entry)}
    texts = [entry.text.strip() for entry in said if entry.id not in gone][:_ANSWERS]
    return max(texts, key=len, default="")


def _undone(entry: Entry) -> bool:
    return entry.kind == "event" and entry.data.get("event") == "undone"


def _work(behind: Sequence[Entry], said: Sequence[Entry]) -> float:
    """Seconds from taking the ticket to the last answer; 0 when nobody answered."""
    if not said:
        return 0.0
    taken = next((entry.at for entry in behind if entry.data.get("event") == "taken"), said[0].at)
    return max(0.0, min(said[-1].at - taken, _LONGEST_WORK).total_seconds())
