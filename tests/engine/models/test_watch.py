"""What a worker understands by: other models come into service between two texts, and nothing is lost or fails."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from estafeta.clock import SystemClock, TestClock
from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Conversation, ConversationId
from estafeta.kernel.ports import Clock, Store
from estafeta.model_watch import ModelWatch
from estafeta.models import Models
from estafeta.trial import RULE, TrialWatch
from flows.publish_file import PublishRules
from tests.contracts.store_examples import NOW
from tests.engine.models.world import WHO, Named, load, model
from tests.engine.releases.world import Opened, event, stored
from tests.world import HOME

PEOPLE = [ConversationId(f"c{number}") for number in range(300)]


def watching(store: Store, clock: Clock | None = None) -> ModelWatch:
    return ModelWatch(store=store, clock=clock or SystemClock(), own=("own", Named("own")), load=load)


async def said(watch: ModelWatch, who: ConversationId, text: str = "hello") -> str:
    return (await watch.of(who)[1].understand(text, deadline=5)).model


async def test_the_folders_model_serves_until_one_is_published(models: Models, opened: Opened, tmp_path: Path) -> None:
    workers = [watching(await opened()) for _ in range(2)]
    for worker in workers:
        await worker.renew()
        assert await said(worker, PEOPLE[0]) == "own"
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    for worker in workers:
        await worker.renew()
        assert await said(worker, PEOPLE[0]) == "one"
        assert (await worker.understand("hello", deadline=5)).model == "one"
    await models.roll_back(who=WHO)
    for worker in workers:
        await worker.renew()
        assert await said(worker, PEOPLE[0]) == "own"


async def test_a_text_that_is_being_understood_is_finished_by_the_model_it_began_with(
    models: Models, store: Store, tmp_path: Path
) -> None:
    watch = watching(store)
    own = watch.serving.understander
    assert isinstance(own, Named)
    own.held["slow"] = asyncio.Event()
    slow = asyncio.create_task(said(watch, PEOPLE[0], "slow"))
    await asyncio.sleep(0)
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await watch.renew()
    assert await said(watch, PEOPLE[0]) == "one"
    own.held["slow"].set()
    assert await slow == "own"


async def test_many_swaps_under_load_lose_no_message(models: Models, store: Store, tmp_path: Path) -> None:
    watch = watching(store)
    heard: list[str] = []
    over = asyncio.Event()

    async def customers() -> None:
        while not over.is_set():
            heard.append(await said(watch, PEOPLE[len(heard) % len(PEOPLE)]))
            await asyncio.sleep(0)

    load = asyncio.create_task(customers())
    for name in ("one", "two", "three"):
        await models.publish(name, model(tmp_path, name), who=WHO)
        await watch.renew()
        assert await said(watch, PEOPLE[0]) == name
    over.set()
    await load
    assert {"own", "one", "two"} <= set(heard) <= {"own", "one", "two", "three"}
    assert watch.tally.swaps == 3


async def test_a_share_is_of_conversations_and_the_same_ones_everywhere(
    models: Models, opened: Opened, tmp_path: Path
) -> None:
    workers = [watching(await opened()) for _ in range(2)]
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await models.publish("two", model(tmp_path, "two"), who=WHO, share=30)
    for worker in workers:
        await worker.renew()
    first, second = [[worker.serving.of(who)[0] for who in PEOPLE] for worker in workers]
    assert first == second
    assert 60 <= first.count("two") <= 120
    tried = {who for who, name in zip(PEOPLE, first, strict=True) if name == "two"}
    await models.publish("two", model(tmp_path, "two"), who=WHO, share=60)
    await workers[0].renew()
    assert tried < {who for who in PEOPLE if workers[0].serving.of(who)[0] == "two"}
    await models.promote(who=WHO)
    await workers[0].renew()
    assert {workers[0].serving.of(who)[0] for who in PEOPLE} == {"two"}


async def test_a_model_that_cannot_be_served_leaves_what_serves(models: Models, store: Store, tmp_path: Path) -> None:
    clock = TestClock(NOW)
    watch = watching(store, clock)
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await watch.renew()
    await models.publish("broken", model(tmp_path, "broken"), who=WHO)
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [line["event"] for line in logs] == ["model_refused"]
    assert await said(watch, PEOPLE[0]) == "one"
    assert watch.tally.refused == 1
    await models.roll_back(who=WHO)
    await models.publish("broken2", model(tmp_path, "broken2"), who=WHO, share=50)
    await watch.look()
    assert {await said(watch, who) for who in PEOPLE} == {"one"}


async def test_a_tried_model_that_breaks_its_reader_does_not_keep_others_from_service(
    models: Models, store: Store, tmp_path: Path
) -> None:
    clock = TestClock(NOW)
    watch = watching(store, clock)
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await models.publish("odd", model(tmp_path, "odd"), who=WHO, share=50)
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [line["event"] for line in logs] == ["model_refused", "model_served"]
    assert {await said(watch, who) for who in PEOPLE} == {"one"}
    assert watch.tally.refused == 1


async def test_a_damaged_model_is_tried_again_later(models: Models, store: Store, tmp_path: Path) -> None:
    clock = TestClock(NOW)
    watch = watching(store, clock)
    kept = await models.keep("one", model(tmp_path, "one"))
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await store.put(f"nlu-part:{kept.files['model.json'].file}:00000", "AAAA")
    await watch.look()
    await models.keep("one", model(tmp_path, "one"))
    await watch.look()
    assert await said(watch, PEOPLE[0]) == "own"
    await clock.advance(31)
    await watch.look()
    assert await said(watch, PEOPLE[0]) == "one"


async def told(store: Store, name: str, *, count: int, handed_over: int, fallbacks: int = 0) -> None:
    at = datetime.now(UTC)
    for number in range(count):
        who = f"{name}{number}"
        entries = [event(who, 1, "flow", at, flow="city", model=name)]
        if number < handed_over:
            entries.append(event(who, 2, "opened", at, reason="low_confidence", model=name))
        if number < fallbacks:
            entries.append(event(who, len(entries) + 1, "fallback", at, model=name))
        await stored(store, Conversation(id=ConversationId(who), address=HOME), *entries)


async def test_a_model_that_does_worse_is_withdrawn_by_rule(models: Models, store: Store, tmp_path: Path) -> None:
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await models.publish("two", model(tmp_path, "two"), who=WHO, share=30, rules=PublishRules(least=20))
    watch = TrialWatch(store=store, clock=SystemClock(), releases=models, key="model")
    await told(store, "one", count=20, handed_over=2)
    assert await watch.look() == ""
    await told(store, "two", count=20, handed_over=9)
    why = await watch.look()
    assert "handed over: 45% of 20, 10% of 20" in why
    line = (await models.history())[0]
    assert (line.did, line.release, line.who, line.why) == ("withdrawn", "two", RULE, why)
    assert watch.withdrawn == 1


async def test_a_model_that_does_as_well_stays(models: Models, store: Store, tmp_path: Path) -> None:
    await models.publish("two", model(tmp_path, "two"), who=WHO, share=30, rules=PublishRules(least=20))
    watch = TrialWatch(store=store, clock=SystemClock(), releases=models, key="model", own=lambda: "own")
    await told(store, "own", count=20, handed_over=4, fallbacks=3)
    await told(store, "two", count=20, handed_over=5, fallbacks=4)
    assert await watch.look() == ""
    assert (await models.standing()).staged == "two"


async def test_thumbs_down_are_bad_marks(models: Models, store: Store, tmp_path: Path) -> None:
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    await models.publish("two", model(tmp_path, "two"), who=WHO, share=30, rules=PublishRules(least_marks=10))
    at = datetime.now(UTC)
    for name, disliked in (("one", 2), ("two", 8)):
        for number in range(10):
            who = f"{name}{number}"
            mark = {"about": "bot", "rating": "excellent", "model": name}
            last = event(who, 2, "disliked", at) if number < disliked else event(who, 2, "rated", at, **mark)
            entries = [event(who, 1, "flow", at, model=name), last]
            await stored(store, Conversation(id=ConversationId(who), address=HOME), *entries)
    why = await TrialWatch(store=store, clock=SystemClock(), releases=models, key="model").look()
    assert "rated bad: 80% of 10, 20% of 10" in why


class Away:
    """The store, which cannot be reached for a while."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.away = False

    def __getattr__(self, name: str) -> Any:
        if self.away:
            raise StoreUnavailable("it is away")
        return getattr(self._store, name)


async def test_while_the_store_is_away_what_serves_goes_on(models: Models, store: Store, tmp_path: Path) -> None:
    held: Any = Away(store)
    watch = watching(held, TestClock(NOW))
    await models.publish("one", model(tmp_path, "one"), who=WHO)
    held.away = True
    with capture_logs() as logs:
        await watch.look()
        await watch.look()
    assert [line["event"] for line in logs] == ["models_not_renewed"]
    assert await said(watch, PEOPLE[0]) == "own"
    held.away = False
    await watch.look()
    assert await said(watch, PEOPLE[0]) == "one"
