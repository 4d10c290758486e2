"""Buttons as VK draws them: inline, under the input field, or as a carousel.

Limits are of https://dev.vk.com/ru/api/bots/development/keyboard (inline: 10 buttons, 6 rows; under the input field:
40 buttons, 10 rows; 5 in a row; labels of 40 characters, payloads of 255) and of
https://vk.com/dev/bot_docs_templates (a carousel: 10 elements with up to 3 buttons, all elements alike).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.splitting import shorten
from bots.vk.wire import array, dumps, obj
from estafeta.kernel.model import Button

LABEL = 40
INLINE = 10

_ALONE = 6
"""So many buttons have a row each; more stand two in a row."""
_ROWS = 10
_MOST = 40
_ELEMENTS, _IN_ELEMENT = 10, 3
_TITLE = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """What a customer's app shows (`client_info`, https://dev.vk.com/ru/api/community-events/json-schema). As it is
    made here: of an app that nobody has told about, with what every app shows today."""

    callback: bool = False
    inline: bool = True
    keyboard: bool = True
    carousel: bool = False

    @classmethod
    def told(cls, info: Any) -> Client | None:
        about = obj(info)
        if "inline_keyboard" not in about:
            return None
        return cls(
            callback="callback" in array(about.get("button_actions"), 50),
            inline=about.get("inline_keyboard") is True,
            keyboard=about.get("keyboard") is True,
            carousel=about.get("carousel") is True,
        )


def markup(buttons: Sequence[Button], client: Client) -> dict[str, str]:
    """The parameters of messages.send that show the buttons; empty where there are none."""
    if not buttons:
        return {}
    if len(buttons) <= INLINE and client.inline:
        return {"keyboard": dumps({"inline": True, "buttons": _rows(buttons, client, 1 if _few(buttons) else 2)})}
    size = _element_size(len(buttons))
    if client.carousel and size and not any(button.url for button in buttons):
        return {"template": dumps({"type": "carousel", "elements": _elements(buttons, client, size)})}
    columns = -(-len(buttons) // _ROWS)
    plain = Client(callback=False)  # it has to go away once it was used, which only a message does
    keyboard = {"one_time": True, "inline": False, "buttons": _rows(buttons[:_MOST], plain, columns)}
    return {"keyboard": dumps(keyboard)}


def fits(count: int, client: Client) -> bool:
    """Whether so many buttons can be shown to this customer at all."""
    return (
        (count <= INLINE and client.inline)
        or (count <= _MOST and client.keyboard)
        or (client.carousel and _element_size(count) > 0)
    )


def _few(buttons: Sequence[Button]) -> bool:
    return len(buttons) <= _ALONE


def _rows(buttons: Sequence[Button], client: Client, columns: int) -> list[list[dict[str, Any]]]:
    drawn = [_drawn(button, client) for button in buttons]
    return [drawn[start : start + columns] for start in range(0, len(drawn), columns)]


def _drawn(button: Button, client: Client) -> dict[str, Any]:
    label = shorten(button.text, LABEL, "utf16") or "…"
    if button.url:
        return {"action": {"type": "open_link", "link": button.url, "label": label}}
    payload = dumps({"b": button.id, "t": label})
    return {"action": {"type": "callback" if client.callback else "text", "label": label, "payload": payload}}


def _element_size(count: int) -> int:
    """How many buttons each element has, so that all have as many; 0: they cannot."""
    return next((size for size in (_IN_ELEMENT, 2, 1) if count % size == 0 and count // size <= _ELEMENTS), 0)


def _elements(buttons: Sequence[Button], client: Client, size: int) -> list[Mapping[str, Any]]:
    elements: list[Mapping[str, Any]] = []
    for start in range(0, len(buttons), size):
        own = buttons[start : start + size]
        title = f"{start + 1}" if size == 1 else f"{start + 1}–{start + size}"
        words = shorten(", ".join(button.text for button in own), _TITLE, "utf16")
        elements.append({"title": title, "description": words, "buttons": [_drawn(button, client) for button in own]})
    return elements
