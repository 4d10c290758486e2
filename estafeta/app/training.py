"""`estafeta train`, `evaluate` and `models`: the language model from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from estafeta.app import start
from estafeta.kernel.errors import ConfigurationError
from nlu.registry import Registry


@contextmanager
def _bar(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on standard error, and what to tell it."""
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("", total=1.0)

        def tell(what: str, share: float) -> None:
            progress.update(task, description=what, completed=share)

        yield tell


def run_train(workspace: Path, models: Path, *, as_json: bool) -> None:
    from nlu.train import train

    start.writable(models)
    with _bar(quiet=as_json) as tell:
        trained = train(workspace, models, tell)
    start.remember_source(workspace, models)
    if as_json:
        click.echo(json.dumps(asdict(trained), ensure_ascii=False, default=str))
        return
    state = "trained" if trained.fresh else "already trained from these data"
    click.echo(
        f"Model {trained.model_id} {state}: {trained.intents} intents, {trained.examples} examples, "
        f"{trained.accuracy_out_of_fold:.1%} right on unseen examples, {trained.seconds:.1f} s."
    )
    for doubt in trained.doubts:
        click.echo(f"{doubt.file}:{doubt.line}:{doubt.column}: {doubt.text}")


def run_evaluate(workspace: Path, *, as_json: bool) -> None:
    from nlu.data import read_workspace
    from nlu.evaluate import evaluate

    data = read_workspace(workspace)
    with _bar(quiet=as_json) as tell:
        figures = evaluate(data, progress=tell)
    if as_json:
        click.echo(json.dumps(asdict(figures), ensure_ascii=False))
        return
    click.echo(f"{figures.examples} examples, {figures.accuracy:.1%} right, calibration error {figures.ece:.1%}")
    click.echo(f"{'intent':<24}{'examples':>9}{'precision':>11}{'recall':>8}{'F1':>7}  most confused with")
    for intent in figures.intents:
        click.echo(
            f"{intent.name:<24}{intent.examples:>9}{intent.precision:>11.2f}{intent.recall:>8.2f}{intent.f1:>7.2f}"
            f"  {intent.confused_with}"
        )


def list_models(folder: Path, *, as_json: bool) -> None:
    kept = Registry(folder).models()
    if as_json:
        rows = [{"id": model.id, "current": model.current, **model.report} for model in kept]
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    if not kept:
        click.echo(f"There are no models in {folder} yet: estafeta train makes one.")
    for model in kept:
        mark = "in service" if model.current else ""
        figures = model.report
        click.echo(
            f"{model.id}  {figures.get('trained_at', ''):<26} {figures.get('examples', 0):>6} examples"
            f"  {figures.get('accuracy_out_of_fold', 0):.1%}  {mark}".rstrip()
        )


def rollback(folder: Path, model: str | None) -> None:
    registry = Registry(folder)
    if model is None:
        model = registry.roll_back()
    elif any(kept.id == model for kept in registry.models()):
        registry.publish(model)
    else:
        raise ConfigurationError(f"There is no model {model} in {folder}; estafeta models list shows what there is.")
    click.echo(f"Model {model} is in service from the next start on.")
