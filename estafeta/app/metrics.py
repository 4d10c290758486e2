"""What `/metrics` tells Prometheus. Read from the parts' own tallies when asked, so that counting
costs a message nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from estafeta.engine import Engine
from estafeta.outbox import Outbox


class Standing(Protocol):
    """How a group of operators stands, as `handoff.desks.telegram_forum.load.Standing`."""

    @property
    def group(self) -> int: ...

    @property
    def posts(self) -> int: ...

    @property
    def most(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def oldest(self) -> float: ...


Standings = Callable[[], Iterable[Standing]]
"""What this process did of each group's budget and has waiting for it: those of all processes add up."""


class Groups:
    """A collector over the budgets of the operators' groups."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    def collect(self) -> Iterator[Metric]:
        def gauge(name: str, about: str) -> GaugeMetricFamily:
            return GaugeMetricFamily(f"estafeta_group_{name}", about, labels=["group"])

        posts = gauge("posts", "Posts of this process into the operators' group in the last minute")
        most = gauge("posts_allowed", "Posts that the operators' group may get a minute, from all processes")
        waiting = gauge("waiting", "Posts of this process that wait for the group's budget")
        oldest = gauge("oldest_seconds", "For how long the first of them waits")
        for one in self._standings():
            group = [str(one.group)]
            posts.add_metric(group, one.posts)
            most.add_metric(group, one.most)
            waiting.add_metric(group, one.waiting)
            oldest.add_metric(group, one.oldest)
        yield from (posts, most, waiting, oldest)


class _Parts:
    """A collector over the engine's and the outbox's tallies."""

    def __init__(self, engine: Engine, outbox: Outbox) -> None:
        self._engine = engine
        self._outbox = outbox

    def collect(self) -> Iterator[Metric]:
        done, sent, asked = self._engine.tally, self._outbox.tally, self._engine.asking.tally
        counters = {
            "estafeta_turns": ("Turns committed", done.turns),
            "estafeta_signals": ("Signals applied", done.signals),
            "estafeta_conflicts": ("Turns decided again because another worker was first", done.conflicts),
            "estafeta_handoffs": ("Conversations that called people", done.handoffs),
            "estafeta_late_understandings": ("Texts not understood in time", done.late_understandings),
            "estafeta_understandings_tried": ("Tries at understanding a text", asked.tries),
            "estafeta_understandings_retried": ("Tries after one that failed", asked.retries),
            "estafeta_understandings_spared": ("Texts not tried, for too many had failed", asked.spared),
            "estafeta_billable": ("Messages that a messenger charges for", done.billable),
            "estafeta_sent": ("Things sent to customers and desks", sent.sent),
            "estafeta_retried": ("Sends tried again", sent.retried),
            "estafeta_sent_unsure": ("Sends repeated because no answer came back: perhaps doubled", sent.unsure),
            "estafeta_gave_up": ("Sends that failed for good", sent.gave_up),
        }
        for name, (about, value) in counters.items():
            yield CounterMetricFamily(name, about, value=value)
        yield GaugeMetricFamily(
            "estafeta_understanding_given_up", "1 while texts are not tried to be understood, but one at a time",
            value=self._engine.asking.given_up,
        )  # fmt: skip
        yield GaugeMetricFamily("estafeta_busy_conversations", "Turns being made", value=self._engine.lanes.busy)
        yield GaugeMetricFamily("estafeta_busy_sends", "Destinations being sent to", value=self._outbox.lanes.busy)


def mount(
    app: web.Application, engine: Engine | None, outbox: Outbox | None, standings: Standings | None = None,
    *more: Collector,
) -> None:  # fmt: skip
    """Without an engine and an outbox, in a process that is no worker, what all processes have. `standings`: of the
    operators' groups, where there are any."""
    registry = CollectorRegistry()
    for collector in more:
        registry.register(collector)
    if standings is not None:
        registry.register(Groups(standings))
    if engine is not None and outbox is not None:
        registry.register(_Parts(engine, outbox))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/metrics", metrics)
