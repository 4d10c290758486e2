"""A trained model on disk: a folder of JSON and plain arrays, nothing that could run code.

`manifest.json` names the other files with their sizes and SHA-256 sums, checked before anything
else is read; a half-written, altered or foreign folder is refused with a sentence. The folder
appears whole or not at all.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import numpy as np
from numpy.typing import NDArray

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.patterns import UnsafePattern
from nlu import encoder
from nlu.encoder import DAMAGED_ARRAYS, EncoderMissing
from nlu.entities import EntityFinder
from nlu.normalise import scripts
from nlu.pipeline import Dense, Pipeline
from nlu.scope import NEARNESS, SCORES, Neighbours, Scope
from nlu.spelling import Spelling

Arrays = Mapping[str, NDArray[Any]]

FORMAT = 5
"""Grows when the files change their meaning, or the features theirs: an older model is trained anew."""
MANIFEST = "manifest.json"
_MODEL = "model.json"
_ARRAYS = "arrays.npz"
_FILES = (_MODEL, _ARRAYS)
_TRIES = 20
_LARGEST = 2_000_000_000
_ENTITIES = "entities."
"""Stands before the names of the entities' arrays."""


class ModelRefused(EstafetaError):
    """A model's folder is missing, damaged, altered, or of another format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What serves: `id` is the hash of the training data and settings it was made from."""

    id: str
    pipeline: Pipeline
    entities: EntityFinder
    spelling: Spelling

    def words(self, text: str) -> list[str]:
        """What the pipeline reads of a text that `normalise.read` returned."""
        return self.spelling.words(text, self._real)

    def _real(self, word: str) -> bool | None:
        script = scripts([word])
        judges = [encoder.opened(dense.encoder) for dense in self.pipeline.dense if dense.script in script]
        return any(judge.knows(word) for judge in judges) if judges else None


