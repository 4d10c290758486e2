"""Templates that WhatsApp approved: which there are, what they say, and what is sent for them.

https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview. A template's variables are
{{1}}, {{2}} or {{name}} in its header, its body and the addresses of its buttons. People see one text with the places
numbered in that order, and give the values in that order.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bots.whatsapp.client import WhatsAppClient
from bots.whatsapp.failures import failure
from bots.whatsapp.fields import obj, objects, short, string
from estafeta.kernel.model import Json, Template
from estafeta.kernel.ports import Clock

KEPT_SECONDS = 300.0
_PAGES = 20
_VARIABLE = re.compile(r"\{\{\s*(\w{1,64})\s*\}\}")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value goes. `name` is "" where places are numbered; `button` is the button's place among the buttons."""

    component: str
    name: str = ""
    button: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    template: Template
    places: tuple[Place, ...]


class Catalogue:
    """The account's approved templates, asked for again after some minutes or when told that they changed."""

    def __init__(self, client: WhatsAppClient, waba: str, clock: Clock) -> None:
        self._client = client
        self._waba = waba
        self._clock = clock
        self._approved: dict[tuple[str, str], Approved] = {}
        self._until = float("-inf")
        self._asking = asyncio.Lock()

    def changed(self) -> None:
        self._until = float("-inf")

    async def all(self) -> list[Template]:
        """Raises `SendFailed`."""
        return [approved.template for approved in (await self._known()).values()]

    async def content(self, template: Template) -> dict[str, Json]:
        """What is sent for it. Raises `SendFailed`: `refused` when there is no such template, or not as many values as
        it has places."""
        approved = (await self._known()).get((template.name, template.language))
        if approved is None or len(approved.places) != len(template.values):
            raise failure("no_template", self._client.language)
        content: dict[str, Json] = {"name": template.name, "language": {"code": template.language}}
        components = _components(approved.places, template.values)
        return content | ({"components": components} if components else {})

    async def _known(self) -> Mapping[tuple[str, str], Approved]:
        async with self._asking:
            if self._clock.monotonic() >= self._until:
                self._approved = await self._asked()
                self._until = self._clock.monotonic() + KEPT_SECONDS
        return self._approved

    async def _asked(self) -> dict[tuple[str, str], Approved]:
        found: dict[tuple[str, str], Approved] = {}
        query = {"fields": "name,language,status,components", "status": "APPROVED", "limit": "100"}
        for _ in range(_PAGES):
            page = await self._client.call("GET", f"{self._waba}/message_templates", query=query)
            for node in objects(page.get("data")):
                approved = read(node)
                if approved is not None:
                    found[approved.template.name, approved.template.language] = approved
            paging = obj(page.get("paging"))
            after = string(obj(paging.get("cursors")).get("after"))
            if not paging.get("next") or not after:
                break
            query["after"] = after
        return found


def read(node: Mapping[str, Any]) -> Approved | None:
    """A template as Meta describes it; None for one that cannot be sent from here: not approved, or with a picture, a
    video or whatever else is no text."""
    name, language = short(node.get("name")), short(node.get("language"))
    if not name or not language or node.get("status") != "APPROVED":
        return None
    lines: list[str] = []
    places: list[Place] = []
    for component in sorted(objects(node.get("components")), key=_order):
        kind = string(component.get("type")).upper()
        if kind == "HEADER" and component.get("format", "TEXT") != "TEXT":
            return None
        if kind in ("HEADER", "BODY", "FOOTER"):
            lines.append(_numbered(string(component.get("text")), kind.lower(), 0, places))
        elif kind == "BUTTONS":
            for index, button in enumerate(objects(component.get("buttons"))):
                if string(button.get("type")).upper() not in ("QUICK_REPLY", "URL", "PHONE_NUMBER"):
                    return None
                link = _numbered(string(button.get("url")), "button", index, places)
                lines.append(f"[{short(button.get('text'))}{': ' + link if link else ''}]")
        else:
            return None
    text = "\n".join(line for line in lines if line)
    return Approved(template=Template(name=name, language=language, text=text), places=tuple(places))


def _order(component: Mapping[str, Any]) -> int:
    kinds = ("HEADER", "BODY", "FOOTER", "BUTTONS")
    kind = string(component.get("type")).upper()
    return kinds.index(kind) if kind in kinds else len(kinds)


def _numbered(text: str, component: str, button: int, places: list[Place]) -> str:
    """The text with its places numbered on from those before. One name is one place, however often it stands there."""
    seen: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        name = match[1]
        if name not in seen:
            places.append(Place(component=component, name="" if name.isdigit() else name, button=button))
            seen[name] = len(places)
        return f"{{{{{seen[name]}}}}}"

    return _VARIABLE.sub(number, text)


def _components(places: tuple[Place, ...], values: tuple[str, ...]) -> list[Json]:
    components: dict[tuple[str, int], dict[str, Json]] = {}
    for place, value in zip(places, values, strict=True):
        key = (place.component, place.button)
        if key not in components:
            components[key] = {"type": place.component, "parameters": []}
            if place.component == "button":
                components[key] |= {"sub_type": "url", "index": str(place.button)}
        # A value has no line breaks, tabs or runs of spaces (error 132007).
        parameter = {"type": "text", "text": _SPACES.sub(" ", value).strip() or "-"}
        components[key]["parameters"].append(parameter | ({"parameter_name": place.name} if place.name else {}))
    return list(components.values())
