"""Files in a bucket, by obstore: Amazon S3 and whatever speaks its protocol (MinIO, Ceph, Yandex Object Storage)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store
from yarl import URL

from estafeta.kernel.errors import StoreUnavailable
from storage.files.config import S3Config
from storage.files.hashes import checked, gone, is_hash

if TYPE_CHECKING:
    from obstore.store import S3Credential

CHUNK = 4 * 1024 * 1024
"""Bytes asked for at once. A file comes in requests of their own, each with its own deadline: whoever reads may be
slow (it sends to a messenger), and the bucket's server would hang up on one long answer."""

_PROBE = "estafeta.probe"
_CONNECT_SECONDS = 5.0
_RETRIES = 3
_T = TypeVar("_T")


class S3Files:
    """`prefix/ab/cd/abcd…`. A file is there only when the service has all of it."""

    def __init__(self, config: S3Config) -> None:
        self._config = config
        self._store: S3Store | None = None

    async def open(self) -> None:
        """Writes and reads a byte, and asks for what is not there (which takes the right to list), so that a wrong
        key or a missing right is told at the start."""
        self._store = _connected(self._config)
        try:
            await self._done(obstore.put_async(self._store, _PROBE, b"\0"))
            await self._done(obstore.get_range_async(self._store, _PROBE, start=0, end=1))
            await self.has("0" * 64)
        except FileNotFoundError:
            raise StoreUnavailable(
                f"{self._config.place}: there is no such bucket: make it, or correct its name"
            ) from None

    async def close(self) -> None:
        self._store = None

    async def put(self, file: str, path: Path) -> None:
        place = _place(checked(file))
        if await self.has(file):
            return
        try:
            await self._done(obstore.put_async(self._opened(), place, path))
        except FileNotFoundError:
            raise StoreUnavailable(
                f"{self._config.place}: a file could not be put there: the bucket or the local copy has gone"
            ) from None

    async def has(self, file: str) -> bool:
        if not is_hash(file):
            return False
        try:
            await self._done(obstore.head_async(self._opened(), _place(file)))
        except FileNotFoundError:
            return False
        return True

    async def read(self, file: str) -> AsyncIterator[bytes]:
        if not is_hash(file):
            raise gone(file)
        store, place = self._opened(), _place(file)
        try:
            size = (await self._done(obstore.head_async(store, place)))["size"]
            for start in range(0, size, CHUNK):
                end = min(start + CHUNK, size)
                yield bytes(await self._done(obstore.get_range_async(store, place, start=start, end=end)))
        except FileNotFoundError:
            raise gone(file) from None

    async def delete(self, file: str) -> None:
        if not is_hash(file):
            return
        try:
            await self._done(obstore.delete_async(self._opened(), _place(file)))
        except FileNotFoundError:
            return  # some services tell, others do not

    def _opened(self) -> S3Store:
        if self._store is None:
            raise StoreUnavailable(f"{self._config.place}: not open")
        return self._store

    async def _done(self, request: Awaitable[_T]) -> _T:
        """What the request brought. Passes `FileNotFoundError`; the library's own words may quote an answer or a
        key, so every other failure is told in ours."""
        try:
            return await request
        except FileNotFoundError:
            raise FileNotFoundError from None
        except (PermissionDeniedError, UnauthenticatedError):
            raise StoreUnavailable(
                f"{self._config.place}: access is refused: correct the key and its secret, and let the key list, "
                "read, write and delete in the bucket"
            ) from None
        except (BaseError, OSError) as error:
            raise StoreUnavailable(
                f"{self._config.place} does not answer or fails ({type(error).__name__}): see that it runs, can be "
                "reached from here and has room, and that endpoint and region are right"
            ) from None


def _place(file: str) -> str:
    return f"{file[:2]}/{file[2:4]}/{file}"


def _connected(config: S3Config) -> S3Store:
    """Everything is said, since the library takes what is not from variables of AWS in the environment: a session
    token of somebody else's key, or another endpoint."""
    service = URL(config.endpoint or f"https://s3.{config.region}.amazonaws.com")
    if not config.path_style:
        service = service.with_host(f"{config.bucket}.{service.host}")
    endpoint = str(service).rstrip("/")

    def credential() -> S3Credential:
        return {
            "access_key_id": config.key.get_secret_value(),
            "secret_access_key": config.secret.get_secret_value(),
            "token": None,
            "expires_at": None,
        }

    whole = timedelta(seconds=config.seconds)
    return S3Store(
        config.bucket,
        prefix=config.prefix or None,
        endpoint=endpoint,
        aws_endpoint_url_s3=endpoint,
        region=config.region,
        virtual_hosted_style_request=not config.path_style,
        skip_signature=False,
        disable_bulk_delete=True,  # not every service knows it
        credential_provider=credential,
        client_options={
            "allow_http": service.scheme == "http",
            "connect_timeout": timedelta(seconds=min(_CONNECT_SECONDS, config.seconds)),
            "timeout": whole,
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": whole},
    )
