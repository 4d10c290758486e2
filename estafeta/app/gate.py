"""Taking a model through the gate: asks it, and the model in service, what `nlu.gate` judges by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from estafeta.app import engines, shadow
from estafeta.app.config import Settings
from estafeta.app.engines import Engine
from estafeta.app.publishing import stored
from estafeta.app.report import opened
from estafeta.app.shadow import Message
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Understanding
from flows import ambiguity
from flows.model import Workspace
from nlu import cases
from nlu.cases import Case, Cases
from nlu.gate import Asked, Remark, Verdict, judge_models
from nlu.judging import Asks, judge
from nlu.modelfile import ModelRefused

Tell = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Gated:
    """The model, the folder it lies in, and what the gate said. Personal data are masked in the verdict."""

    model: str
    folder: Path
    verdict: Verdict


async def through(settings: Settings, workspace: Workspace, word: str, models: Path, tell: Tell) -> Gated:
    """`word` names the model to publish (`engines.NAMES`, but no server). Raises an `EstafetaError` with a sentence,
    among them `TrainingDataError` for mistakes in nlu/tests/."""
    if word == engines.RASA or word.startswith(f"{engines.RASA}:"):
        raise ConfigurationError("A Rasa server's model is published on that server: estafeta train --engine rasa.")
    rules, enough, region = workspace.bot.gate, workspace.bot.fallback.confidence, workspace.bot.region
    tell("reading nlu/tests", 0.0)
    own, asks = cases.of_workspace(workspace.path), asking(workspace)
    async with AsyncExitStack() as stack:
        after = await stack.enter_async_context(engines.named(settings, word, models))
        serves = await engines.serving(settings, models, after.name)
        before, unreadable = None, ""
        if serves:
            try:
                before = await stack.enter_async_context(engines.named(settings, serves, models))
            except ModelRefused as error:  # of an earlier version of the platform, or gone from the folder
                unreadable = str(error)
        said = await recent(settings, timedelta(seconds=rules.since), rules.messages, tell)
        new = await _asked(after, own, said, asks, region, lambda share: tell("asking the new model", share))
        old = None
        if before is not None:
            old = await _asked(
                before, own, said, asks, region, lambda share: tell("asking the model in service", share)
            )
    verdict = judge_models(old, new, rules, enough)
    if unreadable:
        notes = [note for note in verdict.notes if note.code != "no_model_before"]
        verdict = replace(verdict, notes=(Remark("unreadable", {"model": serves, "why": unreadable}), *notes))
    if verdict.shadow is not None:
        masked = shadow.masked(verdict.shadow.decisions, said)
        verdict = replace(verdict, shadow=replace(verdict.shadow, decisions=masked))
    return Gated(after.name, engines.folder_of(after.name, word, models), verdict)


async def recent(settings: Settings, back: timedelta, most: int, tell: Tell) -> list[Message]:
    """The latest real messages; none where nothing is stored. Raises `StoreUnavailable`."""
    if not most or not stored(settings):
        return []
    now = datetime.now(UTC)
    async with opened(settings) as store:
        return await shadow.messages(store, now - back, now, most, lambda share: tell("reading real messages", share))


def asking(workspace: Workspace | None) -> Asks:
    """When the bot of this workspace asks what is meant; never where there is none."""

    def asks(found: Understanding) -> tuple[str, ...]:
        two = ambiguity.asked(workspace, found, workspace.default_language) if workspace is not None else None
        return tuple(intent.name for intent in two or ())

    return asks


async def _asked(
    engine: Engine, own: Cases, said: Sequence[Message], asks: Asks, region: str, told: Callable[[float], None]
) -> Asked:
    every: list[Case] = [*own.pinned, *own.held_out, *(message.case for message in said)]
    outcomes = await judge(engine.understander, every, told, asks=asks, region=region)
    first, second = len(own.pinned), len(own.pinned) + len(own.held_out)
    return Asked(
        model=engine.name, pinned=outcomes[:first], held_out=outcomes[first:second], messages=outcomes[second:],
        times=[message.times for message in said],
    )  # fmt: skip
