"""What each step of a flow does, and what happens when one cannot be done."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from estafeta.kernel.model import Dialog, Reason
from flows.interpreter import Call, HandoffRequest, phrase
from flows.turn import FRAME_LIMIT
from tests.flows.world import DELIVERY, SCOPE, Talk, meant, talk_about, texts, workspace

# --- calls and choices ---


def _called(talk: Talk) -> Talk:
    talk.start("order_status", order_number="123456")
    return talk


@pytest.mark.parametrize(("status", "said"), [("new", "Новый"), ("sent", "Заказ 7: sent")])
def test_a_reply_is_saved_and_chosen_by(talk: Talk, status: str, said: str) -> None:
    outcome = _called(talk).result({"number": 7, "status": status})
    assert texts(outcome) == [said, "Что-то ещё?"]
    assert outcome.dialog.frames == ()
    assert outcome.dialog.slots["order"] == {"number": 7, "status": status}


def test_a_failed_call_hands_over(talk: Talk) -> None:
    assert _called(talk).failure().handoff == HandoffRequest(reason=Reason.ACTION_ERROR, skill="", summary="")
    assert talk.resume().dialog.frames == ()


def test_on_error_takes_the_place_of_handing_over(tmp_path: Path) -> None:
    steps = "  - {call: create, save: made, on_error: [{say: Не вышло}]}\n  - say: Готово\n"
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    outcome = talk.failure()
    assert (texts(outcome), outcome.dialog.frames) == (["Не вышло"], ())


def test_a_call_that_saves_nothing_lets_the_flow_go_on_after_its_error(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - {call: create, on_error: [{say: Не вышло}]}\n  - say: Готово\n")
    talk.say("/go")
    assert texts(talk.failure()) == ["Не вышло", "Готово"]


def test_words_and_presses_wait_while_a_call_runs(talk: Talk) -> None:
    dialog = _called(talk).dialog
    for outcome in (talk.start("payment"), talk.press("nothing", "123456")):
        assert not outcome.matched
        assert outcome.dialog is dialog


def test_a_late_result_changes_nothing(talk: Talk) -> None:
    outcome = talk.result({"number": 1})
    assert (outcome.dialog, outcome.replies, outcome.matched) == (Dialog(), (), True)


def test_a_choice_without_a_case_goes_on(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - choose: [{when: not open, do: [{say: Закрыто}]}]\n  - say: Открыто\n")
    assert texts(talk.say("/go")) == ["Открыто"]
    talk.scope = replace(SCOPE, open=False)
    assert texts(talk.say("/go")) == ["Закрыто", "Открыто"]


# --- the other steps ---


def test_set_and_goto_count(tmp_path: Path) -> None:
    steps = """\
  - set: {n: 0}
  - {say: "{{ n }}", name: top}
  - set: {n: "{{ n + 1 }}"}
  - choose: [{when: n < 3, do: [{goto: top}]}]
"""
    assert texts(talk_about(tmp_path, steps).say("/go")) == ["0", "1", "2"]


def test_goto_to_a_question_asks_it_again(tmp_path: Path) -> None:
    steps = """\
  - {ask: n, say: Сколько?, expect: number}
  - choose: [{when: n > 5, do: [{say: Много}, {goto: n}]}]
  - say: "Беру {{ n }}"
