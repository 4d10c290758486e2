"""The Callback API: who may speak there, what is acknowledged when, and that nothing stops it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from pydantic import SecretStr

from bots.vk.callback import BODY_BYTES
from bots.vk.channel import VkChannel
from bots.vk.config import VkConfig
from estafeta.app.doctor import vk as doctor
from estafeta.fakes.vk import Participant, WebhookFaults
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Signal
from estafeta.kernel.ports import Accepted
from tests.vk.events import message, mutations
from tests.vk.stage import SECRET, Aside, Stage, eventually, staged


def said(stage: Stage, number: int = 1, text: str = "привет") -> dict[str, object]:
    about = {"message": message(number, text=text), "client_info": {}}
    return stage.event("message_new", about, event_id=f"e{number}")


async def test_without_a_secret_it_does_not_start(stage: Stage) -> None:
    config = stage.config.model_copy(update={"secret": None})
    channel = VkChannel(config, stage.client, clock=stage.clock, stock=stage.shelf, set_aside=Aside())
    with pytest.raises(ConfigurationError, match="has no secret: set `secret`"):
        channel.mount(web.Application(), stage.inbox)
    with pytest.raises(ConfigurationError, match="secret must be set"):
        await channel.listen(stage.inbox)
    with pytest.raises(ValueError, match="secret must be set"):
        VkConfig(token=SecretStr("x" * 40), group_id=1, mode="callback")


async def test_strangers_are_refused_also_where_they_ask_for_the_confirmation(stage: Stage) -> None:
    for wrong in ({"secret": "guess"}, {"secret": ""}, {"secret": None}, {"group_id": 1}, {"group_id": "x"}):
        assert (await stage.post({**said(stage), **wrong}))[0] == 403
        assert (await stage.post({**stage.event("confirmation", {}), **wrong}))[0] == 403
    unsigned = said(stage)
    del unsigned["secret"]
    assert (await stage.post(unsigned))[0] == 403
    for body in (b"", b"{", b"[]", b"null", b"\xff\xfe", b'"' + b"x" * 100):
        assert (await stage.post(body))[0] in (400, 403)
    assert (await stage.post(b'{"a":"' + b"x" * BODY_BYTES + b'"}'))[0] == 413
    assert stage.inbox.attempts == []
    assert stage.aside.kept == []


async def test_the_confirmation_is_asked_of_vk_or_configured(stage: Stage) -> None:
    code = stage.shop.changes_confirmation()
    assert await stage.post(stage.event("confirmation", {})) == (200, code)
    stage.fake.fail("groups.getCallbackConfirmationCode", code=10)
    assert (await stage.post(stage.event("confirmation", {})))[0] == 503
    stage.channel._config = stage.config.model_copy(update={"confirmation": "abcdef12"})
    assert await stage.post(stage.event("confirmation", {})) == (200, "abcdef12")


async def test_ok_is_said_once_it_is_stored(stage: Stage) -> None:
    stage.inbox.gate.clear()
    posting = asyncio.create_task(stage.post(said(stage)))
    await stage.inbox.until(lambda: len(stage.inbox.attempts) == 1)
    assert not posting.done()
    stage.inbox.gate.set()
    assert await posting == (200, "ok")
    assert await stage.post(said(stage)) == (200, "ok")
    assert len(stage.inbox.signals) == 1


async def test_a_store_that_is_away_asks_vk_to_wait(stage: Stage) -> None:
    stage.inbox.away = 1
    assert (await stage.post(said(stage)))[0] == 503
    assert await stage.post(said(stage)) == (200, "ok")


async def test_names_are_not_waited_for(stage: Stage, ivan: Participant) -> None:
    stage.fake.fail("users.get", "hang", seconds=3)
    ivan.says("привет")
    await stage.inbox.have(1)
    await stage.fake.wait(lambda: stage.fake.callback.deliveries[-1].ok)
    assert not stage.fake.calls_of("users.get")


async def test_events_twice_late_and_in_another_order(stage: Stage, ivan: Participant) -> None:
    stage.fake.faults.webhook = WebhookFaults(duplicates=2, reorder=1, lost_answers=1)
    for text in ("раз", "два", "три", "четыре"):
        ivan.says(text)
    await stage.inbox.have(4)
    await stage.fake.wait(lambda: sum(d.ok for d in stage.fake.callback.deliveries) >= 7)
    assert len(stage.inbox.signals) == 4


async def test_what_cannot_be_stored_is_set_aside_and_acknowledged(tmp_path: Path) -> None:
    class Choosy:
        def __init__(self, stage: Stage) -> None:
            self.stage = stage

        async def __call__(self, signals: list[Signal]) -> list[Accepted]:
            if any("яд" in str(signal.event) for signal in signals):
                raise RuntimeError("no store takes this")
            return await self.stage.inbox(signals)

    async with staged(tmp_path) as stage, stage.listening(Choosy(stage)):  # type: ignore[arg-type]
        stage.aside.broken = True
        assert await stage.post(said(stage, 1, "яд")) == (200, "ok")
        stage.aside.broken = False
        assert await stage.post(said(stage, 2, "яд")) == (200, "ok")
        assert await stage.post(said(stage, 3, "хлеб")) == (200, "ok")
        [(raw, reason)] = stage.aside.kept
        assert reason == "could not be stored: RuntimeError"
        assert raw["object"]["message"]["text"] == "яд"
        assert SECRET not in str(raw)
        assert len(stage.inbox.signals) == 1


async def test_broken_events_stop_nobody(stage: Stage, ivan: Participant) -> None:
    for number, broken in enumerate(mutations(7, 400)):
        if not isinstance(broken, dict):
            continue
        body = {**broken, "secret": SECRET, "group_id": stage.shop.id}
        body["event_id"] = body.get("event_id") if number % 5 else f"m{number}"
        try:
            content = orjson.dumps(body)
        except TypeError:
            continue
        status, answer = await stage.post(content)
        assert (status, answer == "ok" or body.get("type") == "confirmation") == (200, True)
    ivan.says("а я живой")
    await stage.inbox.until(lambda: any("а я живой" in str(signal.event) for signal in stage.inbox.signals))
    assert stage.aside.kept == []


async def test_connecting_anew_moves_the_server(stage: Stage) -> None:
    [server] = stage.fake.callback.of(stage.shop.id)
    assert server.status == "ok"
    public = stage.url.removesuffix("/webhooks/vk/shop")
    await doctor.connect(stage.config, public, stage.clock)
    assert stage.fake.callback.of(stage.shop.id) == [server]
    assert server.events >= set(doctor.events(stage.config))
    await eventually(lambda: server.status == "ok")
