"""What the bot should have understood: found by name or title, never guessed; and by which message."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from estafeta.kernel.model import Author, ConversationId, Entry, EntryId, Text, Understanding
from flows.model import Training, Workspace
from handoff.correcting import Meaning, meanings, named, nearest, turn_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KNOWN = [
    Meaning("order_status", "Где мой заказ"), Meaning("payment_methods", "Способы оплаты"),
    Meaning("payment_failed", "Оплата не прошла"), Meaning("returns", "Возврат"), Meaning("returns_old", "Возврат"),
]  # fmt: skip


def test_they_are_listed_by_title_and_what_is_not_for_the_bot_is_the_last(demo_workspace: Workspace) -> None:
    training = Training(intents=demo_workspace.training.intents | {"nlu_fallback", "out_of_scope", "untitled_thing"})
    found = meanings(replace(demo_workspace, training=training), "ru")
    assert found[-1] == Meaning("out_of_scope", "Не для бота")
    names = [one.name for one in found]
    assert "nlu_fallback" not in names
    assert names.count("out_of_scope") == 1
    titles = [one.title.casefold() for one in found[:-1]]
    assert titles == sorted(titles)
    assert Meaning("untitled_thing", "untitled thing") in found
    assert set(demo_workspace.library.by_intent) <= set(names)


@pytest.mark.parametrize("words", ["order_status", "Order Status", " order-status ", "где мой ЗАКАЗ", "Где мой заказ?"])
def test_a_name_or_a_title_is_known_however_it_is_written(words: str) -> None:
    assert named(words, KNOWN) == KNOWN[0]


@pytest.mark.parametrize("words", ["", "order", "Возврат", "заказ", "☃"])
def test_what_is_only_like_one_or_is_two_is_none(words: str) -> None:
    assert named(words, KNOWN) is None


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("order_stats", ["order_status"]),
        ("про оплату", ["payment_methods", "payment_failed"]),
        ("возврат", ["returns", "returns_old"]),
        ("frobnicate", []),
        ("я" * 100_000, []),
    ],
)
def test_the_nearest_are_written_alike_or_share_words(words: str, names: list[str]) -> None:
    found = [one.name for one in nearest(words, KNOWN)]
    assert found[: len(names)] == names
    assert bool(found) == bool(names)


def said(seq: int, *, heard: bool = True, who: str = "customer", minutes: int = 0) -> Entry:
    return Entry(
        id=EntryId(f"e{seq}"), conversation=ConversationId("c"), seq=seq, at=NOON + timedelta(minutes=minutes),
        author=Author(kind=who), kind="said", parts=(Text(text="?"),),  # type: ignore[arg-type]
        understanding=Understanding(intent="", confidence=0.0) if heard else None,
    )  # fmt: skip


def test_words_that_were_answered_together_are_understood_by_the_last_of_them() -> None:
    entries = [said(1, heard=False), said(2), said(3, who="bot", heard=False), said(4, minutes=1)]
    assert [turn_of(entries, {f"e{seq}"}) for seq in (1, 2, 3, 4, 5)] == [2, 2, None, 4, None]
    assert turn_of(entries, {"e1", "e2"}) == 2
    assert turn_of([*entries, said(5, heard=False, minutes=2)], {"e4", "e5"}) == 4
    assert turn_of([said(1), said(2)], {"e1"}) == 1


def test_words_that_nobody_tried_to_understand_have_no_turn() -> None:
    pressed = replace(said(2, minutes=1), data={"button": "x"})
    assert turn_of([said(1, heard=False), pressed], {"e1", "e2"}) is None
