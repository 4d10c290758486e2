"""The gate and the comparison of engines know when this bot would ask “did you mean …?”."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app.gate import asking
from estafeta.kernel.model import Intent, Understanding
from flows import loader
from tests.flows.world import write

FLOW = "flow: {name}\n{title}start: {{intent: {intent}}}\nsteps:\n  - say: {{ru: Да, en: Yes}}\n"


def doubtful(first: float, second: float) -> Understanding:
    ranking = (Intent(name="payment", confidence=first), Intent(name="delivery", confidence=second))
    return Understanding(intent="payment", confidence=first, ranking=ranking)


@pytest.fixture
def flows() -> dict[str, str]:
    return {
        name: FLOW.format(name=name, intent=intent, title=f"title: {{ru: {name} да, en: {name}}}\n")
        for name, intent in (("paying", "payment"), ("bringing", "delivery"))
    }


def test_two_titles_are_asked_about_where_both_are_likely(tmp_path: Path, flows: dict[str, str]) -> None:
    asks = asking(loader.load(write(tmp_path, flows)))
    assert asks(doubtful(0.4, 0.3)) == ("payment", "delivery")
    assert asks(doubtful(0.8, 0.1)) == ()
    assert asks(doubtful(0.2, 0.1)) == ()
    assert asks(Understanding(intent="", confidence=0.0)) == ()


def test_what_has_no_title_is_not_asked_about(tmp_path: Path, flows: dict[str, str]) -> None:
    flows["bringing"] = FLOW.format(name="bringing", intent="delivery", title="")
    assert asking(loader.load(write(tmp_path, flows)))(doubtful(0.4, 0.3)) == ()


def test_without_a_workspace_nothing_is_asked() -> None:
    assert asking(None)(doubtful(0.4, 0.3)) == ()
