from __future__ import annotations

from pathlib import Path

import pytest

from nlu.data import TrainingData, read_workspace
from nlu.train import Trained, train

SHOP = Path(__file__).parent / "data" / "shop"


def ignore(what: str, share: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="session")
def shop() -> TrainingData:
    return read_workspace(SHOP)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the shop's model in service; not to be written to."""
    folder = tmp_path_factory.mktemp("models")
    train(SHOP, folder, ignore)
    return folder


@pytest.fixture
def trained(tmp_path: Path) -> Trained:
    """A model that a test may spoil; its registry is `tmp_path / "models"`."""
    return train(SHOP, tmp_path / "models", ignore)
