"""Files in a bucket: against moto's server, and against servers that refuse, fail or say nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from moto.server import ThreadedMotoServer
from pydantic import SecretStr, ValidationError

from estafeta.kernel.errors import StoreUnavailable
from estafeta.kernel.ports import Files
from storage.files.config import S3Config
from storage.files.s3 import S3Files
from tests.contracts.files_contract import ABSENT, FilesContract

KEY, SECRET = "AKIDEXAMPLEEXAMPLE", "a/secret+that+nobody/may+read"
DATA = b"a photo"
FILE = hashlib.sha256(DATA).hexdigest()
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def config(endpoint: str, bucket: str = "files", **more: object) -> S3Config:
    return S3Config.model_validate(
        {"endpoint": endpoint, "bucket": bucket, "key": KEY, "secret": SECRET, "seconds": 5, **more}
    )


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
async def bucket(moto: str) -> str:
    """The name of a bucket no other test has."""
    name = f"files-{uuid4().hex[:12]}"
    async with aiohttp.ClientSession() as session, session.put(f"{moto}/{name}") as answer:
        assert answer.status == 200
    return name


class TestS3Files(FilesContract):
    @pytest.fixture(params=["", "shared/estafeta"])
    async def files(self, moto: str, bucket: str, request: pytest.FixtureRequest) -> Files:
        files = S3Files(config(moto, bucket, prefix=request.param))
        await files.open()
        return files


async def test_a_bucket_that_is_not_there_is_told_at_the_start(moto: str) -> None:
    with pytest.raises(StoreUnavailable, match="bucket nobody-made-me: there is no such bucket"):
        await S3Files(config(moto, "nobody-made-me")).open()


async def test_prefixes_keep_files_apart(moto: str, bucket: str, tmp_path: Path) -> None:
    one, other = (S3Files(config(moto, bucket, prefix=prefix)) for prefix in ("one", "other"))
    await one.open()
    await other.open()
    (tmp_path / "given").write_bytes(DATA)
    await one.put(FILE, tmp_path / "given")
    assert await one.has(FILE)
    assert not await other.has(FILE)


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


def all_is_well(request: web.Request) -> web.Response:
    """What a bucket answers to the probe of the start."""
    headers = {"ETag": '"e"', "Last-Modified": "Mon, 12 Jan 2026 09:00:00 GMT"}
    if request.path.endswith("0" * 64):
        return web.Response(status=404)
    if request.method != "GET":
        return web.Response(headers=headers)
    return web.Response(status=206, body=b"\0", headers={**headers, "Content-Range": "bytes 0-0/1"})


async def every_call(files: S3Files, given: Path) -> list[str]:
    """The sentence with which each call of the port fails."""
    given.write_bytes(DATA)

    async def read() -> None:
        await anext(files.read(ABSENT))

    sentences = []
    for call in (lambda: files.put(FILE, given), lambda: files.has(FILE), read, lambda: files.delete(FILE)):
        with pytest.raises(StoreUnavailable) as failed:
            await call()
        assert failed.value.__cause__ is None  # the library's words may quote what it was answered
        sentences.append(str(failed.value))
    return sentences


async def opened(files: S3Files, trouble: asyncio.Event) -> S3Files:
    await files.open()
    trouble.set()
    return files


@pytest.mark.parametrize(
    ("status", "words"),
    [(403, "access is refused: correct the key"), (401, "access is refused"), (500, "see that it runs"), (503, "runs")],
)
async def test_every_failure_is_a_sentence_without_secrets(status: int, words: str, tmp_path: Path) -> None:
    trouble = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        if not trouble.is_set():
            return all_is_well(request)
        told = f"<Error><Code>Any</Code><Message>{SECRET} {KEY} {request.headers['Authorization']}</Message></Error>"
        return web.Response(status=status, text=told)

    async with serving(answer) as endpoint:
        files = await opened(S3Files(config(endpoint, seconds=1)), trouble)
        for sentence in await every_call(files, tmp_path / "given"):
            assert words in sentence
            assert f"{endpoint}, bucket files" in sentence
            assert SECRET not in sentence
            assert KEY not in sentence
        with pytest.raises(StoreUnavailable, match=words):
            await S3Files(config(endpoint, seconds=1)).open()


async def test_a_server_that_says_nothing_is_left_in_time(tmp_path: Path) -> None:
    over = asyncio.Event()

    async def silent(request: web.Request) -> web.StreamResponse:
        await over.wait()
        return web.Response()

    async with serving(silent) as endpoint:
        began = asyncio.get_running_loop().time()
        with pytest.raises(StoreUnavailable, match="does not answer"):
            await S3Files(config(endpoint, seconds=0.3)).open()
        assert asyncio.get_running_loop().time() - began < 5
        over.set()


async def test_a_server_that_is_not_there(tmp_path: Path, unused_tcp_port: int) -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        await S3Files(config(f"http://127.0.0.1:{unused_tcp_port}", seconds=1)).open()


async def test_variables_of_aws_in_the_environment_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SKIP_SIGNATURE"):
        monkeypatch.setenv(name, "true")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_BUCKET", "elsewhere")
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        await request.read()
        return all_is_well(request)

    async with serving(answer) as endpoint:
        await S3Files(config(endpoint, region="ru-central1")).open()
    for request in seen:
        assert request.path.startswith("/files/")
        assert f"Credential={KEY}/" in request.headers["Authorization"]
        assert "/ru-central1/s3/" in request.headers["Authorization"]
        assert "X-Amz-Security-Token" not in request.headers
    assert seen


@pytest.mark.parametrize(
    ("path_style", "address"), [(True, "http://s3.example.test/files/"), (False, "http://files.s3.example.test/")]
)
async def test_the_buckets_name_is_in_the_path_or_before_the_host(
    path_style: bool, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen by a proxy, which is asked whatever the host is."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(str(request.url))
        await request.read()
        return all_is_well(request)

    async with serving(answer) as proxy:
        monkeypatch.setenv("http_proxy", proxy)
        await S3Files(config("http://s3.example.test", path_style=path_style)).open()
    assert asked
    assert all(url.startswith(address) for url in asked)


async def test_before_it_is_open_it_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="not open"):
        await S3Files(config("http://127.0.0.1:9")).has(FILE)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bucket": "No Bucket"}, "bucket's name"),
        ({"bucket": "a/../b"}, "bucket's name"),
        ({"endpoint": "s3.example.org"}, "the endpoint is"),
        ({"endpoint": "https://user:pass@s3.example.org"}, "the endpoint is"),
        ({"endpoint": "https://s3.example.org/path"}, "the endpoint is"),
        ({"prefix": "a/../../b"}, "the prefix is"),
        ({"seconds": 0}, "greater than 0"),
        ({"token": "x"}, "not permitted"),
    ],
)
def test_wrong_settings_are_refused_in_words_that_quote_nothing(wrong: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as refused:
        config(**{"endpoint": "https://s3.example.org", **wrong})  # type: ignore[arg-type]
    assert SECRET not in str(refused.value)


def test_secrets_are_not_shown() -> None:
    shown = repr(config("https://s3.example.org"))
    assert SECRET not in shown
    assert KEY not in shown
    assert isinstance(config("https://s3.example.org").secret, SecretStr)
