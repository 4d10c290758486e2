"""What many tests share: the demo workspace, its trained model, its shop, a Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from aiohttp.test_utils import TestServer
from hypothesis import settings

from estafeta.fakes import shop
from flows import loader
from flows.model import Workspace
from nlu.embedded import EmbeddedUnderstander
from nlu.train import train
from tests.chromium import path as find_chromium

# How long an example takes says how busy the machine is, and nothing about the code. The examples are the same in
# every run, so that a test fails for what was changed; HYPOTHESIS=explore looks for new ones.
settings.register_profile("estafeta", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, max_examples=5_000)
settings.load_profile("explore" if os.environ.get("HYPOTHESIS") == "explore" else "estafeta")

# A traceback drawn with the values of all variables takes seconds on a busy machine.
structlog.dev.ConsoleRenderer.get_active().exception_formatter = structlog.dev.plain_traceback

ROOT = Path(__file__).resolve().parents[1]
DEMO = ROOT / "demo"


def demo_at_any_hour(folder: Path) -> Path:
    """A copy of the demo in the new `folder`, whose people are there day and night: for tests by the real clock."""
    shutil.copytree(DEMO, folder)
    hours = 'timezone: Europe/Moscow\nschedules: {default: {daily: ["00:00-24:00"]}}\n'
    (folder / "hours.yml").write_text(hours, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def demo_workspace() -> Workspace:
    return loader.load(DEMO)


@pytest.fixture(scope="session")
def demo_models(pytestconfig: pytest.Config) -> Path:
    """The folder with the demo's model; trained once for as long as the training data stay the same."""
    assert pytestconfig.cache is not None
    models = pytestconfig.cache.mkdir("models")
    train(DEMO, models, lambda what, share: None)
    return models


@pytest.fixture
def demo_understander(demo_models: Path) -> EmbeddedUnderstander:
    return EmbeddedUnderstander.load(demo_models)


@pytest.fixture
async def shop_url() -> AsyncIterator[str]:
    """The demo shop, really serving on loopback."""
    server = TestServer(shop.make_app("http://127.0.0.1:1", DEMO / "shop"))
    await server.start_server()
    yield str(server.make_url("")).rstrip("/")
    await server.close()


@pytest.fixture(scope="session")
def chromium() -> str:
    return find_chromium()
