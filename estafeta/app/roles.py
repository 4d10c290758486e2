"""What a process is there for. Any number of each may run, on any number of machines."""

from __future__ import annotations

from collections.abc import Iterable

from estafeta.app.config import Settings
from estafeta.kernel.errors import ConfigurationError

WEB = "web"
"""Serves webhooks, the site's chat, the web desk."""
WORKER = "worker"
"""Decides and sends."""
POLLED = ("telegram", "vk")
"""Asks a messenger for what was written; for each account exactly one process does at a time."""
ALL = frozenset((WEB, WORKER, *POLLED))


def chosen(names: Iterable[str], settings: Settings) -> frozenset[str]:
    """The roles of that many names; none, or "all", is all of them. Raises `ConfigurationError` when they
    cannot work together with the settings."""
    roles = frozenset(names) or ALL
    roles = ALL if "all" in roles else roles
    if unknown := sorted(roles - ALL):
        raise ConfigurationError(f"{', '.join(unknown)} is no role: choose of all, {', '.join(sorted(ALL))}.")
    if roles == ALL:
        return roles
    for setting, given, why in (
        ("ESTAFETA_MONGO__URL", settings.mongo, "processes share their conversations through MongoDB"),
        ("ESTAFETA_REDIS__URL", settings.redis, "processes wake each other through Redis"),
    ):
        if given is None:
            raise ConfigurationError(f"--role {' --role '.join(sorted(roles))} needs {setting}: {why}.")
    if "telegram" in roles and all(bot.mode != "polling" for bot in settings.bots):
        raise ConfigurationError(
            "--role telegram asks Telegram for updates: it needs ESTAFETA_TELEGRAM__TOKEN, and "
            "ESTAFETA_TELEGRAM__MODE=polling. With mode webhook the updates come to --role web."
        )
    if "vk" in roles and all(community.mode != "longpoll" for community in settings.communities):
        raise ConfigurationError(
            "--role vk asks VK for events: it needs ESTAFETA_VK__TOKEN, and ESTAFETA_VK__MODE=longpoll. With mode "
            "callback the events come to --role web."
        )
    return roles
