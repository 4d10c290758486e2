"""What a model trained on the demo's data understands, judged on sentences it has not seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from ruamel.yaml import YAML

from estafeta.kernel.model import Understanding
from flows.loader import load
from nlu.embedded import EmbeddedUnderstander
from nlu.markup import read_markup
from nlu.train import Trained, train

DEMO = Path(__file__).parents[2] / "demo"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(DEMO, tmp_path_factory.mktemp("models"), lambda _doing, _share: None)


async def understood(trained: Trained, texts: list[str]) -> list[Understanding]:
    understander = EmbeddedUnderstander.load(trained.path)
    return [await understander.understand(text, deadline=10) for text in texts]


@pytest.fixture(scope="module")
def enough() -> float:
    """The confidence from which the bot believes a model."""
    return load(DEMO).bot.fallback.confidence


def test_nine_in_ten_examples_are_understood_by_a_model_that_has_not_seen_them(trained: Trained) -> None:
    assert trained.accuracy_out_of_fold >= 0.9
    assert trained.ece <= 0.05


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_nine_in_ten_held_out_sentences_are_understood_and_believed(
    trained: Trained, enough: float, language: str
) -> None:
    items = YAML(typ="safe").load((DEMO / "nlu" / "tests" / "held_out.yml").read_text(encoding="utf-8"))["nlu"]
    held = [
        (read_markup(line.removeprefix("- "))[0], item["intent"])
        for item in items
        for line in item["examples"].splitlines()
    ]
    held = [(text, intent) for text, intent in held if (not text.isascii()) == (language == "ru")]
    found = await understood(trained, [text for text, _ in held])
    right = [one.intent == intent and one.confidence >= enough for one, (_, intent) in zip(found, held, strict=True)]
    assert len(right) > 100
    assert sum(right) / len(right) >= 0.9


@pytest.mark.parametrize("language", ["ru", "en"])
async def test_nine_in_ten_questions_of_another_world_are_not_answered(
    trained: Trained, enough: float, language: str
) -> None:
    texts = YAML(typ="safe").load((DEMO / "nlu" / "tests" / "out_of_scope.yml").read_text(encoding="utf-8"))[language]
    found = await understood(trained, texts)
    believed = [text for text, one in zip(texts, found, strict=True) if one.confidence >= enough]
    assert len(believed) <= 0.1 * len(texts), believed
