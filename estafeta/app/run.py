"""`estafeta run`: the platform as an administrator runs it, and the way into its desk."""

from __future__ import annotations

import asyncio
import json
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence

import click

from estafeta.app import config, logs, start
from estafeta.app.config import Settings
from estafeta.app.roles import WEB, WORKER, chosen
from estafeta.app.wiring import bound, build, login_link, running
from estafeta.kernel.errors import ConfigurationError

DEMO_DATA = "demo"
"""The demo's folder within the data folder, unless a data folder was named."""


def run_platform(settings: Settings, names: Sequence[str] = ()) -> None:
    """`names` are of roles; none means all."""
    roles = chosen(names, settings)
    data = start.writable(settings.data)
    workspace = start.load_workspace(settings.workspace)
    listener = bound(settings.host, settings.port)  # a taken port is known before the minutes of a training
    if WORKER in roles:
        start.ensure_model(settings.workspace, data / "models")
    secrets, variables = config.workspace_values()
    logs.set_up(settings.log_level, [*logs.secrets_of(settings), *secrets.values()])
    understander = start.load_understander(data / "models") if WORKER in roles else None

    async def main(stop: asyncio.Event) -> None:
        platform = build(
            settings, workspace, understander, secrets=secrets, variables=variables,
            control_token=start.new_control_token(data, settings.port), roles=roles,
        )  # fmt: skip
        async with running(platform, listener):
            if platform.web_desk is not None and WEB in roles:
                # Not through the log: a link that lets somebody in is a secret.
                link = await login_link(settings, platform.web_desk)
                click.echo(f"Operator's desk (a link for one use within ten minutes): {link}")
            await stop.wait()

    start.run_until_stopped(main)


def print_login_link(settings: Settings) -> None:
    """Asks the running platform on this machine for a one-time link."""
    token_file = start.control_file(settings.data, settings.port)
    if "data" not in settings.model_fields_set and not token_file.exists():
        token_file = start.control_file(settings.data / DEMO_DATA, settings.port)
    try:
        token = token_file.read_text()
    except OSError:
        raise ConfigurationError(
            f"There is no {token_file}: start the platform first, and give this command the same ESTAFETA_DATA."
        ) from None
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{settings.local_url}/control/login-link", method="POST", headers={"Authorization": f"Bearer {token}"}
    )
    try:
        # Not through a proxy of the environment: the token is for this machine alone.
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(request, timeout=5) as answer:
            click.echo(json.load(answer)["link"])
    except urllib.error.HTTPError as error:
        raise ConfigurationError(f"The platform refused ({error.code}). Is ESTAFETA_DATA what it runs with?") from None
    except OSError:
        raise ConfigurationError(f"Nothing answers at {settings.local_url}: start the platform first.") from None
    sys.stdout.flush()
