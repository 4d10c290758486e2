from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from estafeta.app import logs


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """The logging of the test run comes back afterwards: commands set up their own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def logged(restored: None) -> io.BytesIO:
    """All that is logged. It knows of no secrets: what is not passed on need not be taken out."""
    stream = io.BytesIO()
    logs.set_up("debug", [], stream)
    return stream
