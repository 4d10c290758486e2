"""Who is asked to take a ticket: claims about every floor, and the ladder step by step."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from estafeta.kernel.model import (
    ConversationId,
    Offer,
    Operator,
    Past,
    Reason,
    Stage,
    Ticket,
    TicketId,
    Understanding,
)
from flows import loader
from flows.handoff_file import Skill
from flows.hours_file import HoursFile
from flows.model import Workspace
from handoff import policy, routing
from handoff.floor import Closure, Floor, Member, OpenTicket

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SMALL = loader.load(Path(__file__).parents[1] / "engine" / "workspace")
HOURS = {
    "timezone": "UTC",
    "schedules": {"default": {"daily": ["00:00-24:00"]}},
    "shifts": {"day": {"times": {"daily": ["08:00-20:00"]}}, "night": {"times": {"daily": ["20:00-08:00"]}}},
}
MODES = ("everyone", "round_robin", "least_loaded", "same_operator")


def workspace(mode: str = "everyone", **more: object) -> Workspace:
    skills = {
        "general": Skill.model_validate({"title": "General"}),
        "delivery": Skill.model_validate(
            {
                "title": "Delivery",
                "mode": mode,
                "relax_to": ["general"],
                "intents": ["order_status"],
                "routing": {"again": 60},
            }
            | more
        ),
    }
    return replace(
        SMALL, bot=SMALL.bot.model_copy(update={"skills": skills}), hours=HoursFile.model_validate(HOURS)
    )  # fmt: skip


def ticket(**more: object) -> Ticket:
    base = Ticket(id=TicketId("c1.1"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=NOW)
    return replace(base, **more)  # type: ignore[arg-type]


def member(name: str, **more: object) -> Member:
    return replace(Member(id=name, desk="web", name=name, skills=("delivery",)), **more)  # type: ignore[arg-type]


def taken(who: str, number: int) -> OpenTicket:
    return OpenTicket(
        conversation=ConversationId(f"t{number}"), id=TicketId(f"t{number}.1"), skill="delivery", stage=Stage.HUMAN,
        opened_at=NOW, assignee=who,
    )  # fmt: skip


def waiting(number: int, **more: object) -> OpenTicket:
    held = OpenTicket(
        conversation=ConversationId(f"w{number}"), id=TicketId(f"w{number}.1"), skill="delivery", stage=Stage.QUEUED,
        opened_at=NOW - timedelta(hours=1) + timedelta(seconds=number),
    )  # fmt: skip
    return replace(held, **more)  # type: ignore[arg-type]


def ladder(shop: Workspace, floor: Floor, rungs: int, start: Ticket | None = None) -> list[Offer]:
    """The offers of a ticket that nobody takes."""
    held = start or ticket()
    offers = [routing.first_offer(shop, held, floor, NOW)]
    while len(offers) < rungs:
        held = replace(held, offer=offers[-1])
        offers.append(routing.next_offer(shop, held, floor, offers[-1].until))
    return offers


# --- whatever the floor --------------------------------------------------------------------------

_members = st.lists(
    st.builds(
        Member,
        id=st.sampled_from([f"m{n}" for n in range(8)]),
        desk=st.just("web"),
        name=st.just("Somebody"),
        role=st.sampled_from(["operator", "operator", "supervisor", "admin"]),
        skills=st.sampled_from([(), ("delivery",), ("general",), ("delivery", "general"), ("other",)]),
        languages=st.sampled_from([(), ("ru",), ("en",), ("ru", "en")]),
        capacity=st.integers(1, 3),
        presence=st.sampled_from([None, None, "on", "off", "away"]),
        until=st.sampled_from([None, NOW + timedelta(hours=9), NOW - timedelta(hours=1)]),
        shift=st.sampled_from(["", "day", "night"]),
        on_call=st.booleans(),
    ),
    max_size=8,
    unique_by=lambda one: one.id,
)
_tickets = st.lists(
    st.one_of(
        st.builds(taken, st.sampled_from([f"m{n}" for n in range(8)]), st.integers(0, 30)),
        st.builds(
            waiting, st.integers(0, 30), offered=st.sampled_from([(), (), ("m1",), ("m2", "m3")]),
            priority=st.integers(-1, 1),
        ),
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)  # fmt: skip
_floors = st.builds(
    lambda members, tickets: Floor(members=tuple(members), tickets=tuple(tickets)), _members, _tickets
)  # fmt: skip


def _has_skill(one: Member, *skills: str) -> bool:
    return bool(set(skills) & set(one.skills)) or (not one.skills and one.role == "operator")


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(_floors, st.sampled_from(MODES), st.sampled_from(["", "ru", "en"]), st.sampled_from([-2, 0, 2]))
def test_whatever_the_floor_nobody_is_asked_who_cannot_while_another_can(
    floor: Floor, mode: str, language: str, priority: int
) -> None:
    shop = workspace(mode)
    held = ticket(language=language, priority=priority)
    offers = ladder(shop, floor, 8, held)
    at = {one.id: one for one in floor.members}
    for offer in offers:
        here = {one.id for one in floor.members if routing.there(shop, one, offer.at)}
        skills = ("delivery",) if offer.rung < routing.WIDER else ("delivery", "general")
        able = [one for one in floor.members if one.id in here and _has_skill(one, *skills)]
        speaking = [one for one in able if not language or not one.languages or language in one.languages]
        fitting = {one.id for one in speaking if floor.busy(one.id, held.id) < one.capacity}
        assert offer.until > offer.at, "the ladder would stand still, or run in circles"
        somebody = able or any(one.role != "operator" or one.on_call for one in floor.members)
        assert offer.to or not somebody, "everybody is called, wherever they are, although somebody is there"
        assert set(offer.to) <= set(at), "offered to a stranger"
        if offer.rung < routing.SUPERVISOR and able:
            assert set(offer.to) <= here, "somebody off shift was asked while another was there"
        if offer.rung < routing.SUPERVISOR and fitting:
            assert set(offer.to) <= fitting, "somebody full, or without the language, was asked while another fits"
        if offer.rung == 0 and mode != "everyone" and able:
            assert len(offer.to) == 1
    on_call = {one.id for one in floor.members if one.on_call}
    ready = {one.id for one in floor.members if one.on_call and one.presence not in ("off", "away")}
    for offer in offers[routing.ON_CALL :]:
        assert not on_call or on_call & set(offer.to), "the ladder does not reach whoever is on call"
        assert ready <= set(offer.to)
    waits = [offer.until - offer.at for offer in offers[routing.ON_CALL :]]
    assert waits == sorted(waits), "who calls for long should call less and less often"


@given(st.sampled_from(MODES), st.text(max_size=5))
def test_without_a_roster_everything_is_offered_to_everybody(mode: str, wanted: str) -> None:
    assert all(offer.to == () for offer in ladder(workspace(mode), Floor(), 7, ticket(wanted=wanted)))


# --- the ladder ----------------------------------------------------------------------------------


def test_the_ladder_goes_from_the_skill_to_whoever_is_on_call() -> None:
    floor = Floor(
        members=(
            member("d1"), member("d2"), member("g", skills=("general",)), member("s", role="supervisor", skills=()),
            member("c", skills=("other",), on_call=True, shift="night"),
        )
    )  # fmt: skip
    offers = ladder(workspace(), floor, 7)
    assert [set(offer.to) for offer in offers[:4]] == [{"d1", "d2"}, {"d1", "d2"}, {"d1", "d2", "g"}, {"s"}]
    assert all({"c", "d1", "d2", "g"} == set(offer.to) for offer in offers[4:])
    assert [offer.at - NOW for offer in offers[:5]] == [timedelta(seconds=at) for at in (0, 60, 300, 600, 1200)]
    assert [offer.until - offer.at for offer in offers[4:]] == [timedelta(seconds=at) for at in (600, 1200, 2400)]
    assert [offer.rung for offer in offers] == list(range(7))


def test_who_did_not_answer_is_called_again_unless_they_left() -> None:
    shop = workspace("round_robin")
    floor = Floor(members=(member("a"), member("b"), member("c")))
    first = routing.first_offer(shop, ticket(), floor, NOW)
    assert routing.next_offer(shop, ticket(offer=first), floor, first.until).to == first.to
    left = replace(
        floor, members=tuple(replace(m, presence="off") if m.id in first.to else m for m in floor.members)
    )  # fmt: skip
    again = routing.next_offer(shop, ticket(offer=first), left, first.until)
    assert len(again.to) == 1
    assert again.to != first.to


def test_where_nobody_of_the_skill_is_there_others_are_asked_at_once() -> None:
    away = member("d", presence="away", until=NOW + timedelta(minutes=30))
    general = member("g", skills=("general",))
    assert routing.first_offer(workspace(), ticket(), Floor(members=(away, general)), NOW).to == ("g",)
    chief = member("s", role="supervisor", skills=())
    assert routing.first_offer(workspace(), ticket(), Floor(members=(away, chief)), NOW).to == ("s",)
    assert routing.first_offer(workspace(), ticket(), Floor(members=(away,)), NOW + timedelta(hours=1)).to == ("d",)


def test_a_roster_without_anybody_there_or_on_call_still_asks_everybody() -> None:
    away = member("d", presence="off")
    assert [offer.to for offer in ladder(workspace(), Floor(members=(away,)), 6)] == [()] * 6


def test_the_skills_own_times_go_before_the_workspaces() -> None:
    shop = workspace(routing={"wider": 200})
    first, second = ladder(shop, Floor(), 2)
    assert first.until - first.at == timedelta(seconds=60), "handoff.remind_after"
    assert second.until - first.at == timedelta(seconds=200)


# --- the modes -----------------------------------------------------------------------------------


def test_round_robin_asks_who_was_not_asked_for_longest() -> None:
    floor = Floor(
        members=(member("a"), member("b"), member("c")),
        asked={"a": NOW - timedelta(minutes=1), "b": NOW - timedelta(minutes=9), "c": NOW - timedelta(minutes=4)},
    )
    assert routing.first_offer(workspace("round_robin"), ticket(), floor, NOW).to == ("b",)


def test_the_least_loaded_is_asked_by_what_they_can_bear() -> None:
    floor = Floor(
        members=(member("a", capacity=2), member("b", capacity=10), member("c", capacity=1)),
        tickets=(taken("a", 1), *(taken("b", n) for n in range(2, 5)), taken("c", 9)),
    )
    assert routing.first_offer(workspace("least_loaded"), ticket(), floor, NOW).to == ("b",)


def test_what_was_put_off_is_no_load() -> None:
    floor = Floor(members=(member("a", capacity=1), member("b", capacity=1)), tickets=(taken("a", 1), taken("b", 2)))
    put_off = replace(floor, tickets=(replace(taken("a", 1), held=True), taken("b", 2)))
    assert routing.first_offer(workspace("least_loaded"), ticket(), put_off, NOW).to == ("a",)


@pytest.mark.parametrize("mode", ["round_robin", "least_loaded"])
def test_a_morning_of_waiting_tickets_is_dealt_out_evenly_by_one_view_of_the_floor(mode: str) -> None:
    people = tuple(member(name, capacity=20) for name in "abcd")
    queue = tuple(waiting(number) for number in range(40))
    floor = Floor(members=people, tickets=queue)
    dealt = Counter(
        routing.first_offer(
            workspace(mode), ticket(id=one.id, opened_at=one.opened_at), floor, NOW
        ).to[0]
        for one in queue
    )  # fmt: skip
    assert dealt == dict.fromkeys("abcd", 10)


def test_equals_are_asked_by_lot_not_always_the_first() -> None:
    floor = Floor(members=(member("a"), member("b")))
    asked = {
        routing.first_offer(workspace("round_robin"), ticket(id=TicketId(f"c{n}.1")), floor, NOW).to for n in range(20)
    }
    assert asked == {("a",), ("b",)}


def _past(**more: object) -> Past:
    base = Past(
        id=TicketId("c1.0"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=NOW - timedelta(days=9),
        ended_at=NOW - timedelta(days=8), how="closed", assignee=Operator(id="b", name="B", desk="web"),
    )  # fmt: skip
    return replace(base, **more)  # type: ignore[arg-type]


def test_the_operator_of_last_time_is_asked_while_on_shift() -> None:
    floor = Floor(members=(member("a"), member("b", shift="day")))
    loyal = workspace("same_operator")
    assert routing.same_as_before(loyal, ticket(), (_past(),), floor, NOW) == "b"
    assert routing.same_as_before(loyal, ticket(), (_past(),), floor, NOW + timedelta(hours=10)) == ""
    assert routing.same_as_before(workspace(), ticket(), (_past(),), floor, NOW) == ""
    fresh = _past(ended_at=NOW - timedelta(hours=2), skill="general")
    assert routing.same_as_before(workspace(), ticket(), (_past(), fresh), floor, NOW) == "b", "contact again"
    full = replace(floor, tickets=tuple(taken("b", n) for n in range(5)))
    assert routing.same_as_before(loyal, ticket(), (_past(),), full, NOW) == ""


def test_who_is_asked_by_name_is_asked_first_and_then_the_others() -> None:
    floor = Floor(members=(member("a"), member("b", skills=("other",))))
    offers = ladder(workspace(), floor, 3, ticket(wanted="b"))
    assert [offer.to for offer in offers] == [("b",), ("b",), ("a",)]


def test_who_passes_it_on_is_not_asked_if_anybody_else_is() -> None:
    shop = workspace("round_robin")
    floor = Floor(members=(member("a"), member("b")), asked={"b": NOW})
    assert routing.first_offer(shop, ticket(), floor, NOW, but="a").to == ("b",)
    assert routing.first_offer(shop, ticket(), Floor(members=(member("a"),)), NOW, but="a").to == ("a",)


# --- presence ------------------------------------------------------------------------------------


def test_presence_is_by_hand_until_it_ends_then_by_shift() -> None:
    shop = workspace()
    night = NOW + timedelta(hours=10)
    assert routing.there(shop, member("a"), night)
    assert routing.there(shop, member("a", shift="day"), NOW)
    assert not routing.there(shop, member("a", shift="day"), night)
    on = member("a", shift="day", presence="on", until=night + timedelta(minutes=1))
    assert routing.there(shop, on, night)
    assert not routing.there(shop, on, night + timedelta(minutes=1))
    assert not routing.there(shop, member("a", presence="away"), NOW)


def test_a_shift_may_name_its_people() -> None:
    named = HOURS | {"shifts": {"night": {"people": ["a"], "times": {"daily": ["20:00-08:00"]}}}}
    shop = replace(workspace(), hours=HoursFile.model_validate(named))
    assert not routing.there(shop, member("a"), NOW)
    assert routing.there(shop, member("b"), NOW)


# --- skills and the queue ------------------------------------------------------------------------


def test_a_skill_comes_from_the_request_the_intent_or_the_workspace() -> None:
    shop = workspace()
    parcel = Understanding(intent="order_status", confidence=0.9)
    assert routing.skill_for(shop, "delivery", None) == "delivery"
    assert routing.skill_for(shop, "", parcel) == "delivery"
    assert routing.skill_for(shop, "gone", replace(parcel, confidence=0.1)) == "general"
    assert routing.skill_for(shop, "", None) == "general"


def test_the_place_in_the_queue_goes_by_priority_then_by_age() -> None:
    mine = ticket(opened_at=NOW)
    older, newer = waiting(1), waiting(2, opened_at=NOW + timedelta(seconds=1))
    urgent = waiting(3, opened_at=NOW + timedelta(seconds=1), priority=5)
    elsewhere = waiting(4, skill="general")
    floor = Floor(tickets=(older, newer, urgent, elsewhere, taken("a", 5)))
    me = ConversationId("c1")
    assert routing.position(mine, me, floor) == 3
    assert routing.position(replace(mine, priority=9), me, floor) == 1
    known = replace(floor, tickets=(*floor.tickets, waiting(6, conversation=me, id=mine.id)))
    assert routing.position(mine, me, known) == 3, "nobody waits behind themselves"


def test_a_wait_is_told_only_from_what_was_measured() -> None:
    shop = workspace()
    assert routing.expected_wait(shop, "delivery", 1, Floor(paces={"delivery": (60.0,) * 4})) is None
    floor = Floor(paces={"delivery": (30.0, 60.0, 60.0, 90.0, 120.0, 6000.0)})
    low, high = routing.expected_wait(shop, "delivery", 1, floor) or (0, 0)
    assert 30 <= low < high <= 120, "without the unluckiest"
    assert routing.expected_wait(shop, "delivery", 3, floor) == (3 * low, 3 * high)
    assert routing.expected_wait(shop, "general", 1, floor) is None


# --- priority and promises -----------------------------------------------------------------------

OFFICE = HoursFile.model_validate({"timezone": "UTC", "schedules": {"default": {"mon-fri": ["09:00-18:00"]}}})
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 20, 19, 0, tzinfo=UTC)


def office(**more: object) -> Workspace:
    return replace(workspace(**more), hours=OFFICE)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("usual", "asked", "found"), [(0, 0, 0), (2, 0, 2), (-3, 0, -3), (0, 5, 5), (2, 5, 5), (5, 2, 5), (-3, 1, 1)]
)
def test_the_higher_priority_of_skill_and_reason_counts(usual: int, asked: int, found: int) -> None:
    assert policy.priority(workspace(priority=usual), "delivery", asked) == found


def test_out_of_hours_the_time_is_told_once_and_again_when_it_changes() -> None:
    shop = office()
    told = policy.promise(shop, None, "delivery", FRIDAY)
    assert (told.phrase, told.opens_at, told.at_once) == ("waiting_closed", MORNING, False)
    assert policy.promise(shop, MORNING, "delivery", FRIDAY).phrase == "already_waiting"
    noon = MORNING + timedelta(hours=3)
    closure = Closure(skill="", since=FRIDAY, until=noon)
    later = policy.promise(shop, MORNING, "delivery", FRIDAY, closures=(closure,))
    assert (later.phrase, later.opens_at) == ("waiting_closed", noon)


def test_each_skill_has_its_way_out_of_hours() -> None:
    assert policy.promise(office(off_hours="queue"), None, "delivery", FRIDAY).at_once
    assert policy.promise(office(off_hours="message"), None, "delivery", FRIDAY).phrase == "message_taken"
    assert not policy.promise(office(off_hours="message"), None, "delivery", FRIDAY).at_once


def test_a_promise_for_the_opening_leaves_people_a_moment_and_others_none() -> None:
    assert policy.breaks_at(office(), "delivery", MORNING) == MORNING + timedelta(minutes=15)
    assert policy.breaks_at(office(first_answer=300), "delivery", MORNING) == MORNING + timedelta(minutes=5)
    assert policy.breaks_at(office(first_answer=9000), "delivery", MORNING) == MORNING + timedelta(minutes=15)
    ten = MORNING + timedelta(hours=1)
    assert policy.breaks_at(office(), "delivery", ten) == ten


def test_what_is_promised_anew_can_be_kept() -> None:
    at = MORNING + timedelta(minutes=2)
    assert policy.new_promise(office(), "delivery", at, wait=0, waited=0) == MORNING + timedelta(minutes=20)
    assert policy.new_promise(office(), "delivery", at, wait=3000, waited=0) == MORNING + timedelta(minutes=55)
    assert policy.new_promise(office(), "delivery", at, wait=0, waited=1e9) == MORNING + timedelta(hours=4, minutes=5)
    evening = MORNING + timedelta(hours=8, minutes=58)
    next_day = MORNING + timedelta(days=1, minutes=15)
    assert policy.new_promise(office(), "delivery", evening, wait=0, waited=0) == next_day


@given(st.floats(1, 9000), st.floats(1, 3), st.integers(0, 30_000))
def test_a_wait_that_is_told_is_rounded_outwards_and_ends_in_working_time(low: float, times: float, at: int) -> None:
    now = MORNING + timedelta(seconds=at)
    found = policy.stated_wait(office(), "delivery", now, (low, low * times))
    if found is None:
        assert now + timedelta(seconds=low * times + 3600) > MORNING + timedelta(hours=9)
        return
    (shortest, longest), until = found
    assert shortest <= low
    assert longest >= low * times
    assert until == now + timedelta(seconds=longest)
    assert until <= MORNING + timedelta(hours=9)
