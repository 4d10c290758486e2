"""From a workspace's training data to a published model, in the calling process.

It takes seconds and a hundred megabytes: a serving process runs it in a child.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nlu import fit
from nlu.data import Finding, TrainingData, read_workspace
from nlu.entities import EntityFinder
from nlu.evaluate import calibration_error
from nlu.modelfile import FORMAT, Model, ModelRefused, load, read_manifest, save
from nlu.pipeline import softmax
from nlu.registry import Registry

Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the whole that is done (0 to 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """`accuracy_out_of_fold` and `ece` (expected calibration error; both 0 to 1) come from texts
    each judged by a model that had not seen it. `fresh` is False when the model was there already:
    the data had not changed. `doubts` are places in the data that somebody should look at."""

    model_id: str
    path: Path
    seconds: float
    intents: int
    examples: int
    accuracy_out_of_fold: float
    ece: float
    fresh: bool = True
    doubts: tuple[Finding, ...] = ()


def model_id(data: TrainingData) -> str:
    """The same for the same data and settings."""
    settings = [FORMAT, fit.STRENGTH, fit.FOLDS, fit.HIDINGS, fit.HIDDEN_SHARE, fit.OUT_OF_SCOPE_SHARE]
    plain = json.dumps([data.digest, settings, version("snowballstemmer")])
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def train(workspace_path: Path, models: Path, progress: Progress) -> Trained:
    """Reads, trains, saves and publishes. Raises `TrainingDataError`, or `OSError` when the models'
    folder cannot be written."""
    began = time.perf_counter()
    progress("reading the training data", 0.0)
    data = read_workspace(workspace_path)
    registry = Registry(models)
    name = model_id(data)
    path = registry.path(name)
    known = _kept(path, data)
    if known:
        registry.publish(name)
        progress("the training data have not changed", 1.0)
        return known
    model, accuracy, ece = _fit(name, data, progress)
    progress("saving", 0.98)
    trained = Trained(
        model_id=name,
        path=path,
        seconds=round(time.perf_counter() - began, 3),
        intents=len(data.intents),
        examples=len(data.examples),
        accuracy_out_of_fold=accuracy,
        ece=ece,
        doubts=data.doubts,
    )
    figures = {key: value for key, value in asdict(trained).items() if key in _FIGURES}
    save(path, model, figures | {"trained_at": datetime.now(UTC).isoformat(timespec="seconds")})
    registry.publish(name)
    progress("done", 1.0)
    return trained


_FIGURES = ("seconds", "intents", "examples", "accuracy_out_of_fold", "ece")


def _kept(path: Path, data: TrainingData) -> Trained | None:
    """The model trained from these data earlier, if it is whole."""
    try:
        load(path)
        report = read_manifest(path)["report"]
        figures = {name: report[name] for name in _FIGURES}
    except (ModelRefused, KeyError):
        return None
    return Trained(model_id=path.name, path=path, fresh=False, doubts=data.doubts, **figures)


def _fit(name: str, data: TrainingData, progress: Progress) -> tuple[Model, float, float]:
    """The model, its out-of-fold accuracy and calibration error."""
    progress("counting words", 0.02)
    texts = fit.count_examples(data.examples)
    progress("training", 0.1)
    pipeline = fit.fit(texts, np.arange(len(texts.texts)))
    stage = "testing on texts held out"
    progress(stage, 0.35)
    held = fit.hold_out(texts, fit.FOLDS, lambda share: progress(stage, 0.35 + 0.35 * share))
    temperature = fit.temperature(held)
    stage = "learning what is out of scope"
    scope = fit.scope(texts, lambda share: progress(stage, 0.7 + 0.28 * share))
    probabilities = softmax(held.logits / np.float32(temperature))
    ece = calibration_error(probabilities.max(axis=1), probabilities.argmax(axis=1) == held.labels)
    model = Model(id=name, pipeline=pipeline.calibrated(temperature, scope), entities=EntityFinder.of(data))
    return model, round(held.accuracy, 4), round(ece, 4)
