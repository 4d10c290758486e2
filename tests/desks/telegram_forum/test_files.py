"""Files, places and people from customers, as they stand in the topic."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from bots.telegram.config import TelegramLimits
from estafeta.fakes.telegram import Limits
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Contact, EntryId, Location, Mark, Media, MediaKind, Notice, Text, Unsupported
from estafeta.kernel.ports import DeskView, Incoming
from handoff.desks.telegram_forum.desk import TRIES
from tests.attachments.samples import INERT, JPEG, REST
from tests.contracts.desk_contract import everything, item, make_view
from tests.desks.telegram_forum.office import CARD, Office, office, with_entry

OGG, MP3, MP4, WEBP, PDF = (
    INERT[mime][0] for mime in ("audio/ogg", "audio/mpeg", "video/mp4", "image/webp", "application/pdf")
)


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


def raw(at: Office, view: DeskView) -> list[Any]:
    """What stands in the topic after the card, as Telegram has it."""
    return [message.raw for message in at.messages(at.topic(view))[1:]]


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        ("photo", JPEG, "чек.jpg"),
        ("document", PDF, "счёт.pdf"),
        ("voice", OGG, "voice.ogg"),
        ("audio", MP3, "песня.mp3"),
        ("video", MP4, "видео.mp4"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_file_from_any_channel_is_shown_as_what_it_is(
    at: Office, kind: MediaKind, content: bytes, name: str
) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, await at.keep(kind, content, name), Text(text="вот"))
    [message] = raw(at, view)
    shown = message[kind][-1] if kind == "photo" else message[kind]
    assert at.fake.world.files[shown["file_id"]].content == content
    assert message["caption"] == "👤 Анна\nвот"
    assert at.receipt.external == str(message["message_id"])
    if kind == "document":
        assert shown["file_name"] == name


@pytest.mark.parametrize("kind", ["photo", "document", "voice", "audio", "video"])
async def test_a_file_of_the_same_bot_goes_by_its_id(at: Office, kind: MediaKind) -> None:
    view = await at.show(CARD, make_view("Анна"))
    file = at.in_telegram(kind)
    view = await at.says(view, file)
    [message] = raw(at, view)
    shown = message[kind][-1] if kind == "photo" else message[kind]
    assert (shown["file_id"], message["caption"]) == (file.ref, "👤 Анна")
    assert at.fake.calls_of("getFile") == []


async def test_an_id_that_is_good_for_another_kind_alone_is_uploaded_anew(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, at.in_telegram("video", MP4, field="video_note"))
    [message] = raw(at, view)
    assert at.fake.world.files[message["video"]["file_id"]].content == MP4
    assert message["caption"] == "👤 Анна"


async def test_a_sticker_stands_under_who_sent_it(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, await at.keep("sticker", WEBP, "sticker.webp"))
    heading, sticker = raw(at, view)
    assert heading["text"] == "👤 Анна"
    assert "sticker" in sticker
    assert at.receipt.external == f"{heading['message_id']} {sticker['message_id']}"


async def test_a_picture_that_is_no_sticker_to_telegram_is_a_photo(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, await at.keep("sticker", JPEG, "sticker.jpg"))
    assert "photo" in raw(at, view)[0]


async def test_what_telegram_does_not_show_as_such_is_a_document(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, await at.keep("voice", INERT["audio/amr"][0], "голос.amr"))
    assert raw(at, view)[0]["document"]["file_name"] == "голос.amr"


async def test_a_refused_photo_is_shown_as_a_document(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    at.fake.fail("sendPhoto", "answer", status=400, description="Bad Request: PHOTO_INVALID_DIMENSIONS")
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"))
    [message] = raw(at, view)
    assert message["document"]["file_name"] == "чек.jpg"


async def test_what_is_refused_in_every_way_is_told_in_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    for method in ("sendPhoto", "sendDocument"):
        at.fake.fail(method, "answer", status=400, description="Bad Request: wrong file type")
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"), Text(text="мой чек"))
    [message] = raw(at, view)
    assert message["text"].startswith("👤 Анна\nмой чек\n⚠️ 🖼 [фото чек.jpg]: Telegram не принял файл.")
    assert message["text"].endswith("https://shop.example/desk")


async def test_an_album_stays_whole(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    files = [await at.keep("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(3)]
    view = await at.says(view, *files, await at.keep("video", MP4, "4.mp4"), Text(text="вот все"))
    messages = raw(at, view)
    assert [next(key for key in ("photo", "video") if key in m) for m in messages] == ["photo"] * 3 + ["video"]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages] == ["👤 Анна\nвот все", None, None, None]
    assert at.receipt.external == " ".join(str(message["message_id"]) for message in messages)
    assert len(at.fake.calls_of("sendMediaGroup")) == 1


async def test_what_cannot_stand_in_one_album_stands_in_several_posts(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    photos = [await at.keep("photo", JPEG + bytes([n]), f"{n}.jpg") for n in range(11)]
    papers = [await at.keep("document", PDF + bytes([n]), f"{n}.pdf") for n in range(2)]
    view = await at.says(view, *photos, *papers)
    groups = [message.get("media_group_id") for message in raw(at, view)]
    assert [groups.count(group) for group in dict.fromkeys(groups)] == [10, 1, 2]


async def test_an_album_that_telegram_refuses_is_shown_as_documents(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, at.in_telegram("video", MP4, field="video_note"), at.in_telegram("photo", JPEG))
    messages = raw(at, view)
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [("video" in m, "photo" in m) for m in messages] == [(True, False), (False, True)]


async def test_words_and_a_file_of_one_notice_are_one_post(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна", "раз", "два"))
    view = with_entry(view, await at.keep("photo", JPEG, "чек.jpg"))
    view = with_entry(view, Text(text="видно?"))
    view = await at.show(Notice(kind="said", entries=everything(view)), view)
    [message] = raw(at, view)
    assert message["caption"] == "👤 Анна\nраз\nдва\nвидно?"


async def test_words_too_long_for_a_caption_stand_before_the_file(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"), Text(text="слово " * 300))
    words, photo = raw(at, view)
    assert words["text"].startswith("👤 Анна\nслово")
    assert "caption" not in photo
    assert at.receipt.external == f"{words['message_id']} {photo['message_id']}"


async def test_marks_are_drawn_whatever_characters_the_words_hold(at: Office) -> None:
    view = await at.show(CARD, make_view("<b>Ян"))
    text = "👍🏽 *да* <i>очень</i> сюда"
    marks = (
        Mark(kind="bold", start=text.index("да"), end=text.index("да") + 2),
        Mark(kind="link", start=text.index("сюда"), end=len(text), url="https://shop.example/"),
    )
    words = Text(text=text, marks=marks)
    view = await at.says(view, words)
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"), words)
    said, photo = raw(at, view)
    assert said["text"] == photo["caption"] == f"👤 <b>Ян\n{text}"
    for found, whole in ((said["entities"], said["text"]), (photo["caption_entities"], photo["caption"])):
        units = whole.encode("utf-16-le")
        drawn = [
            (e["type"], units[2 * e["offset"] : 2 * (e["offset"] + e["length"])].decode("utf-16-le")) for e in found
        ]
        assert drawn == [("bold", "да"), ("text_link", "сюда")]


@pytest.mark.parametrize("method", ["sendMessage", "sendPhoto"])
async def test_marks_that_telegram_cannot_read_cost_no_words(at: Office, method: str) -> None:
    view = await at.show(CARD, make_view("Анна"))
    words = Text(text="да", marks=(Mark(kind="bold", start=0, end=2),))
    description = "Bad Request: can't parse entities: unsupported"
    at.fake.fail(method, "answer", status=400, description=description)
    view = await at.says(view, *((await at.keep("photo", JPEG, "чек.jpg"),) if method == "sendPhoto" else ()), words)
    [message] = raw(at, view)
    assert (message.get("caption") or message["text"]) == "👤 Анна\nда"


async def test_a_refusal_of_any_kind_costs_no_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    at.fake.fail("sendPhoto", "answer", status=400, description="Bad Request: SOMETHING_NEW")
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"), Text(text="вот"))
    [message] = raw(at, view)
    assert "document" in message
    assert message["caption"] == "👤 Анна\nвот"


async def test_marks_of_long_words_stay_where_they_are(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    text = "слово " * 700 + "важно " + "слово " * 700
    start = text.index("важно")
    view = await at.says(view, Text(text=text, marks=(Mark(kind="bold", start=start, end=start + 5),)))
    pieces = raw(at, view)
    assert len(pieces) > 2
    [(piece, entity)] = [(piece, entity) for piece in pieces for entity in piece.get("entities", [])]
    assert piece["text"][entity["offset"] :][: entity["length"]] == "важно"


async def test_a_place_and_a_contact_are_shown_as_such_and_in_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, Location(latitude=55.7539, longitude=37.6208, title="Красная площадь"))
    view = await at.says(view, Contact(phone="+79990000000", name="Анна", own=True))
    said, place, told, contact = raw(at, view)
    assert said["text"] == "👤 Анна\n📍 Красная площадь, 55.75390, 37.62080"
    assert place["location"]["latitude"] == 55.7539
    assert told["text"] == "👤 Анна\n☎️ Анна +79990000000 (свой номер)"
    assert contact["contact"]["phone_number"] == "+79990000000"


async def test_a_number_that_telegram_refuses_is_read_in_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    at.fake.fail("sendContact", "answer", status=400, description="Bad Request: PHONE_NUMBER_INVALID")
    view = await at.says(view, Contact(phone="нет"))
    [told] = raw(at, view)
    assert told["text"] == "👤 Анна\n☎️ нет"


@pytest.mark.parametrize(("language", "words"), [("ru", "[опрос]"), ("en", "[poll]")])
async def test_what_has_no_name_is_seen_in_the_operators_language(language: Any, words: str) -> None:
    async with office(language=language) as at:
        view = await at.show(CARD, make_view("Анна"))
        view = await at.says(view, Unsupported(kind="poll"))
        view = await at.says(view, Unsupported(kind="hologram"))
        assert at.shown(at.topic(view))[1:] == [f"👤 Анна\n{words}", "👤 Анна\n[hologram]"]


async def test_a_file_too_large_for_telegram_is_told_with_its_size_and_where_it_is(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    large = Media(kind="video", ref="v1", origin="vk:shop", name="отпуск.mp4", size=63_000_000)
    view = await at.says(view, large, Text(text="смотрите"))
    [told] = raw(at, view)
    assert told["text"] == (
        "👤 Анна\n⚠️ 🎬 [видео отпуск.mp4], 63 МБ: больше 50 МБ, в Telegram его не показать. "
        "Посмотреть: https://shop.example/desk\nсмотрите"
    )


async def test_a_file_that_is_gone_does_not_keep_the_words(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = await at.says(view, Media(kind="photo", ref="f" * 64), Text(text="вот"))
    [told] = raw(at, view)
    assert told["text"].startswith("👤 Анна\n⚠️ 🖼 [фото]: Файла больше нет")
    assert told["text"].endswith("\nвот")


class Away:
    """A messenger that cannot be asked for its files, the first `times`."""

    origin = "vk:shop"

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    @asynccontextmanager
    async def fetch(self, media: Media) -> AsyncIterator[Incoming]:
        self.asked += 1
        if self.asked <= self.times:
            raise SendFailed("unreachable", "ВКонтакте не отвечает.", fault="messenger", retry_after=3.0)

        async def chunks() -> AsyncIterator[bytes]:
            yield JPEG

        yield Incoming(chunks=chunks())


@pytest.mark.parametrize(("times", "shown"), [(2, "photo"), (99, "text")])
async def test_a_file_that_may_come_yet_is_waited_for_but_not_for_ever(at: Office, times: int, shown: str) -> None:
    away = Away(times)
    at.attachments.sources[away.origin] = away
    view = await at.show(CARD, make_view("Анна"))
    view = with_entry(view, Media(kind="photo", ref="p1", origin=away.origin), Text(text="вот"))
    notice, same = Notice(kind="said", entries=(view.entries[-1].id,)), item()
    for _ in range(min(times, TRIES)):
        with pytest.raises(SendFailed):
            await at.show(notice, view, outbox=same)
    view = await at.show(notice, view, outbox=same)
    [message] = raw(at, view)
    assert shown in message
    assert away.asked == min(times, TRIES) + 1


async def test_tried_again_it_goes_on_with_the_post_that_failed(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = with_entry(view, await at.keep("sticker", WEBP, "s.webp"), await at.keep("voice", OGG, "v.ogg"))
    notice, same = Notice(kind="said", entries=(view.entries[-1].id,)), item()
    at.fake.fail("sendVoice", "answer", status=500)
    with pytest.raises(SendFailed):
        await at.show(notice, view, outbox=same)
    view = await at.show(notice, view, outbox=same)
    kinds = [next(key for key in ("text", "sticker", "voice") if key in message) for message in raw(at, view)]
    assert kinds == ["text", "sticker", "voice"]
    assert len(at.receipt.external.split()) == 3


async def test_files_find_a_topic_that_was_deleted(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    at.anna.deletes_topic(at.topic(view))
    view = await at.says(view, await at.keep("photo", JPEG, "чек.jpg"))
    assert [message.text for message in at.messages(at.topic(view))][1:] == ["[photo] 👤 Анна"]


async def test_what_a_customer_sends_in_the_edit_is_shown(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    first, second = await at.keep("photo", JPEG, "1.jpg"), await at.keep("photo", JPEG + REST, "2.jpg")
    view = await at.says(view, first, Text(text="до"))
    of = view.entries[-1].id
    view = with_entry(view, second, Text(text="после"), kind="edit", of=of)
    view = await at.show(Notice(kind="said", entries=(view.entries[-1].id,)), view)
    message = raw(at, view)[-1]
    assert message["caption"] == "✏️ Анна, правка сообщения\nБыло: 🖼 [фото 1.jpg] до\nСтало: 🖼 [фото 2.jpg]\nпосле"
    assert "photo" in message


async def test_albums_keep_within_the_groups_budget() -> None:
    """An album takes as much of it as it has files."""
    pace = TelegramLimits(bot_per_second=1e6, chat_per_second=1e6, chat_burst=1e6, group_per_minute=1200)
    limits = Limits(bot_per_second=1e6, private_per_second=1e6, group_per_minute=1200)
    async with office(pace=pace, limits=limits) as at:
        view = await at.show(CARD, make_view("Анна"))
        for n in range(6):
            files = [await at.keep("photo", JPEG + bytes([n, m]), f"{m}.jpg") for m in range(10)]
            view = await at.says(view, *files)
        assert all(call.ok for call in at.fake.calls)
        assert len(raw(at, view)) == 60


async def test_the_same_item_is_posted_once(at: Office) -> None:
    view = await at.show(CARD, make_view("Анна"))
    view = with_entry(view, await at.keep("photo", JPEG, "чек.jpg"))
    notice, same = Notice(kind="said", entries=(EntryId(view.entries[-1].id),)), item()
    for _ in range(2):
        view = await at.show(notice, view, outbox=same)
    assert len(raw(at, view)) == 1
    again = replace(view)
    assert at.receipt.external == str(raw(at, again)[0]["message_id"])
