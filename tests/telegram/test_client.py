"""The Bot API client: what failures become, what it mends by itself, and that the token gets nowhere."""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import traceback
from typing import Any

import pytest
from aiogram.methods import EditMessageText, SendMessage
from aiohttp import web
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from bots.telegram.client import FileKind, TelegramClient
from bots.telegram.config import TelegramConfig, TelegramLimits
from bots.telegram.failures import _FAILURES, failure
from estafeta.clock import SystemClock, TestClock
from estafeta.fakes.telegram import Limits
from estafeta.kernel.errors import SendFailed
from tests.telegram.stage import UNLIMITED, ImpatientClock, Stage, staged


def hello(chat: int, text: str = "привет", **more: Any) -> SendMessage:
    return SendMessage(chat_id=chat, text=text, **more)


async def refusal(client: TelegramClient, method: SendMessage, **more: Any) -> SendFailed:
    with pytest.raises(SendFailed) as failed:
        await client.call(method, **more)
    return failed.value


def says(status: int, description: str = "") -> dict[str, Any]:
    return {"kind": "answer", "status": status, "description": description}


@pytest.mark.parametrize(
    ("plan", "code", "maybe_sent", "passing"),
    [
        ({"kind": "drop_before"}, "no_answer", True, True),
        ({"kind": "drop_after"}, "no_answer", True, True),
        ({"kind": "broken_json"}, "no_answer", True, True),
        ({"kind": "hang", "seconds": 2}, "no_answer", True, True),
        (says(500), "messenger_down", False, True),
        (says(502), "no_answer", True, True),
        ({"kind": "answer", "status": 429, "retry_after": 50}, "too_many_requests", False, True),
        (says(401), "unauthorized", False, True),
        (says(404), "unauthorized", False, True),
        (says(409, "Conflict: other"), "conflict", False, True),
        (says(403, "Forbidden: bot was blocked by the user"), "blocked", False, False),
        (says(403, "Forbidden: user is deactivated"), "undeliverable", False, False),
        (says(403, "Forbidden: something new"), "blocked", False, False),
        (says(400, "Bad Request: message thread not found"), "topic_missing", False, True),
        (says(400, "Bad Request: TOPIC_DELETED"), "topic_missing", False, True),
        (says(400, "Bad Request: TOPIC_CLOSED"), "topic_closed", False, True),
        (says(400, "Bad Request: chat not found"), "undeliverable", False, False),
        (says(400, "Bad Request: message is too long"), "too_long", False, False),
        (says(400, "Bad Request: not enough rights to x"), "no_rights", False, False),
        (says(400, "Bad Request: NEWS_OF_2027"), "refused", False, False),
    ],
)  # fmt: skip
async def test_every_failure_has_a_name_a_fault_and_a_sentence(
    plan: dict[str, Any], code: str, maybe_sent: bool, passing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with staged() as stage:
        ivan = stage.fake.private("Иван")
        stage.fake.fail("sendMessage", **plan)
        with capture_logs() as logs:
            failed = await refusal(stage.client, hello(ivan.id), timeout=0.5)
        assert (failed.code, failed.maybe_sent, failed.retry_after is not None) == (code, maybe_sent, passing)
        assert failed.sentence.strip()
        assert_silent(stage, failed, logs, caplog)


def assert_silent(stage: Stage, failed: SendFailed, *told: Any) -> None:
    """The token's secret half is in nothing that could be logged."""
    secret = stage.fake.token.partition(":")[2]
    chain = "".join(traceback.TracebackException.from_exception(failed, capture_locals=False).format())
    for thing in (chain, str(failed), repr(failed), repr(stage.client), repr(stage.config), str(stage.config)):
        assert secret not in thing
    for thing in told:
        assert secret not in (thing.text if isinstance(thing, pytest.LogCaptureFixture) else repr(thing))
    assert failed.__cause__ is None
    assert failed.__context__ is None


async def test_nobody_there_is_certainly_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    async with staged() as stage:
        client = TelegramClient(stage.config.token, clock=stage.clock, base_url=f"http://127.0.0.1:{port}")
        failed = await refusal(client, hello(5))
        await client.close()
        assert (failed.code, failed.maybe_sent, failed.fault) == ("unreachable", False, "messenger")
        assert failed.retry_after is not None
        assert_silent(stage, failed)


@pytest.mark.parametrize("base", ["http://", "http://[bad", "http://exa mple:x/"])
async def test_an_address_that_is_none_is_a_failure_like_any(base: str) -> None:
    async with staged() as stage:
        client = TelegramClient(stage.config.token, clock=stage.clock, base_url=base)
        assert_silent(stage, await refusal(client, hello(5)))
        await client.close()


@pytest.mark.parametrize("body", [b"", b"<html>502</html>", b"[]", b'{"ok": false}', b'"x"', b"\xff", b'{"ok": "yes"}'])
async def test_an_answer_that_is_none_may_have_been_sent(body: bytes) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=502, body=body)

    app = web.Application()
    app.router.add_post("/{tail:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    client = TelegramClient(
        SecretStr("1:abc"), clock=ImpatientClock(), base_url=f"http://127.0.0.1:{runner.addresses[0][1]}"
    )
    failed = await refusal(client, hello(5))
    await client.close()
    await runner.cleanup()
    assert (failed.code, failed.maybe_sent) == ("no_answer", True)


