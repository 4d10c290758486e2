"""`estafeta flows publish | promote | rollback | list | diff`: content into service without a restart, and back."""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import click

from estafeta.app import config, flow_tests, publishing, releasing
from estafeta.app.config import Settings
from estafeta.app.preview import flows
from estafeta.app.publishing import columns, login, share, when
from estafeta.app.releasing import Asked
from estafeta.app.report import opened, plain
from estafeta.clock import SystemClock
from estafeta.kernel.codec import encode
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json
from estafeta.kernel.ports import Store
from estafeta.publications import Line, Standing
from estafeta.releases import Releases
from estafeta.trial import tally
from flows import source
from flows.model import Workspace
from flows.publish_file import PublishRules
from flows.release import Content, content_of
from flows.release_diff import as_lines, differences
from flows.source import Finding
from flows.trial import Figures

__all__ = ["flows"]

_FOLDER, _CURRENT, _STAGED = "folder", "current", "staged"
_LIVE = "Live in every worker within 5 seconds."
_json = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
_why = click.option("--why", default="", help="What for; kept in the history.")
_who = click.option("--who", default="", help="Your name for the history (default: the one you are logged in by).")
_workspace = click.option(
    "--workspace", type=click.Path(path_type=Path), help="The folder to read (default: the one of the settings)."
)  # fmt: skip

# --- putting into service --------------------------------------------------------------------------


@flows.command("publish")
@click.option(
    "--share", type=click.IntRange(1, 100), default=100, show_default=True,
    help="Percent of new talks that get it; below 100 it is staged beside the release in service.",
)  # fmt: skip
@_why
@_who
@click.option(
    "--untested", default=None, metavar="WHY",
    help="Publish although its conversations were not gone through, or differ; WHY is kept in the history.",
)  # fmt: skip
@click.option("--watch/--no-watch", default=None, help="Whether a staged release that does worse is withdrawn.")
@click.option("--least", type=click.IntRange(1), help="Conversations of each release before they are compared.")
@click.option("--handoffs", type=float, help="Withdraw when so many points more are handed over.")
@click.option("--fallbacks", type=float, help="Withdraw when so many points more are not understood.")
@click.option("--bad-marks", type=float, help="Withdraw when so many points more marks are bad.")
@_workspace
@_json
def publish_command(
    share: int, why: str, who: str, untested: str | None, workspace: Path | None, as_json: bool, **limits: Any
) -> None:  # fmt: skip
    """Put the workspace's content into service, in all workers, without a restart. Refused when its check fails, when
    a conversation of its flows/tests/ goes another way than it should, and when nothing differs. Talks that run end
    on what they began with."""
    if untested is not None and not untested.strip():
        raise click.UsageError('--untested needs the reason: --untested "the shop\'s prices are wrong, tests follow".')
    settings = config.read()
    folder = (workspace or settings.workspace).resolve()
    content, loaded, findings = releasing.checked(folder)
    if content is None or loaded is None:
        _refused(folder, findings, as_json=as_json)
    if untested is None:
        _test(loaded, settings, content, folder, as_json=as_json)
    rules = _rules(loaded.bot.publish, limits)
    asked = Asked(
        who=who or login(), why=why, untested=untested or "", folder=str(folder), release=content.release,
        share=share, rules=rules,
    )  # fmt: skip
    line = _done(settings, "publish", asked, content)
    more = "" if share == 100 else " `estafeta flows promote` gives it to all, `estafeta flows rollback` to none."
    _tell(line, as_json=as_json, more=more)


def _rules(usual: PublishRules, given: Mapping[str, Any]) -> PublishRules:
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return PublishRules.model_validate({**usual.model_dump(), **chosen})
    except ValueError:
        raise click.UsageError("Points are numbers above 0 and up to 100.") from None


@flows.command("promote")
@_why
@_who
@_json
def promote_command(why: str, who: str, as_json: bool) -> None:
    """Give the staged release to all new talks."""
    _tell(_done(config.read(), "promote", Asked(who=who or login(), why=why)), as_json=as_json)


@flows.command("rollback")
@click.argument("release", required=False)
@_why
@_who
@_json
def rollback_command(release: str | None, why: str, who: str, as_json: bool) -> None:
    """Withdraw the staged release; if there is none, put the one before into service again. With RELEASE that one
    (`folder`: the workspace's folder, as before anything was published)."""
    settings = config.read()
    target = None if release is None else asyncio.run(_known(settings, release))
    _tell(_done(settings, "rollback", Asked(who=who or login(), why=why, release=target)), as_json=as_json)


