"""Several accounts of one messenger: each is connected once, and paid for once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bots.whatsapp.convert import convert
from estafeta.app.config import Settings
from estafeta.app.messengers import Surroundings, connected
from estafeta.clock import TestClock
from flows import loader
from handoff.floor import Floor
from storage.sqlite import SqliteStore

NUMBER = {"token": "t" * 20, "waba_id": "7", "app_secret": "s" * 20, "verify_token": "v" * 20}


def test_numbers_of_one_account_take_each_others_webhooks(tmp_path: Path) -> None:
    """Meta posts what all numbers of a WhatsApp Business Account do to one address."""

    clock, workspace = TestClock(), loader.load(Path(__file__).parents[2] / "demo")
    numbers = [{**NUMBER, "phone_number_id": "1"}, {**NUMBER, "phone_number_id": "2", "account": "branch"}]
    settings = Settings(data=tmp_path, whatsapp=numbers[0], whatsapp_more=(numbers[1],))
    made = connected(
        Surroundings(
            settings=settings, workspace=workspace, store=SqliteStore(tmp_path / "a.db", clock=clock), clock=clock,
            buckets=None, worker=lambda: "w", attachments=None, templates=None,  # type: ignore[arg-type]
            content=lambda: workspace, roster=None, floor=Floor, can=lambda _: None, suggest=None,  # type: ignore[arg-type]
            why=None, correct=None,  # type: ignore[arg-type]
        )
    )  # fmt: skip
    for messenger in made:
        assert messenger.channels[0]._receiver._accounts == {"1": "1", "2": "branch"}  # type: ignore[attr-defined]


def test_one_bot_is_not_set_twice(tmp_path: Path) -> None:
    """Two names for one token: two that ask for the same updates, or (VK) every message twice."""

    bot = {"token": "1234567:ABCdefABCdefABCdefABCdefABCdefABCde"}
    with pytest.raises(ValueError, match="twice"):
        Settings(data=tmp_path, telegram=bot, telegram_more=({**bot, "account": "two"},))


def test_a_message_is_paid_for_once() -> None:
    """Meta tells the price with `sent` and again with `delivered` or `read`
    (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/status)."""

    def status(name: str) -> dict[str, object]:
        told = {"id": "wamid.1", "status": name, "timestamp": "1", "recipient_id": "79000000001",
                "pricing": {"billable": True, "pricing_model": "PMP", "category": "utility"}}  # fmt: skip
        value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "statuses": [told]}
        return {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}

    told = [one for name in ("sent", "delivered") for one in convert(status(name), {"1": "a"}, TestClock().now())]
    assert sum(one.event.billable for one in told) == 1  # type: ignore[union-attr]
