"""The OpenAPI document tells what the server does."""

from __future__ import annotations

import json
import re

from aiohttp import web

from handoff.desks.web.api import Api
from handoff.desks.web.files import FileRequests
from handoff.desks.web.helping import HelpingRequests
from handoff.desks.web.moving import MovingRequests
from handoff.desks.web.openapi import document
from handoff.desks.web.operations import OPERATIONS
from handoff.desks.web.speaking import SpeakingRequests
from handoff.desks.web.team import TeamRequests
from handoff.desks.web.undelivered import UndeliveredRequests
from tests.desks.web.office import Office


async def test_it_is_public_and_of_version_3_1(office: Office) -> None:
    async with office.client("") as client, client.get("api/v1/openapi.json") as answer:
        told = await answer.json()
    assert told["openapi"] == "3.1.0"
    assert told["components"]["securitySchemes"]["session"]["in"] == "cookie"


async def test_every_route_of_the_api_is_in_it_and_the_other_way_round(office: Office) -> None:
    app = web.Application()
    office.desk.mount(app, office.accept)
    served = {
        (route.method, route.resource.canonical)
        for route in app.router.routes()
        if route.resource and route.resource.canonical.startswith("/api/v1/") and route.method != "HEAD"
    }
    told = {(method.upper(), path) for path, item in document("")["paths"].items() for method in item}
    assert served - {("GET", "/api/v1/openapi.json")} == told


def test_every_reference_leads_somewhere() -> None:
    told = document("")
    names = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(told)))
    assert names
    assert names <= set(told["components"]["schemas"])


def test_every_operation_has_its_handler() -> None:
    parts: dict[str, type] = {
        "reading": Api, "speaking": SpeakingRequests, "files": FileRequests, "undelivered": UndeliveredRequests,
        "moving": MovingRequests, "helping": HelpingRequests, "team": TeamRequests,
    }  # fmt: skip
    assert all(callable(getattr(parts[item.part], item.name)) for item in OPERATIONS)


def test_limits_of_a_text_are_told() -> None:
    text = document("")["components"]["schemas"]["Words"]["properties"]["text"]
    assert (text["minLength"], text["maxLength"]) == (1, 4_000)
