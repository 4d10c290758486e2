"""What an operator does to messages, over a real server: the signals it leaves, and what is refused at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import ClientSession

from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Capabilities,
    ConversationId,
    Media,
    OperatorDeleted,
    OperatorEdited,
    OperatorReacted,
    OperatorSaid,
    Stage,
    Template,
    Text,
)
from tests.desks.web.office import EVERYTHING, Office
from tests.desks.web.scene import held, png
from tests.desks.web.test_rest import get, post

WORDS_ONLY = Capabilities(text=1_000, unit="codepoints")


def last(office: Office) -> Any:
    return list(office.store.signals.values())[-1].event


def one(who: ConversationId, seq: int, what: str) -> str:
    return f"api/v1/conversations/{who}/entries/{seq}/{what}"


async def refused(client: ClientSession, path: str, body: dict[str, Any], status: int, code: str) -> None:
    got, told = await post(client, path, {"id": str(uuid4()), **body})
    assert (got, told["error"]["code"]) == (status, code)
    assert told["error"]["text"]


async def own(office: Office, client: ClientSession, who: ConversationId, text: str = "Иду") -> tuple[int, str]:
    """A message of the client's: its place, and the client's id of it."""
    message = str(uuid4())
    assert (await post(client, f"api/v1/conversations/{who}/reply", {"id": message, "text": text}))[0] == 202
    (said,) = [entry for entry in await office.store.entries(who) if entry.kind == "said" and message in entry.id]
    return said.seq, message


async def test_files_go_as_parts_before_the_words_and_an_answer_names_the_entry(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    asked = await office.say(who, "customer", "Какая лампа?")
    files = [(await office.cabinet.hold(png(n, 0, 0), f"{n}.png")).file for n in range(2)]
    async with office.client() as client:
        body = {"id": str(uuid4()), "text": " *вот* ", "files": files, "reply_to": asked.seq}
        for _ in range(2):
            assert (await post(client, f"api/v1/conversations/{who}/reply", body))[0] == 202
    assert len(office.store.signals) == 1, "the same again is the same"
    said = last(office)
    assert isinstance(said, OperatorSaid)
    assert [part.ref for part in said.parts if isinstance(part, Media)] == files
    assert said.parts[-1] == Text(text="*вот*"), "words are taken literally"
    assert (said.reply_to, said.message) == (asked.id, body["id"])


async def test_a_reply_may_be_files_alone_but_not_nothing(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    file = (await office.cabinet.hold(b"%PDF-1.4", "a.pdf")).file
    path = f"api/v1/conversations/{who}/reply"
    async with office.client() as client:
        assert (await post(client, path, {"id": str(uuid4()), "files": [file]}))[0] == 202
        await refused(client, path, {"text": " "}, 400, "field_empty")
        await refused(client, path, {"files": ["0" * 64]}, 410, "messenger_says")
        await refused(client, path, {"files": ["../../etc/passwd"]}, 400, "field_wrong")
        await refused(client, path, {"files": [file] * 11}, 400, "field_too_many")
        await refused(client, path, {"text": "x", "reply_to": 99}, 404, "unknown_entry")
    assert last(office).parts[0].kind == "document"


async def test_an_own_message_is_edited_and_deleted_by_the_desks_id_of_it(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        seq, message = await own(office, client, who)
        assert (await post(client, one(who, seq, "edit"), {"id": str(uuid4()), "text": "Уже иду"}))[0] == 202
        edited = last(office)
        assert isinstance(edited, OperatorEdited)
        assert (edited.message, edited.parts, edited.operator.name) == (message, (Text(text="Уже иду"),), "Анна")
        assert (await post(client, one(who, seq, "delete"), {"id": str(uuid4())}))[0] == 202
        deleted = last(office)
        assert isinstance(deleted, OperatorDeleted)
        assert deleted.message == message
        entries = (await get(client, f"api/v1/conversations/{who}/entries"))["entries"]
    assert [entry["kind"] for entry in entries] == ["said", "delivery", "edit", "deletion"]


async def test_a_caption_is_edited_with_its_photo(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    file = (await office.cabinet.hold(png(1, 2, 3), "a.png")).file
    async with office.client() as client:
        body = {"id": str(uuid4()), "text": "вот", "files": [file]}
        await post(client, f"api/v1/conversations/{who}/reply", body)
        seq = (await office.store.entries(who))[0].seq
        await post(client, one(who, seq, "edit"), {"id": str(uuid4()), "text": "новая"})
    photo, words = last(office).parts
    assert (photo.ref, words) == (file, Text(text="новая"))


async def test_nobody_changes_anothers_message(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    asked = await office.say(who, "customer", "Ау")
    async with office.client("Анна") as anna, office.client("Борис") as boris:
        seq, _ = await own(office, anna, who)
        for client, at in ((boris, seq), (anna, asked.seq)):
            await refused(client, one(who, at, "edit"), {"text": "x"}, 403, "not_own")
            await refused(client, one(who, at, "delete"), {}, 403, "not_own")
        await refused(anna, one(who, 999, "delete"), {}, 404, "unknown_entry")
        assert (await post(anna, one(who, 0, "delete"), {"id": str(uuid4())}))[0] == 404
        assert (await post(anna, f"api/v1/conversations/{who}/entries/x/delete", {"id": str(uuid4())}))[0] == 400
    assert len(office.store.signals) == 1


async def test_a_reaction_is_to_a_customers_message_and_one_of_the_few(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    said = await office.say(who, "customer", "Спасибо!")
    bots = await office.say(who, "bot", "Пожалуйста")
    async with office.client() as client:
        for emoji in ("🙏", ""):
            assert (await post(client, one(who, said.seq, "react"), {"id": str(uuid4()), "emoji": emoji}))[0] == 202
            reacted = last(office)
            assert isinstance(reacted, OperatorReacted)
            assert (reacted.message, reacted.emoji) == (said.id, emoji)
        await refused(client, one(who, said.seq, "react"), {"emoji": "<b>"}, 400, "field_choice")
        await refused(client, one(who, bots.seq, "react"), {"emoji": "🙏"}, 409, "not_customers")


async def test_what_the_channel_cannot_do_is_refused_with_a_sentence(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    said = await office.say(who, "customer", "Ау")
    file = (await held(office, "photo", png(1, 1, 1))).ref
    async with office.client() as client:
        seq, _ = await own(office, client, who)
        office.channels["telegram"] = WORDS_ONLY
        path = f"api/v1/conversations/{who}/reply"
        await refused(client, path, {"text": "x", "files": [file]}, 409, "no_files")
        await refused(client, path, {"text": "x", "reply_to": said.seq}, 409, "no_replies")
        await refused(client, one(who, seq, "edit"), {"text": "x"}, 409, "no_edits")
        await refused(client, one(who, seq, "delete"), {}, 409, "no_deletes")
        await refused(client, one(who, said.seq, "react"), {"emoji": "🙏"}, 409, "no_reactions")
        can = (await get(client, f"api/v1/conversations/{who}"))["can"]
        office.channels["telegram"] = None
        assert (await get(client, f"api/v1/conversations/{who}"))["can"] is None
        await refused(client, path, {"text": "x", "files": [file]}, 409, "not_connected")
        await refused(client, one(who, seq, "edit"), {"text": "x"}, 409, "not_connected")
        assert (await post(client, path, {"id": str(uuid4()), "text": "слова подождут"}))[0] == 202
    assert (can["replies"], can["edits"], can["deletes"], can["reactions"], can["files"]) == (
        False,
        False,
        False,
        [],
        {},
    )


async def test_a_message_that_has_not_gone_yet_or_long_ago_is_not_changed(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        seq, _ = await own(office, client, who)
        now = await office.stored(who)
        await office.commit(replace(now, links=tuple(replace(link, here="") for link in now.links)))
        await refused(client, one(who, seq, "edit"), {"text": "x"}, 409, "not_sent_yet")
        await office.commit(replace(await office.stored(who), links=()))
        await refused(client, one(who, seq, "edit"), {"text": "x"}, 409, "too_old_to_change")


async def test_when_the_window_has_closed_only_a_template_goes(office: Office) -> None:
    office.channels["telegram"] = replace(EVERYTHING, window=3_600.0, templates=True)
    office.approved = [Template(name="ready", language="ru", text="{{1}}, заказ {{ 2 }} ждёт. {{1}}!")]
    who = await office.customer("Вера", stage=Stage.QUEUED)
    path = f"api/v1/conversations/{who}"
    async with office.client() as client:
        assert (await get(client, path))["can"]["window"]["left"] == 3_600.0
        office.clock.move(timedelta(hours=1))
        assert (await get(client, path))["can"]["window"]["left"] == 0.0
        await refused(client, f"{path}/reply", {"text": "Ау"}, 409, "window_closed_templates")
        told = (await get(client, f"{path}/templates"))["templates"]
        assert told == [{"name": "ready", "language": "ru", "text": office.approved[0].text, "places": 2}]
        chosen = {"name": "ready", "language": "ru"}
        await refused(client, f"{path}/template", {**chosen, "values": ["Вера"]}, 400, "template_places")
        await refused(client, f"{path}/template", {**chosen, "values": ["Вера", " \n"]}, 400, "field_empty")
        await refused(client, f"{path}/template", {**chosen, "name": "other"}, 409, "unknown_template")
        body = {"id": str(uuid4()), **chosen, "values": ["Вера\n", "48213"]}
        assert (await post(client, f"{path}/template", body))[0] == 202
    text = "Вера, заказ 48213 ждёт. Вера!"
    assert last(office).parts == (Template(name="ready", language="ru", values=("Вера", "48213"), text=text),)
    assert len(office.store.signals) == 1


async def test_a_value_is_never_a_place_itself(office: Office) -> None:
    office.channels["telegram"] = replace(EVERYTHING, templates=True)
    office.approved = [Template(name="t", language="ru", text="{{1}} {{2}} {{0}}")]
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        body = {"id": str(uuid4()), "name": "t", "language": "ru", "values": ["{{2}}", "\\1"]}
        assert (await post(client, f"api/v1/conversations/{who}/template", body))[0] == 202
    assert last(office).parts[0].text == "{{2}} \\1 {{0}}"


async def test_a_customer_who_never_wrote_has_no_open_window(office: Office) -> None:
    office.channels["telegram"] = replace(EVERYTHING, window=60.0)
    who = await office.customer("Вера", stage=Stage.QUEUED)
    await office.commit(replace(await office.stored(who), heard_at=None))
    async with office.client() as client:
        assert (await get(client, f"api/v1/conversations/{who}"))["can"]["window"] == {"until": None, "left": 0.0}
        await refused(client, f"api/v1/conversations/{who}/reply", {"text": "Ау"}, 409, "window_closed")
        await refused(
            client, f"api/v1/conversations/{who}/template", {"name": "t", "language": "ru"}, 409, "no_templates"
        )


async def test_a_messenger_that_does_not_tell_its_templates_is_told_in_its_words(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.channels["telegram"] = replace(EVERYTHING, templates=True)
    who = await office.customer("Вера", stage=Stage.QUEUED)

    async def down(_address: object) -> list[Template]:
        raise SendFailed("messenger_down", "Мессенджер не отвечает.", fault="messenger", retry_after=5)

    monkeypatch.setattr(office, "answer_templates", down)
    async with office.client() as client, client.get(f"api/v1/conversations/{who}/templates") as answer:
        assert answer.status == 502
        assert (await answer.json())["error"]["text"] == "Мессенджер не отвечает."


async def test_a_sentence_for_operators_comes_with_the_conversation_for_a_while(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    async with office.client() as client:
        assert (await get(client, f"api/v1/conversations/{who}"))["told"] is None
        await office.inform(who, "Изменить сообщение не удалось.")
        told = (await get(client, f"api/v1/conversations/{who}"))["told"]
        assert told["text"] == "Изменить сообщение не удалось."
        office.clock.move(timedelta(minutes=5))
        assert (await get(client, f"api/v1/conversations/{who}"))["told"] is None
    assert not [key for key in office.store.values if key.startswith("desk.told.")]
