"""What of a queue goes as one message."""

from __future__ import annotations

from pathlib import Path

from estafeta.folding import folded
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Delivered, EntryId, Notice, OutboxId, OutboxItem, ToDesk
from tests.engine.test_outbox import Office


def words(name: str) -> ToDesk:
    return ToDesk(desk="recording", notice=Notice(kind="said", entries=(EntryId(name),)))


RECEIPT = ToDesk(desk="recording", notice=Notice(kind="receipt", text="sent", message="9"))
STATE = ToDesk(desk="recording", notice=Notice(kind="state"))
CARD = ToDesk(desk="recording", notice=Notice(kind="card"))


def items(*bodies: ToDesk) -> list[OutboxItem]:
    return [OutboxItem(id=OutboxId(f"i{number}"), body=body) for number, body in enumerate(bodies)]


def test_words_one_behind_the_other_are_one_post() -> None:
    item, done = folded(items(words("a"), words("b"), CARD, words("c")), merges=False)
    assert isinstance(item.body, ToDesk)
    assert item.body.notice.entries == ("a", "b")
    assert done == ["i0", "i1"]


def test_what_posts_nothing_does_not_keep_words_apart() -> None:
    item, done = folded(items(words("a"), RECEIPT, words("b"), STATE, words("c")), merges=False)
    assert isinstance(item.body, ToDesk)
    assert item.body.notice.entries == ("a", "b", "c")
    assert done == ["i0", "i2", "i4"]


async def test_a_receipt_between_words_is_shown_after_them_and_nothing_twice(tmp_path: Path) -> None:
    office = Office(tmp_path / "store.db")
    await office.store.open()
    await office.presence.begin()
    async with office.outbox.lanes:
        office.hand("masha", words("a"), RECEIPT, words("b"))
        events = await office.done()
    await office.store.close()
    assert [event.item for event in events if isinstance(event, Delivered)] == ["masha.0", "masha.2", "masha.1"]
    assert office.desk.kinds == ["said", "receipt"]


async def test_words_that_wait_for_the_desks_budget_take_in_what_comes_meanwhile(tmp_path: Path) -> None:
    office = Office(tmp_path / "store.db")
    await office.store.open()
    await office.presence.begin()
    paced = SendFailed("paced", "The group is full.", fault="messenger", retry_after=5.0)
    async with office.outbox.lanes:
        office.desk.failures.append(paced)
        office.hand("masha", words("a"))
        await office.clock.asleep()
        office.hand("masha", words("a"), words("b"))
        await office.clock.advance(5)
        events = await office.done()
    await office.store.close()
    assert [event.item for event in events if isinstance(event, Delivered)] == ["masha.0", "masha.1"]
    assert [notice.entries for _, notice, _ in office.desk.shown] == [("a", "b")]
