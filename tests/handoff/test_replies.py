"""Canned replies: found by words, filled in for one customer, and never half."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from estafeta.kernel.model import Address, Conversation, Customer, Dialog, Reason, Ticket, TicketId
from flows.model import CannedReply, LocalText, Workspace
from handoff import replies

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOME = Address(channel="widget", account="main", chat="1")


def reply(name: str, ru: str, en: str = "") -> CannedReply:
    return CannedReply(name=name, text=LocalText({"ru": ru, "en": en or ru}))


def filled(workspace: Workspace, source: str, **more: Any) -> str:
    who = Conversation(id=HOME.conversation, address=HOME, **more)
    known = replies.values(who, "Анна", workspace, NOON)
    return replies.filled(reply("x", source), replies.language_of(who, workspace), workspace.default_language, known)


def test_words_are_one_whatever_their_ending() -> None:
    assert replies.stems("Заказ, ЗАКАЗА; заказом!") == {"заказ"}
    assert replies.stems("Ёлка") == replies.stems("елка")


def test_all_words_must_stand_in_a_reply_and_its_name_comes_first() -> None:
    here = (reply("delay", "Заказ задержался"), reply("заказ", "Здравствуйте"), reply("lost", "Потеряли", "Lost order"))
    assert [one.name for one in replies.search(here, "заказы", "ru", "ru")] == ["заказ", "delay"]
    assert [one.name for one in replies.search(here, "задержка заказа", "ru", "ru")] == ["delay"]
    assert [one.name for one in replies.search(here, "order", "en", "ru")] == ["lost"]
    assert [one.name for one in replies.search(here, "", "ru", "ru")] == ["delay", "заказ", "lost"]
    assert replies.search(here, "слон", "ru", "ru") == []


def test_a_name_is_exact_but_for_capitals() -> None:
    here = (reply("delay", "a"),)
    assert replies.exact(here, " Delay ") is here[0]
    assert replies.exact(here, "dela") is None


def test_a_reply_names_what_is_known(demo_workspace: Workspace) -> None:
    ticket = Ticket(
        id=TicketId("t1"), reason=Reason.USER_REQUEST, skill="delivery", opened_at=NOON, request="Где?", tags=("vip",)
    )
    about = {"customer": Customer(name="Вера", language="ru"), "ticket": ticket, "dialog": Dialog(slots={"n": 7})}
    assert filled(demo_workspace, "{{ customer.name }}. {{ slots.n }} {{ n }}", **about) == "Вера. 7 7"
    title = demo_workspace.skills["delivery"].title.pick("ru", "ru")
    assert filled(demo_workspace, "{{ ticket.skill }}: {{ ticket.request }} {{ ticket.tags }}", **about) == (
        f"{title}: Где? vip"
    )
    assert filled(demo_workspace, "{{ now.hour }}", **about) == str(NOON.astimezone(demo_workspace.hours.zone).hour)
    english = replace(about["customer"], language="en")  # type: ignore[type-var]
    assert filled(demo_workspace, "{{ ticket.skill }}", **{**about, "customer": english}) == (
        demo_workspace.skills["delivery"].title.pick("en", "ru")
    )


def test_who_answers_is_named_only_where_customers_are_to_read_it(demo_workspace: Workspace) -> None:
    words = "Здравствуйте!{% if operator %} Меня зовут {{ operator }}.{% endif %}"
    assert filled(demo_workspace, words) == "Здравствуйте!"
    bot = demo_workspace.bot
    named = bot.model_copy(update={"handoff": bot.handoff.model_copy(update={"names": True})})
    assert filled(replace(demo_workspace, bot=named), words) == "Здравствуйте! Меня зовут Анна."


def test_without_a_ticket_or_a_name_nothing_is_left_of_them(demo_workspace: Workspace) -> None:
    assert filled(demo_workspace, "Здравствуйте, {{ customer.name }}! {{ ticket.request }}") == "Здравствуйте!"


@pytest.mark.parametrize(
    "source",
    [
        "{{ customer.__class__ }}", "{{ ''.__class__.__mro__ }}", "{{ slots.__init__ }}", "{{ 1 / 0 }}", "{{", "",
        "{{ ticket.request }}", "{{ customer.name.oops() }}", "{% for a in range(9) %}{% for b in a %}{% endfor %}",
    ],
)  # fmt: skip
def test_what_cannot_be_filled_says_so(demo_workspace: Workspace, source: str) -> None:
    with pytest.raises(replies.NotFilled):
        filled(demo_workspace, source)
