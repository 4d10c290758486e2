"""What the bot says, held to the house style of tone.yml: how it speaks to people, capitals, !!, words that are not
written here, and no jokes where somebody complains."""

from __future__ import annotations

import re
from collections.abc import Iterator

from flows import house_style
from flows.checks.files import Files
from flows.checks.languages import texts
from flows.flow_file import FlowFile
from flows.model import Workspace
from flows.source import Source, nearest
from flows.steps import HandoffStep, walk
from flows.strict import LocalText
from flows.tone_file import ToneFile
from flows.written import Place

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`|https?://\S+")
"""What is to be copied letter by letter."""
_SENTENCE = re.compile(r"[.!?…\n]+")
_PILED = re.compile(r"!{2,}|\?{2,}")
"""Twice is once too often in what is written beforehand."""
_CUSTOMERS = ("buttons", "menu", "button", "summary", "title")
"""Keys of words that customers say, or that they never see: nobody is spoken to in them."""


def check(workspace: Workspace, files: Files, tone: Source) -> None:
    _check_complaints(workspace, files, tone)
    for source, file in files.flows.values():
        joking = _complains(workspace, file)
        for place, text in texts(file, ()):
            _check_text(source, place, text, workspace.tone, joking=joking)
    for number, reply in enumerate(workspace.replies):
        _check_text(files.replies, ("replies", number, "text"), reply.text, workspace.tone)
    if files.bot is not None:
        for place, text in _of_the_bot(workspace):
            _check_text(files.bot, place, text, workspace.tone)


def _of_the_bot(workspace: Workspace) -> Iterator[tuple[Place, LocalText]]:
    yield from texts(workspace.bot.phrases, ("phrases",))
    yield from texts(workspace.bot.handoff, ("handoff",))


def _check_complaints(workspace: Workspace, files: Files, tone: Source) -> None:
    rules = workspace.tone.complaints
    known = workspace.training.intents
    for number, intent in enumerate(rules.intents if known and files.taught else ()):
        if intent not in known:
            place: Place = ("complaints", "intents", number)
            tone.tell(place, f'no training data for the intent "{intent}"', nearest(intent, known), rule="name")
    for number, skill in enumerate(rules.skills if files.bot is not None else ()):
        if skill not in workspace.skills:
            place = ("complaints", "skills", number)
            tone.tell(place, f'there is no skill "{skill}" in bot.yml', nearest(skill, workspace.skills), rule="name")


def _complains(workspace: Workspace, file: FlowFile) -> bool:
    rules = workspace.tone.complaints
    if not (rules.intents or rules.skills):
        return False
    called = {step.handoff.skill for _, step in walk(file.steps) if isinstance(step, HandoffStep)}
    return bool(set(rules.intents) & set(file.start.intent) or set(rules.skills) & called)


def _check_text(source: Source, place: Place, text: LocalText, style: ToneFile, *, joking: bool = False) -> None:
    by_language = {"": text.root} if isinstance(text.root, str) else text.root
    for language, words in by_language.items():
        for what, mend in _remarks(words, place, style, joking=joking):
            source.tell((*place, language), what, mend, warn=True, rule="style")


def _remarks(words: str, place: Place, style: ToneFile, *, joking: bool) -> Iterator[tuple[str, str]]:
    text = house_style.own(_CODE.sub(" ", _TEMPLATE.sub(" ", words)))
    if style.capitals and any(house_style.shouts(sentence) for sentence in _SENTENCE.split(text)):
        yield "capitals throughout read as shouting", "write it in small letters; **bold** stands out too"
    if style.piled and (found := _PILED.search(text)):
        yield f'"{found[0]}" reads as irritation', f'one "{found[0][0]}" is enough'
    if not any(key in place for key in _CUSTOMERS):
        yield from _address(text, style)
    banned = house_style.banned(text, style)
    if banned:
        mend = "say it otherwise, or take it off banned: in tone.yml"
        yield f"the house does not write this: {_quoted(banned)}", mend
    jokes = house_style.joking(text, style) if joking else []
    if jokes:
        yield f"this makes light of a complaint: {_quoted(jokes)}", "say it soberly"


def _address(text: str, style: ToneFile) -> Iterator[tuple[str, str]]:
    thou, you = house_style.thou(text), house_style.you(text)
    if style.address == "вы" and thou:
        yield f'"{thou}" speaks as to a friend; the house says «Вы»', "write it with «Вы», or set address: in tone.yml"
    elif style.address == "ты" and you:
        yield f'"{you}" speaks as to a stranger; the house says «ты»', "write it with «ты», or set address: in tone.yml"
    elif style.address == "any" and thou and you:
        yield f'"{thou}" and "{you}" in one text: «ты» and «Вы» are mixed', "choose one of them"


def _quoted(words: list[str]) -> str:
    return ", ".join(f'"{word}"' for word in words[:3])
