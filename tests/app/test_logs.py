"""Logs: one JSON object a line, without secrets and without what people wrote."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from estafeta.app import logs
from estafeta.app.config import Settings
from estafeta.kernel.errors import StoreUnavailable

TOKEN = "123456789:AAE-a-token-nobody-may-read"
ODD = 'pa"ss\\wörd/+&'
WORDS = "Мой адрес: Тверская, 1"


@pytest.fixture
def stream(restored: None) -> io.BytesIO:
    written = io.BytesIO()
    logs.set_up("debug", [TOKEN, ODD, "abc"], written)
    return written


def lines(stream: io.BytesIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def log_failure(error: Exception) -> None:
    """By our logger, then by a library's."""
    try:
        raise error
    except type(error):
        structlog.get_logger("x").exception("failed")
        logging.getLogger("lib").exception("failed")


def test_a_line_is_one_json_object(stream: io.BytesIO) -> None:
    structlog.get_logger("x").info("turn", conversation="c1", text="two\nlines")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["conversation"]) == ("turn", "info", "c1")
    assert line["at"] > 1_600_000_000


def test_records_of_libraries_have_the_same_form(stream: io.BytesIO) -> None:
    logging.getLogger("aiohttp.server").error("%s broke", "something")
    logging.getLogger("aiohttp.server").info("not of interest")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["logger"]) == ("something broke", "error", "aiohttp.server")


def test_levels_below_the_chosen_one_are_left_out(restored: None) -> None:
    written = io.BytesIO()
    logs.set_up("warning", [], written)
    structlog.get_logger("x").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [line["event"] for line in lines(written)] == ["loud"]


@pytest.mark.parametrize("secret", [TOKEN, ODD])
@pytest.mark.parametrize(
    "shape", ["{0}", "https://api.example/bot{0}/getMe", "{0!r}", "{{'token': {0!r}}}", "x{0}y{0}"]
)
def test_a_secret_is_taken_out_wherever_it_stands(secret: str, shape: str, stream: io.BytesIO) -> None:
    text = shape.format(secret)
    structlog.get_logger("x").info("asked", url=text, nested={"deep": [text]}, odd=text.encode())
    logging.getLogger("lib").warning("%s", text)
    log_failure(StoreUnavailable(text))
    written = stream.getvalue().decode()
    assert len(lines(stream)) == 4
    assert "[secret]" in written
    assert TOKEN not in written
    assert "ss\\\\w" not in written


def test_a_secret_in_a_url_is_taken_out(stream: io.BytesIO) -> None:
    structlog.get_logger("x").info("asked", url=f"https://x.example/?key={quote(ODD)}&also={quote(ODD, safe='')}")
    assert lines(stream)[0]["url"] == "https://x.example/?key=[secret]&also=[secret]"


def test_the_secrets_of_settings_are_all_of_them() -> None:
    telegram = TelegramConfig(token=SecretStr(TOKEN), secret=SecretStr("webhook-secret"))
    settings = Settings().model_copy(update={"telegram": telegram})
    assert sorted(logs.secrets_of(settings)) == sorted([TOKEN, "webhook-secret"])


def test_an_exceptions_own_words_are_left_out_since_they_may_quote_a_customer(stream: io.BytesIO) -> None:
    def fail() -> None:
        try:
            int(WORDS)
        except ValueError as error:
            raise LookupError(WORDS) from error

    for log in (structlog.get_logger("x"), logging.getLogger("lib")):
        try:
            fail()
        except LookupError:
            log.exception("failed")
    for line in lines(stream):
        assert "builtins.LookupError\n" in line["exception"]
        assert "builtins.ValueError\n" in line["exception"]
        assert "in fail" in line["exception"]
    assert WORDS not in stream.getvalue().decode()


def test_words_about_the_program_are_kept(stream: io.BytesIO) -> None:
    for error in (StoreUnavailable("The disk is full."), ConnectionRefusedError(111, "refused"), AttributeError("x")):
        log_failure(error)
    told = [line["exception"] for line in lines(stream)[::2]]
    assert "StoreUnavailable: The disk is full." in told[0]
    assert "ConnectionRefusedError: [Errno 111] refused" in told[1]
    assert "AttributeError: x" in told[2]


def test_every_member_of_a_group_is_told(stream: io.BytesIO) -> None:
    log_failure(ExceptionGroup("two", [ValueError(WORDS), StoreUnavailable("The disk is full.")]))
    for line in lines(stream):
        assert "builtins.ValueError" in line["exception"]
        assert "The disk is full." in line["exception"]
        assert WORDS not in line["exception"]


async def test_a_task_that_nobody_waited_for_does_not_tell_its_words(stream: io.BytesIO) -> None:
    asyncio.get_running_loop().call_exception_handler(
        {"message": "Task exception was never retrieved", "exception": ValueError(WORDS), "future": repr(WORDS)}
    )
    (line,) = lines(stream)
    assert line["event"] == "Task exception was never retrieved"
    assert WORDS not in stream.getvalue().decode()
