"""What a message means, done in a chat: said, edited, deleted, reacted to."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from bots.render import Chunk, render
from bots.telegram.capabilities import CAPABILITIES, reaction
from bots.telegram.client import RawMethod, TelegramClient
from bots.telegram.content import entities_of, integer, mapping, with_addresses
from bots.telegram.failures import failure
from bots.telegram.files import AlbumRefused, Run, TelegramFiles
from bots.telegram.places import Place, Spot, spots_of
from estafeta.kernel.errors import SendFailed, StoreUnavailable
from estafeta.kernel.model import Button, Capabilities, Contact, Json, Location, Media, OutboundMessage, Part, Text

_CONVERSING = 0
_REMEMBERED = 10_000

_WITHOUT_KEYBOARD = replace(CAPABILITIES, asks_contact=False)
"""Reply keyboards are the bot's own private chats' alone, and no edit brings one
(https://core.telegram.org/bots/api#replykeyboardmarkup, https://core.telegram.org/bots/api#updating-messages)."""

_Step = Callable[[dict[str, Any]], Awaitable[list[int]]]
"""Sends one thing, with these values besides; the numbers of the messages that came of it."""


class Sender:
    """Does what messages say, in one bot's chats.

    A keyboard that asks for the customer's number (https://core.telegram.org/bots/api#replykeyboardmarkup) folds when
    it was pressed, and goes for good with the first plain words after the customer's answer, which `heard` tells of;
    with the first ones at all where nothing is heard (`hears`). It is remembered here alone: after a restart a folded
    one stays. Telegram lets nobody edit the words that brought it, nor those that took it away
    (https://core.telegram.org/bots/api#updating-messages).
    """

    def __init__(self, client: TelegramClient, files: TelegramFiles) -> None:
        self.hears = False
        self._client = client
        self._files = files
        self._begun: OrderedDict[str, list[list[int]]] = OrderedDict()
        self._asking: OrderedDict[str, bool] = OrderedDict()
        """Chats with a keyboard, and whether it may go."""

    def heard(self, chat: str) -> None:
        """The customer wrote, or shared something."""
        if chat in self._asking:
            self._asking[chat] = True

    async def do(self, message: OutboundMessage) -> str:
        """As `Channel.send`. Tried again after a failure, what was going to be said goes on where it stopped.

        A failure with `maybe_sent` has no `retry_after`: Telegram takes no id of ours, so what is sent again
        might be seen twice. Whether it is worth that is for the caller to say, once. Changing what is there can
        be done twice without harm, so there is no doubt about that.
        """
        try:
            match message.does:
                case "say":
                    return await self._say(message)
                case "edit":
                    return await self._edit(message)
                case "delete":
                    await self._delete(message)
                case "react":
                    await self._react(message)
        except SendFailed as failed:
            if message.does == "say" and failed.maybe_sent:
                failed.retry_after = None
            elif message.does != "say":
                failed.maybe_sent = False
            raise
        return ""

    # --- saying

    async def _say(self, message: OutboundMessage) -> str:
        place = Place.read(message.to.chat)
        if place is None:
            raise self._failure("chat_not_found")
        chunks = self._rendered(message, _WITHOUT_KEYBOARD if place.connection else CAPABILITIES)
        if not chunks:
            raise self._failure("empty")
        answered = next(iter(spots_of(message.reply_to)), None)
        replying = {} if answered is None or answered.place != place else _replying(answered.number)
        numbers = await self._send(message, place, chunks, replying)
        return _names(place, numbers)

    async def _send(
        self, message: OutboundMessage, place: Place, chunks: Sequence[Chunk], first: dict[str, Any]
    ) -> list[int]:
        """What was sent before the failure of an earlier try counts. `first` goes with the first thing."""
        done = self._begun.pop(message.id, [])
        try:
            before = 0
            for chunk in chunks:
                before = await self._send_chunk(place, chunk, done, before, first)
        except (SendFailed, StoreUnavailable):
            if done:
                self._begun[message.id] = done
                if len(self._begun) > _REMEMBERED:
                    self._begun.popitem(last=False)
            raise
        return [number for numbers in done for number in numbers]

    async def _send_chunk(
        self, place: Place, chunk: Chunk, done: list[list[int]], before: int, first: dict[str, Any]
    ) -> int:
        """`before`: how many things there are before this chunk. Returns how many with it."""
        steps = await self._steps(place, chunk)
        n = before
        while n - before < len(steps):
            if n >= len(done):
                try:
                    done.append(await steps[n - before](first if n == 0 else {}))
                except AlbumRefused:
                    steps = await self._steps(place, chunk)
                    continue
            n += 1
        return n

    async def _steps(self, place: Place, chunk: Chunk) -> list[_Step]:
        if chunk.files:
            runs = await self._files.runs(chunk.files)
            return [partial(self._send_run, place, run, chunk if n == 0 else Chunk()) for n, run in enumerate(runs)]
        return [partial(self._send_words, place, chunk)]

    async def _send_run(self, place: Place, run: Run, chunk: Chunk, values: dict[str, Any]) -> list[int]:
        given = {**place.values, **values}
        chat = given.pop("chat_id")
        return await self._files.send_run(
            chat, run, text=chunk.text, marks=chunk.marks, values=given, priority=_CONVERSING
        )

    async def _send_words(self, place: Place, chunk: Chunk, values: dict[str, Any]) -> list[int]:
        chat, method = str(place), _drawn(place, chunk)
        takes_away = self._asking.get(chat, False) and not chunk.buttons
        if takes_away:  # https://core.telegram.org/bots/api#replykeyboardremove
            values = {**values, "reply_markup": {"remove_keyboard": True}}
        number = _number(await self._client.call(method.model_copy(update=values), priority=_CONVERSING))
        if takes_away:
            self._asking.pop(chat, None)
        elif any(button.asks for button in chunk.buttons):
            self._asking[chat] = not self.hears
            if len(self._asking) > _REMEMBERED:
                self._asking.popitem(last=False)
        return [number]

    # --- changing what was said

    async def _edit(self, message: OutboundMessage) -> str:
        """The first chunk changes the first message, and so on; what is too much is deleted, what is missing is
        sent. Files stay what they are: of messages with files the words change alone."""
        spots = self._spots(message)
        chunks = self._rendered(message, _WITHOUT_KEYBOARD)
        if not chunks:
            raise self._failure("empty")
        holds_files = any(chunk.files for chunk in chunks)
        left = list(spots)
        for n, chunk in enumerate(chunks):
            if not left:
                place = spots[0].place
                sent = await self._send(message, place, chunks[n:], {})
                return f"{_ids(spots)} {_names(place, sent)}"
            await self._change(left[0], chunk)
            del left[: len(chunk.files) or 1]
        if left and not holds_files:
            await self._remove(left)
            return _ids(spots[: len(spots) - len(left)])
        return _ids(spots)

    async def _change(self, spot: Spot, chunk: Chunk) -> None:
        if chunk.place is not None:
            raise self._failure("not_possible")
        if chunk.files:
            if chunk.files[0].kind != "sticker":
                await self._client.call(_caption(spot, chunk), priority=_CONVERSING)
            return
        try:
            values = {**spot.values, **_text(chunk), **_keyboard(chunk.buttons)}
            await self._client.call(RawMethod("editMessageText", values), priority=_CONVERSING)
        except SendFailed as failed:
            if failed.code != "not_possible":
                raise
            await self._client.call(_caption(spot, chunk), priority=_CONVERSING)  # a file's words, it turns out

    async def _delete(self, message: OutboundMessage) -> None:
        await self._remove(self._spots(message))

    async def _remove(self, spots: Sequence[Spot]) -> None:
        place, numbers = spots[0].place, [spot.number for spot in spots]
        if place.connection:
            values = {"business_connection_id": place.connection, "message_ids": numbers}
            method = RawMethod("deleteBusinessMessages", values)
        elif len(numbers) == 1:
            method = RawMethod("deleteMessage", spots[0].values)
        else:
            method = RawMethod("deleteMessages", {**place.values, "message_ids": numbers})
        try:
            await self._client.call(method, priority=_CONVERSING)
        except SendFailed as failed:
            if failed.code != "message_missing":  # gone is what it was meant to be
                raise

    async def _react(self, message: OutboundMessage) -> None:
        spot = self._spots(message)[0]
        if spot.place.connection:  # https://core.telegram.org/bots/api#setmessagereaction has no such parameter
            raise self._failure("not_possible")
        emoji = reaction(message.emoji) if message.emoji else ""
        if message.emoji and not emoji:
            raise self._failure("reaction_unknown")
        wanted = [{"type": "emoji", "emoji": emoji}] if emoji else []
        await self._client.call(RawMethod("setMessageReaction", {**spot.values, "reaction": wanted}))

    def _rendered(self, message: OutboundMessage, can: Capabilities) -> tuple[Chunk, ...]:
        return render(replace(message, parts=tuple(self._sendable(part) for part in message.parts)), can)

    def _sendable(self, part: Part) -> Part:
        """What Telegram has itself is sent by its id, whatever its size
        (https://core.telegram.org/bots/api#sending-files)."""
        match part:
            case Media(origin=self._files.origin):
                return replace(part, size=0)
            case Text():
                return with_addresses(part)
        return part

    def _spots(self, message: OutboundMessage) -> list[Spot]:
        spots = spots_of(message.of)
        if not spots:
            raise self._failure("message_missing")
        return [spot for spot in spots if spot.place == spots[0].place]

    def _failure(self, code: str) -> SendFailed:
        return failure(code, self._client.language)


def _drawn(place: Place, chunk: Chunk) -> RawMethod:
    values = {**place.values, **_keyboard(chunk.buttons)}
    match chunk.place:
        case Location(latitude=latitude, longitude=longitude, title=title):
            where = {"latitude": latitude, "longitude": longitude}
            if not title:
                return RawMethod("sendLocation", {**values, **where})
            name, _, address = title.partition(", ")
            return RawMethod(
                "sendVenue",
                {**values, **where, "title": name, "address": address or f"{latitude:.6f}, {longitude:.6f}"},
            )
        case Contact(phone=phone, name=name):
            return RawMethod("sendContact", {**values, "phone_number": phone, "first_name": name or phone})
    return RawMethod("sendMessage", {**values, **_text(chunk)})


def _text(chunk: Chunk) -> dict[str, Any]:
    entities = entities_of(chunk.text, chunk.marks)
    return {"text": chunk.text, "entities": entities} if entities else {"text": chunk.text}


def _caption(spot: Spot, chunk: Chunk) -> RawMethod:
    entities = entities_of(chunk.text, chunk.marks)
    values = {**spot.values, "caption": chunk.text, **_keyboard(chunk.buttons)}
    return RawMethod("editMessageCaption", values | {"caption_entities": entities} if entities else values)


def _keyboard(buttons: Sequence[Button]) -> dict[str, Any]:
    if not buttons:
        return {}
    if buttons[0].asks:
        asking = [[{"text": button.text, "request_contact": True}] for button in buttons]
        return {"reply_markup": {"keyboard": asking, "one_time_keyboard": True, "resize_keyboard": True}}
    rows = [[{"text": b.text, "url": b.url} if b.url else {"text": b.text, "callback_data": b.id}] for b in buttons]
    return {"reply_markup": {"inline_keyboard": rows}}


def _replying(number: int) -> dict[str, Any]:
    return {"reply_parameters": {"message_id": number, "allow_sending_without_reply": True}}


def _number(answer: Json) -> int:
    return integer(mapping(answer).get("message_id")) or 0


def _names(place: Place, numbers: Sequence[int]) -> str:
    return " ".join(str(Spot(place, number)) for number in numbers)


def _ids(spots: Sequence[Spot]) -> str:
    return " ".join(map(str, spots))
