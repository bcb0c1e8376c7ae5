"""A gateway's engine in the test's hand: no broker, no thread; messages go into the intake, steps are taken one by one."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from chejian_contract.config import Seconds
from chejian_contract.ledger import format_produced
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_gateway.config import CommitConfig, GatewayConfig, HostConfig
from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake

from tests.gateway.fake_edge import Sample, now_ms


class Hand:
    """An engine on a real database; what it publishes is kept in `sent`."""

    def __init__(self, dsn: str, *, max_messages: int = 20_000) -> None:
        self.config = GatewayConfig(
            dsn=dsn,
            host=HostConfig(rebirth_interval=Seconds(0.5), reorder_timeout=Seconds(0.0)),
            commit=CommitConfig(max_delay=Seconds(0.02), acknowledge_interval=Seconds(0.1)),
        )
        self.sent: list[tuple[str, bytes]] = []
        self.stop = threading.Event()
        self.intake = Intake(max_messages, self.config.intake.max_bytes)
        self.engine = Engine(self.config, self.intake, self._publish, self.stop)
        self.core = self.engine.core

    def _publish(self, topic: str, payload: bytes) -> bool:
        if set(topic) & set("+#"):
            raise ValueError(f"no client publishes to {topic!r}")
        self.sent.append((topic, payload))
        return True

    def put(self, topic: str, payload: bytes) -> None:
        assert self.intake.put(topic, payload, now_ms())

    def settle(self, within: float = 30.0) -> None:
        """Take steps until all that was put in is entered and committed; each `within` seconds less must wait."""
        deadline, left = time.monotonic() + within, len(self.intake)
        while len(self.intake) or self.core.pending:
            self.engine.step()
            if len(self.intake) < left:
                deadline, left = time.monotonic() + within, len(self.intake)
            assert time.monotonic() < deadline, f"no progress for {within} s, {left} messages wait"


@contextmanager
def engine_in_hand(dsn: str) -> Iterator[Hand]:
    hand = Hand(dsn)
    try:
        yield hand
    finally:
        hand.core.database.close()


def topic_of(kind: str, node: str = "N1", device: str = "", group: str = "hand") -> str:
    return "/".join(("spBv1.0", group, kind, node, *([device] if device else [])))


def node_birth(ledger_id: int | None, produced: tuple[int, int] = (0, 0), lost: str = "") -> bytes:
    payload = Payload(timestamp=now_ms(), seq=0)
    add_metric(payload, Code.INT64, 0, time_ms=now_ms(), name="bdSeq")
    if ledger_id is not None:
        add_metric(payload, Code.INT64, ledger_id, time_ms=now_ms(), name="Ledger/Id")
        add_metric(payload, Code.STRING, format_produced(*produced), time_ms=now_ms(), name="Ledger/Produced")
        add_metric(payload, Code.STRING, lost, time_ms=now_ms(), name="Ledger/Lost")
    return payload.SerializeToString()


def device_birth(
    ledger_id: int | None,
    signals: dict[int, tuple[str, Code]],
    seq: int = 1,
    value: Callable[[Code], Value] = lambda _: None,
) -> bytes:
    payload = Payload(timestamp=now_ms(), seq=seq)
    if ledger_id is not None:
        add_metric(payload, Code.INT64, ledger_id, time_ms=now_ms(), name="Ledger/Id")
        add_metric(payload, Code.INT64, 0, time_ms=now_ms(), name="Ledger/Batch")
    for alias, (name, code) in signals.items():
        rate = {"SampleRate": 1000.0} if code is Code.FLOAT_ARRAY else {}
        add_metric(payload, code, value(code), time_ms=now_ms(), name=name, alias=alias, properties=rate)
    return payload.SerializeToString()


def batch(ledger_id: int, number: int, samples: Sequence[Sample]) -> bytes:
    payload = Payload(timestamp=now_ms(), seq=number % 256)
    add_metric(payload, Code.INT64, ledger_id, time_ms=now_ms(), name="Ledger/Id")
    add_metric(payload, Code.INT64, number, time_ms=now_ms(), name="Ledger/Batch")
    for s in samples:
        add_metric(payload, s.code, s.value, time_ms=s.time_ms, alias=s.alias)
    return payload.SerializeToString()


def status(ledger_id: int, batches: int, samples: int, lost: str = "") -> bytes:
    payload = Payload(timestamp=now_ms(), seq=0)
    add_metric(payload, Code.INT64, ledger_id, time_ms=now_ms(), name="Ledger/Id")
    add_metric(
        payload, Code.STRING, format_produced(batches, samples), time_ms=now_ms(), name="Ledger/Produced"
    )
    add_metric(payload, Code.STRING, lost, time_ms=now_ms(), name="Ledger/Lost")
    return payload.SerializeToString()
