"""While a person has the conversation the bot is silent: what that means, held against every decision of the
interleavings."""

from __future__ import annotations

from collections.abc import Sequence

from estafeta.kernel.model import Conversation, Entry, OutboxItem, Stage, Text, ToAction, ToCustomer
from flows import interpreter
from flows.model import Workspace

ALLOWED = ("taken", "idle", "ask_contact", "promise_late")
"""What the platform itself may say meanwhile: who is there, whether the customer still is, what an operator asks
for, and a promise that will not hold."""
BOTS = ("flow", "stuck", "surveyed")
"""Events of what only the bot does."""
OF_WAITING = ("told", "message")
"""Timers that mean nothing but while the customer waits."""


def broken(
    before: Conversation, after: Conversation, new: Sequence[OutboxItem], entries: Sequence[Entry], workspace: Workspace
) -> str:
    """What does not hold, in a sentence; "" if all does."""
    waits = after.stage is Stage.QUEUED
    if not waits and any(timer.name in OF_WAITING for timer in after.timers):
        return "a timer of the queue is left over"
    aside = [interpreter.is_aside(frame) for frame in after.dialog.frames]
    if after.stage is Stage.BOT and any(aside):
        return "the bot has the conversation, and what was put aside was not taken up"
    if after.stage is not Stage.HUMAN:
        return ""
    if not all(aside):
        return "a flow is under way while a person has the conversation"
    if before.stage is Stage.HUMAN and after.dialog != before.dialog:
        return "a flow went on while a person had the conversation"
    if any(isinstance(item.body, ToAction) for item in new):
        return "an action was called while a person had the conversation"
    events = [str(entry.data["event"]) for entry in entries if entry.kind == "event"]
    if set(events) & set(BOTS):
        return f"the bot did something while a person had the conversation: {events}"
    for message in (item.body.message for item in new if isinstance(item.body, ToCustomer)):
        words = " ".join(part.text for part in message.parts if isinstance(part, Text))
        if message.author.kind == "bot":
            return f"the bot spoke while a person had the conversation: {words}"
        if message.author.kind == "system" and not _allowed(words, after.customer.language, workspace):
            return f"a notice that nobody wants while a person has the conversation: {words}"
    return ""


def _allowed(words: str, language: str, workspace: Workspace) -> bool:
    phrases = (interpreter.phrase(workspace, name, language, opens_at="@") for name in ALLOWED)
    return any(words.startswith(phrase.partition("@")[0]) for phrase in phrases)
