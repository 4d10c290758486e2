"""What one could answer: the bot's words, and what people answered to the like before, with nobody's own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from estafeta.clock import TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import (
    Address,
    Author,
    Conversation,
    ConversationId,
    Customer,
    Entry,
    EntryId,
    Intent,
    Text,
    Understanding,
)
from estafeta.kernel.ports import Change
from estafeta.suggestions import BY_PEOPLE, KEPT_SECONDS, Suggestion, Suggestions
from flows.model import Workspace
from storage.sqlite import SqliteStore
from tests.engine.words import Words

QUESTION = "Как поменять адрес доставки в заказе?"
ANSWER = "Адрес поменяю прямо сейчас, напишите новый."


class Counting(SqliteStore):
    """`read` is how many timelines were read, `looks` how often for events. From the `stuck_at`-th read on, reading
    waits for ever."""

    read = 0
    looks = 0
    stuck_at = 10_000
    away = False

    async def entries(self, conversation: ConversationId, **more: Any) -> list[Entry]:
        if self.away:
            raise StoreUnavailable("The disk is full.")
        self.read += 1
        if self.read >= self.stuck_at:
            await asyncio.Event().wait()
        return await super().entries(conversation, **more)

    async def events(self, *names: Any, **more: Any) -> list[Entry]:
        self.looks += 1
        return await super().events(*names, **more)


class Case:
    """A store of conversations, and what is suggested to whoever answers in one."""

    def __init__(self, store: Counting, clock: TestClock, workspace: Workspace, words: Words) -> None:
        self.store = store
        self.clock = clock
        self.words = words
        self.workspace = workspace
        self.suggestions = Suggestions(store=store, clock=clock, workspace=lambda: self.workspace, understander=words)
        self.customers = 0

    async def past(
        self, *said: tuple[str, str], name: str = "Гость Первый", gone: str = "", language: str = "ru"
    ) -> Conversation:
        """A conversation of two days ago: who ("customer", "operator", "bot") said what. `gone`: what became of its
        last message."""
        self.customers += 1
        home = Address(channel="widget", account="demo", chat=f"{self.customers}")
        began = self.clock.now() - timedelta(days=2) + timedelta(minutes=self.customers)
        entries: list[Entry] = []

        def add(kind: Any, author: Author, words: str = "", **data: str) -> None:
            number = len(entries) + 1
            entry = Entry(
                id=EntryId(f"{home.conversation}.{number}"), conversation=home.conversation, seq=number,
                at=began + timedelta(seconds=number), author=author, kind=kind,
                parts=(Text(text=words),) if words else (), data=data,
            )  # fmt: skip
            entries.append(entry)

        names = {"customer": name, "operator": "Ольга"}
        for who, words in said:
            add("said", Author(kind=who, name=names.get(who, "")), words)  # type: ignore[arg-type]
        if gone:
            kind = "event" if gone == "undone" else gone
            add(kind, Author(kind="operator", name="Ольга"), of=str(entries[-1].id), event=gone)
        if any(who == "operator" for who, _ in said):
            add("event", Author(kind="system"), event="answered", ticket="t", operator="5")
        customer = Customer(addresses=(home,), name=name, language=language)
        held = Conversation(id=home.conversation, address=home, customer=customer, version=1, seq=len(entries))
        await self.store.commit(Change(conversation=held, expected_version=0, applied=(), entries=tuple(entries)))
        return held

    async def of(self, *said: str, language: str = "ru", name: str = "Вера") -> list[Suggestion]:
        """For a customer who said that just now; the reader's language."""
        held = await self.past(*(("customer", words) for words in said), name=name)
        return await self.suggestions.of(held, "Анна", language)

    async def before(self, *said: str, **more: Any) -> list[str]:
        return [one.text for one in await self.of(*said, **more) if one.source == "past"]


