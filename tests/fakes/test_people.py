"""What people do reaches the bot as valid updates, and only what Telegram would tell."""

from __future__ import annotations

from typing import Any

import pytest
from aiogram import Bot
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Update

from estafeta.fakes.telegram import FakeTelegram, NotPossible
from estafeta.fakes.telegram.schema import problems

EVERYTHING = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member", "chat_member"]


def told(fake: FakeTelegram) -> list[dict[str, Any]]:
    return list(fake.updates.pending)


def kinds(fake: FakeTelegram) -> list[str]:
    return [next(key for key in update if key != "update_id") for update in told(fake)]


async def everything_happens(fake: FakeTelegram, bot: Bot) -> None:
    fake.updates.allow(EVERYTHING)
    ivan = fake.private("Иван", last_name="Покупатель", username="ivan_buys")
    ivan.starts("token_1")
    said = ivan.says("Где https://example.org ?")["message_id"]
    ivan.edits(said, "Где мой заказ?")
    ivan.touches(said)
    for kind in ("photo", "document", "voice", "video", "video_note", "audio", "animation", "sticker"):
        wordless = kind in ("sticker", "video_note")
        ivan.sends(kind, caption="" if wordless else "подпись", album="7" if kind == "photo" else "")
    ivan.sends_album("photo", "video", caption="вместе")
    ivan.writes({"dice": {"emoji": "🎲", "value": 3}})
    ivan.says("важно", entities=[{"type": "bold", "offset": 0, "length": 5}], reply_to=said, quote="мой")
    ivan.sends_location(55.75, 37.61)
    ivan.sends_venue(55.75, 37.61, "Кафе", "Арбат, 1")
    ivan.sends_contact("+70000000000", "Иван")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Да", callback_data="yes")]])
    asked = await bot.send_message(ivan.id, "?", reply_markup=keyboard)
    ivan.says("отвечаю", reply_to=asked.message_id)
    ivan.presses("yes")
    ivan.reacts(asked.message_id, "👍")
    ivan.reacts(asked.message_id, custom="5")
    ivan.reacts(asked.message_id)
    ivan.blocks()
    ivan.unblocks()
    group = fake.group()
    topic = (await bot.create_forum_topic(group.id, "Иван")).message_thread_id
    anna = group.operator("Анна")
    spoken = anna.says("Здравствуйте", topic=topic)["message_id"]
    anna.says("ещё", topic=topic, reply_to=spoken)
    anna.says("в общей", reply_to=anna.says("сначала")["message_id"])
    anna.says_anonymously("мы", topic=topic)
    anna.reacts(spoken, "🔥")
    anna.renames_topic(topic, "Иван 2")
    anna.closes_topic(topic)
    anna.reopens_topic(topic)
    await bot.pin_chat_message(group.id, spoken)
    await bot.forward_message(group.id, ivan.id, said)
    group.set_bot("administrator", without=("can_manage_topics",))
    group.operator("Борис", status="member").leaves()
    group.migrates()


async def test_every_update_is_valid_in_the_schema_and_for_aiogram(fake: FakeTelegram, bot: Bot) -> None:
    await everything_happens(fake, bot)
    assert set(kinds(fake)) == set(EVERYTHING)
    for update in told(fake):
        assert problems("Update", update) == ""
        Update.model_validate(update)
    for chat in fake.world.chats.values():
        for message in chat.messages.values():
            assert problems("Message", message) == ""
    assert fake.violations == []


async def test_every_answer_is_valid_in_the_schema(fake: FakeTelegram, bot: Bot) -> None:
    await everything_happens(fake, bot)
    group, ivan = fake.group(), fake.private("Иван")
    await bot.get_me()
    await bot.get_chat(group.id)
    await bot.get_chat(ivan.id)
    await bot.get_chat_member(group.id, bot.id)
    await bot.get_chat_administrators(group.id)
    await bot.get_forum_topic_icon_stickers()
    await bot.get_webhook_info()
    await bot.get_file(ivan.sends("voice")["voice"]["file_id"])
    returned = {
        "getMe": "User",
        "sendMessage": "Message",
        "forwardMessage": "Message",
        "createForumTopic": "ForumTopic",
        "getChat": "ChatFullInfo",
        "getChatMember": "ChatMember",
        "getChatAdministrators": "Array of ChatMember",
        "getForumTopicIconStickers": "Array of Sticker",
        "getWebhookInfo": "WebhookInfo",
        "getFile": "File",
    }
    assert returned.keys() <= {call.method for call in fake.calls}
    for call in fake.calls_of(*returned):
        assert problems(returned[call.method], call.result) == "", call.method


