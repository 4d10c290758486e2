"""What commands that publish have in common: into the store itself, or through the process that has it for itself."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import datetime

import click

from estafeta.app import control
from estafeta.app.config import Settings
from estafeta.app.report import plain
from estafeta.clock import SystemClock
from estafeta.kernel.codec import DecodingError, decode
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.ports import Store
from estafeta.publications import Line


def done(settings: Settings, directly: Callable[[Store], Awaitable[Line]], address: str) -> Line:
    """What came of it: done in the store, or asked for at the `address` of the platform that runs on this machine and
    has the store for itself. Raises an `EstafetaError` with a sentence."""

    async def work() -> Line:
        async with writable(settings) as store:
            return await directly(store)

    try:
        return asyncio.run(work())
    except StoreUnavailable as away:
        if settings.mongo is not None:
            raise
        try:
            told = control.ask(settings, "POST", address)  # the file is the running platform's
        except ConfigurationError as nobody:  # or is it? Its disk may be full, and nothing runs
            raise ConfigurationError(f"{away}\n{nobody}") from None
    try:
        return decode(Line, told["done"] if isinstance(told, dict) else told)
    except (DecodingError, KeyError):
        refused = told.get("refused") if isinstance(told, dict) else None
        raise ConfigurationError(
            str(refused or "What runs there answers in another form: is it of this version?")
        ) from None


@contextlib.asynccontextmanager
async def writable(settings: Settings) -> AsyncIterator[Store]:
    """Raises `StoreUnavailable` when a process that runs has it for itself."""
    from storage.sqlite import SqliteStore

    store: Store
    if settings.mongo is not None:
        from storage.mongo.store import MongoStore

        store = MongoStore(settings.mongo, clock=SystemClock())
    else:
        file, demo = (settings.data / part / "estafeta.db" for part in (".", control.DEMO_DATA))
        if "data" not in settings.model_fields_set and demo.is_file() and not file.is_file():
            file = demo
        if not file.is_file():
            raise ConfigurationError(
                f"There is no {file} to publish in: start the platform once (estafeta run), or name its folder with "
                "ESTAFETA_DATA."
            )
        store = SqliteStore(file, clock=SystemClock())
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def stored(settings: Settings) -> bool:
    """Whether there are conversations to look at: those of the settings, or else of the demo."""
    files = (settings.data / "estafeta.db", settings.data / control.DEMO_DATA / "estafeta.db")
    return settings.mongo is not None or any(file.is_file() for file in files)


def login() -> str:
    """Who gives the command, as the system knows them."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user may have no name
        return ""


def share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def when(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at is not None else "-"


def columns(rows: Iterable[Sequence[str]]) -> None:
    """Prints a table below an empty line; nothing without rows."""
    clean = [[plain(cell) for cell in row] for row in rows]
    if clean:
        click.echo()
    widths = [max(map(len, column)) for column in zip(*clean, strict=True)]
    for row in clean:
        click.echo("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
