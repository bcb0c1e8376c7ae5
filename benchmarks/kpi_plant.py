"""A province of machines in an embedded PostgreSQL, written by COPY as a gateway would have, for the KPI benchmarks.

Machines report by exception: a state when it changes and as a heartbeat, counters with each part, a product per day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import psycopg

from benchmarks.bench_plant import DAY_START

HEARTBEAT_S = 30
"""[s] The edge's default."""
CYCLE_S = 120.0
"""[s] A part every two minutes: 600 a day beside stops, which is usual for machining and assembly cells."""
STOPS_A_DAY = 40
LENGTH_S = 240.0
"""[s] Mean length of a stop, exponentially distributed: most are minor stops."""
_SIGNALS = (
    ("State/MachineState", 3, "state", "machine_state"),
    ("Counts/Produced", 4, "total_increasing", "produced_count"),
    ("Counts/Good", 4, "total_increasing", "good_count"),
)
_MACHINES = """
INSERT INTO app.workshop (enterprise_id, calendar_id, code, name_zh, name_en, timezone, city_code)
SELECT 1, 1, 'W' || i, 'w', 'w', 'Asia/Shanghai', '230100' FROM generate_series(1, %(w)s) i;
INSERT INTO app.line (workshop_id, code, name_zh, name_en) SELECT workshop_id, 'L', 'l', 'l' FROM app.workshop;
INSERT INTO telemetry.node (group_id, edge_node, ledger_id) SELECT 'e', code, workshop_id FROM app.workshop;
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
SELECT 1, w.workshop_id, l.line_id, w.code || '-' || i, 'm', 'm', 'cnc_machining_centre'
  FROM app.workshop w JOIN app.line l USING (workshop_id), generate_series(1, %(m)s) i;
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device)
SELECT e.equipment_id, 'e', w.code, e.code FROM app.equipment e JOIN app.workshop w USING (workshop_id);
INSERT INTO app.ideal_cycle (equipment_id, product_id, cycle_us, valid_from)
SELECT equipment_id, 1, 110000000, '2020-01-01' FROM app.equipment;
INSERT INTO telemetry.device (node_id, name)
SELECT n.node_id, f.device FROM app.equipment_feed f JOIN telemetry.node n USING (group_id, edge_node)
 ORDER BY f.equipment_id
"""
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("time_size", ">i4"),
        ("time", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("series_size", ">i4"),
        ("series", ">i4"),
        ("quality_size", ">i4"),
        ("quality", ">i2"),
    ]
)
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_EPOCH_2000_US = 946_684_800_000_000


@dataclass(frozen=True)
class Province:
    """What was written."""

    machines: int
    days: int
    rows: int
    start: datetime
    end: datetime


def fill(dsn: str, *, workshops: int, machines: int, days: int, seed: int = 1) -> Province:
    """Register `workshops` x `machines` and write their samples of some days from `DAY_START` on."""
    rng = np.random.default_rng(seed)
    with psycopg.connect(dsn) as connection:
        _register(connection, workshops, machines)
        for day in range(days):
            first = DAY_START + timedelta(days=day)
            for table in ("sample", "text_sample"):
                connection.execute(
                    f"CREATE TABLE telemetry.{table}_{first:%Y%m%d} PARTITION OF telemetry.{table}"
                    f" FOR VALUES FROM ('{first.isoformat()}') TO ('{(first + timedelta(days=1)).isoformat()}')"
                )
        found = connection.execute(
            "SELECT series_id, device_id, role FROM telemetry.series ORDER BY device_id, series_id"
        ).fetchall()
        by_device: dict[int, dict[str, int]] = {}
        for series, device, role in found:
            by_device.setdefault(device, {})[role] = series
        rows = 0
        for day in range(days):
            with connection.cursor().copy(
                "COPY telemetry.sample (time, value, series_id, quality) FROM STDIN (FORMAT binary)"
            ) as copy:
                copy.write(_HEADER)
                for block in _day(rng, by_device, day):
                    rows += len(block)
                    copy.write(block.tobytes())
                copy.write(b"\xff\xff")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("ANALYZE telemetry.sample")
    return Province(workshops * machines, days, rows, DAY_START, DAY_START + timedelta(days=days))


