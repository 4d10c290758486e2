"""Recent real messages, from both stores."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from estafeta.app.shadow import masked, messages
from estafeta.kernel.model import Author, Conversation, ConversationId, Customer, Entry, EntryId, Text, Understanding
from estafeta.kernel.ports import Change, Store
from nlu.comparison import Changed
from tests.engine.releases.conftest import mongo, opened, replica_set, sqlite, store
from tests.world import HOME

__all__ = ["mongo", "opened", "replica_set", "sqlite", "store"]

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


async def hears(
    store: Store, who: str, *said: tuple[str, float], by: str = "customer", understood: bool = True
) -> None:
    """Texts, and how many hours ago each was said."""
    entries = tuple(
        Entry(
            id=EntryId(f"{who}.{number}"), conversation=ConversationId(who), seq=number, kind="said",
            at=NOW - timedelta(hours=hours), author=Author(kind=by), parts=(Text(text=text),),  # type: ignore[arg-type]
            understanding=Understanding(intent="a", confidence=0.9) if understood else None,
        )
        for number, (text, hours) in enumerate(said, start=1)
    )  # fmt: skip
    held = Conversation(
        id=ConversationId(who), address=replace(HOME, chat=who), customer=Customer(name="Ольга Петрова"), version=1,
        seq=len(entries), updated_at=max(entry.at for entry in entries),
    )  # fmt: skip
    await store.commit(Change(conversation=held, expected_version=0, applied=(), entries=entries))


async def test_what_the_bot_had_to_understand_is_found_once_with_its_count(store: Store) -> None:
    await hears(store, "a", ("привет", 300.0), ("привет", 2.0), ("где заказ", 1.0))
    await hears(store, "b", ("привет", 3.0))
    await hears(store, "c", ("оператор сказал", 1.0), by="operator")
    await hears(store, "d", ("людям", 1.0), understood=False)
    found = await messages(store, NOW - timedelta(days=7), NOW, 100)
    assert {(one.text, one.times) for one in found} == {("привет", 2), ("где заказ", 1)}


async def test_no_more_than_wanted_and_the_latest_first(store: Store) -> None:
    await hears(store, "old", *((f"old {n}", 50.0) for n in range(5)))
    await hears(store, "new", *((f"new {n}", 1.0) for n in range(5)))
    found = await messages(store, NOW - timedelta(days=7), NOW, 6)
    assert sum(one.times for one in found) == 6
    assert {one.text for one in found} >= {f"new {n}" for n in range(5)}


async def test_what_is_shown_tells_nothing_of_who_wrote_it(store: Store) -> None:
    text = "это Ольга Петрова, +7 916 123-45-67, olga@shop.example"
    await hears(store, "a", (text, 1.0))
    said = await messages(store, NOW - timedelta(days=7), NOW, 10)
    assert said[0].text == text
    change = Changed(text=text, intent="", before="a", before_confidence=0.9, after="b", after_confidence=0.9)
    (shown,) = masked([change], said)
    for private in ("Ольга", "Петрова", "916", "olga"):
        assert private not in shown.text
    assert shown.text.startswith("это ")


def test_what_is_shown_tells_nothing_that_only_one_person_has() -> None:
    text = "мой номер 7\u200b9\u200b1\u200b6\u200b1\u200b2\u200b3, ул. Ленина 5, пароль hunter2!"
    change = Changed(text=text, intent="", before="a", before_confidence=0.9, after="b", after_confidence=0.9)
    (shown,) = masked([change], [])
    for private in ("7\u200b9", "7916123", "Ленина", "hunter2"):
        assert private not in shown.text
    assert shown.text.startswith("мой номер ")
