"""A customer who writes faster than the operators' group takes messages: all words arrive, in order, in few posts."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.ports import Understander
from flows.model import Workspace
from tests.story.stage import UNLIMITED, Stage
from tests.telegram.stage import eventually

pytestmark = pytest.mark.timeout(60)


async def test_a_burst_is_shown_whole_while_the_group_is_slow(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: Understander, shop_url: str
) -> None:
    async with FakeTelegram(limits=None) as fake:
        stage = Stage(fake, tmp_path, demo_workspace, demo_understander, shop_url, "polling", limits=UNLIMITED)
        async with stage.running() as platform:
            worker = platform.worker
            assert worker is not None
            stage.customer.says("Позовите человека")
            topic = await stage.topic()
            await stage.operators_read("клиент просит человека", topic)
            stage.operator.says("Слушаю Вас.", topic=topic)
            await stage.customer_reads("Слушаю Вас.")
            fake.fail("sendMessage", "hang", seconds=1.5, chat=stage.group.id)
            words = [f"слово {number:03}." for number in range(120)]
            for begin in range(0, 120, 10):
                turns = worker.engine.tally.turns
                for word in words[begin : begin + 10]:
                    stage.customer.says(word)
                await eventually(lambda before=turns: worker.engine.tally.turns > before)  # type: ignore[misc]
            await stage.operators_read(words[-1], topic)
            posts = [text for text in fake.shown(stage.group, topic=topic) if "слово" in text]
        shown = "\n".join(posts)
        assert [word for word in words if word in shown] == words
        assert [shown.index(word) for word in words] == sorted(shown.index(word) for word in words)
        assert len(posts) < 10
