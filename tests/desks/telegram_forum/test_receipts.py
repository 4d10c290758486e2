"""What became of operators' messages, as reactions on them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from estafeta.kernel.model import Author, Capabilities, EntryId, Notice, OperatorSaid
from estafeta.kernel.ports import DeskView, Receipt
from handoff.desks.telegram_forum.desk import FAILED, READ, SENT
from tests.contracts.desk_contract import item, make_view
from tests.desks.telegram_forum.office import CARD, Office, office, with_entry


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


async def answered(at: Office) -> tuple[DeskView, int]:
    view = await at.show(CARD, make_view())
    said = at.anna.says("здравствуйте", topic=at.topic(view))["message_id"]
    await at.stage.inbox.have()
    return view, said


def became(view: DeskView, status: str) -> DeskView:
    """The view after this was told of the answer."""
    system = Author(kind="system")
    return with_entry(view, kind="delivery", author=system, of="answer", status=status, sentence="")


def reactions(at: Office, view: DeskView, message: int) -> tuple[str, ...]:
    return next(m for m in at.messages(at.topic(view)) if m.id == message).reactions


@pytest.mark.parametrize(("text", "emoji"), [("sent", SENT), ("failed: Клиент заблокировал бота.", FAILED)])
async def test_an_operators_message_shows_what_became_of_it(at: Office, text: str, emoji: str) -> None:
    view = await at.show(CARD, make_view())
    topic = at.topic(view)
    said = at.anna.says("здравствуйте", topic=topic)["message_id"]
    [signal] = await at.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)
    await at.show(Notice(kind="receipt", message=signal.event.message, text=text), view)
    assert next(m for m in at.messages(topic) if m.id == said).reactions == (emoji,)
    answers = [m.text for m in at.messages(topic) if m.reply_to == said]
    assert answers == (["Не доставлено. Клиент заблокировал бота."] if emoji == FAILED else [])


async def test_a_receipt_for_a_message_that_is_gone_is_no_failure(at: Office) -> None:
    view = await at.show(CARD, make_view())
    await at.show(Notice(kind="receipt", message="99999", text="sent"), view)
    await at.show(Notice(kind="receipt", message="web-7", text="sent"), view)


async def test_a_receipt_goes_forward(at: Office) -> None:
    view, said = await answered(at)
    seen = []
    for status in ("sent", "delivered", "read", "delivered", "sent"):
        await at.show(Notice(kind="receipt", message=str(said), text=status), view)
        seen.append(reactions(at, view, said))
    assert seen == [(SENT,), (SENT,), (READ,), (READ,), (READ,)]
    assert len(at.fake.calls_of("setMessageReaction")) == 2


async def test_what_was_overtaken_is_not_drawn_first(at: Office) -> None:
    view, said = await answered(at)
    view = became(became(view, "sent"), "read")
    first, second = view.entries[-2:]
    await at.show(Notice(kind="receipt", message=str(said), text="sent", entries=(first.id,)), view)
    assert reactions(at, view, said) == ()
    await at.show(Notice(kind="receipt", message=str(said), text="read", entries=(second.id,)), view)
    assert reactions(at, view, said) == (READ,)


async def test_what_failed_and_was_sent_again_is_sent(at: Office) -> None:
    view, said = await answered(at)
    for status in ("failed: Клиент заблокировал бота.", "sent"):
        await at.show(Notice(kind="receipt", message=str(said), text=status), view)
    assert reactions(at, view, said) == (SENT,)


@pytest.mark.parametrize(
    ("templates", "words"), [(True, "только шаблоны (/templates)"), (False, "пока клиент не напишет сам")]
)
async def test_a_closed_window_is_told_in_words(at: Office, templates: bool, words: str) -> None:
    view, said = await answered(at)
    can = Capabilities(text=4096, unit="utf16", window=86400.0, templates=templates)
    view = replace(view, capabilities=can)
    await at.show(Notice(kind="receipt", message=str(said), text="failed: window_closed"), view)
    assert reactions(at, view, said) == (FAILED,)
    [told] = [m.text for m in at.messages(at.topic(view)) if m.reply_to == said]
    assert words in told


async def test_why_is_found_in_the_entry(at: Office) -> None:
    view, said = await answered(at)
    view = with_entry(
        view, kind="delivery", author=Author(kind="system"), of="a", status="failed", sentence="Номер не в WhatsApp."
    )
    entries = (EntryId(view.entries[-1].id),)
    await at.show(Notice(kind="receipt", message=str(said), text="failed", entries=entries), view)
    [told] = [m.text for m in at.messages(at.topic(view)) if m.reply_to == said]
    assert told == "Не доставлено. Номер не в WhatsApp."


@pytest.mark.parametrize("text", ["delivered", "", "eaten"])
async def test_other_receipts_cost_nothing(at: Office, text: str) -> None:
    view, said = await answered(at)
    before = len(at.fake.calls)
    assert await at.desk.show(item(), Notice(kind="receipt", message=str(said), text=text), view) == Receipt()
    assert len(at.fake.calls) == before
