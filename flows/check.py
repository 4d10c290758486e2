"""Mistakes that only show when a workspace is read as a whole: names that lead nowhere, texts that
are not translated, flows that nothing starts, steps that nothing reaches, loops that never wait."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pydantic import BaseModel

from flows import paths, templates
from flows.answers import BUILT_IN
from flows.hours_file import DEFAULT, EVERY, Schedule
from flows.model import Ask, Call, CallPeople, Choose, Copy, Flow, HandOff, PressTo, Say, Set, Step, Workspace
from flows.source import Source
from flows.steps import (
    AskStep,
    CallStep,
    FlowFile,
    FlowStep,
    GotoStep,
    HandoffStep,
    Place,
    SayStep,
    SetStep,
    name_of,
    walk,
)
from flows.strict import LocalText

Flows = Mapping[str, tuple[Source, FlowFile]]

_SCOPE = frozenset(["slots", "customer", "bot", "now", "open", "range"])
_PHRASE_SCOPE = frozenset(["customer", "bot", "now", "opens_at", "operator", "position", "wait"])
_PARTS = {"customer": ("name", "language"), "bot": ("name",)}
_NOBODYS = frozenset(["out_of_scope", "nlu_fallback"])
"""Intents that mean "not understood": no flow answers them."""


def nearest(word: str, known: Iterable[str], otherwise: str = "") -> str:
    """How to mend a word that is not among the known ones."""
    names = sorted(known)
    close = get_close_matches(word, names, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    return otherwise or (f"known: {', '.join(names[:12])}{'…' * (len(names) > 12)}" if names else "there is none yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Where everything was read from, to tell the mistakes to. `intents` is where the training data
    teaches each.

    What a broken file may define is not called unknown: `bot` and `hours` are None when they could not
    be read, `lost` are the names of flows that could not, `taught` is False when some training data
    could not."""

    bot: Source | None
    hours: Source | None
    replies: Source
    flows: Flows
    intents: Mapping[str, tuple[Source, Place]]
    lost: frozenset[str] = frozenset()
    taught: bool = True


def check(workspace: Workspace, files: Files) -> None:
    """Tells each file's source what is wrong in it."""
    bot, hours, replies, flows = files.bot, files.hours, files.replies, files.flows
    _check_languages(workspace, files)
    for number, reply in enumerate(workspace.replies):
        if any(reply.name == other.name for other in workspace.replies[:number]):
            replies.tell(("replies", number, "name"), f'"{reply.name}" is here twice', "give one another name")
    if bot is not None:
        _check_bot(workspace, bot)
    if bot is not None and hours is not None:
        _check_schedules(workspace, hours)
    _check_starts(workspace, files)
    for source, file in flows.values():
        for place, step in walk(file.steps):
            _check_references(workspace, files, source, file, place, step)
        _check_names(source, workspace.library.flows[file.flow], files)
    _check_paths(workspace, flows)


def _check_schedules(workspace: Workspace, hours: Source) -> None:
    file = workspace.hours
    for name, schedule in file.schedules.items():
        _check_whose(workspace, hours, ("schedules", name), name)
        _check_holidays(workspace, hours, ("schedules", name), schedule)
    for dates, exception in file.exceptions.items():
        for name in exception.root if isinstance(exception.root, dict) else ():
            _check_whose(workspace, hours, ("exceptions", dates, name), name)
    for name, shift in file.shifts.items():
        _check_holidays(workspace, hours, ("shifts", name, "times"), shift.times)
        if not shift.people:
            hours.tell(("shifts", name), f'nobody is in the shift "{name}"', "add people: [...]", key=True, warn=True)


def _check_whose(workspace: Workspace, hours: Source, place: Place, name: str) -> None:
    """A schedule is for a skill, a channel ("vk/*"), both ("vk/delivery"), or all the others ("default")."""
    skill = name.rpartition("/")[2]
    if (skill != DEFAULT or "/" in name) and skill != EVERY and skill not in workspace.skills:
        mend = nearest(skill, [DEFAULT, *workspace.skills])
        hours.tell(place, f'"{skill}" is no skill of bot.yml', mend, key=True)


