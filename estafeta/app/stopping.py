"""A stop has an end: what is not over by then is named in the log, and the process ends all the same.

Each step of a stop has its own bound, but what waits in a library or on a disk may know of none. Nothing is lost by
ending there: what was acknowledged is in the store, and what a process had in hand others take over, as after a kill.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, FrameType, TracebackType
from typing import Any, Self

import structlog

_log = structlog.get_logger("platform")

_STEPS = 4
"""Requests, turns, sends and outcomes get `stop_within` seconds each."""
_CLOSING_SECONDS = 5.0
"""What comes between the steps and after them: leaving the store and the bus."""
_TELLING_SECONDS = 2.0
"""So long the log may take: whoever reads it may be what hangs."""
_NAMED = 20
_OWN = "run_until_stopped."
"""How the task begins that the program is."""


def whole(stop_within: float) -> float:
    """Seconds from the signal to the end, at most."""
    return _STEPS * stop_within + _CLOSING_SECONDS


class Watch:
    """A context around all that has to end. From `begin` on it has `seconds`; then the process is ended with code 1,
    by a thread, since the event loop itself may be what hangs. `ends` is for tests."""

    def __init__(self, seconds: float, *, ends: Callable[[int], object] = os._exit) -> None:
        self._seconds = seconds
        self._ends = ends
        self._over = threading.Event()
        self._watching: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """The stop was asked for. Asking again changes nothing: a terminal's Ctrl-C reaches a program twice when
        whoever started it passes it on."""
        if self._watching is None:
            self._loop = loop
            self._watching = threading.Thread(target=self._watch, name="stop-watch", daemon=True)
            self._watching.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _watch(self) -> None:
        if self._over.wait(self._seconds):
            return
        telling = threading.Thread(target=self._tell, name="stop-told", daemon=True)
        telling.start()
        telling.join(_TELLING_SECONDS)
        self._ends(1)

    def _tell(self) -> None:
        left: list[str] = []
        with contextlib.suppress(Exception):  # the loop goes on meanwhile, and a name is not worth the end
            left = _left(self._loop)
        _log.error(
            "not_stopped",
            seconds=self._seconds,
            left=left[:_NAMED],
            more=max(0, len(left) - _NAMED),
            threads=_threads()[:_NAMED],
            sentence="The process ends without waiting for them. Nothing is lost: the rest is in the store.",
        )


def _threads() -> list[str]:
    """Where those are that the process waits for before it ends."""
    frames = sys._current_frames()
    places = {thread.name: frames.get(thread.ident or 0) for thread in threading.enumerate() if not thread.daemon}
    return [f"{name}: {_place(frame)}" for name, frame in places.items() if frame is not None]


def _left(loop: asyncio.AbstractEventLoop | None) -> list[str]:
    """What each task is at, the program's own first; how many are at the same place, if there are several."""
    at = Counter(_waits(task) for task in asyncio.all_tasks(loop))
    first = sorted(at, key=lambda place: (not place.startswith(_OWN), place))
    return [place if at[place] == 1 else f"{at[place]} times {place}" for place in first]


def _waits(task: asyncio.Task[Any]) -> str:
    """What waits in the task for what, from what was begun to the innermost place; its name, if it was given one."""
    names, place = [], "nowhere"
    work: object = task.get_coro()
    while work is not None:
        frame, awaited = _step(work)
        if frame is None:
            break
        names.append(frame.f_code.co_qualname)
        place, work = _place(frame), awaited
    chain = " > ".join([*names[:-1], place])
    return chain if task.get_name().startswith("Task-") else f"{task.get_name()}: {chain}"


def _step(work: object) -> tuple[FrameType | None, object]:
    """Where a coroutine is, and what it waits for. What steps through a generator (a context, say) shows it only to
    the garbage collector."""
    if isinstance(work, CoroutineType):
        return work.cr_frame, work.cr_await
    for one in [work, *gc.get_referents(work)]:
        if isinstance(one, AsyncGeneratorType):
            return one.ag_frame, one.ag_await
    return None, None


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_qualname} ({Path(code.co_filename).name}:{frame.f_lineno})"
