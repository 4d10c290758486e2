"""What the Telegram channel adds to the common promises: going on, giving up, polling's offsets and troubles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Address, Button, CustomerSaid, OutboundMessage, OutboxId, Signal, Text
from estafeta.kernel.ports import Accepted
from tests.telegram.stage import Stage, eventually, staged
from tests.telegram.updates import message as update


def message(stage: Stage, who: str, text: str, **more: Any) -> OutboundMessage:
    to = Address(channel="telegram", account="shop", chat=str(stage.fake.private(who).id))
    return OutboundMessage(id=OutboxId("m1"), to=to, parts=(Text(text=text),), **more)


LONG = "\n\n".join(letter * 3000 for letter in "абв")


async def test_a_long_answer_goes_on_where_it_stopped() -> None:
    async with staged() as stage:
        channel, sent = stage.make_channel(), message(stage, "Анна", LONG)
        original, calls = stage.client.call, 0

        async def third_fails(*given: Any, **more: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == 3:
                stage.fake.fail("sendMessage", "answer", status=500)
            return await original(*given, **more)

        stage.client.call = third_fails  # type: ignore[method-assign]
        with pytest.raises(SendFailed):
            await channel.send(sent)
        external = await channel.send(sent)
        shown = stage.fake.messages(int(sent.to.chat))
        assert [m.text for m in shown] == ["а" * 3000, "б" * 3000, "в" * 3000]
        assert external.split() == [f"{sent.to.chat}:{one.id}" for one in shown]


async def test_what_may_have_arrived_is_not_sent_again() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        stage.fake.fail("sendMessage", "drop_after")
        with pytest.raises(SendFailed) as failed:
            await channel.send(message(stage, "Анна", "привет"))
        assert failed.value.maybe_sent
        assert failed.value.retry_after is None
        assert stage.fake.shown(stage.fake.private("Анна")) == ["привет"]


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_a_message_without_a_word_is_refused(text: str) -> None:
    async with staged() as stage:
        with pytest.raises(SendFailed, match="empty"):
            await stage.make_channel().send(message(stage, "Анна", text))


async def test_a_customer_who_never_wrote_cannot_be_written_to() -> None:
    async with staged() as stage:
        stage.fake.private("Новый", started=False)
        with pytest.raises(SendFailed) as failed:
            await stage.make_channel().send(message(stage, "Новый", "привет"))
        assert (failed.value.code, failed.value.retry_after) == ("not_allowed", None)


async def test_the_longest_buttons_id_passes() -> None:
    async with staged() as stage:
        buttons = (Button(id="x" * 64, text="Длинная подпись " * 10),)
        await stage.make_channel().send(message(stage, "Анна", "выбор", buttons=buttons))
        [shown] = stage.fake.messages(stage.fake.private("Анна"))
        assert len(shown.buttons[0]) == 64


async def test_typing_is_told_once_in_a_while() -> None:
    async with staged() as stage:
        channel = stage.make_channel()
        to = message(stage, "Анна", "x").to
        for _ in range(5):
            await channel.typing(to)
        assert len(stage.fake.calls_of("sendChatAction")) == 1


async def test_a_pressed_button_stops_spinning() -> None:
    async with staged() as stage, stage.listening() as channel:
        anna = stage.fake.private("Анна")
        await channel.send(message(stage, "Анна", "выбор", buttons=(Button(id="b", text="Да"),)))
        press = anna.presses("Да")
        await stage.fake.wait(lambda: press.answer is not None)


async def test_blocking_is_told() -> None:
    async with staged() as stage, stage.listening():
        anna = stage.fake.private("Анна")
        anna.blocks()
        anna.unblocks()
        signals = await stage.inbox.have(2)
        assert [getattr(signal.event, "reachable", None) for signal in signals] == [False, True]


async def test_polling_confirms_only_what_is_stored() -> None:
    async with staged() as stage:
        stage.inbox.gate.clear()
        async with stage.listening():
            anna = stage.fake.private("Анна")
            anna.says("раз")
            await stage.inbox.until(lambda: bool(stage.inbox.attempts))
            anna.says("два")
            assert len(stage.fake.updates.pending) == 2
        stage.inbox.gate.set()
        async with stage.listening():  # the first process died while storing
            signals = await stage.inbox.have(2)
            assert [s.event.parts for s in signals if isinstance(s.event, CustomerSaid)] == [
                (Text(text="раз"),),
                (Text(text="два"),),
            ]


@pytest.mark.parametrize("kind", ["drop_after", "broken_json", "answer"])
async def test_polling_outlives_trouble(kind: Any) -> None:
    async with staged() as stage:
        stage.fake.fail("getUpdates", kind, times=3)
        stage.fake.fail("deleteWebhook", kind, times=2)
        async with stage.listening():
            stage.fake.private("Анна").says("раз")
            await stage.inbox.have(1)


async def test_another_receiver_is_waited_out() -> None:
    async with staged() as stage:
        stage.fake.fail("getUpdates", "answer", status=409, description="Conflict: terminated by other getUpdates")
        async with stage.listening():
            stage.fake.private("Анна").says("раз")
            await stage.inbox.have(1)


async def test_one_poisonous_update_does_not_stop_those_around_it() -> None:
    async with staged() as stage:

        async def picky(signals: Sequence[Signal]) -> list[Accepted]:
            if any(isinstance(s.event, CustomerSaid) and s.event.parts == (Text(text="яд"),) for s in signals):
                raise ValueError("poison")
            return await stage.inbox(signals)

        anna = stage.fake.private("Анна")
        for text in ("раз", "яд", "два"):
            anna.says(text)
        async with stage.listening(picky):
            signals = await stage.inbox.have(2)
            await stage.inbox.until(lambda: bool(stage.aside.kept))
            assert len(signals) == 2
            assert [reason for _, reason in stage.aside.kept] == ["could not be stored: ValueError"]


async def test_a_route_reads_the_updates_of_its_chat() -> None:
    async with staged() as stage:
        heard: list[Any] = []
        after: list[Accepted | None] = []

        async def route(raw: Any) -> tuple[None, Any]:
            async def then(accepted: Accepted | None) -> None:
                after.append(accepted)
                if len(after) == 1:
                    raise RuntimeError("what comes after may break")

            heard.append(raw)
            return None, then

        group = stage.fake.group()
        stage.routes = {group.id: route}
        async with stage.listening():
            owner = group.operator("Оля")
            owner.says("первое")
            owner.says("второе")
            await eventually(lambda: len(after) >= 2)
        assert [raw["message"]["text"] for raw in heard if "text" in raw["message"]] == ["первое", "второе"]
        assert stage.inbox.attempts == []


async def test_a_route_that_breaks_sets_the_update_aside() -> None:
    async with staged() as stage:

        async def route(raw: Any) -> tuple[None, None]:
            raise KeyError("broken")

        stage.routes = {23: route}
        await stage.make_channel()._receiver.take([update(text="x")], stage.inbox)
        assert stage.aside.kept == [(update(text="x"), "could not be read: KeyError")]


async def test_a_store_that_is_away_is_passed_on() -> None:
    async with staged() as stage:
        stage.inbox.away = 1
        with pytest.raises(StoreUnavailable):
            await stage.make_channel()._receiver.take([update(text="x")], stage.inbox)
        assert stage.aside.kept == []
