"""Calls that go together: while one round trip of a kind is under way, the next gathers.

A command costs the driver and the server about the same whatever it carries, and the journal's flush
is shared, so many callers at once are served by few commands. A call that finds nothing under way goes
at once.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pymongo.errors import ConnectionFailure, PyMongoError

_CALLS = 100
_BYTES = 4_000_000
"""Of one group. A call that is larger goes alone, so one that is too large for the server fails alone."""

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


@dataclass(slots=True, eq=False)
class _Call(Generic[Asked, Answer]):
    asked: Asked
    bytes: int
    answer: asyncio.Future[Answer]
    alone: bool = False


class Grouped(Generic[Asked, Answer]):
    """Does `work` for many callers at once; it returns or raises for all, or gives an exception in the
    place of an answer.

    When a group fails, each of its calls is tried once more by itself, so `work` must bear repetition;
    when MongoDB does not answer, all who wait by then are told at once. What was asked for is done
    though its caller was cancelled.
    """

    def __init__(
        self,
        work: Callable[[list[Asked]], Awaitable[Sequence[Answer | Exception]]],
        *,
        size: Callable[[Asked], int] = lambda _: 0,
        key: Callable[[Asked], Hashable] | None = None,
    ) -> None:
        """`size` is about the bytes to send. Calls of the same `key` never go in the same group."""
        self._work = work
        self._size = size
        self._key = key
        self._waiting: deque[_Call[Asked, Answer]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, asked: Asked) -> Answer:
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Call(asked, self._size(asked), answer))
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return await answer

    async def finished(self) -> None:
        """Returns when all that was asked for is done."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def _run(self) -> None:
        try:
            while self._waiting:
                await self._serve(self._next())
        finally:
            self._task = None
            self._drop(self._waiting)  # there are some only when the loop is being closed

    def _next(self) -> list[_Call[Asked, Answer]]:
        group: list[_Call[Asked, Answer]] = []
        later: list[_Call[Asked, Answer]] = []
        keys: set[Hashable] = set()
        total = 0
        while self._waiting and len(group) < _CALLS and not (group and group[0].alone):
            call = self._waiting.popleft()
            key = self._key(call.asked) if self._key is not None else None
            if group and (call.alone or total + call.bytes > _BYTES or key in keys):
                later.append(call)
                continue
            group.append(call)
            total += call.bytes
            if key is not None:
                keys.add(key)
        self._waiting.extendleft(reversed(later))
        return group

    async def _serve(self, group: list[_Call[Asked, Answer]]) -> None:
        try:
            answers = await self._work([call.asked for call in group])
        except Exception as error:  # whatever it is, those who asked hear of it
            if _unanswered(error):
                self._fail([*group, *self._waiting], error)
                self._waiting.clear()
            elif len(group) == 1:
                self._fail(group, error)
            else:
                for call in reversed(group):
                    call.alone = True
                    self._waiting.appendleft(call)
        except BaseException:
            self._drop(group)
            raise
        else:
            for call, answer in zip(group, answers, strict=True):
                if isinstance(answer, Exception):
                    self._fail([call], answer)
                elif not call.answer.done():
                    call.answer.set_result(answer)

    def _fail(self, calls: list[_Call[Asked, Answer]], error: Exception) -> None:
        for call in calls:
            if not call.answer.done():  # done: its caller was cancelled
                call.answer.set_exception(error)

    def _drop(self, calls: Sequence[_Call[Asked, Answer]]) -> None:
        for call in calls:
            call.answer.cancel()


def _unanswered(error: Exception) -> bool:
    return isinstance(error, ConnectionFailure) or (isinstance(error, PyMongoError) and error.timeout)
