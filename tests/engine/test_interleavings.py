"""Customers, operators, timers, crashes and failures in a random order break no promise.

A sample; `python -m tests.engine.interleavings` runs 100,000.
"""

from __future__ import annotations

import pytest

from tests.engine import interleavings


@pytest.mark.parametrize("first", range(0, 1_000, 100))
def test_whatever_the_order_every_promise_is_kept(first: int) -> None:
    assert interleavings.run(range(first, first + 100)) == 100
