"""From what editors wrote to what runs: everything of a workspace, found by what starts it.

Nothing is refused here by raising: every mistake goes to `tell` with its place, and something
harmless takes its part, so that one pass finds all mistakes of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from estafeta.kernel.model import Media
from flows import templates
from flows.compile_flow import FlowCompiler
from flows.compile_texts import Tell, Texts
from flows.files import Action, BotFile, Phrases
from flows.flow_file import FlowFile
from flows.model import Ask, Flow, Library, Menu, PreparedAction, PressTo, Run, Say, Step
from flows.strict import LocalText
from flows.turn import FRAME_LIMIT
from flows.written import Place


def library(
    bot: BotFile,
    files: Mapping[str, FlowFile],
    media: Mapping[str, Media],
    tell_bot: Tell,
    tell_flow: Callable[[str], Tell],
) -> Library:
    """Everything that runs. `media` are the files that steps may name; `tell_flow(name)` takes the mistakes of that
    flow's file."""
    own = Texts(bot.languages, tell_bot)
    flows = {name: FlowCompiler(file, bot.languages, media, tell_flow(name)).flow() for name, file in files.items()}
    runs = {name: _runs(flow, flows) for name, flow in flows.items()}
    return Library(
        flows={name: replace(flow, asks=_all_asks(name, flows, runs)) for name, flow in flows.items()},
        by_intent={intent: name for name, file in files.items() for intent in file.start.intent},
        by_command={flow.command: name for name, flow in flows.items() if flow.command},
        by_words={words: name for name, file in files.items() for words in _words(file.start.button or ())},
        by_link={link: name for name, file in files.items() for link in file.start.link or ()},
        by_event={event: name for name, file in files.items() for event in file.start.event},
        scheduled={name: file.start.schedule for name, file in files.items() if file.start.schedule is not None},
        buttons={button.id: button for flow in flows.values() for step in flow.steps for button in _buttons_of(step)},
        answers=frozenset(_answers(flows.values())),
        phrases={name: own.copy(getattr(bot.phrases, name), ("phrases", name)) for name in Phrases.model_fields},
        actions={name: _action(action, own, ("actions", name)) for name, action in bot.actions.items()},
        names=own.copy(bot.name, ("name",)),
    )


def _words(texts: Iterable[LocalText]) -> Iterable[str]:
    for text in texts:
        for words in [text.root] if isinstance(text.root, str) else text.root.values():
            yield " ".join(words.split()).casefold()


def _action(action: Action, own: Texts, place: Place) -> PreparedAction:
    return PreparedAction(
        method=action.method,
        url=own.words(templates.url, action.url, (*place, "url")),
        headers=tuple(
            (name, own.words(templates.header, words, (*place, "headers", name)))
            for name, words in action.headers.items()
        ),
        timeout=action.timeout,
        retries=action.retries,
    )


def _buttons_of(step: Step) -> Iterable[PressTo]:
    if isinstance(step, Say | Ask):
        yield from step.buttons
    elif isinstance(step, Menu):
        yield from (option.button for option in step.options)


def _answers(flows: Iterable[Flow]) -> Iterable[str]:
    steps = (step for flow in flows for step in flow.steps)
    asking = (step for step in steps if isinstance(step, Menu) or (isinstance(step, Ask) and step.expect == "choice"))
    return (button.id for step in asking for button in _buttons_of(step))


def _runs(flow: Flow, flows: Mapping[str, Flow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(step.flow for step in flow.steps if isinstance(step, Run) and step.flow in flows))


def _all_asks(name: str, flows: Mapping[str, Flow], runs: Mapping[str, Sequence[str]]) -> tuple[tuple[str, str], ...]:
    """The questions of a flow and of those it runs, as deep as flows run each other, in order, each slot once. `runs`
    are the flows that each runs."""
    found: dict[str, str] = {}
    seen, level = {name}, [name]
    for _ in range(FRAME_LIMIT):
        deeper: list[str] = []
        for here in level:
            for slot, entity in flows[here].asks:
                found.setdefault(slot, entity)
            deeper += (run for run in runs[here] if run not in seen)
            seen.update(runs[here])
        level = deeper
    return tuple(found.items())
