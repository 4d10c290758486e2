"""`estafeta check`: what people, programs and editors are told of a workspace's mistakes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from click.testing import CliRunner, Result

from estafeta.app import config
from estafeta.app.cli import main
from flows.checks.rules import RULES
from flows.schema import FILES, schemas
from tests.flows.mistakes import CONTENT, OTHERS
from tests.flows.world import PAYMENT, write

LONG = "flow: long\nstart: {command: long}\nsteps:\n  - {say: a, buttons: [Показать все мои заказы]}\n"
TAUGHT = "nlu:\n- intent: payment\n  examples: |\n    - how to pay\n"
WRONG = "flow: wrong\nstart: {command: wrong}\nsteps:\n  - sya: hello\n"
_TEXT = {"type": "object", "properties": {"text": {"type": "string", "minLength": 1}}, "required": ["text"]}
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "pattern": "sarif-schema-2.1.0.json$"},
        "version": {"const": "2.1.0"},
        "runs": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/run"}},
    },
    "$defs": {
        "run": {
            "type": "object",
            "required": ["tool"],
            "additionalProperties": False,
            "properties": {
                "tool": {
                    "type": "object",
                    "required": ["driver"],
                    "properties": {"driver": {"$ref": "#/$defs/driver"}},
                },
                "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
            },
        },
        "driver": {
            "type": "object",
            "required": ["name"],
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "version": {"type": "string"},
                "rules": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {
                        "type": "object",
                        "required": ["id"],
                        "additionalProperties": False,
                        "properties": {"id": {"type": "string"}, "shortDescription": _TEXT},
                    },
                },
            },
        },
        "result": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": _TEXT,
                "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
                "locations": {"type": "array", "items": {"$ref": "#/$defs/location"}},
            },
        },
        "location": {
            "type": "object",
            "required": ["physicalLocation"],
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation"],
                    "properties": {
                        "artifactLocation": {"type": "object", "properties": {"uri": {"format": "uri-reference"}}},
                        "region": {
                            "type": "object",
                            "properties": {
                                "startLine": {"type": "integer", "minimum": 1},
                                "startColumn": {"type": "integer", "minimum": 1},
                            },
                        },
                    },
                }
            },
        },
    },
}
"""What SARIF 2.1.0 asks of the objects that we write (its sections 3.13, 3.14, 3.18, 3.19, 3.27 to 3.30)."""


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing of this machine's settings, and the current folder is the content's repository."""
    for variable, _ in config.names():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("ESTAFETA_DATA", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    return write(tmp_path / "content", {"payment": PAYMENT}, nlu=TAUGHT)


def check(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check", *map(str, arguments)])


def add(content: Path, text: str, name: str = "more") -> None:
    (content / "flows" / f"{name}.yml").write_text(text, encoding="utf-8")


def test_a_finding_is_a_line_with_its_place_and_how_to_mend_it(content: Path) -> None:
    add(content, WRONG)
    result = check(content)
    assert result.stdout.splitlines() == [
        'flows/more.yml:4:5: error: "sya" makes no step. Did you mean "say"?',
        f"{content}: 1 error, 0 warnings",
    ]
    assert result.exit_code == 1


def test_warnings_end_with_1_only_where_that_is_wished(content: Path) -> None:
    add(content, LONG)
    assert check(content).exit_code == 0
    assert check(content, "--strict").exit_code == 1
    assert "0 errors, 1 warning\n" in check(content, "--strict").stdout


@pytest.mark.parametrize(
    "wrong", [("--json", "--sarif"), ("--channel", "telegran"), ("--nonsense",), ("a", "b"), ("--channel",)]
)
def test_wrong_use_ends_with_2(content: Path, wrong: tuple[str, ...]) -> None:
    assert check(content, *wrong).exit_code == 2


def test_a_channel_that_there_is_not_is_told_with_those_there_are(content: Path) -> None:
    assert "known: telegram, vk, " in check(content, "--channel", "telegran").stderr


@pytest.mark.parametrize(("channels", "told"), [((), True), (("whatsapp",), True), (("telegram", "vk"), False)])
def test_texts_are_measured_for_the_channels_that_are_named(
    content: Path, channels: tuple[str, ...], *, told: bool
) -> None:
    add(content, LONG)
    named = [word for channel in channels for word in ("--channel", channel)]
    assert ("WhatsApp shows 20" in check(content, *named).stdout) is told


@pytest.mark.parametrize(("token", "told"), [("", True), ("123456:abcdefghijklmnopqrstuvwxyzABCDEFGHI", False)])
def test_without_a_folder_the_connected_channels_are_measured(
    content: Path, monkeypatch: pytest.MonkeyPatch, token: str, *, told: bool
) -> None:
    add(content, LONG)
    monkeypatch.setenv("ESTAFETA_WORKSPACE", str(content))
    if token:
        monkeypatch.setenv("ESTAFETA_TELEGRAM__TOKEN", token)
    assert ("WhatsApp shows 20" in check().stdout) is told


def test_nothing_is_coloured_but_in_a_terminal(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    add(content, WRONG)
    assert "\033[" not in check(content).stdout
    seen = CliRunner().invoke(main, ["check", str(content)], color=True)
    assert "\033[31merror:" in seen.stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[" not in CliRunner().invoke(main, ["check", str(content)], color=True).stdout


def test_a_terminal_is_told_what_takes_so_long(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(content).stderr == ""
    monkeypatch.setattr("estafeta.app.check._watched", lambda: True)
    assert check(content).stderr == "Checking 4 files…\r                 \r"


def test_conversations_that_must_hold_are_checked_too(content: Path) -> None:
    (content / "flows" / "tests").mkdir()
    (content / "flows" / "tests" / "pay.yml").write_text("tests:\n  - test: pay\n    talk:\n      - custmer: hi\n")
    result = check(content)
    assert result.exit_code == 1
    assert "flows/tests/pay.yml:4:9: error: " in result.output


def test_findings_as_json_tell_their_rule(content: Path) -> None:
    add(content, LONG)
    (finding,) = json.loads(check(content, "--json").stdout)
    assert set(finding) == {"file", "line", "column", "severity", "what", "mend", "rule"}
    assert (finding["rule"], finding["severity"]) == ("limit", "warning")


def test_findings_as_sarif_for_code_scanning(content: Path) -> None:
    add(content, WRONG, "с пробелом")
    add(content, LONG)
    result = check(content, "--sarif")
    assert result.exit_code == 1
    log = json.loads(result.stdout)
    jsonschema.validate(log, SARIF)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for found in run["results"]:
        assert rules[found["ruleIndex"]] == found["ruleId"]
    places = [found["locations"][0]["physicalLocation"] for found in run["results"]]
    assert {place["artifactLocation"]["uri"] for place in places} == {
        "content/flows/more.yml", "content/flows/%D1%81%20%D0%BF%D1%80%D0%BE%D0%B1%D0%B5%D0%BB%D0%BE%D0%BC.yml",
    }  # fmt: skip
    assert all(place["region"]["startLine"] == 4 for place in places)


def test_sarif_of_a_folder_that_is_not_there_has_a_result_without_a_place(tmp_path: Path) -> None:
    log = json.loads(check(tmp_path / "nowhere", "--sarif").stdout)
    jsonschema.validate(log, SARIF)
    assert "locations" not in log["runs"][0]["results"][0]


def test_sarif_without_findings_is_a_run_without_results(content: Path) -> None:
    log = json.loads(check(content, "--sarif").stdout)
    jsonschema.validate(log, SARIF)
    assert log["runs"][0]["results"] == []


def test_every_finding_belongs_to_a_rule(tmp_path: Path) -> None:
    """One workspace with many of the seeded mistakes."""
    flows = {
        f"f{number}": seeded.text.replace("«", "").replace("flow: order", f"flow: order{number}")
        for number, seeded in enumerate(CONTENT)
    }
    path = write(tmp_path / "content", flows)
    for file, seeded in OTHERS:
        (path / file).write_text(seeded.text.replace("«", ""), encoding="utf-8")
    found = {finding["rule"] for finding in json.loads(check(path, "--json").stdout)}
    assert found <= set(RULES)
    assert len(found) > 8


# --- the editor ------------------------------------------------------------------------------------


def settings(content: Path) -> Any:
    return json.loads((content / ".vscode" / "settings.json").read_text())


def test_vs_code_is_set_up_with_schemas_that_lie_beside(content: Path) -> None:
    assert check(content, "--editor").exit_code == 0
    patterns = settings(content)["yaml.schemas"]
    assert set(patterns.values()) == set(FILES.values())
    for path, pattern in patterns.items():
        (kind,) = [kind for kind, file in FILES.items() if file == pattern]
        assert json.loads((content / path).read_text()) == schemas()[kind]
    extensions = json.loads((content / ".vscode" / "extensions.json").read_text())
    assert extensions == {"recommendations": ["redhat.vscode-yaml"]}


def test_what_stands_in_the_settings_stays(content: Path) -> None:
    folder = content / ".vscode"
    folder.mkdir()
    (folder / "settings.json").write_text('{"editor.tabSize": 2, "yaml.schemas": {"./own.json": "own.yml"}}')
    (folder / "extensions.json").write_text('{"recommendations": ["a.b"]}')
    assert check(content, "--editor").exit_code == 0
    assert settings(content)["editor.tabSize"] == 2
    assert settings(content)["yaml.schemas"]["./own.json"] == "own.yml"
    assert json.loads((folder / "extensions.json").read_text())["recommendations"] == ["a.b", "redhat.vscode-yaml"]


def test_a_second_time_nothing_is_written(content: Path) -> None:
    assert check(content, "--editor").stderr.count("written: ") == len(FILES) + 2
    assert check(content, "--editor").stderr == ""


@pytest.mark.parametrize("text", ["// mine\n{}", "[]", '{"yaml.schemas": []}'])
def test_settings_that_cannot_be_read_are_not_touched(content: Path, text: str) -> None:
    (content / ".vscode").mkdir()
    (content / ".vscode" / "settings.json").write_text(text)
    result = check(content, "--editor")
    assert result.exit_code == 1
    assert "settings.json" in result.output
    assert [path.name for path in (content / ".vscode").iterdir()] == ["settings.json"]
    assert (content / ".vscode" / "settings.json").read_text() == text


def test_an_editor_is_set_up_for_a_workspace_only(tmp_path: Path) -> None:
    assert check(tmp_path / "nowhere", "--editor").exit_code == 1
    assert not (tmp_path / "nowhere").exists()
