"""The commands `estafeta evaluate` and `estafeta nlu compare`."""

from __future__ import annotations

import asyncio
import csv
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import ValidationError

from estafeta.app import config, engines, gate, logs, shadow, start
from estafeta.app.config import Settings
from estafeta.app.engines import NAMES
from estafeta.app.evaluation.page import Report, page, refuse, write
from estafeta.app.evaluation.terminal import changed_lines, comparison_lines, evaluation_lines, mistake_lines
from estafeta.app.evaluation.words import WORDS
from estafeta.app.progress import bar
from estafeta.app.report import plain
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import REGION
from flows import loader
from flows.files import BotFile
from flows.model import Workspace
from flows.source import read
from flows.strict import Duration, Strict
from nlu import cases
from nlu.cases import Case
from nlu.comparison import changed, compare
from nlu.figures import Evaluation, figures
from nlu.judging import Asks, Outcome, judge

if TYPE_CHECKING:
    from nlu.data import TrainingData

Tell = Callable[[str, float], None]

_ENOUGH = 0.45
_models = click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of models (default: models in the data folder)."
)  # fmt: skip
_html = click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to this file.")
_language = click.option("--language", type=click.Choice(("ru", "en")), default="en", help="The report's language.")
_json = click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON.")


# --- estafeta evaluate -----------------------------------------------------------------------------


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path, file_okay=False), required=False)
@click.option("--held-out", is_flag=True, help="Judge by nlu/tests/ of the workspace instead of cross-validating.")
@click.option(
    "--test", "tests", multiple=True, type=click.Path(path_type=Path, exists=True), metavar="PATH",
    help="Judge by this file or folder of Rasa's format; may be given several times.",
)  # fmt: skip
@click.option("--model", default="", metavar="MODEL", help=f"Who is judged by held-out texts: {NAMES} [current].")
@click.option(
    "--against", default="", metavar="MODEL", help="Compare with this one, named like --model, by held-out texts."
)
@click.option("--folds", type=click.IntRange(2, 20), default=5, show_default=True, help="Parts of a cross-validation.")
@_html
@_language
@click.option(
    "--csv", "folder", type=click.Path(path_type=Path, file_okay=False),
    help="Write intents, entities, confusions, mistakes, histogram, calibration and scope as tables into this folder.",
)  # fmt: skip
@_models
@_json
def evaluate(
    workspace: Path | None, held_out: bool, tests: tuple[Path, ...], model: str, against: str, folds: int,
    html: Path | None, language: str, folder: Path | None, models: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Say how good a language model is: accuracy, each intent, what is confused with what, whether confidence can be
    trusted, how well texts are told that are not for the bot, how well marked entities are found.

    Without options by cross-validating the training data of WORKSPACE: what a model made from them would make of new
    texts. With --held-out, --test, --model or --against by texts it has not seen, which works for a Rasa server too:
    a model that was trained on a text cannot be judged by it."""
    if html is not None:
        refuse(html)
    settings = config.read()
    logs.set_up("error", logs.secrets_of(settings))  # what is printed is the report alone
    place = workspace or settings.workspace
    enough = believed_from(place)
    with bar(quiet=as_json or not sys.stderr.isatty(), keep=False) as tell:
        if held_out or tests or model or against:
            found = _held_out(
                settings, place, tests, (against, model or engines.CURRENT), models, enough, tell, language
            )
        else:
            found = _cross_validated(place, folds, enough, models or settings.data / "models", tell, language)
    if html is not None:
        write(html, page(found, language))
    if folder is not None and found.evaluation is not None:
        write_tables(folder, found.evaluation)
    _print(found, as_json=as_json)


def believed_from(workspace: Path) -> float:
    """`fallback.confidence` of bot.yml; its default where there is no bot.yml that can be read."""
    known = _bot(workspace)
    return _ENOUGH if known is None else known.fallback.confidence


def _bot(workspace: Path) -> BotFile | None:
    if not (workspace / "bot.yml").is_file():
        return None
    try:
        return BotFile.model_validate(read(workspace / "bot.yml", "bot.yml").data, context={"unknown": _ignore})
    except ValidationError:
        return None


def _ignore(given: object, key: object, known: tuple[str, ...]) -> None:
    """An unknown key is told by `estafeta check`."""


def _cross_validated(workspace: Path, folds: int, enough: float, models: Path, tell: Tell, language: str) -> Report:
    from nlu.data import read_workspace
    from nlu.evaluate import evaluate as cross_validated
    from nlu.evaluate import with_nearest
    from nlu.train import ENCODED

    data = read_workspace(workspace)
    judged = cross_validated(
        data, folds=folds, progress=tell, kept=models / ENCODED, enough=enough, asks=_asking(workspace)
    )
    found = with_nearest(judged, data.examples)
    words = WORDS[language]
    about = words["cross_about"].format(workspace=workspace, folds=folds)
    return Report(title=words["cross_title"], about=about, evaluation=found, cross=True)


def _held_out(
    settings: Settings, workspace: Path, tests: Sequence[Path], names: tuple[str, str], models: Path | None,
    enough: float, tell: Tell, language: str,
) -> Report:  # fmt: skip
    paths = list(tests) or [workspace / cases.FOLDER]
    known = cases.read(paths, workspace) if tests else cases.of_workspace(workspace)
    every = [*known.held_out, *known.pinned]
    if not every:
        raise ConfigurationError(
            f"There are no texts to judge by in {', '.join(map(str, paths))}: write what customers said and meant into "
            "a file there (docs/models.md), or cross-validate with estafeta evaluate alone."
        )
    found = asyncio.run(_asked(settings, names, models, every, workspace, tell))
    after_name, after = found[-1]
    evaluation = figures(after, enough)
    examples = _training(workspace)
    if examples is not None:
        from nlu.evaluate import with_nearest

        evaluation = with_nearest(evaluation, examples.examples)
    words, files = WORDS[language], ", ".join(sorted({case.file for case in every}))
    if len(found) == 1:
        about = words["held_about"].format(model=after_name, files=files, enough=f"{enough:.2f}")
        return Report(title=words["held_title"], about=about, evaluation=evaluation, after=after_name)
    before_name, before = found[0]
    about = words["compare_about"].format(before=before_name, after=after_name, files=files, enough=f"{enough:.2f}")
    return Report(
        title=words["compare_title"], about=about, evaluation=evaluation, compared=compare(before, after, enough),
        before=before_name, after=after_name,
    )  # fmt: skip


def _asking(workspace: Path) -> Asks:
    """When its bot asks what is meant; never where there is no workspace that can be read."""
    return gate.asking(_found(workspace))


def _found(workspace: Path) -> Workspace | None:
    return loader.find(workspace)[0] if (workspace / "bot.yml").is_file() else None


def _training(workspace: Path) -> TrainingData | None:
    from nlu.data import TrainingDataError, read_workspace

    try:
        return read_workspace(workspace)
    except TrainingDataError:  # a model may be judged far from what it was trained on
        return None


async def _asked(
    settings: Settings, names: Iterable[str], models: Path | None, every: Sequence[Case], workspace: Path, tell: Tell
) -> list[tuple[str, list[Outcome]]]:
    """What each of the named engines said; one after the other, for the sake of the machine."""
    known, bot = _found(workspace), _bot(workspace)
    asks, region = gate.asking(known), REGION if bot is None else bot.region
    ready_made = None if known is None else start.ready_finder(known)
    found = []
    for word in filter(None, names):
        async with engines.named(settings, word, models or settings.data / "models", ready_made) as engine:
            told = partial(tell, f"asking {engine.name}")
            outcomes = await judge(engine.understander, every, told, asks=asks, region=region)
            found.append((engine.name, outcomes))
    return found


# --- estafeta nlu compare --------------------------------------------------------------------------


class _Back(Strict):
    last: Duration


@click.command("compare")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--last", default="7d", show_default=True, metavar="TIME", help="How far back: 12h, 7d, 4w.")
@click.option(
    "--messages", type=click.IntRange(1, 100_000), default=2000, show_default=True, help="The latest so many."
)  # fmt: skip
@click.option("--workspace", type=click.Path(path_type=Path), help="Whose bot.yml says what is believed.")
@_html
@_language
@_models
@_json
def compare_command(
    before: str, after: str, last: str, messages: int, workspace: Path | None, html: Path | None, language: str,
    models: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Ask two engines, A and B, the same real messages of the store, in shadow: nothing is sent. Each decision that
    differs is shown, without personal data.

    A and B are models or servers: current, latest, the name of a model, a model's folder, rasa or rasa:URL."""
    if html is not None:
        refuse(html)
    settings = config.read()
    logs.set_up("error", logs.secrets_of(settings))  # what is printed is the report alone
    try:
        back = timedelta(seconds=_Back.model_validate({"last": last}).last)
    except ValidationError:
        raise click.UsageError(f"--last {last} is no length of time; write one like 12h, 7d or 4w.") from None
    place = workspace or settings.workspace
    with bar(quiet=as_json or not sys.stderr.isatty(), keep=False) as tell:
        report = asyncio.run(_shadow(settings, (before, after), back, messages, models, place, tell, language))
    if html is not None:
        write(html, page(report, language))
    count = sum(one.times for one in report.decisions)
    if as_json:
        told: dict[str, Any] = {
            "before": report.before,
            "after": report.after,
            "messages": report.messages,
            "changed": count,
        }
        told["decisions"] = [asdict(one) for one in report.decisions]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{report.messages} real messages: {report.before} and {report.after} decide {count} differently.")
    for line in changed_lines(tuple(report.decisions)):
        click.echo(plain(line))


async def _shadow(
    settings: Settings, names: tuple[str, str], back: timedelta, most: int, models: Path | None,
    workspace: Path, tell: Tell, language: str,
) -> Report:  # fmt: skip
    said = await gate.recent(settings, back, most, tell)
    if not said:
        raise ConfigurationError("There are no messages in the store of that time: choose an earlier --last.")
    every = [message.case for message in said]
    (before, one), (after, other) = await _asked(settings, names, models, every, workspace, tell)
    times = {message.text: message.times for message in said}
    found = [
        replace(each, right="", times=times[each.text]) for each in changed(one, other, believed_from(workspace))
    ]  # fmt: skip
    found.sort(key=lambda each: (-each.times, each.text))
    words = WORDS[language]
    about = words["compared_about"].format(before=before, after=after, texts=len(said))
    return Report(
        title=words["compare_title"], about=about, before=before, after=after, decisions=shadow.masked(found, said),
        messages=sum(times.values()),
    )  # fmt: skip


# --- as data ---------------------------------------------------------------------------------------


def _print(found: Report, *, as_json: bool) -> None:
    if found.evaluation is None:
        return
    if as_json:
        told: dict[str, Any] = {"model": found.after, **asdict(found.evaluation)}
        if found.compared is not None:
            told["compared"] = {"before": found.before, "after": found.after, **asdict(found.compared)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    lines = [*evaluation_lines(found.evaluation), "", *mistake_lines(found.evaluation)]
    if found.compared is not None:
        lines += ["", *comparison_lines(found.compared, found.before, found.after)]
    for line in lines:
        click.echo(plain(line).rstrip())


def write_tables(folder: Path, found: Evaluation) -> None:
    """The figures as CSV files. Raises `ConfigurationError` when they cannot be written."""
    tables: dict[str, tuple[Sequence[str], Iterable[Sequence[Any]]]] = {
        "intents": (
            ("intent", "examples", "precision", "recall", "f1", "confused_with"),
            ((one.name, one.examples, one.precision, one.recall, one.f1, one.confused_with) for one in found.intents),
        ),
        "entities": (
            ("entity", "marks", "precision", "recall", "f1"),
            ((one.name, one.marks, one.precision, one.recall, one.f1) for one in found.entities),
        ),
        "confusions": (("intent", "said", "count"), found.confusions),
        "mistakes": (
            ("text", "intent", "said", "confidence", "believed", "file", "line", "nearest", "nearest_intent"),
            (
                (one.text, one.intent, one.said, one.confidence, one.believed, one.file, one.line,
                 *(one.near[0][:2] if one.near else ("", "")))
                for one in found.mistakes
            ),
        ),
        "histogram": (
            ("low", "high", "right", "wrong", "out_of_scope"),
            ((bar.low, bar.high, bar.right, bar.wrong, bar.nobodys) for bar in found.histogram),
        ),
        "calibration": (
            ("confidence", "accuracy", "texts"),
            ((one.confidence, one.accuracy, one.texts) for one in found.calibration),
        ),
        "scope": (
            ("confidence", "own_answered", "others_answered"),
            ((one.confidence, one.own, one.others) for one in (found.scope.points if found.scope else ())),
        ),
    }  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, (head, rows) in tables.items():
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(head)
                writer.writerows([_cell(value) for value in row] for row in rows)
    except OSError as error:
        raise ConfigurationError(f"{folder} can't be written ({error.strerror}): choose another folder.") from None


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is made a text
    (https://owasp.org/www-community/attacks/CSV_Injection)."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value
