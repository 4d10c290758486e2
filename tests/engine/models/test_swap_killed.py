"""SIGKILL in the middle of publishing, swapping, trying and rolling back language models, at every point: each message
is answered once, in its order, by one of the models."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.timeout(600)
async def test_a_swap_killed_anywhere_loses_no_message() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-W", "ignore", "-m", "tests.engine.models.swap_runner", cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()[-3000:]
    result = json.loads(out.decode().splitlines()[-1])
    assert result["wrong"] == []
    assert result["kills"] > 100
    assert result["models"] == ["one", "own", "two"]
