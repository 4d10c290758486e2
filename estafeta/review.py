"""The review inbox: what customers said and the bot may have got wrong, kept until somebody has labelled or skipped it.

A message is noted under a key made of its place in the timeline and of why it is there, so noting it again changes
nothing, whoever does it. What was decided stays behind under the same key: a message that somebody has dealt with does
not come back. Texts are masked before they are stored. Nothing here ever expires by itself.

Every method raises `StoreUnavailable` when the store cannot answer; calling again is safe.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import structlog

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import ConversationId, Entry, Json, Operator, Reason, Understanding
from estafeta.kernel.ports import Clock, Store
from estafeta.messages import DISLIKES

_log = structlog.get_logger("review")

Why = Literal["not_understood", "unsure", "corrected", "thumbs_down"]
"""not_understood: the bot said so, or called people for it. unsure: it answered, and was not sure. corrected: a person
said what it really was. thumbs_down: the customer showed that the answer was bad."""
Did = Literal["labelled", "created", "out_of_scope", "skipped", "taught"]
"""labelled: examples of an intent that was there; created: of a new one; out_of_scope: not for the bot; taught: the
training data had these words by then."""
_T = TypeVar("_T")
Mask = Callable[[str, Sequence[str]], str]
"""Takes personal data out of a text; the names are those of the people who take part."""

SURE = 0.6
"""A confidence from which on an answer is taken for right until somebody says otherwise."""
NOBODYS = frozenset(["out_of_scope", "nlu_fallback"])
"""Intents that mean "not for the bot": surely one of them is known already."""
NOT_UNDERSTOOD = frozenset([Reason.LOW_CONFIDENCE.value, Reason.REPEATED_FALLBACK.value])
"""People are called for these because of the language model; for the other reasons it can do nothing."""
LONGEST = 500
"""Characters of a message that are kept."""
_RATED = 3
"""Messages before a bad mark for the bot that are looked at: which of them it is for, nobody says."""
_RATED_WITHIN = timedelta(hours=12)
_AROUND = 200
"""Entries before a mark or a reaction among which what it is about is looked for."""
_WAITS, _DONE, _DECIDED = "review:waits:", "review:done:", "review:decided:"
_PAGE = 1000
_SHOWN, _EXAMPLES = 100, 5
"""Characters of an example, and examples, that a line of the history keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A message in the inbox. `text` is masked and cut. `intent` and `confidence` are what the bot took it for, the
    best of `guesses`. `wanted` is what the operator `by` said it was."""

    conversation: ConversationId
    seq: int
    at: datetime
    why: Why
    text: str
    intent: str = ""
    confidence: float = 0.0
    guesses: tuple[str, ...] = ()
    handed_over: bool = False
    wanted: str = ""
    by: str = ""

    @property
    def key(self) -> str:
        """The same whenever and by whomever the message is noted; in order of time."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return f"{at}:{self.conversation}:{self.seq:08}:{self.why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What somebody decided about messages that say the same. `examples` (cut) went to the training data."""

    at: datetime
    who: str
    did: Did
    intent: str = ""
    examples: tuple[str, ...] = ()
    messages: int = 1

    @property
    def key(self) -> str:
        return f"{self.at.astimezone(UTC).isoformat(timespec='microseconds')}:{self.who}"

    def cut(self) -> Decision:
        """As the history keeps it."""
        return replace(self, examples=tuple(text[:_SHOWN] for text in self.examples[:_EXAMPLES]))


# --- what is worth a look ------------------------------------------------------------------------


@dataclass(slots=True)
class Asked:
    """A customer's words as they were understood: several messages that were answered together are one. `answers` are
    the bot's entries that followed; `failed`: it did not understand; `handed_over`: people were called for that."""

    entry: Entry
    meaning: Understanding
    text: str
    answers: set[str] = field(default_factory=set)
    failed: bool = False
    handed_over: bool = False

    def noted(self, why: Why) -> Noted:
        return Noted(
            conversation=self.entry.conversation,
            seq=self.entry.seq,
            at=self.entry.at,
            why=why,
            text=self.text,
            intent=self.meaning.intent,
            confidence=self.meaning.confidence,
            guesses=tuple(guess.name for guess in self.meaning.ranking[:_EXAMPLES]),
            handed_over=self.handed_over,
        )


def worth_a_look(entries: Sequence[Entry], enough: float) -> Iterator[Noted]:
    """The messages of a conversation, in order, that somebody should look at; not masked yet. `enough` is the
    confidence from which on the bot answers. An answer to the bot's own question, a button and a command are not for
    the language model to understand; nor does it help where it was not asked."""
    marked: set[int] = set()
    for one in _told(entries, marked):
        if one.failed and not (one.meaning.intent in NOBODYS and one.meaning.confidence >= enough):
            yield one.noted("not_understood")
        elif not one.failed and "dialog" not in one.entry.data and one.meaning.confidence < max(enough, SURE):
            yield one.noted("unsure")
        if one.entry.seq in marked:
            yield one.noted("thumbs_down")


def asked_in(entries: Sequence[Entry]) -> list[Asked]:
    """What the bot tried to understand, in order, with what came of it."""
    return _told(entries, set())


def _told(entries: Sequence[Entry], marked: set[int]) -> list[Asked]:
    """`marked` gets the `seq` of those whose answers the customer thought bad."""
    asked: list[Asked] = []
    for entry, text in _with_text(entries):
        if text and entry.understanding is not None:
            asked.append(Asked(entry, entry.understanding, text))
        elif asked:
            _follows(asked, entry, marked)
    return asked


def _with_text(entries: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """Each entry, with what was understood there: the words of all that were answered with it."""
    waiting: list[Entry] = []
    for entry in entries:
        if entry.kind != "said" or entry.author.kind != "customer" or "button" in entry.data:
            yield entry, ""
            continue
        waiting = [each for each in waiting if each.at == entry.at]  # those of an earlier turn nobody understood
        waiting.append(entry)
        text = "\n".join(each.text for each in waiting if each.text.strip())
        if entry.understanding is not None:
            waiting = []
        yield entry, "" if text.startswith("/") else text


def _follows(asked: list[Asked], entry: Entry, marked: set[int]) -> None:
    """What came of the latest words, or what the customer thought of earlier ones."""
    last, event = asked[-1], str(entry.data.get("event", "")) if entry.kind == "event" else ""
    if entry.kind == "said" and entry.author.kind == "bot":
        last.answers.add(entry.id)
    elif event == "fallback":
        last.failed = True
    elif event == "opened" and entry.data.get("reason") in NOT_UNDERSTOOD:
        last.failed = last.handed_over = True
    elif event == "rated" and entry.data.get("about") == "bot" and entry.data.get("rating") == "bad":
        marked |= {one.entry.seq for one in asked[-_RATED:] if entry.at - one.entry.at <= _RATED_WITHIN}
    elif entry.kind == "reaction" and str(entry.data.get("emoji", "")).startswith(DISLIKES):
        marked |= {one.entry.seq for one in asked if entry.data.get("of") in one.answers}


def names_in(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Of everybody who took part."""
    return tuple(sorted({entry.author.name for entry in entries if entry.author.name}))


def looks_back(entry: Entry) -> bool:
    """Whether it is about something earlier."""
    return entry.kind == "reaction" or entry.data.get("event") == "rated"


# --- the inbox -----------------------------------------------------------------------------------


class Inbox:
    """`mask` is called in a thread: it may take milliseconds."""

    def __init__(self, store: Store, clock: Clock, mask: Mask) -> None:
        self._store = store
        self._clock = clock
        self._mask = mask

    async def note(self, found: Iterable[Noted], names: Sequence[str] = ()) -> int:
        """Keeps the messages that are neither there nor dealt with; how many were new."""
        new = 0
        for one in found:
            if await self._store.get(_DONE + one.key) is None and await self._store.get(_WAITS + one.key) is None:
                await self._keep(one, names)
                new += 1
        return new

    async def _keep(self, one: Noted, names: Sequence[str]) -> None:
        text = await asyncio.to_thread(self._mask, cut(one.text), names)
        await self._store.put(_WAITS + one.key, encode(replace(one, text=text)))

    async def note_turn(self, entries: Sequence[Entry], enough: float) -> int:
        """What one turn added to a conversation, once it is committed."""
        if any(looks_back(entry) for entry in entries):
            earlier = await self._store.entries(
                entries[0].conversation, after=max(0, entries[-1].seq - _AROUND), limit=_AROUND
            )
            entries = earlier or entries
        return await self.note(worth_a_look(entries, enough), names_in(entries))

    async def correct(self, conversation: ConversationId, intent: str, operator: Operator, seq: int = 0) -> bool:
        """An operator says what the customer wanted: with `seq` by the message that has it in the timeline, without by
        the latest that the bot tried to understand. The latest word holds, also when an earlier one was dealt with.
        False: there is no such message."""
        after = max(0, seq - _AROUND)
        entries = await self._store.entries(conversation, after=after, limit=2 * _AROUND, newest=not seq)
        said = [one for one in asked_in(entries) if seq in (0, one.entry.seq)]
        if not said:
            return False
        note = replace(said[-1].noted("corrected"), wanted=intent, by=f"{operator.desk}:{operator.id}")
        await self._keep(note, names_in(entries))
        return True

    async def waiting(self, *, after: str = "", limit: int = _PAGE) -> list[Noted]:
        """A page of the inbox, the oldest first: those behind the key `after`."""
        page = await self._store.items(_WAITS, after=_WAITS + after if after else "", limit=limit)
        return list(_decoded(Noted, page))

    async def still_waiting(self, keys: Sequence[str]) -> tuple[str, ...]:
        """Those that nobody has dealt with meanwhile."""
        return tuple([key for key in keys if await self._store.get(_WAITS + key) is not None])

    async def settle(self, decision: Decision, keys: Sequence[str]) -> None:
        """The messages with these keys leave the inbox for good. The same decision may be told again, with other keys;
        those that wait no more are passed over."""
        await self._store.put(_DECIDED + decision.key, encode(decision.cut()))
        for key in keys:
            held = await self._store.get(_WAITS + key)
            if held is not None:  # gone only once what became of it is written down
                await self._store.put(_DONE + key, {"decision": decision.key, "note": held})
                await self._store.put(_WAITS + key, None)

    async def reopen(self, decision: Decision, keys: Sequence[str]) -> None:
        """Takes a decision back: what it settled waits again."""
        for key in keys:
            done = await self._store.get(_DONE + key)
            if isinstance(done, dict) and done.get("decision") == decision.key:
                await self._store.put(_WAITS + key, done["note"])
                await self._store.put(_DONE + key, None)
        await self._store.put(_DECIDED + decision.key, None)

    async def forget(self, conversation: ConversationId) -> int:
        """Erases what is kept of a conversation's messages, waiting or dealt with; how many there were. The examples
        that somebody made of them are the trainer's own."""
        erased = 0
        for prefix in (_WAITS, _DONE):
            last = ""
            while page := await self._store.items(prefix, after=last, limit=_PAGE):
                for key, _ in page:
                    if f":{conversation}:" in key:
                        await self._store.put(key, None)
                        erased += 1
                last = page[-1][0]
        return erased

    async def history(self, limit: int = 100) -> tuple[Decision, ...]:
        """Who decided what, the latest first."""
        found: list[tuple[str, Json]] = []
        while page := await self._store.items(_DECIDED, after=found[-1][0] if found else "", limit=_PAGE):
            found = [*found, *page][-max(limit, 1) :]
            if len(page) < _PAGE:
                break
        return tuple(_decoded(Decision, reversed(found)))[:limit]


def _decoded(kind: type[_T], items: Iterable[tuple[str, Json]]) -> Iterator[_T]:
    for key, value in items:
        try:
            yield decode(kind, value)
        except DecodingError:
            _log.error("review_unreadable", key=key)


def cut(text: str, most: int = LONGEST) -> str:
    """The beginning, up to the end of a word: half a number would not be known for one."""
    if len(text) <= most:
        return text
    head = text[: most + 1]
    end = max(head.rfind(" "), head.rfind("\n"))
    return head[:end].rstrip() if end > 0 else ""
