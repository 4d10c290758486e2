"""Which message a sentence answers: told by its stamp, or, where there is none, by what was said last."""

from __future__ import annotations

from estafeta.app.faults.ledger import tokens
from estafeta.app.faults.phrases import Answers, called

ONE, TWO = "10001-0001", "10001-0002"


def stamped(phrase: str, token: str) -> str:
    return f"[{phrase} {called(token)}] Words."


def test_to_be_called_by_a_number_is_not_to_have_said_it() -> None:
    assert tokens(f"Customer {called(ONE)}") == ()


def test_what_repeats_the_number_needs_no_stamp() -> None:
    reading = Answers().read(f"Order {ONE} is on its way.")
    assert (reading.phrase, reading.about, reading.again) == ("", (ONE,), False)


def test_an_earlier_answer_that_comes_again_is_the_earlier_ones() -> None:
    answers = Answers()
    answers.expect(ONE, "hours")
    assert answers.read(stamped("hours", ONE)).about == (ONE,)
    answers.expect(TWO, "hours")
    again = answers.read(stamped("hours", ONE))
    assert (again.about, again.again) == ((ONE,), True)
    assert answers.read(stamped("hours", TWO)).about == (TWO,)


def test_what_operators_make_the_bot_say_is_theirs_and_stays_it() -> None:
    answers = Answers()
    answers.expect("10001-0003!taken", "taken")
    assert answers.read(stamped("taken", ONE)).about == ("10001-0003!taken",)
    answers.expect("10001-0009!taken", "taken")
    again = answers.read(stamped("taken", ONE))
    assert (again.about, again.again) == (("10001-0003!taken",), True)
    assert answers.read(stamped("taken", TWO)).about == ("10001-0009!taken",)


def test_the_site_knows_no_names() -> None:
    answers = Answers()
    answers.expect(ONE, "hours")
    assert answers.read("[hours] Words.").about == (ONE,)
    assert answers.read("[terms] Words.").about == ()
    answers.expect_anything(TWO)
    assert answers.read("[fallback] Words.").about == (TWO,)


def test_a_question_asked_again_answers_nothing() -> None:
    answers = Answers()
    answers.expect(ONE, "which")
    assert answers.read(stamped("which", ONE)).about == (ONE,)
    assert answers.read(f"Order {TWO} is on its way.").about == (TWO,)
    assert answers.read(stamped("which", TWO)).about == (f"{TWO}!which",)
    answers.expect_nothing("10001-0004")
    assert answers.read(stamped("which", "10001-0004")).about == ("10001-0004!which",)


def test_what_is_said_besides_an_answer_is_none() -> None:
    reading = Answers().read(stamped("still_waiting", ONE))
    assert (reading.phrase, reading.about) == ("still_waiting", (f"{ONE}!still_waiting",))
    assert Answers().read("[still_waiting] Words.").about == ()
