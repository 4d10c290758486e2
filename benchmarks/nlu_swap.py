"""Does anybody notice that the bot is taught something new?

The demo really runs and customers write to it at a steady rate, through a stand-in Bot API server. Meanwhile its
training data are edited, `estafeta train` makes a model of them, `estafeta nlu publish` takes it through the gate
(pinned examples, held-out texts, a shadow run over what these customers wrote) and into service, first with a share,
then for all, and `estafeta nlu rollback` takes it out again: all by the commands that a trainer gives, on the machine
that answers. The phases lie between two in which nothing of the sort happens.

Each customer writes twice without waiting. Afterwards the store and what arrived at the stand-in are held against what
was written; a message is

    refused     when the webhook did not take it
    unanswered  when the bot said nothing to it, or what it said never arrived
    twice       when it is there twice, or its answer arrived twice
    disordered  when the answers arrived in another order than the bot gave them, or it was read in another one
    failed      when the understander had nothing to say to it
    late        when its answer arrived after more than `LATE` seconds

and the benchmark ends with 1 when there is any such message. `--servers` runs two processes with MongoDB and Redis
instead of one with the embedded database. `make bench-nlu-swap` runs both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.pipeline import SECRET, _texts
from estafeta.app import config
from estafeta.app.config import NluConfig
from estafeta.app.faults.servers import MongoServer, RedisServer, free_port, served
from estafeta.app.publishing import writable
from estafeta.fakes.telegram import FakeTelegram
from estafeta.kernel.model import Address, Entry

ROOT = Path(__file__).resolve().parents[1]
LATE = NluConfig().deadline
"""Seconds from the webhook's request to the arrival of the answer: what the product gives a model for a text
(`ESTAFETA_NLU__DEADLINE`), for the whole way here."""
FOLLOW = 5.0
"""Seconds within which every worker serves what was published (docs/models.md)."""
_WARM = 3.0
_SETTLE = 20.0
_STOP = 60.0
_FLAWS = ("refused", "unanswered", "twice", "disordered", "failed", "late")
_SERVED = re.compile(r'estafeta_nlu_model_share\{model="([^"]+)"\} ([\d.]+)')


@dataclass(slots=True)
class Message:
    """`answered` is when its answer arrived. Seconds of the machine's clock."""

    chat: int
    number: int
    phase: str
    text: str
    at: float
    answered: float = math.inf
    model: str = ""
    flaws: list[str] = field(default_factory=list)


class Load:
    """Customers who write at a steady rate, whatever the answers do, to each process in turn. `lag`: how many seconds
    late they were at most, for want of a machine that has time for them."""

    def __init__(self, fake: FakeTelegram, urls: Sequence[str], rate: float) -> None:
        self._fake, self._urls, self._pause = fake, urls, 2 / rate
        self._texts = _texts()
        self._random = random.Random(7)
        self._update = 0
        self.phase = "warming up"
        self.messages: list[Message] = []
        self.arrived: dict[int, list[tuple[float, str]]] = defaultdict(list)
        self.latest_send = time.monotonic()
        self.lag = 0.0
        fake.listen(self._soon)

    def _soon(self) -> None:
        """The journal is written right after the change that is told here."""
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        while self._fake.calls:
            call = self._fake.calls.popleft()
            if call.method == "sendMessage":
                self.latest_send = time.monotonic()
                self.arrived[int(call.params["chat_id"])].append((self.latest_send, str(call.params["text"])))

    async def run(self) -> None:
        """Until cancelled; what was begun then is finished."""
        began, number, tasks = time.monotonic(), 0, set[asyncio.Task[None]]()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session:
            try:
                while True:
                    task = asyncio.create_task(self._customer(session, self._urls[number % len(self._urls)]))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    number += 1
                    await asyncio.sleep(max(0.0, began + number * self._pause - time.monotonic()))
                    self.lag = max(self.lag, time.monotonic() - began - number * self._pause)
            finally:
                await asyncio.gather(*tasks)

    async def _customer(self, session: aiohttp.ClientSession, url: str) -> None:
        chat = self._fake.private(f"customer {len(self.messages)}").id
        for _ in range(2):
            self._update += 1
            text = self._text()
            message = Message(chat=chat, number=self._update, phase=self.phase, text=text, at=time.monotonic())
            self.messages.append(message)
            person = {"id": chat, "is_bot": False, "first_name": "Ася", "language_code": "ru"}
            told = {
                "message_id": self._update, "date": int(time.time()), "text": text, "from": person,
                "chat": {"id": chat, "type": "private", "first_name": "Ася"},
            }  # fmt: skip
            headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            try:
                async with session.post(url, json={"update_id": self._update, "message": told}, headers=headers) as got:
                    if got.status != 200:
                        message.flaws.append("refused")
            except (aiohttp.ClientError, TimeoutError):
                message.flaws.append("refused")

    def _text(self) -> str:
        """A customer's words with a slip of the finger, so that no answer comes from a memory of texts."""
        text = self._random.choice(self._texts)
        place = self._random.randrange(len(text))
        return text[:place] + text[place + 1 :]


