"""`estafeta run`: the platform as an administrator runs it, and the way into its desk."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Sequence

import click

from estafeta.app import config, control, logs, start, understanders
from estafeta.app.config import Settings
from estafeta.app.roles import WEB, WORKER, chosen
from estafeta.app.team import NOBODY
from estafeta.app.wiring import bound, build, running
from estafeta.kernel.errors import StoreUnavailable


def run_platform(settings: Settings, names: Sequence[str] = ()) -> None:
    """`names` are of roles; none means all."""
    roles = chosen(names, settings)
    data = start.writable(settings.data)
    workspace = start.load_workspace(settings.workspace)
    listener = bound(settings.host, settings.port)  # a taken port is known before the minutes of a training
    understander = understanders.chosen(settings, workspace, data / "models") if WORKER in roles else None
    secrets, variables = config.workspace_values()
    logs.set_up(settings.log_level, [*logs.secrets_of(settings), *secrets.values()])

    async def main(stop: asyncio.Event) -> None:
        platform = build(
            settings, workspace, understander, secrets=secrets, variables=variables,
            control_token=start.new_control_token(data, settings.port), roles=roles,
        )  # fmt: skip
        async with running(platform, listener):
            if platform.web_desk is not None and WEB in roles:
                # No link that lets somebody in: what a service prints is kept in a journal that others may read.
                click.echo(f"Operators' desk: {settings.url}/desk (`estafeta login-link` lets you in)")
            with contextlib.suppress(StoreUnavailable):  # it runs without that sentence too
                if WEB in roles and not await platform.roster.members():
                    click.echo(NOBODY)
            await stop.wait()

    start.run_until_stopped(main, stop_within=settings.stop_within)


def print_login_link(settings: Settings) -> None:
    """Asks the running platform on this machine for a one-time link."""
    answer = control.ask(settings, "POST", "/control/login-link")
    click.echo(answer["link"] if isinstance(answer, dict) else answer)
    sys.stdout.flush()
