"""Several bots at one stand-in: whose updates, whose chats, whose files, whose limits."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter
from aiogram.types import (
    BotCommand,
    BotCommandScopeChat,
    BotCommandScopeChatMember,
    BufferedInputFile,
    CopyTextButton,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
)

from estafeta.fakes.telegram import FakeTelegram, FurtherBot, Limits

KINDS = ["message", "callback_query", "chat_member", "my_chat_member", "message_reaction"]


@pytest.fixture
def further(fake: FakeTelegram) -> FurtherBot:
    return fake.bot()


@pytest.fixture
async def other(fake: FakeTelegram, further: FurtherBot) -> AsyncIterator[Bot]:
    client = Bot(further.token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
    yield client
    await client.session.close()


async def test_each_hears_what_people_do_and_not_what_the_other_does(
    fake: FakeTelegram, bot: Bot, other: Bot, further: FurtherBot
) -> None:
    group = fake.group()
    further.joins(group)
    for client in (bot, other):
        await client.get_updates(allowed_updates=KINDS, offset=-1)
    anna = group.operator("Анна")
    said = anna.says("Привет")
    await other.send_message(group.id, "ответ")
    anna.reacts(said["message_id"], "👍")
    anna.leaves()
    for client in (bot, other):
        told = await client.get_updates()
        kinds = [update.event_type for update in told]
        assert [update.message.text for update in told if update.message and update.message.text] == ["Привет"]
        assert kinds.count("message_reaction") == 1
        left = [update.chat_member for update in told if update.chat_member]
        assert left[-1].new_chat_member.status == "left"


async def test_a_press_is_told_to_the_bot_whose_button_it_is(
    fake: FakeTelegram, bot: Bot, other: Bot, further: FurtherBot
) -> None:
    group = fake.group()
    further.joins(group)
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Взять", callback_data="take")]])
    await other.send_message(group.id, "карточка", reply_markup=keyboard)
    press = group.operator("Анна").presses("Взять")
    assert any(update.callback_query for update in await other.get_updates())
    assert not any(update.callback_query for update in await bot.get_updates())
    await other.answer_callback_query(press.id)
    assert press.answer is not None


async def test_private_chats_are_each_bots_own(fake: FakeTelegram, bot: Bot, other: Bot, further: FurtherBot) -> None:
    anna = fake.group().operator("Анна")
    with pytest.raises(TelegramForbiddenError):
        await other.send_message(further.private_of(anna).id, "рано")
    further.private_of(anna).starts("op_token")
    await other.send_message(anna.id, "Здравствуйте!")
    assert [update.message.text for update in await other.get_updates() if update.message] == ["/start op_token"]
    assert not any(u.message and u.message.chat.type == "private" for u in await bot.get_updates())
    with pytest.raises(TelegramForbiddenError):
        await bot.send_message(fake.private_of(anna).id, "этому боту она не писала")


async def test_a_files_id_is_good_for_one_bot(fake: FakeTelegram, bot: Bot, other: Bot, further: FurtherBot) -> None:
    group = fake.group()
    further.joins(group)
    group.operator("Анна").sends("document", b"contract", name="a.pdf")
    [mine] = [u.message.document for u in await bot.get_updates() if u.message and u.message.document]
    [theirs] = [u.message.document for u in await other.get_updates() if u.message and u.message.document]
    assert mine.file_unique_id == theirs.file_unique_id
    assert (await other.get_file(theirs.file_id)).file_path
    with pytest.raises(TelegramBadRequest):
        await other.get_file(mine.file_id)
    sent = await other.send_document(group.id, BufferedInputFile(b"answer", "b.pdf"))
    assert sent.from_user is not None
    assert sent.from_user.id == further.id


async def test_a_bot_edits_its_own_messages_alone(
    fake: FakeTelegram, bot: Bot, other: Bot, further: FurtherBot
) -> None:
    group = fake.group()
    further.joins(group)
    theirs = await bot.send_message(group.id, "моё")
    with pytest.raises(TelegramBadRequest, match="can't be edited"):
        await other.edit_message_text("твоё", chat_id=group.id, message_id=theirs.message_id)


async def test_each_has_twenty_a_minute_in_one_group() -> None:
    async with FakeTelegram(limits=Limits(), clock=lambda: 1000.0) as fake:
        group, further = fake.group(), fake.bot()
        further.joins(group)
        for token in (fake.token, further.token):
            client = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(fake.url)))
            for number in range(20):
                await client.send_message(group.id, str(number))
            with pytest.raises(TelegramRetryAfter):
                await client.send_message(group.id, "21")
            await client.session.close()
        assert len(further.calls) == 21


async def test_commands_of_a_group_are_asked_of_a_chat_where_the_bot_is(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    anna = group.operator("Анна")
    commands = [BotCommand(command="load", description="Нагрузка")]
    scope = BotCommandScopeChatMember(chat_id=group.id, user_id=anna.id)
    await bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id=group.id))
    await bot.set_my_commands([], scope=scope)
    told = await bot.get_my_commands(scope=BotCommandScopeChat(chat_id=group.id))
    assert [command.command for command in told] == ["load"]
    assert await bot.get_my_commands(scope=scope) == []
    with pytest.raises(TelegramBadRequest, match="chat not found"):
        await bot.set_my_commands(commands, scope=BotCommandScopeChat(chat_id=-100))


@pytest.mark.parametrize(("text", "taken"), [("/start op_1", True), ("я" * 256, True), ("я" * 257, False), ("", False)])
async def test_a_button_copies_up_to_256_characters(fake: FakeTelegram, bot: Bot, text: str, taken: bool) -> None:
    ivan = fake.private("Иван")
    button = InlineKeyboardButton(text="Скопировать", copy_text=CopyTextButton.model_construct(text=text))
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[button]])
    if taken:
        await bot.send_message(ivan.id, "ссылка", reply_markup=keyboard)
        assert fake.messages(ivan)[-1].buttons == ("Скопировать",)
    else:
        with pytest.raises(TelegramBadRequest):
            await bot.send_message(ivan.id, "ссылка", reply_markup=keyboard)
