"""What the stories share."""

from __future__ import annotations

import pytest

from flows import loader
from flows.model import Workspace
from tests.conftest import demo_at_any_hour


@pytest.fixture(scope="session")
def demo_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The stories are told by the real clock, at whatever hour."""
    return loader.load(demo_at_any_hour(tmp_path_factory.mktemp("stories") / "demo"))
