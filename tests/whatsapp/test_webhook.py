"""The webhook: who may post, what is acknowledged and when, and that nothing stops it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import orjson
import pytest
from aiohttp import web
from pydantic import ValidationError

from bots.whatsapp.config import WhatsAppConfig
from bots.whatsapp.people import Person
from bots.whatsapp.webhook import BODY_BYTES
from estafeta.fakes.whatsapp import Participant, WebhookFaults
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Button,
    CustomerDeleted,
    CustomerEdited,
    CustomerPressed,
    CustomerReacted,
    CustomerSaid,
    Json,
    Media,
    SaidElsewhere,
    Text,
)
from tests.whatsapp.payloads import BOTH, PHONE, change, contact, message, moved, webhook
from tests.whatsapp.stage import VERIFY_TOKEN, Stage, staged
from tests.whatsapp.test_convert import mutated


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as stage:
        yield stage


def texts(stage: Stage) -> list[str]:
    parts = [signal.event.parts for signal in stage.inbox.signals if isinstance(signal.event, CustomerSaid)]
    return [part.text for some in parts for part in some if isinstance(part, Text)]


def ours(stage: Stage, text: str, **more: object) -> dict[str, object]:
    raw = message("text", {"body": text}, **more)
    raw["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = stage.fake.number.id
    return raw


async def verified(stage: Stage, **query: str) -> tuple[int, str, str]:
    params = {f"hub.{name}": value for name, value in query.items()}
    async with aiohttp.ClientSession() as session, session.get(stage.url, params=params) as answer:
        return answer.status, await answer.text(), answer.content_type


async def test_the_challenge_comes_back_to_who_knows_the_word(stage: Stage) -> None:
    assert await verified(stage, mode="subscribe", verify_token=VERIFY_TOKEN, challenge="1158201444") == (
        200, "1158201444", "text/plain",
    )  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [
        {"mode": "subscribe", "verify_token": "wrong", "challenge": "1"},
        {"mode": "subscribe", "challenge": "1"},
        {"mode": "unsubscribe", "verify_token": VERIFY_TOKEN, "challenge": "1"},
        {"mode": "subscribe", "verify_token": VERIFY_TOKEN},
        {"mode": "subscribe", "verify_token": VERIFY_TOKEN, "challenge": "<script>\n"},
        {},
    ],
)
async def test_nobody_else_gets_it(stage: Stage, query: dict[str, str]) -> None:
    status, text, _ = await verified(stage, **query)
    assert (status, text) == (403, "wrong verify token")


async def test_the_signature_is_of_the_bytes_as_they_came(stage: Stage) -> None:
    body = json.dumps(ours(stage, "Привет 👋 a/b")).encode().replace(b"/", rb"\/")
    assert await stage.post(body) == 200
    assert texts(stage) == ["Привет 👋 a/b"]


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=x", "é", "nonsense"])
async def test_a_wrong_signature_is_refused(stage: Stage, signature: str) -> None:
    assert await stage.post(ours(stage, "я не Meta"), signature=signature) == 401
    assert stage.inbox.attempts == []
    assert stage.aside.kept == []


async def test_another_secrets_signature_is_refused(stage: Stage) -> None:
    body = orjson.dumps(ours(stage, "я не Meta"))
    other = "sha256=" + hmac.new(b"another", body, hashlib.sha256).hexdigest()
    assert await stage.post(body, signature=other) == 401
    assert await stage.post(body) == 200


async def test_a_body_larger_than_any_is_refused(stage: Stage) -> None:
    assert await stage.post(b" " * (BODY_BYTES + 1)) == 413


async def test_what_is_no_json_is_set_aside_and_acknowledged(stage: Stage) -> None:
    for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000):
        assert await stage.post(body) == 200
    assert [reason for _, reason in stage.aside.kept] == ["the body is no JSON"] * 4


async def test_what_cannot_be_set_aside_is_acknowledged_all_the_same(stage: Stage) -> None:
    stage.aside.broken = True
    assert await stage.post(b"{") == 200


async def test_a_store_that_is_away_is_the_one_reason_to_ask_again(stage: Stage) -> None:
    stage.inbox.away = 1
    assert await stage.post(ours(stage, "раз")) == 503
    stage.pad.away = True
    assert await stage.post(ours(stage, "раз", id="wamid.2")) == 200, "who wrote is known already"
    assert await stage.post(webhook(change_of(stage, "79001112233"))) == 503
    stage.pad.away = False
    assert await stage.post(ours(stage, "раз")) == 200
    assert texts(stage) == ["раз", "раз"]


def change_of(stage: Stage, phone: str) -> dict[str, object]:
    raw = {"from": phone, "id": "wamid.x", "type": "text", "text": {"body": "да"}}
    made = change("messages", contacts=[contact(phone=phone, user="US.77")], messages=[raw])
    made["value"]["metadata"]["phone_number_id"] = stage.fake.number.id
    return made


async def test_one_that_cannot_be_stored_does_not_hold_up_the_others(stage: Stage) -> None:
    accept = stage.inbox._accept

    def poisoned(signal):  # type: ignore[no-untyped-def]
        if isinstance(signal.event, CustomerSaid) and signal.event.parts == (Text(text="яд"),):
            raise RuntimeError("the database's driver is broken")
        return accept(signal)

    stage.inbox._accept = poisoned  # type: ignore[method-assign]
    some = [
        ours(stage, text, id=f"wamid.{number}")["entry"][0]  # type: ignore[index]
        for number, text in enumerate(("раз", "яд", "два"))
    ]
    assert await stage.post({"object": "whatsapp_business_account", "entry": some}) == 200
    assert texts(stage) == ["раз", "два"]
    [(raw, reason)] = stage.aside.kept
    assert (raw["text"]["body"], reason) == ("яд", "could not be stored: RuntimeError")


async def test_notes_that_cannot_be_read_stop_nothing(stage: Stage) -> None:
    async def broken(key: str) -> Json:
        raise RuntimeError("a note that no version wrote")

    stage.pad.get = broken  # type: ignore[method-assign]
    assert await stage.post(ours(stage, "да")) == 200
    [(_, reason)] = stage.aside.kept
    assert reason == "whose it is could not be looked up: RuntimeError"


@pytest.mark.parametrize(("error", "status"), [(StoreUnavailable("the disk is full"), 503), (RuntimeError("odd"), 200)])
async def test_without_its_notes_a_message_is_stored_and_only_a_store_that_is_away_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, error: Exception, status: int
) -> None:
    async def broken(key: str, value: Json) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(stage.pad, "put", broken)
        assert await stage.post(ours(stage, "да")) == status
    assert texts(stage) == ["да"]
    assert await stage.post(ours(stage, "да")) == 200
    assert texts(stage) == ["да"], "WhatsApp has sent it again"
    assert await stage.channel._people.reach(PHONE) == BOTH
    assert stage.aside.kept == []


async def test_a_change_of_number_in_the_same_webhook_is_of_whom_it_tells_first(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = stage.pad.put

    async def slow(key: str, value: Json) -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        await put(key, value)

    monkeypatch.setattr(stage.pad, "put", slow)
    first, second = ours(stage, "да"), moved(type="user_changed_number", wa_id="16505550000", user_id="US.99")
    second["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = stage.fake.number.id
    first["entry"] += second["entry"]
    assert await stage.post(first) == 200
    assert await stage.channel._people.reach(PHONE) == Person(phone="16505550000", user="US.99")


async def test_hundreds_of_broken_webhooks_and_then_a_good_one(stage: Stage) -> None:
    async with aiohttp.ClientSession() as session:
        for seed in range(500):
            raw = mutated(seed)
            body = json.dumps(raw).encode().replace(b"106540352242922", stage.fake.number.id.encode())
            header = "sha256=" + hmac.new(stage.fake.app_secret.encode(), body, hashlib.sha256).hexdigest()
            async with session.post(stage.url, data=body, headers={"X-Hub-Signature-256": header}) as answer:
                assert answer.status == 200, body
    assert len(stage.inbox.attempts) > 100
    stage.fake.person("Мария").says("всё ещё слышно?")
    await stage.inbox.until(lambda: "всё ещё слышно?" in texts(stage))


async def test_duplicates_lost_answers_and_overtaking(stage: Stage) -> None:
    maria = stage.fake.person("Мария")
    stage.fake.faults.webhook = WebhookFaults(duplicates=2, lost_answers=1, reorder=1)
    for text in ("раз", "два", "три"):
        maria.says(text)
    await stage.fake.wait(lambda: not stage.fake.webhook.waiting)
    assert sorted(texts(stage)) == ["два", "раз", "три"]


async def test_what_people_do_in_whatsapp(stage: Stage) -> None:
    maria = stage.fake.person("Мария", username="maria")
    first = maria.says("где заказ?")
    photo = maria.sends("image", b"JPEG", caption="вот")
    maria.reacts(first, "👍")
    maria.unreacts(first, named=False)
    maria.edits(first, "где мой заказ?")
    maria.deletes(photo)
    stage.fake.phone_app().says(maria, "Отвечу сам")
    events = [signal.event for signal in await stage.inbox.have(7)]
    assert [type(event) for event in events] == [
        CustomerSaid, CustomerSaid, CustomerReacted, CustomerReacted, CustomerEdited, CustomerDeleted, SaidElsewhere,
    ]  # fmt: skip
    said, shown, liked, unliked, edited, deleted, elsewhere = events
    assert isinstance(said, CustomerSaid)
    assert (said.message, said.profile.name, said.profile.username) == (first, "Мария", "maria")
    assert isinstance(shown, CustomerSaid)
    media, words = shown.parts
    assert isinstance(media, Media)
    assert (media.kind, media.origin, words) == ("photo", "whatsapp:shop", Text(text="вот"))
    assert isinstance(liked, CustomerReacted)
    assert isinstance(unliked, CustomerReacted)
    assert (liked.message, liked.emoji, unliked.emoji) == (first, "👍", "")
    assert edited == CustomerEdited(message=first, parts=(Text(text="где мой заказ?"),))
    assert deleted == CustomerDeleted(message=photo)
    assert isinstance(elsewhere, SaidElsewhere)
    assert (elsewhere.parts, elsewhere.operator.desk) == ((Text(text="Отвечу сам"),), "whatsapp")
    assert len({signal.address for signal in stage.inbox.signals}) == 1


async def test_whoever_changes_their_number_goes_on_where_they_were(stage: Stage) -> None:
    maria, hidden = stage.fake.person("Мария"), stage.fake.person("Пётр", hidden=True)
    addresses = []
    for count, person in enumerate((maria, hidden), 1):
        person.says("раз")
        address = (await stage.inbox.have(count))[-1].address
        assert address is not None
        addresses.append(address)
    maria.changes_number("+7 900 111-22-33")
    hidden.changes_number("+7 900 111-22-34")
    await stage.fake.wait(lambda: not stage.fake.webhook.waiting)
    for count, (person, address) in enumerate(zip((maria, hidden), addresses, strict=True), 3):
        person.says("два")
        assert (await stage.inbox.have(count))[-1].address == address
        await stage.channel.send(stage.message(address, Text(text="вижу вас")))
        await stage.fake.wait(partial(saw, stage, person))


def saw(stage: Stage, person: Participant) -> bool:
    return stage.fake.shown(person)[-1:] == ["вижу вас"]


async def test_two_numbers_at_one_address(tmp_path: Path) -> None:
    async with staged(tmp_path, serve=False) as stage:
        second = stage.fake.add_number("+7 495 000-00-02", "Филиал")
        third = stage.fake.add_number("+7 495 000-00-03", "Чужой")
        stage.siblings[second.id] = "branch"
        stage.channel = stage.made()
        async with stage.served():
            maria = stage.fake.person("Мария")
            maria.says("в главный")
            maria.to(second).says("в филиал")
            maria.to(third).says("чужим")
            signals = await stage.inbox.have(2)
            assert {signal.address.account for signal in signals if signal.address} == {"shop", "branch"}
            await stage.fake.wait(lambda: stage.aside.kept)
            assert third.id in stage.aside.kept[0][1]


async def test_a_pressed_row_has_its_whole_label(stage: Stage) -> None:
    labels = ["Хочу вернуть один товар из двух, и без коробки", *(f"Вариант {number}" for number in range(4))]
    stage.fake.person("Мария").says("привет")
    [signal] = await stage.inbox.have()
    assert signal.address is not None
    buttons = tuple(Button(id=f"c.{number}", text=label) for number, label in enumerate(labels))
    await stage.channel.send(stage.message(signal.address, Text(text="Что?"), buttons=buttons))
    stage.fake.person("Мария").presses("c.0")
    pressed = (await stage.inbox.have(2))[-1].event
    assert isinstance(pressed, CustomerPressed)
    assert (pressed.button, pressed.label) == ("c.0", labels[0])


@pytest.mark.parametrize("missing", ["app_secret", "verify_token", "token"])
def test_without_its_secrets_it_does_not_start_and_says_which(missing: str) -> None:
    whole = {
        "token": "t", "phone_number_id": "1", "waba_id": "2", "app_secret": "s", "verify_token": "v",
    }  # fmt: skip
    WhatsAppConfig.model_validate(whole)
    for broken in ({**whole, missing: ""}, {name: value for name, value in whole.items() if name != missing}):
        with pytest.raises(ValidationError) as refused:
            WhatsAppConfig.model_validate(broken)
        assert [error["loc"] for error in refused.value.errors()] == [(missing,)]
        assert "'s'" not in str(refused.value)


async def test_secrets_are_shown_to_nobody(stage: Stage) -> None:
    shown = f"{stage.config!r} {stage.client!r} {stage.channel!r}"
    assert stage.fake.token not in shown
    assert stage.fake.app_secret not in shown
    assert VERIFY_TOKEN not in shown


async def test_the_webhook_is_mounted_where_it_is_announced(stage: Stage) -> None:
    app = web.Application()
    stage.channel.mount(app, stage.inbox)
    assert {route.resource.canonical for route in app.router.routes() if route.resource} == {"/webhooks/whatsapp/shop"}
