"""The composition root: every part is made and joined here, explicitly, and nowhere else."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bots.widget.channel import WidgetChannel
from estafeta.actions import HttpActions
from estafeta.app import team_control
from estafeta.app.config import Settings
from estafeta.app.messengers import Messenger, Surroundings, connected
from estafeta.app.polling import while_leased
from estafeta.app.reviewing import masked
from estafeta.app.roles import ALL, WEB, WORKER
from estafeta.app.serving import serve
from estafeta.app.web import make_app
from estafeta.attachments import Attachments
from estafeta.bot import HUMAN_BUTTON
from estafeta.bus.memory import MemoryBus
from estafeta.clock import SystemClock
from estafeta.contents import ContentWatch
from estafeta.engine import Engine
from estafeta.explaining import Reasons
from estafeta.floor import FloorWatch
from estafeta.intake import Intake
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.model import Address, Button, Capabilities, ConversationId, Template
from estafeta.kernel.ports import Bus, Channel, Clock, Desk, Files, Live, Store, Understander
from estafeta.model_watch import ModelWatch
from estafeta.presence import Presence
from estafeta.review import Inbox
from estafeta.roster import Roster
from estafeta.rules import Rules
from estafeta.schedule import ScheduleWatch
from estafeta.suggestions import Suggestions
from estafeta.tasks import ended
from estafeta.trial import TrialWatch
from estafeta.worker import Worker
from flows import interpreter, markdown
from flows.model import LocalText, Workspace
from flows.release import Contents
from handoff.desks.web.desk import WebDesk
from handoff.floor import Floor
from nlu.embedded import EmbeddedUnderstander
from nlu.rasa import RasaUnderstander
from storage.files.folder import FolderFiles
from storage.sqlite import SqliteStore

if TYPE_CHECKING:
    from estafeta.bus.redis.buckets import RedisBuckets

_log = structlog.get_logger("platform")

LEASE = 2.5
"""Seconds after which a worker that does not renew its lease is taken for dead."""
RENEWED_EVERY = 0.5
SWEPT_EVERY = 0.5
"""Seconds between two looks for what dead workers left, where there are others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """All parts of one process, made but not started. `worker` is None without the role worker."""

    settings: Settings
    roles: frozenset[str]
    clock: Clock
    store: Store
    bus: Bus
    buckets: RedisBuckets | None
    intake: Intake
    presence: Presence
    worker: Worker | None
    understander: Understander | None
    actions: HttpActions
    app: web.Application
    channels: Mapping[tuple[str, str], Channel]
    desks: Mapping[str, Desk]
    files: Files
    widget: WidgetChannel
    web_desk: WebDesk | None
    roster: Roster
    messengers: Sequence[Messenger]
    contents: ContentWatch
    trial: TrialWatch
    inbox: Inbox
    models: ModelWatch | None = None
    model_trial: TrialWatch | None = None
    schedules: ScheduleWatch
    watches: Sequence[FloorWatch] = ()


@dataclass(slots=True)
class _Looking:
    """Where desks look for who is at work: the worker's rules, or in a process without a worker its own."""

    rules: Rules
    of: Engine | None = None

    @property
    def floor(self) -> Floor:
        return (self.of or self).rules.floor

    def serve(self, contents: Contents) -> None:
        """What is decided from here on goes by this content; a decision that has begun keeps its rules."""
        deciding = self.of or self
        deciding.rules = replace(deciding.rules, workspace=contents.workspace, contents=contents)


async def login_link(settings: Settings, desk: WebDesk | None) -> str:
    """A one-time link to the web desk."""
    if desk is None:
        raise ConfigurationError("The web desk is off: set ESTAFETA_DESK__ENABLED=true.")
    return f"{settings.url}/desk#login={await desk.new_login_code()}"


