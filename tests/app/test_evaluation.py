"""`estafeta evaluate`: in the terminal, as data, as a page; for the embedded engine and for any understander."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from estafeta.app import config
from estafeta.app.cli import main
from estafeta.app.evaluation import command, pictures
from estafeta.app.evaluation.page import MOST_MISTAKES, Report, page
from estafeta.app.evaluation.terminal import evaluation_lines
from estafeta.app.evaluation.words import WORDS
from estafeta.app.progress import bar
from estafeta.kernel.errors import UnderstandingFailed
from estafeta.kernel.model import Entity, Intent, Understanding
from nlu import slot_evaluation
from nlu.cases import Case
from nlu.comparison import compare
from nlu.figures import figures
from nlu.judging import Outcome, judge
from nlu.registry import Registry
from nlu.train import train

SHOP = Path(__file__).parents[1] / "nlu" / "data" / "shop"
HELD_OUT = (
    'version: "3.1"\nnlu:\n- intent: greet\n  examples: |\n    - привет вам\n    - hello there\n'
    "- intent: thanks\n  examples: |\n    - благодарю\n    - где заказ, спасибо\n"
)
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)> {{ 7 * 7 }}'


def quiet(what: str, share: float) -> None:
    """Progress that nobody looks at."""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "models"
    train(SHOP, folder, quiet, encoders=())
    return folder


@pytest.fixture
def place(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith(config.PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ESTAFETA_DATA", str(models.parent))
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(tmp_path / "ws"))
    shutil.copytree(SHOP, tmp_path / "ws")
    (tmp_path / "ws/nlu/tests").mkdir()
    (tmp_path / "ws/nlu/tests/held_out.yml").write_text(HELD_OUT)
    (tmp_path / "ws/nlu/tests/out_of_scope.yml").write_text("ru:\n  - какая погода в Туле\n")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["evaluate", *arguments])


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def test_cross_validation_tells_figures_mistakes_and_what_is_like_them(place: Path) -> None:
    said = done("--html", str(place / "r.html"))
    assert "% right (95%: " in said
    assert "intent" in said
    assert "nlu/ru.yml:" in said
    assert "    like " in said
    told = json.loads(done("--json"))
    assert {"examples", "accuracy", "interval", "ece", "intents", "confusions", "histogram", "calibration"} <= set(told)
    mistake = told["mistakes"][0]
    assert mistake["near"]
    assert mistake["text"] not in [near[0] for near in mistake["near"]]
    assert told["scope"]["hidden"]
    assert WORDS["en"]["hidden_about"].format(count=told["scope"]["texts"]) in unescape((place / "r.html").read_text())
    assert " texts of intents hidden from the model: " in said
    assert said == "\n".join(line.rstrip() for line in said.split("\n"))


def test_held_out_texts_judge_the_model_in_service(place: Path) -> None:
    told = json.loads(done("--held-out", "--json"))
    assert (told["examples"], told["scope"]["texts"]) == (4, 1)
    assert told["model"] == Registry(Path(os.environ["ESTAFETA_DATA"]) / "models").current().name
    file = place / "other.yml"
    file.write_text("nlu:\n- intent: greet\n  examples: |\n    - привет\n")
    assert json.loads(done("--test", str(file), "--json"))["examples"] == 1


def test_a_model_is_compared_with_another(place: Path) -> None:
    told = json.loads(done("--held-out", "--against", "latest", "--json", "--html", str(place / "r.html")))
    assert told["compared"]["texts"] == 5
    assert told["compared"]["accuracy"]["more"] == 0
    assert told["compared"]["chance"] == 1.0
    assert "Two models on the same texts" in (place / "r.html").read_text()


def test_tables_are_written_for_spreadsheets(place: Path) -> None:
    (place / "ws/nlu/tests/held_out.yml").write_text(
        HELD_OUT + "- intent: human\n  examples: |\n    - =где мой заказ\n"
    )
    done("--held-out", "--csv", str(place / "tables"))
    with (place / "tables/intents.csv").open(encoding="utf-8") as file:
        assert {row["intent"] for row in csv.DictReader(file)} == {"greet", "thanks", "human"}
    names = {path.stem for path in (place / "tables").iterdir()}
    assert names == {"intents", "entities", "confusions", "mistakes", "histogram", "calibration", "scope"}
    with (place / "tables/mistakes.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert "'=где мой заказ" in texts


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--model", "nothing"), "There is no model “nothing”"),
        (("--held-out", "--model", "rasa:http://127.0.0.1:9"), "127.0.0.1:9"),
        (("--held-out", "--model", "rasa:ftp://x"), "rasa:ftp://x names no Rasa server"),
        (("--html", "/nowhere/r.html", "--held-out"), "can't be written"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(place: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr


def test_without_texts_to_judge_by_it_says_so(place: Path) -> None:
    shutil.rmtree(place / "ws/nlu/tests")
    result = run("--held-out")
    assert result.exit_code == 1
    assert "There are no texts to judge by" in result.stderr


def test_a_report_that_could_not_be_written_is_refused_before_the_work(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_cross_validated", None)
    result = run("--html", "/nowhere/r.html")
    assert result.exit_code == 1
    assert "/nowhere is no folder" in result.stderr


def test_an_interrupt_ends_plainly(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_cross_validated", interrupted)
    result = run()
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Stopped.\n")


@pytest.mark.parametrize(("columns", "shown"), [("40", "50 % asking"), ("120", "asking")])
def test_progress_can_be_read_in_a_narrow_terminal(
    columns: str, shown: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    with bar(quiet=False) as tell:
        tell("asking", 0.5)
    said = capsys.readouterr().err
    assert shown in said
    assert "50 %" in said
    assert max(len(line) for line in said.splitlines()) <= int(columns)


def test_of_too_few_intents_none_can_be_hidden(place: Path) -> None:
    (place / "few/nlu").mkdir(parents=True)
    (place / "few/nlu/n.yml").write_text(
        "nlu:\n- intent: a\n  examples: |\n    - привет\n    - здравствуйте\n"
        "- intent: b\n  examples: |\n    - пока\n    - до встречи\n"
    )
    told = json.loads(done(str(place / "few"), "--json", "--html", str(place / "r.html")))
    assert told["scope"] is None
    assert WORDS["en"]["few_to_hide"] in (place / "r.html").read_text()


def test_examples_of_what_is_not_for_the_bot_are_asked_in_a_cross_validation(place: Path) -> None:
    texts = ("какая завтра погода", "погода в туле", "кто выиграл матч", "сколько будет два плюс два")
    (place / "ws/nlu/none.yml").write_text(
        "nlu:\n- intent: out_of_scope\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
    )
    told = json.loads(done("--json"))
    assert (told["scope"]["texts"], told["scope"]["hidden"]) == (len(texts), False)
    assert "out_of_scope" not in [one["name"] for one in told["intents"]]
    wrong = {one["text"] for one in told["mistakes"]}
    assert not {one["text"] for one in told["mistakes"] if one["said"] == "out_of_scope" and not one["intent"]}
    assert len(wrong & set(texts)) < len(texts)


# --- any understander ----------------------------------------------------------------------------


class Moody:
    """Fails at first, and at "never" for ever."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def understand(
        self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
    ) -> Understanding:
        self.asked.append(text)
        if text == "never" or len(self.asked) == 1:
            raise UnderstandingFailed("away")
        ranking = (Intent(name="a", confidence=0.8), Intent(name="b", confidence=0.1))
        entities = (Entity(name="n", value="2", start=0, end=1), Entity(name="n", value="1", start=2, end=3))
        return Understanding(intent="a", confidence=0.8, ranking=ranking, entities=entities, model="moody")


