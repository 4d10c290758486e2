"""`estafeta chat`: the bot in a terminal, with the engine, store and rules that customers meet."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click

from estafeta.actions import HttpActions
from estafeta.app import config, flow_record, logs, start, understanders
from estafeta.app.config import Settings
from estafeta.app.flow_around import surroundings
from estafeta.app.flow_record import Recorded
from estafeta.bot import HUMAN_BUTTON
from estafeta.bus.memory import MemoryBus
from estafeta.clock import SystemClock
from estafeta.intake import Intake
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import (
    Address,
    Button,
    Capabilities,
    Conversation,
    CustomerPressed,
    CustomerSaid,
    OutboundMessage,
    Profile,
    Signal,
    SignalId,
    Template,
    Text,
    Understanding,
)
from estafeta.kernel.ports import Accept, Live, Understander
from estafeta.presence import Presence
from estafeta.worker import Worker
from flows import interpreter, markdown
from flows.model import Workspace
from nlu.rasa import RasaUnderstander
from storage.sqlite import SqliteStore

_HERE = Address(channel="terminal", account="local", chat="you")


class TerminalChannel:
    """Prints what the bot says; buttons get numbers."""

    name = "terminal"
    account = "local"
    capabilities = Capabilities(
        text=4000, unit="codepoints", buttons=100, label=200, typing=False, edits=False, idempotent=True
    )

    def __init__(self) -> None:
        self.buttons: tuple[Button, ...] = ()

    async def listen(self, accept: Accept) -> None:
        await asyncio.Event().wait()

    async def send(self, message: OutboundMessage) -> str:
        for part in message.parts:
            if isinstance(part, Text):
                self.show(part.text, message.buttons)
        return message.id

    def show(self, text: str, buttons: tuple[Button, ...]) -> None:
        click.secho(text, fg="cyan")
        for number, button in enumerate(buttons, start=1):
            click.secho(f"  [{number}] {button.text}", fg="blue")
        self.buttons = buttons

    async def typing(self, to: Address, who: Literal["bot", "operator"] = "bot", message: str = "") -> None:
        click.secho("…", dim=True)

    async def read(self, to: Address, message: str) -> None:
        """Nothing: who types sees that it is read."""

    async def templates(self) -> tuple[Template, ...]:
        return ()


def run_chat(settings: Settings, *, language: str, why: bool, save: str = "") -> None:
    """`save`: what the conversation is called as a test in flows/tests/; "" keeps nothing."""
    data = start.writable(settings.data)
    workspace = start.load_workspace(settings.workspace)
    if language and language not in workspace.languages:
        raise ConfigurationError(
            f"{language} is no language of this workspace; it has {', '.join(workspace.languages)}."
        )
    if save:
        flow_record.check_name(workspace, save)
    understander = understanders.chosen(settings, workspace, data / "models")
    secrets, variables = config.workspace_values()
    logs.set_up("error", [*logs.secrets_of(settings), *secrets.values()])

    folder_of_workspace = settings.workspace.resolve()
    talks: list[_Talk] = []

    async def talk(folder: Path) -> None:
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(understander, RasaUnderstander):
                stack.push_async_callback(understander.close)
            served = await _demo_shop(stack, folder_of_workspace, variables)
            actions = HttpActions(workspace, secrets=secrets, variables={**workspace.bot.vars, **served})
            speaks = language or workspace.default_language
            talks.append(_Talk(workspace, understander, actions, folder, speaks, why=why))
            await talks[0].run()

    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(talk(Path(folder)))
        except KeyboardInterrupt:
            click.echo()
    if save and talks and talks[0].recorded is not None:
        with surroundings(workspace, data / "models") as around:
            flow_record.show(flow_record.save(workspace, talks[0].recorded, save, around, mask=False))


async def _demo_shop(stack: contextlib.AsyncExitStack, workspace: Path, variables: dict[str, str]) -> dict[str, str]:
    """The variables; for the demo's workspace with a shop of its own, so that its actions answer."""
    from estafeta.app.demo import FOLDER, shop_service
    from estafeta.app.wiring import bound

    if workspace != FOLDER or "SHOP_URL" in variables:
        return variables
    listener = bound("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    await stack.enter_async_context(shop_service(url, listener))
    return {**variables, "SHOP_URL": url}


class _Talk:
    def __init__(
        self, workspace: Workspace, understander: Understander, actions: HttpActions, folder: Path, language: str, *,
        why: bool,
    ) -> None:  # fmt: skip
        clock = SystemClock()
        self._workspace = workspace
        self._language = language
        self._why = why
        self._channel = TerminalChannel()
        self._store = SqliteStore(folder / "chat.db", clock=clock)
        self._bus = MemoryBus()
        self._actions = actions
        self.recorded: Recorded | None = None
        self._ticket = ""
        self._intake = Intake(store=self._store, bus=self._bus)
        self._worker = Worker(
            store=self._store, bus=self._bus, clock=clock, understander=understander, workspace=workspace,
            channels={("terminal", "local"): self._channel}, desks={}, actions=actions,
            presence=Presence(store=self._store, clock=clock, settles=0.0),
        )  # fmt: skip

    async def run(self) -> None:
        await self._store.open()
        await self._bus.open()
        human = Button(id=HUMAN_BUTTON, text=interpreter.phrase(self._workspace, "human", self._language))
        greeting = markdown.parse(interpreter.phrase(self._workspace, "greeting", self._language))
        self._channel.show(greeting.text, (human,))
        try:
            async with self._worker.running():
                await self._converse()
        finally:
            self.recorded = await self._record()
            await self._actions.close()
            await self._bus.close()
            await self._store.close()

    async def _record(self) -> Recorded | None:
        """The conversation so far; None when nothing was said."""
        held = (await self._store.load(_HERE.conversation)).conversation
        entries = await self._store.entries(_HERE.conversation, limit=1000)
        if held is None:
            return None
        return Recorded(entries=entries, customer=held.customer)

    async def _converse(self) -> None:
        number = 0
        lines = _lines_typed()
        while True:
            if sys.stdin.isatty():
                click.secho("> ", nl=False, bold=True)
                sys.stdout.flush()
            line = await lines.get()
            if line is None:
                return
            text = line.strip()
            if not text:
                continue
            number += 1
            news = self._bus.announcements()
            await self._intake.accept([self._signal(text, number)])
            held = await _settled(self._store, news)
            self._tell_of_people(held)
            if self._why:
                self._explain(held)

    def _tell_of_people(self, held: Conversation) -> None:
        """What people would read first."""
        ticket = held.ticket
        if ticket is not None and ticket.id != self._ticket:
            self._ticket = ticket.id
            reason = ": ".join(filter(None, (f"{ticket.reason.value}, {ticket.skill}", ticket.request)))
            click.secho(f"  [people are called: {reason}]", fg="magenta")

    def _signal(self, text: str, number: int) -> Signal:
        profile = Profile(language=self._language)
        buttons = self._channel.buttons
        event: CustomerSaid | CustomerPressed
        if text.isdecimal() and 1 <= int(text) <= len(buttons):
            button = buttons[int(text) - 1]
            event = CustomerPressed(button=button.id, label=button.text, profile=profile)
        else:
            event = CustomerSaid(message=str(number), parts=(Text(text=text),), profile=profile)
        return Signal(id=SignalId(f"chat.{number}"), at=datetime.now(UTC), address=_HERE, event=event)

    def _explain(self, held: Conversation) -> None:
        latest = held.understandings[-1] if held.understandings else None
        frames = " > ".join(f"{frame.flow}/{frame.step}" for frame in held.dialog.frames) or "no dialog"
        slots = dict(held.dialog.slots)
        click.secho(f"  {held.stage.value} | {_understood(latest)} | {frames} | {slots}", dim=True)


def _understood(latest: Understanding | None) -> str:
    """The likeliest intents and, behind a semicolon, the entities, with their roles and groups."""
    if latest is None:
        return "nothing"
    ranking = ", ".join(f"{item.name} {item.confidence:.2f}" for item in latest.ranking[:3]) or "no intent"
    found = ", ".join(f"{':'.join(filter(None, (e.name, e.role, e.group)))}={e.value}" for e in latest.entities)
    return f"{ranking}; {found}" if found else ranking


def _lines_typed() -> asyncio.Queue[str | None]:
    """Lines of standard input as they come; None at its end.

    A thread of its own that nobody waits for, and reading past Python's buffer: Ctrl-C ends the program
    at once, and not after one more line.
    """
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        rest = b""
        while typed := os.read(0, 65536):
            *whole, rest = (rest + typed).split(b"\n")
            for line in whole:
                loop.call_soon_threadsafe(lines.put_nowait, line.decode("utf-8", "replace"))
        for last in (rest.decode("utf-8", "replace"), None):
            loop.call_soon_threadsafe(lines.put_nowait, last)

    threading.Thread(target=read, daemon=True).start()
    return lines


async def _settled(store: SqliteStore, news: AsyncIterator[Live]) -> Conversation:
    """The conversation once nothing waits in it any more."""
    while True:
        await anext(news)
        mailbox = await store.load(_HERE.conversation)
        if mailbox.conversation is not None and not mailbox.signals and not mailbox.conversation.outbox:
            return mailbox.conversation
