"""What the benchmark of swaps under load counts as a flaw: each kind is noticed, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.nlu_swap import LATE, Message, settle
from estafeta.kernel.model import Author, ConversationId, Entry, EntryId, Text, Understanding

PAY, PICK = ("how do I pay", "By card"), ("where to pick up", "At the station")


def entries(*lines: tuple[str, str], understood: bool = True) -> list[Entry]:
    """The timeline of who said what."""
    known = Understanding(intent="x", confidence=0.9, model="m") if understood else None
    return [
        Entry(
            id=EntryId(str(number)), conversation=ConversationId("c"), seq=number, at=datetime.now(UTC), kind="said",
            author=Author(kind="customer" if who == "customer" else "bot"), parts=(Text(text=text),),
            understanding=known if who == "customer" else None,
        )
        for number, (who, text) in enumerate(lines, start=1)
    ]  # fmt: skip


def flaws(timeline: list[Entry], *arrived: tuple[float, str]) -> list[list[str]]:
    written = [Message(chat=1, number=n, phase="p", text=text, at=0.0) for n, text in enumerate((PAY[0], PICK[0]))]
    settle(written, timeline, arrived)
    return [sorted(set(message.flaws)) for message in written]


BOTH = (("customer", PAY[0]), ("bot", PAY[1]), ("customer", PICK[0]), ("bot", PICK[1]))
ONE, OTHER = (0.5, f"<b>{PAY[1]}</b>"), (0.6, PICK[1])


def test_what_is_answered_in_time_and_order_has_no_flaw() -> None:
    assert flaws(entries(*BOTH), ONE, OTHER) == [[], []]


@pytest.mark.parametrize(
    ("timeline", "arrived", "expected"),
    [
        (BOTH, (ONE, (LATE + 0.1, PICK[1])), [[], ["late"]]),
        (BOTH, (ONE,), [[], ["unanswered"]]),
        (BOTH[:3], (ONE,), [[], ["unanswered"]]),
        (BOTH[:2], (ONE,), [[], ["unanswered"]]),
        (BOTH, (ONE, OTHER, OTHER), [[], ["twice"]]),
        ((*BOTH, *BOTH[2:]), (ONE, OTHER, OTHER), [[], ["twice"]]),
        (BOTH, ((0.5, PICK[1]), (0.6, PAY[1])), [[], ["disordered"]]),
        ((*BOTH[2:], *BOTH[:2]), ((0.5, PICK[1]), (0.6, PAY[1])), [["disordered"], ["disordered"]]),
    ],
)
def test_each_flaw_is_noticed(
    timeline: tuple[tuple[str, str], ...], arrived: tuple[tuple[float, str], ...], expected: list[list[str]]
) -> None:
    assert flaws(entries(*timeline), *arrived) == expected


def test_what_was_not_understood_by_any_model_failed() -> None:
    assert flaws(entries(*BOTH, understood=False), ONE, OTHER) == [["failed"], ["failed"]]


@pytest.mark.parametrize(
    ("later", "arrived", "expected"),
    [
        (0, (OTHER,), [[], []]),
        (0, (), [["unanswered"], ["unanswered"]]),
        (0, ((LATE + 0.1, PICK[1]),), [["late"], ["late"]]),
        (1, (OTHER,), [["failed", "unanswered"], []]),
    ],
)
def test_messages_read_in_one_turn_have_one_answer(
    later: int, arrived: tuple[tuple[float, str], ...], expected: list[list[str]]
) -> None:
    first, *others = entries(BOTH[0], *BOTH[2:])
    at = first.at + timedelta(seconds=later)
    assert flaws([replace(first, understanding=None), *(replace(one, at=at) for one in others)], *arrived) == expected
