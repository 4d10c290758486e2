"""When people are at work, as instants: schedules in their time zones, overnight shifts, exceptions, national
holidays, closures by hand. Pure.

What hours.yml says are times on a clock on the wall. Such a time stands for the first moment at which that
clock shows it, or a later one: a time that a change of daylight saving skips is the moment of the change, a
time that comes twice is its first coming. So no interval is negative, none comes twice, and intervals that do
not overlap on paper do not overlap at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flows.hours_file import Day, HoursFile, Interval, Plan
from flows.strict import LocalText
from handoff.floor import Closure, Member

HORIZON = timedelta(days=400)
"""How far to look ahead: past a year of exceptions there is nothing left to find."""

_DAY = timedelta(days=1)

_ON_WEEKDAY = {
    "ru": ("в понедельник", "во вторник", "в среду", "в четверг", "в пятницу", "в субботу", "в воскресенье"),
    "en": ("on Monday", "on Tuesday", "on Wednesday", "on Thursday", "on Friday", "on Saturday", "on Sunday"),
}
_MONTHS_RU = (
    "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
    "декабря",
)  # fmt: skip
_MONTHS_EN = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


class Span(NamedTuple):
    """From `start` until just before `end`, in UTC."""

    start: datetime
    end: datetime


# --- what the schedules say -----------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _instant(zone: ZoneInfo, wall: datetime) -> datetime:
    """The first moment at which the clock in `zone` shows `wall` or later."""
    # Of a time that comes twice fold=0 is the first; of one that is skipped both folds are off, by the change:
    # https://docs.python.org/3/library/datetime.html#datetime.datetime.fold
    found = wall.replace(tzinfo=zone).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall:
        return found
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), found
    while after - before > timedelta(seconds=1):  # zones change on whole seconds
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            after = middle
        else:
            before = middle
    return after


def _span(zone: ZoneInfo, day: date, interval: Interval) -> Span:
    midnight = datetime.combine(day, time())
    start, end = midnight + timedelta(minutes=interval.start), midnight + timedelta(minutes=interval.end)
    return Span(_instant(zone, start), _instant(zone, end))


def _written(plan: Plan, start: datetime, end: datetime) -> Iterator[Span]:
    """What the schedule says of [start, end), by its beginnings; spans may touch and overlap, none is empty."""
    first = start.astimezone(plan.zone).date() - _DAY  # what began yesterday may last until now
    for number in range((end.astimezone(plan.zone).date() - first).days + 2):
        day = first + timedelta(days=number)
        for interval in plan.on(day).times:
            opens, closes = _span(plan.zone, day, interval)
            if opens >= end:
                return
            opens, closes = max(opens, start), min(closes, end)
            if opens < closes:
                yield Span(opens, closes)


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans that touch or overlap made one; they come by their beginnings."""
    held: Span | None = None
    for span in spans:
        if held is None:
            held = span
        elif span.start <= held.end:
            held = Span(held.start, max(held.end, span.end))
        else:
            yield held
            held = span
    if held is not None:
        yield held


def _without(spans: Iterable[Span], closures: Iterable[Span]) -> Iterator[Span]:
    """What is left of spans, in order, after cutting out the closures."""
    cuts = sorted(closures)
    for start, end in spans:
        left = start
        for cut in cuts:
            if cut.end <= left or cut.start >= end:
                continue
            if left < cut.start:
                yield Span(left, cut.start)
            left = cut.end
        if left < end:
            yield Span(left, end)


def _closed(closures: Iterable[Closure], skill: str) -> list[Span]:
    held = (one for one in closures if one.skill in ("", skill) and one.since < one.until)
    return [Span(one.since.astimezone(UTC), one.until.astimezone(UTC)) for one in held]


