"""`chejian-gateway run` killed in mid-load, and its database taken away: rows = produced, no doubles."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from chejian_contract.ledger import MAX_BATCH
from chejian_contract.sparkplug.datatypes import Code
from chejian_gateway import cli

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

Query = Callable[..., list[tuple[object, ...]]]
BATCHES, ROWS, WINDOW = 240, 40, 60


@contextmanager
def gateway_process(dsn: str, mqtt_url: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [str(Path(sys.executable).with_name("chejian-gateway")), "run"]
    process = subprocess.Popen(command, env=os.environ | {"CHEJIAN_DSN": dsn, "CHEJIAN_MQTT_URL": mqtt_url})
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(20)


def open_batches(edge: FakeEdge) -> list[int]:
    """What the edge's window sends now: the oldest batches that are not acknowledged."""
    ack = edge.acks[-1] if edge.acks else None
    done = [(1, ack.up_to), *ack.ranges] if ack else []
    rest = (n for n in range(1, BATCHES + 1) if not any(a <= n <= b for a, b in done))
    return [n for _, n in zip(range(WINDOW), rest, strict=False)]


def send_until(edge: FakeEdge, base: int, mark: int) -> None:
    """Send as an edge does until `mark` batches are acknowledged: a window, and again what stays open."""

    def step() -> bool:
        if edge.acknowledged >= mark:
            return True
        for number in open_batches(edge):
            at = base + number * 1000
            edge.batch("M1", number, [Sample(1, float(i), at + i) for i in range(ROWS)])
        return False

    wait_for(step, f"{mark} batches acknowledged", within=50)


def rows_are_exactly_produced(query: Query) -> None:
    assert query(
        "SELECT count(*), count(DISTINCT (time, series_id)), count(DISTINCT time) FROM telemetry.sample"
    ) == [(BATCHES * ROWS,) * 3]
    assert query("SELECT stored::text, stored_samples FROM telemetry.ledger") == [
        (f"{{[1,{BATCHES + 1})}}", BATCHES * ROWS)
    ]


def test_killed_in_mid_load(
    dsn: str,
    mqtt_url: str,
    database_rows: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    base = now_ms() - 3_600_000
    assert BATCHES < MAX_BATCH
    with FakeEdge(mqtt_url, "kill", "N1") as edge:
        with gateway_process(dsn, mqtt_url) as process:
            edge.node_birth()
            edge.device_birth("M1", {1: ("x", Code.DOUBLE)})
            wait_for(lambda: _born_or_again(edge), "the gateway has started", within=50)
            send_until(edge, base, BATCHES // 3)
            for number in open_batches(edge):  # in full flight
                edge.batch("M1", number, [Sample(1, float(i), base + number * 1000 + i) for i in range(ROWS)])
            process.send_signal(signal.SIGKILL)
        with gateway_process(dsn, mqtt_url) as process:
            edge.rebirths = 0
            send_until(edge, base, BATCHES)
            edge.status(BATCHES, BATCHES * ROWS)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        assert edge.rebirths == 0  # the restarted gateway knew the aliases
    rows_are_exactly_produced(database_rows)
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["ledger", "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["rows_counted"] == entry["produced_samples"] == BATCHES * ROWS
    assert entry["in_flight_batches"] == 0


def _born_or_again(edge: FakeEdge) -> bool:
    """Births are QoS 0 words into the void until the gateway has subscribed: repeat them until it answers."""
    if not edge.acks:
        edge.node_birth()
        edge.device_birth("M1", {1: ("x", Code.DOUBLE)})
    return bool(edge.acks)


def end_sessions(dsn: str) -> int:
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'chejian-gateway'"
            " AND datname = current_database()"
        ).rowcount


def test_database_sessions_ended_in_mid_load(
    dsn: str, mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    start_gateway(window=WINDOW)
    base = now_ms() - 3_600_000
    with FakeEdge(mqtt_url, "gone", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", {1: ("x", Code.DOUBLE)})
        for mark in (BATCHES // 3, BATCHES // 2, BATCHES):
            wait_for(lambda: end_sessions(dsn) > 0, "a session was ended")
            send_until(edge, base, mark)
    rows_are_exactly_produced(database_rows)


def test_replayed_dead_letter_moves_to_stored(
    dsn: str,
    mqtt_url: str,
    start_gateway: StartGateway,
    database_rows: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    start_gateway()
    with FakeEdge(mqtt_url, "replay", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", {1: ("x", Code.DOUBLE)})
        edge.batch("M1", 1, [Sample(1, 7.0, now_ms() - 500 * 86_400_000)])
        wait_for(lambda: edge.acknowledged == 1, "a dead letter is acknowledged too")
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["deadletter", "replay", "1"]) == 1
    assert "too old" in capsys.readouterr().err
    assert database_rows("SELECT dead::text, dead_samples FROM telemetry.ledger") == [("{[1,2)}", 1)]
    config = tmp_path / "gateway.toml"
    config.write_text('[store]\nraw_retention = "600d"\n', "utf-8")
    assert cli.main(["--config", str(config), "deadletter", "replay", "1"]) == 0
    assert database_rows(
        "SELECT stored::text, stored_samples, dead::text, dead_samples FROM telemetry.ledger"
    ) == [("{[1,2)}", 1, "{}", 0)]
    assert database_rows("SELECT value FROM telemetry.sample") == [(7.0,)]
    assert database_rows("SELECT 1 FROM telemetry.dead_letter") == []
