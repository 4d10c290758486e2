"""Commands about the people of the group: who is there, who has what, when nobody is there, who may come in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from estafeta.kernel.model import Conversation, Operator, Stage
from estafeta.rights import PLATFORM, NotAllowed
from handoff.desks.telegram_forum import times
from handoff.desks.telegram_forum.names import Names
from handoff.desks.telegram_forum.read import INVITED, Asked
from handoff.desks.telegram_forum.room import Room
from handoff.desks.telegram_forum.texts import known
from handoff.desks.telegram_forum.topic import tame
from handoff.floor import Member, Presence, Role
from handoff.routing import there

_SIGNS = {"on": "🟢", "away": "🕒", "off": "⚪️"}
_SAID: dict[str, Presence] = {"on": "on", "away": "away", "off": "off"}
_ROLES: dict[str, Role] = {
    "operator": "operator", "оператор": "operator", "supervisor": "supervisor", "супервайзер": "supervisor",
    "admin": "admin", "администратор": "admin", "админ": "admin",
}  # fmt: skip
_FILLING = re.compile(r"^(?:until|till|до)\s+", re.IGNORECASE)
_TICKETS = 10
_MOST = 40
_OPEN = 1000

DONE = ""
"""Nothing has to be said: the reaction on the command tells that it was carried out."""


def refused(room: Room, error: NotAllowed) -> str:
    """Why somebody may not, in the operators' language."""
    return room.say(error.code, **error.values) if known(error.code) else str(error)


async def present(room: Room, asked: Asked) -> str:
    """/on, /off, /away, each with a time or without. Raises `NotAllowed`."""
    until, rest = times.split(asked.rest, room.now(), room.zone)
    if rest.strip():
        return room.say("away_how")
    await room.roster.set_presence(asked.operator, _SAID[asked.what], until, by=asked.operator)
    return DONE


async def me(room: Room, asked: Asked) -> str:
    """HTML: who one is here, and one's tickets with links to their topics."""
    member = await room.roster.member(asked.operator.desk, asked.operator.id)
    mine = (await _in_hands(room)).get(asked.operator.id, [])
    name = tame(member.name if member is not None else asked.operator.name)
    role = room.say(f"role_{member.role if member is not None else 'operator'}")
    lines = [
        escape(f"{name} · {role} · {_presence(room, member)}"),
        escape(room.say("in_hand", hand=_hand(room, mine, member))),
    ]
    for conversation in mine[:_TICKETS]:
        ticket, thread = conversation.ticket, conversation.threads.get(room.desk)
        customer = escape(room.short(tame(conversation.customer.name) or room.say("nameless"), 60))
        here = thread is not None and thread.address.account == str(room.group)
        link = _link(room.group, thread.address.chat) if thread is not None and here else ""
        sign = "📆" if _is_held(conversation) else "❗️" if ticket is not None and ticket.asked_at is not None else "💬"
        lines.append(f'{sign} <a href="{link}">{customer}</a>' if link else f"{sign} {customer}")
    return "\n".join(lines)


def _link(group: int, thread: str) -> str:
    """To a topic of a supergroup (https://core.telegram.org/api/links#message-links); "" where there are none."""
    number = str(group).removeprefix("-100")
    return f"https://t.me/c/{number}/{thread}" if str(group).startswith("-100") and thread.isdecimal() else ""


async def who(room: Room) -> str:
    """The team; and whoever has tickets without being of it."""
    members, hands = await room.members(), await _in_hands(room)
    lines = []
    for member in sorted(members, key=lambda one: not is_on(room, one))[:_MOST]:
        skills = ", ".join(room.title(skill) for skill in member.skills) or room.say("all_skills")
        hand = _hand(room, hands.get(member.id, []), member)
        lines.append(
            f"{_SIGNS[_state(room, member)]} {tame(member.name)}: {_presence(room, member)} · {hand} · {skills}"
        )
    ids, names = {member.id for member in members}, Names(room.store, group_id=room.group)
    for user in sorted(hands.keys() - ids)[:_MOST]:
        name = tame(await names.name(user)) or room.say("colleague")
        lines.append(f"{_SIGNS['off']} {name}: {_presence(room, None)} · {_hand(room, hands[user], None)}")
    return "\n".join((room.say("who"), *lines)) if lines else room.say("who_nobody")


async def _in_hands(room: Room) -> dict[str, list[Conversation]]:
    """Who has which conversations now, by ids; those of the latest first."""
    found: dict[str, list[Conversation]] = {}
    for held in await room.store.conversations(stages=(Stage.HUMAN,), limit=_OPEN):
        if held.ticket is not None and held.ticket.assignee is not None:
            found.setdefault(held.ticket.assignee.id, []).append(held)
    return found


