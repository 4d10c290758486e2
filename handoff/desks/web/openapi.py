"""The OpenAPI 3.1 document of the web desk's requests, made from the models that check them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from estafeta import __version__
from handoff.desks.web import wire
from handoff.desks.web.checks import COOKIE

_REFUSALS = {
    400: "The request is malformed; the sentence names the field.",
    401: "No session: log in first.",
    403: "The request came from another site, or without its header; or the code is not good.",
    404: "There is no such conversation, message or file.",
    409: "The customer's channel cannot do this, or not now; the sentence tells why.",
    410: "The file is gone.",
    413: "The request, or the file, is too large.",
    415: "Files of this type are refused.",
    429: "Too many log-in attempts.",
    502: "The messenger does not do it now; the sentence tells why.",
    503: "The store does not answer; nothing was accepted.",
    504: "The messenger did not answer in time.",
}


Part = Literal["reading", "speaking", "files", "undelivered"]
"""Which of the desk's parts does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    name: str
    schema: dict[str, Any]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One request. `name` is the handler's in the `part`. `status` is the answer's when all is well. `carries`: a
    file itself is what is asked or answered."""

    name: str
    method: str
    path: str
    says: str
    asked: type[BaseModel] | None = None
    answered: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = (401, 503)
    queries: tuple[Query, ...] = ()
    part: Part = "reading"
    carries: Literal["", "asked", "answered"] = ""


_OF_ONE = (400, 401, 404, 503)
_CHANGING = (400, 401, 403, 404, 413, 503)
_ABLE = (400, 401, 403, 404, 409, 413, 503)
_WHOLE = {"type": "integer", "minimum": 0}

OPERATIONS = (
    Operation(
        name="login",
        method="POST",
        path="/login",
        says="Trades a one-time code for a session cookie.",
        asked=wire.LogIn,
        status=204,
        refusals=(400, 403, 413, 429, 503),
    ),
    Operation(
        name="logout",
        method="POST",
        path="/logout",
        says="Ends the session and closes its sockets.",
        status=204,
        refusals=(401, 403, 503),
    ),
    Operation(name="me", method="GET", path="/me", says="Who is logged in.", answered=wire.Me),
    Operation(
        name="conversations",
        method="GET",
        path="/conversations",
        says="Conversations by stage, the latest first. All tickets; of the bot's chats the latest.",
        answered=wire.Rows,
        refusals=(400, 401, 503),
        queries=(Query(name="stage", schema={"type": "string"}, says="Stages: queued, human, bot; joined by commas."),),
    ),
    Operation(
        name="conversation",
        method="GET",
        path="/conversations/{id}",
        says="One conversation and the card that tells who it is and why people were called.",
        answered=wire.Opened,
        refusals=_OF_ONE,
    ),
    Operation(
        name="entries",
        method="GET",
        path="/conversations/{id}/entries",
        says="The timeline in ascending order.",
        answered=wire.Entries,
        refusals=_OF_ONE,
        queries=(
            Query(name="after", schema={**_WHOLE, "default": 0}, says="Only entries with a greater seq."),
            Query(name="newest", schema={**_WHOLE, "maximum": 1, "default": 0}, says="1: the last `limit` of them."),
            Query(name="limit", schema={**_WHOLE, "minimum": 1, "maximum": 500, "default": 200}, says="How many."),
        ),
    ),
    Operation(
        name="reply",
        method="POST",
        path="/conversations/{id}/reply",
        says="Says something to the customer, with files or without; takes the conversation if nobody has it.",
        asked=wire.Reply,
        status=202,
        refusals=(*_ABLE[:-1], 410, 415, 502, 503),
        part="speaking",
    ),
    Operation(
        name="note",
        method="POST",
        path="/conversations/{id}/note",
        says="Writes a note that only people at the desk see.",
        asked=wire.Words,
        status=202,
        refusals=_CHANGING,
        part="speaking",
    ),
    Operation(
        name="move",
        method="POST",
        path="/conversations/{id}/move",
        says="Takes the conversation, returns it to the bot, or closes it.",
        asked=wire.Move,
        status=202,
        refusals=_CHANGING,
        part="speaking",
    ),
    Operation(
        name="typing",
        method="POST",
        path="/conversations/{id}/typing",
        says="Tells that the operator is writing to the customer; at most one in 3 s.",
        status=204,
        refusals=_CHANGING,
        part="speaking",
    ),
    Operation(
        name="edit",
        method="POST",
        path="/conversations/{id}/entries/{seq}/edit",
        says="Gives an own message new words, where the channel can.",
        asked=wire.Words,
        status=202,
        refusals=_ABLE,
        part="speaking",
    ),
    Operation(
        name="delete",
        method="POST",
        path="/conversations/{id}/entries/{seq}/delete",
        says="Takes an own message back, where the channel can.",
        asked=wire.Deletion,
        status=202,
        refusals=_ABLE,
        part="speaking",
    ),
    Operation(
        name="react",
        method="POST",
        path="/conversations/{id}/entries/{seq}/react",
        says="Reacts to a customer's message, where the channel can.",
        asked=wire.Reaction,
        status=202,
        refusals=_ABLE,
        part="speaking",
    ),
    Operation(
        name="templates",
        method="GET",
        path="/conversations/{id}/templates",
        says="Approved texts that may be sent to the customer now, in the window or outside of it.",
        answered=wire.Templates,
        refusals=(400, 401, 404, 409, 502, 503, 504),
        part="speaking",
    ),
    Operation(
        name="template",
        method="POST",
        path="/conversations/{id}/template",
        says="Sends an approved text, its places filled.",
        asked=wire.FilledTemplate,
        status=202,
        refusals=(*_ABLE[:-1], 502, 503, 504),
        part="speaking",
    ),
    Operation(
        name="file",
        method="GET",
        path="/conversations/{id}/entries/{seq}/files/{n}",
        says="A file of a message; `n` is the part's `file`. Pictures, audio and video may be shown in the page.",
        refusals=(400, 401, 404, 409, 410, 413, 415, 502, 503),
        part="files",
        carries="answered",
    ),
    Operation(
        name="upload",
        method="POST",
        path="/files",
        says="Keeps a file that a reply will carry. The body is the file, its type is in Content-Type.",
        answered=wire.Kept,
        status=201,
        refusals=(401, 403, 409, 413, 415, 502, 503),
        queries=(Query(name="name", schema={"type": "string", "maxLength": 255}, says="What the file is called."),),
        part="files",
        carries="asked",
    ),
    Operation(
        name="undelivered",
        method="GET",
        path="/undelivered",
        says="Messages that could not be delivered, and why.",
        answered=wire.Undelivered,
        part="undelivered",
    ),
    Operation(
        name="move_undelivered",
        method="POST",
        path="/undelivered/{item}",
        says="Sends such a message again, or forgets it.",
        asked=wire.MoveUndelivered,
        status=202,
        refusals=_CHANGING,
        part="undelivered",
    ),
    Operation(
        name="replies",
        method="GET",
        path="/replies",
        says="Canned replies, each in the languages it has.",
        answered=wire.CannedReplies,
    ),
)


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
