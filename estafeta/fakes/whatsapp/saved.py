"""The stand-in's world in a file, so that a restarted demo goes on where it was."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import fields
from pathlib import Path
from typing import Literal

from estafeta.fakes.common import saved
from estafeta.fakes.whatsapp.fake import FakeWhatsApp
from estafeta.fakes.whatsapp.world import Account, Chat, Media, Number, User


class State(saved.State):
    messenger: Literal["whatsapp"] = "whatsapp"
    counter: int
    moved: float
    """Seconds by which the stand-in's clock has been put on."""
    accounts: list[Account]
    numbers: list[Number]
    users: list[User]
    chats: list[Chat]
    media: list[Media]


@contextlib.asynccontextmanager
async def lasting(fake: FakeWhatsApp, path: Path) -> AsyncIterator[FakeWhatsApp]:
    """Runs `fake` with the world that `path` holds, and keeps it there. The webhook is not kept: whoever runs the
    bot names its address again. Raises ValueError when the file is something else."""
    if (state := saved.load(path, State)) is not None:
        _restore(fake, state)
    async with fake, saved.kept(fake, path, lambda: _state_of(fake)):
        yield fake


def _state_of(fake: FakeWhatsApp) -> State:
    world = fake.world
    return State(
        counter=world.counter,
        moved=fake.clock.moved,
        accounts=list(world.accounts.values()),
        numbers=list(world.numbers.values()),
        users=list(world.users.values()),
        chats=list(world.chats.values()),
        media=list(world.media.values()),
    )


def _restore(fake: FakeWhatsApp, state: State) -> None:
    world = fake.world
    world.counter, fake.clock.moved = state.counter, state.moved
    world.accounts = {account.id: account for account in state.accounts}
    world.numbers = {number.id: number for number in state.numbers}
    fake.account, fake.number = state.accounts[0], state.numbers[0]
    people = [_same(fake.person(user.name).user, user) for user in state.users]
    world.users = {user.user_id: user for user in people}
    world.phones = {user.phone: user for user in people}
    world.chats = {(chat.number, chat.user): chat for chat in state.chats}
    world.places = {message: chat for chat in state.chats for message in chat.messages}
    world.media = {media.id: media for media in state.media}


def _same(person: User, saved_one: User) -> User:
    """The stand-in's own object for this name, made to be who it was."""
    for one in fields(User):
        setattr(person, one.name, getattr(saved_one, one.name))
    return person
