"""The client: VK's refusals translated, its pace kept and reached, its token nowhere."""

from __future__ import annotations

import asyncio
import io
import logging
import time
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr, ValidationError

from benchmarks.vk_pace import most_in_a_second, reached
from bots.vk.client import VkClient
from bots.vk.config import VkConfig, VkLimits
from bots.vk.failures import _FAILURES, failure, refusal
from estafeta.clock import SystemClock
from estafeta.fakes.vk import Community, FakeVk
from estafeta.kernel.errors import SendFailed


@pytest.fixture
async def fake() -> AsyncIterator[FakeVk]:
    async with FakeVk() as running:
        yield running


@pytest.fixture
def shop(fake: FakeVk) -> Community:
    return fake.community("Лавка")


def config(fake: FakeVk, shop: Community, **more: Any) -> VkConfig:
    return VkConfig(token=SecretStr(shop.token), group_id=shop.id, base_url=fake.url, **more)


@pytest.fixture
async def client(fake: FakeVk, shop: Community) -> AsyncIterator[VkClient]:
    made = VkClient(config(fake, shop), clock=SystemClock())
    yield made
    made.close()


async def refused(client: VkClient, method: str = "groups.getTokenPermissions", **values: Any) -> SendFailed:
    with pytest.raises(SendFailed) as caught:
        await client.call(method, **values)
    return caught.value


CODES = [
    (1, "messenger_down", "messenger", True),
    (5, "unauthorized", "settings", True),
    (9, "too_many_requests", "messenger", True),
    (10, "messenger_down", "messenger", True),
    (14, "captcha", "settings", True),
    (15, "no_rights", "settings", True),
    (18, "deactivated", "customer", False),
    (29, "too_many_requests", "messenger", True),
    (100, "refused", "content", False),
    (213, "comments_closed", "settings", False),
    (222, "links_forbidden", "content", False),
    (900, "blocked", "customer", False),
    (901, "not_allowed", "customer", False),
    (902, "not_allowed", "customer", False),
    (911, "refused", "content", False),
    (912, "bot_off", "settings", True),
    (914, "too_long", "content", False),
    (917, "chat_not_found", "customer", False),
    (936, "chat_not_found", "customer", False),
    (950, "window_closed", "customer", False),
    (985, "undeliverable", "content", False),
    (99999, "refused", "content", False),
]


@pytest.mark.parametrize(("code", "name", "fault", "again"), CODES, ids=[str(row[0]) for row in CODES])
async def test_refusals_are_told_in_words(
    fake: FakeVk, client: VkClient, code: int, name: str, fault: str, again: bool
) -> None:
    fake.fail("groups.getTokenPermissions", code=code)
    failed = await refused(client)
    assert (failed.code, failed.fault, failed.retry_after is not None) == (name, fault, again)
    assert not failed.maybe_sent
    english = refusal(code, "x", "en")
    assert english.sentence != failed.sentence
    assert english.sentence.isascii()


def test_every_failure_has_its_two_sentences() -> None:
    for code in _FAILURES:
        russian, english = failure(code, "ru"), failure(code, "en")
        assert russian.sentence.endswith(".")
        assert english.sentence.endswith(".")
        assert not russian.sentence.isascii()


async def test_who_is_in_the_way_of_an_answer(fake: FakeVk, client: VkClient) -> None:
    for kind in ("drop_before", "drop_after", "broken_json"):
        fake.fail("groups.getTokenPermissions", kind)
        failed = await refused(client)
        assert (failed.code, failed.maybe_sent, failed.retry_after) == ("no_answer", True, 3.0)
    fake.fail("groups.getTokenPermissions", status=502)
    assert (await refused(client)).code == "no_answer"
    fake.fail("groups.getTokenPermissions", status=500)
    assert (await refused(client)).code == "messenger_down"


async def test_a_vk_that_is_not_there(fake: FakeVk, shop: Community) -> None:
    nowhere = config(fake, shop).model_copy(update={"base_url": "http://127.0.0.1:9"})
    client = VkClient(nowhere, clock=SystemClock())
    failed = await refused(client)
    client.close()
    assert (failed.code, failed.maybe_sent) == ("unreachable", False)


async def test_a_client_that_is_closed(client: VkClient) -> None:
    client.close()
    assert (await refused(client)).code == "unreachable"


async def test_too_many_requests_of_others_are_waited_out(fake: FakeVk, client: VkClient) -> None:
    fake.fail("groups.getTokenPermissions", code=6, times=2)
    assert (await client.call("groups.getTokenPermissions"))["permissions"]
    fake.fail("groups.getTokenPermissions", code=6, times=9)
    assert (await refused(client)).code == "too_many_requests"


async def test_a_captcha_stops_all_others(fake: FakeVk, client: VkClient) -> None:
    fake.fail("groups.getTokenPermissions", code=14)
    assert (await refused(client)).code == "captcha"
    failed = await refused(client, patience=0.1)
    assert failed.code == "paced"
    assert failed.retry_after is not None
    assert len(fake.calls) == 1


