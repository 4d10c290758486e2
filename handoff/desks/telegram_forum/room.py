"""What the desk's commands work with: one group, its store and clock, who answers in it, what the workspace says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Protocol

from aiogram.methods import GetMe, SendMessage

from estafeta.explaining import WhyOf
from estafeta.kernel.errors import SendFailed
from estafeta.kernel.model import Address, Conversation, Event, Operator, Template
from estafeta.kernel.ports import Accepted, Clock, Store
from estafeta.roster import Roster
from estafeta.suggestions import SuggestionsOf
from flows.model import Workspace
from handoff.correcting import Correct
from handoff.desks.telegram_forum.client import Telegram
from handoff.desks.telegram_forum.texts import Language, text
from handoff.desks.telegram_forum.topics import Topics
from handoff.floor import Floor, Member
from handoff.hours import on_shift

TemplatesOf = Callable[[Address], Awaitable[Sequence[Template]]]
"""Templates that may be sent to that address now. Raises `SendFailed`."""


class Tell(Protocol):
    """Has the event stored; None: there is nobody to take it yet. What has the same `name` happens once."""

    async def __call__(self, event: Event, name: str = "") -> Accepted | None: ...


LoadOf = Callable[[Language], Awaitable[str]]
"""How the group's budget stands, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """`workspace` is the one in force, `floor` who is at work as of a moment ago. `zone` is the one times are told
    in. `load`, `suggest`, `why` and `correct` may not be there."""

    client: Telegram
    topics: Topics
    desk: str
    group: int
    store: Store
    clock: Clock
    language: Language
    zone: tzinfo
    roster: Roster
    workspace: Callable[[], Workspace | None]
    floor: Callable[[], Floor]
    templates: TemplatesOf | None = None
    suggest: SuggestionsOf | None = None
    why: WhyOf | None = None
    correct: Correct | None = None
    load: LoadOf | None = None
    bot_name: list[str] = field(default_factory=list)
    """The bot's @name, once it is known."""

    def say(self, key: str, **values: object) -> str:
        return text(key, self.language, **values)

    def now(self) -> datetime:
        return self.clock.now()

    def time(self, moment: datetime) -> str:
        """Today's without its date."""
        local, today = moment.astimezone(self.zone), self.now().astimezone(self.zone).date()
        return f"{local:%H:%M}" if local.date() == today else f"{local:%d.%m %H:%M}"

    def address(self, thread: int) -> Address:
        return Address(channel=self.desk, account=str(self.group), chat=str(thread))

    def short(self, words: str, limit: int) -> str:
        return self.client.shorten(words, limit)

    async def reply(self, thread: int, message: int, words: str) -> None:
        for piece in self.client.pieces(words):
            await self.topics.reply(thread, message, piece)

    async def conversation(self, thread: int) -> Conversation | None:
        """Whose the topic is."""
        found = await self.store.resolve(self.address(thread)) if thread else None
        return (await self.store.load(found)).conversation if found is not None else None

    # --- people and skills

    def skills(self) -> list[tuple[str, str]]:
        """Names and titles."""
        space = self.workspace()
        if space is None:
            return []
        default = space.default_language
        return [(name, skill.title.pick(self.language, default)) for name, skill in space.skills.items()]

    def skill(self, words: str) -> str:
        """The name of the skill that is meant, by its name or its title; "" for none."""
        wanted = words.casefold().strip()
        return next((name for name, title in self.skills() if wanted in (name.casefold(), title.casefold())), "")

    def title(self, skill: str) -> str:
        return dict(self.skills()).get(skill, skill)

    async def members(self) -> tuple[Member, ...]:
        return tuple(sorted(await self.roster.members(), key=lambda member: (member.desk != self.desk, member.name)))

    def is_on(self, member: Member) -> bool:
        now = self.now()
        if member.presence is not None and (member.until is None or member.until > now):
            return member.presence == "on"
        space = self.workspace()
        return not member.shift or space is None or on_shift(space.hours, member.shift, now)

    def who(self, operator: Operator) -> str:
        member = self.floor().member(operator.id)
        return (member.name if member is not None else "") or operator.name

    async def bot(self) -> str:
        """The bot's @name; "" while Telegram does not tell it."""
        if not self.bot_name:
            try:
                me = await self.client.call(GetMe())
            except SendFailed:
                return ""
            name = me.get("username") if isinstance(me, dict) else None
            self.bot_name[:] = [name] if isinstance(name, str) and name else []
        return self.bot_name[0] if self.bot_name else ""

    async def in_private(self, user: int, words: str) -> bool:
        """Whether the words went to the person alone: a bot may write only to those who wrote to it."""
        try:
            await self.client.call(SendMessage(chat_id=user, text=words))
        except SendFailed:
            return False
        return True
