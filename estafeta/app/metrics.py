"""What `/metrics` tells Prometheus. Read from the parts' own tallies when asked, so that counting
costs a message nothing."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric

from estafeta.engine import Engine
from estafeta.outbox import Outbox


class _Parts:
    """A collector over the engine's and the outbox's tallies."""

    def __init__(self, engine: Engine, outbox: Outbox) -> None:
        self._engine = engine
        self._outbox = outbox

    def collect(self) -> Iterator[Metric]:
        done, sent = self._engine.tally, self._outbox.tally
        counters = {
            "estafeta_turns": ("Turns committed", done.turns),
            "estafeta_signals": ("Signals applied", done.signals),
            "estafeta_conflicts": ("Turns decided again because another worker was first", done.conflicts),
            "estafeta_handoffs": ("Conversations that called people", done.handoffs),
            "estafeta_late_understandings": ("Texts not understood in time", done.late_understandings),
            "estafeta_billable": ("Messages that a messenger charges for", done.billable),
            "estafeta_sent": ("Things sent to customers and desks", sent.sent),
            "estafeta_retried": ("Sends tried again", sent.retried),
            "estafeta_sent_unsure": ("Sends repeated because no answer came back: perhaps doubled", sent.unsure),
            "estafeta_gave_up": ("Sends that failed for good", sent.gave_up),
        }
        for name, (about, value) in counters.items():
            yield CounterMetricFamily(name, about, value=value)
        yield GaugeMetricFamily("estafeta_busy_conversations", "Turns being made", value=self._engine.lanes.busy)
        yield GaugeMetricFamily("estafeta_busy_sends", "Destinations being sent to", value=self._outbox.lanes.busy)


def mount(app: web.Application, engine: Engine | None, outbox: Outbox | None) -> None:
    """Without an engine and an outbox, in a process that is no worker, what all processes have."""
    registry = CollectorRegistry()
    if engine is not None and outbox is not None:
        registry.register(_Parts(engine, outbox))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app.router.add_get("/metrics", metrics)
