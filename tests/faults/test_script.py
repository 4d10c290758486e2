"""The script of a run: the same for the same seed, and such that every answer can be matched."""

from __future__ import annotations

from collections import Counter

from estafeta.app.faults import script
from estafeta.app.faults.ledger import owner
from estafeta.app.faults.script import Burst, Episode, Pair, Say


def test_a_seed_reproduces_the_script_and_another_does_not() -> None:
    assert script.write(1, 500) == script.write(1, 500)
    assert script.write(1, 500) != script.write(2, 500)


def test_customers_say_as_many_messages_as_were_asked_for() -> None:
    for messages in (1, 7, 200, 2011):
        roles = script.write(3, messages)
        assert sum(role.messages for role in roles) == messages
        assert all(role.messages == sum(script.said(act) for act in role.acts) for role in roles)


def test_a_token_is_its_customers_and_nobody_says_it_twice() -> None:
    tokens: Counter[str] = Counter()
    for role in script.write(4, 2000):
        mine = [token for act in role.acts for token in _tokens(act)]
        assert {owner(token) for token in mine} == {role.customer}
        tokens.update(mine)
    assert set(tokens.values()) == {1}


def test_most_of_it_is_the_bots_and_both_channels_are_spoken_in() -> None:
    roles = script.write(5, 4000)
    with_people = sum(script.said(act) for role in roles for act in role.acts if isinstance(act, Episode))
    assert 0.08 < with_people / 4000 < 0.3
    assert {role.channel for role in roles} == {"telegram", "widget"}


def test_a_burst_never_holds_the_same_command_twice() -> None:
    bursts = [act for role in script.write(6, 4000) for act in role.acts if isinstance(act, Burst)]
    assert bursts
    assert all(len({say.text for say in burst.says}) == len(burst.says) for burst in bursts)


def test_an_operator_begins_every_episode_and_steps_in_only_where_there_is_a_topic() -> None:
    for role in script.write(7, 4000):
        episodes = [act for act in role.acts if isinstance(act, Episode)]
        assert all(episode.turns[0].by == "operator" for episode in episodes)
        assert not episodes or episodes[0].wish is not None


def _tokens(act: script.Act) -> list[str]:
    match act:
        case Say():
            return [act.token]
        case Pair():
            return [act.first.token, act.second.token]
        case Burst():
            return [say.token for say in act.says]
        case Episode():
            asked = [say.token for say in (act.wish, act.alongside) if say is not None]
            return [*asked, *(turn.token for turn in act.turns), act.token]
