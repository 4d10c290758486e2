"""`estafeta train --engine rasa`: a model for the Rasa server, trained by Rasa in an environment or a container of its
own, or by the server itself, and put into service there.

Rasa is run in the folder `rasa` of the data folder, which is a Rasa project made from the workspace: `config.yml`,
`domain.yml`, `data/`, and `models/`, where its models go. What it says is kept in `train.log` beside them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from estafeta.app import config, start
from estafeta.app.config import Settings
from estafeta.app.progress import bar
from estafeta.kernel.errors import ConfigurationError
from nlu.rasa_config import RasaConfig
from nlu.rasa_project import Project, project
from nlu.rasa_server import RasaError, RasaServer

KEPT = 5
"""Models of the latest trainings that stay in the folder."""
_HANDED_OVER_WITHIN = 300.0
"""Seconds that loading a model may take a server."""
_THERE_WITHIN = 10.0
"""Seconds in which it has to say that it is there."""
_LONGEST_LINE = 2_000
_LAST_LINES = 400
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_BREAK = re.compile(r"[\r\n]+")
_BEGINS = re.compile(r"Starting to train component '([^']+)'")
_EPOCHS = re.compile(r"Epochs:\s*(\d+)%")
_WRONG = re.compile(r"\b(?:\w*(?:Error|Exception)|Invalid\w+)\b: .+|\bERROR\b.*|^(?:Error|No) .+")

Tell = Callable[[str, float], None]


class TrainingFailed(ConfigurationError):
    """Rasa made no model; says why, as far as Rasa does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RasaTrained:
    """`model` is its name, `server` where it is in service. `fresh` is False when a model of these very data and this
    pipeline was there already."""

    model: str
    server: str
    fresh: bool
    intents: int
    examples: int
    seconds: float


def run_rasa_train(settings: Settings, workspace: Path, *, as_json: bool) -> None:
    """Raises `TrainingFailed`, `RasaError` when the server does not take the model, `TrainingDataError`. Ctrl-C and
    SIGTERM end Rasa too."""

    async def main() -> RasaTrained:
        training = asyncio.ensure_future(train(settings.rasa, workspace, settings.data / "rasa", tell))
        if threading.current_thread() is threading.main_thread():  # only there are signals heard
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, training.cancel)
        return await training

    with bar(quiet=as_json) as tell:
        try:
            trained = asyncio.run(main())
        except asyncio.CancelledError:
            raise TrainingFailed("The training was stopped from outside; nothing has changed in service.") from None
    if as_json:
        click.echo(json.dumps(asdict(trained), ensure_ascii=False))
        return
    state = "trained" if trained.fresh else "already trained from these data"
    click.echo(
        f"Model {trained.model} {state} by Rasa: {trained.intents} intents, {trained.examples} examples, "
        f"{trained.seconds:.1f} s. It is in service at {trained.server}."
    )


async def train(rasa: RasaConfig, workspace: Path, folder: Path, tell: Tell) -> RasaTrained:
    """As `run_rasa_train`, in the project's `folder`. Where the server is not there, nothing is trained."""
    began = time.monotonic()
    tell("reading the training data", 0.0)
    made = project(workspace)
    server = RasaServer(rasa)
    try:
        async with server.within(_THERE_WITHIN):
            await server.in_service()  # a wrong token is told before the minutes of a training
        if rasa.trained_by == "server":
            tell("the Rasa server trains", 0.05)
            async with server.within(rasa.train_within):
                path = await server.train(made.whole)
            name, fresh = path.rpartition("/")[2].removesuffix(".tar.gz"), True
        else:
            name, fresh = await _by_command(rasa, made, start.writable(folder), tell)
            where = Path(rasa.models) if rasa.models else (folder / "models").resolve()
            path = f"{where.as_posix()}/{name}.tar.gz"
        tell("putting it into service", 1.0)
        await _hand_over(server, path, name)
    finally:
        await server.close()
    return RasaTrained(
        model=name, server=server.where, fresh=fresh, intents=made.intents, examples=made.examples,
        seconds=time.monotonic() - began,
    )  # fmt: skip


async def _hand_over(server: RasaServer, path: str, name: str) -> None:
    try:
        async with server.within(_HANDED_OVER_WITHIN):
            if await server.in_service() == name:
                return  # loading it once more would leave customers without an answer meanwhile
            await server.serve(path)
            now = await server.in_service()
    except RasaError as error:
        hint = ""
        if "could not be loaded" in str(error):
            hint = " If the server sees that folder under another path, set ESTAFETA_RASA__MODELS to it."
        raise RasaError(f"The model {path} is trained, and is not in service: {error}{hint}") from None
    if now != name:
        raise RasaError(f"The model {path} is trained, and {server.where} still serves {now}.")


# --- the command -----------------------------------------------------------------------------------