def build(
    settings: Settings,
    workspace: Workspace,
    understander: Understander | None,
    *,
    secrets: Mapping[str, str],
    variables: Mapping[str, str],
    control_token: str,
    roles: frozenset[str] = ALL,
    clock: Clock | None = None,
    store: Store | None = None,
) -> Platform:
    """Joins the parts. Nothing is opened, connected or listened to yet. `understander` is needed by
    the role worker only."""
    clock = clock or SystemClock()
    store = store or _store(settings, clock)
    presence = Presence(
        store=store, clock=clock, name="-".join(sorted(roles)) if roles != ALL else "all",
        settles=0.0 if settings.mongo is None else 3 * RENEWED_EVERY, lasts=LEASE, every=RENEWED_EVERY,
    )  # fmt: skip
    bus, buckets = _bus(settings, clock, presence.name)
    intake = Intake(store=store, bus=bus)
    files = files_of(settings)
    attachments = Attachments(
        files=files, store=store, clock=clock, limits=settings.files.limits, language=settings.language,
        folder=settings.data / "files" / "incoming",
    )  # fmt: skip
    looking = _Looking(rules=Rules(workspace=workspace, desks=()))
    contents = ContentWatch(
        store=store, clock=clock, folder=workspace.path, workspace=workspace, files=files, changed=looking.serve,
        reloads=settings.mongo is None,  # dialogs are written where one process has everything to itself
    )  # fmt: skip
    channels: dict[tuple[str, str], Channel] = {}
    roster = Roster(store, clock, open_to_members=settings.desk.open_to_members, known=team_control.known(workspace))
    models = _models(understander, store, clock)
    understander = models or understander
    inbox = Inbox(store, clock, masked)
    suggestions = Suggestions(store=store, clock=clock, workspace=lambda: contents.workspace, understander=understander)

    reasons = Reasons(store, contents.releases, content=contents.content, serving=lambda: contents.contents.release)

    async def templates(address: Address) -> Sequence[Template]:
        channel = channels.get((address.channel, address.account))
        return await channel.templates() if channel is not None else ()

    def can(address: Address) -> Capabilities | None:
        channel = channels.get((address.channel, address.account))
        return channel.capabilities if channel is not None else None

    messengers = connected(
        Surroundings(
            settings=settings, workspace=workspace, store=store, clock=clock, buckets=buckets,
            worker=(lambda: presence.name if presence.sure else "") if WORKER in roles else (lambda: "no worker"),
            attachments=attachments, templates=templates, roster=roster, floor=lambda: looking.floor, can=can,
            suggest=suggestions.of, why=reasons.of, correct=inbox.correct,
            content=lambda: contents.workspace,
        )
    )  # fmt: skip
    widget = _widget(settings, contents, store, bus, clock, attachments)
    desks: dict[str, Desk] = {}
    web_desk = None
    if settings.desk.enabled:
        web_desk = _web_desk(
            contents, store, bus, clock, channels, attachments, templates, roster, suggestions, reasons, inbox
        )
        desks[web_desk.name] = web_desk
    for messenger in messengers:
        attachments.sources.update({source.origin: source for source in messenger.sources})
        if messenger.desk is not None:
            desks[messenger.desk.name] = messenger.desk
    every = [widget, *(channel for messenger in messengers for channel in messenger.channels)]
    channels.update({(channel.name, channel.account): channel for channel in every})
    actions = HttpActions(workspace, secrets=secrets, variables=variables, content=contents.content)
    worker = None
    if WORKER in roles and understander is not None:
        worker = Worker(
            store=store, bus=bus, clock=clock, presence=presence, understander=understander, workspace=workspace,
            channels=channels, desks=desks, actions=actions, attachments=attachments, language=settings.language,
            roster=roster, inbox=inbox,
            deadline=settings.nlu.deadline, stop_within=settings.stop_within,
            sweeps_every=1.0 if settings.mongo is None else SWEPT_EVERY,
        )  # fmt: skip
    watches = (FloorWatch(store=store, bus=bus, clock=clock, roster=roster, engine=looking),) if worker is None else ()
    if worker is not None:
        worker.engine.ready, looking.of = contents.ready, worker.engine
        if models is not None:
            worker.engine.understander_of = models.of
        looking.serve(contents.contents)
    app = make_app(
        ready=lambda: _ready(store), login_link=lambda: login_link(settings, web_desk), control_token=control_token
    )
    platform = Platform(
        settings=settings, roles=roles, clock=clock, store=store, bus=bus, buckets=buckets, intake=intake,
        presence=presence, understander=understander, inbox=inbox,
        worker=worker, actions=actions, channels=channels, desks=desks, files=files, widget=widget, web_desk=web_desk,
        roster=roster,
        messengers=messengers, watches=watches, app=app, contents=contents,
        trial=TrialWatch(store=store, clock=clock, own=lambda: contents.contents.release),
        models=models, model_trial=_model_trial(models, store, clock),
        schedules=ScheduleWatch(store=store, clock=clock, accept=intake.accept, content=lambda: contents.workspace),
    )  # fmt: skip
    serve(platform, control_token)
    return platform


