"""A trained model on disk: a folder of JSON and plain arrays, nothing that could run code.

`manifest.json` names the other files with their sizes and SHA-256 sums, checked before anything
else is read; a half-written, altered or foreign folder is refused with a sentence. The folder
appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from estafeta.kernel.errors import EstafetaError
from nlu.entities import EntityFinder
from nlu.patterns import UnsafePattern
from nlu.pipeline import SCORES, Floats, Pipeline, Scope

FORMAT = 1
"""Grows when the files change their meaning, or the features theirs: an older model is trained anew."""
MANIFEST = "manifest.json"
_MODEL = "model.json"
_ARRAYS = "arrays.npz"
_FILES = (_MODEL, _ARRAYS)
_LARGEST = 2_000_000_000


class ModelRefused(EstafetaError):
    """A model's folder is missing, damaged, altered, or of another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What serves: `id` is the hash of the training data and settings it was made from."""

    id: str
    pipeline: Pipeline
    entities: EntityFinder


def save(folder: Path, model: Model, report: dict[str, Any]) -> None:
    """Writes the model's folder, in place of an earlier one. `report` holds the training's figures."""
    pipeline = model.pipeline
    scope = pipeline.scope
    arrays = io.BytesIO()
    np.savez(
        arrays,
        idf=pipeline.idf,
        weights=pipeline.weights,
        bias=pipeline.bias,
        scope=scope.weights if scope else np.zeros(0, dtype=np.float32),
    )
    plain = {
        "intents": list(pipeline.intents),
        "words": list(pipeline.words),
        "chars": list(pipeline.chars),
        "temperature": pipeline.temperature,
        "scope_bias": scope.bias if scope else None,
        "entities": model.entities.to_plain(),
    }
    contents = {_MODEL: json.dumps(plain).encode(), _ARRAYS: arrays.getvalue()}
    files = {name: {"sha256": _sum(content), "size": len(content)} for name, content in contents.items()}
    manifest = {"format": FORMAT, "id": model.id, "files": files, "report": report}
    contents[MANIFEST] = json.dumps(manifest, indent=1).encode()

    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        for name, content in contents.items():
            with (draft / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        draft.chmod(0o755)
        if folder.exists():
            shutil.rmtree(folder)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises `ModelRefused`."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except OSError:
        raise ModelRefused(f"there is no model in {folder}; train one first (estafeta train)") from None
    except ValueError:
        raise _damaged(folder, f"{MANIFEST} is no JSON") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise ModelRefused(f"the model in {folder} has another format than {FORMAT}; train it again (estafeta train)")
    if not isinstance(manifest.get("id"), str) or not isinstance(manifest.get("report"), dict):
        raise _damaged(folder, f"{MANIFEST} lacks its id or report")
    return manifest


def load(folder: Path) -> Model:
    """Raises `ModelRefused`."""
    manifest = read_manifest(folder)
    contents = {name: _checked(folder, name, manifest) for name in _FILES}
    try:
        plain = json.loads(contents[_MODEL])
        with np.load(io.BytesIO(contents[_ARRAYS]), allow_pickle=False) as arrays:
            pipeline = _pipeline(plain, {name: arrays[name] for name in ("idf", "weights", "bias", "scope")})
        entities = EntityFinder.from_plain(plain["entities"])
    except (ValueError, KeyError, TypeError, AttributeError, OSError, EOFError, BadZipFile, UnsafePattern) as error:
        raise _damaged(folder, f"its content makes no model ({error})") from error
    return Model(id=manifest["id"], pipeline=pipeline, entities=entities)


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        expected = manifest["files"][name]
        size, checksum = int(expected["size"]), str(expected["sha256"])
    except (KeyError, TypeError, ValueError):
        raise _damaged(folder, f"{MANIFEST} does not tell the size and sum of {name}") from None
    path = folder / name
    try:
        if path.stat().st_size != size or size > _LARGEST:
            raise _damaged(folder, f"{name} has not the size it was written with")
        content = path.read_bytes()
    except OSError as error:
        raise _damaged(folder, f"{name} cannot be read ({error.strerror})") from None
    if _sum(content) != checksum:
        raise _damaged(folder, f"{name} was changed after it was written")
    return content


def _pipeline(plain: Any, arrays: dict[str, Floats]) -> Pipeline:
    words, chars = list(plain["words"]), list(plain["chars"])
    intents = tuple(str(name) for name in plain["intents"])
    features = len(words) + len(chars)
    shapes = {"idf": (features,), "weights": (features, len(intents)), "bias": (len(intents),)}
    bias = plain["scope_bias"]
    shapes["scope"] = (len(SCORES) if bias is not None else 0,)
    for name, shape in shapes.items():
        array = arrays[name]
        if array.dtype != np.float32 or array.shape != shape or not np.isfinite(array).all():
            raise ValueError(f"array {name} is not as expected")
    temperature = float(plain["temperature"])
    if len(intents) < 2 or not 0 < temperature < 1e6:
        raise ValueError("fewer than two intents, or no temperature")
    return Pipeline(
        intents=intents,
        words={str(term): at for at, term in enumerate(words)},
        chars={str(term): at for at, term in enumerate(chars, start=len(words))},
        idf=arrays["idf"],
        weights=arrays["weights"],
        bias=arrays["bias"],
        temperature=temperature,
        scope=Scope(arrays["scope"], float(bias)) if bias is not None else None,
    )


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(folder: Path, why: str) -> ModelRefused:
    return ModelRefused(f"the model in {folder} is damaged: {why}; train it again (estafeta train)")
