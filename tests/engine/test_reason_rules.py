"""The reasons go by what the workspace says: another threshold, another word or text there, and it is otherwise here.
And a person who is asked for comes, whatever is going on, in one commit with all who are told of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ruamel.yaml import YAML

from estafeta.clock import TestClock
from estafeta.kernel.model import CustomerPressed, CustomerSaid, Reason, Stage, Text, TicketMoved, ToCustomer, ToDesk
from estafeta.kernel.ports import Change
from flows import loader
from tests.engine.able import ABLE
from tests.engine.conftest import SMALL
from tests.engine.words import Words
from tests.world import ANNA, RecordingChannel, World

SENTIMENT = "words: {en: {awful: 2, scam: 3}, ru: {безобрази*: 3}}\n"
ASK = """\
flow: wish
start: {command: wish}
steps:
  - {ask: wish, say: What do you wish?, expect: text}
  - say: "You wish: {{ slots.wish }}"
"""
Shop = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
def shop(tmp_path: Path, words: Words, clock: TestClock, shop_url: str) -> Shop:
    """The small workspace with these reasons."""

    @asynccontextmanager
    async def made(url: str = shop_url, attempts: int = 3, **reasons: Any) -> AsyncIterator[World]:
        folder = tmp_path / "workspace"
        shutil.copytree(SMALL, folder)
        yaml = YAML(typ="safe")
        bot: dict[str, Any] = yaml.load(folder / "bot.yml")
        known = {"user_request": {"intents": ["human_request"]}, **reasons}
        bot["fallback"]["attempts"] = attempts
        bot["handoff"] = {"remind_after": 60, "undo": 0, "reasons": known}
        yaml.dump(bot, folder / "bot.yml")
        (folder / "sentiment.yml").write_text(SENTIMENT, encoding="utf-8")
        (folder / "flows" / "wish.yml").write_text(ASK, encoding="utf-8")
        world = World(
            tmp_path / "rules.db", loader.load(folder), words, clock, channel=RecordingChannel(capabilities=ABLE),
            variables={"SHOP_URL": url},
        )  # fmt: skip
        async with world.running():
            yield world

    return made


async def called(world: World) -> Reason | None:
    conversation = await world.conversation()
    assert (conversation.ticket is None) == (conversation.stage is Stage.BOT)
    return conversation.ticket.reason if conversation.ticket else None


# --- another rule, another behaviour -------------------------------------------------------------

NOBODY = None
CASES: list[tuple[str, dict[str, Any], Reason | None]] = [
    ("get me the boss", {}, NOBODY),
    ("get me the boss", {"user_request": {"phrases": {"en": ["the boss"]}}}, Reason.USER_REQUEST),
    ("my lawyer will write", {}, NOBODY),
    ("my lawyer will write", {"sensitive_topic": {"words": {"en": ["my lawyer*"]}}}, Reason.SENSITIVE_TOPIC),
    ("my lawyer will write", {"sensitive_topic": {"on": False, "words": {"en": ["my lawyer*"]}}}, NOBODY),
    ("I want to pay", {"sensitive_topic": {"intents": ["payment"]}}, Reason.SENSITIVE_TOPIC),
    ("that is a scam", {}, Reason.NEGATIVE_SENTIMENT),
    ("that is a scam", {"negative_sentiment": {"score": 4}}, NOBODY),
    ("awful", {}, NOBODY),
    ("awful", {"negative_sentiment": {"score": 2}}, Reason.NEGATIVE_SENTIMENT),
    ("awful!!!", {"negative_sentiment": {"on": False}}, NOBODY),
    ("what on earth may this be", {}, NOBODY),
    ("what on earth may this be", {"low_confidence": {"below": 0.2, "words": 6}}, Reason.LOW_CONFIDENCE),
    ("what on earth may this be", {"low_confidence": {"below": 0.2, "words": 7}}, NOBODY),
    ("what on earth may this be", {"low_confidence": {"below": 0.05, "words": 6}}, NOBODY),
    ("blah", {}, NOBODY),
    ("blah", {"attempts": 1}, Reason.REPEATED_FALLBACK),
    ("blah", {"attempts": 1, "repeated_fallback": {"on": False}}, NOBODY),
    ("how do I pay", {"vip": {"on": True, "customers": ["recorder:test:masha"]}}, Reason.VIP),
    ("how do I pay", {"vip": {"on": False, "customers": ["recorder:test:masha"]}}, NOBODY),
    ("it is lost", {}, Reason.FLOW_RULE),
    ("order 100234", {"url": "http://127.0.0.1:9"}, Reason.ACTION_ERROR),
]


@pytest.mark.parametrize(("text", "rules", "reason"), CASES)
async def test_the_workspace_decides(shop: Shop, text: str, rules: dict[str, Any], reason: Reason | None) -> None:
    async with shop(**rules) as world:
        await world.says(text)
        assert await called(world) is reason


SAID = {
    Reason.USER_REQUEST: "a person please",
    Reason.SENSITIVE_TOPIC: "my lawyer will write",
    Reason.NEGATIVE_SENTIMENT: "scam",
    Reason.LOW_CONFIDENCE: "what on earth may this be",
    Reason.REPEATED_FALLBACK: "blah",
    Reason.VIP: "where is my order",
    Reason.FLOW_RULE: "it is lost",
    Reason.ACTION_ERROR: "order 100234",
    Reason.BOT_DOWN: "where is it",
}
NEEDS: dict[Reason, dict[str, Any]] = {
    Reason.SENSITIVE_TOPIC: {"words": {"en": ["my lawyer*"]}},
    Reason.LOW_CONFIDENCE: {"below": 0.2, "words": 6},
    Reason.VIP: {"on": True, "customers": ["recorder:test:masha"]},
    Reason.BOT_DOWN: {"tries": 2},
}


@pytest.mark.parametrize("reason", SAID)
async def test_each_rule_says_what_the_customer_hears_and_how_soon_it_is(
    shop: Shop, words: Words, reason: Reason
) -> None:
    rule = {**NEEDS.get(reason, {}), "say": "For {{ customer.language }}", "priority": 7, "skill": "delivery"}
    if reason is Reason.USER_REQUEST:
        rule["intents"] = ["human_request"]
    url = {"url": "http://127.0.0.1:9"} if reason is Reason.ACTION_ERROR else {}
    attempts = 1 if reason is Reason.REPEATED_FALLBACK else 3
    async with shop(**url, attempts=attempts, **{reason.value: rule}) as world:
        words.broken = reason is Reason.BOT_DOWN
        await world.says(SAID[reason])
        ticket = (await world.conversation()).ticket
        assert ticket is not None
        assert (ticket.reason, ticket.priority, ticket.skill) == (reason, 7, "delivery")
        assert world.channel.texts[-1] == "For en\n\nCalling people"
        if reason is Reason.BOT_DOWN:
            assert len(words.asked) == 2


async def test_a_takeover_is_by_its_rule_too(shop: Shop) -> None:
    async with shop(operator_takeover={"priority": 6, "skill": "delivery"}) as world:
        await world.says("how do I pay")
        await world.operator("Let me help")
        ticket = (await world.conversation()).ticket
        assert ticket is not None
        assert (ticket.reason, ticket.priority, ticket.skill) == (Reason.OPERATOR_TAKEOVER, 6, "delivery")


@pytest.mark.parametrize(("within", "reason"), [(86400, Reason.RECONTACT), (3600, None)])
async def test_how_soon_is_again(shop: Shop, clock: TestClock, within: int, reason: Reason | None) -> None:
    async with shop(recontact={"within": within}) as world:
        await world.says("how do I pay")
        await world.says("a person please")
        await world.operator("close")
        await clock.advance(2 * 3600)
        await world.says("how do I pay")
        assert await called(world) is reason


@pytest.mark.parametrize("reopens", [True, False])
async def test_a_bad_mark_by_its_rule(shop: Shop, clock: TestClock, *, reopens: bool) -> None:
    async with shop(csat_bad={"on": reopens, "priority": 8, "say": "Sorry"}) as world:
        await world.says("a person please")
        await world.operator("Here it is")
        await world.operator("close")
        await clock.advance(46)
        world.engine.wake((await world.conversation()).id)
        await world.engine.lanes.idle()
        await world.settled()
        await world.presses("Bad")
        labels = [button.text for button in world.channel.sent[-1].buttons]
        assert labels == (["Back to a person"] if reopens else [])
        if reopens:
            await world.presses("Back to a person")
            ticket = (await world.conversation()).ticket
            assert ticket is not None
            assert (ticket.reason, ticket.priority) == (Reason.CSAT_BAD, 8)
            assert world.channel.texts[-1] == "Sorry\n\nCalling people"


# --- one voice -----------------------------------------------------------------------------------


async def test_with_people_called_no_flow_asks_a_question(shop: Shop) -> None:
    async with shop(vip=NEEDS[Reason.VIP]) as world:
        await world.says("where is my order")
        assert await called(world) is Reason.VIP
        assert world.channel.texts == ["Calling people"]
        await world.says("100234")
        assert not any(text.startswith(("Which", "Six")) for text in world.channel.texts)
        await world.operator("take")
        await world.operator("return")
        assert world.channel.texts[-1] == "Which number?", "the bot asks when it has the conversation back"


async def test_nor_for_who_comes_again(shop: Shop) -> None:
    async with shop() as world:
        await world.says("order 100234")
        await world.says("a person please")
        await world.operator("close")
        before = len(world.channel.texts)
        await world.says("where is my order")
        assert await called(world) is Reason.RECONTACT
        assert world.channel.texts[before:] == ["Calling people"]


async def test_an_answer_that_asks_nothing_is_given(shop: Shop) -> None:
    async with shop(vip=NEEDS[Reason.VIP]) as world:
        await world.says("order 100234")
        assert [text.split()[0] for text in world.channel.texts] == ["Order", "Calling"]


# --- a person, please ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["A person, please", "Позовите человека", "/human", "humam please", "пазавите чиловека"]
)
async def test_as_the_very_first_message(shop: Shop, words: Words, text: str) -> None:
    words.broken = True
    async with shop() as world:
        await world.says(text)
        assert await called(world) is Reason.USER_REQUEST
        assert world.channel.texts == ["Calling people"]
        assert world.desk.kinds[0] == "card"


@pytest.mark.parametrize("text", ["a person please", "позовите человека", "/human", "button"])
async def test_where_a_flow_takes_whatever_is_said(shop: Shop, text: str) -> None:
    async with shop() as world:
        await world.says("/wish")
        if text == "button":
            await world.tell(CustomerPressed(button="human", label="A person please"))
            await world.settled()
        else:
            await world.says(text)
        assert await called(world) is Reason.USER_REQUEST
        assert world.channel.texts == ["What do you wish?", "Calling people"]


@pytest.mark.parametrize("text", ["a person please", "позовите человека", "/human", "button"])
async def test_while_a_slow_action_runs(shop: Shop, text: str) -> None:
    """The reply is heard first: it comes within seconds, and answers stay in order."""
    asked, goes_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        asked.set()
        await goes_on.wait()
        return web.json_response({"number": "100234", "status": "new"})

    app = web.Application()
    app.router.add_get("/orders/{number}", slow)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with shop(url=f"http://127.0.0.1:{port}") as world:
            await world.tell(CustomerSaid(message="1", parts=(Text(text="order 100234"),)))
            async with asyncio.timeout(10):
                await asked.wait()
            if text == "button":
                await world.tell(CustomerPressed(button="human", label="A person please"))
            else:
                await world.tell(CustomerSaid(message="2", parts=(Text(text=text),)))
            goes_on.set()
            await world.settled()
            assert await called(world) is Reason.USER_REQUEST
            assert world.channel.texts == ["Order 100234 is new", "Calling people"]
    finally:
        await runner.cleanup()


# --- in one commit -------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", [*SAID, Reason.OPERATOR_TAKEOVER])
async def test_what_opens_the_ticket_tells_the_customer_and_the_desk(
    shop: Shop, words: Words, monkeypatch: pytest.MonkeyPatch, reason: Reason
) -> None:
    url = {"url": "http://127.0.0.1:9"} if reason is Reason.ACTION_ERROR else {}
    rules = {one.value: rule for one, rule in NEEDS.items() if one is reason}
    async with shop(**url, attempts=1, **rules) as world:
        words.broken = reason is Reason.BOT_DOWN
        commits: list[Change] = []
        commit = world.store.commit

        async def seen(change: Change) -> None:
            commits.append(change)
            await commit(change)

        monkeypatch.setattr(world.store, "commit", seen)
        if reason is Reason.OPERATOR_TAKEOVER:
            await world.says("how do I pay")
            await world.operator(TicketMoved(operator=ANNA, move="take"))
        else:
            await world.says(SAID[reason])
        opening = next(change.conversation for change in commits if change.conversation.ticket)
        assert opening.ticket is not None
        assert opening.ticket.reason is reason
        bodies = [item.body for item in opening.outbox]
        assert any(isinstance(body, ToCustomer) for body in bodies)
        assert any(isinstance(body, ToDesk) and body.notice.kind == "card" for body in bodies)
