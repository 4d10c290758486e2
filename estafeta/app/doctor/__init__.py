"""`estafeta doctor`: looks for what administrators get wrong, and says what to do about it.

It changes nothing, and it may be run beside a running platform. `local` looks at this machine,
`servers` at the store and the bus, `telegram` asks Telegram.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path

import click

from estafeta.app import config, logs
from estafeta.app.doctor import local, servers
from estafeta.app.doctor.finding import Finding, error, fine
from estafeta.clock import SystemClock
from estafeta.kernel.errors import ConfigurationError

__all__ = ["Finding", "examine", "print_findings"]

_SHOWN = {"ok": "OK", "warning": "WARNING", "error": "ERROR"}


async def examine(env_file: Path = Path(".env")) -> AsyncIterator[Finding]:
    """All findings, each as soon as it is known. Without readable settings there is nothing more to look at."""
    try:
        settings = config.read(env_file)
    except ConfigurationError as wrong:
        yield error("settings", str(wrong))
        return
    yield fine("settings", f"{len(settings.model_fields_set)} are set, all of them known")
    clock = SystemClock()
    for finding in local.secrets_file(env_file):
        yield finding
    for look in (local.workspace, local.data, local.model, local.port, local.addresses):
        for finding in look(settings):
            yield finding
    async for finding in servers.store(settings, clock):
        yield finding
    async for finding in servers.bus(settings, clock):
        yield finding
    if settings.telegram is not None:
        # aiogram takes three seconds to load: only those who use it pay.
        from estafeta.app.doctor.telegram import telegram

        async for finding in telegram(settings.telegram, clock):
            yield finding


def print_findings(*, as_json: bool) -> bool:
    """Whether nothing is wrong; warnings are nothing wrong."""

    logs.set_up("error", ())  # what goes wrong is told as a finding

    async def told() -> list[Finding]:
        found = []
        async for finding in examine():
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
