"""Waveforms get one diagnosis each, again when their speed comes late, and a bad block stops nobody."""

import numpy as np
import psycopg
from chejian_analytics.diagnosis import BearingOrders, diagnose_bearing

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import T0, Bench, after, rows

RATE = 12_000
BEARING = "SELECT * FROM app.diagnosis WHERE method = 'bearing_envelope'"
ORDERS = BearingOrders(bpfo=3.5848, bpfi=5.4152, ftf=0.39828, bsf2=4.7135)


def shocks(rpm: float, order: float, seconds: float = 4.0) -> bytes:
    """Noise with an impact each time an element passes a defect, ringing at 3 kHz."""
    rng = np.random.default_rng(7)
    n = int(RATE * seconds)
    out = 0.05 * rng.standard_normal(n)
    t = np.arange(120) / RATE
    ring = np.exp(-800 * t) * np.sin(2 * np.pi * 3000 * t)
    for hit in np.arange(0, seconds, 60 / (rpm * order)):
        i = int(hit * RATE)
        out[i : i + 120] += ring[: n - i]
    return out.astype("<f4").tobytes()


def test_a_waveform_is_diagnosed_once_with_the_speed_of_its_time(plant: PlantRows) -> None:
    data = shocks(1772.0, ORDERS.bpfo)
    plant.write("MTS-01", [("Motor/Speed", T0 + 1000, 1772.0), ("Vibration/DriveEnd", T0 + 500, data)])
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
        first = rows(plant.dsn, BEARING)
        plant.write("MTS-01", [("Motor/Current", T0 + 2000, 5.0)])
        bench.settle(diagnose=True)
    expected = diagnose_bearing(
        np.frombuffer(data, "<f4").astype(np.float64),
        sample_rate=RATE,
        nominal_rpm=1772.0,
        bearing=ORDERS,
        mains_hz=60.0,
    )
    assert len(first) == 1
    assert (first[0]["part"], first[0]["confidence"]) == (expected.part, expected.confidence)
    assert first[0]["part"] == "outer_race"
    assert first[0]["score"] == expected.score
    assert first[0]["nominal_rpm"] == 1772.0
    assert first[0]["evidence"]["shaft_hz"] == expected.shaft_hz
    assert rows(plant.dsn, BEARING) == first
    assert rows(plant.dsn, f"SELECT * FROM app.diagnosis_task WHERE time <= '{after(hours=1)}'") == []


def test_a_late_speed_renews_the_diagnosis(plant: PlantRows) -> None:
    plant.write("MTS-01", [("Vibration/DriveEnd", T0 + 60_000, shocks(1772.0, ORDERS.bpfi))])
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
        (before,) = rows(plant.dsn, BEARING)
        plant.write("MTS-01", [("Motor/Speed", T0 + 1000, 1772.0)])
        bench.settle(diagnose=True)
        (then,) = rows(plant.dsn, BEARING)
    assert (before["confidence"], before["reason"], before["nominal_rpm"]) == (
        "cannot_tell",
        "no_speed",
        None,
    )
    assert (then["part"], then["nominal_rpm"]) == ("inner_race", 1772.0)


def test_a_bad_block_does_not_stop_the_others(plant: PlantRows) -> None:
    nan = np.full(RATE * 4, np.nan, "<f4").tobytes()
    plant.write(
        "MTS-01",
        [
            ("Motor/Speed", T0, 1772.0),
            ("Vibration/DriveEnd", T0 + 1000, b"abc"),
            ("Vibration/DriveEnd", T0 + 10_000, nan),
            ("Vibration/DriveEnd", T0 + 20_000, shocks(1772.0, ORDERS.bpfo)),
        ],
    )
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
    found = rows(
        plant.dsn,
        "SELECT confidence, reason, part FROM app.diagnosis WHERE method = 'bearing_envelope' ORDER BY time",
    )
    assert [(r["confidence"] == "cannot_tell", r["reason"], r["part"]) for r in found] == [
        (True, "method_failed", None),
        (True, "non_finite", None),
        (False, None, "outer_race"),
    ]


def test_an_edited_bearing_renews_the_diagnosis(plant: PlantRows) -> None:
    plant.write(
        "MTS-01",
        [("Motor/Speed", T0, 1772.0), ("Vibration/DriveEnd", T0 + 1000, shocks(1772.0, ORDERS.bpfo))],
    )
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
        with psycopg.connect(plant.dsn) as connection:
            connection.execute("UPDATE app.bearing SET bpfo = 3.1")
            connection.execute(
                "INSERT INTO app.dirty (equipment_id, hour, lo, hi, reason)"
                " SELECT equipment_id, %s, %s, %s, 'test' FROM app.bearing",
                (after(), after(), after(hours=1)),
            )
        bench.settle(diagnose=True)
    (found,) = rows(plant.dsn, "SELECT part, bearing FROM app.diagnosis WHERE method = 'bearing_envelope'")
    assert found["bearing"]["bpfo"] == 3.1
    assert found["part"] != "outer_race"


def test_what_turns_nearby_is_masked_and_a_named_part_gets_a_second_opinion(plant: PlantRows) -> None:
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            'UPDATE app.bearing SET neighbours = \'{"meshes": [23.0], "belts": [0.3], "blades": []}\''
        )
    block = ("Vibration/DriveEnd", T0 + 1000, shocks(1772.0, ORDERS.bpfo))
    plant.write("MTS-01", [("Motor/Speed", T0, 1772.0), block])
    with Bench(plant.dsn, after(hours=1)) as bench:
        bench.settle(diagnose=True)
    (found,) = rows(plant.dsn, BEARING)
    evidence = found["evidence"]
    kinds = [mask["kind"] for mask in evidence["masks"]]
    assert kinds == ["shaft", "mains", "mesh", "mesh", "mesh", "belt"]
    orders = {m["kind"]: m["base_hz"] / evidence["shaft_hz"] for m in evidence["masks"]}
    assert (round(orders["mesh"], 6), round(orders["belt"], 6)) == (23.0, 0.3)
    assert found["bearing"]["neighbours"]["meshes"] == [23.0]
    assert [e["code"] for e in evidence["supporting_evidence"]] == ["coherence_agrees"]