"""
    talk = talk_about(tmp_path, steps)
    talk.say("/go")
    assert texts(talk.say("9")) == ["Много", "Сколько?"]
    assert texts(talk.say("3")) == ["Беру 3"]


def test_end_ends_from_within(tmp_path: Path) -> None:
    steps = "  - choose: [{when: open, do: [{say: Раз}, {end: true}]}]\n  - say: Два\n"
    assert texts(talk_about(tmp_path, steps).say("/go")) == ["Раз"]


def test_end_all_lets_go_of_the_question_that_was_interrupted(tmp_path: Path) -> None:
    again = "flow: again\nstart: {command: again}\nalways: true\nsteps:\n  - say: Сначала\n  - end: all\n"
    talk = talk_about(tmp_path, "  - {ask: n, say: Сколько?, expect: number}\n  - say: Беру\n", again)
    talk.say("/go")
    assert texts(talk.say("/again")) == ["Сначала"]
    assert talk.dialog.frames == ()


def test_a_flow_runs_another_and_goes_on(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - say: До\n  - flow: delivery\n  - flow: payment\n  - say: После\n", DELIVERY)
    outcome = talk.say("/go")
    assert (texts(outcome), outcome.started) == (["До", "Город?"], ("main", "delivery"))
    assert texts(talk.say("Тверь")) == ["Везём в Тверь", "Картой", "После"]


def test_handoff_keeps_the_place_and_goes_on_after_people(talk: Talk) -> None:
    outcome = _called(talk).result({"number": 7, "status": "lost"})
    assert outcome.handoff == HandoffRequest(reason=Reason.FLOW_RULE, skill="delivery", summary="Заказ 7 утерян")
    assert texts(talk.resume()) == ["С возвращением", "Что-то ещё?"]
    assert talk.dialog.frames == ()


def test_after_people_the_open_question_is_asked_again(talk: Talk) -> None:
    talk.start("order_status")
    assert texts(talk.resume()) == ["Номер?"]
    talk.say("человека", meant("human"))
    assert texts(talk.resume()) == ["Номер?"]


def test_after_people_with_nothing_open_there_is_nothing_to_say(talk: Talk) -> None:
    outcome = talk.resume()
    assert (outcome.matched, outcome.replies, outcome.handoff) == (True, (), None)


def test_a_call_that_people_came_between_is_made_again_if_it_only_reads(talk: Talk) -> None:
    assert _called(talk).resume().call == Call(action="lookup", arguments={"number": "123456"})


def test_a_call_that_people_came_between_is_not_made_twice_if_it_changes_something(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - call: create\n")
    talk.say("/go")
    outcome = talk.resume()
    assert (outcome.call, outcome.handoff is not None) == (None, True)


def test_variants_are_chosen_by_the_seed(tmp_path: Path) -> None:
    talk = talk_about(tmp_path, "  - say: [один, {ru: два, en: two}, три]\n")
    said = set()
    for number in range(40):
        talk.scope = replace(SCOPE, seed=str(number))
        first = texts(talk.say("/go"))
        assert texts(talk.say("/go")) == first
        said.update(first)
    assert said == {"один", "два", "три"}


def test_now_is_the_time_where_people_work(tmp_path: Path) -> None:
    assert texts(talk_about(tmp_path, "  - say: \"{{ now.strftime('%H:%M') }}\"\n").say("/go")) == ["15:00"]


def test_a_text_that_comes_out_empty_is_not_said(tmp_path: Path) -> None:
    assert texts(talk_about(tmp_path, "  - say: '{% if not open %}Закрыто{% endif %}'\n  - say: Да\n").say("/go")) == [
        "Да"
    ]


def test_a_customer_without_a_name_is_greeted_without_a_hole(talk: Talk) -> None:
    assert phrase(talk.workspace, "greeting", "ru", customer={"name": ""}) == "Здравствуйте!"
    assert phrase(talk.workspace, "greeting", "en", customer={"name": "Ann"}) == "Hello, Ann!"
    assert phrase(talk.workspace, "greeting", "fr") == "Здравствуйте!"
    assert phrase(talk.workspace, "waiting_closed", "ru", opens_at="завтра в 9:00") == "Ответим завтра в 9:00."


# --- what breaks off ---


@pytest.mark.parametrize(
    "steps",
    [
        "  - say: Раз\n  - say: '{{ 1 / 0 }}'\n",
        "  - choose: [{when: slots.n > 1, do: [{set: {n: 1}}]}]\n",
        "  - set: {n: '{{ 2 ** 100 }}'}\n",
        "  - handoff: {summary: \"{{ 'x' * 99999 }}\"}\n",
        '  - {say: a, buttons: ["{{ 1 // 0 }}"]}\n',
    ],
)
def test_a_template_that_fails_breaks_the_flow_off(tmp_path: Path, steps: str) -> None:
    outcome = talk_about(tmp_path, steps).say("/go")
    assert outcome.error
    assert (outcome.matched, outcome.replies, outcome.call, outcome.handoff) == (True, (), None, None)
    assert outcome.dialog.frames == ()


def test_only_the_flow_that_broke_off_is_dropped(tmp_path: Path) -> None:
    broken = "flow: broken\nstart: {command: broken}\nsteps: [{say: '{{ 1 / 0 }}'}]\n"
    talk = talk_about(tmp_path, "  - {ask: n, say: Сколько?, expect: number}\n  - say: '{{ n }}'\n", broken)
    talk.say("/go")
    assert [frame.flow for frame in talk.say("/broken").dialog.frames] == ["main"]
    assert texts(talk.resume()) == ["Сколько?"]


def test_a_loop_is_stopped(tmp_path: Path) -> None:
    steps = "  - {set: {n: 1}, name: top}\n  - choose: [{when: n == 1, do: [{say: a}, {goto: top}]}]\n"
    outcome = talk_about(tmp_path, steps).say("/go")
    assert "200 steps" in outcome.error
    assert outcome.replies == ()


def test_flows_that_run_each_other_too_deep_are_stopped(tmp_path: Path) -> None:
    flows = [
        f"flow: f{number}\nstart: {{command: f{number}}}\nsteps: [{{flow: f{number + 1}}}]\n" for number in range(20)
    ]
    talk = Talk(workspace(tmp_path, *flows, "flow: f20\nsteps: [{say: Дно}]\n"))
    assert f"{FRAME_LIMIT} deep" in talk.say("/f0").error
    assert texts(talk.say("/f10")) == ["Дно"]


def test_many_open_questions_forget_the_oldest(tmp_path: Path) -> None:
    flows = [
        f"flow: f{n}\nstart: {{command: f{n}}}\nsteps: [{{ask: s{n}, say: 'Вопрос {n}', expect: number}}]\n"
        for n in range(20)
    ]
    talk = Talk(workspace(tmp_path, *flows))
    for number in range(20):
        assert texts(talk.say(f"/f{number}")) == [f"Вопрос {number}"]
    assert [frame.flow for frame in talk.dialog.frames] == [f"f{number}" for number in range(4, 20)]