async def _known(settings: Settings, word: str) -> str:
    if word == _FOLDER:
        return ""
    async with opened(settings) as store:
        return await _named(Releases(store, SystemClock()), store, word)


def _refused(folder: Path, findings: Sequence[Finding], *, as_json: bool) -> NoReturn:
    wrong = [finding for finding in findings if finding.severity == "error"]
    if as_json:
        told = [asdict(finding) for finding in findings]
        click.echo(json.dumps({"published": False, "findings": told}, ensure_ascii=False, default=str))
    else:
        for finding in wrong:
            click.echo(str(finding))
        click.echo(f"Not published: {folder} has {len(wrong)} mistake{'s' * (len(wrong) != 1)}.", err=True)
    sys.exit(1)


def _test(loaded: Workspace, settings: Settings, content: Content, folder: Path, *, as_json: bool) -> None:
    """Ends the command when a conversation of the content goes another way. Raises `FolderChanged`."""
    tried = flow_tests.go_through(loaded, settings.data / "models")
    if content_of(folder).release != content.release:
        raise releasing.FolderChanged(folder)
    if tried.holds:
        return
    if as_json:
        told = {"published": False, "findings": [], "tests": tried.for_programs()}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line in tried.in_words():
            click.echo(line)
        click.echo(
            "Not published: mend the flow, or what its conversation expects (`estafeta flows test` goes through them "
            'again). When it cannot wait: --untested "why", which the history keeps.',
            err=True,
        )
    sys.exit(1)


def _done(settings: Settings, what: str, asked: Asked, content: Content | None = None) -> Line:
    """What came of it. Raises an `EstafetaError` with a sentence."""

    async def directly(store: Store) -> Line:
        return await _directly(settings, store, what, asked, content)

    return publishing.done(settings, directly, releasing.address(what, asked))


async def _directly(settings: Settings, store: Store, what: str, asked: Asked, content: Content | None) -> Line:
    from estafeta.app.wiring import files_of

    releases = Releases(store, SystemClock())
    if what == "promote":
        return await releases.promote(who=asked.who, why=asked.why)
    if content is None:
        return await releases.roll_back(asked.release, who=asked.who, why=asked.why)
    files = files_of(settings)
    await files.open()
    try:
        return await releasing.publish(releases, files, content, Path(asked.folder), asked)
    finally:
        await files.close()


def _tell(line: Line, *, as_json: bool, more: str = "") -> None:
    if as_json:
        click.echo(json.dumps({"published": True, **encode(line)}, ensure_ascii=False))
        return
    before = f" (before: {_title(line.before)})" if line.before != line.release else ""
    said = {
        "published": f"{_title(line.release)} is in service{before}.",
        "staged": f"{_title(line.release)} is staged for {line.share}% of new talks.{more}",
        "promoted": f"{_title(line.release)} is in service for all{before}.",
        "withdrawn": f"{_title(line.release)} is withdrawn; {_title(line.before)} serves all new talks.",
        "rolled_back": f"{_title(line.release)} is in service again{_as_it_is(line.release)}{before}.",
    }[line.did]
    click.echo(f"{said} {_LIVE}")


def _as_it_is(release: str) -> str:
    return "" if release else ", with all that was changed in it since"


def _title(release: str) -> str:
    return release or "the workspace's folder"


# --- looking ---------------------------------------------------------------------------------------


