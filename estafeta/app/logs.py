"""Structured logs: one JSON object a line, with the conversation's and the signals' ids.

Texts of messages are never passed to a logger. Values of secrets are replaced wherever they turn
up, tracebacks included, as the last thing before a line is written.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable
from typing import IO, Any

import orjson
import structlog
from pydantic import BaseModel, SecretStr

_SHORTEST_SECRET = 6


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
        self._secrets = sorted(
            {secret.encode() for secret in secrets if len(secret) >= _SHORTEST_SECRET}, key=len, reverse=True
        )

    def write(self, line: bytes) -> None:
        for secret in self._secrets:
            if secret in line:
                line = line.replace(secret, b"[secret]")
        self._stream.write(line + b"\n")
        self._stream.flush()


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
                "event": record.getMessage(),
            }
            if record.exc_info:
                line["exception"] = logging.Formatter().formatException(record.exc_info)
            self._lines.write(orjson.dumps(line, default=str))
        except Exception:  # logging's own rule: a handler never raises into the program
            self.handleError(record)


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
            structlog.processors.format_exc_info,
            structlog.processors.TimeStamper(fmt=None, key="at"),
            structlog.processors.JSONRenderer(serializer=_dump),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Logger(lines),
        cache_logger_on_first_use=False,
    )


def _dump(event: dict[str, Any], **_: Any) -> bytes:
    return orjson.dumps(event, default=str)
