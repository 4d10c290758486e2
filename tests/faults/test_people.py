"""The people of the fault kit against one process of the product, and against nobody's faults."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from bots.widget.config import WidgetConfig
from estafeta.app.config import DeskConfig, Settings
from estafeta.app.faults.invariants import judge
from estafeta.app.faults.ledger import Acknowledged, Echoed, Ledger, OperatorDid, Said, Took
from estafeta.app.faults.people import GROUP, WORKSPACE, People
from estafeta.app.faults.servers import free_port
from estafeta.app.faults.stock import Stock
from estafeta.app.wiring import build, running
from estafeta.fakes.telegram import FakeTelegram
from flows import loader
from nlu.embedded import EmbeddedUnderstander
from nlu.train import train
from tests.story.stage import UNLIMITED, Mode


@pytest.fixture(scope="module")
def understander(tmp_path_factory: pytest.TempPathFactory) -> EmbeddedUnderstander:
    models = tmp_path_factory.mktemp("models")
    train(WORKSPACE, models, lambda what, share: None)
    return EmbeddedUnderstander.load(models)


def settings(fake: FakeTelegram, folder: Path, mode: Mode) -> Settings:
    port = free_port()
    telegram = TelegramConfig(
        token=SecretStr(fake.token),
        mode=mode,
        secret=SecretStr("a-webhook-secret"),
        base_url=fake.url,
        public_url=f"http://127.0.0.1:{port}",
        group_id=fake.group(GROUP).id,
        limits=UNLIMITED,
    )
    defaults = {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}
    widget = WidgetConfig(burst=1000, rate=1000)
    return Settings.model_construct(
        **{
            **defaults, "port": port, "data": folder, "telegram": telegram, "widget": widget,
            "desk": DeskConfig(open_to_members=True),
        }
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["webhook", "polling"])
async def test_without_faults_every_promise_is_kept(
    mode: Mode, tmp_path: Path, understander: EmbeddedUnderstander
) -> None:
    ledger = Ledger()
    async with FakeTelegram(limits=None) as fake, Stock() as stock:
        chosen = settings(fake, tmp_path, mode)
        platform = build(
            chosen,
            loader.load(WORKSPACE),
            understander,
            secrets={},
            variables={"STOCK_URL": stock.url},
            control_token="t",
        )
        async with running(platform):
            people = People(
                seed=7, messages=200, ledger=ledger, telegram=fake, web=lambda: chosen.local_url, say=lambda _: None
            )
            await people.run(pace=200, deadline=20)
        assert fake.violations == []
    assert people.progress == (200, 200)
    assert {one.name: one.broken + one.allowed for one in judge(ledger)} == {one.name: 0 for one in judge(ledger)}
    assert all(one.checked for one in judge(ledger) if one.name != "a message delivered twice is one message")
    kinds = Counter(type(line) for line in ledger.lines)
    assert kinds[Said] == 200
    assert kinds[Acknowledged] >= kinds[Said] + kinds[OperatorDid]
    assert kinds[Took]
    assert kinds[Echoed]
