"""Names in a flow's steps that lead nowhere: flows, steps, actions, entities, skills."""

from __future__ import annotations

from datetime import datetime

from flows.answers import BUILT_IN
from flows.checks.files import Files
from flows.model import Workspace
from flows.source import Source, nearest
from flows.steps import AskStep, CallStep, FlowStep, GotoStep, HandoffStep, SayStep, WaitStep, name_of, walk
from flows.templates import is_plain
from flows.written import Place


def check(workspace: Workspace, files: Files) -> None:
    flows = workspace.library.flows.keys() | files.lost
    for source, file in files.flows.values():
        steps = list(walk(file.steps))
        names = {name_of(step) for _, step in steps} - {""}
        for place, step in steps:
            _check_step(workspace, files, source, place, step, names)
            if isinstance(step, FlowStep):
                _check_flow(source, (*place, "flow"), step.flow, flows)
            for number, button in enumerate(step.buttons if isinstance(step, SayStep | AskStep) else ()):
                where = (*place, "buttons", number)
                _check_flow(source, (*where, "flow"), button.flow, flows)
                if button.handoff is not None and files.bot is not None:
                    _check_skill(workspace, source, (*where, "handoff", "skill"), button.handoff.skill)


def _check_step(
    workspace: Workspace, files: Files, source: Source, place: Place, step: object, names: set[str]
) -> None:
    match step:
        case GotoStep() if step.goto not in names:
            what = f'there is no step "{step.goto}" in this flow'
            source.tell((*place, "goto"), what, nearest(step.goto, names), rule="name")
        case HandoffStep() if files.bot is not None:
            _check_skill(workspace, source, (*place, "handoff", "skill"), step.handoff.skill)
        case CallStep() if files.bot is not None:
            _check_call(workspace, source, place, step)
        case AskStep() if step.expect not in BUILT_IN and files.taught:
            known = workspace.training.entities
            if step.expect not in known:
                mend = nearest(step.expect, [*BUILT_IN, *known])
                what = f'"{step.expect}" is no kind of answer, and no entity of the training data'
                source.tell((*place, "expect"), what, mend, warn=not known, rule="name")
        case WaitStep() if step.wait.until is not None and is_plain(step.wait.until):
            _check_time(source, (*place, "wait", "until"), step.wait.until)


def _check_flow(source: Source, place: Place, flow: str | None, flows: set[str]) -> None:
    if flow is not None and flow not in flows:
        source.tell(place, f'there is no flow "{flow}"', nearest(flow, flows), rule="name")


def _check_time(source: Source, place: Place, until: str) -> None:
    try:
        datetime.fromisoformat(until)
    except ValueError:
        mend = "write one like 2026-12-31T10:00, or a template that gives one"
        source.tell(place, f'"{until}" is no time to wait until', mend, rule="form")


def _check_skill(workspace: Workspace, source: Source, place: Place, skill: str) -> None:
    if skill and skill not in workspace.skills:
        source.tell(place, f'there is no skill "{skill}" in bot.yml', nearest(skill, workspace.skills), rule="name")


def _check_call(workspace: Workspace, source: Source, place: Place, step: CallStep) -> None:
    action = workspace.library.actions.get(step.call)
    if action is None:
        mend = nearest(step.call, workspace.library.actions)
        source.tell((*place, "call"), f'there is no action "{step.call}" in bot.yml', mend, rule="name")
        return
    words = [action.url, *(header for _, header in action.headers)]
    wanted: set[str] = set().union(*(template.names for template in words if not isinstance(template, str)))
    wanted -= {"vars", "secrets", "range"}
    for name in sorted(wanted - step.with_.keys()):
        what = f'the action "{step.call}" needs "{name}"'
        source.tell((*place, "call"), what, f'add with: {{{name}: "{{{{ slots.{name} }}}}"}}', rule="name")
    if action.method in ("GET", "DELETE"):
        for name in sorted(step.with_.keys() - wanted):
            mend = nearest(name, wanted, "leave it out")
            source.tell(
                (*place, "with", name), f'"{step.call}" does not use "{name}"', mend, key=True, warn=True, rule="name"
            )
