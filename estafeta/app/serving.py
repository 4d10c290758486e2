"""What one process serves over HTTP: to the command line of this machine, to whoever watches it, and to the world."""

from __future__ import annotations

from typing import TYPE_CHECKING

from estafeta.app import (
    events,
    metrics,
    model_publishing,
    releasing,
    reviewing,
    status,
    team_control,
    undelivered,
)
from estafeta.app.roles import WEB

if TYPE_CHECKING:
    from estafeta.app.wiring import Platform


def serve(platform: Platform, control_token: str) -> None:
    """Mounts all of it into the platform's application."""
    app, worker, models = platform.app, platform.worker, platform.models
    process = status.Process(
        roles=platform.roles, store=platform.store, bus=platform.bus, clock=platform.clock,
        name=lambda: platform.presence.name, worker=worker, began=platform.clock.now(),
    )  # fmt: skip
    status.mount(app, process, control_token)
    budgets = next((messenger.budgets for messenger in platform.messengers if messenger.budgets is not None), None)
    metrics.mount(
        app, worker.engine if worker else None, worker.outbox if worker else None,
        budgets.standings if budgets is not None else None,
        releasing.ReleaseMetrics(platform.contents, platform.trial),
        *((model_publishing.ModelMetrics(models, platform.model_trial),) if models is not None else ()),
    )  # fmt: skip
    releasing.mount(app, platform.contents, platform.files, control_token)
    if models is not None:
        model_publishing.mount(app, models, control_token)

    def enough() -> float:
        return platform.contents.workspace.bot.fallback.confidence

    reviewing.mount(app, platform.inbox, platform.store, enough, control_token)
    undelivered.mount(app, platform.store, platform.intake.accept, platform.clock, control_token)
    bot = next((messenger.operators_bot for messenger in platform.messengers if messenger.operators_bot), None)
    team_control.mount(
        app, platform.roster, team_control.WayIn(platform.settings, platform.web_desk, bot), control_token
    )
    if WEB in platform.roles:
        _outside(platform)


def _outside(platform: Platform) -> None:
    """Everything that the outside world calls."""
    app, accept = platform.app, platform.intake.accept
    served = [m.served for m in platform.messengers if m.served is not None and not m.polls]
    for part in (platform.widget, *((platform.web_desk,) if platform.web_desk else ()), *served):
        part.mount(app, accept)
    events.mount(app, platform.settings.events, platform.store, accept, platform.clock)
