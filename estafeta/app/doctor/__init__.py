"""`estafeta doctor`: looks for what administrators get wrong, and says what to do about it.

It changes nothing, and it may be run beside a running platform. `local` looks at this machine, `rasa` at a Rasa server,
`servers` at the store and the bus, `team` at who is there to answer; each messenger is asked by the module of its name.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import click

from estafeta.app import channels, config, logs
from estafeta.app.config import Settings
from estafeta.app.doctor import local, rasa, servers, team
from estafeta.app.doctor.finding import Finding, error, fine
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.ports import Clock

__all__ = ["Finding", "examine", "print_findings"]

_SHOWN = {"ok": "OK", "warning": "WARNING", "error": "ERROR"}


async def examine(env_file: Path = Path(".env"), messenger: str = "") -> AsyncIterator[Finding]:
    """All findings, each as soon as it is known; or only those about one messenger. Without readable settings
    there is nothing more to look at."""
    try:
        settings = config.read(env_file)
    except ConfigurationError as wrong:
        yield error("settings", str(wrong))
        return
    yield fine("settings", f"{len(settings.model_fields_set)} are set, all of them known")
    clock = SystemClock()
    if not messenger:
        async for finding in _here(settings, env_file, clock):
            yield finding
    elif not channels.accounts(settings, messenger):
        yield error(messenger, f"no account is set: ESTAFETA_{messenger.upper()}__TOKEN turns it on")
    for each in (messenger,) if messenger else channels.MESSENGERS:
        for finding in await channels.examined(settings, each, clock):
            yield finding
        for finding in local.groups(settings) if each == "telegram" else ():
            yield finding


async def _here(settings: Settings, env_file: Path, clock: Clock) -> AsyncIterator[Finding]:
    for finding in local.secrets_file(env_file):
        yield finding
    for look in (local.workspace, local.data, local.model, local.port, local.addresses):
        for finding in look(settings):
            yield finding
    async for finding in rasa.rasa(settings, clock):
        yield finding
    async for finding in servers.store(settings, clock):
        yield finding
    async for finding in servers.files(settings):
        yield finding
    async for finding in servers.bus(settings, clock):
        yield finding
    async for finding in team.team(settings, clock):
        yield finding


def print_findings(messenger: str = "", *, as_json: bool) -> bool:
    """Whether nothing is wrong; warnings are nothing wrong."""

    logs.set_up("error", ())  # what goes wrong is told as a finding

    async def told() -> list[Finding]:
        found = []
        async for finding in examine(messenger=messenger):
            found.append(finding)
            if not as_json:
                click.echo(f"{_SHOWN[finding.level]:<9}{finding.about}: {finding.text}")
        return found

    found = asyncio.run(told())
    errors = sum(finding.level == "error" for finding in found)
    warnings = sum(finding.level == "warning" for finding in found)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], ensure_ascii=False))
    else:
        click.echo(f"{errors} error{'s' * (errors != 1)}, {warnings} warning{'s' * (warnings != 1)}")
    return not errors
