"""Runs flows: a position and what happened go in, a new position and what to do come out.

Pure: no clock, no chance, no input or output; the same arguments give the same outcome, and nothing
given is changed. A dialog is a stack of frames. The top one waits: for an answer, for an action's
reply, or for people. Below it wait flows that it interrupted (at their question) or that run it (at
their `flow` step); when it ends they go on, and an open question is asked again. Frames that were put
aside when people were called are left alone until the bot has the conversation back (`Resumed`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from estafeta.kernel.model import Dialog, Json, Parked, Understanding
from flows import questions, templates
from flows.model import Call as CallStep
from flows.model import Workspace
from flows.requests import PreparedRequest, RequestNotPrepared, render_action
from flows.scope import Call, HandoffRequest, Known, Open, Reply, Scope, Stuck, is_aside, only_aside, put_aside
from flows.turn import PARKED_LIMIT, Turn

__all__ = [
    "Begun", "Call", "HandoffRequest", "Happened", "Known", "Linked", "Outcome", "PreparedRequest", "Pressed", "Reply",
    "RequestNotPrepared", "Resulted", "Resumed", "Said", "Scope", "Woken", "acts", "advance", "answers", "is_aside",
    "is_late", "only_aside", "phrase", "postponed", "put_aside", "render_action", "starts_something", "waits_for_call",
]  # fmt: skip


_LABELS = (
    "human", "write_in_private", "message_done", "survey_excellent", "survey_fine", "survey_bad", "survey_reopen",
    "yes", "no",
)  # fmt: skip
"""Phrases that stand on buttons."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """`button` is the id of the one whose words these are, if it does nothing by itself."""

    text: str
    understanding: Understanding | None = None
    button: str = ""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """A link led here and carried that."""

    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event from outside; with a `flow` it is for that one."""

    event: str
    data: Json = None
    flow: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """The time of a flow that waits may have come."""


