"""Rasa's half of `benchmarks.nlu`: its DIET, trained on the same training data, asked the same texts.

The pipeline is the one that `rasa init` of 3.6 makes for a new project
(https://github.com/RasaHQ/rasa/blob/3.6.x/rasa/cli/initial_project/config.yml, the part that it suggests), or a
config.yml that is given. Rasa trains and serves in processes of its own; the server is asked one text after the
other through the platform's understander, so what is measured is what the platform would wait for.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ruamel.yaml import YAML

from estafeta.app.faults.servers import free_port
from estafeta.clock import SystemClock
from nlu.rasa import RasaUnderstander
from nlu.rasa_config import RasaConfig
from nlu.rasa_project import project
from nlu.rasa_server import RasaError

USUAL: dict[str, Any] = {
    "recipe": "default.v1",
    "assistant_id": "benchmark",
    "language": "en",
    "pipeline": [
        {"name": "WhitespaceTokenizer"},
        {"name": "RegexFeaturizer"},
        {"name": "LexicalSyntacticFeaturizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": 100, "random_seed": 42},
        {"name": "EntitySynonymMapper"},
    ],
}
_QUIET = {"RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "2"}
_STARTS_WITHIN = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Of training: `seconds`, `megabytes` at its largest. Of serving: `p50` and `p99` of a text in milliseconds,
    `serving` in megabytes at the end, and the `intents` of the texts."""

    seconds: float
    megabytes: float
    p50: float
    p99: float
    serving: float
    intents: list[str]


def measured(rasa: Path, workspace: Path, folder: Path, config: Path | None, texts: Sequence[str]) -> Measured:
    """`rasa` is its command; it works in `folder`. Raises `RuntimeError` with what Rasa said."""
    made = replace(project(workspace), config=USUAL if config is None else YAML(typ="safe", pure=True).load(config))
    (folder / "data").mkdir(parents=True)
    for name, text in made.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    seconds, megabytes = _trained(rasa, folder)
    with _serving(rasa, folder) as (port, pid):
        intents, times = asyncio.run(_asked(port, texts))
        resident = _resident(pid)
    p50, p99 = np.quantile(times, [0.5, 0.99]) * 1000
    return Measured(
        seconds=seconds, megabytes=megabytes, p50=float(p50), p99=float(p99), serving=resident, intents=intents
    )


def _trained(rasa: Path, folder: Path) -> tuple[float, float]:
    command = [
        str(rasa), "train", "nlu", "--config", "config.yml", "--domain", "domain.yml", "--nlu", "data", "--out",
        "models", "--fixed-model-name", "model",
    ]  # fmt: skip
    began = time.perf_counter()
    with (folder / "train.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, **_QUIET}, stdout=log, stderr=log)
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError((folder / "train.log").read_text(errors="replace")[-2_000:])
    return time.perf_counter() - began, used.ru_maxrss / 1024


@contextlib.contextmanager
def _serving(rasa: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """The server's port and process."""
    port = free_port()
    command = [
        str(rasa), "run", "--enable-api", "--interface", "127.0.0.1", "--port", str(port), "--model",
        "models/model.tar.gz",
    ]  # fmt: skip
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **_QUIET}, stdout=log, stderr=log, start_new_session=True
        )
        try:
            yield port, process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def _asked(port: int, texts: Sequence[str]) -> tuple[list[str], list[float]]:
    understander = RasaUnderstander(RasaConfig(url=f"http://127.0.0.1:{port}"), clock=SystemClock())
    try:
        await _started(understander)
        await understander.understand("a text to warm up with", deadline=60)
        intents, times = [], []
        for text in texts:
            began = time.perf_counter()
            intents.append((await understander.understand(text, deadline=60)).intent)
            times.append(time.perf_counter() - began)
        return intents, times
    finally:
        await understander.close()


async def _started(understander: RasaUnderstander) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            async with understander.server.within(_STARTS_WITHIN):
                await understander.server.status()
            return
        except RasaError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.5)


def _resident(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024
