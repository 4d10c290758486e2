"""`estafeta flows test`: what it prints, how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from estafeta.app.cli import main
from tests.flows.world import DELIVERY, HUMAN, ORDER, PAYMENT, write

GOOD = """\
tests:
  - test: by card
    talk:
      - customer: Чем платить?
        means: payment
      - bot: Картой
"""
WRONG = """\
languages: [ru, en]
tests:
  - test: in cash
    talk:
      - customer: /order
      - bot: "*"
      - customer: /pay
      - bot: Наличными
      - bot: "*"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ("order", "delivery", "payment", "human")
    write(tmp_path / "shop", dict(zip(names, (ORDER, DELIVERY, PAYMENT, HUMAN), strict=True)))
    (tmp_path / "shop" / "flows" / "tests").mkdir()
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(tmp_path / "shop"))
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shop"


def _run(folder: Path, *arguments: str, **files: str) -> Result:
    for name, text in files.items():
        (folder / "flows" / "tests" / f"{name}.yml").write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["flows", "test", *arguments])


def test_what_holds_is_counted(folder: Path) -> None:
    result = _run(folder, good=GOOD)
    assert result.exit_code == 0
    assert "flows/tests/good.yml: 1 hold\n1 conversation, 0 differ" in result.output


def test_a_difference_shows_both_sides_with_file_and_line(folder: Path) -> None:
    result = _run(folder, good=GOOD, wrong=WRONG)
    assert result.exit_code == 1
    assert "flows/tests/wrong.yml: 2 of 2 differ" in result.output
    assert "flows/tests/wrong.yml:8: in cash (ru)" in result.output
    assert "customer: /order" in result.output, "what went before"
    [line] = [line for line in result.output.splitlines() if "✗" in line and "Картой" in line]
    assert line.split("│")[0].strip() == "✗ bot: Наличными"
    assert "said by payment, order" in result.output
    assert "3 conversations, 2 differ" in result.output


def test_for_programs(folder: Path) -> None:
    result = _run(folder, "--json", good=GOOD, wrong=WRONG)
    told = json.loads(result.output)["conversations"]
    assert [(one["file"], one["line"], one["language"], one["holds"]) for one in told] == [
        ("flows/tests/good.yml", 2, "ru", True),
        ("flows/tests/wrong.yml", 8, "ru", False),
        ("flows/tests/wrong.yml", 8, "en", False),
    ]
    assert {"expected": "bot: Наличными", "got": "bot: Картой", "holds": False} in told[1]["rows"]


@pytest.mark.parametrize("name", ["good", "by card", "by *", "flows/tests/good.yml"])
def test_names_choose(folder: Path, name: str) -> None:
    result = _run(folder, name, good=GOOD, wrong=WRONG)
    assert (result.exit_code, "1 conversation, 0 differ" in result.output) == (0, True)
    result = _run(folder, str(folder), name)
    assert (result.exit_code, "1 conversation, 0 differ" in result.output) == (0, True)


def test_a_name_of_nothing_is_a_misuse_that_names_the_nearest(folder: Path) -> None:
    result = _run(folder, "godo", good=GOOD)
    assert result.exit_code == 2
    assert 'did you mean "good"?' in result.output


def test_a_file_with_a_mistake_is_told_and_the_others_are_gone_through(folder: Path) -> None:
    result = _run(folder, good=GOOD, broken=GOOD.replace("- bot", "- bto"))
    assert result.exit_code == 1
    assert "flows/tests/broken.yml:6:9: error:" in result.output
    assert "1 conversation, 0 differ, 1 mistake in the files" in result.output
    result = _run(folder, "broken")
    assert (result.exit_code, "flows/tests/broken.yml:6:9: error:" in result.output) == (1, True), "by its name, too"
    assert _run(folder, "good").exit_code == 0, "what is wrong elsewhere does not count"


def test_a_workspace_with_mistakes_has_to_be_mended_first(folder: Path) -> None:
    (folder / "flows" / "payment.yml").write_text(PAYMENT.replace("say", "sya"), encoding="utf-8")
    result = _run(folder, good=GOOD)
    assert (result.exit_code, "has to be mended first" in result.output) == (1, True)
    assert "flows/payment.yml:4" in result.output
    told = json.loads(_run(folder, "--json").output)
    assert told["findings"][0]["file"] == "flows/payment.yml"


def test_no_tests_are_no_failure_and_no_folder_is_a_misuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(folder)
    assert (result.exit_code, "There is no conversation in flows/tests/ yet" in result.output) == (0, True)
    monkeypatch.setenv("ESTAFETA_WORKSPACE", "nowhere")
    assert _run(folder).exit_code == 2


def test_the_demo_holds_without_a_model() -> None:
    demo = Path(__file__).parents[2] / "demo"
    result = CliRunner().invoke(main, ["flows", "test", str(demo), "--no-model"])
    assert result.exit_code == 0, result.output
