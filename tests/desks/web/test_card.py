"""The card: who writes, why people are called, what is known. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from estafeta.kernel.model import (
    Address,
    Author,
    Contact,
    Conversation,
    Customer,
    Dialog,
    Entry,
    EntryId,
    Location,
    Media,
    Offer,
    Operator,
    Part,
    Past,
    Reason,
    Stage,
    Survey,
    Text,
    Ticket,
    TicketId,
    Understanding,
    Unsupported,
)
from handoff.card import TRANSCRIPT_LINES, card, waits_since, words
from handoff.sla import Deadlines
from tests.desks.web.office import understanding

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TELEGRAM = Address(channel="telegram", account="main", chat="1")
WIDGET = Address(channel="widget", account="demo", chat="2")
ANNA = Operator(id="o1", name="Анна", desk="web")


def minutes(count: float) -> datetime:
    return NOW + timedelta(minutes=count)


def ticket(**more: Any) -> Ticket:
    given = {"reason": Reason.USER_REQUEST, "skill": "delivery", "opened_at": minutes(-10), "request": "Где заказ?"}
    return Ticket(id=TicketId("t"), **{**given, **more})


def conversation(**more: Any) -> Conversation:
    given = {
        "customer": Customer(addresses=(TELEGRAM, WIDGET), name="Вера", username="vera", language="ru", messages=3),
        "stage": Stage.QUEUED,
        "ticket": ticket(),
        "tickets": 2,
    }
    return Conversation(id=TELEGRAM.conversation, address=WIDGET, **{**given, **more})


def said(
    who: Literal["customer", "bot", "operator"], what: str | Part, at: float, *, seq: int = 1, **more: Any
) -> Entry:
    part = Text(text=what) if isinstance(what, str) else what
    return Entry(
        id=EntryId(f"e{seq}"),
        conversation=TELEGRAM.conversation,
        seq=seq,
        at=minutes(at),
        author=Author(kind=who),
        parts=(part,),
        **{"kind": "said", **more},
    )


def test_it_tells_who_and_where_answers_go() -> None:
    known = card(conversation(), (), NOW)
    assert (known.name, known.username, known.language, known.messages, known.tickets) == ("Вера", "vera", "ru", 3, 2)
    assert [(item.channel, item.current) for item in known.channels] == [("widget", True), ("telegram", False)]


def test_it_tells_the_tickets_labels_deadlines_and_what_was_before() -> None:
    offer = Offer(to=("o1",), at=NOW, until=minutes(2), rung=1)
    held = ticket(tags=("бой",), priority=5, held_until=minutes(60), offer=offer, promise=minutes(5))
    past = [
        Past(id=TicketId(f"p{n}"), reason=Reason.VIP, skill="delivery", opened_at=minutes(-90),
             ended_at=minutes(-80 + n), how="closed", resolution=f"итог {n}")
        for n in range(2)
    ]  # fmt: skip
    survey = Survey(about="person", asked_at=NOW, rating="fine")
    known = card(
        conversation(ticket=held, past=tuple(past), survey=survey, blocked=True), (), NOW,
        deadlines=Deadlines(first=minutes(10)),
    )  # fmt: skip
    assert (known.tags, known.priority, known.held_until, known.offer) == (("бой",), 5, minutes(60), offer)
    assert (known.first_by, known.next_by, known.promise, known.blocked) == (minutes(10), None, minutes(5), True)
    assert ([one.id for one in known.past], known.resolution) == (["p1", "p0"], "итог 1")
    assert (known.rating, known.rated) == ("fine", "person")
    asked = Survey(about="bot", asked_at=NOW)
    bare = card(conversation(stage=Stage.BOT, ticket=None, survey=asked), (), NOW, deadlines=Deadlines(first=NOW))
    assert (bare.first_by, bare.offer, bare.rated, bare.resolution) == (None, None, "", "")


def test_without_a_ticket_there_is_no_reason() -> None:
    known = card(conversation(stage=Stage.BOT, ticket=None), (said("customer", "ау", -1),), NOW)
    assert (known.reason, known.skill, known.request, known.assignee) == ("", "", "", "")
    assert (known.opened_at, known.promise, known.waits) == (None, None, None)


def test_intents_are_those_of_the_latest_words_then_the_runners_up() -> None:
    older = Understanding(intent="order_status", confidence=0.9)
    unknown = Understanding(intent="", confidence=0.1)
    (latest,) = understanding([("complaint", 0.5), ("order_status", 0.2), ("returns", 0.1), ("gift", 0.001)])
    known = card(conversation(understandings=(older, unknown, latest)), (), NOW)
    assert [(item.name, item.confidence) for item in known.intents] == [
        ("complaint", 0.5),
        ("order_status", 0.9),
        ("returns", 0.1),
    ]


def test_what_was_understood_when_the_ticket_opened_counts_more_than_what_came_after() -> None:
    opened = ticket(understandings=understanding([("returns", 0.7)]))
    known = card(conversation(ticket=opened, understandings=understanding([("greeting", 0.9)])), (), NOW)
    assert [item.name for item in known.intents] == ["returns"]


def test_nobody_took_it_so_the_customer_waits_since_it_opened() -> None:
    assert card(conversation(), (said("customer", "ау", -1),), NOW).waits == 600


def test_with_an_operator_the_oldest_unanswered_words_count() -> None:
    taken = conversation(stage=Stage.HUMAN, ticket=ticket(assignee=ANNA))
    asked = (said("customer", "раз", -8), said("operator", "да", -7), said("customer", "два", -5), said("bot", "…", -4))
    assert waits_since(taken, (*asked, said("customer", "три", -1))) == minutes(-5)
    assert waits_since(taken, (*asked, said("operator", "вот", -1))) is None
    assert waits_since(taken, (said("customer", "давно", -600),)) == minutes(-10), "not before people were called"


def test_notes_never_get_into_the_transcript_and_edits_do() -> None:
    entries = (
        said("customer", "adres", 0, seq=1),
        said("operator", "не отвечать", 1, seq=2, kind="note"),
        said("bot", "Да", 2, seq=3),
        said("customer", "адрес", 3, seq=4, kind="edit", data={"of": "e1"}),
    )
    lines = card(conversation(), entries, NOW).transcript
    assert [(line.author, line.text) for line in lines] == [("customer", "адрес"), ("bot", "Да")]


def test_an_edit_is_known_by_the_messengers_id_too_and_is_never_dropped() -> None:
    entries = (
        said("customer", "раз", 0, seq=1, data={"message": "m1"}),
        said("customer", "два", 1, seq=2, data={"message": "m2"}),
        said("customer", "РАЗ", 2, seq=3, kind="edit", data={"message": "m1"}),
        said("customer", "давнее", 3, seq=4, kind="edit", data={"message": "m0"}),
    )
    assert [line.text for line in card(conversation(), entries, NOW).transcript] == ["РАЗ", "два", "давнее"]


def test_the_transcript_keeps_the_latest_lines() -> None:
    entries = tuple(said("customer", str(number), number, seq=number) for number in range(100))
    lines = card(conversation(), entries, NOW).transcript
    assert len(lines) == TRANSCRIPT_LINES
    assert lines[-1].text == "99"


def test_a_card_is_made_of_values_alone() -> None:
    full = conversation(dialog=Dialog(slots={"number": "100234", "order": {"number": 1}}))
    assert card(full, (), NOW) == card(replace(full), (), NOW)


def test_a_card_tells_what_was_collected_and_not_whole_replies_of_actions() -> None:
    full = conversation(dialog=Dialog(slots={"number": "100234", "order": {"number": 1}, "items": [1, 2]}))
    assert card(full, (), NOW).slots == {"number": "100234"}


@pytest.mark.parametrize(
    ("part", "shown"),
    [
        (Media(kind="photo", ref="x"), "[photo]"),
        (Media(kind="document", ref="x", name="счёт.pdf"), "[document счёт.pdf]"),
        (Location(latitude=55.75, longitude=37.61), "[location 55.75000, 37.61000]"),
        (Contact(phone="+7", name="Вера"), "[contact Вера +7]"),
        (Unsupported(kind="poll"), "[poll]"),
    ],
)
def test_what_is_no_text_is_named(part: Part, shown: str) -> None:
    assert words(part) == shown
