"""Several gateways on one broker and one database: killed, frozen, added under load; nothing lost, nothing twice."""

import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for
from tests.gateway.replicas import (
    LOAD,
    LoadEdge,
    Query,
    Replica,
    Replicas,
    send_all,
    state_of,
    stored_exactly,
)

StartReplicas = Callable[..., Replicas]

pytestmark = pytest.mark.system


@pytest.fixture
def group() -> str:
    """A Sparkplug group of this test's own."""
    return f"g{uuid.uuid4().hex[:8]}"


@pytest.fixture
def start_replicas(dsn: str, mqtt_url: str, tmp_path: Path, group: str) -> Iterator[StartReplicas]:
    """Function that starts replicas of a host of this test's own."""
    with ExitStack() as stack:

        def start(count: int, **options: object) -> Replicas:
            replicas = Replicas(stack, tmp_path, dsn, mqtt_url, host_id=f"host-{group}", **options)
            replicas.start(count)
            return replicas

        yield start


@pytest.mark.long
@pytest.mark.parametrize(
    ("mqtt_url", "count", "protocol"),
    [
        ("mosquitto", 2, "5"),
        pytest.param("mosquitto", 4, "3.1.1", marks=pytest.mark.system),
        ("embedded", 2, "3.1.1"),
    ],
    indirect=["mqtt_url"],
)
def test_one_killed_and_one_added_under_load(
    mqtt_url: str,
    start_replicas: StartReplicas,
    database_rows: Query,
    group: str,
    count: int,
    protocol: str,
) -> None:
    replicas = start_replicas(count, protocol=protocol)
    with ExitStack() as stack, state_of(mqtt_url, replicas.host_id):
        edges = [
            stack.enter_context(LoadEdge(mqtt_url, group, f"N{i}", 100 + i, count=150)) for i in range(4)
        ]
        send_all(edges, 50)
        victim = replicas.others[0]
        for edge in edges:  # in full flight
            edge.step(100)
        victim.send(signal.SIGKILL)
        send_all(edges, 100)
        replicas.start()
        send_all(edges, 150)
        for edge in edges:
            edge.status(150, 3000)
        alive = [r for r in replicas.all if r.process.poll() is None]
        assert all(r.metric("batches_stored_total") > 0 for r in alive)  # each had its share
        wait_for(
            lambda: database_rows("SELECT DISTINCT produced_batches FROM telemetry.ledger") == [(150,)],
            "status",
        )
    stored_exactly(database_rows, edges)


def only_voice(states: list[dict[str, object]], before: object) -> bool:
    """Whether the last word is "online" of another session than `before`."""
    return states[-1]["online"] is True and states[-1]["timestamp"] != before


@pytest.mark.long
@pytest.mark.parametrize("mqtt_url", ["mosquitto", "embedded"], indirect=True)
def test_host_killed_another_takes_over(
    mqtt_url: str, start_replicas: StartReplicas, database_rows: Query, group: str
) -> None:
    replicas = start_replicas(2)
    with (
        state_of(mqtt_url, replicas.host_id) as states,
        LoadEdge(mqtt_url, group, "N1", 100, count=90) as edge,
        LoadEdge(mqtt_url, group, "N2", 200, count=60) as late,
    ):
        send_all([edge], 30)
        wait_for(lambda: bool(states) and states[-1]["online"] is True, "the host is online")
        first, born = replicas.host, states[-1]["timestamp"]
        assert first is not None
        edge.step(60)
        first.send(signal.SIGKILL)
        send_all([edge], 60)  # data flow while there is no host
        wait_for(lambda: replicas.host not in {None, first}, "another is the host")
        wait_for(lambda: only_voice(states, born), "STATE says so")
        assert edge.rebirths == 0  # the new host knows its aliases
        send_all([late], 60)  # a node that nobody knew
        send_all([edge], 90)
        assert [s["online"] for s in states[1:]].count(True) <= 3  # words are not fought over
        assert only_voice(states, born)
    stored_exactly(database_rows, [edge, late])


