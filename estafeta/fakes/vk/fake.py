"""`FakeVk`: the stand-in as one object, for tests, the demo and benchmarks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import web

from estafeta.fakes.common.errors import Json
from estafeta.fakes.common.faults import Faults, Kind
from estafeta.fakes.common.serving import serve
from estafeta.fakes.common.watch import Watch
from estafeta.fakes.vk.callback import Callback, CallbackSettings
from estafeta.fakes.vk.calls import Call, VkApi
from estafeta.fakes.vk.faults import Fault
from estafeta.fakes.vk.front import Front
from estafeta.fakes.vk.keyboard import buttons
from estafeta.fakes.vk.limits import Limits, Pace
from estafeta.fakes.vk.longpoll import LongPoll
from estafeta.fakes.vk.people import Chat, Community, Participant
from estafeta.fakes.vk.scene import Scene
from estafeta.fakes.vk.world import Group, World

Place = Participant | Chat


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A message or a comment as people see it now."""

    id: int
    """`conversation_message_id`, or the comment's id."""
    author: str
    by_community: bool
    by_admin: bool
    """Typed by a person in the community's own pages."""
    text: str
    """The text, or `[photo]`, `[geo]`, `[chat_invite_user]` for what has none."""
    edited: bool
    buttons: tuple[str, ...]
    reactions: tuple[int, ...]
    reply_to: int | None
    raw: Json


class FakeVk:
    """VK's API on loopback, with communities and people to talk to.

    `limits=None` lifts VK's limits; `clock` (seconds that only grow) times them, the hour of a `random_id` and the
    journal. `strict`: refuse (not only record) parameters the schema does not know. `journal`: how many calls are
    remembered (None: all).
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        limits: Limits | None = Limits(),  # noqa: B008  frozen
        clock: Callable[[], float] = time.monotonic,
        strict: bool = True,
        journal: int | None = None,
        callback: CallbackSettings = CallbackSettings(),  # noqa: B008  frozen
    ) -> None:
        self.host, self.port = host, port
        self.world = World()
        self.faults: Faults[Fault] = Faults()
        self._watch = Watch()
        self.callback = Callback(faults=self.faults, settings=callback, changed=self._watch.changed)
        pace = Pace(limits=limits, clock=clock) if limits is not None else None
        self.scene = Scene(
            world=self.world, callback=self.callback, changed=self._watch.changed, clock=clock, pace=pace
        )
        self.calls: deque[Call] = deque(maxlen=journal)
        self._api = VkApi(scene=self.scene, faults=self.faults, journal=self.calls, strict=strict)
        self._runner: web.ServerRunner | None = None
        self._communities: dict[str, Community] = {}
        self._people: dict[str, Json] = {}

    # Running

    async def start(self) -> None:
        """Raises OSError when the port is taken."""
        self._runner, self.port = await serve(Front(self._api), self.host, self.port)
        self.world.base = self.url

    async def stop(self) -> None:
        for poll in self.scene.polls.values():
            poll.close()
        await self.callback.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> FakeVk:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """In place of `https://api.vk.com`: methods are under `/method/`."""
        return f"http://{self.host}:{self.port}"

    # People

    def community(self, name: str = "Лавка", *, token: str = "") -> Community:
        """The community with this name."""
        if name not in self._communities:
            self._communities[name] = Community(self.scene, self.scene.add_group(name, token=token))
        return self._communities[name]

    def private(
        self, name: str, community: Community | None = None, *, allowed: bool = True, **more: Any
    ) -> Participant:
        """A person's messages with a community (the first one when none is named); the same person for the same
        name, in every community. `allowed=False`: the community may not write first. `more`: fields of `user`."""
        group = (community or next(iter(self._communities.values()), None) or self.community()).group
        if name not in self._people:
            self._people[name] = self.world.add_user(name, **more)
        user = self._people[name]
        if user["id"] not in group.dialogs:
            group.dialog(user["id"]).allowed = allowed
        return Participant(self.scene, group, user, user["id"])

    # Looking

    def messages(self, place: Place) -> list[Shown]:
        """What is in a conversation now, in order, after edits and deletions."""
        return [self._shown(place.group, message) for message in place.dialog.messages.values()]

    def shown(self, place: Place) -> list[str]:
        """The texts people see."""
        return [message.text for message in self.messages(place)]

    def wall(self, community: Community, post: int) -> list[Shown]:
        """The comments under a post, in order."""
        return [self._shown(community.group, comment) for comment in community.group.posts[post].comments.values()]

    def keyboard(self, place: Place) -> tuple[str, ...]:
        """The labels under the input field."""
        return tuple(_label(button) for button in buttons(place.dialog.keyboard))

    def doing(self, place: Place) -> str:
        """What the community shows it is doing: typing, audiomessage, …; empty: nothing."""
        what, until = place.dialog.doing
        return what if until > self.world.now() else ""

    def long_poll(self, community: Community) -> LongPoll:
        return self.scene.polls[community.id]

    def calls_of(self, *methods: str) -> list[Call]:
        return [call for call in self.calls if call.method in methods]

    @property
    def violations(self) -> list[str]:
        """What the schema or a documented limit forbids: done by the caller all the same, or by the stand-in itself
        in an answer ("reply of …") or an event ("event …")."""
        return self.scene.violations

    @property
    def limits(self) -> Limits | None:
        return self.scene.pace.limits if self.scene.pace else None

    async def wait(self, condition: Callable[[], Any], timeout: float = 5.0) -> Any:
        """Until `condition()` is true (looked at after every change); returns its value, or raises TimeoutError."""
        return await self._watch.wait(condition, timeout)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` after every change; returns how to stop that."""
        return self._watch.listen(listener)

    # Trouble

    def fail(self, method: str, kind: Kind = "answer", **more: Any) -> None:
        """Plans a `Fault` for the next calls of `method` ("a_check": of Long Poll)."""
        self.faults.planned.append(Fault(method=method, kind=kind, **more))

    # Inside

    def _shown(self, group: Group, message: Json) -> Shown:
        author = message["from_id"]
        user = self.world.users.get(author, {})
        keys = message.get("keyboard", {})
        replied = message.get("reply_message", {}).get("conversation_message_id", message.get("reply_to_comment"))
        return Shown(
            id=int(message.get("conversation_message_id") or message["id"]),
            author=f"{user['first_name']} {user['last_name']}".strip() if user else group.name,
            by_community=author == -group.id,
            by_admin="admin_author_id" in message,
            text=message["text"] or _wordless(message),
            edited="update_time" in message,
            buttons=tuple(_label(button) for button in buttons(keys if keys.get("inline") else None)),
            reactions=tuple(entry["reaction_id"] for entry in message.get("reactions", [])),
            reply_to=replied,
            raw=message,
        )


def _label(button: Json) -> str:
    return str(button["action"].get("label", f"[{button['action']['type']}]"))


def _wordless(message: Json) -> str:
    if "action" in message:
        return f"[{message['action']['type']}]"
    kinds = [attachment["type"] for attachment in message.get("attachments", [])]
    kinds += ["geo"] if "geo" in message else []
    kinds += ["forwarded"] if message.get("fwd_messages") else []
    return " ".join(f"[{kind}]" for kind in kinds)
