"""A conversation becomes a test: without personal data, and it holds at once."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from aiohttp.test_utils import TestServer
from click.testing import CliRunner

from estafeta.app import start
from estafeta.app.cli import main
from estafeta.app.flow_around import around
from estafeta.app.flow_record import Recorded, save
from estafeta.app.masking import Masking
from estafeta.clock import TestClock
from estafeta.fakes import shop
from estafeta.kernel.errors import ConfigurationError
from estafeta.kernel.model import Author, Customer, CustomerSaid, Entry, EntryId, Profile, Text
from flows import loader, talks
from flows.source import read
from nlu.embedded import EmbeddedUnderstander
from tests.conftest import DEMO, ROOT
from tests.flows.world import PAYMENT, workspace
from tests.world import HOME, World

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=ZoneInfo("Europe/Moscow"))

# --- masking ---


def test_what_tells_of_a_person_is_replaced_by_something_of_the_same_shape() -> None:
    masking = Masking(["Ольга Смирнова"])
    text = masking.text("Меня зовут Ольга, заказ 100272, +7 (912) 345-67-89, olga.s@mail.example")
    assert text == "Меня зовут Саша, заказ 100001, +7 (000) 000-00-02, name1@example.org"


def test_the_same_is_replaced_alike_everywhere() -> None:
    masking = Masking()
    first = masking.text("заказ 100272")
    assert masking.value({"number": "100272", "bare": 100272, "list": ["№100272"]}) == {
        "number": first.removeprefix("заказ "), "bare": 100001, "list": ["№100001"],
    }  # fmt: skip
    assert masking.text("звоните 8 912 345 67 89") == "звоните 8 000 000 00 02"
    assert masking.text("89123456789") == "80000000002", "one number, however it is written"
    assert masking.text("другой 100999") == "другой 100003"
    assert masking.text(masking.text("заказ 100272")) == first, "what is masked stays as it is"


def test_names_are_known_by_the_dictionary_and_by_what_is_said_of_them() -> None:
    masking = Masking(kept=["Владимир"])
    assert "Сергей" not in masking.text("Передайте Сергею Кузнецову")
    assert masking.text("Владимир") == "Владимир", "a city of the training data"
    assert "John" not in masking.text("my name is John Smith, and John it is")
    assert "Anna" not in masking.text("Hi, I'm Anna, and Anna wants her book")
    assert masking.text("I am sorry, I'm late") == "I am sorry, I'm late"


@pytest.mark.parametrize("text", ["31.12.2026 в 19:30", "2026-12-31", "цена 1490 ₽", "2 книги", "Спасибо, до завтра!"])
def test_dates_prices_and_other_words_stay(text: str) -> None:
    assert Masking().text(text) == text


# --- from a conversation of the platform ---


class _Lived:
    """A conversation that the engine had, with the demo's model and shop, in a store on disk."""

    def __init__(self, path: Path, understander: EmbeddedUnderstander) -> None:
        self.folder = path / "shop"
        shutil.copytree(DEMO, self.folder, ignore=shutil.ignore_patterns("tests"))
        self.workspace = loader.load(self.folder)
        self.data = path / "data"
        self.data.mkdir()
        self.understander = understander
        self.entries: Sequence[Entry] = ()
        self.customer = Customer()

    async def talk(self, *lines: str, pauses: dict[int, timedelta] | None = None) -> None:
        server = TestServer(shop.make_app("http://127.0.0.1:1", DEMO / "shop"))
        await server.start_server()
        clock = TestClock(NOON)
        url = str(server.make_url("")).rstrip("/")
        path = self.data / "estafeta.db"
        world = World(path, self.workspace, self.understander, clock, variables={"SHOP_URL": url})
        try:
            async with world.running():
                for number, text in enumerate(lines):
                    await clock.advance((pauses or {}).get(number, timedelta()).total_seconds())
                    await self._line(world, text)
                self.entries = await world.entries()
                self.customer = (await world.conversation()).customer
        finally:
            await server.close()

    async def _line(self, world: World, text: str) -> None:
        kind, _, words = text.partition(": ")
        if kind == "press":
            await world.presses(words)
        elif kind == "operator":
            await world.operator(words)
        else:
            profile = Profile(name="Ольга Смирнова", language="ru")
            await world.tell(CustomerSaid(message=text, parts=(Text(text=text),), profile=profile))
            await world.settled()


