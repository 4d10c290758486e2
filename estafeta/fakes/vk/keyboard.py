"""Keyboards within VK's limits (https://dev.vk.com/ru/api/bots/development/keyboard), error 911 outside them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from estafeta.fakes.common.errors import Json
from estafeta.fakes.vk.errors import Refused, keyboard_invalid
from estafeta.fakes.vk.schema import problems
from estafeta.fakes.vk.world import Dialog, Group

COLUMNS = 5
LABEL = 40
PAYLOAD = 255
COLOURED = frozenset({"text", "callback"})
"""A colour on any other button is refused."""
WHOLE_ROW = frozenset({"location", "vkpay", "open_app"})
"""These take a row of their own."""


def read(group: Group, text: str) -> Json:
    """The keyboard of a call, as messages carry it."""
    if not group.bot_features:
        raise Refused(912)
    try:
        keyboard = json.loads(text)
    except (ValueError, RecursionError):
        raise keyboard_invalid("keyboard is not a valid JSON") from None
    if isinstance(keyboard, dict) and keyboard.get("buttons") == []:
        return {"one_time": False, "buttons": []}
    if problem := problems({"$ref": "messages_keyboard"}, keyboard):
        raise keyboard_invalid(problem)
    _check_shape(keyboard)
    for row, buttons in enumerate(keyboard["buttons"]):
        for column, button in enumerate(buttons):
            _check_button(button, f"button [{row}][{column}]", alone=len(buttons) == 1)
    shown: Json = {"one_time": False, "author_id": -group.id}
    shown.update(keyboard)
    return shown


def _check_shape(keyboard: Json) -> None:
    inline = keyboard.get("inline", False)
    if inline and keyboard.get("one_time"):
        raise keyboard_invalid("one_time is not allowed in an inline keyboard")
    rows = keyboard["buttons"]
    most_rows, most_buttons = (6, 10) if inline else (10, 40)
    if len(rows) > most_rows:
        raise keyboard_invalid("keyboard contains too much rows")
    for number, row in enumerate(rows):
        if not row:
            raise keyboard_invalid(f"row {number} is empty")
        if len(row) > COLUMNS:
            raise keyboard_invalid(f"row {number} contains too much columns")
    if sum(map(len, rows)) > most_buttons:
        raise keyboard_invalid("keyboard contains too much buttons")


def _check_button(button: Json, name: str, *, alone: bool) -> None:
    action = button["action"]
    label = action.get("label", " ")
    if not label:
        raise keyboard_invalid(f"{name} label should be at least 1 letters length")
    if len(label) > LABEL:
        raise keyboard_invalid(f"{name} label should be no more than {LABEL} letters length")
    if "color" in button and action["type"] not in COLOURED:
        raise keyboard_invalid(f"{name} color is not allowed for {action['type']}")
    if action["type"] in WHOLE_ROW and not alone:
        raise keyboard_invalid(f"{name} takes the whole row")
    payload = action.get("payload")
    if payload is None:
        return
    if len(payload) > PAYLOAD:
        raise keyboard_invalid(f"{name} payload should be no more than {PAYLOAD} letters length")
    try:
        json.loads(payload)
    except (ValueError, RecursionError):
        raise keyboard_invalid(f"{name} payload is not a valid JSON") from None


def show(dialog: Dialog, keyboard: Json) -> None:
    """Puts a keyboard that is not inline under the input field, or takes the old one away."""
    if not keyboard.get("inline"):
        dialog.keyboard = keyboard if keyboard["buttons"] else None


def buttons(keyboard: Json | None) -> Iterator[Json]:
    for row in (keyboard or {}).get("buttons", []):
        yield from row


def payload_of(action: Json) -> Any:
    """A callback button's payload as its event carries it: the JSON it was, `{}` for none."""
    return json.loads(action["payload"]) if "payload" in action else {}
