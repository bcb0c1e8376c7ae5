"""The worker's numbers: equal to the analytics called directly, whatever the order of arrival."""

import random
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import psycopg
import pytest
from chejian_analytics.kpi import (
    CounterSeries,
    IdealCycle,
    OeeInputs,
    TimeRules,
    daily_windows,
    hour_windows,
    window_oee,
)
from chejian_cloud.registry.seed import seed
from chejian_cloud.worker import work
from chejian_cloud.worker.take import Unit, take_marks
from chejian_cloud.worker.work import Worker
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import DAY, KPIS, MINUTE, STATES, T0, Bench, after, production, rows

ZONE = "Asia/Shanghai"
RULES = TimeRules(minor_stop_us=300_000_000)
SHIFTS = [("08:00", "20:00"), ("20:00", "08:00")]
STOPS = [("12:00", "12:30")]


def _column(samples: list[Row], signal: str) -> tuple[list[int], list[object]]:
    own = sorted((ms * 1000, value) for name, ms, value in samples if name == signal)
    return [t for t, _ in own], [v for _, v in own]


def test_values_are_those_of_the_analytics(plant: PlantRows) -> None:
    samples = production(1, 5)
    plant.write("CNC-01", samples)
    with Bench(plant.dsn, after(hours=5)) as bench:
        bench.settle()
    start, end = T0 * 1000, T0 * 1000 + 5 * 3_600_000_000
    state_times, states = _column(samples, "State/MachineState")
    product_times, products = _column(samples, "Order/Product")
    counters = {}
    for name in ("Produced", "Good"):
        times, values = _column(samples, f"Counts/{name}")
        counters[name] = CounterSeries(np.array(times), np.array(values))
    expected = window_oee(
        OeeInputs(
            state_times_us=state_times,
            states=np.array(states),
            hold_us=60_000_000,
            produced=counters["Produced"],
            good=counters["Good"],
            scrap=CounterSeries([], []),
            product_times_us=product_times,
            products=[str(p) for p in products],
            ideal_cycles=[IdealCycle("SHAFT-A", 90_000_000, 0)],
            scheduled=daily_windows(SHIFTS, ZONE, start - RULES.margin_us, end + RULES.margin_us),
            planned_stops=daily_windows(STOPS, ZONE, start - RULES.margin_us, end + RULES.margin_us),
            rules=RULES,
        ),
        hour_windows(ZONE, start, end),
    )
    found = rows(
        plant.dsn,
        "SELECT * FROM app.kpi_value JOIN app.equipment USING (equipment_id)"
        " WHERE code = 'CNC-01' AND kpi = 'oee' AND window_kind = 'hour' ORDER BY start",
    )
    assert [row["value"] for row in found] == [r.oee for r in expected]
    assert [row["inputs"] for row in found] == [r.terms() for r in expected]
    assert [row["flags"] for row in found] == [list(r.flags) for r in expected]
    assert [row["completeness"] for row in found] == [r.completeness for r in expected]
    assert not any(row["provisional"] for row in found)
    assert sum(row["inputs"]["produced"] for row in found) > 20
    assert rows(plant.dsn, "SELECT * FROM telemetry.dirty") == []


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_any_order_of_arrival_gives_the_same_bits(seed: int, make_seeded: Callable[[], str]) -> None:
    samples = production(seed, 7)
    ordered, shuffled = PlantRows(make_seeded()), PlantRows(make_seeded())
    ordered.write("CNC-01", samples)
    with Bench(ordered.dsn, after(hours=30)) as bench:
        bench.settle()
    rng = random.Random(seed)
    rng.shuffle(samples)
    with Bench(shuffled.dsn, after(hours=1)) as bench:
        chunks = [samples[i : i + 150] for i in range(0, len(samples), 150)]
        times = sorted(rng.uniform(7, 29) for _ in chunks)
        for chunk, hours in zip(chunks, times, strict=True):
            shuffled.write("CNC-01", chunk)
            bench.now = after(hours=hours)
            if rng.random() < 0.7:
                bench.step()
        bench.now = after(hours=30)
        bench.settle()
    for query in (KPIS, STATES):
        wanted, found = rows(ordered.dsn, query), rows(shuffled.dsn, query)
        assert [r for r in found if r["code"] == "CNC-01"] == [r for r in wanted if r["code"] == "CNC-01"]
    assert len(rows(ordered.dsn, STATES)) > 50


def test_state_intervals_are_contiguous_and_merged(plant: PlantRows) -> None:
    samples = production(3, 6)
    with Bench(plant.dsn, after(hours=1)) as bench:
        for hour in range(6):
            bench.now = after(hours=hour + 1)
            lo, hi = T0 + hour * 60 * MINUTE, T0 + (hour + 1) * 60 * MINUTE
            plant.write("CNC-01", [s for s in samples if lo <= s[1] < hi])
            bench.settle()
    found = [r for r in rows(plant.dsn, STATES) if r["code"] == "CNC-01"]
    assert found[0]["start"] == DAY
    assert found[-1]["end"] == after(hours=6)
    for left, right in pairwise(found):
        assert left["end"] == right["start"]
        assert (left["state"], left["category"]) != (right["state"], right["category"])


