"""No token in a log or a traceback: neither those of the settings nor what looks like one."""

from __future__ import annotations

import base64
import io
import json
import logging
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, SecretStr

from estafeta.app import logs
from estafeta.kernel.errors import SendFailed, StoreUnavailable

CONFIGURED = "configured-secret-of-the-webhook"
TELEGRAM = "7123456789:AAHk3x-9Qw_ZyXwVuTsRqPoNmLkJiHgFeDc"
VK = "vk1.a.Zx9-kQ_wErTyUiOpAsDfGhJkLzXcVbNm0123456789"
OLD_VK = "0f" * 42 + "1"
GRAPH = "EAAGm0PX4ZCpsBAKZCqT1ZAbcdefGHIJKL0123456789"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjdXN0b21lci0xIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r"
PLAIN = "Zq7wX2mB9vLk4TnR8sYd"
"""A secret that nothing tells from a word but what stands before it."""

LOOKING_LIKE_ONE = {
    "a bot's token": TELEGRAM,
    "a URL of the Bot API": f"https://api.telegram.org/file/bot{TELEGRAM}/photos/1.jpg",
    "that URL, encoded": f"https%3A%2F%2Fapi.telegram.org%2Fbot{quote(TELEGRAM, safe='')}",
    "a token of VK": VK,
    "an old token of VK": OLD_VK,
    "a token of the Graph API": GRAPH,
    "a signed identity": JWT,
    "a query": f"https://api.vk.ru/method/users.get?access_token={PLAIN}&v=5.199",
    "a query of the file's host": f"https://x.example/a?X-Amz-Credential={PLAIN}&X-Amz-Signature={PLAIN}",
    "the handshake of a webhook": f"hub.mode=subscribe&hub.verify_token={PLAIN}&hub.challenge=1",
    "a setting": f"ESTAFETA_TELEGRAM__TOKEN={PLAIN}",
    "a header": f"Authorization: Bearer {PLAIN}",
    "a basic header": f"authorization: Basic {base64.b64encode(PLAIN.encode()).decode()}",
    "bearer alone": f"sent with Bearer {PLAIN}",
    "an address with a password": f"mongodb://estafeta:{PLAIN}@db.internal:27017/?replicaSet=rs",
    "an address with a password alone": f"redis://:{PLAIN}@cache.internal:6379/0",
    "JSON": json.dumps({"access_token": PLAIN, "expires_in": 0}),
    "the repr of a mapping": repr({"client_secret": PLAIN, "v": "5.199"}),
    "the repr of headers": repr({"Authorization": f"Bearer {PLAIN}"}),
    "the repr of a pair": repr([("Authorization", f"OAuth {PLAIN}")]),
}
SECRETS = (CONFIGURED, TELEGRAM.partition(":")[2], VK, OLD_VK, GRAPH, JWT, PLAIN)


@pytest.fixture
def stream(restored: None) -> Iterator[io.BytesIO]:
    hook = sys.excepthook
    written = io.BytesIO()
    logs.set_up("debug", [CONFIGURED], written)
    yield written
    sys.excepthook = hook


def fail(text: str) -> None:
    raise ConnectionResetError(text)


def raise_chain(text: str) -> None:
    """An exception with a cause that has a context, in a group: each says the text."""
    try:
        try:
            fail(text)
        except ConnectionResetError:
            raise OSError(text)  # noqa: B904 - the first is to be its context
    except OSError as error:
        raise ExceptionGroup(text, [StoreUnavailable(text), SendFailed("x", text, fault="messenger")]) from error


def by_a_message(text: str) -> None:
    structlog.get_logger("x").info(text)
    structlog.get_logger("x").info("before " + text + " after")


def by_values(text: str) -> None:
    structlog.get_logger("x").info("asked", url=text, raw=text.encode(), twice=f"{text} {text}")


def by_nested_values(text: str) -> None:
    structlog.get_logger("x").info("asked", nested={"deep": [{"deeper": (text,)}]}, odd=Exception(text), set={text})
    structlog.get_logger("x").info("asked", json=json.dumps({"inside": json.dumps(text)}))


def by_bound_values(text: str) -> None:
    with structlog.contextvars.bound_contextvars(account=text):
        structlog.get_logger("x").bind(channel=text).warning("bound")


def by_exceptions(text: str) -> None:
    try:
        raise_chain(text)
    except ExceptionGroup:
        structlog.get_logger("x").exception("failed")
        logging.getLogger("lib").exception("failed")


def by_a_library(text: str) -> None:
    logging.getLogger("aiohttp.client").warning("GET %s", text)
    logging.getLogger("lib").error("%r %s", {"url": text}, [text])


def by_a_library_that_logs_wrongly(text: str) -> None:
    root = logging.getLogger()
    # pytest's own handlers would raise what ours has to bear.
    root.handlers[:] = [handler for handler in root.handlers if type(handler).__module__ == logs.__name__]
    logging.getLogger("lib").error("%d of them", text)


WAYS = [
    by_a_message,
    by_values,
    by_nested_values,
    by_bound_values,
    by_exceptions,
    by_a_library,
    by_a_library_that_logs_wrongly,
]


def check(stream: io.BytesIO) -> list[dict[str, Any]]:
    written = stream.getvalue().decode()
    for secret in SECRETS:
        assert secret not in written
    return [json.loads(line) for line in written.splitlines()]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", LOOKING_LIKE_ONE.values(), ids=LOOKING_LIKE_ONE)
