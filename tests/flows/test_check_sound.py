"""No false alarms: everything that the language can say, said in odd but right ways, gives no finding."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app.check import showing
from flows import loader
from flows.flow_file import Start
from flows.steps import KINDS
from tests.conftest import DEMO, ROOT
from tests.flows.world import BOT, HUMAN, PAYMENT, write

ALL = (
    "intent: order_status",
    "command: Go",
    "button: [Поехали, {ru: Вперёд, en: Go on}]",
    "link: [promo-*, promo-may]",
    "event: [order_shipped, order-paid]",
    'schedule: {at: "09:30", days: [mon-wed, sun], tag: fan}',
)
SOUND = {
    "every kind of start at once": f"flow: a\nstart: {{{', '.join(ALL)}}}\nsteps: [{{say: Да}}]\n",
    "two starts of one hour for others": (
        'flow: a\nstart: {schedule: {at: "09:30", days: mon, tag: fan}}\nsteps: [{say: Да}]\n',
        'flow: b\nstart: {schedule: {at: "09:30", days: tue, tag: fan}}\nsteps: [{say: Да}]\n',
        'flow: c\nstart: {schedule: {at: "09:30", tag: friend}}\nsteps: [{say: Да}]\n',
    ),
    "a flow that only asks, run by another": (
        "flow: a\nstart: {command: a}\nsteps:\n  - flow: city\n  - say: 'Везём в {{ city }}'\n",
        "flow: city\nsteps: [{ask: city, say: Куда?, expect: city}]\n",
    ),
    "a flow behind a button of a question": (
        "flow: a\nstart: {command: a}\nsteps:\n"
        "  - {ask: city, say: Куда?, buttons: [{text: Сменить имя, flow: name}]}\n"
        "  - say: 'В {{ city }}, {{ nick }}'\n",
        "flow: name\nsteps: [{ask: nick, say: Как Вас называть?}]\n",
    ),
    "a menu with a way out": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - {menu: [{text: Оплата, flow: payment}, {text: Ничего}], say: Что дальше?, order: habit, again: Так что же?}\n",
    "a choice that leads where its words lead": (
        "flow: a\nstart: {command: a}\nsteps:\n"
        "  - {menu: [{text: Доставка, flow: delivery}, {text: Нет}], say: Что?}\n",
        "flow: delivery\nstart: {button: доставка}\nsteps: [{say: Везём}]\n",
    ),
    "a plain button whose words start a flow": (
        "flow: a\nstart: {command: a}\nsteps: [{say: Да, buttons: [Доставка]}]\n",
        "flow: delivery\nstart: {button: Доставка}\nsteps: [{say: Везём}]\n",
    ),
    "a question that is answered in every way": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - {ask: size, say: Размер?, expect: choice, buttons: [{text: Малый, value: S}, {text: Большой, value: L}]}\n"
    "  - {ask: age, say: Лет?, expect: number, valid: value >= 14 and age < 120, invalid: Мало, attempts: 1}\n"
    "  - {ask: mail, say: Почта?, expect: email, confirm: '{{ value }}, верно?', remember: true,\n"
    "     still: 'Ещё {{ value }}?'}\n"
    "  - {ask: day, say: Когда?, expect: date, otherwise: [{set: {day: '2026-12-31'}}], attempts: 0}\n"
    "  - {ask: sure, say: Точно?, expect: yes_no, otherwise: [{say: Жаль}, {end: all}]}\n"
    "  - choose:\n    - {when: sure, do: [{say: '{{ size }}, {{ age }}, {{ mail }}, {{ day }}'}]}\n"
    "    - otherwise: [{goto: age}]\n",
    "a loop that counts": "flow: a\nstart: {command: a}\nsteps:\n  - set: {n: 3}\n"
    "  - {ask: word, say: Слово?}\n  - set: {n: '{{ n - 1 }}'}\n"
    "  - choose: [{when: n > 0, do: [{goto: word}]}]\n  - say: Готово, {{ word }}\n",
    "memory, tags and waits": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - {remember: {city: Тверь, seen: '{{ now.date().isoformat() }}'}, for: 90d}\n"
    "  - {wait: {event: paid, for: 3d}, save: paid, otherwise: [{say: Ждём}, {end: true}]}\n"
    "  - wait: 2h\n  - wait: {until: '2026-12-31T10:00'}\n  - wait: {until: '{{ memory.seen }}T10:00'}\n"
    "  - {tag: [fan, friend]}\n  - {untag: friend}\n  - forget: seen\n  - forget: all\n"
    "  - choose: [{when: \"'fan' in customer.tags\", do: [{say: 'В {{ memory.city }}: {{ paid.sum }}'}]}]\n"
    "  - say: Да\n",
    "memory read whole": "flow: a\nstart: {command: a}\nsteps:\n  - remember: {city: Тверь}\n"
    "  - say: '{% for name in memory %}{{ name }} {% endfor %}'\n",
    "memory read by a name that a slot has": "flow: a\nstart: {command: a}\nsteps:\n  - remember: {city: Тверь, n: 1}\n"
    "  - {ask: what, say: Что вспомнить?}\n  - say: '{{ memory[what] }} {{ memory.n }}'\n",
    "a call and all its parts": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - call: create\n    with: {items: [1, {x: '{{ open }}'}], note: '{{ customer.name }}'}\n    save: whole\n"
    "    map: {number: '{{ reply.number }}', sum: '{{ reply.lines|sum(attribute=\"price\") }}'}\n"
    "    on_error: [{set: {whole: {}, number: '', sum: 0}}, {say: Не вышло}]\n"
    "  - say: ['{{ number }}, {{ sum|int }} {{ whole.state }}', 'Номер {{ number }}']\n    name: told\n",
    "words of others in one text": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - say: {ru: 'Напишите «ты мне не поможешь» или ОК. ГОСТ 2.105, НДС, A4!', en: 'Say \"stop\". It is 5 p.m.?!'}\n"
    "  - say: 'Код `ABC ABC ABC ABC!!` и https://example.com/?a=1??'\n",
    "said otherwise where it would not fit": "flow: a\nstart: {command: a}\nsteps:\n"
    f"  - say: {'Долгий рассказ. ' * 90}\n    buttons: [Да]\n    channels: {{whatsapp: Короче, vk_wall: Ещё короче}}\n",
    "buttons of all kinds": "flow: a\nstart: {command: a}\nsteps:\n"
    "  - say: Да\n    delay: 1.5\n    buttons:\n      - Просто слова\n      - {ru: По-русски, en: In English}\n"
    "      - {text: Оплата, flow: payment}\n"
    "      - {text: Человек, handoff: {skill: delivery, summary: '{{ open }}'}}\n"
    "  - handoff: {}\n  - say: С возвращением\n",
    "plural forms": "flow: a\nstart: {command: a}\nsteps:\n  - set: {n: 5}\n"
    "  - say:\n      ru: '{{ n }} {{ n|plural(\"день\", \"дня\", \"дней\") }}'\n"
    "      en: '{{ n }} {{ n|plural(\"day\", \"days\") }}'\n",
    "a flow started only by a menu": (
        "flow: a\nstart: {command: a}\nsteps: [{menu: [{text: b, flow: b}, {text: c, handoff: {}}], say: Что?}]\n",
        "flow: b\nsteps: [{say: Да}]\n",
    ),
}  # fmt: skip
NLU = 'version: "3.1"\nnlu:\n- intent: order_status\n  examples: |\n    - where is [123456](order_number)\n' \
      "- intent: payment\n  examples: |\n    - pay\n- intent: human\n  examples: |\n    - person\n" \
      "- lookup: city\n  examples: |\n    - Тверь\n"  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_what_is_right_gives_no_finding(tmp_path: Path, name: str) -> None:
    given = SOUND[name]
    flows = (given,) if isinstance(given, str) else given
    written = {f"f{number}": text for number, text in enumerate((*flows, PAYMENT, HUMAN))}
    if not any("order_status" in text for text in flows):
        written["order"] = "flow: order\nstart: {intent: order_status}\nsteps: [{say: В пути}]\n"
    _, findings = loader.find(write(tmp_path, written, nlu=NLU), showing())
    assert [str(finding) for finding in findings] == []


@pytest.mark.parametrize("kind", [*KINDS, *(f"{key}:" for key in Start.model_fields)])
def test_the_corpus_has_every_construct(kind: str) -> None:
    texts = [text for given in SOUND.values() for text in ((given,) if isinstance(given, str) else given)]
    assert any(f"{kind.removesuffix(':')}:" in text for text in texts)


@pytest.mark.parametrize("folder", [DEMO, ROOT / "estafeta/app/faults/workspace", ROOT / "tests/engine/workspace"])
def test_the_workspaces_of_the_project_have_no_mistakes_in_any_channel(folder: Path) -> None:
    _, findings = loader.find(folder, showing())
    assert [str(finding) for finding in findings] == []


def test_a_house_that_says_thou_may(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": "flow: a\nstart: {command: a}\nsteps: [{say: Напиши мне}]\n"}, nlu="", bot=BOT)
    (path / "tone.yml").write_text("address: ты\n", encoding="utf-8")
    assert [str(finding) for finding in loader.find(path, showing())[1] if finding.rule == "style"] == []
