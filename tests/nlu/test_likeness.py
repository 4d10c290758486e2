"""The pairs found by looking up rare pieces are those that comparing everything finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlu import likeness
from nlu.likeness import alike, nearest

WORDS = st.sampled_from(
    ["order", "orders", "ordre", "parcel", "where", "is", "my", "a", "я", "заказ", "заказа", "00", "0000"]
)
TEXTS = st.lists(st.lists(WORDS, min_size=1, max_size=5).map(tuple), unique=True, max_size=25)


def ignore(share: float) -> None:
    """Progress that nobody looks at."""


@given(TEXTS, st.floats(0.3, 0.99), st.integers(1, 3))
def test_no_pair_is_missed_and_none_invented(texts: list[tuple[str, ...]], limit: float, groups: int) -> None:
    group = [at % groups for at in range(len(texts))]
    pairs, whole = alike(texts, group, limit, ignore)
    assert whole
    found = {(pair.first, pair.second): pair.likeness for pair in pairs}
    weights = likeness._weighed(likeness._counted(texts)).toarray()
    every = weights @ weights.T
    for first, second in np.argwhere(np.triu(np.ones(every.shape, dtype=bool), k=1)):
        expected = float(every[first, second])
        if group[first] != group[second] and abs(expected - limit) > 1e-4:
            assert ((int(first), int(second)) in found) == (expected >= limit)
    assert all(value == pytest.approx(every[pair], abs=1e-4) for pair, value in found.items())


def test_the_most_alike_come_first() -> None:
    texts = [("where", "is", "my", "order"), ("where", "is", "my", "parcel"), ("my", "order", "is", "where")]
    pairs, _ = alike(texts, [0, 1, 2], 0.3, ignore)
    assert (pairs[0].first, pairs[0].second) == (0, 2)
    assert pairs[0].likeness == pytest.approx(1.0)
    assert [pair.likeness for pair in pairs] == sorted((pair.likeness for pair in pairs), reverse=True)


def test_work_is_bounded_however_alike_the_texts_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "MOST_PAIRS", 1_000)
    texts = [("same", "words", chr(97 + at // 26) + chr(97 + at % 26)) for at in range(400)]
    pairs, whole = alike(texts, list(range(400)), 0.3, ignore)
    assert not whole
    assert len(pairs) <= 1_000


@pytest.mark.parametrize("texts", [[], [("one",)], [(), ()]])
def test_nothing_to_compare(texts: list[tuple[str, ...]]) -> None:
    assert alike(texts, list(range(len(texts))), 0.5, ignore) == ([], True)


def test_the_nearest_are_those_most_alike_in_order() -> None:
    others = [["call", "me"], ["where", "is", "my", "order"], ["where", "is", "it"], []]
    found, none, nothing = nearest([["where", "is", "my", "orders"], ["zzz"], []], others, 2)
    assert [number for number, _ in found] == [1, 2]
    assert found[0][1] > found[1][1] > 0
    assert none == nothing == []
    assert nearest([["call"]], [], 2) == [[]]
    assert nearest([], others, 2) == []