def working(
    hours: HoursFile, skill: str, start: datetime, end: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> Iterator[Span]:
    """The times within [start, end) in which people of `skill` are at work, in order; none touches another."""
    spans = _joined(_written(hours.plan(skill, channel), start.astimezone(UTC), end.astimezone(UTC)))
    closed = _closed(closures, skill)
    return _without(spans, closed) if closed else spans


# --- what is asked --------------------------------------------------------------------------------


def is_open(
    hours: HoursFile, skill: str, now: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> bool:
    """Whether people of `skill` are at work at `now` (its start belongs to a shift, its end does not)."""
    moment = now + timedelta(microseconds=1)
    return any(True for _ in working(hours, skill, now, moment, channel=channel, closures=closures))


def opens_at(
    hours: HoursFile, skill: str, now: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> datetime | None:
    """When people are there next, in UTC: `now` if they are; None if not within `HORIZON`."""
    closures = tuple(closures)
    # Nearby first: what is open day and night is otherwise followed to the horizon.
    for reach in (_DAY, HORIZON):
        span = next(working(hours, skill, now, now + reach, channel=channel, closures=closures), None)
        if span is not None:
            return span.start
    return None


def closes_at(
    hours: HoursFile, skill: str, now: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> datetime | None:
    """Until when the people who are at work at `now` stay, in UTC; None if nobody is, or if they never leave
    within `HORIZON`."""
    closures = tuple(closures)
    now = now.astimezone(UTC)
    for reach in (2 * _DAY, HORIZON):
        span = next(working(hours, skill, now, now + reach, channel=channel, closures=closures), None)
        if span is None or span.start > now:
            return None
        if span.end < now + reach:
            return span.end
    return None


class Timetable:
    """`is_open` for one file, remembering the stretches it is in: every message asks, and the answer
    changes a few times a day."""

    def __init__(self, hours: HoursFile) -> None:
        self._hours = hours
        self._known: dict[Plan, tuple[datetime, datetime, bool]] = {}

    def is_open(self, skill: str, now: datetime, channel: str = "", closures: Iterable[Closure] = ()) -> bool:
        if any(one.since <= now < one.until for one in closures if one.skill in ("", skill)):
            return False
        plan = self._hours.plan(skill, channel)
        known = self._known.get(plan)
        if known is None or not known[0] <= now < known[1]:
            known = self._known[plan] = _stretch(plan, now.astimezone(UTC))
        return known[2]


def _stretch(plan: Plan, now: datetime) -> tuple[datetime, datetime, bool]:
    """The time around `now`, from and until, in which people are all the while there, or not."""
    since, until = now - _DAY, now + _DAY
    for start, end in _joined(_written(plan, since, until)):
        if now < start:
            until = start
            break
        if now < end:
            return start, end, True
        since = end
    return since, until, False


def on_shift(hours: HoursFile, shift: str, now: datetime) -> bool:
    """Whether people of a shift are at work. `shift` may also be the name of a schedule; one that is neither is
    always at work, so that a slip of the pen never hides anybody."""
    plan = hours.shift(shift)
    if plan is None and shift in hours.schedules:
        channel, _, skill = shift.rpartition("/")
        plan = hours.plan(skill, channel)
    moment = now.astimezone(UTC)
    return plan is None or any(True for _ in _written(plan, moment, moment + timedelta(microseconds=1)))


def shifts_of(hours: HoursFile, *people: str) -> tuple[str, ...]:
    """The shifts that name one of `people`: somebody's id and name."""
    return tuple(name for name, shift in hours.shifts.items() if any(who in shift.people for who in people if who))


def on_roster(hours: HoursFile, member: Member, now: datetime) -> bool:
    """Whether the roster has somebody at work, whatever was said by hand: in the shift that they were given, or
    in one that names them; who is in none always is."""
    shifts = (member.shift,) if member.shift else shifts_of(hours, member.id, member.name)
    return not shifts or any(on_shift(hours, shift, now) for shift in shifts)


# --- business time --------------------------------------------------------------------------------


def business_seconds(
    hours: HoursFile, skill: str, start: datetime, end: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> float:
    """So much of the time from `start` to `end` people were at work; 0 if `end` is not after `start`."""
    if end <= start:
        return 0.0
    spans = working(hours, skill, start, end, channel=channel, closures=closures)
    return sum((span.end - span.start for span in spans), timedelta()).total_seconds()


def after(
    hours: HoursFile, skill: str, start: datetime, seconds: float, *, channel: str = "",
    closures: Iterable[Closure] = (),
) -> datetime | None:  # fmt: skip
    """The first moment at which `seconds` of business time have passed since `start`, in UTC; None if people
    are away for all of a `HORIZON`."""
    closures = tuple(closures)
    left, since, begin = timedelta(seconds=seconds), start.astimezone(UTC), start.astimezone(UTC)
    if left <= timedelta():
        return since
    while begin < since + HORIZON:
        end = begin + timedelta(days=8)
        for span in working(hours, skill, begin, end, channel=channel, closures=closures):
            if span.end - span.start >= left:
                return span.start + left
            left -= span.end - span.start
            since = span.end
        begin = end
    return None


# --- why ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """`rule` says in Russian and English what decides. `closes_at`: until when it is open, None if it is closed
    or never closes. `opens_at`: when people are there again; while it is open, after the time that it is closed
    then. Both in UTC."""

    open: bool
    rule: LocalText
    opens_at: datetime | None
    closes_at: datetime | None


def explain(
    hours: HoursFile, skill: str, now: datetime, *, channel: str = "", closures: Iterable[Closure] = ()
) -> Explanation:
    """Whether people are at work at `now`, by which rule, until when, and when they are back."""
    closures, now = tuple(closures), now.astimezone(UTC)
    plan = hours.plan(skill, channel)
    leaves = closes_at(hours, skill, now, channel=channel, closures=closures)
    open_ = is_open(hours, skill, now, channel=channel, closures=closures)
    returns = now if leaves is None else leaves
    opens = None if open_ and leaves is None else opens_at(hours, skill, returns, channel=channel, closures=closures)
    by_hand = [one for one in closures if one.skill in ("", skill) and one.since <= now < one.until]
    if by_hand:
        rule = _closure_in_words(max(by_hand, key=lambda one: one.until), plan.zone)
    else:
        rule = LocalText({language: _rule_in_words(plan, now, language) for language in ("ru", "en")})
    return Explanation(open=open_, rule=rule, opens_at=opens, closes_at=leaves)


def _deciding(plan: Plan, now: datetime) -> date:
    """The day whose times decide about `now`: the one with an interval around it, else today."""
    today = now.astimezone(plan.zone).date()
    for day in (today, today - _DAY):
        for interval in plan.on(day).times:
            start, end = _span(plan.zone, day, interval)
            if start <= now < end:
                return day
    return today


def _rule_in_words(plan: Plan, now: datetime, language: str) -> str:
    day = _deciding(plan, now)
    held = plan.on(day)
    russian = language == "ru"
    times = _times_in_words(held, russian=russian)
    weekday = _ON_WEEKDAY["ru" if russian else "en"][day.weekday()]
    kind, name = held.rule
    if kind == "exception":
        return f"исключение {name}: {times}" if russian else f"exception {name}: {times}"
    if kind == "schedule" or plan.holidays is None:
        words = f"расписание {name}, {weekday}" if russian else f"schedule {name}, {weekday}"
        return f"{words}: {times}"
    if kind == "holiday":
        called = plan.holidays.name(day, language)
        words = f"праздник, {called};" if russian else f"holiday, {called};"
    else:
        words = "рабочий выходной по переносу;" if russian else "weekend day worked in exchange;"
    return f"{words} {'расписание' if russian else 'schedule'} {name}: {times}"


def _times_in_words(day: Day, *, russian: bool) -> str:
    if not day.times:
        return "закрыто" if russian else "closed"
    return ", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in day.times)


def _clock(minutes: int) -> str:
    hour, minute = divmod(minutes if minutes <= 24 * 60 else minutes - 24 * 60, 60)
    return f"{hour:02}:{minute:02}"


def _closure_in_words(closure: Closure, zone: ZoneInfo) -> LocalText:
    until = f"{closure.until.astimezone(zone):%Y-%m-%d %H:%M}"
    by = f" ({closure.by})" if closure.by else ""
    return LocalText({"ru": f"закрыто вручную до {until}{by}", "en": f"closed by hand until {until}{by}"})


# --- times told to customers ----------------------------------------------------------------------


def in_words(hours: HoursFile, when: datetime | None, now: datetime, language: str) -> str:
    """A time to tell a customer, in the file's zone: "завтра в 9:00", "on Monday at 9:00"."""
    russian = language == "ru"
    if when is None:
        return "в ближайшее рабочее время" if russian else "during our next working hours"
    local, today = when.astimezone(hours.zone), now.astimezone(hours.zone).date()
    clock = f"{local.hour}:{local.minute:02}"
    days = (local.date() - today).days
    if days == 0:
        day = "сегодня" if russian else "today"
    elif days == 1:
        day = "завтра" if russian else "tomorrow"
    elif 1 < days < 7:
        day = _ON_WEEKDAY["ru" if russian else "en"][local.weekday()]
    elif russian:
        day = f"{local.day} {_MONTHS_RU[local.month - 1]}"
    else:
        day = f"on {local.day} {_MONTHS_EN[local.month - 1]}"
    return f"{day} в {clock}" if russian else f"{day} at {clock}"


def in_minutes(seconds: float | tuple[float, float], language: str) -> str:
    """A wait to tell a customer, or a range of waits, rounded outwards: "5–10 минут", "a minute", "1–2 hours",
    "up to 3 hours"; in Russian in the accusative, as behind "ждать"."""
    shortest, longest = seconds if isinstance(seconds, tuple) else (seconds, seconds)
    low, high = max(shortest, 0) / 60, max(shortest, longest, 0) / 60
    russian = language == "ru"
    if high <= 90:
        return _range(
            max(1, int(low // _step(low)) * _step(low)),
            max(1, math.ceil(high / _step(high)) * _step(high)),
            ("минуту", "минуты", "минут") if russian else ("a minute", "minutes", "minutes"),
            russian=russian,
        )
    longest_hours = math.ceil(high / 60)
    if low < 45:
        form = "часа" if longest_hours % 10 == 1 and longest_hours % 100 != 11 else "часов"
        return f"до {longest_hours} {form}" if russian else f"up to {longest_hours} hours"
    forms = ("час", "часа", "часов") if russian else ("an hour", "hours", "hours")
    return _range(max(1, int(low // 60)), longest_hours, forms, russian=russian)


def _step(minutes: float) -> int:
    return 1 if minutes <= 10 else 5


def _range(low: int, high: int, forms: tuple[str, str, str], *, russian: bool) -> str:
    one, few, many = forms
    if high == 1:
        return one
    form = many
    if russian and not 11 <= high % 100 <= 14:
        form = one if high % 10 == 1 else few if high % 10 in (2, 3, 4) else many
    return f"{high} {form}" if low >= high else f"{low}–{high} {form}"
