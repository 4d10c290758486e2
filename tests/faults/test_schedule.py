"""A schedule is data from a seed: the same for the same seed, whole, and never more than can be survived."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from estafeta.app.faults.schedule import POLLED, POSTED, SERVER, WEIGHTS, over, schedule

SEEDS = st.integers(min_value=0, max_value=10_000)


def test_a_seed_reproduces_it_and_another_seed_does_not() -> None:
    assert schedule(7, 50, 100.0, posted_from=50.0) == schedule(7, 50, 100.0, posted_from=50.0)
    assert schedule(7, 50, 100.0, posted_from=50.0) != schedule(8, 50, 100.0, posted_from=50.0)


@settings(max_examples=30)
@given(SEEDS)
def test_two_hundred_faults_hold_every_kind_several_times(seed: int) -> None:
    planned = schedule(seed, 200, 400.0, posted_from=200.0)
    counted = Counter(fault.kind for fault in planned)
    assert len(planned) == 200
    assert set(counted) == set(WEIGHTS)
    assert min(counted.values()) >= 3
    assert planned[-1].at < 460.0


@settings(max_examples=30)
@given(SEEDS)
def test_a_short_run_holds_fifteen_different_kinds(seed: int) -> None:
    planned = schedule(seed, 15, 27.0, posted_from=13.5)
    assert len({fault.kind for fault in planned}) >= 14
    assert {"kill_worker", "kill_redis", "kill_mongod"} <= {fault.kind for fault in planned}


@settings(max_examples=30)
@given(SEEDS)
def test_one_server_is_away_at_a_time_and_one_process_of_a_role(seed: int) -> None:
    planned = schedule(seed, 200, 400.0, posted_from=200.0)
    servers = [fault for fault in planned if fault.kind in SERVER]
    workers = [fault for fault in planned if fault.kind in {"kill_worker", "pause_worker", "rolling_restart"}]
    for hurt in (servers, workers):
        for before, after in pairwise(hurt):
            assert over(before) <= after.at + 0.001  # times are rounded


@settings(max_examples=30)
@given(SEEDS)
def test_each_way_of_receiving_has_the_faults_that_are_possible_in_it(seed: int) -> None:
    for fault in schedule(seed, 200, 400.0, posted_from=200.0):
        assert fault.kind not in (POLLED if fault.at >= 200.0 else POSTED)
    assert not POSTED & {fault.kind for fault in schedule(seed, 200, 400.0)}
    assert not POLLED & {fault.kind for fault in schedule(seed, 200, 400.0, posted_from=0.0)}


def test_times_only_grow_and_what_lasts_has_its_length() -> None:
    planned = schedule(3, 200, 400.0, posted_from=200.0)
    assert all(before.at < after.at for before, after in pairwise(planned))
    assert all(1.0 <= fault.seconds <= 6.0 for fault in planned if fault.kind == "pause_worker")
    assert all(0.2 <= fault.back <= 3.0 for fault in planned if fault.kind == "kill_worker")


def test_nothing_is_planned_when_nothing_is_wanted() -> None:
    assert schedule(1, 0, 10.0) == []
