"""Which intents are akin, told by their names: `order_status` has something of `order_cancel`.

Whoever names intents sorts them: by subject, by what is wanted. What a text with "order" in it says for one of
an order's intents it says a little for the others, too, and with few examples an intent that is thought so is
understood better. Names that share nothing change nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlu.normalise import LONGEST_WORD, stem

SHARED = 0.4
"""How much a word that two names have in common lets their intents' weights covary, beside a variance of one."""

# A word, also one of several in camel case: HassTurnOn.
_word = re.compile(r"[^\W\d_]+")
_hump = re.compile(r"(?<=[^\W\d_A-ZА-ЯЁ])(?=[A-ZА-ЯЁ])")


def kinship(names: Sequence[str]) -> NDArray[np.float32]:
    """[names, names], symmetric and positive definite: the covariance `regression.regress` takes."""
    parts = [{stem(word[:LONGEST_WORD]) for word in _word.findall(_hump.sub(" ", name).lower())} for name in names]
    with_word = Counter(word for part in parts for word in part)
    shared = {word: at for at, word in enumerate(word for word, number in with_word.items() if number > 1)}
    has = np.zeros((len(names), len(shared)), dtype=np.float32)
    for row, part in enumerate(parts):
        has[row, [shared[word] for word in part if word in shared]] = 1
    return np.eye(len(names), dtype=np.float32) + np.float32(SHARED) * (has @ has.T)
