"""`estafeta why`: why the bot answered as it did, on the command line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from estafeta.app import config, start
from estafeta.app.releasing import content_read
from estafeta.app.report import opened
from estafeta.clock import SystemClock
from estafeta.explaining import Turn, Why, explain, explained, release_of, turns
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Conversation, ConversationId, Entry
from estafeta.kernel.ports import Store
from estafeta.publications import NotPublished
from estafeta.releases import Releases
from flows.model import Workspace

_PAGE = 500
_SHOWN = 10
"""Messages of the customer that are told of, unless one is named."""


@click.command("why")
@click.argument("conversation")
@click.argument("message", type=int, required=False)
@click.option(
    "--workspace", type=click.Path(path_type=Path),
    help="Tell what this workspace would answer now (default: what the release that answered does).",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def why(conversation: str, message: int | None, workspace: Path | None, as_json: bool) -> None:
    """Tell why the bot answered as it did in CONVERSATION (its id: on the desk, in the log): the latest messages, or
    the one with the number MESSAGE. It is answered once more beside, by the release that answered then; nothing is
    sent or called."""
    settings = config.read()
    folder = start.load_workspace(workspace or settings.workspace)

    async def told() -> list[Why]:
        async with opened(settings) as store:
            found, entries = await _read(store, ConversationId(conversation))
            wanted = _wanted(turns(entries), message)
            if workspace is not None:
                return [explain(turn, found, folder) for turn in wanted]
            contents = _Contents(Releases(store, SystemClock()), folder)
            return [explained(turn, found, *await contents.of(release_of(turn))) for turn in wanted]

    reasons = asyncio.run(told())
    if as_json:
        click.echo(json.dumps([_plain(reason) for reason in reasons], ensure_ascii=False))
        return
    console = Console(soft_wrap=True, highlight=False)
    if not reasons:
        console.print("The customer has written nothing there yet.")
    for reason in reasons:
        for line in _lines(reason):
            console.print(line)


def _wanted(found: Sequence[Turn], message: int | None) -> Sequence[Turn]:
    wanted = [turn for turn in found if message is None or turn.asked.seq == message]
    if message is not None and not wanted:
        raise ConfigurationError(
            f"The customer has no message {message} there; leave the number out to see the latest."
        )
    return wanted[-_SHOWN:]


class _Contents:
    """Releases read once each. One that is not kept any more, or cannot be read, gives way to the folder."""

    def __init__(self, releases: Releases, folder: Workspace) -> None:
        self._releases = releases
        self._folder = folder
        self._read: dict[str, tuple[Workspace, Mapping[str, str] | None]] = {}

    async def of(self, release: str) -> tuple[Workspace, Mapping[str, str] | None]:
        if release not in self._read:
            self._read[release] = await self._content(release)
        return self._read[release]

    async def _content(self, release: str) -> tuple[Workspace, Mapping[str, str] | None]:
        try:
            named = release or (await self._releases.standing()).release
            files = (await self._releases.content(named)).files
            folder = self._folder
            return await content_read(self._releases, named, folder.path, folder.training), files
        except NotPublished:
            return self._folder, None


async def _read(store: Store, conversation: ConversationId) -> tuple[Conversation, list[Entry]]:
    found = (await store.load(conversation)).conversation
    if found is None:
        raise ConfigurationError(f"There is no conversation {conversation}.")
    return found, await store.entries(conversation, limit=_PAGE, newest=True)


def _plain(reason: Why) -> dict[str, Any]:
    plain = {name: getattr(reason, name) for name in Why.__dataclass_fields__}
    return {**plain, "said": [{"text": one.text, "flow": one.flow, "where": one.where} for one in reason.said]}


def _lines(reason: Why) -> Iterator[Text]:
    yield Text.assemble((f"{reason.seq}  {reason.at}  ", "dim"), (reason.text or "(no words)", "bold"))
    if reason.release:
        yield Text(f"    release {reason.release}")
    if reason.waited_at:
        yield Text(f"    the talk was at {reason.waited_at}")
    if reason.intents:
        scores = ", ".join(f"{name} {confidence:.0%}" for name, confidence in reason.intents)
        yield Text(f"    understood: {scores} (model {reason.model or 'unknown'})")
    yield from (Text(f"    began {flow}") for flow in reason.flows)
    yield from (Text(f"    called {call}") for call in reason.called)
    if reason.fallback:
        yield Text("    nothing in the content answers this")
    for word in reason.said:
        where = f"{word.flow}, {word.where}" if word.where else word.flow or "a phrase of bot.yml"
        yield Text.assemble("    said: ", (word.text, "green"), (f"  [{where}]", "dim"))
    yield from (Text(f"    people were called: {rule}") for rule in reason.people)
    if reason.same:
        yield Text("    the same again now", style="dim")
    elif reason.same is False:
        yield Text("    now it would say:", style="yellow")
        yield from (Text(f"      {text}", style="yellow") for text in reason.again or ["nothing from a flow"])
