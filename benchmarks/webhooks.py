"""How long does a messenger wait for the acknowledgement of what it delivers? On SQLite, which is asked to be safe
on the disk before each one, with the bot at work on the same messages.

    python -m benchmarks.webhooks

Two hundred messages a second to the webhook of each messenger in turn, from a process of its own, which also holds the
stand-ins that the answers go to. Prints each figure with the claim; ends with 1 when one fails.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import orjson

from benchmarks.demo import Claims
from estafeta.app.faults.servers import free_port
from estafeta.fakes.telegram import FakeTelegram
from estafeta.fakes.vk import Community, FakeVk
from estafeta.fakes.whatsapp import FakeWhatsApp

ROOT = Path(__file__).resolve().parents[1]
RATE = 200
CLAIM_MS = 50.0
_SECRET = "benchmark_secret_of_forty_characters_000"
_TEXT = "Какие у вас часы работы?"


@dataclass(frozen=True, slots=True)
class Delivery:
    body: bytes
    headers: Mapping[str, str]


Deliver = Callable[[int], Delivery]
"""The `number`-th message; each is of a customer of its own."""


def telegram(number: int) -> Delivery:
    person = {"id": 5_000_000 + number, "is_bot": False, "first_name": "Ася", "language_code": "ru"}
    chat = {"id": 5_000_000 + number, "type": "private", "first_name": "Ася"}
    message = {"message_id": number + 1, "date": int(time.time()), "chat": chat, "from": person, "text": _TEXT}
    body = orjson.dumps({"update_id": number + 1, "message": message})
    return Delivery(body, {"X-Telegram-Bot-Api-Secret-Token": _SECRET})


def vk(fake: FakeVk, shop: Community) -> Deliver:
    def deliver(number: int) -> Delivery:
        person = fake.private(f"customer {number}", shop).id
        message = {
            "id": number + 1, "date": int(time.time()), "peer_id": person, "from_id": person, "text": _TEXT, "out": 0,
            "conversation_message_id": 1, "attachments": [], "fwd_messages": [], "random_id": 0,
        }  # fmt: skip
        info = {"button_actions": ["text", "callback"], "keyboard": True, "inline_keyboard": True, "lang_id": 0}
        event = {
            "type": "message_new", "event_id": f"{number:040x}", "group_id": shop.id, "v": "5.199",
            "secret": _SECRET, "object": {"message": message, "client_info": info},
        }  # fmt: skip
        return Delivery(orjson.dumps(event), {})

    return deliver


def whatsapp(fake: FakeWhatsApp) -> Deliver:
    def deliver(number: int) -> Delivery:
        person = fake.person(f"customer {number}").phone
        value = {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "70000000000", "phone_number_id": fake.number.id},
            "contacts": [{"profile": {"name": "Ася"}, "wa_id": person}],
            "messages": [
                {
                    "from": person, "id": f"wamid.{number:032x}", "timestamp": str(int(time.time())), "type": "text",
                    "text": {"body": _TEXT},
                }
            ],
        }  # fmt: skip
        entry = {"id": fake.number.account, "changes": [{"field": "messages", "value": value}]}
        body = orjson.dumps({"object": "whatsapp_business_account", "entry": [entry]})
        signature = hmac.new(_SECRET.encode(), body, hashlib.sha256).hexdigest()
        return Delivery(body, {"X-Hub-Signature-256": f"sha256={signature}"})

    return deliver


async def measured(url: str, deliver: Deliver, *, seconds: float, first: int) -> list[float]:
    """Seconds from sending each to having its acknowledgement."""
    times: list[float] = []

    async def one(session: aiohttp.ClientSession, number: int) -> None:
        delivery = deliver(number)
        began = time.perf_counter()
        headers = {"Content-Type": "application/json", **delivery.headers}
        async with session.post(url, data=delivery.body, headers=headers) as answer:
            await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{url} answered {answer.status}")
        times.append(time.perf_counter() - began)

    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=256)) as session,
        asyncio.TaskGroup() as tasks,
    ):
        began = time.perf_counter()
        for number in range(int(RATE * seconds)):
            await asyncio.sleep(max(0.0, began + number / RATE - time.perf_counter()))
            tasks.create_task(one(session, first + number))
    return sorted(times)


@contextlib.asynccontextmanager
async def platform(port: int, data: Path, settings: Mapping[str, str]) -> AsyncIterator[str]:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")}
    environment |= {
        "ESTAFETA_PORT": str(port), "ESTAFETA_DATA": str(data), "ESTAFETA_WORKSPACE": str(ROOT / "demo"), **settings,
    }  # fmt: skip
    with (data / "platform.log").open("ab") as log:
        command = [sys.executable, "-m", "estafeta.app.cli", "run"]
        process = subprocess.Popen(command, env=environment, cwd=data, stdout=log, stderr=log)
        try:
            await _ready(f"http://127.0.0.1:{port}/readyz", process, data / "platform.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


async def _ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(1800):
            if process.poll() is not None:
                raise RuntimeError(f"the platform ended: {log.read_text()[-2000:]}")
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
    raise RuntimeError("the platform was not ready within three minutes")


async def main(seconds: float) -> int:
    claims = Claims()
    folder = Path(tempfile.mkdtemp(prefix="estafeta-bench-"))
    try:
        async with (
            FakeTelegram(limits=None, strict=False, journal=1000, kept=4) as bot_api,
            FakeVk(limits=None) as vk_api,
            FakeWhatsApp(limits=None) as graph,
        ):
            shop = vk_api.community()
            settings = _settings(bot_api, vk_api, shop, graph)
            async with platform(free_port(), folder, settings) as url:
                for name, deliver in (("telegram", telegram), ("vk", vk(vk_api, shop)), ("whatsapp", whatsapp(graph))):
                    hook = f"{url}/webhooks/{name}/bench"
                    await measured(hook, deliver, seconds=2, first=0)
                    times = await measured(hook, deliver, seconds=seconds, first=10_000)
                    claims.below(f"{name}, p50", times[len(times) // 2] * 1000, "ms")
                    claims.below(f"{name}, p99", times[int(len(times) * 0.99)] * 1000, "ms", CLAIM_MS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if claims.failed else 0


def _settings(bot_api: FakeTelegram, vk_api: FakeVk, shop: Community, graph: FakeWhatsApp) -> dict[str, str]:
    return {
        "ESTAFETA_LOG_LEVEL": "warning",
        "ESTAFETA_TELEGRAM__TOKEN": bot_api.token,
        "ESTAFETA_TELEGRAM__ACCOUNT": "bench",
        "ESTAFETA_TELEGRAM__MODE": "webhook",
        "ESTAFETA_TELEGRAM__SECRET": _SECRET,
        "ESTAFETA_TELEGRAM__BASE_URL": bot_api.url,
        "ESTAFETA_TELEGRAM__LIMITS": '{"bot_per_second": 100000, "chat_per_second": 1000, "chat_burst": 1000}',
        "ESTAFETA_VK__TOKEN": shop.token,
        "ESTAFETA_VK__GROUP_ID": str(shop.id),
        "ESTAFETA_VK__ACCOUNT": "bench",
        "ESTAFETA_VK__MODE": "callback",
        "ESTAFETA_VK__SECRET": _SECRET,
        "ESTAFETA_VK__BASE_URL": vk_api.url,
        "ESTAFETA_WHATSAPP__TOKEN": graph.token,
        "ESTAFETA_WHATSAPP__PHONE_NUMBER_ID": graph.number.id,
        "ESTAFETA_WHATSAPP__WABA_ID": graph.number.account,
        "ESTAFETA_WHATSAPP__APP_SECRET": _SECRET,
        "ESTAFETA_WHATSAPP__VERIFY_TOKEN": _SECRET,
        "ESTAFETA_WHATSAPP__ACCOUNT": "bench",
        "ESTAFETA_WHATSAPP__BASE_URL": graph.url,
        # A number with so much traffic has been raised from 80 messages a second to 1000
        # (https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput).
        "ESTAFETA_WHATSAPP__LIMITS": '{"per_second": 1000}',
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=15.0, help="how long each messenger delivers")
    sys.exit(asyncio.run(main(parser.parse_args().seconds)))
