"""What happens to messages after they were said, and what a channel's capabilities allow."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from estafeta.clock import TestClock
from estafeta.engine import ALBUM_SECONDS
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    Author,
    Contact,
    CustomerDeleted,
    CustomerEdited,
    CustomerReacted,
    CustomerSaid,
    Mark,
    Media,
    Operator,
    OperatorDeleted,
    OperatorEdited,
    OperatorReacted,
    OperatorSaid,
    SaidElsewhere,
    Signal,
    SignalId,
    Stage,
    StatusChanged,
    Template,
    Text,
    UndeliveredMoved,
)
from tests.engine.able import ABLE, Opened, passes
from tests.engine.words import Words
from tests.world import ANNA, HOME, World


async def answered(world: World, text: str = "Hello there") -> str:
    """A customer writes, an operator answers; the messenger's id of the answer."""
    await world.says("blah")
    said = OperatorSaid(operator=ANNA, parts=(Text(text=text),), message="t1")
    await world.operator(said)
    return f"ext-{world.channel.sent[-1].id}"


# --- replies, edits, deletions, reactions --------------------------------------------------------


async def test_a_customers_reply_names_the_entry_it_answers(opened: Opened) -> None:
    async with opened(ABLE) as world:
        message = await answered(world)
        await world.tell(CustomerSaid(message="m9", parts=(Text(text="Thanks"),), reply_to=message, quote="Hello"))
        await world.settled()
        entries = {entry.text: entry for entry in await world.entries()}
        assert entries["Thanks"].data["reply_to"] == entries["Hello there"].id