def _day(rng: np.random.Generator, devices: dict[int, dict[str, int]], day: int) -> Iterator[np.ndarray]:
    begin = round((DAY_START + timedelta(days=day)).timestamp() * 1_000_000)
    for number, roles in enumerate(devices.values()):
        edges = np.sort(rng.uniform(0, 86_400 - 1, STOPS_A_DAY))
        until = np.minimum(edges + rng.exponential(LENGTH_S, STOPS_A_DAY), np.append(edges[1:], 86_400) - 0.5)
        beats = np.arange(number % HEARTBEAT_S, 86_400, HEARTBEAT_S, dtype=np.float64)
        kinds = rng.choice([2, 3, 4, 5, 6, 7], STOPS_A_DAY)
        times = np.concatenate([beats, edges, until])
        order = np.argsort(times, kind="stable")
        times = times[order]
        i = np.searchsorted(edges, times, side="right") - 1
        stopped = (i >= 0) & (times < until[np.maximum(i, 0)])
        states = np.where(stopped, kinds[np.maximum(i, 0)], 1).astype(np.float64)
        parts = np.cumsum(rng.uniform(0.85, 1.15, int(86_400 / CYCLE_S)) * CYCLE_S)
        parts = parts[parts < 86_400 - 1]
        j = np.searchsorted(edges, parts, side="right") - 1
        parts = parts[~((j >= 0) & (parts < until[np.maximum(j, 0)]))]
        made = day * 1000 + np.arange(len(parts))
        good = day * 1000 + np.cumsum(rng.random(len(parts)) > 0.02)
        for role, at, values in (
            ("machine_state", times, states),
            ("produced_count", parts, made),
            ("good_count", parts + 0.002, good),
        ):
            block = np.empty(len(at), _ROW)
            block["fields"], block["time_size"], block["value_size"] = 4, 8, 8
            block["series_size"], block["quality_size"], block["quality"] = 4, 2, 192
            block["time"] = begin - _EPOCH_2000_US + (at * 1000).astype(np.int64) * 1000
            block["value"] = values
            block["series"] = roles[role]
            yield block


def _register(connection: psycopg.Connection, workshops: int, machines: int) -> None:
    connection.execute(
        """
        INSERT INTO app.enterprise (code, name_zh, name_en) VALUES ('e', 'e', 'e');
        INSERT INTO app.calendar (code, timezone) VALUES ('c', 'Asia/Shanghai');
        INSERT INTO app.shift (calendar_id, code, name_zh, name_en, start, "end")
        VALUES (1, 'A', 'A', 'A', '08:00', '20:00'), (1, 'B', 'B', 'B', '20:00', '08:00');
        INSERT INTO app.planned_stop (calendar_id, name_zh, name_en, start, "end") VALUES (1, 'm', 'm', '12:00', '12:30');
        INSERT INTO app.product (enterprise_id, code, name_zh, name_en) VALUES (1, 'p', 'p', 'p');
        """
    )
    values = {"w": workshops, "m": machines}
    for statement in _MACHINES.split(";\n"):
        connection.execute(statement, values)
    for name, datatype, kind, role in _SIGNALS:
        connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype, kind, role)"
            " SELECT device_id, %s, %s, %s, %s FROM telemetry.device",
            (name, datatype, kind, role),
        )
    connection.execute(
        "INSERT INTO telemetry.series (device_id, name, datatype, kind, role)"
        " SELECT device_id, 'Order/Product', 12, 'event', 'product' FROM telemetry.device"
    )
    connection.execute("CREATE TABLE telemetry.text_sample_rest PARTITION OF telemetry.text_sample DEFAULT")
    connection.execute(
        "INSERT INTO telemetry.text_sample (time, series_id, quality, value)"
        " SELECT %s, series_id, 192, 'p' FROM telemetry.series WHERE role = 'product'",
        (DAY_START - timedelta(hours=1),),
    )
