"""`estafeta faults` as a command: it says why it cannot run, and ends at once when it is told to."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from estafeta.app.cli import main

ESTAFETA = [sys.executable, "-c", "from estafeta.app.cli import main; main()", "faults"]


@pytest.mark.parametrize(("there", "missing"), [((), "mongod"), (("mongod",), "redis-server")])
def test_a_missing_server_is_told_in_a_sentence(
    there: tuple[str, ...], missing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in there:
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    result = CliRunner().invoke(main, ["faults", "--short"])
    assert result.exit_code == 2
    assert result.output.startswith(f"There is no {missing} here: install")
    assert "Traceback" not in result.output


@pytest.mark.slow
def test_ctrl_c_ends_everything_that_was_started(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    environment = {**os.environ, "ESTAFETA_DATA": str(tmp_path / "data")}
    with subprocess.Popen(
        [*ESTAFETA, "--short", "--seed", "1", "--keep", str(kept)],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as kit:  # fmt: skip
        assert kit.stdout is not None
        for line in kit.stdout:
            if "ready" in line:
                break
        kit.send_signal(signal.SIGINT)
        told = kit.stdout.read()
        assert kit.wait(30) == 130, told
    assert "Traceback" not in told
    assert "Stopped." in told
    assert str(kept) in told
    deadline = time.monotonic() + 20
    while _of(kept) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _of(kept) == []


def _of(folder: Path) -> list[str]:
    """Command lines of processes that name the folder, and of forks that write their logs there."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            log = str((process / "fd" / "1").readlink())
            if log.startswith(str(folder)):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found
