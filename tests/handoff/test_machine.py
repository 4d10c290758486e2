"""Ownership: every pair of stage and move is in the table, and no path loses a ticket."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from estafeta.kernel.model import Operator, Reason, Stage, Ticket, TicketId
from handoff.machine import TRANSITIONS, Happened, Move, move

ANNA = Operator(id="1", name="Анна", desk="web")
BORIS = Operator(id="2", name="Борис", desk="web")


def ticket(number: int = 1) -> Ticket:
    return Ticket(
        id=TicketId(f"c.{number}"),
        reason=Reason.USER_REQUEST,
        skill="general",
        opened_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_the_table_is_complete() -> None:
    assert set(TRANSITIONS) == {(stage, what) for stage in Stage for what in Move}


@given(st.lists(st.tuples(st.sampled_from(Move), st.sampled_from([ANNA, BORIS])), max_size=40))
def test_a_ticket_is_there_exactly_while_people_are_concerned(path: list[tuple[Move, Operator]]) -> None:
    stage: Stage = Stage.BOT
    held: Ticket | None = None
    for number, (what, operator) in enumerate(path):
        before = held
        moved = move(stage, held, what, fresh=ticket(number), operator=operator)
        stage, held = moved.stage, moved.ticket
        assert (held is not None) == (stage is not Stage.BOT)
        assert (held is not None and held.assignee is not None) == (stage is Stage.HUMAN)
        if before is not None and held is None:
            assert moved.happened in (Happened.RETURNED, Happened.CLOSED)
        if before is not None and held is not None:
            assert held.id == before.id


@given(st.sampled_from(Stage), st.sampled_from(Move))
def test_only_people_give_a_conversation_back(stage: Stage, what: Move) -> None:
    target, _ = TRANSITIONS[stage, what]
    if stage is not Stage.BOT and target is Stage.BOT:
        assert what in (Move.RETURN, Move.CLOSE)


def test_taking_what_one_has_is_nothing_and_a_colleague_takes_over() -> None:
    taken = move(Stage.QUEUED, ticket(), Move.TAKE, operator=ANNA)
    again = move(taken.stage, taken.ticket, Move.TAKE, operator=ANNA)
    assert again.happened is Happened.NOTHING
    passed = move(taken.stage, taken.ticket, Move.TAKE, operator=BORIS)
    assert passed.happened is Happened.TAKEN
    assert passed.ticket is not None
    assert passed.ticket.assignee == BORIS


def test_a_move_that_opens_needs_a_ticket_and_one_that_takes_an_operator() -> None:
    with pytest.raises(ValueError, match="opens a ticket"):
        move(Stage.BOT, None, Move.REQUEST)
    with pytest.raises(ValueError, match="needs an operator"):
        move(Stage.QUEUED, ticket(), Move.TAKE)
