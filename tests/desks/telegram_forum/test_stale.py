"""What is not true any more when its turn comes is not said."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Notice, Offer, Stage
from estafeta.kernel.ports import DeskView, Receipt
from tests.contracts.desk_contract import item, make_view
from tests.desks.telegram_forum.office import CARD, Office, moved, office

NOBODY = Notice(kind="reminder")


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


def with_ticket(view: DeskView, **changes: object) -> DeskView:
    ticket = view.conversation.ticket
    assert ticket is not None
    return replace(view, conversation=replace(view.conversation, ticket=replace(ticket, **changes)))  # type: ignore[arg-type]


async def said(at: Office, notice: Notice, view: DeskView) -> list[str]:
    """What it comes to."""
    before = len(at.shown(at.topic(view)))
    receipt = await at.desk.show(item(), notice, view)
    shown = at.shown(at.topic(view))[before:]
    assert bool(shown) == (receipt != Receipt())
    return shown


@pytest.mark.parametrize("notice", [NOBODY, Notice(kind="offer", people=("7",)), Notice(kind="offer")])
async def test_a_ticket_that_somebody_took_is_not_offered_any_more(at: Office, notice: Notice) -> None:
    view = await at.show(CARD, make_view())
    assert await said(at, notice, view)
    assert not await said(at, notice, moved(view, Stage.HUMAN, "taken"))
    assert not await said(at, notice, moved(view, Stage.BOT, "closed"))
    assert not await said(at, notice, with_ticket(view, held_until=view.now + timedelta(hours=1)))


async def test_an_offer_that_stands_for_others_by_now_is_left_to_its_own_notice(at: Office) -> None:
    view = await at.show(CARD, make_view())
    offer = Offer(to=("8", "9"), at=view.now, until=view.now + timedelta(minutes=2), rung=1)
    view = with_ticket(view, offer=offer)
    assert not await said(at, Notice(kind="offer", people=("7",)), view)
    assert await said(at, Notice(kind="offer", people=("8", "9")), view)


@pytest.mark.parametrize("text", ["answer_due", "unanswered"])
async def test_that_an_answer_is_due_is_over_with_the_answer(at: Office, text: str) -> None:
    view = moved(await at.show(CARD, make_view()), Stage.HUMAN, "taken")
    due = Notice(kind="reminder", text=text, people=("1",), values={"until": view.now.isoformat()})
    waits = with_ticket(view, asked_at=view.now)
    assert await said(at, due, waits)
    assert not await said(at, due, with_ticket(view, asked_at=None, replied_at=view.now))
    assert not await said(at, replace(due, people=("404",)), waits), "somebody else has it by now"


async def test_after_a_hold_its_owner_is_called_until_it_is_put_off_again(at: Office) -> None:
    view = moved(await at.show(CARD, make_view()), Stage.HUMAN, "taken")
    over = Notice(kind="offer", text="held_over", people=("1",))
    assert await said(at, over, view)
    assert not await said(at, over, with_ticket(view, held_until=view.now + timedelta(hours=1)))
    assert not await said(at, over, moved(view, Stage.BOT, "closed"))


async def test_a_reminder_does_not_wait_long_for_its_turn_without_being_looked_at_again(at: Office) -> None:
    view = await at.show(CARD, make_view())
    patience: list[float] = []
    call = at.stage.client.call

    async def busy(method: object, **more: object) -> object:
        if type(method).__name__ == "SendMessage":
            patience.append(float(more.get("patience", 20.0)))  # type: ignore[arg-type]
            raise SendFailed("paced", "Очередь", fault="messenger", retry_after=5.0)
        return await call(method, **more)  # type: ignore[arg-type]

    at.stage.client.call = busy  # type: ignore[method-assign]
    with pytest.raises(SendFailed):
        await at.desk.show(item(), NOBODY, view)
    assert patience[-1] <= 2.0