def test_a_wrong_token_is_refused_in_words_without_it() -> None:
    with pytest.raises(ValidationError) as refused:
        TelegramConfig.model_validate({"token": "not-a-token-but-secret"})
    assert "@BotFather" in str(refused.value)
    assert "not-a-token-but-secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [
        ("group_id", 5, "negative"),
        ("account", "a:b", "account"),
        ("base_url", "ftp://x", "http"),
        ("secret", "пароль", "secret"),
        ("colour", "red", "colour"),
    ],
)
def test_wrong_settings_are_refused_in_words(field: str, value: Any, word: str) -> None:
    with pytest.raises(ValidationError, match=word):
        TelegramConfig.model_validate({"token": "1:abc", field: value})


def test_the_account_defaults_to_the_bots_id() -> None:
    assert TelegramConfig.model_validate({"token": "123:abc"}).name == "123"
    assert TelegramConfig.model_validate({"token": "123:abc", "account": "shop"}).name == "shop"


async def test_a_short_flood_wait_is_waited_out() -> None:
    async with staged() as stage:
        ivan = stage.fake.private("Иван")
        stage.fake.fail("sendMessage", "answer", status=429, retry_after=1)
        await stage.client.call(hello(ivan.id))
        assert [call.status for call in stage.fake.calls_of("sendMessage")] == [429, 200]


async def test_a_flood_wait_silences_its_chat_alone() -> None:
    async with staged() as stage:
        ivan, olga = stage.fake.private("Иван"), stage.fake.private("Ольга")
        stage.fake.fail("sendMessage", "answer", status=429, retry_after=50, chat=ivan.id)
        assert (await refusal(stage.client, hello(ivan.id))).retry_after == 50
        await stage.client.call(hello(olga.id))
        paced = await refusal(stage.client, hello(ivan.id))
        assert paced.code == "paced"
        assert paced.retry_after is not None
        assert 40 < paced.retry_after <= 50
        assert len(stage.fake.calls_of("sendMessage")) == 2


@pytest.mark.parametrize("later", ["", "another name"])
async def test_what_waits_for_its_turn_while_the_worker_is_taken_for_dead_is_not_sent(later: str) -> None:
    async with staged() as stage:
        ivan, name = stage.fake.private("Иван"), "worker"
        limits = UNLIMITED.model_copy(update={"chat_burst": 1.0, "chat_per_second": 0.5})
        client = TelegramClient(
            SecretStr(stage.fake.token), clock=SystemClock(), base_url=stage.fake.url, limits=limits,
            worker=lambda: name,
        )  # fmt: skip
        try:
            await client.call(hello(ivan.id, "первое"))
            waiting = asyncio.create_task(client.call(hello(ivan.id, "второе")))
            await asyncio.sleep(0)
            name = later
            with pytest.raises(SendFailed) as failed:
                await waiting
            assert failed.value.code == "paced"
            assert failed.value.retry_after == 0.0  # whoever asked looks whether it is still its business
            assert stage.fake.shown(ivan) == ["первое"]
            name = "another name"
            await client.call(hello(ivan.id, "второе"))  # its turn was not used up
            assert stage.fake.shown(ivan) == ["первое", "второе"]
        finally:
            await client.close()


async def test_a_moved_group_is_followed() -> None:
    async with staged() as stage:
        group = stage.fake.group()
        old = group.id
        new = group.migrates()
        await stage.client.call(hello(old, "первое"))
        await stage.client.call(hello(old, "второе"))
        assert stage.fake.shown(new) == ["первое", "второе"]
        assert [call.params["chat_id"] for call in stage.fake.calls_of("sendMessage")] == [old, new, new]
        assert stage.client.known_as(new) == old
        assert stage.client.known_as(old) == old


