"""What comes before the start: folders, the workspace, the model, the token of the command line."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from estafeta.app import start
from estafeta.kernel.errors import ConfigurationError, EstafetaError
from nlu.registry import Registry
from tests.conftest import ROOT

SMALL = ROOT / "tests" / "engine" / "workspace"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A copy of a small workspace, to be changed."""
    folder = tmp_path / "workspace"
    for path in SMALL.rglob("*.yml"):
        made = folder / path.relative_to(SMALL)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(path.read_text())
    return folder


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of trainings; each is run all the same."""
    ran: list[list[str]] = []
    really = start.subprocess.run  # type: ignore[attr-defined]

    def run(command: list[str], *, check: bool) -> object:
        ran.append(command)
        return really(command, check=check, capture_output=True)

    monkeypatch.setattr(start.subprocess, "run", run)  # type: ignore[attr-defined]
    monkeypatch.setenv("ESTAFETA_DATA", "unused")
    return ran


def test_a_model_is_trained_again_only_when_its_data_changed(
    workspace: Path, tmp_path: Path, trainings: list[list[str]]
) -> None:
    models = tmp_path / "models"
    examples = workspace / "nlu" / "nlu.yml"

    def change(what: Callable[[], object], *, trains: bool) -> None:
        before = len(trainings)
        what()
        start.ensure_model(workspace, models)
        assert (len(trainings) > before) is trains

    change(lambda: None, trains=True)
    first = Registry(models).current()
    change(lambda: None, trains=False)
    change(examples.touch, trains=False)
    change(lambda: (workspace / "bot.yml").write_text((workspace / "bot.yml").read_text() + "# more\n"), trains=False)
    more = examples.read_text().replace("- payment please", "- payment please\n      - how much is it to pay")
    change(lambda: examples.write_text(more), trains=True)
    assert Registry(models).current() != first
    start.load_understander(models)


def test_a_file_in_the_other_spelling_counts_too(workspace: Path, tmp_path: Path, trainings: list[list[str]]) -> None:
    models = tmp_path / "models"
    start.ensure_model(workspace, models)
    (workspace / "nlu" / "more.yaml").write_text(
        'version: "3.1"\nnlu:\n  - intent: payment\n    examples: |\n      - a bill please\n'
    )
    start.ensure_model(workspace, models)
    assert len(trainings) == 2


def test_a_model_that_was_removed_is_trained_again(workspace: Path, tmp_path: Path, trainings: list[list[str]]) -> None:
    models = tmp_path / "models"
    start.ensure_model(workspace, models)
    for path in Registry(models).current().iterdir():
        path.unlink()
    Registry(models).current().rmdir()
    start.ensure_model(workspace, models)
    assert len(trainings) == 2
    start.load_understander(models)


def test_a_model_of_an_earlier_format_is_trained_again(
    workspace: Path, tmp_path: Path, trainings: list[list[str]]
) -> None:
    models = tmp_path / "models"
    start.ensure_model(workspace, models)
    manifest = Registry(models).current() / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"format": ', '"format": 9'))
    start.ensure_model(workspace, models)
    assert len(trainings) == 2
    start.load_understander(models)


def test_a_rolled_back_model_stays_in_service(workspace: Path, tmp_path: Path, trainings: list[list[str]]) -> None:
    models = tmp_path / "models"
    start.ensure_model(workspace, models)
    examples = workspace / "nlu" / "nlu.yml"
    examples.write_text(examples.read_text().replace("- lost it", "- lost it\n      - it got lost"))
    start.ensure_model(workspace, models)
    earlier = Registry(models).roll_back()
    start.ensure_model(workspace, models)
    assert Registry(models).current().name == earlier
    assert len(trainings) == 2


def test_a_training_that_fails_is_told_and_tried_again(
    workspace: Path, tmp_path: Path, trainings: list[list[str]]
) -> None:
    examples = workspace / "nlu" / "nlu.yml"
    whole = examples.read_text()
    examples.write_text(whole.replace("intent: lost", "intent: "))
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="Training failed"):
            start.ensure_model(workspace, tmp_path / "models")
    examples.write_text(whole)
    start.ensure_model(workspace, tmp_path / "models")
    assert len(trainings) == 3


def test_a_data_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert start.writable(folder) == folder
    assert list(folder.iterdir()) == []


def test_a_data_folder_that_cannot_be_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as raised:
        start.writable(tmp_path / "file" / "data")
    assert str(raised.value) == (
        f"The folder {tmp_path / 'file' / 'data'} can't be written (Not a directory): make it writable, or choose "
        "another with ESTAFETA_DATA."
    )


def test_a_folder_without_a_bot_is_no_workspace(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConfigurationError, match=r"there is no bot\.yml in it"):
            start.load_workspace(folder)


def test_a_workspace_with_mistakes_does_not_start(workspace: Path) -> None:
    (workspace / "flows" / "wrong.yml").write_text("flow: wrong\nsteps:\n  - sya: hello\n")
    with pytest.raises(EstafetaError, match="say"):
        start.load_workspace(workspace)


def test_the_token_is_the_owners_alone_and_new_each_time(tmp_path: Path) -> None:
    path = start.control_file(tmp_path, 8080)
    path.write_text("left over and readable")
    path.chmod(0o644)
    earlier = os.umask(0)
    try:
        first = start.new_control_token(tmp_path, 8080)
    finally:
        os.umask(earlier)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == first
    assert len(first) >= 43  # 256 bits
    assert start.new_control_token(tmp_path, 8080) != first


def test_the_token_does_not_follow_a_link_to_another_file(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("mine")
    (start.control_file(tmp_path, 8080)).symlink_to(other)
    start.new_control_token(tmp_path, 8080)
    assert other.read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_end_it_politely(number: signal.Signals) -> None:
    finished = []

    async def main(stop: asyncio.Event) -> None:
        asyncio.get_running_loop().call_soon(os.kill, os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 10)
        finished.append(number)

    start.run_until_stopped(main)
    assert finished == [number]
