"""The bar that long commands show."""

from __future__ import annotations

import pytest

from estafeta.app.progress import bar


@pytest.mark.parametrize("columns", ["60", "120"])
def test_brackets_in_what_is_done_are_only_words(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with bar(quiet=False) as tell:
        tell("asking rasa [/x]", 1.0)
    assert "asking rasa [/x]" in capsys.readouterr().err
