"""A stand-in as a program of its own."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import click
import uvloop

KEPT_FOR_BENCHMARKS = 1000


def run(
    fake: AbstractAsyncContextManager[Any],
    begun: Callable[[], Awaitable[list[tuple[str, object]]]],
    refused: type[Exception] = ValueError,
) -> None:
    """Until Ctrl-C or SIGTERM. `begun` does what is to be done at the start and returns what is printed, name and
    value. What the machine or the stand-in refuses (`refused`) is one sentence."""
    try:
        uvloop.run(_run(fake, begun))
    except (OSError, ValueError, refused) as error:
        raise click.ClickException(str(error)) from error


async def _run(
    fake: AbstractAsyncContextManager[Any], begun: Callable[[], Awaitable[list[tuple[str, object]]]]
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with fake:
        lines = await begun()
        gc.freeze()  # what is here now stays: the collector need not walk it under load
        width = max(len(name) for name, _ in lines) + 1
        for name, value in lines:
            click.echo(f"{name + ':':<{width}} {value}")
        await stop.wait()