async def test_any_understander_is_judged_and_failures_count(place: Path) -> None:
    cases = [Case(text=text, intent="a", entities={"n": ("1", "2")}) for text in ("one", "never", "two")]
    shares: list[float] = []
    found = await judge(Moody(), cases, shares.append, at_once=1)
    assert [one.case.text for one in found] == ["one", "never", "two"]
    assert [bool(one.failed) for one in found] == [False, True, False]
    assert (found[0].said, found[0].second, found[0].entities_right) == ("a", "b", True)
    assert shares == [pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0]
    assert figures(found, 0.45).failed == 1


async def test_days_are_reckoned_from_when_a_text_was_sent() -> None:
    asked: list[datetime | None] = []

    class Listening(Moody):
        async def understand(
            self, text: str, *, deadline: float, at: datetime | None = None, region: str = ""
        ) -> Understanding:
            asked.append(at)
            return Understanding(intent="a", confidence=0.8)

    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    await judge(Listening(), [Case(text="завтра", intent="a", at=noon), Case(text="завтра", intent="a")], at_once=1)
    assert asked == [noon, None]


# --- the page ------------------------------------------------------------------------------------


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def hostile(count: int = 1) -> list[Outcome]:
    case = Case(text=HOSTILE, intent=f"{HOSTILE}a", file=HOSTILE, line=1)
    return [
        Outcome(case=case, said=f"{HOSTILE}b", confidence=0.9),
        *(Outcome(case=Case(text=f"t{n}", intent="x"), said="y", confidence=0.7) for n in range(count)),
        Outcome(case=Case(text="other", intent=""), said="x", confidence=0.3),
    ]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_nothing_of_what_customers_wrote_can_run_in_the_page(language: str) -> None:
    outcomes = hostile()
    right = [Outcome(case=one.case, said=one.case.intent, confidence=0.9) for one in outcomes]
    text = page(
        Report(
            title=HOSTILE, about=HOSTILE, evaluation=figures(outcomes, 0.45), compared=compare(outcomes, right, 0.45),
            before=HOSTILE, after=HOSTILE,
        ),
        language,
    )  # fmt: skip
    found = Tags()
    found.feed(text)
    assert not found.tags & {"script", "img", "iframe", "object", "link", "a", "form", "base"}
    assert not {name for name in found.attributes if name.startswith("on")} | (found.attributes & {"src", "href"})
    assert "{{ 7 * 7 }}" in text
    assert "default-src 'none'" in text
    assert "prefers-color-scheme: dark" in text
    assert f'<html lang="{language}">' in text


