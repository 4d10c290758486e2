"""The HTTP request that an action of bot.yml asks for, with everything filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from estafeta.kernel.errors import EstafetaError
from estafeta.kernel.model import Json
from flows import templates
from flows.model import Workspace
from flows.printing import Verbatim

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WITH_BODY = ("POST", "PUT", "PATCH")


class RequestNotPrepared(EstafetaError):
    """An action cannot be called with these arguments: a value is missing, or is not safe in a URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedRequest:
    """`body` is sent as JSON (None: none). `timeout` is seconds for one try; `retries` come on top.

    What may hold a secret stays out of `repr`.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: Json = field(repr=False)
    timeout: float
    retries: int


def render_action(
    workspace: Workspace,
    action: str,
    arguments: Mapping[str, Json],
    secrets: Mapping[str, str],
    vars: Mapping[str, str],  # noqa: A002 - the word of bot.yml
) -> PreparedRequest:
    """Values in the URL are percent-encoded, all but `vars`, which are the settings' own addresses.
    `vars` come over those of bot.yml. POST, PUT and PATCH send the arguments as JSON.

    Raises RequestNotPrepared.
    """
    prepared = workspace.library.actions.get(action)
    if prepared is None:
        raise RequestNotPrepared(f'there is no action "{action}" in bot.yml')
    settings = {**workspace.bot.vars, **vars}
    try:
        values = {**arguments, "secrets": dict(secrets), "vars": settings}
        addresses = {name: Verbatim(words) for name, words in settings.items()}
        url = templates.render_strictly(prepared.url, {**values, "vars": addresses})
        headers = {name: templates.render_strictly(words, values) for name, words in prepared.headers}
    except templates.TemplateFailed as error:
        raise RequestNotPrepared(f'action "{action}": {error}') from error
    _check_url(action, url)
    for name, words in headers.items():
        if _CONTROL.search(name) or _CONTROL.search(words):
            raise RequestNotPrepared(f'action "{action}": the header {name} would hold a line break')
    return PreparedRequest(
        method=prepared.method,
        url=url,
        headers=headers,
        body=dict(arguments) if prepared.method in _WITH_BODY else None,
        timeout=prepared.timeout,
        retries=prepared.retries,
    )


def _check_url(action: str, url: str) -> None:
    """Dots are not percent-encoded, so a value of ".." would climb to another address of the service."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RequestNotPrepared(f'action "{action}": the URL is broken ({error})') from None
    if parts.scheme not in ("http", "https") or not parts.hostname or _CONTROL.search(url) or " " in url:
        raise RequestNotPrepared(f'action "{action}": the URL must begin with http:// or https:// and a host')
    if any(segment in (".", "..") for segment in parts.path.split("/")):
        raise RequestNotPrepared(f'action "{action}": a value of the URL is "." or ".."')
