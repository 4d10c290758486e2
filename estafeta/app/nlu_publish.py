"""`estafeta nlu publish | promote | rollback | history`: a language model into service through the gate, without a
restart, and back."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from estafeta.app import config, engines, model_publishing, publishing, start
from estafeta.app.config import Settings
from estafeta.app.evaluation.page import gate_page, refuse, write
from estafeta.app.evaluation.terminal import verdict_lines
from estafeta.app.gate import Gated, through
from estafeta.app.model_publishing import Asked, What
from estafeta.app.progress import bar
from estafeta.app.publishing import columns, login, share, when
from estafeta.app.report import opened, plain
from estafeta.clock import SystemClock
from estafeta.kernel.codec import encode
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Store
from estafeta.models import KeptModel, Models
from estafeta.publications import Line, Standing
from estafeta.trial import tally
from flows.trial import Figures
from nlu.modelfile import ModelRefused
from nlu.registry import Registry

_FOLDER = "folder"
_LONGEST = 500
"""Characters of a sentence that go into the history: it is asked for by an address, which must not be too long."""
_LIVE = "Live in every worker within 5 seconds."
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_why = click.option("--why", default="", help="What for; kept in the history.")
_who = click.option("--who", default="", help="Your name for the history (default: the one you are logged in by).")
_models = click.option(
    "--models", type=click.Path(path_type=Path), help="Folder of models (default: models in the data folder)."
)  # fmt: skip
_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path),
    help="Whose nlu/tests/ and bot.yml judge (default: the one of the settings).",
)  # fmt: skip


class _Percent(click.ParamType[int]):
    """A whole percentage, with the sign or without."""

    name = "percent"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            found = int(str(value).removesuffix("%"))
        except ValueError:
            found = 0
        if not 1 <= found <= 100:
            self.fail(f"{value} is no share; write one like 10%, from 1 to 100", param, ctx)
        return found


# --- putting into service --------------------------------------------------------------------------


@click.command("publish")
@click.argument("model", required=False)
@click.option("--latest", is_flag=True, help="What `estafeta train` made last (the default without MODEL).")
@click.option(
    "--share", type=_Percent(), default=100, metavar="PERCENT",
    help="Percent of conversations that are understood by it, as 10%; below 100 it is tried beside the one in service.",
)  # fmt: skip
@click.option("--anyway", default="", metavar="WHY", help="Publish what the gate refuses; the reason is kept.")
@_why
@_who
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the gate's report to this file.")
@click.option("--language", type=click.Choice(("ru", "en")), help="The report's (default: the workspace's first).")
@_models
@_workspace
@_json
def publish_command(
    model: str | None, latest: bool, share: int, anyway: str, why: str, who: str, html: Path | None,
    language: str | None, models: Path | None, workspace: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Put a trained MODEL into service, in all workers, without a restart.

    It has to pass the gate first: the pinned examples and held-out texts of nlu/tests/, and recent real messages of
    the store, which it and the model in service are asked in shadow: nothing is sent. Each decision that changes is
    shown; what is worse by more than `gate:` of bot.yml allows is refused, and ends with 1."""
    if model and latest:
        raise click.UsageError("Name a MODEL, or say --latest.")
    if html is not None:
        refuse(html)
    settings = config.read()
    folder, kept = workspace or settings.workspace, models or settings.data / "models"
    loaded = start.load_workspace(folder)
    with bar(quiet=as_json or not sys.stderr.isatty(), keep=False) as tell:
        gated = asyncio.run(through(settings, loaded, model or engines.LATEST, kept, tell))
    if html is not None:
        write(html, gate_page(gated.verdict, language or loaded.default_language, loaded.bot.fallback.confidence))
    if not as_json:
        for line in verdict_lines(gated.verdict):
            click.echo(plain(line))
    if not gated.verdict.passed and not anyway:
        _refused(gated, as_json=as_json)
    said = gated.verdict.in_words[:_LONGEST] + ("" if gated.verdict.passed else f"; anyway: {anyway[:_LONGEST]}")
    asked = Asked(
        who=who or login(), why=(why or anyway)[:_LONGEST], gate=said, folder=str(gated.folder), model=gated.model,
        share=share, rules=loaded.bot.gate.trial,
    )  # fmt: skip
    done = _done(settings, "publish", asked)
    more = "" if share == 100 else " `estafeta nlu promote` gives it to all, `estafeta nlu rollback` to none."
    _tell(done, as_json=as_json, more=more, gate=encode_verdict(gated))


def encode_verdict(gated: Gated) -> Json:
    """For programs: everything the gate found."""
    found: Json = json.loads(json.dumps(asdict(gated.verdict), default=str))
    return {**found, "passed": gated.verdict.passed}


def _refused(gated: Gated, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"published": False, "gate": encode_verdict(gated)}, ensure_ascii=False))
    else:
        click.echo(f"Not published: {gated.model} was refused by the gate. --anyway WHY publishes it.", err=True)
    sys.exit(1)


