"""What the stories share."""

from __future__ import annotations

import shutil

import pytest

from flows import loader
from flows.model import Workspace
from tests.conftest import DEMO

ALWAYS = 'timezone: Europe/Moscow\nschedules: {default: {daily: ["00:00-24:00"]}}\n'


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The demo, whose people are there day and night: the stories are told by the real clock, at whatever hour."""
    folder = shutil.copytree(DEMO, tmp_path_factory.mktemp("stories") / "demo")
    (folder / "hours.yml").write_text(ALWAYS, encoding="utf-8")
    return loader.load(folder)
