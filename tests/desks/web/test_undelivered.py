"""Messages that did not arrive, over a real server: what is told of them, and what becomes of each."""

from __future__ import annotations

from urllib.parse import quote
from uuid import uuid4

import pytest

from estafeta.kernel.model import Media, Stage, UndeliveredMoved
from tests.desks.web.office import Office
from tests.desks.web.test_rest import get, post


async def test_it_is_told_what_to_whom_and_why(office: Office) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    said = await office.say(who, "bot", (Media(kind="photo", ref="x", name="план.png"),))
    await office.became(said, "failed", "Клиент заблокировал бота.")
    async with office.client() as client:
        (item,) = (await get(client, "api/v1/undelivered"))["undelivered"]
        opened = await get(client, f"api/v1/conversations/{who}")
    assert (item["conversation"], item["name"], item["channel"]) == (who, "Вера", "telegram")
    assert (item["what"], item["why"], item["author"]) == ("[photo план.png]", "Клиент заблокировал бота.", "bot")
    assert (item["does"], item["seq"]) == ("say", said.seq)
    assert opened["undelivered"] == [{"item": item["item"], "seq": said.seq}]
    assert opened["row"]["undelivered"] == 1


@pytest.mark.parametrize("move", ["resend", "drop"])
async def test_somebody_decides_and_the_conversation_hears_who(office: Office, move: str) -> None:
    who = await office.customer("Вера", stage=Stage.QUEUED)
    said = await office.say(who, "bot", "Ау", entry_id="telegram:main:1/2.1")
    await office.became(said, "failed", "Нет.")
    path = f"api/v1/undelivered/{quote(said.id, safe='')}"
    async with office.client("Анна") as client:
        body = {"id": str(uuid4()), "conversation": who, "move": move}
        assert (await post(client, path, body))[0] == 202
        (signal,) = office.store.signals.values()
        assert signal.event == UndeliveredMoved(item=said.id, move=move, name="Анна")  # type: ignore[arg-type]
        assert signal.conversation == who
        assert (await get(client, "api/v1/undelivered"))["undelivered"] == []
        status, told = await post(client, path, {**body, "id": str(uuid4())})
        assert (status, told["error"]["code"]) == (404, "unknown_undelivered")
        assert (await post(client, path, {**body, "move": "burn"}))[0] == 400
        assert (await post(client, path, {**body, "conversation": "c0"}))[0] == 404
        assert (await post(client, path, {**body, "conversation": '{"$ne":1}'}))[0] == 400
    assert len(office.store.signals) == 1


async def test_without_a_known_reason_it_is_told_all_the_same(office: Office) -> None:
    who = await office.customer("Вера")
    said = await office.say(who, "bot", "давно")
    await office.became(said, "failed", "Нет.")
    for number in range(210):
        await office.say(who, "customer", f"{number}")
    async with office.client() as client:
        (item,) = (await get(client, "api/v1/undelivered"))["undelivered"]
    assert (item["what"], item["why"], item["at"]) == ("давно", "", None)
