"""The webhook: who is let in, when it acknowledges, and that no update can stop those after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence

import orjson
import pytest
from aiohttp import web
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from bots.telegram.webhook import BODY_BYTES
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.model import CustomerSaid, Signal, Text
from estafeta.kernel.ports import Accepted
from tests.telegram.stage import Stage, staged
from tests.telegram.updates import message, mutations


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged("webhook") as stage, stage.listening():
        yield stage


@pytest.mark.parametrize("secret", [None, "", "wrong", "a-secret_of-the-webhoo", "секрет", "a-secret_of-the-webhook "])
async def test_without_the_secret_nothing_is_taken(stage: Stage, secret: str | None) -> None:
    if secret is not None and not secret.isascii():
        secret = secret.encode().decode("latin-1")
    secret = secret + "x" if secret and secret.endswith(" ") else secret
    assert await stage.post(orjson.dumps(message(text="впустите")), secret=secret) == 401
    assert stage.inbox.attempts == []


async def test_a_channel_without_a_secret_does_not_start() -> None:
    with pytest.raises(ValueError, match="secret must be set"):
        TelegramConfig.model_validate({"token": "1:abc", "mode": "webhook"})
    async with staged("polling") as stage:
        stage.config = stage.config.model_copy(update={"secret": None})
        with pytest.raises(ConfigurationError, match="secret"):
            stage.make_channel().mount(web.Application(), stage.inbox)
        stage.config = stage.config.model_copy(update={"mode": "webhook"})
        with pytest.raises(ConfigurationError, match="secret"):
            await stage.make_channel().listen(stage.inbox)


async def test_the_answer_waits_for_the_store(stage: Stage) -> None:
    stage.inbox.gate.clear()
    post = asyncio.create_task(stage.post(orjson.dumps(message(text="раз"))))
    await stage.inbox.until(lambda: bool(stage.inbox.attempts))
    assert not post.done()
    assert stage.inbox.signals == []
    stage.inbox.gate.set()
    assert await post == 200
    assert len(stage.inbox.signals) == 1


async def test_a_store_that_is_away_is_not_acknowledged(stage: Stage) -> None:
    stage.inbox.away = 1
    assert await stage.post(orjson.dumps(message(text="раз"))) == 503
    assert stage.aside.kept == []
    assert await stage.post(orjson.dumps(message(text="раз"))) == 200
    assert len(stage.inbox.signals) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 100_000, b'{"update_id": NaN'])
async def test_what_is_no_json_is_set_aside_and_acknowledged(stage: Stage, body: bytes) -> None:
    assert await stage.post(body) == 200
    assert stage.aside.kept[-1] == (body, "the body is no JSON")


async def test_what_is_too_large_is_set_aside_and_acknowledged(stage: Stage) -> None:
    assert await stage.post(b'"' + b"x" * BODY_BYTES + b'"') == 200
    assert "bytes" in stage.aside.kept[-1][1]


async def test_a_megabyte_of_text_is_taken(stage: Stage) -> None:
    assert await stage.post(orjson.dumps(message(text="я" * 1_000_000))) == 200
    [signal] = stage.inbox.signals
    assert isinstance(signal.event, CustomerSaid)


async def test_an_update_that_cannot_be_stored_is_set_aside() -> None:
    async def poisoned(signals: Sequence[Signal]) -> list[Accepted]:
        raise UnicodeError("poison")

    async with staged("webhook") as stage, stage.listening(poisoned):
        raw = message(text="раз")
        assert await stage.post(orjson.dumps(raw)) == 200
        assert stage.aside.kept == [(raw, "could not be stored: UnicodeError")]
        stage.aside.broken = True
        assert await stage.post(orjson.dumps(raw)) == 200


async def test_the_store_may_be_away_for_a_routed_update_too() -> None:
    async def route(raw: object) -> tuple[None, None]:
        raise StoreUnavailable("away")

    async with staged("webhook") as stage:
        stage.routes = {23: route}
        async with stage.listening():
            assert await stage.post(orjson.dumps(message(text="раз"))) == 503


async def test_a_valid_message_is_heard_after_a_thousand_broken_ones(stage: Stage) -> None:
    bodies = [json.dumps(raw).encode() for raw in mutations(7, 1000)]
    for start in range(0, len(bodies), 20):
        statuses = await asyncio.gather(*(stage.post(body) for body in bodies[start : start + 20]))
        assert set(statuses) == {200}
    assert await stage.post(b'{"update_id": 1, "message": "\xff\xfe\\ud800') == 200
    before = len(stage.inbox.signals)
    customer = stage.fake.private("Анна")
    customer.says("я ещё здесь")
    signal = (await stage.inbox.have(before + 1))[-1]
    assert isinstance(signal.event, CustomerSaid)
    assert signal.event.parts == (Text(text="я ещё здесь"),)


async def test_the_stand_ins_own_repeats_give_one_signal(stage: Stage) -> None:
    stage.fake.faults.webhook.duplicates = 1
    stage.fake.faults.webhook.lost_answers = 1
    stage.fake.private("Анна").says("раз")
    await stage.inbox.until(lambda: len(stage.inbox.attempts) == 3)
    assert len(stage.inbox.signals) == 1


async def test_two_bots_in_one_application_keep_their_customers_apart() -> None:
    async with staged("webhook") as first, staged("webhook", token="7000000002:FAKE-token-of-another-one") as second:
        app = web.Application()
        stages = {"first": first, "second": second}
        for account, stage in stages.items():
            stage.config = stage.config.model_copy(update={"account": account, "secret": SecretStr(f"of-{account}")})
            stage.make_channel().mount(app, stage.inbox)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        for account, stage in stages.items():
            stage.url = f"http://127.0.0.1:{runner.addresses[0][1]}/webhooks/telegram/{account}"
        body = orjson.dumps(message(text="раз"))
        assert [await first.post(body, secret="of-first"), await second.post(body, secret="of-second")] == [200, 200]
        assert await first.post(body, secret="of-second") == 401
        await runner.cleanup()
        [one], [other] = first.inbox.signals, second.inbox.signals
        assert one.id != other.id
        assert one.address is not None
        assert other.address is not None
        assert (one.address.account, other.address.account) == ("first", "second")
