"""What the bot decided on a customer's words, told again from the timeline: by the content of then, or by another.

Beside the words stands where the talk was (`place`), so each turn is retold by itself, and nothing is sent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from estafeta.kernel.codec import DecodingError, decode, encode
from estafeta.kernel.model import Customer, Dialog, Entry, Json, Understanding
from flows import interpreter
from flows.interpreter import Outcome
from flows.model import Workspace
from handoff import triggers
from handoff.hours import Timetable

_LARGEST = 4000
"""Characters of a place; a larger one is kept without what the bot had collected."""
Asked = interpreter.Said | interpreter.Pressed


def place(dialog: Dialog) -> dict[str, Json]:
    """Where a talk stands, for the timeline; nothing where nothing is open and nothing known."""
    kept = replace(dialog, parked=())
    if not kept.frames:
        return {"release": kept.release} if kept.release else {}
    plain = encode(kept)
    if len(json.dumps(plain, ensure_ascii=False)) > _LARGEST:
        plain = encode(replace(kept, slots={}))
    return {"dialog": plain}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retold:
    """`asked` is what the bot was given, `reason` why people are called by rules besides the flows ("" if not)."""

    before: Dialog
    asked: Asked
    outcome: Outcome
    reason: str = ""


def before(entry: Entry) -> Dialog:
    """Where the talk was when these words came."""
    plain = entry.data.get("dialog")
    if not isinstance(plain, Mapping):
        return Dialog(release=str(entry.data.get("release", "")))
    try:
        return decode(Dialog, plain)
    except DecodingError:
        return Dialog()


def retell(entry: Entry, customer: Customer, workspace: Workspace) -> Retold:
    """What the bot makes of a customer's words by this content; they are understood as they were then. What is kept
    of the customer is as of now."""
    dialog = before(entry)
    asked = _asked(entry, workspace, dialog)
    language = customer.language or workspace.default_language
    reason = ""
    if isinstance(asked, interpreter.Said):
        known = triggers.as_meant(workspace, asked.text, asked.understanding)
        asked = replace(asked, understanding=known)
        why = triggers.reason_to_call(
            workspace, text=asked.text, understanding=known, customer=customer, past=(), language=language, now=entry.at
        )
        reason = why.reason if why is not None and why.reason in triggers.AT_ONCE else ""
    scope = interpreter.Scope(
        language=language,
        customer_name=customer.name,
        now=entry.at,
        open=Timetable(workspace.hours).is_open(workspace.default_skill, entry.at),
        seed=str(entry.id).rpartition(".")[0],
        known=interpreter.Known(tags=customer.tags, memory=customer.memory, habits=customer.habits),
    )
    return Retold(
        before=dialog, asked=asked, outcome=interpreter.advance(workspace, dialog, asked, scope), reason=reason
    )


def _asked(entry: Entry, workspace: Workspace, dialog: Dialog) -> Asked:
    button = str(entry.data.get("button", ""))
    if button and (interpreter.acts(workspace, dialog, button) or not entry.text):
        return interpreter.Pressed(button=button, label=entry.text)
    understanding = entry.understanding if isinstance(entry.understanding, Understanding) else None
    return interpreter.Said(text=entry.text, understanding=understanding, button=button)
