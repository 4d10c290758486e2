"""Approved templates: what a business may write at any time, with variables.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from estafeta.fakes.whatsapp.errors import Json, Refused

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
LONGEST_BODY = 1024

TemplateStatus = Literal["APPROVED", "PENDING", "REJECTED", "PAUSED", "DISABLED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`kind`: QUICK_REPLY, URL (`url` may end in `{{1}}`) or PHONE_NUMBER."""

    kind: str
    text: str
    url: str = ""
    phone: str = ""

    def node(self) -> Json:
        node: Json = {"type": self.kind, "text": self.text}
        if self.url:
            node["url"] = self.url
        if self.phone:
            node["phone_number"] = self.phone
        return node


@dataclass(slots=True, kw_only=True)
class Template:
    """`header`: a text, or IMAGE, VIDEO or DOCUMENT."""

    id: str
    name: str
    language: str
    body: str
    category: str = "UTILITY"
    status: TemplateStatus = "APPROVED"
    header: str = ""
    footer: str = ""
    buttons: list[Button] = field(default_factory=list)

    @property
    def named(self) -> bool:
        return any(not name.isdigit() for name in VARIABLE.findall(self.body))

    def node(self) -> Json:
        components: list[Json] = []
        if self.header in {"IMAGE", "VIDEO", "DOCUMENT"}:
            components.append({"type": "HEADER", "format": self.header})
        elif self.header:
            components.append({"type": "HEADER", "format": "TEXT", "text": self.header})
        components.append({"type": "BODY", "text": self.body})
        if self.footer:
            components.append({"type": "FOOTER", "text": self.footer})
        if self.buttons:
            components.append({"type": "BUTTONS", "buttons": [button.node() for button in self.buttons]})
        return {
            "id": self.id,
            "name": self.name,
            "language": self.language,
            "category": self.category,
            "status": self.status,
            "parameter_format": "NAMED" if self.named else "POSITIONAL",
            "components": components,
        }


@dataclass(frozen=True, slots=True)
class Filled:
    """What the customer sees: the text, and what can be pressed as (payload, label)."""

    text: str
    buttons: tuple[tuple[str, str], ...]


def fill(templates: list[Template], sent: Json) -> tuple[Template, Filled]:
    """The template that `sent` (the request's `template`) names, with its variables; raises Meta's refusals."""
    name, language = sent["name"], sent["language"]["code"]
    found = next((t for t in templates if t.name == name and t.language == language), None)
    if found is None or found.status in {"PENDING", "REJECTED"}:
        raise Refused(132001, f"template name ({name}) does not exist in {language}")
    if found.status == "PAUSED":
        raise Refused(132015, f"template name ({name}) is paused")
    if found.status == "DISABLED":
        raise Refused(132016, f"template name ({name}) is disabled")
    components = sent.get("components", [])
    header = _header(found, _of(components, "header"))
    body = _fill_text("body", found.body, _of(components, "body"))
    if len(body) > LONGEST_BODY:
        raise Refused(132005, f"body: the text with its parameters is longer than {LONGEST_BODY} characters")
    text = "\n".join(part for part in (header, body, found.footer) if part)
    return found, Filled(text, _buttons(found, [c for c in components if c["type"].lower() == "button"]))


def _of(components: list[Json], kind: str) -> list[Json]:
    return [p for component in components if component["type"].lower() == kind for p in component.get("parameters", [])]


def _header(template: Template, parameters: list[Json]) -> str:
    if template.header not in {"IMAGE", "VIDEO", "DOCUMENT"}:
        return _fill_text("header", template.header, parameters)
    kind = template.header.lower()
    if len(parameters) != 1:
        raise _mismatch("header", len(parameters), 1)
    if parameters[0]["type"].lower() != kind or kind not in parameters[0]:
        raise Refused(
            132012, f"header: Format mismatch, expected {template.header}, received {parameters[0]['type'].upper()}"
        )
    return f"[{kind}]"


def _fill_text(where: str, text: str, parameters: list[Json]) -> str:
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    if len(parameters) != len(names):
        raise _mismatch(where, len(parameters), len(names))
    values: dict[str, str] = {}
    for place, parameter in enumerate(parameters, 1):
        name = parameter.get("parameter_name", str(place))
        if name not in names:
            raise Refused(132012, f"{where}: parameter {name!r} is none of {', '.join(names)}")
        values[name] = _value(where, parameter)
    return VARIABLE.sub(lambda match: values[match[1]], text)


def _value(where: str, parameter: Json) -> str:
    match parameter["type"].lower():
        case "text" if "text" in parameter:
            value = str(parameter["text"])
        case "currency" | "date_time" as kind if "fallback_value" in parameter.get(kind, {}):
            value = str(parameter[kind]["fallback_value"])
        case kind:
            raise Refused(132012, f"{where}: Parameter of type {kind} is missing text value")
    if re.search(r"[\n\t]| {5}", value):
        raise Refused(132007, f"{where}: a parameter cannot have new-line/tab characters or more than 4 spaces")
    return value


def _mismatch(where: str, got: int, expected: int) -> Refused:
    return Refused(
        132000,
        f"{where}: number of localizable_params ({got}) does not match the expected number of params ({expected})",
    )


def _buttons(template: Template, components: list[Json]) -> tuple[tuple[str, str], ...]:
    given: dict[int, list[Json]] = {}
    for component in components:
        index = str(component.get("index", ""))
        if not index.isdigit() or int(index) >= len(template.buttons):
            raise Refused(132012, f"button: there is no button at index {index or '(none)'}")
        given[int(index)] = component.get("parameters", [])
    pressable: list[tuple[str, str]] = []
    for place, button in enumerate(template.buttons):
        parameters = given.get(place, [])
        if button.kind == "URL" and VARIABLE.search(button.url) and len(parameters) != 1:
            raise Refused(131008, f"button: Button at index {place} of type Url requires a parameter")
        if button.kind == "QUICK_REPLY":
            payload = parameters[0].get("payload", button.text) if parameters else button.text
            pressable.append((str(payload), button.text))
    return tuple(pressable)
