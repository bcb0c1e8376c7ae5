"""Names and meaning of the edge's metrics; the only place that spells them."""

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


def declare_metrics(metrics: Metrics) -> None:
    """Name them all."""
    for name, (kind, text) in _NAMES.items():
        metrics.declare(name, kind, text)


def show_metrics(metrics: Metrics, totals: Totals, pipeline: Pipeline, publisher: Publisher) -> None:
    """Copy the present figures."""
    metrics.set("chejian_edge_produced_samples", totals.produced_samples)
    metrics.set("chejian_edge_produced_batches", totals.produced_batches)
    metrics.set("chejian_edge_in_flight_batches", totals.in_flight_batches)
    metrics.set("chejian_edge_lost_samples", totals.lost_samples)
    metrics.set("chejian_edge_broker_connected", publisher.connected)
    for verdict, count in dict(pipeline.counts).items():
        metrics.set("chejian_edge_readings_total", count, verdict=verdict)
    for kind, count in dict(publisher.counts).items():
        metrics.set("chejian_edge_publisher_total", count, kind=kind)
