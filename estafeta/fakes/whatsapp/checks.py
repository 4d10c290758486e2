"""What Meta's documentation forbids and its schema cannot say; the schema's findings in Meta's own words.

https://developers.facebook.com/documentation/business-messaging/whatsapp/messages/interactive-list-messages and its
neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable

from estafeta.fakes.whatsapp.errors import Json, Refused
from estafeta.fakes.whatsapp.schema import Problem

MOST_ROWS = 10
ACTIONS = {
    "button": "buttons",
    "list": "sections",
    "cta_url": "parameters",
    "location_request_message": "name",
}
"""Which field of `action` a kind of interactive message needs."""
BODILESS = {"product", "catalog_message", "call_permission_request"}


def refusal(problem: Problem) -> Refused:
    """Top-level fields are Graph's own business (100), what lies deeper is WhatsApp's (131008, 131009)."""
    match problem.kind:
        case "missing" if "." not in problem.path:
            return Refused(100, message=f"(#100) The parameter {problem.path} is required.")
        case "missing":
            return Refused(131008, f"{problem.path} {problem.text}")
        case "unknown":
            where, _, name = problem.path.rpartition(".")
            place = f' on param "{where}"' if where else ""
            return Refused(100, message=f'(#100) Unexpected key "{name}"{place}.')
        case "long" if problem.path == "text.body":
            return Refused(100, message="(#100) Param text['body'] must be at most 4096 characters long.")
        case _:
            return Refused(131009, str(problem))


def check_message(body: Json) -> None:
    """Raises Refused. `body` has passed the schema."""
    if body["messaging_product"] != "whatsapp":
        raise Refused(100, message="(#100) Param messaging_product must be one of {WHATSAPP}")
    if body.get("recipient_type") == "group":
        raise Refused(131051, "Messages to groups are not played by the stand-in.")
    interactive = body.get("interactive")
    if interactive is not None:
        _check_interactive(interactive)


def _check_interactive(interactive: Json) -> None:
    kind, action = interactive["type"], interactive["action"]
    needed = ACTIONS.get(kind)
    if needed is not None and needed not in action:
        raise Refused(131008, f"interactive.action.{needed} is required for the type {kind}")
    if kind not in BODILESS and "body" not in interactive:
        raise Refused(131008, "interactive.body is required")
    _check_header(interactive, kind)
    match kind:
        case "button":
            replies = [button["reply"] for button in action["buttons"]]
            _check_unique("button ids", (reply["id"] for reply in replies))
            _check_unique("button titles", (reply["title"] for reply in replies))
            if any(reply["id"] != reply["id"].strip() for reply in replies):
                raise Refused(131009, "Button ids cannot have leading or trailing spaces")
        case "list":
            _check_sections(action["sections"])
        case "cta_url" if not action["parameters"]["url"].startswith(("http://", "https://")):
            raise Refused(131009, "interactive.action.parameters.url must begin with http:// or https://")


def _check_header(interactive: Json, kind: str) -> None:
    header = interactive.get("header")
    if header is None:
        return
    if kind == "list" and header["type"] != "text":
        raise Refused(131009, "Lists take a header of type text only")
    if header["type"] not in header:
        raise Refused(131008, f"interactive.header.{header['type']} is required")


def _check_sections(sections: list[Json]) -> None:
    rows = [row for section in sections for row in section.get("rows", [])]
    if not rows:
        raise Refused(131008, "interactive.action.sections[0].rows is required")
    if len(rows) > MOST_ROWS:
        raise Refused(131009, f"Total row count exceed max allowed count: {MOST_ROWS}")
    if len(sections) > 1 and not all(section.get("title") for section in sections):
        raise Refused(131009, "Section title is required when there is more than one section")
    _check_unique("row ids", (row["id"] for row in rows))


def _check_unique(what: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for value in values:
        if value in seen:
            raise Refused(131009, f"Duplicated {what}: {value!r}")
        seen.add(value)
