"""How people's work went: promises, waiting, answers in time, marks, who did what. Pure.

Everything is counted from the timeline's events (`Store.events` with `EVENTS`), so a report of last year says
tomorrow what it says today. Events of earlier versions tell less: what is missing is not guessed, it is left out of
the figure that needs it. What the figures are is in `handoff.figures`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import get_args

from estafeta.kernel.model import ConversationId, Ending, Entry, Json, Rating
from flows.model import Workspace
from handoff import figures, hours
from handoff.figures import Csat, Ended, Handoffs, OperatorWork, Report, Sla, share, times
from handoff.floor import Closure

ENDINGS: tuple[str, ...] = get_args(Ending)

BACKGROUND = (
    "opened", "passed_on", "taken", "held", "resumed", "answered", "undone", "promised", "promise_moved",
    "promise_kept", "promise_broken", "surveyed", *ENDINGS,
)  # fmt: skip
"""The events that tell of those behind them: which skill a ticket is for, whether it was taken or answered before,
what was promised, what a mark is an answer to. They are worth reading from some time before the report begins."""

EVENTS = (*BACKGROUND, "rated")

_ABOUT = ("person", "bot")
_EVER = 1e10
"""Seconds: some 300 years. What is longer was never measured."""

_MARKS = tuple(mark for mark in get_args(Rating) if mark)


def report(
    workspace: Workspace, entries: Iterable[Entry], *, since: datetime, until: datetime,
    closures: Iterable[Closure] = (),
) -> Report:  # fmt: skip
    """Of what happened from `since` to before `until`. `entries` are events, the oldest first; those from before
    `since` are background."""
    reading = Reading(workspace, since=since, until=until, closures=closures)
    for entry in entries:
        reading.add(entry)
    return reading.report()


@dataclass(slots=True)
class _Ticket:
    """`known`: it is told of by its name, from its opening on. `owed`: somebody waited for its first answer;
    whoever was taken over from the bot did not. `ended` is when, if that was within the time of the report."""

    id: str
    skill: str = ""
    reason: str = ""
    channel: str = ""
    opened: datetime | None = None
    known: bool = False
    owed: bool = True
    taken: bool = False
    answered: bool = False
    promised: bool = False
    over: bool = False
    ended: datetime | None = None
    held_until: datetime | None = None
    undone: _Answer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """`inside`: within the time of the report. `cause` is what it was said by; `skill` the ticket's at that time."""

    cause: str
    at: datetime
    ticket: _Ticket
    skill: str
    waited: float | None
    first: bool
    person: _Person | None
    inside: bool


@dataclass(slots=True)
class _Survey:
    """`asked`: within the time of the report."""

    about: str
    ticket: str
    operator: str
    asked: bool = False
    mark: str = ""


@dataclass(slots=True)
class _Person:
    name: str = ""
    taken: set[str] = field(default_factory=set)
    ended: int = 0
    answers: list[float] = field(default_factory=list)


