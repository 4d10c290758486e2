"""Training by a really running Rasa: by its command, and by its server; and what it says when it does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from estafeta.app.rasa_training import TrainingFailed, train
from estafeta.clock import SystemClock
from estafeta.kernel.errors import UnderstandingFailed
from nlu.rasa import RasaUnderstander
from nlu.rasa_project import project as made_of
from nlu.rasa_server import RasaError, RasaServer
from tests.rasa.conftest import CHEAP, NO_PIPELINE, TOKEN, RunningRasa, ignore


async def test_the_server_trains_by_itself(rasa: RunningRasa, piped: Callable[[str], Path], tmp_path: Path) -> None:
    project = tmp_path / "project"
    trained = await train(rasa.config(trained_by="server"), piped(CHEAP), project, ignore)
    assert (rasa.folder / "models" / f"{trained.model}.tar.gz").is_file()
    assert not project.exists()
    understander = RasaUnderstander(rasa.config(), clock=SystemClock())
    found = await understander.understand("где мой заказ", deadline=60)
    assert (found.intent, found.model) == ("order_status", trained.model)
    await understander.close()


async def test_a_pipeline_that_is_none_is_told_in_words(
    rasa: RunningRasa, piped: Callable[[str], Path], tmp_path: Path
) -> None:
    workspace, project = piped(NO_PIPELINE), tmp_path / "project"
    with pytest.raises(TrainingFailed, match="DietClasifier") as failed:
        await train(rasa.config(), workspace, project, ignore)
    assert str(project / "train.log") in str(failed.value)
    with pytest.raises(RasaError, match="DietClasifier"):
        await train(rasa.config(trained_by="server"), workspace, project, ignore)


async def test_a_training_that_takes_too_long_is_ended(rasa: RunningRasa, shop: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match=r"within 0\.5 seconds"):
        await train(rasa.config(train_within=0.5), shop, tmp_path, ignore)


async def test_a_server_that_does_not_see_the_model_is_told(
    rasa: RunningRasa, piped: Callable[[str], Path], tmp_path: Path
) -> None:
    workspace, project = piped(CHEAP), tmp_path / "project"
    there = project / "models" / f"20260112-090000-{made_of(workspace).digest[:8]}.tar.gz"
    there.parent.mkdir(parents=True)
    there.touch()
    with pytest.raises(RasaError, match="ESTAFETA_RASA__MODELS"):
        await train(rasa.config(models="/nowhere"), workspace, project, ignore)


async def test_a_wrong_token_is_told(rasa: RunningRasa) -> None:
    server = RasaServer(rasa.config(token=SecretStr("wrong")))
    with pytest.raises(RasaError, match="ESTAFETA_RASA__TOKEN"):
        await server.status()
    await server.close()


async def test_a_server_without_a_model_is_told(rasa: RunningRasa) -> None:
    async with (
        aiohttp.ClientSession() as session,
        session.delete(f"{rasa.config().url}/model", params={"token": TOKEN}) as answer,
    ):
        assert answer.status == 204
    understander = RasaUnderstander(rasa.config(), clock=SystemClock())
    with pytest.raises(UnderstandingFailed, match="has no model"):
        await understander.understand("где мой заказ", deadline=60)
    await understander.close()
