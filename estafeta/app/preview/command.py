"""The command `estafeta flows preview`, in the terminal and as a page."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from estafeta.app import config
from estafeta.app.preview.shown import as_json, in_words, preview
from estafeta.app.tables import channels
from flows import loader
from flows.source import nearest

_PORT = 8095


@click.group()
def flows() -> None:
    """Dialogs: see them, test them, put them into service."""


@flows.command("preview")
@click.argument("flow", required=False)
@click.option("--channel", help="Print FLOW as this channel shows it, for example vk.")
@click.option("--language", default="", help="The language to show it in (default: the workspace's first).")
@click.option(
    "--workspace", type=click.Path(path_type=Path), help="The folder to read (default: the one of the settings)."
)  # fmt: skip
@click.option("--json", "for_programs", is_flag=True, help="Print as JSON.")
@click.option("--web", is_flag=True, help="Serve the page (the default without --channel).")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=_PORT, show_default=True, help="Where the page is; 0: a free one."
)  # fmt: skip
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Write the page to this folder instead of serving."
)  # fmt: skip
def flows_preview(
    flow: str | None, channel: str | None, language: str, workspace: Path | None, *, for_programs: bool, web: bool,
    port: int, out: Path | None,
) -> None:  # fmt: skip
    """Show dialogs before any customer sees them.

    On a page (of this machine alone): each flow as a picture, and its messages as every channel will show them; it
    follows the files while they change. With FLOW and --channel in the terminal: every message of the flow, cut to the
    channel's limits, with its buttons, lists or numbers.
    """
    folder = workspace or config.read().workspace
    if channel is not None and not web and out is None:
        _print(folder, flow, channel, language, for_programs=for_programs)
        return
    if for_programs:
        raise click.UsageError("--json prints a flow for programs: name the FLOW and a --channel.")
    if out is not None:
        from estafeta.app.preview.serving import write

        click.echo(f"Written: {write(folder, out)} files to {out}. Any web server can show them.")
        return
    from estafeta.app.preview.serving import serve

    serve(folder, port, flow or "")


def _print(folder: Path, flow: str | None, channel: str, language: str, *, for_programs: bool) -> None:
    if flow is None:
        raise click.UsageError("Name the FLOW to print for that channel, or leave --channel out to see the page.")
    loaded = loader.load(folder)
    language = language or loaded.default_language
    _known("flow", flow, loaded.library.flows)
    _known("channel", channel, channels())
    _known("language", language, loaded.languages)
    facts = channels()[channel]
    shown = list(preview(loaded, loaded.library.flows[flow], facts, language, channel))
    if for_programs:
        messages = [as_json(one) for one in shown]
        found = {"flow": flow, "channel": channel, "language": language, "messages": messages}
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    for one in shown:
        for line in in_words(one):
            click.echo(line)
    count = len(shown)
    click.echo(f"{flow}, {language}, {facts.title}: {count} message{'s' * (count != 1)}")
    if facts.capabilities.public and not loaded.library.flows[flow].public:
        click.echo("Strangers read along here, and the flow is not `public`: it is answered in private instead.")


def _known(what: str, name: str, known: Mapping[str, object] | Sequence[str]) -> None:
    """Ends the command when there is no such thing, and names the nearest that there is."""
    if name not in known:
        click.echo(f'There is no {what} "{name}": {nearest(name, known)}', err=True)
        sys.exit(2)
