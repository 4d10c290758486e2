"""The judge: a clean ledger passes, and a ledger with one defect is caught by the invariant it breaks."""

from __future__ import annotations

from pathlib import Path

import pytest

from estafeta.app.faults.invariants import WINDOW, judge, waits
from estafeta.app.faults.ledger import (
    Acknowledged,
    Called,
    Channel,
    Echoed,
    Fault,
    GaveBack,
    Ledger,
    Line,
    OperatorDid,
    Overheard,
    Refused,
    Said,
    Seen,
    Took,
    Tried,
    Wants,
)

ONE, TWO, WISH, WORD, EARS, NOTE, MOVE = (f"10001-000{n}" for n in range(1, 8))
STRANGE = "10002-0001"


def said(at: float, token: str, wants: Wants = "answer", channel: Channel = "telegram") -> list[Line]:
    """Said, and acknowledged a moment later."""
    return [
        Said(at=at, customer=10001, token=token, channel=channel, wants=wants),
        Acknowledged(at=at + 0.1, token=token),
    ]


def seen(at: float, *tokens: str, phrase: str = "", withheld: str = "") -> Seen:
    return Seen(at=at, customer=10001, message=f"m{at}", tokens=tokens, by="bot", phrase=phrase, withheld=withheld)


def overheard(at: float, *tokens: str, card: bool = False) -> Overheard:
    return Overheard(at=at, customer=10001, message=f"t{at}", tokens=tokens, card=card)


def did(at: float, token: str, deed: str) -> list[Line]:
    return [
        OperatorDid(at=at, operator="Operator 1", customer=10001, token=token, deed=deed),  # type: ignore[arg-type]
        Acknowledged(at=at + 0.1, token=token),
    ]


def clean(channel: Channel = "telegram") -> list[Line]:
    """Two answers, a wish, a person who takes it, hears the customer, notes, speaks and returns."""
    return [
        *said(1, ONE, channel=channel),
        seen(1.5, ONE),
        *said(2, TWO, channel=channel),
        seen(2.5, TWO),
        *said(3, WISH, "person", channel),
        seen(3.5, WISH, phrase="waiting"),
        overheard(3.6, ONE, TWO, WISH, card=True),
        Called(at=3.6, customer=10001, message="c"),
        *did(4, WORD, "says"),
        seen(4.4, f"{WORD}!taken", phrase="taken"),
        Took(at=4.4, customer=10001),
        seen(4.5, WORD),
        *said(5, EARS, "ears", channel),
        overheard(5.5, EARS),
        *did(6, NOTE, "note"),
        GaveBack(at=7, customer=10001),
        *did(7, MOVE, "return"),
        seen(7.5, MOVE, phrase="returned"),
    ]


def broken(lines: list[Line]) -> dict[str, int]:
    """Invariants that are broken, and how often."""
    return {one.name: one.broken for one in judge(Ledger(lines)) if one.broken}


def allowed(lines: list[Line]) -> dict[str, int]:
    return {one.name: one.allowed for one in judge(Ledger(lines)) if one.allowed}


def without(lines: list[Line], unwanted: type[Line], token: str = "") -> list[Line]:
    return [
        line
        for line in lines
        if not (isinstance(line, unwanted) and (not token or token in getattr(line, "tokens", (token,))))
    ]


@pytest.mark.parametrize("channel", ["telegram", "widget"])
def test_a_clean_run_breaks_nothing_and_tests_everything(channel: Channel) -> None:
    found = judge(Ledger(clean(channel)))
    assert [(one.name, one.broken, one.allowed) for one in found if one.broken or one.allowed] == []
    assert [one.name for one in found if not one.checked] == ["a message delivered twice is one message"]


@pytest.mark.parametrize("token", [ONE, WISH, WORD, MOVE])
def test_what_was_acknowledged_and_not_answered_is_lost(token: str) -> None:
    assert broken(without(clean(), Seen, token))["lost"] == 1


def test_words_to_a_person_that_nobody_was_shown_are_lost() -> None:
    assert broken(without(clean(), Overheard, EARS)) == {"lost": 1}


def test_what_was_never_acknowledged_is_still_the_messengers() -> None:
    lines = [*clean(), Said(at=9, customer=10001, token="10001-0009", channel="telegram", wants="answer")]
    assert broken(lines) == {}


def test_an_answer_that_misunderstood_is_none() -> None:
    lines = [*without(clean(), Seen, ONE), seen(1.5, ONE, phrase="fallback")]
    assert broken(lines)["lost"] == 1


def test_operators_words_that_they_were_told_about_are_not_lost() -> None:
    lines = [*without(clean(), Seen, WORD), Refused(at=4.6, token=WORD)]
    assert broken(lines) == {}
    assert allowed(lines) == {"lost": 1}


