"""Names and meaning of the edge's metrics; the only place that spells them."""

from collections.abc import Callable

from chejian_contract.health import Metrics

from chejian_edge.ledger import Totals
from chejian_edge.pipeline import Pipeline
from chejian_edge.publisher import Publisher

_NAMES = {
    "chejian_edge_produced_samples": (
        "counter",
        "Samples committed to the buffer under its present identity",
    ),
    "chejian_edge_produced_batches": (
        "counter",
        "Batches committed to the buffer under its present identity",
    ),
    "chejian_edge_in_flight_batches": ("gauge", "Batches committed and not yet acknowledged"),
    "chejian_edge_lost_samples": ("counter", "Samples declared lost because the buffer was full"),
    "chejian_edge_readings_total": (
        "counter",
        "Readings by verdict: accepted, repeat, late, refused:<reason> ...",
    ),
    "chejian_edge_publisher_total": ("counter", "What the publisher did, by kind"),
    "chejian_edge_broker_connected": ("gauge", "1 while a Sparkplug session is up"),
}


class EdgeMetrics(Metrics):
    """Figures of the moment at which somebody asks.

    Args:
        totals: of the buffer.
        pipeline, publisher: their counters are plain numbers, read without a lock.
    """

    def __init__(self, totals: Callable[[], Totals], pipeline: Pipeline, publisher: Publisher) -> None:
        super().__init__()
        self._totals, self._pipeline, self._publisher = totals, pipeline, publisher
        for name, (kind, text) in _NAMES.items():
            self.declare(name, kind, text)

    def render(self) -> str:
        """Prometheus text with the present values."""
        totals = self._totals()
        self.set("chejian_edge_produced_samples", totals.produced_samples)
        self.set("chejian_edge_produced_batches", totals.produced_batches)
        self.set("chejian_edge_in_flight_batches", totals.in_flight_batches)
        self.set("chejian_edge_lost_samples", totals.lost_samples)
        self.set("chejian_edge_broker_connected", self._publisher.connected)
        for verdict, count in dict(self._pipeline.counts).items():
            self.set("chejian_edge_readings_total", count, verdict=verdict)
        for kind, count in dict(self._publisher.counts).items():
            self.set("chejian_edge_publisher_total", count, kind=kind)
        return super().render()