async def test_an_edit_that_changes_nothing_is_a_success() -> None:
    async with staged() as stage:
        ivan = stage.fake.private("Иван")
        sent = await stage.client.call(hello(ivan.id))
        edit = EditMessageText(chat_id=ivan.id, message_id=sent["message_id"], text="привет")
        assert await stage.client.call(edit) is True


async def test_broken_formatting_is_sent_as_plain_text() -> None:
    async with staged() as stage:
        ivan = stage.fake.private("Иван")
        await stage.client.call(hello(ivan.id, "<b>цена</i> &lt; 5", parse_mode="HTML"))
        assert stage.fake.shown(ivan) == ["цена < 5"]


async def test_what_became_needless_while_it_waited_is_not_sent() -> None:
    async with staged() as stage:
        ivan = stage.fake.private("Иван")
        assert await stage.client.call(hello(ivan.id), unless=lambda: True) is None
        assert stage.fake.shown(ivan) == []


async def test_the_messengers_limits_are_kept_without_a_refusal() -> None:
    limits = TelegramLimits(bot_per_second=40, chat_per_second=18, chat_burst=3)
    fake = Limits(bot_per_second=40, private_per_second=20, private_burst=4)
    async with staged(pace=limits, limits=fake) as stage:
        ivan = stage.fake.private("Иван")
        for number in range(12):
            await stage.client.call(hello(ivan.id, str(number)))
        assert stage.fake.shown(ivan) == [str(number) for number in range(12)]
        assert all(call.ok for call in stage.fake.calls_of("sendMessage"))


async def test_an_album_takes_as_much_of_the_budget_as_the_messages_that_it_is() -> None:
    limits = TelegramLimits(bot_per_second=100, chat_per_second=18, chat_burst=4)
    # Counted as one message each, the albums would be fifteen at once; a busy machine brings a few close together.
    fake = Limits(bot_per_second=100, private_per_second=20, private_burst=9)
    async with staged(pace=limits, limits=fake) as stage:
        ivan = stage.fake.private("Иван")
        photos = [ivan.sends("photo")["photo"][-1]["file_id"] for _ in range(4)]
        items: list[tuple[FileKind, str]] = [("photo", photo) for photo in photos]
        for _ in range(3):
            await stage.client.send_album(ivan.id, items)
            await stage.client.call(hello(ivan.id))
        assert all(call.ok for call in stage.fake.calls_of("sendMediaGroup", "sendMessage"))


async def test_a_full_queue_is_said_to_be_one() -> None:
    async with staged() as stage:
        client = TelegramClient(
            stage.config.token, clock=TestClock(), base_url=stage.fake.url,
            limits=UNLIMITED.model_copy(update={"chat_per_second": 0.01, "chat_burst": 1.0}),
        )  # fmt: skip
        ivan = stage.fake.private("Иван")
        await client.call(hello(ivan.id))
        failed = await refusal(client, hello(ivan.id))
        await client.close()
        assert (failed.code, failed.maybe_sent) == ("paced", False)
        assert failed.retry_after == pytest.approx(100)


async def test_the_bots_budget_and_the_groups_are_shared_with_other_processes() -> None:
    class Asked(list[str]):
        async def take(self, key: str, cost: float, *, burst: float, per_second: float) -> float | None:
            self.append(key)
            return 0.0

        def block(self, key: str, seconds: float, *, burst: float, per_second: float) -> None: ...

        def give_back(self, key: str, cost: float, *, burst: float, per_second: float) -> None: ...

    async with staged() as stage:
        asked = Asked()
        client = TelegramClient(stage.config.token, clock=stage.clock, base_url=stage.fake.url, buckets=asked)
        ivan, group = stage.fake.private("Иван"), stage.fake.group()
        await client.call(hello(ivan.id))
        await client.call(hello(group.id))
        await client.close()
        scope = f"telegram:{client.bot_id}"
        assert asked == [f"{scope}:bot", f"{scope}:{group.id}:0", f"{scope}:bot"]


def test_sentences_are_in_the_operators_language() -> None:
    for code in _FAILURES:
        russian, english = failure(code, "ru").sentence, failure(code, "en").sentence
        assert re.search("[а-я]", russian)
        assert not re.search("[а-я]", english)
