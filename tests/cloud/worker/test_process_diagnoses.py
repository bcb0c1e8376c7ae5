"""Process channels at each full hour: a drifting sensor is named, the others stay quiet, in whatever order data arrive."""

import random
from collections.abc import Callable

import numpy as np

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after, rows

HOURS = 22
ONSET_HOURS = 9
DRIFT_PER_HOUR = 0.5
NAMED = """
SELECT d.time, d.method, d.method_version, d.part, d.confidence, d.score, d.evidence, s.name, b.version
  FROM app.diagnosis d JOIN telemetry.series s USING (series_id) JOIN app.diagnosis_baseline b USING (baseline_id)
 ORDER BY d.time, s.name, d.method
"""


def history(drift: float = DRIFT_PER_HOUR) -> list[Row]:
    """A machine that runs without a break; its spindle's temperature sensor drifts from `ONSET_HOURS` on."""
    rng = np.random.default_rng(11)
    out: list[Row] = []
    for minute in range(HOURS * 60):
        at = T0 + minute * MINUTE
        grown = drift * max(0.0, minute / 60 - ONSET_HOURS)
        out.append(("State/MachineState", at, 1))
        out.append(("State/MachineState", at + 30_000, 1))
        out.append(("Spindle/Temperature", at + 1000, round(45.0 + 0.3 * rng.standard_normal() + grown, 1)))
        out.append(("Spindle/Load", at + 2000, round(60.0 + 2.0 * rng.standard_normal(), 1)))
    return out


def settle(plant: PlantRows) -> None:
    with Bench(plant.dsn, after(hours=HOURS)) as bench:
        bench.settle(diagnose=True)


def test_a_drifting_sensor_is_named_and_nothing_else(plant: PlantRows) -> None:
    plant.write("CNC-01", history())
    settle(plant)
    found = rows(plant.dsn, NAMED)
    assert {(r["name"], r["part"]) for r in found} == {("Spindle/Temperature", "drifting_sensor")}
    assert after(hours=ONSET_HOURS) < found[0]["time"] <= after(hours=ONSET_HOURS + 8)
    assert found[-1]["time"] == after(hours=HOURS)
    (baseline,) = rows(plant.dsn, "SELECT * FROM app.diagnosis_baseline")
    assert baseline["automatic"]
    assert baseline["valid_from"] <= after(hours=6)
    assert {r["version"] for r in found} == {baseline["version"]}


def test_a_sound_machine_is_left_alone(plant: PlantRows) -> None:
    plant.write("CNC-01", history(drift=0.0))
    settle(plant)
    assert rows(plant.dsn, NAMED) == []


def test_any_order_of_arrival_gives_the_same_verdicts(make_seeded: Callable[[], str]) -> None:
    calm, wild = PlantRows(make_seeded()), PlantRows(make_seeded())
    calm.write("CNC-01", history())
    settle(calm)
    hours = [history()[i : i + 240] for i in range(0, len(history()), 240)]
    pieces = random.Random(5)
    pieces.shuffle(hours)
    with Bench(wild.dsn, after(hours=HOURS)) as bench:
        while hours:
            for _ in range(min(len(hours), 8)):
                wild.write("CNC-01", hours.pop())
            bench.settle(diagnose=True)
    assert rows(wild.dsn, NAMED) == rows(calm.dsn, NAMED)
