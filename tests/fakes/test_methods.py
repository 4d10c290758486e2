"""What a bot does comes out as Telegram shows it; what it may not do is refused in Telegram's words."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from aiogram import Bot
from aiogram.exceptions import (
    TelegramAPIError,
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramMigrateToChat,
    TelegramUnauthorizedError,
)
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    ReactionTypeEmoji,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)

from estafeta.fakes.common.errors import NotPossible
from estafeta.fakes.telegram import FakeTelegram


def keyboard(**buttons: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[[InlineKeyboardButton(text=text, callback_data=data) for text, data in buttons.items()]]
    )


async def test_a_message_is_shown_with_its_entities_and_buttons(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_message(ivan.id, "Ваш <b>заказ</b>", parse_mode="HTML", reply_markup=keyboard(Да="yes"))
    assert sent.text == "Ваш заказ"
    assert sent.html_text == "Ваш <b>заказ</b>"
    shown = fake.messages(ivan)[0]
    assert (shown.text, shown.buttons, shown.by_bot) == ("Ваш заказ", ("Да",), True)
    assert fake.violations == []


@pytest.mark.parametrize("form", ["query", "json", "urlencoded", "multipart"])
async def test_parameters_are_taken_in_every_form(fake: FakeTelegram, form: str) -> None:
    ivan = fake.private("Иван")
    fields = {"chat_id": str(ivan.id), "text": "Привет + & <"}
    url = f"{fake.url}/bot{fake.token}/sendMessage"
    multipart = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        multipart.add_field(name, value)
    bodies: dict[str, dict[str, Any]] = {
        "query": {"params": fields},
        "json": {"json": fields | {"parse_mode": None}},
        "urlencoded": {"data": fields},
        "multipart": {"data": multipart},
    }
    async with aiohttp.ClientSession() as session:
        verb = "GET" if form == "query" else "POST"
        async with session.request(verb, url, **bodies[form]) as response:
            assert (await response.json())["ok"]
    assert fake.shown(ivan) == ["Привет + & <"]


@pytest.mark.parametrize(
    ("path", "data", "status", "description"),
    [
        ("bot1:wrong/getMe", b"", 401, "Unauthorized"),
        ("BOT/noSuchMethod", b"", 404, "Not Found"),
        ("BOT/sendMessage", b"chat_id=1", 400, "Bad Request: message text is empty"),
        ("BOT/sendMessage", b"text=x", 400, "Bad Request: chat_id is empty"),
        ("BOT/sendMessage", b"chat_id=1&text=x", 400, "Bad Request: chat not found"),
        ("BOT/sendMessage", b"chat_id=1&text=%ff", 400, "Bad Request: strings must be encoded in UTF-8"),
        ("BOT/SENDmessage", b"chat_id=1&text=x", 400, "Bad Request: chat not found"),
    ],
)
async def test_wrong_requests_are_answered_as_telegram_does(
    fake: FakeTelegram, path: str, data: bytes, status: int, description: str
) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession() as session:
        url = f"{fake.url}/{path.replace('BOT', f'bot{fake.token}')}"
        async with session.post(url, data=data, headers=headers) as response:
            assert response.status == status
            assert await response.json() == {"ok": False, "error_code": status, "description": description}


async def test_what_the_schema_forbids_is_refused_and_recorded(fake: FakeTelegram) -> None:
    ivan = fake.private("Иван")
    wrong = [
        ("editMessageText", {"chat_id": ivan.id, "message_id": 1, "text": "x", "message_thread_id": 5}),
        ("sendMessage", {"chat_id": ivan.id, "text": "x", "disable_notification": "maybe"}),
        ("sendMessage", {"chat_id": ivan.id, "text": 5}),
        ("sendMessage", {"chat_id": ivan.id, "text": "x", "reply_markup": {"inline_keyboard": [[{"label": "x"}]]}}),
        ("sendMessage", {"chat_id": ivan.id, "text": "x", "reply_markup": "{"}),
        ("createForumTopic", {"chat_id": ivan.id}),
    ]
    async with aiohttp.ClientSession() as session:
        for method, params in wrong:
            async with session.post(f"{fake.url}/bot{fake.token}/{method}", json=params) as response:
                assert response.status == 400
    assert len(fake.violations) == len(wrong)
    assert "editMessageText: unknown parameter 'message_thread_id'" in fake.violations
    assert fake.shown(ivan) == []


async def test_edits_replace_and_the_same_edit_is_refused(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_message(ivan.id, "раз", reply_markup=keyboard(Да="yes"))
    await bot.edit_message_text("два", chat_id=ivan.id, message_id=sent.message_id)
    shown = fake.messages(ivan)[0]
    assert (shown.text, shown.buttons, shown.edited) == ("два", (), True)
    with pytest.raises(TelegramBadRequest, match="message is not modified: specified new message content"):
        await bot.edit_message_text("два", chat_id=ivan.id, message_id=sent.message_id)
    with pytest.raises(TelegramBadRequest, match="message to edit not found"):
        await bot.edit_message_text("два", chat_id=ivan.id, message_id=999)
    with pytest.raises(TelegramBadRequest, match="message can't be edited"):
        await bot.edit_message_text("x", chat_id=ivan.id, message_id=ivan.says("моё")["message_id"])


async def test_deleted_messages_are_gone(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_message(ivan.id, "раз")
    await bot.delete_message(ivan.id, sent.message_id)
    assert fake.shown(ivan) == []
    with pytest.raises(TelegramBadRequest, match="message to delete not found"):
        await bot.delete_message(ivan.id, sent.message_id)


async def test_a_blocked_or_unknown_customer_cannot_be_written_to(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    ivan.blocks()
    with pytest.raises(TelegramForbiddenError, match="Forbidden: bot was blocked by the user"):
        await bot.send_message(ivan.id, "x")
    with pytest.raises(TelegramForbiddenError, match="bot can't initiate conversation with a user"):
        await bot.send_message(fake.private("Пётр", started=False).id, "x")


async def test_replies_point_to_their_message(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    question = ivan.says("?")["message_id"]
    sent = await bot.send_message(ivan.id, "!", reply_parameters=ReplyParameters(message_id=question))
    assert sent.reply_to_message is not None
    assert fake.messages(ivan)[1].reply_to == question
    with pytest.raises(TelegramBadRequest, match="message to be replied not found"):
        await bot.send_message(ivan.id, "!", reply_parameters=ReplyParameters(message_id=99))
    lost = ReplyParameters(message_id=99, allow_sending_without_reply=True)
    assert (await bot.send_message(ivan.id, "!", reply_parameters=lost)).reply_to_message is None


@pytest.mark.parametrize(
    ("button", "error"),
    [
        ({"text": "x", "callback_data": "я" * 33}, "BUTTON_DATA_INVALID"),
        ({"text": "x"}, "Text buttons are unallowed"),
        ({"text": "x", "url": "javascript:alert(1)"}, "Wrong HTTP URL"),
        ({"text": "x", "url": "http://localhost/"}, "Wrong HTTP URL"),
    ],
)
async def test_bad_buttons_are_refused(fake: FakeTelegram, button: dict[str, str], error: str) -> None:
    params = {"chat_id": fake.private("Иван").id, "text": "x", "reply_markup": {"inline_keyboard": [[button]]}}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{fake.url}/bot{fake.token}/sendMessage", json=params) as response,
    ):
        assert error in (await response.json())["description"]


async def test_a_topic_lives_from_creation_to_deletion(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    topic = (await bot.create_forum_topic(group.id, "Иван")).message_thread_id
    assert topic != 1  # the General topic's id
    sent = await bot.send_message(group.id, "карточка", message_thread_id=topic)
    assert sent.is_topic_message
    assert sent.message_thread_id == topic
    assert fake.shown(group, topic=topic) == ["карточка"]
    await bot.edit_forum_topic(group.id, topic, name="Иван ✅", icon_custom_emoji_id="5237699328843200968")
    await bot.close_forum_topic(group.id, topic)
    for repeat in (
        bot.close_forum_topic(group.id, topic),
        bot.edit_forum_topic(group.id, topic, name="Иван ✅"),
    ):
        with pytest.raises(TelegramBadRequest, match="TOPIC_NOT_MODIFIED"):
            await repeat
    await bot.send_message(group.id, "администратор пишет и в закрытую", message_thread_id=topic)
    await bot.reopen_forum_topic(group.id, topic)
    await bot.delete_forum_topic(group.id, topic)
    with pytest.raises(TelegramBadRequest, match="Bad Request: message thread not found"):
        await bot.send_message(group.id, "x", message_thread_id=topic)
    with pytest.raises(TelegramBadRequest, match="TOPIC_ID_INVALID"):
        await bot.close_forum_topic(group.id, topic)
    with pytest.raises(TelegramBadRequest, match="message thread not found"):
        await bot.send_message(group.id, "General has no number", message_thread_id=1)


async def test_a_bot_without_rights_is_told_so(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    topic = group.operator("Анна").opens_topic("чужая")
    group.set_bot("administrator", without=("can_manage_topics", "can_delete_messages"))
    with pytest.raises(TelegramBadRequest, match="not enough rights to create a topic"):
        await bot.create_forum_topic(group.id, "x")
    with pytest.raises(TelegramBadRequest, match="not enough rights to edit the topic"):
        await bot.close_forum_topic(group.id, topic)
    group.operator("Анна").closes_topic(topic)
    with pytest.raises(TelegramBadRequest, match="TOPIC_CLOSED"):
        await bot.send_message(group.id, "x", message_thread_id=topic)
    group.set_bot("kicked")
    with pytest.raises(TelegramForbiddenError, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")


async def test_a_migrated_group_names_its_new_id(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    old = group.id
    topic = (await bot.create_forum_topic(old, "Иван")).message_thread_id
    new = group.migrates()
    with pytest.raises(TelegramMigrateToChat) as moved:
        await bot.send_message(old, "x", message_thread_id=topic)
    assert moved.value.migrate_to_chat_id == new == group.id
    await bot.send_message(new, "снова", message_thread_id=topic)
    assert fake.shown(group, topic=topic) == ["снова"]


async def test_files_go_there_and_back(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_document(ivan.id, BufferedInputFile(b"bytes", "счёт.pdf"), caption="ваш счёт")
    assert sent.document is not None
    downloaded = await bot.download(sent.document.file_id)
    assert downloaded is not None
    assert downloaded.read() == b"bytes"
    again = await bot.send_document(ivan.id, sent.document.file_id)
    assert again.document == sent.document
    with pytest.raises(TelegramBadRequest, match="wrong file identifier/HTTP URL specified"):
        await bot.send_photo(ivan.id, "no-such-file")
    big = ivan.sends("document", name="film.avi", size=30_000_000)["document"]["file_id"]
    with pytest.raises(TelegramBadRequest, match="file is too big"):
        await bot.get_file(big)
    assert fake.shown(ivan)[0] == "[document] ваш счёт"


async def test_an_album_is_several_messages_of_one_group(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    sent = await bot.send_media_group(
        ivan.id,
        [
            InputMediaPhoto(media=BufferedInputFile(b"1", "1.jpg"), caption="два"),
            InputMediaPhoto(media="http://127.0.0.1/2.jpg"),
        ],
    )
    assert len({message.media_group_id for message in sent}) == 1
    assert fake.shown(ivan) == ["[photo] два", "[photo]"]


async def test_copies_hide_and_forwards_show_the_author(fake: FakeTelegram, bot: Bot) -> None:
    ivan, group = fake.private("Иван"), fake.group()
    number = ivan.sends("photo", caption="вот")["message_id"]
    await bot.copy_message(group.id, ivan.id, number)
    forwarded = await bot.forward_message(group.id, ivan.id, number)
    assert forwarded.forward_origin is not None
    copied, _ = fake.messages(group)[-2:]
    assert "forward_origin" not in copied.raw
    assert copied.text == "[photo] вот"
    with pytest.raises(TelegramBadRequest, match="message to copy not found"):
        await bot.copy_message(group.id, ivan.id, 99)


async def test_reactions_are_shown_and_limited_to_one(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    number = ivan.says("спасибо")["message_id"]
    await bot.set_message_reaction(ivan.id, number, [ReactionTypeEmoji(emoji="👍")])
    assert fake.messages(ivan)[0].reactions == ("👍",)
    with pytest.raises(TelegramBadRequest, match="REACTION_INVALID"):
        await bot.set_message_reaction(ivan.id, number, [ReactionTypeEmoji(emoji="🚲")])
    await bot.set_message_reaction(ivan.id, number, [])
    assert fake.messages(ivan)[0].reactions == ()


async def test_a_pressed_button_is_answered_once(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    await bot.send_message(ivan.id, "?", reply_markup=keyboard(Да="yes"))
    press = ivan.presses("Да")
    await bot.answer_callback_query(press.id, text="принято")
    assert press.answer == {"text": "принято", "show_alert": False}
    for wrong in (press.id, "1"):
        with pytest.raises(TelegramBadRequest, match="query is too old and response timeout expired"):
            await bot.answer_callback_query(wrong)


async def test_members_and_commands_can_be_asked_for(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    anna = group.operator("Анна")
    assert (await bot.get_chat_member(group.id, anna.id)).status == "administrator"
    assert (await bot.get_chat_member(group.id, fake.private("Иван").id)).status == "left"
    assert {member.user.first_name for member in await bot.get_chat_administrators(group.id)} >= {"Анна", "Estafeta"}
    assert (await bot.get_chat(group.id)).is_forum
    await bot.set_my_commands([BotCommand(command="start", description="Начать")])
    assert (await bot.get_my_commands())[0].command == "start"
    with pytest.raises(TelegramBadRequest, match="BOT_COMMAND_INVALID"):
        await bot.set_my_commands([BotCommand(command="Старт", description="Начать")])
    assert len(await bot.get_forum_topic_icon_stickers()) > 20


async def test_the_journal_knows_every_call(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    await bot.send_message(ivan.id, "раз")
    with pytest.raises(TelegramAPIError):
        await bot.send_message(1, "два")
    first, second = fake.calls_of("sendMessage")
    assert first.ok
    assert first.params == {"chat_id": ivan.id, "text": "раз"}
    assert (second.status, second.answer["description"]) == (400, "Bad Request: chat not found")
    assert fake.token not in json.dumps([call.params for call in fake.calls])


async def test_a_wrong_token_is_unauthorized(fake: FakeTelegram, bot: Bot) -> None:
    with pytest.raises(TelegramUnauthorizedError):
        await Bot("7:wrong", session=bot.session).get_me()


async def test_only_whom_the_bot_knows_is_mentioned(fake: FakeTelegram, bot: Bot) -> None:
    group = fake.group()
    anna, elsewhere, writer = group.operator("Анна"), fake.group("Другая").operator("Глеб"), fake.private("Иван")
    unmet = fake.private("Олег", started=False)
    for person, known in ((anna, True), (writer, True), (elsewhere, False), (unmet, False)):
        sent = await bot.send_message(group.id, f'<a href="tg://user?id={person.id}">Эй</a>!', parse_mode="HTML")
        assert sent.text == "Эй!"
        found = [(entity.type, entity.user.id) for entity in sent.entities or () if entity.user]
        assert found == ([("text_mention", person.id)] if known else [])
    await bot.edit_message_text(
        f'<a href="tg://user?id={anna.id}">Анна</a>', chat_id=group.id, message_id=sent.message_id, parse_mode="HTML"
    )
    [entity] = fake.messages(group)[-1].raw["entities"]
    assert entity["user"]["first_name"] == "Анна"


async def test_keys_share_ones_number_or_say_their_words_and_are_taken_away(fake: FakeTelegram, bot: Bot) -> None:
    ivan = fake.private("Иван")
    share, later = KeyboardButton(text="Мой номер", request_contact=True), KeyboardButton(text="Позже")
    keys = ReplyKeyboardMarkup(keyboard=[[share], [later]], one_time_keyboard=True)
    sent = await bot.send_message(ivan.id, "Ваш номер?", reply_markup=keys)
    assert sent.reply_markup is None, "messages have inline keyboards alone"
    assert fake.messages(ivan)[0].buttons == ("Мой номер", "Позже")
    contact = ivan.taps("Мой номер")["contact"]
    assert (contact["user_id"], contact["phone_number"]) == (ivan.id, "+70000000000")
    assert ivan.taps("Позже")["text"] == "Позже"
    with pytest.raises(TelegramBadRequest, match="can't be edited"):
        await bot.edit_message_text("Номер?", chat_id=ivan.id, message_id=sent.message_id)
    await bot.send_message(ivan.id, "Спасибо", reply_markup=ReplyKeyboardRemove())
    with pytest.raises(NotPossible):
        ivan.taps("Позже")
    with pytest.raises(TelegramBadRequest, match="private chats only"):
        await bot.send_message(fake.group().id, "Номер?", reply_markup=keys)
