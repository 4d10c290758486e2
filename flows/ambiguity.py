"""Two intents that a message may equally well mean: worth a question, unlike one that means nothing known. What was
said is kept until the customer chose, and need not be said again."""

from __future__ import annotations

from dataclasses import replace

from estafeta.kernel.model import Button, Dialog, Doubt, Intent, Understanding
from flows.interpreter import Said
from flows.model import Workspace

_MEANT = "meant:"
CLOSE = 0.4
"""The least share of the first one's confidence that the second needs."""
_LABEL = 64


def ambiguous(understanding: Understanding, enough: float) -> tuple[Intent, Intent] | None:
    """The two intents to ask about, the likelier first; None when the text means one of them clearly, or
    neither. Confidences are chances (calibrated, and low for a text out of scope), so those of the two
    together are the chance that the question will be right; `enough` is the chance that an answer needs."""
    if len(understanding.ranking) < 2:
        return None
    first, second = understanding.ranking[:2]
    close = second.confidence >= CLOSE * first.confidence
    return (first, second) if first.confidence < enough <= first.confidence + second.confidence and close else None


def asked(workspace: Workspace, understanding: Understanding, language: str) -> tuple[Intent, Intent] | None:
    """The same of the workspace that has to ask: only what different flows with different titles answer can be asked
    about."""
    two = ambiguous(understanding, workspace.bot.fallback.confidence)
    if two is None:
        return None
    titles, flows = workspace.matters(language), workspace.library.by_intent
    one, other = (intent.name for intent in two)
    if one not in titles or other not in titles or flows[one] == flows[other]:
        return None
    return None if titles[one].casefold() == titles[other].casefold() else two


def question(workspace: Workspace, dialog: Dialog, said: Said, language: str) -> tuple[Dialog, tuple[Button, ...]]:
    """The two buttons that ask what was meant, and the dialog that keeps what was said; no buttons when there is
    nothing to ask."""
    known = said.understanding
    two = asked(workspace, known, language) if known is not None else None
    if known is None or two is None:
        return dialog, ()
    titles = workspace.matters(language)
    between = tuple(intent.name for intent in two)
    kept = replace(dialog, doubt=Doubt(text=said.text, between=between, entities=known.entities))
    return kept, tuple(Button(id=f"{_MEANT}{intent.name}", text=titles[intent.name][:_LABEL]) for intent in two)


def settled(dialog: Dialog, button: str) -> tuple[Dialog, Said] | None:
    """What the customer had said, now that a press of this button told what it means; None when it told nothing of
    that kind, or what was said is not known any more: of two questions only the later one's words are."""
    intent = button.removeprefix(_MEANT)
    if dialog.doubt is None or intent == button or intent not in dialog.doubt.between:
        return None
    meant = Understanding(
        intent=intent, confidence=1.0, ranking=(Intent(name=intent, confidence=1.0),), entities=dialog.doubt.entities
    )
    return replace(dialog, doubt=None), Said(text=dialog.doubt.text, understanding=meant)
