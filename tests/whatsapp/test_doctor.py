"""What the doctor says about a number, and connecting it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from estafeta.app.doctor.finding import Finding
from estafeta.app.doctor.whatsapp import connect, examine
from estafeta.kernel.errors import ConfigurationError
from tests.whatsapp.stage import Stage, staged

ALL = frozenset(("messages", "smb_message_echoes", "message_template_status_update"))


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        stage.fake.webhook.fields = ALL
        yield stage


async def found(stage: Stage, public_url: str | None = None, **changed: object) -> list[Finding]:
    config = stage.config.model_copy(update=changed)
    findings = await examine(config, stage.clock, public_url)
    assert stage.fake.token not in "".join(finding.text for finding in findings)
    return findings


async def wrong(stage: Stage, public_url: str | None = None, **changed: object) -> list[str]:
    return [one.text for one in await found(stage, public_url, **changed) if one.level != "ok"]


def base(stage: Stage) -> str:
    return stage.url.partition("/webhooks")[0]


async def test_all_is_well(stage: Stage) -> None:
    findings = await found(stage, base(stage))
    assert [finding.level for finding in findings] == ["ok"] * 5
    assert [finding.about for finding in findings] == [
        f"whatsapp shop {part}" for part in ("token", "number", "account", "webhook", "webhook")
    ]


async def test_a_token_that_is_none(stage: Stage) -> None:
    texts = await wrong(stage, token=SecretStr("other"))
    assert "expired or was revoked" in texts[0]
    assert "refuses the access token" in texts[1]


async def test_a_token_without_its_rights(stage: Stage) -> None:
    stage.fake.add_token("weak", scopes=("whatsapp_business_messaging",))
    texts = await wrong(stage, token=SecretStr("weak"))
    assert "whatsapp_business_management" in texts[0]


async def test_without_the_apps_id_less_is_known(stage: Stage) -> None:
    texts = await wrong(stage, app_id="")
    assert [text for text in texts if "set app_id" in text]


async def test_a_number_in_trouble(stage: Stage) -> None:
    stage.fake.number.quality = "RED"
    stage.fake.number.with_app = True
    low, too_fast = await wrong(stage)
    assert "quality is red" in low
    assert "limits.per_second to 20" in too_fast
    stage.fake.number.registered = False
    assert "DISCONNECTED" in (await wrong(stage))[0]


async def test_a_number_of_another_account(stage: Stage) -> None:
    other = stage.fake.add_account("Другой")
    assert any("correct waba_id" in text for text in await wrong(stage, waba_id=other.id))
    assert any("knows no such number" in text for text in await wrong(stage, phone_number_id="999"))


async def test_a_subscription_that_is_missing_or_leads_elsewhere(stage: Stage) -> None:
    [elsewhere] = await wrong(stage, "https://bot.example")
    assert "not to this platform" in elsewhere
    stage.fake.webhook.fields = frozenset(("messages",))
    [fields] = await wrong(stage)
    assert "message_template_status_update" in fields
    stage.fake.account.subscribed = False
    [missing] = await wrong(stage)
    assert "estafeta channels connect whatsapp" in missing


async def test_it_connects_itself(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        stage.fake.webhook.url, stage.fake.account.subscribed = "", False
        lines = await connect(stage.config, base(stage), stage.clock)
        assert len(lines) == 2
        assert await wrong(stage, base(stage)) == []
        assert stage.fake.account.override_url == stage.url
        stage.fake.person("Мария").says("слышно?")
        await stage.inbox.have()
        stage.fake.webhook.fields = frozenset(("messages",))
        assert "subscribe to it" in (await connect(stage.config, base(stage), stage.clock))[0]
        without = stage.config.model_copy(update={"app_id": ""})
        assert "Without app_id" in (await connect(without, base(stage), stage.clock))[0]


async def test_an_address_that_meta_cannot_verify_is_told(stage: Stage) -> None:
    for url in ("http://127.0.0.1:1", base(stage) + "/elsewhere"):
        with pytest.raises(ConfigurationError) as refused:
            await connect(stage.config, url, stage.clock)
        assert "Is the platform running" in str(refused.value)
        assert stage.fake.token not in str(refused.value)


async def test_what_has_to_be_known_first(stage: Stage) -> None:
    with pytest.raises(ConfigurationError, match="ESTAFETA_PUBLIC_URL"):
        await connect(stage.config, None, stage.clock)
    real = stage.config.model_copy(update={"base_url": None})
    with pytest.raises(ConfigurationError, match="https alone"):
        await connect(real, "http://bot.example", stage.clock)
