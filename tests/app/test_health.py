"""What a container's health check runs: 0 when the process of this machine answers with 200, else 1."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from estafeta.app.faults.servers import free_port
from estafeta.app.health import answers


async def test_it_asks_the_process_on_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    async def well(request: web.Request) -> web.Response:
        return web.Response()

    async def unwell(request: web.Request) -> web.Response:
        return web.Response(status=503)

    app = web.Application()
    app.router.add_get("/healthz", well)
    app.router.add_get("/readyz", unwell)
    server = TestServer(app)
    await server.start_server()
    try:
        monkeypatch.setenv("ESTAFETA_PORT", str(server.port))
        for host in ("0.0.0.0", "", "127.0.0.1"):  # noqa: S104
            monkeypatch.setenv("ESTAFETA_HOST", host)
            assert await asyncio.to_thread(answers, "/healthz")
            assert not await asyncio.to_thread(answers, "/readyz")
    finally:
        await server.close()


def test_nothing_that_answers_is_not_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ESTAFETA_PORT", str(free_port()))
    assert not answers("/healthz")