def test_what_is_too_much_for_a_page_is_counted() -> None:
    text = page(Report(title="t", about="a", evaluation=figures(hostile(MOST_MISTAKES + 20), 0.45)), "en")
    assert "And 21 more." in text
    assert "<td>t0" in text
    assert "<td>t99" not in text


def test_names_that_differ_at_their_ends_can_be_told_in_the_matrix() -> None:
    names = [f"homeassistant.HassCancel{end}" for end in ("AllTimersAtOnce", "OneTimerOfThese")]
    outcomes = [Outcome(case=Case(text=name, intent=name), said=names[0], confidence=0.9) for name in names]
    drawn = str(pictures.confusion(figures(outcomes, 0.45), WORDS["en"]))
    for end in ("llTimersAtOnce"[-13:], "neTimerOfThese"[-13:]):
        assert drawn.count(f"…{end}<title>") == 2


def test_what_is_said_though_nobody_meant_it_stands_in_the_matrix() -> None:
    found = figures([Outcome(case=Case(text="t", intent="meant"), said="never_meant", confidence=0.9)], 0.45)
    assert "meant understood as never_meant: 1 (100%)" in pictures.confusion(found, WORDS["en"])


def test_the_curve_shows_where_the_bot_answers_from() -> None:
    outcomes = [
        *(Outcome(case=Case(text="own", intent="a"), said="a", confidence=level) for level in (0.9, 0.7, 0.3, 0.6)),
        *(Outcome(case=Case(text="other", intent=""), said="a", confidence=level) for level in (0.8, 0.1)),
    ]
    found = figures(outcomes, 0.5)
    assert found.scope is not None
    drawn = pictures.scope(found.scope, 0.5, WORDS["en"])
    assert "the bot believes from 0.50 on: others&#39; texts answered 50%, own texts answered 75%" in drawn