@pytest.mark.parametrize("channel", ["telegram", "widget"])
def test_an_answer_seen_twice_is_doubled(channel: Channel) -> None:
    assert broken([*clean(channel), seen(9, ONE)]) == {"doubled": 1}


def test_words_shown_twice_to_operators_are_doubled() -> None:
    assert broken([*clean(), overheard(9, EARS)]) == {"doubled": 1}


def test_a_card_may_quote_again() -> None:
    assert broken([*clean(), overheard(9, EARS, card=True)]) == {}


def test_a_withheld_answer_explains_a_double_in_telegram_and_never_at_the_site() -> None:
    def lines(channel: Channel) -> list[Line]:
        once = without(clean(channel), Seen, ONE)
        return [*once[:2], seen(1.5, ONE, withheld="drop_after"), seen(1.8, ONE), *once[2:]]

    assert broken(lines("telegram")) == {}
    assert allowed(lines("telegram")) == {"doubled": 1}
    assert broken(lines("widget")) == {"doubled": 1}


def test_a_kill_explains_a_double_only_within_the_window() -> None:
    def killed_at(at: float, *, repeats: bool = True) -> Ledger:
        ledger = Ledger([*clean(), seen(30, ONE)])
        ledger.fault("kill_worker", at, at, repeats=repeats)
        return ledger

    def doubled(ledger: Ledger) -> tuple[int, int]:
        one = next(one for one in judge(ledger) if one.name == "doubled")
        return one.broken, one.allowed

    assert doubled(killed_at(1.6)) == (0, 1)
    assert doubled(killed_at(1.5 + WINDOW + 0.1)) == (1, 0)
    assert doubled(killed_at(1.6, repeats=False)) == (1, 0)


def test_where_turns_took_longer_the_window_is_longer() -> None:
    def doubled(window: float) -> tuple[int, int]:
        lines: list[Line] = [*clean(), seen(30, ONE)]
        killed = Fault(at=11.0, until=11.0, kind="kill_worker", repeats=True, window=window)
        one = next(one for one in judge(Ledger([*lines, killed])) if one.name == "doubled")
        return one.broken, one.allowed

    assert doubled(0.0) == (1, 0)
    assert doubled(10.0) == (0, 1)


def test_a_webhook_delivered_twice_with_two_answers_is_caught() -> None:
    lines = [*clean(), Acknowledged(at=8, token=ONE)]
    assert broken(lines) == {}
    assert broken([*lines, seen(8.5, ONE)]) == {"doubled": 1, "a message delivered twice is one message": 1}


def test_a_customers_words_stored_twice_are_caught() -> None:
    once: list[Line] = [*clean("widget"), Echoed(at=1.2, customer=10001, token=ONE, message="e1")]
    again = Echoed(at=1.3, customer=10001, token=ONE, message="e2")
    assert broken(once) == {}
    assert broken([*once, again]) == {"a message delivered twice is one message": 1}


def test_answers_in_another_order_than_the_messages_are_caught() -> None:
    lines: list[Line] = [*said(1, ONE), *said(2, TWO), seen(3, TWO), seen(4, ONE)]
    assert broken(lines) == {"out of order": 1}


def test_a_message_that_the_messenger_brought_first_is_answered_first() -> None:
    one, two = said(1, ONE), said(1.01, TWO)
    reordered = [one[0], two[0], two[1], Acknowledged(at=1.5, token=ONE)]
    assert broken([*reordered, seen(3, TWO), seen(4, ONE)]) == {}
    assert broken([*reordered, seen(3, ONE), seen(4, TWO)]) == {"out of order": 1}


def test_an_acknowledgement_that_was_lost_does_not_make_a_message_a_later_one() -> None:
    """The second was delivered while nobody could acknowledge the first, which the product had long before."""
    one, two = said(1, ONE), said(1.2, TWO)
    lines: list[Line] = [one[0], overheard(1.1, ONE), *two, Acknowledged(at=3, token=ONE)]
    assert broken([*lines, seen(4, ONE), seen(5, TWO)]) == {}


def test_what_is_taken_from_a_queue_was_handed_over_in_the_order_it_was_said() -> None:
    """However late it is confirmed, and whatever was seen of it by then."""
    spoken = [said(1, ONE)[0], said(1.01, TWO)[0]]
    confirmed = [Acknowledged(at=9.0, token=ONE, queued=True), Acknowledged(at=9.001, token=TWO, queued=True)]
    assert broken([*spoken, seen(3, ONE), seen(4, TWO), *confirmed]) == {}
    assert broken([*spoken, seen(3, TWO), seen(4, ONE), *confirmed]) == {"out of order": 1}


