"""Who owns a conversation, as one explicit table.

Every stage meets every move; what a pair leads to stands in `TRANSITIONS` and nowhere else. Two
things hold after any move, whatever came before: there is a ticket exactly while the stage is not
BOT, and the ticket has an assignee exactly while the stage is HUMAN.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from estafeta.kernel.model import Operator, Stage, Ticket


class Move(StrEnum):
    """What can be done to a conversation's ownership."""

    REQUEST = "request"  # the customer, the bot or a rule calls people
    TAKE = "take"  # an operator takes it
    SPEAK = "speak"  # an operator writes to the customer
    TRANSFER = "transfer"  # an operator passes it on: it waits for others
    RETURN = "return"  # an operator gives it to the bot
    CLOSE = "close"  # an operator, the customer's thanks or silence ends it


class Happened(StrEnum):
    """What a move amounted to."""

    OPENED = "opened"
    TAKEN = "taken"
    PASSED_ON = "passed_on"
    RETURNED = "returned"
    CLOSED = "closed"
    NOTHING = "nothing"


TRANSITIONS: dict[tuple[Stage, Move], tuple[Stage, Happened]] = {
    (Stage.BOT, Move.REQUEST): (Stage.QUEUED, Happened.OPENED),
    (Stage.BOT, Move.TAKE): (Stage.HUMAN, Happened.TAKEN),
    (Stage.BOT, Move.SPEAK): (Stage.HUMAN, Happened.TAKEN),
    (Stage.BOT, Move.TRANSFER): (Stage.QUEUED, Happened.OPENED),
    (Stage.BOT, Move.RETURN): (Stage.BOT, Happened.NOTHING),
    (Stage.BOT, Move.CLOSE): (Stage.BOT, Happened.NOTHING),
    (Stage.QUEUED, Move.REQUEST): (Stage.QUEUED, Happened.NOTHING),
    (Stage.QUEUED, Move.TAKE): (Stage.HUMAN, Happened.TAKEN),
    (Stage.QUEUED, Move.SPEAK): (Stage.HUMAN, Happened.TAKEN),
    (Stage.QUEUED, Move.TRANSFER): (Stage.QUEUED, Happened.PASSED_ON),
    (Stage.QUEUED, Move.RETURN): (Stage.BOT, Happened.RETURNED),
    (Stage.QUEUED, Move.CLOSE): (Stage.BOT, Happened.CLOSED),
    (Stage.HUMAN, Move.REQUEST): (Stage.HUMAN, Happened.NOTHING),
    (Stage.HUMAN, Move.TAKE): (Stage.HUMAN, Happened.TAKEN),
    (Stage.HUMAN, Move.SPEAK): (Stage.HUMAN, Happened.NOTHING),
    (Stage.HUMAN, Move.TRANSFER): (Stage.QUEUED, Happened.PASSED_ON),
    (Stage.HUMAN, Move.RETURN): (Stage.BOT, Happened.RETURNED),
    (Stage.HUMAN, Move.CLOSE): (Stage.BOT, Happened.CLOSED),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    stage: Stage
    ticket: Ticket | None
    happened: Happened


def move(
    stage: Stage, ticket: Ticket | None, what: Move, *, fresh: Ticket | None = None, operator: Operator | None = None
) -> Moved:
    """Applies a move.

    `fresh` is the ticket to open if the move opens one (wherever there is none yet); `operator` is
    who moves, for TAKE and SPEAK. Taking what one has already is nothing.
    """
    target, happened = TRANSITIONS[stage, what]
    if happened is Happened.NOTHING:
        return Moved(stage=stage, ticket=ticket, happened=happened)
    if target is Stage.BOT:
        return Moved(stage=target, ticket=None, happened=happened)
    held = ticket or fresh
    if held is None:
        raise ValueError(f"{what} in {stage} opens a ticket, and none was given")
    if target is Stage.HUMAN:
        if operator is None:
            raise ValueError(f"{what} needs an operator")
        if ticket is not None and ticket.assignee is not None and ticket.assignee.id == operator.id:
            return Moved(stage=stage, ticket=ticket, happened=Happened.NOTHING)
        held = replace(held, assignee=operator, offer=None, held_until=None)
    elif what is Move.TRANSFER:
        held = replace(held, assignee=None, offer=None, held_until=None)
    return Moved(stage=target, ticket=held, happened=happened)
