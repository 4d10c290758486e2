"""Structured logs: one JSON object a line, with the conversation's and the signals' ids.

Texts of messages are never passed to a logger. An exception's own words may quote what it choked on,
and that may be a customer's message; so only words known to be about the program are written, and of
any other exception its class and where it came from. Values of secrets are replaced wherever they
turn up, tracebacks included, as the last thing before a line is written.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import traceback
from collections.abc import Iterable, Iterator
from typing import IO, Any
from urllib.parse import quote

import orjson
import structlog
from pydantic import BaseModel, SecretStr

from estafeta.kernel.errors import EstafetaError

_SHORTEST_SECRET = 6
_LONGEST_CHAIN = 20
_ABOUT_THE_PROGRAM = (EstafetaError, OSError, ImportError, AttributeError, NameError, TypeError, sqlite3.Error)
"""Exceptions whose words name types, files, addresses and settings, not what somebody wrote."""


def secrets_of(settings: BaseModel) -> list[str]:
    """The values of all secrets in a settings tree."""
    found: list[str] = []
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if isinstance(value, SecretStr):
            found.append(value.get_secret_value())
        elif isinstance(value, BaseModel):
            found += secrets_of(value)
    return found


class _Lines:
    """Writes rendered lines, with secrets taken out, to one stream."""

    def __init__(self, stream: IO[bytes], secrets: Iterable[str]) -> None:
        self._stream = stream
        forms = {form for secret in secrets if len(secret) >= _SHORTEST_SECRET for form in _forms(secret)}
        self._secrets = sorted(forms, key=len, reverse=True)

    def write(self, line: bytes) -> None:
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, b"[secret]")
        self._stream.write(line + b"\n")
        self._stream.flush()


def _forms(secret: str) -> Iterator[bytes]:
    """How a secret may stand in a line: as it is, in a `repr`, in a URL; a line is JSON."""
    for written in (secret, repr(secret)[1:-1], quote(secret), quote(secret, safe="")):
        yield orjson.dumps(written)[1:-1]


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
        except Exception:  # logging's own rule: a handler never raises into the program
            self.handleError(record)


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


def _dump(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
