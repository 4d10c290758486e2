"""The demo's rules with the demo's own model, through the engine: what a model alone would get wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.model import Reason, Stage
from flows.model import Workspace
from nlu.embedded import EmbeddedUnderstander
from tests.world import World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))


@pytest.mark.parametrize(
    ("text", "reason", "skill"),
    [
        ("я не хочу оператора сотовой связи, мой оператор МТС", None, ""),
        ("I don't want to talk to a person", None, ""),
        ("Как можно оплатить заказ?", None, ""),
        ("позови кого-нибудь", Reason.USER_REQUEST, "general"),
        ("у меня пришла разбитая игра и не хватает фишек позовите человека пожалуйста", Reason.USER_REQUEST, "returns"),
        ("подам на вас в суд", Reason.SENSITIVE_TOPIC, "general"),
        ("WHERE IS MY ORDER???!!!", Reason.NEGATIVE_SENTIMENT, "delivery"),
    ],
)
async def test_who_is_called_for_what(
    tmp_path: Path, demo_workspace: Workspace, demo_understander: EmbeddedUnderstander, shop_url: str,
    text: str, reason: Reason | None, skill: str,
) -> None:  # fmt: skip
    world = World(
        tmp_path / "demo.db", demo_workspace, demo_understander, TestClock(NOON), variables={"SHOP_URL": shop_url}
    )
    async with world.running():
        await world.says(text)
        conversation = await world.conversation()
        if reason is None:
            assert conversation.stage is Stage.BOT
        else:
            assert conversation.ticket is not None
            assert (conversation.ticket.reason, conversation.ticket.skill) == (reason, skill)
        assert world.channel.texts