def _is_held(conversation: Conversation) -> bool:
    return conversation.ticket is not None and conversation.ticket.held_until is not None


def _hand(room: Room, mine: Sequence[Conversation], member: Member | None) -> str:
    """How many tickets, of how many, and how many are put off: the same for whoever asks."""
    held = sum(map(_is_held, mine))
    load = len(mine) - held
    words = room.say("hand_of", load=load, capacity=member.capacity) if member is not None else str(load)
    return f"{words} {room.say('hand_held', held=held)}" if held else words


def is_on(room: Room, member: Member) -> bool:
    """As tickets are offered."""
    space = room.workspace()
    return there(space, member, room.now()) if space is not None else room.is_on(member)


def _state(room: Room, member: Member) -> str:
    if is_on(room, member):
        return "on"
    now = room.now()
    away = member.presence == "away" and (member.until is None or member.until > now)
    return "away" if away else "off"


def _presence(room: Room, member: Member | None) -> str:
    """None: not of the team, so nothing is offered to them."""
    if member is None:
        return room.say("is_unlisted")
    words = room.say(f"is_{_state(room, member)}")
    said = member.presence is not None and member.until is not None and member.until > room.now()
    return f"{words} {room.say('until', time=room.time(member.until))}" if said and member.until else words


# --- when nobody is there ------------------------------------------------------------------------


async def closed(room: Room, asked: Asked) -> str:
    """/closed until 14:00 [skill]. Raises `NotAllowed`."""
    until, rest = times.split(_FILLING.sub("", asked.rest), room.now(), room.zone)
    if until is None:
        return room.say("closed_how", skill=next((title for _, title in room.skills()), ""))
    skill = room.skill(rest) if rest.strip() else ""
    if rest.strip() and not skill:
        return _unknown(room, rest)
    await room.roster.close(skill, until, by=asked.operator)
    return room.say("closed_until", time=room.time(until), skill=_title(room, skill))


async def opened(room: Room, asked: Asked) -> str:
    """/open [skill]. Raises `NotAllowed`."""
    skill = room.skill(asked.rest) if asked.rest else ""
    if asked.rest and not skill:
        return _unknown(room, asked.rest)
    there = await room.roster.reopen(skill, by=asked.operator)
    return room.say("opened" if there else "not_closed", skill=_title(room, skill))


def _title(room: Room, skill: str) -> str:
    return room.title(skill) if skill else room.say("all_skills")


def _unknown(room: Room, name: str) -> str:
    return room.say("skill_unknown", name=room.short(name, 60), known=", ".join(title for _, title in room.skills()))


# --- who may come in -----------------------------------------------------------------------------


async def invite(room: Room, asked: Asked) -> str:
    """/invite [role] [skills]: the link goes to whoever asks, alone; in the group everybody would read it. Raises
    `NotAllowed`."""
    words = asked.rest.split()
    role = _ROLES.get(words[0].casefold()) if words else None
    skills = _skills(room, words[1:] if role else words)
    if isinstance(skills, str):
        return _unknown(room, skills)
    bot = await room.bot()
    if not bot:
        return room.say("invite_no_name")
    token = await room.roster.invite(by=asked.operator, role=role or "operator", skills=skills, desk=room.desk)
    link = f"https://t.me/{bot}?start={INVITED}{token}"
    sent = await room.in_private(asked.user, room.say("invite", role=room.say(f"role_{role or 'operator'}"), link=link))
    return DONE if sent else room.say("invite_private", bot=f"@{bot}")


def _skills(room: Room, words: Sequence[str]) -> list[str] | str:
    """Their names; or the word that is none."""
    found = []
    for word in words:
        skill = room.skill(word.strip(","))
        if not skill:
            return word
        found.append(skill)
    return found


async def join(room: Room, token: str, operator: Operator) -> Member:
    """Raises `NotInvited`."""
    return await room.roster.enrol(token.strip().removeprefix(INVITED), operator)


def welcome(room: Room, member: Member, *, inside: bool) -> str:
    role = room.say(f"role_{member.role}")
    return room.say("joined", name=tame(member.name), role=role) if inside else room.say("joined_outside", role=role)


async def gone(room: Room, done: Operator, by: Operator) -> None:
    """Somebody left the group or was put out: they may not from this moment on."""
    await room.roster.remove(done.desk, done.id, by=PLATFORM, why="left" if by.id == done.id else "put_out")
