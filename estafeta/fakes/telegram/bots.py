"""Further bots of the stand-in: each has its token, its updates, its private chats and its own share of the limits, for
Telegram counts what a bot sends, not what a chat gets
(https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from estafeta.fakes.common.faults import Faults
from estafeta.fakes.telegram.calls import BotApi, Call
from estafeta.fakes.telegram.errors import Json
from estafeta.fakes.telegram.faults import Fault
from estafeta.fakes.telegram.limits import Pace
from estafeta.fakes.telegram.people import Group, Participant, private_of
from estafeta.fakes.telegram.scene import Scene
from estafeta.fakes.telegram.updates import GONE, Updates
from estafeta.fakes.telegram.webhook import Webhook
from estafeta.fakes.telegram.world import World, member


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherBot:
    """Another bot, in the same groups as people put it into."""

    token: str
    api: BotApi

    @property
    def id(self) -> int:
        return self.api.scene.bot_id

    @property
    def updates(self) -> Updates:
        return self.api.scene.updates

    @property
    def faults(self) -> Faults[Fault]:
        return self.api.faults

    @property
    def calls(self) -> deque[Call]:
        return self.api.journal

    @property
    def violations(self) -> list[str]:
        return self.api.violations

    def joins(self, group: Group, status: str = "administrator", *, without: tuple[str, ...] = ()) -> None:
        scene = self.api.scene
        old = group.chat.members.get(self.id, member(scene.world.bot, "left"))
        new = group.chat.members[self.id] = member(scene.world.bot, status, without=without)
        scene.member_changed(group.chat, scene.world.bot, old, new)

    def private_of(self, person: Participant) -> Participant:
        """The same person in a private chat with this bot."""
        return private_of(self.api.scene, person)

    async def close(self) -> None:
        self.updates.end_poll(GONE)
        await self.api.webhook.close()


def further_bot(first: BotApi, token: str, name: str, *, hosts: frozenset[str], first_delay: float) -> FurtherBot:
    """`first` is the API of the bot that was there before; faults are planned for each bot by itself."""
    bot: Json = {"id": int(token.partition(":")[0]), "is_bot": True, "first_name": name}
    bot["username"] = f"stand_in_{bot['id']}_bot"
    world = World(bot=bot, kept=first.scene.world.kept, shares=first.scene.world)
    world.users[bot["id"]] = bot
    updates, faults = Updates(), type(first.faults)()
    changed: Callable[[], None] = first.scene.changed
    scene = Scene(
        world=world, updates=updates, changed=changed, groups_private=first.scene.groups_private,
        scenes=first.scene.scenes,
    )  # fmt: skip
    pace = Pace(limits=first.pace.limits, clock=first.clock) if first.pace is not None else None
    api = BotApi(
        scene=scene, faults=faults, pace=pace, clock=first.clock, journal=deque(maxlen=first.journal.maxlen),
        strict=first.strict,
    )  # fmt: skip
    api.webhook = Webhook(
        updates=updates, faults=faults, now=world.now, reply=api.webhook_reply, hosts=hosts, first_delay=first_delay
    )
    return FurtherBot(token=token, api=api)