@pytest.fixture
async def case(tmp_path: Path, demo_workspace: Workspace, clock: TestClock) -> AsyncIterator[Case]:
    store = Counting(tmp_path / "a.db", clock=clock)
    await store.open()
    yield Case(store, clock, demo_workspace, Words())
    await store.close()


# --- what the bot would say ----------------------------------------------------------------------


async def test_the_bots_words_have_the_title_of_their_flow_in_the_readers_language(case: Case) -> None:
    for language, title in (("ru", "Где мой заказ"), ("en", "Where my order is")):
        [found] = await case.of("where is my order", language=language)
        assert (found.source, found.title) == ("bot", title)
        assert "номер заказа" in found.text.casefold(), "the customer's language is the one to answer in"


async def test_a_flow_goes_by_its_title_and_one_without_by_its_intent(case: Case) -> None:
    flows = case.workspace.library.flows
    untitled = {**flows, "contacts": replace(flows["contacts"], title=None)}
    case.workspace = replace(case.workspace, library=replace(case.workspace.library, flows=untitled))
    likely = (Intent(name="contacts", confidence=0.6), Intent(name="address_change", confidence=0.2))
    held = await case.past(("customer", "ау"))
    held = replace(held, understandings=(Understanding(intent="contacts", confidence=0.6, ranking=likely),))
    case.words.broken = True
    found = await case.suggestions.of(held, "Анна", "ru")
    assert [one.title for one in found] == ["contacts", "Сменить адрес"]


async def test_all_that_was_not_answered_yet_is_understood_now(case: Case) -> None:
    held = await case.past(("customer", "раз"), ("operator", "Слушаю"), ("customer", "два"), ("customer", "три"))
    await case.suggestions.of(held, "Анна", "ru")
    assert case.words.asked == ["два\nтри"]


async def test_what_is_hardly_meant_or_never_understood_is_not_suggested(case: Case) -> None:
    case.words.broken = True
    held = await case.past(("customer", "ау"))
    assert await case.suggestions.of(held, "Анна", "ru") == []
    meant = Understanding(intent="contacts", confidence=0.01)
    assert await case.suggestions.of(replace(held, understandings=(meant,)), "Анна", "ru") == []


# --- what people answered before -----------------------------------------------------------------


async def test_the_like_was_answered_before(case: Case) -> None:
    other = await case.past(("customer", QUESTION), ("operator", ANSWER))
    [found] = await case.of("Здравствуйте! Как мне поменять адрес доставки?")
    began = case.clock.now() - timedelta(days=2)
    assert (found.source, found.text, found.title) == ("past", ANSWER, "")
    assert found.at == began + timedelta(minutes=1, seconds=2)
    assert await case.before("Где мой заказ, когда привезут") == []
    assert other.version == 1


async def test_the_very_same_conversation_is_no_example(case: Case) -> None:
    held = await case.past(("customer", QUESTION), ("operator", ANSWER), ("customer", QUESTION))
    assert await case.suggestions.of(held, "Анна", "ru") == []
    assert await case.before(QUESTION) == [ANSWER]


@pytest.mark.parametrize(
    "greeting",
    [
        "Здравствуйте!", "Добрый день, чем могу помочь?", "Здравствуйте! Меня зовут Ольга, слушаю Вас.",
        "Hello, how can I help you?", "🙂🙂🙂🙂🙂🙂🙂🙂🙂🙂",
    ],
)  # fmt: skip
async def test_a_greeting_is_no_answer_and_the_question_stays(case: Case, greeting: str) -> None:
    await case.past(("customer", QUESTION), ("operator", greeting))
    await case.past(("customer", QUESTION), ("operator", greeting), ("operator", ANSWER))
    assert await case.before(QUESTION) == [ANSWER]


async def test_who_only_greets_gets_nothing(case: Case) -> None:
    await case.past(("customer", "Добрый день!"), ("operator", "Смотрю Вашу переписку, минуту."))
    assert await case.before("Добрый день") == []


