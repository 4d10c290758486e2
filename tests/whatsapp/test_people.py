"""One person is one address, by whatever name WhatsApp calls them."""

from __future__ import annotations

import pytest

from bots.whatsapp.people import People, Person
from estafeta.kernel.errors import StoreUnavailable
from tests.whatsapp.stage import Pad

PHONE, OTHER = "79000000001", "79000000002"
ANNA, BORIS = "RU.1111", "RU.2222"


def person(phone: str = "", user: str = "") -> Person:
    return Person(phone=phone, user=user)


@pytest.fixture
def pad() -> Pad:
    return Pad()


@pytest.fixture
def people(pad: Pad) -> People:
    return People("shop", pad)


async def chat(people: People, phone: str = "", user: str = "", *, writes: bool = True) -> str:
    return await people.chat(person(phone, user), writes=writes)


async def test_whoever_has_a_number_is_known_by_it(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    assert await chat(people, user=ANNA) == PHONE, "the number is hidden now"
    assert await chat(people, PHONE) == PHONE, "an old webhook has no user ids"
    assert await people.reach(PHONE) == person(PHONE, ANNA)


async def test_whoever_hides_it_is_known_by_the_user_id_and_stays_so(people: People) -> None:
    assert await chat(people, user=ANNA) == "u:" + ANNA
    assert await people.reach("u:" + ANNA) == person(user=ANNA)
    assert await chat(people, PHONE, ANNA) == "u:" + ANNA, "the number appeared"
    assert await people.reach("u:" + ANNA) == person(PHONE, ANNA), "and is what we write to"
    assert await chat(people, PHONE) == "u:" + ANNA, "a status may have the number alone"


async def test_a_number_without_a_user_id_gets_one_later(people: People) -> None:
    assert await chat(people, PHONE) == PHONE
    assert await chat(people, PHONE, ANNA) == PHONE
    assert await chat(people, user=ANNA) == PHONE


async def test_a_number_that_somebody_else_has_now_is_somebody_else(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    assert await chat(people, PHONE, BORIS) == "u:" + BORIS
    assert await chat(people, user=ANNA) == PHONE
    assert await people.reach("u:" + BORIS) == person(PHONE, BORIS)


async def test_who_changes_the_number_keeps_the_address(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    for _ in range(2):  # webhooks come twice
        await people.moved(person(PHONE, ANNA), person(OTHER, "RU.3333"))
    assert await chat(people, OTHER, "RU.3333") == PHONE
    assert await chat(people, user="RU.3333") == PHONE
    assert await people.reach(PHONE) == person(OTHER, "RU.3333")
    assert await chat(people, PHONE, BORIS) == "u:" + BORIS, "the old number is given to somebody else"
    assert await chat(people, PHONE) != PHONE, "who may have no user id"


async def test_who_changes_a_hidden_number_is_written_to_by_the_new_id(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    await people.moved(person(user=ANNA), person(user="MX.4444"))
    assert await people.reach(PHONE) == person(user="MX.4444")
    assert await chat(people, user="MX.4444") == PHONE


async def test_a_change_told_without_ids_is_followed_by_the_number(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    await people.moved(person(PHONE), person(OTHER))
    assert await chat(people, OTHER, "RU.3333") == PHONE


async def test_a_change_of_nobody_we_know_changes_nothing(people: People, pad: Pad) -> None:
    await people.moved(person(PHONE, ANNA), person(OTHER, BORIS))
    assert pad.values == {}


async def test_a_change_told_too_late_leaves_both_as_they_are(people: People) -> None:
    assert await chat(people, PHONE, ANNA) == PHONE
    assert await chat(people, OTHER, "RU.3333") == OTHER, "they wrote before WhatsApp told of the change"
    await people.moved(person(PHONE, ANNA), person(OTHER, "RU.3333"))
    assert await chat(people, OTHER, "RU.3333") == OTHER
    assert await people.reach(PHONE) == person(PHONE, ANNA)


async def test_statuses_and_reactions_of_strangers_are_not_remembered(people: People, pad: Pad) -> None:
    assert await chat(people, PHONE, ANNA, writes=False) == PHONE
    assert await chat(people, user=BORIS, writes=False) == "u:" + BORIS
    assert pad.writes == 0


async def test_another_process_knows_them_too(people: People, pad: Pad) -> None:
    assert await chat(people, user=ANNA) == "u:" + ANNA
    assert await chat(People("shop", pad), PHONE, ANNA) == "u:" + ANNA
    assert await chat(People("other", pad), PHONE, ANNA) == PHONE, "another number of ours has its own"


async def test_who_is_known_costs_the_store_nothing(people: People, pad: Pad) -> None:
    await chat(people, PHONE, ANNA)
    pad.away = True
    assert await chat(people, PHONE, ANNA) == PHONE
    with pytest.raises(StoreUnavailable):
        await chat(people, OTHER, BORIS)


async def test_an_address_of_nobody_leads_nowhere(people: People) -> None:
    assert await people.reach("no such thing") is None
    assert await people.reach("u:nobody") is None
    assert await people.reach(PHONE) == person(PHONE), "a campaign writes to a number that never wrote"