async def test_who_was_taken_for_dead_says_nothing(fake: FakeVk, shop: Community) -> None:
    names = iter(("worker-1", "worker-2", "", "worker-3", "worker-3"))
    client = VkClient(config(fake, shop), clock=SystemClock(), worker=lambda: next(names))
    person = fake.private("Иван", shop)
    for _ in range(2):
        assert (await refused(client, "messages.send", peer_ids=[person.id], random_id=1, message="x")).code == "paced"
    await client.call("messages.send", peer_ids=[person.id], random_id=1, message="x")
    client.close()
    assert fake.shown(person) == ["x"]


async def test_the_urgent_go_first(fake: FakeVk, client: VkClient) -> None:
    calls = [client.call("users.get", user_ids=[1], priority=5) for _ in range(3)]
    calls.append(client.call("groups.getTokenPermissions", priority=0))
    await asyncio.gather(*calls)
    assert [call.method for call in fake.calls].index("groups.getTokenPermissions") <= 1


async def test_the_pace_of_vk_is_never_passed() -> None:
    """How fast it is, `benchmarks/vk_pace.py` tells. The best of a few tries counts: on a machine that stands still for
    a moment, requests wait on their way and arrive together."""
    for _ in range(3):
        _, refusals, most = await reached(0.15, 4.0)
        if refusals == 0:
            break
    assert refusals == 0
    assert most <= 20


async def test_many_slow_answers_hold_nobody_up(fake: FakeVk, client: VkClient) -> None:
    fake.fail("users.get", "hang", seconds=1.5, times=5)
    slow = [asyncio.create_task(client.call("users.get", user_ids=[1])) for _ in range(5)]
    while len(fake.faults.planned) > 0:  # noqa: ASYNC110  until all five are under way
        await asyncio.sleep(0.01)
    start = time.monotonic()
    await client.call("groups.getTokenPermissions")
    assert time.monotonic() - start < 1.0
    await asyncio.gather(*slow)


async def test_after_a_standstill_the_pace_is_kept(fake: FakeVk, shop: Community) -> None:
    """Calls that wait for a thread have no turn yet: they do not all go out once threads are free again."""
    client = VkClient(config(fake, shop, limits=VkLimits(threads=3)), clock=SystemClock())
    fake.fail("users.get", "hang", seconds=1.5, times=3)
    slow = [asyncio.create_task(client.call("users.get", user_ids=[1])) for _ in range(3)]
    while len(fake.faults.planned) > 0:  # noqa: ASYNC110  until all three are under way
        await asyncio.sleep(0.01)
    failed = await refused(client, patience=0.1)
    assert failed.code == "paced"
    await asyncio.gather(*slow, *(client.call("groups.getTokenPermissions") for _ in range(25)))
    client.close()
    times = [call.at for call in fake.calls_of("groups.getTokenPermissions")]
    assert len(times) >= 25
    assert most_in_a_second(times) <= 20


async def test_the_token_gets_nowhere(
    fake: FakeVk, shop: Community, client: VkClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = [repr(client), repr(config(fake, shop)), str(config(fake, shop))]
    written = io.StringIO()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(written))
    try:
        for kind, more in (
            ("answer", {"code": 100}),
            ("answer", {"code": 6, "times": 9}),
            ("answer", {"code": 17}),
            ("answer", {"status": 500}),
            ("drop_after", {}),
            ("broken_json", {}),
            ("answer", {"code": 14}),
        ):
            fake.fail("users.get", kind, **more)  # type: ignore[arg-type]
            failed = await refused(client, "users.get", user_ids=[1])
            fake.faults.clear()
            told += [str(failed), failed.sentence, "".join(traceback.format_exception(failed))]
    finally:
        structlog.reset_defaults()
    told += [caplog.text, written.getvalue()]
    assert written.getvalue()
    assert all(shop.token not in text for text in told)


def test_settings_say_what_is_wrong_without_the_token() -> None:
    token = SecretStr("vk1.a." + "x" * 60)
    VkConfig(token=token, group_id=1, secret=SecretStr("s"), mode="callback")
    assert VkConfig(token=token, group_id=17).name == "17"
    assert VkConfig(token=token, group_id=17, account="shop").name == "shop"
    wrong: list[dict[str, Any]] = [
        {"token": SecretStr("secret token")},
        {"group_id": 0},
        {"group_id": -5},
        {"secret": SecretStr("no spaces here")},
        {"secret": SecretStr("x" * 51)},
        {"account": "a:b"},
        {"confirmation": "<b>"},
        {"base_url": "ftp://x"},
        {"mode": "webhook"},
        {"tokn": "x"},
    ]
    for values in wrong:
        with pytest.raises(ValidationError) as caught:
            VkConfig(**{"token": token, "group_id": 1, **values})
        assert "secret token" not in str(caught.value)
        assert "no spaces here" not in str(caught.value)
    assert all(field.description for field in VkConfig.model_fields.values())
    assert all(field.description for field in VkLimits.model_fields.values())
