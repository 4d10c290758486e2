"""`estafeta check`: every mistake of a workspace, for people, for programs and for editors."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from bots.splitting import length
from estafeta import __version__
from estafeta.app import config
from estafeta.app.tables import Facts, channels
from estafeta.kernel.model import Json
from flows import loader, talks
from flows.checks.limits import Room, Showing
from flows.checks.rules import RULES
from flows.source import Finding

_SARIF = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_COLOURS = {"error": "red", "warning": "yellow"}


def showing(enabled: Iterable[str] = ()) -> Showing:
    """All channels there are, and those that texts are measured for (without any: all where nobody reads along)."""
    rooms = {name: _room(facts) for name, facts in channels().items()}
    usual = (name for name, facts in channels().items() if not facts.capabilities.public)
    return Showing(rooms=rooms, enabled=tuple(enabled) or tuple(usual))


def _room(facts: Facts) -> Room:
    can = facts.capabilities
    return Room(
        title=facts.title, can=can, length=partial(length, unit=can.unit), drawn=facts.drawn,
        with_buttons=facts.text_with_buttons,
    )  # fmt: skip


def _connected(settings: config.Settings) -> list[str]:
    """The channels that the settings connect; the chat on the site always is, and alone says nothing."""
    accounts = {"telegram": settings.bots, "vk": settings.communities, "whatsapp": settings.numbers}
    found = [name for name, connected in accounts.items() if connected]
    return [*found, "widget"] if found else []


@click.command()
@click.argument("workspace", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print the findings as SARIF 2.1.0, for code scanning.")
@click.option(
    "--channel", "named", multiple=True, metavar="NAME",
    help="A channel that texts and buttons must fit; may be given several times (default: those the settings connect, "
    "or all, when WORKSPACE is given or none is connected).",
)  # fmt: skip
@click.option("--strict", is_flag=True, help="End with 1 for warnings too.")
@click.option(
    "--editor", is_flag=True, help="Set VS Code up for the workspace: completion and help from schemas in its .vscode."
)
def check(
    workspace: Path | None, *, as_json: bool, as_sarif: bool, named: tuple[str, ...], strict: bool, editor: bool
) -> None:
    """Check a workspace: every mistake with its file, line, column, and how to mend it. Ends with 1 if there is an
    error."""
    if as_json and as_sarif:
        raise click.UsageError("--json and --sarif are two forms of the same; choose one.")
    for name in named:
        if name not in channels():
            raise click.BadParameter(f'there is no channel "{name}"; known: {", ".join(channels())}')
    folder, enabled = workspace, named
    if folder is None:
        settings = config.read()
        folder, enabled = settings.workspace, named or tuple(_connected(settings))
    if editor:
        _set_up_editor(folder)
    findings = _found(folder, showing(enabled))
    if as_json:
        click.echo(json.dumps([asdict(item) for item in findings], ensure_ascii=False, indent=2))
    elif as_sarif:
        click.echo(json.dumps(sarif(folder, findings), ensure_ascii=False, indent=2))
    else:
        for line in in_words(folder, findings):
            click.echo(line, color=False if os.environ.get("NO_COLOR") else None)
    sys.exit(1 if any(item.severity == "error" or strict for item in findings) else 0)


def _found(folder: Path, shown: Showing) -> list[Finding]:
    """What is found. A terminal is told meanwhile what takes so long; nothing of it stays there."""
    count = sum(1 for _ in folder.rglob("*.yml")) if folder.is_dir() and _watched() else 0
    words = f"Checking {count} file{'s' * (count != 1)}…" if count else ""
    click.echo(words, nl=False, err=True)
    try:
        workspace, findings = loader.find(folder, shown)
        if workspace is None:  # conversations name what the workspace has; it has to be read first
            return findings
        return sorted({*findings, *talks.find(workspace)[1]})
    finally:
        click.echo(f"\r{' ' * len(words)}\r" if words else "", nl=False, err=True)


def _watched() -> bool:
    """Whether somebody sits at a terminal and waits."""
    return sys.stderr.isatty()


def _set_up_editor(folder: Path) -> None:
    from estafeta.app.editor import set_up

    for path in set_up(folder):
        click.echo(f"written: {path}", err=True)


# --- for people ------------------------------------------------------------------------------------


def in_words(folder: Path, findings: Sequence[Finding]) -> Iterable[str]:
    """A line for each finding, and one that counts them."""
    for item in findings:
        where = click.style(f"{item.file}:{item.line}:{item.column}: ", bold=True) if item.line else ""
        severity = click.style(f"{item.severity}:", fg=_COLOURS[item.severity])
        yield f"{where}{severity} {_sentence(item)}"
    errors = sum(item.severity == "error" for item in findings)
    warnings = len(findings) - errors
    counted = f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}"
    yield f"{folder}: {counted if findings else 'no findings'}"


def _sentence(item: Finding) -> str:
    mend = f"{item.mend[:1].upper()}{item.mend[1:]}"
    return f"{item.what}. {mend}".rstrip()


# --- for programs ----------------------------------------------------------------------------------


def sarif(folder: Path, findings: Sequence[Finding]) -> dict[str, Json]:
    """The findings as a log of https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html. Files are told from
    the current folder on, which is the repository's in continuous integration."""
    rules: list[Json] = [{"id": rule, "shortDescription": {"text": about}} for rule, about in RULES.items()]
    driver: Json = {"name": "Estafeta", "version": __version__, "rules": rules}
    results: list[Json] = [_result(folder, item) for item in findings]
    run: Json = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}


def _result(folder: Path, item: Finding) -> dict[str, Any]:
    same = hashlib.sha256(f"{item.rule}\n{item.file}\n{item.what}".encode()).hexdigest()[:16]
    found: dict[str, Any] = {
        "ruleId": item.rule,
        "ruleIndex": list(RULES).index(item.rule),
        "level": item.severity,
        "message": {"text": _sentence(item)},
        "partialFingerprints": {"estafeta/v1": same},
    }
    if item.line:
        file = {"uri": _uri(folder / item.file)}
        region = {"startLine": item.line, "startColumn": item.column}
        found["locations"] = [{"physicalLocation": {"artifactLocation": file, "region": region}}]
    return found


def _uri(file: Path) -> str:
    """Relative to the current folder, if it is below that."""
    from urllib.parse import quote

    whole = file.absolute()
    here = Path.cwd()
    return quote(whole.relative_to(here).as_posix()) if whole.is_relative_to(here) else whole.as_uri()
