"""What the gateway tells of itself: `/readyz` details and Prometheus metrics."""

from collections.abc import Callable, Mapping

from chejian_contract.health import Metrics

from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake
from chejian_gateway.subscriber import Subscriber

_PREFIX = "chejian_gateway_"


class Monitor(Metrics):
    """Reads the counters of the parts whenever somebody asks.

    Args:
        engine, intake, subscriber: the parts; their counters are plain numbers, read without a lock.
        host_id: common to all replicas.

    Raises:
        ValueError: for an engine without a broker.
    """

    def __init__(self, engine: Engine, intake: Intake, subscriber: Subscriber, host_id: str) -> None:
        super().__init__()
        core, role = engine.core, engine.role
        if role is None:
            raise ValueError("an engine without a broker takes part in no election")
        self._role, self._host_id = role, host_id
        self._core, self._intake, self._subscriber = core, intake, subscriber
        committer = core.committer
        self._sources: dict[str, tuple[str, str, Callable[[], float]]] = {
            "messages_received_total": ("counter", "Messages taken from the broker", lambda: intake.received),
            "messages_dropped_total": ("counter", "Messages dropped, queue full", lambda: intake.dropped),
            "messages_refused_total": ("counter", "Messages that could not be read", lambda: core.malformed),
            "messages_held_dropped_total": (
                "counter",
                "Held messages dropped",
                lambda: core.waiting.dropped,
            ),
            "messages_handled_total": (
                "counter",
                "Births, deaths, status and foreign data handled",
                lambda: core.handled,
            ),
            "messages_left_total": ("counter", "Messages left to another host", lambda: core.left),
            "batches_unstored_total": (
                "counter",
                "Batches that the database took in no way; they come again",
                lambda: committer.dropped,
            ),
            "messages_waiting": ("gauge", "Messages in the queue", lambda: len(intake)),
            "messages_held": ("gauge", "Messages that wait for a birth", lambda: len(core.waiting)),
            "lag_seconds": ("gauge", "Age of the oldest message in the queue", lambda: intake.oldest_age),
            "rows_stored_total": ("counter", "Rows committed", lambda: committer.rows),
            "batches_stored_total": ("counter", "Batches claimed", lambda: committer.batches),
            "batches_doubled_total": ("counter", "Batches that came again", lambda: committer.doubles),
            "dead_letters_total": ("counter", "Dead letters written", lambda: committer.dead_letters),
            "metrics_refused_total": ("counter", "Foreign metrics refused", lambda: core.foreign.refused),
            "commits_total": ("counter", "Commits", lambda: committer.commits),
            "commit_seconds_total": ("counter", "Time spent in commits", lambda: committer.seconds),
            "devices_settled_total": (
                "counter",
                "Devices whose last values were settled",
                lambda: committer.settled,
            ),
            "settle_seconds_total": ("counter", "Time spent in that", lambda: committer.settle_seconds),
            "acknowledgements_total": ("counter", "Acknowledgements sent", lambda: core.acknowledger.sent),
            "rebirths_asked_total": ("counter", "Rebirth requests sent", lambda: core.rebirths.asked),
            "waveform_requests_total": (
                "counter",
                "Waveform requests sent",
                lambda: engine.waveform_requests.sent,
            ),
            "claims_short_total": ("counter", "Claims that came back short", lambda: committer.short_claims),
            "deadlocks_total": ("counter", "Transactions done again", lambda: core.database.deadlocks),
            "batches_stale_total": (
                "counter",
                "Batches of a buffer that has another identity now",
                lambda: engine.following.stale + committer.stale,
            ),
            "foreign_left_total": (
                "counter",
                "Shared messages of foreign nodes, left to the host's own connection",
                lambda: engine.foreign_left,
            ),
            "elections_total": ("counter", "Times this replica became the host", lambda: role.elections),
            "step_downs_total": ("counter", "Times it lost the office", lambda: role.step_downs),
            "host": ("gauge", "1 while this replica is the host", lambda: role.host),
            "host_online": ("gauge", "1 while it is and STATE is online", lambda: role.online),
            "data_online": ("gauge", "1 while a share of the data is subscribed", lambda: subscriber.online),
            "broker_certificate_ends_seconds": (
                "gauge",
                "When the broker's certificate expires, in seconds since 1970 UTC; 0 without TLS",
                lambda: subscriber.certificate_ends,
            ),
            "database_up": ("gauge", "1 while the database answers", lambda: core.database.up),
        }
        for name, (kind, text, _) in self._sources.items():
            self.declare(_PREFIX + name, kind, text)

    def render(self) -> str:
        """Prometheus text with the present values."""
        for name, (_, _, read) in self._sources.items():
            self.set(_PREFIX + name, float(read()))
        return super().render()

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Whether messages are received and stored and births are heard, by this host or another; and the details."""
        online, up, role = self._subscriber.online, self._core.database.up, self._role
        has_host = role.online if role.host else role.decided
        return online and up and has_host, {
            "role": "host" if role.host else "replica" if role.decided else "candidate",
            "host_id": self._host_id,
            "host": "online" if role.online else "offline" if role.host or not role.decided else "elsewhere",
            "data": "online" if online else "offline",
            "database": "up" if up else "down",
            "edition": self._core.committer.edition.value,
            "queue": len(self._intake),
            "held": len(self._core.waiting),
            "dropped": self._intake.dropped,
            "lag_seconds": round(self._intake.oldest_age, 3),
            "rows_stored": self._core.committer.rows,
            "batches_stored": self._core.committer.batches,
        }
