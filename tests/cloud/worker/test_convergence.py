"""Whatever the order, the batches and the moments: after each drain the tables are those of one computation from raw."""

import random
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from chejian_cloud.clock import to_us
from chejian_cloud.worker import take
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cloud.plant_rows import GOOD, PlantRows, Row, moment
from tests.cloud.worker.oracle import EQUIPMENT, Oracle, Rollups, stored_rollups
from tests.cloud.worker.rounds import DAY, MINUTE, T0, Bench, after, production, rows

CLEARED = (
    "telemetry.sample, telemetry.text_sample, telemetry.dirty, telemetry.birth, app.rollup_1m, app.rollup_1h,"
    " app.kpi_value, app.kpi_revision, app.state_interval, app.work_progress, app.dirty"
)
Batch = tuple[int, list[Row]]
"""Quality and rows of one commit."""


def clear(dsn: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(f"TRUNCATE {CLEARED}")


def measured(rng: random.Random, hours: float) -> list[Row]:
    """Speed, power and a temperature without role: numbers with fractions, gaps, and one without a value."""
    out: list[Row] = []
    for name in ("Spindle/Speed", "Energy/ActivePower", "Spindle/Temperature"):
        at = T0 + rng.randrange(MINUTE)
        while at < T0 + hours * 60 * MINUTE:
            out.append((name, at, rng.choice([rng.uniform(-5, 3000), 0.1, float("nan")])))
            at += rng.choice([30_000, 30_000, 1_003, 47_111, 700_000])
    return out


def batches(rng: random.Random, samples: list[Row]) -> list[Batch]:
    """Random batches in random order; some of uncertain and of bad quality."""
    rng.shuffle(samples)
    size = len(samples) // rng.choice([3, 6, 9]) + 1
    pieces = [samples[i : i + size] for i in range(0, len(samples), size)]
    return [(rng.choice([GOOD, GOOD, GOOD, 64, 0]), piece) for piece in pieces]


def died(plant: PlantRows, at_ms: int) -> None:
    """A death as the gateway writes it: a line in the journal, and a mark."""
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "INSERT INTO telemetry.birth (node_id, device, kind, received) VALUES (%s, '', 'NDEATH', %s)",
            (plant.node_id, moment(at_ms)),
        )
        connection.execute(
            "INSERT INTO telemetry.dirty AS d (device_id, hour, lo, hi)"
            " SELECT device_id, date_trunc('hour', t, 'UTC'), t, t FROM telemetry.device, CAST(%s AS timestamptz) AS t"
            " ON CONFLICT (device_id, hour) DO UPDATE SET gen = d.gen + 1, lo = least(d.lo, excluded.lo),"
            " hi = greatest(d.hi, excluded.hi)",
            (moment(at_ms),),
        )


def check(plant: PlantRows, *, foreign: bool) -> int:
    """Compare every stored rollup and every KPI of an ended window with the oracle; the number of KPIs compared."""
    assert rows(plant.dsn, "SELECT * FROM telemetry.dirty") == []
    oracle = Oracle(plant, foreign=foreign)
    (state,) = rows(
        plant.dsn,
        'SELECT rolled_until, (SELECT max("end") FROM app.state_interval i WHERE i.equipment_id = e.equipment_id)'
        " AS known FROM app.equipment e JOIN app.work_progress USING (equipment_id) WHERE code = %s",
        EQUIPMENT,
    )
    minutes: Rollups = {}
    hours: Rollups = {}
    for name in oracle.names():
        fine, coarse = oracle.rollups(name, to_us(state["rolled_until"]))
        minutes |= fine if name != "Spindle/Temperature" else {}
        hours |= coarse
    assert stored_rollups(plant.dsn, "rollup_1m") == minutes
    assert stored_rollups(plant.dsn, "rollup_1h") == hours
    hour_starts = [r["start"] for r in rows(plant.dsn, KPI_ROWS, EQUIPMENT) if r["window_kind"] == "hour"]
    first = min(hour_starts, default=state["known"])
    found = {
        (r["kpi"], r["window_kind"], to_us(r["start"])): (to_us(r["end"]), *list(r.values())[4:])
        for r in rows(plant.dsn, KPI_ROWS, EQUIPMENT)
        if r["start"] >= DAY
    }
    wanted = {
        key: value
        for key, value in oracle.kpis(to_us(state["known"])).items()
        if key[1] != "hour" or key[2] >= to_us(first)
    }
    assert found == wanted
    return len(found)


KPI_ROWS = """
SELECT kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags
  FROM app.kpi_value JOIN app.equipment USING (equipment_id) WHERE code = %s AND NOT provisional
"""


@pytest.fixture(params=[False, True], ids=["ledger", "foreign"])
def a_plant(request: pytest.FixtureRequest, make_seeded: Callable[[], str]) -> tuple[PlantRows, bool]:
    """With the ledger also a calendar whose shifts change inside an hour."""
    plant = PlantRows(make_seeded(), foreign=request.param)
    if not request.param:
        with psycopg.connect(plant.dsn) as connection:
            connection.execute(
                "UPDATE app.shift SET start = start - interval '25 minutes', \"end\" = \"end\" - interval '25 minutes'"
            )
    return plant, request.param


@settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32))
def test_after_each_drain_the_tables_are_those_of_raw(a_plant: tuple[PlantRows, bool], seed: int) -> None:
    plant, foreign = a_plant
    clear(plant.dsn)
    rng = random.Random(seed)
    span = rng.choice([1.5, 3.0, 5.0])
    begin = rng.choice([0, 11])  # the latter: over the end of shift A and local midnight
    made = production(seed, span) + measured(rng, span)
    todo = batches(rng, [(name, ms + begin * 60 * MINUTE, value) for name, ms, value in made])
    clock = sorted(begin + rng.uniform(0.2, span + 2) for _ in todo)
    later: list[Batch] = []
    with Bench(plant.dsn, after(hours=clock[0])) as bench:
        for hours, (quality, samples) in zip(clock, todo, strict=True):
            bench.now = after(hours=hours)
            plant.write(EQUIPMENT, [s for s in samples if moment(s[1]) <= bench.now], quality=quality)
            later.append((quality, [s for s in samples if moment(s[1]) > bench.now]))
            if foreign and rng.random() < 0.2:
                died(plant, T0 + int(rng.uniform(begin, hours) * 60 * MINUTE))
            if rng.random() < 0.3:
                bench.settle()
                check(plant, foreign=foreign)
        bench.now = after(hours=41)
        for quality, samples in later:
            plant.write(EQUIPMENT, samples, quality=quality)
        bench.settle()
        assert check(plant, foreign=foreign) >= 5 * (24 + 2 + 1), "hours, shifts and a day have ended"


def test_marks_renewed_between_reading_and_deleting_stay(
    plant: PlantRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(5)
    samples = production(5, 4) + measured(rng, 4)
    rng.shuffle(samples)
    rest = [samples[i : i + 60] for i in range(300, len(samples), 60)]
    plant.write(EQUIPMENT, samples[:300])
    delete = take.delete_marks

    def renewed_first(session: Any, marks: Any) -> None:
        if rest:
            plant.write(EQUIPMENT, rest.pop())
        delete(session, marks)

    monkeypatch.setattr("chejian_cloud.worker.unit.delete_marks", renewed_first)
    with Bench(plant.dsn, after(hours=5)) as bench:
        while rest:
            assert bench.step(), "every renewed mark gives the next round something to do"
        bench.settle()
    check(plant, foreign=False)
