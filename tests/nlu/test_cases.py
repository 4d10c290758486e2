"""What models are judged by: three kinds of files, and mistakes in them with their place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from nlu.cases import Case, Cases, check, of_workspace, read
from nlu.findings import TrainingDataError


def written(folder: Path, **files: str) -> Path:
    (folder / "nlu" / "tests").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / "nlu" / "tests" / f"{name}.yml").write_text(text)
    return folder


def told(folder: Path, **files: str) -> list[str]:
    with pytest.raises(TrainingDataError) as found:
        of_workspace(written(folder, **files))
    return str(found.value).splitlines()


def test_all_three_kinds_are_read(tmp_path: Path) -> None:
    found = of_workspace(
        written(
            tmp_path,
            held="nlu:\n- intent: order\n  examples: |\n    - где [123456](number)\n- intent: out_of_scope\n"
            "  examples: |\n    - погода\n",
            out_of_scope="ru:\n  - борщ\n",
            pinned="pinned:\n  - {text: где 7, intent: order, entities: {number: '7'}}\n  - {text: эй, none: true}\n",
        )
    )
    assert found.held_out == (
        Case(text="где 123456", intent="order", entities={"number": ("123456",)}, file="nlu/tests/held.yml", line=4),
        Case(text="погода", intent="", file="nlu/tests/held.yml", line=7),
        Case(text="борщ", intent="", file="nlu/tests/out_of_scope.yml", line=2),
    )
    assert found.pinned == (
        Case(text="где 7", intent="order", entities={"number": ("7",)}, file="nlu/tests/pinned.yml", line=2),
        Case(text="эй", intent="", file="nlu/tests/pinned.yml", line=3),
    )


def test_a_text_may_say_when_it_was_sent(tmp_path: Path) -> None:
    sent, later = "2026-11-24T12:00+03:00", "2026-12-01T09:00+03:00"
    found = of_workspace(
        written(
            tmp_path,
            held=f"nlu:\n- intent: a\n  metadata: {{at: {sent}}}\n  examples:\n  - text: |\n      завтра\n"
            f"  - text: |\n      послезавтра\n    metadata: {{at: '{later}'}}\n- intent: b\n  examples: |\n    - x\n",
            pinned=f"pinned:\n  - {{text: завтра, intent: a, at: {sent}, entities: {{time: 2026-11-25}}}}\n",
        )
    )
    moments = [case.at for case in (*found.held_out, *found.pinned)]
    assert moments == [datetime.fromisoformat(sent), datetime.fromisoformat(later), None, datetime.fromisoformat(sent)]


def test_without_the_folder_there_is_nothing(tmp_path: Path) -> None:
    assert of_workspace(tmp_path) == Cases()


def test_single_files_are_read_from_anywhere(tmp_path: Path) -> None:
    file = tmp_path / "test.yml"
    file.write_text("nlu:\n- intent: a\n  examples: |\n    - б\n")
    assert [case.file for case in read([file]).held_out] == [str(file)]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("p", "pinned:\n  - {text: x}\n", "p.yml:2:5: error: expected either an intent, or none: true"),
        ("p", "pinned:\n  - {text: x, intent: a, none: true}\n", "p.yml:2:5: error: expected either an intent"),
        ("p", "pinned:\n  - {intent: a}\n", 'p.yml:2:5: error: "text" is missing'),
        ("p", "pinned: 7\n", "p.yml:1:9: error: "),
        ("out_of_scope", "ru: борщ\n", "out_of_scope.yml:1:5: error: expected a list of texts"),
        ("out_of_scope", "ru: [7]\n", "out_of_scope.yml:1:6: error: expected a text"),
        ("out_of_scope", "- борщ\n", "out_of_scope.yml:1:1: error: expected lists of texts by language"),
        ("h", "nlu:\n- intent: a\n  examples: |\n    - где [x](y\n", "h.yml:4:"),
        ("p", "pinned:\n  - {text: x, intent: a, at: завтра}\n", 'p.yml:2:30: error: "завтра" is no moment'),
        ("p", "pinned:\n  - {text: x, intent: a, at: 2026-11-24T12:00}\n", "p.yml:2:30: error: "),
        ("h", "nlu:\n- intent: a\n  metadata: {at: 2026-11-24}\n  examples: |\n    - x\n", "h.yml:5:"),
        ("h", "nul: []\n", "h.yml:1:1: error: unknown key nul"),
        ("h", "a: [\n", "h.yml:"),
    ],
)
def test_mistakes_are_told_with_their_place(tmp_path: Path, name: str, text: str, expected: str) -> None:
    assert any(line.startswith(f"nlu/tests/{expected}") for line in told(tmp_path, **{name: text}))


def test_the_check_tells_of_intents_that_nothing_teaches(tmp_path: Path) -> None:
    text = "pinned:\n  - {text: a, intent: order}\n  - {text: b, intent: oder}\n  - {text: c, intent: oder}\n"
    found = check(written(tmp_path, pinned=text), ["order", "thanks"])
    assert [str(one) for one in found] == [
        "nlu/tests/pinned.yml:3:1: warning: no example teaches oder; did you mean order?"
    ]
    assert [one.severity for one in check(written(tmp_path, pinned="pinned: 7\n"), [])] == ["error"]
