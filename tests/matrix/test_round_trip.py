"""Every kind of message from the customer to the operator and back, in every channel: each cell of the table in
docs/channels.md, through the real platform.

A cell says how the message stands at the other end; what it says is held here to what is seen there, with the same
bytes and the same words.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
import pytest_asyncio

from estafeta.app.tables import CHOICES, KINDS, NATIVE, NOT, ROUND_TRIP, ROUND_TRIP_END, replaced, round_trip
from estafeta.app.tables import round_trip_table as table
from estafeta.kernel.model import Contact, Location, Mark
from tests.conftest import ROOT
from tests.contracts.customers import CAPTIONED, FILES, SAMPLES, Seen, sample
from tests.matrix.stage import Stage, Trip, set_out, staged
from tests.telegram.samples import PNG

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHANNELS = ("telegram", "vk", "vk_wall", "whatsapp", "widget")
WORDS = "Слово *не* <b>жирно</b> 👍🏽"
PLACE = Location(latitude=55.75, longitude=37.61)
CARD = Contact(phone="+70000000000", name="Вера")
OPTIONS = ("Первое", "Второе", "Третье", "Четвёртое", "Пятое")
ACTS = {"formatting": "marks"}
"""Kinds that `Customers.told` has another word for."""
SIGNS = {"photo": "🖼", "document": "📎", "voice": "🎤", "audio": "🎵", "video": "🎬", "sticker": "🙂"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("matrix")) as stage:
        yield stage


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channel", CHANNELS)
async def test_there_and_back(stage: Stage, channel: str, kind: str) -> None:
    cell = round_trip(channel)[kind]
    if kind == "choice":
        await choice(stage, channel, cell.there, cell.back)
        return
    trip = await set_out(stage, channel, f"{kind} {channel}")
    ways = [(BACK, cell.back), (THERE, cell.there)]
    if cell.there == NOT:
        assert ACTS.get(kind, kind) not in trip.customers.told
        ways.pop()
    for way, how in ways:
        await way.get(kind, file_there if way is THERE else file_back)(trip, kind, how)


async def test_the_table_is_up_to_date() -> None:
    document = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")
    assert replaced(document, table(), (ROUND_TRIP, ROUND_TRIP_END)) == document


# --- from the customer to the operator -------------------------------------------------------------


async def text_there(trip: Trip, kind: str, how: str) -> None:
    await trip.customers.writes(trip.who, WORDS)
    assert (await trip.stands(WORDS)).text.endswith(WORDS)


async def formatting_there(trip: Trip, kind: str, how: str) -> None:
    if how == "as signs":
        await trip.customers.writes(trip.who, "Это *важно*")
        assert not (await trip.stands("Это *важно*")).marks
        return
    await trip.customers.writes(trip.who, "Это важно", marks=(Mark(kind="bold", start=4, end=9),))
    seen = await trip.stands("Это важно")
    assert "важно" in [seen.text[mark.start : mark.end] for mark in seen.marks if mark.kind == "bold"]


async def file_there(trip: Trip, kind: str, how: str) -> None:
    name, mime, _ = SAMPLES[kind]  # type: ignore[index]
    content = PNG if how == "as a photo" else sample(kind, f"{trip.channel} there")  # type: ignore[arg-type]
    caption = "Посмотрите" if kind in CAPTIONED and how == NATIVE else ""
    await trip.customers.sends(trip.who, kind, content, name=name, mime=mime, caption=caption)
    if how == "by its name":
        assert kind in trip.customers.hides
        await trip.operator_sees(lambda posts: any(f"[{RUSSIAN[kind]}]" in one.text for one in posts))
        return
    shown = {NATIVE: kind, "as a photo": "photo"}[how]
    await trip.operator_sees(
        lambda posts: any((one.kind, one.content) == (shown, content) and caption in one.text for one in posts)
    )


RUSSIAN = {"audio": "аудио", "video": "видео"}


async def album_there(trip: Trip, kind: str, how: str) -> None:
    contents = [sample("photo", f"{trip.channel} there {number}") for number in range(2)]
    await trip.customers.sends_photos(trip.who, *contents, caption="Два вида")
    photos = await trip.operator_sees(
        lambda posts: len(found := [one for one in posts if one.kind == "photo"]) == 2 and found
    )
    assert [one.content for one in photos] == contents
    assert "Два вида" in photos[0].text
    if how == NATIVE:
        assert len({one.album for one in photos}) == 1
        assert photos[0].album


async def location_there(trip: Trip, kind: str, how: str) -> None:
    await trip.customers.sends_location(trip.who, PLACE.latitude, PLACE.longitude)
    await trip.operator_sees(lambda posts: any(one.place == PLACE for one in posts))


async def contact_there(trip: Trip, kind: str, how: str) -> None:
    await trip.customers.sends_contact(trip.who, CARD.phone, CARD.name)
    await trip.operator_sees(lambda posts: any(one.place == CARD for one in posts))


async def reply_there(trip: Trip, kind: str, how: str) -> None:
    seen = next(one for one in trip.customers.view(trip.who) if one.text == "Слушаю")
    await trip.customers.replies(trip.who, "Про это и речь", seen.id)
    post = await trip.stands("Про это и речь")
    assert post.reply_to == f"{trip.stage.group.id}:{trip.greeting}"


async def edit_there(trip: Trip, kind: str, how: str) -> None:
    message = await trip.customers.writes(trip.who, "Заказ 100234")
    await trip.stands("Заказ 100234")
    await trip.customers.edits(trip.who, message, "Заказ 100235")
    await trip.stands("Было: Заказ 100234\nСтало: Заказ 100235")


async def deletion_there(trip: Trip, kind: str, how: str) -> None:
    """On a wall VK does not tell what a deleted answer stood below: only of a first comment it is known whose
    conversation it was."""
    message = trip.first
    if trip.channel != "vk_wall":
        message = await trip.customers.writes(trip.who, "Мой пароль 12345")
        await trip.stands("Мой пароль 12345")
    await trip.customers.deletes(trip.who, message)
    await trip.operator_sees(lambda posts: any("🗑" in one.text for one in posts))


async def reaction_there(trip: Trip, kind: str, how: str) -> None:
    seen = next(one for one in trip.customers.view(trip.who) if one.text == "Слушаю")
    await trip.customers.reacts(trip.who, seen.id, "👍")
    await trip.operator_sees(lambda posts: any("👍" in one.text and "Слушаю" in one.text for one in posts))


# --- from the operator to the customer -------------------------------------------------------------


async def text_back(trip: Trip, kind: str, how: str) -> None:
    trip.says(WORDS)
    await trip.customer_sees(lambda seen: any(one.text == WORDS for one in seen))


async def formatting_back(trip: Trip, kind: str, how: str) -> None:
    trip.says("Это важно", entities=[{"type": "bold", "offset": 4, "length": 5}])
    seen = await trip.customer_sees(lambda seen: next((one for one in seen if one.text == "Это важно"), None))
    assert seen.marks == ((Mark(kind="bold", start=4, end=9),) if how == NATIVE else ())


async def file_back(trip: Trip, kind: str, how: str) -> None:
    name, mime, _ = SAMPLES[kind]  # type: ignore[index]
    content = sample(kind, f"{trip.channel} back")  # type: ignore[arg-type]
    caption = "Взгляните" if kind in CAPTIONED else ""
    trip.sends(kind, content, name=name, mime=mime, caption=caption)
    if how == "in words":
        await trip.customer_sees(lambda seen: any(SIGNS[kind] in one.text and caption in one.text for one in seen))
        return
    shown = {NATIVE: kind, "as a document": "document"}[how]
    await trip.customer_sees(
        lambda seen: (
            any((one.kind, one.content) == (shown, content) for one in seen)
            and (not caption or sum(caption in one.text for one in seen) == 1)
        )
    )


async def album_back(trip: Trip, kind: str, how: str) -> None:
    contents = [sample("photo", f"{trip.channel} back {number}") for number in range(2)]
    for number, content in enumerate(contents):
        trip.sends("photo", content, album=f"{trip.topic}", caption="" if number else "Два варианта")
    if how == "in words":
        await trip.customer_sees(lambda seen: any(one.text.count("🖼") == 2 for one in seen))
        return
    photos: list[Seen] = await trip.customer_sees(
        lambda seen: len(found := [one for one in seen if one.kind == "photo"]) == 2 and found
    )
    assert [one.content for one in photos] == contents
    assert sum("Два варианта" in one.text for one in trip.customers.view(trip.who)) == 1
    if how == NATIVE:
        assert len({one.album for one in photos}) == 1
        assert photos[0].album


async def location_back(trip: Trip, kind: str, how: str) -> None:
    trip.stage.operator.sends_location(PLACE.latitude, PLACE.longitude, topic=trip.topic)
    if how == NATIVE:
        await trip.customer_sees(lambda seen: any(one.place == PLACE for one in seen))
    else:
        await trip.customer_sees(lambda seen: any("55.75" in one.text and "37.61" in one.text for one in seen))


async def contact_back(trip: Trip, kind: str, how: str) -> None:
    trip.stage.operator.sends_contact(CARD.phone, CARD.name, own=False, topic=trip.topic)
    if how == NATIVE:
        await trip.customer_sees(lambda seen: any(one.place == CARD for one in seen))
    else:
        await trip.customer_sees(lambda seen: any("Вера" in one.text and CARD.phone in one.text for one in seen))


async def reply_back(trip: Trip, kind: str, how: str) -> None:
    message = await trip.customers.writes(trip.who, "Есть ли синий?")
    post = await trip.stands("Есть ли синий?")
    trip.says("Синий есть", reply_to=_number(post))
    seen = await trip.customer_sees(lambda seen: next((one for one in seen if one.text == "Синий есть"), None))
    assert seen.reply_to == (message if how == NATIVE else "")


async def edit_back(trip: Trip, kind: str, how: str) -> None:
    number = trip.says("Завтра")
    await trip.customer_sees(lambda seen: any(one.text == "Завтра" for one in seen))
    await trip.stage.settled(trip.topic)
    trip.stage.operator.edits(number, "Сегодня")
    if how == NATIVE:
        await trip.customer_sees(lambda seen: any(one.text == "Сегодня" for one in seen))
        assert all(one.text != "Завтра" for one in trip.customers.view(trip.who))
    else:
        await trip.stands("В этом канале правок нет")
        assert [one.text for one in trip.customers.view(trip.who)].count("Завтра") == 1


async def deletion_back(trip: Trip, kind: str, how: str) -> None:
    number = trip.says("Это не вам")
    await trip.customer_sees(lambda seen: any(one.text == "Это не вам" for one in seen))
    await trip.stage.settled(trip.topic)
    trip.says("/delete", reply_to=number)
    if how == NATIVE:
        await trip.customer_sees(lambda seen: all(one.text != "Это не вам" for one in seen))
    else:
        await trip.stands("В этом канале сообщения не удаляются")
        assert any(one.text == "Это не вам" for one in trip.customers.view(trip.who))


async def reaction_back(trip: Trip, kind: str, how: str) -> None:
    message = await trip.customers.writes(trip.who, "Всё пришло, спасибо!")
    post = await trip.stands("Всё пришло, спасибо!")
    trip.stage.operator.reacts(_number(post), "👍")
    if how == NATIVE:
        await trip.customers.wait(lambda: trip.customers.standing(trip.who, message) == ("👍",))
    else:
        await trip.stands("В этом канале реакций нет")


# --- the bot's question, the customer's choice, and the operator who sees it -------------------------


async def choice(stage: Stage, channel: str, there: str, back: str) -> None:
    customers, who = stage.customers[channel], f"choice {channel}"
    assert len(OPTIONS) == CHOICES
    await customers.writes(who, "/menu")
    asked: Seen = await customers.wait(
        lambda: next((one for one in customers.view(who) if "Что выбрать?" in one.text), None)
    )
    if back == "as numbered lines":
        assert [f"{n}. {option}" in asked.text for n, option in enumerate(OPTIONS, 1)] == [True] * CHOICES
        await customers.writes(who, "3")
    else:
        assert (asked.buttons, asked.shows) == (OPTIONS, {NATIVE: "buttons", "as a list": "list"}[back])
        await customers.presses(who, "Третье")
    await customers.wait(lambda: any(one.text == "Выбрано" for one in customers.view(who)))
    assert there == NATIVE
    trip = await set_out(stage, channel, who)
    shown = stage.telegram.messages(stage.group, topic=trip.topic)
    assert any("Третье" in one.text or (back == "as numbered lines" and "Выбрано" in one.text) for one in shown)


def _number(post: Seen) -> int:
    return int(post.id.partition(":")[2])


Way = Callable[[Trip, str, str], Awaitable[None]]

THERE: Mapping[str, Way] = {
    "text": text_there,
    "formatting": formatting_there,
    "album": album_there,
    "location": location_there,
    "contact": contact_there,
    "reply": reply_there,
    "edit": edit_there,
    "deletion": deletion_there,
    "reaction": reaction_there,
}
BACK: Mapping[str, Way] = {
    "text": text_back,
    "formatting": formatting_back,
    "album": album_back,
    "location": location_back,
    "contact": contact_back,
    "reply": reply_back,
    "edit": edit_back,
    "deletion": deletion_back,
    "reaction": reaction_back,
}
assert set(KINDS) == {*THERE, *FILES, "choice"}