@flows.command("list")
@click.option("--days", type=click.IntRange(1, 3650), default=7, show_default=True, help="Compare these latest days.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=20, show_default=True, help="Lines of the history.")
@_json
def list_command(days: int, limit: int, as_json: bool) -> None:
    """Say what is in service, who published what, when and why, and how the releases compare."""
    held, lines, found = asyncio.run(_listed(config.read(), days, limit))
    if as_json:
        told: dict[str, Json] = {"release": held.release, "staged": held.staged, "share": held.share}
        told["history"] = [encode(line) for line in lines]
        told["figures"] = {release: asdict(one) for release, one in found.items()}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    since = f" since {when(held.since)}" if held.since else ""
    click.echo(f"In service: {_title(held.release)}{since}")
    if held.staged:
        click.echo(f"Staged: {held.staged} for {held.share}% of new talks since {when(held.staged_at)}")
    columns([("", "When (UTC)", "Release", "Who", "Why"), *(_told(line) for line in lines)] if lines else [])
    rows = [_compared(release, one) for release, one in found.items()]
    head = ("Release", f"Conversations in {days} d", "Handed over", "Not understood", "Marks", "Bad")
    columns([head, *rows] if rows else [])


async def _listed(
    settings: Settings, days: int, limit: int
) -> tuple[Standing, tuple[Line, ...], dict[str, Figures]]:  # fmt: skip
    now = datetime.now(UTC)
    async with opened(settings) as store:
        releases = Releases(store, SystemClock())
        held, lines = await releases.standing(), await releases.history(limit)
        counted = await tally(store, now - timedelta(days=days), now)
    return held, lines, {release: counted.of(release) for release in counted.releases}


def _told(line: Line) -> tuple[str, ...]:
    did = line.did.replace("_", " ") + (f" {line.share}%" if line.did == "staged" else "")
    why = "; ".join(filter(None, (line.why, f"untested: {line.untested}" if line.untested else "")))
    return did, when(line.at), line.release or _FOLDER, line.who or "-", why or "-"


def _compared(release: str, one: Figures) -> tuple[str, ...]:
    shares = (share(one.handoffs, one.conversations), share(one.fallbacks, one.conversations))
    return release, str(one.conversations), *shares, str(one.marks), share(one.bad_marks, one.marks)


@flows.command("diff")
@click.argument("before", default=_CURRENT)
@click.argument("after", default=_FOLDER)
@_workspace
@_json
def diff_command(before: str, after: str, workspace: Path | None, as_json: bool) -> None:
    """Say what differs from BEFORE to AFTER, flow by flow and step by step: releases as `flows list` names them (the
    beginning of a name will do), `current`, `staged`, `folder`. Without names: what publishing would change."""
    settings = config.read()
    folder = (workspace or settings.workspace).resolve()
    one, other = asyncio.run(_contents(settings, folder, (before, after)))
    found = differences(_values(one, other), _values(other, one))
    media = [name for name in sorted({*one.media, *other.media}) if one.media.get(name) != other.media.get(name)]
    if as_json:
        told = {"before": one.release, "after": other.release, "media": media}
        click.echo(json.dumps({**told, "differences": [asdict(item) for item in found]}, ensure_ascii=False))
        return
    for line in [*as_lines(found), *(f"media/{name}: changed" for name in media)]:
        click.echo(plain(line))
    if not found and not media:
        same = one.release == other.release
        click.echo("Nothing differs." if same else "Only comments, spaces or quotes differ.")


async def _contents(settings: Settings, folder: Path, names: tuple[str, str]) -> tuple[Content, Content]:
    if set(names) == {_FOLDER}:
        return content_of(folder), content_of(folder)
    async with opened(settings) as store:
        releases = Releases(store, SystemClock())
        return await _content(releases, store, folder, names[0]), await _content(releases, store, folder, names[1])


async def _content(releases: Releases, store: Store, folder: Path, word: str) -> Content:
    if word in (_CURRENT, _STAGED):
        held = await releases.standing()
        if word == _STAGED and not held.staged:
            raise ConfigurationError("No release is staged.")
        if word == _CURRENT and not held.release:
            raise ConfigurationError("Nothing is published: the workspace's folder serves.")
        return await releases.content(held.staged if word == _STAGED else held.release)
    return content_of(folder) if word == _FOLDER else await releases.content(await _named(releases, store, word))


async def _named(releases: Releases, store: Store, word: str) -> str:
    """The release whose name begins so."""
    known = [key.removeprefix("kept:") for key, _ in await store.items(f"kept:{word}", limit=2)]
    if len(known) == 1 and word:
        return known[0]
    several = "begins more than one release's name" if known else "is no release that is kept"
    raise ConfigurationError(f"{word} {several}: `estafeta flows list` names them.")


def _values(content: Content, other: Content) -> dict[str, Any]:
    """What the files mean that differ; of one that is no YAML, its text."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="estafeta-diff-") as made:
        for number, (name, text) in enumerate(content.files.items()):
            if name.startswith("flows/") or other.files.get(name) != text:
                file = Path(made) / str(number)
                file.write_text(text, encoding="utf-8")
                found[name] = text if (read := source.read(file, name).data) is None else read
    return found
