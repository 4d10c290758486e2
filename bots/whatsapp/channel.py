"""WhatsApp as the engine sees it: a `Channel`, and the `Source` of its customers' files."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Literal

import structlog
from aiohttp import web

from bots.whatsapp import messages, webhook
from bots.whatsapp.capabilities import CAPABILITIES
from bots.whatsapp.client import WhatsAppClient
from bots.whatsapp.config import WhatsAppConfig
from bots.whatsapp.convert import CHANNEL, Told, tracker
from bots.whatsapp.failures import Failed, failure
from bots.whatsapp.media import CustomerFiles, Library, Uploads
from bots.whatsapp.messages import Outgoing
from bots.whatsapp.people import Notes
from bots.whatsapp.receive import Receiver, SetAside
from bots.whatsapp.templates import Catalogue
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Json, Media, OutboundMessage, OutboxId, StatusChanged, Template
from estafeta.kernel.ports import Accept, Clock, Incoming

_TYPING_AGAIN = 20.0
"""Seconds after which "typing…" is shown anew; it ends by itself after 25
(https://developers.facebook.com/documentation/business-messaging/whatsapp/typing-indicators)."""
_REMEMBERED = 10_000
_log = structlog.get_logger(__name__)


class WhatsAppChannel:
    """One number's chats. `store` remembers who is who and the ids of uploaded files; files come from
    `attachments`. `set_aside` keeps what could not be read. `siblings`: the names of the other numbers served here,
    by their ids, since Meta posts what all numbers of an account do to one address."""

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(
        self,
        config: WhatsAppConfig,
        client: WhatsAppClient,
        *,
        clock: Clock,
        store: Notes,
        attachments: Library,
        set_aside: SetAside,
        siblings: Mapping[str, str] | None = None,
    ) -> None:
        self.account = config.name
        self._config = config
        self._client = client
        self._clock = clock
        self._catalogue = Catalogue(client, config.waba_id, clock)
        self._uploads = Uploads(client, attachments, store, self.account, clock)
        self._files = CustomerFiles(client, self.account, config.base_url)
        self._receiver = Receiver(
            {**(siblings or {}), config.phone_number_id: self.account},
            clock=clock,
            notes=store,
            language=config.language,
            set_aside=set_aside,
            arrived=self._arrived,
            templates_changed=self._catalogue.changed,
        )
        self._people = self._receiver.people(self.account)
        self._typed: OrderedDict[str, float] = OrderedDict()
        self._sent: OrderedDict[OutboxId, dict[int, str]] = OrderedDict()

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Serves the webhook."""
        webhook.mount(
            app,
            self._receiver,
            self.account,
            app_secret=self._config.app_secret,
            verify_token=self._config.verify_token,
            accept=accept,
        )

    async def listen(self, accept: Accept) -> None:
        """There is nothing to do but wait: WhatsApp posts to the webhook. Where it posts to is set with
        `estafeta channels connect`, for Meta verifies the address while it is being set."""
        await asyncio.Event().wait()

    async def send(self, message: OutboundMessage) -> str:
        """Tried again after a failure, it goes on where it stopped. A failure with `maybe_sent` is told of later by a
        status with the outbox item, if all of the message was sent."""
        if message.does in ("edit", "delete"):
            raise failure("not_possible", self._config.language)
        to = await self._recipient(message.to.chat)
        if message.does == "react":
            mine = messages.reaction(message.of.partition(" ")[0], message.emoji)
            await self._client.message(_body(to, mine, message.id, ""), chat=message.to.chat)
            return ""
        outgoing = await self._written(message)
        if not outgoing:
            raise failure("empty", self._config.language)
        sent = self._begun(message.id)
        for piece, one in enumerate(outgoing, 1):
            if piece in sent:
                continue
            answers = message.reply_to.partition(" ")[0] if piece == 1 and one.answers else ""
            body = _body(to, one, tracker(message.id, piece, len(outgoing)), answers)
            try:
                sent[piece] = await self._client.message(body, chat=message.to.chat)
            except Failed as failed:
                await self._explained(failed, one)
                raise
        self._sent.pop(message.id, None)
        return " ".join(sent[piece] for piece in sorted(sent))

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        """WhatsApp shows it under the customer's message, and marks that one as read."""
        now, last = self._clock.monotonic(), self._typed.get(message)
        if not message or (last is not None and now - last < _TYPING_AGAIN):
            return
        self._typed[message] = now
        if len(self._typed) > _REMEMBERED:
            self._typed.popitem(last=False)
        await self._mark(message, {"typing_indicator": {"type": "text"}})

    async def read(self, to: Address, message: str) -> None:
        """The earlier ones are marked with it."""
        if message:
            await self._mark(message.rpartition(" ")[2], {})

    async def templates(self) -> Sequence[Template]:
        return await self._catalogue.all()

    @property
    def origin(self) -> str:
        return self._files.origin

    def fetch(self, media: Media) -> AbstractAsyncContextManager[Incoming]:
        return self._files.fetch(media)

    async def _recipient(self, chat: str) -> dict[str, Json]:
        """By number where it is known, as Meta advises: only so does it stay known."""
        person = await self._people.reach(chat)
        if person is None:
            raise failure("nobody", self._config.language)
        return {"to": person.phone} if person.phone else {"recipient": person.user}

    async def _written(self, message: OutboundMessage) -> list[Outgoing]:
        """All files are uploaded before the first message goes out."""
        outgoing: list[Outgoing] = []
        for chunk in messages.laid_out(message):
            uploaded = [await self._uploads.ready(file) for file in chunk.files]
            template = await self._catalogue.content(chunk.template) if chunk.template is not None else None
            outgoing += messages.written(chunk, uploaded, template, choose=self._config.opens_lists)
        return outgoing

    def _begun(self, item: OutboxId) -> dict[int, str]:
        """What of the item is sent already: by its number among the messages, its id."""
        sent = self._sent.setdefault(item, {})
        self._sent.move_to_end(item)
        if len(self._sent) > _REMEMBERED:
            self._sent.popitem(last=False)
        return sent

    def _arrived(self, told: Told) -> None:
        """A status may know of a message whose request got no answer: it is not sent again."""
        event = told.event
        sent = self._sent.get(told.item) if told.item else None
        if sent is not None and isinstance(event, StatusChanged) and event.status != "failed":
            sent.setdefault(told.piece[0], event.message)

    async def _explained(self, failed: Failed, one: Outgoing) -> None:
        """A file's id that WhatsApp does not know any more is forgotten, and the file uploaded anew."""
        if one.uploaded is not None and failed.name in ("object_missing", "file_refused"):
            await self._uploads.forget(one.uploaded)
            if failed.name == "object_missing":
                raise failure("file_gone", self._config.language, retry_after=0.0) from None

    async def _mark(self, message: str, more: Mapping[str, Json]) -> None:
        body: dict[str, Json] = {"messaging_product": "whatsapp", "status": "read", "message_id": message, **more}
        try:
            await self._client.call("POST", f"{self._config.phone_number_id}/messages", body=body)
        except SendFailed as failed:
            _log.debug("whatsapp_mark_failed", account=self.account, code=failed.code)


def _body(to: Mapping[str, Json], one: Outgoing, tracked: str, answers: str) -> dict[str, Json]:
    body: dict[str, Json] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **to,
        "type": one.kind,
        one.kind: one.content,
        "biz_opaque_callback_data": tracked,
    }
    return body | ({"context": {"message_id": answers}} if answers else {})
