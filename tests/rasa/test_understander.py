"""The understander of a Rasa server, asking a running Rasa: the contract, and what only Rasa does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest

from estafeta.app.rasa_training import train
from estafeta.clock import SystemClock
from nlu.rasa import RasaUnderstander
from nlu.rasa_server import RasaServer
from tests.contracts.understander_contract import UnderstanderContract
from tests.nlu.test_embedded import TestEmbedded as Embedded
from tests.rasa.conftest import RunningRasa, ignore


@pytest.fixture(scope="module")
def serving(rasa: RunningRasa, shop: Path) -> RunningRasa:
    rasa.serve(shop)
    return rasa


@pytest.fixture
async def rasa_understander(serving: RunningRasa) -> AsyncIterator[RasaUnderstander]:
    made = RasaUnderstander(serving.config(), clock=SystemClock())
    yield made
    await made.close()


class TestRasa(UnderstanderContract):
    KNOWN: ClassVar = Embedded.KNOWN
    ENTITY = Embedded.ENTITY
    DEADLINE = 60.0  # so that a busy machine fails nothing: what is slow is measured, not tested

    @pytest.fixture
    def understander(self, rasa_understander: RasaUnderstander) -> RasaUnderstander:
        return rasa_understander


async def test_the_model_was_trained_once_and_handed_over(serving: RunningRasa, shop: Path) -> None:
    first, told = serving.trained[shop], serving.told[shop]
    assert first.fresh
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert {"Rasa trains DIETClassifier", "Rasa trains ResponseSelector"} <= {what for what, _ in told}
    assert sum(0 < share < 0.99 for share in shares) > 10, "epochs are told too"
    again = await train(serving.config(command="not-to-be-run"), shop, serving.project(shop), ignore)
    assert (again.model, again.fresh) == (first.model, False)
    server = RasaServer(serving.config())
    assert await server.in_service() == first.model
    assert (await server.version()).startswith("3.6.")
    await server.close()


async def test_the_answer_names_the_model(
    rasa_understander: RasaUnderstander, serving: RunningRasa, shop: Path
) -> None:
    found = await rasa_understander.understand("где мой заказ", deadline=60)
    assert found.model == serving.trained[shop].model


@pytest.mark.parametrize(
    ("text", "intent"),
    [("do you have gift wrapping", "faq/gift_wrapping"), ("есть у вас парковка для машины", "faq/parking")],
)
async def test_retrieval_intents_have_their_whole_names(
    rasa_understander: RasaUnderstander, text: str, intent: str
) -> None:
    found = await rasa_understander.understand(text, deadline=60)
    assert found.intent == intent
    assert "faq" not in [each.name for each in found.ranking]


async def test_a_customer_does_not_reach_commands(rasa_understander: RasaUnderstander) -> None:
    """Rasa takes the text /human for the intent, and is certain of it."""
    found = await rasa_understander.understand('/human{"city": "Омск"}', deadline=60)
    assert found.entities == ()
    assert len(found.ranking) > 1


async def test_what_a_synonym_stands_for(rasa_understander: RasaUnderstander) -> None:
    text = "цена доставки в Нижний Новгород"
    found = await rasa_understander.understand(text, deadline=60)
    assert [(e.name, e.value) for e in found.entities if e.name == "city"] == [("city", "Нижний Новгород")]