class Reading:
    """A report while the events are read, for more of them than one wants to hold at once. `closures` are those made
    by hand, as far as they are known: nobody is late by them."""

    def __init__(
        self, workspace: Workspace, *, since: datetime, until: datetime, closures: Iterable[Closure] = ()
    ) -> None:
        self._workspace = workspace
        self._since, self._until = since, until
        self._closures = tuple(closures)
        self._tickets: dict[str, _Ticket] = {}
        self._latest: dict[ConversationId, _Ticket] = {}
        self._promises: dict[str, Counter[str]] = defaultdict(Counter)
        self._opened: list[tuple[str, str]] = []
        self._taken: list[tuple[str, str]] = []
        self._waits: list[tuple[str, str, float]] = []
        self._said: dict[ConversationId, _Answer] = {}
        self._answers: dict[tuple[str, bool], list[float]] = defaultdict(list)
        self._surveys: list[_Survey] = []
        self._asked: dict[ConversationId, _Survey] = {}
        self._people: dict[str, _Person] = defaultdict(_Person)
        self._endings: dict[str, list[float | None]] = defaultdict(list)

    def add(self, entry: Entry) -> None:
        """Whatever an event lacks, and whatever is no event, harms nothing."""
        inside = self._since <= entry.at < self._until
        what = _text(entry.data, "event")
        if entry.kind != "event" or what not in EVENTS or entry.at >= self._until:
            return
        if not inside and what not in BACKGROUND:
            return
        match what:
            case "surveyed" | "rated":
                self._survey(entry, what, inside=inside)
            case "opened":
                self._open(entry, inside=inside)
            case "undone":
                self._undo(entry)
            case _:
                self._of_a_ticket(entry, what, self._ticket(entry), inside=inside)

    def _ticket(self, entry: Entry) -> _Ticket:
        """The ticket it names; of an event that names none the conversation's latest."""
        name = _text(entry.data, "ticket")
        if not name:
            return self._latest.setdefault(entry.conversation, _Ticket(id=entry.conversation))
        known = self._tickets.setdefault(name, _Ticket(id=name))
        self._latest[entry.conversation] = known
        return known

    def _open(self, entry: Entry, *, inside: bool) -> None:
        name = _text(entry.data, "ticket")
        ticket = _Ticket(
            id=name or entry.id, skill=_text(entry.data, "skill"), reason=_text(entry.data, "reason"),
            channel=entry.channel, opened=entry.at, known=bool(name),
        )  # fmt: skip
        self._tickets[ticket.id] = self._latest[entry.conversation] = ticket
        if inside:
            self._opened.append((ticket.reason, ticket.skill))

    def _of_a_ticket(self, entry: Entry, what: str, ticket: _Ticket, *, inside: bool) -> None:
        match what:
            case "passed_on":
                ticket.skill = _text(entry.data, "skill") or ticket.skill
            case "held":
                ticket.held_until = _time(entry.data, "until")
            case "resumed":
                ticket.held_until = None
            case "taken":
                self._take(entry, ticket, inside=inside)
            case "answered":
                self._answer(entry, ticket, inside=inside)
            case "promised" | "promise_kept" | "promise_moved" | "promise_broken":
                ticket.promised = what in ("promised", "promise_moved")
                if inside:
                    self._promises[ticket.skill][what] += 1
            case _:
                self._end(entry, what, ticket, inside=inside)

    def _take(self, entry: Entry, ticket: _Ticket, *, inside: bool) -> None:
        """A ticket that opened by being taken kept nobody waiting."""
        called = ticket.opened is not None and ticket.opened < entry.at
        waited = _seconds(entry.data, "waited")
        if inside:
            person = self._person(entry.data)
            if person is not None:
                person.taken.add(ticket.id)
            if not ticket.taken and ticket.opened is not None:
                self._taken.append((ticket.reason, ticket.skill))
            if waited is not None and called and not ticket.taken:
                self._waits.append((ticket.reason, ticket.skill, waited))
        ticket.owed = ticket.owed and (called or ticket.taken)
        ticket.taken = True

    def _answer(self, entry: Entry, ticket: _Ticket, *, inside: bool) -> None:
        """It counts once the next one is there: until then it may be taken back. After one that was, the customer
        has waited since before it."""
        waited, first, gone = _seconds(entry.data, "waited"), entry.data.get("first") is True, ticket.undone
        if gone is not None:
            since = None if gone.waited is None else gone.waited + self._worked(ticket, gone.at, entry.at)
            waited, first, ticket.undone = since, gone.first, None
        person = self._person(entry.data) if inside else None
        if entry.conversation in self._said:
            self._count(self._said[entry.conversation])
        self._said[entry.conversation] = _Answer(
            cause=_cause(entry.id), at=entry.at, ticket=ticket, skill=ticket.skill, waited=waited, first=first,
            person=person, inside=inside,
        )  # fmt: skip
        ticket.answered = True

    def _undo(self, entry: Entry) -> None:
        """What a signal causes is named after it: so the words that were taken back lead to the answer."""
        said = self._said.get(entry.conversation)
        if said is None or said.cause != _cause(_text(entry.data, "of")):
            return
        del self._said[entry.conversation]
        said.ticket.undone = said
        said.ticket.answered = said.ticket.answered and not said.first

    def _count(self, said: _Answer) -> None:
        if said.inside and said.waited is not None:
            self._answers[said.skill, said.first].append(said.waited)
            if said.person is not None:
                said.person.answers.append(said.waited)

    def _end(self, entry: Entry, how: str, ticket: _Ticket, *, inside: bool) -> None:
        """What was promised for later than the end is neither kept nor broken any more."""
        if inside:
            self._endings[how].append(_seconds(entry.data, "lasted"))
            person = self._person(entry.data)
            if person is not None:
                person.ended += 1
            ticket.ended = entry.at
            if ticket.promised:
                self._promises[ticket.skill]["ended"] += 1
        ticket.over, ticket.promised = True, False

    def _person(self, data: Mapping[str, Json]) -> _Person | None:
        """Who did it. Events of earlier versions tell only a name."""
        id_ = _text(data, "operator") or _text(data, "name")
        if not id_:
            return None
        person = self._people[id_]
        person.name = _text(data, "name") or person.name
        return person

    def _survey(self, entry: Entry, what: str, *, inside: bool) -> None:
        about, ticket, operator = (_text(entry.data, key) for key in ("about", "ticket", "operator"))
        survey = self._asked.get(entry.conversation)
        if what == "surveyed" or survey is None or (survey.about, survey.ticket) != (about, ticket):
            survey = _Survey(about=about, ticket=ticket, operator=operator, asked=inside and what == "surveyed")
            self._asked[entry.conversation] = survey
            self._surveys.append(survey)
        rating = _text(entry.data, "rating")
        if what == "rated" and rating in _MARKS:
            survey.mark = rating

    # --- what was read ---------------------------------------------------------------------------

    def report(self) -> Report:
        for said in self._said.values():
            self._count(said)
        self._said.clear()
        reasons, skills = ([row[place] for row in self._opened] for place in (0, 1))
        took_by, took_of = ([row[place] for row in self._taken] for place in (0, 1))
        return Report(
            since=self._since,
            until=self._until,
            promises=figures.promises("", self._promised()),
            promises_by_skill=figures.most_first(
                (figures.promises(skill, counts), sum(counts.values())) for skill, counts in self._promises.items()
            ),
            handoffs=Handoffs(
                of="", opened=len(self._opened), taken=len(self._taken), waits=times(one for *_, one in self._waits)
            ),
            handoffs_by_reason=figures.handoffs(reasons, took_by, [(reason, wait) for reason, _, wait in self._waits]),
            handoffs_by_skill=figures.handoffs(skills, took_of, [(skill, wait) for _, skill, wait in self._waits]),
            endings=figures.most_first(
                (Ended(how=how, tickets=len(all_), lasted=times(one for one in all_ if one is not None)), len(all_))
                for how, all_ in self._endings.items()
            ),
            sla=self._in_time(),
            csat=tuple(_csat(about, [one for one in self._surveys if one.about == about]) for about in _ABOUT),
            operators=self._operators(),
        )

    def _promised(self) -> Mapping[str, int]:
        """Of all skills."""
        return sum(self._promises.values(), Counter())

    def _in_time(self) -> tuple[Sla, ...]:
        missed, unanswered = self._unanswered()
        rows: list[tuple[Sla, int]] = []
        for name in dict.fromkeys((*(skill for skill, _ in self._answers), *missed, *unanswered)):
            skill = self._workspace.skills.get(name)
            first, later = self._answers.get((name, True), []), self._answers.get((name, False), [])
            row = Sla(
                skill=name,
                first=figures.answers(first, skill.first_answer if skill else None, missed[name]),
                next=figures.answers(later, skill.next_answer if skill else None),
                unanswered=unanswered[name],
            )
            rows.append((row, len(first) + len(later) + missed[name]))
        return figures.most_first(rows)

    def _unanswered(self) -> tuple[Counter[str], Counter[str]]:
        """Of each skill the tickets whose first answer was missed, and those that ended without any."""
        missed, ended = Counter[str](), Counter[str]()
        for ticket in self._tickets.values():
            if not (ticket.known and ticket.owed) or ticket.answered or (ticket.over and ticket.ended is None):
                continue
            ended[ticket.skill] += ticket.over
            missed[ticket.skill] += self._is_late(ticket, ticket.ended or self._until)
        return +missed, +ended

    def _is_late(self, ticket: _Ticket, now: datetime) -> bool:
        skill = self._workspace.skills.get(ticket.skill)
        if ticket.opened is None or skill is None or skill.first_answer is None:
            return False
        since = max(ticket.opened, ticket.held_until or ticket.opened)
        due = hours.after(
            self._workspace.hours, ticket.skill, since, skill.first_answer, channel=ticket.channel,
            closures=self._closures,
        )  # fmt: skip
        return due is not None and due < now

    def _worked(self, ticket: _Ticket, since: datetime, until: datetime) -> float:
        """Seconds of business time."""
        return hours.business_seconds(
            self._workspace.hours, ticket.skill, since, until, channel=ticket.channel, closures=self._closures
        )

    def _operators(self) -> tuple[OperatorWork, ...]:
        rated: dict[str, list[_Survey]] = defaultdict(list)
        for survey in self._surveys:
            if survey.about == "person" and survey.operator and (survey.asked or survey.mark):
                rated[survey.operator].append(survey)
        return figures.most_first(
            (
                OperatorWork(
                    operator=id_, name=(person := self._people[id_]).name or id_, taken=len(person.taken),
                    ended=person.ended, answers=times(person.answers), marks=_csat(id_, rated.get(id_, [])),
                ),
                len(person.taken),
            )
            for id_ in [*self._people, *(id_ for id_ in rated if id_ not in self._people)]
        )  # fmt: skip


# --- figures -------------------------------------------------------------------------------------


def _csat(of: str, surveys: Sequence[_Survey]) -> Csat:
    asked = [survey for survey in surveys if survey.asked]
    marks = [survey.mark for survey in surveys if survey.mark]
    counts = {mark: marks.count(mark) for mark in _MARKS}
    return Csat(
        of=of, asked=len(asked), rate=share(sum(bool(survey.mark) for survey in asked), len(asked)),
        excellent=counts["excellent"], fine=counts["fine"], bad=counts["bad"],
        score=share(len(marks) - counts["bad"], len(marks)),
    )  # fmt: skip


def _cause(entry: str) -> str:
    """The signal by which an entry came about, by the entry's name."""
    return entry.rpartition(".")[0]


def _text(data: Mapping[str, Json], key: str) -> str:
    found = data.get(key)
    return found if isinstance(found, str) else ""


def _seconds(data: Mapping[str, Json], key: str) -> float | None:
    found = data.get(key)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return float(found) if 0 <= found < _EVER else None


def _time(data: Mapping[str, Json], key: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(_text(data, key))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None
