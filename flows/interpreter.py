"""Runs flows: a position and what happened go in, a new position and what to do come out.

Pure: no clock, no chance, no input or output; the same arguments give the same outcome, and nothing
given is changed. A dialog is a stack of frames. The top one waits: for an answer, for an action's
reply, or for people. Below it wait flows that it interrupted (at their question) or that run it (at
their `flow` step); when it ends they go on, and an open question is asked again. Frames that were put
aside when people were called are left alone until the bot has the conversation back (`Resumed`).
"""

from __future__ import annotations

from dataclasses import dataclass

from estafeta.kernel.model import Dialog, Json, Understanding
from flows import templates
from flows.answers import answer, says_more
from flows.model import Call as CallStep
from flows.model import Workspace
from flows.requests import PreparedRequest, RequestNotPrepared, render_action
from flows.turn import Call, HandoffRequest, Open, Reply, Scope, Stuck, Turn, is_aside, only_aside, put_aside

__all__ = [
    "Begun", "Call", "HandoffRequest", "Outcome", "PreparedRequest", "Pressed", "Reply", "RequestNotPrepared",
    "Resulted", "Resumed", "Said", "Scope", "advance", "is_aside", "only_aside", "phrase", "put_aside", "render_action",
    "starts_something", "waits_for_call",
]  # fmt: skip


_LABELS = (
    "human", "write_in_private", "message_done", "survey_excellent", "survey_fine", "survey_bad", "survey_reopen",
)  # fmt: skip
"""Phrases that stand on buttons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    text: str
    understanding: Understanding | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pressed:
    button: str
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resulted:
    """The call that the top frame waits for has finished."""

    ok: bool
    data: Json = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The bot has the conversation back from people: it goes on, or asks the open question again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """People chose this flow for the bot to go on with; it is one of the workspace's."""

    flow: str


Given = Said | Pressed | Resulted | Resumed | Begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`matched` is False when nothing in the flows knew what to do; the dialog is unchanged then.
    `error` is a sentence when a flow broke off: it is gone with those that ran it, and there are no
    replies."""

    dialog: Dialog
    replies: tuple[Reply, ...] = ()
    call: Call | None = None
    handoff: HandoffRequest | None = None
    started: tuple[str, ...] = ()
    matched: bool = True
    error: str = ""


def advance(workspace: Workspace, dialog: Dialog, given: Given, scope: Scope) -> Outcome:
    """One turn of the bot."""
    turn = Turn(workspace, dialog, scope)
    try:
        match given:
            case Said():
                matched = _said(turn, given)
            case Pressed():
                matched = _pressed(turn, given)
            case Resulted():
                matched = _resulted(turn, given)
            case Resumed():
                matched = _resumed(turn)
            case Begun():
                turn.start(given.flow, None)
                matched = True
    except (Stuck, templates.TemplateFailed) as error:
        turn.drop_failed()
        return Outcome(dialog=turn.dialog(), started=tuple(turn.started), error=str(error))
    if not matched:
        return Outcome(dialog=dialog, matched=False)
    return Outcome(
        dialog=turn.dialog(),
        replies=tuple(turn.replies),
        call=turn.call,
        handoff=turn.handoff,
        started=tuple(turn.started),
    )


def waits_for_call(workspace: Workspace, dialog: Dialog) -> bool:
    """Whether the top frame waits for an action's reply. Keep the customer's words back meanwhile."""
    for frame in reversed(dialog.frames):
        found = Open.restore(workspace, frame)
        if found is not None:
            return isinstance(found.step, CallStep) and not found.aside
    return False


def starts_something(workspace: Workspace, button: str) -> bool:
    """Whether a press of this button means a flow or a handoff. Else it says its words, and `Said`
    is what to give to `advance`."""
    found = workspace.library.buttons.get(button)
    return found is not None and (found.handoff is not None or found.flow in workspace.library.flows)


def phrase(workspace: Workspace, name: str, language: str, **values: object) -> str:
    """A phrase of bot.yml: Markdown, or the plain words of a button. One whose template fails is said
    without its templates: a phrase is often the last thing that can still be said."""
    words = workspace.library.phrases[name].words(language)
    if isinstance(words, str):
        return words
    bot = {"name": templates.unrendered(workspace.library.names.words(language))}
    render = templates.render if name in _LABELS else templates.render_markdown
    try:
        return render(words, {"bot": bot, **values})
    except templates.TemplateFailed:
        return templates.unrendered(words)


# --- what happened -------------------------------------------------------------------------------


def _said(turn: Turn, said: Said) -> bool:
    """The order of decision: a command or an `always` flow, an answer to the open question, another
    flow, the question once more. What asks for another flow in words of its own starts it even if it
    has the asked entity in it ("where is order 100272" when the number to cancel is asked). Saying
    again what the running flow is about starts nothing anew."""
    library = turn.workspace.library
    command = _command(said.text)
    flow = library.by_command.get(command) if command else None
    meant = _flow_meant(turn.workspace, said.understanding)
    if meant in turn.running and turn.question is not None:
        meant = None
    if flow is None and meant is not None and library.flows[meant].always:
        flow = meant
    if flow is not None:
        turn.start(flow, said.understanding)
        return True
    if command or turn.waits_for_call:
        return False
    question = turn.question
    found = None if question is None else answer(turn.workspace, question, said.text, said.understanding)
    elsewhere = meant is not None and question is not None and says_more(question, said.text, said.understanding)
    if question is not None and found is not None and not elsewhere:
        turn.answered(question, found)
    elif meant is not None:
        turn.start(meant, said.understanding)
    elif question is not None:
        turn.ask_again()
    else:
        return False
    return True


def _command(text: str) -> str:
    """The name in "/name", "/name words" and "/name@bot"; "" when it is no command."""
    if not text.startswith("/"):
        return ""
    first = text[1:].split(maxsplit=1)[:1]
    return first[0].partition("@")[0].lower() if first else ""


def _flow_meant(workspace: Workspace, understanding: Understanding | None) -> str | None:
    if understanding is None or understanding.confidence < workspace.bot.fallback.confidence:
        return None
    return workspace.library.by_intent.get(understanding.intent)


def _pressed(turn: Turn, pressed: Pressed) -> bool:
    """False for a button that only says its words, unless they answer the open question."""
    button = turn.workspace.library.buttons.get(pressed.button)
    if button is not None and button.handoff is not None:
        turn.call_people(button.handoff)
        return True
    if turn.waits_for_call:
        return False
    if button is not None and button.flow in turn.workspace.library.flows:
        turn.start(button.flow, None)
        return True
    question = turn.question
    found = None if question is None else answer(turn.workspace, question, pressed.label, None)
    if question is None or found is None:
        return False
    turn.answered(question, found)
    return True


def _resulted(turn: Turn, result: Resulted) -> bool:
    """A result that nobody waits for any more changes nothing."""
    top = turn.top
    if top is not None and isinstance(top.step, CallStep):
        turn.called(top.step, ok=result.ok, data=result.data)
    return True


def _resumed(turn: Turn) -> bool:
    turn.wake()
    if turn.top is not None:
        turn.come_back()
    return True
