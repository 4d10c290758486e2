from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import ClassVar

import pytest

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from nlu import embedded
from nlu.embedded import EmbeddedUnderstander
from tests.contracts.understander_contract import HOSTILE, UnderstanderContract


@pytest.fixture(scope="module")
def loaded(models: Path) -> EmbeddedUnderstander:
    return EmbeddedUnderstander.load(models)


class TestEmbedded(UnderstanderContract):
    KNOWN: ClassVar = {
        "подскажите пожалуйста где сейчас мой заказ": "order_status",
        "Здравствуйте!": "greet",
        "позовите живого оператора": "human",
        "сколько будет стоить доставка": "delivery_cost",
        "could you connect me to a human": "human",
        "can i pay with a card": "payment_methods",
        "where is my parcel": "order_status",
    }
    ENTITY = ("что с заказом №10452", "order_number")

    @pytest.fixture
    def understander(self, loaded: EmbeddedUnderstander) -> EmbeddedUnderstander:
        return EmbeddedUnderstander(loaded.model)


@pytest.mark.parametrize("text", ["фывапролд йцукен", "qwkjh zxmnv", "x", "глокая куздра штеко будланула бокра"])
async def test_rubbish_gets_low_confidence(loaded: EmbeddedUnderstander, text: str) -> None:
    assert (await loaded.understand(text, deadline=1)).confidence < 0.45


async def test_a_known_text_gets_high_confidence(loaded: EmbeddedUnderstander) -> None:
    assert (await loaded.understand("где мой заказ", deadline=1)).confidence > 0.6


async def test_scripts_never_seen_mean_nothing(loaded: EmbeddedUnderstander) -> None:
    assert (await loaded.understand("我的订单在哪里", deadline=1)).intent == ""


async def test_the_answer_names_the_model(loaded: EmbeddedUnderstander) -> None:
    assert (await loaded.understand("привет", deadline=1)).model == loaded.model.id


async def test_memory_of_answers_is_bounded(loaded: EmbeddedUnderstander, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "REMEMBERED", 10)
    understander = EmbeddedUnderstander(loaded.model)
    for number in range(30):
        await understander.understand(f"где заказ {chr(ord('а') + number)}", deadline=1)
    assert len(understander._remembered) == 10


async def test_a_remembered_text_keeps_its_own_entities(loaded: EmbeddedUnderstander) -> None:
    first = await loaded.understand("что с заказом 10452", deadline=1)
    second = await loaded.understand("что с заказом 77777", deadline=1)
    assert first.intent == second.intent
    assert [e.value for e in first.entities] == ["10452"]
    assert [e.value for e in second.entities] == ["77777"]


async def test_a_broken_model_is_a_failure_that_says_why(
    loaded: EmbeddedUnderstander, monkeypatch: pytest.MonkeyPatch
) -> None:
    understander = EmbeddedUnderstander(loaded.model)

    def broken(texts: list[list[str]]) -> list[object]:
        raise MemoryError

    monkeypatch.setattr(understander, "classify", broken)
    with pytest.raises(UnderstandingFailed) as failure:
        await understander.understand("где мой заказ", deadline=1)
    assert isinstance(failure.value.__cause__, MemoryError)


async def test_a_text_that_many_ask_about_at_once_is_read_once(
    loaded: EmbeddedUnderstander, monkeypatch: pytest.MonkeyPatch
) -> None:
    understander = EmbeddedUnderstander(loaded.model)
    read_texts: list[list[str]] = []

    def counting(texts: list[list[str]]) -> list[Understanding]:
        read_texts.extend(texts)
        return loaded.classify(texts)

    monkeypatch.setattr(understander, "classify", counting)
    calls = [asyncio.create_task(understander.understand("где мой заказ", deadline=9)) for _ in range(20)]
    await asyncio.sleep(0)
    calls[0].cancel()
    assert len({(await call).intent for call in calls[1:]}) == 1
    assert len(read_texts) == 1


async def test_what_was_typed_on_other_keys_is_understood(loaded: EmbeddedUnderstander) -> None:
    for text in ("ult vjq pfrfp", "gde moy zakaz", "где мой закзаз", "где мой закааааз 🙈"):
        assert (await loaded.understand(text, deadline=9)).intent == "order_status", text


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_text_holds_nobody_up(loaded: EmbeddedUnderstander, name: str) -> None:
    """The longest silence of the event loop while the text is worked on, at best of three: the
    machine may stop us at any time, the code may not."""
    silences = []
    for attempt in range(3):
        understander = EmbeddedUnderstander(loaded.model)
        began = time.process_time()
        await understander.understand(f"{'абв'[attempt]} {HOSTILE[name]}", deadline=5)
        silences.append(time.process_time() - began)
    assert min(silences) < 0.015


async def test_many_texts_leave_the_loop_its_turns(loaded: EmbeddedUnderstander) -> None:
    understander = EmbeddedUnderstander(loaded.model)
    calls = [
        asyncio.create_task(understander.understand(f"где заказ {chr(0x4E00 + n)}", deadline=9)) for n in range(600)
    ]
    turns = 0
    while not all(call.done() for call in calls):
        await asyncio.sleep(0)
        turns += 1
    assert turns >= 3


def test_serving_needs_no_training_library(models: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from typing import ClassVar
from nlu.embedded import EmbeddedUnderstander
EmbeddedUnderstander.load(Path({str(models)!r}))
print([name for name in ("sklearn", "scipy", "ruamel", "joblib") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path.cwd())
    assert done.stdout.strip() == "[]"
