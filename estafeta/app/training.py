"""`estafeta train` and `models`: the language model from the command line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from estafeta.app import start
from estafeta.app.progress import bar
from estafeta.app.report import plain
from estafeta.kernel.errors import ConfigurationError
from nlu.registry import Registry

_WITHOUT_ENCODERS = "without-encoders"
"""A file in the models' folder, there if the last training into it was told to do without."""


def run_train(workspace: Path, models: Path, *, encoders: bool | None = None, as_json: bool) -> None:
    """`encoders`: whether with the pretrained ones that are installed for the scripts of the data; None for as the
    last training into this folder was told, at first with them. A process that trains at its start keeps to it so."""
    from nlu.encoder import advice
    from nlu.train import train

    start.writable(models)
    mark = models / _WITHOUT_ENCODERS
    wanted = not mark.exists() if encoders is None else encoders
    with bar(quiet=as_json) as tell:
        trained = train(workspace, models, tell, encoders=None if wanted else ())
    start.remember_source(workspace, models)
    if wanted:
        mark.unlink(missing_ok=True)
    else:
        mark.touch()
    if as_json:
        click.echo(json.dumps(asdict(trained), ensure_ascii=False, default=str))
        return
    state = "trained" if trained.fresh else "already trained from these data"
    click.echo(
        f"Model {trained.model_id} {state}: {trained.intents} intents, {trained.examples} examples, "
        f"{trained.accuracy_out_of_fold:.1%} right on unseen examples, {trained.seconds:.1f} s."
    )
    for doubt in trained.doubts:
        click.echo(plain(f"{doubt.file}:{doubt.line}:{doubt.column}: {doubt.text}"))
    if trained.missing:
        click.echo(advice(trained.missing))
    if encoders is None and not wanted:
        click.echo("Without encoders, as the last time; estafeta train --encoders takes those that are installed.")


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
