"""A shop's page that embeds the chat: another origin, and with `host="localhost"` another site too
(there Chromium, in the private mode that Playwright uses, refuses storage to the frame)."""

from __future__ import annotations

import socket

from aiohttp import web

PAGE = """<!doctype html><html lang="ru"><head><meta charset="utf-8"><title>Лавка</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 16px Georgia, serif; margin: 40px; background: #f4f1ea; color: #333; }}
/* What careless shops do to everything on their page: */
* {{ letter-spacing: .3em; }} button {{ background: lime !important; border-radius: 0 !important }}
button {{ display: none !important }}
dialog, iframe, estafeta-chat {{ display: none !important; width: 10px !important; opacity: .1 !important }}
</style></head>
<body><h1>Лавка «Полка»</h1><p>Полки и всё для них. <a href="#" id="link">Каталог</a></p>{before}
<script async src="{platform}/widget.js" data-key="demo" data-language="{language}"{more}></script>
</body></html>"""


class Shop:
    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.platform = ""
        self.language = "ru"
        self.before = ""
        self.more = ""
        self.policy = ""
        self.port = 0

    @property
    def origin(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/", self._page)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", 0))
        await web.SockSite(self._runner, listener).start()
        self.port = listener.getsockname()[1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _page(self, request: web.Request) -> web.Response:
        page = PAGE.format(platform=self.platform, language=self.language, before=self.before, more=self.more)
        headers = {"Content-Security-Policy": self.policy} if self.policy else {}
        return web.Response(text=page, content_type="text/html", headers=headers)
