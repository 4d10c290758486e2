"""What a message becomes in the messenger: words with their marks, files, places, and what is changed afterwards."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from bots.telegram.capabilities import CAPABILITIES, REACTIONS, SOURCES, reaction
from estafeta.fakes.telegram.schema import document
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    Contact,
    Location,
    Mark,
    Media,
    OutboundMessage,
    OutboxId,
    Part,
    Text,
)
from tests.telegram import samples
from tests.telegram.samples import JPEG, MP4, OGG, PDF
from tests.telegram.stage import Stage, staged

_numbers = count()


def said(to: Address, *parts: Part, **more: Any) -> OutboundMessage:
    return OutboundMessage(id=OutboxId(f"s{next(_numbers)}"), to=to, parts=parts, **more)


def raw(stage: Stage, who: str) -> list[dict[str, Any]]:
    """What this customer got."""
    return [message.raw for message in stage.fake.messages(stage.fake.private(who)) if message.by_bot]


def methods(stage: Stage) -> list[str]:
    return [call.method for call in stage.fake.calls if call.method.startswith(("send", "edit", "delete", "set"))]


async def code_of(stage: Stage, message: OutboundMessage) -> str:
    with pytest.raises(SendFailed) as failed:
        await stage.make_channel().send(message)
    assert failed.value.sentence
    return failed.value.code


# --- words


async def test_marks_are_entities_in_the_messengers_own_units() -> None:
    async with staged() as stage:
        words = "👍🏽 важно и ссылка"
        marks = (
            Mark(kind="bold", start=3, end=8),
            Mark(kind="italic", start=3, end=8),
            Mark(kind="link", start=11, end=17, url="https://example.org/a"),
        )
        await stage.make_channel().send(said(stage.address("Анна"), Text(text=words, marks=marks)))
        [shown] = raw(stage, "Анна")
        assert shown["text"] == words
        assert shown["entities"] == [
            {"type": "bold", "offset": 5, "length": 5},
            {"type": "italic", "offset": 5, "length": 5},
            {"type": "text_link", "offset": 13, "length": 6, "url": "https://example.org/a"},
        ]
        assert "parse_mode" not in stage.fake.calls_of("sendMessage")[0].params


async def test_links_that_telegram_takes_for_none_are_told_in_words() -> None:
    async with staged() as stage:
        words = "Пишите нам, звоните, заходите"
        marks = (
            Mark(kind="bold", start=0, end=19),
            Mark(kind="link", start=0, end=10, url="mailto:help@example.org?subject=x"),
            Mark(kind="link", start=12, end=19, url="tel:+70000000000"),
            Mark(kind="link", start=21, end=29, url="https://example.org"),
        )
        await stage.make_channel().send(said(stage.address("Анна"), Text(text=words, marks=marks)))
        [shown] = raw(stage, "Анна")
        assert shown["text"] == "Пишите нам (help@example.org), звоните (+70000000000), заходите"
        told = [
            (one["type"], shown["text"][one["offset"] : one["offset"] + one["length"]]) for one in shown["entities"]
        ]
        assert told == [("bold", "Пишите нам (help@example.org), звоните"), ("text_link", "заходите")]


async def test_words_whose_marks_are_refused_go_without_them() -> None:
    async with staged() as stage:
        stage.fake.fail("sendMessage", status=400, description="Bad Request: entity URL 'x' is invalid: Wrong HTTP URL")
        text = Text(text="ссылка", marks=(Mark(kind="link", start=0, end=6, url="https://example.org"),))
        await stage.make_channel().send(said(stage.address("Анна"), text))
        [shown] = raw(stage, "Анна")
        assert (shown["text"], shown.get("entities")) == ("ссылка", None)


async def test_buttons_press_or_open() -> None:
    async with staged() as stage:
        buttons = (Button(id="a.1", text="Да"), Button(id="a.2", text="Сайт", url="https://example.org/"))
        await stage.make_channel().send(said(stage.address("Анна"), Text(text="?"), buttons=buttons))
        [shown] = raw(stage, "Анна")
        assert shown["reply_markup"]["inline_keyboard"] == [
            [{"text": "Да", "callback_data": "a.1"}],
            [{"text": "Сайт", "url": "https://example.org/"}],
        ]


async def test_an_answer_shows_what_it_answers_and_goes_without_if_that_is_gone() -> None:
    async with staged() as stage:
        anna, to = stage.fake.private("Анна"), stage.address("Анна")
        asked = anna.says("вопрос")["message_id"]
        await stage.make_channel().send(said(to, Text(text="ответ"), reply_to=f"{anna.id}:{asked}"))
        anna.deletes(asked)
        await stage.make_channel().send(said(to, Text(text="ещё"), reply_to=f"{anna.id}:{asked}"))
        await stage.make_channel().send(said(to, Text(text="и ещё"), reply_to="another chat:5"))
        shown = stage.fake.messages(anna)
        assert [one.reply_to for one in shown] == [asked, None, None]


async def test_only_the_first_piece_of_a_long_answer_shows_what_it_answers() -> None:
    async with staged() as stage:
        anna = stage.fake.private("Анна")
        asked = anna.says("вопрос")["message_id"]
        ids = await stage.make_channel().send(
            said(stage.address("Анна"), Text(text="слово " * 1500), reply_to=f"{anna.id}:{asked}")
        )
        assert [one.reply_to for one in stage.fake.messages(anna) if one.by_bot] == [asked, None, None]
        assert len(ids.split()) == 3


# --- files

KINDS = [
    ("photo", "JPEG", "чек.jpg", "photo"),
    ("photo", "PNG", "скрин.png", "photo"),
    ("photo", "GIF", "кот.gif", "animation"),
    ("photo", "PDF", "не фото.pdf", "document"),
    ("document", "PDF", "счёт.pdf", "document"),
    ("voice", "OGG", "голос.ogg", "voice"),
    ("voice", "PDF", "не голос.ogg", "document"),
    ("audio", "MP3", "песня.mp3", "audio"),
    ("audio", "OGG", "звук.ogg", "document"),
    ("video", "MP4", "видео.mp4", "video"),
    ("sticker", "WEBP", "стикер.webp", "sticker"),
    ("sticker", "PNG", "стикер.png", "photo"),
]


@pytest.mark.parametrize(("kind", "sample", "name", "shown_as"), KINDS)
async def test_a_file_of_ours_goes_as_what_its_content_allows(kind: Any, sample: str, name: str, shown_as: str) -> None:
    async with staged() as stage:
        content = getattr(samples, sample)
        media = await stage.stored(kind, content, name)
        ids = await stage.make_channel().send(said(stage.address("Анна"), media))
        [shown] = raw(stage, "Анна")
        assert shown_as in shown
        assert ids == f"{shown['chat']['id']}:{shown['message_id']}"
        file = shown[shown_as][-1] if shown_as == "photo" else shown[shown_as]
        assert stage.fake.world.files[file["file_id"]].content == content
        if shown_as == "document":
            assert file["file_name"].removesuffix(".pdf").startswith(name.partition(".")[0].replace(" ", "_"))


async def test_the_words_of_a_file_are_its_caption_with_their_marks() -> None:
    async with staged() as stage:
        media = await stage.stored("photo", JPEG, "чек.jpg")
        text = Text(text="👍 вот", marks=(Mark(kind="bold", start=2, end=5),))
        await stage.make_channel().send(said(stage.address("Анна"), media, text))
        [shown] = raw(stage, "Анна")
        assert (shown["caption"], shown["caption_entities"]) == ("👍 вот", [{"type": "bold", "offset": 3, "length": 3}])


async def test_a_voice_message_tells_how_long_it_is() -> None:
    async with staged() as stage:
        media = await stage.stored("voice", OGG, "голос.ogg", duration=6.6)
        await stage.make_channel().send(said(stage.address("Анна"), media))
        assert raw(stage, "Анна")[0]["voice"]["duration"] == 7


async def test_what_the_messenger_has_already_is_not_uploaded() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        sent = stage.fake.private("Борис").sends("video", b"...", size=300_000_000)["video"]
        media = Media(kind="video", ref=sent["file_id"], origin="telegram:shop", size=sent["file_size"])
        await channel.send(said(stage.address("Анна"), media))
        assert raw(stage, "Анна")[0]["video"]["file_id"] == sent["file_id"]
        assert stage.fake.calls_of("getFile") == []


async def test_what_an_id_is_not_good_for_is_fetched_and_uploaded() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        sent = stage.fake.private("Борис").sends("video_note", MP4)["video_note"]
        media = Media(kind="video", ref=sent["file_id"], origin="telegram:shop", mime="video/mp4")
        await channel.send(said(stage.address("Анна"), media))
        [shown] = raw(stage, "Анна")
        assert stage.fake.world.files[shown["video"]["file_id"]].content == MP4
        assert [call.status for call in stage.fake.calls_of("sendVideo")] == [400, 200]


async def test_a_file_is_uploaded_once_for_all_who_get_it() -> None:
    async with staged() as stage:
        channel, media = stage.make_channel(), await stage.stored("document", PDF, "прайс.pdf")
        for who in ("Анна", "Борис", "Вера"):
            await channel.send(said(stage.address(who), media))
        uploaded = [call.params["document"].startswith("attach://") for call in stage.fake.calls_of("sendDocument")]
        assert uploaded == [True, False, False]
        assert len({raw(stage, who)[0]["document"]["file_id"] for who in ("Анна", "Борис", "Вера")}) == 1


@pytest.mark.parametrize("why", ["PHOTO_INVALID_DIMENSIONS", "IMAGE_PROCESS_FAILED"])
async def test_a_picture_that_is_no_photo_to_the_messenger_goes_as_a_document(why: str) -> None:
    async with staged() as stage:
        media = await stage.stored("photo", JPEG, "панорама.jpg")
        stage.fake.fail("sendPhoto", status=400, description=f"Bad Request: {why}")
        await stage.make_channel().send(said(stage.address("Анна"), media, Text(text="вот")))
        [shown] = raw(stage, "Анна")
        assert (shown["document"]["mime_type"], shown["caption"]) == ("image/jpeg", "вот")


async def test_who_takes_no_voice_messages_gets_a_document() -> None:
    async with staged() as stage:
        media = await stage.stored("voice", OGG, "голос.ogg")
        stage.fake.fail("sendVoice", status=400, description="Bad Request: VOICE_MESSAGES_FORBIDDEN")
        await stage.make_channel().send(said(stage.address("Анна"), media))
        assert "document" in raw(stage, "Анна")[0]


async def test_a_large_photo_is_a_document_and_a_huge_file_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bots.telegram.files.PHOTO_BYTES", 100)
    monkeypatch.setattr("bots.telegram.files.UPLOAD_BYTES", 1000)
    async with staged() as stage:
        media = await stage.stored("photo", JPEG + b"\0" * 200, "большое.jpg")
        await stage.make_channel().send(said(stage.address("Анна"), media))
        assert "document" in raw(stage, "Анна")[0]
        huge = await stage.stored("document", PDF + b"\0" * 2000, "огромный.pdf")
        assert await code_of(stage, said(stage.address("Анна"), huge)) == "file_too_large"
        assert len(stage.fake.calls_of("sendDocument")) == 1


async def test_a_file_that_is_gone_is_said_to_be() -> None:
    async with staged() as stage:
        gone = Media(kind="photo", ref="0" * 64)
        assert await code_of(stage, said(stage.address("Анна"), gone)) == "file_gone"
        forgotten = Media(kind="photo", ref="FAKE-nothing", origin="telegram:shop")
        assert await code_of(stage, said(stage.address("Анна"), forgotten)) == "file_gone"


async def test_an_album_goes_together_with_its_words() -> None:
    async with staged() as stage:
        own = stage.fake.private("Борис").sends("photo", JPEG)["photo"][-1]["file_id"]
        parts = (
            await stage.stored("photo", JPEG, "1.jpg"),
            Media(kind="photo", ref=own, origin="telegram:shop"),
            await stage.stored("video", MP4, "3.mp4"),
            Text(text="три"),
        )
        ids = await stage.make_channel().send(said(stage.address("Анна"), *parts))
        shown = raw(stage, "Анна")
        assert len({one["media_group_id"] for one in shown}) == 1
        assert [next(kind for kind in ("photo", "video") if kind in one) for one in shown] == [
            "photo",
            "photo",
            "video",
        ]
        assert [one.get("caption") for one in shown] == ["три", None, None]
        assert ids.split() == [f"{one['chat']['id']}:{one['message_id']}" for one in shown]


async def test_an_album_of_more_than_fits_is_several_and_what_stands_alone_stays_alone() -> None:
    async with staged() as stage:
        photos = [await stage.stored("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(12)]
        documents = [await stage.stored("document", PDF + bytes([n]), f"{n}.pdf") for n in range(2)]
        voice = await stage.stored("voice", OGG, "голос.ogg")
        await stage.make_channel().send(said(stage.address("Анна"), *photos, voice, *documents))
        assert methods(stage) == ["sendMediaGroup", "sendMediaGroup", "sendVoice", "sendMediaGroup"]
        assert [len(call.params["media"]) for call in stage.fake.calls_of("sendMediaGroup")] == [10, 2, 2]


async def test_an_album_that_is_refused_goes_one_by_one() -> None:
    async with staged() as stage:
        parts = [await stage.stored("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(3)]
        stage.fake.fail("sendMediaGroup", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
        await stage.make_channel().send(said(stage.address("Анна"), *parts, Text(text="три")))
        assert [one.get("caption") for one in raw(stage, "Анна")] == ["три", None, None]


async def test_one_by_one_goes_on_where_it_stopped_too() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        parts = [await stage.stored("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(3)]
        message = said(stage.address("Анна"), *parts)
        stage.fake.fail("sendMediaGroup", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
        original, calls = stage.client.send_file, 0

        async def second_fails(*given: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 2:
                stage.fake.fail("sendPhoto", status=500)
            return await original(*given, **more)

        stage.client.send_file = second_fails  # type: ignore[method-assign]
        with pytest.raises(SendFailed):
            await channel.send(message)
        assert len((await channel.send(message)).split()) == 3
        assert len(raw(stage, "Анна")) == 3


async def test_files_with_buttons_are_followed_by_them() -> None:
    async with staged() as stage:
        media = await stage.stored("photo", JPEG, "чек.jpg")
        buttons = (Button(id="a", text="Да"),)
        await stage.make_channel().send(said(stage.address("Анна"), media, Text(text="Ваш?"), buttons=buttons))
        shown = stage.fake.messages(stage.fake.private("Анна"))
        assert [(one.text, one.buttons) for one in shown] == [("[photo]", ()), ("Ваш?", ("Да",))]


async def test_what_was_sent_before_a_failure_is_not_sent_again() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        parts = (
            await stage.stored("photo", JPEG, "1.jpg"),
            await stage.stored("voice", OGG, "2.ogg"),
            Text(text="всё"),
        )
        message = said(stage.address("Анна"), *parts)
        stage.fake.fail("sendVoice", status=500)
        with pytest.raises(SendFailed):
            await channel.send(message)
        ids = await channel.send(message)
        shown = raw(stage, "Анна")
        assert [len(raw(stage, "Анна")), len(ids.split())] == [3, 3]
        assert "photo" in shown[0]
        assert "voice" in shown[1]


@pytest.mark.parametrize("kind", ["drop_after", "broken_json"])
async def test_an_upload_cut_off_may_have_arrived(kind: Any) -> None:
    async with staged() as stage:
        media = await stage.stored("document", PDF, "счёт.pdf")
        stage.fake.fail("sendDocument", kind)
        with pytest.raises(SendFailed) as failed:
            await stage.make_channel().send(said(stage.address("Анна"), media))
        assert (failed.value.maybe_sent, failed.value.retry_after) == (True, None)


# --- places and people


async def test_places_and_people_are_what_they_are() -> None:
    async with staged() as stage:
        parts = (
            Location(latitude=55.75, longitude=37.61),
            Location(latitude=1.0, longitude=2.0, title="Кафе, Арбат, 1"),
            Location(latitude=1.0, longitude=2.0, title="Склад"),
            Contact(phone="+70000000000", name="Ян"),
            Contact(phone="+70000000001"),
        )
        await stage.make_channel().send(said(stage.address("Анна"), *parts))
        shown = raw(stage, "Анна")
        assert shown[0]["location"] == {"latitude": 55.75, "longitude": 37.61}
        assert (shown[1]["venue"]["title"], shown[1]["venue"]["address"]) == ("Кафе", "Арбат, 1")
        assert (shown[2]["venue"]["title"], shown[2]["venue"]["address"]) == ("Склад", "1.000000, 2.000000")
        assert shown[3]["contact"] == {"phone_number": "+70000000000", "first_name": "Ян"}
        assert shown[4]["contact"]["first_name"] == "+70000000001"


# --- changing what was said


async def test_new_words_take_the_place_of_the_old_ones() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        ids = await channel.send(said(to, Text(text="старое"), buttons=(Button(id="a", text="Да"),)))
        assert await channel.send(said(to, Text(text="новое"), does="edit", of=ids)) == ids
        [shown] = stage.fake.messages(stage.fake.private("Анна"))
        assert (shown.text, shown.edited, shown.buttons) == ("новое", True, ())
        assert await channel.send(said(to, Text(text="новое"), does="edit", of=ids)) == ids  # nothing changes


async def test_a_caption_is_changed_and_the_file_stays() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        media = await stage.stored("photo", JPEG, "чек.jpg")
        ids = await channel.send(said(to, media, Text(text="старое")))
        await channel.send(said(to, media, Text(text="новое"), does="edit", of=ids))
        assert raw(stage, "Анна")[0]["caption"] == "новое"
        await channel.send(said(to, Text(text="ещё новее"), does="edit", of=ids))
        assert raw(stage, "Анна")[0]["caption"] == "ещё новее"
        await channel.send(said(to, media, does="edit", of=ids))
        assert "caption" not in raw(stage, "Анна")[0]


async def test_of_an_album_the_words_change_and_no_picture_goes() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        parts = [await stage.stored("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(3)]
        ids = await channel.send(said(to, *parts, Text(text="три")))
        assert await channel.send(said(to, parts[0], Text(text="3"), does="edit", of=ids)) == ids
        assert [one.get("caption") for one in raw(stage, "Анна")] == ["3", None, None]


async def test_words_that_grew_go_on_in_new_messages_and_those_that_shrank_leave_none() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        ids = await channel.send(said(to, Text(text="слово " * 1500)))
        assert len(ids.split()) == 3
        fewer = await channel.send(said(to, Text(text="мало"), does="edit", of=ids))
        assert [one["text"] for one in raw(stage, "Анна")] == ["мало"]
        assert fewer == ids.split()[0]
        more = await channel.send(said(to, Text(text="снова " * 1500), does="edit", of=fewer))
        assert more.split() == [f"{to.chat}:{one['message_id']}" for one in raw(stage, "Анна")]
        assert len(more.split()) == 3


@pytest.mark.parametrize("of", ["", "nonsense", "5:x", "1:2:3", "business::5:6"])
async def test_what_is_no_message_cannot_be_changed(of: str) -> None:
    async with staged() as stage:
        for does in ("edit", "delete", "react"):
            message = said(stage.address("Анна"), Text(text="x"), does=does, of=of, emoji="👍")
            assert await code_of(stage, message) == "message_missing"


async def test_what_is_deleted_is_gone_and_may_be_gone_already() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        one = await channel.send(said(to, Text(text="раз")))
        three = await channel.send(said(to, Text(text="слово " * 1500)))
        for ids in (one, three, one, three):
            assert await channel.send(said(to, does="delete", of=ids)) == ""
        assert raw(stage, "Анна") == []


async def test_what_is_too_old_to_delete_is_said_to_be() -> None:
    async with staged() as stage:
        ids = await stage.make_channel().send(said(stage.address("Анна"), Text(text="раз")))
        stage.fake.fail("deleteMessage", status=400, description="Bad Request: message can't be deleted for everyone")
        assert await code_of(stage, said(stage.address("Анна"), does="delete", of=ids)) == "not_possible"


async def test_a_reaction_is_set_changed_and_taken_back() -> None:
    async with staged() as stage:
        anna, channel, to = stage.fake.private("Анна"), stage.make_channel(), stage.address("Анна")
        of = f"{anna.id}:{anna.says('спасибо')['message_id']}"
        shown = []
        for emoji in ("👍", "❤️", "✅", ""):
            await channel.send(said(to, does="react", of=of, emoji=emoji))
            shown.append(stage.fake.messages(anna)[0].reactions)
        assert shown == [("👍",), ("❤",), ("👍",), ()]
        assert await code_of(stage, said(to, does="react", of=of, emoji="🧷")) == "not_possible"


@pytest.mark.parametrize("does", ["edit", "delete", "react"])
async def test_changing_twice_does_no_harm_so_there_is_no_doubt_about_it(does: Any) -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        ids = await channel.send(said(to, Text(text="раз")))
        method = {"edit": "editMessageText", "delete": "deleteMessage", "react": "setMessageReaction"}[does]
        stage.fake.fail(method, "drop_after")
        change = said(to, Text(text="два"), does=does, of=ids, emoji="👍")
        with pytest.raises(SendFailed) as failed:
            await channel.send(change)
        assert not failed.value.maybe_sent
        assert failed.value.retry_after is not None
        await channel.send(change)


def test_reactions_are_those_of_the_published_list() -> None:
    assert set(document()["reactions"]) == REACTIONS
    assert all(reaction(emoji) == emoji for emoji in REACTIONS)
    assert {reaction(emoji) for emoji in ("👍🏽", "❤️", "💙", "😂", "🤷🏽‍♀️", "😊")} == {"👍", "❤", "🤣", "🤷‍♀", "😁"}
    assert reaction("🧷") == reaction("абв") == reaction("") == ""


def test_every_number_says_where_it_comes_from() -> None:
    plain = Capabilities(text=1, unit="bytes")
    told = {name for name in Capabilities.__slots__ if getattr(CAPABILITIES, name) != getattr(plain, name)}
    assert set(SOURCES) >= told
    assert all(link.startswith("https://") for link in SOURCES.values())


# --- the customer's own number

ASKS = (Button(id="contact", text="Поделиться номером", asks="contact"),)


def markups(stage: Stage) -> list[Any]:
    return [call.params.get("reply_markup") for call in stage.fake.calls_of("sendMessage")]


async def test_a_number_is_asked_for_until_the_customer_answers() -> None:
    async with staged() as stage, stage.listening() as channel:
        anna, to = stage.fake.private("Анна"), stage.address("Анна")
        asked = await channel.send(said(to, Text(text="Ваш номер?"), buttons=ASKS))
        await channel.send(said(to, Text(text="Он нужен курьеру.")))
        anna.taps("Поделиться номером")
        await stage.inbox.have(1)
        assert stage.fake.private("Анна").chat.keys is not None
        for words in ("Спасибо!", "Ждите звонка."):
            await channel.send(said(to, Text(text=words)))
        key = {"text": "Поделиться номером", "request_contact": True}
        asking = {"keyboard": [[key]], "one_time_keyboard": True, "resize_keyboard": True}
        assert markups(stage) == [asking, None, {"remove_keyboard": True}, None]
        assert anna.chat.keys is None
        with pytest.raises(SendFailed) as failed:
            await channel.send(said(to, Text(text="Ваш телефон?"), does="edit", of=asked))
        assert failed.value.code == "not_possible", "Telegram edits no message with such a keyboard"
        assert "есть" in failed.value.sentence, "and it is there"


async def test_words_of_the_customers_take_the_keyboard_away_too_and_files_leave_it() -> None:
    async with staged() as stage, stage.listening() as channel:
        to = stage.address("Анна")
        await channel.send(said(to, Text(text="Ваш номер?"), buttons=ASKS))
        stage.fake.private("Анна").says("8 900 000-00-00")
        await stage.inbox.have(1)
        photo = await stage.stored("photo", JPEG, "карта.jpg")
        await channel.send(said(to, photo))
        await channel.send(said(to, Text(text="Что дальше?"), buttons=(Button(id="b", text="Ничего"),)))
        assert stage.fake.private("Анна").chat.keys is not None
        await channel.send(said(to, Text(text="Спасибо!")))
        assert stage.fake.private("Анна").chat.keys is None


async def test_where_nothing_is_heard_the_next_words_take_the_keyboard_away() -> None:
    async with staged() as stage:
        channel, to = stage.make_channel(), stage.address("Анна")
        await channel.send(said(to, Text(text="Ваш номер?"), buttons=ASKS))
        await channel.send(said(to, Text(text="Спасибо!")))
        assert markups(stage)[-1] == {"remove_keyboard": True}


async def test_a_business_account_asks_in_words() -> None:
    async with staged() as stage:
        business = stage.fake.business("Ольга")
        customer = business.customer("Пётр")
        to = Address(channel="telegram", account="shop", chat=f"business:{business.id}:{customer.id}")
        await stage.make_channel().send(said(to, Text(text="Ваш номер?"), buttons=ASKS))
        assert markups(stage) == [None]