async def _by_command(rasa: RasaConfig, made: Project, folder: Path, tell: Tell) -> tuple[str, bool]:
    """The model's name, and whether it is a new one."""
    models = start.writable(folder / "models")
    mark = made.digest[:8]
    there = sorted(models.glob(f"*-{mark}.tar.gz"))
    if there:
        return there[-1].name.removesuffix(".tar.gz"), False
    _write(made, folder)
    name = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{mark}"
    command = [
        *_split(rasa.command), "train", "nlu", "--config", "config.yml", "--domain", "domain.yml", "--nlu", "data",
        "--out", "models", "--fixed-model-name", name,
    ]  # fmt: skip
    await _run(command, folder, _Progress(made.steps, tell), rasa.train_within)
    if not (models / f"{name}.tar.gz").is_file():
        raise TrainingFailed(f"Rasa ended without a model; what it said is in {folder / 'train.log'}.")
    for old in sorted(models.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime)[:-KEPT]:
        old.unlink()
    return name, True


def _split(command: str) -> list[str]:
    try:
        parts = shlex.split(command)
    except ValueError:
        parts = []
    if not parts:
        raise ConfigurationError(f"{config.PREFIX}RASA__COMMAND is no command: {command!r}")
    return parts


def _write(made: Project, folder: Path) -> None:
    shutil.rmtree(folder / "data", ignore_errors=True)
    (folder / "data").mkdir()
    for name, text in made.files.items():
        (folder / name).write_text(text, encoding="utf-8")


async def _run(command: Sequence[str], folder: Path, progress: _Progress, within: float) -> None:
    """Runs Rasa to its end; it and what it started do not outlive this."""
    # Rasa and what it loads need none of our secrets.
    given = {name: value for name, value in os.environ.items() if not name.upper().startswith(config.PREFIX)}
    given |= {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1"}
    last: deque[str] = deque(maxlen=_LAST_LINES)
    try:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env=given, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise TrainingFailed(
            f"{command[0]} can't be run ({error.strerror}): install Rasa in an environment of its own, and set "
            f"{config.PREFIX}RASA__COMMAND to the rasa in it; docs/rasa.md tells how."
        ) from None
    try:
        async with asyncio.timeout(within):
            with (folder / "train.log").open("w", encoding="utf-8") as log:
                async for line in _lines(process):
                    if not progress.heard(line):
                        last.append(line)
                        log.write(f"{line}\n")
            code = await process.wait()
    except TimeoutError:
        raise TrainingFailed(
            f"Rasa was not done within {within:g} seconds, and was stopped; {config.PREFIX}RASA__TRAIN_WITHIN is the "
            f"limit. What it said is in {folder / 'train.log'}."
        ) from None
    finally:
        await _ended(process)
    if code:
        raise TrainingFailed(f"{_why(code, last)} All that Rasa said is in {folder / 'train.log'}.")


async def _lines(process: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """What the process says, without colours; a progress bar's states are lines of their own."""
    stream, begun = process.stdout, ""
    while stream is not None and (piece := await stream.read(65_536)):
        *whole, begun = _BREAK.split(begun + piece.decode("utf-8", "replace"))
        begun = begun[-_LONGEST_LINE:]
        for line in whole:
            if line.strip():
                yield _COLOURS.sub("", line)[:_LONGEST_LINE].rstrip()
    if begun.strip():
        yield _COLOURS.sub("", begun).rstrip()


async def _ended(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _why(code: int, last: Sequence[str]) -> str:
    if code < 0 or code == 137:
        number = -code if code < 0 else 9
        want = ": most often for want of memory" if number == signal.SIGKILL else ""
        return f"Rasa was killed (signal {number}){want}."
    wrong = next((found[0] for line in reversed(last) if (found := _WRONG.search(line))), "")
    said = wrong or next((line for line in reversed(last) if line.strip()), "it said nothing")
    return f"Rasa ended with {code}: {said[:400].strip().rstrip('.')}."


class _Progress:
    """How far Rasa is, by what it says: the pipeline's components, which it trains in an order of its own, and their
    epochs."""

    def __init__(self, steps: Sequence[tuple[str, int]], tell: Tell) -> None:
        self._left = list(steps)
        self._tell = tell
        self._whole = sum(weight for _, weight in steps) or 1
        self._done = 0
        self._now = ("", 0)
        tell("Rasa starts", 0.0)

    def heard(self, line: str) -> bool:
        """Whether the line told the progress and nothing else."""
        if found := _BEGINS.search(line):
            begun = next((step for step in self._left if step[0] == found[1]), None)
            if begun is not None:
                self._left.remove(begun)
                self._done += self._now[1]
                self._now = begun
            self._show(0.0)
        elif found := _EPOCHS.match(line):
            self._show(int(found[1]) / 100)
            return True
        return False

    def _show(self, share: float) -> None:
        name, weight = self._now
        self._tell(f"Rasa trains {name}".strip(), min(0.99, (self._done + share * weight) / self._whole))
