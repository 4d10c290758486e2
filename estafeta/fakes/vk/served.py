"""`ServedVk`: the stand-in with its page, and with a world that outlives the process; for people who try it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from aiohttp import web

from estafeta.fakes.common import saved
from estafeta.fakes.common.errors import Json
from estafeta.fakes.common.serving import serve
from estafeta.fakes.vk.callback import CallbackServer
from estafeta.fakes.vk.fake import FakeVk
from estafeta.fakes.vk.front import Front
from estafeta.fakes.vk.longpoll import LongPoll
from estafeta.fakes.vk.page import Page
from estafeta.fakes.vk.people import Community
from estafeta.fakes.vk.scene import OBJECTS
from estafeta.fakes.vk.world import Group, StoredFile

API = frozenset({"method", "longpoll", "upload", "files"})
"""The first parts of VK's own paths."""


class State(saved.State):
    messenger: str = "vk"
    counter: int
    users: dict[int, Json]
    groups: dict[int, Group]
    files: dict[int, StoredFile]
    codes: dict[int, str]


class ServedVk(FakeVk):
    """`state`: a file in which the communities, people and messages outlive the process. Callback servers do not:
    whoever runs the bot names its address again."""

    def __init__(self, port: int = 0, *, state: Path | None = None, **more: Any) -> None:
        super().__init__(port, **more)
        self._state = state
        self._saving = contextlib.AsyncExitStack()
        self._running = False

    @property
    def running(self) -> bool:
        return self._running

    async def start(self) -> None:
        """Raises OSError when the port is taken, ValueError when the saved world is none."""
        if self._state is not None and (state := saved.load(self._state, State)) is not None:
            self._restore(state)
        self._runner, self.port = await serve(self._handler(), self.host, self.port)
        self.world.base = self.url
        self._running = True
        if self._state is not None:
            await self._saving.enter_async_context(saved.kept(self, self._state, self._kept))

    async def stop(self) -> None:
        self._running = False
        self._watch.tell()
        await super().stop()
        await self._saving.aclose()

    async def __aenter__(self) -> ServedVk:
        await self.start()
        return self

    def _handler(self) -> Any:
        api, page = Front(self._api), Page(self)

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            section = request.path.lstrip("/").partition("/")[0]
            return await (api(request) if section in API else page.handle(request))

        return handle

    def furnish(self) -> Community:
        """What a demo needs to begin: a community with a post on its wall, and a customer. Once is enough."""
        community = next(iter(self._communities.values()), None) or self.community()
        if not community.group.posts:
            community.posts("Новая коллекция уже в продаже. Вопросы о заказах можно задать в комментариях.")
        if not self._people:
            self.private("Ольга", community)
        return community

    def connect(self, community: Community, url: str, *, title: str = "Estafeta", secret: str = "") -> CallbackServer:
        """What an administrator does on the community's page: names a callback server, for all events there are. Its
        `status` becomes "ok" or "failed" when it has been asked for the confirmation string."""
        server = self.callback.add(community.id, community.group.admin, url, title, secret)
        server.events |= OBJECTS.keys()
        return server

    def _kept(self) -> State:
        world = self.world
        return State(
            counter=world.counter,
            users=world.users,
            groups=world.groups,
            files=world.files,
            codes=self.callback.codes,
        )

    def _restore(self, state: State) -> None:
        self.world.counter, self.world.users, self.world.files = state.counter, state.users, state.files
        self.world.groups = state.groups
        self.callback.codes.update(state.codes)
        admins = set()
        for group in state.groups.values():
            for dialog in group.dialogs.values():
                dialog.sent.clear()  # timed by a clock that has begun anew
            poll = self.scene.polls[group.id] = LongPoll(community=group.id)
            poll.renew(self.world.next_number())
            self._communities[group.name] = Community(self.scene, group)
            admins.add(group.admin)
        for number, user in state.users.items():
            if number not in admins:
                self._people[f"{user['first_name']} {user['last_name']}".strip()] = user
