"""Releases: the name of a content, which one a conversation gets, what differs, and when one is withdrawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from estafeta.kernel.model import (
    Address,
    Author,
    Conversation,
    ConversationId,
    Dialog,
    Entry,
    EntryId,
    Frame,
    Json,
    Media,
    Parked,
)
from flows import loader, source
from flows.publish_file import PublishRules
from flows.release import Content, Contents, among, content_for, content_of, decided_on
from flows.release_diff import as_lines, differences
from flows.trial import EVENTS, Figures, Tally, worse
from tests.flows.world import DELIVERY, NOW, ORDER, PAYMENT, workspace, write

# --- the name ------------------------------------------------------------------------------------


def test_the_name_is_made_of_what_the_files_say(tmp_path: Path) -> None:
    one = content_of(write(tmp_path / "one", {"a": PAYMENT}))
    other = content_of(write(tmp_path / "other", {"a": PAYMENT}))
    assert one.release == other.release
    assert len(one.release) == 12
    assert set(one.files) == {"bot.yml", "hours.yml", "flows/a.yml"}
    (tmp_path / "other" / "flows" / "a.yml").write_text(PAYMENT + "# a word\n")
    assert content_of(tmp_path / "other").release != one.release


def test_a_file_under_another_name_is_another_release() -> None:
    assert Content(files={"a": "bc"}).release != Content(files={"ab": "c"}).release
    assert Content(files={"a": "b"}).release == Content(files=dict(reversed([("a", "b")]))).release


def test_tests_and_media_belong_to_it_and_training_data_does_not(tmp_path: Path) -> None:
    folder = write(tmp_path, {"a": PAYMENT})
    before = content_of(folder, loader.load(folder))
    assert "order_number" in before.entities
    assert "payment" in before.intents
    (folder / "nlu" / "more.yml").write_text('nlu:\n- intent: more\n  examples: "- more"\n')
    assert content_of(folder).release == before.release
    (folder / "media").mkdir()
    (folder / "media" / "map.png").write_bytes(b"picture")
    pictured = content_of(folder)
    assert list(pictured.media) == ["map.png"]
    assert pictured.release != before.release
    (folder / "flows" / "tests").mkdir()
    (folder / "flows" / "tests" / "pay.yml").write_text("test: pay\n")
    assert "flows/tests/pay.yml" in content_of(folder).files
    assert replace(before, intents=()).release == before.release


# --- which one a conversation gets ---------------------------------------------------------------


FRAME = Frame(flow="order", version="1", step="steps.0")


def talk(name: str = "c", release: str = "") -> Conversation:
    """With a `release` it is in the middle of a flow."""
    address = Address(channel="recorder", account="test", chat=name)
    dialog = Dialog(frames=(FRAME,), release=release) if release else Dialog()
    return Conversation(id=ConversationId(name), address=address, dialog=dialog)


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    made = {name: workspace(tmp_path / name, PAYMENT) for name in ("old", "new", "tried")}
    loaded = {"old": made["old"], "tried": made["tried"]}
    return Contents(workspace=made["new"], release="new", staged="tried", share=100, loaded=loaded)


def test_a_new_talk_gets_the_release_in_service(contents: Contents) -> None:
    whole = replace(contents, staged="", share=0)
    assert content_for(talk(), whole) == ("new", contents.workspace)


def test_a_talk_stays_on_the_release_it_began_on(contents: Contents) -> None:
    for release in ("old", "new", "tried"):
        assert content_for(talk(release=release), contents) == (release, contents.of(release))


def test_what_is_not_to_be_had_gives_way_to_the_one_in_service(contents: Contents) -> None:
    assert content_for(talk(release="gone"), contents) == ("new", contents.workspace)
    assert content_for(talk(), replace(contents, loaded={})) == ("new", contents.workspace)


def test_a_share_of_the_talks_is_always_the_same(contents: Contents) -> None:
    staged = replace(contents, share=10)
    people = [talk(f"c{number}") for number in range(2000)]
    tried = {one.id for one in people if content_for(one, staged)[0] == "tried"}
    assert 140 <= len(tried) <= 260
    assert tried == {one.id for one in people if content_for(one, staged)[0] == "tried"}
    more = {one.id for one in people if content_for(one, replace(staged, share=30))[0] == "tried"}
    assert tried < more
    others = {one.id for one in people if among(one.id, "another", 10)}
    assert len(tried & others) < len(tried) / 2


@pytest.mark.parametrize(("share", "count"), [(0, 0), (100, 500)])
def test_nobody_and_everybody(share: int, count: int) -> None:
    assert sum(among(ConversationId(f"c{number}"), "r", share) for number in range(500)) == count


def test_a_talk_that_was_let_go_is_on_no_release(contents: Contents) -> None:
    over = replace(talk(), dialog=Dialog(release="old"))
    assert content_for(over, replace(contents, staged=""))[0] == "new"


def test_a_dialog_keeps_its_release_while_anything_of_it_waits() -> None:
    assert decided_on(Dialog(frames=(FRAME,)), "r").release == "r"
    assert decided_on(Dialog(parked=(Parked(frames=(FRAME,), until=NOW),), release="r"), "r").release == "r"
    assert decided_on(Dialog(release="r"), "r").release == ""


# --- what differs --------------------------------------------------------------------------------


def read(folder: Path, flows: Mapping[str, str], **files: str) -> dict[str, Any]:
    write(folder, flows, **files)
    return {name: source.read(folder / name, name).data for name in content_of(folder).files}


def lines(tmp_path: Path, before: str, after: str) -> list[str]:
    found = differences(read(tmp_path / "before", {"a": before}), read(tmp_path / "after", {"a": after}))
    return list(as_lines(found))


def test_the_same_content_differs_in_nothing(tmp_path: Path) -> None:
    assert lines(tmp_path, ORDER, "# of orders\n" + ORDER.replace("say: С возвращением", 'say: "С возвращением"')) == []


def test_a_flow_in_another_file_is_the_same_flow(tmp_path: Path) -> None:
    before = read(tmp_path / "before", {"a": ORDER, "b": PAYMENT})
    assert differences(before, read(tmp_path / "after", {"z": PAYMENT, "y": ORDER})) == ()


def test_flows_come_and_go(tmp_path: Path) -> None:
    assert lines(tmp_path, DELIVERY, PAYMENT) == [
        "flow delivery: removed", '  - ask city: "Город?"', '  - say: "Везём в {{ city }}"',
        "flow payment: added", '  + say: {"ru": "Картой", "en": "By card"}',
    ]  # fmt: skip


def test_steps_are_told_one_by_one(tmp_path: Path) -> None:
    after = (
        DELIVERY.replace("start: {intent: delivery}", "start: {intent: delivery, command: ship}")
        .replace("{ask: city, say: Город?, expect: city}", "{ask: city, say: Какой город?, expect: city, attempts: 3}")
        .replace("steps:\n", "steps:\n  - say: Минуту\n")
    )
    assert lines(tmp_path, DELIVERY, after) == [
        "flow delivery: changed",
        "  ~ start",
        '    + command: "ship"',
        "  ~ steps",
        '    + 1. say: "Минуту"',
        '    ~ 2. ask city: "Какой город?"',
        '      ~ say: "Город?" → "Какой город?"',
        "      + attempts: 3",
    ]


def test_a_step_taken_out_moves_nothing(tmp_path: Path) -> None:
    assert lines(tmp_path, DELIVERY, DELIVERY.replace("  - {ask: city, say: Город?, expect: city}\n", "")) == [
        "flow delivery: changed", "  ~ steps", '    - 1. ask city: "Город?"',
    ]  # fmt: skip


def test_what_is_inside_of_a_step_is_told_there(tmp_path: Path) -> None:
    after = ORDER.replace("do: [{say: Новый}]", "do: [{say: Совсем новый}, {tag: fresh}]")
    assert lines(tmp_path, ORDER, after) == [
        "flow order: changed",
        "  ~ steps",
        "    ~ 3. choose of 3",
        "      ~ choose",
        '        ~ when: "order.status == \\"new\\""'.replace('\\"', '"'),
        "          ~ do",
        '            ~ 1. say: "Совсем новый"',
        '              ~ say: "Новый" → "Совсем новый"',
        '            + 2. tag: "fresh"',
    ]


def test_another_kind_of_step_is_another_step(tmp_path: Path) -> None:
    found = lines(tmp_path, DELIVERY, DELIVERY.replace("- {ask: city, say: Город?, expect: city}", "- flow: delivery"))
    assert found[2:] == ['    - 1. ask city: "Город?"', '    + 1. flow: "delivery"']


def test_other_files_are_told_key_by_key(tmp_path: Path) -> None:
    before = read(tmp_path / "before", {"a": PAYMENT}, bot="name: Shop\nfallback: {confidence: 0.5}\n")
    after = read(tmp_path / "after", {"a": PAYMENT}, bot="name: Shop\nfallback: {confidence: 0.6, attempts: 1}\n")
    assert list(as_lines(differences(before, after))) == [
        "bot.yml: changed", "  ~ fallback", "    ~ confidence: 0.5 → 0.6", "    + attempts: 1",
    ]  # fmt: skip


def test_kinds_of_values_are_told_apart(tmp_path: Path) -> None:
    (found,) = differences({"bot.yml": {"a": 1, "b": "1"}}, {"bot.yml": {"a": True, "b": "1"}})
    assert found.lines == ("~ a: 1 → true",)


def test_a_file_that_is_no_yaml_is_told_by_its_text() -> None:
    before, after = "flow: [", "flow: ]"
    found = differences({"flows/a.yml": before}, {"flows/a.yml": after, "flows/b.yml": "{"})
    assert list(as_lines(found)) == [
        "flows/a.yml: changed", '  ~ "flow: [" → "flow: ]"', "flows/b.yml: added",
    ]  # fmt: skip


# --- how releases compare ------------------------------------------------------------------------

FINE = Figures(conversations=200, handoffs=20, fallbacks=10, marks=50, bad_marks=5)
RULES = PublishRules()


@pytest.mark.parametrize(
    ("staged", "why"),
    [
        (FINE, ""),
        (replace(FINE, handoffs=40), ""),  # exactly ten points more
        (replace(FINE, handoffs=41), "handed over: 20% of 200, 10% of 200"),
        (replace(FINE, marks=30, bad_marks=8), ""),  # 27 percent instead of 10: of 30 marks, that may be luck
        (replace(FINE, marks=90, bad_marks=27), "rated bad: 30% of 90, 10% of 50"),
        (replace(FINE, fallbacks=60), "not understood: 30% of 200, 5% of 200"),
        (replace(FINE, bad_marks=20), "rated bad: 40% of 50, 10% of 50"),
        (replace(FINE, disliked=31, marks=0), "thumbs-down: 16% of 200, 0% of 200"),
        (Figures(conversations=99, handoffs=99, fallbacks=99, marks=29, bad_marks=29), ""),
        (Figures(), ""),
    ],
)
def test_a_release_is_withdrawn_when_it_is_so_much_worse_and_enough_is_known(staged: Figures, why: str) -> None:
    found = worse(FINE, staged, RULES)
    assert found.startswith(why)
    assert bool(found) is bool(why)


def test_the_limits_are_the_editors_to_set() -> None:
    staged = replace(FINE, handoffs=60)
    assert worse(FINE, staged, RULES)
    assert not worse(FINE, staged, PublishRules(handoffs=25))
    assert not worse(FINE, staged, PublishRules(least=201))
    assert not worse(FINE, staged, PublishRules(watch=False))
    assert not worse(Figures(conversations=99), staged, RULES)  # nothing to compare with


def event(number: int, name: str, conversation: str, **data: Json) -> Entry:
    return Entry(
        id=EntryId(f"e{number}"), conversation=ConversationId(conversation), seq=number,
        at=NOW + timedelta(seconds=number), author=Author(kind="system"), kind="event", data={"event": name, **data},
    )  # fmt: skip


def test_each_conversation_counts_once_for_the_release_it_was_on() -> None:
    tally = Tally()
    told: list[tuple[str, str, dict[str, Json]]] = [
        ("flow", "anna", {"flow": "order", "release": "r1"}),
        ("flow", "anna", {"flow": "payment", "release": "r1"}),
        ("opened", "anna", {"reason": "flow_rule"}),
        ("opened", "anna", {"reason": "user_request", "release": "r1"}),
        ("fallback", "boris", {"release": "r2"}),
        ("fallback", "boris", {"release": "r2"}),
        ("opened", "boris", {"reason": "operator_takeover", "release": "r2"}),
        ("rated", "anna", {"about": "bot", "rating": "bad"}),
        ("rated", "anna", {"about": "person", "rating": "bad"}),
        ("rated", "boris", {"about": "bot", "rating": "fine", "release": "r2"}),
        ("rated", "vera", {"about": "bot", "rating": "bad"}),  # on which release is not known
    ]
    for number, (name, who, data) in enumerate(told):
        tally.add(event(number, name, who, **data))
    assert tally.of("r1") == Figures(conversations=1, handoffs=1, marks=1, bad_marks=1)
    assert tally.of("r2") == Figures(conversations=1, fallbacks=1, marks=1)
    assert tally.of("r3") == Figures()


def test_a_thumbs_down_counts_once_for_its_conversation_and_is_a_bad_mark() -> None:
    tally = Tally("model")
    tally.add(event(1, "flow", "anna", model="m1"))
    tally.add(event(2, "disliked", "anna"))
    tally.add(event(3, "disliked", "anna", model="m1"))
    tally.add(event(4, "flow", "boris", model="m1"))
    assert tally.of("m1") == Figures(conversations=2, disliked=1, marks=2, bad_marks=2)


def test_a_conversation_that_was_asked_back_counts() -> None:
    """Whoever turns to people after “did you mean …?” does so for what asked it."""
    tally = Tally("model")
    assert "unsure" in EVENTS
    tally.add(event(1, "unsure", "anna", between=["a", "b"], model="m1"))
    tally.add(event(2, "opened", "anna", reason="user_request"))
    tally.add(event(3, "unsure", "boris", between=["a", "b"], model="m1"))
    assert tally.of("m1") == Figures(conversations=2, handoffs=1)


def test_media_are_named_by_what_they_hold() -> None:
    one = Media(kind="photo", ref="a", name="map.png", mime="image/png", size=1)
    assert (
        Content(files={}, media={"map.png": one}).release
        != Content(files={}, media={"map.png": replace(one, ref="b")}).release
    )
