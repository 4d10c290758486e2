"""The list of channels, and the table of what they can do."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main
from estafeta.app.tables import BEGIN, END, ROWS, Facts, channels, markdown_table, replaced, without_source
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Capabilities

DOCUMENT = Path(__file__).parents[2] / "docs" / "channels.md"


def test_the_document_is_current() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert document == replaced(document, markdown_table()), (
        "docs/channels.md is not what the channels say: .venv/bin/estafeta channels table --write docs/channels.md"
    )


@pytest.mark.parametrize("name", ["telegram", "vk", "vk_wall", "whatsapp", "widget"])
def test_every_number_has_a_source(name: str) -> None:
    assert without_source(channels()[name]) == []


def test_no_source_is_for_something_that_is_not_there() -> None:
    known = {each.name for each in fields(Capabilities)}
    assert all(set(facts.sources) <= known for facts in channels().values())


def test_a_number_without_a_source_is_found() -> None:
    facts = Facts(title="X", capabilities=Capabilities(text=1, unit="bytes", reads=True), sources={"text": "by heart"})
    assert without_source(facts) == ["text", "unit", "reads"]


def test_every_capability_has_a_row() -> None:
    assert {row.field for row in ROWS} == {each.name for each in fields(Capabilities)}


def test_a_source_is_one_footnote_and_each_is_used() -> None:
    lines = markdown_table().split("\n")
    notes = [line.split(":")[0] for line in lines if line.startswith("[^")]
    assert len(set(notes)) == len(notes)
    assert all(any(note in line for line in lines if line.startswith("|")) for note in notes)
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_sizes_and_lengths_read_well() -> None:
    say = {row.words: row.say for row in ROWS}
    can = Capabilities(text=100_000, unit="codepoints", media={"photo": 5 * 1024**2, "video": 50_000_000, "audio": 999})
    assert [say[words](can) for words in ("length of a message", "photos", "videos", "audio", "documents")] == [
        "100 000", "to 5 MiB", "to 50 MB", "to 999 bytes", "",
    ]  # fmt: skip
    assert say["answers are free for"](replace(can, window=86400.0)) == "24 hours"


def test_the_command_prints_it_or_puts_it_into_a_document(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["channels", "table"]).output == markdown_table() + "\n"
    document = tmp_path / "channels.md"
    document.write_text(f"до\n{BEGIN}\nстарое\n{END}\nпосле\n", encoding="utf-8")
    assert CliRunner().invoke(main, ["channels", "table", "--write", str(document)]).exit_code == 0
    assert document.read_text(encoding="utf-8") == f"до\n{BEGIN}\n\n{markdown_table()}\n\n{END}\nпосле\n"


def test_a_document_without_a_place_for_it_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="has none"):
        replaced("слова", "таблица")
