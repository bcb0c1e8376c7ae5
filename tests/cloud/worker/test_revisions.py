"""Back-fill leaves one revision for each window that had settled, whatever the order and however long it takes."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from chejian_contract.config import parse_duration

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import DAY, KPIS, MINUTE, STATES, T0, Bench, after, rows

REVISIONS = """
SELECT kpi, window_kind, start, old_value, new_value, old_inputs, new_inputs FROM app.kpi_revision
 WHERE equipment_id = 1 ORDER BY window_kind, start, kpi
"""


def day_of_work(hours: float) -> list[Row]:
    """A machine that works all the time and makes a part every three minutes."""
    out: list[Row] = [("Order/Product", T0, "SHAFT-A")]
    for i in range(int(hours * 60)):
        at = T0 + i * MINUTE
        out += [("State/MachineState", at, 1), ("State/MachineState", at + 30_000, 1 + (i % 7 == 0))]
        if i % 3 == 0:
            out += [("Counts/Produced", at + 5, i // 3), ("Counts/Good", at + 7, i // 3 - i // 60)]
    return out


def test_a_day_of_back_fill_over_the_ends_of_hour_and_shift(make_seeded: Callable[[], str]) -> None:
    samples = day_of_work(23.9)
    before = [s for s in samples if s[1] < T0 + 60 * MINUTE]
    missing = [s for s in samples if s[1] >= T0 + 60 * MINUTE]
    random.Random(3).shuffle(missing)
    plant, undisturbed = PlantRows(make_seeded()), PlantRows(make_seeded())
    with Bench(plant.dsn, after(hours=1)) as bench:
        plant.write("CNC-01", before)
        bench.settle()
        for hour in (2, 5, 12.1, 16.1, 20, 23.5):  # the clock closes windows without data
            bench.now = after(hours=hour)
            bench.settle()
        assert rows(plant.dsn, REVISIONS) == []
        bench.now = after(hours=23, minutes=54)
        size = len(missing) // 9 + 1
        for i in range(0, len(missing), size):
            plant.write("CNC-01", missing[i : i + size])
            bench.settle()
            bench.now += timedelta(seconds=59)  # hour and shift end at 24:00, on the way
        assert bench.now > after(hours=24, minutes=2)
        bench.now = after(hours=25)
        bench.settle()
    found = rows(plant.dsn, REVISIONS)
    windows = {(r["window_kind"], r["start"]) for r in found}
    settled = {("hour", after(hours=h)) for h in range(1, 23)} | {("shift", DAY), ("day", after(hours=-8))}
    assert windows == settled, "what had ended before the back-fill began, and nothing that ended during it"
    assert len(found) == 5 * len(settled), "one for each KPI"
    assert all(r["old_inputs"]["completeness"] < r["new_inputs"]["completeness"] for r in found)
    final = {
        (r["kpi"], r["window_kind"], r["start"]): r for r in rows(plant.dsn, KPIS) if r["code"] == "CNC-01"
    }
    assert all(r["new_value"] == final[r["kpi"], r["window_kind"], r["start"]]["value"] for r in found)
    undisturbed.write("CNC-01", samples)
    with Bench(undisturbed.dsn, after(hours=25)) as bench:
        bench.settle()
    for query in (KPIS, STATES):
        assert _own(plant.dsn, query) == _own(undisturbed.dsn, query)


def _own(dsn: str, query: str) -> list[dict[str, Any]]:
    return [r for r in rows(dsn, query) if r["code"] == "CNC-01"]


def test_what_comes_back_to_the_settled_value_leaves_no_revision(plant: PlantRows) -> None:
    plant.write("CNC-01", day_of_work(2))
    with Bench(plant.dsn, after(hours=4)) as bench:
        bench.settle()
        bench.now = after(hours=5)
        plant.write("CNC-01", [("State/MachineState", T0 + 10 * MINUTE + 1, 3)])
        bench.settle()
        assert {r["window_kind"] for r in rows(plant.dsn, REVISIONS)} == {"hour"}
        bench.now += timedelta(seconds=20)
        rows(
            plant.dsn,
            "DELETE FROM telemetry.sample WHERE time = %s RETURNING 1",
            after(minutes=10, milliseconds=1),
        )
        plant.write("CNC-01", [("Spindle/Load", T0 + 10 * MINUTE, 1.0)])  # any mark of that hour
        bench.settle()
    assert rows(plant.dsn, REVISIONS) == []


def test_a_buffer_that_is_late_for_ever_is_revised_daily(plant: PlantRows) -> None:
    plant.write("CNC-01", day_of_work(1))
    with Bench(plant.dsn, after(hours=3), settle=parse_duration("2h")) as bench:
        bench.settle()
        bench.now = after(hours=6)
        for i in range(0, 30, 2):
            plant.write("CNC-01", [("State/MachineState", T0 + i * 100_000 + 1, 3)])
            bench.settle()
            bench.now += timedelta(hours=2)
        found = rows(
            plant.dsn,
            "SELECT revised_at FROM app.kpi_revision WHERE kpi = 'availability' AND window_kind = 'hour' AND start = %s",
            DAY,
        )
    assert sorted(r["revised_at"] for r in found) == [after(hours=30), after(hours=34)], (
        "a day of it, and the rest"
    )
