"""`estafeta flows preview`: what a flow says, as a channel will show it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bots.splitting import length
from estafeta.app.cli import main
from estafeta.app.preview import preview
from estafeta.app.tables import channels
from flows import loader
from flows.model import Workspace
from tests.flows.world import write

FLOW = """\
flow: talk
start: {command: talk}
steps:
  - ask: order_number
    say:
      - {ru: "**Здравствуйте**, {{ customer.name }}!", en: "**Hello**, {{ customer.name }}!"}
      - {ru: "{{ slots.order_number }}, [подробнее](https://example.com/{{ order_number }})", en: Order}
    again: {ru: "{% if open %}Люди здесь{% else %}Людей нет{% endif %}", en: Again}
  - {call: lookup, with: {number: "{{ order_number }}"}, save: order}
  - say: {ru: "Какой размер?", en: Which size}
    buttons: [{ru: "Позвать {{ customer.name }} сюда", en: Person}, "42", "43", "44"]
  - say: {ru: "{% if order.days > 3 %}Долго{% else %}Скоро{% endif %}: {{ order.days + 1 }} дня", en: Days}
  - say: {ru: "Длинный_текст {% for item in order.items %}{{ item.name }}, {% endfor %}", en: Long}
    buttons: [{ru: Да, en: "Yes"}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, {"talk": FLOW})


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["flows", "preview", *arguments, "--workspace", str(folder)])


def test_each_message_is_shown_with_its_length_and_its_buttons(folder: Path) -> None:
    result = run(folder, "talk", "--channel", "whatsapp")
    assert result.exit_code == 0, result.output
    shown = result.output.split("\n\n")
    assert shown[0] == ("steps.0  ask order_number, variant 1 of 2\n  │ *Здравствуйте*, ‹customer.name›!\n  32 of 4096")
    assert "‹order_number›, подробнее (https://example.com/‹order_number›)" in shown[1]
    assert shown[1].endswith("not drawn here: link")
    assert shown[2].startswith("steps.0  ask order_number again\n  │ Люди здесь\n")
    assert shown[3].split("\n")[:3] == ["steps.2  say", "  │ Какой размер?", "  13 of 1024"]
    assert "    • Позвать ‹customer.name› сюда  28 of 72" in shown[3]
    assert shown[3].endswith("4 buttons are more than 3: shown as a list")
    assert "    [Да]  2 of 20" in result.output
    assert shown[-1] == "talk, ru, WhatsApp: 6 messages\n"


def test_a_template_that_needs_real_values_shows_what_it_would_print(folder: Path) -> None:
    result = run(folder, "talk", "--channel", "telegram")
    assert "│ Долго / Скоро: ‹order.days + 1› дня" in result.output
    assert "│ Длинный_текст ‹order.items.name›," in result.output


def test_buttons_that_a_channel_does_not_have_are_lines_with_numbers(folder: Path) -> None:
    result = run(folder, "talk", "--channel", "vk_wall")
    assert "  │ 2. 42\n  │ 3. 43\n" in result.output
    assert "4 buttons as numbered lines: a number typed is a press" in result.output
    assert "the flow is not `public`" in result.output


MORE = """\
flow: more
start: {command: more}
steps:
  - menu: [{text: {ru: Оплата, en: Pay}, do: [{say: {ru: Картой, en: By card}}]}, {text: {ru: Ничего, en: Nothing}}]
    say: {ru: Что дальше?, en: What next?}
    again: {ru: Выберите из двух., en: One of two.}
    channels: {vk: {ru: Куда?, en: Where to?}}
  - ask: phone
    say: {ru: Телефон?, en: Phone?}
    expect: phone
    valid: value != "1"
    invalid: {ru: "{{ value }} не годится", en: "{{ value }} will not do"}
    still: {ru: "Всё ещё {{ value }}?", en: "Still {{ value }}?"}
    confirm: {ru: "{{ value }}, верно?", en: "{{ value }}, right?"}
  - say: {ru: Вот прайс, en: The prices}
    media: price.txt
"""


