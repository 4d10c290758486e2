"""The menu of commands is set at the start, in each language, and nothing about it keeps a channel from starting."""

from __future__ import annotations

from bots.telegram.menu import menus
from tests.telegram.stage import eventually, staged

COMMANDS = {"ru": (("order", "Где мой заказ"), ("human", "Позвать человека")), "en": (("order", "Where my order is"),)}


async def test_each_language_gets_its_own_and_strangers_the_first() -> None:
    async with staged() as stage:
        stage.commands = COMMANDS
        async with stage.listening():
            await eventually(lambda: len(stage.fake.world.commands) == 3)
        russian = [
            {"command": "order", "description": "Где мой заказ"},
            {"command": "human", "description": "Позвать человека"},
        ]
        assert stage.fake.world.commands == {
            "all_private_chats:": russian,
            "all_private_chats:ru": russian,
            "all_private_chats:en": [{"command": "order", "description": "Where my order is"}],
        }


async def test_a_menu_waits_for_the_messenger_and_gives_way_to_a_refusal() -> None:
    async with staged() as stage:
        stage.commands = COMMANDS
        stage.fake.fail("setMyCommands", status=500, times=2)
        stage.fake.fail("setMyCommands", status=400, description="Bad Request: BOT_COMMAND_INVALID")
        async with stage.listening():
            await eventually(lambda: len(stage.fake.world.commands) == 2)
            stage.fake.private("Анна").says("раз")
            await stage.inbox.have(1)


def test_what_is_no_command_is_left_out_and_long_words_are_cut() -> None:
    [default, _] = menus({"ru": (("Order", "x"), ("заказ", "x"), ("a b", "x"), ("ok", " "), ("order", "я" * 300))})
    [command] = default.values["commands"]
    assert command["command"] == "order"
    assert len(command["description"]) == 256
    assert [len(method.values["commands"]) for method in menus({"ru": [("a", "x")] * 150})] == [100, 100]


def test_a_language_that_has_no_code_of_two_letters_counts_as_the_default_alone() -> None:
    methods = list(menus({"tok": (("a", "x"),), "en": (("a", "y"),)}))
    assert [method.values.get("language_code") for method in methods] == [None, "en"]
