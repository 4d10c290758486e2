"""A restarted stand-in goes on where it was."""

from __future__ import annotations

from pathlib import Path

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, ReactionTypeEmoji

from estafeta.fakes.telegram import FakeTelegram


async def test_chats_topics_updates_and_files_outlive_a_restart(tmp_path: Path) -> None:
    state = tmp_path / "deep" / "chats.json"
    async with FakeTelegram(state=state) as fake:
        bot = Bot(fake.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
        group, ivan = fake.furnish(), fake.private("Иван")
        topic = (await bot.create_forum_topic(group.id, "Иван")).message_thread_id
        keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Взять", callback_data="t")]])
        await bot.send_message(group.id, "карточка", message_thread_id=topic, reply_markup=keyboard)
        picture = ivan.sends("photo", b"\xff\xd8\xff", caption="вот")
        await bot.set_message_reaction(ivan.id, picture["message_id"], [ReactionTypeEmoji(emoji="👍")])
        before = [fake.messages(group), fake.messages(ivan), fake.webhook.undelivered()]
        number = ivan.id
        await bot.session.close()
    assert state.stat().st_mode & 0o077 == 0
    async with FakeTelegram(state=state) as fake:
        group, ivan = fake.furnish(), fake.private("Иван")
        assert ivan.id == number
        assert [fake.messages(group), fake.messages(ivan), fake.webhook.undelivered()] == before
        assert fake.world.files[picture["photo"][0]["file_id"]].content == b"\xff\xd8\xff"
        last = fake.updates.next_id
        group.operator("Анна").presses("Взять")
        group.operator("Анна").says("беру", topic=topic)
        assert [update["update_id"] for update in fake.updates.pending][-2:] == [last, last + 1]


async def test_further_bots_go_on_too(tmp_path: Path) -> None:
    state = tmp_path / "chats.json"
    async with FakeTelegram(state=state) as fake:
        group, desk = fake.furnish(), fake.bot("Пульт")
        desk.joins(group)
        anna = group.operator("Анна")
        desk.private_of(anna).starts("op_abc")
        picture = desk.private_of(anna).sends("photo", b"\xff\xd8\xff")
        waiting, token = list(desk.updates.pending), desk.token
    async with FakeTelegram(state=state) as fake:
        group, desk = fake.furnish(), fake.bot(token=token)
        assert desk.api.scene.world.bot["first_name"] == "Пульт"
        assert list(desk.updates.pending) == waiting
        assert fake.shown(desk.private_of(group.operator("Анна"))) == ["/start op_abc", "[photo]"]
        assert fake.private("Иван").chat.private
        assert desk.api.scene.world.files[picture["photo"][0]["file_id"]].content == b"\xff\xd8\xff"
        group.operator("Анна").says("Привет")
        assert desk.updates.pending[-1]["message"]["text"] == "Привет"


async def test_a_foreign_file_is_refused_with_a_sentence(tmp_path: Path) -> None:
    state = tmp_path / "chats.json"
    state.write_text("[]")
    with pytest.raises(ValueError, match="is not a saved state of the Telegram stand-in"):
        await FakeTelegram(state=state).start()
