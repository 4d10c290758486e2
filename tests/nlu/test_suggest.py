"""What costs people the most is what to teach next."""

from __future__ import annotations

from nlu.data import TrainingData
from nlu.suggest import ENOUGH, Heard, suggest


def test_handoffs_cost_more_than_messages(shop: TrainingData) -> None:
    heard = [
        *[Heard(intent="greet")] * 3,
        *[Heard(intent="order_status", handed_over=True)] * 2,
        Heard(intent="thanks", handed_over=True),
    ]
    found = suggest(shop, heard, attempts=3)
    assert [(one.intent, one.cost, one.handoffs, one.messages) for one in found] == [
        ("order_status", 2.0, 2, 2), ("greet", 1.0, 0, 3), ("thanks", 1.0, 1, 1),
    ]  # fmt: skip


def test_it_says_what_to_do(shop: TrainingData) -> None:
    sizes = {name: sum(example.intent == name for example in shop.examples) for name in shop.intents}
    few = min(sizes, key=lambda name: sizes[name])
    assert sizes[few] < ENOUGH
    (found,) = suggest(shop, [Heard(intent=few)])
    assert found.text == f"Add examples to {few}: it has {sizes[few]}."
    (found,) = suggest(shop, [Heard(intent="")])
    assert "something that no intent is for" in found.text
    (found,) = suggest(shop, [Heard(intent="gone")])
    assert found.text == "gone is not in the training data any more."


def test_an_intent_that_is_confused_with_another_is_told_with_it(shop: TrainingData) -> None:
    big = TrainingData(examples=shop.examples * ENOUGH)
    heard = [Heard(intent="greet", rival="thanks"), Heard(intent="greet", rival="thanks"), Heard(intent="greet")]
    (found,) = suggest(big, heard)
    assert (found.rival, found.text) == ("thanks", "Add examples that tell greet from thanks, to both.")
    (found,) = suggest(big, heard[1:])
    assert found.rival == ""


def test_there_is_an_end_to_it(shop: TrainingData) -> None:
    heard = [Heard(intent=f"i{at}") for at in range(30)]
    assert len(suggest(shop, heard, most=7)) == 7
    assert suggest(shop, []) == []
