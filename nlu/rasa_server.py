"""A Rasa server's HTTP interface: https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api/

The token goes as a parameter of the address, for Rasa takes it nowhere else
(https://legacy-docs-oss.rasa.com/docs/rasa/http-api#token-based-auth); so addresses that were asked are never told,
in errors or in logs.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiohttp

from estafeta.kernel.errors import EstafetaError
from nlu.rasa_config import RasaConfig

LARGEST_ANSWER = 512 * 1024
"""Bytes of an answer that are read. Rasa repeats all responses of a retrieval intent in each."""
_CONNECTIONS = 32
"""At once. Rasa works on one text after the other; whoever finds no place waits here instead of there."""
_SAID = 200


class RasaError(EstafetaError):
    """Rasa cannot be asked, or refuses; a sentence says what to do."""


class RasaAway(RasaError):
    """It may pass by itself: the server is not there, late, or broke over the request."""


class NoModel(RasaError):
    """The server is there and takes the token; there is no model in it."""


class TextRefused(RasaError):
    """The model broke over this text; that says nothing of others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Of the model in service: the name of its file, and the id that Rasa gave it."""

    file: str
    id: str

    @property
    def model(self) -> str:
        """What the platform calls it: the file's name without its ending."""
        return self.file.removesuffix(".tar.gz") or self.id


