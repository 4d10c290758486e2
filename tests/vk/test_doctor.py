"""What `estafeta doctor vk` finds, and what `estafeta channels connect vk` sets."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from estafeta.app.doctor import vk as doctor
from estafeta.app.doctor.finding import Finding
from estafeta.kernel.errors import ConfigurationError
from tests.vk.stage import Stage, staged


async def found(stage: Stage, public: str | None = None) -> dict[str, list[str]]:
    findings: list[Finding] = await doctor.examine(stage.config, stage.clock, public)
    return {
        level: [f"{f.about}: {f.text}" for f in findings if f.level == level] for level in ("ok", "warning", "error")
    }


async def test_a_callback_that_works(stage: Stage) -> None:
    result = await found(stage, stage.url.removesuffix("/webhooks/vk/shop"))
    assert (result["warning"], result["error"]) == ([], [])
    assert any("the community is Лавка" in text for text in result["ok"])
    assert any("the server is confirmed; it leads to 127.0.0.1" in text for text in result["ok"])
    assert any("all that is needed is told, in version 5.199" in text for text in result["ok"])
    assert (await found(stage))["error"] == []


async def test_a_callback_that_does_not(stage: Stage) -> None:
    [server] = stage.fake.callback.of(stage.shop.id)
    server.events.discard("message_new")
    server.version = "5.92"
    server.secret = "another"
    server.status = "failed"
    errors = "\n".join((await found(stage))["error"])
    for text in ("has not confirmed the server", "another secret key", "VK does not tell of message_new"):
        assert text in errors
    server.events.add("message_new")
    assert "events come in version 5.92" in "\n".join((await found(stage))["error"])
    assert "no callback server leads to this platform" in "\n".join((await found(stage, "https://x.example"))["error"])


async def test_tokens_that_do_not_suffice(stage: Stage) -> None:
    stage.shop.new_token("messages", "manage", "photos")
    config = stage.config.model_copy(update={"token": SecretStr(stage.shop.token)})
    stage.config, old = config, stage.config
    result = await found(stage)
    assert [text.split(": ")[1] for text in result["warning"]] == [
        "the right docs is missing",
        "the right wall is missing",
    ]
    stage.config = old
    [text] = (await found(stage))["error"]
    assert "VK refuses the access token" in text
    stage.shop.new_token("photos")
    stage.config = config.model_copy(update={"token": SecretStr(stage.shop.token)})
    errors = (await found(stage))["error"]
    assert [text.split(": ")[1] for text in errors] == ["the right messages is missing", "the right manage is missing"]
    stage.config = stage.config.model_copy(update={"group_id": 5})
    assert any("VK knows no community 5" in text for text in (await found(stage))["error"])
    with pytest.raises(ConfigurationError, match="lacks rights"):
        await doctor.connect(stage.config, "http://127.0.0.1:1", stage.clock)


async def test_long_poll(tmp_path: Path) -> None:
    async with staged(tmp_path, "longpoll") as stage:
        [text] = (await found(stage))["error"]
        assert "it is off" in text
        stage.shop.switches_bot_features(on=False)
        done = await doctor.connect(stage.config, None, stage.clock)
        assert len(done) == 2
        assert "Long Poll is on" in done[1]
        assert stage.shop.group.bot_features
        assert (await found(stage))["error"] == []
        assert set(doctor.events(stage.config)) <= stage.fake.long_poll(stage.shop).events


async def test_a_callback_that_cannot_be_connected(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        with pytest.raises(ConfigurationError, match="needs a secret and the public address"):
            await doctor.connect(stage.config, None, stage.clock)
        with pytest.raises(ConfigurationError, match="could not confirm the callback server"):
            await doctor.connect(stage.config, "http://127.0.0.1:9", stage.clock)
        for number in range(9):
            stage.fake.callback.add(stage.shop.id, 1, "http://127.0.0.1:9/", f"other {number}", "")
        [ours] = [s for s in stage.fake.callback.of(stage.shop.id) if s.title == doctor.TITLE]
        ours.title = "renamed"
        with pytest.raises(ConfigurationError, match="VK takes no more"):
            await doctor.connect(stage.config, "http://127.0.0.1:10", stage.clock)
