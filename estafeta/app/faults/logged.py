"""What only the logs of the workers tell, noted in the ledger after a run.

Workers that were taken for dead while they lived: they hung for longer than their lease, because the kit stopped
them, or because the machine gave them no processor. What such a worker was just sending may be sent by another, too.

And how long turns took before a worker, or the store, was stopped: what became of a send is recorded by a turn, after
the one that is at work on the conversation, so for twice as long as turns take a message may be sent but not recorded.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from estafeta.app.faults.ledger import Fault, Ledger

TAKEN = "taken_for_dead"
_TURN = "turn"
_HUNG = "pause_worker"
_BEFORE = 15.0
"""Seconds before a fault whose turns tell how long turns took when it came."""

_MARKS = tuple(f'"event":"{name}"'.encode() for name in (_TURN, TAKEN))

_Events = dict[str, list[tuple[float, dict[str, Any]]]]


def note(ledger: Ledger, folder: Path, epoch: float) -> None:
    """Completes the ledger from the logs in `folder`. `epoch`: the time of the logs when the ledger's was 0.

    Adds a fault `TAKEN` for each worker that was taken for dead, with the injected fault that explains it as
    `cause`, or ""; gives faults that may repeat a send their `window`.
    """
    events = {path.stem: list(_events(path, epoch)) for path in sorted(folder.glob("worker-*.log"))}
    _mistaken(ledger, events)
    for number, line in enumerate(ledger.lines):
        if isinstance(line, Fault) and line.repeats and line.kind != TAKEN:
            ledger.lines[number] = replace(line, window=round(2 * _longest_turn(line, events), 2))


def _mistaken(ledger: Ledger, events: _Events) -> None:
    faults = [line for line in ledger.lines if isinstance(line, Fault)]
    for process, said in events.items():
        for noticed, event in said:
            if event["event"] != TAKEN:
                continue
            since = noticed - float(event["silent"])
            causes = [fault.kind for fault in faults if _explains(fault, process, since, noticed)]
            cause = next((kind for kind in causes if kind == _HUNG), causes[0] if causes else "")
            ledger.fault(
                TAKEN, since, noticed, repeats=True, source="log", worker=event["worker"], target=process, cause=cause
            )


def _explains(fault: Fault, process: str, since: float, until: float) -> bool:
    """Whether it hung this worker, or the store, while the worker was silent."""
    hung = fault.kind == _HUNG and fault.data.get("target") == process
    return (hung or _hurts_the_store(fault)) and fault.at < until and fault.until > since


def _longest_turn(fault: Fault, events: _Events) -> float:
    """Seconds; of the worker that was stopped, or of any when it was the store."""
    target = fault.data.get("target")
    hurt = [target] if target in events else list(events)
    until = fault.until + _BEFORE if _hurts_the_store(fault) else fault.at
    turns: Sequence[float] = [
        event["ms"] / 1000
        for process in hurt
        for at, event in events[process]
        if event["event"] == _TURN and fault.at - _BEFORE <= at <= until
    ]
    return max(turns, default=0.0)


def _hurts_the_store(fault: Fault) -> bool:
    return fault.data.get("target") == "mongod"


def _events(log: Path, epoch: float) -> Iterator[tuple[float, dict[str, Any]]]:
    """Turns and lapses, with the ledger's times."""
    for line in log.read_bytes().splitlines():
        if any(mark in line for mark in _MARKS):
            with contextlib.suppress(orjson.JSONDecodeError):  # the line that was being written at a kill
                said = orjson.loads(line)
                yield float(said["at"]) - epoch, said
