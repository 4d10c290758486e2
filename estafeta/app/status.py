"""`estafeta status`: how a running process is, and what it sees of the others through the store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from estafeta import __version__
from estafeta.app import control
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError, StoreUnavailable
from estafeta.kernel.model import Conversation, Stage
from estafeta.kernel.ports import Bus, Clock, Store

if TYPE_CHECKING:
    from estafeta.worker import Worker

PATH = "/control/status"

COUNTED = 500
"""So many conversations of a stage are looked at, the latest: asking must not weigh on who is at work."""


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Stored(_Value):
    """What the store knows of all processes. `more` are the stages with more conversations than were counted;
    `outbox` counts what those counted want sent, `due` the conversations that wait for a worker now.
    `leases` are names to holders, of workers on their own name and of whoever asks a messenger for updates."""

    conversations: dict[str, int]
    more: tuple[str, ...]
    waiting: int
    longest_wait: float
    outbox: int
    due: int
    leases: dict[str, str]


class Status(_Value):
    """`stored` is None while the store does not answer; `trouble` says why. `tally` is what this process has done
    since it started: nothing but for a worker. Durations are in seconds."""

    version: str
    roles: tuple[str, ...]
    name: str
    since: datetime
    up: float
    bus: bool
    tally: dict[str, int]
    stored: Stored | None
    trouble: str = ""

    @property
    def well(self) -> bool:
        return self.stored is not None and self.bus


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process, for `status`: its roles, its parts, when it began. `name` is the worker's at this moment."""

    roles: Iterable[str]
    store: Store
    bus: Bus
    clock: Clock
    name: Callable[[], str]
    worker: Worker | None
    began: datetime


async def status(process: Process) -> Status:
    """Bounded in what it reads, however much is stored."""
    now = process.clock.now()
    stored, trouble = None, ""
    try:
        stored = await _stored(process.store, now)
    except StoreUnavailable as error:
        trouble = str(error)
    worker = process.worker
    return Status(
        version=__version__,
        roles=tuple(sorted(process.roles)),
        name=process.name(),
        since=process.began,
        up=(now - process.began).total_seconds(),
        bus=process.bus.up,
        tally={**asdict(worker.engine.tally), **asdict(worker.outbox.tally)} if worker is not None else {},
        stored=stored,
        trouble=trouble,
    )


async def _stored(store: Store, now: datetime) -> Stored:
    found = {stage: await store.conversations(stages=[stage], limit=COUNTED) for stage in Stage}
    opened = [one.ticket.opened_at for one in found[Stage.QUEUED] if one.ticket is not None]
    return Stored(
        conversations={stage.value: len(some) for stage, some in found.items()},
        more=tuple(stage.value for stage, some in found.items() if len(some) == COUNTED),
        waiting=len(opened),
        longest_wait=max(0.0, (now - min(opened)).total_seconds()) if opened else 0.0,
        outbox=sum(_unsent(some) for some in found.values()),
        due=len({*await store.due(now, COUNTED), *await store.orphaned(COUNTED)}),
        leases=dict(await store.leases()),
    )


def _unsent(conversations: Iterable[Conversation]) -> int:
    return sum(len(conversation.outbox) for conversation in conversations)


def mount(app: web.Application, process: Process, control_token: str) -> None:
    """Serves the status of this process to the command line of this machine."""

    async def answer(request: web.Request) -> web.Response:
        control.require(request, control_token)
        return web.Response(text=(await status(process)).model_dump_json(), content_type="application/json")

    app.router.add_get(PATH, answer)


# --- the command ---------------------------------------------------------------------------------


def print_status(settings: Settings, *, as_json: bool) -> bool:
    """Whether the process is well: it runs, its store answers, its wake-ups travel."""
    told = control.ask(settings, "GET", PATH)
    try:
        state = Status.model_validate(told)
    except ValidationError:
        raise ConfigurationError(
            f"What runs at {settings.local_url} tells its status in another form: is it of this version?"
        ) from None
    if as_json:
        click.echo(json.dumps({**state.model_dump(mode="json"), "well": state.well}, ensure_ascii=False))
    else:
        for about, text in _lines(state):
            click.echo(f"{about:<14}{text}")
    return state.well


def _lines(state: Status) -> list[tuple[str, str]]:
    lines = [
        ("Estafeta", f"{state.version}, {', '.join(state.roles)}; {state.name}"),
        ("Up", f"{_duration(state.up)}, since {state.since:%Y-%m-%d %H:%M} UTC"),
        ("Store", "answers" if state.stored is not None else f"does not answer: {state.trouble}"),
        ("Bus", "up" if state.bus else "down: the store is polled, answers take longer"),
    ]
    if state.stored is not None:
        lines += _of_all(state.stored)
    if state.tally:
        lines.append(
            ("Done here", ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in state.tally.items()))
        )
    return lines


def _of_all(stored: Stored) -> list[tuple[str, str]]:
    counts = {stage: f"{count}{' or more' * (stage in stored.more)}" for stage, count in stored.conversations.items()}
    wait = f", the longest for {_duration(stored.longest_wait)}" if stored.waiting else ""
    return [
        ("Conversations", ", ".join(f"{stage} {count}" for stage, count in counts.items())),
        ("Tickets", f"{stored.waiting} not taken by anybody{wait}"),
        ("To be sent", f"{stored.outbox} items; {stored.due} conversations wait for a worker"),
        ("At work", ", ".join(sorted(_at_work(stored.leases))) or "nobody"),
        *(("Asks", f"{name}: {holder}") for name, holder in sorted(stored.leases.items()) if name != holder),
    ]


def _at_work(leases: Mapping[str, str]) -> Iterable[str]:
    return (name for name, holder in leases.items() if name == holder)


def _duration(seconds: float) -> str:
    """In the two largest units, like `3 h 12 min`."""
    whole = timedelta(seconds=int(seconds))
    hours, rest = divmod(whole.seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(whole.days, "d"), (hours, "h"), (minutes, "min"), (left, "s")]
    first = next((number for number, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])