# --- the product -----------------------------------------------------------------------------------


class Product:
    """The demo's processes, and the commands of its trainer; all with the same settings."""

    def __init__(self, folder: Path, fake: FakeTelegram, servers: dict[str, str], processes: int) -> None:
        self._folder = folder
        self.workspace = folder / "demo"
        shutil.copytree(ROOT / "demo", self.workspace)
        self.ports = [free_port() for _ in range(processes)]
        self.environment = {
            **os.environ,
            "ESTAFETA_DATA": str(folder / "data"),
            "ESTAFETA_WORKSPACE": str(self.workspace),
            "ESTAFETA_TELEGRAM__TOKEN": fake.token,
            "ESTAFETA_TELEGRAM__ACCOUNT": "bench",
            "ESTAFETA_TELEGRAM__MODE": "webhook",
            "ESTAFETA_TELEGRAM__SECRET": SECRET,
            "ESTAFETA_TELEGRAM__BASE_URL": fake.url,
            "ESTAFETA_TELEGRAM__LIMITS": '{"bot_per_second": 100000, "chat_per_second": 1000, "chat_burst": 1000}',
            **servers,
        }

    @property
    def webhooks(self) -> list[str]:
        return [f"http://127.0.0.1:{port}/webhooks/telegram/bench" for port in self.ports]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.command("train")
        processes = []
        try:
            for port in self.ports:
                log = (self._folder / f"{port}.log").open("wb")
                processes.append(
                    await asyncio.create_subprocess_exec(
                        sys.executable, "-m", "estafeta.app.cli", "run", cwd=self._folder, stdout=log, stderr=log,
                        env=self.environment | {"ESTAFETA_PORT": str(port)},
                    )
                )  # fmt: skip
                log.close()
            async with asyncio.timeout(180):
                while len(await self.serving()) < len(self.ports):
                    if any(process.returncode is not None for process in processes):
                        raise SystemExit("\n".join(path.read_text()[-2000:] for path in self._folder.glob("*.log")))
                    await asyncio.sleep(0.1)
            yield
        finally:
            await _ended([process for process in processes if process.returncode is None])

    async def command(self, *arguments: str) -> str:
        """What it printed. Ends the benchmark when it failed."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "estafeta.app.cli", *arguments, cwd=self._folder,
            env=self.environment | {"ESTAFETA_PORT": str(self.ports[0])},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        told, complaints = await process.communicate()
        if process.returncode:
            raise SystemExit(f"estafeta {' '.join(arguments)}: {told.decode()}{complaints.decode()}")
        return told.decode()

    async def serving(self) -> list[dict[str, float]]:
        """Of each process that answers: its models and their shares."""
        found = []
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
            for port in self.ports:
                with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                    async with session.get(f"http://127.0.0.1:{port}/metrics") as answer:
                        shares = _SERVED.findall(await answer.text())
                        if shares:
                            found.append({model: float(share) for model, share in shares})
        return found

    async def follow(self, model: str, share: int) -> float:
        """Seconds until every process serves the model with that share."""
        began = time.monotonic()
        while time.monotonic() - began < 180:
            served = await self.serving()
            if len(served) == len(self.ports) and all(held.get(model) == share for held in served):
                return time.monotonic() - began
            await asyncio.sleep(0.05)
        raise SystemExit(f"{model} is not served by every process within three minutes")

    def teach(self, number: int) -> None:
        """The trainer's edit: examples of an intent that there is."""
        lines = "".join(f"    - можно ли платить {how} {number}\n" for how in ("криптой", "чеком", "бонусами"))
        head = 'version: "3.1"\nnlu:\n- intent: payment_methods\n  examples: |\n'
        (self.workspace / "nlu" / f"ru-taught-{number}.yml").write_text(head + lines, encoding="utf-8")


