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

WhatsApp waits meanwhile. So what may be noted about a person is read at once, and when somebody new gets their own
number, the message is stored while the notes are: the webhook is acknowledged after both. Should a crash lose the
notes, WhatsApp sends the webhook again, and the same address is chosen, for

- without notes a number is free, and goes to whoever has it, with a user id or without;
- somebody new whose number is told is not named by the user id alone so soon: WhatsApp goes on telling a number for 30
  days after a message (the page above), and sends again what was not acknowledged for 7;
- of two messages at once the second waits for the first one's notes; in another process, which may not see them yet, it
  gets the same number and notes the same;
- an answer that is quicker than the notes goes to the number, which is the address.

Only a change of number in the very moment between would begin a second conversation. All other notes come before the
message: "u:" is the address of those who would get their number as soon as it is told, "p:" leads nowhere without its
note, and what is new about somebody known says whose a number is now.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Protocol
from weakref import WeakValueDictionary

import structlog

from bots.whatsapp.fields import phone, user
from estafeta.kernel.model import Json

Noting = asyncio.Future[list[None]]
"""Notes being written. Ends with `StoreUnavailable` when they could not be."""

_Seen = Mapping[str, Json]
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

    async def chat(self, person: Person, *, writes: bool, noting: list[Noting] | None = None) -> str:
        """The address of a person. `writes`: the person opens a conversation, so that a new address is remembered.

        `noting` gets the notes that are still being written when this returns: what the person did may be stored
        meanwhile, and acknowledged when they are written. Without it all is written when this returns.
        """
        if person.phone and person.user and person in self._known:
            return self._known[person]
        turn = self._turn(person)
        await turn.acquire()
        meanwhile: Noting | None = None
        try:
            seen = await self._seen(person)
            chat = await self._found(person, seen)
            if chat is None:
                if not writes:
                    return person.phone or f"u:{person.user}"
                chat = await self._free(person, seen)
                notes = self._remember(chat, person)
                if noting is not None and chat == person.phone:
                    noting.append(notes)
                    meanwhile = notes
                    return chat
                await notes
            self._know(person, chat)
            return chat
        finally:
            if meanwhile is None:
                turn.release()
            else:
                meanwhile.add_done_callback(partial(self._noted, person, turn))

    async def reach(self, chat: str) -> Person | None:
        """What to send to, for an address; None: it is nobody's and never was."""
        known = await self._person(chat, {})
        if known:
            return known
        if phone(chat):
            return Person(phone=chat)
        return Person(user=chat[2:]) if chat.startswith("u:") and user(chat[2:]) else None

    async def moved(self, before: Person, after: Person) -> None:
        """`before` is called `after` from now on. Told twice, it is so once."""
        async with self._turn(after):
            self._known.clear()
            chat = await self._found(before, await self._seen(before))
            taken = await self._found(after, await self._seen(after))
            if chat is None or (taken is not None and taken != chat):
                _log.info("whatsapp_number_changed", known=chat is not None, new_is_known=taken is not None)
                return
            old = await self._person(chat, {}) or before
            for key in (f"user.{old.user}" if old.user else "", f"phone.{old.phone}" if old.phone else ""):
                if key:
                    await self._notes.put(f"{self._prefix}.{key}", None)
            await self._remember(chat, after)

    def _know(self, person: Person, chat: str) -> None:
        self._known[person] = chat
        if len(self._known) > _KEPT:
            self._known.popitem(last=False)

    def _noted(self, person: Person, turn: asyncio.Lock, notes: Noting) -> None:
        """Somebody new has got their number, or not. Whoever waits for the notes hears why not; nobody may any more."""
        turn.release()
        if not notes.cancelled() and notes.exception() is None:
            self._know(person, person.phone)

    def _turn(self, person: Person) -> asyncio.Lock:
        """Two messages of somebody new may come at once."""
        return self._turns.setdefault(person.user or person.phone, asyncio.Lock())

    async def _seen(self, person: Person) -> _Seen:
        """The notes that most often say all about a person, read at once."""
        keys = [f"user.{person.user}"] if person.user else []
        keys += [f"phone.{person.phone}"] if person.phone else []
        keys.append(f"person.{_candidates(person)[0]}")
        return dict(zip(keys, await asyncio.gather(*map(self._note, keys)), strict=True))

    async def _note(self, key: str) -> Json:
        return await self._notes.get(f"{self._prefix}.{key}")

    async def _found(self, person: Person, seen: _Seen) -> str | None:
        """The address that a person has already; what is new about them is noted."""
        if person.user:
            chat = seen[f"user.{person.user}"]
            if isinstance(chat, str):
                known = await self._person(chat, seen)
                if person.phone and (known is None or known.phone != person.phone):
                    await self._remember(chat, person)
                return chat
        if not person.phone:
            return None
        pointer = seen[f"phone.{person.phone}"]
        # A pointer may be out of date: a number can change without WhatsApp's telling of it.
        for chat in (pointer, person.phone) if isinstance(pointer, str) else (person.phone,):
            known = await self._person(chat, seen)
            if known is None or known.phone != person.phone:
                continue
            if person.user and known.user and person.user != known.user:
                continue
            if person.user:
                await self._remember(chat, person)
            return chat
        return None

    async def _free(self, person: Person, seen: _Seen) -> str:
        """An address that nobody has had."""
        chat = ""
        for chat in _candidates(person):
            if await self._person(chat, seen) is None:
                break
        return chat

    async def _person(self, chat: str, seen: _Seen) -> Person | None:
        key = f"person.{chat}"
        noted = seen[key] if key in seen else await self._note(key)
        if not isinstance(noted, dict):
            return None
        return Person(phone=phone(noted.get("phone")), user=user(noted.get("user")))

    def _remember(self, chat: str, person: Person) -> Noting:
        """Begins to write. Whichever of the notes is missing after a crash, the others lead to the same address."""
        noted = {"phone": person.phone, "user": person.user}
        notes: dict[str, Json] = {f"person.{chat}": {name: value for name, value in noted.items() if value}}
        if person.phone and person.phone != chat:
            notes[f"phone.{person.phone}"] = chat
        if person.user:
            notes[f"user.{person.user}"] = chat
        return asyncio.gather(*(self._notes.put(f"{self._prefix}.{key}", value) for key, value in notes.items()))


def _candidates(person: Person) -> list[str]:
    """The best first. "p:" is for a number that was another's address, from somebody without a user id."""
    named = [f"u:{person.user}"] if person.user else []
    return [person.phone, *named, f"p:{person.phone}"] if person.phone else named
