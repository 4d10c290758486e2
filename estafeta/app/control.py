"""The command line's way into a running process of this machine: addresses under /control/, and a token in
the data folder that proves who asks."""

from __future__ import annotations

import base64
import hmac
import json
import urllib.error
import urllib.parse
import urllib.request

from aiohttp import web

from estafeta.app import start
from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Json

DEMO_DATA = "demo"
"""The demo's folder within the data folder, unless a data folder was named."""
_SECONDS = 10.0


def require(request: web.Request, token: str) -> None:
    """Raises `HTTPForbidden` unless the request proves that it comes from the command line of this machine."""
    given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(given, f"Bearer {token}".encode()):
        raise web.HTTPForbidden


def packed(asked: Json) -> str:
    """What is asked, as one piece of an address: a short one, for a line of a request has 8190 bytes."""
    plain = json.dumps(asked, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(plain.encode("utf-8", "surrogatepass")).decode()


def unpacked(piece: str) -> Json:
    """Raises `ValueError` for what `packed` did not make."""
    return json.loads(base64.urlsafe_b64decode(piece.encode()))


def ask(settings: Settings, method: str, path: str) -> Json:
    """What the process that listens on the settings' port answers. Raises `ConfigurationError` with a sentence."""
    token = _token(settings)
    request = urllib.request.Request(  # noqa: S310 - our own address
        settings.local_url + urllib.parse.quote(path), method=method, headers={"Authorization": f"Bearer {token}"}
    )
    # Not through a proxy of the environment: the token is for this machine alone.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=_SECONDS) as answer:
            content: Json = json.load(answer)
            return content
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigurationError(f"The platform refused ({error.code}). Is ESTAFETA_DATA what it runs with?") from None
    except OSError as error:
        if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
            raise ConfigurationError(
                f"The platform at {settings.local_url} has not answered within {_SECONDS:g} seconds; it may yet do "
                "what was asked. Look with `estafeta doctor`, and ask again."
            ) from None
        raise ConfigurationError(f"Nothing answers at {settings.local_url}: start the platform first.") from None
    except ValueError:
        raise ConfigurationError(f"What answers at {settings.local_url} is not Estafeta.") from None


def _token(settings: Settings) -> str:
    file = start.control_file(settings.data, settings.port)
    if "data" not in settings.model_fields_set and not file.exists():
        file = start.control_file(settings.data / DEMO_DATA, settings.port)
    try:
        return file.read_text()
    except OSError:
        raise ConfigurationError(
            f"There is no {file}: start the platform first, and give this command the same ESTAFETA_DATA and "
            "ESTAFETA_PORT."
        ) from None
