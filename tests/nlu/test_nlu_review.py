"""`estafeta nlu review` and `propose`: what is typed is written to the training data, recorded, and can be undone."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from click.testing import CliRunner, Result

from estafeta.app import config, control, reviewing, start
from estafeta.app.cli import main
from estafeta.app.config import Settings
from estafeta.app.faults.servers import free_port
from estafeta.app.flow_draft import DraftRefused, draft
from estafeta.app.nlu_labels import Labels
from estafeta.app.nlu_session import Session, said_in
from estafeta.app.review_items import Item
from estafeta.app.reviewing import masked
from estafeta.clock import SystemClock
from estafeta.kernel.model import Address, Author, Entry, Intent, Text, Understanding
from estafeta.kernel.ports import Store
from estafeta.review import Decision, Inbox, Noted
from flows import loader, markdown, templates
from flows.model import Say
from nlu.data import read_workspace
from nlu.writing import EditRefused
from storage.sqlite import SqliteStore
from tests.contracts.store_examples import ANNA, event_of, holding
from tests.engine.conftest import SMALL

MANY = Noted(conversation=ANNA.conversation, seq=0, at=datetime.now(UTC), why="unsure", text="мой котик болеет" * 10)
T = TypeVar("T")
NOW = datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SMALL, tmp_path / "ws"))


def run(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(main, ["nlu", *arguments], input=typed)
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def review(workspace: Path, typed: str, *more: str) -> Result:
    return run("review", str(workspace), "--language", "en", "--who", "vera", *more, typed=typed)


def with_store(folder: Path, act: Callable[[Store], Coroutine[Any, Any, T]]) -> T:
    async def done() -> T:
        store = SqliteStore(folder / "data/estafeta.db", clock=SystemClock())
        await store.open()
        try:
            return await act(store)
        finally:
            await store.close()

    return asyncio.run(done())


def noted(folder: Path, *texts: str, **more: Any) -> None:
    async def write(store: Store) -> None:
        await Inbox(store, SystemClock(), masked).note(notes)

    given: dict[str, Any] = {
        "why": "not_understood", "intent": "payment", "confidence": 0.3, "guesses": ("payment",), **more,
    }  # fmt: skip
    notes = [
        Noted(conversation=ANNA.conversation, seq=seq, at=NOW + timedelta(seconds=seq), text=text, **given)
        for seq, text in enumerate(texts, start=1)
    ]
    with_store(folder, write)


def waiting(folder: Path) -> list[str]:
    async def read(store: Store) -> list[str]:
        return [one.text for one in await Inbox(store, SystemClock(), masked).waiting()]

    return with_store(folder, read)


def history(folder: Path) -> list[Decision]:
    async def read(store: Store) -> list[Decision]:
        return list(await Inbox(store, SystemClock(), masked).history())

    return with_store(folder, read)


def examples(workspace: Path) -> dict[str, str]:
    return {one.text: one.intent for one in read_workspace(workspace).examples}


# --- review --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["s", "1", "n more"])
def test_what_another_trainer_decided_meanwhile_is_passed_over(tmp_path: Path, workspace: Path, typed: str) -> None:
    noted(tmp_path, "is plastic money fine", "where do you park", "any cats")
    settings = config.read()
    told: list[str] = []
    with reviewing.opened(settings, 0.5) as inbox:
        notes, _ = inbox.waiting(10)
        items = [Item(notes=(note,), texts=(note.text,), likely=("payment",)) for note in notes]
        session = Session(
            items=items, labels=Labels(workspace), review=inbox, who="vera", intents=["payment"], tell=told.append,
            words=said_in("en"),
        )  # fmt: skip
        session.show()
        another = Decision(at=inbox.now(), who="boris", did="skipped", messages=2)
        inbox.settle(another, [note.key for note in notes[:2]])
        before = examples(workspace)
        session.do(typed)
        assert [line for line in told if "somebody else" in line] == [
            "\n1 of 3: somebody else has dealt with it.", "\n2 of 3: somebody else has dealt with it.",
        ]  # fmt: skip
        assert (examples(workspace), history(tmp_path)) == (before, [another])
        session.do("s")
        session.do("u")
        assert session.item == items[2]
    assert waiting(tmp_path) == ["any cats"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_nothing_waits(tmp_path: Path, workspace: Path, language: str) -> None:
    told = run("review", str(workspace), "--language", language)
    assert told.exit_code == 0
    assert "estafeta nlu review --since 30d" in told.stdout
    noted(tmp_path)
    assert run("review", str(workspace), "--language", language).stdout == told.stdout
    assert json.loads(run("review", str(workspace), "--json").stdout) == {"groups": [], "more": False}


def test_a_number_labels_and_the_change_is_shown(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "is plastic money fine", "Is plastic money fine?", "write me at anna@shop.example")
    result = review(workspace, "1\n")
    assert "1 of 2, messages: 2: not understood" in result.stdout
    assert "+" in result.stdout
    assert "Decided: 1, left: 1." in result.stdout
    assert examples(workspace)["Is plastic money fine?"] == "payment"
    assert waiting(tmp_path) == ["write me at name1@example.org"]
    (line,) = history(tmp_path)
    assert (line.who, line.did, line.intent, line.messages) == ("vera", "labelled", "payment", 2)


@pytest.mark.parametrize("typed", ["paym", "PAYMENT", "n payment"])
def test_a_name_labels(tmp_path: Path, workspace: Path, typed: str) -> None:
    noted(tmp_path, "is plastic money fine")
    review(workspace, f"{typed}\n")
    assert examples(workspace)["is plastic money fine"] == "payment"


def test_several_names_are_listed_and_chosen_by_number(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "is plastic money fine", guesses=())
    result = review(workspace, "e\n1\n")
    assert "[1] " in result.stdout
    assert len(history(tmp_path)) == 1


def test_a_new_intent(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "can you wrap it", "where do you park")
    result = review(workspace, "n\nn two words\nn gift_wrap\ngift\n")
    assert result.stdout.count("Write the name") == 2
    assert examples(workspace)["can you wrap it"] == "gift_wrap"
    assert {one.did for one in history(tmp_path)} == {"created", "labelled"}


def test_what_is_not_for_the_bot_is_out_of_scope(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "who wins the cup", "tell me a joke")
    review(workspace, "0\nb\n")
    assert (workspace / "nlu/out_of_scope.yml").is_file()
    taught = examples(workspace)
    assert {taught[text] for text in ("who wins the cup", "tell me a joke")} == {"out_of_scope"}
    assert [one.did for one in history(tmp_path)] == ["out_of_scope", "out_of_scope"]


def test_skipping_teaches_nothing_and_is_for_good(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "hm")
    before = examples(workspace)
    review(workspace, "s\n")
    noted(tmp_path, "hm")
    assert examples(workspace) == before
    assert waiting(tmp_path) == []


@pytest.mark.parametrize("typed", ["1", "n gift_wrap", "0", "s"])
def test_everything_can_be_undone(tmp_path: Path, workspace: Path, typed: str) -> None:
    noted(tmp_path, "can you wrap it")
    noted(tmp_path, "can you wrap it", "something else")
    before = {path: path.read_bytes() for path in (workspace / "nlu").iterdir()}
    result = review(workspace, f"{typed}\nu\nu\nq\n")
    assert "Undone." in result.stdout
    assert "There is nothing to undo." in result.stdout
    assert {path: path.read_bytes() for path in (workspace / "nlu").iterdir()} == before
    assert len(waiting(tmp_path)) == 2
    assert history(tmp_path) == []


def test_what_somebody_edited_since_is_not_undone(tmp_path: Path, workspace: Path) -> None:
    labels = Labels(workspace)
    labelled = labels.label("payment", ["is plastic money fine"])
    (file,) = labelled.after
    file.write_text(file.read_text() + "# mine\n")
    with pytest.raises(EditRefused, match="by hand"):
        labels.undo(labelled)
    assert file.read_text().endswith("# mine\n")


def test_messages_that_do_not_belong_here_stay(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "can I pay with a card here", "can I pay with a bird here", "can I pay with a card here")
    review(workspace, "x 2\n1\nq\n")
    assert waiting(tmp_path) == ["can I pay with a bird here"]
    assert "can I pay with a bird here" not in examples(workspace)


def test_messages_that_the_bot_was_taught_since_are_settled(tmp_path: Path, workspace: Path) -> None:
    text = next(iter(examples(workspace)))
    noted(tmp_path, f"{text.upper()}!", "something else")
    result = review(workspace, "q\n")
    assert "Messages that the bot has been taught since: 1" in result.stdout
    assert waiting(tmp_path) == ["something else"]
    assert [(one.did, one.who) for one in history(tmp_path)] == [("taught", "")]


def test_a_text_of_another_intent_is_told_and_nothing_is_decided(tmp_path: Path, workspace: Path) -> None:
    text, intent = next((text, intent) for text, intent in examples(workspace).items() if intent != "payment")
    noted(tmp_path, text, why="thumbs_down")
    result = review(workspace, "payment\nq\n")
    assert f"is an example of {intent}" in result.stdout
    assert waiting(tmp_path) == [text]


def test_programs_read_the_groups_and_the_history(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "is plastic money fine", why="corrected", wanted="order_status", handed_over=True)
    (group,) = json.loads(run("review", str(workspace), "--json").stdout)["groups"]
    assert group["likely"][0] == "order_status"
    assert (group["messages"], group["handoffs"], group["why"], group["wanted"]) == (
        1, 1, {"corrected": 1}, ["order_status"],
    )  # fmt: skip
    assert waiting(tmp_path) == ["is plastic money fine"]
    assert json.loads(run("review", str(workspace), "--history", "5", "--json").stdout) == []
    review(workspace, "1\n")
    assert "vera" in run("review", str(workspace), "--history", "5").stdout
    assert json.loads(run("review", str(workspace), "--history", "5", "--json").stdout)[0]["who"] == "vera"


def test_russian_questions_and_keys(tmp_path: Path, workspace: Path) -> None:
    noted(tmp_path, "оплата по частям")
    result = run("review", str(workspace), "--language", "ru", "--who", "vera", typed="?\nф\nы\n")
    assert "не понято" in result.stdout
    assert "Похожего намерения нет: ф." in result.stdout
    assert "Решено: 1, осталось: 0." in result.stdout


HOSTILE = ["\u202egnp.exe", "\x1b[2J\x07red", "a: [b]{c: d}", "- x\n- y", "# no\n---\n...", "[a](b){\"entity\": 1}",
           "'\"`$(rm)`", "&a *a !!python/object", "%YAML 1.1", "\ufeffbom", "z" * 400, "а\u0301" * 100]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_steer_neither_the_terminal_nor_the_file(tmp_path: Path, workspace: Path, text: str) -> None:
    noted(tmp_path, text, guesses=())
    before = examples(workspace)
    result = review(workspace, "n gift_wrap\nq\n")
    assert all(sign.isprintable() or sign == "\n" for sign in result.stdout)
    after = examples(workspace)
    assert {one: after[one] for one in before} == before
    assert set(after.values()) - set(before.values()) <= {"gift_wrap"}
    assert "\u202e" not in "".join(path.read_text() for path in (workspace / "nlu").iterdir())


# --- looking into conversations ------------------------------------------------------------------


def said(address: Address, seq: int, text: str, confidence: float = 0.2, who: str = "customer") -> Entry:
    meaning = Understanding(
        intent="payment", confidence=confidence, ranking=(Intent(name="payment", confidence=confidence),)
    )  # fmt: skip
    blank = event_of(address, seq, "x")
    return replace(
        blank, at=NOW + timedelta(seconds=seq), kind="said", author=Author(kind=who, name="Anna"),  # type: ignore[arg-type]
        parts=(Text(text=text),), understanding=meaning if who == "customer" else None, data={},
    )  # fmt: skip


def event(address: Address, seq: int, name: str, seconds: float = 0, **data: Any) -> Entry:
    at = NOW + timedelta(seconds=seconds or seq)
    return replace(event_of(address, seq, name), at=at, data={"event": name, **data})


def talk(number: int, question: str, answer: str) -> Any:
    address = Address(channel="telegram", account="100", chat=str(number))
    return holding(
        address,
        said(address, 1, question),
        event(address, 2, "opened", ticket="t", reason="low_confidence"),
        event(address, 3, "taken", 60, ticket="t"),
        said(address, 4, "Hello!", who="operator"),
        replace(said(address, 5, answer, who="operator"), at=NOW + timedelta(seconds=180)),
        event(address, 6, "closed", 300, ticket="t"),
    )


def talks(folder: Path, *given: tuple[str, str]) -> None:
    async def write(store: Store) -> None:
        for number, (question, answer) in enumerate(given, start=1):
            await store.commit(talk(number, question, answer))

    with_store(folder, write)


def test_earlier_conversations_fill_the_inbox(tmp_path: Path, workspace: Path) -> None:
    talks(tmp_path, ("I am Anna, can you wrap it, call +79161234567", "Yes"))
    result = review(workspace, "q\n", "--since", "7d")
    assert "handed over: 1" in result.stdout
    (text,) = waiting(tmp_path)
    assert "Anna" not in text
    assert "9161234567" not in text
    review(workspace, "q\n", "--since", "7d")
    assert len(waiting(tmp_path)) == 1


# --- propose -------------------------------------------------------------------------------------

GIFTS = (
    ("can you wrap it as a gift", "Yes, wrapping is free. Choose it in the basket."),
    ("could you wrap it as a gift please", "Yes, wrapping is free. Choose it in the basket."),
    ("wrap it as a gift", "Wrapping is free, choose it in the basket"),
)


def propose(workspace: Path, *more: str, typed: str = "") -> Result:
    return run("propose", str(workspace), "--language", "en", "--who", "vera", *more, typed=typed)


def test_nothing_to_propose(tmp_path: Path, workspace: Path) -> None:
    told = propose(workspace, "--since", "2026-01-31").stdout
    assert "since 2026-01-31 00:00." in told
    talks(tmp_path, *GIFTS[:1])
    assert "Nothing to propose" in propose(workspace).stdout
    assert json.loads(propose(workspace, "--json").stdout) == []


def test_what_people_answer_is_proposed_by_what_it_costs(tmp_path: Path, workspace: Path) -> None:
    talks(tmp_path, *GIFTS)
    (one,) = json.loads(propose(workspace, "--json").stdout)
    assert (one["handoffs"], one["seconds"], one["known"]) == (3, 360.0, False)
    assert one["answer"] == GIFTS[0][1]
    result = propose(workspace)
    assert "handed over: 3, people's work: 6 min" in result.stdout
    assert list((workspace / "flows").glob("gift*")) == []


def called_by_a_button(number: int, question: str, minutes: int, *more: str) -> Any:
    """The bot does not understand, and the customer presses "Call a person"."""
    address = Address(channel="telegram", account="100", chat=str(number))
    later = NOW + timedelta(minutes=minutes)
    pressed = replace(said(address, 4, "Call a person"), at=later, understanding=None, data={"button": "x"})
    return holding(
        address,
        said(address, 1, question),
        event(address, 2, "fallback"),
        said(address, 3, "Sorry?", who="bot"),
        pressed,
        event(address, 5, "opened", minutes * 60, ticket="t", reason="user_request"),
        *(replace(said(address, 6 + at, one), at=later, understanding=None) for at, one in enumerate(more)),
        replace(said(address, 9, "Yes, wrapping is free.", who="operator"), at=later + timedelta(minutes=1)),
    )


def test_who_asks_for_a_person_was_not_understood_before_or_asks_next(tmp_path: Path, workspace: Path) -> None:
    async def write(store: Store) -> None:
        await store.commit(called_by_a_button(1, "can you wrap it as a gift", 2))
        await store.commit(called_by_a_button(2, "could you wrap it as a gift please", 3, "are you there"))
        await store.commit(called_by_a_button(3, "hm", 60, "wrap it as a gift"))

    with_store(tmp_path, write)
    review(workspace, "q\n", "--since", "7d")
    (one,) = json.loads(propose(workspace, "--json").stdout)
    assert sorted(one["questions"]) == [
        "can you wrap it as a gift", "could you wrap it as a gift please", "wrap it as a gift",
    ]  # fmt: skip
    propose(workspace, "--accept", typed="y\n")
    assert waiting(tmp_path) == ["hm"], "what was accepted waits no more"


def test_an_accepted_proposal_is_a_draft_that_the_check_accepts(tmp_path: Path, workspace: Path) -> None:
    talks(tmp_path, *GIFTS)
    run("review", str(workspace), "--since", "7d", "--json")
    assert len(waiting(tmp_path)) == 3
    result = propose(workspace, "--accept", typed="gift_wrap\n")
    assert "Accepted: 1." in result.stdout
    assert examples(workspace)["can you wrap it as a gift"] == "gift_wrap"
    flow = loader.load(workspace).library.flows["gift-wrap"]
    step = flow.steps[flow.start]
    assert isinstance(step, Say)
    assert (workspace / "flows/gift-wrap.yml").read_text().startswith("# A draft: proposed from 3 conversations")
    assert waiting(tmp_path) == []
    assert [(one.who, one.did, one.intent) for one in history(tmp_path)] == [("vera", "created", "gift_wrap")]
    assert [finding for finding in loader.find(workspace)[1] if finding.severity == "error"] == []


def test_a_proposal_may_be_skipped_or_go_to_an_intent_that_is_there(tmp_path: Path, workspace: Path) -> None:
    talks(tmp_path, *GIFTS)
    before = examples(workspace)
    assert "Accepted: 0." in propose(workspace, "--accept", typed="s\n").stdout
    assert examples(workspace) == before
    assert "Accepted: 1." in propose(workspace, "--accept", typed="payment\n").stdout
    assert examples(workspace)["wrap it as a gift"] == "payment"
    assert not (workspace / "flows/payment-1.yml").exists()


@pytest.mark.parametrize("name", ["?", "x", "!!", "gift wrap", "подарок"])
def test_what_is_no_name_is_told_and_asked_again(tmp_path: Path, workspace: Path, name: str) -> None:
    talks(tmp_path, *GIFTS)
    before = examples(workspace)
    result = propose(workspace, "--accept", typed=f"{name}\nq\n")
    assert f"{name} is no name" in result.stdout
    assert "+++" not in result.stdout, "no change is shown that was not made"
    assert result.stdout.count("y: accept") == 2
    assert examples(workspace) == before


def test_ctrl_c_leaves_nothing_half_written(tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    talks(tmp_path, *GIFTS)
    before = examples(workspace)
    monkeypatch.setattr("estafeta.app.flow_draft.draft", interrupted)
    result = propose(workspace, "--accept", typed="y\n")
    assert (result.exit_code, "Accepted: 0." in result.stdout) == (0, True)
    assert examples(workspace) == before
    assert history(tmp_path) == []


def test_ctrl_c_while_a_draft_is_checked_leaves_none(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("estafeta.app.flow_draft.loader.find", interrupted)
    with pytest.raises(KeyboardInterrupt):
        draft(workspace, "gift_wrap", "Yes", [])
    assert not (workspace / "flows" / "gift-wrap.yml").exists()


def test_a_draft_that_cannot_be_written_changes_nothing(tmp_path: Path, workspace: Path) -> None:
    talks(tmp_path, *GIFTS)
    before = {path: path.read_bytes() for path in workspace.rglob("*.yml")}
    result = propose(workspace, "--accept", typed="order\nподарок\nq\n")
    assert "flows/order.yml is there already" in result.stdout
    assert "choose one of Latin letters" in result.stdout
    assert {path: path.read_bytes() for path in workspace.rglob("*.yml")} == before


@pytest.mark.parametrize(
    "answer",
    ["Yes", "two\n\nlines\n- and a list", "{{ 7 * 7 }} {% if x %} {# y", "*bold* _it_ `code` [a](b) ~~x~~ <b>",
     "see https://shop.example/a_b_c?x=1*2", "key: value # no", "'quoted' \"both\"", "\u202ex\x07", "---", "&a *b !c"],
)  # fmt: skip
def test_an_answer_reads_as_it_was_written(workspace: Path, answer: str) -> None:
    Labels(workspace).label("gift_wrap", ["can you wrap it"], new=True)
    drafted = draft(workspace, "gift_wrap", answer, ["A draft.\nflow: other"])
    flow = loader.load(workspace).library.flows["gift-wrap"]
    step = flow.steps[flow.start]
    assert isinstance(step, Say)
    words = step.words.variants[0].words(loader.load(workspace).default_language)
    read = markdown.parse(templates.render_markdown(words, {})).text
    plain = "".join(sign for sign in answer if sign.isprintable() or sign == "\n")
    assert read.replace("• ", "- ") == plain
    with pytest.raises(DraftRefused):
        draft(workspace, "gift_wrap", answer, [])
    assert drafted.path.read_text() == drafted.text


def test_without_an_answer_the_draft_calls_people(workspace: Path) -> None:
    Labels(workspace).label("gift_wrap", ["can you wrap it"], new=True)
    assert "handoff" in draft(workspace, "gift_wrap", "", []).text


# --- while a process has the store for itself ------------------------------------------------------


async def test_the_running_process_does_what_is_asked_for(
    tmp_path: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("ESTAFETA_PORT", str(port))
    store = SqliteStore(tmp_path / "data/estafeta.db", clock=SystemClock())
    await store.open()
    for number, given in enumerate(GIFTS, start=1):
        await store.commit(talk(number, *given))
    inbox = Inbox(store, SystemClock(), masked)
    await inbox.note([replace(MANY, seq=seq, at=NOW + timedelta(seconds=seq)) for seq in range(100)])
    app = web.Application()
    reviewing.mount(app, inbox, store, lambda: 0.5, start.new_control_token(tmp_path / "data", port))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        typed = "n gift_wrap\nu\nn gift_wrap\ns\n"
        result = await asyncio.to_thread(review, workspace, typed, "--since", "7d")
        settings = Settings(data=tmp_path / "data", port=port)
        for wrong in ("!!!", "e30="):
            told = await asyncio.to_thread(control.ask, settings, "POST", f"{reviewing.PATH}/{wrong}")
            assert "cannot be read" in told["refused"]
    finally:
        await runner.cleanup()
    assert "Undone." in result.stdout
    assert "Decided: 2, left: 0." in result.stdout
    assert await inbox.waiting() == []
    assert sorted(line.did for line in await inbox.history()) == ["created", "skipped"]
    await store.close()
