"""`estafeta chat`: the bot in a terminal, in both languages, to the end of the input."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import signal
import sys
from pathlib import Path

import pytest

from estafeta.app import start
from tests.conftest import DEMO, ROOT
from tests.flows.flows_page import EXAMPLES, FIRST

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def environment(tmp_path: Path, demo_models: Path, shop_url: str) -> dict[str, str]:
    shutil.copytree(demo_models, tmp_path / "models")
    start.remember_source(DEMO, tmp_path / "models")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")}
    return plain | {"ESTAFETA_DATA": str(tmp_path), "ESTAFETA_VAR_SHOP_URL": shop_url, "ESTAFETA_WORKSPACE": str(DEMO)}


async def begun(environment: dict[str, str], *options: str, stdin: int = asyncio.subprocess.PIPE,
                stdout: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:  # fmt: skip
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "estafeta.app.cli", "chat", *options, cwd=ROOT, env=environment, stdin=stdin,
        stdout=stdout, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def chat(environment: dict[str, str], text: str | bytes, *options: str) -> tuple[int, str, str]:
    process = await begun(environment, *options)
    out, err = await process.communicate(text if isinstance(text, bytes) else text.encode())
    return process.returncode or 0, out.decode(), err.decode()


async def test_it_answers_in_russian_and_english_and_ends_with_the_input(environment: dict[str, str]) -> None:
    code, out, err = await chat(environment, "Где мой заказ?\n100234\n\nWhich payment methods do you accept?\nпока")
    assert (code, err) == (0, "")
    greeting, asked, told, pay = (
        out.index(words) for words in ("Я бот", "Подскажите номер заказа", "Заказ 100234", "You can pay")
    )
    assert greeting < asked < told < pay
    assert "[1] Позвать человека" in out


async def test_a_number_presses_its_button(environment: dict[str, str]) -> None:
    code, out, _ = await chat(environment, "1\n")
    assert code == 0
    assert "Зову коллегу" in out or "ответят" in out
    assert "[people are called: user_request, general" in out


async def test_a_number_that_is_no_button_is_words(environment: dict[str, str]) -> None:
    code, out, _ = await chat(environment, "где мой заказ\n100234\n")
    assert code == 0
    assert "Заказ 100234" in out


async def test_it_begins_in_the_language_asked_for(environment: dict[str, str]) -> None:
    code, out, _ = await chat(environment, "", "--language", "en")
    assert code == 0
    assert "Hello! This is Polka" in out
    assert "[1] Call a person" in out


async def test_a_language_the_workspace_has_not_is_refused(environment: dict[str, str]) -> None:
    code, out, err = await chat(environment, "", "--language", "fr")
    assert (code, out) == (1, "")
    assert err == "fr is no language of this workspace; it has ru, en.\n"


async def test_why_shows_what_was_understood(environment: dict[str, str]) -> None:
    code, out, _ = await chat(environment, "Где мой заказ?\nГде заказ 100234?\n", "--why")
    assert code == 0
    assert "bot | order_status " in out
    assert "; order_number=100234 | no dialog" in out


async def test_a_workspace_with_nothing_to_learn_answers_commands_and_questions(
    environment: dict[str, str], tmp_path: Path
) -> None:
    shutil.copytree(FIRST, tmp_path / "shop", ignore=shutil.ignore_patterns("receipt.yml"))
    (tmp_path / "shop" / "flows").mkdir()
    shutil.copy(EXAMPLES / "flows" / "receipt.yml", tmp_path / "shop" / "flows")
    environment["ESTAFETA_WORKSPACE"] = str(tmp_path / "shop")
    code, out, err = await chat(environment, "слон\n/receipt\nномер 100234\n")
    assert code == 0
    assert "no model is trained" in err
    understood, asked, found = (out.index(words) for words in ("Не понял", "Для какого заказа", "Нашёл: заказ на"))
    assert understood < asked < found


async def test_bytes_that_are_no_text_are_survived(environment: dict[str, str]) -> None:
    code, out, err = await chat(environment, b"\xff\xfe\n\xd0\nhow can I pay?\n")
    assert (code, err) == (0, "")
    assert "You can pay" in out


async def test_ctrl_c_at_the_prompt_ends_it_at_once(environment: dict[str, str]) -> None:
    ours, theirs = pty.openpty()
    process = await begun(environment, stdin=theirs, stdout=asyncio.subprocess.PIPE)
    os.close(theirs)
    assert process.stdout is not None
    async with asyncio.timeout(60):
        shown = b""
        while b"> " not in shown:
            shown += await process.stdout.read(1000)
        process.send_signal(signal.SIGINT)
        _, err = await process.communicate()
    os.close(ours)
    assert (process.returncode, err) == (0, b"")
