"""What surrounds the flows in the product, for conversations that are gone through without it: the trained model, the
words by which people are called, the language that is spoken, working hours."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from estafeta.app import start
from estafeta.kernel.model import Customer, Entity, Understanding
from estafeta.kernel.patterns import UnsafePattern
from estafeta.language import language_of
from flows.model import Workspace
from flows.talk_around import Around, Spoken, Why
from handoff import policy, triggers
from handoff.hours import Timetable
from nlu.embedded import EmbeddedUnderstander
from nlu.entities import EntityFinder
from nlu.normalise import read

_DEADLINE = 10.0


@contextlib.contextmanager
def surroundings(workspace: Workspace, models: Path | None) -> Iterator[Around]:
    """`models` is the folder of trained models; None, or one that was trained from other data: messages are
    understood only where a conversation says what they mean."""
    understander = None
    if models is not None and start.trained_from(workspace.path, models):
        understander = start.load_understander(models)
    with asyncio.Runner() as runner:
        yield around(workspace, understander, runner)


def around(workspace: Workspace, understander: EmbeddedUnderstander | None, runner: asyncio.Runner) -> Around:
    known = finder(workspace)
    timetable = Timetable(workspace.hours)
    skill = policy.skill_or_default(workspace, "")

    @lru_cache(maxsize=4096)
    def entities(text: str) -> tuple[Entity, ...]:
        return known.find(read(text), region=workspace.bot.region)

    @lru_cache(maxsize=4096)
    def understand(text: str) -> Understanding | None:
        if understander is None:
            return None
        return runner.run(understander.understand(text, deadline=_DEADLINE, region=workspace.bot.region))

    return Around(
        understand=understand,
        entities=entities,
        heard=lambda spoken: _heard(workspace, spoken),
        language=lambda text, current: language_of(text, "", current, workspace.languages),
        is_open=lambda now: timetable.is_open(skill, now),
    )


def finder(workspace: Workspace) -> EntityFinder:
    """Finds the training data's entities without a model."""
    known, made = workspace.training.entities, start.ready_made(workspace)
    phrases = {name: entity.values for name, entity in known.items()}
    try:
        regexes = {name: entity.patterns for name, entity in known.items()}
        return EntityFinder(regexes=regexes, phrases=phrases, synonyms={}, ready_made=made)
    except UnsafePattern:  # training refuses it, and says where it stands
        return EntityFinder(regexes={}, phrases=phrases, synonyms={}, ready_made=made)


def _heard(workspace: Workspace, spoken: Spoken) -> tuple[Understanding | None, Why | None]:
    known = triggers.as_meant(workspace, spoken.text, spoken.understanding)
    customer = Customer(name=spoken.who.name, language=spoken.language, tags=spoken.tags)
    found = triggers.reason_to_call(
        workspace, text=spoken.text, understanding=known, customer=customer, past=(), language=spoken.language,
        now=spoken.now,
    )  # fmt: skip
    if found is None:
        return known, None
    if found.reason in triggers.AT_ONCE:
        return known, Why(reason=found.reason, skill=found.skill, when="at_once")
    besides = found.reason in triggers.BESIDES
    return known, Why(reason=found.reason, skill=found.skill, when="besides" if besides else "unanswered")