@pytest.mark.long
def test_host_frozen_loses_its_office_and_steps_down(
    mqtt_url: str, start_replicas: StartReplicas, database_rows: Query, group: str
) -> None:
    replicas = start_replicas(2, lease=2)
    with (
        state_of(mqtt_url, replicas.host_id) as states,
        LoadEdge(mqtt_url, group, "N1", 100, count=80) as edge,
        FakeEdge(mqtt_url, group, "F1", ledger_id=None) as foreign,
    ):
        send_all([edge], 20)
        first = replicas.host
        assert first is not None
        _foreign_born(foreign)
        wait_for(lambda: _foreign_count(database_rows) == 1, "the birth of the foreign node is stored")
        wait_for(lambda: bool(states) and states[-1]["online"] is True, "the host is online")
        born = states[-1]["timestamp"]
        first.send(signal.SIGSTOP)
        wait_for(lambda: replicas.others == [] and _is_host(replicas, first), "another is the host", 40)
        _foreign_data(foreign)  # comes to both: the old host's session with the broker still lives
        wait_for(lambda: foreign.rebirths > 0, "the new host asks for the births")
        _foreign_born(foreign)
        values = 1
        for _ in range(5):
            _foreign_data(foreign)
        wait_for(lambda: _foreign_count(database_rows) >= 7 + values - 1, "the new host stores foreign data")
        first.send(signal.SIGCONT)
        wait_for(lambda: first.role == "replica", "the old host has stepped down")
        assert "no host any more" in first.log
        send_all([edge], 80)
        for _ in range(5):
            _foreign_data(foreign)
        wait_for(lambda: _foreign_count(database_rows) >= 12, "one host goes on")
        wait_for(lambda: only_voice(states, born), "STATE is the new host's")
        assert first.metric("step_downs_total") == 1
    doubled = "SELECT series_id, time, value FROM telemetry.sample GROUP BY 1, 2, 3 HAVING count(*) > 1"
    assert database_rows(doubled) == []
    ledger = database_rows("SELECT stored::text FROM telemetry.ledger")
    assert ledger == [("{[1,81)}",)]


def _is_host(replicas: Replicas, but: Replica) -> bool:
    return any(r.role == "host" for r in replicas.all if r is not but)


def _foreign_count(query: Query) -> int:
    rows = query(
        "SELECT count(*) FROM telemetry.sample JOIN telemetry.series USING (series_id)"
        " JOIN telemetry.device USING (device_id) JOIN telemetry.node USING (node_id) WHERE ledger_id IS NULL"
    )
    return int(str(rows[0][0]))


def _foreign_born(edge: FakeEdge) -> None:
    edge.node_birth()
    edge.device_birth("P1", LOAD, value=0.5)


def _foreign_data(edge: FakeEdge) -> None:
    """One more value: each at a time of its own."""
    edge.batch("P1", 0, [Sample(1, float(edge.seq), now_ms())])
    at = now_ms()
    wait_for(lambda: now_ms() > at, "the next millisecond")


def _sum(replicas: Replicas, metric: str) -> float:
    return sum(r.metric(metric) for r in replicas.all)


@pytest.mark.long
def test_new_identity_and_new_signals_reach_every_replica(
    mqtt_url: str, start_replicas: StartReplicas, database_rows: Query, group: str
) -> None:
    replicas = start_replicas(3)
    with state_of(mqtt_url, replicas.host_id), LoadEdge(mqtt_url, group, "N1", 100, count=40) as edge:
        send_all([edge], 40)
        with LoadEdge(mqtt_url, group, "N1", 101, count=60) as renewed:
            send_all([renewed], 30)
            for number in range(41, 53):  # what the old buffer had on the wire, every replica gets some
                edge.batch("M1", number, edge.samples(number))
            send_all([renewed], 60)
            # A replica that has just learned of the new buffer by a refused claim counts the next ones as doubles.
            wait_for(
                lambda: _sum(replicas, "batches_stale_total") + _sum(replicas, "batches_doubled_total") >= 12,
                "they are dropped",
            )
            assert _sum(replicas, "batches_stale_total") > 0
            renewed.device_birth("M1", LOAD | {3: ("New", LOAD[1][1])})
            for number in range(61, 81):
                renewed.batch("M1", number, [Sample(3, 1.0, now_ms() + number)])
            wait_for(lambda: renewed.done() == [(1, 80)], "every replica has learned of the new signal")
            assert renewed.rebirths == edge.rebirths == 0
    ledgers = database_rows("SELECT ledger_id, stored::text, superseded FROM telemetry.ledger ORDER BY 1")
    assert ledgers == [(100, "{[1,41)}", True), (101, "{[1,81)}", False)]
    assert database_rows("SELECT reason FROM telemetry.dead_letter") == []
    assert database_rows("SELECT count(*) FROM telemetry.sample") == [(40 * 20 + 60 * 20 + 20,)]
