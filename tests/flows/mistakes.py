"""Seeded mistakes of the content: what leads nowhere, does not fit, overlaps, is never said or is not said
so; and of the YAML it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from estafeta.app.check import showing

SHOWING = showing()
_NONE: Mapping[str, str] = MappingProxyType({})


class Seeded(NamedTuple):
    """A mistake, `«` standing in the text where it must be found; `besides` are other files that it needs."""

    name: str
    text: str
    what: str
    mend: str = ""
    severity: str = "error"
    besides: Mapping[str, str] = _NONE


def split(text: str) -> tuple[str, int, int]:
    """The text without its mark, and the line and column of the mark."""
    before, _, after = text.partition("«")
    return before + after, before.count("\n") + 1, len(before) - before.rfind("\n")


def flow(steps: str, start: str = "start: {intent: order_status}") -> str:
    return f"flow: order\n{start}\nsteps:\n{steps}"


def warned(
    name: str, text: str, what: str, mend: str, *, steps: bool = True, besides: Mapping[str, str] = _NONE
) -> Seeded:
    return Seeded(name, flow(text) if steps else text, what, mend, "warning", besides)


_LONG = "Очень длинный ответ. " * 260
_MANY = ", ".join(f'"{number}"' for number in range(101))
_OTHER = "flow: other\nstart: {%s}\nsteps: [{say: {ru: Да, en: Well}}]\n"
_ASK = "  - {ask: city, say: Куда?%s}\n  - say: Везём в {{ city }}\n"
_THOU = {"tone.yml": "address: ты\n"}
_ANY = {"tone.yml": "address: any\n"}
_COMPLAINTS = {"tone.yml": "complaints: {intents: [order_status]}\n"}

CONTENT = [
    # --- ends and ways
    warned("a question into silence", "  - «ask: city\n    say: Куда?\n", "a dead end", "add a say:"),
    warned(
        "a question into a silent flow",
        "  - {«ask: city, say: Куда?}\n  - flow: quiet\n",
        "a dead end",
        "add a say:",
        besides={"quiet": "flow: quiet\nsteps: [{set: {a: 1}}]\n"},
    ),
    warned(
        "a menu into silence",
        '  - «menu: [{text: Да}, {text: Нет, do: [{set: {no: true}}]}]\n    say: "Да? {{ no }}"\n',
        "a dead end",
        "add a say:",
    ),
    warned(
        "a case that was taken above",
        "  - choose: [{when: open, do: [{say: a}]}, {when: «open, do: [{say: b}]}]\n",
        "the same condition",
        "change one",
    ),
    warned(
        "a case behind one that always holds",
        "  - choose: [{when: 'true', do: [{say: a}]}, «{when: open, do: [{say: b}]}]\n",
        "always holds",
        "put it first",
    ),
    warned(
        "a case that never holds",
        "  - choose: [{when: «'false', do: [{say: a}]}, {otherwise: [{say: b}]}]\n",
        "never holds",
        "write a condition",
    ),
    warned(
        "a step behind a choice of ends",
        "  - {menu: [{text: a, do: [{end: true}]}], say: b}\n  - «say: c\n",
        "nothing leads",
        "remove it",
    ),
    Seeded(
        "a loop over a menu's neighbour",
        flow(
            "  - {set: {a: 1}, name: top}\n  - choose: [{when: a, do: [{tag: x}]}]\n  - call: lookup\n"
            "    with: {number: 1}\n  - goto: «top\n"
        ),
        "never waits",
        "put an ask",
    ),
    # --- names
    Seeded(
        "unknown skill of a menu",
        flow("  - {menu: [{text: a, handoff: {skill: «generl}}], say: b}\n"),
        "generl",
        '"general"',
    ),
    Seeded("unknown flow of a menu", flow("  - {menu: [{text: a, flow: «paymnt}], say: b}\n"), "paymnt", '"payment"'),
    Seeded("unknown channel", flow("  - {say: a, channels: {«telegran: b}}\n"), "telegran", '"telegram"'),
    Seeded("unknown file", flow("  - {say: a, media: «price.pdf}\n"), "price.pdf", "media/"),
    Seeded("no time to wait until", flow("  - wait: {until: «tomorrow}\n  - say: a\n"), "no time", "2026-12-31T10:00"),
    Seeded("no length of time", flow("  - wait: «soon\n  - say: a\n"), "length of time", "3d"),
    Seeded("a wait without an end", flow("  - wait: «{event: shipped}\n  - say: a\n"), "ends some time", "for:"),
    warned(
        "a mistyped event",
        "  - wait: {event: «order-shiped, for: 3d}\n  - say: a\n",
        "order-shiped",
        '"order_shipped"',
        besides={"other": _OTHER % "event: order_shipped"},
    ),
    warned(
        "memory of nothing",
        '  - say: «"{{ memory.ctiy }}"\n  - remember: {city: Тверь}\n  - say: "{{ memory.city }}"\n',
        "ctiy",
        '"city"',
    ),
    warned(
        "forgetting nothing",
        '  - remember: {city: Тверь}\n  - say: "{{ memory.city }}"\n  - forget: «ctiy\n',
        "ctiy",
        '"city"',
    ),
    Seeded("a list for a reason", flow("  - handoff: {reason: «[user_request]}\n"), "is no reason", "user_request"),
    # --- what never matters
    warned(
        "words that are never said again",
        _ASK % ", attempts: 0, «again: Куда же?",
        "again: is never said",
        "allow attempts",
    ),
    warned(
        "a complaint that is never said",
        _ASK % ", attempts: 0, valid: value, «invalid: Не туда",
        "invalid: is never said",
        "allow attempts",
    ),
    warned(
        "a value that nobody keeps",
        "  - {say: a, buttons: [{text: b, «value: c}]}\n",
        "nothing is chosen",
        "expect: choice",
    ),
    warned("an answer that is kept in vain", _ASK % ", «remember: 30d", "nothing ever reads it", "memory.city"),
    warned(
        "a value that is remembered in vain",
        "  - say: a\n  - remember: {«city: Тверь}\n",
        "nothing ever reads it",
        "memory.city",
    ),
    warned(
        "a habit of one choice",
        "  - {menu: [{text: a}], say: b, order: «habit}\n  - say: c\n",
        "no order",
        "leave order: out",
    ),
    # --- overlaps
    warned("words like a command", flow("  - say: a\n", "start: {button: «Pay}"), "/pay", "other words", steps=False),
    warned(
        "words like a choice",
        flow("  - say: a\n", "start: {button: «Картой}"),
        "a choice of a menu",
        "lead the choice",
        steps=False,
        besides={
            "other": "flow: other\nstart: {command: x}\nsteps:\n  - {menu: [{text: Картой}], say: Как?}\n  - say: Да\n"
        },
    ),
    Seeded(
        "a button of two flows",
        flow("  - say: a\n", "start: {button: «Да}"),
        "already",
        "another button",
        besides={"early": "flow: early\nstart: {button: [«да]}\nsteps: [{say: b}]\n".replace("«", "")},
    ),
    Seeded(
        "a link of two flows",
        flow("  - say: a\n", "start: {link: «sale}"),
        "already",
        "another link",
        besides={"early": _OTHER % "link: sale"},
    ),
    Seeded(
        "an event of two flows",
        flow("  - say: a\n", "start: {event: «paid}"),
        "already",
        "another event",
        besides={"early": _OTHER % "event: paid"},
    ),
    warned(
        "two flows at one hour",
        flow("  - say: a\n", 'start: {schedule: {at: «"09:00", days: mon, tag: fan}}'),
        "interrupts the other",
        "another time",
        steps=False,
        besides={"early": _OTHER % 'schedule: {at: "09:00", tag: fan}'},
    ),
    Seeded("no time of day", flow("  - say: a\n", "start: {schedule: {at: «9.30, tag: fan}}"), "time of day", "09:30"),
    Seeded(
        "no day of the week",
        flow("  - say: a\n", 'start: {schedule: {at: "09:30", days: «fry, tag: fan}}'),
        "no day",
        "mon-fri",
    ),
    # --- limits
    warned("a text too long", f"  - say: «{_LONG}\n", "Telegram takes 4096", "shorten it"),
    warned(
        "a text too long beside buttons",
        f"  - {{say: «{_LONG[:1200]}, buttons: [Да]}}\n",
        "WhatsApp takes 1024 in one message beside buttons",
        "channels:",
    ),
    warned(
        "a text too long in one channel",
        f"  - say: a\n    buttons: [b]\n    channels: {{whatsapp: «{_LONG[:1200]}}}\n",
        "WhatsApp takes 1024",
        "shorten it",
    ),
    warned(
        "the longer side of a choice",
        "  - {say: «'{% if open %}" + _LONG[:1200] + "{% else %}a{% endif %}', buttons: [Да]}\n",
        "WhatsApp takes 1024",
        "shorten it",
    ),
    warned(
        "a button too long", "  - {say: a, buttons: [«Показать все мои заказы]}\n", "WhatsApp shows 20", "cut there"
    ),
    warned(
        "a choice too long",
        f"  - {{menu: [{{text: «{'Д' * 201}}}, {{text: Нет}}], say: a}}\n  - say: b\n",
        "Site chat shows 200",
        "cut there",
    ),
    warned("too many buttons", f"  - {{say: a, buttons: «[{_MANY}]}}\n", "101 buttons; ", "second menu"),
    # --- style
    warned("a friend's word", "  - say: «Подожди немного\n", '"Подожди"', "«Вы»"),
    warned("a stranger's word", "  - say: «Подождите немного\n", '"Подождите"', "«ты»", besides=_THOU),
    warned("ты and Вы in one text", "  - say: «Напиши нам, и Вам ответят\n", "mixed", "choose one", besides=_ANY),
    warned("capitals", "  - say: «Внимание. МЫ ПЕРЕЕХАЛИ НА НОВЫЙ АДРЕС. Ждём\n", "shouting", "small letters"),
    warned("two marks", '  - say: «"Готово!!"\n', '"!!"', "is enough"),
    warned("a harsh word", "  - say: «Это просто чушь\n".replace("чушь", "bullshit"), "does not write", "otherwise"),
    warned("a joke in a complaint", "  - say: «Упс, исправим\n", "makes light", "soberly", besides=_COMPLAINTS),
    warned("a smile in a complaint", "  - say: «Исправим 😀\n", "makes light", "soberly", besides=_COMPLAINTS),
]

OTHERS = [
    ("tone.yml", Seeded("unknown intent of complaints", "complaints: {intents: [«order_statsu]}\n", "order_statsu",
                        '"order_status"')),
    ("tone.yml", Seeded("unknown skill of complaints", "complaints: {skills: [«generl]}\n", "generl", '"general"')),
    ("tone.yml", Seeded("unknown address", "address: «вас\n", "expected", "any")),
    ("tone.yml", Seeded("a ban of nothing", "banned: {ru: [«'...']}\n", "a word or a phrase")),
    ("replies.yml", Seeded("a reply of no text", "replies:\n  - «name: a\n", '"text" is missing', "add text:")),
    ("replies.yml", Seeded("two replies of one name", "replies: [{name: a, text: b}, {name: «a, text: c}]\n", "twice",
                           "another name")),
    ("replies.yml", Seeded("a reply that shouts", "replies: [{name: a, text: «МЫ ВАМ УЖЕ ОТВЕТИЛИ}]\n", "shouting",
                           "small letters", "warning")),
    ("sentiment.yml", Seeded("no language", "words: {«русский: {плохо: 1}}\n", "language code", "ru")),
]  # fmt: skip

YAML = [
    Seeded(
        "a space too few", flow("  - ask: city\n    say: Куда?\n   «expect: city\n"), "column 3 or 5", "line 5 begins"
    ),
    Seeded(
        "a space too many", flow("  - ask: city\n    say: Куда?\n     «expect: city\n"), "column 5", "line 5 begins"
    ),
    Seeded("a space too many at once", flow("  - ask: city\n     «say: Куда?\n"), "column 5", "ask: (column 5)"),
    Seeded("a space too few at once", flow("  - ask: city\n   «say: Куда?\n"), "column 3 or 5", "ask: (column 5)"),
    Seeded(
        "a language too far in", flow("  - say:\n      ru: а\n       «en: b\n"), "column 7", "line 5 begins (column 7)"
    ),
    Seeded("a language too far out", flow("  - say:\n      ru: а\n     «en: b\n"), "column 5 or 7", "(column 7)"),
    Seeded("an item too far in", flow("  - say: a\n    «- say: b\n"), "where keys stand", "line 4 begins (column 3)"),
    Seeded(
        "an item a space too far in", flow("  - say: a\n   «- say: b\n"), "column 3 or 5", "line 4 begins (column 3)"
    ),
    Seeded("an item too far out", flow("  - say: a\n «- say: b\n"), "column 1 or 3", "line 4 begins (column 3)"),
    Seeded("a key below a text", flow("  - say: a\n    name: b\n      «delay: 1\n"), "column 5", "line 5 begins"),
    Seeded(
        "a key of the file too far in", "flow: order\n «start: {command: x}\nsteps: [{say: a}]\n", "column 1", "line 1"
    ),
    Seeded("a step out of the list", flow("  - say: a\n«- say: b\n"), "where keys stand", "line 4 begins (column 3)"),
    Seeded(
        "a button that runs into the one above",
        flow("  - say: a\n    buttons:\n      - b\n       «- c\n"),
        "text of line 6",
        "line 6 begins (column 7)",
        "warning",
    ),
    Seeded("unclosed quote", flow('  - say: «"abc\n'), "not closed", 'put " behind'),
    Seeded("unclosed quote before another", flow('  - say: «"abc\n    again: "d"\n'), "not closed", 'put " behind'),
    Seeded(
        "a text behind a quoted one", flow('  - say: "abc" «def\n'), "goes on behind its closing", "quote the whole"
    ),
    Seeded("a tab", flow("  - say: a\n«\tbuttons: []\n"), "a tab", "spaces"),
    Seeded("a colon in a text", flow("  - say: Итого«: 5\n"), "a colon in it needs quotes", 'write "Итого: 5"'),
    Seeded("a colon in a text in brackets", flow("  - {say: Итого«: 5}\n"), "a colon in it", "quotes"),
    Seeded("unclosed bracket", flow("  - say: «[a, b\n  - end: true\n"), "not closed", "close it with ]"),
    Seeded("unclosed brace", flow("  - «{say: a, name: b\n  - end: true\n"), "not closed", "close it with }"),
    Seeded("a comma that is missing", flow('  - {say: "a" «name: b}\n'), "a comma is missing", "write a comma"),
    Seeded("a text that begins with @", flow("  - say: «@shop\n"), "begins with @", 'write "@shop"'),
    Seeded("a text that begins with %", flow("  - say: «%50\n"), "begins with %", 'write "%50"'),
    Seeded("a text in bold", flow("  - say: «**Да**\n"), "begins with *", 'write "**Да**"'),
    Seeded("a text that begins with &", flow("  - say: «& b\n"), "begins with &", 'write "& b"'),
    Seeded("a text that begins with >", flow("  - say: «> b\n"), "begins with >", 'write "> b"'),
    Seeded("a text that begins with |", flow("  - say: «|b\n"), "begins with |", 'write "|b"'),
    Seeded("a text that begins with -", flow("  - say: «- b\n"), "begins with -", 'write "- b"'),
    Seeded(
        "a text that begins with a name", flow("  - say: «{{ open }} да\n"), "begins with {", 'write "{{ open }} да"'
    ),
    Seeded("a text that is a name", flow("  - say: {«{ open }}\n"), "begins with {{", "write"),
    Seeded(
        "a list in the line of its key", "flow: order\nsteps: «- say: a\n", "a line of its own", "put - say: a into"
    ),
    Seeded("a key without a colon", flow("  - «say a\n    name: b\n"), "no colon behind say", "write say: a"),
    Seeded("a key without a colon above a quote", flow('  - «say a\n    name: "b"\n'), "no colon behind say", "say: a"),
    Seeded("a key without a space", flow("  - say:«a\n    name: b\n"), "no space behind say:", "write say: a"),
    Seeded(
        "a word without a colon", flow("  - say: a\n    «name b\n    delay: 1\n"), "no colon behind name", "name: b"
    ),
    Seeded("a line that is no key", flow("  - say: |\n      a\n    «b\n    delay: 1\n"), "no key: value", "further in"),
    Seeded("a line of a text too far out", flow("  - say: >-\n      a\n     «b\n    delay: 1\n"), "column 7", "line 5"),
    Seeded(
        "the first line of a text too far in", flow("  - say: >-\n       a\n      «b\n    delay: 1\n"), "text", "line 5"
    ),
    Seeded("a bracket that nothing opens", flow("  - say: {ru: a}«}\n"), "no bracket", "open it"),
    Seeded(
        "a list without a colon",
        flow("  - say: a\n    «otherwise [{handoff: {skill: b}}]\n"),
        "no colon behind",
        "write otherwise:",
    ),
    Seeded(
        "a language without a colon", flow('  - say:\n      «en "a: {{ b }}: c"\n'), "no colon behind en", "write en:"
    ),
    Seeded("two documents", flow("  - say: a\n«---\nflow: b\n"), "second document", "---"),
]
