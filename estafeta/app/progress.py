"""A progress bar on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

_NARROW = 72
"""Columns of a terminal below which a bar would hide how far it is."""


@contextmanager
def bar(*, quiet: bool, keep: bool = True) -> Iterator[Callable[[str, float], None]]:
    """What to tell it: what is being done, and the share of the whole that is done (0 to 1). Without `keep` it is
    gone when all is done."""
    console = Console(stderr=True)
    percent = TextColumn("{task.percentage:>3.0f} %")
    columns = (
        (percent, TextColumn("{task.description}", markup=False))
        if console.width < _NARROW
        else (TextColumn("{task.description:<34}", markup=False), BarColumn(), percent, TimeElapsedColumn())
    )
    with Progress(*columns, console=console, disable=quiet, transient=not keep) as progress:
        task = progress.add_task("", total=1.0)

        def tell(what: str, share: float) -> None:
            progress.update(task, description=what, completed=share)

        yield tell
