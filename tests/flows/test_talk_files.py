"""Every mistake in a file of flows/tests/ is told in its line, with how to mend it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest

from flows import talks
from flows.source import read
from flows.talks_file import TalksFile
from tests.flows.world import DELIVERY, HUMAN, ORDER, PAYMENT, workspace


class Seeded(NamedTuple):
    """A mistake, `«` standing where it must be found: in the lines of a conversation, or (`whole`) in all of a file."""

    name: str
    text: str
    what: str
    mend: str = ""
    whole: bool = False


def _first(line: str) -> str:
    return f"      - customer: /pay\n      - {line}\n"


SEEDED = [
    Seeded("a line of no kind", _first("«bto: Картой"), '"bto" makes no line', 'did you mean "bot"?'),
    Seeded("a line that is a word", _first("«Картой"), "expected a line", "- customer"),
    Seeded("an unknown key", _first("{bot: Картой, «button: [Да]}"), 'unknown key "button"', '"buttons"'),
    Seeded("no reason", _first("handoff: {reason: «flow}"), '"flow" is no reason', ""),
    Seeded("no skill", _first("handoff: {skill: «delivry}"), 'no skill "delivry"', '"delivery"'),
    Seeded("no action", _first("called: «lokup"), 'no action "lokup"', '"lookup"'),
    Seeded("no argument", _first("{called: lookup, with: {«numbr: 1}}"), 'calls "lookup" with "numbr"', '"number"'),
    Seeded("no argument for a stub", "actions: [{call: lookup, with: {«numbr: 1}}]\n"
           "tests: [{test: a, talk: [{customer: а}]}]\n", 'calls "lookup" with "numbr"', '"number"', whole=True),
    Seeded("no intent", "      - customer: А\n        means: «paymnt\n", 'no intent "paymnt"', '"payment"'),
    Seeded("no question", _first("asked: «city_name"), 'no question "city_name"'),
    Seeded("no slot", _first("stored: {slots: {cty: «1}}"), 'no slot "cty"', '"city"'),
    Seeded("no event", "      - event: «shipped\n", "no event", ""),
    Seeded("no flow", "      - scheduled: «news\n", "no flow with a schedule"),
    Seeded("no time", _first("after: «soon"), '"soon" is no length of time', "2h"),
    Seeded("nothing happens first", "      - bot: Картой\n", "begins with what happens", "customer"),
    Seeded("what people cannot do", _first("people: «give"), "expected return or close"),
    Seeded("silent is true", _first("silent: «false"), "expected True"),
    Seeded("a number for a text", _first("bot: «15"), "expected a text", '"15"'),
    Seeded("no tests", "«actions: []\n", '"tests" is missing', "tests:", whole=True),
    Seeded("no stub's action", "actions: [{call: «lokup}]\ntests: [{test: a, talk: [{customer: а}]}]\n", "lokup",
           '"lookup"', whole=True),
    Seeded("a reply and a failure", "actions:\n  - «{call: lookup, reply: 1, fails: true}\n"
           "tests: [{test: a, talk: [{customer: а}]}]\n", "not both", whole=True),
    Seeded("no time of a day", "now: «noon\ntests: [{test: a, talk: [{customer: а}]}]\n", '"noon" is no time', "2026",
           whole=True),
    Seeded("no language", "languages: [«de]\ntests: [{test: a, talk: [{customer: а}]}]\n", 'no language "de"', "ru",
           whole=True),
    Seeded("two of one name", "tests:\n  - {test: a, talk: [{customer: а}]}\n  - {test: «a, talk: [{customer: а}]}\n",
           'two conversations are called "a"', "rename", whole=True),
    Seeded("not YAML", "tests:\n  - test: «a: b\n", "needs quotes", '"a: b"', whole=True),
]  # fmt: skip


@pytest.mark.parametrize("seeded", SEEDED, ids=lambda seeded: seeded.name)
def test_a_mistake_is_found_in_its_line_and_says_how_to_mend_it(tmp_path: Path, seeded: Seeded) -> None:
    shop = workspace(tmp_path, ORDER, DELIVERY, PAYMENT, HUMAN)
    text = seeded.text if seeded.whole else f"tests:\n  - test: one\n    talk:\n{seeded.text}"
    (tmp_path / "flows" / "tests").mkdir()
    (tmp_path / "flows" / "tests" / "one.yml").write_text(text.replace("«", ""), encoding="utf-8")
    _, findings = talks.find(shop)
    [finding] = findings
    assert seeded.what in finding.what
    assert seeded.mend in finding.mend
    assert finding.file == "flows/tests/one.yml"
    if "«" in text:
        before = text[: text.index("«")]
        assert finding.line == before.count("\n") + 1


def test_a_workspace_without_tests_has_none(tmp_path: Path) -> None:
    assert talks.find(workspace(tmp_path, PAYMENT)) == ([], [])


def test_the_schema_takes_every_test_of_the_demo_and_of_the_examples() -> None:
    schema = TalksFile.model_json_schema(by_alias=True)
    validator = jsonschema.Draft202012Validator(schema)
    root = Path(__file__).parents[2]
    paths = [*(root / "demo/flows/tests").glob("*.yml"), *(root / "tests/flows/examples/flows/tests").glob("*.yml")]
    assert paths
    for path in paths:
        assert [error.message for error in validator.iter_errors(read(path, path.name).data)] == []
    assert list(validator.iter_errors({"tests": [{"test": "a", "talk": [{"bto": "b"}]}]}))