class RasaServer:
    """Everything raises `RasaError`. Nothing here limits the time: callers do, by `within`."""

    def __init__(self, config: RasaConfig) -> None:
        self._config = config
        self._session: aiohttp.ClientSession | None = None

    @property
    def where(self) -> str:
        return self._config.url

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def within(self, seconds: float) -> AsyncIterator[None]:
        """What is done inside takes so many seconds at most."""
        try:
            async with asyncio.timeout(seconds):
                yield
        except TimeoutError:
            raise RasaAway(f"The Rasa server at {self.where} gave no answer within {seconds:g} seconds.") from None

    async def parse(self, text: str) -> bytes:
        """What `/model/parse` answers, unread. A text that begins with / would be taken as an intent's name
        (https://legacy-docs-oss.rasa.com/docs/rasa/stories#user-messages), and spaces around it are cut off there."""
        body = json.dumps({"text": text}).encode()
        return await self._asked("POST", "/model/parse", body)

    async def status(self) -> Status:
        """Raises `NoModel` while the server has none."""
        told = _object(await self._asked("GET", "/status"), self.where)
        return Status(file=_plain(told.get("model_file")), id=_plain(told.get("model_id")))

    async def in_service(self) -> str:
        """What the platform calls the model in service; "" for none."""
        try:
            return (await self.status()).model
        except NoModel:
            return ""

    async def version(self) -> str:
        """Rasa's own; needs neither a token nor a model."""
        version = _plain(_object(await self._asked("GET", "/version"), self.where).get("version"))
        if not version:
            raise RasaError(f"What answers at {self.where} is not a Rasa server: correct ESTAFETA_RASA__URL.")
        return version

    async def serve(self, model_file: str) -> None:
        """Has the server put a model into service, by the path it sees it under; until it has, the one before stays,
        and nobody is answered (https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api/#operation/replaceModel)."""
        await self._asked("PUT", "/model", json.dumps({"model_file": model_file}).encode())

    async def train(self, training: bytes) -> str:
        """Has the server train, from one YAML file with pipeline, domain and examples, beside answering. Returns the
        path to the model, for `serve`: https://legacy-docs-oss.rasa.com/docs/rasa/pages/http-api/#operation/trainModel
        """
        kind, params = "application/yaml", {"save_to_default_model_directory": "true", "force_training": "true"}
        async with self._request("POST", "/model/train", training, kind, params) as answer:
            if answer.status != 200:
                self._refuse("/model/train", answer.status, await _body(answer.content))
            # The model itself stays where it is, unread: it may have hundreds of megabytes.
            name = _plain(answer.headers.get("filename"))
            answer.close()
        if not name or "/" in name:
            raise RasaError(f"The Rasa server at {self.where} trained, and did not say where the model is.")
        return f"models/{name}"

    async def _asked(self, method: str, path: str, body: bytes | None = None) -> bytes:
        async with self._request(method, path, body, "application/json", {}) as answer:
            said = await _body(answer.content)
            status = answer.status
        if not 200 <= status < 300:
            self._refuse(path, status, said)
        if len(said) > LARGEST_ANSWER:
            raise RasaError(f"The answer of the Rasa server at {self.where} is larger than {LARGEST_ANSWER >> 10} KB.")
        return said

    @asynccontextmanager
    async def _request(
        self, method: str, path: str, body: bytes | None, kind: str, params: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=_CONNECTIONS), cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None), auto_decompress=False,
                headers={"Accept-Encoding": "identity"},
            )  # fmt: skip
        token = self._config.token
        params = {**params, **({"token": token.get_secret_value()} if token is not None else {})}
        headers = {"Content-Type": kind} if body is not None else {}
        try:
            async with self._session.request(
                method, self.where + path, data=body, params=params, headers=headers, allow_redirects=False
            ) as answer:
                yield answer
        except aiohttp.ClientError as error:  # not `from` the error: it may tell the address with the token
            raise self._away(error) from None

    def _away(self, error: aiohttp.ClientError) -> RasaError:
        """What it means that no answer came. What only a changed setting mends is not tried again."""
        where, correct = self.where, "correct ESTAFETA_RASA__URL"
        if isinstance(error, aiohttp.ClientConnectorCertificateError):
            why = _plain(getattr(error.certificate_error, "verify_message", "")) or "it does not say why"
            return RasaError(
                f"The certificate of {where} is not trusted ({why}): give it one "
                f"that this machine trusts for that name, or {correct}."
            )
        if isinstance(error, aiohttp.ClientSSLError):
            return RasaError(f"{where} does not speak TLS: {correct} (http:// instead of https://, perhaps).")
        if isinstance(error, aiohttp.ClientConnectorDNSError):
            return RasaAway(f"There is no machine of the name in {where} just now: {correct}.")
        if isinstance(error, aiohttp.ClientConnectorError):
            return RasaAway(f"Nothing answers at {where}: start the Rasa server, or {correct}.")
        if isinstance(error, aiohttp.ClientResponseError):
            return RasaError(f"What answers at {where} does not speak HTTP: {correct} (https://, perhaps).")
        return RasaAway(f"The connection to the Rasa server at {where} broke ({type(error).__name__}).")

    def _refuse(self, path: str, status: int, body: bytes) -> None:
        """Raises what an answer that is no success means."""
        told: dict[str, Any] = {}
        with suppress(RasaError):  # a proxy's page, say: its status tells enough
            told = _object(body, self.where)
        said = _plain(told.get("message"))
        where = self.where
        if status in (401, 403):
            raise RasaError(
                f"The Rasa server at {where} refuses the token: set ESTAFETA_RASA__TOKEN to the --auth-token that it "
                "was started with."
            )
        if status == 404:
            raise RasaError(f"{where} knows no {path}: start Rasa with --enable-api, or correct ESTAFETA_RASA__URL.")
        if status == 409:
            raise NoModel(f"The Rasa server at {where} has no model: estafeta train --engine rasa gives it one.")
        if status == 500 and told.get("reason") == "ParsingError":
            raise TextRefused(
                f"The model of the Rasa server at {where} broke over this text: {said or 'it says no why'}"
            )
        about = f": {said}" if said else ""
        if status >= 500 or status in (408, 429):
            raise RasaAway(f"The Rasa server at {where} answered {status}{about}")
        raise RasaError(f"The Rasa server at {where} answered {status} to {path}{about}")


def _object(body: bytes, where: str) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise RasaError(f"What {where} answers is not a Rasa server's: correct ESTAFETA_RASA__URL.")
    return told


def _plain(value: object) -> str:
    """A short line that may be shown; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in value[: 2 * _SAID]).split())[:_SAID]


async def _body(stream: aiohttp.StreamReader) -> bytes:
    """All of the answer, or as much of it as shows that it is too large."""
    body = bytearray()
    async for piece in stream.iter_any():
        body += piece
        if len(body) > LARGEST_ANSWER:
            break
    return bytes(body)