def test_a_running_window_is_provisional_and_the_clock_closes_it(plant: PlantRows) -> None:
    plant.write("CNC-01", [("State/MachineState", T0 + m * MINUTE // 2, 1) for m in range(60)])
    query = (
        "SELECT provisional, completeness, inputs FROM app.kpi_value JOIN app.equipment USING (equipment_id)"
        " WHERE code = 'CNC-01' AND kpi = 'oee' AND window_kind = 'hour' AND start = %s"
    )
    with Bench(plant.dsn, after(minutes=30)) as bench:
        bench.settle()
        (row,) = rows(plant.dsn, query, DAY)
        assert row["provisional"]
        assert row["inputs"]["calendar_us"] == row["inputs"]["apt_us"] == 30 * 60 * 1_000_000
        bench.now = after(minutes=60, seconds=1)
        bench.settle()
    (row,) = rows(plant.dsn, query, DAY)
    assert not row["provisional"]
    assert row["inputs"]["apt_us"] == 30_500_000 * 60  # the last value, of 29:30, holds for 60 s
    assert row["inputs"]["no_data_us"] == 29_500_000 * 60
    assert row["completeness"] == 30.5 / 60


def test_a_silent_machine_gets_windows_without_data(plant: PlantRows) -> None:
    with Bench(plant.dsn, after(hours=1, minutes=10)) as bench:
        bench.settle()
        bench.now = after(hours=3, minutes=1)
        bench.settle()
    found = rows(
        plant.dsn,
        "SELECT start, value, completeness, flags, inputs, provisional FROM app.kpi_value JOIN app.equipment"
        " USING (equipment_id) WHERE code = 'MTS-01' AND kpi = 'availability' AND window_kind = 'hour' ORDER BY start",
    )
    assert [r["start"] for r in found] == [after(hours=h) for h in (1, 2, 3)]
    assert [r["provisional"] for r in found] == [False, False, True]
    assert all(r["value"] is None and r["completeness"] == 0.0 for r in found)
    assert all("no_planned_time" in r["flags"] for r in found)
    states = [r for r in rows(plant.dsn, STATES) if r["code"] == "MTS-01"]
    assert [(r["state"], r["category"]) for r in states] == [(0, "NO_DATA")]


def test_late_data_revise_a_closed_window_once(plant: PlantRows) -> None:
    samples: list[Row] = [("State/MachineState", T0 + m * MINUTE // 2, 1) for m in range(120)]
    late = [s for s in samples if T0 + 20 * MINUTE <= s[1] < T0 + 40 * MINUTE]
    plant.write("CNC-01", [s for s in samples if s not in late])
    with Bench(plant.dsn, after(hours=2)) as bench:
        bench.settle()
        bench.now = after(hours=4)
        for i in range(0, len(late), 10):
            plant.write("CNC-01", late[i : i + 10])
            bench.settle()
    found = rows(
        plant.dsn,
        "SELECT * FROM app.kpi_revision WHERE window_kind = 'hour' AND kpi = 'oee' AND start = %s",
        DAY,
    )
    assert len(found) == 1
    assert found[0]["old_inputs"]["no_data_us"] == 19_500_000 * 60
    assert found[0]["new_inputs"]["no_data_us"] == 0
    assert found[0]["revised_at"] == after(hours=4)
    assert (
        rows(plant.dsn, "SELECT * FROM app.kpi_revision WHERE start > %s AND window_kind = 'hour'", DAY) == []
    )


def test_recomputing_equal_numbers_touches_nothing(plant: PlantRows) -> None:
    plant.write("CNC-01", production(5, 3))
    stamp = "SELECT kpi, window_kind, start, computed_at, xmin::text FROM app.kpi_value WHERE NOT provisional AND equipment_id = 1 ORDER BY 1, 2, 3"
    with Bench(plant.dsn, after(hours=4)) as bench:
        bench.settle()
        before = rows(plant.dsn, stamp)
        bench.now = after(hours=4, minutes=30)
        with psycopg.connect(plant.dsn) as connection:
            connection.execute(
                "INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason)"
                " SELECT equipment_id, %s, %s, %s, 'test' FROM app.equipment",
                (DAY, DAY, after(hours=3)),
            )
        bench.settle()
    assert rows(plant.dsn, stamp) == before
    assert rows(plant.dsn, "SELECT * FROM app.dirty") == []
    assert rows(plant.dsn, "SELECT * FROM app.kpi_revision") == []


def test_a_mark_that_is_renewed_while_it_is_worked_on_stays(plant: PlantRows) -> None:
    plant.write("CNC-01", [("State/MachineState", T0 + 1000, 1)])

    class Interrupted(Worker):
        """Commits another sample after the unit has read its own."""

        todo = True

        def _recompute(self, session: Session, unit: Unit) -> None:
            super()._recompute(session, unit)
            if self.todo and unit.marks:
                self.todo = False
                session.rollback()  # what was read stays read; now another commit comes first
                plant.write("CNC-01", [("State/MachineState", T0 + 31_000, 3)])
                super()._recompute(session, unit)

    with Bench(plant.dsn, after(hours=1), Interrupted) as bench:
        bench.step()
        left = rows(plant.dsn, "SELECT gen FROM telemetry.dirty")
        assert [r["gen"] for r in left] == [2]
        bench.settle()
    assert rows(plant.dsn, "SELECT * FROM telemetry.dirty") == []
    assert [r["state"] for r in rows(plant.dsn, STATES) if r["code"] == "CNC-01"] == [0, 1, 3, 0]


def test_a_device_without_equipment_is_counted_and_computed_once_it_is_registered(
    plant: PlantRows, tmp_path: Path
) -> None:
    plant.add_device("CNC-99", "cnc_machining_centre")
    plant.write("CNC-99", [("State/MachineState", T0 + 1000, 1)])
    path = tmp_path / "more.toml"
    path.write_text(
        '[[equipment]]\nworkshop = "HRB-W1"\nline = "L1"\ncode = "CNC-99"\nname_zh = "新"\nname_en = "New"\n'
        'type = "cnc_machining_centre"\nfeeds = [{node = "HRB-W1", device = "CNC-99"}]\n',
        "utf-8",
    )
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle()
        assert bench.metrics.get("chejian_worker_unmapped_marks_total") == 1
        assert rows(plant.dsn, "SELECT * FROM telemetry.dirty") == []
        seed(plant.dsn, path)
        bench.settle()
    assert [r["state"] for r in rows(plant.dsn, STATES) if r["code"] == "CNC-99"] == [0, 1, 0]


def test_one_broken_equipment_does_not_stop_the_others(plant: PlantRows) -> None:
    plant.write("CNC-01", [("State/MachineState", T0 + 1000, 1)])
    plant.write("MTS-01", [("State/MachineState", T0 + 1000, 1)])

    class Broken(Worker):
        def _recompute(self, session: Session, unit: Unit) -> None:
            super()._recompute(session, unit)
            if unit.equipment_id == 1:
                raise ValueError("no such number")

    with Bench(plant.dsn, after(hours=1), Broken) as bench:
        bench.step()
        assert bench.metrics.get("chejian_worker_failed_units_total") == 1
    assert {r["code"] for r in rows(plant.dsn, STATES)} == {"MTS-01"}
    assert len(rows(plant.dsn, "SELECT * FROM telemetry.dirty")) == 1


def test_what_failed_leaves_its_place_in_a_round_to_others(
    plant: PlantRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.write("CNC-01", [("State/MachineState", T0 + 1000, 1)])
    plant.write("MTS-01", [("State/MachineState", T0 + 60 * MINUTE, 1)])
    monkeypatch.setattr(work, "take_marks", partial(take_marks, limit=1))

    class Broken(Worker):
        def _recompute(self, session: Session, unit: Unit) -> None:
            super()._recompute(session, unit)
            if unit.equipment_id == 1:
                raise ValueError("no such number")

    with Bench(plant.dsn, after(hours=3), Broken) as bench:
        bench.step()
        assert bench.metrics.get("chejian_worker_failed_units_total") == 1
        with bench.engine.connect() as connection:
            assert bench.worker.step(connection, diagnose=False)  # at once: it still pauses
    assert len(rows(plant.dsn, "SELECT * FROM telemetry.dirty")) == 1
    assert {r["code"] for r in rows(plant.dsn, STATES) if r["state"]} == {"MTS-01"}


def test_a_database_that_takes_no_writes_is_no_fault_of_the_equipment(plant: PlantRows) -> None:
    """The round fails as if the server were away; none of the machines pauses after it."""
    plant.write("CNC-01", [("State/MachineState", T0 + 1000, 1)])
    with Bench(plant.dsn, after(hours=1)) as bench:
        with bench.engine.connect() as connection:
            connection.exec_driver_sql("SET default_transaction_read_only = on")
            connection.commit()
            with pytest.raises(InternalError, match="read-only transaction"):
                bench.worker.step(connection, diagnose=False)
            connection.invalidate()
        assert not bench.metrics.get("chejian_worker_failed_units_total")
        with bench.engine.connect() as connection:
            assert bench.worker.step(connection, diagnose=False)  # at once
    assert not rows(plant.dsn, "SELECT * FROM telemetry.dirty")


def test_months_of_silence_are_filled_in_pieces(plant: PlantRows) -> None:
    plant.write("CNC-01", [("State/MachineState", T0 + 1000, 1)])
    with Bench(plant.dsn, after(days=20, minutes=5)) as bench:
        bench.step()
        (known,) = rows(plant.dsn, 'SELECT max("end") AS end FROM app.state_interval WHERE equipment_id = 1')
        assert known["end"] == after(days=7)
        bench.settle()
    found = [r for r in rows(plant.dsn, STATES) if r["code"] == "CNC-01"]
    assert found[-1]["end"] == after(days=20, minutes=5)
    hours = rows(
        plant.dsn,
        "SELECT 1 FROM app.kpi_value WHERE equipment_id = 1 AND kpi = 'oee' AND window_kind = 'hour'",
    )
    assert len(hours) == 20 * 24 + 1
