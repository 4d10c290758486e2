"""The Rasa server: whether it is there, takes the token, has a model, and which. Asks it for one text."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from estafeta.app.config import Settings
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError, UnderstandingFailed
from estafeta.kernel.model import Understanding
from estafeta.kernel.ports import Clock
from nlu.data import TrainingDataError, read_workspace
from nlu.rasa import RasaUnderstander
from nlu.rasa_project import project
from nlu.rasa_server import RasaError, Status

_WITHIN = 10.0
_NEAR = ("127.0.0.1", "localhost", "::1")
_OURS = re.compile(r"\d{8}-\d{6}-([0-9a-f]{8})")
"""How a model is called that `estafeta train --engine rasa` made: its time, and the data that it was made from."""


async def rasa(settings: Settings, clock: Clock) -> AsyncIterator[Finding]:
    """Nothing where texts are understood inside the platform."""
    if settings.nlu.engine != "rasa":
        return
    if lacking := _command(settings):
        yield warning("rasa", lacking)
    understander = RasaUnderstander(settings.rasa, clock=clock)
    server = understander.server
    try:
        async with server.within(_WITHIN):
            version = await server.version()
            status = await server.status()
        found = await understander.understand("estafeta", deadline=settings.nlu.deadline)
    except (RasaError, UnderstandingFailed) as failed:
        yield error("rasa", str(failed))
        return
    finally:
        await understander.close()
    yield fine("rasa", f"Rasa {version} at {server.where} answers, with the model {status.model}")
    for sentence in (_other(version), _open(settings), _old(settings, status) or _foreign(settings, found)):
        if sentence:
            yield warning("rasa", sentence)


def _command(settings: Settings) -> str:
    if settings.rasa.trained_by == "server":
        return ""
    try:
        program = shlex.split(settings.rasa.command)[0]
    except (ValueError, IndexError):
        program = settings.rasa.command
    if shutil.which(program):
        return ""
    return (
        f"there is no {program} to train with: set ESTAFETA_RASA__COMMAND to the rasa of an environment of its own, or "
        "ESTAFETA_RASA__TRAINED_BY=server; docs/rasa.md tells how."
    )


def _other(version: str) -> str:
    if version.startswith("3."):
        return ""
    return f"it is Rasa {version}, and only Rasa 3 is known here: look what it understands before you trust it."


def _open(settings: Settings) -> str:
    host = urlsplit(settings.rasa.url).hostname or ""
    if settings.rasa.token is not None or host in _NEAR or "." not in host:  # a name without a dot is a container's
        return ""
    return (
        f"whoever reaches {host} may ask it and change its model: start it with --auth-token, and set "
        "ESTAFETA_RASA__TOKEN."
    )


def _old(settings: Settings, status: Status) -> str:
    """Whether the model was made here from other data than the workspace holds; of others that is not known."""
    ours = _OURS.fullmatch(status.model)
    try:
        if ours is None or project(settings.workspace).digest.startswith(ours[1]):
            return ""
    except (TrainingDataError, ConfigurationError):  # what is wrong there is told elsewhere
        return ""
    return f"{status.model} was trained from other data than the workspace holds now: estafeta train --engine rasa."


def _foreign(settings: Settings, found: Understanding) -> str:
    """Whether the model knows what the workspace does not, by the intents that came to its mind first."""
    try:
        intents = read_workspace(settings.workspace).intents
    except TrainingDataError:
        return ""
    known = {*intents, *(name.partition("/")[0] for name in intents)}
    foreign = [each.name for each in found.ranking if each.name not in known]
    if not foreign:
        return ""
    return (
        f"its model knows intents that the workspace does not have ({', '.join(foreign)}): is it another bot's? "
        "estafeta train --engine rasa gives it the workspace's."
    )
