"""`examine` tells what is wrong with a bot and how to mend it; `connect` mends what Telegram lets a bot mend."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from pydantic import SecretStr

from bots.telegram.config import TelegramConfig
from bots.telegram.convert import ALLOWED_UPDATES
from estafeta.app.doctor.finding import Finding
from estafeta.app.doctor.telegram import _unreachable, connect, examine
from estafeta.clock import SystemClock
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.errors import ConfigurationError

CLOCK = SystemClock()
HERE = "http://127.0.0.1:1"


@pytest.fixture
async def fake() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as fake:
        yield fake
        assert fake.violations == []


def config(fake: FakeTelegram, **more: Any) -> TelegramConfig:
    given = {"token": SecretStr(fake.token), "base_url": fake.url, "account": "shop", "secret": SecretStr("s"), **more}
    return TelegramConfig(**given)


async def found(given: TelegramConfig, about: str) -> list[Finding]:
    return [finding for finding in await examine(given, CLOCK) if finding.about == about]


async def test_a_webhook_is_set_with_its_secret_and_all_that_has_to_be_told(fake: FakeTelegram) -> None:
    given = config(fake, mode="webhook")
    done = await connect(given, f"{HERE}/", CLOCK)
    assert "@estafeta_stand_in_bot" in done[0]
    assert "127.0.0.1:1/webhooks/telegram/shop" in done[1]
    assert (fake.webhook.url, fake.webhook.secret) == (f"{HERE}/webhooks/telegram/shop", "s")
    assert fake.updates.allowed == ALLOWED_UPDATES
    [finding] = await found(config(fake, mode="webhook", public_url=HERE), "telegram shop webhook")
    assert finding.level == "ok"


async def test_a_webhook_in_the_way_of_polling_is_removed(fake: FakeTelegram) -> None:
    fake.webhook.set({"url": f"{HERE}/somebodys-secret"})
    done = await connect(config(fake), None, CLOCK)
    assert fake.webhook.url == ""
    assert "127.0.0.1:1" in done[1]
    assert "somebodys-secret" not in done[1]
    assert "nothing to connect" in (await connect(config(fake), None, CLOCK))[1]


@pytest.mark.parametrize(
    ("more", "public_url", "words"),
    [
        ({"mode": "webhook"}, None, "public_url"),
        ({"mode": "webhook", "token": SecretStr("7000000001:another")}, HERE, "@BotFather"),
        ({"token": SecretStr("7000000001:another")}, None, "@BotFather"),
    ],
)
async def test_what_cannot_be_connected_says_what_to_do(
    fake: FakeTelegram, more: dict[str, Any], public_url: str | None, words: str
) -> None:
    with pytest.raises(ConfigurationError, match=words) as refused:
        await connect(config(fake, **more), public_url, CLOCK)
    assert "shop" in str(refused.value)
    assert "another" not in str(refused.value)


def test_where_telegram_does_not_post_is_known_before_it_is_asked() -> None:
    given = TelegramConfig(token=SecretStr("7000000001:a-token"))
    assert "443" in _unreachable(given, "http://chat.example.org")
    assert _unreachable(given, "https://chat.example.org") == ""


async def test_kinds_of_updates_that_are_not_told_are_missed(fake: FakeTelegram) -> None:
    given = config(fake, mode="webhook", public_url=HERE)
    fake.webhook.set({"url": f"{HERE}/webhooks/telegram/shop", "allowed_updates": ["message"]})
    findings = await found(given, "telegram shop webhook")
    assert [finding.level for finding in findings] == ["ok", "warning"]
    assert "message_reaction" in findings[1].text
    assert "estafeta channels connect telegram" in findings[1].text


async def test_many_updates_that_wait_are_told(fake: FakeTelegram) -> None:
    ivan = fake.private("Иван")
    for n in range(1001):
        ivan.says(str(n))
    findings = await found(config(fake), "telegram shop webhook")
    assert "1001 updates wait" in findings[-1].text


async def test_a_bot_that_does_not_read_along_is_told_why() -> None:
    async with FakeTelegram(privacy_mode=True) as fake:
        group = fake.group()
        group.set_bot("member")
        [finding] = await found(config(fake, group_id=group.id), "telegram shop group")
        assert finding.level == "error"
        assert "/setprivacy" in finding.text


async def test_every_group_is_looked_at_with_what_to_click(fake: FakeTelegram) -> None:
    first, second, third = fake.group(), fake.group("Доставка"), fake.group("Без тем", forum=False)
    second.set_bot("administrator", without=("can_manage_topics",))
    groups = ({"id": second.id, "skills": ("delivery",)}, {"id": third.id}, {"id": -100555})
    given = config(fake, group_id=first.id, groups=groups)
    [ready] = await found(given, "telegram shop group")
    assert ready.level == "ok"
    [rights] = await found(given, f"telegram shop group {second.id}")
    assert rights.level == "error"
    assert "Administrators, @estafeta_stand_in_bot, and switch Manage topics on" in rights.text
    [plain] = await found(given, f"telegram shop group {third.id}")
    assert "Edit, Topics" in plain.text
    [missing] = await found(given, "telegram shop group -100555")
    assert "ESTAFETA_TELEGRAM__GROUPS" in missing.text
    assert "Add members, @estafeta_stand_in_bot" in missing.text


async def test_the_bot_of_the_groups_is_asked_about_them_and_not_the_customers(fake: FakeTelegram) -> None:
    group, desk = fake.group(), fake.bot()
    group.set_bot("left")
    given = config(fake, group_id=group.id, desk_token=SecretStr(desk.token))
    assert await found(given, "telegram shop group") == []
    [away] = await found(given, "telegram shop-desk group")
    assert away.level == "error"
    desk.joins(group, "member")
    [plain] = await found(given, "telegram shop-desk group")
    assert f"Add admin, @stand_in_{desk.id}_bot, with Manage topics on" in plain.text
    desk.joins(group)
    [ready] = await found(given, "telegram shop-desk group")
    assert ready.level == "ok"
    [named] = await found(given, "telegram shop-desk")
    assert f"@stand_in_{desk.id}_bot" in named.text
    wrong = config(fake, group_id=group.id, desk_token=SecretStr("7000000009:refused"))
    [refused] = await found(wrong, "telegram shop-desk")
    assert (refused.level, "refused" in refused.text) == ("error", False)


async def test_both_bots_are_connected(fake: FakeTelegram) -> None:
    desk = fake.bot()
    given = config(fake, mode="webhook", group_id=fake.group().id, desk_token=SecretStr(desk.token))
    done = await connect(given, HERE, CLOCK)
    assert len(done) == 4
    assert fake.webhook.url == f"{HERE}/webhooks/telegram/shop"
    assert desk.api.webhook.url == f"{HERE}/webhooks/telegram/shop-desk"
    assert {"chat_member", "message_reaction"} <= set(desk.updates.allowed)


async def test_what_telegram_leaves_out_by_itself_is_missed_for_a_webhook(fake: FakeTelegram) -> None:
    given = config(fake, mode="webhook", public_url=HERE)
    fake.webhook.set({"url": f"{HERE}/webhooks/telegram/shop"})
    [_, finding] = await found(given, "telegram shop webhook")
    assert finding.text.startswith("Telegram does not tell of chat_member, message_reaction; without chat_member")
    assert "estafeta channels connect telegram" in finding.text


async def test_a_group_that_moved_is_told_with_its_new_id(fake: FakeTelegram) -> None:
    group = fake.group()
    old, new = group.id, group.migrates()
    findings = await found(config(fake, group_id=old), "telegram shop group")
    assert [finding.level for finding in findings] == ["warning", "ok"]
    assert str(new) in findings[0].text
