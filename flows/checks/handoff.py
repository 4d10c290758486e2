"""Mistakes in what bot.yml says of skills and of calling people, in sentiment.yml, tone.yml and replies.yml: names that
lead nowhere, rules that nobody may switch off, templates that read what there is not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from flows import templates
from flows.checks.files import Files
from flows.checks.values import slots
from flows.model import Workspace
from flows.source import Source, nearest
from flows.strict import LANGUAGE, LocalText
from flows.written import Place

_REPLY_SCOPE = frozenset(["customer", "slots", "order", "operator", "ticket", "now", "range"])
_SAY_SCOPE = frozenset(["customer", "now", "range"])
_PARTS = {"customer": ("name", "language")}
_ALWAYS = {
    "user_request": "whoever asks for a person gets one",
    "flow_rule": "a flow calls people where an editor wrote it",
    "action_error": "a customer whose dialog broke off is not left alone",
    "bot_down": "a customer is not left alone while nothing is understood",
    "operator_takeover": "people may always take a conversation",
}
"""Reasons that no workspace switches off, and why."""


def check(workspace: Workspace, files: Files, sentiment: Source, tone: Source) -> None:
    """Tells each file's source what is wrong in it."""
    _check_replies(workspace, files)
    _check_languages(workspace.sentiment.words, sentiment, ("words",))
    _check_languages(workspace.tone.banned, tone, ("banned",))
    bot = files.bot
    if bot is None:
        return
    _check_skills(workspace, bot)
    _check_reasons(workspace, bot)
    if files.taught and workspace.training.intents:
        for place, intent in _intents(workspace):
            if intent not in workspace.training.intents:
                what = f'no training data for the intent "{intent}"'
                bot.tell(place, what, nearest(intent, workspace.training.intents), rule="name")


def _check_replies(workspace: Workspace, files: Files) -> None:
    for number, reply in enumerate(workspace.replies):
        if any(reply.name == other.name for other in workspace.replies[:number]):
            files.replies.tell(
                ("replies", number, "name"), f'"{reply.name}" is here twice', "give one another name", rule="name"
            )
    known = None if files.lost else slots(file for _, file in files.flows.values())
    for number, reply in enumerate(workspace.replies):
        place: Place = ("replies", number, "text")
        for here, template in _check_text(files.replies, place, reply.text, _REPLY_SCOPE, "replies"):
            for whose, part in sorted(template.parts):
                if whose == "slots" and known is not None and part not in known:
                    mend = nearest(part, known, "no ask, call or set of a flow gives it a value")
                    files.replies.tell(here, f'there is no slot "{part}"', mend, rule="name")


def _check_skills(workspace: Workspace, bot: Source) -> None:
    taken: dict[str, str] = {}
    for name, skill in workspace.skills.items():
        for number, other in enumerate(skill.relax_to):
            place: Place = ("skills", name, "relax_to", number)
            if other == name:
                bot.tell(place, f'"{name}" relaxes to itself', "name another skill, or leave it out", rule="name")
            elif other not in workspace.skills:
                bot.tell(place, f'there is no skill "{other}"', nearest(other, workspace.skills), rule="name")
        for number, intent in enumerate(skill.intents):
            if taken.setdefault(intent, name) != name:
                what = f'the intent "{intent}" is brought to the skill "{taken[intent]}" already'
                bot.tell(("skills", name, "intents", number), what, "an intent belongs to one skill", rule="name")


def _check_reasons(workspace: Workspace, bot: Source) -> None:
    reasons = workspace.bot.handoff.reasons
    for name in type(reasons).model_fields:
        rule = getattr(reasons, name)
        place: Place = ("handoff", "reasons", name)
        if rule.skill and rule.skill not in workspace.skills:
            what = f'there is no skill "{rule.skill}"'
            bot.tell((*place, "skill"), what, nearest(rule.skill, workspace.skills), rule="name")
        if not rule.on and name in _ALWAYS:
            bot.tell((*place, "on"), f"{name} cannot be switched off: {_ALWAYS[name]}", 'leave "on" out', rule="name")
        if rule.say is not None:
            _check_text(bot, (*place, "say"), rule.say, _SAY_SCOPE, "what is said of a reason")
            if name == "operator_takeover":
                what = "is never told: an operator who takes over is announced by the phrase taken"
                bot.tell(
                    (*place, "say"),
                    what,
                    'leave it out, and write "taken" under phrases',
                    key=True,
                    warn=True,
                    rule="name",
                )
    _check_languages(reasons.user_request.phrases, bot, ("handoff", "reasons", "user_request", "phrases"))
    _check_languages(reasons.sensitive_topic.words, bot, ("handoff", "reasons", "sensitive_topic", "words"))
    for number, address in enumerate(reasons.vip.customers):
        if address.count(":") < 2:
            place = ("handoff", "reasons", "vip", "customers", number)
            bot.tell(
                place,
                f'"{address}" is no address',
                "write it as channel:account:chat, like telegram:shop:42",
                rule="name",
            )


def _intents(workspace: Workspace) -> Iterator[tuple[Place, str]]:
    handoff = workspace.bot.handoff
    named: list[tuple[Place, tuple[str, ...]]] = [
        (("skills", name, "intents"), skill.intents) for name, skill in workspace.skills.items()
    ]
    named.append((("handoff", "solved"), handoff.solved))
    named.append((("handoff", "reasons", "user_request", "intents"), handoff.reasons.user_request.intents))
    named.append((("handoff", "reasons", "sensitive_topic", "intents"), handoff.reasons.sensitive_topic.intents))
    for place, intents in named:
        for number, intent in enumerate(intents):
            yield (*place, number), intent


def _check_languages(given: Mapping[str, object], source: Source, place: Place) -> None:
    for code in given:
        if not LANGUAGE.fullmatch(code):
            source.tell(
                (*place, code),
                f'"{code}" is no language code',
                "expected one like ru, en, pt-BR",
                key=True,
                rule="name",
            )


def _check_text(
    source: Source, place: Place, text: LocalText, scope: frozenset[str], where: str
) -> list[tuple[Place, templates.Compiled]]:
    """Compiles the text, in each of its languages, and looks at what it reads; the templates and their places."""
    by_language = {"": text.root} if isinstance(text.root, str) else text.root
    found: list[tuple[Place, templates.Compiled]] = []
    for language, words in by_language.items():
        here = (*place, language)
        try:
            compiled = templates.text(words)
        except templates.TemplateWrong as wrong:
            source.tell(here, f"template: {wrong}", "templates are Jinja2, like {{ customer.name }}", rule="name")
            continue
        if isinstance(compiled, templates.Compiled):
            _check_names(source, here, compiled, scope, where)
            found.append((here, compiled))
    return found


def _check_names(source: Source, place: Place, template: templates.Compiled, scope: frozenset[str], where: str) -> None:
    for name in sorted(template.names - scope):
        source.tell(place, f'"{name}" is not known in {where}', nearest(name, scope), rule="name")
    for whose, part in sorted(template.parts):
        if whose in _PARTS and part not in _PARTS[whose]:
            source.tell(place, f'{whose} has no "{part}"', nearest(part, _PARTS[whose]), rule="name")
