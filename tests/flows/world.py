"""A small workspace on disk, and short words for the tests of flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from estafeta.kernel.model import Dialog, Entity, Json, Understanding
from flows import loader
from flows.interpreter import Outcome, Pressed, Resulted, Resumed, Said, Scope, advance
from flows.model import Workspace

BOT = """\
name: {ru: Лавка, en: Shop}
languages: [ru, en]
skills:
  general: {ru: Общие, en: General}
  delivery: {ru: Доставка, en: Delivery}
fallback: {confidence: 0.5, attempts: 3}
vars: {SHOP: "http://127.0.0.1:9"}
actions:
  lookup:
    url: "{{ vars.SHOP }}/orders/{{ number }}"
    headers: {Authorization: "Bearer {{ secrets.TOKEN }}"}
  create:
    method: POST
    url: "{{ vars.SHOP }}/orders"
phrases:
  greeting: {ru: "Здравствуйте, {{ customer.name }}!", en: "Hello, {{ customer.name }}!"}
  fallback: {ru: Не понял, en: Sorry}
  waiting: {ru: Зову, en: Calling}
  waiting_closed: {ru: "Ответим {{ opens_at }}.", en: "We answer {{ opens_at }}."}
  still_waiting: {ru: Ещё зову, en: Still calling}
  taken: {ru: Взяли, en: Taken}
  returned: {ru: Снова бот, en: Bot again}
  closed: {ru: Закрыли, en: Closed}
  already_waiting: {ru: Уже зову, en: Already}
  unsupported: {ru: Только текст, en: Text only}
  stuck: {ru: Сломалось, en: Broke}
  human: {ru: Человек, en: Human}
"""
HOURS = """\
timezone: Europe/Moscow
schedules:
  default:
    mon-fri: ["09:00-18:00"]
"""
NLU = """\
version: "3.1"
nlu:
- intent: order_status
  examples: |
    - where is my order
    - where is [123456](order_number)
- intent: payment
  examples: |
    - how to pay
- intent: delivery
  examples: |
    - deliver to [Москву]{"entity": "city", "value": "Москва"}
- intent: human
  examples: |
    - call a person
- regex: order_number
  examples: |
    - \\d{6}
- lookup: city
  examples: |
    - Казань
    - Тверь
"""
PAYMENT = "flow: payment\nstart: {intent: payment, command: pay}\nsteps:\n  - say: {ru: Картой, en: By card}\n"
ORDER = """\
flow: order
start: {intent: order_status, command: order}
steps:
  - ask: order_number
    say: {ru: Номер?, en: Number?}
    expect: order_number
    attempts: 1
    again: {ru: Шесть цифр., en: Six digits.}
    buttons:
      - {text: {ru: Человека, en: A person}, handoff: {skill: delivery, summary: "Номер {{ order_number }}"}}
      - {ru: "123456", en: "123456"}
  - call: lookup
    with: {number: "{{ slots.order_number }}"}
    save: order
  - choose:
      - when: order.status == "lost"
        do: [{handoff: {skill: delivery, summary: "Заказ {{ order.number }} утерян"}}, {say: С возвращением}]
      - when: order.status == "new"
        do: [{say: Новый}]
      - otherwise: [{say: "Заказ {{ order.number }}: {{ order.status }}"}]
  - say: Что-то ещё?
"""
DELIVERY = """\
flow: delivery
start: {intent: delivery}
steps:
  - {ask: city, say: Город?, expect: city}
  - say: "Везём в {{ city }}"
"""
HUMAN = """\
flow: human
start: {intent: human, command: operator}
always: true
steps: [{handoff: {reason: user_request}}]
"""
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SCOPE = Scope(language="ru", customer_name="Анна", now=NOW, open=True, seed="s1")


def write(path: Path, flows: Mapping[str, str], *, bot: str = BOT, hours: str = HOURS, nlu: str = NLU) -> Path:
    """Writes a workspace with the given flows by file name."""
    (path / "flows").mkdir(exist_ok=True, parents=True)
    (path / "nlu").mkdir(exist_ok=True)
    (path / "bot.yml").write_text(bot, encoding="utf-8")
    (path / "hours.yml").write_text(hours, encoding="utf-8")
    if nlu:
        (path / "nlu" / "data.yml").write_text(nlu, encoding="utf-8")
    for name, text in flows.items():
        (path / "flows" / f"{name}.yml").write_text(text, encoding="utf-8")
    return path


def workspace(path: Path, *flows: str) -> Workspace:
    """A loaded workspace; each flow is the text of a file."""
    return loader.load(write(path, {f"f{number}": text for number, text in enumerate(flows)}))


def meant(intent: str, /, confidence: float = 0.9, **entities: str) -> Understanding:
    found = tuple(Entity(name=name, value=value, start=0, end=1) for name, value in entities.items())
    return Understanding(intent=intent, confidence=confidence, entities=found)


def talk_about(path: Path, steps: str, *more: str, start: str = "start: {command: go}") -> Talk:
    """A talk with a flow `main` of these steps, the flow `payment`, and more."""
    return Talk(workspace(path, f"flow: main\n{start}\nsteps:\n{steps}", PAYMENT, *more))


@dataclass
class Talk:
    """A conversation with one workspace: keeps the dialog between the turns."""

    workspace: Workspace
    dialog: Dialog = Dialog()  # noqa: RUF009 - frozen
    scope: Scope = SCOPE
    last: Outcome | None = None

    def _turn(self, given: Said | Pressed | Resulted | Resumed) -> Outcome:
        self.last = advance(self.workspace, self.dialog, given, self.scope)
        self.dialog = self.last.dialog
        return self.last

    def say(self, text: str, understanding: Understanding | None = None) -> Outcome:
        return self._turn(Said(text=text, understanding=understanding))

    def start(self, intent: str, **entities: str) -> Outcome:
        return self.say(intent, meant(intent, 0.9, **entities))

    def press(self, button: str, label: str = "") -> Outcome:
        return self._turn(Pressed(button=button, label=label))

    def result(self, data: Json) -> Outcome:
        return self._turn(Resulted(ok=True, data=data, error=""))

    def failure(self) -> Outcome:
        return self._turn(Resulted(ok=False, data=None, error="down"))

    def resume(self) -> Outcome:
        return self._turn(Resumed())


def texts(outcome: Outcome) -> list[str]:
    return [reply.text for reply in outcome.replies]