async def test_a_topic_message_answers_the_topic_and_a_reply_in_general_names_a_thread(
    fake: FakeTelegram, bot: Bot
) -> None:
    group = fake.group()
    topic = (await bot.create_forum_topic(group.id, "Иван")).message_thread_id
    anna = group.operator("Анна")
    in_topic = anna.says("x", topic=topic)
    assert in_topic["is_topic_message"]
    assert in_topic["reply_to_message"]["forum_topic_created"]
    first = anna.says("общая")
    reply = anna.says("ответ", reply_to=first["message_id"])
    assert "is_topic_message" not in reply
    assert reply["message_thread_id"] == first["message_id"]
    assert fake.shown(group, topic=0) == ["общая", "ответ"]


async def test_an_anonymous_administrator_hides_behind_the_group(fake: FakeTelegram) -> None:
    group = fake.group()
    message = group.operator("Анна").says_anonymously("мы")
    assert message["sender_chat"]["id"] == group.id
    assert message["from"]["username"] == "GroupAnonymousBot"


async def test_the_bot_is_not_told_of_its_own_messages_but_of_its_own_service_messages(
    fake: FakeTelegram, bot: Bot
) -> None:
    group = fake.group()
    topic = (await bot.create_forum_topic(group.id, "Иван")).message_thread_id
    await bot.send_message(group.id, "своё", message_thread_id=topic)
    await bot.close_forum_topic(group.id, topic)
    contents = [update["message"] for update in told(fake)]
    assert ["forum_topic_created" in contents[0], "forum_topic_closed" in contents[1]] == [True, True]
    assert len(contents) == 2


async def test_reactions_and_members_are_told_only_when_asked_for(fake: FakeTelegram) -> None:
    ivan = fake.private("Иван")
    number = ivan.says("раз")["message_id"]
    ivan.reacts(number, "👍")
    assert kinds(fake) == ["message"]
    fake.updates.allow(["message_reaction"])
    ivan.reacts(number)
    ivan.says("два")
    assert kinds(fake) == ["message", "message_reaction"]


async def test_a_plain_member_bot_sees_only_commands_when_privacy_is_on() -> None:
    async with FakeTelegram(privacy_mode=True) as fake:
        group = fake.group()
        anna = group.operator("Анна")
        group.set_bot("member")
        fake.updates.clear()
        anna.says("не тебе")
        anna.says("/load")
        assert [update["message"]["text"] for update in told(fake)] == ["/load"]


async def test_an_edit_does_not_change_an_update_that_still_waits(fake: FakeTelegram) -> None:
    ivan = fake.private("Иван")
    ivan.edits(ivan.says("раз")["message_id"], "два")
    first, second = told(fake)
    assert first["message"]["text"] == "раз"
    assert second["edited_message"]["text"] == "два"


async def test_people_cannot_do_what_the_app_would_not_offer(fake: FakeTelegram) -> None:
    ivan, group = fake.private("Иван"), fake.group()
    boris = group.operator("Борис", status="member")
    topic = group.operator("Анна").opens_topic("тема")
    group.operator("Анна").closes_topic(topic)
    ivan.blocks()
    for impossible in (
        lambda: ivan.says("x"),
        lambda: boris.says("x", topic=topic),
        lambda: boris.says("x", topic=99),
        lambda: group.stranger("Чужой").says("x"),
        lambda: boris.says(" "),
        lambda: boris.says("\ud800"),
        lambda: boris.says("x" * 4097),
        lambda: boris.presses("нет такой"),
        lambda: boris.edits(topic, "не моё"),
    ):
        with pytest.raises(NotPossible):
            impossible()


async def test_the_same_name_is_the_same_person(fake: FakeTelegram) -> None:
    assert fake.private("Иван").id == fake.private("Иван").id != fake.private("Пётр").id
    assert fake.group().operator("Анна").id == fake.group().operator("Анна").id
