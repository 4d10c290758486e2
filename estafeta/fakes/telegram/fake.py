"""`FakeTelegram`: the stand-in as one object, for tests, the demo and benchmarks."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web
from pydantic import SecretStr

from estafeta.fakes.common.faults import Faults, Kind
from estafeta.fakes.common.serving import serve
from estafeta.fakes.common.watch import Watch
from estafeta.fakes.telegram.bots import FurtherBot, further_bot
from estafeta.fakes.telegram.business import Business, connect
from estafeta.fakes.telegram.calls import BotApi, Call
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.front import Front
from estafeta.fakes.telegram.limits import Limits, Pace
from estafeta.fakes.telegram.page import Page
from estafeta.fakes.telegram.people import Group, Participant, private_of
from estafeta.fakes.telegram.saved import load, save
from estafeta.fakes.telegram.scene import Scene
from estafeta.fakes.telegram.updates import GONE, Updates
from estafeta.fakes.telegram.webhook import Webhook
from estafeta.fakes.telegram.world import World, member, topic_of

DEFAULT_TOKEN = "7000000001:FAKE-token-for-the-stand-in-only-00"  # noqa: S105  opens nothing but this stand-in
FURTHER_TOKEN = "7000000002:FAKE-token-for-the-stand-in-only-01"  # noqa: S105
SAVE_DELAY = 0.05

Place = Participant | Group | int
"""An int is the id of a chat with the bot itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message as people see it now."""

    id: int
    topic: int
    author: str
    by_bot: bool
    text: str
    """The text, or `[photo] caption`, or `[forum_topic_created]` for what the messenger says itself."""
    service: bool
    edited: bool
    buttons: tuple[str, ...]
    """Under the message, or the keys that it brought under the box to write into, as long as they are there."""
    reactions: tuple[str, ...]
    reply_to: int | None
    raw: Json


class FakeTelegram:
    """A Bot API server on loopback with people to talk to.

    `limits=None` lifts Telegram's limits; `clock` (seconds that only grow) times them and the journal. `strict`:
    refuse and record what the schema forbids. `journal`: how many calls are remembered (None: all); `kept`: how many
    messages a chat remembers. `state`: a file in which the chats outlive the process.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        token: str = DEFAULT_TOKEN,
        limits: Limits | None = Limits(),  # noqa: B008  frozen
        clock: Callable[[], float] = time.monotonic,
        strict: bool = True,
        journal: int | None = None,
        kept: int | None = None,
        state: Path | None = None,
        webhook_hosts: frozenset[str] = frozenset(),
        webhook_delay: float = 1.0,
        privacy_mode: bool = False,
    ) -> None:
        self.host, self.port = host, port
        self._token = SecretStr(token)
        self._state = state
        bot_id = int(token.partition(":")[0])
        bot: Json = {"id": bot_id, "is_bot": True, "first_name": "Estafeta", "username": "estafeta_stand_in_bot"}
        self.world = World(bot=bot, kept=kept)
        self.world.users[bot_id] = bot
        self.updates = Updates()
        self.faults: Faults[Fault] = Faults()
        self._watch = Watch()
        self._saver: asyncio.TimerHandle | None = None
        self.scene = Scene(world=self.world, updates=self.updates, changed=self._changed, groups_private=privacy_mode)
        self.calls: deque[Call] = deque(maxlen=journal)
        pace = Pace(limits=limits, clock=clock) if limits is not None else None
        self._api = BotApi(
            scene=self.scene, faults=self.faults, pace=pace, clock=clock, journal=self.calls, strict=strict
        )
        self.webhook = Webhook(
            updates=self.updates,
            faults=self.faults,
            now=self.world.now,
            reply=self._api.webhook_reply,
            hosts=webhook_hosts,
            first_delay=webhook_delay,
        )
        self._api.webhook = self.webhook
        self._tokens = {token: self._api}
        self._bots: list[FurtherBot] = []
        self._further = partial(further_bot, self._api, hosts=webhook_hosts, first_delay=webhook_delay)
        self._runner: web.ServerRunner | None = None
        self._running = False
        self._privates: dict[str, Participant] = {}
        self._groups: dict[str, Group] = {}
        self._businesses: dict[str, Business] = {}

    # Running

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        if self._state is not None and self._state.exists():
            load(self._state, self._api, lambda name, token: self.bot(name, token=token).api)
            self._meet_everybody()
        page = Page(self)
        front = Front(self._tokens, page.handle)
        self._runner, self.port = await serve(front, self.host, self.port)
        self._running = True
        for api in self._tokens.values():
            api.webhook.resume()

    @property
    def running(self) -> bool:
        return self._running

    async def stop(self) -> None:
        self._running = False
        self.updates.end_poll(GONE)
        self._watch.tell()
        await self.webhook.close()
        for bot in self._bots:
            await bot.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        if self._saver is not None:
            self._saver.cancel()
            self._saver = None
        self.save()

    async def __aenter__(self) -> FakeTelegram:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The base for `TelegramAPIServer.from_base`."""
        return f"http://{self.host}:{self.port}"

    @property
    def token(self) -> str:
        return self._token.get_secret_value()

    # People

    def private(self, name: str, *, language: str = "ru", started: bool = True, **more: Any) -> Participant:
        """A customer's private chat with the bot; the same person for the same name. `started=False`: the bot may
        not write first. `more`: fields of `User` (last_name, username)."""
        if name not in self._privates:
            user = self.world.add_user(name, language_code=language, **more)
            self.world.add_private(user, started=started)
            self._privates[name] = Participant(self.scene, user, user["id"])
            self._changed()
        return self._privates[name]

    def group(self, title: str = "Операторы", *, forum: bool = True) -> Group:
        """The group with this title; new ones have an owner, and the bot as an administrator with all rights."""
        if title not in self._groups:
            chat = self.world.add_group(title, forum=forum)
            owner = self.world.add_user("Владелец")
            chat.members[owner["id"]] = member(owner, "creator")
            chat.members[self.world.bot["id"]] = member(self.world.bot, "administrator")
            self._groups[title] = Group(self.scene, chat.id)
            self._changed()
        return self._groups[title]

    def private_of(self, person: Participant) -> Participant:
        """The same person (an operator, say) in the private chat with the bot, which may not write first."""
        return private_of(self.scene, person)

    def bot(self, name: str = "Пульт", *, token: str = FURTHER_TOKEN) -> FurtherBot:
        """Another bot, by its token; it is in no group until it `joins` one."""
        known = next((bot for bot in self._bots if bot.token == token), None)
        if known is None:
            known = self._further(token, name)
            self._bots.append(known)
            self._tokens[token] = known.api
        return known

    def business(self, owner: str) -> Business:
        """The business account of this person, which the bot serves from now on; the same for the same name."""
        if owner not in self._businesses:
            self._businesses[owner] = connect(self.scene, owner)
            self._changed()
        return self._businesses[owner]

    def furnish(self) -> Group:
        """What a demo needs to begin: a customer, the operators' group and three people in it. Once is enough."""
        if not self._privates:
            self.private("Иван", last_name="Покупатель")
        group = next(iter(self._groups.values()), None) or self.group()
        for name in ("Анна", "Борис", "Vera"):
            group.operator(name)
        return group

    def participant(self, chat: int, user: int) -> Participant:
        return Participant(self.scene, self.world.users[user], chat)

    def _meet_everybody(self) -> None:
        for chat in self.world.chats.values():
            if chat.private:
                user = self.world.users[chat.id]
                self._privates[user["first_name"]] = Participant(self.scene, user, chat.id)
            elif chat.migrated_to is None:
                self._groups[chat.brief["title"]] = Group(self.scene, chat.id)

    # Looking

    def messages(self, place: Place, *, topic: int | None = None) -> list[Shown]:
        """What is in a chat (or one topic of it, 0: General) now, in order, after edits and deletions."""
        chat = self.world.chats[place] if isinstance(place, int) else place.chat
        return [
            _shown(message, chat.reactions.get(number, {}), chat.keys)
            for number, message in chat.messages.items()
            if topic is None or topic_of(message) == topic
        ]

    def shown(self, place: Place, *, topic: int | None = None) -> list[str]:
        """The texts people see, without what the messenger says itself."""
        return [message.text for message in self.messages(place, topic=topic) if not message.service]

    def calls_of(self, *methods: str) -> list[Call]:
        return [call for call in self.calls if call.method in methods]

    @property
    def violations(self) -> list[str]:
        """What the schema forbids and a bot did all the same."""
        return [*self._api.violations, *(problem for bot in self._bots for problem in bot.violations)]

    @property
    def limits(self) -> Limits | None:
        return self._api.pace.limits if self._api.pace else None

    async def wait(self, condition: Callable[[], Any], timeout: float = 5.0) -> Any:
        """Until `condition()` is true (looked at after every change); returns its value, or raises TimeoutError."""
        return await self._watch.wait(condition, timeout)

    # Trouble

    def fail(self, method: str, kind: Kind = "answer", **more: Any) -> None:
        """Plans a `Fault` for the next calls of `method`."""
        self.faults.planned.append(Fault(method=method, kind=kind, **more))

    # Inside

    def _changed(self) -> None:
        self._watch.changed()
        if self._state is not None and self._saver is None and self._runner is not None:
            self._saver = asyncio.get_running_loop().call_later(SAVE_DELAY, self.save)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after every change; returns how to stop that."""
        return self._watch.listen(listener)

    def save(self) -> None:
        self._saver = None
        if self._state is not None:
            save(self._state, self._tokens)


def _shown(message: Json, reactions: dict[int, list[Json]], keys: Json | None) -> Shown:
    under = message.get("reply_markup", {}).get("inline_keyboard", [])
    if keys is not None and keys["message"] == message["message_id"]:
        under = keys["rows"]
    author = message.get("sender_chat") or message.get("from") or {}
    content = next((key for key in CONTENT if key in message), "")
    text = message.get("text", "")
    if not text and content:
        text = f"[{content}] {message.get('caption', '')}".strip()
    service = not text
    if service:
        text = f"[{next((key for key in message if key not in ENVELOPE), '')}]"
    replied = message.get("reply_to_message", {})
    return Shown(
        id=message["message_id"],
        topic=topic_of(message),
        author=author.get("first_name") or author.get("title", ""),
        by_bot=bool(author.get("is_bot")) or "sender_business_bot" in message,
        text=text,
        service=service,
        edited="edit_date" in message,
        buttons=tuple(b["text"] for row in under for b in row),
        reactions=tuple(reaction.get("emoji", "✨") for given in reactions.values() for reaction in given),
        reply_to=replied["message_id"] if replied and "forum_topic_created" not in replied else None,
        raw=message,
    )


CONTENT = (
    "photo", "document", "voice", "video", "video_note", "audio", "animation", "sticker", "venue", "location",
    "contact",
)  # fmt: skip
ENVELOPE = frozenset(
    {"message_id", "date", "chat", "from", "sender_chat", "message_thread_id", "is_topic_message", "reply_to_message"}
)
