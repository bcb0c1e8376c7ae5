"""Nothing is computed beyond raw retention: such marks are refused, told once, counted, and what was computed stands."""

from typing import Any

import psycopg
import pytest
from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.clock import to_us
from chejian_cloud.worker.retention import LOOK_BACK_US, floor_us
from chejian_contract.config import parse_duration
from hypothesis import given
from hypothesis import strategies as st

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import DAY, MINUTE, T0, Bench, after, production, rows

TABLES = ("kpi_value", "state_interval", "rollup_1m", "rollup_1h", "kpi_revision")
FIVE_DAYS = parse_duration("5d")


def stored(dsn: str, before: Any) -> dict[str, list[dict[str, Any]]]:
    """All rows of the results before a time, with the transaction that wrote them."""
    return {
        table: rows(
            dsn,
            f"SELECT xmin::text, * FROM app.{table} WHERE {'bucket' if 'rollup' in table else 'start'} < %s"
            " ORDER BY 2, 3, 4",
            before,
        )
        for table in TABLES
    }


def test_marks_beyond_retention_are_refused(plant: PlantRows, caplog: pytest.LogCaptureFixture) -> None:
    plant.write("CNC-01", production(3, 5))
    with Bench(plant.dsn, after(hours=6), raw_retention=FIVE_DAYS) as bench:
        bench.settle()
        before = stored(plant.dsn, after(hours=4))
        assert all(before[table] for table in TABLES if table != "kpi_revision")
        bench.now = after(days=10)
        bench.settle()
        with psycopg.connect(plant.dsn) as connection:
            connection.execute("DELETE FROM telemetry.sample WHERE time < %s", (after(days=5),))
        plant.write("CNC-01", [("State/MachineState", T0 + 90 * MINUTE, 5)])
        plant.write("CNC-01", [("State/MachineState", T0 + 9 * 24 * 60 * MINUTE, 1)])
        with psycopg.connect(plant.dsn) as connection:
            connection.execute(
                "INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason) VALUES (1, %s, %s, %s, 'test')",
                (DAY, DAY, after(hours=1)),
            )
        bench.settle()
        plant.write("CNC-01", [("State/MachineState", T0 + 91 * MINUTE, 5)])
        bench.settle()
        assert bench.metrics.get("chejian_worker_refused_marks_total") == 3
    assert stored(plant.dsn, after(hours=4)) == before
    assert rows(plant.dsn, "SELECT 1 FROM telemetry.dirty UNION ALL SELECT 1 FROM app.dirty") == []
    assert len([r for r in caplog.records if "beyond raw retention" in r.message]) == 1
    (new,) = rows(
        plant.dsn,
        'SELECT start, "end" FROM app.state_interval WHERE equipment_id = 1 AND state = 1 AND start > %s',
        after(days=5),
    )
    assert (new["start"], new["end"]) == (after(days=9), after(days=9, minutes=1))


@given(
    now=st.integers(to_us(DAY), to_us(DAY) + 400 * 86_400_000_000),
    days=st.integers(3, 400),
    zone=st.sampled_from(["Asia/Shanghai", "UTC", "Europe/Berlin", "Asia/Kolkata"]),
)
def test_the_floor_is_a_local_midnight_with_a_day_of_raw_before_it(now: int, days: int, zone: str) -> None:
    calendar = WorkCalendar(zone, (), ())
    retention = days * 86_400_000_000
    floor = floor_us(calendar, now, retention)
    assert floor in calendar.windows("day", floor, floor + 1).start_us.tolist()
    assert LOOK_BACK_US <= floor - (now - retention) < LOOK_BACK_US + 25 * 3_600_000_000
