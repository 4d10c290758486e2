"""Flows that nothing starts, and intents that start none."""

from __future__ import annotations

from flows.checks.files import Files, Flows
from flows.flow_file import FlowFile
from flows.model import Workspace
from flows.source import nearest
from flows.steps import AskStep, FlowStep, SayStep, walk

_NOBODYS = frozenset(["out_of_scope", "nlu_fallback"])
"""Intents that mean "not understood": no flow answers them."""


def check(workspace: Workspace, files: Files) -> None:
    flows, intents = files.flows, files.intents
    started = _run_by_others(flows)
    for name, (source, file) in flows.items():
        for number, intent in enumerate(file.start.intent):
            if files.taught and intent not in intents:
                what = f'no training data for the intent "{intent}"'
                mend = nearest(intent, intents) if intents else "say in nlu/*.yml what customers write"
                source.tell(("start", "intent", number), what, mend, warn=not intents, rule="start")
        if file.start.command == "start":
            source.tell(("start", "command"), "/start is the greeting's", "choose another command", rule="start")
        if not begins(file) and name not in started and not files.lost:
            mend = "give it start: with an intent or a command, or run it from another flow or a button"
            source.tell(("flow",), f'nothing starts the flow "{name}"', mend, warn=True, rule="start")
    by_intent = {intent for _, file in flows.values() for intent in file.start.intent}
    answered = {*by_intent, *_NOBODYS, *_answered_by_people(workspace)}
    for intent, (source, place) in intents.items():
        if intent not in answered and files.bot is not None and not files.lost:
            mend = "add it to the start: of a flow"
            source.tell((*place, "intent"), f'no flow answers the intent "{intent}"', mend, warn=True, rule="start")


def begins(file: FlowFile) -> bool:
    """Whether it says what starts it."""
    return any(getattr(file.start, key) for key in type(file.start).model_fields)


def _answered_by_people(workspace: Workspace) -> set[str]:
    """Intents that call people, or call them off: they need no flow."""
    rules = workspace.bot.handoff
    return {*rules.reasons.user_request.intents, *rules.reasons.sensitive_topic.intents, *rules.solved}


def _run_by_others(flows: Flows) -> set[str]:
    found: set[str] = set()
    for name, (_, file) in flows.items():
        for _, step in walk(file.steps):
            if isinstance(step, FlowStep) and step.flow != name:
                found.add(step.flow)
            elif isinstance(step, SayStep | AskStep):
                found.update(button.flow for button in step.buttons if button.flow and button.flow != name)
    return found
