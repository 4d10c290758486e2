"""Where the steps of compiled flows lead: what is never reached, and what never waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from flows.checks.files import Files
from flows.model import END, Ask, Call, CallPeople, Choose, Flow, Goto, Menu, Run, Step, Wait, Workspace


def following(step: Step) -> tuple[int, ...]:
    """Every step that may come after this one."""
    if isinstance(step, Ask | Wait):
        return (step.next, step.otherwise)
    if isinstance(step, Menu):
        return (*(option.leads_to for option in step.options), step.otherwise)
    if isinstance(step, Call):
        return (step.next, step.on_error)
    if isinstance(step, Choose):
        return (*(index for _, index in step.cases), step.next)
    return (step.next,)


def reached(start: Iterable[int], through: Mapping[int, tuple[int, ...]]) -> set[int]:
    """Every step that may come from these on."""
    pending, found = list(start), set()
    while pending:
        index = pending.pop()
        if index != END and index not in found:
            found.add(index)
            pending += through[index]
    return found


def unreachable(flow: Flow) -> Iterator[Step]:
    """The first step of every stretch that nothing leads to."""
    edges = {index: following(step) for index, step in enumerate(flow.steps)}
    found = reached([flow.start], edges)
    paths = {flow.steps[index].path for index in found}
    for index, step in enumerate(flow.steps):
        if index in found or step.path in paths:
            continue
        *block, number = step.path
        before = (*block, int(number) - 1) if number else _owner(step.path)
        if before in paths:
            yield step


def _owner(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    """The step that holds the block which `path` is in."""
    shorter = path[:-1]
    while shorter and not isinstance(shorter[-1], int):
        shorter = shorter[:-1]
    if len(shorter) >= 2 and shorter[-2] in ("choose", "menu"):
        shorter = shorter[:-2]
    return shorter


def _passing(flow: Flow, swift: Mapping[str, bool]) -> dict[int, tuple[int, ...]]:
    """The edges that are gone without waiting for the customer. A call waits, but not for the customer."""
    edges = {}
    for index, step in enumerate(flow.steps):
        stops = isinstance(step, Ask | Menu | Wait | CallPeople) or (
            isinstance(step, Run) and not swift.get(step.flow, False)
        )
        edges[index] = () if stops else following(step)
    return edges


def swift(flows: Mapping[str, Flow]) -> dict[str, bool]:
    """Which flows may run from start to end without waiting for the customer."""
    found = dict.fromkeys(flows, False)
    for _ in flows:
        before = dict(found)
        for name, flow in flows.items():
            edges = _passing(flow, found)
            found[name] = any(END in edges[index] for index in reached([flow.start], edges))
        if found == before:
            break
    return found


def circles(flow: Flow, swiftly: Mapping[str, bool]) -> Iterator[tuple[Step, bool]]:
    """Every `goto` that closes a circle which never waits for the customer. True: it can end by itself,
    because a condition is in it and no call."""
    edges = _passing(flow, swiftly)
    for index, step in enumerate(flow.steps):
        if not isinstance(step, Goto) or step.next == END:
            continue
        ahead = reached(edges[index], edges)
        if index not in ahead:
            continue
        circle = [flow.steps[other] for other in ahead if index in reached(edges[other], edges)]
        chooses = any(isinstance(other, Choose) for other in circle)
        yield step, chooses and not any(isinstance(other, Call) for other in circle)


def recursions(flows: Mapping[str, Flow], swiftly: Mapping[str, bool]) -> Iterator[tuple[Flow, Run]]:
    """Every step that runs a flow which comes back to it without waiting for the customer."""
    edges: dict[str, dict[str, Run]] = {}
    for name, flow in flows.items():
        passing = _passing(flow, swiftly)
        at_once = (flow.steps[index] for index in reached([flow.start], passing))
        edges[name] = {step.flow: step for step in at_once if isinstance(step, Run) and step.flow in flows}
    for name, flow in flows.items():
        for target, step in edges[name].items():
            pending, seen = [target], set()
            while pending:
                here = pending.pop()
                if here not in seen:
                    seen.add(here)
                    pending += edges[here]
            if name in seen:
                yield flow, step


def check(workspace: Workspace, files: Files) -> None:
    compiled = workspace.library.flows
    swiftly = swift(compiled)
    for name, flow in compiled.items():
        source = files.flows[name][0]
        for step in unreachable(flow):
            source.tell(
                step.path,
                "nothing leads to this step",
                "remove it, or lead to it with goto",
                warn=True,
                rule="unreachable",
            )
        for goto, may_end in circles(flow, swiftly):
            what = "this goto closes a loop that never waits for the customer"
            source.tell((*goto.path, "goto"), what, "put an ask into the loop, or end it", warn=may_end, rule="loop")
    for flow, run in recursions(compiled, swiftly):
        what = f'the flow "{run.flow}" comes back to "{flow.name}" without waiting for the customer'
        files.flows[flow.name][0].tell(
            (*run.path, "flow"), what, "put an ask between them, or do not run it here", rule="loop"
        )
