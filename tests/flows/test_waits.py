"""Flows that wait for a time or an event, and those that an event, a link or a button's words start."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from estafeta.kernel.model import Json
from flows.interpreter import Happened, Linked, Outcome, Woken, advance
from tests.flows.world import NOW, PAYMENT, SCOPE, Talk, talk_about, texts, workspace

EVENT = """\
  - say: Скажу, когда отправим.
  - wait: {event: order_shipped, for: 3d}
    save: parcel
    otherwise: [{say: Пока не отправили.}, {end: true}]
  - say: "Отправили, трек {{ parcel.track }}"
"""


def _given(talk: Talk, given: Woken | Happened | Linked, after: timedelta = timedelta()) -> Outcome:
    talk.scope = replace(talk.scope, now=talk.scope.now + after)
    talk.last = advance(talk.workspace, talk.dialog, given, talk.scope)
    talk.dialog = talk.last.dialog
    return talk.last


def _happened(talk: Talk, event: str, data: Json = None, flow: str = "") -> Outcome:
    return _given(talk, Happened(event=event, data=data, flow=flow))


def test_a_flow_goes_on_when_its_time_has_come_and_not_before(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - say: Напомню.\n  - wait: 2h\n  - say: Напоминаю.\n")
    assert texts(talk.say("/go")) == ["Напомню."]
    assert [parked.until for parked in talk.dialog.parked] == [NOW + timedelta(hours=2)]
    assert not talk.dialog.frames, "the customer may talk of other things"
    assert not _given(talk, Woken(), timedelta(hours=1)).matched
    assert texts(_given(talk, Woken(), timedelta(hours=1))) == ["Напоминаю."]
    assert talk.dialog.parked == ()


def test_a_time_is_told_by_a_template_in_the_zone_of_the_workspace(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, '  - set: {at: "2026-11-23T10:00:00"}\n  - wait: {until: "{{ at }}"}\n  - say: Пора.\n')
    talk.say("/go")
    assert talk.dialog.parked[0].until == datetime.fromisoformat("2026-11-23T10:00:00+03:00")


def test_a_time_that_is_none_breaks_the_flow_off_with_a_sentence(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, '  - wait: {until: "{{ slots.at }}"}\n  - set: {at: x}\n')
    assert "no time to wait until" in talk.say("/go").error


def test_an_event_is_waited_for_and_what_it_brings_is_kept(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, EVENT)
    talk.say("/go")
    assert not _happened(talk, "order_lost").matched
    assert texts(_happened(talk, "order_shipped", {"track": "RU1"})) == ["Отправили, трек RU1"]
    assert not _happened(talk, "order_shipped", {"track": "RU1"}).matched, "nobody waits for it any more"


def test_an_event_that_does_not_happen_in_time_is_done_without(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, EVENT)
    talk.say("/go")
    assert texts(_given(talk, Woken(), timedelta(days=3))) == ["Пока не отправили."]


def test_a_flow_that_runs_another_waits_with_it(tmp_path: Path) -> None:
    inner = "flow: inner\nsteps: [{wait: 1h}, {say: внутри}]\n"
    talk = talk_about(tmp_path, "  - flow: inner\n  - say: снаружи\n", inner)
    talk.say("/go")
    assert [frame.flow for frame in talk.dialog.parked[0].frames] == ["main", "inner"]
    assert texts(_given(talk, Woken(), timedelta(hours=1))) == ["внутри", "снаружи"]


def test_what_a_flow_interrupted_goes_on_while_it_waits_and_after(tmp_path: Path) -> None:
    later = "flow: later\nstart: {command: later}\nsteps: [{wait: 1h}, {say: пора}]\n"
    talk = talk_about(tmp_path, "  - {ask: city, say: Город?}\n  - say: 'В {{ city }}'\n", later)
    talk.say("/go")
    assert texts(talk.say("/later")) == ["Город?"]
    assert texts(_given(talk, Woken(), timedelta(hours=1))) == ["пора", "Город?"]
    assert texts(talk.say("Тверь")) == ["В Тверь"]


def test_while_an_action_runs_no_flow_is_woken(tmp_path: Path) -> None:
    talk = talk_about(
        tmp_path, EVENT, "flow: look\nstart: {command: look}\nsteps:\n  - call: lookup\n    with: {number: 1}\n"
    )
    talk.say("/go")
    talk.say("/look")
    assert not _happened(talk, "order_shipped", {"track": "RU1"}).matched
    assert talk.dialog.parked


def test_an_event_a_link_and_a_buttons_words_start_flows(tmp_path: Path) -> None:
    starts = "start: {event: cart_left, link: [spring, 'promo-*'], button: {ru: Акции, en: Offers}}"
    talk = talk_about(tmp_path, "  - say: 'Повод: {{ event }}'\n", start=starts)
    assert texts(_happened(talk, "cart_left", "корзина")) == ["Повод: корзина"]
    assert texts(_given(talk, Linked(payload="promo-7"))) == ["Повод: promo-7"]
    assert texts(_given(talk, Linked(payload="spring"))) == ["Повод: spring"]
    assert not _given(talk, Linked(payload="summer")).matched
    assert talk.say("  акции ").matched
    assert talk.say("OFFERS").matched


def test_a_schedule_starts_its_flow_by_name(tmp_path: Path) -> None:
    ready = workspace(
        tmp_path,
        "flow: news\nstart: {schedule: {at: '10:00', days: mon-fri, tag: news}}\nsteps: [{say: Новости}]\n",
        PAYMENT,
    )
    times = ready.library.scheduled["news"]
    assert (times.at, times.days, times.tag) == ("10:00", (0, 1, 2, 3, 4), "news")
    assert texts(_happened(Talk(ready), "schedule", flow="news")) == ["Новости"]


def test_only_so_many_flows_wait(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - wait: 1h\n")
    for _ in range(16):
        assert not talk.say("/go").error
    assert "wait for their time already" in talk.say("/go").error


def test_of_several_that_are_due_each_gets_its_own_reply(tmp_path: Path) -> None:
    steps = "[{{wait: 1h}}, {{call: lookup, with: {{number: '{0}'}}}}, {{say: '{0} done'}}]"
    late = "flow: {0}\nstart: {{command: {0}}}\nsteps: " + steps + "\n"
    talk = talk_about(tmp_path, "  - say: x\n", late.format("a"), late.format("b"))
    talk.say("/a")
    talk.say("/b")
    talk.scope = replace(SCOPE, now=NOW + timedelta(hours=2))
    for name in ("a", "b"):
        outcome = advance(talk.workspace, talk.dialog, Woken(), talk.scope)
        assert outcome.call is not None
        assert outcome.call.arguments == {"number": name}
        talk.dialog = outcome.dialog
        assert texts(talk.result({})) == [f"{name} done"]
    assert talk.dialog.parked == ()


def test_a_called_flow_whose_wait_is_gone_from_the_content_does_not_begin_again(tmp_path: Path) -> None:
    waits, gone = ("flow: sub\nsteps: [{say: Раз}, " + step + "{say: Два}]\n" for step in ("{wait: 1h}, ", ""))
    talk = talk_about(tmp_path / "a", "  - flow: sub\n", waits)
    talk.say("/go")
    changed = talk_about(tmp_path / "b", "  - flow: sub\n", gone).workspace
    later = replace(SCOPE, now=NOW + timedelta(hours=2))
    outcome = advance(changed, talk.dialog, Woken(), later)
    assert (outcome.replies, outcome.dialog.frames, outcome.dialog.parked) == ((), (), ())


def test_a_time_that_no_clock_will_show_breaks_the_flow_off(tmp_path: Path) -> None:
    steps = "  - set: {t: '9999-12-31T23:59:59-12:00'}\n  - wait: {until: '{{ t }}'}\n  - say: Готово\n"
    assert "too far away" in talk_about(tmp_path, steps).say("/go").error
