"""The people of the group: who is there, who comes in and goes, who may do what."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from estafeta.fakes.telegram.people import Participant
from estafeta.kernel.model import Operator, OperatorSaid, Stage
from estafeta.kernel.ports import DeskView
from estafeta.roster import CONSOLE, PLATFORM
from flows.hours_file import Shift
from handoff.desks.telegram_forum.conflict import HELD_BACK
from handoff.desks.telegram_forum.hearing import NOTED
from tests.contracts.desk_contract import make_view
from tests.desks.telegram_forum.office import CARD, Office, stored


def as_operator(who: Participant, name: str) -> Operator:
    return Operator(id=str(who.id), name=name, desk="telegram_forum")


async def promoted(at: Office, who: Participant, name: str) -> None:
    await at.roster.enrol(await at.roster.invite(by=CONSOLE, role="supervisor"), as_operator(who, name))


async def told(at: Office, words: str) -> str:
    """What the General topic holds of ours, with these words."""
    found: Any = await at.fake.wait(
        lambda: next((m for m in at.fake.messages(at.group) if m.by_bot and words in m.text), None)
    )
    return str(found.text)


async def noted(at: Office, message: int) -> None:
    await at.fake.wait(lambda: any(m.id == message and NOTED in m.reactions for m in at.fake.messages(at.group)))


@pytest.mark.parametrize(
    ("command", "presence", "until"),
    [("/on", "on", False), ("/off завтра 9:00", "off", True), ("/away 30m", "away", True), ("/away", "away", False)],
)
async def test_presence_is_said_without_a_post(work: Office, command: str, presence: str, until: bool) -> None:
    await noted(work, work.anna.says(command)["message_id"])
    member = await work.roster.member("telegram_forum", str(work.anna.id))
    assert member is not None
    assert (member.name, member.presence, member.until is not None) == ("Анна", presence, until)
    assert work.fake.calls_of("sendMessage") == []


async def test_a_time_that_is_none_gets_an_example(work: Office, customer: DeskView) -> None:
    work.anna.says("/away куда-нибудь", topic=work.topic(customer))
    await work.told(work.topic(customer), "/away 30m")
    assert await work.roster.members() == ()


async def test_who_tells_who_is_there_and_what_they_have(work: Office) -> None:
    work.anna.says("/who")
    await told(work, "На смене никто не отмечен")
    anna, olga = as_operator(work.anna, "Анна"), Operator(id="5", name="Ольга", desk="telegram_forum")
    await work.roster.set_presence(anna, "on", by=anna)
    await work.roster.set_presence(olga, "away", work.stage.clock.now() + timedelta(hours=1), by=olga)
    await in_hand(work, work.anna)
    work.anna.says("/who")
    lines = (await told(work, "Кто на смене\n")).splitlines()
    assert lines[1].startswith("🟢 Анна: на смене · 1 из 5")
    assert lines[2].startswith("🕒 Ольга: отошёл(ла) до ")


async def test_me_tells_my_tickets_with_links_to_their_topics(work: Office) -> None:
    anna = as_operator(work.anna, "Анна")
    await work.roster.set_presence(anna, "on", by=anna)
    view = await in_hand(work, work.anna)
    work.anna.says("/me")
    words = await told(work, "В работе: 1 из 5")
    assert "Вера Лисицына" in words
    [mine] = [m for m in work.group.chat.messages.values() if "В работе" in m.get("text", "")]
    [link] = [entity["url"] for entity in mine["entities"] if entity["type"] == "text_link"]
    assert link == f"https://t.me/c/{str(work.group.id).removeprefix('-100')}/{work.topic(view)}"


async def test_me_and_who_tell_the_same_of_me(work: Office) -> None:
    """Whoever is not of the team is told so by both; what is put off is counted apart by both; and what was taken a
    moment ago counts, though the floor does not have it yet."""
    await in_hand(work, work.anna)
    await in_hand(work, work.anna, "Пётр", held_until=work.stage.clock.now() + timedelta(hours=1))
    for command in ("/me", "/who"):
        work.anna.says(command)
    assert "В работе: 1 (и отложено 1)" in await told(work, "Анна · оператор · не на смене, отметиться: /on")
    assert "⚪️ Анна: не на смене, отметиться: /on · 1 (и отложено 1)" in await told(work, "Кто на смене")
    anna = as_operator(work.anna, "Анна")
    await work.roster.set_presence(anna, "away", work.stage.clock.now() + timedelta(hours=1), by=anna)
    for command in ("/me", "/who"):
        work.anna.says(command)
    assert "В работе: 1 из 5 (и отложено 1)" in await told(work, "Анна · оператор · отошёл(ла) до ")
    assert " · 1 из 5 (и отложено 1) · все отделы" in await told(work, "🕒 Анна: отошёл(ла) до ")


async def test_a_shift_that_names_somebody_counts_for_both(work: Office) -> None:
    assert work.workspace is not None
    hours = work.workspace.hours
    off = work.stage.clock.now() + timedelta(days=2)
    shift = Shift(people=("Анна",), times={f"{off:%a}".lower(): ["09:00-18:00"]})
    work.workspace = replace(work.workspace, hours=hours.model_copy(update={"shifts": {"day": shift}}))
    await work.roster.enrol(await work.roster.invite(by=CONSOLE), as_operator(work.anna, "Анна"))
    for command in ("/me", "/who"):
        work.anna.says(command)
    await told(work, "Анна · оператор · не на смене\n")
    await told(work, "⚪️ Анна: не на смене · 0 из 5")


async def test_load_is_what_the_group_tells_of_itself(work: Office) -> None:
    work.anna.says("/load")
    await told(work, "Загрузка группы сейчас неизвестна")

    async def load(language: str) -> str:
        return f"{language}: 7 из 20"

    object.__setattr__(work.desk._room, "load", load)
    work.anna.says("/load")
    await told(work, "ru: 7 из 20")


async def test_supervisors_close_and_open(work: Office) -> None:
    work.anna.says("/closed until 14:00")
    await told(work, "Это может только супервайзер, а его пока нет")
    olga = work.group.operator("Ольга", status="member")
    await promoted(work, olga, "Ольга")
    work.anna.says("/closed until 14:00")
    await told(work, "Это может только супервайзер.")
    olga.says("/closed")
    await told(work, "/closed until 14:00 или")
    olga.says("/closed завтра 9:00 Доставка")
    await told(work, "Закрыто до ")
    [closure] = await work.roster.closures()
    assert (closure.skill, closure.by) == ("delivery", "Ольга")
    olga.says("/open доставка")
    await told(work, "Открыто: Доставка")
    assert await work.roster.closures() == ()
    olga.says("/open warehouse")
    await told(work, "Отдела «warehouse» нет. Есть: ")


async def test_an_invitation_goes_to_whoever_asks_alone(work: Office) -> None:
    olga = work.group.operator("Ольга", status="member")
    await promoted(work, olga, "Ольга")
    olga.says("/invite delivery")
    await told(work, "откройте @estafeta_stand_in_bot")
    chat = work.fake.private("Ольга")
    chat.starts()
    supervisor = Participant(work.group.scene, chat.user, work.group.first_id)
    supervisor.joins("member")
    await promoted(work, supervisor, "Ольга")
    await noted(work, supervisor.says("/invite delivery")["message_id"])
    link = await private(work, chat, "Приглашение (оператор)")
    assert "https://t.me/estafeta_stand_in_bot?start=op_" in link
    assert all("start=op_" not in m.text for m in work.fake.messages(work.group))


async def private(at: Office, chat: Participant, words: str) -> str:
    found: Any = await at.fake.wait(
        lambda: next((m["text"] for m in chat.chat.messages.values() if words in m.get("text", "")), None)
    )
    return str(found)


def started(who: Participant, token: str) -> dict[str, Any]:
    chat = {"id": who.id, "type": "private", "first_name": who.user["first_name"]}
    text = f"/start op_{token}"
    return {
        "update_id": 7,
        "message": {"message_id": 3, "date": 1_760_000_000, "chat": chat, "from": who.user, "text": text},
    }


async def test_a_link_enrols_once(work: Office) -> None:
    boris = work.fake.private("Борис")
    boris.starts()
    token = await work.roster.invite(by=CONSOLE, skills=("delivery",), desk="telegram_forum")
    raw = started(boris, token)
    for words in ("Вы записаны (оператор). Теперь вступите", "уже использовано"):
        signal, after = await work.desk.handle(raw)
        assert signal is None
        assert after is not None
        await after(None)
        await private(work, boris, words)
    member = await work.roster.member("telegram_forum", str(boris.id))
    assert member is not None
    assert (member.name, member.skills) == ("Борис", ("delivery",))


async def test_who_is_not_enrolled_may_only_join(work: Office, customer: DeskView) -> None:
    work.roster.open_to_members = False
    topic = work.topic(customer)
    work.anna.says("здравствуйте", topic=topic)
    await work.told(topic, "Вы не записаны в операторы")
    press = work.anna.presses("Взять")
    await work.fake.wait(lambda: press.answer)
    assert "не записаны" in (press.answer or {})["text"]
    work.anna.says("/join wrong-code", topic=topic)
    await work.told(topic, "Приглашение неизвестно")
    assert work.stage.inbox.attempts == []
    token = await work.roster.invite(by=CONSOLE)
    work.anna.says(f"/join {token}", topic=topic)
    await work.told(topic, "Анна: оператор. Добро пожаловать!")
    work.anna.says("здравствуйте", topic=topic)
    [signal] = await work.stage.inbox.have()
    assert isinstance(signal.event, OperatorSaid)


async def test_leaving_the_group_revokes_at_once_in_every_process(work: Office, customer: DeskView) -> None:
    topic = work.topic(customer)
    other = work.make_desk(work.stage.client)
    work.anna.says("я здесь", topic=topic)
    await work.stage.inbox.have()
    written = {"update_id": 9, "message": {**work.anna.says("ещё", topic=topic), "message_id": 999}}
    assert (await other.handle(written))[0] is not None
    gone = {"status": "left", "user": work.anna.user}
    change = {"chat": {"id": work.group.id}, "from": work.anna.user, "date": 1, "new_chat_member": gone}
    assert await work.desk.handle({"update_id": 8, "chat_member": change}) == (None, None)
    for desk in (work.desk, other):
        signal, after = await desk.handle({**written, "update_id": 10})
        assert signal is None
        assert after is not None
    line = (await work.roster.audited())[0]
    assert (line["what"], line["by"]["id"], line["data"]["why"]) == ("removed", PLATFORM.id, "left")


async def test_who_leaves_one_group_for_another_stays_on_the_roster(work: Office) -> None:
    other = work.fake.group("Операторы доставки")
    anna = Participant(work.group.scene, work.anna.user, other.first_id)
    work.desk._hearing._membership._siblings = (other.id,)
    gone = {"status": "left", "user": work.anna.user}
    change = {"chat": {"id": work.group.id}, "from": work.anna.user, "date": 1, "new_chat_member": gone}
    anna.joins("member")
    await work.desk.handle({"update_id": 8, "chat_member": change})
    assert await work.roster.audited() == []
    anna.leaves()
    await work.desk.handle({"update_id": 9, "chat_member": change})
    assert [line["what"] for line in await work.roster.audited()] == ["removed"]


async def in_hand(at: Office, who: Participant, customer: str = "Вера Лисицына", **ticket: Any) -> DeskView:
    """A conversation that somebody has, with its topic."""
    view = await at.show(CARD, make_view(customer, stage=Stage.HUMAN))
    held = view.conversation
    assert held.ticket is not None
    taken = replace(held.ticket, assignee=as_operator(who, "Анна"), **ticket)
    return await stored(at, replace(view, conversation=replace(held, ticket=taken)))


async def test_a_stranger_reads_why_once_and_then_sees_it_by_a_reaction(work: Office, customer: DeskView) -> None:
    work.roster.open_to_members = False
    topic = work.topic(customer)
    work.anna.says("здравствуйте", topic=topic)
    await work.told(topic, "Вы не записаны в операторы")
    again = work.anna.says("ау", topic=topic)["message_id"]
    await work.fake.wait(lambda: any(m.id == again and HELD_BACK in m.reactions for m in work.messages(topic)))
    assert [words for words in work.shown(topic) if "не записаны" in words] == [work.shown(topic)[-2]]
    assert work.stage.inbox.attempts == []
