"""A running Rasa 3.6.21, for `make test-rasa`. Without its environment these tests are skipped, unless RASA_TESTS says
that they are required."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from estafeta.app.faults.servers import free_port
from estafeta.app.rasa_training import RasaTrained, train
from nlu.rasa_config import RasaConfig
from tests.conftest import ROOT
from tests.nlu.conftest import SHOP

RASA = ROOT / ".venv-rasa" / "bin" / "rasa"
TOKEN = "a-token-of-rasas"
_STARTS_WITHIN = 300.0
NO_PIPELINE = "pipeline:\n  - name: DietClasifier\n"
CHEAP = """\
pipeline:
  - name: WhitespaceTokenizer
  - name: KeywordIntentClassifier
"""
"""Trains in no time: for tests that are about training, and not about what is learnt."""
_FAQ = """\
version: "3.1"
nlu:
  - intent: faq/gift_wrapping
    examples: |
      - do you wrap gifts
      - can you wrap it as a gift
      - gift wrapping please
      - упакуете в подарочную бумагу
      - есть подарочная упаковка
  - intent: faq/parking
    examples: |
      - is there a parking near your shop
      - where can i park my car
      - do you have a parking lot
      - где у вас припарковать машину
      - есть ли парковка
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:  # what is trained and started for the first of them takes its time
            item.add_marker(pytest.mark.timeout(1800))


@dataclass
class RunningRasa:
    """A server of its own folder, with no model at first. Of each workspace `trained` has the first training (later
    ones find its model), and `told` what was told meanwhile."""

    port: int
    folder: Path
    trained: dict[Path, RasaTrained] = field(default_factory=dict)
    told: dict[Path, list[tuple[str, float]]] = field(default_factory=dict)

    def config(self, **more: object) -> RasaConfig:
        given = {"url": f"http://127.0.0.1:{self.port}", "token": SecretStr(TOKEN), "command": str(RASA), **more}
        return RasaConfig.model_validate(given)

    def project(self, workspace: Path) -> Path:
        return self.folder / "projects" / workspace.name

    def serve(self, workspace: Path, **more: object) -> None:
        """Has the workspace's model in service; it is trained the first time."""
        told: list[tuple[str, float]] = []
        project = self.project(workspace)
        trained = asyncio.run(train(self.config(**more), workspace, project, lambda *what: told.append(what)))
        self.trained.setdefault(workspace, trained)
        self.told.setdefault(workspace, told)


def ignore(what: str, share: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="session")
def rasa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRasa]:
    if not RASA.is_file():
        told = "Rasa has no environment here: make test-rasa makes it, and runs these tests"
        (pytest.fail if os.environ.get("RASA_TESTS") == "required" else pytest.skip)(told)
    running = RunningRasa(port=free_port(), folder=tmp_path_factory.mktemp("rasa"))
    command = [
        str(RASA), "run", "--enable-api", "--interface", "127.0.0.1", "--port", str(running.port), "--auth-token",
        TOKEN, "--model", "models",
    ]  # fmt: skip
    environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "2"}
    with (running.folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=running.folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait_for(running, process)
            yield running
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(running: RunningRasa, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _STARTS_WITHIN
    while process.poll() is None and time.monotonic() < until:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
        try:
            connection.request("GET", "/version")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
        finally:
            connection.close()
    said = (running.folder / "server.log").read_text(errors="replace")[-2_000:]
    pytest.fail(f"the Rasa server did not start: {said}")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shop's workspace, with retrieval intents."""
    workspace = tmp_path_factory.mktemp("workspaces") / "shop"
    shutil.copytree(SHOP, workspace)
    (workspace / "nlu" / "faq.yml").write_text(_FAQ, encoding="utf-8")
    return workspace


@pytest.fixture
def piped(shop: Path, tmp_path: Path) -> Callable[[str], Path]:
    """The shop's workspace with a pipeline of its own."""

    def made(pipeline: str) -> Path:
        shutil.copytree(shop, tmp_path / "shop")
        (tmp_path / "shop" / "nlu" / "rasa-config.yml").write_text(pipeline)
        return tmp_path / "shop"

    return made