@pytest.mark.parametrize(
    "answer",
    [
        "Ваш номер заказа 123456, адрес поменяли.", "Напишите на vera@example.org, поменяем.",
        "Вот ссылка: https://shop.example/a", "Позвоните на +7 900, поменяем.", "Гость, адрес поменяли.", "Да",
        "ы" * 2000,
    ],
)  # fmt: skip
async def test_nothing_of_one_customers_own_is_shown_to_others(case: Case, answer: str) -> None:
    await case.past(("customer", QUESTION), ("operator", answer))
    assert await case.before(QUESTION) == []


@pytest.mark.parametrize("gone", ["deletion", "edit", "undone"])
async def test_what_was_taken_back_is_gone(case: Case, gone: str) -> None:
    await case.past(("customer", QUESTION), ("operator", ANSWER), gone=gone)
    assert await case.before(QUESTION) == []


async def test_what_holds_the_customers_own_name_is_another_ones(case: Case) -> None:
    await case.past(("customer", QUESTION), ("operator", "Вера из доставки поменяет адрес сейчас."))
    assert await case.before(QUESTION, name="Вера Лисицына") == []
    assert len(await case.before(QUESTION, name="Пётр")) == 1


async def test_the_bots_answers_are_not_peoples(case: Case) -> None:
    await case.past(("customer", QUESTION), ("bot", "Передаю в доставку, адрес поменяют."), ("operator", ANSWER))
    assert await case.before(QUESTION) == [ANSWER]


async def test_the_most_alike_come_first_few_and_each_once(case: Case) -> None:
    for number in range(4):
        await case.past(("customer", QUESTION), ("operator", ANSWER))
        await case.past(("customer", f"{QUESTION} {'очень срочно ' * number}"), ("operator", f"Ответ номер {number}."))
    found = await case.before(QUESTION)
    assert len(found) == BY_PEOPLE
    assert {ANSWER, "Ответ номер 0."} == set(found[:2])


async def test_the_bots_and_peoples_take_turns(case: Case) -> None:
    await case.past(("customer", "where is my order number"), ("operator", "It comes tomorrow, sorry."))
    found = await case.of("where is my order")
    assert [one.source for one in found] == ["bot", "past"]


async def test_what_was_looked_through_is_kept_for_a_while(case: Case) -> None:
    await case.past(("customer", QUESTION), ("operator", ANSWER))
    assert len(await case.before(QUESTION)) == 1
    await case.past(("customer", QUESTION), ("operator", "Ещё один ответ про адрес."))
    assert len(await case.before(QUESTION)) == 1
    assert case.store.looks == 1
    await case.clock.advance(KEPT_SECONDS)
    assert len(await case.before(QUESTION)) == 2


async def test_whoever_loses_patience_leaves_the_rest_to_the_next(case: Case) -> None:
    for _ in range(3):
        await case.past(("customer", QUESTION), ("operator", ANSWER))
    held = await case.past(("customer", QUESTION))
    case.store.stuck_at = 3  # its own timeline, and one of the three others
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await case.suggestions.of(held, "Анна", "ru")
    assert case.store.read == 3
    case.store.stuck_at = 10_000
    asking = [case.suggestions.of(held, "Анна", "ru") for _ in range(2)]
    assert [[one.text for one in found] for found in await asyncio.gather(*asking)] == [[ANSWER], [ANSWER]]
    assert (case.store.looks, case.store.read) == (1, 7), "two own timelines, and the two that were left"


async def test_a_store_that_is_away_is_told_and_asked_again(case: Case) -> None:
    await case.past(("customer", QUESTION), ("operator", ANSWER))
    held = await case.past(("customer", QUESTION))
    case.store.away = True
    with pytest.raises(StoreUnavailable):
        await case.suggestions.of(held, "Анна", "ru")
    case.store.away = False
    assert [one.text for one in await case.suggestions.of(held, "Анна", "ru")] == [ANSWER]
