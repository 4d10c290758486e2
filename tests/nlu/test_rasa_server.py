"""The understander of a Rasa server against a server that misbehaves. A running Rasa is asked in tests/rasa."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

import pytest
from aiohttp import web
from pydantic import SecretStr, ValidationError
from structlog.testing import capture_logs

from estafeta.clock import TestClock
from estafeta.kernel.errors import UnderstandingFailed
from nlu.entities import EntityFinder
from nlu.rasa import RasaUnderstander
from nlu.rasa_config import RasaConfig
from nlu.rasa_server import LARGEST_ANSWER, RasaError
from tests.nlu.rasa_stand_in import TOKEN, Answer, RasaStandIn, answering, parsed, refusal

Result = TypeVar("Result")
ENOUGH = 30.0
"""Seconds: a deadline that nothing here reaches."""


@pytest.fixture
async def rasa() -> AsyncIterator[RasaStandIn]:
    stand_in = await RasaStandIn().start()
    yield stand_in
    await stand_in.stop()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
async def understander(rasa: RasaStandIn, clock: TestClock) -> AsyncIterator[RasaUnderstander]:
    made = RasaUnderstander(rasa.config(), clock=clock)
    yield made
    await made.close()


async def failure(understander: RasaUnderstander, text: str = "где мой заказ", deadline: float = ENOUGH) -> str:
    with pytest.raises(UnderstandingFailed) as raised:
        await understander.understand(text, deadline=deadline)
    return str(raised.value)


async def through_pauses(clock: TestClock, asking: Coroutine[Any, Any, Result]) -> Result:
    """What comes of it, with the time moved on whenever somebody waits for it."""
    work = asyncio.create_task(asking)
    while not work.done():
        pause = asyncio.create_task(clock.asleep())
        await asyncio.wait([work, pause], return_when=asyncio.FIRST_COMPLETED)
        if pause.done():
            await clock.advance(1)
        else:
            pause.cancel()
    return work.result()


async def failing(understander: RasaUnderstander, clock: TestClock) -> str:
    """The failure of a text that is tried again."""
    return await through_pauses(clock, failure(understander))


def breaking() -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    return answer


def never(rasa: RasaStandIn) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        await rasa.never.wait()
        return web.Response()

    return answer


# --- what is asked ---------------------------------------------------------------------------------


async def test_a_text_is_understood_and_the_model_named(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    found = await understander.understand("где мой заказ", deadline=ENOUGH)
    assert (found.intent, found.confidence) == ("order_status", 0.9)
    assert found.model == "20260112-090000-0123abcd"


@pytest.mark.parametrize("text", ["", "  \n", "🙈", "?!…", "///", "\u200d" * 9])
async def test_a_text_without_words_is_not_sent(rasa: RasaStandIn, understander: RasaUnderstander, text: str) -> None:
    found = await understander.understand(text, deadline=ENOUGH)
    assert (found.intent, found.confidence, found.ranking) == ("", 0.0, ())
    assert rasa.texts == []


@pytest.mark.parametrize("text", ["/greet", " /greet", "\u200b/greet", "//\t/greet  ", "\ufeff /greet\n"])
async def test_nobody_reaches_the_commands_of_rasa(
    rasa: RasaStandIn, understander: RasaUnderstander, text: str
) -> None:
    await understander.understand(text, deadline=ENOUGH)
    assert rasa.texts == ["greet"]


async def test_half_a_character_is_not_sent(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    await understander.understand("где \ud83d заказ", deadline=ENOUGH)
    assert rasa.texts == ["где \ufffd заказ"]


async def test_a_long_text_is_cut(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    await understander.understand("где мой заказ " * 75_000, deadline=ENOUGH)
    assert len(rasa.texts[0]) <= 2_000


async def test_entities_lie_in_the_text_as_it_was_typed(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        text = (await request.json())["text"]
        at = text.index("Казань")
        entities = [{"entity": "city", "start": at, "end": at + 6, "value": "Казань", "extractor": "DIETClassifier"}]
        return web.json_response(parsed(text, entities=entities))

    rasa.answers = [answer]
    text = " /\u200bв К\u200bазань🙈 "
    [entity] = (await understander.understand(text, deadline=ENOUGH)).entities
    assert text[entity.start : entity.end] == "К\u200bазань"


async def test_the_model_is_asked_for_now_and_then(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock
) -> None:
    with capture_logs() as logs:
        for _ in range(5):
            await understander.understand("где мой заказ", deadline=ENOUGH)
        assert rasa.statuses == 1
        rasa.model = "another.tar.gz"
        await clock.advance(11)
        assert (await understander.understand("где мой заказ", deadline=ENOUGH)).model == "another"
    told = [(line["before"], line["model"]) for line in logs if line["event"] == "rasa_model"]
    assert told == [("", "20260112-090000-0123abcd"), ("20260112-090000-0123abcd", "another")]


async def test_a_server_that_was_away_is_asked_at_once_for_its_model(
    rasa: RasaStandIn, understander: RasaUnderstander
) -> None:
    await understander.understand("где мой заказ", deadline=ENOUGH)
    rasa.model = ""
    await failure(understander)
    rasa.model = "another.tar.gz"
    assert (await understander.understand("где мой заказ", deadline=ENOUGH)).model == "another"


async def test_what_the_platform_has_ready_is_found_too(rasa: RasaStandIn, clock: TestClock) -> None:
    finder = EntityFinder(regexes={}, phrases={}, synonyms={}, ready_made=["email"])
    understander = RasaUnderstander(rasa.config(), clock=clock, ready_made=finder)
    text = "пишите на ivan@example.org"
    [entity] = (await understander.understand(text, deadline=ENOUGH)).entities
    assert (entity.name, text[entity.start : entity.end]) == ("email", "ivan@example.org")
    entities = [{"entity": "email", "start": 10, "end": 26, "value": "own"}]
    rasa.answers = [answering(body=json.dumps(parsed(text, entities=entities)))]
    [own] = (await understander.understand(text, deadline=ENOUGH)).entities
    assert own.value == "own"
    await understander.close()


# --- what goes wrong -------------------------------------------------------------------------------


async def test_a_wrong_token_is_told(rasa: RasaStandIn, clock: TestClock) -> None:
    for token in (None, SecretStr("another-secret")):
        understander = RasaUnderstander(rasa.config(token=token), clock=clock)
        told = await failure(understander)
        assert "ESTAFETA_RASA__TOKEN" in told
        assert "another-secret" not in told
        await understander.close()


async def test_a_server_without_a_model_is_told(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    rasa.model = ""
    assert "estafeta train --engine rasa" in await failure(understander)
    assert len(rasa.texts) == 1, "asking again does not give it one"


async def test_no_server_is_told(clock: TestClock, unused_tcp_port: int) -> None:
    understander = RasaUnderstander(RasaConfig(url=f"http://127.0.0.1:{unused_tcp_port}"), clock=clock)
    told = await failing(understander, clock)
    assert f"127.0.0.1:{unused_tcp_port}" in told
    assert "ESTAFETA_RASA__URL" in told
    await understander.close()


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (answering(body=b"<html>"), "not JSON"),
        (answering(body=b"[1, 2]"), "no object"),
        (answering(body=b"{}"), "text"),
        (answering(body=b"[" * 100_000), "not JSON"),
        (answering(body=b'{"text": "\xff"}'), "not JSON"),
        (answering(body=json.dumps(parsed("another text"))), "another text"),
        (answering(body=b"x" * (LARGEST_ANSWER + 1)), "larger than"),
        (answering(body=b"\x1f\x8b" + b"\0" * 100, headers={"Content-Encoding": "gzip"}), "not JSON"),
        (answering(status=404, body=b"no"), "--enable-api"),
        (answering(status=302, headers={"Location": "http://127.0.0.1:1/"}), "302"),
        (answering(status=400, body=b'{"message": "a\\u0007b\\nc"}'), "400 to /model/parse: a b c"),
    ],
)
async def test_an_answer_that_is_none_is_told_and_not_asked_for_again(
    rasa: RasaStandIn, understander: RasaUnderstander, answer: Answer, told: str
) -> None:
    rasa.answers = [answer]
    assert told in await failure(understander)
    assert len(rasa.texts) == 1


async def test_what_does_not_speak_http_or_tls_is_told(rasa: RasaStandIn, clock: TestClock) -> None:
    """Not tried again: it does not pass."""
    tries = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal tries
        tries += 1
        await reader.read(1)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x46")  # as a TLS server says that this was no TLS
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        plain = RasaUnderstander(rasa.config(url=f"http://127.0.0.1:{port}"), clock=clock)
        assert "does not speak HTTP" in await failure(plain)
        await plain.close()
    assert tries == 1
    secure = RasaUnderstander(rasa.config(url=rasa.config().url.replace("http:", "https:")), clock=clock)
    assert "does not speak TLS" in await failure(secure)
    await secure.close()


async def test_a_body_without_an_end_is_not_waited_for(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    rasa.answers = [endless]
    assert "larger than" in await failure(understander)


@pytest.mark.parametrize("answer", [answering(status=503, body=b"busy"), breaking()])
async def test_what_passes_is_asked_again(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock, answer: Answer
) -> None:
    rasa.answers = [answer, answer]
    found = await through_pauses(clock, understander.understand("где мой заказ", deadline=ENOUGH))
    assert found.intent == "order_status"
    assert len(rasa.texts) == 3


async def test_what_does_not_pass_is_given_up(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock
) -> None:
    rasa.answers = [answering(status=503)] * 9
    assert "503" in await failing(understander, clock)
    assert len(rasa.texts) == 3


async def test_silence_ends_with_the_deadline(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    rasa.answers = [never(rasa)]
    assert "within 0.05 seconds" in await failure(understander, deadline=0.05)


async def test_pauses_are_within_the_deadline(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    """The clock stands still, so the pause before the next try has no end."""
    rasa.answers = [answering(status=503)]
    assert "within 0.05 seconds" in await failure(understander, deadline=0.05)


async def test_a_status_that_is_not_told_costs_no_understanding(
    rasa: RasaStandIn, understander: RasaUnderstander, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost() -> None:
        raise RasaError("no status")

    monkeypatch.setattr(understander.server, "status", lost)
    found = await understander.understand("где мой заказ", deadline=ENOUGH)
    assert (found.intent, found.model) == ("order_status", "")


# --- the circuit -----------------------------------------------------------------------------------


async def test_a_server_that_fails_again_and_again_rests(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock
) -> None:
    rasa.model = ""
    for _ in range(5):
        await failure(understander)
    assert "again and again" in await failure(understander)
    assert len(rasa.texts) == 5
    await clock.advance(4.9)
    await failure(understander)
    assert len(rasa.texts) == 5
    rasa.model = "back.tar.gz"
    await clock.advance(0.2)
    assert (await understander.understand("где мой заказ", deadline=ENOUGH)).intent == "order_status"
    assert (await understander.understand("где мой заказ", deadline=ENOUGH)).intent == "order_status"


async def test_one_text_at_a_time_is_the_trial(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock
) -> None:
    rasa.model = ""
    for _ in range(5):
        await failure(understander)
    await clock.advance(6)
    rasa.answers = [never(rasa)]
    rasa.asked.clear()
    trial = asyncio.create_task(understander.understand("где мой заказ", deadline=ENOUGH))
    await rasa.asked.wait()
    assert "again and again" in await failure(understander)
    trial.cancel()
    await asyncio.wait([trial])
    rasa.model = "back.tar.gz"
    found = await understander.understand("где мой заказ", deadline=ENOUGH)
    assert found.intent == "order_status", "a trial that was given up stands in nobody's way"


async def test_a_text_that_breaks_the_model_is_its_own_misfortune(
    rasa: RasaStandIn, understander: RasaUnderstander
) -> None:
    async def broke(request: web.Request) -> web.StreamResponse:
        return refusal(500, "An unexpected error occurred. Error: list index out of range", "ParsingError")

    rasa.answers = [broke] * 9
    for _ in range(9):
        assert "list index out of range" in await failure(understander)
    assert len(rasa.texts) == 9
    assert (await understander.understand("где мой заказ", deadline=ENOUGH)).intent == "order_status"


async def test_whoever_gives_up_says_nothing_of_the_server(rasa: RasaStandIn, understander: RasaUnderstander) -> None:
    rasa.answers = [never(rasa)] * 9
    for _ in range(9):
        rasa.asked.clear()
        asking = asyncio.create_task(understander.understand("где мой заказ", deadline=ENOUGH))
        await rasa.asked.wait()
        asking.cancel()
        await asyncio.wait([asking])
    assert (await understander.understand("где мой заказ", deadline=ENOUGH)).intent == "order_status"


async def test_no_token_is_told_or_logged(
    rasa: RasaStandIn, understander: RasaUnderstander, clock: TestClock, caplog: pytest.LogCaptureFixture
) -> None:
    with capture_logs() as logs:
        await understander.understand("где мой заказ", deadline=ENOUGH)
        rasa.answers = [breaking()] * 3
        told = await failing(understander, clock)
    assert TOKEN not in told + repr(logs) + caplog.text


# --- settings --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["rasa:5005", "ftp://rasa", "http://", "http://rasa:port", "http://rasa?token=x", "http://u:p@rasa", ""]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        RasaConfig(url=url)


def test_an_address_may_have_a_path() -> None:
    assert RasaConfig(url="https://example.org/rasa/").url == "https://example.org/rasa"
