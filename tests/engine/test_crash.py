"""SIGKILL at every point where a dialog is written, then a new start: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(600)
async def test_a_dialog_killed_at_every_commit_point_ends_with_the_same_transcript() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "tests.engine.crash_runner", cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    result = json.loads(out.decode().splitlines()[-1])
    assert result["differences"] == []
    assert result["kills"] > 60
    assert result["reference"]["sent"][-1] == "By card or cash"
