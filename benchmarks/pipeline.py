"""How fast is the message path, against a bare bot that stores and understands nothing?

From the webhook's request to the arrival of the answer's sendMessage at a stand-in Bot API server,
through verify, store, NLU, dialog, commit, send. In the same run, in turn, on the same stand-in: an
echo bot of aiogram with its `SimpleRequestHandler` as it comes. Each bot is one process on one core;
the stand-in and the load are another process on another core. Both bots run on uvloop where it is
installed.

Nine short rounds of each, taking turns, so that both meet the machine in the same moods; the ratio of
their throughputs, pair by pair, has its median on a line of its own. Then the product again at half
of its own maximum rate, for the latency that people would see. `make bench` runs it; `--quick` is a short one.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from estafeta.fakes.telegram import FakeTelegram
from nlu.data import read_workspace

ROOT = Path(__file__).resolve().parents[1]
SECRET = "benchmark-secret"
IN_FLIGHT = 64
_TALK = frozenset(
    {"payment_methods", "pickup", "store_address", "working_hours", "delivery_time", "loyalty", "contacts"}
)
"""Intents that a flow answers at once, so that every message has exactly one answer."""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds, by message; `rate` is messages a second. `cpu` is the bot's CPU seconds a message."""

    rate: float
    latencies: tuple[float, ...]
    cpu: float
    driver: float
    unanswered: int

    def percentile(self, share: float) -> float:
        return sorted(self.latencies)[min(int(len(self.latencies) * share), len(self.latencies) - 1)] * 1000


class Driver:
    """Posts updates to a bot and watches for the answers. Two messages to a customer, so that no
    customer is misunderstood often enough to be handed to people."""

    def __init__(self, fake: FakeTelegram, texts: list[str]) -> None:
        self._fake = fake
        self._texts = texts
        self._random = random.Random(7)
        self._chats = 0
        self._update = 1
        self._arrivals: dict[int, asyncio.Future[float]] = {}
        # The journal is written right after the change that is told here.
        fake.listen(self._soon)

    def _soon(self) -> None:
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        """Takes new calls out of the stand-in's journal."""
        while self._fake.calls:
            call = self._fake.calls.popleft()
            if call.method == "sendMessage":
                waiting = self._arrivals.pop(int(call.params["chat_id"]), None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(time.perf_counter())

    def _text(self) -> str:
        """A customer's words with a slip of the finger, so that no answer comes from a memory of texts."""
        text = self._random.choice(self._texts)
        place = self._random.randrange(len(text))
        return text[:place] + text[place + 1 :]

    def customers(self, count: int) -> list[int]:
        ids = []
        for _ in range(count):
            self._chats += 1
            ids.append(self._fake.private(f"customer {self._chats}").id)
        return ids

    async def ask(self, session: aiohttp.ClientSession, url: str, chat: int) -> float | None:
        """Seconds until the answer arrived; None when it did not within ten."""
        self._update += 1
        person = {"id": chat, "is_bot": False, "first_name": "Ася", "language_code": "ru"}
        body = orjson.dumps(
            {
                "update_id": self._update,
                "message": {
                    "message_id": self._update,
                    "date": 1_790_000_000,
                    "chat": {"id": chat, "type": "private", "first_name": "Ася"},
                    "from": person,
                    "text": self._text(),
                },
            }
        )
        arrival = self._arrivals[chat] = asyncio.get_running_loop().create_future()
        began = time.perf_counter()
        headers = {"Content-Type": "application/json", "X-Telegram-Bot-Api-Secret-Token": SECRET}
        async with session.post(url, data=body, headers=headers) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"the bot answered {answer.status}")
        try:
            async with asyncio.timeout(10):
                arrived: float = await arrival
                return arrived - began
        except TimeoutError:
            return None

    async def flood(self, url: str, messages: int, process: int) -> Round:
        """As fast as it goes, with so many messages in flight."""
        chats = iter(self.customers(messages // 2) * 2)
        times: list[float | None] = []

        async def one_after_the_other(session: aiohttp.ClientSession) -> None:
            for chat in chats:
                times.append(await self.ask(session, url, chat))

        async with _session() as session:
            with _measured(process) as spent:
                await asyncio.gather(*(one_after_the_other(session) for _ in range(IN_FLIGHT)))
        return _round(times, spent)

    async def stream(self, url: str, messages: int, rate: float, process: int) -> Round:
        """At a steady rate, whatever the answers do."""
        chats = self.customers(messages // 2) * 2
        async with _session() as session:
            with _measured(process) as spent:
                began = time.perf_counter()
                tasks = []
                for number, chat in enumerate(chats):
                    await asyncio.sleep(max(0.0, began + number / rate - time.perf_counter()))
                    tasks.append(asyncio.create_task(self.ask(session, url, chat)))
                times = await asyncio.gather(*tasks)
        return _round(list(times), spent)


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=IN_FLIGHT * 4))


def _round(times: list[float | None], spent: dict[str, float]) -> Round:
    answered = tuple(item for item in times if item is not None)
    return Round(
        rate=len(answered) / spent["wall"],
        latencies=answered or (0.0,),
        cpu=spent["bot"] / max(len(answered), 1),
        driver=spent["driver"] / spent["wall"],
        unanswered=len(times) - len(answered),
    )


@contextlib.contextmanager
def _measured(process: int) -> Iterator[dict[str, float]]:
    spent: dict[str, float] = {}
    wall, bot, driver = time.perf_counter(), _cpu(process), time.process_time()
    yield spent
    spent.update(wall=time.perf_counter() - wall, bot=_cpu(process) - bot, driver=time.process_time() - driver)


def _cpu(process: int) -> float:
    """CPU seconds that a process has used (Linux; elsewhere 0)."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _texts() -> list[str]:
    data = read_workspace(ROOT / "demo")
    return [example.text for example in data.examples if example.intent in _TALK and len(example.text) > 12]


# --- the bots ------------------------------------------------------------------------------------


def serve_echo(api: str, token: str, port: int) -> None:
    """The reference: what aiogram's documentation shows, no more."""
    from aiogram import Bot, Dispatcher
    from aiogram.client.session.aiohttp import AiohttpSession
    from aiogram.client.telegram import TelegramAPIServer
    from aiogram.types import Message
    from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
    from aiohttp import web

    dispatcher = Dispatcher()

    @dispatcher.message()
    async def echo(message: Message) -> None:
        await message.answer(message.text or "")

    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token=SECRET).register(app, path="/webhooks/telegram/bench")
    setup_application(app, dispatcher, bot=bot)
    web.run_app(app, host="127.0.0.1", port=port, print=None, access_log=None, loop=_loop())


