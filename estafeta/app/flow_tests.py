"""`estafeta flows test`: goes through the conversations in a workspace's flows/tests/ and shows where one differs."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from itertools import groupby, zip_longest
from pathlib import Path

import click

from estafeta.app import config
from estafeta.kernel.model import Json
from flows import loader, talks
from flows.model import Workspace
from flows.source import Finding, nearest
from flows.talk_match import Row
from flows.talks import Ran, Told

_SHOWN_BEFORE = 2
"""Acts that are shown before the one that differs."""
_NARROWEST, _WIDEST = 60, 160


@dataclass(frozen=True, slots=True)
class Tried:
    """All conversations of a workspace, gone through, and what is wrong in their files."""

    ran: Sequence[tuple[Told, Ran]]
    findings: Sequence[Finding]

    @property
    def holds(self) -> bool:
        return not _mistakes(self.findings) and all(each.difference is None for _, each in self.ran)

    def in_words(self) -> Iterator[str]:
        """What is wrong, as `estafeta flows test` shows it, and a line that counts."""
        yield from map(str, self.findings)
        for told, each in self.ran:
            yield from in_words(told, each, _width())
        yield _counted(self.ran, self.findings)

    def for_programs(self) -> Json:
        return _as_json(self.ran, self.findings)


def _mistakes(findings: Sequence[Finding]) -> list[Finding]:
    """A warning is told, and nothing fails by it."""
    return [finding for finding in findings if finding.severity == "error"]


def go_through(workspace: Workspace, models: Path) -> Tried:
    """What `estafeta flows test` goes through. Nothing is sent and no action is called."""
    from estafeta.app.flow_around import surroundings

    told, findings = talks.find(workspace)
    if not told:
        return Tried((), findings)
    with surroundings(workspace, models) as around:
        return Tried([(one, each) for one in told for each in talks.run(workspace, one.talk, around)], findings)


@click.command("test")
@click.argument("names", nargs=-1, metavar="[WORKSPACE] [NAMES]...")
@click.option("--workspace", "named", type=click.Path(path_type=Path), help="The folder to read; or its first word.")
@click.option("--no-model", is_flag=True, help="Leave the trained model out: only what the tests say is understood.")
@click.option("--json", "for_programs", is_flag=True, help="Print the result as JSON.")
def test_command(names: tuple[str, ...], named: Path | None, no_model: bool, for_programs: bool) -> None:
    """Go through the conversations in flows/tests/ of WORKSPACE (default: the one of the settings) and show where one
    goes another way than it should. NAMES choose some: of files (order-status) or of conversations ("*lost*").

    Nothing is sent and no action is called: the tests say what actions reply. Ends with 1 if a conversation differs
    or a file is wrong."""
    from estafeta.app.flow_around import surroundings

    settings = config.read()
    first = Path(names[0]) if names else settings.workspace
    given = named is None and bool(names) and (first / "bot.yml").is_file()
    folder, wanted = (first, names[1:]) if given else (named or settings.workspace, names)
    workspace = _loaded(folder, for_programs=for_programs)
    told, findings = talks.find(workspace)
    chosen, findings = _chosen(told, findings, wanted)
    began = time.monotonic()
    ran: list[tuple[Told, Ran]] = []
    if not for_programs:
        for finding in findings:
            click.echo(click.style(str(finding), fg="yellow"))
    with surroundings(workspace, None if no_model else settings.data / "models") as around:
        for file, several in groupby(chosen, key=lambda one: one.file):
            here = [(one, each) for one in several for each in talks.run(workspace, one.talk, around)]
            ran += here
            if not for_programs:
                _show(file, here)
    if for_programs:
        click.echo(json.dumps(_as_json(ran, findings), ensure_ascii=False, indent=2))
    else:
        click.echo(_summary(ran, findings, time.monotonic() - began))
    sys.exit(1 if _mistakes(findings) or any(each.difference for _, each in ran) else 0)


def _loaded(folder: Path, *, for_programs: bool) -> Workspace:
    """The workspace; the command ends when it has mistakes."""
    workspace, findings = loader.find(folder)
    if workspace is not None:
        return workspace
    wrong = [finding for finding in findings if finding.severity == "error"]
    if for_programs:
        click.echo(json.dumps(_as_json([], wrong), ensure_ascii=False, indent=2))
    else:
        for finding in wrong:
            click.echo(str(finding), err=True)
        click.echo(f"{folder} has to be mended first: no conversation was gone through", err=True)
    sys.exit(1 if folder.is_dir() else 2)


def _chosen(
    told: Sequence[Told], findings: Sequence[Finding], wanted: Sequence[str]
) -> tuple[list[Told], list[Finding]]:
    """Those whose file or own name fits one of the names, and what is wrong in such files; all without any name. Ends
    the command for a name of none."""
    if not wanted:
        return list(told), list(findings)
    found: list[Told] = []
    wrong: list[Finding] = []
    for name in wanted:
        fitting = [one for one in told if name in (one.talk.test, *_names(one.file))]
        fitting = fitting or [one for one in told if fnmatchcase(one.talk.test, name)]
        mistakes = [finding for finding in findings if name in _names(finding.file)]
        if not fitting and not mistakes:
            files = {Path(file).stem for file in (*(one.file for one in told), *(one.file for one in findings))}
            close = get_close_matches(name, {*files, *(one.talk.test for one in told)}, n=1)
            click.echo(f'There is no file and no conversation "{name}": {nearest(name, close or files)}', err=True)
            sys.exit(2)
        found += fitting
        wrong += mistakes
    return [one for one in told if one in found], sorted(set(wrong))


def _names(file: str) -> tuple[str, str]:
    return file, Path(file).stem


# --- for people ----------------------------------------------------------------------------------


def _show(file: str, ran: Sequence[tuple[Told, Ran]]) -> None:
    differ = sum(each.difference is not None for _, each in ran)
    mark = click.style(f"{differ} of {len(ran)} differ", fg="red") if differ else f"{len(ran)} hold"
    click.echo(f"{file}: {mark}")
    for told, each in ran:
        for line in in_words(told, each, _width()):
            click.echo(line)


def _summary(ran: Sequence[tuple[Told, Ran]], findings: Sequence[Finding], took: float) -> str:
    if not ran and not findings:
        return f"There is no conversation in {talks.FOLDER}/ yet; docs/flows.md tells how to write one"
    return f"{_counted(ran, findings)} ({took:.1f} s)"


def _counted(ran: Sequence[tuple[Told, Ran]], findings: Sequence[Finding]) -> str:
    differ = sum(each.difference is not None for _, each in ran)
    steps = [f"{len(ran)} conversation{'s' * (len(ran) != 1)}", f"{differ} differ{'s' * (differ == 1)}"]
    wrong = len(_mistakes(findings))
    if wrong:
        steps.append(f"{wrong} mistake{'s' * (wrong != 1)} in the files")
    return ", ".join(steps)


def _width() -> int:
    return max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size().columns))


def in_words(told: Told, ran: Ran, width: int) -> Iterator[str]:
    """A conversation that differs: what went before, and both sides beside each other."""
    difference = ran.difference
    if difference is None:
        return
    language = f" ({ran.language})" if ran.talk.languages and len(ran.talk.languages) > 1 else ""
    yield ""
    yield click.style(f"{told.file}:{told.line(difference.line)}: {told.talk.test}{language}", bold=True)
    *before, last = ran.went
    if len(before) > _SHOWN_BEFORE:
        yield click.style("  …", dim=True)
    for went in before[-_SHOWN_BEFORE:]:
        yield click.style(f"  {went.words}", dim=True)
        for got in went.got:
            yield click.style(f"    {got}", dim=True)
    yield f"  {last.words}"
    half = (width - 7) // 2
    yield click.style(f"    {'expected':<{half}} │ got", dim=True)
    for row in difference.rows:
        yield from _row(row, half)
    flows = dict.fromkeys(got.flow for got in last.got if got.flow)
    if flows:
        yield click.style(f"    said by {', '.join(flows)}", dim=True)
    if difference.hint:
        yield click.style(f"    {difference.hint}", fg="yellow")
    yield ""


def _row(row: Row, half: int) -> Iterator[str]:
    left, right = (textwrap.wrap(words, half) or ["—"] for words in (row.expected, row.got))
    for number, (one, other) in enumerate(zip_longest(left, right, fillvalue="")):
        sign = " " if row.holds else "✗" if number == 0 else " "
        shown, came = f"{one:<{half}}", other
        if row.holds:
            shown, came = click.style(shown, dim=True), click.style(came, dim=True)
        else:
            shown, came = click.style(shown, fg="green"), click.style(came, fg="red")
        yield f"  {sign} {shown} │ {came}".rstrip()


# --- for programs --------------------------------------------------------------------------------


def _as_json(ran: Sequence[tuple[Told, Ran]], findings: Sequence[Finding]) -> Json:
    return {
        "findings": [asdict(finding) for finding in findings],
        "conversations": [
            {
                "file": told.file,
                "line": told.line(each.difference.line if each.difference else None),
                "test": told.talk.test,
                "language": each.language,
                "holds": each.difference is None,
                **(_differs(each) if each.difference else {}),
            }
            for told, each in ran
        ],
    }


def _differs(ran: Ran) -> dict[str, Json]:
    difference = ran.difference
    if difference is None:
        return {}
    return {
        "after": ran.went[-1].words,
        "rows": [{"expected": row.expected, "got": row.got, "holds": row.holds} for row in difference.rows],
        "hint": difference.hint,
    }
