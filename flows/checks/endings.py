"""Dead ends: a customer answers a question, and nothing is said any more, whatever the answer was.

A choice of a menu that leads nowhere is fine as long as another one leads somewhere ("No, thank you"), and so is a
flow that others run: they go on.
"""

from __future__ import annotations

from collections.abc import Mapping

from flows.checks.files import Files
from flows.checks.paths import following, reached
from flows.checks.starts import begins
from flows.model import Ask, Call, CallPeople, Flow, Menu, Run, Say, Step, Workspace


def check(workspace: Workspace, files: Files) -> None:
    flows = workspace.library.flows
    others = _carried_on(workspace, files)
    silent = _silent(flows)
    for name, flow in flows.items():
        if name in others:
            continue
        edges = {index: _goes_on(step) for index, step in enumerate(flow.steps)}
        spoken = {index for index, step in enumerate(flow.steps) if _speaks(step, silent)}
        for index in sorted(reached([flow.start], {at: following(step) for at, step in enumerate(flow.steps)})):
            step = flow.steps[index]
            if isinstance(step, Ask | Menu) and spoken.isdisjoint(reached(_answered(step), edges)):
                key, kind = ("ask", "question") if isinstance(step, Ask) else ("menu", "menu")
                what = f"a dead end: whoever answers this {kind} hears nothing more"
                mend = "add a say: after it, or a step that goes on: ask, menu, flow, handoff"
                files.flows[name][0].tell((*step.path, key), what, mend, warn=True, key=True, rule="dead-end")


def _answered(step: Ask | Menu) -> tuple[int, ...]:
    return tuple(option.leads_to for option in step.options) if isinstance(step, Menu) else (step.next,)


def _goes_on(step: Step) -> tuple[int, ...]:
    """Where it goes on when all is well: what is done when a call failed is another story."""
    return (step.next,) if isinstance(step, Call) else following(step)


def _speaks(step: Step, silent: set[str]) -> bool:
    return isinstance(step, Say | Ask | Menu | CallPeople) or (isinstance(step, Run) and step.flow not in silent)


def _silent(flows: Mapping[str, Flow]) -> set[str]:
    """Flows that never say a word, nor any that they run."""
    silent = set(flows)
    while True:
        loud = {name for name in silent if any(_speaks(step, silent) for step in flows[name].steps)}
        if not loud:
            return silent
        silent -= loud


def _carried_on(workspace: Workspace, files: Files) -> set[str]:
    """Flows after which another one goes on: those that others run, and those that only begin in the middle of a
    question, which is asked again then."""
    flows = workspace.library.flows.values()
    run = {step.flow for flow in flows for step in flow.steps if isinstance(step, Run)}
    by_say = {button.flow for flow in flows for step in flow.steps if isinstance(step, Say) for button in step.buttons}
    by_ask = {button.flow for flow in flows for step in flow.steps if isinstance(step, Ask) for button in step.buttons}
    alone = {name for name, (_, file) in files.flows.items() if begins(file)}
    return run | (by_ask - by_say - alone)