Given = Said | Pressed | Resulted | Resumed | Begun | Linked | Happened | Woken


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`matched` is False when nothing in the flows knew what to do; the dialog is unchanged then.
    `error` is a sentence when a flow broke off: it is gone with those that ran it, and there are no
    replies. `known` is what is kept of the customer from now on."""

    dialog: Dialog
    known: Known
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
        matched = _given(turn, given)
    except (Stuck, templates.TemplateFailed) as error:
        turn.drop_failed()
        return Outcome(dialog=turn.dialog(), known=turn.known, started=tuple(turn.started), error=str(error))
    if not matched:
        return Outcome(dialog=dialog, known=scope.known, matched=False)
    return Outcome(
        dialog=turn.dialog(),
        known=turn.known,
        replies=tuple(turn.replies),
        call=turn.call,
        handoff=turn.handoff,
        started=tuple(turn.started),
    )


def _given(turn: Turn, given: Given) -> bool:
    match given:
        case Said():
            return _said(turn, given)
        case Pressed():
            return _pressed(turn, given)
        case Resulted():
            return _resulted(turn, given)
        case Resumed():
            return _resumed(turn)
        case Begun():
            turn.start(given.flow, None)
            return True
        case Linked():
            return _linked(turn, given.payload)
        case Happened():
            return not turn.waits_for_call and turn.happened(given.event, given.data, given.flow)
        case Woken():
            return not turn.waits_for_call and turn.wake()


def waits_for_call(workspace: Workspace, dialog: Dialog) -> bool:
    """Whether the top frame waits for an action's reply. Keep the customer's words back meanwhile."""
    found = _top(workspace, dialog)
    return found is not None and isinstance(found.step, CallStep)


def answers(workspace: Workspace, dialog: Dialog, button: str) -> bool:
    """Whether a press of this button answers what is asked now."""
    found = _top(workspace, dialog)
    return found is not None and button in questions.answers(found)


def is_late(workspace: Workspace, dialog: Dialog, button: str) -> bool:
    """Whether a press of this button answers a question that is over."""
    return questions.of_question(workspace, button) and not answers(workspace, dialog, button)


def _top(workspace: Workspace, dialog: Dialog) -> Open | None:
    """The frame that may go on, if there is one."""
    restored = (Open.restore(workspace, frame) for frame in reversed(dialog.frames))
    found = next((frame for frame in restored if frame is not None), None)
    return None if found is None or found.aside else found


def postponed(workspace: Workspace, dialog: Dialog, given: Happened, now: datetime) -> Dialog:
    """The dialog when an event happens that nobody may speak of now: what it concerns goes on, or begins, as soon as
    the bot may (`Woken`). Unchanged when it concerns nothing."""
    waiting = None if given.flow else next((one for one in dialog.parked if one.event == given.event), None)
    flow = workspace.library.flows.get(given.flow or workspace.library.by_event.get(given.event, ""))
    kept = tuple(one for one in dialog.parked if one is not waiting)
    if waiting is not None:
        parked = replace(waiting, until=min(waiting.until, now), event="", happened=(given.data,))
    elif flow is not None and len(kept) < PARKED_LIMIT:
        parked = Parked(frames=(Open(flow, flow.start).store(),), until=now, happened=(given.data,))
    else:
        return dialog
    return replace(dialog, parked=(*kept, parked))


def acts(workspace: Workspace, dialog: Dialog, button: str) -> bool:
    """Whether a press of this button does something by itself: starts a flow, calls people, answers what is asked
    now. Else it says its words, and `Said` is what to give to `advance`."""
    return starts_something(workspace, button) or answers(workspace, dialog, button)


def starts_something(workspace: Workspace, button: str) -> bool:
    """Whether a press of this button means a flow or a handoff."""
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
    again what the running flow is about starts nothing anew. A button of a question that is over, pressed twice or
    late, answers no other one."""
    library = turn.workspace.library
    command = _command(said.text)
    flow = library.by_command.get(command) if command else None
    meant = _flow_meant(turn.workspace, said)
    if meant in turn.running and turn.question is not None:
        meant = None
    if flow is None and meant is not None and library.flows[meant].always:
        flow = meant
    if flow is not None:
        turn.start(flow, said.understanding)
        return True
    if command or turn.waits_for_call:
        return False
    late = questions.of_question(turn.workspace, said.button)
    heard = None if late else questions.hear(turn, said.text, said.understanding)
    if heard is not None and (heard.sure or meant is None):
        questions.take(turn, heard)
    elif meant is not None:
        turn.start(meant, said.understanding)
    elif turn.question is not None and turn.top is not None:
        (questions.ask if late else questions.ask_again)(turn, turn.top, turn.question)
    else:
        return False
    return True


def _command(text: str) -> str:
    """The name in "/name", "/name words" and "/name@bot"; "" when it is no command."""
    if not text.startswith("/"):
        return ""
    first = text[1:].split(maxsplit=1)[:1]
    return first[0].partition("@")[0].lower() if first else ""


def _flow_meant(workspace: Workspace, said: Said) -> str | None:
    """By the words of a button that starts a flow, else by the intent."""
    by_words = workspace.library.by_words.get(" ".join(said.text.split()).casefold())
    if by_words is not None:
        return by_words
    understanding = said.understanding
    if understanding is None or understanding.confidence < workspace.bot.fallback.confidence:
        return None
    return workspace.library.by_intent.get(understanding.intent)


def _linked(turn: Turn, payload: str) -> bool:
    """The flow for exactly that, else the one for how it begins, the longest such beginning first."""
    links = turn.workspace.library.by_link
    begins = [link for link in links if link.endswith("*") and payload.startswith(link[:-1])]
    found = payload if payload in links else max(begins, key=len, default=None)
    if found is None or not payload or turn.waits_for_call:
        return False
    turn.keep("event", payload)
    turn.start(links[found], None)
    return True


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
    heard = questions.press(turn, pressed.button)
    if heard is None and not questions.of_question(turn.workspace, pressed.button):
        heard = questions.hear(turn, pressed.label, None)
    if heard is None:
        return False
    questions.take(turn, heard)
    return True


def _resulted(turn: Turn, result: Resulted) -> bool:
    """A result that nobody waits for any more changes nothing."""
    top = turn.top
    if top is not None and isinstance(top.step, CallStep):
        turn.called(top.step, ok=result.ok, data=result.data)
    return True


def _resumed(turn: Turn) -> bool:
    turn.resume()
    return True
