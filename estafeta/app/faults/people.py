"""Everybody who writes in a run: customers in Telegram and at the site, operators in the group."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp

from estafeta.app.faults import script
from estafeta.app.faults.customer import Gate, Player
from estafeta.app.faults.ledger import Fault, Ledger
from estafeta.app.faults.telegram_people import Telegram
from estafeta.app.faults.widget_people import SiteChat
from estafeta.fakes.telegram import FakeTelegram

WORKSPACE = Path(__file__).parent / "workspace"
"""The workspace the product must run with (ESTAFETA_WORKSPACE)."""

GROUP = "Operators"
"""The title of the operators' group: `telegram.group(GROUP).id` is ESTAFETA_TELEGRAM__GROUP_ID."""

WIDGET_KEY = "demo"
"""ESTAFETA_WIDGET__KEY, at its default."""

_TELL_EVERY = 5.0


class People:
    """`web`: the base URL of some web process that lives (asked before each connection). `say`: progress for who
    watches. The product must run with `WORKSPACE`, the group `GROUP` and ESTAFETA_VAR_STOCK_URL = `Stock().url`
    (stock.py), and Telegram's limits must be lifted on both sides (`FakeTelegram(limits=None)`,
    ESTAFETA_TELEGRAM__LIMITS__…): the script is faster than one real bot may be. The stand-in's journal of calls
    (`telegram.calls`) is read and emptied here while the run goes on.
    """

    def __init__(
        self,
        *,
        seed: int,
        messages: int,
        ledger: Ledger,
        telegram: FakeTelegram,
        web: Callable[[], str],
        say: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._web = web
        self._tell = say
        self._moved_at = ledger.now()
        self._telegram = Telegram(telegram, telegram.group(GROUP), ledger)
        self.players = [Player(role, ledger, self._moved) for role in script.write(seed, messages)]

    @property
    def progress(self) -> tuple[int, int]:
        """Customers' messages that are done with (answered, or heard by a person), and all of the script."""
        return sum(player.done for player in self.players), sum(player.role.messages for player in self.players)

    @property
    def calls(self) -> int:
        """Calls of the Bot API that the product made so far."""
        return self._telegram.calls

    async def run(self, *, pace: float, deadline: float = 60.0) -> None:
        """Until everything of the script was said and answered, or nothing got on for `deadline` seconds and
        no fault was noted meanwhile. `pace`: customers' messages a second, at most."""
        gate = Gate(pace)
        self._moved()
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True))
            )
            stack.callback(self._telegram.follow())
            tasks = [asyncio.create_task(chat.run()) for chat in self._seated(session)]
            plays = [asyncio.create_task(player.play(gate)) for player in self.players]
            stack.push_async_callback(_cancel, [*tasks, *plays])
            await self._watch(plays, deadline)

    def _seated(self, session: aiohttp.ClientSession) -> list[SiteChat]:
        """Gives every player a chat and an operator; returns the chats at the site."""
        site = []
        for player in self.players:
            player.topic = self._telegram.topic(player)
            if player.role.channel == "telegram":
                player.chat = self._telegram.customer(player)
            else:
                chat = SiteChat(player, self._ledger, session, self._web, key=WIDGET_KEY)
                player.chat = chat
                site.append(chat)
        return site

    async def _watch(self, plays: list[asyncio.Task[None]], deadline: float) -> None:
        while True:
            done, waiting = await asyncio.wait(
                plays, timeout=min(_TELL_EVERY, deadline), return_when=asyncio.FIRST_EXCEPTION
            )
            for play in done:
                play.result()  # a mistake in the kit itself comes out here
            if not waiting:
                return
            answered, total = self.progress
            self._tell(f"{answered} of {total} messages answered")
            if self._ledger.now() - max(self._moved_at, self._last_fault()) > deadline:
                self._tell(f"nothing got on for {deadline:.0f} s: {total - answered} messages are left")
                return

    def _moved(self) -> None:
        self._moved_at = self._ledger.now()

    def _last_fault(self) -> float:
        for line in reversed(self._ledger.lines):
            if isinstance(line, Fault):
                return line.until
            if line.at < self._moved_at:
                break
        return 0.0


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
