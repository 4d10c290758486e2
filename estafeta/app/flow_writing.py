"""Writes a test out of what the customer did: goes through the conversation and notes what comes of it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from estafeta.app.flow_timeline import Happened, masked
from estafeta.app.masking import Masking
from estafeta.kernel.model import Json
from flows import model
from flows.model import Workspace
from flows.talk_around import Around
from flows.talk_match import Got, fits
from flows.talk_running import Running
from flows.talks_file import Act, Talk

_WORTH_TELLING = timedelta(minutes=10)
_WAITED_FOR = timedelta(minutes=1)
"""A shorter time that matters where flows wait for one."""
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """An action that was called, and what came of it."""

    action: str
    arguments: Mapping[str, Json]
    ok: bool = True
    reply: Json = None


class Writing:
    """Goes through the conversation and writes down what comes of it."""

    def __init__(
        self, workspace: Workspace, around: Around, given: dict[str, Any], called: Sequence[Called],
        masking: Masking | None,
    ) -> None:  # fmt: skip
        self._workspace = workspace
        self._around = around
        self._given = given
        self._stubs = list(_stubs_of(called))
        self._masking = masking
        self.remarks: list[str] = []

    def test(self, name: str, acts: Sequence[Happened], until: datetime, slots: Mapping[str, Json]) -> dict[str, Any]:
        lines = list(_with_pauses(self._workspace, acts, until))
        while True:
            talk = Talk.model_validate({
                **self._given, "test": name, "actions": self._stubs, "talk": [line for line, _ in lines],
            })  # fmt: skip
            language = (talk.customer.language if talk.customer else None) or self._workspace.default_language
            written, missing = self._go_through(talk, language, lines)
            if missing is None:
                break
            self._stubs.append(self._guessed(missing, slots))
        stubs = {"actions": self._stubs} if self._stubs else {}
        return {"test": name, **self._given, **stubs, "talk": written}

    def _go_through(
        self, talk: Talk, language: str, lines: Sequence[tuple[dict[str, Any], tuple[str, ...] | None]]
    ) -> tuple[list[dict[str, Any]], Got | None]:
        """The lines with what comes of each; or an action that nothing answers yet."""
        running = Running(self._workspace, talk, language, self._around)
        written: list[dict[str, Any]] = []
        then_and_now: list[tuple[str, tuple[str, ...] | None, list[str]]] = []
        for number, (act, (line, said)) in enumerate(zip(talk.talk, lines, strict=True)):
            assert isinstance(act, Act)  # noqa: S101 - nothing else is recorded
            words, got = running.do(act, number)
            unanswered = next((one for one in got if one.kind == "called" and _unanswered(talk, one)), None)
            if unanswered is not None:
                return [], unanswered
            written += [line, *(_expected(one) for one in got)]
            if "after" not in line:
                then_and_now.append((words, said, []))
            then_and_now[-1][2].extend(str(masked(one.text, self._masking)) for one in got if one.kind == "bot")
        self.remarks += [
            f"after “{words}” the bot said “{' / '.join(said) or 'nothing'}” then; "
            f"now it says “{' / '.join(now) or 'nothing'}”"
            for words, said, now in then_and_now
            if said is not None and not _alike(said, now)
        ]
        return written, None

    def _guessed(self, called: Got, slots: Mapping[str, Json]) -> dict[str, Any]:
        """A reply that nobody noted: what the conversation still holds of it, else a failure."""
        saves = {
            step.save
            for flow in self._workspace.library.flows.values()
            for step in flow.steps
            if isinstance(step, model.Call) and step.action == called.name and step.save in slots
        }
        arguments = dict(called.arguments or {})
        if saves:
            return _stub(Called(action=called.name, arguments=arguments, reply=slots[min(saves)]))
        self.remarks.append(f"what {called.name} replied is not known: the test lets it fail; write its reply: there")
        return _stub(Called(action=called.name, arguments=arguments, ok=False))


def _with_pauses(
    workspace: Workspace, acts: Sequence[Happened], until: datetime
) -> Iterator[tuple[dict[str, Any], tuple[str, ...] | None]]:
    """The lines, with the time that passed between them where that matters; what was said then, None where not known
    or, for a pause, where it is a part of what was said before. `until` is when the bot spoke last."""
    waits = any(isinstance(step, model.Wait) for flow in workspace.library.flows.values() for step in flow.steps)
    shortest = _WAITED_FOR if waits else _WORTH_TELLING
    before = acts[0].at
    for act in acts:
        yield from _pause(act.at - before, shortest)
        yield act.line, act.said
        before = act.at
    yield from _pause(until - before, shortest)


def _pause(time: timedelta, shortest: timedelta) -> Iterator[tuple[dict[str, Any], None]]:
    if time >= shortest:
        yield {"after": f"{int(min(time, _LONGEST).total_seconds()) // 60}m"}, None


def _stubs_of(called: Sequence[Called]) -> Iterator[dict[str, Any]]:
    """Each call that was answered; one that was answered in several ways, in their order."""
    for number, one in enumerate(called):
        later = [
            other for other in called[number + 1 :] if (other.action, other.arguments) == (one.action, one.arguments)
        ]
        if any((other.ok, other.reply) != (one.ok, one.reply) for other in later):
            yield {**_stub(one), "once": True}
        elif not later:
            yield _stub(one)


def _stub(called: Called) -> dict[str, Any]:
    outcome: dict[str, Any] = {"reply": called.reply} if called.ok else {"fails": True}
    return {"call": called.action, **({"with": dict(called.arguments)} if called.arguments else {}), **outcome}


def _unanswered(talk: Talk, called: Got) -> bool:
    arguments = called.arguments or {}
    return not any(
        stub.call == called.name and all(arguments.get(name) == value for name, value in stub.with_.items())
        for stub in talk.actions
    )


def _alike(said: Sequence[str], now: Sequence[str]) -> bool:
    return len(said) == len(now) and all(fits(_literal(one), other) for one, other in zip(said, now, strict=True))


def _literal(text: str) -> str:
    return text.replace("*", "\\*")


def _expected(got: Got) -> dict[str, Any]:
    match got.kind:
        case "bot":
            buttons = {"buttons": [_literal(button) for button in got.buttons]} if got.buttons else {}
            media = {"media": list(got.media)} if got.media else {}
            return {"bot": _literal(got.text), **buttons, **media}
        case "called":
            return {"called": got.name, "with": dict(got.arguments or {})}
        case "handoff":
            summary = {"summary": _literal(got.text)} if got.text else {}
            skill = {"skill": got.skill} if got.skill else {}
            return {"handoff": {"reason": got.name, **skill, **summary}}
        case _:
            return {"stuck": _literal(got.text)}
