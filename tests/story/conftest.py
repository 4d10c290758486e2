"""What the stories share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows import loader
from flows.hours_file import HoursFile
from flows.model import Workspace
from tests.conftest import DEMO


@pytest.fixture(scope="session")
def demo_workspace() -> Workspace:
    """The demo, whose people are there day and night: the stories are told by the real clock, at whatever hour."""
    always = {"timezone": "Europe/Moscow", "schedules": {"default": {"daily": ["00:00-24:00"]}}}
    return replace(loader.load(DEMO), hours=HoursFile.model_validate(always))
