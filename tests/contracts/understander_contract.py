"""What every `Understander` promises. Inherit it and give the fixture `understander`.

The implementation has to know an intent in Russian and one in English: `KNOWN` says which texts
mean which, `ENTITY` a text with an entity in it.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import ClassVar

import pytest

from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import Understander

HOSTILE = {
    "empty": "",
    "spaces": " \n\t\u00a0 ",
    "emoji": "🙈🙉🙊 👍🏽",
    "flags": "🇷🇺" * 500,
    "joiners": "\u200d" * 100_000,
    "joined family": "👨\u200d👩\u200d👧\u200d👦 где мой заказ",
    "a megabyte": "где мой заказ " * 75_000,
    "one long word": "а" * 1_000_000,
    "long digits": "1" * 100_000,
    "different words": " ".join(f"сло{n}вами{n}" for n in range(20_000)),
    "stacked marks": "з" + "\u0316\u0301" * 50_000,
    "right to left": "\u202eзаказ мой где\u202c",
    "nul": "\x00где\x00 мой\x00 заказ\x00",
    "lone surrogates": "\ud83d где \udc00 мой заказ",
    "brackets": "[" * 5_000 + "({" * 5_000,
    "template": "{{ 7 * 7 }} {% for x in range(9**9) %} ${jndi:x}",
    "other scripts": "我的订单在哪里 أين طلبي मेरा ऑर्डर",
    "punctuation": "?!?!…—" * 400,
}


class UnderstanderContract:
    KNOWN: ClassVar[dict[str, str]]
    """Texts to their intents, not literally from the training data."""
    ENTITY: tuple[str, str]
    """A text, and the name of the entity in it."""
    DEADLINE = 5.0
    PATIENCE = 1.0
    """Seconds by which an answer may come after its deadline: room for a machine that is busy."""

    @staticmethod
    def well_formed(understanding: Understanding, text: str) -> None:
        assert 0 <= understanding.confidence <= 1
        confidences = [intent.confidence for intent in understanding.ranking]
        assert all(0 <= confidence <= 1 for confidence in confidences)
        assert confidences == sorted(confidences, reverse=True)
        if understanding.intent:
            assert understanding.ranking[0].name == understanding.intent
            assert understanding.ranking[0].confidence == understanding.confidence
        else:
            assert understanding.confidence < 0.1
        for entity in understanding.entities:
            assert 0 <= entity.start < entity.end <= len(text)
            assert entity.name
            assert entity.value

    async def test_known_texts_are_understood(self, understander: Understander) -> None:
        for text, intent in self.KNOWN.items():
            understanding = await understander.understand(text, deadline=self.DEADLINE)
            self.well_formed(understanding, text)
            assert understanding.intent == intent, text

    async def test_the_same_text_has_the_same_answer(self, understander: Understander) -> None:
        for text in self.KNOWN:
            first = await understander.understand(text, deadline=self.DEADLINE)
            assert await understander.understand(text, deadline=self.DEADLINE) == first

    @pytest.mark.parametrize("name", HOSTILE)
    async def test_any_text_has_an_answer(self, understander: Understander, name: str) -> None:
        text = HOSTILE[name]
        self.well_formed(await understander.understand(text, deadline=self.DEADLINE), text)

    @pytest.mark.parametrize("name", ["empty", "spaces", "emoji", "joiners", "punctuation"])
    async def test_a_text_without_words_means_nothing(self, understander: Understander, name: str) -> None:
        understanding = await understander.understand(HOSTILE[name], deadline=self.DEADLINE)
        assert understanding.intent == ""
        assert understanding.confidence == 0

    @pytest.mark.parametrize(
        "wrapping", ["{}", "🙈 {}", "e\u0301е\u0308 {}", "\u200b\u200d{}\ufeff", "👨\u200d👩\u200d👧 {} 👍🏽"]
    )
    async def test_entities_lie_where_they_say(self, understander: Understander, wrapping: str) -> None:
        plain, name = self.ENTITY
        text = wrapping.format(plain)
        expected = await understander.understand(plain, deadline=self.DEADLINE)
        words = [plain[entity.start : entity.end] for entity in expected.entities if entity.name == name]
        assert words
        understanding = await understander.understand(text, deadline=self.DEADLINE)
        assert [text[entity.start : entity.end] for entity in understanding.entities if entity.name == name] == words

    async def test_no_time_is_a_failure(self, understander: Understander) -> None:
        for deadline in (0.0, -1.0):
            with pytest.raises(UnderstandingFailed):
                await understander.understand("где мой заказ", deadline=deadline)

    async def test_every_concurrent_caller_gets_its_own_answer(self, understander: Understander) -> None:
        texts = list(self.KNOWN) * 40
        understandings = await asyncio.gather(*[understander.understand(t, deadline=self.DEADLINE) for t in texts])
        assert [u.intent for u in understandings] == [self.KNOWN[text] for text in texts]

    async def test_a_cancelled_caller_harms_nobody(self, understander: Understander) -> None:
        text, intent = next(iter(self.KNOWN.items()))
        calls = [asyncio.create_task(understander.understand(f"{text} {n}", deadline=self.DEADLINE)) for n in range(9)]
        await asyncio.sleep(0)
        for call in calls[::2]:
            call.cancel()
        understandings = [await call for call in calls[1::2]]
        assert {u.intent for u in understandings} == {intent}

    async def test_nobody_waits_past_the_deadline(self, understander: Understander) -> None:
        async def one(number: int) -> float:
            began = time.monotonic()
            with suppress(UnderstandingFailed):
                await understander.understand(
                    f"{number} {HOSTILE['different words'][number : number + 2_000]}", deadline=0.02
                )
            return time.monotonic() - began

        assert max(await asyncio.gather(*map(one, range(60)))) < 0.02 + self.PATIENCE
