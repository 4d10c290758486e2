"""Changes to training data touch the lines that must change, and no others."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from difflib import SequenceMatcher
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlu.data import Example, read_workspace
from nlu.markup import read_markup, unmarked
from nlu.writing import EditRefused, Edits

TEXT = """\
# Orders. Kept by Anna.
version: "3.1"   # of Rasa's format

nlu:
# asked most
- intent: order_status   # the flow order-status
  examples: |  # one a line
    - where is my order
    - where is order [12345](order_number)?

    - «где мой заказ»
  # what follows is rare

- intent: 'greet'
  metadata: {author: anna}
  examples:
  - text: |
      hello there

    metadata: {mood: fine}
  - text: "good morning"   # in quotes

- intent: bye
  examples: "- goodbye"  # short
- synonym: Москва
  examples: |
    - мск
responses:
  utter_bye: [{text: bye}]
"""


def workspace(folder: Path, text: str = TEXT, name: str = "nlu.yml") -> Path:
    (folder / "nlu").mkdir(exist_ok=True)
    (folder / "nlu" / name).write_bytes(text.encode())
    return folder


def saved(folder: Path, change: Callable[[Edits], object], name: str = "nlu.yml") -> str:
    edits = Edits(folder)
    change(edits)
    edits.save()
    return (folder / "nlu" / name).read_bytes().decode()


def examples(folder: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for example in read_workspace(folder).examples:
        found.setdefault(example.intent, []).append(example.text)
    return found


# --- what is written -----------------------------------------------------------------------------


def test_an_example_goes_below_the_last_one(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add("order_status", ["where is it?"]))
    line = "    - «где мой заказ»\n"
    assert after == TEXT.replace(line, f"{line}    - where is it?\n")


def test_an_example_of_the_long_form_gets_the_long_form(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add("greet", ['say "hi"']))
    line = '  - text: "good morning"   # in quotes\n'
    assert after == TEXT.replace(line, line + '  - text: "say \\"hi\\""\n')


def test_one_text_in_quotes_becomes_lines(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add("bye", ["see you"]))
    assert after == TEXT.replace('"- goodbye"  # short\n', "|  # short\n      - goodbye\n      - see you\n")


def test_a_new_intent_goes_behind_the_last_item_with_a_blank_line_as_the_others(tmp_path: Path) -> None:
    text = TEXT.replace("- synonym", "\n- synonym")
    after = saved(workspace(tmp_path, text), lambda edits: edits.create("faq/price", ["how much is it"]))
    new = "\n- intent: faq/price\n  examples: |\n    - how much is it\n"
    assert after == text.replace("    - мск\n", f"    - мск\n{new}")


def test_a_name_that_yaml_would_take_for_something_else_gets_quotes(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.create("true", ["yes indeed"]))
    assert '- intent: "true"\n' in after


def test_the_first_intent_makes_the_file(tmp_path: Path) -> None:
    after = saved(tmp_path, lambda edits: edits.create("greet", ["hello"]))
    assert after == 'version: "3.1"\nnlu:\n  - intent: greet\n    examples: |\n      - hello\n'


def test_synonyms_are_added_to_their_value(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add_synonyms("Москва", ["МСК", "Мск", "столица", "Столица"]))
    assert after == TEXT.replace("    - мск\n", "    - мск\n    - столица\n")


def test_a_new_synonym_becomes_an_item(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add_synonyms("10", ["ten"]))
    assert after == TEXT.replace("    - мск\n", '    - мск\n- synonym: "10"\n  examples: |\n    - ten\n')


def test_a_deleted_example_takes_its_line_along(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.delete("nlu/nlu.yml", 9, "where is order 12345?"))
    assert after == TEXT.replace("    - where is order [12345](order_number)?\n", "")


def test_a_deleted_example_of_the_long_form_takes_its_metadata_along(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.delete("nlu/nlu.yml", 18, "hello there"))
    assert after == TEXT.replace("  - text: |\n      hello there\n\n    metadata: {mood: fine}\n", "")


def test_the_last_example_takes_the_intent_along(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.delete("nlu/nlu.yml", 24, "goodbye"))
    assert after == TEXT.replace('- intent: bye\n  examples: "- goodbye"  # short\n', "")


def test_a_moved_example_keeps_its_marks(tmp_path: Path) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.move("nlu/nlu.yml", 9, "where is order 12345?", "bye"))
    moved = "    - where is order [12345](order_number)?\n"
    lines = f"|  # short\n      - goodbye\n  {moved}"
    assert after == TEXT.replace(moved, "").replace('"- goodbye"  # short\n', lines)


def test_examples_go_where_their_script_is(tmp_path: Path) -> None:
    one = "nlu:\n- intent: bye\n  examples: |\n    - {}\n"
    workspace(tmp_path, one.format("пока-пока"), "ru.yml")
    workspace(tmp_path, one.format("goodbye"), "en.yml")
    edits = Edits(tmp_path)
    edits.add("bye", ["до свидания"])
    edits.add("bye", ["see you"])
    edits.create("greet", ["здравствуйте"])
    edits.save()
    assert "до свидания" in (tmp_path / "nlu/ru.yml").read_text()
    assert "здравствуйте" in (tmp_path / "nlu/ru.yml").read_text()
    assert "see you" in (tmp_path / "nlu/en.yml").read_text()


@pytest.mark.parametrize(("text", "line"), [
    ("see [this](link) and [that]{x}", "see [this] (link) and [that] {x}"),
    ("two\nlines\tand \x00 nothing\u2028more", "two lines and nothing more"),
    ("- dashed # no comment: here", "- dashed # no comment: here"),
    ("👍 emoji, “quotes” & 'more'", "👍 emoji, “quotes” & 'more'"),
])  # fmt: skip
def test_a_customers_words_are_written_as_words(tmp_path: Path, text: str, line: str) -> None:
    after = saved(workspace(tmp_path), lambda edits: edits.add("order_status", [text]))
    assert f"    - {line}\n" in after
    assert line in examples(tmp_path)["order_status"]


def test_what_is_there_already_is_not_written_again(tmp_path: Path) -> None:
    edits = Edits(workspace(tmp_path))
    assert edits.add("order_status", ["Where is my order?!", "new words", "NEW words"]) == ["new words"]
    assert edits.add("order_status", ["new words"]) == []


def test_the_difference_can_be_looked_at_first(tmp_path: Path) -> None:
    edits = Edits(workspace(tmp_path))
    assert edits.diff() == ""
    edits.add("order_status", ["where is it?"])
    changed = [line for line in edits.diff().splitlines() if line[:1] in "+-"]
    assert changed == ["--- a/nlu/nlu.yml", "+++ b/nlu/nlu.yml", "+    - where is it?"]


# --- what is refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(("change", "says"), [
    (lambda edits: edits.add("nobody", ["x"]), "There is no intent nobody"),
    (lambda edits: edits.add("bye", [" \n"]), "needs a text"),
    (lambda edits: edits.add("bye", ["?!"]), "no words"),
    (lambda edits: edits.add("bye", ["x" * 2001]), "longer than"),
    (lambda edits: edits.add("bye", ["Where is my order!"]), "order_status in nlu/nlu.yml:8"),
    (lambda edits: edits.add("bye", ["[x](y"], marked=True), "not closed"),
    (lambda edits: edits.add("bye", ["x"], file="nlu/other.yml"), "in nlu/other.yml"),
    (lambda edits: edits.create("bye", ["x"]), "already"),
    (lambda edits: edits.create("a/b/c", ["x"]), "no name"),
    (lambda edits: edits.create("new", []), "needs an example"),
    (lambda edits: edits.create("new", ["x"], file="../elsewhere.yml"), "no file of training data"),
    (lambda edits: edits.create("new", ["x"], file="nlu/../../x.yml"), "no file of training data"),
    (lambda edits: edits.delete("nlu/nlu.yml", 9, "where was my order"), "any more"),
    (lambda edits: edits.move("nlu/nlu.yml", 8, "where is my order", "nobody"), "There is no intent nobody"),
    (lambda edits: edits.move("nlu/nlu.yml", 8, "where is my order", "order_status"), "already"),
    (lambda edits: edits.move("nlu/nlu.yml", 18, "hello there", "bye"), "metadata"),
    (lambda edits: edits.add_synonyms("Тверь", ["МСК"]), "one value"),
    (lambda edits: edits.add("bye", ["to [мск](city:Тверь)"], marked=True), "stands for “Москва” already"),
    (lambda edits: edits.add("bye", ["[x](city:A)", "[X](city:B)"], marked=True), "stands for “A” already"),
])  # fmt: skip
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    tmp_path: Path, change: Callable[[Edits], object], says: str
) -> None:
    edits = Edits(workspace(tmp_path))
    with pytest.raises(EditRefused, match=says):
        change(edits)
    assert edits.diff() == ""
    assert edits.save() == []


@pytest.mark.parametrize("text", [
    "nlu: [{intent: bye, examples: '- goodbye'}]\n",
    "nlu:\n- {intent: bye, examples: '- goodbye'}\n",
    "nlu:\n- intent: bye\n  examples: ['goodbye']\n",
    "nlu:\n- intent: b\n  examples: &a\n  - text: one\n- intent: bye\n  examples: *a\n",
])  # fmt: skip
def test_braces_and_references_are_left_to_people(tmp_path: Path, text: str) -> None:
    with pytest.raises(EditRefused, match="in braces"):
        Edits(workspace(tmp_path, text)).add("bye", ["see you"])


def test_a_file_with_mistakes_is_left_to_people(tmp_path: Path) -> None:
    edits = Edits(workspace(tmp_path, TEXT.replace("responses", "resposes")))
    with pytest.raises(EditRefused, match=r"has mistakes; mend them first: nlu/nlu\.yml:28"):
        edits.add("bye", ["see you"])


def test_a_file_that_was_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    workspace(tmp_path, "nlu:\n- intent: a\n  examples: |\n    - one\n", "a.yml")
    edits = Edits(workspace(tmp_path))
    edits.add("a", ["two"])
    edits.add("bye", ["see you"])
    workspace(tmp_path, TEXT + "# somebody else\n")
    with pytest.raises(EditRefused, match=r"nlu/nlu.yml was changed meanwhile; nothing was written"):
        edits.save()
    assert "two" not in (tmp_path / "nlu/a.yml").read_text()
    assert sorted(path.name for path in (tmp_path / "nlu").iterdir()) == ["a.yml", "nlu.yml"]


def test_a_file_that_appeared_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    edits = Edits(tmp_path)
    edits.create("greet", ["hello"])
    workspace(tmp_path)
    with pytest.raises(EditRefused, match="changed meanwhile"):
        edits.save()


def test_saving_twice_writes_what_came_since(tmp_path: Path) -> None:
    edits = Edits(workspace(tmp_path))
    edits.add("bye", ["see you"])
    assert edits.save() == ["nlu/nlu.yml"]
    assert edits.save() == []
    edits.add("bye", ["so long"])
    assert edits.save() == ["nlu/nlu.yml"]
    assert examples(tmp_path)["bye"] == ["goodbye", "see you", "so long"]


def test_rights_and_links_stay(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/x.yml").write_text(TEXT)
    (tmp_path / "real/x.yml").chmod(0o640)
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu/nlu.yml").symlink_to("../real/x.yml")
    saved(tmp_path, lambda edits: edits.add("bye", ["see you"]))
    assert (tmp_path / "nlu/nlu.yml").is_symlink()
    assert "see you" in (tmp_path / "real/x.yml").read_text()
    assert stat.S_IMODE((tmp_path / "real/x.yml").stat().st_mode) == 0o640


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    edits = Edits(workspace(tmp_path))
    edits.add("bye", ["see you"])
    (tmp_path / "nlu").chmod(0o555)
    with pytest.raises(EditRefused, match="cannot be written"):
        edits.save()


# --- whatever the file looks like ----------------------------------------------------------------

WORDS = st.sampled_from(["where", "my", "заказ", "a", "#", ":", "'", '"', "[x](city)", '[y]{"entity": "z"}', "- b"])
LINES = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
BLANKS = st.sampled_from(["", "\n", "# a comment\n", "  # further in\n", "\n\n"])


@st.composite
def files(draw: st.DrawFn) -> str:
    """A file with intents in all forms, comments and blank lines anywhere."""
    count, text = 0, draw(BLANKS) + draw(st.sampled_from(["", 'version: "3.1"\n'])) + "nlu:\n"
    pad = draw(st.sampled_from(["", "  ", "    "]))
    for number in range(draw(st.integers(1, 4))):
        gap = draw(st.sampled_from([" ", "   "]))
        text += draw(BLANKS) + f"{pad}-{gap}intent: {draw(st.sampled_from('xyz'))}{number}\n"
        inner = f"{pad} {gap}"
        lines = []
        for _ in range(draw(st.integers(1, 3))):
            count += 1
            lines.append(f"{draw(LINES)} word{'abcdefghijklm'[count]}")
        form = draw(st.sampled_from(["lines", "list", "plain"]))
        if form == "lines":
            text += f"{inner}examples: |{draw(st.sampled_from(['', '-', '+', '  # c']))}\n"
            text += "".join(f"{inner}  - {line}\n{draw(st.sampled_from(['', chr(10)]))}" for line in lines)
        elif form == "list":
            text += f"{inner}examples:\n" + "".join(f"{inner}- text: |\n{inner}    {line}\n" for line in lines)
        else:
            quoted = lines[0].replace("'", "''")
            text += f"{inner}examples: '- {quoted}'{draw(st.sampled_from(['', ' # c']))}\n"
    text += draw(BLANKS)
    text = draw(st.sampled_from([text, text.rstrip("\n"), text + "responses: {}\n"]))
    return draw(st.sampled_from([text, text.replace("\n", "\r\n"), "\ufeff" + text]))


def _all(folder: Path) -> list[tuple[str, str]]:
    edits = Edits(folder)
    return [(block.name, each.text) for _, block, each in edits._examples()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=files(), data=st.data())
def test_untouched_lines_stay_byte_by_byte(tmp_path: Path, text: str, data: st.DataObject) -> None:
    workspace(tmp_path, text)
    before = _all(tmp_path)
    edits = Edits(tmp_path)
    _, block, chosen = data.draw(st.sampled_from(list(edits._examples())))
    others = sorted({name for name, _ in before} - {block.name})
    kinds = ["add", "create", "delete", "synonym", *(["move"] if others else [])]
    kind = data.draw(st.sampled_from(kinds))
    removed: list[tuple[str, str]] = []
    added: list[tuple[str, str]] = []
    match kind:
        case "add":
            added = [(block.name, line) for line in edits.add(block.name, ["brand new", "«ещё» одно: # да"])]
        case "create":
            added = [("fresh", line) for line in edits.create("fresh", ["brand new"])]
        case "synonym":
            edits.add_synonyms("Тверь", ["твери"])
        case "delete":
            edits.delete("nlu/nlu.yml", chosen.line, chosen.text)
            removed = [(block.name, chosen.text)]
        case "move":
            edits.move("nlu/nlu.yml", chosen.line, chosen.text, others[0])
            added, removed = [(others[0], chosen.text)], [(block.name, chosen.text)]
    edits.save()
    after = (tmp_path / "nlu/nlu.yml").read_bytes().decode()
    assert sorted(_all(tmp_path)) == sorted([*(one for one in before if one not in removed), *added])
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    touched = [
        line for tag, first, last, _, _ in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if tag in ("replace", "delete") for line in old[first:last]
    ]  # fmt: skip
    rewritten = any(" '- " in line for line in touched)
    if kind in ("add", "create", "synonym") and not rewritten:
        # Only the last line of the file may change, which gets an ending.
        assert touched in ([], [old[-1]])
        assert not touched or not touched[0].endswith("\n")
    elif kind == "delete" and not rewritten and len([one for one in before if one[0] == block.name]) > 1:
        assert all(chosen.text in line or "text: |" in line or not line.strip() for line in touched)
    assert ("\r\n" in text) == ("\r\n" in after) or "\n" not in after


PLAIN = st.text(alphabet="ab [](){}:\"'яё,\\", max_size=30)


@given(PLAIN)
def test_plain_words_are_never_read_as_marks(text: str) -> None:
    assert read_markup(unmarked(text)) == (unmarked(text), ())


def test_example_knows_its_metadata(tmp_path: Path) -> None:
    found: list[Example] = [each for each in read_workspace(workspace(tmp_path)).examples if each.intent == "greet"]
    assert [dict(each.metadata) for each in found] == [
        {"intent": {"author": "anna"}, "example": {"mood": "fine"}}, {"intent": {"author": "anna"}},
    ]  # fmt: skip
