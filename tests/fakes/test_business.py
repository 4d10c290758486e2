"""A business account in the stand-in: who hears what, and what the bot may do there."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.exceptions import TelegramBadRequest
from aiogram.types import Update

from estafeta.fakes.telegram import FakeTelegram, NotPossible
from estafeta.fakes.telegram.schema import problems

KINDS = ["business_connection", "business_message", "edited_business_message", "deleted_business_messages"]


async def test_what_happens_there_is_told_as_the_schema_says(fake: FakeTelegram) -> None:
    fake.updates.allow(KINDS)
    shop = fake.business("Ольга")
    anna = shop.customer("Анна")
    number = anna.says("раз")["message_id"]
    anna.sends_album("photo", "video", caption="два")
    anna.sends_venue(1.0, 2.0, "Кафе", "Арбат, 1")
    anna.edits(number, "три")
    anna.deletes(number)
    shop.owner_with(anna).says("четыре")
    shop.switches(on=False)
    told = list(fake.updates.pending)
    kinds = [next(key for key in update if key != "update_id") for update in told]
    assert kinds == [KINDS[0], *[KINDS[1]] * 4, KINDS[2], KINDS[3], KINDS[1], KINDS[0]]
    for update in told:
        assert problems("Update", update) == ""
        Update.model_validate(update)


async def test_the_bot_speaks_in_the_accounts_name(fake: FakeTelegram, bot: Bot) -> None:
    shop = fake.business("Ольга")
    anna = shop.customer("Анна")
    anna.says("раз")
    sent = await bot.send_message(anna.id, "два", business_connection_id=shop.id)
    assert sent.from_user is not None
    assert sent.from_user.first_name == "Ольга"
    assert sent.sender_business_bot is not None
    assert fake.shown(anna) == ["раз", "два"]
    await bot.edit_message_text("три", business_connection_id=shop.id, chat_id=anna.id, message_id=sent.message_id)
    assert fake.shown(anna) == ["раз", "три"]
    await bot.read_business_message(shop.id, anna.id, fake.messages(anna)[0].id)
    assert anna.chat.read == fake.messages(anna)[0].id
    await bot.delete_business_messages(shop.id, [sent.message_id])
    assert fake.shown(anna) == ["раз"]
    answers = {"sendMessage": "Message", "editMessageText": "Message", "readBusinessMessage": "Boolean"}
    for call in fake.calls_of(*answers):
        assert problems(answers[call.method], call.result) == ""
    assert fake.violations == []


async def test_what_an_account_does_not_let_the_bot_do_is_refused(fake: FakeTelegram, bot: Bot) -> None:
    shop = fake.business("Ольга")
    anna = shop.customer("Анна")
    number = anna.says("раз")["message_id"]
    with pytest.raises(TelegramBadRequest, match="NOT_ALLOWED"):
        await bot.delete_business_messages(shop.id, [number])
    with pytest.raises(TelegramBadRequest, match="BUSINESS_PEER_INVALID"):
        await bot.send_message(5, "два", business_connection_id=shop.id)
    shop.switches(on=False)
    with pytest.raises(TelegramBadRequest, match="business connection not found"):
        await bot.send_message(anna.id, "два", business_connection_id=shop.id)
    assert (await bot.get_business_connection(shop.id)).is_enabled is False
    assert problems("BusinessConnection", fake.calls_of("getBusinessConnection")[0].result) == ""


async def test_a_business_chat_outlives_the_process(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    async with FakeTelegram(limits=None, state=state) as fake:
        fake.business("Ольга").customer("Анна").says("раз")
    async with FakeTelegram(limits=None, state=state) as fake:
        [chat] = fake.world.business_chats.values()
        assert [message["text"] for message in chat.messages.values()] == ["раз"]
        assert [entry["user"]["first_name"] for entry in fake.world.businesses.values()] == ["Ольга"]


async def test_several_messages_are_deleted_at_once_and_missing_ones_skipped(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    ids = [(await bot.send_message(ivan.id, str(n))).message_id for n in range(3)]
    await bot.delete_messages(ivan.id, [*ids[:2], 999])
    assert fake.shown(ivan) == ["2"]


async def test_a_file_id_is_good_for_the_kind_it_was_told_with(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    note = ivan.sends("video_note")["video_note"]["file_id"]
    await bot.send_video_note(ivan.id, note)
    assert problems("Message", fake.calls_of("sendVideoNote")[0].result) == ""
    with pytest.raises(TelegramBadRequest, match="can't use file of type VideoNote as Video"):
        await bot.send_video(ivan.id, note)


async def test_a_place_with_a_name_is_one(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_venue(ivan.id, 1.0, 2.0, "Кафе", "Арбат, 1")
    assert sent.venue is not None
    assert (sent.venue.title, sent.location) == ("Кафе", sent.venue.location)
    assert problems("Message", fake.calls_of("sendVenue")[0].result) == ""
    with pytest.raises(TelegramBadRequest, match="title"):
        await bot.send_venue(ivan.id, 1.0, 2.0, " ", "Арбат, 1")


async def test_what_cannot_be_done_there_is_not_possible(fake: FakeTelegram) -> None:
    anna = fake.business("Ольга").customer("Анна")
    with pytest.raises(NotPossible):
        anna.says("раз", reply_to=1)