@pytest.fixture
def lived(tmp_path: Path, demo_understander: EmbeddedUnderstander) -> _Lived:
    return _Lived(tmp_path, demo_understander)


REPLY = {"number": "100234", "status": "in_transit", "status_text": {"ru": "в пути"}, "expected": {"ru": "Ждём."}}


def test_a_conversation_with_a_person_in_the_middle_becomes_a_test_that_holds(lived: _Lived) -> None:
    asyncio.run(
        lived.talk(
            "Где мой заказ?", "Это Ольга. Позовите человека", "operator: take", "operator: Добрый день", "спасибо",
            "operator: return", "100234", "А как можно оплатить?",
        )
    )  # fmt: skip
    recorded = Recorded(entries=lived.entries, customer=lived.customer)
    with asyncio.Runner() as runner:
        surrounding = around(lived.workspace, None, runner)
        saved = save(lived.workspace, recorded, "olga", surrounding, mask=True)
        text = saved.path.read_text(encoding="utf-8")
        told, findings = talks.find(lived.workspace)
        assert findings == []
        assert [one.difference for each in told for one in talks.run(lived.workspace, each.talk, surrounding)] == [None]
    assert saved.remarks == (), "the bot says what it said"
    assert "Ольга" not in text
    assert "100234" not in text
    assert text.count("people: return") == 1
    assert "Добрый день" not in text, "people's words are people's"
    assert "спасибо" not in text, "what the customer said to a person is not the bot's"
    assert "Заказ 100001: в пути" in text
    assert 'number: "100001"' in text, "the action that is asked for it answers"
    assert "means: payment_methods" in text


def test_what_an_action_replied_is_else_taken_from_what_the_conversation_holds_or_fails(lived: _Lived) -> None:
    asyncio.run(lived.talk("/order", "100234"))
    entries = [entry for entry in lived.entries if entry.data.get("event") != "called"]
    recorded = Recorded(entries=entries, customer=lived.customer, slots={"order": REPLY})
    with asyncio.Runner() as runner:
        surrounding = around(lived.workspace, None, runner)
        known = save(lived.workspace, recorded, "known", surrounding, mask=False)
        assert "Заказ 100234: в пути. Ждём." in known.path.read_text(encoding="utf-8")
        bare = Recorded(entries=entries, customer=lived.customer)
        saved = save(lived.workspace, bare, "unknown", surrounding, mask=False)
    assert "fails: true" in saved.path.read_text(encoding="utf-8")
    assert any("what order_lookup replied is not known" in remark for remark in saved.remarks)
    assert any("the bot said “Заказ 100234: в пути" in remark for remark in saved.remarks), "then, and not now"


