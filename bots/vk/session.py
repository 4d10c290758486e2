"""The one place where the vk_api library is called: in threads, with timeouts, and without its waiting.

vk_api is synchronous, and one session of it is serial: it holds a lock during the request and then waits, so that at
150 ms latency it makes five requests a second where VK takes twenty. Its requests have no timeout, error 6 makes it
sleep and call itself again without end, and its exceptions carry the token. So each thread has a session of its own,
which neither waits nor repeats, and only plain values leave the thread. Who may ask when is `client.VkClient`'s
business. https://github.com/python273/vk_api/blob/master/vk_api/vk_api.py
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import jconfig  # type: ignore[import-untyped]
import requests
from pydantic import SecretStr
from requests.adapters import HTTPAdapter
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError
from vk_api import VkApiGroup
from vk_api.exceptions import ApiError, ApiHttpError

API_VERSION = "5.199"
CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 15.0

_HOME = "https://api.vk.ru"
"""Where vk_api sends everything, whatever it is told."""


@dataclass(frozen=True, slots=True)
class Answered:
    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """VK's own `error`."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Broken:
    """No answer that can be read. unreachable: the request did not go out; no_answer: it may have been done;
    messenger_down: a page of errors came instead."""

    how: Literal["unreachable", "no_answer", "messenger_down"]


Outcome = Answered | Refused | Broken


class _Impatient(HTTPAdapter):
    """Requests with timeouts; `base` stands in for VK's own address."""

    def __init__(self, base: str | None) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1)
        self._base = base

    def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]
        options["timeout"] = (CONNECT_SECONDS, ANSWER_SECONDS)
        if self._base is not None:
            request.url = self._base + request.url.removeprefix(_HOME)
        return super().send(request, **options)


class _Community(VkApiGroup):  # type: ignore[misc]
    """Does not wait between requests: the pacer has waited."""

    RPS_DELAY = 0.0


class VkSessions:
    """One community's sessions of vk_api, as many as threads at work. `close` it."""

    def __init__(self, token: SecretStr, *, base_url: str | None, threads: int, name: str) -> None:
        self._token = token
        self._base = base_url
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=f"vk-{name}")
        self._own = threading.local()
        self._free = threads
        self._freed = asyncio.Event()

    @property
    def free(self) -> bool:
        """Whether a call begins at once. A call that has to wait for a thread would begin when its turn is long
        over, many such at the same time."""
        return self._free > 0

    async def freed(self) -> None:
        """Returns when a thread has become free."""
        self._freed.clear()
        await self._freed.wait()

    async def call(self, method: str, values: Mapping[str, Any]) -> Outcome:
        """One request. Values are plain: texts and numbers."""
        try:
            work = asyncio.get_running_loop().run_in_executor(self._pool, self._call, method, dict(values))
        except RuntimeError:  # closed meanwhile
            return Broken("unreachable")
        self._free -= 1
        work.add_done_callback(self._ended)
        return await asyncio.shield(work)

    def _ended(self, _: asyncio.Future[Outcome]) -> None:
        self._free += 1
        self._freed.set()

    def close(self) -> None:
        """Does not wait for requests on their way; each ends within its timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, method: str, values: dict[str, Any]) -> Outcome:
        try:
            return Answered(self._session().method(method, values))
        except ApiError as error:
            text = error.error.get("error_msg", "") if isinstance(error.error, dict) else ""
            return Refused(error.code, str(text)) if isinstance(error.code, int) else Broken("no_answer")
        except ApiHttpError as error:
            late = error.response.status_code in (502, 504)
            return Broken("no_answer" if late else "messenger_down")
        except requests.exceptions.ConnectTimeout:
            return Broken("unreachable")
        except requests.exceptions.ConnectionError as error:
            return Broken("unreachable" if _never_went_out(error) else "no_answer")
        except (requests.exceptions.RequestException, ValueError, KeyError, TypeError, AttributeError):
            return Broken("no_answer")  # what came was no answer of VK's API

    def _session(self) -> VkApiGroup:
        session = getattr(self._own, "session", None)
        if session is None:
            session = self._own.session = self._made()
        return session

    def _made(self) -> VkApiGroup:
        http = requests.Session()
        http.headers["User-Agent"] = "estafeta"
        http.max_redirects = 0  # the request has the token in it
        http.trust_env = False  # neither another's password from .netrc nor a proxy that the other parts do not use
        http.mount(_HOME, _Impatient(self._base))
        made = _Community(
            token=self._token.get_secret_value(), api_version=API_VERSION, session=http, config=jconfig.MemoryConfig
        )
        made.error_handlers.clear()  # they sleep, repeat without end, or ask a person for a captcha
        return made


def _never_went_out(error: requests.exceptions.ConnectionError) -> bool:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    return isinstance(reason, NewConnectionError | NameResolutionError)