@click.command("promote")
@_why
@_who
@_json
def promote_command(why: str, who: str, as_json: bool) -> None:
    """Give the model that is tried with a share to all conversations."""
    _tell(_done(config.read(), "promote", Asked(who=who or login(), why=why[:_LONGEST])), as_json=as_json)


@click.command("rollback")
@click.argument("model", required=False)
@_why
@_who
@_json
def rollback_command(model: str | None, why: str, who: str, as_json: bool) -> None:
    """Withdraw the model that is tried with a share; if there is none, put the one before into service again. With
    MODEL that one, as `nlu history` names it (`folder`: that of the workspace's folder, as before anything was
    published)."""
    settings = config.read()
    target = None if model is None else asyncio.run(_known(settings, model))
    line = _done(settings, "rollback", Asked(who=who or login(), why=why[:_LONGEST], model=target))
    _tell(line, as_json=as_json, more="" if line.release else _trained_last(settings))


def _trained_last(settings: Settings) -> str:
    """What serves after the next start while nothing is published: it may have been refused or withdrawn."""
    try:
        model = Registry(settings.data / "models").current().name
    except ModelRefused:
        return ""
    return f" From the next start on that is what `estafeta train` made last: {model} now."


async def _known(settings: Settings, word: str) -> str:
    """The model whose name begins so."""
    if word == _FOLDER:
        return ""
    async with opened(settings) as store:
        found = [kept.model for kept in await Models(store, SystemClock()).kept() if kept.model.startswith(word)]
    if len(found) != 1:
        several = "begins more than one model's name" if found else "is no model that is kept"
        raise ConfigurationError(f"{word} {several}: `estafeta nlu history` names them.")
    return found[0]


def _done(settings: Settings, what: What, asked: Asked) -> Line:
    async def directly(store: Store) -> Line:
        return await model_publishing.do(Models(store, SystemClock()), what, asked)

    return publishing.done(settings, directly, model_publishing.address(what, asked))


def _tell(line: Line, *, as_json: bool, more: str = "", gate: Json = None) -> None:
    if as_json:
        told = {"published": True, **encode(line), **({"gate": gate} if gate is not None else {})}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    before = f" (before: {_title(line.before)})" if line.before != line.release else ""
    said = {
        "published": f"{_title(line.release)} is in service{before}.",
        "staged": f"{_title(line.release)} is tried with {line.share}% of conversations.{more}",
        "promoted": f"{_title(line.release)} is in service for all{before}.",
        "withdrawn": f"{_title(line.release)} is withdrawn; {_title(line.before)} serves all conversations.",
        "rolled_back": f"{_title(line.release)} is in service again{before}.{more}",
    }[line.did]
    click.echo(f"{said} {_LIVE}")


def _title(model: str) -> str:
    return model or "the folder's model"


# --- looking ---------------------------------------------------------------------------------------


@click.command("history")
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="Compare these latest days.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Lines of the history.")
@_json
def history_command(days: int, limit: int, as_json: bool) -> None:
    """Say which model is in service, who published which, when and why, what the gate said, and how they compare."""
    held, lines, kept, found = asyncio.run(_listed(config.read(), days, limit))
    if as_json:
        told: dict[str, Json] = {"model": held.release, "staged": held.staged, "share": held.share}
        told["history"] = [encode(line) for line in lines]
        told["kept"] = [{"model": one.model, "since": one.first.isoformat(), **one.report} for one in kept]
        told["figures"] = {model: asdict(one) for model, one in found.items()}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))
        return
    since = f" since {when(held.since)}" if held.since else ""
    click.echo(f"In service: {_title(held.release)}{since}")
    if held.staged:
        click.echo(f"Tried: {held.staged} with {held.share}% of conversations since {when(held.staged_at)}")
    columns([("", "When (UTC)", "Model", "Who", "Why", "Gate"), *(_told(line) for line in lines)] if lines else [])
    rows = [_compared(model, one) for model, one in found.items()]
    head = ("Model", f"Conversations in {days} d", "Handed over", "Not understood", "Marks", "Bad")
    columns([head, *rows] if rows else [])


async def _listed(
    settings: Settings, days: int, limit: int
) -> tuple[Standing, tuple[Line, ...], tuple[KeptModel, ...], Mapping[str, Figures]]:
    now = datetime.now(UTC)
    async with opened(settings) as store:
        models = Models(store, SystemClock())
        held, lines, kept = await models.standing(), await models.history(limit), await models.kept()
        counted = await tally(store, now - timedelta(days=days), now, "model")
    return held, lines, kept, {model: counted.of(model) for model in counted.releases}


def _told(line: Line) -> tuple[str, ...]:
    did = line.did.replace("_", " ") + (f" {line.share}%" if line.did == "staged" else "")
    return did, when(line.at), line.release or _FOLDER, line.who or "-", line.why or "-", line.gate or "-"


def _compared(model: str, one: Figures) -> tuple[str, ...]:
    shares = (share(one.handoffs, one.conversations), share(one.fallbacks, one.conversations))
    return model, str(one.conversations), *shares, str(one.marks), share(one.bad_marks, one.marks)
