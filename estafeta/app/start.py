"""What commands that run the product have in common: settings, workspace, model, a clean stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import os
import secrets as random_secrets
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from estafeta import __version__
from estafeta.app import config, stopping
from estafeta.app.config import Settings
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from flows import loader
from flows.model import Workspace
from nlu import ready
from nlu.embedded import EmbeddedUnderstander
from nlu.entities import EntityFinder
from nlu.modelfile import ModelRefused, read_manifest
from nlu.rasa import RasaUnderstander
from nlu.registry import Registry

_SOURCE = "trained-from"


def writable(folder: Path) -> Path:
    """The folder, made if need be, or `ConfigurationError` with a sentence."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise ConfigurationError(
            f"The folder {folder} can't be written ({error.strerror}): make it writable, or choose another with "
            f"{config.PREFIX}DATA."
        ) from None
    return folder


def load_workspace(path: Path) -> Workspace:
    """The workspace, or `WorkspaceError` that lists its mistakes."""
    if not (path / "bot.yml").is_file():
        raise ConfigurationError(
            f"{path} is no workspace: there is no bot.yml in it. Choose one with {config.PREFIX}WORKSPACE."
        )
    return loader.load(path)


def ensure_model(workspace: Path, models: Path) -> None:
    """Trains in a process of its own when the training data changed since the last training:
    scikit-learn's memory goes back to the system, and a progress bar shows how far it is."""
    if trained_from(workspace, models):
        return
    command = [sys.executable, "-m", "estafeta.app.cli", "train", str(workspace), "--models", str(models)]
    done = subprocess.run(command, check=False)  # noqa: S603
    if done.returncode:
        raise ConfigurationError("Training failed; what is wrong stands above.")


def trained_from(workspace: Path, models: Path) -> bool:
    """Whether the model in service is there, and was trained from what the workspace holds now."""
    try:
        read_manifest(Registry(models).current())
        return (models / _SOURCE).read_text() == _source(workspace)
    except (OSError, ModelRefused):  # never trained here, of an earlier format, or the folder was damaged
        return False


def remember_source(workspace: Path, models: Path) -> None:
    """Notes what the model in service was trained from, for `ensure_model`."""
    (models / _SOURCE).write_text(_source(workspace))


def _source(workspace: Path) -> str:
    """One hash over the training data and the platform's version."""
    digest = hashlib.sha256(__version__.encode())
    for path in sorted((workspace / "nlu").glob("*.y*ml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def load_understander(models: Path) -> EmbeddedUnderstander:
    return EmbeddedUnderstander.load(models)


def rasa_understander(settings: Settings, workspace: Workspace) -> RasaUnderstander:
    """Asks the Rasa server; entities that the platform has ready and the workspace declares are found here."""
    return RasaUnderstander(settings.rasa, clock=SystemClock(), ready_made=ready_finder(workspace))


def ready_finder(workspace: Workspace) -> EntityFinder | None:
    """Finds the ready-made entities that the workspace declares; None where it declares none."""
    names = ready_made(workspace)
    return EntityFinder(regexes={}, phrases={}, synonyms={}, ready_made=names) if names else None


def ready_made(workspace: Workspace) -> list[str]:
    """The ready-made entities that the workspace declares."""
    return [name for name in workspace.training.entities if name in ready.NAMES]


def control_file(data: Path, port: int) -> Path:
    """What the command line proves itself with to the process that listens on `port`."""
    return data / f"control-token-{port}"


def new_control_token(data: Path, port: int) -> str:
    """A fresh token in a file that only its owner can read."""
    token = random_secrets.token_urlsafe(32)
    path = control_file(data, port)
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    return token


def run_until_stopped(main: Callable[[asyncio.Event], Awaitable[None]], *, stop_within: float = 5.0) -> None:
    """Runs `main` with an event that Ctrl-C and SIGTERM set. It ends within `stopping.whole(stop_within)` seconds
    from then, however: if not by itself, then with the process, with exit code 1 and a line in the log."""
    # The store's thread comes back from the disk wanting the interpreter for microseconds; at the
    # default of 5 ms it would wait that long for a busy event loop.
    sys.setswitchinterval(0.0005)

    async def body() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def asked() -> None:
            stop.set()
            watch.begin(loop)

        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, asked)
        await main(stop)
        await loop.shutdown_default_executor()  # its threads would be waited for without the watch

    # What was loaded lives as long as the process: the garbage collector need not look at it again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)  # a message makes hundreds of short-lived values and hardly a cycle
    with stopping.Watch(stopping.whole(stop_within)) as watch:
        _new_loop().run(body())


def _new_loop() -> asyncio.Runner:
    try:
        import uvloop
    except ImportError:  # not to be had on every system; everything works without it
        return asyncio.Runner()
    return asyncio.Runner(loop_factory=uvloop.new_event_loop)
