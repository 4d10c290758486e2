"""`python -m estafeta.fakes.telegram` runs, stops and complains in sentences."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from pathlib import Path

import aiohttp

from estafeta.fakes.telegram import FakeTelegram

ROOT = Path(__file__).parents[2]


async def started(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "estafeta.fakes.telegram",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_prints_its_addresses_serves_and_stops(tmp_path: Path) -> None:
    process = await started("--port", "0", "--token", "5:secret-of-five", "--state", str(tmp_path / "chats.json"))
    assert process.stdout is not None
    url = re.sub(r"^Page: +|/\n$", "", (await process.stdout.readline()).decode())
    async with aiohttp.ClientSession() as session, session.get(f"{url}/bot5:secret-of-five/getMe") as response:
        assert (await response.json())["result"]["id"] == 5
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()
    assert (process.returncode, err) == (0, b"")
    assert b"secret" not in out
    assert (tmp_path / "chats.json").exists()


async def test_a_taken_port_and_a_bad_token_are_one_sentence(fake: FakeTelegram) -> None:
    taken = await started("--port", str(fake.port))
    _, err = await taken.communicate()
    assert taken.returncode == 1
    assert b"address already in use" in err
    assert b"Traceback" not in err
    wrong = await started("--token", "secret")
    _, err = await wrong.communicate()
    assert wrong.returncode == 2
    assert b"A token is a number, a colon and a secret" in err
