"""The Rasa project that is made of a workspace."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from estafeta.kernel.errors import ConfigurationError
from nlu.data import TrainingDataError
from nlu.rasa_project import project
from tests.nlu.conftest import SHOP

_FAQ = """\
nlu:
  - intent: faq/parking
    examples: |
      - is there a parking
      - where to park
  - intent: greet
    examples: |
      - from [Omsk]{"entity": "city", "role": "from", "group": "1"}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    shutil.copytree(SHOP, tmp_path / "shop")
    return tmp_path / "shop"


def loaded(text: str | bytes) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def test_the_training_data_go_over_as_they_are(workspace: Path) -> None:
    made = project(workspace)
    assert made.files["data/ru.yml"] == (SHOP / "nlu" / "ru.yml").read_text(encoding="utf-8")
    assert set(made.files) == {"config.yml", "domain.yml", "data/ru.yml", "data/en.yml"}
    assert loaded(made.files["config.yml"]) == made.config


def test_tests_and_the_pipeline_are_not_trained_from(workspace: Path) -> None:
    (workspace / "nlu" / "tests").mkdir()
    (workspace / "nlu" / "tests" / "held_out.yml").write_text("nlu: []")
    (workspace / "nlu" / "rasa-config.yml").write_text("pipeline:\n  - name: WhitespaceTokenizer\n")
    made = project(workspace)
    assert set(made.files) == {"config.yml", "domain.yml", "data/ru.yml", "data/en.yml"}
    assert made.config["pipeline"] == [{"name": "WhitespaceTokenizer"}]
    assert made.config["recipe"] == "default.v1"


def test_the_domain_has_every_name_with_roles_and_groups(workspace: Path) -> None:
    (workspace / "nlu" / "faq.yml").write_text(_FAQ, encoding="utf-8")
    domain = loaded(project(workspace).files["domain.yml"])
    assert {"faq", "greet", "order_status"} <= set(domain["intents"])
    assert "faq/parking" not in domain["intents"]
    assert {"city": {"roles": ["from", "to"], "groups": ["1"]}} in domain["entities"]
    assert "order_number" in domain["entities"]
    assert domain["responses"] == {"utter_faq/parking": [{"text": "faq/parking"}]}


def test_the_light_pipeline_has_what_the_data_need(workspace: Path) -> None:
    names = [part["name"] for part in project(workspace).config["pipeline"]]
    assert {"DIETClassifier", "CRFEntityExtractor", "RegexEntityExtractor", "EntitySynonymMapper"} <= set(names)
    assert not {"FallbackClassifier", "ResponseSelector"} & set(names)
    (workspace / "nlu" / "faq.yml").write_text(_FAQ, encoding="utf-8")
    assert project(workspace).config["pipeline"][-1]["retrieval_intent"] == "faq"
    plain = workspace.parent / "plain"
    (plain / "nlu").mkdir(parents=True)
    (plain / "nlu" / "a.yml").write_text(
        "nlu:\n- intent: a\n  examples: |\n    - one\n- intent: b\n  examples: |\n    - two\n"
    )
    needless = {"CRFEntityExtractor", "RegexEntityExtractor", "ResponseSelector"}
    assert not needless & {part["name"] for part in project(plain).config["pipeline"]}


def test_all_of_it_in_one_file(workspace: Path) -> None:
    whole = loaded(project(workspace).whole)
    assert {"pipeline", "intents", "entities", "nlu", "version"} <= whole.keys()
    written = [item for name in ("en", "ru") for item in loaded((SHOP / "nlu" / f"{name}.yml").read_bytes())["nlu"]]
    assert whole["nlu"] == written


def test_the_digest_goes_with_data_and_pipeline(workspace: Path) -> None:
    digests = {project(workspace).digest, project(workspace).digest}
    assert len(digests) == 1
    (workspace / "nlu" / "rasa-config.yml").write_text("pipeline: [{name: WhitespaceTokenizer}]")
    digests.add(project(workspace).digest)
    (workspace / "nlu" / "faq.yml").write_text(_FAQ, encoding="utf-8")
    digests.add(project(workspace).digest)
    assert len(digests) == 3


@pytest.mark.parametrize("text", ["pipeline: [", "just words", "pipeline: supervised", "- a list", ""])
def test_a_pipeline_that_is_none_is_told(workspace: Path, text: str) -> None:
    (workspace / "nlu" / "rasa-config.yml").write_text(text)
    with pytest.raises((ConfigurationError, TrainingDataError), match=r"rasa-config\.yml"):
        project(workspace)


def test_mistakes_in_the_data_are_told_as_elsewhere(workspace: Path) -> None:
    (workspace / "nlu" / "broken.yml").write_text("nlu:\n  - intent: a\n    examples: |\n      - [x](\n")
    with pytest.raises(TrainingDataError, match=r"broken\.yml"):
        project(workspace)
