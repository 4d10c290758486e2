"""Who is who: one person is one address, however WhatsApp names them.

WhatsApp names a person by a phone number, by a business-scoped user id ("RU.1349…"), or by both. The number may be
absent from the start, for a person with a username; it may appear or vanish later; and whoever changes it gets another
user id too (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids). So the
address is chosen once, when a person first writes, and stays: the phone number if it is told, else "u:" and the user
id. What it leads to now is remembered beside it. Three kinds of notes make that up:

- `whatsapp.ACCOUNT.person.ADDRESS`: the number and the user id of whoever has this address, as of now;
- `whatsapp.ACCOUNT.user.ID`: the address of a user id;
- `whatsapp.ACCOUNT.phone.NUMBER`: the address of a number, where that is another than the number itself.

The user id decides. A known number with another user id is another person (numbers are given away and sold on), who
gets an address of their own: better two conversations of one person than two persons in one conversation. A change of
number that WhatsApp tells of moves the notes, and the address stays.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from bots.whatsapp.fields import phone, user
from estafeta.kernel.model import Json

_KEPT = 20_000
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """As WhatsApp names somebody; false when it does not."""

    phone: str = ""
    user: str = ""

    def __bool__(self) -> bool:
        return bool(self.phone or self.user)


class Notes(Protocol):
    """Small values that outlive restarts: the store's. They raise `StoreUnavailable`."""

    async def get(self, key: str) -> Json: ...

    async def put(self, key: str, value: Json) -> None: ...


class People:
    """Those that write to one number of ours."""

    def __init__(self, account: str, notes: Notes) -> None:
        self._prefix = f"whatsapp.{account}"
        self._notes = notes
        self._known: OrderedDict[Person, str] = OrderedDict()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def chat(self, person: Person, *, writes: bool) -> str:
        """The address of a person. `writes`: the person opens a conversation, so that a new address is remembered."""
        if person.phone and person.user and person in self._known:
            return self._known[person]
        async with self._turn(person):
            chat = await self._found(person)
            if chat is None:
                if not writes:
                    return person.phone or f"u:{person.user}"
                chat = await self._welcomed(person)
            self._known[person] = chat
            if len(self._known) > _KEPT:
                self._known.popitem(last=False)
            return chat

    async def reach(self, chat: str) -> Person | None:
        """What to send to, for an address; None: it is nobody's and never was."""
        known = await self._person(chat)
        if known:
            return known
        if phone(chat):
            return Person(phone=chat)
        return Person(user=chat[2:]) if chat.startswith("u:") and user(chat[2:]) else None

    async def moved(self, before: Person, after: Person) -> None:
        """`before` is called `after` from now on. Told twice, it is so once."""
        async with self._turn(after):
            self._known.clear()
            chat = await self._found(before)
            taken = await self._found(after)
            if chat is None or (taken is not None and taken != chat):
                _log.info("whatsapp_number_changed", known=chat is not None, new_is_known=taken is not None)
                return
            old = await self._person(chat) or before
            for key in (f"user.{old.user}" if old.user else "", f"phone.{old.phone}" if old.phone else ""):
                if key:
                    await self._notes.put(f"{self._prefix}.{key}", None)
            await self._remember(chat, after)

    def _turn(self, person: Person) -> asyncio.Lock:
        """Two messages of somebody new may come at once."""
        return self._turns.setdefault(person.user or person.phone, asyncio.Lock())

    async def _found(self, person: Person) -> str | None:
        """The address that a person has already; what is new about them is noted."""
        if person.user:
            chat = await self._notes.get(f"{self._prefix}.user.{person.user}")
            if isinstance(chat, str):
                known = await self._person(chat)
                if person.phone and (known is None or known.phone != person.phone):
                    await self._remember(chat, person)
                return chat
        if not person.phone:
            return None
        pointer = await self._notes.get(f"{self._prefix}.phone.{person.phone}")
        chat = pointer if isinstance(pointer, str) else person.phone
        known = await self._person(chat)
        if known is None or known.phone != person.phone:
            return None
        if person.user and known.user and person.user != known.user:
            return None
        if person.user:
            await self._remember(chat, person)
        return chat

    async def _welcomed(self, person: Person) -> str:
        """An address that nobody has had."""
        chat = ""
        for chat in _candidates(person):
            if await self._person(chat) is None:
                break
        await self._remember(chat, person)
        return chat

    async def _person(self, chat: str) -> Person | None:
        noted = await self._notes.get(f"{self._prefix}.person.{chat}")
        if not isinstance(noted, dict):
            return None
        return Person(phone=phone(noted.get("phone")), user=user(noted.get("user")))

    async def _remember(self, chat: str, person: Person) -> None:
        """Whichever of the notes is missing after a crash, the others lead to the same address."""
        noted = {"phone": person.phone, "user": person.user}
        notes: dict[str, Json] = {f"person.{chat}": {name: value for name, value in noted.items() if value}}
        if person.phone and person.phone != chat:
            notes[f"phone.{person.phone}"] = chat
        if person.user:
            notes[f"user.{person.user}"] = chat
        await asyncio.gather(*(self._notes.put(f"{self._prefix}.{key}", value) for key, value in notes.items()))


def _candidates(person: Person) -> list[str]:
    """The best first. "p:" is for a number that was another's address, from somebody without a user id."""
    named = [f"u:{person.user}"] if person.user else []
    return [person.phone, *named, f"p:{person.phone}"] if person.phone else named