async def _ended(processes: Sequence[asyncio.subprocess.Process]) -> None:
    """SIGTERM; whatever does not heed it is killed."""
    for process in processes:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP):
            await asyncio.gather(*(process.wait() for process in processes))
    except TimeoutError:
        print(f"a process did not end within {_STOP:g} s of SIGTERM, and was killed", flush=True)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()


async def _taught(product: Product, load: Load, rounds: int, seconds: float) -> list[float]:
    """The trainer's day: train, try with a share, give to all, go back. How long each change took to be served
    everywhere."""
    followed: list[float] = []

    async def publish(*arguments: str) -> dict[str, str]:
        told: dict[str, str] = json.loads(await product.command("nlu", *arguments, "--json"))
        return told

    folders = next(iter((await product.serving())[0]))  # what serves where nothing is published
    load.phase = "reference"
    await asyncio.sleep(seconds)
    for number in range(1, rounds + 1):
        load.phase = "edit and train"
        product.teach(number)
        await product.command("train")
        load.phase = "gate, tried with half"
        line = await publish("publish", "--latest", "--share", "50%", "--why", "benchmark")
        followed.append(await product.follow(line["release"], 50))
        load.phase = "gate, published"
        line = await publish("publish", "--latest", "--why", "benchmark")
        followed.append(await product.follow(line["release"], 100))
        load.phase = "rolled back"
        line = await publish("rollback", "--why", "benchmark")
        followed.append(await product.follow(line["release"] or folders, 100))
        await asyncio.sleep(seconds / 4)
    load.phase = "reference, after"
    await asyncio.sleep(seconds)
    return followed


# --- the account -----------------------------------------------------------------------------------


async def account(product: Product, load: Load) -> None:
    """Holds the store and what arrived against what was written, message by message."""
    os.environ.update(product.environment)
    by_chat: dict[int, list[Message]] = defaultdict(list)
    for message in load.messages:
        by_chat[message.chat].append(message)
    async with writable(config.read()) as store:
        for chat, written in by_chat.items():
            home = Address(channel="telegram", account="bench", chat=str(chat))
            conversation = await store.resolve(home) or home.conversation
            settle(written, await store.entries(conversation), load.arrived[chat])


def settle(written: Sequence[Message], entries: Sequence[Entry], arrived: Sequence[tuple[float, str]]) -> None:
    """Of one customer. What the bot says until the next of their messages answers the one before; and those that it
    was read together with, as the bot reads what has come meanwhile: in the same turn, one behind the other."""
    heard = [entry for entry in entries if entry.kind == "said" and entry.author.kind == "customer"]
    spoken = [entry for entry in entries if entry.kind == "said" and entry.author.kind == "bot"]
    came = {entry.seq: at for entry, (at, _) in zip(spoken, arrived, strict=False)}
    expected = [message for message in written if "refused" not in message.flaws]
    if len(heard) > len(expected) or len(arrived) > len(spoken):
        written[-1].flaws.append("twice")
    if _mixed_up([entry.text for entry in spoken], [text for _, text in arrived]):
        written[-1].flaws.append("disordered")
    ends = [entry.seq for entry in heard[1:]] + [sys.maxsize]
    for at, (message, entry, end) in reversed(list(enumerate(zip(expected, heard, ends, strict=False)))):
        if entry.text != message.text:
            message.flaws.append("disordered")
        if entry.understanding is None and at + 1 < len(heard) and _together(entry, heard[at + 1]):
            message.answered, message.model = expected[at + 1].answered, expected[at + 1].model
            message.flaws += [flaw for flaw in expected[at + 1].flaws if flaw in ("failed", "unanswered")]
            continue
        times = [came.get(answer.seq, math.inf) for answer in spoken if entry.seq < answer.seq < end]
        message.answered = min(times, default=math.inf)
        message.model = entry.understanding.model if entry.understanding is not None else ""
        if entry.understanding is None:
            message.flaws.append("failed")
        if any(map(math.isinf, times)):
            message.flaws.append("unanswered")
    for message in expected:
        if math.isinf(message.answered):
            message.flaws.append("unanswered")
        elif message.answered - message.at > LATE:
            message.flaws.append("late")


