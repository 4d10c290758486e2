"""What is doubtful in training data is found where it is, and what is fine is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from nlu.check import FEW_EXAMPLES, Dialogs, check
from nlu.data import Finding, TrainingDataError, read_workspace
from tests.conftest import DEMO

GREET = "- intent: greet\n  examples: |\n" + "".join(
    f"    - {text}\n" for text in ("hello", "hi there", "good morning", "hey you", "greetings", "good to see you")
)
ORDER = "- intent: order\n  examples: |\n" + "".join(
    f"    - {text}\n"
    for text in ("where is my order", "status of my parcel", "track it", "has it been shipped", "it has not come yet")
)
HEAD = f'version: "3.1"\nnlu:\n{GREET}{ORDER}'
LINES = HEAD.count("\n")


def found(folder: Path, more: str, dialogs: Dialogs | None = None) -> list[Finding]:
    (folder / "nlu").mkdir(exist_ok=True)
    (folder / "nlu/x.yml").write_text(HEAD + more)
    return check(read_workspace(folder), dialogs)


def only(findings: list[Finding], rule: str, line: int, severity: str = "warning") -> Finding:
    assert [(finding.rule, finding.line, finding.severity) for finding in findings] == [(rule, line, severity)]
    return findings[0]


def test_good_data_have_no_findings(tmp_path: Path) -> None:
    assert found(tmp_path, "") == []


def test_the_same_text_in_two_intents_is_an_error_whatever_its_case(tmp_path: Path) -> None:
    finding = only(found(tmp_path, "    - Hi there!!\n"), "contradiction", LINES + 1, "error")
    assert finding.text == "“Hi there!!” is an example of order here and, as “hi there”, of greet in nlu/x.yml:6"


def test_nearly_the_same_text_in_two_intents(tmp_path: Path) -> None:
    more = ORDER.replace("intent: order", "intent: delivery").replace("where is my order", "where is my order pls")
    finding = found(
        tmp_path, more.replace("\n    - status of my parcel", "").replace("track it", "bring it home today")
    )
    told = [each for each in finding if each.rule == "nearly-the-same"]
    assert "“where is my order”" in told[0].text
    assert told[0].line == LINES + 3


def test_what_the_other_examples_teach_is_no_finding(tmp_path: Path) -> None:
    yes = ["agreed", "I agree to that", "I agree completely", "yes I agree with you", "fine", "right"]
    no = ["not agreed", "I do not agree to that", "I do not agree completely", "not now", "not at all", "no I do not"]
    more = "".join(
        f"- intent: {name}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts)
        for name, texts in (("affirm", yes), ("deny", no))
    )
    assert found(tmp_path, more) == []


def test_a_mistyped_word_makes_no_difference(tmp_path: Path) -> None:
    more = (
        "    - tell me when the courier comes\n- intent: parcel\n  examples: |\n    - tell me when the curier comes\n"
    )
    only(found(tmp_path, more + "    - x\n    - y\n    - z\n    - w\n"), "nearly-the-same", LINES + 4)


def test_too_few_examples(tmp_path: Path) -> None:
    few = "- intent: few\n  examples: |\n    - one of a kind\n    - One of a kind!\n"
    findings = found(tmp_path, few)
    assert [finding.rule for finding in findings] == ["few-examples", "repeated"]
    assert findings[0].text == "few has 1 different example"


def test_an_intent_with_far_too_many(tmp_path: Path) -> None:
    many = "".join(f"    - {chr(97 + n % 26)}{chr(97 + n // 26)} thing\n" for n in range(10 * FEW_EXAMPLES + 60))
    only(found(tmp_path, f"- intent: many\n  examples: |\n{many}"), "lopsided", LINES + 1)


def test_an_example_that_says_what_another_one_says(tmp_path: Path) -> None:
    only(found(tmp_path, "    - track it.\n    - TRACK it\n"), "repeated", LINES + 1, "note")


def test_numbers_that_differ_are_not_the_same(tmp_path: Path) -> None:
    assert found(tmp_path, "    - order 100123\n    - order 100124\n") == []


def test_an_example_longer_than_what_is_read(tmp_path: Path) -> None:
    only(found(tmp_path, f"    - {'very ' * 101} long\n"), "too-long", LINES + 1)


def test_letters_of_the_wrong_keyboard(tmp_path: Path) -> None:
    finding = only(found(tmp_path, "    - какой cтатус\n"), "two-alphabets", LINES + 1)
    assert (finding.text.endswith(": c"), finding.mend) == (True, "write статус")
    only(found(tmp_path, "    - что с pаrcel\n"), "two-alphabets", LINES + 1)
    assert found(tmp_path, "    - мой IT отдел и мой sms-код\n    - смsка\n") == []


def test_an_entity_marked_too_seldom(tmp_path: Path) -> None:
    finding = only(found(tmp_path, "    - parcel to [Tver](city)\n"), "few-marks", LINES + 1)
    assert "lookup: city" in finding.mend
    assert found(tmp_path, "    - parcel to [Tver](city)\n- lookup: city\n  examples: |\n    - Tver\n") == []


def test_an_entity_that_is_nearly_another(tmp_path: Path) -> None:
    marked = "".join(f"    - parcel to [{name}](city)\n" for name in ("Tver", "Omsk", "Ufa"))
    finding = only(found(tmp_path, f"{marked}    - to [Perm](ctiy) please\n"), "few-marks", LINES + 4)
    assert finding.mend.startswith("did you mean city?")


@pytest.mark.parametrize(
    ("name", "meant"), [("phone_number", "did you mean phone-number?"), ("order_number", "mark it")]
)
def test_only_what_is_nearly_a_ready_made_name_is_taken_for_one(tmp_path: Path, name: str, meant: str) -> None:
    finding = only(found(tmp_path, f"    - look at [100234]({name}) please\n"), "few-marks", LINES + 1)
    assert finding.mend.startswith(meant)


def test_a_mark_with_a_space_in_it(tmp_path: Path) -> None:
    lookup = "- lookup: city\n  examples: |\n    - Tver\n"
    only(found(tmp_path, f"    - parcel to [Tver] (city)\n{lookup}"), "nearly-marked", LINES + 1)
    assert found(tmp_path, f"    - see [1] (below)\n{lookup}") == []


def test_synonyms_that_lead_nowhere(tmp_path: Path) -> None:
    synonym = "- synonym: Tver\n  examples: |\n    - kalinin\n"
    only(found(tmp_path, synonym), "unused-synonym", LINES + 1)
    assert found(tmp_path, synonym + "- lookup: city\n  examples: |\n    - tver\n") == []
    assert found(tmp_path, synonym + "- regex: city\n  examples: |\n    - kal\\w{1,9}\n") == []


def test_a_synonym_of_a_synonym(tmp_path: Path) -> None:
    lookup = "- lookup: city\n  examples: |\n    - Tver\n    - Kalinin\n"
    chain = "- synonym: Kalinin\n  examples: |\n    - kln\n- synonym: Tver\n  examples: |\n    - kalinin\n"
    finding = only(found(tmp_path, lookup + chain), "synonym-of-synonym", LINES + 5)
    assert finding.mend.endswith("let “kln” stand for “Tver”")


def test_a_synonym_of_itself(tmp_path: Path) -> None:
    lookup = "- lookup: city\n  examples: |\n    - Tver\n"
    findings = found(tmp_path, lookup + "- synonym: Tver\n  examples: |\n    - Tver\n")
    assert [(finding.text, finding.line) for finding in findings] == [("“Tver” stands for itself", LINES + 6)]


# --- what the dialogs need -----------------------------------------------------------------------


def test_an_intent_that_nothing_answers(tmp_path: Path) -> None:
    dialogs = Dialogs(answered={"greet"}, expected={})
    finding = only(found(tmp_path, "", dialogs), "unanswered", LINES - 6)
    assert finding.mend == "add a flow with start: {intent: order}"
    assert found(tmp_path, "", Dialogs(answered={"greet", "order"}, expected={})) == []


def test_not_understanding_needs_no_answer(tmp_path: Path) -> None:
    other = ORDER.replace("intent: order", "intent: out_of_scope").replace("my", "the moon's").replace("it", "a comet")
    findings = found(tmp_path, other, Dialogs(answered={"greet", "order"}, expected={}))
    assert "unanswered" not in {finding.rule for finding in findings}


def test_a_response_is_not_answered_by_its_retrieval_intent(tmp_path: Path) -> None:
    (tmp_path / "nlu").mkdir()
    (tmp_path / "nlu/x.yml").write_text(HEAD.replace("intent: order", "intent: faq/order"))
    findings = check(read_workspace(tmp_path), Dialogs(answered={"greet", "faq"}, expected={}))
    assert "one with faq alone" in only(findings, "unanswered", LINES - 6).mend


def test_entities_that_nobody_asks_for_and_that_nobody_taught(tmp_path: Path) -> None:
    lookup = "- lookup: ctiy\n  examples: |\n    - Tver\n"
    dialogs = Dialogs(answered={"greet", "order"}, expected={"city": ("flows/a.yml", 7, 3)})
    undefined, unused = found(tmp_path, lookup, dialogs)
    assert (undefined.rule, undefined.file, undefined.line, undefined.severity) == (
        "undefined-entity", "flows/a.yml", 7, "error",
    )  # fmt: skip
    assert undefined.mend == "did you mean ctiy?"
    assert (unused.rule, unused.line, unused.mend) == ("unused-entity", LINES + 1, "did you mean city?")


def test_entities_that_come_ready_made_need_no_examples(tmp_path: Path) -> None:
    dialogs = Dialogs(answered={"greet", "order"}, expected={"phone-number": ("flows/a.yml", 7, 3)})
    assert found(tmp_path, "    - call me at [123](phone-number)\n", dialogs) == []
    assert found(tmp_path, "entities: [phone-number]\n", dialogs) == []
    (off,) = found(tmp_path, "", dialogs)
    assert (off.rule, off.mend) == ("undefined-entity", "switch it on: entities: [phone-number] in nlu/*.yml")


def test_a_declared_entity_that_nothing_finds(tmp_path: Path) -> None:
    (unknown,) = found(tmp_path, "entities: [phone-nunber]\n")
    assert (unknown.rule, unknown.line, unknown.mend) == ("undefined-entity", LINES + 1, "did you mean phone-number?")
    with pytest.raises(TrainingDataError, match="expected a list of entities"):
        found(tmp_path, "entities: {time: yes}\n")


# --- the whole -----------------------------------------------------------------------------------


def test_the_demo_has_no_findings() -> None:
    assert check(read_workspace(DEMO), None) == []


def test_how_far_it_is_is_told(tmp_path: Path) -> None:
    told: list[float] = []
    found(tmp_path, "")
    check(read_workspace(tmp_path), None, lambda what, share: told.append(share))
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)


def test_an_example_without_words_is_told_once(tmp_path: Path) -> None:
    findings = found(tmp_path, "    - '?!'\n    - …\n")
    assert [(finding.rule, finding.line) for finding in findings] == [("wordless", LINES + 1), ("wordless", LINES + 2)]