def test_what_looks_like_a_token_is_in_no_line(
    text: str, way: Callable[[str], None], stream: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    way(text)
    assert check(stream)
    told = capsys.readouterr()
    assert told.out + told.err == ""  # nor anywhere past the log


@pytest.mark.parametrize("way", WAYS)
def test_a_configured_secret_is_in_no_line(way: Callable[[str], None], stream: io.BytesIO) -> None:
    way(f"https://chat.example.org/webhooks/vk?{CONFIGURED}#x")
    lines = check(stream)
    assert way is by_a_library_that_logs_wrongly or "[secret]" in json.dumps(lines)


def test_what_stands_around_a_secret_stays(stream: io.BytesIO) -> None:
    log = structlog.get_logger("x")
    log.info("a", url=f"https://api.telegram.org/bot{TELEGRAM}/getMe")
    log.info("b", url=f"https://api.vk.ru/method/users.get?access_token={PLAIN}&v=5.199")
    log.info("c", url=f"mongodb://estafeta:{PLAIN}@db.internal:27017/estafeta")
    log.info("d", headers=repr({"Authorization": f"Bearer {PLAIN}", "Accept": "*/*"}))
    assert [line.get("url", line.get("headers")) for line in check(stream)] == [
        "https://api.telegram.org/bot7123456789:[secret]/getMe",
        "https://api.vk.ru/method/users.get?access_token=[secret]&v=5.199",
        "mongodb://[secret]@db.internal:27017/estafeta",
        "{'Authorization': 'Bearer [secret]', 'Accept': '*/*'}",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "conversation c0123456789abcdef0123 turned at 12:30:45",
        "telegram:123456789:-1001234567890 is the address",
        "ESTAFETA_TELEGRAM__TOKEN: Field required",
        "Telegram refuses the bot's token: get a new one from @BotFather",
        "the bearer of this note, authorization pending, basic rules",
        "a" * 64 + " is a file",
        "http://127.0.0.1:8080/webhooks/telegram/shop answers 200",
        "https://chat.example.org:8443/a?b=c@d",
        "write https://user@host and mail me@example.org",
    ],
)
def test_what_is_no_secret_stays(text: str, stream: io.BytesIO) -> None:
    structlog.get_logger("x").info("told", about=text)
    assert [line["about"] for line in check(stream)] == [text]


@given(st.text(), st.sampled_from([*LOOKING_LIKE_ONE.values(), CONFIGURED]), st.text())
def test_whatever_stands_around_it_the_line_stays_json(before: str, text: str, after: str) -> None:
    redacted = logs.redacting([CONFIGURED])
    line = {"event": f"{before} {text} {after}", before: {"x": [text, after]}, "other": before}
    for dumped in (json.dumps(line), json.dumps(line, ensure_ascii=False)):
        cleaned = redacted(dumped.encode("utf-8", "surrogatepass"))
        assert isinstance(json.loads(cleaned.decode("utf-8", "surrogatepass")), dict)
        assert not any(secret.encode() in cleaned for secret in SECRETS)
        assert redacted(cleaned) == cleaned


@given(st.text(min_size=6, max_size=40), st.sampled_from([str, repr, lambda text: quote(text, safe=""), json.dumps]))
def test_a_configured_secret_may_be_any_words(secret: str, written: Callable[[str], str]) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    line = json.dumps({"event": written(secret)}, ensure_ascii=False).encode()
    kept = json.loads(logs.redacting([secret])(line))["event"].replace("[secret]", "")
    assert kept in ("", "''", '""', "=")


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "://" + ":" * 100_000,
        '"' + "a." * 100_000,
        "1" * 100_000 + ":",
        "bearer " * 30_000,
        "eyJ" + "a" * 100_000 + ".",
        "eyJ" * 40_000,
        "vk1.a." * 30_000,
        "token" * 40_000,
        "token=" * 30_000,
        "authorization" + " " * 100_000,
    ],
    ids=lambda text: text[:8],
)
def test_a_long_line_takes_no_long_time(text: str) -> None:
    began = time.process_time()
    logs.redacting([])(json.dumps({"event": text}).encode())
    assert time.process_time() - began < 1


def test_secrets_are_found_in_lists_and_mappings_of_settings() -> None:
    class Account(BaseModel):
        token: SecretStr
        name: str = "no secret"

    class Tree(BaseModel):
        one: Account
        many: tuple[Account, ...]
        named: dict[str, Account]
        bare: list[SecretStr]
        nothing: Account | None = None
        number: int = 1

    def account(token: str) -> Account:
        return Account(token=SecretStr(token))

    tree = Tree(one=account("1"), many=(account("2"), account("3")), named={"x": account("4")}, bare=[SecretStr("5")])
    assert sorted(logs.secrets_of(tree)) == ["1", "2", "3", "4", "5"]


DYING = f"""
import sys
from estafeta.app import logs
from estafeta.kernel.errors import StoreUnavailable

logs.set_up("info", ["{CONFIGURED}"])
try:
    raise ConnectionError("https://api.telegram.org/bot{TELEGRAM}/getMe")
except ConnectionError as error:
    raise StoreUnavailable("told {CONFIGURED}") from error
"""


def test_a_process_that_dies_tells_no_secret_either() -> None:
    died = subprocess.run([sys.executable, "-c", DYING], capture_output=True, text=True, check=False)
    assert died.returncode == 1
    (line,) = [json.loads(line) for line in died.stderr.splitlines()]
    assert line["event"] == "ended by an exception"
    assert "StoreUnavailable: told [secret]" in line["exception"]
    assert "bot7123456789:[secret]/getMe" in line["exception"]
    assert not any(secret in died.stderr for secret in SECRETS)
