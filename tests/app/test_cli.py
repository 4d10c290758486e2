"""The command line: help, exit codes, sentences instead of tracebacks, JSON for programs; and the Makefile's."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from estafeta import __version__
from estafeta.app import config, run, start
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.faults.servers import free_port
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from flows.schema import schemas
from nlu.train import Trained
from tests.conftest import DEMO, ROOT

SMALL = ROOT / "tests" / "engine" / "workspace"


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but a data folder, and no `.env` where it runs."""
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return shutil.copytree(SMALL, tmp_path / "workspace")


def estafeta(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def process(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """The real command, ended within half a minute."""
    return subprocess.run(
        [sys.executable, "-m", "estafeta.app.cli", *arguments], env={**os.environ, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def one_sentence(result: subprocess.CompletedProcess[str]) -> str:
    """What it said when it ended with 1, which must be a line and no more."""
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stderr.count("\n") == 1
    return result.stderr.strip()


@pytest.mark.parametrize("command", list(commands(main)), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(command: tuple[str, ...], option: str) -> None:
    result = estafeta(*command, option)
    assert result.exit_code == 0
    assert result.stdout.startswith("Usage: ")
    assert len(result.stdout.splitlines()) > 3


def test_the_version_is_told() -> None:
    assert estafeta("--version").stdout == f"estafeta, version {__version__}\n"


@pytest.mark.parametrize(
    "wrong",
    [
        ("nonsense",), ("check", "--nonsense"), ("models", "nonsense"), ("schemas",), ("check", "a", "b"), (),
        ("train", "--engine", "rasa", "--no-encoders"), ("train", "--engine", "rasa", "--encoders"),
    ],
)  # fmt: skip
def test_wrong_use_ends_with_2(wrong: tuple[str, ...]) -> None:
    assert estafeta(*wrong).exit_code == 2


def test_a_sound_workspace_is_checked_with_0() -> None:
    result = estafeta("check", str(DEMO))
    assert (result.exit_code, result.stdout) == (0, f"{DEMO}: no findings\n")


def test_mistakes_are_told_by_place_and_end_with_1(workspace: Path) -> None:
    (workspace / "flows" / "wrong.yml").write_text("flow: wrong\nstart: {command: wrong}\nsteps:\n  - sya: hello\n")
    result = estafeta("check", str(workspace))
    assert result.exit_code == 1
    first, *_, last = result.stdout.splitlines()
    assert first.startswith("flows/wrong.yml:")
    assert any(":4:5: error: " in line and "say" in line for line in result.stdout.splitlines())
    assert "1 error, " in last


def test_findings_as_json(workspace: Path) -> None:
    assert json.loads(estafeta("check", str(workspace), "--json").stdout) == []
    (workspace / "flows" / "wrong.yml").write_text("flow: wrong\nstart: {command: wrong}\nsteps:\n  - sya: hello\n")
    result = estafeta("check", str(workspace), "--json")
    assert result.exit_code == 1
    (finding, *_) = json.loads(result.stdout)
    assert {"file": "flows/wrong.yml", "line": 4, "column": 5, "severity": "error"}.items() <= finding.items()


@pytest.mark.parametrize("command", ["check", "train", "evaluate"])
def test_a_folder_that_is_no_workspace_is_told(command: str, tmp_path: Path) -> None:
    for folder in (tmp_path / "nowhere", tmp_path):
        result = estafeta(command, str(folder))
        assert result.exit_code == 1
        assert result.exception is None or isinstance(result.exception, SystemExit)
        assert "Traceback" not in result.output


@pytest.mark.parametrize("command", ["run", "chat"])
def test_without_a_workspace_it_does_not_start(command: str, tmp_path: Path) -> None:
    sentence = one_sentence(process(command, ESTAFETA_WORKSPACE=str(tmp_path)))
    assert sentence == f"{tmp_path} is no workspace: there is no bot.yml in it. Choose one with ESTAFETA_WORKSPACE."


@pytest.mark.parametrize("command", ["run", "demo", "chat"])
def test_a_data_folder_that_cannot_be_written_is_told(command: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    data = tmp_path / "file" / "data"
    sentence = one_sentence(process(command, ESTAFETA_WORKSPACE=str(DEMO), ESTAFETA_DATA=str(data)))
    assert sentence.startswith(f"The folder {data} can't be written (Not a directory)")


@pytest.mark.parametrize(("command", "which"), [("run", 0), ("demo", 0), ("demo", 1)])
def test_a_taken_port_is_told(command: str, which: int) -> None:
    port = free_port(2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + which))
        taken.listen()
        sentence = one_sentence(process(command, ESTAFETA_WORKSPACE=str(DEMO), ESTAFETA_PORT=str(port)))
    assert sentence.startswith(f"Port {port + which} on 127.0.0.1 is taken by another program")


def test_the_stand_in_messengers_port_is_looked_at_too(tmp_path: Path, demo_models: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(demo_models, data / "models")
    start.remember_source(DEMO, data / "models")
    port = free_port(3)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 2))
        taken.listen()
        sentence = one_sentence(process("demo", "--telegram", ESTAFETA_PORT=str(port)))
    assert sentence.startswith(f"Port {port + 2} on 127.0.0.1 is taken")


def test_a_database_that_cannot_be_opened_is_told(tmp_path: Path, workspace: Path) -> None:
    data = tmp_path / "data"
    (data / "estafeta.db").mkdir(parents=True)
    assert process("train", str(workspace), "--models", str(data / "models")).returncode == 0
    port = free_port()
    result = process("run", ESTAFETA_WORKSPACE=str(workspace), ESTAFETA_PORT=str(port))
    assert str(data / "estafeta.db") in one_sentence(result)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("ESTAFETA_PROT", "1", "ESTAFETA_PROT is not a setting; did you mean ESTAFETA_PORT?"),
        ("ESTAFETA_PORT", "x", "ESTAFETA_PORT: "),
        ("ESTAFETA_TELEGRAM__TOKEN", "not-a-token-but-secret", "ESTAFETA_TELEGRAM__TOKEN: "),
    ],
)
def test_a_wrong_setting_is_told(name: str, value: str, told: str) -> None:
    sentence = one_sentence(process("run", **{name: value}))
    assert sentence.startswith(told)
    assert "but-secret" not in sentence


def test_a_wrong_line_of_the_env_file_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ESTAFETA_PROT=1\n")
    assert one_sentence(process("run")) == "ESTAFETA_PROT is not a setting; did you mean ESTAFETA_PORT?"


@pytest.mark.parametrize("foreign", [False, True])
def test_what_several_tasks_ended_with_is_told_in_sentences(foreign: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """But a mistake of ours among them is not hidden behind a sentence."""

    def fail(settings: Settings, roles: tuple[str, ...]) -> None:
        inner = ExceptionGroup("listening", [StoreUnavailable("The disk is full.")])
        more = [KeyError("a mistake of ours")] if foreign else []
        raise ExceptionGroup("running", [ConfigurationError("The token is refused."), inner, *more])

    monkeypatch.setattr(run, "run_platform", fail)
    result = estafeta("run")
    assert result.exit_code == 1
    assert isinstance(result.exception, ExceptionGroup) is foreign
    assert result.stderr == ("" if foreign else "The token is refused.\nThe disk is full.\n")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO])
@pytest.mark.parametrize("several", [False, True])
def test_what_a_file_system_refuses_is_told_in_a_sentence(
    code: int, several: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which file, what is with it, and what to do."""
    file = tmp_path / "x"

    def fail(settings: Settings, roles: tuple[str, ...]) -> None:
        error = OSError(code, os.strerror(code), str(file))
        raise ExceptionGroup("running", [error]) if several else error

    monkeypatch.setattr(run, "run_platform", fail)
    result = estafeta("run")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}: {os.strerror(code)}. ")
    assert result.stderr.count("\n") == 1
    assert len(result.stderr.split(". ")[1]) > 20


def test_another_mistake_of_the_system_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(settings: Settings, roles: tuple[str, ...]) -> None:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory", "x")

    monkeypatch.setattr(run, "run_platform", fail)
    assert isinstance(estafeta("run").exception, FileNotFoundError)


def test_a_training_without_room_is_told_and_leaves_nothing_half_written(tmp_path: Path, workspace: Path) -> None:
    models = tmp_path / "models"
    done = subprocess.run(
        ["sh", "-c", 'ulimit -f 1; exec "$@"', "sh", sys.executable, "-B", "-m", "estafeta.app.cli", "train",
         str(workspace), "--models", str(models)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = f"{models}: {os.strerror(errno.EFBIG)}. Have the limit for files raised (ulimit -f)"
    assert told in done.stderr
    assert not [path for path in models.rglob("*") if path.is_file()]


def test_settings_are_listed_with_what_they_mean() -> None:
    out = estafeta("settings").stdout
    for variable, field in config.names():
        assert f"{variable}\n    {field.description}" in out
    assert estafeta("settings", "--example").stdout == config.example()


def test_models_are_trained_listed_and_rolled_back(tmp_path: Path, workspace: Path) -> None:
    assert "no models" in estafeta("models", "list").stdout
    assert estafeta("models", "rollback").exit_code == 1
    first = json.loads(estafeta("train", str(workspace), "--json").stdout)["model_id"]
    examples = workspace / "nlu" / "nlu.yml"
    examples.write_text(examples.read_text().replace("- lost it", "- lost it\n      - it got lost"))
    second = json.loads(estafeta("train", str(workspace), "--json").stdout)["model_id"]
    assert _in_service() == second
    assert estafeta("models", "rollback").exit_code == 0
    assert _in_service() == first
    assert estafeta("models", "rollback", second).exit_code == 0
    assert _in_service() == second
    unknown = estafeta("models", "rollback", "000000000000")
    assert (unknown.exit_code, "There is no model 000000000000" in unknown.output) == (1, True)


def test_what_was_trained_without_encoders_is_trained_so_again(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand, and by a process that finds the training data changed at its start; until told otherwise."""
    wanted: list[Sequence[str] | None] = []

    def train(workspace: Path, models: Path, tell: object, *, encoders: Sequence[str] | None = None) -> Trained:
        wanted.append(encoders)
        return Trained(
            model_id="0" * 12, path=models, seconds=0.1, intents=2, examples=9, accuracy_out_of_fold=1.0, ece=0.0
        )

    def child(command: Sequence[str], *, check: bool) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, estafeta(*command[3:]).exit_code)

    monkeypatch.setattr("nlu.train.train", train)
    monkeypatch.setattr("subprocess.run", child)
    estafeta("train", str(workspace))
    estafeta("train", str(workspace), "--no-encoders")
    told = estafeta("train", str(workspace)).stdout
    assert told.endswith(
        "Without encoders, as the last time; estafeta train --encoders takes those that are installed.\n"
    )
    start.ensure_model(workspace, tmp_path / "data" / "models")
    assert wanted == [None, (), (), ()]
    assert "as the last time" not in estafeta("train", str(workspace), "--encoders").stdout
    estafeta("train", str(workspace))
    assert wanted[4:] == [None, None]


def _in_service() -> str:
    rows = json.loads(estafeta("models", "list", "--json").stdout)
    assert len(rows) == 2
    (current,) = [row["id"] for row in rows if row["current"]]
    return str(current)


@pytest.mark.parametrize(
    ("when", "skill", "code", "told"),
    [
        ("2026-11-20T12:00", "", 0, "open"),
        ("2026-11-20T23:00", "", 0, "closed"),
        ("2026-11-20T12:00+03:00", "delivery", 0, "delivery"),
        ("yesterday", "", 1, "yesterday is no time; write one like 2026-12-31T19:00"),
        ("2026-11-20T12:00", "plumbing", 1, "plumbing is no skill of this workspace; it has general, delivery"),
    ],
)
def test_hours_are_explained(when: str, skill: str, code: int, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(SMALL))
    result = estafeta("hours", "explain", when, "--skill", skill)
    assert result.exit_code == code
    assert told in result.output


def test_schemas_are_written(tmp_path: Path) -> None:
    assert estafeta("schemas", str(tmp_path / "schemas")).exit_code == 0
    written = {path.name: json.loads(path.read_text()) for path in (tmp_path / "schemas").iterdir()}
    assert written == {f"{name}.schema.json": schema for name, schema in schemas().items()}


def test_a_login_link_needs_a_running_platform() -> None:
    result = estafeta("login-link")
    assert result.exit_code == 1
    assert "start the platform first" in result.output


@pytest.mark.parametrize(("python", "told"), [("python", "Python 3.10.12. "), ("nowhere/python", "not there. ")])
def test_make_says_which_python_is_needed(tmp_path: Path, python: str, told: str) -> None:
    """A python that pretends to be an old one: its version check fails, and it tells its version."""
    fake = tmp_path / "python"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.10.12" && exit 0\nexit 1\n')
    fake.chmod(0o755)
    project = tmp_path / "project"
    shutil.copytree(ROOT / "requirements", project / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, project / name)
    chosen = tmp_path / python
    result = subprocess.run(
        ["make", "install", f"PYTHON={chosen}"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
    )
    assert result.returncode == 2
    assert result.stdout.startswith(f"Estafeta needs Python 3.11 or newer; {chosen} is ")
    assert f"{told}Choose another: make PYTHON=python3.12" in result.stdout
    assert not (project / ".venv").exists()