def test_the_command_saves_the_latest_talk_of_a_conversation_in_the_store(
    lived: _Lived, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(lived.talk("/payment", "/order", "100234", pauses={1: timedelta(hours=9)}))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(lived.folder))
    monkeypatch.setenv("ESTAFETA_DATA", str(lived.data))
    monkeypatch.chdir(lived.data)
    result = CliRunner().invoke(
        main, ["flows", "record", HOME.conversation, "--name", "latest"], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    text = (lived.folder / "flows" / "tests" / "latest.yml").read_text(encoding="utf-8")
    assert "/payment" not in text
    assert "100001" in text
    assert "now: 2026-11-20T21:00" in text
    holds = CliRunner().invoke(main, ["flows", "test", "latest"], catch_exceptions=False)
    assert holds.exit_code == 0, holds.output
    CliRunner().invoke(
        main,
        ["flows", "record", HOME.conversation, "--name", "all", "--since", "2026-11-20T10:00"],
        catch_exceptions=False,
    )
    assert "/payment" in (lived.folder / "flows" / "tests" / "all.yml").read_text(encoding="utf-8")


def test_the_time_that_a_flow_waited_for_passes_in_the_test_too(tmp_path: Path) -> None:
    steps = "steps: [{say: Напомню.}, {wait: 5m}, {say: Напоминаю.}]\n"
    later = workspace(tmp_path, f"flow: later\nstart: {{command: later, event: left}}\n{steps}", PAYMENT)

    def entry(number: int, minutes: int, kind: str, text: str = "", **data: str) -> Entry:
        author = Author(kind="system" if data else kind)  # type: ignore[arg-type]
        parts = (Text(text=text),) if text else ()
        return Entry(
            id=EntryId(str(number)), conversation=HOME.conversation, seq=number, at=NOON + timedelta(minutes=minutes),
            author=author, kind="event" if data else "said", parts=parts, data=data,
        )  # fmt: skip

    entries = [
        entry(1, 0, "customer", "/later"), entry(2, 0, "bot", "Напомню."), entry(3, 5, "bot", "Напоминаю."),
        entry(4, 9, "event", event="event", name="left"), entry(5, 9, "bot", "Напомню."),
        entry(6, 14, "bot", "Напоминаю."),
    ]  # fmt: skip
    with asyncio.Runner() as runner:
        recorded = Recorded(entries=entries, customer=Customer(language="ru"))
        saved = save(later, recorded, "later", around(later, None, runner), mask=True)
    assert saved.remarks == ()
    lines = read(saved.path, "later.yml").data["tests"][0]["talk"]
    assert [next(iter(line.items())) for line in lines] == [
        ("customer", "/later"), ("bot", "Напомню."), ("after", "9m"), ("bot", "Напоминаю."),
        ("event", "left"), ("bot", "Напомню."), ("after", "5m"), ("bot", "Напоминаю."),
    ]  # fmt: skip


def test_a_test_that_is_there_is_not_written_over(lived: _Lived) -> None:
    asyncio.run(lived.talk("/payment"))
    recorded = Recorded(entries=lived.entries, customer=lived.customer)
    with asyncio.Runner() as runner:
        surrounding = around(lived.workspace, None, runner)
        save(lived.workspace, recorded, "one", surrounding, mask=True)
        with pytest.raises(ConfigurationError, match="is there already"):
            save(lived.workspace, recorded, "one", surrounding, mask=True)
        with pytest.raises(ConfigurationError, match="is no name"):
            save(lived.workspace, recorded, "../one", surrounding, mask=True)


# --- from a chat in the terminal ---

_CHAT = """\
from estafeta.app import config
from estafeta.app.chat import run_chat
run_chat(config.read(), language="", why=False, save="typed")
"""


async def test_a_chat_is_saved_as_it_was_typed(tmp_path: Path, demo_models: Path, shop_url: str) -> None:
    shutil.copytree(demo_models, tmp_path / "models")
    shutil.copytree(DEMO, tmp_path / "shop", ignore=shutil.ignore_patterns("tests"))
    start.remember_source(tmp_path / "shop", tmp_path / "models")
    plain = {key: value for key, value in os.environ.items() if not key.startswith("ESTAFETA_")}
    own = {"DATA": str(tmp_path), "VAR_SHOP_URL": shop_url, "WORKSPACE": str(tmp_path / "shop")}
    environment = plain | {f"ESTAFETA_{name}": value for name, value in own.items()}

    async def chat() -> tuple[int | None, str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _CHAT, cwd=ROOT, env=environment, stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate("Где мой заказ?\n100234\n2\n".encode())
        return process.returncode, out.decode(), err.decode()

    code, out, err = await chat()
    assert (code, err) == (0, "")
    assert "`estafeta flows test typed` holds" in out
    text = (tmp_path / "shop" / "flows" / "tests" / "typed.yml").read_text(encoding="utf-8")
    assert 'customer: "100234"' in text
    assert "press: Позвать человека" in text
    code, _, err = await chat()
    assert code != 0
    assert "is there already" in err
