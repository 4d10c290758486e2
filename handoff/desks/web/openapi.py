"""The OpenAPI 3.1 document of the web desk's requests, made from the models that check them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from estafeta import __version__
from handoff.desks.web import wire
from handoff.desks.web.checks import COOKIE
from handoff.desks.web.operations import OPERATIONS, Operation
from handoff.desks.web.team import REPORTS

_REFUSALS = {
    400: "The request is malformed; the sentence names the field.",
    401: "No session: log in first.",
    403: "The request came from another site, or without its header; the code is not good; or it takes another role.",
    404: "There is no such conversation, message, file or member.",
    409: "The customer's channel cannot do this, or not now, or a name is taken; the sentence tells why.",
    410: "The file is gone.",
    413: "The request, or the file, is too large.",
    415: "Files of this type are refused.",
    429: "Too many log-in attempts.",
    502: "The messenger does not do it now; the sentence tells why.",
    503: "The store does not answer; nothing was accepted.",
    504: "The messenger did not answer in time.",
}


def document(base: str) -> dict[str, Any]:
    models = {model for item in OPERATIONS for model in (item.asked, item.answered) if model is not None}
    ordered = sorted(models | {wire.Failure}, key=lambda model: model.__name__)
    _, schemas = models_json_schema(
        [(model, "validation") for model in ordered], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for item in OPERATIONS:
        paths.setdefault(f"/api/v1{item.path}", {})[item.method.lower()] = _operation(item)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Estafeta web desk", "version": __version__, "summary": "What operators see and do."},
        "servers": [{"url": base or "/"}],
        "security": [{"session": []}],
        "paths": paths,
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": COOKIE}},
        },
    }


_IN_PATH: dict[str, dict[str, Any]] = {
    "id": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,80}$"},
    "seq": {"type": "integer", "minimum": 1},
    "n": {"type": "integer", "minimum": 0},
    "item": {"type": "string"},
    "desk": {"type": "string"},
    "member": {"type": "string"},
    "kind": {"enum": sorted(REPORTS)},
}
_FILE = {"*/*": {"schema": {"type": "string", "format": "binary"}}}


def _operation(item: Operation) -> dict[str, Any]:
    parameters: list[dict[str, Any]] = [
        {"name": query.name, "in": "query", "description": query.says, "schema": query.schema} for query in item.queries
    ]
    for name, schema in _IN_PATH.items():
        if f"{{{name}}}" in item.path:
            parameters.append({"name": name, "in": "path", "required": True, "schema": schema})
    if item.method != "GET":
        header = {"type": "string", "const": "1"}
        parameters.append({"name": "X-Estafeta", "in": "header", "required": True, "schema": header})
    told: dict[str, Any] = {
        "operationId": item.name,
        "summary": item.says,
        "parameters": parameters,
        "responses": {
            str(item.status): _response("Done.", item.answered),
            **{str(status): _response(_REFUSALS[status], wire.Failure) for status in item.refusals},
        },
    }
    if item.carries == "answered":
        told["responses"][str(item.status)]["content"] = _FILE
    if item.asked is not None:
        told["requestBody"] = {"required": True, "content": _content(item.asked)}
    elif item.carries == "asked":
        told["requestBody"] = {"required": True, "content": _FILE}
    if item.name == "login":
        told["security"] = []
    return told


def _response(says: str, model: type[BaseModel] | None) -> dict[str, Any]:
    return {"description": says, **({"content": _content(model)} if model else {})}


def _content(model: type[BaseModel]) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}
