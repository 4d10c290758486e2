"""What can be looked at on this machine: settings, workspace, data folder, language model, port, addresses."""

from __future__ import annotations

import http.client
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from estafeta.app import config, start, understanders
from estafeta.app.config import Settings
from estafeta.app.doctor.finding import Finding, error, fine, warning
from estafeta.kernel.errors import ConfigurationError
from flows import loader
from nlu import encoder
from nlu.data import TrainingDataError, read_workspace
from nlu.modelfile import ModelRefused
from nlu.normalise import scripts
from nlu.registry import Registry

_FULL = 200 * 2**20
_NEARLY_FULL = 2 * 2**30
"""Bytes of free disk below which nothing can be stored soon, and below which somebody should look."""
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def secrets_file(env_file: Path) -> Iterator[Finding]:
    """Whether others on this machine can read the tokens."""
    if not env_file.is_file():
        return
    mode = env_file.stat().st_mode
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        yield warning(
            "settings", f"{env_file} holds tokens and others on this machine may read it: chmod 600 {env_file}"
        )


def workspace(settings: Settings) -> Iterator[Finding]:
    folder = settings.workspace
    if not (folder / "bot.yml").is_file():
        yield error(
            "workspace",
            f"{folder} is no workspace: there is no bot.yml in it. Choose one with {config.PREFIX}WORKSPACE.",
        )
        return
    _, found = loader.find(folder)
    errors = sum(item.severity == "error" for item in found)
    if errors:
        yield error("workspace", f"{folder} has {_counted(errors, 'error')}: estafeta check {folder} lists them.")
    elif found:
        yield warning("workspace", f"{folder} has {_counted(len(found), 'warning')}: estafeta check {folder}")
    else:
        yield fine("workspace", f"{folder} has no mistakes")


def groups(settings: Settings) -> Iterator[Finding]:
    """Whether the workspace has the skills that Telegram groups are for. The first group is for all skills, so none
    is without a group."""
    desks = [bot for bot in settings.bots if bot.group_id is not None]
    for idle in desks[1:]:
        yield warning(
            f"telegram {idle.account}",
            f"its groups are not used, for those of {desks[0].name} are: list them in "
            f"{config.PREFIX}TELEGRAM__GROUPS instead.",
        )
    named = [group for bot in desks[:1] for group in bot.desk_groups if group.skills]
    if not named:
        return
    about, (space, _) = "telegram skills", loader.find(settings.workspace)
    if space is None:
        yield warning(about, f"not looked at, for {settings.workspace} has mistakes: estafeta check lists them.")
        return
    unknown = {group.id: wrong for group in named if (wrong := sorted(set(group.skills) - set(space.skills)))}
    for group, wrong in unknown.items():
        yield error(
            about,
            f"the group {group} is for {', '.join(wrong)}, which bot.yml does not name: name such a skill there, or "
            f"one of {', '.join(space.skills)} in {config.PREFIX}TELEGRAM__GROUPS. The platform does not start so.",
        )
    if not unknown:
        yield fine(about, "; ".join(f"{group.id} is for {', '.join(group.skills)}" for group in named))


def data(settings: Settings) -> Iterator[Finding]:
    """Makes nothing that is not there: a folder made by whoever runs the doctor might not be the platform's to
    write."""
    folder = settings.data
    if folder.exists():
        try:
            start.writable(folder)
        except ConfigurationError as refused:
            yield error("data", str(refused))
            return
        yield fine("data", f"{folder} can be written")
    else:
        parent = next(path for path in folder.absolute().parents if path.exists())
        if not os.access(parent, os.W_OK):
            yield error(
                "data", f"{folder} is not there and can't be made in {parent}: make it, or set {config.PREFIX}DATA."
            )
            return
        yield fine("data", f"{folder} is not there yet; the first start makes it")
    yield from _room(folder)


def _room(folder: Path) -> Iterator[Finding]:
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    told = f"{free / 2**30:.1f} GB are free on the disk of {there}"
    if free < _FULL:
        yield error("data", f"{told}: make room, or nothing can be stored soon")
    elif free < _NEARLY_FULL:
        yield warning("data", f"{told}: make room")
    else:
        yield fine("data", told)


def model(settings: Settings) -> Iterator[Finding]:
    """Of the embedded engine, where that is chosen."""
    if settings.nlu.engine != "embedded":
        return
    models = settings.data / "models"
    workspace, _ = loader.find(settings.workspace)
    if workspace is not None and not understanders.learns(workspace):
        yield warning("model", understanders.NOTHING_LEARNED)
        return
    try:
        current = Registry(models).current()
        start.load_understander(models)
    except ModelRefused as refused:
        if start.trained_from(settings.workspace, models):
            yield error("model", f"{refused}. The platform does not start so.")
        else:
            yield warning("model", f"{refused}. A worker trains one when it starts.")
        return
    if start.trained_from(settings.workspace, models):
        better = _encoders(settings.workspace)
        yield fine("model", f"{current.name} is in service, trained from the present training data{better}")
    else:
        yield warning(
            "model",
            f"{current.name} is in service, but the training data (or the version of the platform) changed since: "
            "estafeta train, then restart the workers. A worker trains it when it starts.",
        )


def _encoders(workspace: Path) -> str:
    """What to say of encoders that could be installed for these training data."""
    try:
        examples = read_workspace(workspace).examples
    except TrainingDataError:  # told with the workspace
        return ""
    advice = encoder.advice(encoder.missing(scripts(example.text for example in examples)))
    return f". {advice}" if advice else ""


def port(settings: Settings) -> Iterator[Finding]:
    """Whether the port is free, or ours."""
    host, number = urlsplit(settings.local_url).hostname or "127.0.0.1", settings.port
    connection = http.client.HTTPConnection(host, number, timeout=5)
    try:
        connection.request("GET", "/healthz")
        answer = connection.getresponse()
        ours = answer.status == 200 and answer.read(100).strip() == b'{"ok": true}'
    except ConnectionRefusedError:
        yield fine("port", f"nothing listens on port {number} of {host} yet")
        return
    except (OSError, http.client.HTTPException):
        ours = False
    finally:
        connection.close()
    if ours:
        yield fine("port", f"the platform answers on port {number} of {host}")
    else:
        yield error(
            "port",
            f"another program listens on port {number} of {host}: stop it, or choose another with {config.PREFIX}PORT.",
        )


def addresses(settings: Settings) -> Iterator[Finding]:
    """Whether browsers can reach what they are sent to."""
    name, url = f"{config.PREFIX}PUBLIC_URL", settings.url
    host, secure = urlsplit(url).hostname or "", url.startswith("https://")
    sites = [site for site in settings.widget.sites if site.startswith("https://")]
    if sites and not secure:
        yield error(
            "addresses",
            f"{sites[0]} shows the chat over https, and browsers refuse to load it there from {url}: set {name} to "
            "the https address of this platform.",
        )
    elif not settings.public_url and settings.host not in _LOOPBACK:
        yield warning("addresses", f"log-in links and the chat lead to {url}: set {name} to what browsers can reach.")
    elif not secure and host not in _LOOPBACK:
        yield warning(
            "addresses", f"{url} is not encrypted: put a proxy with TLS in front of it, and set {name} to https."
        )
    else:
        yield fine("addresses", f"browsers are led to {url}")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
