"""`estafeta nlu`: the training data from the command line."""

from __future__ import annotations

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from estafeta.app import config, report
from estafeta.app.config import Settings
from estafeta.app.evaluation.command import compare_command
from estafeta.app.nlu_propose import propose
from estafeta.app.nlu_publish import history_command, promote_command, publish_command, rollback_command
from estafeta.app.nlu_review import review
from estafeta.app.progress import bar
from estafeta.app.publishing import stored
from estafeta.kernel.errors import EstafetaError
from flows.answers import BUILT_IN
from flows.files import BotFile
from flows.flow_file import FlowFile
from flows.source import Source, read
from flows.steps import AskStep, walk
from nlu import cases

if TYPE_CHECKING:  # SciPy, which checking needs, stays out of every other command
    from nlu.check import Dialogs
    from nlu.data import TrainingData
    from nlu.findings import Finding
    from nlu.suggest import Heard, Suggestion

_BACK = timedelta(days=30)
"""How far back handoffs are counted for suggestions."""


@click.group("nlu")
def nlu() -> None:
    """Training data and language models: check, label, propose, publish through a gate, go back."""


for command in (publish_command, promote_command, rollback_command, history_command, compare_command):
    nlu.add_command(command)


nlu.add_command(review)
nlu.add_command(propose)


@nlu.command("check")
@click.argument("workspace", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what is found as JSON.")
@click.option("--offline", is_flag=True, help="Don't look into the store for what to add next.")
def nlu_check(workspace: Path | None, as_json: bool, offline: bool) -> None:
    """Look for what is wrong or doubtful in the training data of WORKSPACE: contradictions, examples of two intents
    that are nearly the same, too few of them, names that lead nowhere. Where conversations are stored, say what to
    add next. Changes nothing; ends with 1 if there is an error."""
    from nlu.check import check
    from nlu.data import TrainingDataError, read_workspace

    settings = config.read()
    folder = workspace or settings.workspace
    suggestions: list[Suggestion] = []
    unread = ""
    counted = (0, 0)
    with bar(quiet=as_json or not sys.stderr.isatty(), keep=False) as tell:
        tell("reading the training data", 0.0)
        try:
            data = read_workspace(folder)
        except TrainingDataError as error:
            findings: Sequence[Finding] = error.findings
        else:
            counted = (len(data.examples), len(data.intents))
            findings = [*check(data, dialogs(folder), tell), *cases.check(folder, data.intents)]
            if not offline:
                try:
                    suggestions = _suggestions(settings, folder, data)
                except EstafetaError as error:
                    unread = str(error)
    if as_json:
        told = _told(folder, counted, findings, suggestions) | {"not_known": unread}
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _show(folder, counted, findings, suggestions, unread)
    sys.exit(1 if any(finding.severity == "error" for finding in findings) else 0)


# --- what the dialogs need -----------------------------------------------------------------------


def dialogs(workspace: Path) -> Dialogs | None:
    """What the flows of the workspace need of its training data; None where they are not there, or cannot all be read,
    which `estafeta check` tells."""
    from nlu.check import Dialogs

    sources = [read(path, f"flows/{path.name}") for path in sorted((workspace / "flows").glob("*.yml"))]
    bot = _bot(workspace)
    if bot is None or not sources:
        return None
    answered = {*bot.handoff.reasons.user_request.intents, *bot.handoff.reasons.sensitive_topic.intents}
    answered |= set(bot.handoff.solved)
    expected: dict[str, tuple[str, int, int]] = {}
    for source in sources:
        flow = _flow(source)
        if flow is None:
            return None
        answered |= set(flow.start.intent)
        for place, step in walk(flow.steps):
            if isinstance(step, AskStep) and step.expect not in BUILT_IN:
                expected.setdefault(step.expect, (source.file, *source.at((*place, "expect"))))
    return Dialogs(answered=answered, expected=expected)


def _ignore(given: object, key: object, known: tuple[str, ...]) -> None:
    """An unknown key is told by `estafeta check`."""


def _flow(source: Source) -> FlowFile | None:
    try:
        return FlowFile.model_validate(source.data, context={"unknown": _ignore})
    except ValidationError:
        return None


def _bot(workspace: Path) -> BotFile | None:
    if not (workspace / "bot.yml").is_file():
        return None
    try:
        return BotFile.model_validate(read(workspace / "bot.yml", "bot.yml").data, context={"unknown": _ignore})
    except ValidationError:
        return None


# --- what to add next ----------------------------------------------------------------------------


def _suggestions(settings: Settings, workspace: Path, data: TrainingData) -> list[Suggestion]:
    """Nothing where nothing is stored."""
    from estafeta.app.heard import heard
    from nlu.suggest import suggest

    bot = _bot(workspace)
    if bot is None or not stored(settings):
        return []

    async def messages() -> list[Heard]:
        now = datetime.now(UTC)
        async with report.opened(settings) as store:
            return await heard(store, now - _BACK, now, bot.fallback.confidence)

    return suggest(data, asyncio.run(messages()), attempts=bot.fallback.attempts)


# --- showing -------------------------------------------------------------------------------------


def _told(
    folder: Path, counted: tuple[int, int], findings: Sequence[Finding], suggestions: Sequence[Suggestion]
) -> dict[str, Any]:
    rows = [
        {
            "file": one.file, "line": one.line, "column": one.column, "severity": one.severity, "rule": one.rule,
            "what": one.text, "mend": one.mend,
        }
        for one in findings
    ]  # fmt: skip
    return {
        "workspace": str(folder),
        "examples": counted[0],
        "intents": counted[1],
        "findings": rows,
        "suggestions": [asdict(suggestion) for suggestion in suggestions],
    }


def _show(
    folder: Path, counted: tuple[int, int], findings: Sequence[Finding], suggestions: Sequence[Suggestion], unread: str
) -> None:
    for finding in findings:
        click.echo(report.plain(str(finding)))
    if suggestions:
        click.echo(f"\nWhat to add next, by what it cost people in the last {_BACK.days} days:")
        for suggestion in suggestions:
            click.echo(report.plain(f"  {_cost(suggestion):<34} {suggestion.text}"))
        click.echo("")
    if unread:
        click.echo(f"What to add next is not known: {unread}", err=True)
    click.echo(f"{folder}: {', '.join([*_read(counted), *_summary(findings)])}")


def _cost(suggestion: Suggestion) -> str:
    handoffs = f"{suggestion.handoffs} handoff{'s' * (suggestion.handoffs != 1)}"
    return f"{handoffs}, {suggestion.messages} message{'s' * (suggestion.messages != 1)}:"


def _read(counted: tuple[int, int]) -> Iterator[str]:
    if counted[0]:
        yield f"{counted[0]} examples of {counted[1]} intents"


def _summary(findings: Sequence[Finding]) -> Iterator[str]:
    counts = Counter(finding.severity for finding in findings)
    for severity in ("error", "warning", "note"):
        if counts[severity]:
            yield f"{counts[severity]} {severity}{'s' * (counts[severity] != 1)}"
    if not findings:
        yield "no findings"
