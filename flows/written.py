"""What steps of flows/*.yml are written with: names, texts, buttons, what calls people."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictStr, model_validator

from estafeta.kernel.model import Reason
from flows.strict import LocalText, Strict, wrong

Place = tuple[str | int, ...]
"""Where something stands in a file: keys and list positions from the top."""

_SLOT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TAKEN = (
    "slots customer bot now open range vars secrets memory value reply event "
    "true false none True False None and or not in is if else loop self"
)


def _slot(given: Any) -> str:
    if not isinstance(given, str) or not _SLOT.fullmatch(given):
        raise wrong(f'"{given}" is no name for a slot; expected Latin letters, digits and _, like order_number')
    if given in _TAKEN.split():
        raise wrong(f'"{given}" means something else in templates; choose another name')
    return given


def _name(given: Any) -> str:
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise wrong(f'"{given}" is no name; expected Latin letters, digits, - and _, like order-status')
    return given


def _command(given: Any) -> str:
    return _name(given.removeprefix("/") if isinstance(given, str) else given)


def _texts(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else [given]


def names(given: Any) -> Any:
    """One, or a list."""
    return given if isinstance(given, list | tuple) else [given]


def _reason(given: Any) -> Any:
    if not isinstance(given, Reason) and given not in [reason.value for reason in Reason]:
        raise wrong(f'"{given}" is no reason; expected one of {", ".join(reason.value for reason in Reason)}')
    return given


SlotName = Annotated[str, BeforeValidator(_slot, json_schema_input_type=str)]
Name = Annotated[str, BeforeValidator(_name, json_schema_input_type=str)]
Command = Annotated[str, BeforeValidator(_command, json_schema_input_type=str)]
Texts = Annotated[
    tuple[LocalText, ...],
    Field(min_length=1),
    BeforeValidator(_texts, json_schema_input_type=LocalText | list[LocalText]),
]
Names = Annotated[
    tuple[StrictStr, ...],
    Field(min_length=1),
    BeforeValidator(names, json_schema_input_type=StrictStr | list[StrictStr]),
]
Why = Annotated[Reason, BeforeValidator(_reason, json_schema_input_type=Reason)]


class HandoffRule(Strict):
    """People take over. Without a `skill`: the first of bot.yml."""

    reason: Why = Reason.FLOW_RULE
    skill: StrictStr = ""
    summary: LocalText = LocalText("")


class ButtonHandoff(Strict):
    reason: Why = Reason.USER_REQUEST
    skill: StrictStr = ""
    summary: LocalText = LocalText("")


class ButtonRule(Strict):
    """A button: pressing it says its words, or starts a flow, or calls a person. `value` is what a `choice` keeps
    instead of the words."""

    text: LocalText
    flow: StrictStr | None = None
    handoff: ButtonHandoff | None = None
    value: StrictStr | None = None

    @model_validator(mode="after")
    def _one_meaning(self) -> ButtonRule:
        if self.flow is not None and self.handoff is not None:
            raise wrong("a button has either flow: or handoff:, not both")
        return self


def _of_a_button(key: Any) -> bool:
    """Whether a key is one of a button's, perhaps misspelt, and no code of a language."""
    return isinstance(key, str) and bool(get_close_matches(key, ButtonRule.model_fields, n=1, cutoff=0.8))


def _button(given: Any) -> Any:
    """A string and a text by language are short for `text:`."""
    if isinstance(given, str) or (isinstance(given, dict) and not any(map(_of_a_button, given))):
        return {"text": given}
    if not isinstance(given, dict | ButtonRule):
        raise wrong('expected a button: its words, or {text: "…", flow: name}, or {text: "…", handoff: {}}')
    return given


def _buttons(given: Any) -> Any:
    if not isinstance(given, list | tuple):
        raise wrong("expected a list of buttons")
    return given


AnyButton = Annotated[ButtonRule, BeforeValidator(_button, json_schema_input_type=LocalText | ButtonRule)]
Buttons = Annotated[tuple[AnyButton, ...], BeforeValidator(_buttons, json_schema_input_type=list[AnyButton])]
