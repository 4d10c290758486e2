"""Content that changes under an open dialog; the same input, the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from estafeta.kernel.codec import decode, encode
from estafeta.kernel.model import Dialog, Frame
from flows.interpreter import Outcome, Said, advance, waits_for_call
from tests.flows.world import ORDER, PAYMENT, SCOPE, Talk, meant, texts, workspace

# --- changed content ---


def test_a_new_version_goes_on_where_the_same_step_still_stands(tmp_path: Path, talk: Talk) -> None:
    talk.start("order_status")
    changed = ORDER.replace("Шесть цифр.", "Ровно шесть.").replace("attempts: 1", "attempts: 3")
    later = replace(talk, workspace=workspace(tmp_path / "later", changed))
    assert texts(later.say("что?")) == ["Ровно шесть."]
    assert later.dialog.frames[0].version == later.workspace.library.flows["order"].version
    assert later.dialog.frames[0].version != talk.dialog.frames[0].version


RENAMED = ORDER.replace("order_number", "number2").replace("expect: number2", "expect: order_number")
MOVED = ORDER.replace("steps:", "steps:\n  - say: Новое")


@pytest.mark.parametrize("changed", [RENAMED, MOVED, PAYMENT], ids=["renamed", "moved", "flow gone"])
def test_a_frame_whose_step_is_gone_is_dropped(tmp_path: Path, talk: Talk, changed: str) -> None:
    talk.start("order_status")
    other = "flow: other\nstart: {command: other}\nsteps: [{say: Другое}]\n"
    later = replace(talk, workspace=workspace(tmp_path / "later", changed, other))
    assert not later.say("что?").matched
    assert texts(later.say("/other")) == ["Другое"]
    assert later.dialog.frames == ()


def test_a_dropped_frame_waits_for_no_call(talk: Talk) -> None:
    gone = Dialog(frames=(Frame(flow="gone", version="x", step="0:call:lookup"),))
    assert not waits_for_call(talk.workspace, gone)


def test_a_version_changes_with_the_content_and_not_with_comments(tmp_path: Path) -> None:
    one = workspace(tmp_path / "a", PAYMENT).library.flows["payment"].version
    assert workspace(tmp_path / "b", "# a comment\n" + PAYMENT).library.flows["payment"].version == one
    assert workspace(tmp_path / "b", PAYMENT.replace("card", "cash")).library.flows["payment"].version != one
    assert len(one) == 12


# --- purity ---


def test_the_same_input_gives_the_same_outcome_and_stays_as_it_was(talk: Talk) -> None:
    talk.start("order_status")
    before = encode(talk.dialog)
    said = Said(text="123456", understanding=meant("order_status", order_number="123456"))
    first, second = (advance(talk.workspace, talk.dialog, said, SCOPE) for _ in range(2))
    assert first == second
    assert encode(talk.dialog) == before
    assert first.dialog.slots is not talk.dialog.slots


def test_a_dialog_survives_being_stored_between_all_turns(talk: Talk) -> None:
    def stored() -> None:
        talk.dialog = decode(Dialog, encode(talk.dialog))

    said = []
    turns: tuple[Callable[[], Outcome], ...] = (
        lambda: talk.start("order_status"),
        lambda: talk.start("delivery"),
        lambda: talk.say("Тверь"),
        lambda: talk.say("123456"),
        lambda: talk.result({"number": 7, "status": "lost"}),
        talk.resume,
    )
    for turn in turns:
        said += texts(turn())
        stored()
    assert said == ["Номер?", "Город?", "Везём в Тверь", "Номер?", "С возвращением", "Что-то ещё?"]
