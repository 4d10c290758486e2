"""The models and engines that commands of the trainer are given by name: one in the folder of models or in the store,
the one in service, the latest trained, a folder, a Rasa server."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from estafeta.app.config import Settings
from estafeta.app.publishing import stored
from estafeta.app.report import opened
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import Understander
from estafeta.models import Models
from estafeta.publications import Standing
from nlu.entities import EntityFinder
from nlu.modelfile import MANIFEST, ModelRefused
from nlu.registry import Registry

_RASA_SECONDS = 10.0
CURRENT, LATEST, RASA = "current", "latest", "rasa"
NAMES = "current, latest, the name of a model, a model's folder, rasa or rasa:URL"
"""What may be written for a model or an engine."""


@dataclass(frozen=True, slots=True)
class Engine:
    """`name` is what reports call it by: a model's id, or where a server is."""

    name: str
    understander: Understander


@contextlib.asynccontextmanager
async def named(
    settings: Settings, word: str, models: Path, ready_made: EntityFinder | None = None
) -> AsyncIterator[Engine]:
    """What the word (one of `NAMES`) means; `models` is the folder of models; `ready_made`
    finds what the platform has ready beside a Rasa server. Raises an `EstafetaError` with a sentence."""
    if word == RASA or word.startswith(f"{RASA}:"):
        async with _rasa(settings, word.removeprefix(RASA).removeprefix(":"), ready_made) as engine:
            yield engine
        return
    with tempfile.TemporaryDirectory(prefix="estafeta-model-") as made:
        folder = await _folder(settings, word, models, Path(made))
        yield await asyncio.to_thread(_embedded, folder)


@contextlib.asynccontextmanager
async def _rasa(settings: Settings, url: str, ready_made: EntityFinder | None) -> AsyncIterator[Engine]:
    from nlu.rasa import RasaUnderstander
    from nlu.rasa_config import RasaConfig

    try:
        config = RasaConfig.model_validate({**settings.rasa.model_dump(), "url": url}) if url else settings.rasa
    except ValidationError:
        raise ConfigurationError(
            f"{RASA}:{url} names no Rasa server: write its address behind {RASA}:, as in {RASA}:http://127.0.0.1:5005."
        ) from None
    understander = RasaUnderstander(config, clock=SystemClock(), ready_made=ready_made)
    try:
        async with understander.server.within(_RASA_SECONDS):
            status = await understander.server.status()
        yield Engine(f"rasa {status.model}".strip(), understander)
    finally:
        await understander.close()


def _embedded(folder: Path) -> Engine:
    from nlu.embedded import EmbeddedUnderstander

    understander = EmbeddedUnderstander.load(folder)
    return Engine(understander.model.id, understander)


async def _folder(settings: Settings, word: str, models: Path, made: Path) -> Path:
    if word == LATEST:
        return Registry(models).current()  # what was trained last, be it for the second time
    if word == CURRENT:
        standing = await in_service(settings)
        if not standing.release:
            return Registry(models).current()
        word = standing.release
    elif (Path(word) / MANIFEST).is_file():
        return Path(word)
    with contextlib.suppress(ModelRefused):
        folder = Registry(models).path(word)
        if (folder / MANIFEST).is_file():
            return folder
    return await _fetched(settings, word, models, made)


async def _fetched(settings: Settings, word: str, models: Path, made: Path) -> Path:
    if stored(settings):
        async with opened(settings) as store:
            published = Models(store, SystemClock())
            found = [kept.model for kept in await published.kept() if kept.model.startswith(word)] if word else []
            if len(found) == 1:
                try:
                    await published.fetch(found[0], made)
                except OSError as error:
                    raise ConfigurationError(
                        f"{found[0]} cannot be laid into {made}: {error.strerror}. Is there room left?"
                    ) from None
                return made
    raise ConfigurationError(
        f"There is no model “{word}” in {models} or in the store: `estafeta models list` and `estafeta nlu history` "
        f"name them. It may be {NAMES}."
    )


def folder_of(model: str, word: str, models: Path) -> Path:
    """Where the model lies on this machine that the word named. Raises `ConfigurationError` when it is in the store
    alone."""
    for folder in (Path(word), Registry(models).path(model)):
        if (folder / MANIFEST).is_file():
            return folder.resolve()
    raise ConfigurationError(
        f"{model} lies in the store alone, so it was in service before: `estafeta nlu rollback {model}` puts it there "
        "again."
    )


async def in_service(settings: Settings) -> Standing:
    """What the store says about language models; nothing is published where there is no store yet. Raises
    `StoreUnavailable` and `NotPublished`."""
    if not stored(settings):
        return Standing()
    async with opened(settings) as store:
        return await Models(store, SystemClock()).standing()


async def serving(settings: Settings, models: Path, new: str) -> str:
    """The name of the model that serves now, for comparing `new` with it; "" for none. While nothing is published it
    is the folder's, or where that is the new one itself, the one before it."""
    standing = await in_service(settings)
    if standing.release:
        return standing.release
    before = [name for name in Registry(models).earlier() if name != new]
    return before[0] if before else ""