def _loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


@contextlib.asynccontextmanager
async def bot(kind: str, fake: FakeTelegram, port: int, data: Path) -> AsyncIterator[tuple[str, int]]:
    """The bot in a process of its own, on the first core; its webhook's address and its process id."""
    environment = {
        **os.environ,
        "ESTAFETA_PORT": str(port),
        "ESTAFETA_DATA": str(data),
        "ESTAFETA_WORKSPACE": str(ROOT / "demo"),
        "ESTAFETA_TELEGRAM__TOKEN": fake.token,
        "ESTAFETA_TELEGRAM__ACCOUNT": "bench",
        "ESTAFETA_TELEGRAM__MODE": "webhook",
        "ESTAFETA_TELEGRAM__SECRET": SECRET,
        "ESTAFETA_TELEGRAM__BASE_URL": fake.url,
        "ESTAFETA_TELEGRAM__LIMITS": '{"bot_per_second": 100000, "chat_per_second": 1000, "chat_burst": 1000}',
    }
    if kind == "echo":
        command = [sys.executable, "-m", "benchmarks.pipeline", "--echo", fake.url, fake.token, str(port)]
    else:
        command = [sys.executable, "-m", "estafeta.app.cli", "run"]
    log = (data / f"{kind}.log").open("ab")
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
    try:
        if len(os.sched_getaffinity(0)) > 1 or os.cpu_count() != 1:
            os.sched_setaffinity(process.pid, {min(_CORES)})
        await _answering(port, process, data / f"{kind}.log")
        yield f"http://127.0.0.1:{port}/webhooks/telegram/bench", process.pid
    finally:
        process.terminate()
        process.wait(10)
        log.close()


async def _answering(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1800):
        if process.poll() is not None:
            raise RuntimeError(f"the bot ended: {log.read_text()[-2000:]}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return
    raise RuntimeError("the bot did not begin to listen within three minutes")


_CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]


async def measure(messages: int, rounds: int) -> int:
    if len(_CORES) > 1:
        os.sched_setaffinity(0, {_CORES[-1]})
    folder = Path(tempfile.mkdtemp(prefix="estafeta-bench-"))
    pairs: list[tuple[Round, Round]] = []
    try:
        async with (
            FakeTelegram(limits=None, strict=False, journal=10_000, kept=4) as fake,
            bot("echo", fake, 18_080, folder) as echo,
            bot("estafeta", fake, 18_081, folder) as ours,
        ):
            driver = Driver(fake, _texts())
            for warm in (echo, ours):
                await driver.flood(warm[0], 600, warm[1])
            for number in range(rounds):
                pair = [await driver.flood(url, messages, process) for url, process in (ours, echo)]
                for name, row in zip(("estafeta", "echo"), pair, strict=True):
                    _print_row(f"{name}, round {number + 1}", row)
                pairs.append((pair[0], pair[1]))
            best = statistics.median(ours.rate for ours, _ in pairs)
            half = await driver.stream(ours[0], messages * 2, best / 2, ours[1])
            _print_row("estafeta, half its rate", half)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _conclude(pairs, half)


def _conclude(pairs: list[tuple[Round, Round]], half: Round) -> int:
    unanswered = half.unanswered + sum(ours.unanswered for ours, _ in pairs)
    ours_rate = statistics.median(ours.rate for ours, _ in pairs)
    echo_rate = statistics.median(echo.rate for _, echo in pairs)
    cpu = statistics.median(ours.cpu / echo.cpu for ours, echo in pairs if echo.cpu)
    print(f"\nmedian throughput: estafeta {ours_rate:.0f}/s, aiogram echo {echo_rate:.0f}/s; unanswered: {unanswered}")
    print(f"CPU for a message, estafeta to echo, median of the pairs: {cpu:.2f}")
    print(f"at half its rate: p50 {half.percentile(0.5):.1f} ms, p95 {half.percentile(0.95):.1f} ms")
    print(f"ratio: {statistics.median(ours.rate / echo.rate for ours, echo in pairs):.2f}")
    return 1 if unanswered else 0


def _print_row(name: str, row: Round) -> None:
    print(
        f"{name:<26} {row.rate:>7.0f}/s  p50 {row.percentile(0.5):>6.1f}  p95 {row.percentile(0.95):>6.1f}"
        f"  p99 {row.percentile(0.99):>6.1f} ms  CPU {row.cpu * 1000:.2f} ms/message  driver {row.driver:.0%}"
        f"  unanswered {row.unanswered}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--echo", nargs=3, metavar=("API", "TOKEN", "PORT"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.echo:
        serve_echo(given.echo[0], given.echo[1], int(given.echo[2]))
        return
    runner = asyncio.Runner(loop_factory=_loop)
    with runner:
        sys.exit(runner.run(measure(1000 if given.quick else 2000, 3 if given.quick else 9)))


if __name__ == "__main__":
    main()