def _models(understander: Understander | None, store: Store, clock: Clock) -> ModelWatch | None:
    """What serves published models; None where no model of ours is served."""
    if not isinstance(understander, EmbeddedUnderstander):
        return None
    own = (understander.model.id, understander)
    return ModelWatch(store=store, clock=clock, own=own, load=EmbeddedUnderstander.load)


def _model_trial(models: ModelWatch | None, store: Store, clock: Clock) -> TrialWatch | None:
    if models is None:
        return None
    own = models.serving.model
    return TrialWatch(store=store, clock=clock, own=lambda: own, releases=models.models, key="model")


def files_of(settings: Settings) -> Files:
    """Where files lie."""
    if settings.files.s3 is None:
        return FolderFiles(settings.data / "files")
    from storage.files.s3 import S3Files

    return S3Files(settings.files.s3)


def _store(settings: Settings, clock: Clock) -> Store:
    if settings.mongo is None:
        return SqliteStore(settings.data / "estafeta.db", clock=clock)
    from storage.mongo.store import MongoStore

    return MongoStore(settings.mongo, clock=clock)


def _bus(settings: Settings, clock: Clock, worker: str) -> tuple[Bus, RedisBuckets | None]:
    """The bus, and what senders of one account share their budget through (None: one process alone)."""
    if settings.redis is None:
        return MemoryBus(), None
    from estafeta.bus.redis.buckets import RedisBuckets
    from estafeta.bus.redis.bus import RedisBus

    return RedisBus(settings.redis, clock=clock, worker=worker), RedisBuckets(settings.redis, clock=clock)


def _widget(
    settings: Settings, contents: ContentWatch, store: Store, bus: Bus, clock: Clock, attachments: Attachments
) -> WidgetChannel:
    def greeting(language: str) -> tuple[str, Sequence[Button]]:
        workspace = contents.workspace
        human = Button(id=HUMAN_BUTTON, text=interpreter.phrase(workspace, "human", language))
        return markdown.parse(interpreter.phrase(workspace, "greeting", language)).text, (human,)

    config = settings.widget.model_copy(
        update={"languages": contents.workspace.languages, "origin": settings.widget.origin or settings.url}
    )
    return WidgetChannel(
        config, store=store, clock=clock, greeting=greeting, announce=bus.announce, attachments=attachments
    )


def _web_desk(
    contents: ContentWatch,
    store: Store,
    bus: Bus,
    clock: Clock,
    channels: Mapping[tuple[str, str], Channel],
    attachments: Attachments,
    templates: Callable[[Address], Awaitable[Sequence[Template]]],
    roster: Roster,
    suggestions: Suggestions,
    reasons: Reasons,
    inbox: Inbox,
) -> WebDesk:
    def capabilities(channel: str, account: str) -> Capabilities | None:
        found = channels.get((channel, account))
        return found.capabilities if found else None

    async def typing(conversation: ConversationId, name: str) -> None:
        """An operator writes: colleagues and open chats are told by the bus, messengers by their channel."""
        await bus.announce(Live(kind="typing", conversation=conversation, who="operator", name=name))
        held = (await store.load(conversation)).conversation
        if held is not None:
            channel = channels.get((held.address.channel, held.address.account))
            if channel is not None:
                await channel.typing(held.address, "operator")

    workspace = contents.workspace

    def told(text: LocalText) -> dict[str, str]:
        return {language: text.pick(language, workspace.default_language) for language in workspace.languages}

    return WebDesk(
        store=store,
        clock=clock,
        skills={name: told(skill.title) for name, skill in workspace.skills.items()},
        on_typing=typing,
        attachments=attachments,
        capabilities=capabilities,
        templates=templates,
        roster=roster,
        workspace=lambda: contents.workspace,
        suggest=suggestions.of,
        why=reasons.of,
        correct=inbox.correct,
    )