@pytest.mark.parametrize("language", ["ru", "en"])
def test_questions_are_told(language: str) -> None:
    asked = [
        Outcome(case=Case(text=intent, intent=intent), said="a", confidence=0.4, asks=("a", "b"))
        for intent in ("a", "b", "c")
    ]
    found = figures([*asked, Outcome(case=Case(text="x", intent="a"), said="a", confidence=0.9)], 0.45)
    assert (found.questions.texts, found.questions.share, found.questions.right) == (3, 0.75, 2)
    assert WORDS[language]["questions_right"].format(share="2/3") in page(
        Report(title="t", about="a", evaluation=found), language
    )
    assert "75.0% of all texts are asked back with two intents" in "\n".join(evaluation_lines(found))


# --- entities ------------------------------------------------------------------------------------


def test_a_cross_validation_tells_how_well_each_entity_is_found(place: Path) -> None:
    (place / "ws/nlu/tea.yml").write_text(
        "nlu:\n- intent: tea\n  examples: |\n    - чай с [мёдом](extra)\n    - чай с [лимоном](extra)\n"
        "    - чай без сахара\n    - [зелёный](kind) чай с [мятой](extra)\n"
    )
    said = done("--html", str(place / "r.html"))
    told = json.loads(done("--json", "--html", str(place / "ru.html"), "--language", "ru"))
    rows = {one["name"]: one for one in told["entities"]}
    assert {name: row["marks"] for name, row in rows.items()} == {
        "": 11,
        "order_number": 4,
        "extra": 3,
        "city": 3,
        "kind": 1,
    }
    assert set(rows[""]) == {"name", "marks", "precision", "recall", "f1"}
    lines = said.splitlines()
    head = lines.index("entity            marks  precision  recall     F1")
    assert lines[head + 1].startswith("all together         11")
    assert [line.split()[0] for line in lines[head + 2 : head + 6]] == [one["name"] for one in told["entities"][1:]]
    for file, language in (("r.html", "en"), ("ru.html", "ru")):
        text, words = unescape((place / file).read_text()), WORDS[language]
        assert f"<h2>{words['entities_weakest']}</h2>" in text
        assert words["entities_by_place"] in text
        assert f'<b>{words["entities_all"]}</b></td><td class="n">11</td>' in text


@pytest.mark.parametrize("language", ["ru", "en"])
def test_where_no_entity_is_marked_none_is_told_of(language: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_evaluation, "train_slots", None)
    for file in (place / "ws/nlu").glob("*.yml"):
        file.write_text(re.sub(r"\[([^]]+)](\(\w+\)|{[^}]+})", r"\1", file.read_text()))
    assert json.loads(done("--json", "--html", str(place / "r.html"), "--language", language))["entities"] == []
    assert WORDS[language]["entities_weakest"] not in (place / "r.html").read_text()
    assert "all together" not in done()


def test_held_out_texts_tell_how_many_have_their_entities_right(place: Path) -> None:
    (place / "ws/nlu/tests/pinned.yml").write_text(
        "pinned:\n"
        '  - {text: "где заказ 10452", intent: order_status, entities: {order_number: "10452"}}\n'
        '  - {text: "где заказ 20817", intent: order_status, entities: {order_number: "20818"}}\n'
    )
    said = done("--held-out", "--html", str(place / "r.html"))
    assert "Of 2 texts with entities named, exactly these are found in 1 (50.0%)." in said
    assert "\nall together          2       0.50    0.50   0.50\norder_number          2 " in said
    page_of = unescape((place / "r.html").read_text())
    assert WORDS["en"]["entities_by_value"] in page_of
    assert f'<b>50.0%</b>{WORDS["en"]["entities"]} <span class="soft">(1/2)</span>' in page_of
    told = json.loads(done("--held-out", "--model", "latest", "--json"))
    assert (told["entity_texts"], told["entities_exact"]) == (2, 1)
    assert [(one["name"], one["marks"], one["f1"]) for one in told["entities"]] == [
        ("", 2, 0.5),
        ("order_number", 2, 0.5),
    ]
