"""How releases compare: of the conversations of each, how many were handed over, how many were not understood, how
customers rated the bot; and the rule by which a staged release is withdrawn.

Counted from the timeline's events: `flow`, `unsure` and `fallback` (they begin or belong to a conversation of the
release that they name), `opened` (people were called), `rated`, and `disliked` (a thumbs-down, which is a bad mark).
An event that names no release counts for the one that the conversation was last seen on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import sqrt

from estafeta.kernel.model import Entry, Reason
from flows.publish_file import PublishRules

EVENTS = ("flow", "unsure", "fallback", "opened", "rated", "disliked")
_NOT_THE_BOTS = frozenset({Reason.OPERATOR_TAKEOVER, Reason.CSAT_BAD})
"""Reasons that say nothing of the content: people stepped in by themselves, or were called for people's work."""

SURE = 2.33
"""Standard errors by which a share must be above the other one, beside the limit of the rules: 99 percent, at one
look. A staged release is looked at every few seconds. One that is no worse comes above ten points by luck at some time
in six to thirteen trials of a hundred; above this too, in three or four (simulated: half of the conversations on each,
shares of 20 and 40 percent, up to 2,000 conversations, looked at after each)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of one release. Each conversation counts once, however often it was handed over or got a thumbs-down
    (`disliked`); each mark counts."""

    conversations: int = 0
    handoffs: int = 0
    fallbacks: int = 0
    marks: int = 0
    bad_marks: int = 0
    disliked: int = 0


@dataclass(slots=True)
class _Seen:
    conversations: set[str] = field(default_factory=set)
    handoffs: set[str] = field(default_factory=set)
    fallbacks: set[str] = field(default_factory=set)
    disliked: set[str] = field(default_factory=set)
    marks: int = 0
    bad_marks: int = 0


class Tally:
    """Takes events in the order of their time, and knows the figures of every release in them. `key` is what events
    name it by: "release" for that of the dialogs, "model" for the language model that served."""

    def __init__(self, key: str = "release") -> None:
        self._key = key
        self._seen: dict[str, _Seen] = defaultdict(_Seen)
        self._last: dict[str, str] = {}

    def add(self, entry: Entry) -> None:
        release = str(entry.data.get(self._key) or self._last.get(entry.conversation, ""))
        if not release:
            return
        self._last[entry.conversation] = release
        seen = self._seen[release]
        match entry.data.get("event"):
            case "rated" if entry.data.get("about") == "bot":
                seen.marks += 1
                seen.bad_marks += entry.data.get("rating") == "bad"
            case "disliked":
                seen.conversations.add(entry.conversation)
                seen.disliked.add(entry.conversation)
                seen.marks += 1
                seen.bad_marks += 1
            case "flow" | "unsure":
                seen.conversations.add(entry.conversation)
            case "fallback":
                seen.conversations.add(entry.conversation)
                seen.fallbacks.add(entry.conversation)
            case "opened" if entry.data.get("reason") not in _NOT_THE_BOTS:
                seen.conversations.add(entry.conversation)
                seen.handoffs.add(entry.conversation)

    @property
    def releases(self) -> tuple[str, ...]:
        """Those that were seen, in the order of their first event."""
        return tuple(self._seen)

    def of(self, release: str) -> Figures:
        seen = self._seen.get(release) or _Seen()
        return Figures(
            conversations=len(seen.conversations), handoffs=len(seen.handoffs), fallbacks=len(seen.fallbacks),
            marks=seen.marks, bad_marks=seen.bad_marks, disliked=len(seen.disliked),
        )  # fmt: skip


def worse(current: Figures, staged: Figures, rules: PublishRules) -> str:
    """Why the staged release is to be withdrawn, as a sentence; "" while it is not, while too little is known, or
    while the difference may be luck."""
    return next(_reasons(current, staged, rules), "") if rules.watch else ""


def _reasons(current: Figures, staged: Figures, rules: PublishRules) -> Iterator[str]:
    if min(current.conversations, staged.conversations) >= rules.least:
        for what, limit, now, before in (
            ("handed over", rules.handoffs, staged.handoffs, current.handoffs),
            ("not understood", rules.fallbacks, staged.fallbacks, current.fallbacks),
            # By conversations: of marks, thumbs-down alone would be all of them with either.
            ("thumbs-down", rules.bad_marks, staged.disliked, current.disliked),
        ):
            yield from _reason(what, limit, (now, staged.conversations), (before, current.conversations))
    if min(current.marks, staged.marks) >= rules.least_marks:
        marks = (staged.bad_marks, staged.marks), (current.bad_marks, current.marks)
        yield from _reason("rated bad", rules.bad_marks, *marks)


def _reason(what: str, limit: float, now: tuple[int, int], before: tuple[int, int]) -> Iterator[str]:
    share, usual = (100 * count / of for count, of in (now, before))
    if share - usual > limit and share - usual >= SURE * _error(now, before):
        yield (
            f"{what}: {share:.0f}% of {now[1]}, {usual:.0f}% of {before[1]} with what is in service; "
            f"more than {limit:g} points worse"
        )


def _error(one: tuple[int, int], other: tuple[int, int]) -> float:
    """The standard error of the difference of two shares, in percentage points, if both are of one kind (the pooled
    two-proportion z-test)."""
    pooled = (one[0] + other[0]) / (one[1] + other[1])
    return 100 * sqrt(pooled * (1 - pooled) * (1 / one[1] + 1 / other[1]))