def save(folder: Path, model: Model, report: dict[str, Any]) -> None:
    """Writes the model's folder, in place of an earlier one. `report` holds the training's figures."""
    pipeline = model.pipeline
    arrays = io.BytesIO()
    learnt = {_ENTITIES + name: value for name, value in model.entities.arrays().items()}
    np.savez(arrays, allow_pickle=False, **_arrays(pipeline), **learnt)
    plain = {
        "intents": list(pipeline.intents),
        "words": list(pipeline.words),
        "chars": list(pipeline.chars),
        "temperature": pipeline.temperature,
        "scope_bias": _bias(pipeline.scope),
        "dense": [
            {
                "encoder": dense.encoder,
                "script": dense.script,
                "words_count": dense.words_count,
                "scope_bias": _bias(dense.scope),
                "neighbours": dense.neighbours is not None,
            }
            for dense in pipeline.dense
        ],
        "entities": model.entities.to_plain(),
        "spelling": model.spelling.to_plain(),
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
        _put(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _put(draft: Path, folder: Path) -> None:
    """Puts it where an earlier one may lie, and another process may be putting the same: of one id all are alike."""
    earlier = draft.with_name(f"{draft.name}.earlier")
    for left in reversed(range(_TRIES)):
        with contextlib.suppress(FileNotFoundError):
            folder.rename(earlier)
        try:
            draft.rename(folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or not left:
                raise
        else:
            return
        finally:
            shutil.rmtree(earlier, ignore_errors=True)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Raises `ModelRefused`."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except OSError:
        raise ModelRefused(f"there is no model in {folder}; train one first (estafeta train)") from None
    except (ValueError, RecursionError):
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
        arrays = _unpacked(contents[_ARRAYS])
        pipeline = _pipeline(plain, arrays)
        learnt = {name.removeprefix(_ENTITIES): value for name, value in arrays.items() if name.startswith(_ENTITIES)}
        entities = EntityFinder.from_plain(plain["entities"], learnt)
        spelling = Spelling.from_plain(plain["spelling"])
    except _NO_MODEL as error:
        raise _damaged(folder, f"its content makes no model ({error})") from error
    try:
        for dense in pipeline.dense:
            if sum(encoder.opened(dense.encoder).parts) != len(dense.weights):
                raise _damaged(folder, f"its vectors are none of {dense.encoder}'s")
    except EncoderMissing as error:
        raise ModelRefused(
            f"the model in {folder} cannot be served: {error}; or train it again without (estafeta train)"
        ) from None
    return Model(id=manifest["id"], pipeline=pipeline, entities=entities, spelling=spelling)


_NO_MODEL = (*DAMAGED_ARRAYS, TypeError, AttributeError, UnsafePattern, OverflowError)
"""Among the `RuntimeError`s of damaged arrays is the RecursionError of JSON without end."""


def _unpacked(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays, which `save` does not compress: what would grow by unpacking is no model's and is not unpacked."""
    with ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
    if any(one.compress_type != ZIP_STORED for one in members) or sum(one.file_size for one in members) > len(content):
        raise ValueError(f"{_ARRAYS} would grow by unpacking")
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _checked(folder: Path, name: str, manifest: dict[str, Any]) -> bytes:
    try:
        expected = manifest["files"][name]
        size, checksum = int(expected["size"]), str(expected["sha256"])
    except (KeyError, TypeError, ValueError, OverflowError):
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


def _bias(scope: Scope | None) -> float | None:
    return scope.bias if scope else None


def _arrays(pipeline: Pipeline) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {"idf": pipeline.idf, "weights": pipeline.weights, "bias": pipeline.bias}
    if pipeline.scope:
        arrays["scope"] = pipeline.scope.weights
    for at, dense in enumerate(pipeline.dense):
        arrays |= {f"dense{at}.weights": dense.weights, f"dense{at}.bias": dense.bias}
        if dense.scope:
            arrays[f"dense{at}.scope"] = dense.scope.weights
        if near := dense.neighbours:
            arrays |= {f"dense{at}.turn": near.turn, f"dense{at}.shift": near.shift}
            arrays |= {f"dense{at}.texts": near.texts.astype(np.float16), f"dense{at}.labels": near.labels}
    return arrays


def _pipeline(plain: Any, arrays: Arrays) -> Pipeline:
    words, chars = list(plain["words"]), list(plain["chars"])
    intents = tuple(str(name) for name in plain["intents"])
    features = len(words) + len(chars)
    temperature = _factor(plain["temperature"])
    if len(intents) < 2:
        raise ValueError("fewer than two intents")
    return Pipeline(
        intents=intents,
        words={str(term): at for at, term in enumerate(words)},
        chars={str(term): at for at, term in enumerate(chars, start=len(words))},
        idf=_array(arrays, "idf", (features,)),
        weights=_array(arrays, "weights", (features, len(intents))),
        bias=_array(arrays, "bias", (len(intents),)),
        dense=tuple(_dense(told, arrays, f"dense{at}.", len(intents)) for at, told in enumerate(plain["dense"])),
        temperature=temperature,
        scope=_scope(plain["scope_bias"], arrays, "scope", len(SCORES)),
    )


def _dense(plain: Any, arrays: Arrays, prefix: str, intents: int) -> Dense:
    width = len(arrays[f"{prefix}weights"])
    near = None
    if plain["neighbours"]:
        texts, labels = arrays[f"{prefix}texts"], arrays[f"{prefix}labels"]
        turned, directions = arrays[f"{prefix}turn"].shape
        if turned > width or not len(labels) or labels.min() < 0 or labels.max() >= intents:
            raise ValueError("the neighbours are not as expected")
        near = Neighbours(
            turn=_array(arrays, f"{prefix}turn", (turned, directions)),
            shift=_array(arrays, f"{prefix}shift", (directions,)),
            texts=_array(arrays, f"{prefix}texts", (len(texts), directions), np.float16).astype(np.float32),
            labels=_array(arrays, f"{prefix}labels", (len(texts),), np.int32),
        )
    return Dense(
        encoder=str(plain["encoder"]),
        script=str(plain["script"]),
        weights=_array(arrays, f"{prefix}weights", (width, intents)),
        bias=_array(arrays, f"{prefix}bias", (intents,)),
        words_count=_factor(plain["words_count"]),
        neighbours=near,
        scope=_scope(plain["scope_bias"], arrays, f"{prefix}scope", len(SCORES) + len(NEARNESS)),
    )


def _scope(bias: Any, arrays: Arrays, name: str, scores: int) -> Scope | None:
    if bias is None:
        return None
    number = float(bias)
    if not math.isfinite(number):
        raise ValueError(f"{bias} decides nothing")
    return Scope(_array(arrays, name, (scores,)), number)


def _array(arrays: Arrays, name: str, shape: tuple[int, ...], kind: type[np.generic] = np.float32) -> NDArray[Any]:
    array = arrays[name]
    if array.dtype != kind or array.shape != shape or not np.isfinite(array).all():
        raise ValueError(f"array {name} is not as expected")
    return array


def _factor(value: Any) -> float:
    number = float(value)
    if not 0 < number < 1e6:
        raise ValueError(f"{value} is no factor")
    return number


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _damaged(folder: Path, why: str) -> ModelRefused:
    return ModelRefused(f"the model in {folder} is damaged: {why}; train it again (estafeta train)")
