"""Commands and buttons that move the ticket, as the events they are: who, where to, until when.

What cannot be told is refused with a sentence that has an example in it, and what would change nothing with one that
says how things stand; nothing happens then.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from aiogram.types import InlineKeyboardMarkup

from estafeta.kernel.model import Operator, TicketMoved
from estafeta.rights import NotAllowed
from handoff.desks.telegram_forum import standing, times
from handoff.desks.telegram_forum.keyboard import button, fits
from handoff.desks.telegram_forum.names import Names
from handoff.desks.telegram_forum.read import Asked, Pressed
from handoff.desks.telegram_forum.records import Ring
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.topic import called, tame
from handoff.floor import Member

TYPED = frozenset(
    (
        *("take", "return", "close", "to", "hold", "resume", "tag", "untag", "priority"),
        *("block", "unblock", "contact"),
    )
)
PRESSED = frozenset(("take", "return", "close", "resume", "skill", "person"))

_Plain = Literal["take", "resume", "block", "unblock", "ask_contact"]
_PLAIN: dict[str, _Plain] = {
    "take": "take", "resume": "resume", "block": "block", "unblock": "unblock", "contact": "ask_contact",
}  # fmt: skip
_WORDS = 4096
"""As long as a message can be (https://core.telegram.org/bots/api#sendmessage): a note loses nothing."""
_RESOLUTION = 500
_TAGS = 10
_TAG = 32
_FLOWS = 30
_NAMED = 8
_KEPT = 100
_PRIORITY = re.compile(r"[+-]?\d{1,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSo:
    """Why nothing happens, in words. `people` are those who are to be chosen from, and `note` the word to colleagues
    that goes with the choice."""

    words: str
    people: tuple[Member, ...] = ()
    note: str = ""


class Moves:
    def __init__(self, room: Room, names: Names) -> None:
        self._room = room
        self._names = names
        self._notes = Ring(room.store, f"forum.{room.group}.to", _KEPT)

    async def in_vain(self, asked: Asked | Pressed, event: TicketMoved) -> NotSo | None:
        """What is so already, or somebody else's. None also while an earlier wish is not decided yet: then the engine
        knows best. Raises `StoreUnavailable`."""
        room = self._room
        found = await room.store.resolve(room.address(asked.thread))
        mailbox = await room.store.load(found) if found is not None else None
        if mailbox is None or mailbox.conversation is None or mailbox.signals:
            return None
        space = room.workspace()
        lasting = space.bot.handoff.reasons.vip.tags if space is not None else ()
        why = standing.in_vain(mailbox.conversation, event, lasting=lasting)
        if why is None:
            why = standing.colleagues(mailbox.conversation, event, pressed=isinstance(asked, Pressed))
        return self._not_so(why[0], **why[1]) if why is not None else None

    async def typed(self, asked: Asked) -> TicketMoved | NotSo | None:
        """None: it asks whom one could pass it to."""
        operator, rest = asked.operator, asked.rest
        if asked.what in _PLAIN:
            return TicketMoved(operator=operator, move=_PLAIN[asked.what], text=rest[:_WORDS])
        match asked.what:
            case "return":
                return self._returned(asked)
            case "close":
                return self._closed(asked)
            case "to":
                return await self._passed_on(asked)
            case "hold":
                until, words = times.split(rest, self._room.now(), self._room.zone)
                if until is None:
                    return self._not_so("hold_how")
                return TicketMoved(operator=operator, move="hold", until=until, text=words[:_WORDS])
            case "priority":
                given = rest.replace("−", "-")
                if not _PRIORITY.fullmatch(given) or not -10 <= int(given) <= 10:
                    return self._not_so("priority_how")
                return TicketMoved(operator=operator, move="priority", priority=int(given))
        tags = _tags(rest)
        if not tags:
            return self._not_so("tag_how")
        if len(tags) > _TAGS or any(len(tag) > _TAG for tag in tags):
            return self._not_so("tag_most", most=_TAGS, long=_TAG)
        return TicketMoved(operator=operator, move="tag" if asked.what == "tag" else "untag", tags=tags)

    async def pressed(self, pressed: Pressed) -> TicketMoved | NotSo:
        match pressed.what:
            case "skill" if pressed.rest not in dict(self._room.skills()):
                return self._not_so("choice_gone")
            case "skill":
                return TicketMoved(operator=pressed.operator, move="transfer", skill=pressed.rest)
            case "person" if not await self._may(pressed.rest):
                return self._not_so("unknown_member")
            case "person":
                note = await self._notes.get(str(pressed.message))
                text = note if isinstance(note, str) else ""
                return TicketMoved(operator=pressed.operator, move="transfer", to=pressed.rest, text=text)
            case "return":
                return TicketMoved(operator=pressed.operator, move="return")
            case "close":
                return TicketMoved(operator=pressed.operator, move="close")
        return TicketMoved(operator=pressed.operator, move="take" if pressed.what == "take" else "resume")

    async def choose(self, asked: Asked, why: NotSo) -> None:
        """Asks which of the people is meant. Raises `SendFailed` and `StoreUnavailable`."""
        rows = [[button(f"👤 {self._room.short(tame(one.name), 40)}", f"person {one.id}")] for one in why.people]
        message = await self._room.topics.reply(
            asked.thread, asked.message, why.words, markup=InlineKeyboardMarkup(inline_keyboard=rows)
        )
        if why.note:
            await self._notes.put(str(message), why.note)

    async def call(self, thread: int, event: TicketMoved) -> None:
        """Whoever is not on the roster is called by name here, since nobody offers them anything. Raises `SendFailed`
        and `StoreUnavailable`."""
        room = self._room
        if any(member.id == event.to for member in await room.members()):
            return
        who = called([(event.to, tame(await self._names.name(event.to)) or room.say("colleague"))])
        words = escape(room.say("to_unlisted", name="\0")).replace("\0", who)
        await room.topics.reply(thread, 0, words, html=True)

    def _not_so(self, key: str, **values: object) -> NotSo:
        return NotSo(words=self._room.say(key, **values))

    def _returned(self, asked: Asked) -> TicketMoved | NotSo:
        space, flow = self._room.workspace(), asked.rest
        if flow and space is not None and flow not in space.library.flows:
            known = ", ".join(sorted(space.library.flows)[:_FLOWS])
            return self._not_so("flow_unknown", name=self._room.short(flow, 60), known=known)
        return TicketMoved(operator=asked.operator, move="return", flow=flow[:200])

    def _closed(self, asked: Asked) -> TicketMoved | NotSo:
        if len(asked.rest) > _RESOLUTION:
            return self._not_so("close_long", most=_RESOLUTION, given=len(asked.rest))
        return TicketMoved(operator=asked.operator, move="close", resolution=asked.rest)

    async def _passed_on(self, asked: Asked) -> TicketMoved | NotSo | None:
        """The first word, or as many as name somebody; the rest is a word to colleagues."""
        if asked.people:
            return await self._to(asked, Member(id=str(asked.people[0]), desk=self._room.desk, name=asked.rest), "")
        if not asked.rest:
            return None
        members = await self._room.members()
        words = asked.rest.split()
        for count in range(min(len(words), 6), 0, -1):
            named, text = " ".join(words[:count]), " ".join(words[count:])[:_WORDS]
            skill = self._room.skill(named)
            if skill:
                return TicketMoved(operator=asked.operator, move="transfer", skill=skill, text=text)
            people = await self._people(named, members)
            if len(people) > 1:
                return self._which(named, people, text)
            if people:
                return await self._to(asked, people[0], text)
        like = await self._people(words[0], members, like=True)
        if like:
            return self._which(words[0], like, " ".join(words[1:])[:_WORDS])
        example = next((title for _, title in self._room.skills()), "") or "@name"
        return self._not_so("to_unknown", name=self._room.short(asked.rest, 60), example=f"/to {example}")

    def _which(self, named: str, people: Sequence[Member], text: str) -> NotSo:
        shown = tuple(one for one in people if fits(f"person {one.id}"))[:_NAMED]
        return NotSo(words=self._room.say("to_which", name=self._room.short(named, 60)), people=shown, note=text)

    async def _to(self, asked: Asked, member: Member, text: str) -> TicketMoved | NotSo:
        if not await self._may(member.id):
            return self._not_so("to_nobody", name=self._room.short(tame(member.name), 60))
        return TicketMoved(operator=asked.operator, move="transfer", to=member.id, text=text)

    async def _may(self, user: str) -> bool:
        """Whether somebody may answer customers here, or at another desk."""
        if any(member.id == user for member in await self._room.members()):
            return True
        try:
            await self._room.roster.require(Operator(id=user, name="", desk=self._room.desk))
        except NotAllowed:
            return False
        return bool(await self._names.name(user))

    async def _people(self, named: str, members: Sequence[Member], *, like: bool = False) -> list[Member]:
        """Of the team, and of a group that is open also those who were seen in it: by the whole name, else by a word
        of it; or those with a name `like` this one."""
        room = self._room
        if named.startswith("@"):
            user = await self._names.user(named[1:])
            known = [member for member in members if user and member.id == user and member.desk == room.desk]
            return known or ([Member(id=user, desk=room.desk, name=named)] if user else [])
        ids = {member.id for member in members}
        seen = await self._names.everybody() if room.roster.open_to_members else {}
        others = (Member(id=user, desk=room.desk, name=name) for user, name in seen.items() if user not in ids)
        everybody, wanted = [*members, *others], _plain(named)
        for fit in (_is_like,) if like else (str.__eq__, _has_word):
            found = [member for member in everybody if fit(_plain(member.name), wanted)]
            if found:
                return found
        return []


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("ё", "е").split())


def _has_word(name: str, wanted: str) -> bool:
    return wanted in name.split()


def _is_like(name: str, wanted: str) -> bool:
    """Russian names are declined: "Ольге" is Ольга, "Борису" is Борис; others are cut short."""
    return any(_shared(word, wanted) >= max(3, min(len(word), len(wanted)) - 1) for word in name.split())


def _shared(one: str, other: str) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _tags(words: str) -> tuple[str, ...]:
    found = (tame(word).strip("#,;") for word in words.split())
    return tuple(dict.fromkeys(tag for tag in found if tag))
