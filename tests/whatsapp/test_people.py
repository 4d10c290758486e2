"""One person is one address, by whatever name WhatsApp calls them."""

from __future__ import annotations

import asyncio

import pytest

from bots.whatsapp.people import Noting, People, Person
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Json
from tests.whatsapp import stage

PHONE, OTHER = "79000000001", "79000000002"
ANNA, BORIS = "RU.1111", "RU.2222"


def person(phone: str = "", user: str = "") -> Person:
    return Person(phone=phone, user=user)


class Pad(stage.Pad):
    """`rounds`: how often reading was waited for. `full`: it takes no more notes."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.rounds = 0
        self._reading = 0

    async def get(self, key: str) -> Json:
        self.rounds += not self._reading
        self._reading += 1
        try:
            return await super().get(key)
        finally:
            self._reading -= 1

    async def put(self, key: str, value: Json) -> None:
        if self.full:
            raise StoreUnavailable("the test's store is full")
        await super().put(key, value)


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


async def test_whoever_gets_their_own_number_need_not_wait_for_the_notes(people: People, pad: Pad) -> None:
    noting: list[Noting] = []
    assert await people.chat(person(PHONE, ANNA), writes=True, noting=noting) == PHONE
    assert pad.writes == 0
    await asyncio.gather(*noting)
    assert pad.writes == 2
    assert await chat(people, user=ANNA) == PHONE


@pytest.mark.parametrize(
    ("before", "named", "address"),
    [
        (person(), person(user=BORIS), "u:" + BORIS),
        (person(PHONE, ANNA), person(PHONE, BORIS), "u:" + BORIS),
        (person(PHONE), person(PHONE, BORIS), PHONE),
        (person(user=BORIS), person(PHONE, BORIS), "u:" + BORIS),
    ],
)
async def test_all_others_wait_for_their_notes(
    people: People, pad: Pad, before: Person, named: Person, address: str
) -> None:
    """Without a number, with another's, and with something new."""
    if before:
        await people.chat(before, writes=True)
    noting: list[Noting] = []
    assert await people.chat(named, writes=True, noting=noting) == address
    assert noting == []
    assert await chat(People("shop", pad), user=BORIS) == address


async def test_whoever_has_a_number_that_was_an_address_waits_for_the_notes(people: People, pad: Pad) -> None:
    await chat(people, PHONE, ANNA)
    await people.moved(person(PHONE, ANNA), person(OTHER, ANNA))
    noting: list[Noting] = []
    address = await people.chat(person(PHONE), writes=True, noting=noting)
    assert (address, noting) == ("p:" + PHONE, [])
    assert await people.reach(address) == person(PHONE)


@pytest.mark.parametrize("named", [person(PHONE), person(PHONE, ANNA)])
async def test_the_same_address_is_chosen_when_the_notes_are_lost(people: People, pad: Pad, named: Person) -> None:
    noting: list[Noting] = []
    pad.full = True
    assert await people.chat(named, writes=True, noting=noting) == PHONE
    [lost] = await asyncio.gather(*noting, return_exceptions=True)
    assert isinstance(lost, StoreUnavailable)
    assert await people.reach(PHONE) == person(PHONE), "the answer arrives"
    pad.full = False
    for process in (people, People("shop", pad)):
        assert await process.chat(named, writes=True) == PHONE
        assert await chat(process, PHONE) == PHONE
    assert await people.reach(PHONE) == named


async def test_of_two_messages_at_once_the_second_waits_for_the_notes_of_the_first(people: People, pad: Pad) -> None:
    noting: list[Noting] = []
    first, second = await asyncio.gather(
        people.chat(person(PHONE, ANNA), writes=True, noting=noting), chat(people, user=ANNA)
    )
    assert (first, second, len(noting)) == (PHONE, PHONE, 1)
    assert await people.reach(PHONE) == person(PHONE, ANNA)


async def test_two_processes_give_the_same_address(pad: Pad) -> None:
    noting: list[Noting] = []
    found = await asyncio.gather(
        *(People("shop", pad).chat(person(PHONE, ANNA), writes=True, noting=noting) for _ in range(3))
    )
    await asyncio.gather(*noting)
    assert set(found) == {PHONE}
    assert await chat(People("shop", pad), user=ANNA) == PHONE


async def test_somebody_new_costs_one_round_of_reading(people: People, pad: Pad) -> None:
    for number, named in enumerate((person(PHONE), person(OTHER, ANNA), person(user=BORIS)), 1):
        await people.chat(named, writes=True, noting=[])
        assert pad.rounds == number, named


async def test_a_number_is_followed_to_whom_it_is_now_though_nobody_told_of_the_change(people: People) -> None:
    assert await chat(people, user=ANNA) == "u:" + ANNA
    assert await chat(people, PHONE, ANNA) == "u:" + ANNA
    assert await chat(people, OTHER, ANNA) == "u:" + ANNA, "the number is another, and WhatsApp has told nothing"
    for _ in range(3):
        assert await chat(people, PHONE) == PHONE, "somebody else has the old one, and keeps the address"


async def test_an_address_of_nobody_leads_nowhere(people: People) -> None:
    assert await people.reach("no such thing") is None
    assert await people.reach("u:nobody") is None
    assert await people.reach(PHONE) == person(PHONE), "a campaign writes to a number that never wrote"
