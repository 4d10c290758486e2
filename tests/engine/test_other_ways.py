"""People and files that come in other ways than by a customer's words."""

from __future__ import annotations

from estafeta.clock import TestClock
from estafeta.kernel.model import (
    Contact,
    CustomerSaid,
    Media,
    Operator,
    OperatorDeleted,
    OperatorSaid,
    SaidElsewhere,
    Stage,
    Text,
)
from tests.engine.able import ABLE, Opened, applied, no_answer, passes
from tests.engine.words import Words
from tests.world import ANNA, HOME


async def test_somebody_of_ours_may_write_first(opened: Opened) -> None:
    """A manager begins a conversation in the messenger itself; the bot must not talk over them."""
    async with opened(ABLE) as world:
        native = Operator(id="7", name="Vera", desk="recorder")
        accepted = await world.tell(
            SaidElsewhere(operator=native, message="x1", parts=(Text(text="About your order"),))
        )
        assert accepted.conversation is not None
        await world.settled()
        assert (await world.conversation()).stage is Stage.HUMAN
        await world.says("pay")
        assert world.channel.sent == []


async def test_anothers_number_is_no_answer(opened: Opened, words: Words) -> None:
    async with opened(ABLE) as world:
        await world.tell(CustomerSaid(message="c", parts=(Contact(phone="+70000000001", name="Somebody else"),)))
        await world.settled()
        assert "+70000000001" not in words.asked


async def test_every_message_of_an_operators_album_can_be_deleted(opened: Opened, clock: TestClock) -> None:
    async with opened(ABLE) as world:
        await world.says("a person please")
        for number in (1, 2):
            photo = Media(kind="photo", ref=f"f{number}", origin="recording:g")
            said = OperatorSaid(operator=ANNA, parts=(photo,), message=f"t{number}", group="g")
            await world.tell(said, conversation=HOME.conversation)
        await passes(world, clock)
        await world.operator(OperatorDeleted(operator=ANNA, message="t2"))
        assert [notice.text for _, notice, _ in world.desk.shown if notice.kind == "info"] != ["too_old_to_change"]


class Silent:
    """Hands over a file at the third request; the two before get no answer."""

    def __init__(self) -> None:
        self.failures = [no_answer(), no_answer()]
        self.had: list[Media] = []

    async def obtain(self, media: Media) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.had.append(media)


async def test_a_file_is_asked_for_again_however_often_no_answer_came(opened: Opened, clock: TestClock) -> None:
    """Asking for a file twice doubles nothing, so there is no doubt to be careful about."""
    async with opened(ABLE) as world:
        source = Silent()
        world.outbox._attachments = source  # type: ignore[assignment]
        photo = Media(kind="photo", ref="x", origin="recorder:test")
        await world.tell(CustomerSaid(message="c", parts=(photo,)))
        for _ in range(5):
            await applied(world)
            await clock.advance(5)
        await world.settled()
        assert source.had == [photo]
