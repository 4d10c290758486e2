"""Every mistake that trainers make in training data is told at its place, with a way to mend it.

In the texts « stands before the character that a finding must point to, and is not written.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from nlu.data import Finding, TrainingDataError, read_workspace

WHOLE = "- intent: one\n  examples: |\n    - first words\n- intent: other\n  examples: |\n    - second words\n"
TEN = "- synonym: a\n  examples: |\n    - x\n"


class Mistake(NamedTuple):
    name: str
    text: str
    says: str
    mend: str = ""
    severity: str = "error"


def example(line: str) -> str:
    return f"nlu:\n{WHOLE}- intent: a\n  examples: |\n    # nothing\n    - x\n    {line}\n".replace(
        "    # nothing\n", ""
    )


def item(text: str) -> str:
    return f"# a comment\nnlu:\n{WHOLE}{text}"


MISTAKES = [
    # --- the file
    Mistake("unknown key", "«nul: []\n", "unknown key nul", "did you mean nlu?"),
    Mistake("key of nothing", "«weather: 1\n", "unknown key weather", "expected version, nlu or entities"),
    Mistake("no mapping", "«- intent: a\n", "expected the keys version and nlu"),
    Mistake("nlu is a text", "nlu: «text\n", "expected a list"),
    Mistake("nlu is a mapping", "nlu:\n  «intent: a\n  examples: |\n    - x\n", "expected a list", "with a dash"),
    Mistake("key twice", "nlu: []\n«nlu: []\n", "nlu is here twice, first in line 1", "join the two"),
    Mistake("tab", "nlu:\n- intent: a\n«\texamples: |\n", "not YAML", "spaces, not with tabs"),
    Mistake("open quote", "nlu:\n- intent: 'b\n«", "not YAML", "a quote is not closed"),
    Mistake("two documents", "nlu: []\n«---\nnlu: []\n", "not YAML", "---"),
    Mistake("no pipe", "nlu:\n- intent: a\n  examples: «- x\n", "in the line of examples:", "examples: |"),
    Mistake("examples too far in", "nlu:\n- intent: a\n    «examples: |\n    - x\n", "below the name", "column 3"),
    Mistake("example not in", "nlu:\n- intent: a\n  examples: |\n  «- x\n", "not far enough in", "column 5"),
    Mistake("example too far out", "nlu:\n- intent: a\n  examples: |\n    - x\n   «- y\n", "far enough", "column 5"),
    Mistake("no colon", "nlu:\n- intent: a\n  examples« |\n    - x\n", "no colon behind examples", "examples: |"),
    Mistake("no colon of an intent", "nlu:\n- intent« a\n  examples: |\n    - x\n", "no colon behind", "intent: a"),
    Mistake("item too far in", f"nlu:\n{WHOLE} «- intent: a\n   examples: |\n    - x\n", "item does not", "column 1"),
    Mistake("item too far out", "nlu:\n  - intent: a\n    examples: |\n      - x\n «- intent: b\n", "item", "column 3"),
    Mistake("two documents with data", f"nlu:\n{WHOLE}«---\nnlu:\n{WHOLE}", "not YAML", "a file holds one document"),
    Mistake("no-break space", "nlu: []\n«\xa0nlu: []\n", "unknown key nlu", "a no-break space"),
    Mistake("no space", "nlu:\n- intent: a\n  examples:«|\n    - x\n", "no space behind examples:", "with a space"),
    Mistake("colon in a name", "nlu:\n- intent: «what: b\n  examples: |\n    - x\n", "needs quotes", '"what: b"'),
    Mistake("a sign that needs quotes", "nlu:\n- intent: «@b\n  examples: |\n    - x\n", "@", "needs quotes"),
    Mistake("a character nobody sees", "nlu:\n- intent: a«\x08\n", "no text has", "U+0008"),
    Mistake("Markdown", "«## intent:greet\n- hello\n", "Markdown", "rasa data convert"),
    Mistake("Markdown after YAML", "nlu: []\n\n«## intent:greet\n- hello\n", "Markdown", "rasa data convert"),
    Mistake("JSON of Rasa 1", '{«"rasa_nlu_data": {"common_examples": []}}\n', "JSON format", "rasa data convert"),
    Mistake("newer version", 'version: «"3.2"\nnlu: []\n', "newer than 3.1", "skip the file"),
    Mistake("much newer version", 'version: «"10.0"\nnlu: []\n', "newer than 3.1", "skip the file"),
    Mistake("no version", "version: «latest\nnlu: []\n", "no version", '"3.1"'),
    Mistake("merged key", "nlu:\n- &a\n  intent: a\n  examples: |\n    - x\n- «<<: *a\n  intent: b\n", "merged keys"),
    # --- items
    Mistake("misspelt kind", item("- «intnet: a\n  examples: |\n    - x\n"), "unknown key intnet", "mean intent?"),
    Mistake("misspelt examples", item("- intent: a\n  «exmples: |\n    - x\n"), "unknown key", "mean examples?"),
    Mistake("no kind", item("- «examples: |\n    - x\n"), "has no name", "exactly one of"),
    Mistake("two kinds", item("- «intent: a\n  synonym: b\n  examples: |\n    - x\n"), "intent and synonym"),
    Mistake("a text", item("- «just text\n"), "no item of training data"),
    Mistake("no examples", item("- «intent: a\n"), "intent a has no examples"),
    Mistake("empty examples", item("- intent: a\n  «examples:\n"), "these are no examples", "a dash"),
    Mistake("empty block", item("- synonym: a\n  examples: «|\n"), "synonym a has no examples"),
    Mistake("name is a list", item("- intent: «[a]\n  examples: |\n    - x\n"), "expected the name of the intent"),
    Mistake("name is empty", item("- intent: «''\n  examples: |\n    - x\n"), "expected the name of the intent"),
    Mistake("name is a number", item("- synonym: «10\n  examples: |\n    - ten\n"), "10 is no text", 'synonym: "10"'),
    Mistake("name is a boolean", item("- intent: «true\n  examples: |\n    - x\n"), "no text", 'intent: "true"'),
    Mistake("two slashes", item("- intent: «a/b/c\n  examples: |\n    - x\n"), "no name of an intent", "faq/ask_price"),
    Mistake("open slash", item("- intent: «faq/\n  examples: |\n    - x\n"), "no name of an intent", "faq/ask_price"),
    # --- examples
    Mistake("no dash", example("«one"), "expected a dash before the example: - one"),
    Mistake("bullet of Markdown", example("«* one"), "expected a dash", "not *"),
    Mistake("long dash", example("«— one"), "expected a dash", "a longer dash"),
    Mistake("hash without a dash", example("«#1 in the list"), "expected a dash before the example: - #1"),
    Mistake("empty example", example("«- "), "without a text"),
    Mistake(
        "words with a colon in a list",
        item("- intent: a\n  examples:\n  - text: x\n  - «say: y\n"),
        "key say",
        '"say: y"',
    ),
    Mistake("folded", item("- intent: a\n  examples: «>\n    - one\n    - two\n"), "joins the lines", "examples: |"),
    Mistake("no block", item("- intent: a\n  examples: «one\n"), "no examples", "examples: |"),
    Mistake("a mapping", item("- intent: a\n  examples: «{text: x}\n"), "no examples", "examples: |"),
    Mistake("long form without text", item("- intent: a\n  examples:\n  - «metadata: x\n"), "without a text", ""),
    Mistake("long form misspelt", item("- intent: a\n  examples:\n  - «txt: x\n"), "unknown key txt", "text: and"),
    Mistake("long form of nothing", item("- intent: a\n  examples:\n  - «text: ''\n"), "without a text"),
    Mistake("number in a list", item("- intent: a\n  examples:\n  - text: «5000\n"), "5000 is no text", '"5000"'),
    # --- entities
    Mistake("open bracket", example("- go [v]«(e"), "not closed", "expected )"),
    Mistake("no JSON", example("- go [v]«{entity: e}"), "no JSON", "need quotes"),
    Mistake("single quotes", example("- go [v]«{'entity': 'e'}"), "no JSON", "double quotes"),
    Mistake("typographic quotes", example("- go [v]«{“entity”: “e”}"), "no JSON", "straight quotes"),
    Mistake("open brace", example('- go [v]«{"entity": "e"'), "no JSON", "closing brace"),
    Mistake("misspelt role", example('- go [v]«{"entity": "e", "rol": "x"}'), "unknown key rol", "did you mean role?"),
    Mistake("no entity", example('- go [v]«{"value": "e"}'), 'no "entity"', '"entity": "name"'),
    Mistake("group is a number", example('- [v]«{"entity": "e", "group": 1}'), '"group" is no text', "in quotes"),
    Mistake("spaces in a name", example("- go [v]«(a b)"), "no name of an entity", "are allowed: (a_b)"),
    Mistake("name in quotes", example('- my [savings]«("account")'), "no name of an entity", "quotes out: (account)"),
    Mistake("brace closed by a parenthesis", example('- [P]«{"entity": "u", "value": "P")'), "JSON", "not a paren"),
    Mistake("escaped bracket", example(r"- see \«[this](link)"), "keeps no bracket", "put a space before ("),
    Mistake("both brackets escaped", example(r"- see \«[this\](link)"), "keeps no bracket", "put a space before ("),
    Mistake("no name of an entity", example("- go [v]«()"), "of [v] has no name", "write [v](name)"),
    Mistake("entity without words", example("- go «[ ](e)"), "without words", "between [ and ]"),
    Mistake("entity inside of another", example("- go [[v](e)«](f)"), "mark nothing", "mark the words once"),
    Mistake("bracket within", example("- go [v]x«](f)"), "mark nothing", "mark the words once"),
    # --- regular expressions, lookups, synonyms
    Mistake("no expression", item("- regex: r\n  examples: |\n    - «(\n"), "no regular expression"),
    Mistake("slow expression", item("- regex: r\n  examples: |\n    - «(\\d+)+x\n"), "very long"),
    Mistake("empty expression", item("- regex: r\n  examples: |\n    - «a*\n"), "nothing at all"),
    Mistake("lookup's file", item("- lookup: city\n  examples: «data/cities.txt\n"), "cities.txt is not read", "3.0"),
    Mistake("lookup's file in a line", item("- lookup: city\n  examples: |\n    «data/cities.txt\n"), "a dash"),
    Mistake("long phrase", item(f"- lookup: city\n  examples: |\n    - «{'x' * 201}\n"), "at most 200"),
    Mistake(
        "two values", item("- synonym: a\n  examples: |\n    - x\n- synonym: b\n  examples: |\n    - «X\n"), "x.yml:11"
    ),
    Mistake(
        "value in braces",
        item(TEN + '- intent: c\n  examples: |\n    - «[x]{"entity": "e", "value": "b"}\n'),
        "for “b”",
    ),
    # --- what does not stop the training
    Mistake("unquoted version", f"version: «3.1\nnlu:\n{WHOLE}", "a number", 'version: "3.1"', "note"),
    Mistake("older version", f'version: «"2.0"\nnlu:\n{WHOLE}', "read as 3.1", '"3.1"', "note"),
    Mistake("responses", f"nlu:\n{WHOLE}«responses:\n  utter_x:\n  - text: y\n", "not read", "flows/*.yml", "note"),
    Mistake("stories", f"nlu:\n{WHOLE}«stories: []\n", "not read", "flows/*.yml", "note"),
    Mistake("pipeline", f"nlu:\n{WHOLE}«pipeline: []\n", "not read", "no pipeline", "note"),
    Mistake("comment inside", example("«# - an example of old"), "for a comment", "above the intent", "note"),
    Mistake("plain list", item("- intent: a\n  examples:\n  - «x\n  - y\n"), "not by Rasa", "examples: |", "note"),
    Mistake("synonyms' list", item("- synonym: a\n  examples:\n  - «x\n"), "not by Rasa", "examples: |", "note"),
    Mistake("two intents", example("- «First words!"), "first words", "one of the two", "error"),
    Mistake("no words", example("- «?!"), "no words", "leave it out", "warning"),
]


def _name(mistake: Mistake) -> str:
    return mistake.name


def found(folder: Path, text: str | bytes) -> tuple[Finding, ...]:
    (folder / "nlu").mkdir(exist_ok=True)
    (folder / "nlu/x.yml").write_bytes(text if isinstance(text, bytes) else text.encode())
    try:
        return read_workspace(folder).doubts
    except TrainingDataError as error:
        return error.findings


@pytest.mark.parametrize("mistake", MISTAKES, ids=_name)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, mistake: Mistake) -> None:
    before, _, behind = mistake.text.partition("«")
    place = ("nlu/x.yml", before.count("\n") + 1, len(before) - before.rfind("\n"))
    (finding,) = found(tmp_path, before + behind)
    assert mistake.says in finding.text
    assert mistake.mend in finding.mend
    assert finding.severity == mistake.severity
    assert (finding.file, finding.line, finding.column) == place


@pytest.mark.parametrize("mistake", MISTAKES, ids=_name)
def test_lines_count_alike_whatever_ends_them(tmp_path: Path, mistake: Mistake) -> None:
    before, _, behind = mistake.text.partition("«")
    (finding,) = found(tmp_path, b"\xef\xbb\xbf" + (before + behind).replace("\n", "\r\n").encode())
    assert finding.line == before.count("\n") + 1


def test_a_file_that_is_not_utf_8(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, b"nlu:\n- intent: \xff\n")
    assert (finding.line, finding.mend) == (2, "save the file as UTF-8")


@pytest.mark.parametrize("text", ["", "nlu:\n", "nlu:\n- intent: a\n  examples: |\n    - x\n"])
def test_too_little_to_learn_from(tmp_path: Path, text: str) -> None:
    (finding,) = found(tmp_path, text)
    assert "two intents" in finding.text


def test_data_that_lie_where_rasa_has_them_are_pointed_to(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data/nlu.yml").write_text(f"nlu:\n{WHOLE}")
    (finding,) = found(tmp_path, "")
    assert "data/nlu.yml" in finding.mend


def test_files_that_nobody_reads_are_told(tmp_path: Path) -> None:
    (tmp_path / "nlu/more").mkdir(parents=True)
    (tmp_path / "nlu/tests").mkdir()
    for name in ("more/a.yml", "tests/held.yml", "old.md", "README.md", "old.json"):
        (tmp_path / "nlu" / name).write_text("")
    doubts = found(tmp_path, f"nlu:\n{WHOLE}")
    assert [doubt.file for doubt in doubts] == ["nlu/more", "nlu/old.json", "nlu/old.md"]


def test_every_mistake_is_told(tmp_path: Path) -> None:
    text = (
        "nul: 1\nnlu:\n- intent: a\n- regex: r\n  examples: |\n    - [\n  colour: 1\n- itent: b\n  examples: |\n    c\n"
    )
    assert [finding.line for finding in found(tmp_path, text)] == [1, 3, 6, 7, 8, 10]


def test_many_references_to_one_list_do_not_become_many_examples(tmp_path: Path) -> None:
    text = "nlu:\n- intent: a\n  examples: &all\n" + "".join(f"  - text: x{n}\n" for n in range(2000))
    text += "".join(f"- {{intent: i{n}, examples: *all}}\n" for n in range(200))
    assert "more than 200000 examples" in found(tmp_path, text)[-1].text


@pytest.mark.parametrize("text", ["[" * 5000, "nlu: " + "[" * 5000, "nlu:\n- &a [*a]\n", "a: &a {b: *a}\n"])
def test_nesting_without_end_is_a_finding(tmp_path: Path, text: str) -> None:
    assert found(tmp_path, text)


def test_comments_make_no_examples(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, f"nlu:\n{WHOLE}- intent: a\n  examples: |\n    # - x\n")
    assert (finding.severity, finding.text) == ("error", "intent a has no examples")


@pytest.mark.parametrize("place", ["old.md", "old.json", "data/nlu.yml", "nlu/faq.yaml"])
def test_data_in_a_form_or_folder_that_is_not_read_are_told_where_there_are_no_others(
    tmp_path: Path, place: str
) -> None:
    """As `cp -r data my-bot/nlu` leaves them where there is a folder nlu already."""
    (tmp_path / "nlu" / place).parent.mkdir(parents=True)
    (tmp_path / "nlu" / place).write_text(f"nlu:\n{WHOLE}")
    with pytest.raises(TrainingDataError) as refused:
        read_workspace(tmp_path)
    assert [finding.file for finding in refused.value.findings] == ["nlu", "nlu/" + place.partition("/")[0]]
