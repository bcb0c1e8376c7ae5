"""Energy in whatever order readings, states, counts and texts come: the tables are those of one computation from raw."""

import random
from collections.abc import Callable

import psycopg
import pytest
from chejian_cloud.clock import to_us

from tests.cloud.plant_rows import PlantRows, Row, moment
from tests.cloud.worker.energy_oracle import VALUES, energy_plant, oracles, stored_values
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after, production, rows
from tests.cloud.worker.test_convergence import batches

Sent = tuple[str, int, list[Row]]
"""Device, quality and rows of one commit."""


def readings(rng: random.Random, signal: str, hours: float, start: int, step_ms: int) -> list[Row]:
    """A register with heartbeats of the edge between its records, gaps, resets, and pieces without use."""
    out: list[Row] = []
    value, at = start, T0 + rng.randrange(0, 3) * step_ms
    while at < T0 + hours * 60 * MINUTE:
        out.append((signal, at, value % 2**32))
        if rng.random() < 0.7:
            out += [(signal, beat, value % 2**32) for beat in range(at + 30_000, at + step_ms, 30_000)]
        value += rng.choice([0, 0, 7, rng.randrange(1000), rng.randrange(100_000)])
        if rng.random() < 0.02:
            value = rng.randrange(50)
        at += step_ms * rng.choice([1, 1, 1, 1, 1, 2, 3, 12]) + rng.choice([0, 0, 0, 511])
    return out


def machine(seed: int, hours: float) -> list[Row]:
    """What `production` makes, with orders."""
    rng = random.Random(seed + 1)
    orders = [("Order/Id", T0 + int(rng.random() * hours * 60 * MINUTE), f"W-{i}") for i in range(4)]
    return [*production(seed, hours), *orders]


def made(rng: random.Random, seed: int, hours: float) -> dict[str, list[Row]]:
    return {
        "EVP-01": machine(seed, hours),
        "PCK-01": machine(seed + 77, hours),
        "EM-01": readings(rng, "Energy/ActiveEnergyImport", hours, 61_220_310_400 % 2**32, 900_000),
        "EM-02": readings(rng, "Energy/ActiveEnergyImport", hours, 2**32 - 40_000, MINUTE),
        "EM-03": readings(rng, "Energy/ActiveEnergyImport", hours, 900_000, MINUTE),
        "WM-01": readings(rng, "Water/Volume", hours, 5, MINUTE),
    }


def compare(plant: PlantRows) -> int:
    """Every row of an ended window against the oracle; their number."""
    assert rows(plant.dsn, "SELECT * FROM telemetry.dirty") == []
    assert rows(plant.dsn, "SELECT * FROM app.dirty") == []
    count = 0
    for oracle in oracles(plant):
        (known,) = rows(
            plant.dsn,
            "SELECT energy_until FROM app.work_progress JOIN app.equipment USING (equipment_id) WHERE code = %s",
            oracle.code,
        )
        found = stored_values(plant.dsn, oracle.code)
        assert found == oracle.values(to_us(known["energy_until"]))
        count += len(found)
    return count


@pytest.fixture
def energy(make_seeded: Callable[[], str]) -> PlantRows:
    plant = energy_plant(make_seeded())
    with psycopg.connect(plant.dsn) as connection:  # shifts change inside an hour
        connection.execute(
            "UPDATE app.shift SET start = start - interval '25 minutes', \"end\" = \"end\" - interval '25 minutes'"
        )
    return plant


CASES = {
    11: (0, ("EVP-01", "EM-01", "EM-02")),
    12: (4, ("PCK-01", "EM-03")),  # over a replacement
    13: (11, ("EVP-01", "EM-02", "WM-01")),  # over the end of shift A and local midnight
}
"""First hour, and what sends data."""


@pytest.mark.parametrize("seed", list(CASES))
def test_after_each_drain_energy_is_that_of_raw(energy: PlantRows, seed: int) -> None:
    rng = random.Random(seed)
    span = 1.5
    begin, devices = CASES[seed]
    todo: list[Sent] = []
    everything = made(rng, seed, span)
    for device in devices:
        shifted = [(name, ms + begin * 60 * MINUTE, value) for name, ms, value in everything[device]]
        todo += [(device, quality, piece) for quality, piece in batches(rng, shifted)]
    rng.shuffle(todo)
    clock = sorted(begin + rng.uniform(0.2, span + 2) for _ in todo)
    later: list[Sent] = []
    bench = Bench(energy.dsn, after(hours=clock[0]))
    for hours, (device, quality, samples) in zip(clock, todo, strict=True):
        bench.now = after(hours=hours)
        energy.write(device, [s for s in samples if moment(s[1]) <= bench.now], quality=quality)
        later.append((device, quality, [s for s in samples if moment(s[1]) > bench.now]))
        if rng.random() < 0.15:
            bench.settle()
            compare(energy)
        elif rng.random() < 0.2:
            bench.step()
            with bench:  # the process ends in the middle; another one goes on
                pass
            bench = Bench(energy.dsn, bench.now)
    with bench:
        bench.now = after(hours=41)
        for device, quality, samples in later:
            energy.write(device, samples, quality=quality)
        bench.settle()
        meters = sum(device.startswith(("EM", "WM")) for device in devices)
        assert compare(energy) >= meters * (24 + 2 + 1), "hours, shifts and a day have ended"


def test_the_order_of_arrival_leaves_no_trace(make_seeded: Callable[[], str]) -> None:
    everything = made(random.Random(3), 3, 2)
    made_once = {device: everything[device] for device in ("EVP-01", "EM-02")}
    results = []
    for order in (None, 1):
        plant = energy_plant(make_seeded())
        todo = [(device, [s]) for device, samples in made_once.items() for s in samples]
        if order is not None:
            random.Random(order).shuffle(todo)
        size = len(todo) // (1 if order is None else 5) + 1
        with Bench(plant.dsn, after(hours=2, minutes=20)) as bench:
            for i in range(0, len(todo), size):
                for device in made_once:
                    plant.write(device, [s for d, own in todo[i : i + size] if d == device for s in own])
                bench.settle()
        results.append(rows(plant.dsn, VALUES))
        compare(plant)
    assert results[0] == results[1]
    assert any(r["provisional"] for r in results[0])
