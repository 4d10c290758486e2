"""Structured logs: one JSON object a line, with the conversation's and the signals' ids.

Texts of messages are never passed to a logger. An exception's own words may quote what it choked on,
and that may be a customer's message; so only words known to be about the program are written, and of
any other exception its class and where it came from. Values of secrets, and what looks like one, are
replaced wherever they turn up, tracebacks included, as the last thing before a line is written.
"""

from __future__ import annotations

import contextlib
import html
import json
import logging
import re
import sqlite3
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import IO, Any
from urllib.parse import quote, quote_plus

import orjson
import structlog
from pydantic import BaseModel, SecretStr

from estafeta.kernel.errors import EstafetaError

_SHORTEST_SECRET = 6
_LONGEST_CHAIN = 20
_ABOUT_THE_PROGRAM = (EstafetaError, OSError, ImportError, AttributeError, NameError, TypeError, sqlite3.Error)
"""Exceptions whose words name types, files, addresses and settings, not what somebody wrote."""


_REPLACED = b"[secret]"
_NAMES = (
    rb"(?:access|refresh|verify|security|user|group|bot|page|id)?_?token|(?:client|app|webhook)?_?secret"
    rb"|password|passwd|api_?key|x-amz-(?:signature|credential|security-token)|signature"
)
_NAMED = (b"token", b"secret", b"passw", b"key", b"x-amz", b"signature")
# What tokens look like, for those that no setting holds: of another account, found in an answer, typed by mistake.
# A line is JSON already, so a value ends at the latest at a quotation mark or a backslash, and JSON it stays.
# One of the words before a pattern (none: anything) is in every line that has something for it; there is a line for
# every turn of every conversation, and most have none.
_LOOKS = tuple(
    (words, re.compile(pattern), replacement)
    for words, pattern, replacement in (
        # Bots of Telegram, but for the bot's number: https://core.telegram.org/bots/api#authorizing-your-bot
        ((), rb":(?<=[0-9]{6}:)[A-Za-z0-9_-]{30,}", b":" + _REPLACED),
        ((), rb"%3[Aa](?<=[0-9]{6}%3[Aa])[A-Za-z0-9_-]{30,}", b"%3A" + _REPLACED),
        # VK, the new form and the old
        ((), rb"vk[0-9]\.a\.[A-Za-z0-9_.-]{16,}", _REPLACED),
        ((), rb"[0-9a-f]{85}", _REPLACED),
        # Meta's Graph API
        ((), rb"EAA(?<![A-Za-z0-9]EAA)[A-Za-z0-9]{24,}", _REPLACED),
        # Signed identities: https://www.rfc-editor.org/rfc/rfc7519#section-3.1
        ((), rb"eyJ(?<![A-Za-z0-9_-]eyJ)[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}", _REPLACED),
        # A user and a password in an address
        ((), rb"://[^\s/@\"\\?#:]{0,200}:[^\s/@\"\\?#]{1,500}(?=@)", b"://" + _REPLACED),
        # Headers, written or in the `repr` of a mapping or a pair
        (
            (b"authorization",),
            rb"(?i)(authorization(?:\s*[:=]\s*|[\"'\\]+\s*[:,=]\s*[\"'\\]+)(?:(?:bearer|basic|oauth|token)\s+)?+)"
            rb"(?!\[secret\])[^\s\"'\\,;(){}<>]+",
            rb"\1" + _REPLACED,
        ),
        (
            (b"bearer",),
            rb"(?i)(\bbearer(?:\s|%20|\+)+)(?!\[secret\])[A-Za-z0-9._~+/=-]{16,}",
            rb"\1" + _REPLACED,
        ),
        # name=value, as in queries and settings; then "name": "value"
        (
            _NAMED,
            rb"(?i)((?<![A-Za-z0-9])(?:" + _NAMES + rb")(?:=|%3D))(?!\[secret\])[^\s&\"'\\,;(){}<>\[\]]+",
            rb"\1" + _REPLACED,
        ),
        (
            _NAMED,
            rb"(?i)([\"'](?:[a-z0-9_.-]{0,40}[_.-])?(?:" + _NAMES + rb")[\\]*[\"']\s*:\s*[\\]*[\"'])"
            rb"(?!\[secret\])[^\"'\\]+",
            rb"\1" + _REPLACED,
        ),
    )
)


def secrets_of(settings: object) -> list[str]:
    """The values of all secrets in a settings tree, in lists and mappings too."""
    if isinstance(settings, SecretStr):
        return [settings.get_secret_value()]
    if isinstance(settings, BaseModel):
        settings = [getattr(settings, name) for name in type(settings).model_fields]
    elif isinstance(settings, Mapping):
        settings = list(settings.values())
    elif not isinstance(settings, list | tuple | set | frozenset):
        return []
    return [secret for value in settings for secret in secrets_of(value)]


