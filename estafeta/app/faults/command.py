"""`estafeta faults`: is anything lost, doubled, out of order or unnoticed when everything fails that can?"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from estafeta.kernel.errors import ConfigurationError

if TYPE_CHECKING:
    from estafeta.app.faults.kit import Wanted
    from estafeta.app.faults.report import Outcome

_MESSAGES, _FAULTS = 20_000, 200
_SHORT_MESSAGES, _SHORT_FAULTS = 1_000, 15
_CANNOT_RUN, _STOPPED = 2, 130
_SHORT = f"{_SHORT_MESSAGES} messages and {_SHORT_FAULTS} faults, in about a minute; speed is told and not judged."
_KEEP = "Keep logs and ledger in this folder, whatever comes out."


@click.command()
@click.option("--messages", type=click.IntRange(min=100), help=f"Customers' messages. [default: {_MESSAGES}]")
@click.option("--faults", "count", type=click.IntRange(min=0), help=f"Faults. [default: {_FAULTS}]")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats a run's script and schedule. [default: a new one]")
@click.option(
    "--short",
    is_flag=True,
    help=f"{_SHORT_MESSAGES} messages, {_SHORT_FAULTS} faults; speed is told, and no promise. A minute.",
)
@click.option("--json", "as_json", type=click.Path(path_type=Path, dir_okay=False), help="Write the findings to FILE.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep logs and ledger in this folder, whatever comes out.",
)
def faults(
    *, messages: int | None, count: int | None, seed: int | None, short: bool, as_json: Path | None, keep: Path | None
) -> None:
    """Break everything on purpose, and check that no promise is broken.

    Starts mongod, redis-server, a stand-in for Telegram and the product's processes on free ports of this
    machine, lets customers and operators write by a script, kills, hangs and confuses whatever takes part, and
    compares what people saw with what was said. Nothing outside this machine is asked or told.

    A seed repeats what people say and what goes wrong, but not to the millisecond who was in the middle of what.
    When a promise was broken, logs and ledger are kept, and the last line says where.

    Exit codes: 0, every promise was kept; 1, one was broken; 2, the kit cannot run here; 130, Ctrl-C.
    """
    from estafeta.app.faults.kit import Wanted

    wanted = Wanted(
        messages=messages or (_SHORT_MESSAGES if short else _MESSAGES),
        faults=count if count is not None else (_SHORT_FAULTS if short else _FAULTS),
        seed=seed if seed is not None else secrets.randbelow(1_000_000),
        timed=not short,
    )
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise click.UsageError(f"{keep} is not empty: name a new folder for this run.")
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
    folder = keep or Path(tempfile.mkdtemp(prefix="estafeta-faults-"))
    outcome = None
    try:
        outcome = _run(wanted, folder)
    except ConfigurationError as error:
        click.echo(str(error), err=True)
        sys.exit(_CANNOT_RUN)
    finally:
        kept = keep is not None or (outcome.broken if outcome is not None else any(folder.glob("*.log")))
        if not kept:
            shutil.rmtree(folder)
        elif outcome is None and any(folder.iterdir()):
            click.echo(f"What there is of this run lies in {folder}", err=True)
    _tell(replace(outcome, kept=folder if kept else None), as_json)
    sys.exit(1 if outcome.broken else 0)


def _run(wanted: Wanted, folder: Path) -> Outcome:
    """The run, until its end or Ctrl-C."""
    import uvloop

    from estafeta.app import config, start
    from estafeta.app.faults.kit import run
    from estafeta.app.faults.people import WORKSPACE
    from estafeta.app.faults.servers import mongod, redis_server

    mongod()  # whether there is one is told at once, not after a model was trained
    redis_server()
    models = config.read().data / "faults" / "models"
    start.ensure_model(WORKSPACE, models)
    click.echo(f"{wanted.messages} messages, {wanted.faults} faults, seed {wanted.seed} (--seed repeats them)")

    async def main() -> Outcome:
        running = asyncio.ensure_future(run(wanted, folder, models, lambda line: click.echo(line, err=True)))
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)
        return await running

    with contextlib.suppress(asyncio.CancelledError):
        return uvloop.run(main())
    click.echo("Stopped.", err=True)
    sys.exit(_STOPPED)


def _tell(outcome: Outcome, as_json: Path | None) -> None:
    from estafeta.app.faults.report import lines

    for line in lines(outcome):
        click.echo(line)
    if as_json is not None:
        as_json.write_text(json.dumps(outcome.as_json(), ensure_ascii=False, indent=2) + "\n")
