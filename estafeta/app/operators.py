"""The operators' desk in Telegram, joined of its parts: a desk for each group, and one over all of them.

Loaded only where there is a group: it brings aiogram with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from bots.telegram.client import RawMethod, TelegramClient, Upload
from bots.telegram.config import TelegramConfig, TelegramGroup
from bots.telegram.content import origin, parts_of
from bots.telegram.receive import Route
from estafeta.app.config import Settings
from estafeta.app.messengers import Surroundings
from estafeta.kernel.errors import ConfigurationError, SendFailed
from flows.model import Workspace
from handoff.desks.telegram_forum.desk import TelegramForumDesk
from handoff.desks.telegram_forum.groups import Group, TelegramGroups
from handoff.desks.telegram_forum.load import Budgets
from handoff.desks.telegram_forum.read import INVITED


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupsDesk:
    groups: TelegramGroups
    budgets: Budgets
    client: TelegramClient

    @property
    def routes(self) -> Mapping[int, Route]:
        return dict.fromkeys(self.groups.ids, self.groups.handle)

    async def bot(self) -> str:
        """The name of the bot that works in the groups, without its @; "" while Telegram does not tell it."""
        try:
            me = await self.client.call(RawMethod("getMe", {}), patience=3.0, timeout=5.0)
        except SendFailed:
            return ""
        return str(me.get("username") or "") if isinstance(me, dict) else ""

    @property
    def starts(self) -> Mapping[str, Route]:
        """Those who come by an invitation."""
        return {INVITED: self.groups.handle}


def groups_desk(config: TelegramConfig, client: TelegramClient, around: Surroundings) -> GroupsDesk:
    """`config` is the bot's that works in the groups. Raises `ConfigurationError` for a skill that is none."""
    _check_skills(config, around.workspace)
    titles = _skills(around.workspace, config.language)
    budgets = Budgets(
        {group.id: partial(client.load, group.id) for group in config.desk_groups},
        clock=around.clock,
        store=around.store if around.buckets is not None else None,
        process=around.worker,
        titles={group.id: ", ".join(titles[skill] for skill in group.skills) for group in config.desk_groups},
    )
    groups = [
        Group(desk=_desk(config, client, around, group, titles, budgets), skills=group.skills)
        for group in config.desk_groups
    ]
    desk = TelegramGroups(
        client, groups, store=around.store, budgets=budgets, overflow_after=config.overflow_after,
        language=config.language,
    )  # fmt: skip
    return GroupsDesk(groups=desk, budgets=budgets, client=client)


def _desk(
    config: TelegramConfig,
    client: TelegramClient,
    around: Surroundings,
    group: TelegramGroup,
    skills: Mapping[str, str],
    budgets: Budgets,
) -> TelegramForumDesk:
    workspace = around.workspace
    return TelegramForumDesk(
        client, group.id, clock=around.clock, store=around.store, language=config.language,
        zone=workspace.hours.zone, skills=skills, attachments=around.attachments,
        parts_of=partial(parts_of, account=config.name), upload=Upload, origin=origin(config.name),
        templates=around.templates, web_desk=_web_desk(around.settings), load=budgets.answer,
        workspace=around.content, floor=around.floor, roster=around.roster, can=around.can,
        suggest=around.suggest, why=around.why, correct=around.correct,
        siblings=tuple(other.id for other in config.desk_groups if other.id != group.id),
    )  # fmt: skip


def _check_skills(config: TelegramConfig, workspace: Workspace) -> None:
    for group in config.desk_groups:
        unknown = sorted(set(group.skills) - set(workspace.skills))
        if unknown:
            raise ConfigurationError(
                f"ESTAFETA_TELEGRAM__GROUPS: the group {group.id} has the skill {', '.join(unknown)}, which bot.yml "
                f"does not name; it names {', '.join(workspace.skills)}."
            )


def _skills(workspace: Workspace, language: str) -> Mapping[str, str]:
    return {name: skill.title.pick(language, workspace.default_language) for name, skill in workspace.skills.items()}


def _web_desk(settings: Settings) -> str:
    """Where operators see what their group cannot show, or ""."""
    return f"{settings.url}/desk" if settings.desk.enabled and settings.public_url else ""
