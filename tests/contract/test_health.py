import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping

import pytest
from chejian_contract.health import HealthServer, Metrics


class Process:
    """What a process tells its health server."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.state: tuple[bool, Mapping[str, object]] = (False, {})
        self.server = HealthServer(self.metrics, lambda: self.state, host="127.0.0.1", port=0)

    def get(self, path: str) -> tuple[int, str, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.server.port}{path}", timeout=10) as answer:
                return answer.status, answer.headers["Content-Type"], answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.headers["Content-Type"], error.read().decode()


@pytest.fixture
def process() -> Iterator[Process]:
    served = Process()
    with served.server:
        yield served


def test_alive_does_not_mean_ready(process: Process) -> None:
    process.state = (False, {"source": "等待连接", "oldest_ms": 12})
    assert process.get("/healthz") == (200, "application/json; charset=utf-8", '{"status":"ok"}')
    status, _, text = process.get("/readyz")
    assert (status, json.loads(text)) == (503, {"ready": False, "source": "等待连接", "oldest_ms": 12})
    process.state = (True, {})
    status, _, text = process.get("/readyz?verbose=1")
    assert (status, json.loads(text)) == (200, {"ready": True})


def test_metrics_in_the_text_format_of_prometheus(process: Process) -> None:
    metrics = process.metrics
    metrics.declare("chejian_edge_samples_total", "counter", "Samples committed.")
    metrics.declare("chejian_edge_window_batches", "gauge", "Batches in flight.")
    metrics.add("chejian_edge_samples_total", 3, source='a"b\\c\nd')
    metrics.add("chejian_edge_samples_total", source='a"b\\c\nd')
    metrics.set("chejian_edge_window_batches", 0.5)
    status, kind, text = process.get("/metrics")
    assert (status, kind) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert text.splitlines() == [
        "# HELP chejian_edge_samples_total Samples committed.",
        "# TYPE chejian_edge_samples_total counter",
        'chejian_edge_samples_total{source="a\\"b\\\\c\\nd"} 4',
        "# HELP chejian_edge_window_batches Batches in flight.",
        "# TYPE chejian_edge_window_batches gauge",
        "chejian_edge_window_batches 0.5",
    ]


def test_other_pages_are_not_found(process: Process) -> None:
    assert process.get("/")[0] == 404


def test_counters_lose_nothing_across_threads() -> None:
    metrics = Metrics()

    def count() -> None:
        for _ in range(2000):
            metrics.add("n", part="x")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.get("n", part="x") == 8000
    assert metrics.get("n") == 0


def test_the_port_is_free_again_afterwards() -> None:
    first = Process()
    with first.server:
        port = first.server.port
    again = HealthServer(Metrics(), lambda: (True, {}), host="127.0.0.1", port=port)
    with again:
        assert again.port == port
