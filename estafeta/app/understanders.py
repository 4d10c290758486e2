"""The understander of a workspace: of the engine that is chosen, or of nothing where nothing is taught yet."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from estafeta.app import start
from estafeta.app.config import Settings
from estafeta.app.flow_around import finder
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import REGION, Understander
from flows.model import Workspace
from nlu.normalise import read

_FEWEST_INTENTS = 2
"""So many are needed to tell one from another."""
NOTHING_LEARNED = (
    "nlu/ teaches fewer than two intents, so no model is trained: commands, buttons and answers to questions work, "
    "other words start nothing."
)


class EntitiesAlone:
    """Knows the entities of the training data, and no intent."""

    def __init__(self, workspace: Workspace) -> None:
        self._finder = finder(workspace)

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = REGION
    ) -> Understanding:
        return Understanding(intent="", confidence=0.0, entities=self._finder.find(read(text), at, region))


def learns(workspace: Workspace) -> bool:
    """Whether a model can be trained."""
    return len(workspace.training.intents) >= _FEWEST_INTENTS


def chosen(settings: Settings, workspace: Workspace, models: Path) -> Understander:
    """That of the engine that is chosen. The embedded one is trained anew when the training data changed; where there
    is nothing to learn from, that is said on standard error. Whether the Rasa server is there shows when it is asked.
    Raises `ConfigurationError` when training fails."""
    if settings.nlu.engine == "rasa":
        return start.rasa_understander(settings, workspace)
    if not learns(workspace):
        click.secho(NOTHING_LEARNED, fg="yellow", err=True)
        return EntitiesAlone(workspace)
    start.ensure_model(workspace.path, models)
    return start.load_understander(models)
