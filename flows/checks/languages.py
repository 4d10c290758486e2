"""Every text in every language of the workspace, and in no other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from flows.checks.files import Files
from flows.flow_file import FlowFile
from flows.model import Workspace
from flows.source import Source, nearest
from flows.steps import walk
from flows.strict import LocalText
from flows.written import Place


def texts(value: object, place: Place) -> Iterator[tuple[Place, LocalText]]:
    """Every text written in a file."""
    if isinstance(value, LocalText):
        yield place, value
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            if isinstance(field.default, LocalText) and name not in value.model_fields_set:
                continue  # our own words, in the languages that we have them in
            yield from texts(getattr(value, name), (*place, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*place, key))
    elif isinstance(value, tuple):
        for number, item in enumerate(value):
            yield from texts(item, (*place, number))


def usual_languages(files: Iterable[BaseModel]) -> tuple[str, ...]:
    """The languages that most texts are written in: what is to be expected while bot.yml cannot be read."""
    written = [text.languages for file in files for _, text in texts(file, ()) if text.languages]
    counts = Counter(language for languages in written for language in languages)
    usual = tuple(language for language, count in counts.items() if 2 * count > len(written))
    return usual or tuple(counts)[:1] or ("en",)


def check(workspace: Workspace, files: Files) -> None:
    places: list[tuple[Source, Place, object]] = [(source, (), file) for source, file in files.flows.values()]
    places += [(files.replies, ("replies", number), reply) for number, reply in enumerate(workspace.replies)]
    if files.bot is not None:
        places.append((files.bot, (), workspace.bot))
    for source, below, value in places:
        for place, text in texts(value, below):
            _check_text(workspace, source, place, text, listed=files.bot is not None)
    for source, flow in files.flows.values():
        _check_said(source, flow)


def _check_said(source: Source, flow: FlowFile) -> None:
    """Messengers refuse a message of no words."""
    for place, step in walk(flow.steps):
        said = getattr(step, "say", None)
        for at, text in texts(said, (*place, "say")) if not getattr(step, "media", None) else ():
            words = text.root if isinstance(text.root, dict) else {"": text.root}
            for language, one in words.items():
                if not one.strip():
                    source.tell(
                        (*at, language) if language else at, "there are no words here", "write them, or remove the step"
                    )


def _check_text(workspace: Workspace, source: Source, place: Place, text: LocalText, *, listed: bool) -> None:
    """`listed`: the languages are those of bot.yml, not only the usual ones."""
    written = text.languages
    if written is None:
        return
    for language in written if listed else ():
        if language not in workspace.languages:
            mend = nearest(language, workspace.languages)
            source.tell(
                (*place, language),
                f'"{language}" is not among the languages of bot.yml',
                mend,
                key=True,
                rule="language",
            )
    missing = [language for language in workspace.languages if language not in written]
    if missing:
        meanwhile = next(iter(language for language in workspace.languages if language in written), written[0])
        mend = f"add {missing[0]}: here; until then {meanwhile} is said there"
        source.tell(place, f"no translation into {', '.join(missing)}", mend, warn=True, rule="language")
