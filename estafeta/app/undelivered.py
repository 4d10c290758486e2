"""`estafeta outbox`: messages that could not be delivered, and what to do with each."""

from __future__ import annotations

import json
from datetime import datetime

import click
from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from estafeta.app import config, control
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Conversation, Entry, OutboxItem, Signal, SignalId, ToCustomer, UndeliveredMoved
from estafeta.kernel.ports import Accept, Clock, Store

PATH = "/control/outbox"
LISTED = 500
_ENTRIES = 200


class Undelivered(BaseModel):
    """One message that was given up. `at` is when, `why` the sentence operators read. No word of the message
    itself: this goes to a terminal."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    item: str
    conversation: str
    channel: str
    account: str
    author: str
    why: str
    at: datetime | None = None


async def listed(store: Store) -> list[Undelivered]:
    """The latest conversations first, within one the oldest message first."""
    found: list[Undelivered] = []
    for conversation in await store.undelivered(LISTED):
        entries = await store.entries(conversation.id, limit=_ENTRIES, newest=True)
        failed = {entry.data.get("of"): entry for entry in entries if entry.data.get("status") == "failed"}
        found += [
            _told(conversation, item, item.body, failed.get(item.body.message.id))
            for item in conversation.undelivered
            if isinstance(item.body, ToCustomer)
        ]
    return found


def _told(conversation: Conversation, item: OutboxItem, body: ToCustomer, failed: Entry | None) -> Undelivered:
    to = body.message.to
    return Undelivered(
        item=item.id,
        conversation=conversation.id,
        channel=to.channel,
        account=to.account,
        author=body.message.author.kind,
        why=str(failed.data.get("sentence", "")) if failed else "",
        at=failed.at if failed else None,
    )


def mount(app: web.Application, store: Store, accept: Accept, clock: Clock, control_token: str) -> None:
    """Serves the command line of this machine."""

    async def list_(request: web.Request) -> web.Response:
        control.require(request, control_token)
        return web.json_response([each.model_dump(mode="json") for each in await listed(store)])

    async def move(request: web.Request) -> web.Response:
        control.require(request, control_token)
        wanted, what = request.match_info["item"], request.match_info["move"]
        held = [(one, item) for one in await store.undelivered(LISTED) for item in one.undelivered if item.id == wanted]
        if not held or what not in ("resend", "drop"):
            return web.json_response({"found": False})
        ((conversation, item), *_) = held
        event = UndeliveredMoved(item=item.id, move="resend" if what == "resend" else "drop")
        signal = Signal(id=SignalId(f"{wanted}.{what}"), at=clock.now(), event=event, conversation=conversation.id)
        await accept([signal])
        return web.json_response({"found": True})

    app.router.add_get(PATH, list_)
    app.router.add_post(PATH + "/{item}/{move}", move)


# --- the commands --------------------------------------------------------------------------------


@click.group()
def outbox() -> None:
    """Messages that could not be delivered: list them, send them again, forget them."""


@outbox.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_command(as_json: bool) -> None:
    """List what could not be delivered to customers, with why."""
    found = _asked()
    if as_json:
        click.echo(json.dumps([each.model_dump(mode="json") for each in found], ensure_ascii=False))
        return
    for each in found:
        when = f"{each.at:%Y-%m-%d %H:%M} UTC" if each.at else "some time ago"
        click.echo(f"{each.item}\n    {when}, {each.channel} ({each.account}), by the {each.author}: {each.why}")
    click.echo(f"{len(found)} undelivered" if found else "Nothing is undelivered.")


@outbox.command("resend")
@click.argument("items", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that is listed.")
def resend_command(items: tuple[str, ...], everything: bool) -> None:
    """Send ITEMS again (as `outbox list` names them)."""
    _move("resend", items, everything=everything)


@outbox.command("drop")
@click.argument("items", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All that is listed.")
def drop_command(items: tuple[str, ...], everything: bool) -> None:
    """Forget ITEMS: they are not sent; the conversation keeps that they were not delivered."""
    _move("drop", items, everything=everything)


def _asked() -> list[Undelivered]:
    told = control.ask(config.read(), "GET", PATH)
    try:
        return TypeAdapter(list[Undelivered]).validate_python(told)
    except ValidationError:
        raise ConfigurationError("What runs there lists its messages in another form: is it of this version?") from None


def _move(what: str, items: tuple[str, ...], *, everything: bool) -> None:
    if everything == bool(items):
        raise click.UsageError("Name the messages, or give --all.")
    known = [each.item for each in _asked()]
    settings = config.read()
    missing = [item for item in items if item not in known]
    for item in known if everything else [item for item in items if item in known]:
        answer = control.ask(settings, "POST", f"{PATH}/{item}/{what}")
        done = "is sent again" if what == "resend" else "dropped"
        click.echo(f"{item}: {done if isinstance(answer, dict) and answer.get('found') else 'somebody has decided'}")
    if missing:
        raise ConfigurationError(f"Not among what is undelivered: {', '.join(missing)}. `estafeta outbox list` tells.")
    if everything and not known:
        click.echo("Nothing is undelivered.")
