"""The world of a stand-in in a JSON file, so that a restarted demo goes on where it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from estafeta.fakes.common.page import Messenger

DELAY = 0.3
"""Seconds in which changes are written together."""


class State(BaseModel):
    """What is kept; a stand-in adds its own fields, which may be dataclasses."""

    model_config = ConfigDict(extra="forbid", ser_json_bytes="base64", val_json_bytes="base64")

    format: Literal[1] = 1


S = TypeVar("S", bound=State)


def load(path: Path, kind: type[S]) -> S | None:
    """None: nothing is saved there yet. Raises ValueError with a sentence when the file is something else."""
    try:
        return kind.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError:
        raise ValueError(f"{path} is not a saved state of this stand-in: delete it, or name another file.") from None


def save(path: Path, state: State) -> None:
    """All or nothing: written beside and renamed. Readable by its owner only."""
    beside = path.with_suffix(path.suffix + ".new")
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(state.model_dump_json())
    beside.replace(path)


@contextlib.asynccontextmanager
async def kept(fake: Messenger, path: Path, state: Callable[[], State]) -> AsyncIterator[None]:
    """While inside, the world is written to `path` soon after every change; and once more at the end."""
    loop = asyncio.get_running_loop()
    planned: asyncio.TimerHandle | None = None

    def write() -> None:
        nonlocal planned
        planned = None
        save(path, state())

    def changed() -> None:
        nonlocal planned
        if planned is None:
            planned = loop.call_later(DELAY, write)

    stop_listening = fake.listen(changed)
    try:
        yield
    finally:
        stop_listening()
        if planned is not None:
            planned.cancel()
        write()
