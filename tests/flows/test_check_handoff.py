"""Mistakes in skills, reasons, canned replies, the lexicon and the house style are found in their line."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import loader
from flows.model import ToneFile
from tests.flows.world import BOT, HUMAN, ORDER, PAYMENT, write

FLOWS = {"order": ORDER, "payment": PAYMENT, "human": HUMAN}
SKILLS = BOT[BOT.index("skills:") : BOT.index("fallback:")]


def _told(path: Path, file: str, text: str) -> list[str]:
    """What is found in the line with the mark «."""
    line = text[: text.index("«")].count("\n") + 1
    if file != "bot.yml":
        write(path, FLOWS)
    else:
        write(path, FLOWS, bot=text.replace("«", ""))
    (path / file).write_text(text.replace("«", ""), encoding="utf-8")
    _, findings = loader.find(path)
    return [str(finding) for finding in findings if (finding.file, finding.line) == (file, line)]


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("user_request: {intents: [«humn]}", 'intent "humn"', '"human"'),
        ("user_request: {«on: false}", "cannot be switched off", "leave"),
        ("bot_down: {«on: false}", "cannot be switched off", "leave"),
        ("user_request: {phrases: {«Russian: [a]}}", "no language code", "ru"),
        ("sensitive_topic: {words: {«Russian: [a]}}", "no language code", "ru"),
        ("sensitive_topic: {intents: [«pament]}", 'intent "pament"', '"payment"'),
        ("vip: {skill: «delivry}", 'skill "delivry"', '"delivery"'),
        ("vip: {customers: [«telegram]}", "no address", "channel:account:chat"),
        ("recontact: {say: {ru: «'{{ custmer.name }}', en: a}}", '"custmer"', '"customer"'),
        ("recontact: {say: {ru: «'{{ customer.nme }}', en: a}}", '"nme"', '"name"'),
        ("recontact: {say: {ru: «'{{ customer', en: a}}", "template", "Jinja2"),
        ("recontact: {say: «{ru: Привет}}", "no translation into en", "add en"),
        ("operator_takeover: {«say: {ru: a, en: b}}", "never told", "taken"),
        ("recontact: {within: «0}", "expected 1 or more", ""),
        ("«recntact: {within: 60}", "recntact", '"recontact"'),
    ],
)
def test_mistakes_in_the_reasons(tmp_path: Path, text: str, what: str, mend: str) -> None:
    found = _told(tmp_path, "bot.yml", BOT + f"handoff:\n  reasons:\n    {text}\n")
    assert any(what in one and mend in one for one in found), found


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("skills: {general: G, delivery: {title: D, relax_to: [«genral]}}\n", 'skill "genral"', '"general"'),
        ("skills: {general: {title: G, relax_to: [«general]}}\n", "relaxes to itself", "another"),
        ("skills: {general: {title: G, intents: [«paymnt]}}\n", 'intent "paymnt"', '"payment"'),
        (
            "skills:\n  general: {title: G, intents: [payment]}\n  delivery: {title: D, intents: [«payment]}\n",
            'brought to the skill "general" already',
            "one skill",
        ),
    ],
)
def test_mistakes_in_the_skills(tmp_path: Path, text: str, what: str, mend: str) -> None:
    found = _told(tmp_path, "bot.yml", BOT.replace(SKILLS, text))
    assert any(what in one and mend in one for one in found), found


@pytest.mark.parametrize(
    ("text", "what", "mend"),
    [
        ("{ru: «'{{ custmer.name }}', en: a}", '"custmer" is not known in replies', '"customer"'),
        ("{ru: «'{{ customer.nme }}', en: a}", '"nme"', '"name"'),
        ("{ru: «'{{ slots.order_numbr }}', en: a}", '"order_numbr"', '"order_number"'),
        ("{ru: «'{{ password }}', en: a}", '"password"', "known"),
        ("{ru: a, en: «'{% set x = 1 %}'}", "template", "Jinja2"),
        ("«'{{ bot.name }}'", '"bot" is not known in replies', ""),
    ],
)
def test_mistakes_in_the_replies(tmp_path: Path, text: str, what: str, mend: str) -> None:
    found = _told(tmp_path, "replies.yml", f"replies:\n  - name: a\n    text: {text}\n")
    assert any(what in one and mend in one for one in found), found


def test_what_replies_may_read(tmp_path: Path) -> None:
    names = (
        "{{ customer.name }} {{ slots.order_number }} {{ order.number }} {{ operator }} {{ ticket.id }} {{ now.year }}"
    )
    write(tmp_path, FLOWS)
    (tmp_path / "replies.yml").write_text(f"replies: [{{name: a, text: '{names}'}}]\n", encoding="utf-8")
    _, findings = loader.find(tmp_path)
    assert [str(finding) for finding in findings if finding.file == "replies.yml"] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("words: {«Russian: {a: 1}}\n", "no language code"),
        ("words: {ru: {a: «11}}\n", "10 or less"),
        ("words: {ru: {a: «-11}}\n", "-10 or more"),
        ("«capitls: 2\n", "capitls"),
    ],
)
def test_mistakes_in_the_lexicon(tmp_path: Path, text: str, what: str) -> None:
    found = _told(tmp_path, "sentiment.yml", text)
    assert any(what in one for one in found), found


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("address: «вас\n", "вы, ты or any"),
        ("address: вы\nbanned: {«Russian: [a]}\n", "no language code"),
        ("address: вы\nbanned: {ru: [«'!!!']}\n", "a word or a phrase"),
        ("address: вы\nbanned: {ru: [«'*']}\n", "a word or a phrase"),
        ("address: вы\nbanned: {ru: «чушь}\n", "a list"),
        ("address: вы\n«capitls: true\n", '"capitals"'),
    ],
)
def test_mistakes_in_the_house_style(tmp_path: Path, text: str, what: str) -> None:
    found = _told(tmp_path, "tone.yml", text)
    assert any(what in one for one in found), found


def test_without_a_house_style_there_is_the_usual_one(tmp_path: Path) -> None:
    write(tmp_path, FLOWS)
    assert loader.load(tmp_path).tone == ToneFile()
    (tmp_path / "tone.yml").write_text("{address: any, banned: {}}\n", encoding="utf-8")
    assert loader.load(tmp_path).tone == ToneFile(address="any", banned={})