def _together(entry: Entry, following: Entry) -> bool:
    """A turn has one time for all that it reads."""
    return following.seq == entry.seq + 1 and following.at == entry.at


def _mixed_up(spoken: Sequence[str], arrived: Sequence[str]) -> bool:
    """Whether an answer arrived where another was said. Marks of formatting do not count."""
    told, came = ([re.sub(r"<[^>]*>|\W", "", text) for text in texts] for texts in (spoken, arrived))
    return any(one != other and one in told for one, other in zip(came, told, strict=False))


def _rows(messages: Sequence[Message]) -> Iterator[str]:
    yield f"{'':<24}{'sent':>7}{'answered':>10}{'p50':>8}{'p99':>8}{'most':>8} ms" + "".join(
        f"{name:>12}" for name in _FLAWS
    )
    for phase in dict.fromkeys(message.phase for message in messages):
        own = [message for message in messages if message.phase == phase]
        times = sorted(message.answered - message.at for message in own if math.isfinite(message.answered)) or [0.0]
        flaws = Counter(flaw for message in own for flaw in set(message.flaws))
        p50, p99, most = (1000 * times[min(int(len(times) * part), len(times) - 1)] for part in (0.5, 0.99, 1.0))
        answered = sum(math.isfinite(message.answered) for message in own)
        yield f"{phase:<24}{len(own):>7}{answered:>10}{p50:>8.0f}{p99:>8.0f}{most:>8.0f}   " + "".join(
            f"{flaws[name]:>12}" for name in _FLAWS
        )


async def measure(rate: float, rounds: int, seconds: float, *, servers: bool) -> int:
    folder = Path(tempfile.mkdtemp(prefix="estafeta-swap-"))
    task = asyncio.current_task()
    if task is not None:  # what was started ends with it
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with contextlib.AsyncExitStack() as stack:
            fake = await stack.enter_async_context(FakeTelegram(limits=None, strict=False, journal=10_000, kept=4))
            addresses = {}
            if servers:
                mongo, redis = MongoServer(folder), RedisServer(folder)
                await stack.enter_async_context(served(mongo, redis))
                addresses = {"ESTAFETA_MONGO__URL": mongo.url, "ESTAFETA_REDIS__URL": redis.url}
            product = Product(folder, fake, addresses, 2 if servers else 1)
            load = Load(fake, product.webhooks, rate)
            async with product.running():
                writing = asyncio.create_task(load.run())
                await asyncio.sleep(_WARM)
                followed = await _taught(product, load, rounds, seconds)
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
                began = time.monotonic()
                while sum(map(len, load.arrived.values())) < len(load.messages) or time.monotonic() - began < 2:
                    if time.monotonic() - max(began, load.latest_send) > _SETTLE:
                        break
                    await asyncio.sleep(0.1)
            await account(product, load)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return _conclude(load, followed, servers=servers)


def _conclude(load: Load, followed: Sequence[float], *, servers: bool) -> int:
    what = "MongoDB, Redis, two processes" if servers else "the embedded database, one process"
    print(f"\n{what}; {_rate(load):.0f} messages a second; late: more than {LATE:g} s")
    print("\n".join(_rows(load.messages)))
    models = Counter(message.model for message in load.messages)
    print("by model: " + ", ".join(f"{model or 'none'} {count}" for model, count in models.most_common()))
    print(f"the load itself was at most {load.lag:.2f} s late")
    print(f"served everywhere after at most {max(followed):.1f} s (promised: {FOLLOW:g})")
    flawed = sum(bool(message.flaws) for message in load.messages)
    print(f"{len(load.messages)} messages, failed or late: {flawed}", flush=True)
    return 1 if flawed or max(followed) > FOLLOW else 0


def _rate(load: Load) -> float:
    return len(load.messages) / (load.messages[-1].at - load.messages[0].at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=30.0, help="messages a second (default 30)")
    parser.add_argument("--rounds", type=int, default=3, help="times that a model is trained and published (default 3)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a reference phase (default 20)")
    parser.add_argument("--servers", action="store_true", help="MongoDB, Redis and two processes")
    given = parser.parse_args()
    sys.exit(asyncio.run(measure(given.rate, given.rounds, given.seconds, servers=given.servers)))


if __name__ == "__main__":
    main()
