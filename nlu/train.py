"""From a workspace's training data to a published model, in the calling process.

It takes seconds and some hundred megabytes: a serving process runs it in a child.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np

from nlu import encoder, fit, hiding, slot_training
from nlu.data import Finding, TrainingData, read_workspace
from nlu.entities import EntityFinder
from nlu.evaluate import calibration_error
from nlu.kinship import SHARED
from nlu.modelfile import FORMAT, Model, ModelRefused, load, read_manifest, save
from nlu.normalise import scripts
from nlu.registry import Registry
from nlu.spelling import Spelling

ENCODED = "encoded"
"""The folder beside the models that keeps the texts' vectors from one training to the next."""
Progress = Callable[[str, float], None]
"""Told what is being done, and the share of the whole that is done (0 to 1)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """`accuracy_out_of_fold` and `ece` (expected calibration error; both 0 to 1) come from texts
    each judged by a model that had not seen it. `fresh` is False when the model was there already:
    the data had not changed. `doubts` are places in the data that somebody should look at; `missing` are the
    encoders for the scripts of the data that are not installed here (`encoder.advice`)."""

    model_id: str
    path: Path
    seconds: float
    intents: int
    examples: int
    accuracy_out_of_fold: float
    ece: float
    fresh: bool = True
    doubts: tuple[Finding, ...] = ()
    missing: tuple[str, ...] = ()


def model_id(data: TrainingData, encoders: Sequence[str] | None = None) -> str:
    """The same for the same data, settings and encoders (`fit.encoders_for`)."""
    settings = [FORMAT, fit.STRENGTH, fit.SMOOTHING, fit.DENSE_STRENGTH, fit.FOLDS, fit.FOLDS_OF_FEW, SHARED]
    settings += [fit.TOLERANCE, fit.OUT_OF_SCOPE_TIMES, fit.OUT_OF_SCOPE_SHARE]
    settings += [slot_training.ENOUGH, slot_training.STEPS, slot_training.SPARSITY, slot_training.STRENGTH]
    settings += [hiding.HIDINGS, hiding.HIDDEN_SHARE, hiding.OUT_OF_SCOPE_SHARE]
    names = fit.encoders_for(data.examples, encoders)
    plain = json.dumps([data.digest, settings, names, version("snowballstemmer")])
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def train(workspace_path: Path, models: Path, progress: Progress, *, encoders: Sequence[str] | None = None) -> Trained:
    """Reads, trains, saves and publishes. `encoders`: the only ones to use of those installed; () for a
    model that serves anywhere. Raises `TrainingDataError`, or `OSError` when the models'
    folder cannot be written."""
    began = time.perf_counter()
    progress("reading the training data", 0.0)
    data = read_workspace(workspace_path)
    registry = Registry(models)
    name = model_id(data, encoders)
    path = registry.path(name)
    missing = encoder.missing(scripts(example.text for example in data.examples)) if encoders is None else ()
    known = _kept(path, data)
    if known:
        registry.publish(name)
        progress("the training data have not changed", 1.0)
        return replace(known, missing=missing)
    model, accuracy, ece = _fit(name, data, encoders, models / ENCODED, progress)
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
        missing=missing,
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


def _fit(
    name: str, data: TrainingData, encoders: Sequence[str] | None, kept: Path, progress: Progress
) -> tuple[Model, float, float]:
    """The model, its out-of-fold accuracy and calibration error."""
    stage = "counting words and encoding"
    progress(stage, 0.02)
    texts = fit.count_examples(data.examples, encoders, kept, lambda share: progress(stage, 0.02 + 0.27 * share))
    testing, hiding_some = "training, and testing on texts held out", "learning what is out of scope"
    progress(testing, 0.3)
    with fit.workers() as pool:
        whole = pool.submit(fit.fit, texts, np.arange(len(texts.texts)))
        held = fit.hold_out(texts, texts.folds, lambda share: progress(testing, 0.3 + 0.4 * share), pool)
        calibration = fit.calibrate(held, len(texts.encoders))
        scope, scopes = hiding.scopes(texts, calibration, lambda share: progress(hiding_some, 0.7 + 0.2 * share), pool)
        pipeline = whole.result()
    progress("learning entities", 0.9)
    finder = EntityFinder.of(data)
    model = Model(
        id=name,
        pipeline=pipeline.calibrated(calibration).scoped(scope, scopes),
        entities=finder.learnt(slot_training.train_slots(data.examples, finder.hits)),
        spelling=Spelling.of(texts.texts),
    )
    probabilities = held.probabilities(calibration)
    right = probabilities.argmax(axis=1) == held.labels
    ece = calibration_error(probabilities.max(axis=1), right)
    return model, round(float(right.mean()) if len(right) else 0.0, 4), round(ece, 4)
