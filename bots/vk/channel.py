"""A VK community's messages as the engine sees them: a `Channel`, and the `Source` of files that customers send."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any, Literal

import structlog
from aiohttp import web

from bots.download import Hosts, download
from bots.render import Chunk, render
from bots.vk import callback, formats, reactions
from bots.vk.capabilities import CAPABILITIES
from bots.vk.client import VkClient
from bots.vk.config import VkConfig
from bots.vk.convert import CHANNEL, OURS, named, number_in
from bots.vk.failures import failure
from bots.vk.keyboard import Client, fits, markup
from bots.vk.longpoll import LongPoll, Position
from bots.vk.receive import Receiver, SetAside
from bots.vk.upload import Stock, Uploads
from bots.vk.wire import array, dumps, obj, positive, string
from estafeta.kernel.errors import ConfigurationError, SendFailed
from estafeta.kernel.model import Address, Capabilities, Location, Media, OutboundMessage, Template
from estafeta.kernel.ports import Accept, Clock, Incoming

HOSTS = (
    ".userapi.com",
    ".vkuserphoto.ru",
    ".vkuservideo.net",
    ".vkuseraudio.net",
    ".vkuser.net",
    ".vk-cdn.net",
    ".mycdn.me",
    ".okcdn.ru",
    ".vk.com",
    ".vk.ru",
)
"""Where VK keeps what people send: photos and voice messages at userapi.com and its siblings, documents behind a
redirect from vk.com (https://dev.vk.com/ru/reference/objects/doc)."""

DOWNLOAD_SECONDS = 120.0

_TYPING_SECONDS = 5.0
_REMEMBERED = 10_000
_SAYING, _READING, _TYPING = 0, 5, 5
_OURS = dumps(OURS)
_DENIED = frozenset(("blocked", "not_allowed"))
_MENDABLE = frozenset(("message_missing", "refused"))
"""What may be because of the quote, the formatting or a file that VK has forgotten; without it, it is worth a try."""
_log = structlog.get_logger(__name__)


async def _nowhere() -> str:
    return ""


async def _forgotten(_: str) -> None:
    return None


class VkChannel:
    """One community's private messages; receives the comments on its wall as well.

    `stock` is where files come from. `set_aside` keeps what could not be read. `position` keeps, for mode longpoll,
    until where events were stored: without one, what happens while nobody listens is not seen.
    """

    name = CHANNEL
    capabilities = CAPABILITIES

    def __init__(
        self,
        config: VkConfig,
        client: VkClient,
        *,
        clock: Clock,
        stock: Stock,
        set_aside: SetAside,
        position: Position | None = None,
    ) -> None:
        self.account = config.name
        self._config = config
        self._client = client
        self._clock = clock
        self._hosts = Hosts(allow=HOSTS, base=config.base_url or "")
        self._uploads = Uploads(client, stock, base_url=config.base_url)
        self._sent: OrderedDict[int, None] = OrderedDict()
        self._receiver = Receiver(
            client,
            self.account,
            clock=clock,
            ours=self._sent.__contains__,
            wall=config.wall,
            set_aside=set_aside,
        )
        self._position = position or Position(load=_nowhere, save=_forgotten)
        self._typed: OrderedDict[str, float] = OrderedDict()
        self._begun: OrderedDict[str, list[str]] = OrderedDict()

    @property
    def origin(self) -> str:
        return f"{CHANNEL}:{self.account}"

    async def close(self) -> None:
        await self._uploads.close()

    # --- in --------------------------------------------------------------------------------------

    def mount(self, app: web.Application, accept: Accept) -> None:
        """Serves the callback. Raises `ConfigurationError` when there is no secret."""
        callback.mount(
            app,
            self._receiver,
            account=self.account,
            group_id=self._config.group_id,
            secret=self._config.secret,
            confirmation=self._confirmation,
            accept=accept,
        )

    async def listen(self, accept: Accept) -> None:
        """Asks for events, or waits while VK posts them, until cancelled.

        In mode longpoll one process should ask at a time; another may go on at any moment.
        """
        if self._config.mode == "callback" and self._config.secret is None:
            raise ConfigurationError(f"VK account {self.account}: mode is callback, so secret must be set.")
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._receiver.work())
            if self._config.mode == "longpoll":
                poll = LongPoll(
                    self._client,
                    self._receiver,
                    account=self.account,
                    clock=self._clock,
                    base_url=self._config.base_url,
                    position=self._position,
                )
                tasks.create_task(poll.run(accept))

    def fetch(self, media: Media) -> AbstractAsyncContextManager[Incoming]:
        """What a customer sent, from VK's own hosts and nowhere else. Raises `SendFailed`."""
        most = max(CAPABILITIES.media.values())
        return download(media.ref, self._hosts, most=most, seconds=DOWNLOAD_SECONDS, language=self._config.language)

    async def _confirmation(self) -> str:
        if self._config.confirmation is not None:
            return self._config.confirmation
        answer = await self._client.call("groups.getCallbackConfirmationCode", group_id=self._config.group_id)
        return string(obj(answer).get("code"))

    # --- out -------------------------------------------------------------------------------------

    async def send(self, message: OutboundMessage) -> str:
        """The messages' names, `peer:number` each. Tried again after a failure, it goes on where it stopped.

        Sending the same message again shows it once: VK knows its `random_id`
        (https://dev.vk.com/ru/method/messages.send). So a failure without an answer is no doubt, only a reason to
        repeat.
        """
        peer = _number(message.to.chat)
        if peer is None:
            raise failure("chat_not_found", self._config.language)
        try:
            match message.does:
                case "say":
                    return await self._say(message, peer)
                case "edit":
                    return await self._edit(message, peer)
                case "delete":
                    return await self._delete(message, peer)
                case "react":
                    return await self._react(message, peer)
        except SendFailed as failed:
            failed.maybe_sent = False
            if failed.code in _DENIED:
                self._receiver.denied[peer] = None
            raise

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        now, peer = self._clock.monotonic(), _number(to.chat)
        last = self._typed.get(to.chat)
        if peer is None or (last is not None and now - last < _TYPING_SECONDS):
            return
        self._typed[to.chat] = now
        if len(self._typed) > _REMEMBERED:
            self._typed.popitem(last=False)
        await self._aside("messages.setActivity", _TYPING, peer_id=peer, type="typing")

    async def read(self, to: Address, message: str) -> None:
        peer = _number(to.chat)
        number = number_in(message, peer) if peer is not None else None
        if number is not None:
            await self._aside("messages.markAsRead", _READING, peer_id=peer, up_to_cmid=number)

    async def templates(self) -> Sequence[Template]:
        return ()

    async def allows(self, to: Address) -> bool:
        """Whether this person takes messages of the community now. Raises `SendFailed`."""
        answer = await self._client.call(
            "messages.isMessagesFromGroupAllowed", group_id=self._config.group_id, user_id=_number(to.chat)
        )
        return obj(answer).get("is_allowed") == 1

    # --- inside ----------------------------------------------------------------------------------

    async def _say(self, message: OutboundMessage, peer: int) -> str:
        chunks = render(message, self._shown_to(message, peer))
        if not chunks:
            raise failure("empty", self._config.language)
        if peer in self._receiver.denied and not await self.allows(message.to):
            raise failure("not_allowed", self._config.language)
        sent = self._begun.pop(message.id, [])
        try:
            for number in range(len(sent), len(chunks)):
                sent.append(await self._post(message, chunks[number], number, peer))
        except BaseException:
            if sent:
                self._begun[message.id] = sent
                if len(self._begun) > _REMEMBERED:
                    self._begun.popitem(last=False)
            raise
        self._receiver.denied.pop(peer, None)
        return " ".join(sent)

    def _shown_to(self, message: OutboundMessage, peer: int) -> Capabilities:
        """What this customer's app can show: where it has no buttons, they are numbered lines."""
        count = len(self.capabilities.shown(message.buttons))
        if count == 0 or fits(count, self._client_of(peer)):
            return self.capabilities
        return replace(self.capabilities, buttons=0, rows=0)

    def _client_of(self, peer: int) -> Client:
        return self._receiver.clients.get(peer, Client())

    async def _post(self, message: OutboundMessage, chunk: Chunk, number: int, peer: int) -> str:
        """One chunk as one message; its name."""
        replied = number_in(message.reply_to, peer) if number == 0 and message.reply_to else None
        random_id = random_id_of(message.id, number)
        _remember(self._sent, random_id)
        drawn = True
        while True:
            values = await self._content(chunk, peer, drawn=drawn)
            if replied is not None:
                reply = {"peer_id": peer, "conversation_message_ids": [replied], "is_reply": True}
                values["forward"] = dumps(reply)
            try:
                # With `peer_ids`, VK tells the number within the conversation too.
                answer = await self._client.call(
                    "messages.send", peer_ids=[peer], random_id=random_id, payload=_OURS, priority=_SAYING, **values
                )
                return self._posted(answer, peer)
            except SendFailed as failed:
                if failed.code not in _MENDABLE:
                    raise
                if replied is not None:
                    replied = None  # what is answered is gone: the answer is still worth saying
                elif chunk.marks and drawn:
                    drawn = False
                elif not self._uploads.forget(chunk.files, peer):
                    raise

    async def _content(self, chunk: Chunk, peer: int, *, drawn: bool = True) -> dict[str, Any]:
        """The parameters that say what is in the message, for messages.send and messages.edit."""
        values: dict[str, Any] = {"message": chunk.text or ("…" if chunk.buttons else None)}
        marks = formats.drawn(chunk.text, chunk.marks) if drawn else None
        if marks is not None:
            values["format_data"] = dumps(marks)
        if chunk.files:
            names = [await self._uploads.attachment(media, peer) for media in chunk.files]
            values["attachment"] = ",".join(names)
        if isinstance(chunk.place, Location):
            values |= {"lat": chunk.place.latitude, "long": chunk.place.longitude}
        return values | markup(chunk.buttons, self._client_of(peer))

    def _posted(self, answer: Any, peer: int) -> str:
        about = obj(answer[0]) if isinstance(answer, list) and answer else {}
        if "error" in about:
            raise self._client.refused(obj(about["error"]))
        number = positive(about.get("conversation_message_id"))
        if number is None:
            raise failure("no_answer", self._config.language)
        return named(peer, number)

    async def _edit(self, message: OutboundMessage, peer: int) -> str:
        """New words for messages of ours: what took several of them before may take fewer now, or more."""
        numbers = self._numbers(message, peer)
        chunks = render(replace(message, does="say"), self._shown_to(message, peer))
        if not chunks:
            raise failure("empty", self._config.language)
        names = []
        for number, chunk in zip(numbers, chunks, strict=False):
            values = await self._content(chunk, peer)
            await self._client.call(
                "messages.edit", peer_id=peer, cmid=number, keep_forward_messages=True, priority=_SAYING, **values
            )
            names.append(named(peer, number))
        more = replace(message, reply_to="")
        names += [await self._post(more, chunks[n], n, peer) for n in range(len(numbers), len(chunks))]
        if len(numbers) > len(chunks):
            await self._deleted(numbers[len(chunks) :], peer)
        return " ".join(names)

    async def _delete(self, message: OutboundMessage, peer: int) -> str:
        await self._deleted(self._numbers(message, peer), peer)
        return ""

    async def _deleted(self, numbers: list[int], peer: int) -> None:
        """For everybody; VK takes that for a day (https://dev.vk.com/ru/method/messages.delete)."""
        answers = await self._client.call(
            "messages.delete",
            group_id=self._config.group_id,
            peer_id=peer,
            cmids=numbers,
            delete_for_all=True,
            priority=_SAYING,
        )
        for answer in map(obj, array(answers, len(numbers))):
            error = obj(answer.get("error"))
            if error:
                missing = error.get("code") == 100
                raise failure("message_missing", self._config.language) if missing else self._client.refused(error)

    async def _react(self, message: OutboundMessage, peer: int) -> str:
        number = self._numbers(message, peer)[-1]
        if not message.emoji:
            await self._client.call("messages.deleteReaction", peer_id=peer, cmid=number, priority=_SAYING)
            return ""
        reaction = reactions.number_of(message.emoji)
        if reaction is None:
            raise failure("not_possible", self._config.language)
        await self._client.call(
            "messages.sendReaction", peer_id=peer, cmid=number, reaction_id=reaction, priority=_SAYING
        )
        return ""

    def _numbers(self, message: OutboundMessage, peer: int) -> list[int]:
        numbers = [number for name in message.of.split() if (number := number_in(name, peer)) is not None]
        if not numbers:
            raise failure("message_missing", self._config.language)
        return numbers

    async def _aside(self, method: str, priority: int, **values: Any) -> None:
        """What is nice to have: without patience, and without a word of failure."""
        try:
            await self._client.call(method, priority=priority, patience=0.5, **values)
        except SendFailed as failed:
            _log.debug("vk_aside_failed", account=self.account, method=method, code=failed.code)


def random_id_of(message: str, chunk: int) -> int:
    """31 bits, never 0, the same whenever this chunk of this message is sent. VK looks for it within the
    conversation: one call may send to a hundred (https://dev.vk.com/ru/method/messages.send)."""
    digest = hashlib.sha256(f"{message}\n{chunk}".encode()).digest()
    return int.from_bytes(digest[:4], "big") & 0x7FFFFFFF or 1


def _remember(known: OrderedDict[int, None], number: int) -> None:
    known[number] = None
    known.move_to_end(number)
    if len(known) > _REMEMBERED:
        known.popitem(last=False)


def _number(chat: str) -> int | None:
    if not (chat.isascii() and chat.isdecimal() and len(chat) < 19):
        return None
    return int(chat) or None
