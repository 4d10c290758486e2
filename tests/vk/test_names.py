"""Names come behind the words: whoever wrote without one is named by a signal of its own."""

from __future__ import annotations

from pathlib import Path

from estafeta.kernel.model import CustomerSaid, ProfileLearned
from tests.vk.stage import Stage, eventually, staged


def learned(stage: Stage) -> list[ProfileLearned]:
    return [one.event for one in stage.inbox.learned if isinstance(one.event, ProfileLearned)]


async def test_whoever_wrote_without_a_name_is_named_soon(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.listening():
        ivan = stage.fake.private("Иван", stage.shop)
        ivan.says("Где мой заказ?")
        await eventually(lambda: bool(learned(stage)))
        (said,) = [one for one in stage.inbox.signals if isinstance(one.event, CustomerSaid)]
        (told,) = [one for one in stage.inbox.learned if isinstance(one.event, ProfileLearned)]
        assert told.address == said.address
        assert learned(stage)[0].profile.name == "Иван"


async def test_a_name_is_told_once(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage, stage.listening():
        ivan = stage.fake.private("Иван", stage.shop)
        ivan.says("Где мой заказ?")
        await eventually(lambda: bool(learned(stage)))
        ivan.says("Ау")
        await eventually(lambda: len([one for one in stage.inbox.signals if isinstance(one.event, CustomerSaid)]) == 2)
        assert len(learned(stage)) == 1
