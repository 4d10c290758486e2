"""What deciding goes by besides the conversation, and the words that the bot says outside of flows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from estafeta.draft import Draft
from estafeta.kernel.model import Address, Button, Capabilities, Conversation, Stage
from flows import interpreter
from flows.model import Workspace
from flows.release import Contents, content_for
from handoff import policy
from handoff.floor import Floor
from handoff.hours import Timetable


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What deciding needs besides the conversation. `channels` are what the connected ones can do, by
    their name and account. `floor` is who is at work, as of a moment ago. `workspace` is the content in service:
    policies, phrases and hours are always its; `contents` are all that talks run on."""

    workspace: Workspace
    desks: tuple[str, ...]
    channels: Mapping[tuple[str, str], Capabilities] = field(default_factory=dict)
    floor: Floor = field(default_factory=Floor)
    contents: Contents | None = None
    timetable: Timetable = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "timetable", Timetable(self.workspace.hours))

    def talks(self, conversation: Conversation) -> tuple[str, Workspace]:
        """The release that the conversation goes by ("" where nobody keeps releases), and its content."""
        return ("", self.workspace) if self.contents is None else content_for(conversation, self.contents)

    def can(self, address: Address) -> Capabilities | None:
        return self.channels.get((address.channel, address.account))


def phrase(draft: Draft, rules: Rules, name: str, **values: object) -> str:
    customer = {"name": draft.customer.name, "language": draft.language}
    return interpreter.phrase(rules.workspace, name, draft.language, customer=customer, now=draft.now, **values)


def scope(draft: Draft, rules: Rules) -> interpreter.Scope:
    skill = policy.skill_or_default(rules.workspace, "")
    return interpreter.Scope(
        language=draft.language,
        customer_name=draft.customer.name,
        now=draft.now,
        open=rules.timetable.is_open(skill, draft.now),
        seed=draft.cause.id,
        channel=draft.address.channel,
        known=interpreter.Known(tags=draft.customer.tags, memory=draft.customer.memory, habits=draft.customer.habits),
    )


def content(draft: Draft, rules: Rules) -> Workspace:
    """The content that this conversation talks by."""
    return rules.talks(draft.before)[1]


def open_now(draft: Draft, skill: str, rules: Rules) -> bool:
    """Whether people of the skill are at work for where answers go."""
    return rules.timetable.is_open(skill, draft.now, draft.address.channel, rules.floor.closures)


def announce(draft: Draft, rules: Rules, name: str, *buttons: Button, **values: object) -> None:
    """Says who has the conversation now; where strangers read along that is nobody else's business. While a person
    has it, it is not the bot who speaks."""
    if draft.channel is None or not draft.channel.public:
        by: Literal["bot", "system"] = "system" if draft.stage is Stage.HUMAN else "bot"
        draft.say(phrase(draft, rules, name, **values), buttons, by=by)