def test_everything_that_a_step_may_say_is_shown(folder: Path) -> None:
    (folder / "media").mkdir()
    (folder / "media" / "price.txt").write_text("1")
    (folder / "flows" / "more.yml").write_text(MORE)
    output = run(folder, "more", "--channel", "telegram").output
    kinds = [line.partition("  ")[2] for line in output.split("\n") if line.startswith("steps.")]
    assert kinds == [
        "menu", "menu again", "say", "ask phone still", "ask phone", "ask phone not valid", "ask phone confirm", "say",
    ]  # fmt: skip
    assert "│ Что дальше?\n  11 of 4096\n    [Оплата]  6 of 64\n" in output
    assert "│ ‹value› не годится" in output
    assert "│ ‹value›, верно?" in output
    assert "    [Да]  2 of" in output
    assert "│ 📎 price.txt" in output
    assert "│ Куда?" in run(folder, "more", "--channel", "vk").output


def test_labels_that_are_cut_are_told(folder: Path) -> None:
    assert "is shown as" not in run(folder, "talk", "--channel", "vk").output
    (folder / "flows" / "talk.yml").write_text(FLOW.replace("ru: Да,", "ru: Да вот такой мне и нужен,"))
    output = run(folder, "talk", "--channel", "whatsapp").output
    assert '"Да вот такой мне и нужен" is shown as "Да вот такой мне и…"' in output


def test_long_texts_are_shown_in_pieces(folder: Path) -> None:
    (folder / "flows" / "talk.yml").write_text(FLOW.replace("Длинный_текст", "длинный текст " * 30))
    output = run(folder, "talk", "--channel", "vk_wall").output
    assert "message 2 of 2: " in output
    assert "too long for one message: cut into 2" in output


def test_another_language(folder: Path) -> None:
    assert "Hello, ‹customer.name›!" in run(folder, "talk", "--channel", "vk", "--language", "en").output


def test_as_json_it_is_for_programs(folder: Path) -> None:
    found = json.loads(run(folder, "talk", "--channel", "vk", "--json").output)
    assert (found["flow"], found["channel"], found["language"]) == ("talk", "vk", "ru")
    first = found["messages"][0]
    assert (first["step"], first["kind"]) == ("steps.0", "ask order_number, variant 1 of 2")
    assert first["left_out"] == []
    assert first["messages"] == [
        {
            "text": "Здравствуйте, ‹customer.name›!",
            "length": 30,
            "limit": 4096,
            "marks": [{"kind": "bold", "start": 0, "end": 12}],
            "buttons": [],
        }
    ]
    assert found["messages"][3]["shows"] == "buttons"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tolk", "--channel", "vk"), 'There is no flow "tolk": did you mean "talk"?\n'),
        (("talk", "--channel", "vkk"), 'There is no channel "vkk": did you mean "vk"?\n'),
        (("talk", "--channel", "vk", "--language", "de"), 'There is no language "de": known: en, ru\n'),
    ],
)
def test_what_is_unknown_is_answered_with_the_nearest(folder: Path, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(folder, *arguments)
    assert (result.exit_code, result.stderr) == (2, sentence)


@pytest.fixture(scope="module")
def demo() -> Workspace:
    return loader.load(Path(__file__).parents[2] / "demo")


@pytest.mark.parametrize("channel", ["telegram", "vk", "vk_wall", "whatsapp", "widget"])
def test_the_demos_flows_fit_every_channel(demo: Workspace, channel: str) -> None:
    facts = channels()[channel]
    for flow in demo.library.flows.values():
        for language in demo.languages:
            for shown in preview(demo, flow, facts, language):
                assert shown.chunks
                for chunk in shown.chunks:
                    assert length(chunk.text, facts.capabilities.unit) <= shown.limit(chunk)
                    assert not re.search("{[{%]|\ufdd1", chunk.text)
