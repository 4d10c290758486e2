"""Every mistake is found in its line, with words that say how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import loader
from flows.loader import Finding, WorkspaceError
from tests.flows.mistakes import CONTENT, OTHERS, SHOWING, YAML, Seeded, flow, split
from tests.flows.world import BOT, HOURS, NLU, PAYMENT, write

FLOWS = [
    Seeded("unknown key in a step", flow("  - ask: city\n    say: Куда?\n    «expct: city\n"), "expct", '"expect"'),
    Seeded(
        "unknown key in a flow", "«flwo: order\nflow: x\nstart: {command: x}\nsteps: [{say: a}]\n", "flwo", '"flow"'
    ),
    Seeded("unknown key in start", flow("  - say: a\n", "start: {«intnet: order_status}"), "intnet", '"intent"'),
    Seeded("misspelt kind of step", flow("  - «sya: Привет\n"), '"sya"', '"say"'),
    Seeded("step of no kind", flow("  - «name: empty\n"), "does nothing", "say"),
    Seeded("step that is a word", flow("  - «hello\n"), "expected a step", "say"),
    Seeded("missing question", flow("  - «ask: city\n"), '"say" is missing', "say:"),
    Seeded("missing steps", "«flow: order\nstart: {intent: order_status}\n", '"steps" is missing', "steps:"),
    Seeded("steps that are no list", flow("").replace("steps:\n", "steps: «hello\n"), "list of steps", '"- "'),
    Seeded("a number for a text", flow("  - say: «15\n"), "expected a text", '"15"'),
    Seeded("a list for a number", flow("  - {ask: city, say: a, attempts: «[2]}\n"), "whole number"),
    Seeded("too many attempts", flow("  - {ask: city, say: a, attempts: «99}\n"), "20 or less"),
    Seeded("a word for true", flow("  - say: a\n", "always: «maybe\nstart: {command: x}"), "true or false"),
    Seeded("twice the same key", flow("  - say: a\n    «say: b\n"), "twice, first in line 4", "keep one"),
    Seeded("half of a character", flow('  - say: «"\\ud83d {{ open }}"\n'), "half of a character", "itself"),
    Seeded("half of a character in a name", flow('  - {say: a, name: «"\\ud83d"}\n'), "half of a character"),
    Seeded("no number", flow("  - set: {a: «.nan}\n"), "no number", "quotes"),
    Seeded("a number too big", flow("  - set: {a: «99999999999999999999}\n"), "too big", "quotes"),
    Seeded("nothing where a text is wanted", flow("  - name: a\n    «say:\n"), "expected a text"),
    Seeded("no texts", flow("  - say: «[]\n"), "is empty", "at least 1"),
    Seeded("a text without words", flow("  - say: {ru: Да, en: «' '}\n"), "no words", "remove the step"),
    Seeded("a question without words", flow("  - {ask: city, «say: ''}\n  - say: a\n"), "no words"),
    Seeded("a handoff of nothing", flow("  - «handoff:\n"), "reason, skill, summary", "{}"),
    Seeded("a misspelt case", flow("  - choose: [{«whn: open, do: [{say: a}]}]\n"), "whn", '"when"'),
    Seeded("a tag", flow("  - say: «!!python/name:os.system x\n"), "tag", "leave it out"),
    Seeded("a merge key", flow("  - say: a\n    «<<: {name: x}\n"), "plain word", "write the keys out"),
    Seeded("endless reference", flow("  - say: «&a [*a]\n"), "itself", "write it out"),
    Seeded("unknown intent", flow("  - say: a\n", "start: {intent: «order_statsu}"), "order_statsu", '"order_status"'),
    Seeded("unknown entity", flow("  - {ask: n, say: a, expect: «order_numbr}\n"), "order_numbr", '"order_number"'),
    Seeded("a misspelt kind of answer", flow("  - {ask: n, say: a, expect: «dat}\n"), "no kind of answer", '"date"'),
    Seeded("unknown action", flow("  - {call: «lokup, with: {number: 1}}\n"), "lokup", '"lookup"'),
    Seeded("missing argument", flow("  - {call: «lookup}\n"), 'needs "number"', "slots.number"),
    Seeded("useless argument", flow("  - {call: lookup, with: {number: 1, «colour: 2}}\n"), "colour", "", "warning"),
    Seeded("unknown skill", flow("  - handoff: {skill: «delivry}\n"), "delivry", '"delivery"'),
    Seeded(
        "unknown skill of a button",
        flow("  - {say: a, buttons: [{text: b, handoff: {skill: «generl}}]}\n"),
        "generl",
        '"general"',
    ),
    Seeded("unknown reason", flow("  - handoff: {reason: «because}\n"), "because", "user_request"),
    Seeded("unknown flow", flow("  - flow: «paymnt\n"), "paymnt", '"payment"'),
    Seeded(
        "unknown flow of a button", flow("  - {say: a, buttons: [{text: b, flow: «paymet}]}\n"), "paymet", '"payment"'
    ),
    Seeded(
        "a button of two meanings", flow("  - {say: a, buttons: [«{text: b, flow: payment, handoff: {}}]}\n"), "either"
    ),
    Seeded("unknown step", flow("  - {ask: city, say: a}\n  - goto: «cty\n"), "cty", '"city"'),
    Seeded("two steps of one name", flow("  - {ask: city, say: a}\n  - {ask: «city, say: b}\n"), "two steps", "name:"),
    Seeded("unknown slot", flow('  - {ask: city, say: a}\n  - say: «"{{ slots.ctiy }}"\n'), "ctiy", '"city"'),
    Seeded(
        "unknown name",
        flow("  - {ask: city, say: a}\n  - say:\n      ru: a\n      en: «'{{ cty }}'\n"),
        "cty",
        '"city"',
    ),
    Seeded("unknown part of customer", flow("  - say: «'{{ customer.nme }}'\n"), "nme", '"name"'),
    Seeded(
        "unknown name in a condition",
        flow("  - choose: [{when: «ordr == 1, do: [{say: a}]}]\n  - set: {order: 1}\n"),
        "ordr",
        '"order"',
    ),
    Seeded("broken template", flow("  - say: «'{{ slots.city '\n"), "template", "Jinja2"),
    Seeded("broken condition", flow("  - choose: [{when: «'1 ==', do: [{say: a}]}]\n"), "template", "Jinja2"),
    Seeded("condition in braces", flow("  - choose: [{when: «'{{ open }}', do: [{say: a}]}]\n"), "template"),
    Seeded("unknown filter", flow("  - say: «'{{ bot.name|uper }}'\n"), "uper", "Jinja2"),
    Seeded("a closed attribute", flow("  - say: «'{{ bot.__class__ }}'\n"), "__class__"),
    Seeded("a name that means else", flow("  - {ask: «customer, say: a}\n"), "customer", "another name"),
    Seeded("a name with a space", flow("  - {ask: «order number, say: a}\n"), "order number", "order_number"),
    Seeded("language not listed", flow("  - say: {ru: a, «ne: b, en: c}\n"), '"ne"', "en"),
    Seeded("missing translation", flow("  - say: «{ru: Привет}\n"), "no translation into en", "add en", "warning"),
    Seeded(
        "otherwise not last",
        flow("  - «choose: [{otherwise: [{say: a}]}, {when: open, do: [{say: b}]}]\n"),
        "comes last",
    ),
    Seeded("unreachable step", flow("  - end: true\n  - «say: never\n"), "nothing leads", "remove", "warning"),
    Seeded("endless loop", flow("  - {say: a, name: top}\n  - goto: «top\n"), "never waits", "ask"),
    Seeded(
        "loop of calls",
        flow("  - call: lookup\n    with: {number: 1}\n    name: top\n    on_error: [{goto: «top}]\n"),
        "never waits",
    ),
    Seeded("flow that runs itself", flow("  - flow: «order\n"), "without waiting"),
    Seeded("flow that nothing starts", "flow: «order\nsteps: [{say: a}]\n", "nothing starts", "start:", "warning"),
    Seeded("intent of two flows", flow("  - say: a\n", "start: {intent: [order_status, «payment]}"), "already"),
    Seeded("command of two flows", flow("  - say: a\n", "start: {command: «pay}"), "already", "another command"),
    Seeded("command of the greeting", flow("  - say: a\n", "start: {command: «start}"), "greeting"),
]

BOTS = [
    Seeded(
        "missing phrase",
        BOT.replace("  stuck: {ru: Сломалось, en: Broke}\n", "").replace("  greeting", "  «greeting"),
        '"stuck" is missing',
        "stuck:",
    ),
    Seeded("unknown phrase", BOT.replace("  taken:", "  «taken_by: {ru: a, en: b}\n  taken:"), "taken_by", '"taken"'),
    Seeded(
        "unknown name in a phrase",
        BOT.replace('«"Ответим', "").replace('"Ответим {{ opens_at }}."', "«'{{ opens_a }}'"),
        '"opens_a"',
        '"opens_at"',
    ),
    Seeded("a region in small letters", f"{BOT}region: «us\n", '"us" is no country', '"US"'),
    Seeded("a region by another name", f"{BOT}region: «UK\n", '"UK" is no country', '"GB"'),
    Seeded("no region", f"{BOT}region: «Texas\n", '"Texas" is no country', "two letters"),
    Seeded("a number for a region", f"{BOT}region: «7\n", "expected a text"),
    Seeded("a misspelt region", f"{BOT}«regoin: US\n", "regoin", '"region"'),
    Seeded("confidence over one", BOT.replace("confidence: 0.5", "confidence: «5"), "1 or less"),
    Seeded("unknown method", BOT.replace("method: POST", "method: «PSOT"), "GET"),
    Seeded("unknown key of an action", BOT.replace("    method: POST", "    «metod: POST"), "metod", '"method"'),
    Seeded(
        "unset variable",
        BOT.replace('url: "{{ vars.SHOP }}/orders"', "url: «'{{ vars.SHP }}/orders'"),
        "SHP",
        '"SHOP"',
        "warning",
    ),
    Seeded("no language code", BOT.replace("languages: [ru, en]", "languages: «[русский]"), "русский", "ru"),
]

HOUR = [
    Seeded(
        "no times",
        HOURS.replace('["09:00-18:00"]', "«all day"),
        "times like 09:00-18:00",
    ),
    Seeded(
        "no time",
        HOURS.replace('["09:00-18:00"]', '«["9-18"]'),
        "times like 09:00-18:00",
    ),
    Seeded("no day", HOURS.replace("    mon-fri", "    «mon-fry"), "mon-fry", "daily"),
    Seeded("no zone", HOURS.replace("Europe/Moscow", "«Europe/Moskow"), "Moskow", "Europe/Moscow"),
    Seeded("no skill", HOURS + "  «delivry: {daily: []}\n", "delivry", '"delivery"'),
    Seeded(
        "overlap",
        HOURS.replace('["09:00-18:00"]', '«["09:00-18:00", "17:00-19:00"]'),
        "overlap",
    ),
]

NLUS = [
    Seeded(
        "intent that nothing answers",
        NLU + "- intent: «weather\n  examples: |\n    - rain\n",
        "weather",
        "start:",
        "warning",
    ),
    Seeded(
        "broken pattern",
        NLU.replace("  examples: |\n    - \\d{6}", "  examples: «|\n    - (\\d{6}"),
        "regular expression",
    ),
    Seeded("no block", NLU + "- «intnt: x\n", "expected an intent"),
]


def _found(path: Path, seeded: Seeded, file: str, line: int, column: int) -> None:
    _, findings = loader.find(path, SHOWING)
    there = [finding for finding in findings if (finding.file, finding.line, finding.column) == (file, line, column)]
    assert any(
        seeded.what in finding.what
        and seeded.mend in f"{finding.what}; {finding.mend}"
        and finding.severity == seeded.severity
        for finding in there
    ), f"{line}:{column} wanted: {seeded}\nfound: " + "\n".join(map(str, findings))


def _name(seeded: Seeded) -> str:
    return seeded.name


@pytest.mark.parametrize("seeded", [*FLOWS, *YAML], ids=_name)
def test_a_mistake_in_aflow(tmp_path: Path, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    _found(write(tmp_path, {"a-payment": PAYMENT, "order": text}), seeded, "flows/order.yml", line, column)


@pytest.mark.parametrize("seeded", BOTS, ids=_name)
def test_a_mistake_in_bot_yml(tmp_path: Path, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    _found(write(tmp_path, {"payment": PAYMENT}, bot=text), seeded, "bot.yml", line, column)


@pytest.mark.parametrize("seeded", HOUR, ids=_name)
def test_a_mistake_in_hours_yml(tmp_path: Path, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    _found(write(tmp_path, {"payment": PAYMENT}, hours=text), seeded, "hours.yml", line, column)


@pytest.mark.parametrize("seeded", NLUS, ids=_name)
def test_a_mistake_in_training_data(tmp_path: Path, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    _found(write(tmp_path, {"payment": PAYMENT}, nlu=text), seeded, "nlu/data.yml", line, column)


@pytest.mark.parametrize("seeded", CONTENT, ids=_name)
def test_a_mistake_in_the_content(tmp_path: Path, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    flows = {name: other for name, other in seeded.besides.items() if "." not in name}
    path = write(tmp_path, {"a-payment": PAYMENT, **flows, "order": text})
    for name, other in seeded.besides.items():
        if "." in name:
            (path / name).write_text(other, encoding="utf-8")
    _found(path, seeded, "flows/order.yml", line, column)


@pytest.mark.parametrize(("file", "seeded"), OTHERS, ids=[seeded.name for _, seeded in OTHERS])
def test_a_mistake_in_another_file(tmp_path: Path, file: str, seeded: Seeded) -> None:
    text, line, column = split(seeded.text)
    path = write(tmp_path, {"payment": PAYMENT})
    (path / file).write_text(text, encoding="utf-8")
    _found(path, seeded, file, line, column)


def test_so_many_kinds_of_mistakes_are_seeded() -> None:
    kinds = [seeded.name for seeded in (*FLOWS, *YAML, *BOTS, *HOUR, *NLUS, *CONTENT, *(other for _, other in OTHERS))]
    assert len(set(kinds)) == len(kinds)
    assert len(kinds) >= 170


def test_columns_count_from_one(tmp_path: Path) -> None:
    _, findings = loader.find(write(tmp_path, {"order": flow("  - ask: city\n    say: a\n    expct: text\n")}))
    assert Finding("flows/order.yml", 6, 5, "error", 'unknown key "expct"', 'did you mean "expect"?') in findings


def test_all_mistakes_of_all_files_come_in_one_pass(tmp_path: Path) -> None:
    broken = flow("  - ask: city\n    say: 5\n    expct: text\n  - sya: b\n")
    bot = BOT.replace("confidence: 0.5", "confidence: 5")
    _, findings = loader.find(write(tmp_path, {"order": broken}, bot=bot, hours=HOURS.replace("mon-fri", "mon-fry")))
    assert {(finding.file, finding.line) for finding in findings} >= {
        ("bot.yml", 6), ("flows/order.yml", 5), ("flows/order.yml", 6), ("flows/order.yml", 7), ("hours.yml", 4),
    }  # fmt: skip


def test_load_refuses_with_every_finding_in_its_words(tmp_path: Path) -> None:
    path = write(tmp_path, {"order": flow("  - sya: b\n"), "other": flow("  - flow: nowhere\n")})
    with pytest.raises(WorkspaceError, match=r"has 2 mistakes:\n.*order\.yml:4:5: error: .*did you mean") as caught:
        loader.load(path)
    assert len([finding for finding in caught.value.findings if finding.severity == "error"]) == 2


def test_warnings_do_not_keep_a_workspace_from_running(tmp_path: Path) -> None:
    path = write(tmp_path, {"order": flow("  - say: {ru: Привет}\n")})
    found, findings = loader.find(path)
    assert found is not None
    assert findings
    assert loader.load(path).languages == ("ru", "en")


@pytest.mark.parametrize("name", ["bot.yml", "hours.yml"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (write(tmp_path, {"payment": PAYMENT}) / name).unlink()
    found, findings = loader.find(tmp_path)
    assert found is None
    assert any(finding.file == name and "missing" in finding.what for finding in findings)


def test_no_folder_is_one_finding(tmp_path: Path) -> None:
    found, findings = loader.find(tmp_path / "nowhere")
    assert found is None
    assert "no folder" in findings[0].what


def test_an_empty_file_says_what_it_needs(tmp_path: Path) -> None:
    _, findings = loader.find(write(tmp_path, {"payment": PAYMENT, "order": "# nothing yet\n"}))
    assert any(finding.file == "flows/order.yml" and "empty" in finding.what for finding in findings)


def test_a_file_that_is_no_utf8_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, {"payment": PAYMENT})
    (tmp_path / "flows" / "order.yml").write_bytes("flow: заказ".encode("cp1251"))
    _, findings = loader.find(tmp_path)
    assert any("UTF-8" in finding.what for finding in findings)


def test_a_bomb_of_references_is_stopped(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    _, findings = loader.find(write(tmp_path, {"payment": PAYMENT, "order": "\n".join(lines)}))
    assert any("too much" in finding.what for finding in findings)


@pytest.mark.parametrize("text", ["[" * 5000, "a: " + "{a: " * 3000, "%YAML 9", "\x00", "- \x85\x80", "? [a]\n: b"])
def test_nonsense_is_a_finding_not_a_crash(tmp_path: Path, text: str) -> None:
    found, findings = loader.find(write(tmp_path, {"payment": PAYMENT, "order": text}))
    assert found is None
    assert any(finding.file == "flows/order.yml" for finding in findings)


def test_where_there_is_no_training_data_its_names_are_doubted_only(tmp_path: Path) -> None:
    found, findings = loader.find(
        write(tmp_path, {"order": flow("  - {ask: a, say: b, expect: zip}\n  - say: c\n")}, nlu="")
    )
    assert found is not None
    assert [(one.what, one.line, one.severity) for one in findings] == [
        ('no training data for the intent "order_status"', 2, "warning"),
        ('"zip" is no kind of answer, and no entity of the training data', 4, "warning"),
    ]


def _all_found(path: Path) -> set[tuple[str, str]]:
    """The file and the sentence of everything found."""
    return {(item.file, item.what) for item in loader.find(path, SHOWING)[1]}


SEVERAL = flow(
    "  - {ask: city, say: {ru: Куда?, en: Where?}}\n  - say: {ru: Да}\n  - goto: cty\n"
    "  - {handoff: {skill: general}}\n  - {call: lookup, with: {number: 1}}\n",
    "start: {intent: order_statsu}",
)


@pytest.mark.parametrize("bot", ["name: [\n", BOT.replace("languages:", "langages:"), "", "- a\n"])
def test_a_broken_bot_file_hides_no_mistake_of_a_flow_and_makes_none(tmp_path: Path, bot: str) -> None:
    found = {
        what
        for file, what in _all_found(write(tmp_path, {"order": SEVERAL, "payment": PAYMENT}, bot=bot))
        if file != "bot.yml"
    }
    assert {
        'no training data for the intent "order_statsu"',
        'there is no step "cty" in this flow',
        "no translation into en",
    } <= found
    assert not any("skill" in what or "action" in what or "languages of" in what for what in found)


@pytest.mark.parametrize("name", ["store", "f1"])
@pytest.mark.parametrize("broken", ["flow: store\nsteps: [\n", "flow: store\nsteps: [{name: a}]\n"])
def test_what_a_broken_flow_may_define_is_not_called_unknown(tmp_path: Path, name: str, broken: str) -> None:
    steps = '  - flow: store\n  - {say: "{{ slots.shop }}", buttons: [{text: a, flow: store}]}\n  - flow: stroe\n'
    found = _all_found(write(tmp_path, {"order": flow(steps), name: broken}))
    assert {what for file, what in found if file != f"flows/{name}.yml"} == {'there is no flow "stroe"'}


def test_broken_training_data_makes_no_intent_or_entity_unknown(tmp_path: Path) -> None:
    path = write(tmp_path, {"order": flow("  - {ask: n, say: a, expect: colour}\n", "start: {intent: paint}")})
    (path / "nlu" / "more.yml").write_text("nlu: [\n", encoding="utf-8")
    assert not any("no training data" in what for _, what in _all_found(path))


def test_a_missing_folder_is_one_sentence_without_a_place(tmp_path: Path) -> None:
    findings = loader.find(tmp_path / "nosuch")[1]
    assert [item.line for item in findings] == [0]
    assert str(findings[0]).startswith("error: there is no folder")


@pytest.mark.parametrize(
    ("file", "mend"),
    [
        ("bot.yaml", "rename it to bot.yml"),
        ("flows/gift.yaml", "rename it to gift.yml"),
        ("flows/tests/gift.yaml", "rename it to gift.yml"),
        ("flows/gifts/gift.yml", "move it into flows/ itself"),
    ],
)
def test_a_file_that_is_not_read_is_told(tmp_path: Path, file: str, mend: str) -> None:
    folder = write(tmp_path, {"payment": PAYMENT})
    (folder / file).parent.mkdir(parents=True, exist_ok=True)
    (folder / file).write_text(PAYMENT.replace("payment", "gift"))
    found = [finding for finding in loader.find(folder)[1] if finding.file == file]
    assert [(one.severity, one.mend) for one in found] == [("warning", mend)]
