"""`python -m estafeta.fakes.vk` and `… .whatsapp` run, keep their world, stop and complain in sentences."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tests.conftest import ROOT

PROGRAMS = pytest.mark.parametrize(
    ("name", "customer"), [("vk", "Ольга"), ("whatsapp", "Мария")], ids=["vk", "whatsapp"]
)


async def started(name: str, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"estafeta.fakes.{name}", "--port", "0", *arguments, cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def customers(process: asyncio.subprocess.Process) -> list[str]:
    """Their names, as the page shows them; then the program is stopped."""
    assert process.stdout is not None
    url = re.sub(r"^Page: +|/\n$", "", (await process.stdout.readline()).decode())
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{url}/fake/api/person", json={"name": "Пётр"}) as response:
            assert response.status == 200
        async with session.get(f"{url}/fake/api/view") as response:
            seen = await response.json()
    process.send_signal(signal.SIGINT)
    _, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    return [one["name"] for one in seen["customers"]]


@PROGRAMS
async def test_it_serves_its_page_stops_and_goes_on(tmp_path: Path, name: str, customer: str) -> None:
    state = str(tmp_path / "chats.json")
    for _ in range(2):
        assert await customers(await started(name, "--state", state)) == [customer, "Пётр"]


@PROGRAMS
async def test_a_file_that_is_no_saved_state_is_refused_in_a_sentence(tmp_path: Path, name: str, customer: str) -> None:
    state = tmp_path / "chats.json"
    state.write_text(json.dumps({"name": customer}), encoding="utf-8")
    process = await started(name, "--state", str(state))
    _, err = await process.communicate()
    assert process.returncode == 1
    assert b"is not a saved state of this stand-in" in err
    assert b"Traceback" not in err