async def test_a_quote_of_something_forgotten_keeps_its_words(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.tell(CustomerSaid(message="m9", parts=(Text(text="This?"),), reply_to="long ago", quote="Old"))
        await world.settled()
        assert (await world.entries())[0].data["quote"] == "Old"


async def test_an_operators_reply_reaches_the_customer_as_a_reply(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.tell(CustomerSaid(message="their-5", parts=(Text(text="a person please"),)))
        await world.settled()
        shown = next(item for item, notice, _ in world.desk.shown if notice.kind == "card")
        assert shown
        customer = next(entry for entry in await world.entries() if entry.author.kind == "customer")
        await world.operator(OperatorSaid(operator=ANNA, parts=(Text(text="Yes"),), message="t1", reply_to=customer.id))
        assert world.channel.sent[-1].reply_to == "their-5"


async def test_an_operators_edit_and_deletion_reach_the_customer(opened: Opened) -> None:
    async with opened(ABLE) as world:
        message = await answered(world)
        await world.operator(OperatorEdited(operator=ANNA, message="t1", parts=(Text(text="Better"),)))
        edit = world.channel.sent[-1]
        assert (edit.does, edit.of, edit.parts) == ("edit", message, (Text(text="Better"),))
        await world.operator(OperatorDeleted(operator=ANNA, message="t1"))
        assert (world.channel.sent[-1].does, world.channel.sent[-1].of) == ("delete", message)
        kinds = [entry.kind for entry in await world.entries()]
        assert "edit" in kinds
        assert "deletion" in kinds


async def test_an_operator_hears_when_the_customers_messenger_cannot_edit(opened: Opened) -> None:
    async with opened(replace(ABLE, edits=False)) as world:
        await answered(world)
        sent = len(world.channel.sent)
        desk = replace(ANNA, desk=world.desk.name)
        await world.operator(OperatorSaid(operator=desk, parts=(Text(text="Second"),), message="t2"))
        await world.operator(OperatorEdited(operator=desk, message="t2", parts=(Text(text="Better"),)))
        assert len(world.channel.sent) == sent + 1
        assert [notice.text for _, notice, _ in world.desk.shown if notice.kind == "info"] == ["no_edits"]


async def test_reactions_go_both_ways(opened: Opened) -> None:
    async with opened(ABLE) as world:
        message = await answered(world)
        await world.tell(CustomerReacted(message=message, emoji="🔥"))
        await world.settled()
        reaction = (await world.entries())[-1]
        assert (reaction.kind, reaction.data["emoji"], reaction.author.kind) == ("reaction", "🔥", "customer")
        customer = next(entry for entry in await world.entries() if entry.author.kind == "customer")
        await world.operator(OperatorReacted(operator=ANNA, message=customer.id, emoji="👍"))
        done = world.channel.sent[-1]
        assert (done.does, done.emoji, done.of) == ("react", "👍", "m0")


async def test_an_operator_cannot_edit_what_the_customer_said(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await answered(world)
        sent = len(world.channel.sent)
        customer = next(entry for entry in await world.entries() if entry.author.kind == "customer")
        await world.operator(OperatorEdited(operator=ANNA, message=customer.id, parts=(Text(text="I agree"),)))
        assert len(world.channel.sent) == sent
        assert all(entry.kind != "edit" for entry in await world.entries())


async def test_a_customers_edit_and_deletion_name_the_entry(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("blah")
        first = (await world.entries())[0]
        await world.tell(CustomerEdited(message="m0", parts=(Text(text="blah blah"),)))
        await world.tell(CustomerDeleted(message="m0"))
        await world.settled()
        changes = [entry for entry in await world.entries() if entry.kind in ("edit", "deletion")]
        assert [entry.data["of"] for entry in changes] == [first.id, first.id]


# --- what became of messages ---------------------------------------------------------------------


async def test_statuses_only_go_forward_and_reach_the_desk(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("blah")
        desk = replace(ANNA, desk=world.desk.name)
        await world.operator(OperatorSaid(operator=desk, parts=(Text(text="Hello"),), message="t1"))
        message = f"ext-{world.channel.sent[-1].id}"
        for status in ("read", "delivered", "read", "sent"):
            await world.tell(StatusChanged(message=message, status=status))
        await world.settled()
        receipts = [notice.text for _, notice, _ in world.desk.shown if notice.kind == "receipt"]
        assert receipts == ["sent", "read"]


async def test_reading_a_message_reads_those_before_it(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await answered(world)
        await world.operator(OperatorSaid(operator=ANNA, parts=(Text(text="And this"),), message="t2"))
        await world.tell(StatusChanged(message=f"ext-{world.channel.sent[-1].id}", status="read"))
        await world.settled()
        read = [entry for entry in await world.entries() if entry.data.get("status") == "read"]
        assert len(read) == 2


async def test_a_status_that_names_our_own_id_settles_a_send_without_an_answer(
    opened: Opened, clock: TestClock
) -> None:
    async with opened(replace(ABLE, reconciles=True)) as world:
        world.channel.failures.append(SendFailed("no_answer", "?", fault="messenger", retry_after=0.0, maybe_sent=True))
        await world.tell(CustomerSaid(message="m", parts=(Text(text="pay"),)))
        await clock.asleep()  # it gives the messenger time to tell
        item = (await world.conversation()).outbox[0].id
        told = StatusChanged(message="wamid.1", status="delivered", item=item)
        await world.tell(told, conversation=HOME.conversation)
        await world.settled()
        await clock.advance(30)
        conversation = await world.settled()
        assert world.channel.sent == []
        assert [(link.here, link.status) for link in conversation.links if link.by == "bot"] == [
            ("wamid.1", "delivered")
        ]


async def test_a_send_whose_end_nobody_knows_is_marked_and_goes_once_more(opened: Opened, clock: TestClock) -> None:
    async with opened(ABLE) as world:
        await world.says("blah")
        await world.operator("take")
        world.channel.failures.append(SendFailed("no_answer", "No answer.", fault="messenger", maybe_sent=True))
        said = OperatorSaid(operator=ANNA, parts=(Text(text="Hello there"),), message="t1")
        await world.tell(said, conversation=HOME.conversation)
        await passes(world, clock)
        entries = await world.entries()
        [mark] = [entry for entry in entries if entry.data.get("event") == "sent_unknown"]
        assert mark.data["of"] == next(entry.id for entry in entries if entry.text == "Hello there")
        assert world.channel.texts[-1] == "Hello there"


async def test_what_could_not_be_sent_is_kept_and_sent_again_under_the_same_name(opened: Opened) -> None:
    async with opened(ABLE) as world:
        world.channel.failures.append(SendFailed("refused", "No", fault="content"))
        await world.says("pay")
        (item,) = (await world.conversation()).undelivered
        await world.tell(UndeliveredMoved(item=item.id, move="resend"), conversation=HOME.conversation)
        conversation = await world.settled()
        assert world.channel.texts == ["By card or cash"]
        assert world.channel.sent[0].id == item.id
        assert conversation.undelivered == ()


async def test_what_is_dropped_is_not_sent(opened: Opened) -> None:
    async with opened(ABLE) as world:
        world.channel.failures.append(SendFailed("refused", "No", fault="content"))
        await world.says("pay")
        (item,) = (await world.conversation()).undelivered
        await world.tell(UndeliveredMoved(item=item.id, move="drop"), conversation=HOME.conversation)
        assert (await world.settled()).undelivered == ()
        assert world.channel.sent == []


# --- what the channel allows ---------------------------------------------------------------------


async def test_after_the_window_only_a_template_goes_out(opened: Opened, clock: TestClock) -> None:
    async with opened(replace(ABLE, window=86400.0, templates=True)) as world:
        await answered(world)
        await clock.advance(timedelta(hours=25).total_seconds())
        desk = replace(ANNA, desk=world.desk.name)
        await world.operator(OperatorSaid(operator=desk, parts=(Text(text="Still there?"),), message="t2"))
        assert [notice.text for _, notice, _ in world.desk.shown][-1] == "failed: window_closed"
        assert "Still there?" not in world.channel.texts
        template = Template(name="hello", language="en", values=("Anna",), text="Hello, Anna")
        await world.operator(OperatorSaid(operator=desk, parts=(template,), message="t3"))
        assert world.channel.sent[-1].parts == (template,)


async def test_a_number_is_a_press_where_buttons_are_numbered_lines(opened: Opened) -> None:
    async with opened(replace(ABLE, buttons=0)) as world:
        await world.says("something odd")
        assert [button.text for button in world.channel.sent[-1].buttons] == ["A person please"]
        await world.says("1.")
        assert (await world.conversation()).stage is Stage.QUEUED


async def test_a_number_is_a_number_where_buttons_are_buttons(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("something odd")
        await world.says("1")
        assert (await world.conversation()).stage is Stage.BOT


async def test_typing_a_buttons_words_presses_it(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("something odd")
        await world.says("a PERSON please")
        assert (await world.conversation()).stage is Stage.QUEUED


async def test_strangers_read_along_so_the_bot_asks_into_private(opened: Opened) -> None:
    async with opened(replace(ABLE, public=True, private="https://example.org/write")) as world:
        await world.says("pay")
        (message,) = world.channel.sent
        assert "privately" in world.channel.texts[0]
        assert [button.url for button in message.buttons] == ["https://example.org/write"]
        assert (await world.conversation()).stage is Stage.BOT
        await world.says("something odd")
        assert (await world.conversation()).stage is Stage.QUEUED


async def test_waiting_words_of_the_bot_become_one_message_where_messages_are_few(opened: Opened) -> None:
    async with opened(replace(ABLE, merges=True)) as world:
        await world.says("/talk")
        assert len(world.channel.sent) == 1
        assert len(world.channel.sent[0].parts) == 2


# --- other ways in -------------------------------------------------------------------------------


async def test_an_answer_typed_in_the_messenger_itself_silences_the_bot(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("hello")
        native = Operator(id="vk:7", name="Vera", desk="vk")
        await world.tell(SaidElsewhere(operator=native, message="x1", parts=(Text(text="I am here"),)))
        conversation = await world.settled()
        sent = len(world.channel.sent)
        assert conversation.stage is Stage.HUMAN
        assert (await world.transcript())[-1] == "operator: I am here"
        await world.says("pay")
        assert len(world.channel.sent) == sent
        assert [notice.kind for _, notice, _ in world.desk.shown][:2] == ["card", "said"]


async def test_an_album_is_one_entry_however_slowly_it_comes(opened: Opened, clock: TestClock) -> None:
    def photo(number: int) -> Signal:
        media = Media(kind="photo", ref=f"file{number}", origin="recorder:test")
        said = CustomerSaid(message=f"p{number}", parts=(media,), group="album1")
        return Signal(id=SignalId(f"p.{number}"), at=clock.now(), address=HOME, event=said)

    async with opened(ABLE) as world:
        for number in range(3):
            await world.intake.accept([photo(number)])
            await clock.advance(ALBUM_SECONDS / 2)
        await passes(world, clock)
        (entry, *_) = await world.entries()
        assert len(entry.parts) == 3
        assert len(world.channel.texts) == 1
        (link, *_) = (await world.conversation()).links
        assert link.here == "p0 p1 p2"


async def test_a_shared_number_is_an_answer(opened: Opened, words: Words) -> None:
    async with opened(ABLE) as world:
        shared = CustomerSaid(message="c1", parts=(Contact(phone="+70000000001", own=True),))
        await world.tell(shared)
        await world.settled()
        assert words.asked[-1] == "+70000000001"


async def test_the_bots_markdown_becomes_marks_and_a_customers_stars_stay_stars(opened: Opened) -> None:
    async with opened(ABLE) as world:
        await world.says("/bold")
        assert world.channel.sent[-1].parts == (Text(text="Very bold", marks=(Mark(kind="bold", start=5, end=9),)),)
        await world.says("**stars**")
        customer = [entry for entry in await world.entries() if entry.author == Author(kind="customer")]
        assert customer[-1].parts == (Text(text="**stars**"),)
