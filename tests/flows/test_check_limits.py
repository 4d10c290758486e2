"""What a channel would cut, number or leave out is told, by data about the channel alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from estafeta.app.check import showing
from estafeta.kernel.model import Capabilities, Text
from flows import loader
from flows.checks.limits import Room, Showing
from tests.flows.world import BOT, HOURS, write

NARROW = Capabilities(text=10, unit="codepoints", buttons=2, label=5, rows=3, row=8, media={"photo": 10})


def room(**more: object) -> Room:
    return Room(**{"title": "Narrow", "can": NARROW, "length": len, **more})  # type: ignore[arg-type]


def told(path: Path, steps: str, rooms: Mapping[str, Room] = MappingProxyType({"narrow": room()})) -> list[str]:
    text = f"flow: a\nstart: {{command: a}}\nsteps:\n{steps}"
    _, findings = loader.find(write(path, {"a": text}, nlu=""), Showing(rooms=rooms, enabled=tuple(rooms)))
    return [finding.what for finding in findings if finding.rule == "limit" and finding.file == "flows/a.yml"]


def test_without_channels_nothing_is_measured(tmp_path: Path) -> None:
    assert told(tmp_path, f"  - say: {'a' * 5000}\n", {}) == []


@pytest.mark.parametrize(
    ("text", "over"),
    [
        ('"1234567890"', False),
        ('"12345678901"', True),
        ('"**1234567890**"', False),  # marks are no characters where they are drawn
        ('"1234567890{{ slots.order_number }}"', False),
        ('"{% if open %}1234567890{% else %}12345{% endif %}{{ open }}"', False),
        ('"{% if open %}1{% elif 1 %}12345678901{% else %}12345{% endif %}"', True),
        ('"{% for a in [1, 2] %}123456{% endfor %}"', False),
    ],
)
def test_a_text_is_measured_without_its_values(tmp_path: Path, text: str, *, over: bool) -> None:
    path = write(tmp_path, {"b": "flow: b\nstart: {command: b}\nsteps: [{set: {order_number: 1}}]\n"}, nlu="")
    assert bool(told(path, f"  - say: {text}\n")) is over


def test_marks_count_where_they_are_written_as_characters(tmp_path: Path) -> None:
    def drawn(text: Text) -> str:
        return f"*{text.text}*" if text.marks else text.text

    text = '  - say: "**1234567890**"\n'
    assert told(tmp_path, text, {"narrow": room(drawn=drawn)}) == ["12 characters; Narrow takes 10 in one message"]


def test_beside_buttons_there_may_be_less_room(tmp_path: Path) -> None:
    text = "  - {say: '123456', buttons: [a]}\n"
    assert told(tmp_path, text) == []
    assert told(tmp_path, text, {"narrow": room(with_buttons=5)}) == [
        "6 characters; Narrow takes 5 in one message beside buttons"
    ]


@pytest.mark.parametrize(
    ("buttons", "what"),
    [
        ("[abcde, b]", []),
        ("[abcdef, b]", ['the button "abcdef" has 6 characters; Narrow shows 5']),
        ("[abcdefgh, b, c]", []),  # three are a list, which has more room
        ("[abcdefghi, b, c]", ['the button "abcdefghi" has 9 characters; Narrow shows 8']),
        ("[abcdefghi, b, c, d]", ["4 buttons; Narrow shows 3, more become numbered lines"]),  # lines are not cut
    ],
)
def test_how_long_a_button_may_be_depends_on_how_many_there_are(tmp_path: Path, buttons: str, what: list[str]) -> None:
    assert told(tmp_path, f"  - {{say: a, buttons: {buttons}}}\n") == what


def test_what_is_said_otherwise_in_a_channel_is_measured_there_and_the_rest_is_not(tmp_path: Path) -> None:
    text = "  - say: '12345678901'\n    channels: {narrow: '123456789012'}\n"
    rooms = {"narrow": room(), "wide": room(title="Wide", can=Capabilities(text=11, unit="codepoints"))}
    assert told(tmp_path, text, rooms) == ["12 characters; Narrow takes 10 in one message"]


def test_a_file_that_a_channel_does_not_take(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "a.png").write_bytes(b"x" * 11)
    (tmp_path / "media" / "b.png").write_bytes(b"x" * 10)
    (tmp_path / "media" / "c.pdf").write_bytes(b"x")
    found = told(tmp_path, "  - {say: a, media: [a.png, b.png, c.pdf]}\n")
    assert [what.partition('" is')[0] for what in found] == ['"a.png', '"c.pdf']
    assert found[1].endswith("Narrow takes none")


def test_the_words_of_buttons_in_bot_yml_are_measured(tmp_path: Path) -> None:
    long = BOT.replace("human: {ru: Человек, en: Human}", "human: {ru: Позвать живого человека, en: Human}")
    _, findings = loader.find(write(tmp_path, {}, bot=long, nlu=""), showing())
    assert [(item.file, item.line, item.what) for item in findings] == [
        ("bot.yml", long[: long.index("human:")].count("\n") + 1,
         'the button "Позвать живого человека" has 23 characters; WhatsApp shows 20'),
    ]  # fmt: skip


def test_hours_of_a_channel_that_there_is_not(tmp_path: Path) -> None:
    path = write(tmp_path, {}, nlu="", hours=HOURS + "  telegran/*: {daily: []}\n")
    (finding,) = loader.find(path, showing())[1]
    assert (finding.line, finding.column) == (5, 3)
    assert "telegran" in finding.what
    assert '"telegram"' in finding.mend
    assert loader.find(path)[1] == []