async def _ready(store: Store) -> bool:
    try:
        await store.get("ready")
    except StoreUnavailable:
        return False
    return True


@contextlib.asynccontextmanager
async def running(platform: Platform, listener: socket.socket | None = None) -> AsyncIterator[None]:
    """The platform at work. Leaving stops listening first, then finishes what is in hand, then leaves
    the rest to others."""
    settings = platform.settings
    await platform.store.open()
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(platform.store.close)
        await platform.files.open()
        stack.push_async_callback(platform.files.close)
        await platform.bus.open()
        stack.push_async_callback(platform.bus.close)
        if platform.buckets is not None:
            await platform.buckets.open()
            stack.push_async_callback(platform.buckets.close)
        stack.push_async_callback(platform.actions.close)
        if isinstance(platform.understander, RasaUnderstander):
            stack.push_async_callback(platform.understander.close)
        for messenger in platform.messengers:
            for close in messenger.close:
                stack.push_async_callback(close)
        await platform.contents.look()
        if platform.models is not None:
            await platform.models.look()
        if platform.worker is not None:
            await stack.enter_async_context(platform.worker.running())
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        stack.push_async_callback(ended, [tasks.create_task(work) for work in _work(platform)])
        await stack.enter_async_context(_listening(platform.app, settings, listener))
        _log.info(
            "started", url=settings.url, roles=sorted(platform.roles), worker=platform.presence.name,
            channels=[":".join(key) for key in platform.channels],
        )  # fmt: skip
        yield
        _log.info("stopping")


def _work(platform: Platform) -> list[Coroutine[Any, Any, None]]:
    work: list[Coroutine[Any, Any, None]] = []
    if WEB in platform.roles:
        work.append(platform.widget.follow(platform.bus.announcements()))
        if platform.web_desk is not None:
            work.append(platform.web_desk.follow(platform.bus.announcements()))
    work.append(platform.contents.run())
    if platform.models is not None:
        work.append(platform.models.run())
    if platform.worker is not None:
        alone_by_name = {
            "release-trial": platform.trial.run,
            "release-tidy": platform.contents.tidy,
            "schedules": platform.schedules.run,
        }
        if platform.models is not None and platform.model_trial is not None:
            alone_by_name |= {"model-trial": platform.model_trial.run, "model-tidy": platform.models.tidy}
        for name, watching in alone_by_name.items():
            alone = partial(while_leased, name, watching, holder=platform.presence.name)
            work.append(alone(store=platform.store, clock=platform.clock))
    accept = platform.intake.accept
    for messenger in platform.messengers:
        receiver = messenger.channels[0]
        listen = partial(receiver.listen, accept)
        if messenger.polls and receiver.name in platform.roles:
            name = f"poll:{receiver.name}:{receiver.account}"
            work.append(
                while_leased(name, listen, holder=platform.presence.name, store=platform.store, clock=platform.clock)
            )
        elif not messenger.polls and WEB in platform.roles:
            work.append(listen())
    work.extend(desk.listen(accept) for desk in platform.desks.values())
    work.extend(watch.run() for watch in platform.watches)
    work.extend(messenger.budgets.tell() for messenger in platform.messengers if messenger.budgets is not None)
    return work


@contextlib.asynccontextmanager
async def _listening(app: web.Application, settings: Settings, listener: socket.socket | None) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=settings.stop_within)
    await runner.setup()
    try:
        sock = listener or bound(settings.host, settings.port)
        await web.SockSite(runner, sock, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


def bound(host: str, port: int) -> socket.socket:
    """A socket bound to the address, or `ConfigurationError` with a sentence."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OverflowError:
        sock.close()
        raise ConfigurationError(f"There is no port {port}: choose a lower one with ESTAFETA_PORT.") from None
    except OSError as error:
        sock.close()
        why = "is taken by another program" if error.errno in (48, 98) else f"can't be used ({error.strerror})"
        raise ConfigurationError(
            f"Port {port} on {host} {why}: stop it, or choose another port with ESTAFETA_PORT."
        ) from None
    return sock
