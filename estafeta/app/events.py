"""`POST /api/v1/events`: a shop's own systems tell what happened to a customer, so that flows go on or begin.

The sender proves itself by a token (`ESTAFETA_EVENTS__TOKEN`) in `Authorization: Bearer …`; without one in the settings
the address is not served. What is told twice under one `id` is one event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Annotated

from aiohttp import web
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.model import Address, ConversationId, EventHappened, Signal, SignalId
from estafeta.kernel.ports import Accept, Clock, Store

PATH = "/api/v1/events"
_LARGEST = 64 * 1024


class EventsConfig(BaseModel):
    """Events from systems of one's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    token: SecretStr = Field(min_length=16, description="what systems that tell of events prove themselves by")


class Customer(BaseModel):
    """Whom it concerns: as a channel calls them."""

    model_config = ConfigDict(extra="forbid")

    channel: Annotated[str, Field(min_length=1, max_length=64)]
    account: Annotated[str, Field(min_length=1, max_length=128)]
    chat: Annotated[str, Field(min_length=1, max_length=256)]


class Told(BaseModel):
    """`id` is the sender's own for this event. Either `customer` or `conversation`."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    event: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")]
    customer: Customer | None = None
    conversation: Annotated[str, Field(max_length=64)] = ""
    data: JsonValue = None

    @field_validator("data")
    @classmethod
    def _numbers_are_finite(cls, data: JsonValue) -> JsonValue:
        try:
            json.dumps(data, allow_nan=False)
        except ValueError:
            raise ValueError("NaN and Infinity are no numbers of JSON") from None
        return data

    @model_validator(mode="after")
    def _of_one(self) -> Told:
        if (self.customer is None) == (not self.conversation):
            raise ValueError("name the customer, or the conversation")
        return self


def mount(app: web.Application, config: EventsConfig | None, store: Store, accept: Accept, clock: Clock) -> None:
    """Serves the address, if there is a token for it."""
    if config is None:
        return
    token = config.token

    async def told(request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, f"Bearer {token.get_secret_value()}".encode()):
            return _refused(401, "token", "The token is missing, or is not ESTAFETA_EVENTS__TOKEN.")
        body = await _body(request)
        if body is None:
            return _refused(413, "too_large", f"An event has at most {_LARGEST // 1024} KB.")
        try:
            event = Told.model_validate_json(body)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            return _refused(400, "bad_request", f"{where or 'the body'}: {first['msg']}")
        try:
            conversation = await _whose(event, store)
            if conversation is None:
                return _refused(404, "unknown_customer", "Nobody has written from there yet.")
            accepted = await accept([_signal(event, conversation, clock)])
        except StoreUnavailable:
            return _refused(503, "unavailable", "The store cannot be reached now; tell it again.")
        return web.json_response({"conversation": conversation, "new": accepted[0].fresh}, status=202)

    app.router.add_post(PATH, told)


async def _body(request: web.Request) -> bytes | None:
    body = b""
    async for chunk in request.content.iter_chunked(8192):
        body += chunk
        if len(body) > _LARGEST:
            return None
    return body


async def _whose(event: Told, store: Store) -> ConversationId | None:
    if event.customer is None:
        found = (await store.load(ConversationId(event.conversation))).conversation
        return None if found is None else found.id
    who = event.customer
    return await store.resolve(Address(channel=who.channel, account=who.account, chat=who.chat))


def _signal(event: Told, conversation: ConversationId, clock: Clock) -> Signal:
    digest = hashlib.sha256(f"{conversation}\0{event.id}".encode("utf-8", "replace")).hexdigest()
    happened = EventHappened(name=event.event, data=event.data)
    return Signal(id=SignalId(f"event.{digest[:32]}"), at=clock.now(), event=happened, conversation=conversation)


_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "2"}}


def _refused(status: int, code: str, sentence: str) -> web.Response:
    return web.json_response({"error": {"code": code, "text": sentence}}, status=status, headers=_HEADERS.get(status))
