"""What operators send, change, delete and react with in a topic, on its way to the customer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from bots.telegram.client import TelegramClient
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Contact,
    Event,
    Location,
    Mark,
    Media,
    OperatorDeleted,
    OperatorEdited,
    OperatorNoted,
    OperatorReacted,
    OperatorSaid,
    Text,
)
from estafeta.kernel.ports import DeskView
from handoff.desks.telegram_forum.desk import NOTED
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, office
from tests.telegram.stage import UNLIMITED


@pytest.fixture
async def at() -> AsyncIterator[Office]:
    async with office() as at:
        yield at


@pytest.fixture
async def view(at: Office) -> DeskView:
    view = await at.show(CARD, make_view("Анна"))
    return await at.says(view, Text(text="где мой заказ?"))


async def heard(at: Office, count: int = 1) -> list[Event]:
    return [signal.event for signal in await at.stage.inbox.have(count)]


async def one(at: Office) -> Any:
    [event] = await heard(at)
    return event


async def barrier(at: Office, view: DeskView, count: int) -> list[Event]:
    """Everything before this was heard: `count` signals, then the words of the barrier."""
    at.anna.says("конец", topic=at.topic(view))
    events = await heard(at, count + 1)
    assert isinstance(events[-1], OperatorSaid)
    assert events[-1].parts == (Text(text="конец"),)
    return events[:-1]


@pytest.mark.parametrize("kind", ["photo", "document", "voice", "audio", "video", "sticker"])
async def test_a_file_goes_to_the_customer(at: Office, view: DeskView, kind: str) -> None:
    caption = "" if kind == "sticker" else "смотрите"
    sent = at.anna.sends(kind, topic=at.topic(view), caption=caption, name="файл.bin")
    event = await one(at)
    assert isinstance(event, OperatorSaid)
    media = event.parts[0]
    assert isinstance(media, Media)
    assert (media.kind, media.origin) == (kind, "telegram:shop")
    assert event.parts[1:] == ((Text(text=caption),) if caption else ())
    assert event.message == str(sent["message_id"])


async def test_a_place_and_a_contact_go_to_the_customer(at: Office, view: DeskView) -> None:
    at.anna.sends_location(55.75, 37.62, topic=at.topic(view))
    at.anna.sends_contact("+79990000000", "Курьер", own=False, topic=at.topic(view))
    place, contact = await heard(at, 2)
    assert isinstance(place, OperatorSaid)
    assert isinstance(contact, OperatorSaid)
    assert place.parts == (Location(latitude=55.75, longitude=37.62),)
    assert contact.parts == (Contact(phone="+79990000000", name="Курьер"),)


async def test_an_albums_messages_share_a_group(at: Office, view: DeskView) -> None:
    at.anna.sends_album("photo", "photo", "video", caption="три", topic=at.topic(view))
    events = await heard(at, 3)
    groups = {event.group for event in events if isinstance(event, OperatorSaid)}
    assert len(groups) == 1
    assert groups != {""}


async def test_how_words_are_drawn_goes_along(at: Office, view: DeskView) -> None:
    bold = [{"type": "bold", "offset": 3, "length": 4}]
    at.anna.says("👍 срок", topic=at.topic(view), entities=bold)
    event = await one(at)
    assert event.parts == (Text(text="👍 срок", marks=(Mark(kind="bold", start=2, end=6),)),)


async def test_an_answer_to_the_customers_words_says_to_which(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1].id
    at.anna.says("в пути", topic=at.topic(view), reply_to=asked)
    event = await one(at)
    assert isinstance(event, OperatorSaid)
    assert event.reply_to == str(asked)


async def test_what_the_customer_could_not_see_is_refused(at: Office, view: DeskView) -> None:
    dice = at.anna.writes({"dice": {"emoji": "🎲", "value": 3}}, topic=at.topic(view))
    told = await at.told(at.topic(view), "клиенту не передать")
    assert told.reply_to == dice["message_id"]
    assert at.stage.inbox.attempts == []


# --- notes ---------------------------------------------------------------------------------------


async def test_a_file_may_be_a_note(at: Office, view: DeskView) -> None:
    sent = at.anna.sends("photo", topic=at.topic(view), caption="// его паспорт")
    event = await one(at)
    assert isinstance(event, OperatorNoted)
    assert event.text == "его паспорт 🖼 [фото]"
    await at.fake.wait(
        lambda: any(m.reactions == (NOTED,) for m in at.messages(at.topic(view)) if m.id == sent["message_id"])
    )


async def test_a_file_in_answer_to_a_colleague_is_a_note(at: Office, view: DeskView) -> None:
    first = at.group.operator("Ольга").says("// есть чек?", topic=at.topic(view))["message_id"]
    at.anna.sends("document", topic=at.topic(view), name="чек.pdf", reply_to=first)
    events = await heard(at, 2)
    assert [type(event) for event in events] == [OperatorNoted, OperatorNoted]


async def test_an_album_under_a_note_is_a_note_as_a_whole(at: Office, view: DeskView) -> None:
    at.anna.sends_album("photo", "photo", "photo", caption="// не для клиента", topic=at.topic(view))
    events = await barrier(at, view, 3)
    assert [type(event) for event in events] == [OperatorNoted] * 3


async def test_an_album_under_a_note_is_one_to_every_worker(at: Office, view: DeskView) -> None:
    client = TelegramClient(at.stage.config.token, clock=at.stage.clock, base_url=at.fake.url, limits=UNLIMITED)
    other = at.make_desk(client)
    messages = at.anna.sends_album("photo", "photo", caption="// не для клиента", topic=at.topic(view))
    await heard(at, 2)
    signal, _ = await other.handle({"update_id": 900, "message": messages[1]})
    assert signal is not None
    assert isinstance(signal.event, OperatorNoted)
    await client.close()


async def test_a_note_under_a_later_file_does_not_go_and_says_so(at: Office, view: DeskView) -> None:
    at.anna.sends("photo", topic=at.topic(view), album="7")
    at.anna.sends("photo", topic=at.topic(view), album="7", caption="// не для клиента")
    await at.told(at.topic(view), "подпись первого файла")
    [event] = await barrier(at, view, 1)
    assert isinstance(event, OperatorSaid)


async def test_an_album_while_the_store_is_away_comes_again(at: Office, view: DeskView) -> None:
    sent = at.anna.sends_album("photo", "photo", caption="// не для клиента", topic=at.topic(view))
    await heard(at, 2)
    at.store.unputtable = 1
    again = {**sent[0], "media_group_id": "another"}
    with pytest.raises(StoreUnavailable):
        await at.desk.handle({"update_id": 901, "message": again})


# --- edits and deletions -------------------------------------------------------------------------


async def test_an_edit_goes_to_the_customer(at: Office, view: DeskView) -> None:
    said = at.anna.says("превет", topic=at.topic(view))["message_id"]
    await heard(at)
    at.anna.edits(said, "привет")
    _, event = await heard(at, 2)
    assert isinstance(event, OperatorEdited)
    assert (event.message, event.parts) == (str(said), (Text(text="привет"),))


async def test_an_edited_caption_goes_to_the_customer(at: Office, view: DeskView) -> None:
    sent = at.anna.sends("photo", topic=at.topic(view), caption="чек")["message_id"]
    await heard(at)
    at.anna.edits(sent, "чек за май")
    _, event = await heard(at, 2)
    assert isinstance(event, OperatorEdited)
    assert event.parts[1:] == (Text(text="чек за май"),)


async def test_an_edit_that_changes_nothing_is_none(at: Office, view: DeskView) -> None:
    said = at.anna.says("привет", topic=at.topic(view))["message_id"]
    await heard(at)
    at.anna.touches(said)
    assert len(await barrier(at, view, 1)) == 1


async def test_an_edited_note_stays_a_note(at: Office, view: DeskView) -> None:
    noted = at.anna.says("// сложный", topic=at.topic(view))["message_id"]
    await heard(at)
    at.anna.edits(noted, "// очень сложный")
    assert len(await barrier(at, view, 1)) == 1


async def test_words_made_a_note_do_not_go_and_the_writer_is_told(at: Office, view: DeskView) -> None:
    said = at.anna.says("сложный", topic=at.topic(view))["message_id"]
    await heard(at)
    at.anna.edits(said, "// сложный")
    told = await at.told(at.topic(view), "Клиент видит прежние слова")
    assert told.reply_to == said
    assert len(await barrier(at, view, 1)) == 1


async def test_a_command_in_an_edit_is_not_carried_out(at: Office, view: DeskView) -> None:
    said = at.anna.says("/clsoe", topic=at.topic(view))["message_id"]
    await at.told(at.topic(view), "Может быть, /close?")
    at.anna.edits(said, "/close")
    signal = await barrier(at, view, 0)
    assert signal == []


async def test_a_message_is_deleted_by_a_command(at: Office, view: DeskView) -> None:
    said = at.anna.says("не туда", topic=at.topic(view))["message_id"]
    command = at.anna.says("/delete", topic=at.topic(view), reply_to=said)["message_id"]
    _, event = await heard(at, 2)
    assert isinstance(event, OperatorDeleted)
    assert event.message == str(said)
    await at.fake.wait(lambda: any(m.reactions == (NOTED,) for m in at.messages(at.topic(view)) if m.id == command))


async def test_only_ones_own_messages_are_deleted(at: Office, view: DeskView) -> None:
    colleague = at.group.operator("Ольга").says("здравствуйте", topic=at.topic(view))["message_id"]
    await heard(at)
    customers = at.messages(at.topic(view))[1].id
    for of in (colleague, customers, None):
        at.anna.says("/delete", topic=at.topic(view), reply_to=of)
    assert len(await barrier(at, view, 1)) == 1
    await at.fake.wait(lambda: len([t for t in at.shown(at.topic(view)) if "Ответьте командой /delete" in t]) == 3)


# --- reactions -----------------------------------------------------------------------------------


async def test_a_reaction_on_the_customers_words_goes_to_the_customer(at: Office, view: DeskView) -> None:
    asked = at.messages(at.topic(view))[-1].id
    at.anna.reacts(asked, "❤")
    at.anna.reacts(asked)
    first, second = await at.stage.inbox.have(2)
    for signal, emoji in ((first, "❤"), (second, "")):
        assert isinstance(signal.event, OperatorReacted)
        assert (signal.event.message, signal.event.emoji) == (str(asked), emoji)
        assert signal.address == view.conversation.threads[at.desk.name].address


async def test_a_reaction_is_known_to_every_worker(at: Office, view: DeskView) -> None:
    client = TelegramClient(at.stage.config.token, clock=at.stage.clock, base_url=at.fake.url, limits=UNLIMITED)
    other, asked = at.make_desk(client), at.messages(at.topic(view))[-1].id
    signal, _ = await other.handle(reaction(at, asked, user=at.anna.user))
    assert signal is not None
    assert isinstance(signal.event, OperatorReacted)
    await client.close()


async def test_other_reactions_stay_in_the_group(at: Office, view: DeskView) -> None:
    topic, asked = at.topic(view), at.messages(at.topic(view))[-1].id
    card = int(view.conversation.threads[at.desk.name].card)
    noted = at.group.operator("Ольга").says("// хм", topic=topic)["message_id"]
    await heard(at)
    at.anna.reacts(card, "👍")
    at.anna.reacts(noted, "👍")
    at.anna.reacts(asked, custom="5368324170671202286")
    assert len(await barrier(at, view, 1)) == 1
    bot = {"id": at.stage.client.bot_id, "is_bot": True, "first_name": "Estafeta"}
    for raw in (
        reaction(at, asked, user=bot),
        reaction(at, asked, actor_chat={"id": at.group.id, "type": "supergroup"}),
        reaction(at, asked, user=at.group.stranger("Гость").user),
        {"update_id": 5, "message_reaction": {"message_id": asked, "user": "nobody", "new_reaction": 7}},
    ):
        assert await at.desk.handle(raw) == (None, None)


def reaction(at: Office, message: int, **who: Any) -> dict[str, Any]:
    return {
        "update_id": 4,
        "message_reaction": {
            "chat": {"id": at.group.id, "type": "supergroup"}, "message_id": message, "date": 1_760_000_000,
            "old_reaction": [], "new_reaction": [{"type": "emoji", "emoji": "👍"}], **who,
        },
    }  # fmt: skip
