"""A Rasa project of a workspace: what Rasa is trained from.

The training data go over as they are, for they are in Rasa's format. The pipeline is `nlu/rasa-config.yml` of the
workspace, written as a config.yml of Rasa (https://legacy-docs-oss.rasa.com/docs/rasa/model-configuration), or the
light one below. The domain is made: the names are those of the training data.
"""

from __future__ import annotations

import hashlib
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from estafeta.kernel.errors import ConfigurationError
from nlu.data import RASA_CONFIG, TrainingData, files_of, read_workspace

CONFIG = RASA_CONFIG
"""The pipeline's file in the workspace's folder nlu."""
_EPOCHS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """`config` and `domain` as Rasa reads them; `data` are the training data by their file's name."""

    config: Mapping[str, Any]
    domain: Mapping[str, Any]
    data: Mapping[str, str]
    intents: int
    examples: int

    @property
    def files(self) -> dict[str, str]:
        """The project's files by their paths in its folder."""
        written = {"config.yml": _yaml(self.config), "domain.yml": _yaml(self.domain)}
        return written | {f"data/{name}": text for name, text in self.data.items()}

    @property
    def digest(self) -> str:
        """Changes when anything changes that Rasa learns from."""
        return hashlib.sha256(repr(sorted(self.files.items())).encode()).hexdigest()

    @property
    def whole(self) -> bytes:
        """All of it in one file, as `/model/train` wants it."""
        read = YAML(typ="safe", pure=True)
        items = [item for _, text in sorted(self.data.items()) for item in (read.load(text) or {}).get("nlu") or ()]
        return _yaml({**self.config, **self.domain, "nlu": items}).encode()

    @property
    def steps(self) -> list[tuple[str, int]]:
        """The pipeline's components, each with how much of the work it is."""
        parts = [part if isinstance(part, dict) else {"name": part} for part in self.config["pipeline"]]
        return [(str(part.get("name", "")).rpartition(".")[2], _weight(part)) for part in parts]


def project(workspace: Path) -> Project:
    """Raises `TrainingDataError`, and `ConfigurationError` for a pipeline that is none."""
    data = read_workspace(workspace)
    texts = {
        path.name: path.read_bytes().decode("utf-8-sig") for path in files_of(workspace) if path.name != CONFIG
    }  # readable and UTF-8, for it was read
    own = workspace / "nlu" / CONFIG
    return Project(
        config=_own(own) if own.is_file() else light(data), domain=_domain(data), data=texts,
        intents=len(data.intents), examples=len(data.examples),
    )  # fmt: skip


def light(data: TrainingData) -> dict[str, Any]:
    """The built-in pipeline: DIET without a transformer, and what is needed of the rest. Entities are learnt where
    some are marked, by a CRF beside it, for DIET's own multiplies the time of training and of loading several
    times; retrieval intents are told apart where there are some. No FallbackClassifier: what is not known is
    the platform's to decide."""
    learns = {"epochs": _EPOCHS, "constrain_similarities": True, "random_seed": 42, "number_of_transformer_layers": 0}
    rules = {"use_regexes": bool(data.regexes), "use_lookup_tables": bool(data.lookups), "use_word_boundaries": True}
    pipeline: list[dict[str, Any]] = [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", **learns, "entity_recognition": False},
    ]
    if any(example.entities for example in data.examples):
        pipeline.append({"name": "CRFEntityExtractor"})
    if data.regexes or data.lookups:
        pipeline.append({"name": "RegexEntityExtractor", **rules})
    pipeline.append({"name": "EntitySynonymMapper"})
    pipeline += [
        {"name": "ResponseSelector", "retrieval_intent": intent, **learns}
        for intent in sorted({name.partition("/")[0] for name in data.intents if "/" in name})
    ]
    return {"recipe": "default.v1", "assistant_id": "estafeta", "language": "en", "pipeline": pipeline}


def _own(file: Path) -> dict[str, Any]:
    try:
        config = YAML(typ="safe", pure=True).load(file.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ConfigurationError(f"{file} can't be read as YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(config, dict) or not isinstance(config.get("pipeline"), list):
        raise ConfigurationError(f"{file} has no list named pipeline: write it as Rasa's config.yml, or leave it out.")
    config = {key: value for key, value in config.items() if key not in ("nlu", "version")}
    return {"recipe": "default.v1", "assistant_id": "estafeta", "language": "en", **config}


def _domain(data: TrainingData) -> dict[str, Any]:
    """Intents, entities with their roles and groups, and a response for each intent below a retrieval intent, without
    which Rasa does not tell those apart."""
    roles: dict[str, dict[str, set[str]]] = defaultdict(lambda: {"roles": set(), "groups": set()})
    for mark in (mark for example in data.examples for mark in example.entities):
        roles[mark.name]["roles"] |= {mark.role} - {""}
        roles[mark.name]["groups"] |= {mark.group} - {""}
    names = sorted({*roles, *data.regexes, *data.lookups})
    entities = [
        {name: {kind: sorted(found) for kind, found in roles[name].items() if found}}
        if name in roles and any(roles[name].values())
        else name
        for name in names
    ]
    below = [intent for intent in data.intents if "/" in intent]
    domain: dict[str, Any] = {
        "version": "3.1",
        "intents": sorted({intent.partition("/")[0] for intent in data.intents}),
        "entities": entities,
    }
    return domain | ({"responses": {f"utter_{intent}": [{"text": intent}] for intent in below}} if below else {})


def _weight(part: Mapping[str, Any]) -> int:
    epochs = part.get("epochs", 300 if part.get("name") in ("DIETClassifier", "ResponseSelector") else 1)
    return epochs if isinstance(epochs, int) and epochs > 0 else 1


def _yaml(value: Any) -> str:
    dump = YAML(typ="safe", pure=True)
    dump.default_flow_style, dump.allow_unicode, dump.width = False, True, 4096
    written = io.StringIO()
    dump.dump(value, written)
    return written.getvalue()