def _check_holidays(workspace: Workspace, hours: Source, place: Place, schedule: Schedule) -> None:
    if schedule.holidays and workspace.hours.holidays is None:
        mend = "add holidays: {country: ...} to the file, or leave it out here"
        hours.tell((*place, "holidays"), "no country is named whose holidays are kept", mend, key=True, warn=True)


# --- texts ---------------------------------------------------------------------------------------


def _texts(value: object, place: Place) -> Iterator[tuple[Place, LocalText]]:
    """Every text written in a file."""
    if isinstance(value, LocalText):
        yield place, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if isinstance(field.default, LocalText) and name not in value.model_fields_set:
                continue  # our own words, in the languages that we have them in
            yield from _texts(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from _texts(item, (*place, number))


def usual_languages(files: Iterable[BaseModel]) -> tuple[str, ...]:
    """The languages that most texts are written in: what is to be expected while bot.yml cannot be read."""
    written = [text.languages for file in files for _, text in _texts(file, ()) if text.languages]
    counts = Counter(language for languages in written for language in languages)
    usual = tuple(language for language, count in counts.items() if 2 * count > len(written))
    return usual or tuple(counts)[:1] or ("en",)


def _check_languages(workspace: Workspace, files: Files) -> None:
    places: list[tuple[Source, Place, object]] = [(source, (), file) for source, file in files.flows.values()]
    places += [(files.replies, ("replies", number), reply) for number, reply in enumerate(workspace.replies)]
    if files.bot is not None:
        places.append((files.bot, (), workspace.bot))
    for source, below, value in places:
        for place, text in _texts(value, below):
            _check_text(workspace, source, place, text, listed=files.bot is not None)


def _check_text(workspace: Workspace, source: Source, place: Place, text: LocalText, *, listed: bool) -> None:
    """`listed`: the languages are those of bot.yml, not only the usual ones."""
    written = text.languages
    if written is None:
        return
    for language in written if listed else ():
        if language not in workspace.languages:
            mend = nearest(language, workspace.languages)
            source.tell((*place, language), f'"{language}" is not among the languages of bot.yml', mend, key=True)
    missing = [language for language in workspace.languages if language not in written]
    if missing:
        mend = f"add {missing[0]}: here; until then it is said in another language"
        source.tell(place, f"no translation into {', '.join(missing)}", mend, warn=True)


# --- names ---------------------------------------------------------------------------------------


def _check_bot(workspace: Workspace, bot: Source) -> None:
    for name, copy in workspace.library.phrases.items():
        for language, template in _compiled(copy):
            for read in sorted(template.names - _PHRASE_SCOPE):
                place = ("phrases", name, language)
                bot.tell(place, f'"{read}" is not known in phrases', nearest(read, _PHRASE_SCOPE))
            _check_parts(bot, ("phrases", name, language), template)
    for name, action in workspace.library.actions.items():
        parts: list[tuple[Place, templates.Words]] = [(("url",), action.url)]
        parts += [(("headers", key), words) for key, words in action.headers]
        for below, words in parts:
            for read, part in sorted(words.parts) if isinstance(words, templates.Compiled) else ():
                if read == "vars" and part not in workspace.bot.vars:
                    mend = nearest(part, workspace.bot.vars, f"add it to vars:, or set ESTAFETA_VAR_{part}")
                    bot.tell(("actions", name, *below), f'vars has no "{part}"', mend, warn=True)


def _check_starts(workspace: Workspace, files: Files) -> None:
    flows, intents = files.flows, files.intents
    started = _run_by_others(flows)
    by_intent: dict[str, str] = {}
    by_command: dict[str, str] = {}
    for name, (source, file) in flows.items():
        for number, intent in enumerate(file.start.intent):
            place: Place = ("start", "intent", number)
            if intents and files.taught and intent not in intents:
                source.tell(place, f'no training data for the intent "{intent}"', nearest(intent, intents))
            if by_intent.setdefault(intent, name) != name:
                mend = "an intent starts one flow"
                source.tell(place, f'the intent "{intent}" starts the flow "{by_intent[intent]}" already', mend)
        command = (file.start.command or "").lower()
        if command == "start":
            source.tell(("start", "command"), "/start is the greeting's", "choose another command")
        elif command and by_command.setdefault(command, name) != name:
            mend = "choose another command"
            source.tell(("start", "command"), f'"/{command}" starts the flow "{by_command[command]}" already', mend)
        if not file.start.intent and not command and name not in started and not files.lost:
            mend = "give it start: with an intent or a command, or run it from another flow or a button"
            source.tell(("flow",), f'nothing starts the flow "{name}"', mend, warn=True)
    answered = {*by_intent, *_NOBODYS, *_answered_by_people(workspace)}
    for intent, (source, place) in intents.items():
        if intent not in answered and files.bot is not None and not files.lost:
            mend = "add it to the start: of a flow"
            source.tell((*place, "intent"), f'no flow answers the intent "{intent}"', mend, warn=True)


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


def _check_references(
    workspace: Workspace, files: Files, source: Source, file: FlowFile, place: Place, step: object
) -> None:
    flows = workspace.library.flows.keys() | files.lost
    names = {name_of(other) for _, other in walk(file.steps)} - {""}
    if isinstance(step, GotoStep) and step.goto not in names:
        source.tell((*place, "goto"), f'there is no step "{step.goto}" in this flow', nearest(step.goto, names))
    elif isinstance(step, FlowStep) and step.flow not in flows:
        source.tell((*place, "flow"), f'there is no flow "{step.flow}"', nearest(step.flow, flows))
    elif isinstance(step, HandoffStep) and files.bot is not None:
        _check_skill(workspace, source, (*place, "handoff", "skill"), step.handoff.skill)
    elif isinstance(step, CallStep) and files.bot is not None:
        _check_call(workspace, source, place, step)
    elif isinstance(step, AskStep) and step.expect not in BUILT_IN:
        known = workspace.training.entities
        if known and files.taught and step.expect not in known:
            mend = nearest(step.expect, [*BUILT_IN, *known])
            source.tell((*place, "expect"), f'no training data for the entity "{step.expect}"', mend)
    if isinstance(step, SayStep | AskStep):
        for number, button in enumerate(step.buttons):
            where = (*place, "buttons", number)
            if button.flow is not None and button.flow not in flows:
                mend = nearest(button.flow, flows)
                source.tell((*where, "flow"), f'there is no flow "{button.flow}"', mend)
            if button.handoff is not None and files.bot is not None:
                _check_skill(workspace, source, (*where, "handoff", "skill"), button.handoff.skill)


def _check_skill(workspace: Workspace, source: Source, place: Place, skill: str) -> None:
    if skill and skill not in workspace.skills:
        source.tell(place, f'there is no skill "{skill}" in bot.yml', nearest(skill, workspace.skills))


def _check_call(workspace: Workspace, source: Source, place: Place, step: CallStep) -> None:
    action = workspace.library.actions.get(step.call)
    if action is None:
        mend = nearest(step.call, workspace.library.actions)
        source.tell((*place, "call"), f'there is no action "{step.call}" in bot.yml', mend)
        return
    words = [action.url, *(header for _, header in action.headers)]
    wanted: set[str] = set().union(*(template.names for template in words if not isinstance(template, str)))
    wanted -= {"vars", "secrets", "range"}
    for name in sorted(wanted - step.with_.keys()):
        what = f'the action "{step.call}" needs "{name}"'
        source.tell((*place, "call"), what, f'add with: {{{name}: "{{{{ slots.{name} }}}}"}}')
    if action.method in ("GET", "DELETE"):
        for name in sorted(step.with_.keys() - wanted):
            mend = nearest(name, wanted, "leave it out")
            source.tell((*place, "with", name), f'"{step.call}" does not use "{name}"', mend, key=True, warn=True)


# --- what templates read -------------------------------------------------------------------------


def _compiled(copy: Copy) -> Iterator[tuple[str, templates.Compiled]]:
    """The templates of a text, each with its language ("" for a text without)."""
    for language, words in (copy.by_language or {"": copy.default}).items():
        if isinstance(words, templates.Compiled):
            yield language, words


def _copies(step: Step) -> Iterator[tuple[Place, Copy]]:
    if isinstance(step, Say | Ask):
        for number, copy in enumerate(step.variants):
            yield ("say", number), copy
        for number, button in enumerate(step.buttons):
            yield from _button_copies(number, button)
    if isinstance(step, Ask) and step.again is not step.variants:
        for number, copy in enumerate(step.again):
            yield ("again", number), copy
    if isinstance(step, CallPeople):
        yield ("handoff", "summary"), step.handoff.summary


def _button_copies(number: int, button: PressTo) -> Iterator[tuple[Place, Copy]]:
    yield ("buttons", number, "text"), button.text
    if isinstance(button.handoff, HandOff):
        yield ("buttons", number, "handoff", "summary"), button.handoff.summary


def _templates(step: Step) -> Iterator[tuple[Place, templates.Compiled]]:
    for place, copy in _copies(step):
        for language, template in _compiled(copy):
            yield (*step.path, *place, language), template
    if isinstance(step, Choose):
        for number, (condition, _) in enumerate(step.cases):
            yield (*step.path, "choose", number, "when"), condition
    values = step.values if isinstance(step, Set) else tuple(step.arguments.items()) if isinstance(step, Call) else ()
    for name, value in values:
        for template in templates.templates_in(value):
            yield (*step.path, "set" if isinstance(step, Set) else "with", name), template


def _check_names(source: Source, flow: Flow, files: Files) -> None:
    slots = _slots(files.flows)
    for step in flow.steps:
        for place, template in _templates(step):
            for read in sorted(template.names - _SCOPE - slots) if not files.lost else ():
                mend = nearest(read, slots | _SCOPE, "no ask, call or set gives it a value")
                source.tell(place, f'"{read}" is not known here', mend)
            for whose, part in sorted(template.parts):
                if whose == "slots" and part not in slots and not files.lost:
                    mend = nearest(part, slots, "no ask, call or set gives it a value")
                    source.tell(place, f'there is no slot "{part}"', mend)
            _check_parts(source, place, template)


def _check_parts(source: Source, place: Place, template: templates.Compiled) -> None:
    for whose, part in sorted(template.parts):
        if whose in _PARTS and part not in _PARTS[whose]:
            source.tell(place, f'{whose} has no "{part}"', nearest(part, _PARTS[whose]))


def _slots(flows: Flows) -> set[str]:
    """Every name that some flow gives a value to: slots are the conversation's, not the flow's."""
    found: set[str] = {"handoff"}  # what people did, told to the bot when a ticket ends
    for _, file in flows.values():
        for _, step in walk(file.steps):
            if isinstance(step, AskStep):
                found.add(step.ask)
            elif isinstance(step, CallStep) and step.save:
                found.add(step.save)
            elif isinstance(step, SetStep):
                found.update(step.set)
    return found


# --- where steps lead ----------------------------------------------------------------------------


def _check_paths(workspace: Workspace, flows: Flows) -> None:
    compiled = workspace.library.flows
    swiftly = paths.swift(compiled)
    for name, flow in compiled.items():
        source = flows[name][0]
        for step in paths.unreachable(flow):
            source.tell(step.path, "nothing leads to this step", "remove it, or lead to it with goto", warn=True)
        for goto, may_end in paths.circles(flow, swiftly):
            what = "this goto closes a loop that never waits for the customer"
            source.tell((*goto.path, "goto"), what, "put an ask into the loop, or end it", warn=may_end)
    for flow, run in paths.recursions(compiled, swiftly):
        what = f'the flow "{run.flow}" comes back to "{flow.name}" without waiting for the customer'
        flows[flow.name][0].tell((*run.path, "flow"), what, "put an ask between them, or do not run it here")
