"""What is written and can never come to matter: words that are never said, values that nobody reads, cases that are
never come to."""

from __future__ import annotations

from collections.abc import Iterator

from flows import templates
from flows.answers import BUILT_IN
from flows.checks.files import Files
from flows.checks.values import all_templates
from flows.flow_file import FlowFile
from flows.model import Workspace
from flows.source import Source, nearest
from flows.steps import AskStep, ChooseStep, ForgetStep, MenuStep, RememberStep, SayStep, When, walk
from flows.written import Place


def check(workspace: Workspace, files: Files) -> None:
    kept = _kept(files)
    read = _read(workspace, files)
    for source, file in files.flows.values():
        for place, step in walk(file.steps):
            if isinstance(step, AskStep | MenuStep):
                _check_attempts(source, place, step)
            if isinstance(step, MenuStep) and step.order == "habit" and len(step.menu) == 1:
                what = "a menu of one choice has no order"
                source.tell((*place, "order"), what, "leave order: out", warn=True, rule="idle")
            if isinstance(step, SayStep | AskStep):
                _check_values(source, place, step, {*BUILT_IN, *workspace.training.entities})
            if isinstance(step, ChooseStep):
                _check_cases(source, place, step)
            if isinstance(step, ForgetStep) and not files.lost:
                _check_forgotten(source, place, step, kept)
            if read is not None and not files.lost:
                for where, name in _remembers(place, step):
                    if name not in read:
                        what = f'"{name}" is remembered and nothing ever reads it'
                        mend = f"read it as memory.{name}, ask with still: whether it holds, or do not remember it"
                        source.tell(where, what, mend, key=True, warn=True, rule="idle")
        for place, template in all_templates(workspace.library.flows[file.flow]) if not files.lost else ():
            _check_memory(source, place, template, kept)


def _check_attempts(source: Source, place: Place, step: AskStep | MenuStep) -> None:
    """Without a further attempt nothing is said again."""
    for name in ("again", "invalid"):
        if step.attempts == 0 and getattr(step, name, None) is not None:
            what = f"{name}: is never said, for attempts: 0 asks only once"
            source.tell((*place, name), what, f"leave {name}: out, or allow attempts", key=True, warn=True, rule="idle")


def _check_values(source: Source, place: Place, step: SayStep | AskStep, answers: set[str]) -> None:
    if isinstance(step, AskStep) and step.expect not in answers:
        return  # it is told, and may have meant a choice
    for number, button in enumerate(step.buttons):
        if button.value is not None and (not isinstance(step, AskStep) or step.expect != "choice"):
            what = "value: is what a choice keeps, and nothing is chosen here"
            mend = "ask with expect: choice, or leave value: out"
            source.tell((*place, "buttons", number, "value"), what, mend, key=True, warn=True, rule="idle")


def _check_cases(source: Source, place: Place, step: ChooseStep) -> None:
    seen: list[str] = []
    for number, case in enumerate(step.choose):
        where: Place = (*place, "choose", number)
        if seen and seen[-1] == "true":
            source.tell(where, "the case before it always holds", "put it first", warn=True, rule="unreachable")
            return
        if isinstance(case, When):
            condition = " ".join(case.when.split())
            if condition in seen:
                what = "the same condition stands above, and that case is taken"
                source.tell((*where, "when"), what, "change one of them", warn=True, rule="unreachable")
            elif condition.lower() == "false":
                what = "this case never holds"
                source.tell((*where, "when"), what, "write a condition, or remove it", warn=True, rule="unreachable")
            seen.append(condition.lower() if condition.lower() == "true" else condition)


def _check_forgotten(source: Source, place: Place, step: ForgetStep, kept: set[str]) -> None:
    for number, name in enumerate(step.forget):
        if name != "all" and name not in kept:
            what = f'nothing remembers "{name}"'
            source.tell((*place, "forget", number), what, nearest(name, ["all", *kept]), warn=True, rule="name")


def _check_memory(source: Source, place: Place, template: templates.Compiled, kept: set[str]) -> None:
    for whose, part in sorted(template.parts):
        if whose == "memory" and part not in kept and part not in ("get", "items", "keys", "values"):
            mend = nearest(part, kept, "no remember: keeps it")
            source.tell(place, f'nothing remembers "{part}"', mend, warn=True, rule="value")


def _remembers(place: Place, step: object) -> Iterator[tuple[Place, str]]:
    """The names that a step keeps for later talks."""
    if isinstance(step, AskStep) and step.remember is not None:
        yield (*place, "remember"), step.ask
    elif isinstance(step, RememberStep):
        yield from (((*place, "remember", name), name) for name in step.remember)


def _kept(files: Files) -> set[str]:
    return {name for _, file in files.flows.values() for name in _kept_by(file)}


def _kept_by(file: FlowFile) -> Iterator[str]:
    for place, step in walk(file.steps):
        yield from (name for _, name in _remembers(place, step))


def _read(workspace: Workspace, files: Files) -> set[str] | None:
    """The names in memory that something reads; None where memory is read whole."""
    still = {
        step.ask
        for _, file in files.flows.values()
        for _, step in walk(file.steps)
        if isinstance(step, AskStep) and step.still is not None
    }
    found = set(still)
    for flow in workspace.library.flows.values():
        for _, template in all_templates(flow):
            if "memory" in template.names:
                parts = {part for whose, part in template.parts if whose == "memory"}
                if templates.reads_whole(template, "memory") or parts & {"get", "items", "keys", "values"}:
                    return None
                found |= parts
    return found
