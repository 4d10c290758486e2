"""The roster: who may do what, how people come in and go, and what is written down of it."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import Operator
from estafeta.roster import CONSOLE, PLATFORM, Known, NotAllowed, NotInvited, Roster
from storage.sqlite import SqliteStore

ANNA = Operator(id="1", name="Anna", desk="web")
BORIS = Operator(id="2", name="Boris", desk="web")
VERA = Operator(id="3", name="Vera", desk="forum")
KNOWN = Known(skills=("delivery", "general"), languages=("ru", "en"), shifts=("day", "night", "default"))


@pytest.fixture
async def store(tmp_path: Path, clock: TestClock) -> AsyncIterator[SqliteStore]:
    made = SqliteStore(tmp_path / "roster.db", clock=clock)
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def roster(store: SqliteStore, clock: TestClock) -> Roster:
    """As in production: who is not enrolled answers nobody."""
    return Roster(store, clock, known=KNOWN)


@pytest.fixture
def open_roster(store: SqliteStore, clock: TestClock) -> Roster:
    """As in the demo: whoever is in the group may answer."""
    return Roster(store, clock, open_to_members=True)


@contextlib.contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(NotAllowed) as found:
        yield
    assert found.value.code == code
    assert str(found.value).endswith(".")


async def enrolled(roster: Roster, who: Operator, role: str = "operator") -> None:
    await roster.enrol(await roster.invite(by=CONSOLE, role=role), who)  # type: ignore[arg-type]


# --- invitations ---------------------------------------------------------------------------------


async def test_an_invitation_lets_one_person_in_with_what_it_says(roster: Roster) -> None:
    token = await roster.invite(
        by=CONSOLE, role="operator", skills=("delivery",), languages=("en",), capacity=3, desk="web"
    )
    member = await roster.enrol(token, ANNA)
    assert (member.id, member.desk, member.name) == ("1", "web", "Anna")
    assert (member.role, member.skills, member.languages, member.capacity) == ("operator", ("delivery",), ("en",), 3)
    assert await roster.members() == (member,)
    assert await roster.member("web", "1") == member
    with refused("invite_unknown"):
        await roster.enrol(token, BORIS)


async def test_of_many_who_show_one_token_one_comes_in(roster: Roster) -> None:
    token = await roster.invite(by=CONSOLE)
    people = [Operator(id=str(number), name="Somebody", desk="web") for number in range(10)]
    came = await asyncio.gather(*(roster.enrol(token, one) for one in people), return_exceptions=True)
    assert sum(not isinstance(one, BaseException) for one in came) == 1
    assert sum(isinstance(one, NotInvited) for one in came) == 9
    assert len(await roster.members()) == 1


async def test_a_token_fits_a_link_and_is_kept_as_its_hash_alone(roster: Roster, store: SqliteStore) -> None:
    token = await roster.invite(by=CONSOLE)
    assert len(token) <= 64
    assert token.replace("-", "").replace("_", "").isalnum()
    everything = json.dumps(await store.items(""))
    assert token not in everything
    assert f"invite:{hashlib.sha256(token.encode()).hexdigest()}" in everything


async def test_a_token_expires_and_is_for_its_desk(roster: Roster, clock: TestClock) -> None:
    token = await roster.invite(by=CONSOLE, hours=1, desk="web")
    with refused("invite_elsewhere"):
        await roster.enrol(token, VERA)
    await clock.advance(3600)
    with refused("invite_expired"):
        await roster.enrol(token, ANNA)
    with refused("invite_unknown"):
        await roster.enrol("made-up", ANNA)


async def test_whoever_lost_the_right_to_invite_invited_nobody(roster: Roster) -> None:
    await enrolled(roster, ANNA, "supervisor")
    token = await roster.invite(by=ANNA)
    await roster.remove("web", "1", by=CONSOLE, why="left")
    with refused("invite_revoked"):
        await roster.enrol(token, BORIS)


async def test_coming_in_again_takes_no_role_away(roster: Roster) -> None:
    await enrolled(roster, ANNA, "admin")
    member = await roster.enrol(await roster.invite(by=CONSOLE, skills=("delivery",)), ANNA)
    assert (member.role, member.skills) == ("admin", ("delivery",))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"role": "owner"}, "unknown_role"),
        ({"capacity": 0}, "wrong_capacity"),
        ({"capacity": "5"}, "wrong_capacity"),
        ({"capacity": True}, "wrong_capacity"),
        ({"hours": 0}, "wrong_hours"),
        ({"hours": 10_000}, "wrong_hours"),
        ({"skills": ["delivery", "gone"]}, "unknown_skill"),
        ({"languages": ["de"]}, "unknown_language"),
    ],
)
async def test_an_invitation_says_what_makes_sense(roster: Roster, asked: dict[str, object], code: str) -> None:
    with refused(code):
        await roster.invite(by=CONSOLE, **asked)  # type: ignore[arg-type]


# --- rights --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "code", "says"),
    [
        ({"shift": "nosuch"}, "unknown_shift", "no shift “nosuch”: hours.yml has day, night, default."),
        ({"skills": ["gone"]}, "unknown_skill", "no skill “gone”: bot.yml has delivery, general."),
        ({"languages": ["ru", "de"]}, "unknown_language", "not speak “de”: bot.yml has ru, en."),
        ({"role": "owner"}, "unknown_role", "operator, supervisor and admin."),
        ({"capacity": 0}, "wrong_capacity", "from 1 to 100."),
        ({"capacity": -1}, "wrong_capacity", "from 1 to 100."),
        ({"shift": "\x1b[2J" + "x" * 300}, "unknown_shift", "hours.yml has day"),
        ({"presence": "on"}, "unknown_field", "."),
    ],
)
async def test_a_member_gets_only_what_the_workspace_has(
    roster: Roster, fields: dict[str, object], code: str, says: str
) -> None:
    await enrolled(roster, ANNA)
    before = await roster.audited()
    with pytest.raises(NotAllowed) as found:
        await roster.change("web", "1", by=CONSOLE, **fields)
    assert found.value.code == code
    assert says in str(found.value)
    assert len(str(found.value)) < 200
    assert str(found.value).isprintable()
    assert await roster.audited() == before
    await roster.change("web", "1", by=CONSOLE, shift="day", skills=["delivery"], languages=["en"])
    assert (await roster.change("web", "1", by=CONSOLE, shift="")).shift == ""


async def test_what_a_member_had_before_the_workspace_changed_hinders_no_other_change(
    store: SqliteStore, clock: TestClock
) -> None:
    await enrolled(Roster(store, clock), ANNA)
    await Roster(store, clock).change("web", "1", by=CONSOLE, skills=["gone"], shift="old")
    changed = await Roster(store, clock, known=KNOWN).change("web", "1", by=CONSOLE, capacity=2)
    assert (changed.skills, changed.shift, changed.capacity) == (("gone",), "old", 2)


async def test_each_role_may_do_what_it_may(roster: Roster, clock: TestClock) -> None:
    await enrolled(roster, ANNA, "supervisor")
    await enrolled(roster, BORIS)
    soon = clock.now() + timedelta(hours=1)
    for what in (
        roster.invite(by=BORIS), roster.remove("web", "1", by=BORIS), roster.close("", soon, by=BORIS),
        roster.reopen("", by=BORIS), roster.set_presence(ANNA, "off", soon, by=BORIS),
    ):  # fmt: skip
        with refused("needs_admin" if "remove" in str(what) else "needs_supervisor"):
            await what
    for what in (
        roster.invite(by=ANNA, role="supervisor"), roster.change("web", "2", by=ANNA, role="admin"),
        roster.change("web", "1", by=ANNA, capacity=50),
    ):  # fmt: skip
        with refused("needs_admin"):
            await what
    await roster.invite(by=ANNA)
    changed = await roster.change("web", "2", by=ANNA, skills=["delivery"], capacity=9, shift="day", on_call=True)
    assert (changed.skills, changed.capacity, changed.shift, changed.on_call) == (("delivery",), 9, "day", True)
    await roster.remove("web", "2", by=ANNA)
    assert await roster.member("web", "2") is None


async def test_a_right_of_another_desk_is_none_here(roster: Roster) -> None:
    await enrolled(roster, ANNA, "admin")
    with refused("not_enrolled"):
        await roster.invite(by=Operator(id="1", name="Anna", desk="forum"))
    assert await roster.member("forum", "1") is None


async def test_while_nobody_leads_the_refusal_says_what_to_do(
    roster: Roster, open_roster: Roster, clock: TestClock
) -> None:
    with refused("no_supervisor_yet"):
        await open_roster.close("", clock.now() + timedelta(hours=1), by=ANNA)
    await enrolled(roster, ANNA)
    with refused("no_supervisor_yet"):
        await roster.close("", clock.now() + timedelta(hours=1), by=ANNA)


async def test_nobody_at_a_desk_can_be_the_platform(roster: Roster) -> None:
    for trusted in (CONSOLE, PLATFORM):
        await roster.invite(by=trusted, role="admin")
        with refused("not_enrolled"):
            await roster.invite(by=Operator(id=trusted.id, name=trusted.name, desk="web"))


async def test_who_was_removed_answers_nobody_however_open_the_group(open_roster: Roster) -> None:
    roster = open_roster
    assert await roster.require(ANNA) is None
    await roster.remove("web", "1", by=PLATFORM, why="left")
    for what in (roster.require(ANNA), roster.set_presence(ANNA, "on", by=ANNA)):
        with refused("removed"):
            await what
    await enrolled(roster, ANNA)
    assert (await roster.require(ANNA)) is not None


async def test_being_in_the_group_is_no_right_unless_the_administrator_says_so(roster: Roster) -> None:
    with refused("not_enrolled"):
        await roster.require(ANNA)
    with refused("not_enrolled"):
        await roster.set_presence(ANNA, "on", by=ANNA)
    await enrolled(roster, ANNA)
    assert (await roster.require(ANNA)) is not None


# --- presence and closures -----------------------------------------------------------------------


async def test_presence_is_said_by_oneself_and_puts_one_on_an_open_roster(
    open_roster: Roster, clock: TestClock
) -> None:
    roster = open_roster
    until = clock.now() + timedelta(minutes=30)
    member = await roster.set_presence(ANNA, "away", until, by=ANNA)
    assert (member.presence, member.until, member.role) == ("away", until, "operator")
    back = await roster.set_presence(ANNA, None, by=ANNA)
    assert (back.presence, back.until) == (None, None)
    with refused("until_past"):
        await roster.set_presence(ANNA, "off", clock.now(), by=ANNA)
    with refused("unknown_member"):
        await roster.set_presence(VERA, "off", by=CONSOLE)


async def test_a_removal_is_not_undone_by_a_change_on_its_way(
    roster: Roster, store: SqliteStore, clock: TestClock
) -> None:
    await enrolled(roster, ANNA)
    other_process = Roster(store, clock)
    changing = asyncio.gather(
        roster.set_presence(ANNA, "on", by=ANNA), other_process.remove("web", "1", by=CONSOLE),
        roster.set_presence(ANNA, "off", by=ANNA), return_exceptions=True,
    )  # fmt: skip
    async with asyncio.timeout(10):
        while not changing.done():
            await clock.advance(0.05)
            await asyncio.sleep(0.005)  # for the store, which works in threads
    assert await roster.member("web", "1") is None


async def test_closures_end_by_themselves_or_by_hand(roster: Roster, clock: TestClock) -> None:
    until = clock.now() + timedelta(hours=2)
    await roster.close("delivery", until, by=CONSOLE)
    await roster.close("", until + timedelta(hours=1), by=CONSOLE)
    assert {closure.skill for closure in await roster.closures()} == {"", "delivery"}
    await clock.advance(2 * 3600)
    assert [closure.skill for closure in await roster.closures()] == [""]
    assert await roster.reopen("", by=CONSOLE)
    assert not await roster.reopen("", by=CONSOLE)
    assert await roster.closures() == ()
    assert len(await roster.closures(over=timedelta(days=1))) == 2, "what was promised by them stays known"
    with refused("until_past"):
        await roster.close("", clock.now(), by=CONSOLE)


# --- the audit log -------------------------------------------------------------------------------


async def test_what_changes_rights_is_in_the_audit_log_newest_first(roster: Roster, clock: TestClock) -> None:
    token = await roster.invite(by=CONSOLE, role="supervisor", skills=("delivery",))
    await clock.advance(60)
    await roster.enrol(token, ANNA)
    await clock.advance(60)
    await roster.change("web", "1", by=CONSOLE, languages=["en"])
    await roster.close("", clock.now() + timedelta(hours=1), by=ANNA)
    await roster.reopen("", by=ANNA)
    await roster.set_presence(ANNA, "off", by=CONSOLE)
    await clock.advance(60)
    await roster.remove("web", "1", by=PLATFORM, why="left")
    lines = await roster.audited()
    assert lines[0]["what"] == "removed"
    assert {line["what"] for line in lines[1:5]} == {"changed", "closed", "reopened", "presence"}
    assert [line["what"] for line in lines[5:]] == ["enrolled", "invited"]
    assert lines[0]["by"]["id"] == "platform"
    [changed] = [line["data"] for line in lines if line["what"] == "changed"]
    assert changed == {"desk": "web", "id": "1", "name": "Anna", "was": {"languages": []}, "now": {"languages": ["en"]}}
    assert lines[5]["data"]["invitation"] == lines[6]["data"]["invitation"], "which one was used can be seen"
    assert lines[0]["data"] == {"desk": "web", "id": "1", "name": "Anna", "role": "supervisor", "why": "left"}
    assert token not in json.dumps(lines)
    assert await roster.audited(1) == lines[:1]


async def test_the_audit_log_is_found_however_old(roster: Roster, clock: TestClock) -> None:
    await roster.audit("looked", by=CONSOLE)
    await clock.advance(900 * 86_400)
    assert [line["what"] for line in await roster.audited()] == ["looked"]


async def test_an_invitation_that_let_nobody_in_is_in_the_log_with_who_showed_it(
    roster: Roster, clock: TestClock
) -> None:
    used = await roster.invite(by=CONSOLE)
    old = await roster.invite(by=CONSOLE, hours=1, desk="web")
    await roster.enrol(used, ANNA)
    with refused("invite_unknown"):
        await roster.enrol(used, BORIS)
    with refused("invite_elsewhere"):
        await roster.enrol(old, VERA)
    await clock.advance(3600)
    with refused("invite_expired"):
        await roster.enrol(old, BORIS)
    lines = [line for line in await roster.audited() if line["what"] == "invitation_refused"]
    assert [line["data"]["why"] for line in lines] == ["expired", "elsewhere", "used"]
    assert [line["by"]["name"] for line in lines] == ["Boris", "Vera", "Boris"]
    everything = json.dumps(await roster.audited())
    assert used not in everything
    assert old not in everything


async def test_guesses_do_not_fill_the_log(roster: Roster) -> None:
    for number in range(5):
        with refused("invite_unknown"):
            await roster.enrol(f"guess-{number}", ANNA)
    assert await roster.audited() == []


async def test_that_nothing_changed_is_not_in_the_log(roster: Roster) -> None:
    await enrolled(roster, ANNA)
    before = await roster.audited()
    await roster.change("web", "1", by=CONSOLE, capacity=5, role="operator")
    assert await roster.audited() == before


async def test_who_was_never_let_in_leaves_without_a_trace(roster: Roster, open_roster: Roster) -> None:
    """Everybody who leaves a group is told of; where membership lets nobody in there is nothing to take away."""
    await roster.remove("web", "1", by=PLATFORM, why="left")
    assert await roster.audited() == []
    await open_roster.remove("web", "1", by=PLATFORM, why="left")
    with refused("removed"):
        await open_roster.require(ANNA)
    (line,) = await roster.audited()
    assert (line["what"], line["data"]["id"]) == ("removed", "1")
