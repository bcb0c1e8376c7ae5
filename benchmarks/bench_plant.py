"""A plant in an embedded PostgreSQL for the worker's benchmarks: machines with some hours of samples every 30 s."""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from chejian.stack import EmbeddedPostgres
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_cloud.worker.work import Worker
from chejian_contract.health import Metrics
from chejian_gateway.migrate import migrate as migrate_telemetry

DAY_START = datetime(2026, 3, 1, 16, tzinfo=UTC)
"""Midnight in Shanghai."""
HOURS = 20
"""Of the local day that have passed: what a live mark had to read before there were partials."""
SIGNALS = (
    ("State/MachineState", 3, "state", "machine_state"),
    ("Counts/Produced", 4, "total_increasing", "produced_count"),
    ("Counts/Good", 4, "total_increasing", "good_count"),
    ("Energy/ActivePower", 10, "measurement", "active_power"),
    ("Spindle/Speed", 10, "measurement", "rotational_speed"),
    ("Spindle/Temperature", 10, "measurement", ""),
)

_REGISTRY = """
INSERT INTO app.enterprise (code, name_zh, name_en) VALUES ('e', 'e', 'e');
INSERT INTO app.calendar (code, timezone) VALUES ('c', 'Asia/Shanghai');
INSERT INTO app.shift (calendar_id, code, name_zh, name_en, start, "end")
VALUES (1, 'A', 'A', 'A', '08:00', '20:00'), (1, 'B', 'B', 'B', '20:00', '08:00');
INSERT INTO app.planned_stop (calendar_id, name_zh, name_en, start, "end") VALUES (1, 'm', 'm', '12:00', '12:30');
INSERT INTO app.workshop (enterprise_id, calendar_id, code, name_zh, name_en, timezone, city_code)
VALUES (1, 1, 'w', 'w', 'w', 'Asia/Shanghai', '230100');
INSERT INTO app.line (workshop_id, code, name_zh, name_en) VALUES (1, 'l', 'l', 'l');
INSERT INTO app.product (enterprise_id, code, name_zh, name_en) VALUES (1, 'p', 'p', 'p');
INSERT INTO telemetry.node (group_id, edge_node, ledger_id) VALUES ('e', 'w', 1);
"""
_MACHINES = """
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
SELECT 1, 1, 1, 'M' || i, 'm', 'm', 'cnc_machining_centre' FROM generate_series(1, %(n)s) i;
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device)
SELECT equipment_id, 'e', 'w', code FROM app.equipment;
INSERT INTO app.ideal_cycle (equipment_id, product_id, cycle_us, valid_from)
SELECT equipment_id, 1, 90000000, '2020-01-01' FROM app.equipment;
INSERT INTO telemetry.device (node_id, name) SELECT 1, code FROM app.equipment ORDER BY equipment_id;
"""
_SAMPLES = """
INSERT INTO telemetry.sample (time, series_id, quality, value)
SELECT t, s.series_id, 192, CASE WHEN s.kind = 'state' THEN 1 + (k / 40 + s.device_id) %% 3
                                 WHEN s.kind = 'total_increasing' THEN k / 3
                                 ELSE 100 + (k * 7919 %% 1000) / 7.0 END
  FROM generate_series(0, %(count)s - 1) AS k
 CROSS JOIN LATERAL (SELECT %(start)s + k * interval '30 seconds' AS t) x
 CROSS JOIN telemetry.series s
"""
_DIRTY = """
INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi)
SELECT device_id, h, h, h + interval '59 minutes 59 seconds' FROM telemetry.device,
       generate_series(%(start)s, %(end)s - interval '1 hour', interval '1 hour') h
"""
_LIVE = """
INSERT INTO telemetry.sample (time, series_id, quality, value)
SELECT %(at)s, series_id, 192, CASE WHEN kind = 'state' THEN 1 WHEN kind = 'total_increasing' THEN 1000000 ELSE 5.5 END
  FROM telemetry.series;
"""
_LIVE_DIRTY = """
INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi)
SELECT device_id, date_trunc('hour', t, 'UTC'), t, t FROM telemetry.device, CAST(%(at)s AS timestamptz) AS t
ON CONFLICT (device_id, hour) DO UPDATE SET gen = d.gen + 1, lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi)
"""


class Plant:
    """Machines whose history is stored and marked; the worker's clock stands until it is moved."""

    def __init__(self, dsn: str, machines: int) -> None:
        self.dsn = dsn
        self.now = DAY_START + timedelta(hours=HOURS)
        self.metrics = Metrics()
        self._seconds = 0.0
        with psycopg.connect(dsn) as connection:
            for table in ("sample", "text_sample", "waveform"):
                connection.execute(
                    f"CREATE TABLE telemetry.{table}_rest PARTITION OF telemetry.{table} DEFAULT"
                )
            connection.execute(_REGISTRY)
            for statement in _MACHINES.split(";\n"):
                if statement.strip():
                    connection.execute(statement, {"n": machines})
            for name, datatype, kind, role in SIGNALS:
                connection.execute(
                    "INSERT INTO telemetry.series (device_id, name, datatype, kind, role)"
                    " SELECT device_id, %s, %s, %s, %s FROM telemetry.device",
                    (name, datatype, kind, role),
                )
            span = {"start": DAY_START, "end": self.now, "count": HOURS * 120}
            connection.execute(_SAMPLES, span)
            connection.execute(_DIRTY, span)
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ANALYZE")
        self.engine = make_engine(dsn, application="benchmark")
        self.worker = Worker(
            Settings(dsn=dsn), self.metrics, clock=lambda: self.now, monotonic=self._monotonic
        )

    def _monotonic(self) -> float:
        self._seconds += 1e-6
        return self._seconds

    def drain(self) -> None:
        """Rounds of the worker until nothing is left."""
        with self.engine.connect() as connection:
            self._seconds += 1000.0
            while self.worker.step(connection, diagnose=False):
                self._seconds += 1000.0

    def live(self, seconds: float) -> None:
        """Move on, and store one sample of each series with its marks, as a gateway does."""
        self.now += timedelta(seconds=seconds)
        at = {"at": self.now - timedelta(milliseconds=300)}
        with psycopg.connect(self.dsn) as connection:
            connection.execute(_LIVE, at)
            connection.execute(_LIVE_DIRTY, at)


@contextmanager
def plant(machines: int) -> Iterator[Plant]:
    """A plant in a server of its own."""
    logging.disable(logging.INFO)
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server,
    ):
        migrate_telemetry(server.dsn())
        migrate_app(server.dsn())
        made = Plant(server.dsn(), machines)
        yield made
        made.engine.dispose()
