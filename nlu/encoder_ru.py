"""Russian texts as the mean of word vectors: navec, 250,000 words of news in 300 dimensions (MIT,
https://github.com/natasha/navec), the file inside the package natasha.

The file is read in place: vectors are packed (a hundred numbers of centroids each), the words are sorted.
A word counts as itself and as its dictionary form (pymorphy3): together they tell more than either.
"""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from pymorphy3 import MorphAnalyzer  # type: ignore[import-untyped]

from nlu.encoder import Floats

SIZE = 300
_CODES, _CENTROIDS = 100, 256
_REMEMBERED = 20_000


class Navec:
    """`path` is navec's archive."""

    name = "navec-news"
    script = "cyrillic"
    parts: tuple[int, ...] = (SIZE,)

    def __init__(self, path: Path) -> None:
        with tarfile.open(path) as archive:
            files = {member.name: member for member in archive}
            packed = archive.extractfile(files["vocab.bin"])
            if packed is None:
                raise ValueError(f"{path} holds no words")
            content = gzip.decompress(packed.read())
        # https://github.com/natasha/navec#documentation: the number of words, their counts, the words.
        words = int.from_bytes(content[:4], "little")
        self._text = content[4 + 4 * words :]
        breaks = np.flatnonzero(np.frombuffer(self._text, dtype=np.uint8) == ord("\n"))
        self._ends = np.append(breaks, len(self._text))
        start = files["pq.bin"].offset_data + 16
        self._packed = np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=(words, _CODES))
        start += words * _CODES
        self._centroids = np.memmap(path, np.float32, "r", start, (_CODES, _CENTROIDS, SIZE // _CODES))
        self._sorted = words - 2  # the last two are no words but <unk> and <pad>
        self._each = np.arange(_CODES)
        self._morphology = MorphAnalyzer()
        self._vector = lru_cache(_REMEMBERED)(self._look_up)

    def encode(self, texts: Sequence[Sequence[str]], *, threads: int = 1) -> Floats:
        vectors = np.zeros((len(texts), SIZE), dtype=np.float32)
        for at, text in enumerate(texts):
            found = [vector for vector in map(self._vector, text) if vector is not None]
            if found:
                mean = np.mean(found, axis=0)
                vectors[at] = mean / (np.linalg.norm(mean) + np.float32(1e-9))
        return vectors

    def knows(self, word: str) -> bool:
        return self._place(word) is not None

    def _look_up(self, word: str) -> Floats | None:
        vectors = [self._unpack(word), self._unpack(self._morphology.parse(word)[0].normal_form)]
        found = [vector for vector in vectors if vector is not None]
        return np.asarray(np.sum(found, axis=0), dtype=np.float32) if found else None

    def _unpack(self, word: str) -> Floats | None:
        place = self._place(word)
        if place is None:
            return None
        vector: Floats = self._centroids[self._each, self._packed[place]].reshape(SIZE)
        return vector / (np.linalg.norm(vector) + np.float32(1e-9))

    def _place(self, word: str) -> int | None:
        """Binary search: words are sorted by their code points, so in UTF-8 by their bytes."""
        key = word.encode()
        low, high = 0, self._sorted
        while low < high:
            middle = (low + high) // 2
            found = self._text[int(self._ends[middle - 1]) + 1 if middle else 0 : int(self._ends[middle])]
            if found == key:
                return middle
            if found < key:
                low = middle + 1
            else:
                high = middle
        return None