def redacting(secrets: Iterable[str]) -> Callable[[bytes], bytes]:
    """What replaces the secrets in a rendered line of JSON, in each form that they may stand there in, and whatever
    looks like a token. Secrets of fewer than six characters are left: half of all words would go with them."""
    forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
    known = sorted(forms, key=len, reverse=True)

    def redacted(line: bytes) -> bytes:
        for secret in known:
            if secret in line:
                line = line.replace(secret, _REPLACED)
        lower = line.lower()
        for words, pattern, replacement in _LOOKS:
            if not words or any(word in lower for word in words):
                line = pattern.sub(replacement, line)
        return line

    return redacted


def _forms(secret: str) -> Iterator[bytes]:
    """How a secret may stand in a line: as it is, in a `repr`, in a URL, in JSON, in a page; a line is JSON."""
    escaped = (orjson.dumps(secret).decode()[1:-1], json.dumps(secret)[1:-1], html.escape(secret))
    for written in (secret, repr(secret)[1:-1], quote(secret), quote(secret, safe=""), quote_plus(secret), *escaped):
        yield orjson.dumps(written)[1:-1]


class _Lines:
    """Writes rendered lines, with secrets taken out, to one stream."""

    def __init__(self, stream: IO[bytes], secrets: Iterable[str]) -> None:
        self._stream = stream
        self._redacted = redacting(secrets)

    def write(self, line: bytes) -> None:
        self._stream.write(self._redacted(line) + b"\n")
        self._stream.flush()


def _told(error: BaseException | None) -> Iterator[str]:
    """An exception, and what it came from, in lines."""
    for _ in range(_LONGEST_CHAIN):
        if error is None:
            return
        yield from traceback.format_tb(error.__traceback__)
        words = f": {error}" if isinstance(error, _ABOUT_THE_PROGRAM) else ""
        yield f"{type(error).__module__}.{type(error).__qualname__}{words}\n"
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield "one of them:\n"
                yield from _told(one)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        if error is not None:
            yield "it came after:\n"


class _Logger:
    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def msg(self, line: bytes) -> None:
        self._lines.write(line)

    debug = info = warning = error = critical = exception = msg


class _Records(logging.Handler):
    """Log records of libraries, in the same form."""

    def __init__(self, lines: _Lines) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line: dict[str, Any] = {
                "at": record.created,
                "level": record.levelname.lower(),
                "logger": record.name,
                "event": _message(record),
            }
            if record.exc_info:
                line["exception"] = "".join(_told(record.exc_info[1]))
            self._lines.write(orjson.dumps(line, default=str))
        except Exception as error:  # logging's own rule: a handler never raises into the program
            self._tell(record, error)

    def _tell(self, record: logging.LogRecord, error: Exception) -> None:
        """In place of `handleError`, which writes the record's arguments as they are."""
        event = {
            "level": "error",
            "logger": record.name,
            "event": "a record could not be written",
            "exception": "".join(_told(error)),
        }
        with contextlib.suppress(OSError, ValueError):  # the stream itself is closed or full
            self._lines.write(orjson.dumps(event))


def _message(record: logging.LogRecord) -> str:
    """asyncio's first line says what happened; the others are the `repr` of tasks and of what they raised."""
    message = record.getMessage()
    return message.partition("\n")[0] if record.name == "asyncio" else message


def set_up(level: str, secrets: Iterable[str], stream: IO[bytes] | None = None) -> None:
    """Sends all logs of the process to `stream` (standard error by default)."""
    number = getattr(logging, level.upper())
    lines = _Lines(stream if stream is not None else sys.stderr.buffer, secrets)
    root = logging.getLogger()
    root.handlers[:] = [_Records(lines)]
    root.setLevel(max(number, logging.WARNING))
    sys.excepthook = _last_words(lines)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.ExceptionRenderer(lambda info: "".join(_told(info[1]))),
            structlog.processors.TimeStamper(fmt=None, key="at"),
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Logger(lines),
        cache_logger_on_first_use=False,
    )


def _last_words(lines: _Lines) -> Callable[[type[BaseException], BaseException, TracebackType | None], None]:
    """How the process tells what it ended of: not by Python's own traceback, which knows of no secrets."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        event = {"level": "critical", "event": "ended by an exception", "exception": "".join(_told(error))}
        lines.write(orjson.dumps(event))

    return tell


def _dump(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
