"""A messenger that tells by our own id what became of a send: nothing is doubled, nothing taken for sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from estafeta.clock import TestClock
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import (
    CustomerSaid,
    OperatorReacted,
    OperatorSaid,
    OutboundMessage,
    Signal,
    SignalId,
    StatusChanged,
    Text,
    UndeliveredMoved,
)
from tests.engine.able import ABLE, Opened, applied, no_answer, passes
from tests.engine.team import C, GatedChannel, One, Team, begun
from tests.world import ANNA, HOME


async def test_a_status_that_another_worker_applied_settles_the_send_too(team: Team, anna: One, boris: One) -> None:
    """Webhooks wake any worker: the one that waits must see what another one committed."""
    anna.channel.capabilities = replace(anna.channel.capabilities, reconciles=True)
    anna.channel.failures.append(no_answer())
    real = anna.channel.send

    async def send(message: OutboundMessage) -> str:
        if anna.channel.failures:
            team.seen.append("arrived, and the answer was lost")
            raise anna.channel.failures.pop(0)
        return await real(message)

    anna.channel.send = send  # type: ignore[method-assign]
    await team.says("pay")
    await anna.work()
    await team.clock.asleep()
    (item,) = (await team.conversation()).outbox
    status = StatusChanged(message="wamid.1", status="delivered", item=item.id)
    await team.store.accept([Signal(id=SignalId("st"), at=team.clock.now(), event=status, conversation=C)])
    await boris.work()
    assert (await team.conversation()).outbox == ()
    await team.passes(30, anna, boris)
    await anna.quiet()
    assert team.seen == ["arrived, and the answer was lost"]


async def test_what_a_dead_worker_may_have_sent_waits_for_its_status(team: Team, anna: One, boris: One) -> None:
    """It died between the request and its record: the status tells, so it need not be sent twice."""
    for one in (anna, boris):
        one.channel.capabilities = replace(one.channel.capabilities, reconciles=True)
    await begun(team, anna)
    (item,) = (await team.conversation()).outbox
    await anna.kill()
    for _ in range(2):
        await team.passes(3.0, boris)
        await boris.work()
    status = StatusChanged(message="wamid.1", status="delivered", item=item.id)
    await team.store.accept([Signal(id=SignalId("st"), at=team.clock.now(), event=status, conversation=C)])
    await boris.work()
    await team.passes(30, boris)
    await boris.quiet()
    assert team.seen == []


async def test_a_failed_status_of_merged_words_fails_all_of_them(opened: Opened, clock: TestClock) -> None:
    """ "First" and "Then" went as one message; WhatsApp tells that it failed, so neither was delivered."""
    async with opened(replace(ABLE, reconciles=True, merges=True)) as world:
        world.channel.failures.append(no_answer())
        await world.tell(CustomerSaid(message="m", parts=(Text(text="/talk"),)))
        await clock.asleep()
        first = (await world.conversation()).outbox[0].id
        failed = StatusChanged(message="wamid.1", status="failed", item=first, code="undeliverable", sentence="No")
        await world.tell(failed, conversation=HOME.conversation)
        await applied(world)
        await clock.advance(30)
        conversation = await world.settled()
        kept = [item.body.message.parts[0].text for item in conversation.undelivered]  # type: ignore[union-attr]
        assert world.channel.sent == []
        assert kept == ["First", "Then"]


async def test_all_merged_words_know_their_message_when_a_status_settles_them(opened: Opened, clock: TestClock) -> None:
    async with opened(replace(ABLE, reconciles=True, merges=True)) as world:
        world.channel.failures.append(no_answer())
        await world.tell(CustomerSaid(message="m", parts=(Text(text="/talk"),)))
        await clock.asleep()
        first = (await world.conversation()).outbox[0].id
        await world.tell(StatusChanged(message="w1", status="delivered", item=first), conversation=HOME.conversation)
        await applied(world)
        await clock.advance(30)
        conversation = await world.settled()
        assert [link.here for link in conversation.links if link.by == "bot"] == ["w1", "w1"]


async def test_a_late_status_settles_what_was_given_up(opened: Opened, clock: TestClock) -> None:
    """Two requests without an answer: given up. Then the messenger tells that it was delivered."""
    async with opened(replace(ABLE, reconciles=True)) as world:
        world.channel.failures += [no_answer(), no_answer()]
        await world.tell(CustomerSaid(message="m", parts=(Text(text="pay"),)))
        (item,) = (await passes(world, clock)).undelivered
        status = StatusChanged(message="wamid.1", status="delivered", item=item.id)
        await world.tell(status, conversation=HOME.conversation)
        conversation = await world.settled()
        assert conversation.undelivered == ()
        assert [link.status for link in conversation.links if link.by == "bot"] == ["delivered"]


async def test_a_status_that_comes_before_a_second_try_begins_prevents_it(opened: Opened, clock: TestClock) -> None:
    """An item settled while it waits behind another in its lane is not sent any more."""
    channel = GatedChannel([])
    async with opened(replace(ABLE, reconciles=True), channel) as world:
        channel.failures += [no_answer(), no_answer()]
        real = channel.send

        async def send(message: OutboundMessage) -> str:
            if channel.failures:
                raise channel.failures.pop(0)
            return await real(message)

        channel.send = send  # type: ignore[method-assign]
        await world.tell(CustomerSaid(message="m", parts=(Text(text="pay"),)))
        (item,) = (await passes(world, clock)).undelivered
        channel.gate.clear()
        said = OperatorSaid(operator=ANNA, parts=(Text(text="Hello"),), message="t")
        await world.tell(said, conversation=HOME.conversation)
        async with asyncio.timeout(5):
            await channel.begun.acquire()
        await world.tell(UndeliveredMoved(item=item.id, move="resend"), conversation=HOME.conversation)
        await applied(world)
        await world.tell(
            StatusChanged(message="wamid.1", status="delivered", item=item.id), conversation=HOME.conversation
        )
        await applied(world)
        channel.gate.set()
        await world.settled()
        await world.outbox.lanes.idle()
        assert "By card or cash" not in channel.seen


async def test_a_message_that_failed_after_it_was_sent_can_be_sent_again(opened: Opened) -> None:
    """WhatsApp tells nearly all of its failures so: 131026, 131047, 131049, 131053."""
    async with opened(replace(ABLE, reconciles=True)) as world:
        await world.says("pay")
        message = f"ext-{world.channel.sent[0].id}"
        failed = StatusChanged(message=message, status="failed", code="undeliverable", sentence="No")
        await world.tell(failed)
        assert len((await world.settled()).undelivered) == 1


async def test_a_reactions_status_is_no_delivery_of_an_entry(opened: Opened) -> None:
    channel = GatedChannel([])
    async with opened(ABLE, channel) as world:
        await world.says("a person please")
        await world.operator("Hello")
        customer = next(entry for entry in await world.entries() if entry.author.kind == "customer")
        channel.gate.clear()
        react = OperatorReacted(operator=ANNA, message=customer.id, emoji="👍")
        await world.tell(react, conversation=HOME.conversation)
        while not (await world.conversation()).outbox:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        (item,) = [one for one in (await world.conversation()).outbox if one.destination == "customer"]
        status = StatusChanged(message="wamid.r", status="sent", item=item.id)
        await world.tell(status, conversation=HOME.conversation)
        await applied(world)
        channel.gate.set()
        await world.settled()
        entries = await world.entries()
        known = {entry.id for entry in entries}
        assert all(entry.data["of"] in known for entry in entries if entry.kind == "delivery")


async def test_a_message_sent_again_is_reconciled_too(opened: Opened, clock: TestClock) -> None:
    """What the messenger hands back is the message's id, as `Channel.send` was given it."""
    async with opened(replace(ABLE, reconciles=True)) as world:
        world.channel.failures += [SendFailed("refused", "No", fault="content"), no_answer()]
        await world.says("pay")
        (item,) = (await world.conversation()).undelivered
        await world.tell(UndeliveredMoved(item=item.id, move="resend"), conversation=HOME.conversation)
        await clock.asleep()
        (again,) = (await world.conversation()).outbox
        status = StatusChanged(message="wamid.1", status="delivered", item=again.body.message.id)  # type: ignore[union-attr]
        await world.tell(status, conversation=HOME.conversation)
        await applied(world)
        await clock.advance(60)
        await world.settled()
        assert world.channel.sent == []