def test_what_was_seen_but_never_acknowledged_is_judged_like_the_rest() -> None:
    lines = [line for line in clean("widget") if not (isinstance(line, Acknowledged) and line.token == ONE)]
    assert broken(lines) == {}
    assert broken([*lines, seen(9, ONE)]) == {"doubled": 1}
    echo = Echoed(at=8.1, customer=10001, token="10001-0009", message="e")
    words = Said(at=8, customer=10001, token="10001-0009", channel="widget", wants="answer")
    assert broken([*clean("widget"), words, echo]) == {"lost": 1}


def test_an_earlier_answer_that_comes_again_is_only_a_repeat() -> None:
    """Telegram's permitted repeat of one answer, after a newer one to the same question."""
    once: list[Line] = [*said(1, ONE), seen(1.5, ONE, phrase="hours", withheld="hang"), *said(2, TWO)]
    lines = [*once, seen(2.5, TWO, phrase="hours"), seen(3, ONE, phrase="hours")]
    assert broken(lines) == {}
    assert allowed(lines) == {"doubled": 1}


def test_that_a_living_worker_was_taken_for_dead_explains_a_double_while_it_was_silent() -> None:
    def doubled(since: float, until: float) -> tuple[int, int]:
        ledger = Ledger([*clean(), seen(30, ONE)])
        ledger.fault("taken_for_dead", since, until, repeats=True, source="log", cause="")
        one = next(one for one in judge(ledger) if one.name == "doubled")
        return one.broken, one.allowed

    assert doubled(1.0, 9.0) == (0, 1)
    assert doubled(20.0, 29.0) == (1, 0)


def test_what_the_product_may_have_had_before_a_broken_delivery_has_no_order() -> None:
    one, two = said(1, ONE), said(1.01, TWO)
    lines: list[Line] = [one[0], two[0], Tried(at=1.05, token=ONE), two[1], Acknowledged(at=1.5, token=ONE)]
    assert broken([*lines, seen(3, ONE), seen(4, TWO)]) == {}
    assert broken([*lines, seen(3, TWO), seen(4, ONE)]) == {}


def test_what_operators_see_out_of_order_is_caught() -> None:
    lines = without(clean(), Overheard, EARS)
    other = "10001-0009"
    more: list[Line] = [*said(5.3, other, "ears"), overheard(5.8, other), overheard(5.9, EARS)]
    end = next(number for number, line in enumerate(lines) if isinstance(line, GaveBack))
    assert broken([*lines[:end], *more, *lines[end:]]) == {"out of order": 1}


def test_anothers_words_in_a_chat_or_in_a_topic_are_caught() -> None:
    assert broken([*clean(), seen(9, STRANGE)]) == {"wrong recipient": 1}
    assert broken([*clean(), overheard(9, STRANGE, card=True)]) == {"wrong recipient": 1}


def test_a_note_that_a_customer_saw_is_caught() -> None:
    assert broken([*clean(), seen(9, NOTE)]) == {"a note reached a customer": 1}


def test_an_answer_of_the_bot_to_what_was_said_to_a_person_is_caught() -> None:
    assert broken([*clean(), seen(9, EARS)]) == {"bot after takeover": 1}


def test_what_was_said_before_the_takeover_was_shown_is_either_ones() -> None:
    lines = clean()
    other = "10001-0009"
    taking = next(number for number, line in enumerate(lines) if isinstance(line, Took))
    assert broken([*lines[:taking], *said(4.05, other, "either"), seen(4.3, other), *lines[taking:]]) == {}


def test_a_wish_for_a_person_that_called_nobody_is_caught() -> None:
    assert broken(without(clean(), Called)) == {"unnoticed handoff": 1}


def test_a_promise_of_a_person_that_called_nobody_is_caught() -> None:
    more: list[Line] = [*said(10, "10001-0009"), seen(10.5, "10001-0009", phrase="waiting")]
    assert broken([*clean(), *more]) == {"unnoticed handoff": 1}
    assert broken([*clean(), *more, Called(at=11, customer=10001, message="c2", reminder=True)]) == {}


def test_examples_name_the_token_and_are_few() -> None:
    lines = [*clean(), *(seen(9 + number, ONE) for number in range(9))]
    doubled = next(one for one in judge(Ledger(lines)) if one.name == "doubled")
    assert doubled.broken == 9
    assert len(doubled.examples) == 5
    assert ONE in doubled.examples[0]


def test_a_ledger_read_back_is_judged_the_same(tmp_path: Path) -> None:
    ledger = Ledger([*clean(), seen(9, ONE)])
    ledger.fault("kill_worker", 1.0, 2.0, repeats=True, target="worker-1")
    ledger.write(tmp_path / "ledger.jsonl")
    again = Ledger.read(tmp_path / "ledger.jsonl")
    assert again.lines == ledger.lines
    assert judge(again) == judge(ledger)


def test_waits_tell_how_long_answers_took() -> None:
    at, seconds = waits(Ledger(clean()))[0]
    assert (at, round(seconds, 3)) == (1.1, 0.4)
